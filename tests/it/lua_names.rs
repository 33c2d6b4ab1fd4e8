//! Names that a Lua script calls but nothing defines, which are reported before the script runs.

use attractor::api::context::Language::Lua;

use crate::session::run;

#[test]
fn unknown_names_are_reported_before_the_script_runs() {
    let table = [
        ("pritn(1)", "`pritn` is not defined", (2, 1), "`print`"),
        ("tensr {1, 2}", "`tensr` is not defined", (2, 1), "`tensor`"),
        (
            "local x = zeros(3) x:summ()",
            "no method has the name `summ`",
            (2, 22),
            "`sum`",
        ),
        (
            "local net = rnn.gruu { units = 3 }",
            "module `rnn` has no function `gruu`",
            (2, 17),
            "`gru`",
        ),
        (
            "local adam = rnn.adamm",
            "module `rnn` has no function `adamm`",
            (2, 18),
            "",
        ),
        (
            "if false then rnn.adam() end",
            "module `rnn` has no function `adam`",
            (2, 19),
            "`optim.adam`",
        ),
        (
            "local net = rnn.gru() net:trian()",
            "no method has the name `trian`",
            (2, 27),
            "the function `train`",
        ),
    ];
    for (line, message, (row, column), hint) in table {
        let session = run(&format!("print(\"first\")\n{line}"), Lua);
        let error = session.outcome.expect_err(line);
        assert_eq!(error.message, message, "{line}");
        let location = error.location.expect(line);
        assert_eq!(
            (location.line, location.column),
            (row, Some(column)),
            "{line}"
        );
        assert!(error.hint.unwrap_or_default().contains(hint), "{line}");
        assert!(session.printed.is_empty(), "{line} ran before the check");
    }
}

#[test]
fn names_that_a_script_defines_are_accepted() {
    for script in [
        "local function twice(x) return x + x end return twice(1) - 1",
        "function later() return 1 end return later()",
        "local run = function(f) return f(1) end return run(function(x) return x end)",
        "local object = {} function object:grow(n) return n end return object:grow(1)",
        "local object = { a = {} } function object.a:deep(n) return n end return object.a:deep(1)",
        "local object = { grow = function(self, n) return n end } return object:grow(1)",
        "local object = { [\"grow\"] = function(self, n) return n end } return object:grow(1)",
        "local rnn = { own = function() return 1 end } return rnn.own()",
        "local map = { rnn = { own = 1 } } return map.rnn.own",
        "rnn.own = function() return 1 end return rnn.own()",
        "for name, f in pairs({ a = function() return 1 end }) do f() end return 1",
        "_G[\"de\" .. \"fined\"] = function() return 1 end return defined()",
        "load(\"function defined() return 1 end\")() return defined()",
        "local s = (\"a\"):rep(2) return #s - s:len() + 1",
        "local t = setmetatable({}, { __index = function() return function() return 1 end end })
         return t:anything()",
        "goto done ::done:: return 1",
        "-- unknown(1)\nreturn 1",
        "return #[[ unknown(1) ]] // 12",
    ] {
        let value = run(script, Lua).outcome;
        let value = value.unwrap_or_else(|error| panic!("{script}: {error:?}"));
        assert_eq!(attractor::api::display::value_text(&value), "1", "{script}");
    }
}
