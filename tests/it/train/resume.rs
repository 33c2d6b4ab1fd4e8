//! A run that was stopped and started again ends as one that never was.

use std::ops::ControlFlow;
use std::path::PathBuf;

use super::{integrate, small, tutorial};
use attractor::base::error::FileError;
use attractor::base::{Error, NoProgress, Outcome, Progress, Report, Result};
use attractor::nn::{Cell, NetworkOptions, Rnn};
use attractor::ops::Lanes;
use attractor::ops::rnn::Nonlinearity;
use attractor::ops::rnn::vanilla::Vanilla;
use attractor::optim::{Adam, Optimizer, Plateau, Schedule, Sgd, constant};
use attractor::random::{Key, Layout};
use attractor::tasks::Dataset;
use attractor::tasks::dataset::{RawArray, RawData};
use attractor::tensor::{Device, Tensor};
use attractor::train::{
    self, Fit, LogEntry, Options, Restore, Source, Task, Trials, sample_validation,
};
use tempfile::TempDir;

/// Ends a run after so many batches of its own.
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

/// Runs as a whole, and in four parts from a checkpoint; gives the words of what differs.
fn differs<T: Lanes>(first: &Rnn<T>, source: &Source<'_, T>, options: &Options) -> Option<String> {
    let folder = TempDir::new().expect("a folder");
    let mut whole = first.clone();
    let expected = run(&mut whole, source, options, &mut NoProgress).expect("a run");
    let options = with_checkpoint(options, folder.path().join("run.h5"));
    let mut net = first.clone();
    let mut fit = None;
    for batches in [3, 9, 10, usize::MAX] {
        net = first.clone();
        let mut stop = StopAfter(batches);
        fit = Some(run(&mut net, source, &options, &mut stop).expect("part of the run"));
    }
    let fit = fit.expect("four parts");
    let started = Fit {
        resumed_batches: 0,
        ..fit.clone()
    };
    match (bits(&net) == bits(&whole), started == expected) {
        (true, true) if fit.resumed_batches == 22.min(expected.batches) => None,
        (same, _) => Some(format!("parameters {same}: {fit:?}, not {expected:?}")),
    }
}

fn options(optimizer: Optimizer) -> Options {
    Options {
        batch: 16,
        log_every: 4,
        optimizer,
        ..tutorial(31)
    }
}

fn optimizers() -> [(&'static str, Optimizer); 4] {
    let adam = |amsgrad| Adam {
        rate: Schedule::Exponential {
            rate: 0.02,
            decay: 0.99,
        },
        amsgrad,
        ..Adam::default()
    };
    let plateau = Plateau {
        rate: 0.05,
        patience: 1,
        threshold: 0.2,
        ..Plateau::default()
    };
    let sgd = |rate, momentum| Sgd {
        rate,
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

fn every_optimizer_resumes<T: Lanes>() {
    let task = integrate(10);
    let net = Rnn::<T> {
        noise: 0.02,
        ..small(3)
    };
    for (name, optimizer) in optimizers() {
        let wrong = differs(&net, &Source::new(&task), &options(optimizer));
        assert_eq!(wrong, None, "{name}");
    }
}

#[test]
fn a_stopped_run_goes_on_to_the_same_bits_in_f32() {
    every_optimizer_resumes::<f32>();
}

#[test]
fn a_stopped_run_goes_on_to_the_same_bits_in_f64() {
    every_optimizer_resumes::<f64>();
}

/// Trials of the integrator as a data set.
fn recorded(trials: usize) -> Dataset {
    let task = integrate(10);
    let mut batch: Trials<f32> = Trials::new(Task::<f32>::shape(&task), trials);
    task.fill(&Key::new(8, Layout::default()), &mut batch)
        .expect("trials");
    let part = |numbers: Vec<f32>| {
        let tensor = Tensor::from_vec(numbers, (trials, 10, 1), &Device::Cpu);
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
fn a_run_over_a_data_set_resumes_in_the_middle_of_an_epoch_with_its_validation() {
    let key = Key::new(1, Layout::default());
    let [task, held] = recorded(50).split(0.2, &key).expect("two sets");
    let held = held.all();
    let source = Source {
        task: &task,
        validation: Some(&held),
    };
    let (_, adam) = optimizers()[0].clone();
    let net = small::<f32>(2);
    for (keep, patience) in [
        (Restore::Best, None),
        (Restore::Last, None),
        (Restore::Best, Some(2)),
    ] {
        let options = Options {
            validate_every: Some(3),
            keep,
            patience,
            ..options(adam.clone())
        };
        assert_eq!(
            differs(&net, &source, &options),
            None,
            "{keep:?} {patience:?}"
        );
    }
}

#[test]
fn a_run_that_was_finished_is_not_run_again() {
    let (folder, task) = (TempDir::new().expect("a folder"), integrate(10));
    let options = with_checkpoint(&tutorial(20), folder.path().join("run.h5"));
    let (mut first, mut second) = (small::<f32>(1), small::<f32>(1));
    let source = Source::new(&task);
    let fit = run(&mut first, &source, &options, &mut NoProgress).expect("a run");
    let again = run(&mut second, &source, &options, &mut StopAfter(1)).expect("the finished run");
    assert_eq!(bits(&first), bits(&second));
    assert_eq!(
        again,
        Fit {
            resumed_batches: 20,
            ..fit
        }
    );
}

#[test]
fn a_finished_run_goes_on_when_more_batches_are_asked_for() {
    let (folder, task) = (TempDir::new().expect("a folder"), integrate(10));
    let source = Source::new(&task);
    let short = with_checkpoint(&tutorial(20), folder.path().join("run.h5"));
    let long = Options {
        batches: 30,
        ..short.clone()
    };
    let (mut net, mut whole) = (small::<f32>(1), small::<f32>(1));
    run(&mut net, &source, &short, &mut NoProgress).expect("a run");
    let fit = run(&mut net, &source, &long, &mut NoProgress).expect("the rest of the run");
    let expected = run(&mut whole, &source, &tutorial(30), &mut NoProgress).expect("a run");
    assert_eq!(bits(&net), bits(&whole));
    assert_eq!((fit.resumed_batches, &fit.log), (20, &expected.log));
    let fault = run(&mut net, &source, &long, &mut NoProgress).expect_err("an error");
    let finished = matches!(
        &fault,
        Error::File {
            fact: FileError::FinishedRun { done: 30 },
            ..
        }
    );
    assert!(finished, "{fault}");
}

#[test]
fn a_listener_that_ended_a_run_or_failed_in_it_hears_its_line_again() {
    let (folder, task) = (TempDir::new().expect("a folder"), integrate(10));
    let options = Options {
        log_every: 5,
        ..with_checkpoint(&tutorial(20), folder.path().join("run.h5"))
    };
    let go = |answer: Result<ControlFlow<()>>| {
        let (mut net, mut heard, mut answer) = (small::<f32>(1), Vec::new(), Some(answer));
        let mut listen = |line: &LogEntry, _: &Rnn<f32>| {
            heard.push(line.batch);
            match line.batch {
                10 => answer.take().expect("one call at batch 10"),
                _ => Ok(ControlFlow::Continue(())),
            }
        };
        let source = Source::new(&task);
        let fit = train::run(&mut net, &source, &options, &mut NoProgress, &mut listen);
        (fit.map(|fit| fit.outcome).ok(), heard)
    };
    let ended = Some(Outcome::Interrupted { at: 11 });
    let fault = Error::Algebra {
        op: "listener",
        fact: "no result",
    };
    assert_eq!(go(Ok(ControlFlow::Break(()))), (ended, vec![0, 5, 10]));
    assert_eq!(go(Ok(ControlFlow::Break(()))), (ended, vec![10]));
    assert_eq!(go(Err(fault)), (None, vec![10]));
    let rest = go(Ok(ControlFlow::Continue(())));
    assert_eq!(rest, (Some(Outcome::MaxSteps), vec![10, 15, 19]));
}

#[test]
fn a_run_that_diverges_after_a_checkpoint_diverges_there_again() {
    let (folder, task) = (TempDir::new().expect("a folder"), integrate(25));
    let sgd = Sgd {
        rate: constant(0.1),
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
    let again = run(&mut second, &source, &options, &mut NoProgress).expect("a run");
    assert_eq!(again.outcome, fit.outcome);
    assert_eq!(bits(&first), bits(&second));
}

#[test]
fn trials_drawn_for_validation_are_none_of_those_trained_on() {
    let task = integrate(10);
    let options = tutorial(1);
    let held = sample_validation::<f32>(&task, 128, &options).expect("trials");
    let mut trained = Trials::new(Task::<f32>::shape(&task), 128);
    let key = options.initial_key().split_nth(1, 2);
    task.fill(&key, &mut trained).expect("trials");
    assert!(!trained.inputs.iter().any(|x| held.inputs.contains(x)));
}
