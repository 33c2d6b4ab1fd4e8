//! Networks from scripts: gradients that pass through `net.run`.

use attractor::api::context::Language;
use attractor::api::value::{Map, Value};
use attractor::nn::{Cell, NetworkOptions, Rnn};
use attractor::tensor::{Tensor, convert};
use attractor::train::Trials;

use crate::session::run;

const NAMES: [&str; 6] = ["h0", "wI", "wR", "wO", "bR", "bO"];
/// Sums of some hundred terms of order one, in double precision.
const ROUNDING: f64 = 1e-14;
/// Central differences with this step are right to about 1e-9.
const STEP: f64 = 1e-5;
const NEAR: f64 = 1e-8;

const RHAI: &str = r#"
let net = rnn::vanilla(#{ inputs: 2, units: 5, outputs: 3, dtype: "f64", seed: 3 });
let x = random::normal(random::key(1), [4, 6, 2], #{ dtype: "f64" });
let y = random::normal(random::key(2), [4, 6, 3], #{ dtype: "f64" });
let loss = |p| {
    let error = net.run(x, #{ params: p }).outputs - y;
    (error * error).mean()
};
#{ x: x, y: y, params: net.params(), grad: grad(loss, net.params()) }
"#;

const LUA: &str = r#"
local net = rnn.vanilla({ inputs = 2, units = 5, outputs = 3, dtype = "f64", seed = 3 })
local x = random.normal(random.key(1), {4, 6, 2}, { dtype = "f64" })
local y = random.normal(random.key(2), {4, 6, 3}, { dtype = "f64" })
local function loss(p)
    local error = net:run(x, { params = p }).outputs - y
    return (error * error):mean()
end
return { x = x, y = y, params = net:params(), grad = grad(loss, net:params()) }
"#;

fn part<'a>(map: &'a Map, name: &str) -> &'a Value {
    map.get(name).unwrap_or_else(|| panic!("no `{name}`"))
}

fn tensor<'a>(map: &'a Map, name: &str) -> &'a Tensor {
    match part(map, name) {
        Value::Tensor(tensor) => tensor,
        other => panic!("`{name}` is {}", other.kind()),
    }
}

fn inner<'a>(map: &'a Map, name: &str) -> &'a Map {
    match part(map, name) {
        Value::Map(map) => map,
        other => panic!("`{name}` is {}", other.kind()),
    }
}

fn list(tensor: &Tensor) -> Vec<f64> {
    convert::to_f64(tensor).expect("values")
}

/// The network and the trials of the script, for the fused loss.
fn rebuilt(result: &Map) -> (Rnn<f64>, Trials<f64>) {
    let options = NetworkOptions {
        inputs: 2,
        units: 5,
        outputs: 3,
        ..NetworkOptions::default()
    };
    let mut net: Rnn<f64> = options.build(Cell::default()).expect("sizes");
    for name in NAMES {
        let value = tensor(inner(result, "params"), name);
        net.params.set(name, value).expect("a parameter");
    }
    let trials = Trials {
        trials: 4,
        time: 6,
        inputs: list(tensor(result, "x")),
        targets: list(tensor(result, "y")),
        mask: None,
        lengths: None,
    };
    (net, trials)
}

fn furthest(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let pairs = found.iter().zip(expected);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn grad_through_a_run_equals_the_fused_gradient_and_finite_differences() {
    for (language, text) in [(Language::Rhai, RHAI), (Language::Lua, LUA)] {
        let Value::Map(result) = run(text, language).outcome.expect("a script that runs") else {
            panic!("the script gives a map")
        };
        let (mut net, trials) = rebuilt(&result);
        let count = net.params.data.len();
        let slopes = inner(&result, "grad");
        let found: Vec<f64> = NAMES.iter().flat_map(|n| list(tensor(slopes, n))).collect();
        let mut work = net.workspace();
        let mut fused = Rnn::<f64> { ..net.clone() };
        net.loss_gradient(&mut work, &trials, None, &mut fused.params.data)
            .expect("matching trials");
        let in_order = |name| fused.params.block(name).expect("a parameter").to_vec();
        let expected: Vec<f64> = NAMES.iter().flat_map(|n| in_order(n)).collect();
        let error = furthest(&found, &expected);
        println!("{language:?}: {error:.1e} from the fused gradient");
        assert!(error < ROUNDING, "{language:?}: {error:e}");
        let mut loss_at = |index: usize, by: f64| {
            let before = net.params.data[index];
            net.params.data[index] = before + by;
            let loss = net.loss(&mut work, &trials, None).expect("a loss");
            net.params.data[index] = before;
            loss
        };
        let differences: Vec<f64> = (0..count)
            .map(|index| (loss_at(index, STEP) - loss_at(index, -STEP)) / (2.0 * STEP))
            .collect();
        let error = furthest(&fused.params.data, &differences);
        println!("{language:?}: {error:.1e} from finite differences");
        assert!(error < NEAR, "{language:?}: {error:e}");
    }
}
