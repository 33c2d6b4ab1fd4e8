//! A training script that is killed and restarted: its checkpoint is valid at every moment, and its
//! results equal those of an uninterrupted run.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

const SCRIPT: &str = r#"
let task = tasks::integrator(#{ steps: 10 });
let held_out = tasks::custom(#{ steps: 10 }, |key, n| task.batch(n, key));
let net = rnn::vanilla(#{ units: 16, noise: 0.01, seed: 3 });
let fit = train(net, task, #{
    batches: 1500, batch_size: 32, l2: 1e-4, clip_norm: 1.0, log_every: 40,
    optimizer: optim::adam(#{ lr: 0.01 }),
    validation: held_out, validation_trials: 50, validate_every: 30,
    checkpoint: "run.h5", checkpoint_every: 20,
});
net.save("net.h5");
let results = #{ loss: fit.loss, validation: fit.validation, best: fit.best };
results.resumed = fit.resumed;
h5::write("fit.h5", results);
"#;

const LFADS: &str = r#"
let counts = (random::uniform(random::key(1), [60, 8, 5]) * 3.0).floor();
let sizes = #{ channels: 5, encoder: 8, controller: 8, generator: 8, factors: 3 };
let model = lfads::model(sizes);
let fit = lfads::train(model, counts.slice(0, 0, 50), #{
    batches: 600, batch_size: 16, kl_ramp_start: 100, kl_ramp_end: 400, log_every: 40,
    validation: counts.slice(0, 50, 60), validate_every: 30,
    checkpoint: "run.h5", checkpoint_every: 20,
});
model.save("net.h5");
let results = #{ loss: fit.loss, validation: fit.validation_nll, best: fit.best };
results.resumed = fit.resumed;
h5::write("fit.h5", results);
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

fn run_to_end(folder: &Path) {
    let output = program(folder).output().expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
}

/// Starts the script and kills it after its checkpoint was written `writes` times. Returns whether
/// the script was still running.
fn kill_after(folder: &Path, writes: usize) -> bool {
    let path = folder.join("run.h5");
    // The checkpoint is replaced by a rename, so each write changes the inode.
    let inode = || fs::metadata(&path).map(|file| file.ino()).ok();
    let mut child = program(folder).spawn().expect("the program starts");
    let (mut previous, mut count) = (inode(), 0);
    while count < writes {
        let current = inode();
        if current != previous {
            (previous, count) = (current, count + 1);
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

fn read_bits(folder: &Path, file: &str, name: &str) -> Vec<u64> {
    let file = hdf5::File::open(folder.join(file)).expect("a file that the script wrote");
    let values = file.dataset(name).and_then(|data| data.read_raw::<f64>());
    let values = values.expect("values").into_iter();
    values.map(f64::to_bits).collect()
}

#[test]
fn a_killed_and_restarted_training_script_ends_bit_identically() {
    let params = ["h0", "wI", "wR", "wO", "bR", "bO"];
    check_restart(SCRIPT, &params);
}

#[test]
fn a_killed_and_restarted_lfads_script_ends_bit_identically() {
    let params = [
        "enc_wRUHX",
        "con_wCHX",
        "gen_bRU",
        "rates_w",
        "inferred_prior_logtau",
    ];
    check_restart(LFADS, &params);
}

fn check_restart(script: &str, params: &[&str]) {
    let uninterrupted = folder(script);
    run_to_end(uninterrupted.path());
    // On a busy machine a run can end before the first check; it is then repeated.
    let restarted = (0..10).map(|_| folder(script)).find(|folder| {
        let attempts = [1, 2, 5, 9].map(|writes| kill_after(folder.path(), writes));
        attempts.contains(&true)
    });
    let restarted = restarted.expect("at least one run was killed before its end");
    run_to_end(restarted.path());
    for name in params {
        let [expected, actual] =
            [&uninterrupted, &restarted].map(|f| read_bits(f.path(), "net.h5", name));
        assert_eq!(expected, actual, "{name}");
    }
    for name in ["loss", "validation", "best"] {
        let [expected, actual] =
            [&uninterrupted, &restarted].map(|f| read_bits(f.path(), "fit.h5", name));
        assert_eq!(expected, actual, "{name}");
    }
    let file = hdf5::File::open(restarted.path().join("fit.h5")).expect("a file");
    let resumed = file.dataset("resumed").and_then(|n| n.read_scalar::<i64>());
    assert!(resumed.expect("a number") > 0);
}
