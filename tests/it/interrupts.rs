//! The first Ctrl-C: it ends a script, and one input of a session, inside whatever takes long.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Each of these takes minutes by itself.
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
        "a film",
        "let t = random::normal(random::key(1), [20, 2000, 3]);
         scene::trajectories(t).save(\"film.gif\", #{ frames: 2000 });",
    ),
    ("a loop", "loop { }"),
];

/// Long enough for a machine under load; what does not end by then goes on for minutes.
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

fn press(child: &Child) {
    let id = child.id().to_string();
    let status = Command::new("kill").args(["-INT", &id]).status();
    assert!(status.is_ok_and(|status| status.success()));
}

/// The exit code, if the program ends in time.
fn code(child: &mut Child) -> Option<i32> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("a child of ours");
    None
}

#[test]
fn the_first_ctrl_c_ends_a_script_inside_a_long_operation() {
    let folder = TempDir::new().expect("a folder");
    for (name, work) in LONG {
        let text = format!("print(\"begins\"); {work} print(\"ends\");");
        std::fs::write(folder.path().join("long.rhai"), text).expect("a script");
        let mut child = start(&folder, &["run", "long.rhai"]);
        let mut lines = BufReader::new(child.stdout.take().expect("asked for")).lines();
        let first = lines.next().expect("a line").expect("text");
        assert_eq!(first, "begins", "{name}");
        press(&child);
        assert_eq!(code(&mut child), Some(130), "{name}");
        assert!(lines.next().is_none(), "{name}");
        let mut words = String::new();
        let mut stderr = child.stderr.take().expect("asked for");
        stderr.read_to_string(&mut words).expect("text");
        assert!(words.contains("interrupted"), "{name}: {words}");
    }
}

#[test]
fn a_session_goes_on_after_ctrl_c_inside_a_long_operation() {
    let folder = TempDir::new().expect("a folder");
    let inputs = [
        ("", "let t = zeros([4000, 4000]) + 1.0;", LONG[1].1),
        ("", "let t = 1;", LONG[0].1),
        ("--lua", "t = 1", "sleep(600)"),
    ];
    for (language, before, work) in inputs {
        let args: Vec<&str> = [language]
            .into_iter()
            .filter(|arg| !arg.is_empty())
            .collect();
        let mut child = start(&folder, &args);
        let mut stdin = child.stdin.take().expect("asked for");
        let mut lines = BufReader::new(child.stdout.take().expect("asked for")).lines();
        let work = work.replace('\n', " ");
        writeln!(stdin, "{before}\nprint(\"begins\"); {work}").expect("it reads");
        assert_eq!(lines.next().expect("a line").expect("text"), "begins");
        press(&child);
        writeln!(stdin, "print(\"goes on\")").expect("it reads");
        drop(stdin);
        assert_eq!(code(&mut child), Some(130), "{work}");
        assert_eq!(lines.next().expect("a line").expect("text"), "goes on");
    }
}

#[test]
fn an_interrupted_search_for_fixed_points_warns_of_unfinished_candidates() {
    let folder = TempDir::new().expect("a folder");
    let text = "let net = rnn::gru(#{ units: 200, gain: 1.5 });
        let h = random::normal(random::key(1), [20000, 200]);
        let points = fixed_points::find(net, #{ candidates: h, between: 0 });
        print(points.warnings()[0]);";
    std::fs::write(folder.path().join("search.rhai"), text).expect("a script");
    let mut child = start(&folder, &["run", "search.rhai"]);
    let mut progress = BufReader::new(child.stderr.take().expect("asked for")).lines();
    let line = progress.next().expect("a line").expect("text");
    assert!(line.contains("fixed_points::find"), "{line}");
    press(&child);
    assert_eq!(code(&mut child), Some(0));
    let mut printed = String::new();
    let mut stdout = child.stdout.take().expect("asked for");
    stdout.read_to_string(&mut printed).expect("text");
    assert!(
        printed.contains("of 20000 candidates had not reached a final state"),
        "{printed}"
    );
}
