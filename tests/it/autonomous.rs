//! Networks without inputs (`inputs: 0`): all results equal those of the same network with one
//! input that is always zero, bit for bit.

use attractor::api::context::Language;
use attractor::api::display;

use crate::session::{Run, run};

/// The built-in cells with options.
const CELLS: &[(&str, &str)] = &[
    ("vanilla", ""),
    ("vanilla", "nonlinearity: \"relu\", layers: 2"),
    ("vanilla", "bidirectional: true, layers: 2, dtype: \"f64\""),
    ("vanilla", "units: 40, noise: 0.1"),
    ("gru", ""),
    ("gru", "layers: 2, dtype: \"f64\""),
    ("gru", "reset: \"after\""),
    ("gru", "reset: \"after\", bidirectional: true"),
    ("lstm", ""),
    ("lstm", "layers: 2, bidirectional: true"),
    ("ctrnn", ""),
    ("ctrnn", "layers: 2, dtype: \"f64\""),
    ("ugrnn", ""),
    ("ugrnn", "units: 17, layers: 2"),
];

/// Creates `zero` and `one`, the same network without inputs and with one input, and `same`, which
/// checks that two tensors are equal. Column counts of the input weights differ, so that `common`
/// selects the columns which both have.
const SETUP: &str = r#"
    let same = |a, b| {
        if a.shape() != b.shape() { throw `shapes ${a.shape()} and ${b.shape()}`; }
        if a.size() > 0 && !a.eq(b).all() { throw `${a} differs from ${b}`; }
    };
    let common = |a, b| {
        if a.shape() == b.shape() { return [a, b]; }
        let columns = a.shape()[1];
        if columns == 0 { return [zeros([1]), zeros([1])]; }
        [a, b.slice(1, 0, columns)]
    };
    let same_params = |a, b| {
        if a.keys() != b.keys() { throw "names differ"; }
        for name in a.keys() {
            let both = common.call(a[name], b[name]);
            same.call(both[0], both[1]);
        }
    };
    let zero = rnn::CELL(#{ units: 6, outputs: 2, seed: 3, inputs: 0, OPTIONS });
    let one = rnn::CELL(#{ units: 6, outputs: 2, seed: 3, inputs: 1, OPTIONS });
    let dtype = if zero.params().bO.dtype() == "f64" { "f64" } else { "f32" };
    let x = zeros([5, 7, 1]);
    let targets = random::normal(random::key(1), [5, 7, 2]);
"#;

/// The setup for one cell, followed by the checks.
fn script(cell: &str, options: &str, checks: &str) -> String {
    let setup = SETUP.replace("rnn::CELL", &format!("rnn::{cell}"));
    // An option of the row replaces the default one.
    let setup = match options.contains("units") {
        true => setup.replace("units: 6, ", ""),
        false => setup,
    };
    setup.replace(", OPTIONS", &format!(", {options}")) + checks
}

fn check_cells(checks: &str) {
    for (cell, options) in CELLS {
        let Run { outcome, .. } = run(&script(cell, options, checks), Language::Rhai);
        if let Err(error) = outcome {
            panic!("{cell} {options}: {error} at {:?}", error.location);
        }
    }
}

#[test]
fn states_and_outputs_equal_those_with_an_input_of_zero() {
    check_cells(
        r#"
        same_params.call(zero.params(), one.params());
        let h0 = random::normal(random::key(2), [5, zero.state_size()]);
        let noise = random::key(4);
        for options in [#{}, #{ h0: h0 }, #{ noise: noise }, #{ lengths: [7, 3, 1, 2, 7] }] {
            let a = zero.run(zeros([5, 7, 0]), options);
            let b = one.run(x, options);
            same.call(a.states, b.states);
            same.call(a.outputs, b.outputs);
        }
        let a = zero.run(7, #{ trials: 5 });
        same.call(a.states, one.run(x).states);
        same.call(zero.run(7).outputs, one.run(zeros([7, 1])).outputs);
        same.call(one.run(7).outputs, one.run(zeros([7, 1])).outputs);
        same.call(zero.run(7, #{ h0: h0 }).states, one.run(x, #{ h0: h0 }).states);
        "#,
    );
}

#[test]
fn the_loss_and_its_gradient_equal_those_with_an_input_of_zero() {
    check_cells(
        r#"
        let with_inputs = #{ inputs: x, targets: targets };
        if zero.loss(#{ targets: targets }) != one.loss(with_inputs) { throw "loss"; }
        let batch = #{ inputs: zeros([5, 7, 0]), targets: targets };
        if zero.loss(batch) != one.loss(with_inputs) { throw "loss with inputs"; }
        let loss = |net, x, params| {
            let outputs = net.run(x, #{ params: params }).outputs;
            (outputs - targets.to_dtype(dtype)).square().mean()
        };
        let a = grad(|p| loss.call(zero, zeros([5, 7, 0]), p), zero.params());
        let b = grad(|p| loss.call(one, x, p), one.params());
        same_params.call(a, b);
        let a = grad(|p| loss.call(zero, 7, p), zero.params());
        let b = grad(|p| loss.call(one, zeros([7, 1]), p), one.params());
        same_params.call(a, b);
        "#,
    );
}

#[test]
fn training_equals_that_with_an_input_of_zero() {
    check_cells(
        r#"
        let signal = |key, n| #{ targets: random::normal(key, [n, 7, 2]) };
        let zero_task = tasks::custom(#{ inputs: 0, outputs: 2, steps: 7 }, signal);
        let with_inputs = |key, n| {
            #{ inputs: zeros([n, 7, 1]), targets: random::normal(key, [n, 7, 2]) }
        };
        let one_task = tasks::custom(#{ inputs: 1, outputs: 2, steps: 7 }, with_inputs);
        let options = #{ batches: 4, batch_size: 20, log_every: 1 };
        let a = train(zero, zero_task, options);
        let b = train(one, one_task, options);
        same.call(a.loss, b.loss);
        let (p, q) = (zero.params(), one.params());
        same_params.call(p, q);
        "#
        .replace(
            "let (p, q) = (zero.params(), one.params());",
            "let p = zero.params(); let q = one.params();",
        )
        .as_str(),
    );
}

#[test]
fn steps_and_jacobians_equal_those_with_an_input_of_zero() {
    check_cells(
        r#"
        let directions = zero.state_size() / zero.units();
        let h = random::normal(random::key(2), [5, zero.state_size()]);
        let a = ();
        try { a = zero.step(h); } catch (e) {
            if !`${e}`.contains("directions") { throw e; }
        }
        if a != () {
            same.call(a, one.step(h, zeros([5, 1])));
            same.call(zero.step(h, zeros([5, 0])), a);
            let a = zero.jacobians(h);
            same.call(a.by_state, one.jacobians(h, zeros([5, 1])).by_state);
            if a.by_input.shape() != [5, zero.state_size(), 0] { throw "by_input"; }
        }
        "#,
    );
}

#[test]
fn fixed_points_of_an_autonomous_network_equal_those_with_an_input_of_zero() {
    for cell in ["vanilla", "gru", "lstm", "ctrnn", "ugrnn"] {
        let checks = r#"
            let candidates = random::normal(random::key(5), [12, zero.state_size()]);
            let options = #{ candidates: candidates };
            let a = fixed_points::find(zero, options);
            let b = fixed_points::find(one, options);
            if a.count() == 0 { throw "no fixed points"; }
            same.call(a.states(), b.states());
            same.call(a.speed(), b.speed());
            same.call(a.modes().re, b.modes().re);
            let c = fixed_points::find(zero, #{ candidates: candidates, input: [] });
            same.call(a.states(), c.states());
            a.save("points.h5");
            same.call(fixed_points::load("points.h5").states(), a.states());
            a.transitions();
            a.completeness();
            let more = fixed_points::find(zero, #{ candidates: candidates, interpolated: 6 });
            if more.count() == 0 { throw "no fixed points"; }
        "#;
        let options = "dtype: \"f64\", gain: 0.5";
        let Run { outcome, .. } = run(&script(cell, options, checks), Language::Rhai);
        if let Err(error) = outcome {
            panic!("{cell}: {error} at {:?}", error.location);
        }
    }
}

#[test]
fn a_network_without_inputs_is_saved_and_loaded() {
    check_cells(
        r#"
        zero.save("net.h5");
        let loaded = rnn::load("net.h5");
        same_params.call(loaded.params(), zero.params());
        same.call(loaded.run(7).states, zero.run(7).states);
        if loaded.inputs() != 0 { throw "inputs"; }
        try { zero.save("net.safetensors", #{ first_states: "keep" }); } catch (e) {
            if !`${e}`.contains("that PyTorch can represent") { throw e; }
            zero.save("net.safetensors.h5");
        }
        if file::exists("net.safetensors") {
            let relu = #{};
            let loaded = rnn::load("net.safetensors");
            same.call(loaded.run(7).states, zero.run(7).states);
        }
        "#,
    );
}

#[test]
fn a_custom_network_without_inputs_is_trained_and_analysed() {
    let text = r#"
        let same = |a, b| { if !a.eq(b).all() { throw `${a} differs from ${b}`; } };
        let w = random::normal(random::key(0), [3, 3]) * 0.3;
        let step = |h, x, p| h + 0.1 * (h.tanh().matmul(p.w) - h);
        let with_input = |h, x, p| h + 0.1 * (h.tanh().matmul(p.w) - h) + x.matmul(p.w_in);
        let make = |inputs, step, params| {
            rnn::custom(#{ inputs: inputs, units: 3, outputs: 2, step: step, params: params })
        };
        let zero = make.call(0, step, #{ w: w });
        let one = make.call(1, step, #{ w: w });
        let wide = make.call(0, with_input, #{ w: w, w_in: zeros([0, 3]) });
        let targets = random::normal(random::key(1), [4, 6, 2]);
        let x = zeros([4, 6, 1]);
        for net in [zero, wide] {
            same.call(net.run(6, #{ trials: 4 }).states, one.run(x).states);
            let loss = net.loss(#{ targets: targets });
            if loss != one.loss(#{ inputs: x, targets: targets }) { throw "loss"; }
            let h = net.run(6).states;
            same.call(net.step(h), one.step(h, zeros([6, 1])));
            let jacobians = net.jacobians(h);
            same.call(jacobians.by_state, one.jacobians(h, zeros([6, 1])).by_state);
            if jacobians.by_input.shape() != [6, 3, 0] { throw "by_input"; }
            let points = fixed_points::find(net, #{ candidates: h });
            if points.count() == 0 { throw "no fixed points"; }
        }
        let data = tasks::dataset(#{ targets: targets });
        if `${data}` != "task dataset: 4 trials, 6 steps, 0 inputs, 2 outputs" { throw `${data}`; }
        let with_inputs = tasks::dataset(#{ inputs: x, targets: targets });
        let options = #{ batches: 5, batch_size: 4, log_every: 1 };
        let reference = train(one, with_inputs, options).loss;
        same.call(train(zero, data, options).loss, reference);
        same.call(train(wide, data, options).loss, reference);
        same.call(zero.params().w, one.params().w);
        same.call(wide.params().w, one.params().w);
        zero.save("custom.h5");
    "#;
    let outcome = run(text, Language::Rhai).outcome;
    assert!(outcome.is_ok(), "{:?}", outcome.err());
}

#[test]
fn data_sets_without_inputs_have_trials_of_different_lengths() {
    let text = r#"
        let targets = [zeros([3, 1]), zeros([5, 1])];
        let sets = tasks::dataset(#{ targets: targets });
        let batch = sets.batch(2, random::key(0));
        let explicit = tasks::dataset(#{ inputs: zeros([2, 5, 0]), targets: zeros([2, 5, 1]) });
        let parts = explicit.split(0.5, random::key(1));
        [batch.inputs.shape(), batch.targets.shape(), parts.train.count(), `${sets}`]
    "#;
    let expected = "[[2, 5, 0], [2, 5, 1], 1, \
                    task dataset: 2 trials, 5 steps, 0 inputs, 1 output]";
    let value = run(text, Language::Rhai).outcome.expect("a data set");
    assert_eq!(display::print_text(&value).replace('"', ""), expected);
}

#[test]
fn a_network_without_inputs_runs_for_a_number_of_steps_in_both_languages() {
    let rows = [
        (
            Language::Rhai,
            "let net = rnn::vanilla(#{ inputs: 0, units: 4 });
             print(net);
             print(net.run(9).states.shape());
             print(net.run(9, #{ trials: 2 }).outputs.shape());
             print(net.run(9, #{ h0: zeros([3, 4]) }).states.shape());
             print(net.step(zeros([3, 4])).shape());
             print(net.jacobians(zeros([3, 4])).by_input.shape());",
        ),
        (
            Language::Lua,
            "local net = rnn.vanilla{ inputs = 0, units = 4 }
             print(net)
             print(net:run(9).states:shape())
             print(net:run(9, { trials = 2 }).outputs:shape())
             print(net:run(9, { h0 = zeros({3, 4}) }).states:shape())
             print(net:step(zeros({3, 4})):shape())
             print(net:jacobians(zeros({3, 4})).by_input:shape())",
        ),
    ];
    for (language, text) in rows {
        let Run { outcome, printed } = run(text, language);
        assert!(outcome.is_ok(), "{:?}", outcome.err());
        let expected = "vanilla network: 0 inputs, 4 units (tanh), 1 output, f32\n[9, 4]\n\
                        [2, 9, 1]\n[3, 9, 4]\n[3, 4]\n[3, 4, 0]";
        assert_eq!(printed, expected, "{language:?}");
    }
}

#[test]
fn a_number_of_steps_is_refused_where_inputs_are_required() {
    let rows = [
        (
            "rnn::vanilla().step(zeros([2, 100]))",
            "expected inputs x [b, 1] as the second",
        ),
        (
            "rnn::vanilla(#{ inputs: 0 }).run(0)",
            "expected `steps` of 1 or more, found 0",
        ),
        ("rnn::vanilla(#{ inputs: 0 }).run(2.5)", "steps"),
        (
            "rnn::vanilla(#{ inputs: 0 }).run(zeros([2, 3, 1]))",
            "of shape [b, t, 0]",
        ),
        (
            "rnn::vanilla().run(zeros([2, 3, 1]), #{ trials: 2 })",
            "option `trials`",
        ),
        (
            "rnn::vanilla(#{ inputs: 0 }).run(5, #{ trials: 2, h0: zeros([3, 100]) })",
            "expected h0 of shape [2, 100], found [3, 100]",
        ),
        (
            "rnn::vanilla().loss(#{ targets: zeros([2, 3, 1]) })",
            "a batch requires `inputs`",
        ),
        (
            "train(rnn::vanilla(), tasks::dataset(#{ targets: zeros([2, 3, 1]) }))",
            "0",
        ),
    ];
    for (text, expected) in rows {
        let error = run(text, Language::Rhai).outcome.expect_err(text);
        assert!(error.message.contains(expected), "{text}: {error}");
    }
}

#[test]
fn a_force_network_without_inputs_is_trained() {
    let text = r#"
        let net = force::network(#{ inputs: 0, units: 20 });
        force::train(net, zeros([30, 0]), ones([30, 1]));
        let states = net.run(8).states;
        net.restart();
        [states.shape(), net.run(zeros([8, 0])).states.shape()]
    "#;
    let outcome = run(text, Language::Rhai).outcome;
    assert!(outcome.is_ok(), "{:?}", outcome.err());
}
