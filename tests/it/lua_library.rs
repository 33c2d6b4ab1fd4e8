//! The Lua standard library in scripts: removed functions, and replacements with the same results.

use attractor::api::context::Language;
use attractor::api::display;

use crate::session::run;

#[test]
fn functions_that_bypass_the_engine_are_removed() {
    let removed = [
        "io",
        "debug",
        "package",
        "dofile",
        "loadfile",
        "collectgarbage",
        "warn",
        "string.dump",
        "math.random",
        "math.randomseed",
        "os.execute",
        "os.exit",
        "os.getenv",
        "os.remove",
        "os.rename",
        "os.setlocale",
        "os.tmpname",
    ];
    for name in removed {
        let run = run(&format!("return {name} == nil"), Language::Lua);
        assert_eq!(
            display::value_text(&run.outcome.expect(name)),
            "true",
            "{name}"
        );
    }
}

#[test]
fn bytecode_is_rejected() {
    let cases = [
        "load('\\27Lua')",
        "load('\\27Lua', 'x', 'b')",
        "load(function() return '\\27Lua' end, 'x', 'bt')",
    ];
    for text in cases {
        let run = run(
            &format!("local chunk, words = {text} return words"),
            Language::Lua,
        );
        let expected_text = display::value_text(&run.outcome.expect(text));
        assert!(
            expected_text.contains("attempt to load a binary chunk"),
            "{text}: {expected_text}"
        );
    }
    let run = run("\u{1b}Lua", Language::Lua);
    assert!(run.outcome.is_err());
}

#[test]
fn no_value_is_printed_with_its_address() {
    let cases = [
        "string.format('%s', {})",
        "string.format('%10s %s', print, coroutine.create(print))",
        "tostring({}) .. tostring(print) .. tostring(coroutine.create(print))",
        "select(2, pcall(string.format, '%p', {}))",
        "select(2, pcall(string.format, '%%%-10p', 'x'))",
        "tostring(select(2, pcall(error, {})))",
    ];
    for text in cases {
        let run = run(&format!("return tostring({text})"), Language::Lua);
        let expected_text = display::value_text(&run.outcome.expect(text));
        assert!(!expected_text.contains("0x"), "{text}: {expected_text}");
    }
    for text in [
        "error({})",
        "error(print)",
        "error(coroutine.create(print))",
    ] {
        let expected_text = run(text, Language::Lua)
            .outcome
            .expect_err(text)
            .to_string();
        assert!(!expected_text.contains("0x"), "{text}: {expected_text}");
    }
    let run = run(
        "return string.format('%%p %5.1f|%-3d|%q', 2.5, 7, 'a')",
        Language::Lua,
    );
    assert_eq!(
        display::value_text(&run.outcome.expect("a text")),
        r#""%p   2.5|7  |\"a\"""#
    );
}

#[test]
fn finalizers_and_custom_lengths_are_rejected() {
    let cases = [
        (
            "setmetatable({}, { __gc = function() end })",
            "`__gc` is not available",
        ),
        (
            "table.insert(setmetatable({}, { __len = function() return 9 end }), 1, 2)",
            "`__len`",
        ),
        (
            "table.remove(setmetatable({}, { __len = function() return 9 end }), 1)",
            "`__len`",
        ),
        (
            "table.concat(setmetatable({}, { __len = function() return 9 end }))",
            "`__len`",
        ),
        (
            "table.sort(setmetatable({}, { __len = function() return 9 end }))",
            "`__len`",
        ),
        (
            "table.concat(setmetatable({}, { __index = rawlen }), '', 1, 9)",
            "the table ends at 0",
        ),
    ];
    for (text, expected_text) in cases {
        let error = run(&format!("local _ = {text}"), Language::Lua);
        let error = error.outcome.expect_err(text);
        assert!(error.message.contains(expected_text), "{text}: {error}");
        assert_eq!(
            error.location.map(|location| location.line),
            Some(1),
            "{text}"
        );
    }
}

/// Scripts with the same result in standard Lua and here; each returns a list of strings.
const SCRIPTS: [&str; 10] = [
    "return { string.rep('ab', 3, '-'), string.rep('', 9), string.rep('x', 0),
     string.rep('x', -1) }",
    "local t = { 1, 2, 3 } table.insert(t, 4) table.insert(t, 1, 0) table.remove(t, 2)
     return { table.concat(t, ' '), table.concat(t, ',', 2, 3), #t }",
    "local t = { 3, 1, 2 } table.sort(t) local u = { 3, 1, 2 }
     table.sort(u, function(a, b) return a > b end)
     return { table.concat(t, ' '), table.concat(u, ' ') }",
    "local t = table.move({ 1, 2, 3, 4 }, 2, 4, 1) local u = table.move({ 1, 2, 3 }, 1, 3, 2)
     local v = table.move({ 1, 2 }, 1, 2, 2, { 9 })
     return { table.concat(t, ' '), table.concat(u, ' '), table.concat(v, ' ') }",
    "local f = load('local x = ... return x + y', 'name', 't', { y = 2 }) return { f(3) }",
    "local parts = { 'return ', '4', nil } local i = 0
     return { load(function() i = i + 1 return parts[i] end)() }",
    "local function f() local x = coroutine.yield(1) pcall(coroutine.yield, x) return 3 end
     local co = coroutine.create(f)
     local _, a = coroutine.resume(co) local _, b = coroutine.resume(co, 2)
     local _, c = coroutine.resume(co)
     return { a, tostring(c), coroutine.status(co), tostring(coroutine.close(co)) }",
    "local sum = 0 for n in coroutine.wrap(function() for i = 1, 4 do coroutine.yield(i) end end) do
     sum = sum + n end return { sum }",
    "local _, words = xpcall(function(x) error(x, 0) end, function(e) return e .. '!' end, 'no')
     return { words, (select('#', pcall(function() return 1, nil, 3 end))) }",
    "local t = setmetatable({}, { __index = function(_, k) return k .. '?' end,
     __call = function(_, x) return x end })
     return { t.a, t(5), tostring(getmetatable('').__index == string) }",
];

/// Applies random patterns to short strings and returns one line per call.
const PATTERNS: &str = r#"
local state = 12345
local function random(n)
    state = (state * 1103515245 + 12345) % 2147483648
    return state // 65536 % n + 1
end
local parts = { 'a', 'b', '.', '%a', '%d', '%s', '%W', '[ab]', '[^a]', '[%d_]', '[a-c]', '[]a]',
    '[^]]', '(', ')', '()', '*', '+', '-', '?', '^', '$', '%1', '%b()', '%f[a]', '%%', '%', '[',
    'x', '%b', '%f' }
local letters = { 'a', 'b', 'c', '1', ' ', '(', ')', '%', ']', '_', '.' }
local function any(list, most)
    local all = {}
    for i = 1, random(most) do all[i] = list[random(#list)] end
    return table.concat(all)
end
local lines = {}
local function note(...)
    local all = table.pack(...)
    if not all[1] then all = { n = 1, false } end
    for i = 1, all.n do all[i] = tostring(all[i]) end
    lines[#lines + 1] = table.concat(all, '|', 1, all.n)
end
for i = 1, 3000 do
    local text, pattern = any(letters, 9), any(parts, 6)
    note(pcall(string.find, text, pattern))
    note(pcall(string.match, text, pattern, random(6) - 3))
    note(pcall(string.gsub, text, pattern, '<%0>', random(4)))
    note(pcall(string.gsub, text, pattern, '%1-%%'))
    note(pcall(string.gsub, text, pattern, { a = 'A', b = false, ['1'] = 7 }))
    note(pcall(string.gsub, text, pattern, function(x) if x == 'b' then return 'B' end end))
    note(pcall(function()
        local all = {}
        for x, y in string.gmatch(text, pattern) do all[#all + 1] = tostring(x) .. tostring(y) end
        return table.concat(all, ',')
    end))
    note(pcall(string.find, text, pattern, 2, true))
end
return lines
"#;

#[test]
fn replaced_functions_return_the_results_of_standard_lua() {
    for text in SCRIPTS.into_iter().chain([PATTERNS]) {
        let expected: Vec<String> = mlua::Lua::new().load(text).eval().expect(text);
        let run = run(text, Language::Lua);
        let actual = run
            .outcome
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        let attractor::api::value::Value::List(actual) = actual else {
            panic!("{text}: expected a list, found {actual:?}");
        };
        assert_eq!(actual.len(), expected.len(), "{text}");
        for (index, (actual, expected)) in actual.iter().zip(&expected).enumerate() {
            assert_eq!(
                &display::print_text(actual),
                expected,
                "line {index} of {text}"
            );
        }
    }
}
