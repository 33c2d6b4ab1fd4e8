//! Sizes that a script can ask for: whatever the number, a call gives a value or an error, soon.
//! Each function runs in a session of its own, so that an abort shows which call it was.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use attractor::api;
use attractor::api::context::Language;
use attractor::api::native::Native;
use tempfile::TempDir;

use crate::session::{LANGUAGES, run};
use crate::size_calls::{ARGUMENTS, OPTIONS};

/// Sizes that no memory holds, around the limits of integers, and the two that are none.
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

/// Far above what the calls of one function take, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// Fixed points for the calls that are about them.
const POINTS: &str = "fn points() { fixed_points::find(rnn::vanilla(#{ units: 3, gain: 0.5 }), \
                      #{ candidates: zeros([2, 3]) }) }";

/// What a session prints for these inputs, one a line.
///
/// Panics if it does not end by itself.
fn session(inputs: &[String]) -> Output {
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
        // A session that aborts does not read the rest.
        let _ = stdin.write_all(text.as_bytes());
    });
    let id = child.id().to_string();
    let (sender, ended) = std::sync::mpsc::channel();
    let watch = std::thread::spawn(move || {
        if ended.recv_timeout(PATIENCE).is_err() {
            let _ = Command::new("kill").args(["-KILL", &id]).status();
        }
    });
    let output = child.wait_with_output().expect("the program ends");
    // The watch may have given up already.
    let _ = sender.send(());
    watch.join().expect("the watchdog thread");
    writer.join().expect("the writer thread");
    output
}

/// Runs each call in one session and collects what went wrong.
fn failures(path: &str, calls: &[String]) -> Vec<String> {
    let numbered = calls.iter().enumerate();
    let numbered = numbered.map(|(at, call)| format!("print(\"call {at}\"); {call};"));
    let inputs: Vec<String> = std::iter::once(POINTS.into()).chain(numbered).collect();
    let begin = Instant::now();
    let output = session(&inputs);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = text
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("call "));
    let last = last.and_then(|at| at.parse::<usize>().ok());
    let reached = last.map_or("none", |at| calls[at].as_str());
    let mut failures = Vec::new();
    if output.status.code().is_none() || output.status.code() == Some(134) {
        let seconds = begin.elapsed().as_secs();
        let status = output.status;
        failures.push(format!(
            "{path}: {status} after {seconds} s in {reached}: {errors}"
        ));
    } else if last != Some(calls.len() - 1) {
        failures.push(format!("{path}: the session ended at {reached}: {errors}"));
    }
    let broken = [
        "inside attractor",
        "panicked",
        "capacity overflow",
        "out of range for slice",
    ];
    let lines = errors.lines().chain(text.lines());
    let bad = lines.filter(|line| broken.iter().any(|word| line.contains(word)));
    failures.extend(bad.map(|line| format!("{path}: {line}")));
    failures
}

/// Whether an option or an argument of this kind can say a size.
fn is_number(kind: &str) -> bool {
    kind.contains("number") && !kind.contains("tensor")
}

/// Whether this option is a list of numbers.
fn name_takes_list(native: &Native, name: &str) -> bool {
    let mut fields = native.options().iter();
    fields.any(|field| field.name == name && field.kind.starts_with("list"))
}

/// The calls of a table by function: each of its texts once for each number.
fn by_function(table: &[(&'static str, &str)]) -> BTreeMap<&'static str, Vec<String>> {
    let mut calls: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for (path, text) in table {
        let all = NUMBERS.iter().map(|number| text.replace("N!", number));
        calls.entry(path).or_default().extend(all);
    }
    calls
}

#[test]
fn no_option_of_any_function_aborts_panics_or_hangs() {
    let mut wrong = Vec::new();
    for native in api::natives() {
        let fields = native.options().iter();
        let numbers = fields.filter(|field| is_number(field.kind));
        let numbers: Vec<&str> = numbers.map(|field| field.name).collect();
        if numbers.is_empty() {
            continue;
        }
        let path = native.path();
        let Some((_, needed, call)) = OPTIONS.iter().find(|(known, ..)| *known == path) else {
            wrong.push(format!(
                "{path} has options {numbers:?} and no call in the table"
            ));
            continue;
        };
        let with = |name: &str, number: &str| {
            let list = name_takes_list(&native, name);
            let number = if list {
                format!("[{number}]")
            } else {
                number.into()
            };
            format!("let o = {needed}; o.{name} = {number}; {call}")
        };
        let names = numbers.iter();
        let calls = names.flat_map(|name| NUMBERS.map(|number| with(name, number)));
        wrong.extend(failures(&path, &calls.collect::<Vec<_>>()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_argument_of_any_function_aborts_panics_or_hangs() {
    let calls = by_function(ARGUMENTS);
    let mut wrong = Vec::new();
    let integers = |native: &Native| {
        let args = native.args.iter();
        args.filter(|arg| arg.kind.contains("integer")).count()
    };
    for native in api::natives() {
        let (path, count) = (native.path(), integers(&native));
        let rows = ARGUMENTS.iter().filter(|(known, _)| *known == path).count();
        if rows < count {
            wrong.push(format!(
                "{path} takes {count} integers, the table has {rows} calls"
            ));
        }
    }
    for (path, calls) in calls {
        wrong.extend(failures(path, &calls));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_empty_tensor_may_not_have_a_huge_axis() {
    let cases = [
        "full([1, 1000000000000, 0], 3.0)",
        "zeros([0, 1000000000000])",
        "zeros([0]).reshape([0, 1000000000000])",
        "zeros([0, 1]).broadcast_to([0, 1000000000000])",
        "random::normal(random::key(0), [0, 1000000000000])",
        "zeros([0, 1, 1]) + zeros([1, 100000, 1]) + zeros([1, 1, 10000000])",
    ];
    for case in cases {
        let fault = run(case, Language::Rhai).outcome.expect_err(case);
        assert!(fault.message.contains("the limit is"), "{case}: {fault}");
        let hint = fault.hint.unwrap_or_default();
        assert!(
            hint.contains("an axis of length 0 counts as 1"),
            "{case}: {hint}"
        );
    }
    for language in LANGUAGES {
        let small = match language {
            Language::Rhai => {
                "print(zeros([0, 3])); print(zeros([2, 0]).sum(1)); \
                               print(zeros([2, 0]).to_list()); print(zeros([1000, 0]));"
            }
            Language::Lua => {
                "print(zeros({0, 3})) print(zeros({2, 0}):sum(1)) \
                              print(zeros({2, 0}):to_list()) print(zeros({1000, 0}))"
            }
        };
        let run = run(small, language);
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
fn more_threads_than_a_machine_can_start_are_refused() {
    for threads in ["65535", "1025"] {
        let output = Command::new(env!("CARGO_BIN_EXE_attractor"))
            .args(["--threads", threads])
            .stdin(Stdio::null())
            .output()
            .expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("1..=1024"), "{said}");
    }
}
