//! Undefined names and missing entries, explained from the declarations in the script.

use attractor::api::context::{Language, Script};

use super::{check, text_of};
use crate::session::run_script;

#[test]
fn an_assignment_to_an_undeclared_variable_suggests_let() {
    check(
        Language::Rhai,
        &[
            (
                "x = 3",
                "hint: declare a new variable with `let`: let x = 3;",
            ),
            ("f = |x| x + 1;", "let f = ..;"),
            ("x += 3", "let x = 0;"),
            ("x.y = 3", "let x = #{};"),
            ("fn f(x) { y = 3; x }", "let y = 3;"),
            ("if true { y = 3; }", "let y = 3;"),
            (
                "let scale = 1; scal = 3;",
                "did you mean `scale`? declare a new variable with `let`: let scal = 3;",
            ),
        ],
    );
}

#[test]
fn a_variable_outside_a_function_is_named_with_the_remedy() {
    const CLOSURE: &str = "or write a closure, let f = |x| ..; and call it with f.call(..)";
    check(
        Language::Rhai,
        &[
            (
                "let scale = 2; fn f(x) { x * scale } print(f(3));",
                "a function cannot access variables outside it: pass `scale` as an argument, \
                 fn f(x, scale); ",
            ),
            ("let scale = 2; fn f(x) { x * scale } print(f(3));", CLOSURE),
            (
                "const S = 2; fn f(x) { x * S } print(f(3));",
                "or write global::S in a function",
            ),
            ("const S = 2; fn f(x) { x * global::S } print(f(3));", "6"),
            ("const S = 2; let f = |x| x * S; print(f.call(3));", "6"),
            (
                "let a = 1; fn f() { a += 1; } f();",
                "pass `a` as an argument, fn f(a);",
            ),
            (
                "let n = 3; fn f() { let g = |x| x + n; g.call(1) } f();",
                "pass `n`",
            ),
            (
                "let g = |x| x; fn f(y) { g(y) } f(1)",
                "pass `g` as an argument",
            ),
            (
                "for k in 0..2 { } fn f(x) { x * k } f(1)",
                "pass `k` as an argument",
            ),
        ],
    );
    let own = text_of("fn f(x) { x * scale } print(f(3));", Language::Rhai);
    assert!(!own.contains("outside"), "{own}");
}

#[test]
fn a_function_with_another_number_of_arguments_is_reported_as_such() {
    check(
        Language::Rhai,
        &[
            (
                "fn f(a, b) { a } f(1)",
                "f: expected 2 arguments, found 1; hint: the function is f(a, b)",
            ),
            (
                "fn f(a) { a } f([1, 2], |x, y| x + y)",
                "f: expected 1 argument, found 2",
            ),
            (
                "fn f() { 1 } f(max(1, 2))",
                "f: expected 0 arguments, found 1",
            ),
        ],
    );
}

#[test]
fn a_misspelt_name_suggests_a_declared_one() {
    let rhai = [
        ("let scale = 3; print(scal * 2);", "did you mean `scale`?"),
        (
            "fn double(x) { 2 * x } print(doubel(2));",
            "did you mean `double`?",
        ),
        // A name of the vocabulary is preferred if it is more similar.
        ("let zoo = 3; print(zeross(2));", "did you mean `zeros`?"),
    ];
    check(Language::Rhai, &rhai);
    let lua = [
        ("local scale = 3 print(scal * 2)", "did you mean `scale`?"),
        (
            "local function double(x) return 2 * x end print(doubel(2))",
            "`double`",
        ),
    ];
    check(Language::Lua, &lua);
}

#[test]
fn a_missing_entry_lists_the_entries_of_the_map() {
    check(
        Language::Rhai,
        &[
            (
                "let m = #{ learning_rate: 1, seed: 2 }; print(m.lr);",
                "the map has no entry `lr`; hint: did you mean `learning_rate`? entries: \
                 learning_rate, seed",
            ),
            (
                "let m = #{ a: #{ b: 1 } }; print(m.a.c);",
                "hint: entries: b",
            ),
            (
                "let m = #{ a: #{ b: 1 } }; print(m[\"c\"]);",
                "hint: entries: a",
            ),
            ("let m = #{ a: 1 }; m.b = 2; print(m.b);", "2"),
            ("let m = #{}; print(m.b);", "hint: the map is empty"),
            (
                "let m = #{ a: 1 }; fn f(m) { m.c } f(#{ b: 1 });",
                "the map has no entry `c`; hint: ",
            ),
            // The map of a parameter is not known after the error, but the entries in the text are.
            (
                "fn f(m) { m.learningrate } f(#{ learning_rate: 1 });",
                "hint: did you mean `learning_rate`?",
            ),
            (
                "let fit = train(rnn::vanilla(#{ units: 3 }), tasks::integrator(), \
                 #{ batches: 2 }); print(fit.losses);",
                "did you mean `loss`? entries: ",
            ),
        ],
    );
    check(
        Language::Lua,
        &[
            (
                "m = { learning_rate = 1, seed = 2 } print(m.lr + 1)",
                "did you mean `learning_rate`? entries: learning_rate, seed",
            ),
            (
                "local m = { learning_rate = 1 } print(m.lr + 1)",
                "did you mean `learning_rate`? entries: learning_rate",
            ),
            (
                "local m = { a = { b = 1 } } m.d = 2 print(m.a.c + 1)",
                "hint: entries: b",
            ),
            (
                "local m = { a = f, g = { b = 1 } } m.d = 2 print(m.c + 1)",
                "hint: entries: a, d, g",
            ),
        ],
    );
    let shadowed = text_of(
        "let m = #{ a: 1 }; fn f(m) { m.c } f(#{ b: 1 });",
        Language::Rhai,
    );
    assert!(!shadowed.contains("entries"), "{shadowed}");
}

#[test]
fn an_empty_block_in_place_of_a_map_is_explained() {
    check(
        Language::Rhai,
        &[("let m = {}; m.a = 3;", "an empty map is `#{}`")],
    );
}

#[test]
fn a_name_of_an_imported_script_is_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("part.rhai"), "fn blend(a, b) { a + b }").expect("a script");
    let rows = [
        (
            "import \"part\" as p; p::blend(1);",
            "p::blend: expected 2 arguments, found 1",
        ),
        (
            "import \"part\" as p; p::blend(1);",
            "the function is p::blend(a, b)",
        ),
        (
            "import \"part\" as p; p::blnd(1, 2);",
            "did you mean `blend`?",
        ),
        (
            "import \"part\" as p; p::other(1);",
            "the functions of part are blend",
        ),
        (
            "import \"part\" as p; p.blend(1, 2);",
            "`p` is an imported script: write p::blend",
        ),
        (
            "import \"part\"; part::blend(1, 2);",
            "write import \"part\" as part;",
        ),
    ];
    for (text, expected) in rows {
        let path = folder.path().join("main.rhai").display().to_string();
        let script = Script {
            path,
            text: text.into(),
        };
        let error = run_script(&script, Language::Rhai, folder.path()).outcome;
        let error = error.expect_err(text);
        let found = format!(
            "{}; hint: {}",
            error.message,
            error.hint.unwrap_or_default()
        );
        assert!(found.contains(expected), "{text}: {found}");
    }
}

#[test]
fn a_missing_element_of_a_lua_list_states_how_lists_count() {
    check(
        Language::Lua,
        &[
            (
                "local t = {1, 2} print(t[3] + 1)",
                "the table has no element at this index; hint: lists count from 1",
            ),
            (
                "local t, i = {1, 2}, 0 print(t[i] + 1)",
                "no element at this index",
            ),
        ],
    );
}
