//! Files that are larger than the memory limit of a run.

use attractor::api::context::{Language, RunConfig};
use attractor::api::display;

use crate::session::run_in;

#[test]
fn a_file_above_the_memory_limit_is_rejected_but_its_rows_can_be_read() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let with_limit = |max_memory| RunConfig {
        out: out.path().into(),
        max_memory,
        ..RunConfig::default()
    };
    let writer = r#"h5::write("x.h5", #{ x: zeros([1000, 1000]) });"#;
    let run = run_in(writer, Language::Rhai, with_limit(1 << 30));
    run.outcome.expect("a file");
    let folder = out.path();
    std::fs::copy(folder.join("x.h5"), folder.join("x.safetensors")).expect("a copy");
    let readers = [
        ("reading entry `x`", r#"h5::read("x.h5", "x")"#),
        ("rnn::load", r#"rnn::load("x.h5")"#),
        ("rnn::load", r#"rnn::load("x.safetensors")"#),
    ];
    for (op, text) in readers {
        let run = run_in(text, Language::Rhai, with_limit(1 << 20));
        let error = run.outcome.expect_err(text).message;
        assert!(error.starts_with(&format!("{op}: shape [")), "{error}");
        assert!(error.ends_with("the limit is 1048576 bytes"), "{error}");
    }
    let run = run_in(r#"h5::read("x.h5")"#, Language::Rhai, with_limit(1 << 20));
    assert_eq!(display::value_text(&run.outcome.expect("the rest")), "{}");
    assert!(run.printed.contains("`x` (shape [1000, 1000] needs 4000"));
    // Part of the file can be read.
    let row = r#"h5::rows("x.h5", "x", 0, 1).shape()"#;
    let run = run_in(row, Language::Rhai, with_limit(1 << 20));
    assert_eq!(
        display::value_text(&run.outcome.expect("a row")),
        "[1, 1000]"
    );
}
