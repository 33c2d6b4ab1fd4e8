//! A training script that is killed and started again: the file it keeps its run in is whole at
//! every moment, and the end is that of a script that nobody killed.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

const SCRIPT: &str = r#"
let task = tasks::integrator(#{ steps: 10 });
let held = tasks::custom(#{ steps: 10 }, |key, n| task.batch(n, key));
let net = rnn::vanilla(#{ units: 16, noise: 0.01, seed: 3 });
let fit = train(net, task, #{
    batches: 1500, batch: 32, l2: 1e-4, clip: 1.0, log_every: 40,
    optimizer: optim::adam(#{ rate: 0.01 }),
    validation: held, validation_trials: 50, validate_every: 30,
    checkpoint: "run.h5", checkpoint_every: 20,
});
net.save("net.h5");
let told = #{ loss: fit.loss, validation: fit.validation, best: fit.best };
told.resumed = fit.resumed;
h5::write("fit.h5", told);
"#;

const LFADS: &str = r#"
let counts = (random::uniform(random::key(1), [60, 8, 5]) * 3.0).floor();
let sizes = #{ channels: 5, encoder: 8, controller: 8, generator: 8, factors: 3 };
let model = lfads::model(sizes);
let fit = lfads::train(model, counts.slice(0, 0, 50), #{
    batches: 600, batch: 16, kl_from: 100, kl_until: 400, log_every: 40,
    validation: counts.slice(0, 50, 60), validate_every: 30,
    checkpoint: "run.h5", checkpoint_every: 20,
});
model.save("net.h5");
let told = #{ loss: fit.loss, validation: fit.validation_nll, best: fit.best };
told.resumed = fit.resumed;
h5::write("fit.h5", told);
"#;

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attractor"));
    command
        .args(["run", "train.rhai"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

fn folder(script: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("train.rhai"), script).expect("a script");
    folder
}

fn finish(folder: &Path) {
    let output = program(folder).output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// Starts the script and kills it once its checkpoint has been written so many times; true if it
/// was still running.
fn kill_after(folder: &Path, writings: usize) -> bool {
    let path = folder.join("run.h5");
    // A file that is renamed into place is another one each time.
    let which = || fs::metadata(&path).map(|file| file.ino()).ok();
    let mut child = program(folder).spawn().expect("the program starts");
    let (mut last, mut seen) = (which(), 0);
    while seen < writings {
        let now = which();
        if now != last {
            (last, seen) = (now, seen + 1);
        }
        if child.try_wait().expect("a child of this process").is_some() {
            return false;
        }
        std::thread::yield_now();
    }
    child.kill().expect("a child of this process");
    let status = child.wait().expect("a child of this process");
    status.code().is_none()
}

fn numbers(folder: &Path, file: &str, name: &str) -> Vec<u64> {
    let file = hdf5::File::open(folder.join(file)).expect("a file that the script wrote");
    let numbers = file.dataset(name).and_then(|data| data.read_raw::<f64>());
    let numbers = numbers.expect("values").into_iter();
    numbers.map(f64::to_bits).collect()
}

#[test]
fn a_script_that_was_killed_and_started_again_ends_with_the_same_bits() {
    let params = ["h0", "wI", "wR", "wO", "bR", "bO"];
    ends_with_the_same_bits(SCRIPT, &params);
}

#[test]
fn so_does_one_that_trains_a_model_of_dynamics() {
    let params = [
        "enc_wRUHX",
        "con_wCHX",
        "gen_bRU",
        "rates_w",
        "inferred_prior_logtau",
    ];
    ends_with_the_same_bits(LFADS, &params);
}

fn ends_with_the_same_bits(script: &str, params: &[&str]) {
    let whole = folder(script);
    finish(whole.path());
    // On a busy machine a run can be over before anyone has looked: then once more.
    let killed = (0..10).map(|_| folder(script)).find(|folder| {
        let attempts = [1, 2, 5, 9].map(|writings| kill_after(folder.path(), writings));
        attempts.contains(&true)
    });
    let killed = killed.expect("at least one run was killed before its end");
    finish(killed.path());
    for name in params {
        let [one, other] = [&whole, &killed].map(|f| numbers(f.path(), "net.h5", name));
        assert_eq!(one, other, "{name}");
    }
    for name in ["loss", "validation", "best"] {
        let [one, other] = [&whole, &killed].map(|f| numbers(f.path(), "fit.h5", name));
        assert_eq!(one, other, "{name}");
    }
    let file = hdf5::File::open(killed.path().join("fit.h5")).expect("a file");
    let resumed = file.dataset("resumed").and_then(|n| n.read_scalar::<i64>());
    assert!(resumed.expect("a number") > 0);
}
