//! Figures in scripts: written files, and errors of invalid calls.

use attractor::api::context::{Language, RunConfig};
use attractor::api::display;
use attractor::api::rhai_to_lua;

use crate::session::{LANGUAGES, Run, message_in, run_in};

/// Runs a line of Rhai, or its Lua translation, with the output folder `out`.
fn run_line(text: &str, language: Language, out: &std::path::Path) -> Run {
    let text = match language {
        Language::Rhai => text.to_string(),
        Language::Lua => format!("return {}", rhai_to_lua::translate(text, language)),
    };
    let run_config = RunConfig {
        out: out.into(),
        ..RunConfig::default()
    };
    run_in(&text, language, run_config)
}

#[test]
fn a_saved_figure_is_in_the_output_folder_in_the_format_of_its_extension() {
    let table: [(&str, &[u8]); 3] = [
        ("a.png", b"\x89PNG"),
        ("b.svg", b"<svg"),
        ("c.PNG", b"\x89PNG"),
    ];
    for language in LANGUAGES {
        for (name, start) in table {
            let out = tempfile::tempdir().expect("a temporary folder");
            let text = format!("plot::lines([1, 3, 2]).title(\"t\").save(\"{name}\")");
            let run = run_line(&text, language, out.path());
            assert!(
                run.outcome.is_ok(),
                "{name} {language:?}: {:?}",
                run.outcome
            );
            let bytes = std::fs::read(out.path().join(name)).expect(name);
            assert!(bytes.starts_with(start), "{name} {language:?}");
        }
    }
}

#[test]
fn errors_of_invalid_calls_state_the_expected_arguments() {
    let table = [
        (
            r#"plot::lines([1, 2]).save("a.pdf")"#,
            "figure.save: argument `path`: expected a path that ends in .png, .svg, .html, .gif or \
             .h5, found \"a.pdf\"",
        ),
        (
            r#"plot::lines("a")"#,
            "plot::lines: argument `y`: expected a vector, a matrix [lines, points] or a list of \
             vectors, found a string",
        ),
        (
            "plot::lines([1, 2], #{ x: [1, 2, 3] })",
            "lines: shapes [3] and [2] are incompatible",
        ),
        (
            r#"plot::lines([1, 2], #{ labels: ["a", "b"] })"#,
            "plot::lines: labels: expected 1 string, one for each layer, found 2",
        ),
        (
            r#"plot::lines([1, 2], #{ colour: "blu" })"#,
            "plot::lines: colour `blu` is not known",
        ),
        (
            "plot::heatmap([1, 2])",
            "plot::heatmap: expected values of shape [rows, columns], at least one of each, \
             found [2]",
        ),
        (
            "plot::grid([plot::lines([1]), 3])",
            "plot::grid: expected figures with one panel each, found an integer",
        ),
        (
            "scene::trajectories([[1, 2], [3, 4]])",
            "scene::trajectories: expected states of shape [.., 3], found [2, 2]",
        ),
        (
            "scene::trajectories(zeros([4, 5, 3]), #{ values: [1, 2] })",
            "scene::trajectories: expected values of shape [4], one per trial, or [4, 5], \
             found [2]",
        ),
        (
            "scene::trajectories(zeros([5, 3]), #{ values: zeros([5]), by: \"time\" })",
            "scene::trajectories: expected `values` or `by`, found both",
        ),
        (
            "scene::trajectories([zeros([5, 3]), zeros([2, 3])], #{ values: [1, 2, 3] })",
            "scene::trajectories: expected values of shape [2], one per trial, or a list of \
             vectors, found [3]",
        ),
        (
            "scene::trajectories([ones([5, 3]), ones([2, 3])], #{ values: [ones([5]), [1]] })",
            "scene::trajectories: expected values of one trial of shape [2], one per time step, \
             found [1]",
        ),
        (
            "scene::trajectories([zeros([5, 3]), zeros([3])])",
            "scene::trajectories: expected one trial of the list of shape [time, 3], found [3]",
        ),
        (
            "scene::points([[1, 2, 3], [0, 0, 0]], #{ sizes: [3, -1] })",
            "figure: expected `size` of a point above 0, found -1",
        ),
        (
            "scene::points([[1, 2]])",
            "scene::points: expected points of shape [.., 3], found [1, 2]",
        ),
        (
            "scene::points([[1, 2, 3]]).add(plot::lines([1]))",
            "a panel in three dimensions: expected layers in three dimensions, found one in two",
        ),
        (
            "scene::points([[1, 2, 3]]).camera(0, 100)",
            "figure: expected `elevation` from -90 to 90 degrees, found 100",
        ),
        (
            "plot::lines([1, 2]).camera(0, 10)",
            "a panel in three dimensions: expected layers in three dimensions, found one in two",
        ),
        (
            "plot::grid([])",
            "figure: expected panels of shape [0 * 0], at least one, found [0]",
        ),
    ];
    let out = tempfile::tempdir().expect("a temporary folder");
    for language in LANGUAGES {
        for (text, expected) in table {
            match run_line(text, language, out.path()).outcome {
                Err(error) => {
                    assert_eq!(
                        error.message,
                        message_in(language, expected),
                        "{language:?}"
                    )
                }
                Ok(value) => panic!("{text}: returned {}", display::value_text(&value)),
            }
        }
    }
}

#[test]
fn a_method_does_not_modify_its_figure() {
    let text = "let a = plot::lines([1, 2]); let b = a.vline(0.5); text_of([a, b])";
    let out = tempfile::tempdir().expect("a temporary folder");
    let run = run_line(text, Language::Rhai, out.path());
    let printed = run.outcome.map(|value| display::print_text(&value));
    assert_eq!(
        printed.expect("a text"),
        "[figure [1, 1], 1 layer, figure [1, 1], 2 layers]"
    );
}

#[test]
fn figures_are_byte_identical_in_both_languages() {
    let text = "plot::grid([plot::lines([[1, 2], [2, 1]]).legend([\"a\", \"b\"]), \
                plot::image([[1, -1], [0, 2]])]).save(\"a.png\")";
    let bytes = LANGUAGES.map(|language| {
        let out = tempfile::tempdir().expect("a temporary folder");
        let run = run_line(text, language, out.path());
        assert!(run.outcome.is_ok(), "{:?}", run.outcome);
        std::fs::read(out.path().join("a.png")).expect("the figure")
    });
    assert_eq!(bytes[0], bytes[1]);
}

#[test]
fn slower_fixed_points_have_larger_markers() {
    // Points of a search with modified errors: speeds of about 5e-9, 5e-5 and 1.
    let text = r#"
        let net = rnn::vanilla(#{ units: 3, gain: 0.5, dtype: "f64" });
        let start = random::normal(random::key(0), [20, 3]);
        fixed_points::find(net, #{ candidates: start }).save("points.h5");
        let data = h5::read("points.h5");
        let found = [];
        for error in [1e-17, 1e-9, 0.5] {
            data.error = [error];
            h5::write("changed.h5", data);
            let points = fixed_points::load("changed.h5").with_network(net);
            show::fixed_points(points, pca::fit(start)).save("figure.h5");
            let size = h5::read("figure.h5").panels[0].layers[0].sizes[0];
            found.push([points.speed().log().item() / ln(10.0), size]);
        }
        found
    "#;
    let out = tempfile::tempdir().expect("a temporary folder");
    let actual = run_line(text, Language::Rhai, out.path()).outcome;
    let actual = display::value_text(&actual.expect("three points"));
    let values: Vec<f64> = actual
        .split(|c: char| !(c.is_ascii_digit() || "-.e".contains(c)))
        .filter_map(|word| word.parse().ok())
        .collect();
    assert_eq!(values.len(), 6, "{actual}");
    for pair in values.chunks(2) {
        let expected = 8.0 - (pair[0] + 6.0).clamp(0.0, 4.0);
        assert!((pair[1] - expected).abs() < 1e-6, "{actual}");
    }
    assert!(values[1] == 8.0 && values[3] > 4.5 && values[3] < 7.5 && values[5] == 4.0);
}

#[test]
fn a_file_of_few_fixed_points_or_units_is_drawn() {
    // Units, points, names of the axes. Three points span a plane, and equal points nothing.
    let cases = [
        (1, "0, 1, 2", r#"["x", "", ""]"#),
        (2, "0", r#"["x", "y", ""]"#),
        (3, "0, 1, 2, 3, 4", r#"["x", "y", "z"]"#),
        (
            6,
            "0, 1, 2, 3",
            r#"["component 1", "component 2", "component 3"]"#,
        ),
        (6, "0, 1, 2", r#"["component 1", "component 2", ""]"#),
        (6, "0, 1", r#"["component 1", "", ""]"#),
        (6, "0, 0", r#"["", "", ""]"#),
        (6, "0", r#"["", "", ""]"#),
    ];
    for (units, points, names) in cases {
        for language in LANGUAGES {
            let out = tempfile::tempdir().expect("a temporary folder");
            let find = format!(
                r#"
                let net = rnn::vanilla(#{{ units: {units}, nonlinearity: "relu", dtype: "f64" }});
                net.load_params(#{{ wR: eye({units}), bR: zeros([{units}]) }});
                let h = random::uniform(random::key(0), [5, {units}]).f64();
                let all = fixed_points::find(net, #{{ candidates: h, interpolated: 0 }});
                all.take([{points}]).save("points.h5")"#
            );
            let saved = run_line(&find, Language::Rhai, out.path()).outcome;
            saved.expect("saved points");
            let file = r#"show::file("points.h5").save("figure.h5")"#;
            let drawn = run_line(file, language, out.path()).outcome;
            drawn.unwrap_or_else(|error| panic!("{units} units, points {points}: {error:?}"));
            let check = r#"
                let panel = h5::read("figure.h5").panels[0];
                [panel.x.label, panel.y.label, panel.z.label]"#;
            let actual = run_line(check, Language::Rhai, out.path()).outcome;
            let actual = display::value_text(&actual.expect("a figure"));
            assert_eq!(actual, names, "{units} units, points {points}");
        }
    }
}
