//! Checkpoints that are refused, replaced, or cannot be written.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::resume::{bits, run, with_checkpoint};
use super::{integrate, small, tutorial};
use attractor::base::{Error, NoProgress, Progress, Report};
use attractor::nn::Rnn;
use attractor::optim::{Optimizer, Sgd};
use attractor::tasks::Dataset;
use attractor::tasks::dataset::{RawArray, RawData};
use attractor::tensor::{Device, Tensor};
use attractor::train::{self, LogEntry, Options, Source, Task};
use tempfile::TempDir;

/// The fault of a second run with the checkpoint of a first, and its hint.
fn refused(path: &Path, task: &dyn Task<f32>, seed: usize, options: Options) -> String {
    let options = with_checkpoint(&options, path.into());
    let mut net = small::<f32>(seed);
    let fault = run(&mut net, &Source::new(task), &options, &mut NoProgress).expect_err("an error");
    let hint = fault.hint().expect("a hint");
    assert!(hint.contains("resume: false"), "{hint}");
    fault.to_string()
}

#[test]
fn a_checkpoint_of_another_run_is_refused_with_what_differs() {
    let (folder, task) = (TempDir::new().expect("a folder"), integrate(10));
    let path = folder.path().join("run.h5");
    let mut net = small::<f32>(1);
    let options = with_checkpoint(&tutorial(20), path.clone());
    run(&mut net, &Source::new(&task), &options, &mut NoProgress).expect("a run");
    let before = std::fs::read(&path).expect("a checkpoint");
    let base = || tutorial(20);
    let sgd = Optimizer::Sgd(Sgd::default());
    let rows: [(&str, &dyn Task<f32>, usize, Options); 8] = [
        (
            "batch is 64, but 128 in the checkpoint",
            &task,
            1,
            Options {
                batch: 64,
                ..base()
            },
        ),
        (
            "clip is none, but 10 in the checkpoint",
            &task,
            1,
            Options {
                clip: None,
                ..base()
            },
        ),
        (
            "l2 is 0, but 0.0002 in the checkpoint",
            &task,
            1,
            Options { l2: 0.0, ..base() },
        ),
        (
            "optimizer is sgd: rate",
            &task,
            1,
            Options {
                optimizer: sgd,
                ..base()
            },
        ),
        (
            "seed or key is 0000000000000005",
            &task,
            1,
            Options { seed: 5, ..base() },
        ),
        ("task's first batch is", &integrate(12), 1, base()),
        ("initial parameters of the network is", &task, 2, base()),
        ("20 batches, expected at most 19", &task, 1, tutorial(19)),
    ];
    for (words, task, seed, options) in rows {
        let found = refused(&path, task, seed, options);
        assert!(found.contains(words), "{words}: {found}");
    }
    assert_eq!(std::fs::read(&path).expect("a checkpoint"), before);
}

#[test]
fn a_data_set_is_known_by_all_of_its_numbers() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("run.h5");
    let set = |last: f64| {
        let part = |last: f64| {
            let mut numbers = vec![0.25; 500 * 4];
            numbers[500 * 4 - 1] = last;
            let numbers = Tensor::from_vec(numbers, (500, 4, 1), &Device::Cpu);
            RawArray::Stacked(numbers.expect("matching sizes"))
        };
        let parts = RawData {
            inputs: part(0.5),
            targets: Some(part(last)),
            mask: None,
            lengths: None,
        };
        Dataset::new(parts).expect("valid arrays")
    };
    let options = Options {
        batch: 2,
        ..tutorial(3)
    };
    let mut net = small::<f32>(1);
    let first = with_checkpoint(&options, path.clone());
    run(&mut net, &Source::new(&set(0.5)), &first, &mut NoProgress).expect("a run");
    let found = refused(&path, &set(0.75), 1, options);
    assert!(found.contains("data set is"), "{found}");
}

#[test]
fn a_run_starts_anew_over_a_checkpoint_but_not_over_another_file() {
    let (folder, task) = (TempDir::new().expect("a folder"), integrate(10));
    let anew = |path: PathBuf, batches| {
        let options = Options {
            resume: false,
            ..with_checkpoint(&tutorial(batches), path)
        };
        run(
            &mut small::<f32>(1),
            &Source::new(&task),
            &options,
            &mut NoProgress,
        )
    };
    let path = folder.path().join("run.h5");
    for batches in [20, 10] {
        let fit = anew(path.clone(), batches).expect("a run");
        assert_eq!((fit.resumed_batches, fit.batches), (0, batches));
    }
    let other = folder.path().join("data.h5");
    drop(hdf5::File::create(&other).expect("a file"));
    let fault = anew(other.clone(), 20).expect_err("an error").to_string();
    assert!(
        fault.contains("expected a checkpoint of `train`"),
        "{fault}"
    );
    std::fs::write(&other, "notes").expect("a file");
    anew(other.clone(), 20).expect_err("an error");
    assert_eq!(std::fs::read(&other).expect("notes"), b"notes");
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_a_fault_at_once_and_trouble_later() {
    /// Takes note of trouble.
    struct Listening(Vec<String>);
    impl Progress for Listening {
        fn report(&mut self, _: Report) {}
        fn stop_requested(&self) -> bool {
            false
        }
        fn warn(&mut self, fault: &Error) {
            self.0.push(fault.to_string());
        }
    }
    let (folder, task) = (TempDir::new().expect("a folder"), integrate(10));
    let source = Source::new(&task);
    let inner = folder.path().join("runs");
    let options = with_checkpoint(&tutorial(20), inner.join("run.h5"));
    let mut net = small::<f32>(1);
    let fault = run(&mut net, &source, &options, &mut NoProgress).expect_err("an error");
    assert!(fault.to_string().contains("does not exist"), "{fault}");
    std::fs::create_dir(&inner).expect("a folder");
    let mut heard = Listening(Vec::new());
    let mut remove = |_: &LogEntry, _: &Rnn<f32>| {
        let _ = std::fs::remove_dir_all(&inner);
        Ok(ControlFlow::Continue(()))
    };
    let fit = train::run(&mut net, &source, &options, &mut heard, &mut remove).expect("a run");
    // After batches 7 and 14, and at the end.
    assert_eq!((heard.0.len(), fit.batches), (3, 20));
    assert_eq!(fit.checkpoint_error.as_ref(), heard.0.last());
    let mut whole = small::<f32>(1);
    run(&mut whole, &source, &tutorial(20), &mut NoProgress).expect("a run");
    assert_eq!(bits(&net), bits(&whole));
}
