//! The printed summary of a search, its warnings, and the reference of the module.

use attractor::api::context::Language;
use attractor::api::{display, manual};

use crate::session::run;

fn value(text: &str) -> String {
    let outcome = run(text, Language::Rhai).outcome;
    display::value_text(&outcome.unwrap_or_else(|error| panic!("{text}: {error:?}")))
}

#[test]
fn a_ring_has_an_extent_in_plain_digits_and_no_position_bounds() {
    let text = r#"
        let step = |h, x, p| {
            let r = (h * h).sum(1).sqrt().unsqueeze(1);
            h + 0.5 * (h / r - h)
        };
        let net = rnn::custom(#{ units: 2, dtype: "f64", step: step, params: #{ w: 1.0 } });
        let h = random::normal(random::key(3), [200, 2]).f64();
        let points = fixed_points::find(net, #{ candidates: h, interpolated: 0 });
        let lines = text_of(points).split("\n");
        let extent = lines.filter(|line| line.contains("a continuum of dimension 1, extent 2.000"));
        let rows = lines.filter(|line| line.contains("converged   marginal"));
        let bounds = rows.filter(|row| !row.contains("         -  "));
        let warnings = points.warnings().filter(|text| text.contains("continuum"));
        [extent.len(), rows.len(), bounds.len(), points.warnings().len(),
         warnings[0].contains("include 1 continuum: ")]"#;
    assert_eq!(value(text), "[1, 32, 0, 1, true]");
}

#[test]
fn the_counts_of_points_without_a_record_of_their_search_are_an_error() {
    let start = r#"
        let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
        let points = fixed_points::find(net, #{ candidates: zeros([4, 3]) + 0.1 });
        points.save("points.h5");"#;
    let cases = [
        (
            r#"fixed_points::load("points.h5").counts()"#,
            "the file of these points has no record",
        ),
        (
            r#"fixed_points::load("points.h5").with_network(net).counts()"#,
            "the file of these points has no record",
        ),
        (
            "points.take([0]).counts()",
            "selected or concatenated points have no record",
        ),
        (
            "points.take([0]).candidate_report()",
            "selected or concatenated points have no record",
        ),
    ];
    for (call, expected) in cases {
        let outcome = run(&format!("{start}\n{call}"), Language::Rhai).outcome;
        let error = format!("{:?}", outcome.expect_err("no record"));
        assert!(error.contains(expected), "{call}: {error}");
    }
}

#[test]
fn the_reference_lists_the_search_then_the_analysis_then_files() {
    let text = manual::markdown();
    let at = |name: &str| {
        let heading = format!("### `{name}(");
        text.find(&heading)
            .unwrap_or_else(|| panic!("no {heading}"))
    };
    let order = [
        "fixed_points::find",
        "fixed points.modes",
        "fixed points.transitions",
        "fixed points.save",
    ];
    let positions: Vec<usize> = order.into_iter().map(at).collect();
    assert!(positions.is_sorted(), "{positions:?}");
}
