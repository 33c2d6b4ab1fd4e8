//! Validation: its loss, the best of it, and the runs that it ends.

use std::ops::ControlFlow;

use super::{integrate, quietly, small, tutorial};
use attractor::base::{Error, NoProgress, Outcome};
use attractor::nn::Rnn;
use attractor::random::{Key, Layout};
use attractor::tasks::{Decision, decision};
use attractor::train::{
    self, Fit, LogEntry, Options, Restore, Source, Task, Trials, sample_validation,
};

/// Trials that learning makes worse: to be integrated with the other sign.
fn wrong(trials: usize) -> Trials<f64> {
    let mut held: Trials<f64> = Trials::new(Task::<f64>::shape(&integrate(10)), trials);
    integrate(10)
        .fill(&Key::new(5, Layout::default()), &mut held)
        .expect("trials");
    held.targets.iter_mut().for_each(|y| *y = -*y);
    held
}

/// The networks at the lines of a log, by batch.
type Nets = Vec<(usize, Rnn<f64>)>;

fn judged(held: &Trials<f64>, options: &Options) -> (Rnn<f64>, Fit, Nets) {
    let mut net = small::<f64>(4);
    let task = integrate(10);
    let source = Source {
        task: &task,
        validation: Some(held),
    };
    let mut nets = Vec::new();
    let mut look = |line: &LogEntry, net: &Rnn<f64>| {
        nets.push((line.batch, net.clone()));
        Ok(ControlFlow::Continue(()))
    };
    let fit = train::run(&mut net, &source, options, &mut NoProgress, &mut look).expect("a run");
    (net, fit, nets)
}

fn options(batches: usize) -> Options {
    Options {
        batch: 16,
        log_every: 2,
        ..tutorial(batches)
    }
}

#[test]
fn validation_is_the_loss_of_all_its_trials_without_noise_and_penalty() {
    // More trials than a batch, and the last part is a smaller one.
    for trials in [5, 16, 41] {
        let held = wrong(trials);
        let (_, fit, nets) = judged(&held, &options(6));
        for (line, (_, net)) in fit.log.iter().zip(&nets) {
            let expected = net.loss(&mut net.workspace(), &held, None).expect("a loss");
            let found = line.validation.expect("validation");
            assert!((found - expected).abs() < 1e-14, "{found}, not {expected}");
        }
    }
}

#[test]
fn validation_weighs_times_as_the_mask_says() {
    let task = Decision::new(decision::Options::default()).expect("defaults");
    let options = options(3);
    let held = sample_validation::<f64>(&task, 37, &options).expect("trials");
    let mut net = small::<f64>(4);
    let source = Source {
        task: &task,
        validation: Some(&held),
    };
    let mut last = |line: &LogEntry, net: &Rnn<f64>| {
        let expected = net.loss(&mut net.workspace(), &held, None)?;
        let found = line.validation.expect("validation");
        assert!((found - expected).abs() < 1e-14, "{found}, not {expected}");
        Ok(ControlFlow::Continue(()))
    };
    train::run(&mut net, &source, &options, &mut NoProgress, &mut last).expect("a run");
}

#[test]
fn a_run_keeps_its_best_parameters_or_its_last_ones() {
    let held = wrong(20);
    for keep in [Restore::Best, Restore::Last] {
        let (net, fit, nets) = judged(
            &held,
            &Options {
                keep,
                ..options(41)
            },
        );
        let best = fit.best.expect("validation");
        let losses = fit
            .log
            .iter()
            .map(|line| line.validation.expect("validation"));
        assert_eq!(best.loss, losses.fold(f64::INFINITY, f64::min));
        assert!(best.batch < 40, "the worst comes last: {best:?}");
        let wanted = if keep == Restore::Best {
            best.batch
        } else {
            40
        };
        let (_, expected) = nets
            .iter()
            .find(|(batch, _)| *batch == wanted)
            .expect("the batch is in the log");
        assert_eq!(net.params.data, expected.params.data, "{keep:?}");
    }
}

#[test]
fn a_run_ends_when_validation_has_not_become_better_for_as_long_as_patience_lasts() {
    let held = wrong(20);
    let patient = Options {
        patience: Some(3),
        ..options(400)
    };
    let (_, fit, _) = judged(&held, &patient);
    let best = fit.best.expect("validation");
    // Validations come every second batch.
    let at = best.batch + 3 * 2 + 1;
    assert_eq!((fit.outcome, fit.batches), (Outcome::Stopped { at }, at));
    assert_eq!(fit.outcome.name(), "stopped early");
}

#[test]
fn validation_changes_nothing_in_training() {
    let (mut net, task) = (small::<f64>(4), integrate(10));
    let alone = quietly(&mut net, &task, &options(9)).expect("a run");
    let last = Options {
        keep: Restore::Last,
        validate_every: Some(1),
        ..options(9)
    };
    let (other, fit, _) = judged(&wrong(50), &last);
    assert_eq!(net.params.data, other.params.data);
    let bare = |line: &LogEntry| LogEntry {
        validation: None,
        ..*line
    };
    assert_eq!(alone.log, fit.log.iter().map(bare).collect::<Vec<_>>());
}

#[test]
fn validation_that_cannot_be_is_a_fault() {
    let task = integrate(10);
    let fault = |held: Trials<f64>| {
        let source = Source {
            task: &task,
            validation: Some(&held),
        };
        let mut quiet = |_: &LogEntry, _: &Rnn<f64>| Ok(ControlFlow::Continue(()));
        train::run(
            &mut small(1),
            &source,
            &options(9),
            &mut NoProgress,
            &mut quiet,
        )
        .expect_err("an error")
    };
    let mut broken = wrong(4);
    broken.targets[7] = f64::NAN;
    let found = fault(broken);
    assert!(
        matches!(found, Error::NotFinite { index: 7, .. }),
        "{found}"
    );
    let mut narrow = wrong(4);
    narrow.inputs.pop();
    assert!(matches!(fault(narrow), Error::Shape { .. }));
    assert!(matches!(fault(wrong(0)), Error::Range { .. }));
    let blind = Trials {
        mask: Some(vec![0.0; 40]),
        ..wrong(4)
    };
    assert!(matches!(fault(blind), Error::Range { .. }));
}
