//! Maps with known fixed points: number, labels, sets, classes and estimate of a search. The
//! residuals are recomputed in double precision.

use attractor::api::context::Language;
use attractor::api::display;

use crate::session::run;

/// Functions for all scripts.
const PRELUDE: &str = r#"
    fn custom(n, f) { rnn::custom(#{ units: n, dtype: "f64", step: f, params: #{ w: 1.0 } }) }
    fn linear(w) {
        let net = rnn::vanilla(#{ units: w.len(), dtype: "f64", nonlinearity: "linear" });
        net.load_params(#{ wR: w, bR: zeros([w.len()]) });
        net
    }
    fn shift_matrix(n) {
        let w = zeros([n, n]).to_list();
        for k in 0..n { w[k][k] = 0.5; if k < n - 1 { w[k][k + 1] = 2.0; } }
        linear(w)
    }
    fn settle(net) {
        let h = normal(200, 20);
        for k in 0..30 { h = net.step(h, zeros([200, 1]).f64()); }
        h
    }
    fn normal(count, n) { random::normal(random::key(3), [count, n]).f64() }
    fn near_zero(count) { (random::uniform(random::key(0), [count, 1]).f64() - 0.5) * 0.02 }
    fn ring(h) { let r = (h * h).sum(1).sqrt().unsqueeze(1); h + 0.5 * (h / r - h) }
    fn report(net, options) {
        let points = fixed_points::find(net, options);
        let k = points.count();
        let counts = points.counts();
        let residual = 0.0;
        let scale = 1.0;
        if k > 0 {
            let h = points.states();
            let x = zeros([k, 1]).f64();
            residual = (net.step(h, x) - h).abs().max().item();
            scale = h.abs().max().item();
        }
        let labels = #{};
        for at in 0..k { labels[points[at].label] = true; }
        let dimensions = points.sets().map(|set| set.dimension);
        let classes = #{};
        for class in points.modes().class { classes[class] = true; }
        let estimate = points.completeness().estimate;
        let whole = if estimate.is_nan() { -1.0 } else { estimate };
        [k, counts.converged, dimensions, labels.keys(), classes.keys(), whole,
         residual <= 1e-14 * max(scale, 1e-9)]
    }
"#;

/// Name, map, options, and the expected report: number of points, converged candidates, dimensions
/// of the sets, labels, classes and the estimate (-1 for none).
type Row = (&'static str, &'static str, &'static str, [&'static str; 6]);

const NO_POINTS: [&str; 6] = ["0", "0", "[]", "[]", "[]", "-1.0"];

#[rustfmt::skip]
const ROWS: [Row; 13] = [
    ("a contraction, from states near the fixed point",
     r#"rnn::vanilla(#{ units: 20, dtype: "f64", gain: 0.5, seed: 1 })"#,
     "#{ candidates: settle(net), interpolated: 0 }",
     ["1", "200", "[0]", r#"["converged"]"#, r#"["stable"]"#, "-1.0"]),
    ("the same with Adam",
     r#"rnn::vanilla(#{ units: 20, dtype: "f64", gain: 0.5, seed: 1 })"#,
     r#"#{ candidates: settle(net), method: "adam" }"#,
     ["1", "200", "[0]", r#"["converged"]"#, r#"["stable"]"#, "-1.0"]),
    ("two close roots", "custom(1, |h, x, p| h + 0.1 * (h * h - 1e-6))",
     "#{ candidates: near_zero(200), interpolated: 0 }",
     ["2", "*", "[0, 0]", r#"["converged"]"#, r#"["stable", "unstable"]"#, "2.0"]),
    ("a double root", "custom(1, |h, x, p| h + 0.1 * h * h)",
     "#{ candidates: near_zero(200), interpolated: 0 }",
     ["1", "200", "[0]", r#"["converged"]"#, r#"["marginal"]"#, "1.0"]),
    ("no real roots", "custom(1, |h, x, p| h + 0.1 * (h * h + 1e-6))",
     "#{ candidates: near_zero(200), interpolated: 0 }", NO_POINTS),
    ("a triple root", "custom(1, |h, x, p| h.tanh())",
     "#{ candidates: 50.0 * near_zero(200), interpolated: 0 }",
     ["1", "200", "[0]", r#"["converged"]"#, r#"["marginal"]"#, "1.0"]),
    ("the same as a built-in cell", r#"{
         let net = rnn::vanilla(#{ units: 1, dtype: "f64" });
         net.load_params(#{ wR: [[1.0]], bR: [0.0] });
         net
     }"#, "#{ candidates: 50.0 * near_zero(200), interpolated: 0 }",
     ["1", "200", "[0]", r#"["converged"]"#, r#"["marginal"]"#, "1.0"]),
    ("a saddle at 0, where the rounding unit of the state is 0", r#"{
         let net = rnn::vanilla(#{ units: 2, dtype: "f64" });
         net.load_params(#{ wR: [[2.0, 0.0], [0.0, 0.5]], bR: [0.0, 0.0] });
         net
     }"#, "#{ candidates: random::normal(random::key(0), [50, 2]) }",
     ["3", "100", "[0, 0, 0]", r#"["converged"]"#, r#"["saddle", "stable"]"#, "3.0"]),
    ("a non-normal matrix", "shift_matrix(20)", "#{ candidates: normal(200, 20), interpolated: 0 }",
     ["1", "200", "[0]", r#"["converged"]"#, r#"["stable"]"#, "1.0"]),
    ("a drift", "custom(1, |h, x, p| h + 1e-7)",
     "#{ candidates: near_zero(200), interpolated: 0 }", NO_POINTS),
    ("a line", "linear([[1.0, 0.0], [0.0, 0.5]])",
     "#{ candidates: normal(200, 2), interpolated: 0 }",
     ["*", "200", "[1]", r#"["converged"]"#, r#"["marginal"]"#, "-1.0"]),
    ("a ring", "custom(2, |h, x, p| ring(h))", "#{ candidates: normal(200, 2), interpolated: 0 }",
     ["*", "200", "[1]", r#"["converged"]"#, r#"["marginal"]"#, "-1.0"]),
    ("a plane", "linear([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.5]])",
     "#{ candidates: normal(200, 3), interpolated: 0 }",
     ["*", "200", "[2]", r#"["converged"]"#, r#"["marginal"]"#, "-1.0"]),
];

/// The report for one map.
fn search_report(map: &str, options: &str) -> String {
    let text = format!("{PRELUDE}\nlet net = {map};\nreport(net, {options})");
    let outcome = run(&text, Language::Rhai).outcome;
    display::value_text(&outcome.unwrap_or_else(|error| panic!("{map}: {error:?}")))
}

/// Whether a report equals the expected one; `*` matches any value without a comma.
fn matches(actual: &str, expected: [&str; 6]) -> bool {
    let mut rest = actual.strip_prefix('[').unwrap_or_default();
    for pattern in expected {
        let tail = match pattern {
            "*" => rest.find(", ").map(|at| &rest[at..]),
            pattern => rest.strip_prefix(pattern),
        };
        let Some(tail) = tail.and_then(|tail| tail.strip_prefix(", ")) else {
            return false;
        };
        rest = tail;
    }
    rest == "true]"
}

#[test]
fn searches_report_the_known_fixed_points_of_each_map() {
    for polish in [false, true] {
        for (name, map, options, expected) in ROWS {
            let polished = format!("#{{ polish: {polish}, {}", options.trim_start_matches("#{"));
            let actual = search_report(map, &polished);
            assert!(
                matches(&actual, expected),
                "{name}, polish {polish}: {actual}"
            );
        }
    }
}

#[test]
fn the_number_of_fixed_points_does_not_depend_on_the_scale_of_the_states() {
    for exponent in -9..=9 {
        let map = format!("custom(2, |h, x, p| 1e{exponent} * (3.0 * h / 1e{exponent}).tanh())");
        let actual = search_report(
            &map,
            &format!("#{{ candidates: 1e{exponent} * normal(200, 2) }}"),
        );
        let expected = [
            "9",
            "400",
            "[0, 0, 0, 0, 0, 0, 0, 0, 0]",
            r#"["converged"]"#,
            r#"["saddle", "stable", "unstable"]"#,
            "9.0",
        ];
        assert!(matches(&actual, expected), "1e{exponent}: {actual}");
    }
}

#[test]
fn close_pairs_of_roots_are_both_found() {
    for offset in [1e-3, 1e-4, 1e-5, 1e-6, 1e-7] {
        for polish in [false, true] {
            let text = format!(
                r#"{PRELUDE}
                let net = custom(2, |h, x, p| {{
                    let a = h.slice(1, 0, 1);
                    cat([a + 0.1 * (a * a - {offset:e} * {offset:e}), 0.5 * h.slice(1, 1, 2)], 1)
                }});
                let c = (random::uniform(random::key(5), [200, 2]).f64() - 0.5) * 2.0;
                let options = #{{ candidates: c, interpolated: 0, polish: {polish} }};
                let points = fixed_points::find(net, options);
                let roots = points.states().slice(1, 0, 1).flatten().sort().to_list();
                [roots, points.modes().class, points.counts().converged]"#
            );
            let report = run(&text, Language::Rhai).outcome.expect("a value");
            let report_text = display::value_text(&report);
            let case = format!("+-{offset:e}, polish {polish}: {report_text}");
            let (roots, rest) = report_text[2..].split_once(']').expect("a list");
            let roots: Vec<f64> = roots.split(", ").filter_map(|x| x.parse().ok()).collect();
            assert_eq!(roots.len(), 2, "{case}");
            assert!((roots[0] + offset).abs() < 1e-6 * offset, "{case}");
            assert!((roots[1] - offset).abs() < 1e-6 * offset, "{case}");
            assert!(
                rest.contains("\"stable\"") && rest.contains("\"saddle\""),
                "{case}"
            );
            let converged: usize = rest
                .trim_end_matches(']')
                .rsplit(", ")
                .next()
                .and_then(|count| count.parse().ok())
                .expect("a count");
            assert!(converged >= 198, "{case}");
        }
    }
}

#[test]
fn points_stay_distinct_when_units_have_different_scales() {
    for polish in [false, true] {
        let text = format!(
            r#"{PRELUDE}
            let b = 1e5;
            let net = custom(2, |h, x, p| cat([
                (3.0 * b * h.slice(1, 0, 1)).tanh() / b, b * (3.0 * h.slice(1, 1, 2) / b).tanh()
            ], 1));
            let c = tensor([1.0 / b, b], #{{ dtype: "f64" }}) * 2.0 * normal(400, 2);
            let options = #{{ candidates: c, interpolated: 0, polish: {polish} }};
            fixed_points::find(net, options).count()"#
        );
        let report = run(&text, Language::Rhai).outcome.expect("a value");
        assert_eq!(display::value_text(&report), "9", "polish {polish}");
    }
}

#[test]
fn classes_do_not_depend_on_whether_the_residual_is_exactly_zero() {
    let cases = [
        // An unstable ring: the radial mode grows, the tangential mode is marginal.
        (
            "custom(2, |h, x, p| h + 0.4 * h * (1.0 - 2.0 / (h * h).sum(1).sqrt().unsqueeze(1)))",
            "2.0 * near_ring()",
            r#"["saddle"]"#,
        ),
        (
            "custom(2, |h, x, p| ring(h))",
            "near_ring()",
            r#"["marginal"]"#,
        ),
        (
            "custom(1, |h, x, p| h + 0.1 * (h - 0.3) * (h - 0.3))",
            "0.3 + near_zero(200)",
            r#"["marginal"]"#,
        ),
        (
            "custom(1, |h, x, p| h + 0.1 * (h - 0.7) * (h - 0.7))",
            "0.7 + near_zero(200)",
            r#"["marginal"]"#,
        ),
        (
            "custom(1, |h, x, p| h + 0.1 * (h - 1.3) * (h - 1.3))",
            "1.3 + near_zero(200)",
            r#"["marginal"]"#,
        ),
    ];
    for (net, candidates, classes) in cases {
        for polish in [false, true] {
            let text = format!(
                r#"{PRELUDE}
                fn unit(h) {{ h / (h * h).sum(1).sqrt().unsqueeze(1) }}
                fn near_ring() {{ 1.01 * unit(normal(200, 2)) }}
                let options = #{{ candidates: {candidates}, interpolated: 0, polish: {polish} }};
                let all = #{{}};
                let points = fixed_points::find({net}, options);
                for class in points.modes().class {{ all[class] = true; }}
                all.keys()"#
            );
            let report = run(&text, Language::Rhai).outcome.expect("a value");
            assert_eq!(
                display::value_text(&report),
                classes,
                "{net}, polish {polish}"
            );
        }
    }
}

#[test]
fn including_slow_points_does_not_change_the_fixed_points() {
    let text = |slow: bool| {
        format!(
            r#"{PRELUDE}
            let net = custom(1, |h, x, p| h - (h - 0.3) * (h - 0.301) * (h + 0.5));
            let c = (random::uniform(random::key(5), [400, 1]).f64() - 0.5) * 2.0;
            let options = #{{ candidates: c, interpolated: 0, keep_slow: {slow} }};
            let points = fixed_points::find(net, options);
            let classes = points.modes().class;
            let all = [];
            for at in 0..points.count() {{
                if points[at].label == "converged" {{ all.push(classes[at]); }}
            }}
            let dimensions = points.sets().map(|set| set.dimension);
            [all, dimensions.some(|dimension| dimension > 0)]"#
        )
    };
    let [without_slow, with_slow] = [false, true].map(|slow| {
        display::value_text(&run(&text(slow), Language::Rhai).outcome.expect("a value"))
    });
    assert_eq!(without_slow, with_slow);
}
