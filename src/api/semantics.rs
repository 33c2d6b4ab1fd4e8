//! How values behave in both languages, as a table: `help("semantics")` shows it, and a test runs
//! each row in both languages.

use std::fmt::Write;

/// Largest length of expressions that are shown side by side.
const NARROW: usize = 30;

/// The result of an expression that raises an error.
pub const ERROR: &str = "error";

/// An expression in both languages, and the text of its result in each. Lua code that begins
/// with `local` contains statements and ends with `return`.
pub struct Row {
    pub rhai: &'static str,
    pub rhai_result: &'static str,
    pub lua: &'static str,
    pub lua_result: &'static str,
}

/// The rows, by subject.
pub const SUBJECTS: &[(&str, &[Row])] = &[
    (
        "Division returns a float; floor_divide rounds down",
        &[
            same("7 / 10", "0.7"),
            same("6 / 2", "3.0"),
            same("1 / 0", "inf"),
            same("floor_divide(7, 2)", "3"),
            same("floor_divide(-7, 2)", "-4"),
            same("floor_divide(1, 0)", ERROR),
        ],
    ),
    (
        "The remainder has the sign of the divisor",
        &[
            same("-5 % 3", "1"),
            same("5 % -3", "-1"),
            same("-5.5 % 3", "0.5"),
            same("1 % 0", ERROR),
            same("tensor(-5) % 3", "1.0"),
        ],
    ),
    (
        "Powers: ** in Rhai, ^ in Lua, where every power is a float",
        &[
            differs("2 ** 3", "8", "2 ^ 3", "8.0"),
            differs("2.0 ** -1", "0.5", "2.0 ^ -1", "0.5"),
            differs("2 ** -1", ERROR, "2 ^ -1", "0.5"),
            differs("2 ** 3 ** 2", "512", "2 ^ 3 ^ 2", "512.0"),
            differs("tensor(2) ** -1", "0.5", "tensor(2) ^ -1", "0.5"),
        ],
    ),
    (
        "Different in the two languages: `attractor check` warns about both in Rhai",
        &[
            differs("-2.0 ** 2", "4.0", "-2.0 ^ 2", "-4.0"),
            differs("2 ^ 3", "1", "2 ^ 3", "8.0"),
        ],
    ),
    (
        "Ties round to even; log is the natural logarithm",
        &[
            same("round(2.5)", "2.0"),
            same("round(3.5)", "4.0"),
            same("round(-7)", "-7"),
            same("round(tensor(2.5))", "2.0"),
            same("log(1)", "0.0"),
            same("log2(8)", "3.0"),
            same("log10(100)", "2.0"),
            same("log10(tensor(100))", "2.0"),
        ],
    ),
    (
        "Comparisons are exact",
        &[
            same("0.1 + 0.2 == 0.3", "false"),
            same("0.0 < 1e-20", "true"),
            same("1 == 1.0", "true"),
            same("9007199254740993 == 9007199254740992.0", "false"),
            differs("1 != \"1\"", "true", "1 ~= \"1\"", "true"),
        ],
    ),
    (
        "An integer that exceeds 64 bits: an error in Rhai and in tensors, wraps around in Lua",
        &[
            differs(
                "9223372036854775807 + 1",
                ERROR,
                "9223372036854775807 + 1",
                "-9223372036854775808",
            ),
            differs(
                "tensor(9223372036854775807, #{ dtype: \"i64\" }) + 1",
                ERROR,
                "tensor(9223372036854775807, { dtype = \"i64\" }) + 1",
                ERROR,
            ),
        ],
    ),
    (
        "== and != of tensors: elementwise in Rhai; in Lua one boolean, false for a number",
        &[
            differs(
                "(tensor([1, 2]) == 2).to_list()",
                "[0, 1]",
                "tensor({ 1, 2 }):eq(2):to_list()",
                "[0, 1]",
            ),
            differs("tensor(2) == 2", "true", "tensor(2) == 2", "false"),
            differs(
                "tensor(2).item() == 2",
                "true",
                "tensor(2):item() == 2",
                "true",
            ),
            differs(
                "tensor([1, 2]).equal(tensor([1, 2]))",
                "true",
                "tensor({ 1, 2 }) == tensor({ 1, 2 })",
                "true",
            ),
        ],
    ),
    (
        "Indices count from 0, except those of Lua tables",
        &[
            same("arange(5, 7)[0]", "5.0"),
            same("arange(5, 7)[-1]", "6.0"),
            same("arange(5, 7)[2]", ERROR),
            differs("[5, 6][0]", "5", "({5, 6})[1]", "5"),
        ],
    ),
    (
        "Several axes of a tensor: a list as the index, or `at` with one index per axis",
        &[
            differs("eye(2)[[0, 1]]", "0.0", "eye(2)[{0, 1}]", "0.0"),
            differs("eye(2).at(0, 0)", "1.0", "eye(2):at(0, 0)", "1.0"),
            differs(
                "eye(3)[[0, 1..3]].to_list()",
                "[0.0, 0.0]",
                "eye(3)[{0, \"1:3\"}]:to_list()",
                "[0.0, 0.0]",
            ),
            differs("eye(2)[[0, 2]]", ERROR, "eye(2)[{0, 2}]", ERROR),
            differs(
                "eye(2).take(0, [1, 0])[0].to_list()",
                "[0.0, 1.0]",
                "eye(2):take(0, {1, 0})[0]:to_list()",
                "[0.0, 1.0]",
            ),
        ],
    ),
    (
        "Functions as values: a closure captures the variables around it; in Rhai `.call` calls it",
        &[
            differs(
                "let a = 2; let f = |x| a * x; f.call(3)",
                "6",
                "local a = 2; local f = function(x) return a * x end; return f(3)",
                "6",
            ),
            differs(
                "let a = 2; let f = |x| a * x; f(3)",
                ERROR,
                "(function(x) return 2 * x end)(3)",
                "6",
            ),
            differs(
                "let a = 2; fn f(x) { a * x } f(3)",
                ERROR,
                "local a = 2; local function f(x) return a * x end; return f(3)",
                "6",
            ),
            differs(
                "fn f(x) { 2 * x } f(3)",
                "6",
                "local function f(x) return 2 * x end; return f(3)",
                "6",
            ),
        ],
    ),
    (
        "The absence of a value: () in Rhai, nil in Lua; both print nil",
        &[
            differs("()", "nil", "nil", "nil"),
            differs("() == ()", "true", "nil == nil", "true"),
            differs("#{ a: 1 }.b", "nil", "({ a = 1 }).b", "nil"),
        ],
    ),
];

/// Differences that no expression shows.
const NOTES: &[&str] = &[
    "Lua: for i, x in ipairs(t) visits the elements of a tensor with their indices from 0; the \
     last index is #t - 1.",
    "Rhai: `/=` and `%=` are not available; write x = x / y.",
    "Rhai: a string between backticks can span lines, but does not interpret \\n; a string between \
     double quotes does.",
    "Rhai: list.for_each(|x, i| ..) passes the element and its index, as map does. sort, reverse, \
     trim and replace change their receiver and return it.",
    "Rhai: `try` is a statement, so `let y = try { .. }` is an error, and a function that ends \
     with `try { f() } catch { 0 }` returns nil; assign to a variable that is declared before \
     `try`, or write return in both blocks. `attractor check` warns about a value at the end of a \
     `try` block.",
    "Rhai: a function (`fn f(x) { .. }`) sees its parameters and other functions, but no variable \
     outside it; a closure (`|x| ..`) captures the variables that it uses. Pass data to a function \
     as arguments. global::NAME is a constant of the script, in functions that the script itself \
     calls.",
    "Rhai: f.call(x) calls a closure f that is a variable; a field of a map, such as m.f, \
     is called with m.f.call(x).",
    "Lua: functions see all local variables that are declared before them, and call with f(x).",
    "Rhai: a variable that a function should change must be its receiver: list.push(x).",
    "Lua: # and == of tables follow Lua; use tensors for arrays of numbers.",
    "Use Lua for long loops over numbers: they take a fifth to a half of the time in Python, \
     in Rhai 4 to 11 times as long as in Python. Calls of the engine are about equally fast in \
     both.",
];

const fn same(expression: &'static str, result: &'static str) -> Row {
    differs(expression, result, expression, result)
}

const fn differs(
    rhai: &'static str,
    rhai_result: &'static str,
    lua: &'static str,
    lua_result: &'static str,
) -> Row {
    Row {
        rhai,
        rhai_result,
        lua,
        lua_result,
    }
}

/// The page of `help("semantics")`.
pub fn page() -> String {
    let mut text = String::from("Values in Rhai and Lua\n");
    for (subject, rows) in SUBJECTS {
        let _ = write!(text, "\n{subject}:\n");
        for row in *rows {
            let _ = match (row.rhai, row.rhai_result) == (row.lua, row.lua_result) {
                true => writeln!(text, "  {:<36} {}", row.rhai, row.rhai_result),
                false if row.rhai.len().max(row.lua.len()) > NARROW => writeln!(
                    text,
                    "  Rhai: {:<52} {}\n  Lua:  {:<52} {}",
                    row.rhai, row.rhai_result, row.lua, row.lua_result
                ),
                false => writeln!(
                    text,
                    "  Rhai: {:<30} {:<22} Lua: {:<30} {}",
                    row.rhai, row.rhai_result, row.lua, row.lua_result
                ),
            };
        }
    }
    text.push('\n');
    for note in NOTES {
        let _ = writeln!(text, "- {note}");
    }
    text.trim_end().to_string()
}
