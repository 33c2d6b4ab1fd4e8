//! `t[index] = value` changes the elements of one variable in place; values that were copied from
//! it before keep theirs. In Lua, all variables that refer to one tensor change, as for tables.

use attractor::api::context::Language::{Lua, Rhai};
use attractor::api::display;

use crate::session::run;

/// Statements after an assignment to `t = zeros([4])`, which makes `t` the only owner of its
/// elements: in Rhai, in Lua, and the results in both languages.
const CASES: [(&str, &str, &str, &str); 12] = [
    (
        "let a = t; a[0] = 9; [t[0], a[0]]",
        "local a = t; a[0] = 9; return {t[0], a[0]}",
        "[1.0, 9.0]",
        "[9.0, 9.0]",
    ),
    (
        "let a = t; t[0] = 9; [t[0], a[0]]",
        "local a = t:copy(); t[0] = 9; return {t[0], a[0]}",
        "[9.0, 1.0]",
        "[9.0, 1.0]",
    ),
    (
        "let a = t.copy(); t[0] = 9; t[1] = 8; a[2] = 7; [a[0], a[1], t[2]]",
        "local a = t:copy(); t[0] = 9; t[1] = 8; a[2] = 7; return {a[0], a[1], t[2]}",
        "[1.0, 2.0, 3.0]",
        "[1.0, 2.0, 3.0]",
    ),
    (
        "let a = t[0..2]; t[0] = 9; a",
        "local a = t[\":2\"]; t[0] = 9; return a",
        "tensor [2] f32 [1, 2]",
        "tensor [2] f32 [1, 2]",
    ),
    (
        "let a = t.reshape([2, 2]); t[0] = 9; a",
        "local a = t:reshape({2, 2}); t[0] = 9; return a",
        "tensor [2, 2] f32 [[1, 2], [3, 4]]",
        "tensor [2, 2] f32 [[1, 2], [3, 4]]",
    ),
    (
        "let a = [t, t]; t[0] = 9; [a[0][0], a[1][0]]",
        "local a = {t:copy(), t:copy()}; t[0] = 9; return {a[1][0], a[2][0]}",
        "[1.0, 1.0]",
        "[1.0, 1.0]",
    ),
    (
        "let f = |x| { x[0] = 9; x[1] }; let y = f.call(t); [t[0], y]",
        "local function f(x) x[0] = 9; return x[1] end; local y = f(t); return {t[0], y}",
        "[1.0, 2.0]",
        "[9.0, 2.0]",
    ),
    (
        "let f = || { t[0] = 9; }; f.call(); t[0]",
        "local function f() t[0] = 9 end; f(); return t[0]",
        "9.0",
        "9.0",
    ),
    (
        "t[\"::-1\"] = t; t",
        "t[\"::-1\"] = t; return t",
        "tensor [4] f32 [4, 3, 2, 1]",
        "tensor [4] f32 [4, 3, 2, 1]",
    ),
    (
        "t[1..] = t[..3]; t",
        "t[\"1:\"] = t[\":3\"]; return t",
        "tensor [4] f32 [1, 1, 2, 3]",
        "tensor [4] f32 [1, 1, 2, 3]",
    ),
    (
        "for i in 1..4 { t[i] = t[i] + t[i - 1]; } t[-1] += 1; t[t.gt(5)] = [0, 0]; t",
        "for i = 1, 3 do t[i] = t[i] + t[i - 1] end; t[-1] = t[-1] + 1; t[t:gt(5)] = {0, 0}; \
         return t",
        "tensor [4] f32 [1, 3, 0, 0]",
        "tensor [4] f32 [1, 3, 0, 0]",
    ),
    (
        "let x = tensor([2]); let g = grad(|x| { t[0] = x[0] * 3; t[1] = 7; (t * t).sum() }, x); g",
        "local x = tensor({2}); \
         return grad(function(x) t[0] = x[0] * 3; t[1] = 7; return (t * t):sum() end, x)",
        "tensor [1] f32 [36]",
        "tensor [1] f32 [36]",
    ),
];

#[test]
fn an_assignment_changes_no_value_that_was_copied_before() {
    let mut failures = Vec::new();
    for (rhai, lua, rhai_result, lua_result) in CASES {
        let rhai_text = format!("let t = zeros([4]); for i in 0..4 {{ t[i] = i + 1; }} {rhai}");
        let lua_text = format!("local t = zeros({{4}}); for i = 0, 3 do t[i] = i + 1 end; {lua}");
        for (language, text, expected) in
            [(Rhai, rhai_text, rhai_result), (Lua, lua_text, lua_result)]
        {
            let actual = match run(&text, language).outcome {
                Ok(value) => display::value_text(&value),
                Err(diagnostic) => diagnostic.to_string(),
            };
            if actual != expected {
                failures.push(format!("{text}\n    is {actual}, not {expected}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_failed_assignment_changes_nothing() {
    let setup = "let t = zeros([3], #{ dtype: \"i64\" }); t[0] = 1;";
    let cases = [
        ("t[3] = 1", "index"),
        ("t[0..2] = [5, 0.5]", "index_assign"),
        ("t[0..2] = [5, 6, 7]", "index_assign"),
        ("t[[0, 0]] = 5", "index"),
        ("t.x = 5", "x"),
    ];
    for (assignment, part) in cases {
        let text = format!(
            "{setup} let e = \"\"; try {{ {assignment}; }} catch (x) {{ e = x.message; }} [e, t]"
        );
        let value = run(&text, Rhai).outcome.expect("a list");
        let text = display::value_text(&value);
        assert!(
            text.contains("tensor [3] i64 [1, 0, 0]"),
            "{assignment}: {text}"
        );
        assert!(text.contains(part), "{assignment}: {text}");
    }
}

#[test]
fn every_dtype_is_assigned_in_place() {
    for dtype in ["f32", "f64", "i64", "u8"] {
        let text = format!(
            "let t = zeros([2, 3], #{{ dtype: \"{dtype}\" }}); t[[0, 0]] = 1; t[[\":\", 1]] = 7; \
             t[1] = [4, 5, 6]; t[[1, -1]] = 2; t"
        );
        let value = run(&text, Rhai).outcome.expect("a tensor");
        let expected = format!("tensor [2, 3] {dtype} [[1, 7, 0], [4, 5, 2]]");
        assert_eq!(display::value_text(&value), expected);
    }
}

/// The text of the value, or the message of the error.
fn outcome(text: &str) -> String {
    match run(text, Rhai).outcome {
        Ok(value) => display::value_text(&value),
        Err(diagnostic) => diagnostic.message,
    }
}

#[test]
fn an_assignment_with_an_operator_has_the_result_of_the_operator() {
    let values = [
        "2",
        "0.5",
        "[1, 2, 3, 4]",
        "t",
        "[1, 2, 3]",
        "2.5",
        "u",
        "[[1], [2]]",
    ];
    for operator in ["+", "-", "*", "**"] {
        for left in ["t", "3", "1.5", "[1, 2, 3, 4]"] {
            for right in values {
                if left != "t" && !["t", "u"].contains(&right) {
                    continue;
                }
                let setup = format!("let t = arange(1, 5); let u = t + 1; let a = {left};");
                let expected = format!("{setup} let b = a {operator} {right}; [b, t]");
                let assigned = format!("{setup} a {operator}= {right}; [a, t]");
                let rewritten = format!("{setup} a = a {operator} {right}; [a, t]");
                // `+=` appends to a list of a script.
                if left.starts_with('[') && operator == "+" {
                    continue;
                }
                let expected = outcome(&expected);
                assert_eq!(outcome(&assigned), expected, "{assigned}");
                assert_eq!(outcome(&rewritten), expected, "{rewritten}");
            }
        }
    }
}

#[test]
fn single_elements_of_views_and_of_every_dtype_are_plain_numbers() {
    let cases = [
        ("arange(0, 6).reshape([2, 3]).T()[[2, 1]]", "5.0"),
        ("arange(0, 6).reshape([2, 3])[1][-1]", "5.0"),
        ("arange(0, 6)[2..5][0]", "2.0"),
        ("arange(0, 6).gt(2)[-1]", "1"),
        ("tensor([7, 8], #{ dtype: \"i64\" })[1]", "8"),
        ("tensor([0.1], #{ dtype: \"f64\" })[0]", "0.1"),
        ("tensor([0.5]).at(0)", "0.5"),
        ("ones([2, 2])[0]", "tensor [2] f32 [1, 1]"),
    ];
    for (text, expected) in cases {
        assert_eq!(outcome(text), expected, "{text}");
    }
}
