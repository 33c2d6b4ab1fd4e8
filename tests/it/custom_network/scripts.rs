//! Custom networks in scripts: long sequences, captured tensors, and error locations.

use attractor::api::context::Language;

use super::float_entries;
use crate::session::{LANGUAGES, run};

/// Stack size of the script thread, where tapes are dropped recursively.
const STACK_BYTES: usize = 1 << 30;

const LONG_SEQUENCES: [&str; 2] = [
    r#"
let w = random::normal(random::key(0), [3, 3]) * 0.5;
let step = |h, x, p| h + 0.1 * (h.tanh().matmul(p.w) - h) + x * p.b;
let net = rnn::custom(#{ units: 3, step: step, params: #{ w: w, b: [0.1, 0.2, 0.3] } });
let x = random::normal(random::key(1), [2, 5000, 1]);
let y = random::normal(random::key(2), [2, 5000, 1]);
let loss = |p| { let error = net.run(x, #{ params: p }).outputs - y; (error * error).mean() };
let before = net.params();
let gradients = grad(loss, before);
let task = tasks::custom(#{ steps: 5000 }, |key, n| #{ inputs: x, targets: y });
train(net, task, #{ batches: 1, batch_size: 2, optimizer: optim::sgd(#{ lr: 1.0 }) });
let errors = #{};
for name in before.keys() {
    let change = before[name] - net.params()[name];
    errors[name] = (change - gradients[name]).abs().max().item();
    errors["size_" + name] = gradients[name].abs().max().item();
}
errors
"#,
    r#"
local w = random.normal(random.key(0), {3, 3}) * 0.5
local function step(h, x, p) return h + 0.1 * (h:tanh():matmul(p.w) - h) + x * p.b end
local net = rnn.custom({ units = 3, step = step, params = { w = w, b = {0.1, 0.2, 0.3} } })
local x = random.normal(random.key(1), {2, 5000, 1})
local y = random.normal(random.key(2), {2, 5000, 1})
local function loss(p)
    local error = net:run(x, { params = p }).outputs - y
    return (error * error):mean()
end
local before = net:params()
local gradients = grad(loss, before)
local task = tasks.custom({ steps = 5000 }, function(key, n) return { inputs = x, targets = y } end)
train(net, task, { batches = 1, batch_size = 2, optimizer = optim.sgd({ lr = 1.0 }) })
local errors = {}
for name, value in pairs(before) do
    local change = value - net:params()[name]
    errors[name] = (change - gradients[name]):abs():max():item()
    errors["size_" .. name] = gradients[name]:abs():max():item()
end
return errors
"#,
];

/// Runs `job` on a thread whose stack is large enough to drop a long tape.
fn run_on_large_stack<T: Send>(job: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        let thread = thread.spawn_scoped(scope, job).expect("a thread");
        thread.join().expect("no panic")
    })
}

#[test]
fn grad_and_train_return_the_same_gradient_over_five_thousand_steps() {
    /// The gradient is the difference of parameters of order one before and after training.
    const TOLERANCE: f64 = 1e-5;
    for (language, text) in LANGUAGES.into_iter().zip(LONG_SEQUENCES) {
        let actual = run_on_large_stack(|| float_entries(text, language));
        println!("{language:?}: {actual:?}");
        assert_eq!(actual.len(), 10);
        for (name, x) in actual {
            match name.starts_with("size_") {
                true => assert!(x > 1e-4, "{language:?}: {name} {x:e}"),
                false => assert!(x < TOLERANCE, "{language:?}: {name} {x:e}"),
            }
        }
    }
}

#[test]
fn gradients_reach_a_tensor_that_the_step_captures() {
    let texts = [
        r#"
        let x = random::normal(random::key(1), [3, 4, 2], #{ dtype: "f64" });
        let w = random::normal(random::key(2), [2, 2], #{ dtype: "f64" });
        let around = |w| {
            let step = |h, x, p| (h + x).matmul(w).tanh();
            let net = rnn::custom(#{ units: 2, inputs: 2, step: step, dtype: "f64" });
            net.run(x).states.square().sum()
        };
        let step = |h, x, p| (h + x).matmul(p.w).tanh();
        let options = #{ units: 2, inputs: 2, step: step, params: #{ w: w }, dtype: "f64" };
        let net = rnn::custom(options);
        let inside = |w| net.run(x, #{ params: #{ w: w } }).states.square().sum();
        let gradients = [grad(around, w), grad(inside, w)];
        #{ difference: (gradients[0] - gradients[1]).abs().max().item() }
        "#,
        r#"
        local x = random.normal(random.key(1), {3, 4, 2}, { dtype = "f64" })
        local w = random.normal(random.key(2), {2, 2}, { dtype = "f64" })
        local function around(w)
            local function step(h, x, p) return (h + x):matmul(w):tanh() end
            local net = rnn.custom({ units = 2, inputs = 2, step = step, dtype = "f64" })
            return net:run(x).states:square():sum()
        end
        local function step(h, x, p) return (h + x):matmul(p.w):tanh() end
        local options = { units = 2, inputs = 2, step = step, params = { w = w }, dtype = "f64" }
        local net = rnn.custom(options)
        local function inside(w) return net:run(x, { params = { w = w } }).states:square():sum() end
        return { difference = (grad(around, w) - grad(inside, w)):abs():max():item() }
        "#,
    ];
    for (language, text) in LANGUAGES.into_iter().zip(texts) {
        let actual = float_entries(text, language);
        assert!(actual[0].1 < 1e-12, "{language:?}: {actual:?}");
    }
}

#[test]
fn an_invalid_result_of_a_step_is_reported_at_the_step() {
    let rhai = |step: &str, then: &str| {
        let options = format!("units: 2, params: #{{ w: w }},\n    step: {step},\n");
        format!("let w = zeros([2, 2]);\nlet net = rnn::custom(#{{ {options}}});\n{then}")
    };
    let lua = |step: &str, then: &str| {
        let options = format!("units = 2, params = {{ w = w }},\n    step = {step},\n");
        format!("local w = zeros({{2, 2}})\nlocal net = rnn.custom({{ {options}}})\n{then}")
    };
    let train = "train(net, tasks__integrator(), {});";
    let (train_rhai, train_lua) = (
        train.replace("__", "::").replace("{}", "#{}"),
        train.replace("__", "."),
    );
    let rows = [
        (
            rhai("|h, x, p| h.sum(1)", ""),
            lua("function(h, x, p) return h:sum(1) end", ""),
        ),
        (
            rhai("|h, x, p| 3", ""),
            lua("function(h, x, p) return 3 end", ""),
        ),
        (
            rhai("|h, x, p| tensor(h.to_list())", &train_rhai),
            lua(
                "function(h, x, p) return tensor(h:to_list()) end",
                &train_lua,
            ),
        ),
        (
            rhai("|h, x, p| h * p.w.unique().sum()", &train_rhai),
            lua(
                "function(h, x, p) return h * p.w:unique():sum() end",
                &train_lua,
            ),
        ),
    ];
    for (rhai, lua) in rows {
        for (language, text) in [(Language::Rhai, rhai), (Language::Lua, lua)] {
            let error = run(&text, language).outcome.expect_err("an error");
            let line = error.location.map(|location| location.line);
            assert_eq!(line, Some(3), "{language:?}: {}\n{text}", error.message);
        }
    }
}
