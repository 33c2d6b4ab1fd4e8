//! `optimizer.step` in training loops of scripts: references (tests/references/optim.py), agreement
//! with `train`, and errors. The scripts are translated to Lua where the syntax permits it.

use attractor::api::context::Language;
use attractor::api::rhai_to_lua::translate;
use attractor::api::value::Value;

use crate::session::{LANGUAGES, message_in, run};

const REFERENCES: [&str; 2] = [
    r#"
let file = h5::read("FILE");
let optimizers = #{
    adam: [optim::adam(0.05), 0.0, 1e9],
    adam_amsgrad: [optim::adam(0.05, #{ beta2: 0.9, amsgrad: true }), 0.0, 1e9],
    adam_decay: [optim::adam(0.05, #{ weight_decay: 0.3 }), 0.0, 1e9],
    adam_tutorial: [optim::adam(optim::exponential(0.025, 0.99), #{ epsilon: 0.1 }), 0.02, 5.0],
    sgd: [optim::sgd(0.05), 0.0, 1e9],
    sgd_momentum: [optim::sgd(0.05, #{ momentum: 0.8 }), 0.01, 2.0],
    sgd_nesterov: [optim::sgd(#{ lr: 0.05, momentum: 0.8, nesterov: true }), 0.0, 1e9],
};
let largest = 0.0;
for name in optimizers.keys() {
    let optimizer = optimizers[name][0];
    let l2 = optimizers[name][1];
    let clip = #{ clip_norm: optimizers[name][2] };
    // The second round repeats the first one.
    for round in 0..2 {
        let p = file.start;
        for k in 0..30 {
            let g = file.gradients.at(k) + p * (2.0 * l2);
            let halves = optimizer.step(
                #{ a: p.slice(0, 0, 10), b: [p.slice(0, 10, 37)] },
                #{ a: g.slice(0, 0, 10), b: [g.slice(0, 10, 37)] }, clip);
            p = cat([halves.a, halves.b[0]], 0);
            let error = (p - file[name].at(k)).abs().max().item();
            if !(error <= largest) { largest = error; }
        }
        optimizer.reset();
    }
}
largest
"#,
    r#"
local file = h5.read("FILE")
local optimizers = {
    adam = { optim.adam(0.05), 0.0, 1e9 },
    adam_amsgrad = { optim.adam(0.05, { beta2 = 0.9, amsgrad = true }), 0.0, 1e9 },
    adam_decay = { optim.adam(0.05, { weight_decay = 0.3 }), 0.0, 1e9 },
    adam_tutorial = { optim.adam(optim.exponential(0.025, 0.99), { epsilon = 0.1 }), 0.02, 5.0 },
    sgd = { optim.sgd(0.05), 0.0, 1e9 },
    sgd_momentum = { optim.sgd(0.05, { momentum = 0.8 }), 0.01, 2.0 },
    sgd_nesterov = { optim.sgd({ lr = 0.05, momentum = 0.8, nesterov = true }), 0.0, 1e9 },
}
local largest = 0.0
for name, row in pairs(optimizers) do
    local optimizer, l2, clip = row[1], row[2], { clip_norm = row[3] }
    for round = 1, 2 do
        local p = file.start
        for k = 0, 29 do
            local g = file.gradients:at(k) + p * (2.0 * l2)
            local halves = optimizer:step(
                { a = p:slice(0, 0, 10), b = { p:slice(0, 10, 37) } },
                { a = g:slice(0, 0, 10), b = { g:slice(0, 10, 37) } }, clip)
            p = cat({ halves.a, halves.b[1] }, 0)
            local error = (p - file[name]:at(k)):abs():max():item()
            if not (error <= largest) then largest = error end
        end
        optimizer:reset()
    end
end
return largest
"#,
];

fn float(text: &str, language: Language) -> f64 {
    match run(text, language).outcome {
        Ok(Value::Float(x)) => x,
        Ok(other) => panic!("{language:?}: the script returned {}", other.kind()),
        Err(error) => panic!("{language:?}: {} {:?}", error.message, error.location),
    }
}

#[test]
fn steps_of_all_optimizers_agree_with_the_references() {
    /// Rounding of 30 steps; the parameters are of order one.
    const TOLERANCE: f64 = 1e-13;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/references/optim.h5");
    for (language, text) in LANGUAGES.into_iter().zip(REFERENCES) {
        let error = float(&text.replace("FILE", file), language);
        assert!(error < TOLERANCE, "{language:?}: {error:e}");
    }
}

/// A loop of `optimizer.step` and `train`, on one batch in all steps.
const LOOP: &str = r#"
let largest = 0.0;
let batch = tasks::integrator(#{ steps: 7 }).batch(16, random::key(4), #{ dtype: "DTYPE" });
let task = tasks::custom(#{ steps: 7 }, |key, n| batch);
let rows = [
    [optim::adam(0.01, #{ weight_decay: 0.1 }), #{ clip_norm: 0.5 }],
    [optim::adam(optim::plateau(#{ lr: 0.1, patience: 0, threshold: 0.5 })), #{}],
    [optim::sgd(optim::cosine(#{ lr: 0.1, total: 5 }), #{ momentum: 0.9 }), #{}],
];
for row in rows {
    let net = rnn::gru(#{ units: 6, dtype: "DTYPE", seed: 2 });
    let params = net.params();
    let options = #{ batches: 8, batch_size: 16, optimizer: row[0] };
    for name in row[1].keys() { options[name] = row[1][name]; }
    // The optimizer has moments before, during and after the loop; `train` does not use them.
    train(net.copy(), task, options);
    let loss = |p| (net.run(batch.inputs, #{ params: p }).outputs - batch.targets).square().mean();
    for k in 0..8 {
        let result = value_and_grad(loss, params);
        row[1].loss = result.value.item();
        params = row[0].step(params, result.grad, row[1]);
        if k == 3 { train(net.copy(), task, options); }
    }
    train(net, task, options);
    let trained = net.params();
    for name in params.keys() {
        let error = (params[name] - trained[name]).abs().max().item();
        if !(error <= largest) { largest = error; }
    }
}
largest
"#;

#[test]
fn a_loop_of_steps_returns_the_parameters_of_train() {
    for (dtype, tolerance) in [("f64", 1e-12), ("f32", 1e-4)] {
        let error = float(&LOOP.replace("DTYPE", dtype), Language::Rhai);
        println!("{dtype}: {error:e}");
        assert!(error < tolerance, "{dtype}: {error:e}");
    }
}

/// The end of a script after `let o = optim::adam(0.1); o.step(#{ w: [1.0, 2.0] }, #{ w: [1.0,
/// 1.0] });`, and parts of the error message.
const ERRORS: [(&str, &[&str]); 10] = [
    (
        "o.step(#{ w: [1.0, 2.0] }, #{})",
        &["the gradient `w` is missing"],
    ),
    (
        "o.step(#{ w: [1.0, 2.0] }, #{ w: [1.0, 1.0], v: [1.0] })",
        &["the gradient `v` has no parameter"],
    ),
    (
        "o.step(#{ w: [1.0, 2.0] }, #{ w: [1.0] })",
        &["the gradient `w`: expected the shape [2] of the parameter, found [1]"],
    ),
    (
        "o.step(#{ w: [1.0, 2.0] }, #{ w: tensor([1.0, 0.0]).log() })",
        &["the gradient of `w` is not finite", "index 1"],
    ),
    (
        "o.step(#{ w: [1.0] }, #{ w: [1.0] })",
        &["expected w [2] (f32), found w [1] (f32)", "reset()"],
    ),
    (
        "o.step(#{ v: [1.0, 2.0] }, #{ v: [1.0, 1.0] })",
        &["expected w [2] (f32), found v [2] (f32)"],
    ),
    (
        "o.step(#{ w: \"x\" }, #{ w: [1.0] })",
        &["argument `params`", "found a string"],
    ),
    (
        "optim::adam(optim::plateau()).step(tensor([1.0]), tensor([1.0]))",
        &["option `loss` is required by the schedule optim::plateau"],
    ),
    (
        "optim::adam(0.1, #{ lr: 0.1 })",
        &["the learning rate is passed twice"],
    ),
    (
        "optim::sgd(\"fast\")",
        &["argument `lr`", "number or schedule"],
    ),
];

#[test]
fn invalid_steps_are_errors() {
    let setup = "let o = optim::adam(0.1); o.step(#{ w: [1.0, 2.0] }, #{ w: [1.0, 1.0] });";
    for (call, parts) in ERRORS {
        for language in LANGUAGES {
            let text = match language {
                Language::Rhai => format!("{setup}\n{call}"),
                Language::Lua => {
                    let text = format!("{setup}\nlet r = {call};");
                    translate(&text, language)
                }
            };
            let error = run(&text, language).outcome.expect_err(&text);
            let message = format!("{} {}", error.message, error.hint.unwrap_or_default());
            for part in parts {
                let part = message_in(language, part);
                assert!(message.contains(&part), "{language:?}: {call}: {message}");
            }
        }
    }
}

#[test]
fn a_failed_step_changes_nothing() {
    let text = r#"
let steps = |fail| {
    let optimizer = optim::adam(0.1);
    let p = tensor([1.0, 2.0]);
    for k in 0..4 {
        if fail && k == 2 {
            try { optimizer.step(p, tensor([1.0, 0.0]).log()); } catch { }
            try { optimizer.step(p * 3e38, tensor([-1e38, 1.0])); } catch { }
        }
        p = optimizer.step(p, p * 0.5 + k);
    }
    p
};
(steps.call(true) - steps.call(false)).abs().max().item()
"#;
    assert_eq!(float(text, Language::Rhai), 0.0);
}
