//! Syntax of other languages: the hint states the language of the script and the equivalent.

use attractor::api::context::Language;

use super::text_of;

/// Statements in Rhai scripts, with the description of the syntax and the equivalent.
const RHAI: &[(&str, &str, &str)] = &[
    ("local x = 1", "`local` is syntax of Lua", "`let x = ..;`"),
    ("local function f(x) end", "of Lua", "`fn f(..) { .. }`"),
    ("function f() return 1 end", "of Lua", "`fn f(..) { .. }`"),
    ("let f = function(x) { x };", "of Lua", "`|x| ..`"),
    (
        "if true then print(1) end",
        "`then`",
        "`if condition { .. }`",
    ),
    ("if true { } elseif false { }", "`elseif`", "else if"),
    ("if 3 ~= 2 { }", "`~=`", "`!=`"),
    ("let x = 1; -- a comment", "a comment with `--`", "`//`"),
    ("# a comment", "a comment with `#`", "`//`"),
    ("let x = nil;", "`nil` is syntax of Lua", "`()`"),
    ("let x = {1, 2};", "a table `{1, 2}`", "`[1, 2]`"),
    ("let x = {a = 1};", "a table", "`#{ a: .. }`"),
    ("let x = {\"a\": 1};", "a dictionary", "`#{ a: 1 }`"),
    ("let x = #{ a = 1 };", "`a = ..` in a map", "`#{ a: .. }`"),
    (
        "let x = 3; print(\"a\" .. x);",
        "join strings with `+`",
        "`a is ${a}`",
    ),
    ("if true and false { }", "`and`", "`a && b`"),
    ("if true or false { }", "`or`", "`a || b`"),
    ("if not true { }", "`not`", "`!a`"),
    (
        "for i = 1, 10 do print(i) end",
        "`for i = ..`",
        "`for i in 0..10",
    ),
    (
        "for i, x in ipairs([1]) { }",
        "of Lua",
        "`for (x, i) in list",
    ),
    ("for i in 0..3 do print(i) end", "`do`", "`{ .. }`"),
    (
        "repeat x until true",
        "`repeat`",
        "`do { .. } until condition;`",
    ),
    (
        "let t = [1]; print(#t);",
        "`#t` is syntax of Lua",
        "`t.len()`",
    ),
    (
        "let n = rnn::vanilla(); n:run(1);",
        "`n:run(..)`",
        "`n.run(..)`",
    ),
    (
        "let n = rnn::vanilla{ units: 3 };",
        "of Lua",
        "`vanilla(#{ units: 3 })`",
    ),
    (
        "let n = rnn::vanilla(units=3);",
        "an argument `units = ..`",
        "#{ units: .. }",
    ),
    (
        "let t = table.insert([1], 2);",
        "`table.insert`",
        "`list.push(x)`",
    ),
    ("let t = math.floor(2.5);", "`math.floor`", "`floor(x)`"),
    (
        "def f(x): return x",
        "`def` is syntax of Python",
        "`fn f(..) { .. }`",
    ),
    ("let f = lambda x: x;", "`lambda`", "`|x| ..`"),
    ("let x = None;", "`None` is syntax of Python", "`()`"),
    ("let x = True;", "`True`", "`true`"),
    (
        "import numpy as np",
        "`import numpy`",
        "`import \"file\" as name;`",
    ),
    (
        "let xs = [1]; for x in xs: print(x)",
        "`:` before a block",
        "`{ .. }`",
    ),
    ("if true: print(1)", "`:` before a block", "`{ .. }`"),
    (
        "let x = [i for i in 0..3];",
        "a list comprehension",
        "`list.map(|i| ..)`",
    ),
    (
        "let x = 1 if true else 2;",
        "of Python",
        "`if condition { a } else { b }`",
    ),
    (
        "print(f\"a {1}\");",
        "a string `f\"..\"`",
        "between backticks",
    ),
    ("let x = 'abc';", "single quotes", "double quotes"),
    ("x, y = [1, 2]", "several variables", "`let x = list[0];`"),
    (
        "let t = zeros([2, 2]); t[:, 0]",
        "the index `[:, ..]`",
        "`t[[\":\", 0]]`",
    ),
    (
        "let t = zeros([2, 2]) @ zeros([2, 2]);",
        "`@` is syntax of NumPy",
        "a.matmul(b)",
    ),
    (
        "var x = 1;",
        "`var` is syntax of JavaScript",
        "`let x = ..;`",
    ),
    (
        "let x = true ? 1 : 2;",
        "`a ? b : c`",
        "`if a { b } else { c }`",
    ),
    ("let x = 1 === 1;", "`===`", "`==`"),
    ("let x = 3; x++;", "`++`", "`x += 1`"),
    ("let f = (x) => x;", "`(x) => ..`", "`|x| ..`"),
    ("let mut x = 1;", "`mut` is syntax of Rust", "`let x = ..;`"),
    (
        "let x: i64 = 3;",
        "a type in a declaration",
        "`let x = ..;`",
    ),
    (
        "let y = try { 3 } catch { 4 };",
        "`try` is a statement",
        "let y = ();",
    ),
    (
        "let n = 7; let y = n // 2;\nprint(y);",
        "begins a comment",
        "floor_divide(a, b)",
    ),
];

/// Statements in Lua scripts, with the description of the syntax and the equivalent.
const LUA: &[(&str, &str, &str)] = &[
    ("let x = 1;", "`let` is syntax of Rhai", "`local x = ..`"),
    ("const x = 1", "`const`", "`local x <const> = ..`"),
    (
        "var x = 1",
        "`var` is syntax of JavaScript",
        "`local x = ..`",
    ),
    ("local m = #{ a: 1 }", "a map `#{ a: 1 }`", "`{ a = 1 }`"),
    ("local m = { a: 1 }", "`a: ..` in a table", "`{ a = .. }`"),
    ("local m = {\"a\": 1}", "a dictionary", "`{ a = 1 }`"),
    (
        "fn f() { return 1 }",
        "`fn` is syntax of Rhai",
        "`local function f(..) .. end`",
    ),
    (
        "local f = |x| x + 1",
        "a closure `|x| ..`",
        "`function(x) return .. end`",
    ),
    ("if 1 != 2 then end", "`!=`", "`~=`"),
    ("if true && false then end", "`&&`", "`a and b`"),
    ("if true || false then end", "`||`", "`a or b`"),
    ("if !true then end", "`!`", "`not a`"),
    ("local x = 1\nx += 1", "`+=`", "`x = x + ..`"),
    ("x++", "`++`", "`x = x + 1`"),
    ("// a comment", "a comment with `//`", "`--`"),
    ("local x = 1; // a comment", "a comment with `//`", "`--`"),
    ("local x = [1, 2]", "a list `[1, 2]`", "`{1, 2}`"),
    ("print(zeros([2, 3]))", "a list `[1, 2]`", "`{1, 2}`"),
    (
        "local t = tensor([[1, 2], [3, 4]])",
        "is a string in Lua",
        "{{1, 2}, {3, 4}}",
    ),
    (
        "local net = rnn::vanilla()",
        "`rnn::vanilla`",
        "`rnn.vanilla`",
    ),
    ("import \"other\" as o", "`import`", "require(\"file\")"),
    ("import numpy as np", "`import`", "require(\"file\")"),
    (
        "local s = `a ${x}`",
        "a string between backticks",
        "`\"a is \" .. a`",
    ),
    (
        "local s = f\"a {1}\"",
        "a string `f\"..\"`",
        "`\"a is \" .. a`",
    ),
    ("local s = \"a\" + 1", "`..` joins strings", "\"a\" .. x"),
    (
        "def f(x): return x",
        "`def` is syntax of Python",
        "`local function f(..)",
    ),
    (
        "local f = lambda x: x",
        "`lambda`",
        "`function(x) return .. end`",
    ),
    ("local x = None", "`None` is syntax of Python", "`nil`"),
    (
        "local x = { polish = True }",
        "this script is in Lua",
        "`true`",
    ),
    ("local y = 2 ** 3", "`**`", "`a ^ b`"),
    (
        "local xs = {1}\nfor x in xs:\n    print(x)",
        "`:` before a block",
        "ipairs(list)",
    ),
    (
        "if true { print(1) }",
        "a block `{ .. }`",
        "`if condition then .. end`",
    ),
    (
        "if true then print(1) elif false then end",
        "`elif`",
        "`elseif condition then`",
    ),
    (
        "if true then\nprint(1)\nelse if false then\nend",
        "`else if`",
        "`elseif condition then`",
    ),
    (
        "while true { }",
        "a block `{ .. }`",
        "`while condition do .. end`",
    ),
    (
        "while true do\ncontinue\nend",
        "`continue`",
        "`goto continue`",
    ),
    ("for i in 0..5 { }", "a range", "`for i = 0, 9 do .. end`"),
    (
        "for i in range(5) do print(i) end",
        "`range`",
        "`for i = 0, 9 do .. end`",
    ),
    ("throw \"x\"", "`throw`", "`error(\"text\")`"),
    ("local x = a ? 1 : 2", "`a ? b : c`", "`a and b or c`"),
    (
        "local f = (x) => x",
        "`(x) => ..`",
        "`function(x) return .. end`",
    ),
    (
        "local n = rnn.vanilla(units=3)",
        "an argument `units = ..`",
        "f{ units = .. }",
    ),
    (
        "local t = zeros({2, 2}) print(t[0, 0])",
        "the index `t[0, 1]`",
        "`t[{0, 1}]`",
    ),
    (
        "local l = {1} l.push(3)",
        "`l.push(..)`",
        "`table.insert(l, x)`",
    ),
    ("local l = {1} print(l:len())", "`l:len(..)`", "`#l`"),
];

#[test]
fn syntax_of_other_languages_is_explained_in_the_language_of_the_script() {
    let reason = |language| match language {
        Language::Rhai => "this script is in Rhai (its file name ends in .rhai)",
        Language::Lua => "this script is in Lua (its file name ends in .lua)",
    };
    let mut wrong = Vec::new();
    for (language, rows) in [(Language::Rhai, RHAI), (Language::Lua, LUA)] {
        for (text, what, equivalent) in rows {
            let found = text_of(text, language);
            let foreign = found.contains("is syntax of");
            let has_reason = !foreign || found.contains(reason(language));
            if !found.contains(what) || !found.contains(equivalent) || !has_reason {
                wrong.push(format!("{text}\n  found {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Valid scripts that contain the tokens of patterns, and errors that are not foreign syntax.
#[test]
fn own_syntax_is_not_explained_as_foreign() {
    let rows = [
        (
            Language::Rhai,
            "let m = #{ end: 1, nil_: 2 }; print(m.end);",
        ),
        (Language::Rhai, "let m = #{ a: floor(2.5), b: 3 ;"),
        (Language::Rhai, "let x = 3; if x == y { x = 4; }"),
        (
            Language::Rhai,
            "let x = 3; let f = |a, b| a + b; f.call(1, z)",
        ),
        (Language::Rhai, "fn f(a, b) { a + b } print(f(1, c));"),
        (Language::Lua, "local t = { [1] = 2, a = 3 } print(t.b.c)"),
        (
            Language::Lua,
            "local x = 7 // 2 print(x, 5 ~ 3, 1 | 2) print(x +)",
        ),
        (
            Language::Lua,
            "for i, x in ipairs({\n1, 2}) do print(i) end print(x +)",
        ),
        (Language::Lua, "local t = zeros({2}) print(t:length() + )"),
        (Language::Lua, "goto continue\n::continue::\nprint(x +)"),
    ];
    for (language, text) in rows {
        let found = text_of(text, language);
        assert!(!found.contains("is syntax of"), "{text}\n{found}");
    }
}
