//! Maps whose fixed points are known: how many a search reports, under which label, and what it
//! says about them, with every residual computed anew in double precision.

use attractor::api::context::Language;
use attractor::api::display;

use crate::session::run;

/// What every row starts from.
const PRELUDE: &str = r#"
    fn own(n, f) { rnn::custom(#{ units: n, dtype: "f64", step: f, params: #{ w: 1.0 } }) }
    fn linear(w) {
        let net = rnn::vanilla(#{ units: w.len(), dtype: "f64", nonlinearity: "linear" });
        net.load_params(#{ wR: w, bR: zeros([w.len()]) });
        net
    }
    fn shifted(n) {
        let w = zeros([n, n]).to_list();
        for k in 0..n { w[k][k] = 0.5; if k < n - 1 { w[k][k + 1] = 2.0; } }
        linear(w)
    }
    fn settled(net) {
        let h = normal(200, 20);
        for k in 0..30 { h = net.step(h, zeros([200, 1]).f64()); }
        h
    }
    fn normal(count, n) { random::normal(random::key(3), [count, n]).f64() }
    fn near(count) { (random::uniform(random::key(0), [count, 1]).f64() - 0.5) * 0.02 }
    fn ring(h) { let r = (h * h).sum(1).sqrt().unsqueeze(1); h + 0.5 * (h / r - h) }
    fn report(net, options) {
        let points = fixed_points::find(net, options);
        let k = points.count();
        let stages = points.stages();
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
        let estimate = points.unseen().estimate;
        let whole = if estimate.is_nan() { -1.0 } else { estimate };
        [k, stages.converged, dimensions, labels.keys(), classes.keys(), whole,
         residual <= 1e-14 * max(scale, 1e-9)]
    }
"#;

/// A map, candidates, and the number of points, ends that converged, dimensions of the sets,
/// labels, classes and the estimate (-1 for none).
type Row = (&'static str, &'static str, &'static str, [&'static str; 6]);

const NONE: [&str; 6] = ["0", "0", "[]", "[]", "[]", "-1.0"];

#[rustfmt::skip]
const ROWS: [Row; 13] = [
    ("a contraction, from states near its end",
     r#"rnn::vanilla(#{ units: 20, dtype: "f64", gain: 0.5, seed: 1 })"#,
     "#{ candidates: settled(net), between: 0 }",
     ["1", "200", "[0]", r#"["converged"]"#, r#"["stable"]"#, "-1.0"]),
    ("the same by adam",
     r#"rnn::vanilla(#{ units: 20, dtype: "f64", gain: 0.5, seed: 1 })"#,
     r#"#{ candidates: settled(net), method: "adam" }"#,
     ["1", "200", "[0]", r#"["converged"]"#, r#"["stable"]"#, "-1.0"]),
    ("two roots that nearly meet", "own(1, |h, x, p| h + 0.1 * (h * h - 1e-6))",
     "#{ candidates: near(200), between: 0 }",
     ["2", "*", "[0, 0]", r#"["converged"]"#, r#"["stable", "unstable"]"#, "2.0"]),
    ("two roots that have met", "own(1, |h, x, p| h + 0.1 * h * h)",
     "#{ candidates: near(200), between: 0 }",
     ["1", "200", "[0]", r#"["converged"]"#, r#"["marginal"]"#, "1.0"]),
    ("two roots that have vanished", "own(1, |h, x, p| h + 0.1 * (h * h + 1e-6))",
     "#{ candidates: near(200), between: 0 }", NONE),
    ("a triple root", "own(1, |h, x, p| h.tanh())",
     "#{ candidates: 50.0 * near(200), between: 0 }",
     ["1", "200", "[0]", r#"["converged"]"#, r#"["marginal"]"#, "1.0"]),
    ("the same, built in", r#"{
         let net = rnn::vanilla(#{ units: 1, dtype: "f64" });
         net.load_params(#{ wR: [[1.0]], bR: [0.0] });
         net
     }"#, "#{ candidates: 50.0 * near(200), between: 0 }",
     ["1", "200", "[0]", r#"["converged"]"#, r#"["marginal"]"#, "1.0"]),
    ("a saddle at 0, where the rounding of the state is 0 too", r#"{
         let net = rnn::vanilla(#{ units: 2, dtype: "f64" });
         net.load_params(#{ wR: [[2.0, 0.0], [0.0, 0.5]], bR: [0.0, 0.0] });
         net
     }"#, "#{ candidates: random::normal(random::key(0), [50, 2]) }",
     ["3", "100", "[0, 0, 0]", r#"["converged"]"#, r#"["saddle", "stable"]"#, "3.0"]),
    ("far from normal", "shifted(20)", "#{ candidates: normal(200, 20), between: 0 }",
     ["1", "200", "[0]", r#"["converged"]"#, r#"["stable"]"#, "1.0"]),
    ("a drift", "own(1, |h, x, p| h + 1e-7)", "#{ candidates: near(200), between: 0 }", NONE),
    ("a line", "linear([[1.0, 0.0], [0.0, 0.5]])", "#{ candidates: normal(200, 2), between: 0 }",
     ["*", "200", "[1]", r#"["converged"]"#, r#"["marginal"]"#, "-1.0"]),
    ("a ring", "own(2, |h, x, p| ring(h))", "#{ candidates: normal(200, 2), between: 0 }",
     ["*", "200", "[1]", r#"["converged"]"#, r#"["marginal"]"#, "-1.0"]),
    ("a plane", "linear([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.5]])",
     "#{ candidates: normal(200, 3), between: 0 }",
     ["*", "200", "[2]", r#"["converged"]"#, r#"["marginal"]"#, "-1.0"]),
];

/// The report of one row.
fn reported(map: &str, options: &str) -> String {
    let text = format!("{PRELUDE}\nlet net = {map};\nreport(net, {options})");
    let found = run(&text, Language::Rhai).outcome;
    display::value_text(&found.unwrap_or_else(|fault| panic!("{map}: {fault:?}")))
}

/// Whether a report is what is expected; `*` stands for anything without a comma.
fn fits(found: &str, expected: [&str; 6]) -> bool {
    let mut rest = found.strip_prefix('[').unwrap_or_default();
    for part in expected {
        let after = match part {
            "*" => rest.find(", ").map(|at| &rest[at..]),
            part => rest.strip_prefix(part),
        };
        let Some(after) = after.and_then(|after| after.strip_prefix(", ")) else {
            return false;
        };
        rest = after;
    }
    rest == "true]"
}

#[test]
fn maps_have_the_fixed_points_that_algebra_gives_them() {
    for polish in [false, true] {
        for (name, map, options, expected) in ROWS {
            let polished = format!("#{{ polish: {polish}, {}", options.trim_start_matches("#{"));
            let found = reported(map, &polished);
            assert!(fits(&found, expected), "{name}, polish {polish}: {found}");
        }
    }
}

#[test]
fn nine_fixed_points_are_nine_in_any_unit_of_the_states() {
    for exponent in -9..=9 {
        let map = format!("own(2, |h, x, p| 1e{exponent} * (3.0 * h / 1e{exponent}).tanh())");
        let found = reported(
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
        assert!(fits(&found, expected), "1e{exponent}: {found}");
    }
}

#[test]
fn pairs_of_roots_are_found_however_close_they_are() {
    for half in [1e-3, 1e-4, 1e-5, 1e-6, 1e-7] {
        for polish in [false, true] {
            let text = format!(
                r#"{PRELUDE}
                let net = own(2, |h, x, p| {{
                    let a = h.slice(1, 0, 1);
                    cat([a + 0.1 * (a * a - {half:e} * {half:e}), 0.5 * h.slice(1, 1, 2)], 1)
                }});
                let c = (random::uniform(random::key(5), [200, 2]).f64() - 0.5) * 2.0;
                let options = #{{ candidates: c, between: 0, polish: {polish} }};
                let points = fixed_points::find(net, options);
                let found = points.states().slice(1, 0, 1).flatten().sort().to_list();
                [found, points.modes().class, points.stages().converged]"#
            );
            let value = run(&text, Language::Rhai).outcome.expect("a value");
            let shown = display::value_text(&value);
            let case = format!("+-{half:e}, polish {polish}: {shown}");
            let (roots, rest) = shown[2..].split_once(']').expect("a list");
            let roots: Vec<f64> = roots.split(", ").filter_map(|x| x.parse().ok()).collect();
            assert_eq!(roots.len(), 2, "{case}");
            assert!((roots[0] + half).abs() < 1e-6 * half, "{case}");
            assert!((roots[1] - half).abs() < 1e-6 * half, "{case}");
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
fn units_of_different_scales_keep_their_points_apart() {
    for polish in [false, true] {
        let text = format!(
            r#"{PRELUDE}
            let b = 1e5;
            let net = own(2, |h, x, p| cat([
                (3.0 * b * h.slice(1, 0, 1)).tanh() / b, b * (3.0 * h.slice(1, 1, 2) / b).tanh()
            ], 1));
            let c = tensor([1.0 / b, b], #{{ dtype: "f64" }}) * 2.0 * normal(400, 2);
            fixed_points::find(net, #{{ candidates: c, between: 0, polish: {polish} }}).count()"#
        );
        let value = run(&text, Language::Rhai).outcome.expect("a value");
        assert_eq!(display::value_text(&value), "9", "polish {polish}");
    }
}

#[test]
fn classes_of_points_do_not_depend_on_whether_their_residual_is_zero() {
    let cases = [
        // A ring that repels: one mode grows, the one along the ring is marginal.
        (
            "own(2, |h, x, p| h + 0.4 * h * (1.0 - 2.0 / (h * h).sum(1).sqrt().unsqueeze(1)))",
            "2.0 * near2()",
            r#"["saddle"]"#,
        ),
        ("own(2, |h, x, p| ring(h))", "near2()", r#"["marginal"]"#),
        (
            "own(1, |h, x, p| h + 0.1 * (h - 0.3) * (h - 0.3))",
            "0.3 + near(200)",
            r#"["marginal"]"#,
        ),
        (
            "own(1, |h, x, p| h + 0.1 * (h - 0.7) * (h - 0.7))",
            "0.7 + near(200)",
            r#"["marginal"]"#,
        ),
        (
            "own(1, |h, x, p| h + 0.1 * (h - 1.3) * (h - 1.3))",
            "1.3 + near(200)",
            r#"["marginal"]"#,
        ),
    ];
    for (net, candidates, classes) in cases {
        for polish in [false, true] {
            let text = format!(
                r#"{PRELUDE}
                fn unit(h) {{ h / (h * h).sum(1).sqrt().unsqueeze(1) }}
                fn near2() {{ 1.01 * unit(normal(200, 2)) }}
                let options = #{{ candidates: {candidates}, between: 0, polish: {polish} }};
                let all = #{{}};
                let points = fixed_points::find({net}, options);
                for class in points.modes().class {{ all[class] = true; }}
                all.keys()"#
            );
            let value = run(&text, Language::Rhai).outcome.expect("a value");
            assert_eq!(
                display::value_text(&value),
                classes,
                "{net}, polish {polish}"
            );
        }
    }
}

#[test]
fn slow_points_change_nothing_of_the_fixed_points_beside_them() {
    let text = |slow: bool| {
        format!(
            r#"{PRELUDE}
            let net = own(1, |h, x, p| h - (h - 0.3) * (h - 0.301) * (h + 0.5));
            let c = (random::uniform(random::key(5), [400, 1]).f64() - 0.5) * 2.0;
            let points = fixed_points::find(net, #{{ candidates: c, between: 0, slow: {slow} }});
            let classes = points.modes().class;
            let all = [];
            for at in 0..points.count() {{
                if points[at].label == "converged" {{ all.push(classes[at]); }}
            }}
            let dimensions = points.sets().map(|set| set.dimension);
            [all, dimensions.some(|dimension| dimension > 0)]"#
        )
    };
    let [without, with] = [false, true].map(|slow| {
        display::value_text(&run(&text(slow), Language::Rhai).outcome.expect("a value"))
    });
    assert_eq!(without, with);
}
