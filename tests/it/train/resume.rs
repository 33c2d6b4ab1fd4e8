//! Stopped and resumed runs are bit-identical to uninterrupted runs.

use std::ops::ControlFlow;
use std::path::PathBuf;

use super::{integrator_task, small_network, tutorial_options};
use attractor::base::error::FileError;
use attractor::base::{Error, NoProgress, Outcome, Progress, Report, Result};
use attractor::nn::{Cell, NetworkOptions, Rnn};
use attractor::ops::Lanes;
use attractor::ops::rnn::Nonlinearity;
use attractor::ops::rnn::cells::Vanilla;
use attractor::optim::{Adam, Optimizer, Plateau, Schedule, Sgd, constant};
use attractor::random::{Key, Layout};
use attractor::tasks::Dataset;
use attractor::tasks::dataset::{RawArray, RawData};
use attractor::tensor::{Device, Tensor};
use attractor::train::{
    self, Fit, LogEntry, Options, Restore, Source, Task, Trials, sample_validation,
};
use tempfile::TempDir;

/// Stops a run after this number of reports.
struct StopAfter(usize);

impl Progress for StopAfter {
    fn report(&mut self, _: Report) {
        self.0 -= 1;
    }
    fn stop_requested(&self) -> bool {
        self.0 == 0
    }
}

pub fn run<T: Lanes>(
    net: &mut Rnn<T>,
    source: &Source<'_, T>,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Fit> {
    train::run(net, source, options, progress, &mut |_, _| {
        Ok(ControlFlow::Continue(()))
    })
}

pub fn bits<T: Lanes>(net: &Rnn<T>) -> Vec<u64> {
    let params = net.params.data.iter();
    params.map(|p| p.double().to_bits()).collect()
}

pub fn with_checkpoint(options: &Options, path: PathBuf) -> Options {
    Options {
        checkpoint: Some(path),
        checkpoint_every: 7,
        ..options.clone()
    }
}

/// Runs uninterrupted, and in four parts from a checkpoint. Returns a description of the
/// difference.
fn resume_difference<T: Lanes>(
    first: &Rnn<T>,
    source: &Source<'_, T>,
    options: &Options,
) -> Option<String> {
    let folder = TempDir::new().expect("a folder");
    let mut uninterrupted = first.clone();
    let expected = run(&mut uninterrupted, source, options, &mut NoProgress).expect("a run");
    let options = with_checkpoint(options, folder.path().join("run.h5"));
    let mut net = first.clone();
    let mut fit = None;
    for batches in [3, 9, 10, usize::MAX] {
        net = first.clone();
        let mut progress = StopAfter(batches);
        fit = Some(run(&mut net, source, &options, &mut progress).expect("part of the run"));
    }
    let fit = fit.expect("four parts");
    let normalized = Fit {
        resumed_batches: 0,
        ..fit.clone()
    };
    match (bits(&net) == bits(&uninterrupted), normalized == expected) {
        (true, true) if fit.resumed_batches == 22.min(expected.batches) => None,
        (same, _) => Some(format!("parameters {same}: {fit:?}, not {expected:?}")),
    }
}

fn options(optimizer: Optimizer) -> Options {
    Options {
        batch_size: 16,
        log_every: 4,
        optimizer,
        ..tutorial_options(31)
    }
}

fn optimizers() -> [(&'static str, Optimizer); 4] {
    let adam = |amsgrad| Adam {
        lr: Schedule::Exponential {
            lr: 0.02,
            decay: 0.99,
        },
        amsgrad,
        ..Adam::default()
    };
    let plateau = Plateau {
        lr: 0.05,
        patience: 1,
        threshold: 0.2,
        ..Plateau::default()
    };
    let sgd = |rate, momentum| Sgd {
        lr: rate,
        momentum,
        ..Sgd::default()
    };
    [
        ("adam", Optimizer::Adam(adam(false))),
        ("amsgrad", Optimizer::Adam(adam(true))),
        ("sgd", Optimizer::Sgd(sgd(constant(0.05), 0.9))),
        (
            "plateau",
            Optimizer::Sgd(sgd(Schedule::Plateau(plateau), 0.0)),
        ),
    ]
}

fn check_all_optimizers<T: Lanes>() {
    let task = integrator_task(10);
    let net = Rnn::<T> {
        noise: 0.02,
        ..small_network(3)
    };
    for (name, optimizer) in optimizers() {
        let failures = resume_difference(&net, &Source::new(&task), &options(optimizer));
        assert_eq!(failures, None, "{name}");
    }
}

#[test]
fn training_resumes_bit_identically_in_f32() {
    check_all_optimizers::<f32>();
}

#[test]
fn training_resumes_bit_identically_in_f64() {
    check_all_optimizers::<f64>();
}

/// Trials of the integrator as a data set.
fn stored_trials(trials: usize) -> Dataset {
    let task = integrator_task(10);
    let mut batch: Trials<f32> = Trials::new(Task::<f32>::shape(&task), trials);
    task.fill(&Key::new(8, Layout::default()), &mut batch)
        .expect("trials");
    let part = |values: Vec<f32>| {
        let tensor = Tensor::from_vec(values, (trials, 10, 1), &Device::Cpu);
        RawArray::Stacked(tensor.expect("a tensor"))
    };
    Dataset::new(RawData {
        inputs: part(batch.inputs),
        targets: Some(part(batch.targets)),
        mask: None,
        lengths: None,
    })
    .expect("a data set")
}

#[test]
fn training_on_a_data_set_resumes_within_an_epoch_with_validation() {
    let key = Key::new(1, Layout::default());
    let [task, held_out] = stored_trials(50).split(0.2, &key).expect("two sets");
    let held_out = held_out.all();
    let source = Source {
        task: &task,
        validation: Some(&held_out),
    };
    let (_, adam) = optimizers()[0].clone();
    let net = small_network::<f32>(2);
    for (keep, patience) in [
        (Restore::Best, None),
        (Restore::Last, None),
        (Restore::Best, Some(2)),
    ] {
        let options = Options {
            validate_every: Some(3),
            restore: keep,
            patience,
            ..options(adam.clone())
        };
        assert_eq!(
            resume_difference(&net, &source, &options),
            None,
            "{keep:?} {patience:?}"
        );
    }
}

#[test]
fn a_finished_run_is_not_repeated() {
    let (folder, task) = (TempDir::new().expect("a folder"), integrator_task(10));
    let options = with_checkpoint(&tutorial_options(20), folder.path().join("run.h5"));
    let (mut first, mut second) = (small_network::<f32>(1), small_network::<f32>(1));
    let source = Source::new(&task);
    let fit = run(&mut first, &source, &options, &mut NoProgress).expect("a run");
    let second_fit =
        run(&mut second, &source, &options, &mut StopAfter(1)).expect("the finished run");
    assert_eq!(bits(&first), bits(&second));
    assert_eq!(
        second_fit,
        Fit {
            resumed_batches: 20,
            ..fit
        }
    );
}

#[test]
fn a_finished_run_continues_with_a_larger_number_of_batches() {
    let (folder, task) = (TempDir::new().expect("a folder"), integrator_task(10));
    let source = Source::new(&task);
    let short_options = with_checkpoint(&tutorial_options(20), folder.path().join("run.h5"));
    let long_options = Options {
        batches: 30,
        ..short_options.clone()
    };
    let (mut net, mut uninterrupted) = (small_network::<f32>(1), small_network::<f32>(1));
    run(&mut net, &source, &short_options, &mut NoProgress).expect("a run");
    let fit = run(&mut net, &source, &long_options, &mut NoProgress).expect("the rest of the run");
    let expected = run(
        &mut uninterrupted,
        &source,
        &tutorial_options(30),
        &mut NoProgress,
    )
    .expect("a run");
    assert_eq!(bits(&net), bits(&uninterrupted));
    assert_eq!((fit.resumed_batches, &fit.log), (20, &expected.log));
    let err = run(&mut net, &source, &long_options, &mut NoProgress).expect_err("an error");
    let finished = matches!(
        &err,
        Error::File {
            fact: FileError::FinishedRun { done: 30 },
            ..
        }
    );
    assert!(finished, "{err}");
}

#[test]
fn a_callback_that_stopped_a_run_is_called_again_for_the_same_entry() {
    let (folder, task) = (TempDir::new().expect("a folder"), integrator_task(10));
    let options = Options {
        log_every: 5,
        ..with_checkpoint(&tutorial_options(20), folder.path().join("run.h5"))
    };
    let run_once = |callback_result: Result<ControlFlow<()>>| {
        let (mut net, mut called_batches, mut callback_result) =
            (small_network::<f32>(1), Vec::new(), Some(callback_result));
        let mut callback = |line: &LogEntry, _: &Rnn<f32>| {
            called_batches.push(line.batch);
            match line.batch {
                10 => callback_result.take().expect("one call at batch 10"),
                _ => Ok(ControlFlow::Continue(())),
            }
        };
        let source = Source::new(&task);
        let fit = train::run(&mut net, &source, &options, &mut NoProgress, &mut callback);
        (fit.map(|fit| fit.outcome).ok(), called_batches)
    };
    let interrupted = Some(Outcome::Interrupted { at: 11 });
    let err = Error::Algebra {
        op: "listener",
        fact: "no result",
    };
    assert_eq!(
        run_once(Ok(ControlFlow::Break(()))),
        (interrupted, vec![0, 5, 10])
    );
    assert_eq!(
        run_once(Ok(ControlFlow::Break(()))),
        (interrupted, vec![10])
    );
    assert_eq!(run_once(Err(err)), (None, vec![10]));
    let last_run = run_once(Ok(ControlFlow::Continue(())));
    assert_eq!(last_run, (Some(Outcome::MaxSteps), vec![10, 15, 19]));
}

#[test]
fn a_resumed_run_diverges_at_the_same_batch() {
    let (folder, task) = (TempDir::new().expect("a folder"), integrator_task(25));
    let sgd = Sgd {
        lr: constant(0.1),
        ..Sgd::default()
    };
    let options = Options {
        batches: 500,
        optimizer: Optimizer::Sgd(sgd),
        checkpoint_every: 1,
        ..with_checkpoint(&Options::default(), folder.path().join("run.h5"))
    };
    let options = Options {
        checkpoint_every: 1,
        ..options
    };
    let relu = Cell::Vanilla(Vanilla {
        nonlinearity: Nonlinearity::Relu,
    });
    let net = NetworkOptions {
        gain: 1.5,
        ..NetworkOptions::default()
    };
    let net: Rnn<f32> = net.build(relu).expect("options in range");
    let (mut first, mut second) = (net.clone(), net);
    let source = Source::new(&task);
    let fit = run(&mut first, &source, &options, &mut NoProgress).expect("a run");
    assert!(matches!(fit.outcome, Outcome::Diverged { .. }), "{fit:?}");
    let second_fit = run(&mut second, &source, &options, &mut NoProgress).expect("a run");
    assert_eq!(second_fit.outcome, fit.outcome);
    assert_eq!(bits(&first), bits(&second));
}

#[test]
fn validation_trials_differ_from_training_trials() {
    let task = integrator_task(10);
    let options = tutorial_options(1);
    let held_out = sample_validation::<f32>(&task, 128, &options).expect("trials");
    let mut training_trials = Trials::new(Task::<f32>::shape(&task), 128);
    let key = options.initial_key().split_nth(1, 2);
    task.fill(&key, &mut training_trials).expect("trials");
    assert!(
        !training_trials
            .inputs
            .iter()
            .any(|x| held_out.inputs.contains(x))
    );
}
