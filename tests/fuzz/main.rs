//! Fuzzes the program with generated calls, damaged files, damaged scripts, kills and split
//! training runs, and reports every crash, hang, panic message and wrong result:
//! `./x fuzz KIND --count N --seed S`.
//!
//! The same seed generates the same cases. The exit code is 0 if nothing failed, 1 otherwise.

mod calls;
mod child;
mod expression;
mod files;
mod kills;
#[path = "../it/force/reload.rs"]
mod reload;
mod scripts;
mod segments;
mod values;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use attractor::api::context::Language;
use clap::{Parser, ValueEnum};

use child::{Failure, Tally};

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// Random calls of every function and method, in both languages
    Calls,
    /// Damaged files for every reader
    Files,
    /// Damaged scripts for the parsers, `check` and sandboxed runs
    Scripts,
    /// Training runs that are killed and started again
    Kills,
    /// FORCE training in segments of every length, against training in one call
    Segments,
}

/// Fuzzes the program and reports crashes, hangs and internal messages.
#[derive(Debug, Parser)]
struct Arguments {
    kind: Kind,
    /// Number of calls, files, scripts, kills or segments
    #[arg(long, default_value_t = 1000)]
    count: usize,
    /// Maximum run time in seconds
    #[arg(long, default_value_t = 86_400)]
    seconds: u64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of parallel jobs
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// The program to test
    #[arg(long, default_value = "target/debug/attractor")]
    program: PathBuf,
}

/// Statements in one child process.
const BATCH: usize = 200;

/// Number of statements between two progress lines.
const PROGRESS: usize = 10_000;

/// Difference between the job seeds of two runs; each job has its own seed.
const JOB_SEEDS: u64 = 1000;

/// State shared by the jobs: the remaining work and the results.
struct Shared {
    remaining: Mutex<usize>,
    next_case: AtomicUsize,
    tally: Mutex<Tally>,
    end: Instant,
}

impl Shared {
    /// Takes up to `limit` items of the remaining work; `None` when the run is over.
    fn take(&self, limit: usize) -> Option<usize> {
        let mut remaining = self
            .remaining
            .lock()
            .expect("no job panics with the lock held");
        let count = limit.min(*remaining);
        *remaining -= count;
        (count > 0 && Instant::now() < self.end).then_some(count)
    }

    /// The next of these cases; `None` when the run is over.
    fn next<'a, C>(&self, cases: &'a [C]) -> Option<&'a C> {
        self.take(1)?;
        cases.get(self.next_case.fetch_add(1, Ordering::Relaxed))
    }

    fn add(&self, tally: Tally) {
        for failure in &tally.failures {
            println!("FAILED {}\n    in {}", failure.problem, failure.statement);
        }
        let mut total = self.tally.lock().expect("no job panics with the lock held");
        let before = total.executed / PROGRESS;
        total.add(tally);
        if total.executed / PROGRESS > before {
            println!("{} tried, {} failed", total.executed, total.failures.len());
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match fuzz(&arguments) {
        Ok(tally) => {
            println!(
                "{:?}: {} tried, {} interrupted, {} stopped by a limit, {} failed",
                arguments.kind,
                tally.executed,
                tally.interrupted,
                tally.limited,
                tally.failures.len()
            );
            ExitCode::from(u8::from(!tally.failures.is_empty()))
        }
        Err(error) => {
            eprintln!("fuzz: {error}");
            ExitCode::from(2)
        }
    }
}

fn fuzz(arguments: &Arguments) -> Result<Tally, String> {
    let program = arguments.program.canonicalize();
    let program = program.map_err(|error| format!("{}: {error}", arguments.program.display()))?;
    let shared = Shared {
        remaining: Mutex::new(arguments.count),
        next_case: AtomicUsize::new(0),
        tally: Mutex::new(Tally::default()),
        end: Instant::now() + Duration::from_secs(arguments.seconds),
    };
    let results: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let jobs = (0..arguments.jobs as u64).map(|job| {
            let (shared, program) = (&shared, program.as_path());
            let seed = arguments.seed * JOB_SEEDS + job;
            scope.spawn(move || run_job(arguments.kind, seed, program, shared))
        });
        let jobs: Vec<_> = jobs.collect();
        let outcomes = jobs.into_iter().map(|job| job.join());
        outcomes
            .map(|result| result.unwrap_or_else(|_| Err("a job panicked".into())))
            .collect()
    });
    results.into_iter().collect::<Result<(), String>>()?;
    Ok(shared.tally.into_inner().expect("all jobs have ended"))
}

fn run_job(kind: Kind, seed: u64, program: &Path, shared: &Shared) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let folder = folder.path();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    match kind {
        Kind::Calls => {
            let mut calls = calls::Generator::new(seed);
            while let Some(count) = shared.take(BATCH) {
                shared.add(child::run(&calls.batch(count), program, folder)?);
            }
        }
        Kind::Files => {
            let references = root.join("tests/references");
            let mut files = files::Mutator::new(seed, &references, program, folder)?;
            while let Some(count) = shared.take(BATCH) {
                let batch = files.batch(count, folder)?;
                shared.add(child::run(&batch, program, folder)?);
            }
        }
        Kind::Scripts => {
            let mut scripts = scripts::Mutator::new(seed, root);
            while shared.take(1).is_some() {
                shared.add(run_script(&mut scripts, program, folder)?);
            }
        }
        Kind::Segments => {
            let cases = segments::cases(seed / JOB_SEEDS);
            while let Some(case) = shared.next(&cases) {
                shared.add(check_segments(*case, folder));
            }
        }
        Kind::Kills => {
            const ROUND: usize = 10;
            let mut round = seed;
            while let Some(count) = shared.take(ROUND) {
                let (kills, failures) = kills::run(round, count, program, folder)?;
                shared.add(tally_kills(kills, failures));
                round += 1_000_000;
            }
        }
    }
    Ok(())
}

fn check_segments(case: segments::Case, folder: &Path) -> Tally {
    let failures = case.check(folder).into_iter().map(|problem| Failure {
        problem,
        statement: format!("{case:?}"),
    });
    Tally {
        executed: 1,
        failures: failures.collect(),
        ..Tally::default()
    }
}

fn tally_kills(kills: usize, problems: Vec<String>) -> Tally {
    let failures = problems.into_iter().map(|problem| Failure {
        problem,
        statement: "(the scripts in tests/fuzz/kills.rs)".into(),
    });
    Tally {
        executed: kills,
        failures: failures.collect(),
        ..Tally::default()
    }
}

/// Checks one damaged script, then runs it in the sandbox.
fn run_script(
    scripts: &mut scripts::Mutator,
    program: &Path,
    folder: &Path,
) -> Result<Tally, String> {
    let (language, bytes) = scripts.script();
    let name = match language {
        Language::Rhai => "damaged.rhai",
        Language::Lua => "damaged.lua",
    };
    std::fs::write(folder.join(name), &bytes).map_err(|error| error.to_string())?;
    let mut tally = Tally {
        executed: 1,
        ..Tally::default()
    };
    let run = ["run", name, "--sandbox", "--quick", "--no-window"];
    for arguments in [&["check", name][..], &run] {
        if let Some(problem) = child::run_once(program, arguments, folder)? {
            tally.failures.push(Failure {
                problem: format!("{arguments:?}: {problem}"),
                statement: String::from_utf8_lossy(&bytes).into_owned(),
            });
        }
    }
    Ok(tally)
}
