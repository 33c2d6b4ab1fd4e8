//! Lists and strings of Rhai, and the iteration over tensors in Lua.

use attractor::api::context::Language::{Lua, Rhai};
use attractor::api::display;

use crate::session::{LANGUAGES, run};

#[test]
fn functions_that_change_a_list_or_a_text_also_return_it() {
    let cases = [
        (
            "let a = [3, 1, 2.5]; let b = a.sort(); [a, b]",
            "[[1, 2.5, 3], [1, 2.5, 3]]",
        ),
        ("let a = [\"b\", \"a\"]; a.sort()", "[\"a\", \"b\"]"),
        ("let a = [1, 3, 2]; a.sort(|x, y| y - x)", "[3, 2, 1]"),
        ("let a = [1, 3, 2]; a.sort(|x, y| x > y)", "[3, 2, 1]"),
        ("[].sort()", "[]"),
        ("let a = [1, 2]; a.reverse()", "[2, 1]"),
        (
            "let s = \"  x \"; let t = s.trim(); [s, t]",
            "[\"x\", \"x\"]",
        ),
        ("let s = \"abc\"; s.replace(\"b\", \"xy\")", "\"axyc\""),
        ("let s = \"ab\"; s.pad(5, \"xy\"); s", "\"abxyx\""),
        ("let s = \"ab\"; s.pad(4, 'z'); s", "\"abzz\""),
        ("let s = \"ab\"; s.pad(1, \"z\"); s", "\"ab\""),
        ("let a = [1]; a.pad(3, [0]); a", "[1, [0], [0]]"),
        ("\"a b  c\".split()", "[\"a\", \"b\", \"c\"]"),
        ("\"a,b,c\".split(\",\")", "[\"a\", \"b\", \"c\"]"),
        ("\"a,b,c\".split(',', 2)", "[\"a\", \"b,c\"]"),
        ("\"a,b,c\".split_rev(\",\")", "[\"c\", \"b\", \"a\"]"),
        ("\"a,b,c\".split_rev(\",\", 2)", "[\"c\", \"a,b\"]"),
        ("\"abc\".split(1)", "[\"a\", \"bc\"]"),
        ("\"\".split(\",\")", "[\"\"]"),
        ("\"abc\".split(\",\")", "[\"abc\"]"),
        ("\"ab\".to_chars()", "[\"a\", \"b\"]"),
        ("parse_json(\"[1, {\\\"a\\\": 2}]\")", "[1, {a: 2}]"),
        ("blob(2, 7).to_array()", "[7, 7]"),
        ("let b = blob(1); b.pad(3, 5); b.to_array()", "[0, 5, 5]"),
    ];
    for (text, expected) in cases {
        let value = run(text, Rhai).outcome.expect(text);
        assert_eq!(display::value_text(&value), expected, "{text}");
    }
}

#[test]
fn for_each_passes_elements_as_map_does() {
    let text = "let found = []; [5, 6].for_each(|x| found.push(x)); [7].for_each(|x, i| {
        found.push(x); found.push(i)
    }); found";
    let value = run(text, Rhai).outcome.expect("the list");
    assert_eq!(display::value_text(&value), "[5, 6, 7, 0]");
}

#[test]
fn a_list_of_different_kinds_cannot_be_sorted() {
    let error = run("[1, \"a\"].sort()", Rhai)
        .outcome
        .expect_err("an error");
    assert!(error.message.contains("found string"), "{error}");
}

#[test]
fn an_error_in_the_closure_of_sort_is_reported() {
    let error = run("[2, 1, 3].sort(|a, b| fail(\"no order\"))", Rhai).outcome;
    assert_eq!(
        error.expect_err("the error of the closure").message,
        "no order"
    );
}

#[test]
fn ipairs_and_pairs_visit_all_elements_of_a_tensor_in_lua() {
    for name in ["ipairs", "pairs"] {
        let text = format!(
            "local t, seen = arange(5, 8), {{}}
             for i, x in {name}(t) do seen[#seen + 1] = i .. '=' .. x end
             return table.concat(seen, ' ')"
        );
        let value = run(&text, Lua).outcome.expect(name);
        assert_eq!(display::print_text(&value), "0=5.0 1=6.0 2=7.0", "{name}");
    }
    let rows =
        "local n = 0 for i, row in ipairs(ones({3, 2})) do n = n + row:sum():item() end return n";
    let value = run(rows, Lua).outcome.expect("the sum");
    assert_eq!(display::value_text(&value), "6.0");
}

#[test]
fn an_index_one_beyond_the_end_explains_where_tensors_begin() {
    for language in LANGUAGES {
        let text = match language {
            Rhai => "let t = arange(0, 3); t[3]",
            Lua => "local t = arange(0, 3) return t[#t]",
        };
        let error = run(text, language)
            .outcome
            .expect_err("the index is out of range");
        let hint = error.hint.unwrap_or_default();
        assert_eq!(
            hint, "tensors count from 0: the last index is 2",
            "{language:?}"
        );
    }
}
