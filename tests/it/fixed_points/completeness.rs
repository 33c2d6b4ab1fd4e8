//! The completeness report of a search: excluded points, continua, kinks and small regions.

use attractor::api::context::Language;
use attractor::api::display;

use crate::session::{LANGUAGES, run};

fn evaluate(text: &str) -> String {
    let outcome = run(text, Language::Rhai).outcome;
    display::value_text(&outcome.unwrap_or_else(|error| panic!("{text}: {error:?}")))
}

/// A slow point at h = -0.7 beside a fixed point.
const SLOW: &str = r#"
    let net = rnn::vanilla(#{ units: 1, dtype: "f64" });
    net.load_params(#{ wR: [[2.0]], bR: [0.54] });
"#;

#[test]
fn a_distant_fixed_point_is_excluded_only_with_the_option_outlier() {
    let text = r#"
        let net = rnn::vanilla(#{ units: 2, dtype: "f64", gain: 0.3 });
        let h = random::normal(random::key(0), [100, 2]).f64() * 1e-3;
        let far = fixed_points::find(net, #{ candidates: h, input: [5.0] });
        let options = #{ candidates: h, input: [5.0], outlier_distance: 10.0 };
        let near = fixed_points::find(net, options);
        let text = text_of(near);
        [far.count(), far.counts().outliers, near.count(), near.counts().outliers,
         text.contains("excluded: 1 point further from the candidates than `outlier_distance`")]
    "#;
    assert_eq!(evaluate(text), "[1, 0, 0, 1, true]");
}

#[test]
fn the_summary_names_the_option_that_includes_slow_points() {
    let text = format!(
        r#"{SLOW}
        let h = [[-0.9], [-0.7], [0.9]];
        let points = fixed_points::find(net, #{{ candidates: h, interpolated: 0 }});
        let all = fixed_points::find(net, #{{ candidates: h, interpolated: 0, keep_slow: true }});
        [points.count(), points.counts().slow_excluded, all.count(), all.counts().slow_excluded,
         text_of(points).contains("excluded: 2 slow points"),
         text_of(points).contains("slow: true")]"#
    );
    assert_eq!(evaluate(&text), "[1, 2, 2, 0, true, true]");
}

#[test]
fn points_within_a_given_tolerance_keep_the_label_slow_point() {
    let text = r#"
        let step = |h, x, p| h + 1e-7;
        let net = rnn::custom(#{ units: 1, dtype: "f64", step: step, params: #{ w: 1.0 } });
        let h = random::uniform(random::key(0), [50, 1]).f64();
        let points = fixed_points::find(net, #{ candidates: h, tolerance: 1e-12, interpolated: 0 });
        let strict = fixed_points::find(net, #{
            candidates: h, tolerance: 1e-12, keep_slow: false, interpolated: 0,
        });
        let counts = points.counts();
        [points.count() > 0, points[0].label, counts.converged, counts.within_tolerance,
         strict.count()]
    "#;
    assert_eq!(evaluate(text), r#"[true, "slow point", 0, 50, 0]"#);
}

#[test]
fn candidates_from_one_small_region_give_a_warning_and_no_estimate() {
    // h' = tanh(3 h) has 3^5 = 243 fixed points.
    let candidates = [
        "zeros([1, 5])",
        "random::normal(random::key(0), [100, 5]) * 0.01",
        "random::normal(random::key(0), [100, 5]) * 0.01 + 1.0",
    ];
    for candidates in candidates {
        let text = format!(
            r#"
            let net = rnn::vanilla(#{{ units: 5, dtype: "f64" }});
            net.load_params(#{{ wR: 3.0 * eye(5), bR: zeros([5]) }});
            let points = fixed_points::find(net, #{{ candidates: {candidates} }});
            let completeness = points.completeness();
            [points.count(), completeness.estimate.is_nan(), completeness.basis,
             points.warnings()[0].contains("one small region"),
             text_of(points).contains("warning: all candidates come from one small region")]"#
        );
        let expected = r#"[1, true, "basins that these candidates reach", true, true]"#;
        assert_eq!(evaluate(&text), expected, "{candidates}");
    }
}

#[test]
fn missing_fixed_points_of_a_flip_flop_are_reported() {
    for name in ["flipflop_tanh_1", "flipflop_gru_0"] {
        let path = super::reference(name);
        let path = path.display();
        let text = format!(
            r#"
            let net = rnn::load("{path}.pt", #{{ dtype: "f64" }});
            let h = h5::read("{path}.h5").fixed_points;
            let all = fixed_points::find(net, #{{ candidates: h, interpolated: 0 }});
            let some = all.modes().unstable.to_list();
            let stable = [];
            for at in 0..27 {{ if some[at] == 0.0 {{ stable.push(all.states()[at]); }} }}
            let h = stack(stable + stable);
            let points = fixed_points::find(net, #{{ candidates: h, interpolated: 0 }});
            let completeness = points.completeness();
            let warned = points.warnings()[0];
            [all.count(), all.completeness().missing, points.count(), completeness.missing,
             completeness.estimate,
             warned.contains("at least 7 fixed points are missing"),
             warned.contains("interpolated: 0")]"#
        );
        assert_eq!(evaluate(&text), "[27, 0, 8, 7, 15.0, true, true]", "{name}");
    }
}

#[test]
fn a_jacobian_at_a_kink_of_relu_is_reported_as_one_sided() {
    // h' = relu(0.5 h): at 0 the derivative is 0.5 on one side and 0 on the other.
    let table = [
        ("relu", "[[0.5, 0.0], [0.0, 0.5]]", "[0.0, 0.0]", "1.0"),
        ("relu", "[[0.5, 0.0], [0.0, 0.5]]", "[1.0, 1.0]", "0.0"),
        ("tanh", "[[0.5, 0.0], [0.0, 0.5]]", "[0.0, 0.0]", "0.0"),
    ];
    for (nonlinearity, w, b, expected) in table {
        let text = format!(
            r#"
            let net = rnn::vanilla(#{{ units: 2, dtype: "f64", nonlinearity: "{nonlinearity}" }});
            net.load_params(#{{ wR: {w}, bR: {b} }});
            let h = random::normal(random::key(0), [50, 2]).f64();
            let points = fixed_points::find(net, #{{ candidates: h }});
            [points.count(), points.modes().one_sided.to_list(),
             text_of(points).contains("one-sided")]"#
        );
        let flag = expected == "1.0";
        let expected = format!("[1, [{expected}], {flag}]");
        assert_eq!(evaluate(&text), expected, "{nonlinearity} {b}");
    }
}

#[test]
fn points_along_a_line_within_the_tolerance_form_one_set() {
    let text = r#"
        let net = rnn::vanilla(#{ units: 2, dtype: "f64" });
        net.load_params(#{ wR: [[1.0001, 0.0], [0.0, 0.2]], bR: [0.0, 0.0] });
        let h = [];
        for k in 0..41 { h.push([k * 0.01 - 0.2, 0.3]); }
        let find = |options| fixed_points::find(net, options);
        let line = find.call(#{
            candidates: h, tolerance: 1e-5, unique_distance: 1e-3, interpolated: 0,
        });
        let modes = line.modes();
        let exact = find.call(#{ candidates: h, polish: true, interpolated: 0 });
        let sets = line.sets();
        [line.count(), sets.len(), sets[0].dimension, fixed(sets[0].extent, 1),
         modes.unstable.sum().item(), line.completeness().continua,
         exact.count(), exact.sets().len(), exact.completeness().estimate]
    "#;
    assert_eq!(evaluate(text), r#"[41, 1, 1, "0.4", 0.0, 1, 3, 3, 3.0]"#);
}

#[test]
fn points_of_both_labels_along_a_slow_line_form_one_set() {
    // The drift along the first unit is within the tolerance; it vanishes at 0 and 3.
    let script = r#"
        let step = |h, x, p| {
            let along = h.slice(1, 0, 1);
            let drift = 0.005 * along * (1.0 - along.square() / 9.0);
            cat([along + drift, 0.5 * h.slice(1, 1, 2)], 1)
        };
        let net = rnn::custom(#{ units: 2, dtype: "f64", step: step, params: #{ w: 1.0 } });
        let along = arange(0, 280).f64() * 0.025 - 3.5;
        let candidates = stack([along, 0.1 * along], 1);
        let line = fixed_points::find(net, #{
            candidates: candidates, tolerance: 1e-4, unique_distance: 0.1, interpolated: 0,
        });
        let labels = #{};
        for at in 0..line.count() { labels[line[at].label] = true; }
        let sets = line.sets();
        let exact = fixed_points::find(net, #{ candidates: candidates, interpolated: 0 });
        [labels.keys(), sets.len(), sets[0].dimension, fixed(sets[0].extent, 0),
         exact.sets().map(|set| set.dimension)]
    "#;
    let expected = r#"[["converged", "slow point"], 1, 1, "7", [0, 0, 0]]"#;
    assert_eq!(evaluate(script), expected);
}

#[test]
fn the_error_for_nan_weights_names_the_parameter() {
    let rhai = "let net = rnn::vanilla(#{ units: 2 }); \
                net.load_params(#{ wR: [[0.0 / 0.0, 0.0], [0.0, 1.0]] }); \
                fixed_points::find(net, #{ candidates: zeros([4, 2]) })";
    let lua = "local net = rnn.vanilla({ units = 2 }) \
               net:load_params({ wR = { { 0.0 / 0.0, 0.0 }, { 0.0, 1.0 } } }) \
               return fixed_points.find(net, { candidates = zeros({ 4, 2 }) })";
    for (language, text) in LANGUAGES.into_iter().zip([rhai, lua]) {
        let error = run(text, language).outcome.expect_err("NaN weights");
        let text = format!("{error:?}");
        assert!(
            text.contains("a value of parameter `wR` of the network"),
            "{text}"
        );
    }
}

#[test]
fn files_without_the_newer_columns_can_be_loaded() {
    let text = r#"
        let net = rnn::vanilla(#{ units: 3, gain: 0.5, dtype: "f64" });
        fixed_points::find(net, #{ candidates: zeros([4, 3]) + 0.1 }).save("new.h5");
        let data = h5::read("new.h5");
        let columns = [data.position_error.to_list()[0] < 1e-12, data.index.to_list()];
        data.remove("position_error");
        data.remove("index");
        h5::write("old.h5", data);
        let old = fixed_points::load("old.h5");
        let again = fixed_points::load("new.h5");
        [columns, old.count(), old[0].position_error.is_nan(), again[0].position_error < 1e-12]
    "#;
    assert_eq!(evaluate(text), "[[true, [1.0]], 1, true, true]");
}
