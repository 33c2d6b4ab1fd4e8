//! Errors in functions of bundled script modules: they name the function that the user called, and
//! have the location of the call.

use attractor::api::context::Language;

use super::check;
use crate::cli;
use crate::session::{LANGUAGES, message_in, run};

/// Calls with wrong arguments in Rhai, and the beginning of the error.
const CALLS: &[(&str, &str)] = &[
    ("show::trials(3, 2)", "show::trials: "),
    (
        "show::trials(#{ inputs: zeros([2, 2, 2]) }, 2)",
        "show::trials: the map has no entry",
    ),
    (
        "show::trials(#{ inputs: zeros([2, 2, 2]) }, 5)",
        "show::trials: expected a count from 1 to 2",
    ),
    (
        "show::trials(3)",
        "show::trials: expected 2 arguments, found 1",
    ),
    ("show::training(3)", "show::training: "),
    (
        "show::training(#{})",
        "show::training: the map has no entry",
    ),
    (
        "show::training(1, 2, 3)",
        "show::training: expected 1 argument, found 3",
    ),
    ("show::parameters(3)", "show::parameters: "),
    (
        "show::parameters(rnn::gru())",
        "show::parameters: expected a vanilla network",
    ),
    ("show::fixed_points(3, 3)", "show::fixed_points: "),
    ("show::directions(3, 3, 1)", "show::directions: "),
    ("show::graph(3, 3, 3)", "show::graph: "),
    ("show::transitions(3, 3, 3)", "show::transitions: "),
    (
        "show::transitions()",
        "show::transitions: expected 3 arguments, found 0",
    ),
    ("show::file(3)", "show::file: expected the path of a file"),
    (
        "show::file(\"nothing.h5\")",
        "nothing.h5: the file does not exist",
    ),
    ("view(3)", "view: argument `figure`"),
    ("view(show::training(#{}))", "show::training: "),
];

#[test]
fn errors_in_bundled_functions_have_the_location_of_the_call() {
    for (call, expected) in CALLS {
        for language in LANGUAGES {
            let text = match language {
                Language::Rhai => format!("let first = 1;\n\n  {call};\n"),
                Language::Lua => {
                    let call = call
                        .replace("::", ".")
                        .replace("#{", "{")
                        .replace(": ", " = ");
                    let call = call.replace("[2, 2, 2]", "{2, 2, 2}");
                    format!("local first = 1\n\n  {call}\n")
                }
            };
            let error = run(&text, language).outcome.expect_err(call);
            let message = error.message.clone();
            // An empty table is a list in Lua.
            let expected = expected.split(" the map").next().unwrap_or(expected);
            let expected = message_in(language, expected);
            assert!(message.starts_with(&expected), "{call}: {message}");
            let location = error.location.expect("a location");
            assert!(location.file.starts_with("test."), "{call}: {location:?}");
            assert_eq!(location.line, 3, "{call}: {location:?}");
        }
    }
}

#[test]
fn the_obstacles_of_an_export_to_pytorch_are_reported_together() {
    const SET: &str = "net.set(\"h0\", ones([3]));";
    let save = |network: &str, set: &str| {
        format!("let net = {network}; {set} net.save(\"n.safetensors\");")
    };
    let gru = "rnn::gru(#{ units: 3 })";
    let (both, variant) = (save(gru, SET), save(gru, "net.set(\"h0\", zeros([3]));"));
    let relu = save("rnn::vanilla(#{ units: 3, nonlinearity: \"linear\" })", SET);
    let ugrnn = save("rnn::ugrnn(#{ units: 3 })", "net.set(\"h0\", zeros([3]));");
    let custom = save("rnn::custom(#{ units: 3, step: |h, x, p| h })", "");
    let deep = save(
        "rnn::gru(#{ units: 3, layers: 2, bidirectional: true, reset: \"after\" })",
        "for name in net.params().keys() { net.set(name, net.params()[name].ones_like()); }",
    );
    check(
        Language::Rhai,
        &[
            (
                &both,
                "found a GRU with the reset gate before the matrix, and learned initial states \
                 that are not 0 (h0)",
            ),
            (&both, "create the network with `reset: \"after\"`"),
            (&both, "set the option `first_states` to \"keep\""),
            (&both, "or save it to an .h5 file"),
            (
                &variant,
                "found a GRU with the reset gate before the matrix; hint: create",
            ),
            (&relu, "network of linear units, and learned initial states"),
            (
                &ugrnn,
                "network; hint: PyTorch has vanilla networks, LSTMs, and GRUs",
            ),
            (&custom, "found a network whose step is a closure"),
            (&deep, "found learned initial states that are not 0 (h0, h0"),
        ],
    );
}

#[test]
fn errors_of_the_view_command_show_no_line_of_its_own_script() {
    let folder = cli::folder(&[("notes.csv", b"a,b\n1,2,3\n")]);
    for file in ["nothing.h5", "notes.csv"] {
        for options in [&["--no-window"][..], &["--save", "figure.svg"]] {
            let args = [&["view", file][..], options].concat();
            let output = cli::run(&folder, &args);
            let error = cli::decode(&output.stderr);
            assert!(error.starts_with(&format!("error: {file}: ")), "{error}");
            assert!(!error.contains("-->"), "{error}");
            assert_eq!(output.status.code(), Some(1), "{error}");
        }
    }
}
