//! The options `loss`, `activity_l1`, `activity_l2`, `l2`, `freeze`, `trainable` and `masks` of
//! `train`, compared with PyTorch (tests/references/torch_losses.h5) and with each other.

use attractor::api::context::Language::{Lua, Rhai};
use attractor::api::display;

use crate::session::run;

/// A network of the reference; `f` contains the results of PyTorch, and `difference` compares maps
/// of parameters.
const REFERENCE: &str = r#"
    fn difference(a, b) {
        let largest = 0.0;
        for name in b.keys() {
            largest = max(largest, (a[name] - b[name]).abs().max().item());
        }
        largest
    }
    let f = h5::read(file);
    let net = rnn::vanilla(#{ inputs: 2, units: 5, outputs: 3, dtype: "f64" });
    net.load_params(f.initial);
    let task = |targets, mask| tasks::dataset(#{ inputs: f.x, targets: targets, mask: mask });
"#;

/// Rounding of a few hundred operations in double precision.
const ROUNDING: f64 = 1e-12;

/// The number that a script returns.
fn number(text: &str) -> f64 {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/references/torch_losses.h5"
    );
    let script = format!("let file = `{file}`;{REFERENCE}{text}");
    text_of(&script).parse().expect("a number")
}

/// The text of the result of a script in Rhai.
fn text_of(script: &str) -> String {
    match run(script, Rhai).outcome {
        Ok(value) => display::value_text(&value),
        Err(error) => panic!("{error:?}"),
    }
}

/// The message of the error of a script in Rhai.
fn message(script: &str) -> String {
    match run(script, Rhai).outcome {
        Err(error) => error.message,
        Ok(value) => panic!("{}", display::value_text(&value)),
    }
}

#[test]
fn losses_equal_those_of_pytorch() {
    for loss in ["mse", "cross_entropy", "bce", "poisson"] {
        let all = number(&format!(
            "net.loss(#{{ inputs: f.x, targets: f.{loss}.targets }}, #{{ loss: \"{loss}\" }}) \
             - f.{loss}.all.loss"
        ));
        let masked = number(&format!(
            "net.loss(#{{ inputs: f.x, targets: f.{loss}.targets, mask: f.mask }}, \
             #{{ loss: \"{loss}\" }}) - f.{loss}.masked.loss"
        ));
        assert!(all.abs() < ROUNDING, "{loss}: {all}");
        assert!(masked.abs() < ROUNDING, "{loss}: {masked}");
    }
}

/// A step of gradient descent without momentum reveals the gradient.
#[test]
fn gradients_equal_those_of_pytorch() {
    for loss in ["mse", "cross_entropy", "bce", "poisson"] {
        let error = number(&format!(
            r#"
            train(net, task.call(f.{loss}.targets, f.mask), #{{
                batches: 1, batch_size: 4, loss: "{loss}", optimizer: optim::sgd(#{{ lr: 1.0 }}),
            }});
            let after = net.params();
            let gradients = #{{}};
            for name in after.keys() {{ gradients[name] = f.initial[name] - after[name]; }}
            difference(gradients, f.{loss}.masked.grad)
            "#
        ));
        assert!(error < ROUNDING, "{loss}: {error}");
    }
}

#[test]
fn training_with_all_options_equals_that_of_pytorch() {
    let error = number(
        r#"
        train(net, task.call(f.bce.targets, f.mask), #{
            batches: 20, batch_size: 4, loss: "bce", optimizer: optim::adam(#{ lr: 0.02 }),
            freeze: ["wI"], masks: #{ wR: f.weight_mask }, l2: #{ wR: 0.01, bO: 0.1 },
            activity_l1: 0.05, activity_l2: 0.2,
        });
        difference(net.params(), f.trained)
        "#,
    );
    // Adam divides by the root of the squared gradient, which amplifies rounding.
    assert!(error < 1e-9, "{error}");
}

#[test]
fn a_closure_trains_like_the_built_in_loss() {
    let losses = [
        ("mse", "|o, y| (o - y) * (o - y)"),
        ("bce", "|o, y| (1.0 + (-o).exp()).log() + (1.0 - y) * o"),
        ("poisson", "|o, y| o.exp() - y * o"),
        (
            "cross_entropy",
            "|o, y| (y.sum(2)) * o.exp().sum(2).log() - (y * o).sum(2)",
        ),
    ];
    for (loss, closure) in losses {
        let error = number(&format!(
            r#"
            let data = task.call(f.{loss}.targets, f.mask);
            let options = #{{ batches: 5, batch_size: 4, loss: "{loss}", activity_l2: 0.1 }};
            let other = net.copy();
            let fit = train(net, data, options);
            options.loss = {closure};
            let other_fit = train(other, data, options);
            if other_fit.custom_loss.shape() != fit.{loss}.shape() {{ fail("the log"); }}
            difference(net.params(), other.params())
            "#
        ));
        assert!(error < 1e-10, "{loss}: {error}");
    }
}

#[test]
fn custom_networks_use_the_same_objectives() {
    let error = number(
        r#"
        let step = |h, x, p| (h.matmul(p.wR.T()) + x.matmul(p.wI.T()) + p.bR).tanh();
        let custom = rnn::custom(#{
            inputs: 2, units: 5, outputs: 3, dtype: "f64", step: step, params: f.initial,
        });
        let largest = 0.0;
        for loss in ["mse", "cross_entropy", "bce", "poisson", |o, y| (o - y).abs()] {
            let targets = if type_of(loss) == "string" { f[loss].targets } else { f.mse.targets };
            let options = #{
                batches: 5, batch_size: 4, loss: loss, activity_l1: 0.05, activity_l2: 0.2,
                freeze: ["wI"], masks: #{ wR: f.weight_mask }, l2: #{ wR: 0.01 },
            };
            let networks = [net.copy(), custom.copy()];
            for network in networks { train(network, task.call(targets, f.mask), options); }
            largest = max(largest, difference(networks[0].params(), networks[1].params()));
        }
        largest
        "#,
    );
    assert!(error < 1e-10, "{error}");
}

#[test]
fn frozen_and_masked_parameters_do_not_change() {
    let script = r#"
        let net = rnn::gru(#{ inputs: 1, units: 4, outputs: 1, layers: 2 });
        let before = net.params();
        let names = net.params().keys();
        let mask = ones(before.wO.shape());
        mask = tensor([[1.0, 0.0, 1.0, 0.0]]);
        let decay = optim::adam(#{ lr: 0.01, weight_decay: 0.1 });
        train(net, tasks::integrator(), #{
            batches: 5, batch_size: 8, optimizer: decay, l2: 0.1, OPTIONS,
            masks: #{ wO: mask },
        });
        let after = net.params();
        let changed = names.filter(|name| (after[name] - before[name]).abs().max().item() > 0.0);
        changed.sort();
        print(after.wO.to_list()[0].map(|x| x == 0.0));
        changed
    "#;
    let freeze = text_of(&script.replace("OPTIONS", r#"freeze: ["bO", "h0_l1"]"#));
    assert!(
        !freeze.contains("\"bO\"") && !freeze.contains("h0_l1"),
        "{freeze}"
    );
    assert!(
        freeze.contains("\"h0\"") && freeze.contains("\"wO\""),
        "{freeze}"
    );
    let trainable = text_of(&script.replace("OPTIONS", r#"trainable: ["wO", "h0"]"#));
    assert_eq!(trainable, r#"["h0", "wO"]"#);
    let printed = run(&script.replace("OPTIONS", "freeze: \"bO\""), Rhai).printed;
    assert_eq!(printed, "[false, true, false, true]");
}

#[test]
fn equal_weights_of_all_parameters_are_the_uniform_penalty() {
    let error = number(
        r#"
        let all = #{};
        for name in f.initial.keys() { all[name] = 0.01; }
        let other = net.copy();
        let data = task.call(f.mse.targets, f.mask);
        let fits = [[net, 0.01], [other, all]];
        let fits = fits.map(|pair| {
            train(pair[0], data, #{ batches: 5, batch_size: 4, l2: pair[1], log_every: 1 })
        });
        max((fits[0].loss - fits[1].loss).abs().max().item(),
            difference(net.params(), other.params()))
        "#,
    );
    assert!(error < ROUNDING, "{error}");
}

#[test]
fn the_log_separates_the_loss_from_the_penalties() {
    let error = number(
        r#"
        let data = task.call(f.bce.targets, f.mask);
        let entries = [];
        let fit = train(net, data, #{
            batches: 4, batch_size: 4, log_every: 1, loss: "bce", activity_l2: 0.5, l2: 0.01,
            validation: data, on_log: |entry| entries.push(entry),
        });
        let last = entries[-1];
        if last.keys().contains("mse") { fail("mse"); }
        let squares = net.params().values().map(|p| (p * p).sum().item()).reduce(|s, x| s + x, 0.0);
        let batch = #{ inputs: f.x, targets: f.bce.targets, mask: f.mask };
        let penalties = fit.activity[-1] + 0.01 * squares;
        max((fit.loss[-1] - fit.bce[-1] - penalties).abs(), (last.bce - fit.bce[-1]).abs())
            + (net.loss(batch, #{ loss: "bce" }) - fit.validation[-1]).abs()
        "#,
    );
    assert!(error.abs() < ROUNDING, "{error}");
}

#[test]
fn a_run_with_all_options_resumes_and_another_loss_is_another_run() {
    let script = |batches: usize, options: &str| {
        format!(
            r#"
            let net = rnn::vanilla(#{{ inputs: 1, units: 4, outputs: 1 }});
            let fit = train(net, tasks::integrator(), #{{
                batches: {batches}, batch_size: 4, checkpoint: "run.h5", {options}
            }});
            [fit.resumed, fit.loss[-1]]
            "#
        )
    };
    let options =
        "loss: |o, y| (o - y).abs(), activity_l2: 0.1, freeze: [\"wI\"], l2: #{ wR: 0.1 }";
    let folder = tempfile::tempdir().expect("a temporary folder");
    let start = |text: String| {
        let config = attractor::api::context::RunConfig {
            out: folder.path().into(),
            ..Default::default()
        };
        crate::session::run_in(&text, Rhai, config).outcome
    };
    let text = |value| display::value_text(&value);
    let whole = text_of(&script(6, options));
    start(script(3, options)).expect("the first part");
    let resumed = text(start(script(6, options)).expect("the second part"));
    assert_eq!(resumed, whole.replacen("[0,", "[3,", 1));
    for other in [
        options.replace("(o - y).abs()", "(o - y).abs() * 2.0"),
        options.replace("0.1, freeze", "0.2, freeze"),
        options.replace("[\"wI\"]", "[\"bR\"]"),
        options.replace("wR: 0.1", "wR: 0.3"),
    ] {
        let error = start(script(6, &other)).expect_err("another run");
        assert!(
            error.message.contains("belongs to a different run"),
            "{}",
            error.message
        );
    }
}

#[test]
fn wrong_options_name_the_valid_ones() {
    let train = |options: &str| {
        message(&format!(
            "let net = rnn::vanilla(#{{ units: 3 }}); \
             train(net, tasks::integrator(), #{{ batches: 1, {options} }})"
        ))
    };
    for (options, expected) in [
        ("loss: \"mae\"", "option `loss`: choice `mae` is not known"),
        ("loss: |o, y| 3.0", "the losses as a tensor"),
        ("loss: |o, y| o.sum(1)", "[128, 25, 1], [128, 25] or []"),
        ("loss: |o, y| y", "depends on neither"),
        ("freeze: [\"wX\"]", "wX"),
        ("freeze: [\"wR\"], trainable: [\"wI\"]", "trainable"),
        ("masks: #{ wR: ones([2, 2]) }", "[3, 3]"),
        ("masks: #{ wR: full([3, 3], 0.5) }", "0 or 1"),
        ("l2: -1.0", "0 or more"),
        ("l2: #{ wR: -1.0 }", "l2.wR"),
        ("l2: \"wR\"", "number or map"),
        ("activity_l2: -1.0", "0 or more"),
    ] {
        let message = train(options);
        assert!(message.contains(expected), "{options}: {message}");
    }
}

#[test]
fn both_languages_accept_the_options() {
    let lua = r#"
        local net = rnn.vanilla { inputs = 1, units = 3, outputs = 1, dtype = "f64" }
        local fit = train(net, tasks.integrator(), {
            batches = 3, batch_size = 4, loss = function(o, y) return (o - y):abs() end,
            freeze = { "wI" }, l2 = { wR = 0.1 }, activity_l1 = 0.1, activity = "states",
        })
        return fit.loss[-1]
    "#;
    let rhai = r#"
        let net = rnn::vanilla(#{ inputs: 1, units: 3, outputs: 1, dtype: "f64" });
        let fit = train(net, tasks::integrator(), #{
            batches: 3, batch_size: 4, loss: |o, y| (o - y).abs(),
            freeze: ["wI"], l2: #{ wR: 0.1 }, activity_l1: 0.1, activity: "states",
        });
        fit.loss[-1]
    "#;
    let lua = run(lua, Lua)
        .outcome
        .map(|value| display::value_text(&value));
    assert_eq!(lua.expect("a number"), text_of(rhai));
}

#[test]
fn an_unknown_loss_is_reported_with_the_valid_name() {
    let table = [
        ("crossentropy", "cross_entropy"),
        ("binary_cross_entropy", "bce"),
        ("mean_squared_error", "mse"),
        ("poisson_nll", "poisson"),
    ];
    for (name, expected) in table {
        let script = format!(
            "rnn::gru(#{{ inputs: 3, units: 4, outputs: 3 }})
                .train(tasks::flip_flop(), #{{ loss: \"{name}\" }})"
        );
        let error = run(&script, Rhai).outcome.expect_err(name);
        assert_eq!(
            error.message,
            format!("train: option `loss`: choice `{name}` is not known")
        );
        let start = format!("did you mean `{expected}`?");
        assert!(error.hint.expect(name).starts_with(&start), "{name}");
    }
}

#[test]
fn the_figure_of_a_run_shows_every_loss() {
    for loss in ["\"mse\"", "\"poisson\"", "|o, y| (o - y) ** 2"] {
        let script = format!(
            "let net = rnn::gru(#{{ inputs: 3, units: 4, outputs: 3 }});
             let options = #{{ batches: 2, batch_size: 2, log_every: 1, loss: {loss} }};
             let task = tasks::custom(#{{ inputs: 3, outputs: 3, steps: 4 }}, |key, n|
                 #{{ inputs: ones([n, 4, 3]), targets: ones([n, 4, 3]) }});
             show::training(train(net, task, options))"
        );
        assert_eq!(text_of(&script), "figure [1, 3], 4 layers", "{loss}");
    }
}
