//! What a run allows itself: files that are larger than `--max-memory`.

use attractor::api::context::{Language, RunConfig};
use attractor::api::display;

use crate::session::run_in;

#[test]
fn a_file_that_is_larger_than_the_run_allows_is_not_read_whole() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let allowed = |max_memory| RunConfig {
        out: out.path().into(),
        max_memory,
        ..RunConfig::default()
    };
    let written = r#"h5::write("x.h5", #{ x: zeros([1000, 1000]) });"#;
    let run = run_in(written, Language::Rhai, allowed(1 << 30));
    run.outcome.expect("a file");
    let folder = out.path();
    std::fs::copy(folder.join("x.h5"), folder.join("x.safetensors")).expect("a copy");
    let readers = [
        ("reading entry `x`", r#"h5::read("x.h5", "x")"#),
        ("rnn::load", r#"rnn::load("x.h5")"#),
        ("rnn::load", r#"rnn::load("x.safetensors")"#),
    ];
    for (op, text) in readers {
        let run = run_in(text, Language::Rhai, allowed(1 << 20));
        let fault = run.outcome.expect_err(text).message;
        assert!(fault.starts_with(&format!("{op}: shape [")), "{fault}");
        assert!(fault.ends_with("the limit is 1048576 bytes"), "{fault}");
    }
    let run = run_in(r#"h5::read("x.h5")"#, Language::Rhai, allowed(1 << 20));
    assert_eq!(display::value_text(&run.outcome.expect("the rest")), "{}");
    assert!(run.printed.contains("`x` (shape [1000, 1000] needs 4000"));
    // A part of it is.
    let part = r#"h5::rows("x.h5", "x", 0, 1).shape()"#;
    let run = run_in(part, Language::Rhai, allowed(1 << 20));
    assert_eq!(
        display::value_text(&run.outcome.expect("a row")),
        "[1, 1000]"
    );
}
