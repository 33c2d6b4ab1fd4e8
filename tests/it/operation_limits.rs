//! The operation limit of a run and Ctrl-C cannot be caught by a script.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::cli::{decode, folder, program, run};

/// Endless scripts that try to catch their termination, each in a different way.
const ENDLESS: [(&str, &str); 20] = [
    (
        "try.rhai",
        "loop { try { loop {} } catch { print(\"caught\") } }",
    ),
    (
        "closure.rhai",
        "loop { try { grad(|x| { loop {} }, zeros([2])) } catch { print(\"caught\") } }",
    ),
    (
        "task.rhai",
        "let task = tasks::custom(#{ steps: 2 }, |key, n| { loop {} });
         loop { try { task.batch(1, random::key(0)) } catch { print(\"caught\") } }",
    ),
    ("closures.rhai", "loop { grad(|x| x.sum(), zeros([2])); }"),
    ("map.rhai", "loop { [1, 2, 3].map(|x| x + 1); }"),
    (
        "pcall.lua",
        "while true do pcall(function() while true do end end) end",
    ),
    (
        "xpcall.lua",
        "while true do xpcall(function() while true do end end,
             function() while true do end end) end",
    ),
    (
        "handler.lua",
        "xpcall(function() error('no') end, function() while true do end end)",
    ),
    (
        "resume.lua",
        "while true do
             coroutine.resume(coroutine.create(function() while true do end end))
         end",
    ),
    (
        "wrap.lua",
        "while true do pcall(coroutine.wrap(function() while true do end end)) end",
    ),
    (
        "coroutines.lua",
        "while true do coroutine.wrap(function() end)() end",
    ),
    (
        "close.lua",
        "while true do
             pcall(function()
                 local x <close> = setmetatable({}, { __close = function() error('no') end })
                 while true do end
             end)
         end",
    ),
    (
        "load.lua",
        "while true do load(function() while true do end end) end",
    ),
    (
        "closure.lua",
        "while true do pcall(grad, function(x) while true do end end, zeros({2})) end",
    ),
    ("require.lua", "while true do pcall(require, 'endless') end"),
    (
        "pattern.lua",
        "local s = ('a'):rep(200)
         while true do pcall(string.find, s, ('a-'):rep(60) .. 'b') end",
    ),
    (
        "gsub.lua",
        "while true do pcall(string.gsub, 'a', 'a', function() while true do end end) end",
    ),
    (
        "gmatch.lua",
        "for _ in (('a'):rep(200)):gmatch(('a*'):rep(60) .. 'b') do end",
    ),
    (
        "move.lua",
        "pcall(table.move, {}, 1, math.maxinteger - 1, 2)",
    ),
    (
        "balance.lua",
        "local s = ('('):rep(100000)
         while true do pcall(string.find, s, '%b()x') end",
    ),
];

/// The module that `require.lua` loads.
const MODULE: (&str, &[u8]) = ("endless.lua", b"while true do end");

fn scripts() -> Vec<(&'static str, String)> {
    let with_ready_line = |(name, text): &(&'static str, &str)| {
        let terminator = if name.ends_with(".lua") { "" } else { ";" };
        (*name, format!("print(\"ready\"){terminator}\n{text}"))
    };
    ENDLESS.iter().map(with_ready_line).collect()
}

#[test]
fn the_operation_limit_ends_every_script_that_tries_to_catch_it() {
    let scripts = scripts();
    let files: Vec<_> = scripts
        .iter()
        .map(|(name, text)| (*name, text.as_bytes()))
        .collect();
    let folder = folder(&[files, vec![MODULE]].concat());
    for (file, _) in &scripts {
        let output = run(&folder, &["run", file, "--max-operations", "200000"]);
        let stderr = decode(&output.stderr);
        assert!(
            stderr.contains("error: the script exceeded the limit on operations"),
            "{file}: {stderr}"
        );
        assert_eq!(decode(&output.stdout), "ready\n", "{file}");
        assert_eq!(output.status.code(), Some(1), "{file}");
    }
}

#[test]
fn ctrl_c_ends_every_script_that_tries_to_catch_it() {
    let scripts = scripts();
    let files: Vec<_> = scripts
        .iter()
        .map(|(name, text)| (*name, text.as_bytes()))
        .collect();
    let folder = folder(&[files, vec![MODULE]].concat());
    for (file, _) in &scripts {
        let mut command = program(folder.path(), &["run", file]);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.expect("the program starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("the stream is piped");
        BufReader::new(out)
            .read_line(&mut line)
            .expect("the script prints text");
        let pid = child.id().to_string();
        let status = Command::new("kill").args(["-INT", &pid]).status();
        assert!(status.expect("`kill` is available").success());
        let output = child.wait_with_output().expect("the program ends");
        let stderr = decode(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{file}: {stderr}");
        assert!(stderr.contains("error: interrupted"), "{file}: {stderr}");
    }
}

/// Closures of about 1,000 operations each, which the engine calls 200 times.
const CLOSURES: [(&str, &str); 8] = [
    (
        "grad.rhai",
        "fn spin() { let n = 0; while n < 300 { n += 1; } }
         for i in 0..200 { grad(|x| { spin(); x.sum() }, zeros([2])); }",
    ),
    (
        "task.rhai",
        "fn spin() { let n = 0; while n < 300 { n += 1; } }
         let task = tasks::custom(#{ steps: 2 }, |key, n| {
             spin();
             #{ inputs: zeros([n, 2, 1]), targets: zeros([n, 2, 1]) }
         });
         train(rnn::vanilla(#{ units: 2 }), task, #{ batches: 200, batch_size: 1 });",
    ),
    (
        "log.rhai",
        "fn spin() { let n = 0; while n < 300 { n += 1; } }
         train(rnn::vanilla(#{ units: 2 }), tasks::integrator(#{ steps: 2 }),
             #{ batches: 200, batch_size: 1, log_every: 1, on_log: |line| spin() });",
    ),
    (
        "step.rhai",
        "fn spin() { let n = 0; while n < 300 { n += 1; } }
         let net = rnn::custom(#{ units: 2, step: |h, x, p| { spin(); h + x } });
         net.run(zeros([1, 200, 1]));",
    ),
    (
        "step.lua",
        "local net = rnn.custom({ units = 2, step = function(h, x, p)
             for n = 1, 1000 do end
             return h + x
         end })
         net:run(zeros({1, 200, 1}))",
    ),
    (
        "grad.lua",
        "for i = 1, 200 do
             grad(function(x) for n = 1, 1000 do end return x:sum() end, zeros({2}))
         end",
    ),
    (
        "task.lua",
        "local task = tasks.custom({ steps = 2 }, function(key, n)
             for n = 1, 1000 do end
             return { inputs = zeros({n, 2, 1}), targets = zeros({n, 2, 1}) }
         end)
         train(rnn.vanilla({ units = 2 }), task, { batches = 200, batch_size = 1 })",
    ),
    (
        "log.lua",
        "train(rnn.vanilla({ units = 2 }), tasks.integrator({ steps = 2 }),
             { batches = 200, batch_size = 1, log_every = 1,
               on_log = function(line) for n = 1, 1000 do end end })",
    ),
];

#[test]
fn operations_in_closures_called_by_the_engine_count_towards_the_limit() {
    let files: Vec<_> = CLOSURES
        .iter()
        .map(|(name, text)| (*name, text.as_bytes()))
        .collect();
    let folder = folder(&files);
    for (file, _) in CLOSURES {
        let output = run(&folder, &["run", file, "--max-operations", "10000000"]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{file}: {}",
            decode(&output.stderr)
        );
        let output = run(&folder, &["run", file, "--max-operations", "50000"]);
        let stderr = decode(&output.stderr);
        assert!(
            stderr.contains("error: the script exceeded the limit on operations"),
            "{file}: {stderr}"
        );
    }
}
