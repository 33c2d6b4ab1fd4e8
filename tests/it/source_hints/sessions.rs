//! Hints in interactive sessions.

use std::rc::Rc;

use attractor::api::context::{Context, Language, Script};
use attractor::host::{REPL_FILE, new_session};

use crate::session::OutputRecorder;

#[test]
fn a_session_states_how_its_language_was_selected() {
    let rows = [
        (
            Language::Rhai,
            "local x = 1",
            "this session is in Rhai (without the option --lua)",
        ),
        (
            Language::Lua,
            "let x = 1",
            "this session is in Lua (option --lua)",
        ),
        (
            Language::Lua,
            "return True",
            "this session is in Lua (option --lua)",
        ),
    ];
    for (language, input, expected) in rows {
        let terminal = Rc::new(OutputRecorder::default());
        let (config, stop) = (Default::default(), Default::default());
        let context = Context::new(config, terminal, stop, language, &Script::default());
        let mut host = new_session(context).expect("a session");
        assert!(!host.is_incomplete(input), "{REPL_FILE}: {input}");
        let error = host.eval(input).expect_err("an error");
        let hint = error.hint.unwrap_or_default();
        assert!(hint.contains(expected), "{input}: {hint}");
    }
}

#[test]
fn a_rhai_session_does_not_wait_for_more_lines_after_foreign_syntax() {
    let terminal = Rc::new(OutputRecorder::default());
    let (config, stop) = (Default::default(), Default::default());
    let context = Context::new(config, terminal, stop, Language::Rhai, &Script::default());
    let host = new_session(context).expect("a session");
    for input in ["for i = 1, 10 do", "if true then", "let f = lambda x: x"] {
        assert!(!host.is_incomplete(input), "{input}");
    }
    for input in [
        "for i in 0..3 {",
        "let m = #{ a: 1,",
        "if true",
        "fn f(x) {",
    ] {
        assert!(host.is_incomplete(input), "{input}");
    }
}

#[test]
fn a_function_of_an_earlier_input_cannot_access_a_variable_of_the_session() {
    let terminal = Rc::new(OutputRecorder::default());
    let (config, stop) = (Default::default(), Default::default());
    let context = Context::new(config, terminal, stop, Language::Rhai, &Script::default());
    let mut host = new_session(context).expect("a session");
    for input in ["let scale = 2", "fn f(x) { x * scale }"] {
        host.eval(input).expect("a valid input");
    }
    let hint = host.eval("f(3)").expect_err("an error").hint;
    let hint = hint.unwrap_or_default();
    assert!(hint.contains("pass `scale` as an argument"), "{hint}");
}
