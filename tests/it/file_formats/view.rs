//! `show::file`, which `attractor view` calls, for all file formats.

use std::fs;

use super::{assert_outcomes, reference};

/// Writes files of all formats.
const WRITER: &str = r#"
let states = random::normal(random::key(0), [4, 20, 6]);
npy::write("states.npy", states);
npy::write("wide.npy", zeros([3, 20]) + 1.0);
npy::write("narrow.npy", zeros([20, 3]) + 1.0);
npy::write("vector.npy", [1, 2, 3]);
npy::write("empty.npy", zeros([0, 3]));
npz::write("run.npz", #{ states: states, inputs: zeros([4, 20, 1]) });
npz::write("several.npz", #{ a: zeros([4, 20]), b: zeros([3]), c: "text" });
h5::write("one.h5", #{ x: states, note: "text" });
h5::write("several.h5", #{ x: zeros([2, 3]), y: zeros([3, 2]) });
csv::write("table.csv", #{ a: [1.0, 2.0], b: [3.0, 4.0] });
file::write("note.txt", "words of several\nlines\n");
let net = rnn::vanilla(#{ units: 5 });
net.save("net.h5");
net.save("net.safetensors", #{ first_states: "drop" });
"#;

#[test]
fn all_formats_are_shown() {
    let out = tempfile::tempdir().expect("a folder");
    let config = attractor::api::context::RunConfig {
        out: out.path().into(),
        ..Default::default()
    };
    let language = attractor::api::context::Language::Rhai;
    let run = crate::session::run_in(WRITER, language, config);
    run.outcome.expect("the files are written");
    fs::copy(reference("plain.mat"), out.path().join("plain.mat")).expect("a copy");
    let network = reference("../torch_gru1.pt");
    fs::copy(network, out.path().join("gru.pt")).expect("a copy");
    let several = "show::file: expected a figure, fixed points, a network, trajectories [trials, \
                   time, features] under the name states, hiddens, generator or trajectories, or a \
                   single array; ";
    let rows = [
        ("states.npy", "figure [1, 1], 1 layer".to_string()),
        ("wide.npy", "figure [1, 1], 1 layer".into()),
        ("narrow.npy", "figure [1, 1], 3 layers".into()),
        ("vector.npy", "figure [1, 1], 1 layer".into()),
        (
            "empty.npy",
            "show::file: expected values; the array of empty.npy has shape [0, 3]...".into(),
        ),
        ("run.npz", "figure [1, 1], 1 layer".into()),
        (
            "several.npz",
            format!("{several}several.npz holds a [4, 20], b [3], c..."),
        ),
        ("one.h5", "figure [1, 1], 1 layer".into()),
        (
            "several.h5",
            format!("{several}several.h5 holds x [2, 3], y [3, 2]..."),
        ),
        ("table.csv", "figure [1, 1], 2 layers".into()),
        (
            "note.txt",
            format!("{several}note.txt holds words of several..."),
        ),
        ("net.h5", "figure [1, 1], 1 layer".into()),
        ("net.safetensors", "figure [1, 1], 1 layer".into()),
        ("gru.pt", "figure [1, 1], 1 layer".into()),
        // The only array of three axes.
        ("plain.mat", "figure [1, 1], 1 layer".into()),
    ];
    for (name, expected) in rows {
        assert_outcomes(
            &[(&format!("show::file(\"{name}\")"), &expected)],
            out.path(),
        );
    }
}
