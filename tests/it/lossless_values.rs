//! Values without loss of precision: lists with f64 tensors, integers above 2^53, means, and bounds
//! of random ranges.

use attractor::api::context::Language;
use attractor::api::display;

use crate::session::run;

/// The value of the last expression of a Rhai script as text, or its error.
fn evaluate(text: &str) -> String {
    match run(text, Language::Rhai).outcome {
        Ok(value) => display::value_text(&value),
        Err(error) => format!("error: {error}"),
    }
}

/// Compares the value of each script with the expected text.
fn check(cases: &[(&str, &str)]) {
    let failures = cases.iter().filter_map(|(text, expected)| {
        let actual = evaluate(text);
        (actual != *expected).then(|| format!("{text}\n  is {actual}\n  expected {expected}"))
    });
    let failures: Vec<String> = failures.collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_list_argument_is_not_rounded_to_f32_where_the_dtype_is_f64() {
    let setup = r#"
        let net = rnn::vanilla(#{ units: 2, inputs: 1, dtype: "f64", seed: 3 });
        let x = [[0.1], [0.2], [0.7]];
        let h = [[0.1, 0.3], [0.7, -0.2], [0.3, 0.9]];
        let f64 = #{ dtype: "f64" };
        let tx = tensor(x, f64);
        let th = tensor(h, f64);
        let near = |a, b| (a - b).abs().max().item();
        let force = |target| {
            let net = force::network(#{ units: 5, dtype: "f64" });
            let fit = force::train(net, (), target);
            fit.outputs + net.params().wO.sum()
        };
        let find = |x| fixed_points::find(net, #{ candidates: th, input: x });
        let own = |x| {
            let task = tasks::custom(#{ steps: 3 }, |key, n| #{ inputs: x, targets: x });
            task.batch(1, random::key(0), f64).inputs
        };
    "#;
    let calls = [
        "net.run(V, #{ h0: [[0.1, 0.3]] }).states => x, tx",
        "net.run(tx, #{ h0: V }).states => [[0.1, 0.3]], tensor([[0.1, 0.3]], f64)",
        "net.step(V, tx) => h, th",
        "net.step(th, V) => x, tx",
        "net.jacobians(V, tx).by_state => h, th",
        "net.jacobians(th, V).by_input => x, tx",
        "net.readout(V) => h, th",
        "fixed_points::find(net, #{ candidates: V }).states() => h, th",
        "find.call(V).states() => [0.1], tensor([0.1], f64)",
        "force.call(V) => x, tx",
        "own.call(V) => [x], tensor([x], f64)",
        "pca::fit(V).components() => h, th",
        "pca::fit(th).transform(V) => h, th",
        "pca::fit(th).inverse_transform(V) => h, th",
        "spikes::smooth(V) => x, tx",
        "spikes::bin(V, 2) => x, tx",
        "metrics::r2(V, tensor([h], f64) * 0.9) => [h], tensor([h], f64)",
        "th.matmul(V) => [[0.1], [0.7]], tensor([[0.1], [0.7]], f64)",
        "tx.squeeze(1).outer(V) => [0.1, 0.7], tensor([0.1, 0.7], f64)",
        "th.slice_assign(0, 0, V) => [[0.1, 0.7]], tensor([[0.1, 0.7]], f64)",
        "eye(2, f64).solve(V) => [0.1, 0.7], tensor([0.1, 0.7], f64)",
        "th.lstsq(V) => [0.1, 0.7, 0.9], tensor([0.1, 0.7, 0.9], f64)",
        "cat([th, V]) => h, th",
        "stack([V, th]) => h, th",
    ];
    let mut failures = Vec::new();
    for case in calls {
        let (call, values) = case.split_once(" => ").expect("a call and its values");
        // The first comma outside brackets separates the list from the tensor.
        let mut depth = 0;
        let at = values.char_indices().find(|(_, c)| {
            depth += i32::from("[(".contains(*c)) - i32::from("])".contains(*c));
            *c == ',' && depth == 0
        });
        let (list, tensor) = values.split_at(at.expect("two values").0);
        let [a, b] = [list, &tensor[1..]].map(|value| call.replace('V', value));
        let text = format!("{setup} [near.call({a}, {b}), ({a}).dtype()]");
        let actual = evaluate(&text);
        if actual != "[0.0, \"f64\"]" {
            failures.push(format!("{call}: {actual}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn integers_above_two_to_the_53_are_exact() {
    let setup = "let t = tensor([9007199254740993, 9007199254740992, 9007199254740993], \
               #{ dtype: \"i64\" });";
    let cases = [
        (
            "t",
            "tensor [3] i64 [9007199254740993, 9007199254740992, 9007199254740993]",
        ),
        ("t.max()", "9007199254740993"),
        ("t.min()", "9007199254740992"),
        ("t.argmax()", "0"),
        ("t.argmin()", "1"),
        (
            "t.sort()",
            "tensor [3] i64 [9007199254740992, 9007199254740993, 9007199254740993]",
        ),
        ("t.argsort()", "tensor [3] i64 [1, 0, 2]"),
        (
            "t.unique()",
            "tensor [2] i64 [9007199254740992, 9007199254740993]",
        ),
        ("t - 9007199254740990", "tensor [3] i64 [3, 2, 3]"),
        ("(t - 9007199254740990).mean()", "2.6666666666666665"),
        ("(t - 9007199254740990).median()", "3.0"),
        ("t.slice(0, 0, 2).sum()", "18014398509481985"),
        ("t.slice(0, 0, 1).prod()", "9007199254740993"),
        ("t.cumsum(0)[1]", "18014398509481985"),
        (
            "(t * 0 + 3) ** 39",
            "tensor [3] i64 [4052555153018976267, 4052555153018976267, \
          4052555153018976267]",
        ),
        ("((t * 0 - 1) ** t).sum()", "-1"),
        (
            "full([2], 9007199254740993, #{ dtype: \"i64\" })",
            "tensor [2] i64 [9007199254740993, 9007199254740993]",
        ),
        (
            "arange(9007199254740993, 9007199254740997, 2, #{ dtype: \"i64\" })",
            "tensor [2] i64 [9007199254740993, 9007199254740995]",
        ),
        ("arange(3, 0, 1, #{ dtype: \"i64\" })", "tensor [0] i64 []"),
    ];
    let cases = cases.map(|(call, expected)| (format!("{setup} {call}"), expected));
    check(
        &cases
            .each_ref()
            .map(|(text, expected)| (text.as_str(), *expected)),
    );
}

#[test]
fn an_integer_overflow_is_an_error() {
    let setup = "let t = tensor([9223372036854775807, 2], #{ dtype: \"i64\" });";
    for call in [
        "t + t",
        "t * t",
        "0 - t - t",
        "t.sum()",
        "t.prod()",
        "t.cumsum(0)",
        "t ** 2",
        "(0 - t - 1).abs()",
        "-(0 - t - 1)",
    ] {
        let actual = evaluate(&format!("{setup} {call}"));
        assert!(
            actual.contains("does not fit into 64 bits"),
            "{call}: {actual}"
        );
    }
    let actual = evaluate(&format!("{setup} t ** -1"));
    assert!(actual.contains("of 0 or more for integers"), "{actual}");
}

#[test]
fn a_mean_of_equal_values_is_the_value() {
    // 49 times the rounded value of 1/49 is not 1 in either dtype.
    for n in 1..200 {
        for dtype in ["f32", "f64"] {
            let text = format!("full([{n}], 0.1, #{{ dtype: \"{dtype}\" }}).mean().item()");
            let expected = if dtype == "f32" {
                f64::from(0.1_f32)
            } else {
                0.1
            };
            let actual: f64 = evaluate(&text).parse().expect("a number");
            // A sum of n terms in f64 is rounded n times; the mean of f32 values is rounded once.
            let tolerance = if dtype == "f32" {
                0.0
            } else {
                16.0 * f64::EPSILON
            };
            assert!((actual - expected).abs() <= tolerance, "{text}: {actual}");
        }
        let text = format!("full([{n}], 1.0, #{{ dtype: \"f64\" }}).mean().item()");
        assert_eq!(evaluate(&text), "1.0", "{text}");
    }
}

#[test]
fn edge_cases_of_reductions() {
    check(&[
        ("grad(|x| x.norm(), zeros(2))", "tensor [2] f32 [0, 0]"),
        (
            "grad(|x| x.norm(), tensor([3, 4]))",
            "tensor [2] f32 [0.6, 0.8]",
        ),
        (
            "grad(|x| x.norm(1).sum(), tensor([[3, 4], [0, 0]]))",
            "tensor [2, 2] f32 [[0.6, 0.8], [0, 0]]",
        ),
        ("zeros([0, 3]).median(1)", "tensor [0] f32 []"),
        ("zeros([3, 0]).variance(0)", "tensor [0] f32 []"),
        (
            "zeros([0, 3]).variance(0)",
            "error: variance: there are too few elements for a variance",
        ),
        (
            "zeros([0, 3]).mean(0)",
            "error: mean: there are no elements",
        ),
        ("tensor([1e30, 1e30]).norm().item() > 1e30", "true"),
        (
            "(tensor([0.0]) / 0).histogram(2)",
            "error: histogram: an element (set both `low` and `high` to exclude \
          such elements) is not finite (found NaN at index 0)",
        ),
        (
            "cat([tensor([0.0]) / 0, tensor([1])]).histogram(2, 0, 2).counts",
            "tensor [2] i64 [0, 1]",
        ),
        (
            "tensor([1, 2, 3]).histogram(2, 2.0).counts",
            "tensor [2] i64 [1, 1]",
        ),
    ]);
}

#[test]
fn a_uniform_sample_is_below_the_upper_bound() {
    let ranges = [
        "#{ low: 1.0, high: 1.0000002 }",
        "#{ low: 16777215.0, high: 16777216.0 }",
    ];
    for options in ranges {
        let text = format!(
            "let o = {options}; let x = random::uniform(random::key(1), [10000], o); \
             [(x >= tensor(o.high)).any(), (x < tensor(o.low)).any()]"
        );
        assert_eq!(evaluate(&text), "[false, false]", "{options}");
    }
    let empty_range =
        evaluate("random::uniform(random::key(1), [3], #{ low: 1.0, high: 1.000000001 })");
    assert!(empty_range.contains("above 1 as f32"), "{empty_range}");
    let wide_range = evaluate("random::uniform(random::key(1), [3], #{ low: -3e38, high: 3e38 })");
    assert!(wide_range.contains("above `low`"), "{wide_range}");
}

#[test]
fn slices_of_empty_tensors_are_empty_tensors() {
    let cases = [
        ("t.slice(1, 1)", "tensor [0, 2] f32 []"),
        ("t.slice(1, 3)", "tensor [0, 0] f32 []"),
        ("t.slice(1, 1, 3, 2)", "tensor [0, 1] f32 []"),
        ("t.take(1, [2, 0])", "tensor [0, 2] f32 []"),
        ("t.column(2)", "tensor [0] f32 []"),
        ("t.slice(1, 2).f64().sum(0)", "tensor [1] f64 [0]"),
    ];
    for (call, expected) in cases {
        let actual = evaluate(&format!("let t = zeros([0, 3]); {call}"));
        assert_eq!(actual, expected, "{call}");
    }
}
