//! Checkpoints that are rejected, replaced, or cannot be written.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::resume::{bits, run, with_checkpoint};
use super::{integrator_task, small_network, tutorial_options};
use attractor::base::{Error, NoProgress, Progress, Report};
use attractor::nn::Rnn;
use attractor::optim::{Optimizer, Sgd};
use attractor::tasks::Dataset;
use attractor::tasks::dataset::{RawArray, RawData};
use attractor::tensor::{Device, Tensor};
use attractor::train::{self, L2, LogEntry, Options, Source, Task};
use tempfile::TempDir;

/// The error of a second run with the checkpoint of a different run.
fn error_of_resume(path: &Path, task: &dyn Task<f32>, seed: usize, options: Options) -> String {
    let options = with_checkpoint(&options, path.into());
    let mut net = small_network::<f32>(seed);
    let error = run(&mut net, &Source::new(task), &options, &mut NoProgress).expect_err("an error");
    let hint = error.hint().expect("a hint");
    assert!(hint.contains("resume: false"), "{hint}");
    error.to_string()
}

#[test]
fn a_checkpoint_of_a_different_run_is_rejected_with_the_difference() {
    let (folder, task) = (TempDir::new().expect("a folder"), integrator_task(10));
    let path = folder.path().join("run.h5");
    let mut net = small_network::<f32>(1);
    let options = with_checkpoint(&tutorial_options(20), path.clone());
    run(&mut net, &Source::new(&task), &options, &mut NoProgress).expect("a run");
    let before = std::fs::read(&path).expect("a checkpoint");
    let default_options = || tutorial_options(20);
    let sgd = Optimizer::Sgd(Sgd::default());
    let rows: [(&str, &dyn Task<f32>, usize, Options); 8] = [
        (
            "batch_size is 64, but 128 in the checkpoint",
            &task,
            1,
            Options {
                batch_size: 64,
                ..default_options()
            },
        ),
        (
            "clip_norm is none, but 10 in the checkpoint",
            &task,
            1,
            Options {
                clip_norm: None,
                ..default_options()
            },
        ),
        (
            "l2 is 0, but 0.0002 in the checkpoint",
            &task,
            1,
            Options {
                l2: L2::Uniform(0.0),
                ..default_options()
            },
        ),
        (
            "optimizer is sgd: lr",
            &task,
            1,
            Options {
                optimizer: sgd,
                ..default_options()
            },
        ),
        (
            "seed is 0000000000000005",
            &task,
            1,
            Options {
                seed: 5.into(),
                ..default_options()
            },
        ),
        (
            "task's first batch is",
            &integrator_task(12),
            1,
            default_options(),
        ),
        (
            "initial parameters of the network is",
            &task,
            2,
            default_options(),
        ),
        (
            "20 batches, expected at most 19",
            &task,
            1,
            tutorial_options(19),
        ),
    ];
    for (text, task, seed, options) in rows {
        let actual = error_of_resume(&path, task, seed, options);
        assert!(actual.contains(text), "{text}: {actual}");
    }
    assert_eq!(std::fs::read(&path).expect("a checkpoint"), before);
}

#[test]
fn the_fingerprint_of_a_data_set_depends_on_all_its_values() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("run.h5");
    let dataset = |last: f64| {
        let part = |last: f64| {
            let mut values = vec![0.25; 500 * 4];
            values[500 * 4 - 1] = last;
            let values = Tensor::from_vec(values, (500, 4, 1), &Device::Cpu);
            RawArray::Stacked(values.expect("matching sizes"))
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
        batch_size: 2,
        ..tutorial_options(3)
    };
    let mut net = small_network::<f32>(1);
    let checkpointed = with_checkpoint(&options, path.clone());
    run(
        &mut net,
        &Source::new(&dataset(0.5)),
        &checkpointed,
        &mut NoProgress,
    )
    .expect("a run");
    let actual = error_of_resume(&path, &dataset(0.75), 1, options);
    assert!(actual.contains("data set is"), "{actual}");
}

#[test]
fn a_run_without_resume_replaces_a_checkpoint_but_no_other_file() {
    let (folder, task) = (TempDir::new().expect("a folder"), integrator_task(10));
    let run_from_start = |path: PathBuf, batches| {
        let options = Options {
            resume: false,
            ..with_checkpoint(&tutorial_options(batches), path)
        };
        run(
            &mut small_network::<f32>(1),
            &Source::new(&task),
            &options,
            &mut NoProgress,
        )
    };
    let path = folder.path().join("run.h5");
    for batches in [20, 10] {
        let fit = run_from_start(path.clone(), batches).expect("a run");
        assert_eq!((fit.resumed_batches, fit.batches), (0, batches));
    }
    let data_file = folder.path().join("data.h5");
    drop(hdf5::File::create(&data_file).expect("a file"));
    let error = run_from_start(data_file.clone(), 20)
        .expect_err("an error")
        .to_string();
    assert!(
        error.contains("expected a checkpoint of `train`"),
        "{error}"
    );
    std::fs::write(&data_file, "notes").expect("a file");
    run_from_start(data_file.clone(), 20).expect_err("an error");
    assert_eq!(std::fs::read(&data_file).expect("notes"), b"notes");
}

#[test]
fn an_unwritable_checkpoint_is_an_error_at_the_start_and_a_warning_later() {
    /// Records warnings.
    struct WarningRecorder(Vec<String>);
    impl Progress for WarningRecorder {
        fn report(&mut self, _: Report) {}
        fn stop_requested(&self) -> bool {
            false
        }
        fn warn(&mut self, error: &Error) {
            self.0.push(error.to_string());
        }
    }
    let (folder, task) = (TempDir::new().expect("a folder"), integrator_task(10));
    let source = Source::new(&task);
    let checkpoint_folder = folder.path().join("runs");
    let options = with_checkpoint(&tutorial_options(20), checkpoint_folder.join("run.h5"));
    let mut net = small_network::<f32>(1);
    let error = run(&mut net, &source, &options, &mut NoProgress).expect_err("an error");
    assert!(error.to_string().contains("does not exist"), "{error}");
    std::fs::create_dir(&checkpoint_folder).expect("a folder");
    let mut recorder = WarningRecorder(Vec::new());
    let mut remove_folder = |_: &LogEntry, _: &Rnn<f32>| {
        let _ = std::fs::remove_dir_all(&checkpoint_folder);
        Ok(ControlFlow::Continue(()))
    };
    let fit = train::run(
        &mut net,
        &source,
        &options,
        &mut recorder,
        &mut remove_folder,
    )
    .expect("a run");
    // After batches 7 and 14, and at the end.
    assert_eq!((recorder.0.len(), fit.batches), (3, 20));
    assert_eq!(fit.checkpoint_error.as_ref(), recorder.0.last());
    let mut expected = small_network::<f32>(1);
    run(
        &mut expected,
        &source,
        &tutorial_options(20),
        &mut NoProgress,
    )
    .expect("a run");
    assert_eq!(bits(&net), bits(&expected));
}
