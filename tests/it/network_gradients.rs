//! Gradients through `net.run` in scripts.

use attractor::api::context::Language;
use attractor::api::value::{Map, Value};
use attractor::nn::{Cell, NetworkOptions, Rnn};
use attractor::tensor::{Tensor, convert};
use attractor::train::Trials;

use crate::session::run;

const NAMES: [&str; 6] = ["h0", "wI", "wR", "wO", "bR", "bO"];
/// Tolerance for sums of some hundred terms of order one in double precision.
const ROUNDING_TOLERANCE: f64 = 1e-14;
/// Central differences with this step are accurate to about 1e-9.
const STEP: f64 = 1e-5;
const DIFFERENCE_TOLERANCE: f64 = 1e-8;

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

fn entry<'a>(map: &'a Map, name: &str) -> &'a Value {
    map.get(name).unwrap_or_else(|| panic!("no `{name}`"))
}

fn tensor_entry<'a>(map: &'a Map, name: &str) -> &'a Tensor {
    match entry(map, name) {
        Value::Tensor(tensor_entry) => tensor_entry,
        other => panic!("`{name}` is {}", other.kind()),
    }
}

fn map_entry<'a>(map: &'a Map, name: &str) -> &'a Map {
    match entry(map, name) {
        Value::Map(map) => map,
        other => panic!("`{name}` is {}", other.kind()),
    }
}

fn to_f64_values(tensor_entry: &Tensor) -> Vec<f64> {
    convert::to_f64(tensor_entry).expect("values")
}

/// The network and the trials of the script as arguments of the fused loss.
fn rebuild(result: &Map) -> (Rnn<f64>, Trials<f64>) {
    let options = NetworkOptions {
        inputs: 2,
        units: 5,
        outputs: 3,
        ..NetworkOptions::default()
    };
    let mut net: Rnn<f64> = options.build(Cell::default()).expect("sizes");
    for name in NAMES {
        let value = tensor_entry(map_entry(result, "params"), name);
        net.params.set(name, value).expect("a parameter");
    }
    let trials = Trials {
        trials: 4,
        time: 6,
        inputs: to_f64_values(tensor_entry(result, "x")),
        targets: to_f64_values(tensor_entry(result, "y")),
        mask: None,
        lengths: None,
    };
    (net, trials)
}

fn max_difference(actual: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(actual.len(), expected.len());
    let pairs = actual.iter().zip(expected);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn grad_through_run_equals_the_fused_gradient_and_finite_differences() {
    for (language, text) in [(Language::Rhai, RHAI), (Language::Lua, LUA)] {
        let Value::Map(result) = run(text, language).outcome.expect("a script that runs") else {
            panic!("the script returns a map")
        };
        let (mut net, trials) = rebuild(&result);
        let count = net.params.data.len();
        let gradients = map_entry(&result, "grad");
        let actual: Vec<f64> = NAMES
            .iter()
            .flat_map(|n| to_f64_values(tensor_entry(gradients, n)))
            .collect();
        let mut work = net.workspace();
        let mut fused = Rnn::<f64> { ..net.clone() };
        net.loss_gradient(&mut work, &trials, None, &mut fused.params.data)
            .expect("matching trials");
        let block_values = |name| fused.params.block(name).expect("a parameter").to_vec();
        let expected: Vec<f64> = NAMES.iter().flat_map(|n| block_values(n)).collect();
        let error = max_difference(&actual, &expected);
        println!("{language:?}: {error:.1e} from the fused gradient");
        assert!(error < ROUNDING_TOLERANCE, "{language:?}: {error:e}");
        let mut loss_at = |index: usize, by: f64| {
            let before = net.params.data[index];
            net.params.data[index] = before + by;
            let loss = net.loss(&mut work, &trials, None).expect("a loss");
            net.params.data[index] = before;
            loss
        };
        let finite_differences: Vec<f64> = (0..count)
            .map(|index| (loss_at(index, STEP) - loss_at(index, -STEP)) / (2.0 * STEP))
            .collect();
        let error = max_difference(&fused.params.data, &finite_differences);
        println!("{language:?}: {error:.1e} from finite differences");
        assert!(error < DIFFERENCE_TOLERANCE, "{language:?}: {error:e}");
    }
}
