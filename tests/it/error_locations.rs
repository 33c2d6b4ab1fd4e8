//! Locations of errors: file, line, column and the printed report, in both languages.

use std::path::Path;

use attractor::api::context::{Language, Script};
use attractor::host::{Colours, report};

use crate::session::{LANGUAGES, message_in, run_script};

/// Modules in the folder of the main script.
const MODULES: [(&str, &str); 6] = [
    (
        "other.rhai",
        "fn fine(x) { x.tanh() }\n\nfn broken(x) {\n    x.matmul(zeros([3, 3]))\n}\n\n\
         fn closure() {\n    |key, n| zeros([n, 5]).matmul(zeros([9, 9]))\n}\n",
    ),
    (
        "other.lua",
        "local M = {}\nfunction M.fine(x) return x:tanh() end\nfunction M.broken(x)\n    \
         return x:matmul(zeros({3, 3}))\nend\nfunction M.closure()\n    \
         return function(key, n) return zeros({n, 5}):matmul(zeros({9, 9})) end\nend\nreturn M\n",
    ),
    ("open.rhai", "let x = 1;\nlet y = x +;\n"),
    ("open.lua", "local x = 1\nlocal y = x + )\n"),
    ("circle.rhai", "import \"circle\" as c;\n"),
    ("circle.lua", "return 1\n"),
];

/// The report of the error of the script `text`, without the path of the folder.
fn error_report(folder: &Path, text: &str, language: Language) -> String {
    let extension = match language {
        Language::Rhai => "rhai",
        Language::Lua => "lua",
    };
    for (name, text) in MODULES {
        std::fs::write(folder.join(name), text).expect("a script in a temporary folder");
    }
    let script = Script {
        path: folder
            .join("main")
            .with_extension(extension)
            .display()
            .to_string(),
        text: text.into(),
    };
    let error = run_script(&script, language, folder).outcome;
    let error = error.expect_err("a script with an error");
    let report_text = report(&error, &script, Colours::Off);
    report_text.replace(&format!("{}/", folder.display()), "")
}

fn assert_reports(cases: &[[&str; 4]]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for [rhai, rhai_report, lua, lua_report] in cases {
        let texts = [(rhai, rhai_report), (lua, lua_report)];
        for (language, (text, expected)) in LANGUAGES.into_iter().zip(texts) {
            let actual = error_report(folder.path(), text, language);
            let actual = actual.trim_end().trim_start_matches("error: ");
            let expected = message_in(language, expected);
            assert_eq!(actual, expected, "\n{language:?}: {text}");
        }
    }
}

#[test]
fn an_error_in_a_function_is_located_at_the_call_that_fails() {
    assert_reports(&[
        [
            "fn inner(x) {
    zeros([2]).matmul(x)
}
fn outer(x) { inner(x) }
outer(zeros([3]));",
            "matmul: shapes [2] and [3] are incompatible
  --> main.rhai:2:16
   |
 2 |     zeros([2]).matmul(x)
   |                ^",
            "local function inner(x)
    return zeros({2}):matmul(x)
end
local function outer(x) local y = inner(x); return y end
outer(zeros({3}))",
            "matmul: shapes [2] and [3] are incompatible
  --> main.lua:2:23
   |
 2 |     return zeros({2}):matmul(x)
   |                       ^",
        ],
        [
            "let x = zeros([2]);
x.tnah();",
            "no method has the name `tnah`
  --> main.rhai:2:3
   |
 2 | x.tnah();
   |   ^
hint: did you mean `tanh`?",
            "local x = zeros({2})
x:tnah()",
            "no method has the name `tnah`
  --> main.lua:2:3
   |
 2 | x:tnah()
   |   ^
hint: did you mean `tanh`?",
        ],
        [
            "print(1);
let y = (2;",
            "expecting ')' for a matching ( in this expression
  --> main.rhai:2:11
   |
 2 | let y = (2;
   |           ^",
            "print(1)
local y = (2;",
            "')' expected near ';'
  --> main.lua:2
   |
 2 | local y = (2;",
        ],
    ]);
}

#[test]
fn an_error_in_a_closure_called_by_the_engine_is_located_in_the_closure() {
    assert_reports(&[
        [
            "let net = rnn::vanilla(#{ units: 4 });
train(net, tasks::integrator(), #{ batches: 5, on_log: |line| {
    zeros([2]).item()
} });",
            "item: expected a tensor with one element of shape [], found [2]
  --> main.rhai:3:16
   |
 3 |     zeros([2]).item()
   |                ^",
            "local net = rnn.vanilla({ units = 4 })
train(net, tasks.integrator(), { batches = 5, on_log = function(line)
    return zeros({2}):item()
end })",
            "item: expected a tensor with one element of shape [], found [2]
  --> main.lua:3:23
   |
 3 |     return zeros({2}):item()
   |                       ^",
        ],
        [
            "let slope = grad(|x| {
    x.matmul(zeros([3]))
}, zeros([2]));",
            "matmul: shapes [2] and [3] are incompatible
  --> main.rhai:2:7
   |
 2 |     x.matmul(zeros([3]))
   |       ^",
            "local slope = grad(function(x)
    return x:matmul(zeros({3}))
end, zeros({2}))",
            "matmul: shapes [2] and [3] are incompatible
  --> main.lua:2:14
   |
 2 |     return x:matmul(zeros({3}))
   |              ^",
        ],
        [
            "let task = tasks::custom(#{ steps: 5 }, |key, n| {
    random::normal(key, [-1])
});
task.batch(3, random::key(0));",
            "random::normal: argument `shape`: expected a list of integers, found the list [-1]
  --> main.rhai:2:13
   |
 2 |     random::normal(key, [-1])
   |             ^",
            "local task = tasks.custom({ steps = 5 }, function(key, n)
    return random.normal(key, {-1})
end)
task:batch(3, random.key(0))",
            "random::normal: argument `shape`: expected a list of integers, found the list [-1]
  --> main.lua:2:19
   |
 2 |     return random.normal(key, {-1})
   |                   ^",
        ],
    ]);
}

#[test]
fn an_invalid_result_of_a_closure_is_located_at_the_closure() {
    assert_reports(&[
        [
            "let task = tasks::custom(#{ steps: 5 }, |key, n| {
    #{ inputs: zeros([n, 5, 2]), targets: zeros([n, 5, 1]) }
});
task.batch(3, random::key(0));",
            "tasks::custom: expected inputs of shape [3, 5, 1], found [3, 5, 2]
  --> main.rhai:1:50
   |
 1 | let task = tasks::custom(#{ steps: 5 }, |key, n| {
   |                                                  ^",
            "local task = tasks.custom({ steps = 5 }, function(key, n)
    return { inputs = zeros({n, 5, 2}), targets = zeros({n, 5, 1}) }
end)
task:batch(3, random.key(0))",
            "tasks::custom: expected inputs of shape [3, 5, 1], found [3, 5, 2]
  --> main.lua:1
   |
 1 | local task = tasks.custom({ steps = 5 }, function(key, n)",
        ],
        [
            "let task = tasks::custom(#{ steps: 5 }, |key, n| #{ inputs: zeros([n, 5, 1]) });
train(rnn::vanilla(), task, #{ batches: 2, batch_size: 3 });",
            "tasks::custom: entry `targets`: expected a tensor of shape [3, 5, 1], found nil
  --> main.rhai:1:50
   |
 1 | let task = tasks::custom(#{ steps: 5 }, |key, n| #{ inputs: zeros([n, 5, 1]) });
   |                                                  ^",
            "local task = tasks.custom({ steps = 5 }, function(key, n)
    return { inputs = zeros({n, 5, 1}) }
end)
train(rnn.vanilla(), task, { batches = 2, batch_size = 3 })",
            "tasks::custom: entry `targets`: expected a tensor of shape [3, 5, 1], found nil
  --> main.lua:1
   |
 1 | local task = tasks.custom({ steps = 5 }, function(key, n)",
        ],
    ]);
}

#[test]
fn an_error_in_an_imported_script_is_located_in_that_script() {
    assert_reports(&[
        [
            r#"import "other" as other;
other::fine(zeros([1]));
other::broken(zeros([2]));"#,
            "matmul: shapes [2] and [3, 3] are incompatible
  --> other.rhai:4:7
   |
 4 |     x.matmul(zeros([3, 3]))
   |       ^",
            r#"local other = require("other")
other.fine(zeros({1}))
other.broken(zeros({2}))"#,
            "matmul: shapes [2] and [3, 3] are incompatible
  --> other.lua:4:14
   |
 4 |     return x:matmul(zeros({3, 3}))
   |              ^",
        ],
        [
            r#"import "other" as other;
let task = tasks::custom(#{ steps: 5 }, other::closure());
task.batch(3, random::key(0));"#,
            "matmul: shapes [3, 5] and [9, 9] are incompatible
  --> other.rhai:8:28
   |
 8 |     |key, n| zeros([n, 5]).matmul(zeros([9, 9]))
   |                            ^",
            r#"local other = require("other")
local task = tasks.custom({ steps = 5 }, other.closure())
task:batch(3, random.key(0))"#,
            "matmul: shapes [3, 5] and [9, 9] are incompatible
  --> other.lua:7:50
   |
 7 |     return function(key, n) return zeros({n, 5}):matmul(zeros({9, 9})) end
   |                                                  ^",
        ],
        [
            r#"import "open" as open;"#,
            "unexpected ';'
  --> open.rhai:2:12
   |
 2 | let y = x +;
   |            ^",
            r#"local open = require("open")"#,
            "unexpected symbol near ')'
  --> open.lua:2
   |
 2 | local y = x + )",
        ],
        [
            r#"import "othr" as other;"#,
            r#"no module has the name `othr`
  --> main.rhai:1:8
   |
 1 | import "othr" as other;
   |        ^"#,
            r#"local other = require("othr")"#,
            r#"no module has the name `othr`
  --> main.lua:1:24
   |
 1 | local other = require("othr")
   |                        ^"#,
        ],
    ]);
}

#[test]
fn an_error_in_a_bundled_module_is_located_at_the_call_of_the_user() {
    assert_reports(&[[
        "let fit = #{ batch: [1.0] };

show::training(fit);",
        "show::training: the map has no entry `loss`
  --> main.rhai:3:7
   |
 3 | show::training(fit);
   |       ^
hint: help(\"show::training\") describes the arguments",
        "local fit = { batch = {1.0} }

show.training(fit)",
        "show::training: the map has no entry `loss`
  --> main.lua:3:6
   |
 3 | show.training(fit)
   |      ^
hint: help(\"show::training\") describes the arguments",
    ]]);
}
