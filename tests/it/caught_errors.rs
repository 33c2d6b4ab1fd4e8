//! Errors that scripts catch: messages without internal names, and the location of thrown values.

use attractor::api::context::Language::{Lua, Rhai};

use crate::session::run;

const RHAI_STATEMENTS: [&str; 22] = [
    "if t { print(1) }",
    "let f = || if t { print(1) }; f.call()",
    "print([1][t])",
    "print(#{ a: 1 }[t])",
    "print(\"abc\"[t])",
    "print(\"a\" - t)",
    "print(n + 1)",
    "print(-n)",
    "print(!t)",
    "for x in t { print(x) }",
    "for x in n { print(x) }",
    "n.call(1)",
    "t.x = 1",
    "t[9] = 1",
    "print(parse_int(t))",
    "print([1, 2].sort(t))",
    "print(t in 5)",
    "print(1 << t)",
    "print(range(t, n))",
    "while n { print(1) }",
    "print(timestamp() + t)",
    "print([1].map(n))",
];

const LUA_STATEMENTS: [&str; 14] = [
    "return n()",
    "for x in n do end",
    "for x in pairs(n) do end",
    "return string.format('%d', t)",
    "return setmetatable(t, {})",
    "return math.floor(t)",
    "return next(t)",
    "return select(t)",
    "return string.char(n)",
    "return ('x'):rep(n)",
    "return n + 1",
    "return -n",
    "return t < n",
    "return #nil",
];

/// Substrings of internal names.
const INTERNAL_NAMES: [&str; 8] = [
    "candle",
    "::dynamic",
    "alloc",
    "Rc<",
    "Handle",
    "ImmutableString",
    "(line ",
    "api::",
];

#[test]
fn a_caught_error_contains_no_internal_names() {
    let cases = RHAI_STATEMENTS
        .map(|body| (Rhai, body))
        .into_iter()
        .chain(LUA_STATEMENTS.map(|body| (Lua, body)));
    for (language, body) in cases {
        let text = match language {
            Rhai => format!(
                "let t = zeros([2]); let n = rnn::vanilla(#{{ units: 2 }});
                 try {{ {body}; print(\"fine\"); }} catch (e) {{ print(e); print(`${{e}}`); }}"
            ),
            Lua => format!(
                "local t = zeros({{2}}); local n = rnn.vanilla({{ units = 2 }})
                 print(select(2, pcall(function() {body} end)))"
            ),
        };
        let run = run(&text, language);
        assert!(run.outcome.is_ok(), "{body}: {:?}", run.outcome);
        assert!(
            run.printed != "fine" && run.printed.len() > 8,
            "{body}: {}",
            run.printed
        );
        for name in INTERNAL_NAMES {
            assert!(!run.printed.contains(name), "{body}: {}", run.printed);
        }
    }
}

#[test]
fn the_message_of_a_caught_error_uses_the_type_names_of_scripts() {
    let text = "try { if zeros([2]) { print(1) } } catch (e) { print(e.message); }";
    let printed = run(text, Rhai).printed;
    assert!(
        printed.contains("tensor") && !printed.contains("candle"),
        "{printed}"
    );
}

#[test]
fn a_map_with_the_entries_of_an_error_stays_a_map() {
    let text = "print(#{ error: \"none\", message: \"m\" });";
    assert_eq!(run(text, Rhai).printed, "{error: \"none\", message: \"m\"}");
}

#[test]
fn a_thrown_value_that_is_not_a_string_has_a_location() {
    let values = [
        "{}",
        "nil",
        "5",
        "zeros({2})",
        "{ message = \"x\" }",
        "setmetatable({}, { __tostring = function() return \"own\" end })",
    ];
    for value in values {
        let text = format!("pcall(error, {{}})\nlocal function f()\n  error({value})\nend\nf()");
        let error = run(&text, Lua).outcome.expect_err("an error");
        assert_eq!(
            error.location.map(|location| location.line),
            Some(3),
            "{value}"
        );
    }
}

#[test]
fn a_thrown_string_has_the_line_of_the_call() {
    let cases = [
        ("\nerror('bad')", Some(2)),
        ("\nlocal function f()\n  error('bad')\nend\nf()", Some(3)),
        (
            "\nlocal function f()\n  error('bad', 2)\nend\n\nf()",
            Some(6),
        ),
        (
            "\nlocal function f()\n  return error('bad')\nend\n\nf()",
            Some(6),
        ),
        ("error('bad', 0)", None),
        ("return error('bad')", None),
    ];
    for (text, line) in cases {
        let error = run(text, Lua).outcome.expect_err("an error");
        assert_eq!(error.message, "bad", "{text}");
        assert_eq!(error.location.map(|location| location.line), line, "{text}");
    }
    let error = run("return error('bad')", Lua)
        .outcome
        .expect_err("an error");
    assert!(
        error
            .hint
            .expect("an error with a hint")
            .contains("return error")
    );
}
