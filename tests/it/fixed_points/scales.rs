//! Searches whose states are far from 0, of different sizes, or beyond the bound of a cell, and
//! fixed points that are close together.

use attractor::api::context::Language;
use attractor::api::display;

use crate::session::run;

const PRELUDE: &str = r#"
    fn own(n, f) { rnn::custom(#{ units: n, dtype: "f64", step: f, params: #{ w: 1.0 } }) }
    fn normal(count, n) { random::normal(random::key(3), [count, n]).f64() }
    fn sorted(points) { points.states().slice(1, 0, 1).flatten().sort().to_list() }
"#;

fn value(text: &str) -> String {
    let outcome = run(&format!("{PRELUDE}\n{text}"), Language::Rhai).outcome;
    display::value_text(&outcome.unwrap_or_else(|error| panic!("{text}: {error:?}")))
}

#[test]
fn all_candidates_far_from_zero_converge() {
    for (n, gain, count) in [(2, "3.0", 9), (3, "1.5", 27)] {
        for polish in [false, true] {
            let text = format!(
                r#"
                let net = own({n}, |h, x, p| 1e6 + ({gain} * (h - 1e6)).tanh());
                let points = fixed_points::find(net, #{{
                    candidates: 1e6 + 2.0 * normal(200, {n}), interpolated: 0, polish: {polish},
                }});
                [points.count(), points.counts().converged]"#
            );
            assert_eq!(value(&text), format!("[{count}, 200]"), "polish {polish}");
        }
    }
}

#[test]
fn final_states_beyond_the_bound_of_a_gru_are_counted() {
    let text = r#"
        let net = rnn::gru(#{ units: 20, dtype: "f64", gain: 1.5, seed: 1 });
        let options = #{ candidates: normal(300, 20), interpolated: 0, input: [0.3] };
        let points = fixed_points::find(net, options);
        let largest = points.candidate_report().states.abs().max(1).to_list();
        let beyond = largest.filter(|h| h > 1.000001);
        let count = points.counts().unreachable;
        let text = text_of(points);
        [beyond.len() == count, count > 100,
         text.contains(`beyond the bound of all fixed points: ${count} final states`),
         points.warnings().some(|text| text.contains(
             `${count} of 300 candidates started and remained beyond`
         ) && text.contains("start from states that runs visit"))]"#;
    assert_eq!(value(text), "[true, true, true, true]");
}

#[test]
fn candidates_within_the_bound_of_a_gru_that_end_beyond_it_are_counted_without_a_warning() {
    let path = super::reference("decision_gru");
    let text = format!(
        r#"
        let net = rnn::load("{}.h5");
        let task = tasks::decision(#{{ steps: 25 }});
        let h = net.run(task.batch(8, random::key(0)).inputs).states;
        let points = fixed_points::find(net, #{{
            candidates: h, interpolated: 0, tolerance: 1e-6,
        }});
        let result = points.candidate_report();
        let largest = result.states.abs().max(1).to_list();
        let beyond = 0;
        for at in 0..200 {{
            if largest[at] > 1.000001 && result.labels[at] != "converged" {{ beyond += 1; }}
        }}
        let count = points.counts().unreachable;
        let warned = points.warnings().some(|text| text.contains("beyond the bound"));
        let reduced = fixed_points::find(net, #{{
            candidates: h, interpolated: 0, tolerance: 1e-6, noise: 0.5,
        }});
        let text = text_of(points);
        [beyond == count, count > 100, warned,
         text.contains(`${{count}} final states, which runs from within the bound do not reach`),
         reduced.warnings().some(|text| text.contains("reduce `noise`"))]"#,
        path.display()
    );
    assert_eq!(value(&text), "[true, true, false, true, true]");
}

#[test]
fn stiff_maps_have_their_origin_with_and_without_polish() {
    let table = [
        ("-1e6 * u", "(3.0 * v).tanh()", "1e6"),
        ("1e6 * u", "(1.5 * v).tanh()", "1e6"),
        ("u - 1e6 * u", "v + 0.01 * (v - v * v * v)", "1e6"),
    ];
    for (first, second, _) in table {
        for polish in [false, true] {
            let text = format!(
                r#"
                let net = own(2, |h, x, p| {{
                    let u = h.slice(1, 0, 1);
                    let v = h.slice(1, 1, 2);
                    cat([{first}, {second}], 1)
                }});
                let points = fixed_points::find(net, #{{
                    candidates: normal(200, 2), interpolated: 0, polish: {polish},
                }});
                let origin = points.contains(zeros([2]).f64(), 1e-6);
                [points.count(), origin, points.counts().converged > 180]"#
            );
            assert_eq!(value(&text), "[3, true, true]", "{first}, polish {polish}");
        }
    }
}

#[test]
fn missing_points_of_a_bounded_custom_network_are_counted() {
    // Candidates at the four stable points only; h + 0.1 h is not bounded.
    for (step, missing) in [("(2.0 * h).tanh()", 3), ("1.1 * h", 0)] {
        let text = format!(
            r#"
            let net = own(2, |h, x, p| {step});
            let corners = [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]];
            let h = tensor(corners, #{{ dtype: "f64" }});
            let points = fixed_points::find(net, #{{ candidates: h, interpolated: 0 }});
            points.completeness().missing"#
        );
        assert_eq!(value(&text), format!("{missing}"), "{step}");
    }
}

#[test]
fn three_fixed_points_close_together_are_three() {
    // The middle one is where Newton's steps, summed as at a triple root, lead.
    let table = [
        ("h - 1e6 * h * (h - 2e-8) * (h + 2e-8)", "1e-2", 2e-8),
        ("h - 1e10 * h * (h - 2e-8) * (h + 2e-8)", "1e-2", 2e-8),
        ("(1.0000000001 * h).tanh()", "1.0", 1.732e-5),
    ];
    for (step, width, root) in table {
        for polish in [false, true] {
            let text = format!(
                r#"
                let net = own(1, |h, x, p| {step});
                let points = fixed_points::find(net, #{{
                    candidates: {width} * normal(200, 1), interpolated: 0, polish: {polish},
                }});
                let roots = sorted(points);
                [roots.len(), abs(roots[0] + {root:e}) < 1e-3 * {root:e},
                 abs(roots[1]) < 1e-3 * {root:e}, abs(roots[2] - {root:e}) < 1e-3 * {root:e}]"#
            );
            assert_eq!(
                value(&text),
                "[3, true, true, true]",
                "{step}, polish {polish}"
            );
        }
    }
}
