//! The command line: exit codes, messages and written files.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use attractor::app::progress::ProgressReporter;
use attractor::app::terminal::TerminalState;
use attractor::app::tutorials::{self, Tutorial};
use attractor::base::{Progress, Report, Status};
use tempfile::TempDir;

/// The program with `folder` as working directory and home directory.
pub fn program(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attractor"));
    command
        .args(args)
        .current_dir(folder)
        .env("XDG_DATA_HOME", folder)
        .env("HOME", folder);
    command
}

pub fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().expect("a folder for the test");
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).expect("a file for the test");
    }
    folder
}

pub fn run(folder: &TempDir, args: &[&str]) -> Output {
    let output = program(folder.path(), args).stdin(Stdio::null()).output();
    output.expect("the program starts")
}

pub fn decode(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const GOOD: (&str, &[u8]) = ("good.rhai", b"print(args());\nprint(seed(3))");
const LUA: (&str, &[u8]) = ("good.lua", b"print(args())\nprint(seed(3))");
const BAD: (&str, &[u8]) = ("bad.rhai", b"print(1);\nfail(\"on purpose\");");
const MISSPELT: (&str, &[u8]) = ("misspelt.rhai", b"print(1);\nprnt(2);");

#[test]
fn a_script_receives_its_arguments_and_seed_in_both_languages() {
    let folder = folder(&[GOOD, LUA]);
    for file in ["good.rhai", "good.lua"] {
        let output = run(&folder, &["run", file, "--seed", "9", "--", "a", "--b"]);
        assert_eq!(decode(&output.stdout), "[\"a\", \"--b\"]\n9\n", "{file}");
        assert_eq!(decode(&output.stderr), "", "{file}");
        assert_eq!(output.status.code(), Some(0), "{file}");
    }
}

#[test]
fn a_script_error_prints_its_location_and_exits_with_1() {
    let folder = folder(&[BAD]);
    let output = run(&folder, &["run", "bad.rhai"]);
    assert_eq!(decode(&output.stdout), "1\n");
    let stderr = decode(&output.stderr);
    assert!(
        stderr.starts_with("error: on purpose\n  --> bad.rhai:2:1\n"),
        "{stderr}"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_usage_error_exits_with_2_and_states_the_expected_usage() {
    let folder = folder(&[GOOD, ("picture.png", b"png"), ("latin.rhai", b"// caf\xe9")]);
    let cases: [(&[&str], &str); 17] = [
        (&["run"], "<FILE>"),
        (
            &["run", "god.rhai"],
            "god.rhai: the file does not exist\nhint: did you mean `good.rhai`?",
        ),
        (&["run", "far/good.rhai"], "the file does not exist"),
        (&["run", "."], "this is a folder, expected a file"),
        (
            &["run", "picture.png"],
            "expected a script with the extension .rhai or .lua",
        ),
        (
            &["run", "latin.rhai"],
            "found a byte that is not UTF-8 at position 6",
        ),
        (
            &["run", "good.rhai", "--device", "cuda:0"],
            "this build computes on `cpu` only",
        ),
        (
            &["run", "good.rhai", "--max-memory", "8X"],
            "expected a size like 800M",
        ),
        (
            &["run", "good.rhai", "--max-memory", "3200"],
            "expected a size of at least 1M",
        ),
        (&["run", "good.rhai", "--allow-read", "."], "--sandbox"),
        (
            &["run", "good.rhai", "--sandbox", "--allow-read", "far"],
            "far: the file does not exist",
        ),
        (&["run", "good.rhai", "--threads", "0"], "0 is not in 1.."),
        (&["run", "good.rhai", "--quik"], "--quick"),
        (
            &["run", "good.rhai", "--out", "good.rhai"],
            "expected a folder for --out, found a file",
        ),
        (&["tutorial", "nothing"], "no tutorial is called `nothing`"),
        (&["doc", "sed"], "hint: did you mean `seed`?"),
        (&["fly"], "unrecognized subcommand"),
    ];
    for (args, expected_text) in cases {
        let output = run(&folder, args);
        let stderr = decode(&output.stderr);
        assert!(stderr.contains(expected_text), "{args:?}: {stderr}");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(decode(&output.stdout), "", "{args:?}");
    }
}

#[test]
fn check_reports_a_misspelt_name_without_running_the_script() {
    let folder = folder(&[GOOD, LUA, BAD, MISSPELT]);
    for (file, code) in [
        ("good.rhai", 0),
        ("good.lua", 0),
        ("bad.rhai", 0),
        ("misspelt.rhai", 1),
    ] {
        let output = run(&folder, &["check", file]);
        assert_eq!(output.status.code(), Some(code), "{file}");
        assert_eq!(decode(&output.stdout), "", "{file}");
    }
    let stderr = decode(&run(&folder, &["check", "misspelt.rhai"]).stderr);
    assert!(stderr.contains("misspelt.rhai:2:1"), "{stderr}");
}

#[test]
fn the_output_folder_is_created() {
    let folder = folder(&[GOOD]);
    run(&folder, &["run", "good.rhai", "--out", "deep/er"]);
    assert!(folder.path().join("deep/er").is_dir());
}

#[test]
fn doc_prints_one_entry_or_the_whole_reference() {
    let folder = folder(&[]);
    let entry = run(&folder, &["doc", "seed"]);
    assert!(decode(&entry.stdout).starts_with("seed(default)"));
    let all = run(&folder, &["doc", "--markdown"]);
    assert!(decode(&all.stdout).starts_with("# Reference"));
    assert_eq!((entry.status.code(), all.status.code()), (Some(0), Some(0)));
}

#[test]
fn an_operation_limit_ends_an_endless_script() {
    let folder = folder(&[
        ("loop.rhai", b"loop {}"),
        ("loop.lua", b"while true do end"),
    ]);
    for file in ["loop.rhai", "loop.lua"] {
        let output = run(&folder, &["run", file, "--max-operations", "10000"]);
        assert_eq!(output.status.code(), Some(1), "{file}");
        let stderr = decode(&output.stderr);
        assert!(
            stderr.contains("hint: raise the limit with --max-operations"),
            "{stderr}"
        );
    }
}

#[test]
fn a_value_that_doubles_without_end_exceeds_the_memory_limit() {
    let folder = folder(&[
        ("text.rhai", b"let s = \"x\";\nloop { s += s; }"),
        ("text.lua", b"local s = 'x'\nwhile true do s = s .. s end"),
        ("list.rhai", b"let s = [1];\nloop { s += s; }"),
    ]);
    for file in ["text.rhai", "text.lua", "list.rhai"] {
        let output = run(&folder, &["run", file, "--max-memory", "64M"]);
        let stderr = decode(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{file}: {stderr}");
        assert!(
            stderr.contains("error: not enough memory"),
            "{file}: {stderr}"
        );
        assert!(stderr.contains("hint: "), "{file}: {stderr}");
    }
}

#[test]
fn a_script_may_start_with_a_byte_order_mark() {
    let folder = folder(&[
        ("mark.rhai", b"\xef\xbb\xbfprint(1);\r\nprint(2);\r\n"),
        ("mark.lua", b"\xef\xbb\xbfprint(1)\r\nprint(2)\r\n"),
    ]);
    for file in ["mark.rhai", "mark.lua"] {
        let output = run(&folder, &["run", file]);
        assert_eq!(decode(&output.stdout), "1\n2\n", "{file}");
    }
}

#[test]
fn calling_a_function_variable_directly_gives_a_hint() {
    let folder = folder(&[("twice.rhai", b"let twice = |x| 2 * x;\ntwice(4)")]);
    let stderr = decode(&run(&folder, &["run", "twice.rhai"]).stderr);
    let hint =
        "hint: `twice` is a variable; call the function that it contains with twice.call(..)";
    assert!(stderr.contains(hint), "{stderr}");
}

#[test]
fn a_closed_output_pipe_ends_the_script_silently() {
    let folder = folder(&[("talk.rhai", b"loop { print(\"more\") }")]);
    let mut command = program(folder.path(), &["run", "talk.rhai"]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(decode(&output.stderr), "");
    assert_eq!(output.status.code(), Some(141));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_at_standard_output_is_reported() {
    let folder = folder(&[GOOD]);
    let full = fs::File::create("/dev/full").expect("/dev/full exists on Linux");
    let mut command = program(folder.path(), &["run", "good.rhai"]);
    let output = command.stdout(full).stderr(Stdio::piped()).output();
    let output = output.expect("the program starts");
    let stderr = decode(&output.stderr);
    assert!(
        stderr.starts_with("error: standard output cannot be written: "),
        "{stderr}"
    );
    assert_eq!(output.status.code(), Some(141));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_script_with_exit_code_130() {
    let scripts: [(&str, &[u8]); 2] = [
        ("wait.rhai", b"print(\"ready\"); loop {}"),
        ("wait.lua", b"print(\"ready\") while true do end"),
    ];
    let folder = folder(&scripts);
    for (file, _) in scripts {
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
        assert_eq!(line, "ready\n");
        let pid = child.id().to_string();
        let status = Command::new("kill").args(["-INT", &pid]).status();
        assert!(status.expect("`kill` is available").success());
        let output = child.wait_with_output().expect("the program ends");
        assert_eq!(output.status.code(), Some(130), "{file}");
        let stderr = decode(&output.stderr);
        assert!(stderr.contains("error: interrupted"), "{stderr}");
    }
}

const TUTORIALS: [Tutorial; 3] = [
    Tutorial {
        file: "01-first.rhai",
        text: "// What comes first.\nprint(1)",
    },
    Tutorial {
        file: "01-first.lua",
        text: "-- What comes first.\nprint(1)",
    },
    Tutorial {
        file: "02-second.rhai",
        text: "// What comes second.\n",
    },
];

#[test]
fn a_tutorial_is_found_by_name_number_or_file_name() {
    let cases = [
        ("first", false, Some("01-first.rhai")),
        ("first", true, Some("01-first.lua")),
        ("1", false, Some("01-first.rhai")),
        ("02", false, Some("02-second.rhai")),
        ("01-first.lua", false, Some("01-first.lua")),
        ("02-second", true, None),
        ("third", false, None),
    ];
    for (name, lua, expected) in cases {
        let actual = tutorials::find(&TUTORIALS, name, lua).ok();
        assert_eq!(actual.map(|entry| entry.file), expected, "{name} {lua}");
    }
}

#[test]
fn the_list_of_tutorials_contains_each_tutorial_once() {
    let expected = "01-first   What comes first. (also --lua)\n02-second  What comes second.";
    assert_eq!(tutorials::list(&TUTORIALS), expected);
}

#[test]
fn copying_tutorials_never_replaces_a_file() {
    let folder = folder(&[("02-second.rhai", b"mine")]);
    let all = tutorials::copy(&TUTORIALS, None, folder.path());
    assert!(all.is_err_and(|error| error.message.contains("the file already exists")));
    assert!(!folder.path().join("01-first.rhai").exists());
    let first = tutorials::copy(&TUTORIALS, Some("first"), folder.path());
    assert_eq!(first.map(|paths| paths.len()), Ok(2));
    let content = fs::read_to_string(folder.path().join("02-second.rhai"));
    assert_eq!(content.expect("the file exists"), "mine");
}

/// A writer whose content a test can read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a single writer").write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn without_a_terminal_a_run_ends_with_one_progress_line() {
    let log = Log::default();
    let mut reporter = ProgressReporter::lines("train", Arc::default(), Box::new(log.clone()));
    for done in 1..=42 {
        let (loss, rate) = (0.017_423, 0.002);
        reporter.report(Report {
            done,
            total: 100,
            status: Status::Loss { loss, lr: rate },
        });
    }
    drop(reporter);
    let text = decode(&log.0.lock().expect("the writer is dropped"));
    let last = text.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("train: 42/100  loss 0.01742  lr 0.002000  in "),
        "{text}"
    );
}

#[test]
fn a_nested_run_prints_no_progress() {
    let (outer, inner) = (Log::default(), Log::default());
    let terminal = Arc::new(TerminalState::default());
    let _outer = ProgressReporter::lines("train", terminal.clone(), Box::new(outer));
    let mut reporter = ProgressReporter::lines("find", terminal, Box::new(inner.clone()));
    reporter.report(Report {
        done: 1,
        total: 1,
        status: Status::Search { converged: 1 },
    });
    drop(reporter);
    assert_eq!(decode(&inner.0.lock().expect("the writer is dropped")), "");
}

#[test]
fn a_run_without_a_report_prints_nothing() {
    let log = Log::default();
    drop(ProgressReporter::lines(
        "train",
        Arc::default(),
        Box::new(log.clone()),
    ));
    assert_eq!(decode(&log.0.lock().expect("the writer is dropped")), "");
}

#[test]
fn a_run_receives_the_stop_request_of_the_user() {
    let terminal = Arc::new(TerminalState::default());
    let reporter = ProgressReporter::lines("train", terminal.clone(), Box::new(Log::default()));
    assert!(!reporter.stop_requested());
    terminal
        .stop
        .store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(reporter.stop_requested());
}
