//! Training runs that are killed at random moments and started again: the result must equal that of
//! an uninterrupted run, bit for bit, and no temporary file may remain.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fastrand::Rng;

/// Each script checkpoints a training run and prints all results.
const SCRIPTS: [(&str, &str); 2] = [
    (
        "network",
        r#"
let task = tasks::flip_flop(#{ steps: 10 });
let net = rnn::gru(#{ inputs: 3, units: 16, outputs: 3, seed: 3 });
let fit = train(net, task, #{ batches: 800, batch_size: 16, checkpoint: "run.h5", checkpoint_every: 10,
    validation: task, validate_every: 50 });
net.save("net.h5");
print(json::text(net.params())); print(json::text(fit.loss));
"#,
    ),
    (
        "LFADS",
        r#"
let counts = (random::uniform(random::key(1), [40, 8, 5]) * 3.0).floor();
let sizes = #{ channels: 5, encoder: 8, controller: 8, generator: 8, factors: 3 };
let model = lfads::model(sizes);
let fit = lfads::train(model, counts, #{ batches: 400, batch_size: 8, checkpoint: "run.h5",
    checkpoint_every: 10 });
model.save("net.h5");
print(json::text(model.params())); print(json::text(fit.loss));
"#,
    ),
];

const SIGNALS: [&str; 4] = ["KILL", "TERM", "HUP", "INT"];
/// Maximum number of kills before a run may complete.
const MAX_KILLS: usize = 6;

/// Kills runs until `count` signals have been sent. Returns the number of signals and the
/// failures.
pub fn run(
    seed: u64,
    count: usize,
    program: &Path,
    folder: &Path,
) -> Result<(usize, Vec<String>), String> {
    let mut rng = Rng::with_seed(seed);
    let mut expected = Vec::new();
    for (name, script) in SCRIPTS {
        let begin = std::time::Instant::now();
        let output = complete(program, &create_run_folder(folder, name, script)?)?;
        expected.push((output, begin.elapsed()));
    }
    let (mut kills, mut failures) = (0, Vec::new());
    while kills < count {
        let index = rng.usize(0..SCRIPTS.len());
        let (name, script) = SCRIPTS[index];
        let (output, duration) = &expected[index];
        let run_folder = create_run_folder(folder, name, script)?;
        let signals = interrupt_repeatedly(program, &run_folder, *duration, &mut rng)?;
        kills += signals.len();
        let trace = format!("{name} after {signals:?}");
        match complete(program, &run_folder) {
            Ok(actual) if actual == *output => {}
            Ok(_) => failures.push(format!("{trace}: the results differ")),
            Err(error) => failures.push(format!("{trace}: {error}")),
        }
        failures
            .extend(temporary_files(&run_folder).map(|file| format!("{trace}: `{file}` remains")));
    }
    Ok((kills, failures))
}

fn create_run_folder(
    folder: &Path,
    name: &str,
    script: &str,
) -> Result<std::path::PathBuf, String> {
    let run_folder = folder.join(name);
    let _ = fs::remove_dir_all(&run_folder);
    fs::create_dir_all(&run_folder).map_err(|error| error.to_string())?;
    fs::write(run_folder.join("train.rhai"), script).map_err(|error| error.to_string())?;
    Ok(run_folder)
}

fn start(program: &Path, folder: &Path) -> Result<Child, String> {
    let mut command = Command::new(program);
    command.args(["run", "train.rhai"]).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let child = command.stderr(Stdio::piped()).spawn();
    child.map_err(|error| error.to_string())
}

fn complete(program: &Path, folder: &Path) -> Result<String, String> {
    let output = start(program, folder)?.wait_with_output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}: {errors}", output.status))
}

/// Sends a random signal to each of several runs, at a random moment of the duration of a full run.
/// Returns the signals.
fn interrupt_repeatedly(
    program: &Path,
    folder: &Path,
    duration: Duration,
    rng: &mut Rng,
) -> Result<Vec<&'static str>, String> {
    let mut signals = Vec::new();
    for _ in 0..rng.usize(1..=MAX_KILLS) {
        let mut child = start(program, folder)?;
        std::thread::sleep(duration.mul_f64(rng.f64()));
        let signal = SIGNALS[rng.usize(0..SIGNALS.len())];
        let mut kill = Command::new("kill");
        kill.arg(format!("-{signal}")).arg(child.id().to_string());
        kill.stderr(Stdio::null());
        kill.status().map_err(|error| error.to_string())?;
        child.wait().map_err(|error| error.to_string())?;
        signals.push(signal);
    }
    Ok(signals)
}

fn temporary_files(folder: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".part"))
}
