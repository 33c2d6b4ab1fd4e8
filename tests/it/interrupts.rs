//! The first Ctrl-C stops a script, or one input of a session, during a long operation.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Operations that take several minutes.
const LONG: [(&str, &str); 8] = [
    ("sleep", "sleep(600);"),
    (
        "eig",
        "let t = random::normal(random::key(1), [4000, 4000]); let e = t.eig();",
    ),
    (
        "svd",
        "let t = random::normal(random::key(1), [5000, 5000]); let e = t.svd();",
    ),
    (
        "pca",
        "let t = random::normal(random::key(1), [6000, 5000]); let e = pca::fit(t);",
    ),
    (
        "tsne",
        "let t = random::normal(random::key(1), [2000, 5]);
         let e = tsne::fit(t, #{ steps: 1000000 });",
    ),
    (
        "network.run",
        "let net = rnn::vanilla(#{ inputs: 1, units: 2000 });
         let e = net.run(zeros([400, 1000, 1]));",
    ),
    (
        "an animation",
        "let t = random::normal(random::key(1), [20, 2000, 3]);
         scene::trajectories(t).save(\"film.gif\", #{ frames: 2000 });",
    ),
    ("a loop", "loop { }"),
];

/// Long enough for a busy machine, and shorter than the operations.
const PATIENCE: Duration = Duration::from_secs(60);

fn start(folder: &TempDir, args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_attractor"))
        .args(args)
        .current_dir(folder.path())
        .env("XDG_DATA_HOME", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

fn interrupt(child: &Child) {
    let id = child.id().to_string();
    let status = Command::new("kill").args(["-INT", &id]).status();
    assert!(status.is_ok_and(|status| status.success()));
}

/// The exit code, if the program ends within `PATIENCE`.
fn wait_for_exit(child: &mut Child) -> Option<i32> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().expect("a child of this process") {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("a child of this process");
    None
}

#[test]
fn the_first_ctrl_c_stops_a_script_during_a_long_operation() {
    let folder = TempDir::new().expect("a folder");
    for (name, operation) in LONG {
        let text = format!("print(\"begins\"); {operation} print(\"ends\");");
        std::fs::write(folder.path().join("long.rhai"), text).expect("a script");
        let mut child = start(&folder, &["run", "long.rhai"]);
        let mut lines = BufReader::new(child.stdout.take().expect("the stream is piped")).lines();
        let first = lines.next().expect("a line").expect("text");
        assert_eq!(first, "begins", "{name}");
        interrupt(&child);
        assert_eq!(wait_for_exit(&mut child), Some(130), "{name}");
        assert!(lines.next().is_none(), "{name}");
        let mut stderr_text = String::new();
        let mut stderr = child.stderr.take().expect("the stream is piped");
        stderr.read_to_string(&mut stderr_text).expect("text");
        assert!(stderr_text.contains("interrupted"), "{name}: {stderr_text}");
    }
}

#[test]
fn a_session_continues_after_ctrl_c_during_a_long_operation() {
    let folder = TempDir::new().expect("a folder");
    let inputs = [
        ("", "let t = zeros([4000, 4000]) + 1.0;", LONG[1].1),
        ("", "let t = 1;", LONG[0].1),
        ("--lua", "t = 1", "sleep(600)"),
    ];
    for (language, setup, operation) in inputs {
        let args: Vec<&str> = [language]
            .into_iter()
            .filter(|arg| !arg.is_empty())
            .collect();
        let mut child = start(&folder, &args);
        let mut stdin = child.stdin.take().expect("the stream is piped");
        let mut lines = BufReader::new(child.stdout.take().expect("the stream is piped")).lines();
        let operation = operation.replace('\n', " ");
        writeln!(stdin, "{setup}\nprint(\"begins\"); {operation}")
            .expect("the child reads its input");
        assert_eq!(lines.next().expect("a line").expect("text"), "begins");
        interrupt(&child);
        writeln!(stdin, "print(\"goes on\")").expect("the child reads its input");
        drop(stdin);
        assert_eq!(wait_for_exit(&mut child), Some(130), "{operation}");
        assert_eq!(lines.next().expect("a line").expect("text"), "goes on");
    }
}

#[test]
fn ctrl_c_during_a_long_write_leaves_the_previous_file() {
    let folder = TempDir::new().expect("a folder");
    let text = r#"
        h5::write("a.h5", #{ x: 7 });
        let t = random::normal(random::key(1), [7000, 7000]);
        print("begins"); h5::write("a.h5", #{ t: t }, #{ compress: 9 }); print("ends");"#;
    std::fs::write(folder.path().join("long.rhai"), text).expect("a script");
    let mut child = start(&folder, &["run", "long.rhai"]);
    let mut lines = BufReader::new(child.stdout.take().expect("the stream is piped")).lines();
    assert_eq!(lines.next().expect("a line").expect("text"), "begins");
    interrupt(&child);
    assert_eq!(wait_for_exit(&mut child), Some(130));
    assert!(lines.next().is_none(), "the write went on to its end");
    let names = std::fs::read_dir(folder.path()).expect("a folder");
    let mut names: Vec<_> = names
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["a.h5", "long.rhai"]);
    let file = hdf5::File::open(folder.path().join("a.h5")).expect("the previous file");
    let value = file.dataset("x").and_then(|x| x.read_scalar::<i64>());
    assert_eq!(value.expect("an integer"), 7);
}

/// A training run that would take hours; the script continues after it.
const TRAINING: &str = "print(\"begins\"); let net = rnn::vanilla(#{ units: 8 });
    let options = #{ batches: 100000000, batch_size: 4, log_every: 1000000 };
    options.checkpoint = \"check.h5\"; options.checkpoint_every = 10;
    let fit = train(net, tasks::integrator(#{ steps: 5 }), options);
    net.save(\"net.h5\"); print(fit.outcome);";

/// Sends Ctrl-C after the training has started; earlier, it would interrupt the script itself.
fn interrupt_in_training(folder: &TempDir, child: &Child) {
    while !folder.path().join("check.h5").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    interrupt(child);
}

#[test]
fn a_script_runs_to_its_end_and_exits_with_130_after_an_interrupted_training() {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("long.rhai"), TRAINING).expect("a script");
    let mut child = start(&folder, &["run", "long.rhai"]);
    let mut lines = BufReader::new(child.stdout.take().expect("the stream is piped")).lines();
    assert_eq!(lines.next().expect("a line").expect("text"), "begins");
    interrupt_in_training(&folder, &child);
    assert_eq!(wait_for_exit(&mut child), Some(130));
    assert_eq!(lines.next().expect("a line").expect("text"), "interrupted");
    assert!(
        folder.path().join("net.h5").is_file(),
        "the network is lost"
    );
    let mut words = String::new();
    let mut stderr = child.stderr.take().expect("the stream is piped");
    stderr.read_to_string(&mut words).expect("text");
    assert!(words.contains("the script ran to its end"), "{words}");
}

#[test]
fn a_piped_session_exits_with_130_after_an_interrupted_training() {
    let folder = TempDir::new().expect("a folder");
    let mut child = start(&folder, &[]);
    let mut stdin = child.stdin.take().expect("the stream is piped");
    let mut lines = BufReader::new(child.stdout.take().expect("the stream is piped")).lines();
    writeln!(stdin, "{}", TRAINING.replace('\n', " ")).expect("it reads");
    assert_eq!(lines.next().expect("a line").expect("text"), "begins");
    interrupt_in_training(&folder, &child);
    writeln!(stdin, "print(\"goes on\")").expect("it reads");
    drop(stdin);
    assert_eq!(wait_for_exit(&mut child), Some(130));
    assert_eq!(lines.next().expect("a line").expect("text"), "interrupted");
    assert_eq!(lines.next().expect("a line").expect("text"), "goes on");
}

#[test]
fn an_interrupted_search_for_fixed_points_warns_of_unfinished_candidates() {
    let folder = TempDir::new().expect("a folder");
    let text = "let net = rnn::gru(#{ units: 200, gain: 1.5 });
        let h = random::normal(random::key(1), [20000, 200]);
        let points = fixed_points::find(net, #{ candidates: h, interpolated: 0 });
        print(points.warnings()[0]);";
    std::fs::write(folder.path().join("search.rhai"), text).expect("a script");
    let mut child = start(&folder, &["run", "search.rhai"]);
    let mut progress = BufReader::new(child.stderr.take().expect("the stream is piped")).lines();
    let line = progress.next().expect("a line").expect("text");
    assert!(line.contains("fixed_points::find"), "{line}");
    interrupt(&child);
    assert_eq!(wait_for_exit(&mut child), Some(130));
    let mut printed = String::new();
    let mut stdout = child.stdout.take().expect("the stream is piped");
    stdout.read_to_string(&mut printed).expect("text");
    assert!(
        printed.contains("of 20000 candidates had not reached a final state"),
        "{printed}"
    );
}
