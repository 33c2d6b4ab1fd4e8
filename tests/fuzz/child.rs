//! Runs generated scripts in child processes and detects failures that no user may see: a signal,
//! an abort, a panic message, an internal name in a message, a call that ignores Ctrl-C.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use attractor::api::context::Language;

/// Statements that run one after another in one child process.
pub struct Batch {
    pub language: Language,
    pub prelude: String,
    pub items: Vec<String>,
}

/// A statement and the problem that it caused.
#[derive(Debug)]
pub struct Failure {
    pub problem: String,
    pub statement: String,
}

/// Counts of the outcomes of a batch of statements.
#[derive(Debug, Default)]
pub struct Tally {
    /// Executed statements, including those that ended with an error message.
    pub executed: usize,
    /// Statements stopped by Ctrl-C because they took long.
    pub interrupted: usize,
    /// Statements that ended the script with a limit error.
    pub limited: usize,
    pub failures: Vec<Failure>,
}

impl Tally {
    pub fn add(&mut self, other: Tally) {
        self.executed += other.executed;
        self.interrupted += other.interrupted;
        self.limited += other.limited;
        self.failures.extend(other.failures);
    }
}

/// A statement that takes longer is interrupted.
const PATIENCE: Duration = Duration::from_secs(4);
/// Ctrl-C must end the program within this time, on a machine with other work.
const GRACE: Duration = Duration::from_secs(8);
/// Address space of the child, in KiB: a request beyond it aborts, which is a failure.
const ADDRESS_SPACE: u64 = 6 << 20;
const ARGUMENTS: [&str; 8] = [
    "--quick",
    "--no-window",
    "--max-memory",
    "256M",
    "--max-operations",
    "100000000",
    "--threads",
    "2",
];

/// Substrings that must not occur in a message for the user.
const LEAKS: [&str; 9] = [
    "panicked at",
    "inside attractor",
    "RUST_BACKTRACE",
    "candle_core",
    "alloc::",
    "core::",
    "rhai::",
    "mlua::",
    "hdf5_metno",
];

/// How often a batch is started again because its prelude took too long.
const SLOW_STARTS: usize = 10;

/// How a child process ended.
enum End {
    Exited(ExitStatus),
    Interrupted,
    IgnoresInterrupt,
}

/// Runs all items; restarts after each item that ends the script.
///
/// Errors: if the prelude fails, because nothing after it would be tested
pub fn run(batch: &Batch, program: &Path, folder: &Path) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let (mut first, mut slow_starts) = (0, 0);
    while first < batch.items.len() {
        let report = start(batch, first, program, folder)?;
        let next = report.last.map_or(0, |last| last + 1);
        for (item, message) in &report.leaks {
            let statement = batch.items.get(*item).cloned().unwrap_or_default();
            tally.failures.push(Failure {
                problem: format!("leaks an internal: {message}"),
                statement,
            });
        }
        if report.finished {
            tally.executed += batch.items.len() - first;
            tally.failures.extend(bad_exit(&report));
            return Ok(tally);
        }
        // On a busy machine even the prelude can take longer than a statement may.
        if next <= first && matches!(report.end, End::Interrupted) && slow_starts < SLOW_STARTS {
            slow_starts += 1;
            continue;
        }
        if next <= first {
            return Err(format!("the prelude fails: {}", report.errors));
        }
        tally.executed += next - first;
        match report.end {
            End::Interrupted => tally.interrupted += 1,
            End::Exited(status) if status.code() == Some(1) && !leaks(&report.errors) => {
                tally.limited += 1;
            }
            End::Exited(status) => tally.failures.push(Failure {
                problem: format!("{status}: {}", report.errors.trim()),
                statement: batch.items[next - 1].clone(),
            }),
            End::IgnoresInterrupt => tally.failures.push(Failure {
                problem: "ignores Ctrl-C".into(),
                statement: batch.items[next - 1].clone(),
            }),
        }
        first = next;
    }
    Ok(tally)
}

/// The failure of a script that reached its last line but did not exit with code 0.
fn bad_exit(report: &Report) -> Option<Failure> {
    let problem = match report.end {
        End::Exited(status) if status.success() => return None,
        End::Exited(status) => format!("{status} after the last line: {}", report.errors),
        End::Interrupted | End::IgnoresInterrupt => "does not end after the last line".into(),
    };
    Some(Failure {
        problem,
        statement: "(all of the batch)".into(),
    })
}

/// Runs the program once with `arguments`. Returns the failure if the program neither exits cleanly
/// nor stops on Ctrl-C.
pub fn run_once(
    program: &Path,
    arguments: &[&str],
    folder: &Path,
) -> Result<Option<String>, String> {
    let mut child = spawn(program, arguments, folder)?;
    let report = observe(&mut child)?;
    Ok(match report.end {
        End::IgnoresInterrupt => Some("ignores Ctrl-C".into()),
        End::Exited(status) if !matches!(status.code(), Some(0..=2 | 130)) => {
            Some(format!("{status}: {}", report.errors.trim()))
        }
        _ if leaks(&report.errors) => Some(report.errors),
        _ => None,
    })
}

struct Report {
    /// Index of the last item that was started.
    last: Option<usize>,
    finished: bool,
    end: End,
    errors: String,
    leaks: Vec<(usize, String)>,
}

fn start(batch: &Batch, first: usize, program: &Path, folder: &Path) -> Result<Report, String> {
    let script = write_script(batch, first, folder)?;
    let mut arguments = vec!["run", &script, "--out", "."];
    arguments.extend(ARGUMENTS);
    observe(&mut spawn(program, &arguments, folder)?)
}

/// Waits for a child process to end; interrupts it if a statement takes too long.
fn observe(child: &mut Child) -> Result<Report, String> {
    let errors = collect_stderr(child);
    let lines = read_lines(child);
    let mut report = Report {
        last: None,
        finished: false,
        end: End::Interrupted,
        errors: String::new(),
        leaks: Vec::new(),
    };
    let is_timeout = watch_output(&lines, &mut report);
    report.end = if is_timeout {
        interrupt(child)
    } else {
        wait(child, GRACE).map_or(End::IgnoresInterrupt, End::Exited)
    };
    if matches!(report.end, End::IgnoresInterrupt) {
        child.kill().and_then(|()| child.wait()).map_err(text)?;
    }
    report.errors = errors.recv().unwrap_or_default();
    Ok(report)
}

fn write_script(batch: &Batch, first: usize, folder: &Path) -> Result<String, String> {
    let ending = match batch.language {
        Language::Rhai => "rhai",
        Language::Lua => "lua",
    };
    let mut script = batch.prelude.clone() + "\n";
    for (index, item) in batch.items.iter().enumerate().skip(first) {
        script += &format!("print(\"#{index}\");\n{item}\n");
    }
    script += "print(\"#end\");\n";
    let name = format!("calls.{ending}");
    std::fs::write(folder.join(&name), script).map_err(text)?;
    Ok(name)
}

fn spawn(program: &Path, arguments: &[&str], folder: &Path) -> Result<Child, String> {
    let limited = format!("ulimit -c 0; ulimit -v {ADDRESS_SPACE}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.arg("-c").arg(limited).arg(program).args(arguments);
    command.current_dir(folder).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().map_err(text)
}

/// Collects the last bytes of standard error on a separate thread.
fn collect_stderr(child: &mut Child) -> Receiver<String> {
    const MAX_BYTES: usize = 4096;
    let (sender, receiver) = channel();
    let mut errors = child.stderr.take().expect("standard error is piped");
    std::thread::spawn(move || {
        let (mut tail, mut part) = (VecDeque::new(), [0; 1024]);
        while let Ok(count @ 1..) = errors.read(&mut part) {
            tail.extend(&part[..count]);
            tail.drain(..tail.len().saturating_sub(MAX_BYTES));
        }
        let bytes: Vec<u8> = tail.into();
        // The receiver was dropped if the report was abandoned; the text is not needed then.
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

fn read_lines(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    let mut output = BufReader::new(child.stdout.take().expect("standard output is piped"));
    std::thread::spawn(move || {
        let mut line = Vec::new();
        while let Ok(1..) = output.read_until(b'\n', &mut line) {
            let text = String::from_utf8_lossy(&line).trim_end().to_string();
            if sender.send(text).is_err() {
                return;
            }
            line.clear();
        }
    });
    receiver
}

/// Reads lines until the output ends. Returns true if an item takes too long.
fn watch_output(lines: &Receiver<String>, report: &mut Report) -> bool {
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => match line.strip_prefix('#') {
                Some("end") => report.finished = true,
                Some(index) => report.last = index.parse().ok().or(report.last),
                None if leaks(&line) => report.leaks.push((report.last.unwrap_or(0), line)),
                None => {}
            },
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
}

fn leaks(message: &str) -> bool {
    LEAKS.iter().any(|leak| message.contains(leak))
}

fn interrupt(child: &mut Child) -> End {
    let signal = Command::new("kill")
        .arg("-INT")
        .arg(child.id().to_string())
        .status();
    signal.expect("the system has `kill`");
    match wait(child, GRACE) {
        // The script can have ended before the signal arrived.
        Some(status) if status.code() == Some(130) || status.success() => End::Interrupted,
        Some(status) => End::Exited(status),
        None => End::IgnoresInterrupt,
    }
}

fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let begin = Instant::now();
    while begin.elapsed() < limit {
        if let Some(status) = child.try_wait().expect("a child of this process") {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    None
}

fn text(error: std::io::Error) -> String {
    error.to_string()
}
