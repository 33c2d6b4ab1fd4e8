//! Lines and rings whose weights or states have the resolution of f32.

use attractor::api::context::Language;
use attractor::api::display;

use crate::session::run;

const PRELUDE: &str = r#"
    fn normal(count, n) { random::normal(random::key(3), [count, n]).f64() }
    fn line(n, dtype) {
        let q = random::normal(random::key(7), [n]).f64();
        q = q / (q * q).sum().sqrt();
        let w = q.unsqueeze(1).matmul(q.unsqueeze(0));
        let net = rnn::vanilla(#{ units: n, dtype: dtype, nonlinearity: "linear" });
        net.load_params(#{ wR: if dtype == "f64" { w.f32().f64() } else { w }, bR: zeros([n]) });
        net
    }
    fn plane(n) {
        let angle = arange(0, n).f64() * (2.0 * PI() / n);
        stack([angle.cos(), angle.sin()])
    }
    fn tanh_ring(n, dtype) {
        let w = plane(n).transpose(0, 1).matmul(plane(n)) * (4.0 / n);
        let w = w + 1e-7 * w * random::normal(random::key(9), [n, n]).f64();
        let net = rnn::vanilla(#{ units: n, dtype: dtype });
        net.load_params(#{ wR: w, bR: zeros([n]) });
        net
    }
    fn near_ring(n) { normal(200, 2).matmul(plane(n)) + 0.1 * normal(200, n) }
    fn dimensions(points) {
        let all = points.sets().map(|set| set.dimension);
        all.sort();
        all
    }
    fn classes(points) {
        let all = #{};
        for class in points.modes().class { all[class] = true; }
        all.keys()
    }
"#;

fn value(text: &str) -> String {
    let outcome = run(&format!("{PRELUDE}\n{text}"), Language::Rhai).outcome;
    display::value_text(&outcome.unwrap_or_else(|error| panic!("{text}: {error:?}")))
}

#[test]
fn a_sphere_of_a_custom_f32_network_is_one_set() {
    for (n, dimension) in [(10, 9)] {
        for polish in [false, true] {
            let text = format!(
                r#"
                let step = |h, x, p| {{
                    let r = (h * h).sum(1).sqrt().unsqueeze(1);
                    h + 0.5 * (h / r - h)
                }};
                let net = rnn::custom(#{{
                    units: {n}, dtype: "f32", step: step, params: #{{ w: 1.0 }},
                }});
                let points = fixed_points::find(net, #{{
                    candidates: normal(200, {n}), interpolated: 0, polish: {polish},
                }});
                [dimensions(points), points.completeness().estimate.is_nan(), classes(points)]"#
            );
            let expected = format!(r#"[[{dimension}], true, ["marginal"]]"#);
            assert_eq!(value(&text), expected, "{n} units, polish {polish}");
        }
    }
}

#[test]
fn a_line_attractor_in_f32_is_a_line() {
    for n in [2, 8, 32, 100] {
        let text = format!(
            r#"
            let options = #{{ candidates: normal(200, {n}), interpolated: 0 }};
            let points = fixed_points::find(line({n}, "f32"), options);
            [dimensions(points), classes(points), points.count() > 100,
             points.position_error().min().item() > 1e300]"#
        );
        assert_eq!(
            value(&text),
            r#"[[1], ["marginal"], true, true]"#,
            "{n} units"
        );
    }
}

#[test]
fn a_ring_attractor_in_f32_is_a_ring_around_a_saddle() {
    let text = r#"
        let options = #{ candidates: near_ring(64), interpolated: 0 };
        let points = fixed_points::find(tanh_ring(64, "f32"), options);
        [dimensions(points), points.completeness().estimate, points.completeness().continua]"#;
    assert_eq!(value(text), "[[0, 1], 1.0, 1]");
}

#[test]
fn isolated_points_in_f32_remain_isolated_and_exact() {
    // The weights of the second network, far from normal, do not let an eigenvalue reach 1.
    let nets = [
        "rnn::vanilla(#{ units: 8, gain: 2.1, seed: 2 })",
        r#"{
            let w = zeros([20, 20]).to_list();
            for k in 0..20 { w[k][k] = 0.5; if k < 19 { w[k][k + 1] = 2.0; } }
            let net = rnn::vanilla(#{ units: 20, nonlinearity: "linear" });
            net.load_params(#{ wR: w, bR: zeros([20]) });
            net
        }"#,
    ];
    for (net, count) in nets.into_iter().zip([5, 1]) {
        let text = format!(
            r#"
            let net = {net};
            let h = normal(400, net.state_size());
            let points = fixed_points::find(net, #{{ candidates: h, interpolated: 0 }});
            [points.count(), points.sets().all(|set| set.dimension == 0),
             points.position_error().max().item() < 1e-4]"#
        );
        assert_eq!(value(&text), format!("[{count}, true, true]"), "{net}");
    }
}

#[test]
fn a_continuum_that_rounding_has_destroyed_is_reported_with_the_option_that_retains_it() {
    let cases = [
        ("tanh_ring(64, \"f64\")", "near_ring(64)", "keep_slow: true"),
        (
            "line(32, \"f64\")",
            "normal(200, 32)",
            "keep_slow: true, tolerance: 1e-12, unique_distance: 0.01",
        ),
    ];
    for (net, candidates, options) in cases {
        let text = format!(
            r#"
            let net = {net};
            let points = fixed_points::find(net, #{{ candidates: {candidates}, interpolated: 0 }});
            let all = fixed_points::find(net, #{{
                candidates: {candidates}, interpolated: 0, {options},
            }});
            let warns = |points| points.warnings().some(|text| text.contains("nearly continuous"));
            [points.count() < 5, warns.call(points), text_of(points).contains("`keep_slow: true`"),
             all.count() > 100, warns.call(all), dimensions(all)[-1]]"#
        );
        assert_eq!(value(&text), "[true, true, true, true, false, 1]", "{net}");
    }
}
