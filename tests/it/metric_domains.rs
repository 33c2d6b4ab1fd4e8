//! Inputs outside the domain of a metric: an error with the index of the value, or skipped padding.

use attractor::api::context::Language;
use attractor::api::display;

use crate::session::run;

const SETUP: &str = "let none = (tensor(0.0) / 0.0).item(); let inf = (tensor(1.0) / 0.0).item();";

fn evaluate(text: &str) -> String {
    match run(&format!("{SETUP} {text}"), Language::Rhai).outcome {
        Ok(value) => display::value_text(&value),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn the_error_for_a_value_outside_the_domain_contains_its_index() {
    let bits_per_spike = |means: &str, counts: &str| {
        format!("metrics::bits_per_spike([[[{means}], [2.0]]], [[[{counts}], [1.0]]])")
    };
    let cases = [
        (bits_per_spike("-1.0", "1.0"), "means, at index 0"),
        (bits_per_spike("none", "1.0"), "means, at index 0"),
        (bits_per_spike("inf", "1.0"), "means, at index 0"),
        (bits_per_spike("1.0", "-1.0"), "counts, at index 0"),
        (bits_per_spike("1.0", "inf"), "counts, at index 0"),
        (
            "metrics::bits_per_spike([[[1.0]]], [[[none]]])".into(),
            "at least one spike",
        ),
        (
            "spikes::poisson([-1.0], random::key(0))".into(),
            "means, at index 0",
        ),
        (
            "spikes::poisson([none], random::key(0))".into(),
            "means, at index 0",
        ),
        (
            "spikes::smooth([[1.0], [inf]])".into(),
            "not finite (found inf at index 1)",
        ),
        (
            "metrics::r2([[[1.0], [2.0]]], [[[1.0], [none]]])".into(),
            "of the estimate",
        ),
        (
            "metrics::r2([[[1.0], [inf]]], [[[1.0], [2.0]]])".into(),
            "of the data",
        ),
        (
            "metrics::r2_correlation([[[1.0], [2.0]]], [[[1.0], [inf]]])".into(),
            "estimate",
        ),
        (
            "pca::fit([[1.0, none], [2.0, 1.0], [0.0, 0.0]])".into(),
            "not finite",
        ),
        ("tensor([1.0]).quantile(1.5)".into(), "from 0 to 1"),
        ("tensor([1.0]).quantile(none)".into(), "from 0 to 1"),
    ];
    for (text, expected) in cases {
        let actual = evaluate(&text);
        assert!(
            actual.starts_with("error: ") && actual.contains(expected),
            "{text}: {actual}"
        );
    }
}

#[test]
fn padding_is_ignored() {
    let cases = [
        (
            "metrics::bits_per_spike([[[1.0], [3.0], [none]]], [[[1.0], [4.0], [none]]]) \
             - metrics::bits_per_spike([[[1.0], [3.0]]], [[[1.0], [4.0]]])",
            "0.0",
        ),
        (
            "spikes::smooth([[1.0], [1.0], [none]]).to_list()",
            "[[1.0], [1.0], [NaN]]",
        ),
        (
            "spikes::bin([[1.0], [1.0], [1.0], [none]], 2).to_list()",
            "[[2.0], [NaN]]",
        ),
        (
            "metrics::r2([[[1.0], [2.0], [none]]], [[[1.0], [2.0], [7.0]]]).item()",
            "1.0",
        ),
        (
            "metrics::r2_correlation([[[1.0], [2.0], [none]]], [[[2.0], [4.0], [none]]])[0][0]",
            "1.0",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluate(text), expected, "{text}");
    }
}

/// As in the reference implementation (nlb_tools, `bits_per_spike`): rates of 0 are replaced by
/// 1e-9.
#[test]
fn a_zero_rate_at_a_spike_is_replaced_by_a_small_rate() {
    let text = "metrics::bits_per_spike([[[0.0], [1.0]]], [[[1.0], [1.0]]])";
    let actual: f64 = evaluate(text).parse().expect("a number");
    let (log_likelihood, null_log_likelihood) = (1e-9_f64.ln() - 1e-9 - 1.0, -2.0);
    let expected = (log_likelihood - null_log_likelihood) / 2.0 / std::f64::consts::LN_2;
    assert!((actual - expected).abs() < 1e-12, "{actual} and {expected}");
}

#[test]
fn the_correlation_with_constant_data_is_nan() {
    for value in ["0.0", "0.5", "0.1"] {
        let data = format!("full([1, 10, 1], {value}, #{{ dtype: \"f64\" }})");
        let other = "random::normal(random::key(1), [1, 10, 1]).f64()";
        for call in [
            format!("metrics::r2({data}, {other})"),
            format!("metrics::r2({data}, {data})"),
            format!("metrics::r2_correlation({data}, {other})"),
            format!("metrics::r2_correlation({other}, {data})"),
        ] {
            assert_eq!(evaluate(&format!("{call}.item()")), "NaN", "{call}");
        }
    }
}
