//! Extreme sizes in scripts: every call quickly returns a value or an error. Each function runs in
//! a separate session, so that an abort can be attributed to a call.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use attractor::api;
use attractor::api::context::Language;
use attractor::api::native::Native;
use tempfile::TempDir;

use crate::extreme_size_calls::{ARGUMENTS, OPTIONS};
use crate::session::{LANGUAGES, run};

/// Sizes that exceed the memory or the range of integers, and -1 and 0.
const NUMBERS: [&str; 8] = [
    "2147483648",
    "4294967296",
    "10000000000",
    "1000000000000",
    "9223372036854775807",
    "1e300",
    "-1",
    "0",
];

/// Far above the time that the calls of one function take, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// A function that returns fixed points, for calls of their methods.
const POINTS: &str = "fn points() { fixed_points::find(rnn::vanilla(#{ units: 3, gain: 0.5 }), \
                      #{ candidates: zeros([2, 3]) }) }";

/// The output of a session for these inputs, one per line. A session that does not end within
/// `PATIENCE` is killed.
fn run_session(inputs: &[String]) -> Output {
    let folder = TempDir::new().expect("a folder for the test");
    let mut child = Command::new(env!("CARGO_BIN_EXE_attractor"))
        .args(["--max-memory", "256M", "--no-window"])
        .current_dir(folder.path())
        .env("XDG_DATA_HOME", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("the stream is piped");
    let text = inputs.join("\n") + "\n";
    let writer = std::thread::spawn(move || {
        // A session that aborts does not read all inputs.
        let _ = stdin.write_all(text.as_bytes());
    });
    let id = child.id().to_string();
    let (sender, receiver) = std::sync::mpsc::channel();
    let watchdog = std::thread::spawn(move || {
        if receiver.recv_timeout(PATIENCE).is_err() {
            let _ = Command::new("kill").args(["-KILL", &id]).status();
        }
    });
    let output = child.wait_with_output().expect("the program ends");
    // The watchdog may have ended already.
    let _ = sender.send(());
    watchdog.join().expect("the watchdog thread");
    writer.join().expect("the writer thread");
    output
}

/// Runs all calls in one session and returns the problems.
fn problems(path: &str, calls: &[String]) -> Vec<String> {
    let numbered_calls = calls.iter().enumerate();
    let numbered_calls = numbered_calls.map(|(at, call)| format!("print(\"call {at}\"); {call};"));
    let inputs: Vec<String> = std::iter::once(POINTS.into())
        .chain(numbered_calls)
        .collect();
    let start = Instant::now();
    let output = run_session(&inputs);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = text
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("call "));
    let last = last.and_then(|at| at.parse::<usize>().ok());
    let last_call = last.map_or("none", |at| calls[at].as_str());
    let mut problems = Vec::new();
    if output.status.code().is_none() || output.status.code() == Some(134) {
        let seconds = start.elapsed().as_secs();
        let status = output.status;
        problems.push(format!(
            "{path}: {status} after {seconds} s in {last_call}: {errors}"
        ));
    } else if last != Some(calls.len() - 1) {
        problems.push(format!(
            "{path}: the session ended at {last_call}: {errors}"
        ));
    }
    let internal_texts = [
        "inside attractor",
        "panicked",
        "capacity overflow",
        "out of range for slice",
    ];
    let lines = errors.lines().chain(text.lines());
    let internal_lines = lines.filter(|line| internal_texts.iter().any(|word| line.contains(word)));
    problems.extend(internal_lines.map(|line| format!("{path}: {line}")));
    problems
}

/// Whether an option or an argument of this kind can be a size.
fn is_number(kind: &str) -> bool {
    kind.contains("number") && !kind.contains("tensor")
}

/// Whether this option is a list.
fn is_list_option(native: &Native, name: &str) -> bool {
    let mut fields = native.options().iter();
    fields.any(|field| field.name == name && field.kind.starts_with("list"))
}

/// The calls of a table by function: each call once for each size.
fn group_by_function(table: &[(&'static str, &str)]) -> BTreeMap<&'static str, Vec<String>> {
    let mut calls: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for (path, text) in table {
        let sized_calls = NUMBERS.iter().map(|number| text.replace("N!", number));
        calls.entry(path).or_default().extend(sized_calls);
    }
    calls
}

#[test]
fn no_option_causes_an_abort_a_panic_or_a_hang() {
    let mut failures = Vec::new();
    for native in api::natives() {
        let fields = native.options().iter();
        let values = fields.filter(|field| is_number(field.kind));
        let values: Vec<&str> = values.map(|field| field.name).collect();
        if values.is_empty() {
            continue;
        }
        let path = native.path();
        let Some((_, required, call)) = OPTIONS.iter().find(|(known_path, ..)| *known_path == path)
        else {
            failures.push(format!(
                "{path} has options {values:?} and no call in the table"
            ));
            continue;
        };
        let call_with_size = |name: &str, number: &str| {
            let list = is_list_option(&native, name);
            let number = if list {
                format!("[{number}]")
            } else {
                number.into()
            };
            format!("let o = {required}; o.{name} = {number}; {call}")
        };
        let names = values.iter();
        let calls = names.flat_map(|name| NUMBERS.map(|number| call_with_size(name, number)));
        failures.extend(problems(&path, &calls.collect::<Vec<_>>()));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn no_argument_causes_an_abort_a_panic_or_a_hang() {
    let calls = group_by_function(ARGUMENTS);
    let mut failures = Vec::new();
    let integers = |native: &Native| {
        let args = native.args.iter();
        args.filter(|arg| arg.kind.contains("integer")).count()
    };
    for native in api::natives() {
        let (path, count) = (native.path(), integers(&native));
        let rows = ARGUMENTS
            .iter()
            .filter(|(known_path, _)| *known_path == path)
            .count();
        if rows < count {
            failures.push(format!(
                "{path} takes {count} integers, the table has {rows} calls"
            ));
        }
    }
    for (path, calls) in calls {
        failures.extend(problems(path, &calls));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn an_empty_tensor_with_a_huge_axis_is_rejected() {
    let cases = [
        "full([1, 1000000000000, 0], 3.0)",
        "zeros([0, 1000000000000])",
        "zeros([0]).reshape([0, 1000000000000])",
        "zeros([0, 1]).broadcast_to([0, 1000000000000])",
        "random::normal(random::key(0), [0, 1000000000000])",
        "zeros([0, 1, 1]) + zeros([1, 100000, 1]) + zeros([1, 1, 10000000])",
    ];
    for case in cases {
        let error = run(case, Language::Rhai).outcome.expect_err(case);
        assert!(error.message.contains("the limit is"), "{case}: {error}");
        let hint = error.hint.unwrap_or_default();
        assert!(
            hint.contains("an axis of length 0 counts as 1"),
            "{case}: {hint}"
        );
    }
    for language in LANGUAGES {
        let script = match language {
            Language::Rhai => {
                "print(zeros([0, 3])); print(zeros([2, 0]).sum(1)); \
                               print(zeros([2, 0]).to_list()); print(zeros([1000, 0]));"
            }
            Language::Lua => {
                "print(zeros({0, 3})) print(zeros({2, 0}):sum(1)) \
                              print(zeros({2, 0}):to_list()) print(zeros({1000, 0}))"
            }
        };
        let run = run(script, language);
        run.outcome.expect("valid empty tensors");
        let lines = [
            "tensor [0, 3] f32 []",
            "tensor [2] f32 [0, 0]",
            "[[], []]",
            "tensor [1000, 0] f32 []",
        ];
        assert_eq!(run.printed, lines.join("\n"));
    }
}

#[test]
fn too_many_threads_are_rejected() {
    for threads in ["65535", "1025"] {
        let output = Command::new(env!("CARGO_BIN_EXE_attractor"))
            .args(["--threads", threads])
            .stdin(Stdio::null())
            .output()
            .expect("the program starts");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("1..=1024"), "{stderr}");
    }
}
