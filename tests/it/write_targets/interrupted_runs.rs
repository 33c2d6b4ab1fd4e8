//! Temporary files of killed runs, and termination by SIGTERM and SIGHUP.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use attractor::io::hdf5::{self, WriteOptions};
use attractor::io::{Tree, atomic_write};
use tempfile::TempDir;

/// The id of a process that has ended.
fn ended_process_id() -> u32 {
    let mut child = Command::new("true").spawn().expect("a process");
    child.wait().expect("the process ends");
    child.id()
}

fn file_names(folder: &Path) -> Vec<String> {
    let file_names = fs::read_dir(folder).expect("a folder");
    let mut file_names: Vec<String> = file_names
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("text")
        })
        .collect();
    file_names.sort();
    file_names
}

#[test]
fn temporary_files_of_killed_runs_are_removed_by_the_next_save() {
    let folder = TempDir::new().expect("a folder");
    let mut running_process = Command::new("sleep").arg("60").spawn().expect("a process");
    let (dead_id, alive_id, own_id) =
        (ended_process_id(), running_process.id(), std::process::id());
    let other_files = [
        format!(".a.h5.{alive_id}-0.part"),
        format!(".b.h5.{dead_id}-0.part"),
        format!(".a.h5.{dead_id}-0.parts"),
        format!(".a.h5.x{dead_id}-0.part"),
        format!("a.h5.{dead_id}-0.part"),
    ];
    let stale_files = [
        format!(".a.h5.{dead_id}-0.part"),
        format!(".a.h5.{dead_id}-17.part"),
        // In containers each run has the same process id as the killed run.
        format!(".a.h5.{own_id}-0.part"),
    ];
    let writers: [&dyn Fn(&Path); 2] = [&|path| atomic_write(path, b"text").unwrap(), &|path| {
        hdf5::write(path, &Tree::map(), &WriteOptions::default()).unwrap()
    }];
    for write in writers {
        for name in other_files.iter().chain(&stale_files) {
            fs::write(folder.path().join(name), "part").expect("a file");
        }
        write(&folder.path().join("a.h5"));
        let mut expected = other_files.to_vec();
        expected.push("a.h5".into());
        expected.sort();
        assert_eq!(file_names(folder.path()), expected);
    }
    running_process.kill().expect("owned by the test");
    running_process.wait().expect("owned by the test");
}

#[test]
fn a_locked_temporary_file_is_not_removed() {
    let folder = TempDir::new().expect("a folder");
    let name = format!(".a.txt.{}-0.part", ended_process_id());
    let part = fs::File::create(folder.path().join(&name)).expect("a file");
    part.lock().expect("the file is not locked");
    atomic_write(folder.path().join("a.txt"), b"text").unwrap();
    assert_eq!(file_names(folder.path()), [name.as_str(), "a.txt"]);
}

#[test]
fn several_threads_can_save_the_same_file() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("a.txt");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    atomic_write(&path, b"text").unwrap();
                }
            });
        }
    });
    assert_eq!(file_names(folder.path()), ["a.txt"]);
}

/// Starts a run and waits for its first line.
fn start(folder: &Path, args: &[&str], script: &str) -> Child {
    fs::write(folder.join("s.rhai"), script).expect("a script");
    let mut child = Command::new(args[0])
        .args(&args[1..])
        .current_dir(folder)
        .env("HOME", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let out = child.stdout.as_mut().expect("a pipe");
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).expect("text");
    assert_eq!(line, "ready\n");
    child
}

fn send(signal: &str, child: &Child) {
    let status = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    // `kill` fails if the process has just ended.
    status.expect("kill");
}

/// The exit code and the text of standard error.
fn wait_for_end(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().expect("the process ends");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), text)
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_attractor");
const ENDLESS: &str = "print(\"ready\"); loop {}";
/// An endless training run.
const TRAINING: &str = r#"
let net = rnn::vanilla(#{ units: 8, seed: 1 });
let options = #{ batches: 100000000, batch_size: 4, checkpoint: "check.h5", checkpoint_every: 10 };
options.log_every = 1000000;
print("ready");
let fit = train(net, tasks::integrator(#{ steps: 5 }), options);
net.save("net.h5");
file::write("outcome.txt", fit.outcome);
"#;
/// An endless sequence of training runs, each of which has to be stopped.
const TRAININGS: &str = r#"
print("ready");
loop {
    let net = rnn::vanilla(#{ units: 8, seed: 1 });
    let options = #{ batches: 100000000, batch_size: 4, log_every: 1000000 };
    train(net, tasks::integrator(#{ steps: 5 }), options);
}
"#;

#[test]
fn sigterm_and_sighup_stop_a_run_like_ctrl_c_with_exit_code_128_plus_signal() {
    for (signal, code) in [("-TERM", 143), ("-HUP", 129)] {
        for script in [ENDLESS, TRAINING, TRAININGS] {
            let folder = TempDir::new().expect("a folder");
            let mut child = start(folder.path(), &[PROGRAM, "run", "s.rhai"], script);
            // Before the start of the training the signal would interrupt the script itself.
            let has_started = || script != TRAINING || folder.path().join("check.h5").exists();
            while !has_started() {
                let ended = child.try_wait().expect("a child of this process");
                assert!(ended.is_none(), "the script ended before its training");
                std::thread::sleep(Duration::from_millis(5));
            }
            send(signal, &child);
            let (actual, text) = wait_for_end(child);
            assert_eq!(actual, Some(code), "{signal} {script}: {text}");
            let file_names = file_names(folder.path());
            assert!(
                !file_names.iter().any(|name| name.ends_with(".part")),
                "{file_names:?}"
            );
            if script == TRAINING {
                let outcome = fs::read_to_string(folder.path().join("outcome.txt"));
                assert_eq!(outcome.expect("the file was written"), "interrupted");
                assert!(file_names.contains(&"net.h5".into()), "{file_names:?}");
            } else {
                assert!(text.contains("error: interrupted"), "{text}");
            }
        }
    }
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let folder = TempDir::new().expect("a folder");
    // The output pipe is full: the script blocks in a write and does not check for interrupts.
    let script = r#"
        let lines = "ready\n";
        for doubled in 0..18 { lines += lines; }
        file::write("/dev/stdout", lines);
    "#;
    for (second, code) in [("-TERM", 143), ("-HUP", 129), ("-INT", 130)] {
        let mut child = start(folder.path(), &[PROGRAM, "run", "s.rhai"], script);
        send("-TERM", &child);
        let mut line = String::new();
        let mut stderr_lines = BufReader::new(child.stderr.take().expect("a pipe"));
        while !line.contains("a second signal") {
            line.clear();
            assert!(stderr_lines.read_line(&mut line).expect("text") > 0);
        }
        // A signal immediately after the first one is ignored, because `timeout` sends it twice.
        let status = loop {
            send(second, &child);
            if let Some(status) = child.try_wait().expect("a child of this process") {
                break status;
            }
        };
        assert_eq!(status.code(), Some(code), "{second}");
    }
}

#[test]
fn a_run_under_nohup_ignores_sighup() {
    let folder = TempDir::new().expect("a folder");
    let script = r#"
        print("ready");
        let found = false;
        while !found { try { file::read("go.txt"); found = true; } catch {} }
        file::write("end.txt", "end");
    "#;
    let ignoring_hup = ["sh", "-c", "trap '' HUP; exec \"$0\" run s.rhai", PROGRAM];
    let child = start(folder.path(), &ignoring_hup, script);
    send("-HUP", &child);
    fs::write(folder.path().join("go.txt"), "go").expect("a file");
    assert_eq!(wait_for_end(child).0, Some(0));
    assert!(folder.path().join("end.txt").exists());
}

#[test]
fn a_session_that_waits_for_input_ends_at_once() {
    use std::io::Write;
    for (signal, code) in [("-TERM", 143), ("-HUP", 129)] {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("s.rhai"), "").expect("a script");
        let mut child = Command::new(PROGRAM)
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut input = child.stdin.take().expect("a pipe");
        writeln!(input, "print(\"ready\")").expect("a reader");
        let mut line = String::new();
        let out = child.stdout.as_mut().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("text");
        send(signal, &child);
        let status = child.wait().expect("the process ends");
        assert_eq!(status.code(), Some(code), "{signal}");
    }
}
