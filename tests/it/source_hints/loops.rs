//! Loops over values that have no elements: the error states what a loop accepts, and the remedy.

use attractor::api::context::Language;

use super::check;

#[test]
fn a_loop_over_a_value_without_elements_is_explained_in_rhai() {
    const KINDS: &str =
        "expected a list, a range, a string, a tensor or fixed points to iterate over";
    check(
        Language::Rhai,
        &[
            (
                "for x in #{ a: 1 } { print(x); }",
                "found a map; hint: for name in map.keys()",
            ),
            (
                "let m = #{ a: 1 }; for x in m { print(x); }",
                "found a map; hint: for name in map",
            ),
            ("for x in 5 { print(x); }", KINDS),
            (
                "let n = 5; for x in n { print(x); }",
                "found an integer; hint: a range counts",
            ),
            (
                "let n = 5; for x in n { print(x); }",
                "for i in 0..5 { .. }",
            ),
            (
                "let n = 5; for x in n / 2 { print(x); }",
                "found a number; hint: a range counts",
            ),
            (
                "for x in zeros([]) { print(x); }",
                "found a tensor without axes",
            ),
            ("for x in rnn::vanilla() { print(x); }", "found a network"),
            (
                "for x in |a| a { print(x); }",
                "found a function; hint: call the function",
            ),
            ("for x in tasks::integrator() { print(x); }", "found a task"),
            ("let y = (); for x in y { print(x); }", "found nil"),
            ("for x in zeros([2]) { print(x); }", "0.0\n0.0"),
            ("if 5 { print(1); }", "expected a boolean, found an integer"),
        ],
    );
}

#[test]
fn a_loop_over_a_value_without_elements_is_explained_in_lua() {
    const KINDS: &str = "expected a table, a tensor or fixed points to iterate over";
    check(
        Language::Lua,
        &[
            (
                "for x in 5 do end",
                "expected an iterator such as ipairs(..) after `in`",
            ),
            (
                "for x in {1, 2} do end",
                "found a table; hint: for i, x in ipairs(list)",
            ),
            (
                "for x in zeros(3) do end",
                "hint: ipairs visits the elements of a tensor",
            ),
            (
                "for x in \"abc\" do end",
                "found a string; hint: for letter in text:gmatch",
            ),
            ("for i, x in ipairs(5) do end", KINDS),
            (
                "for i, x in ipairs(5) do end",
                "found an integer; hint: count with for i = 1, 5",
            ),
            ("for i, x in pairs(2.5) do end", "found a number"),
            ("for i, x in ipairs(\"abc\") do end", "found a string"),
            ("for i, x in ipairs(nil) do end", "found nil"),
            (
                "for i, x in ipairs(rnn.vanilla()) do end",
                "found a network",
            ),
            (
                "for i, x in ipairs(zeros({})) do end",
                "found a tensor without axes",
            ),
            ("for i, x in pairs(zeros({2})) do print(i) end", "0\n1"),
            ("for k, v in pairs({a = 1}) do print(k) end", "a"),
        ],
    );
}
