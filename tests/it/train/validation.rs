//! Validation: loss, best parameters and early stopping.

use std::ops::ControlFlow;

use super::{integrator_task, small_network, train_silently, tutorial_options};
use attractor::base::{Error, NoProgress, Outcome};
use attractor::nn::Rnn;
use attractor::random::{Key, Layout};
use attractor::tasks::{Decision, decision};
use attractor::train::{
    self, Fit, LogEntry, Options, Restore, Source, Task, Trials, sample_validation,
};

/// Trials with negated targets, whose loss increases during training.
fn negated_trials(trials: usize) -> Trials<f64> {
    let mut held_out: Trials<f64> = Trials::new(Task::<f64>::shape(&integrator_task(10)), trials);
    integrator_task(10)
        .fill(&Key::new(5, Layout::default()), &mut held_out)
        .expect("trials");
    held_out.targets.iter_mut().for_each(|y| *y = -*y);
    held_out
}

/// The networks at the log entries, by batch.
type Nets = Vec<(usize, Rnn<f64>)>;

fn train_with_validation(held_out: &Trials<f64>, options: &Options) -> (Rnn<f64>, Fit, Nets) {
    let mut net = small_network::<f64>(4);
    let task = integrator_task(10);
    let source = Source {
        task: &task,
        validation: Some(held_out),
    };
    let mut nets = Vec::new();
    let mut record_network = |line: &LogEntry, net: &Rnn<f64>| {
        nets.push((line.batch, net.clone()));
        Ok(ControlFlow::Continue(()))
    };
    let fit = train::run(
        &mut net,
        &source,
        options,
        &mut NoProgress,
        &mut record_network,
    )
    .expect("a run");
    (net, fit, nets)
}

fn options(batches: usize) -> Options {
    Options {
        batch_size: 16,
        log_every: 2,
        ..tutorial_options(batches)
    }
}

#[test]
fn the_validation_loss_is_the_loss_of_all_trials_without_noise_and_penalty() {
    // Also more trials than a batch, with a smaller last part.
    for trials in [5, 16, 41] {
        let held_out = negated_trials(trials);
        let (_, fit, nets) = train_with_validation(&held_out, &options(6));
        for (line, (_, net)) in fit.log.iter().zip(&nets) {
            let expected = net
                .loss(&mut net.workspace(), &held_out, None)
                .expect("a loss");
            let actual = line.validation.expect("validation");
            assert!(
                (actual - expected).abs() < 1e-14,
                "{actual}, not {expected}"
            );
        }
    }
}

#[test]
fn the_validation_loss_uses_the_mask() {
    let task = Decision::new(decision::Options::default()).expect("defaults");
    let options = options(3);
    let held_out = sample_validation::<f64>(&task, 37, &options).expect("trials");
    let mut net = small_network::<f64>(4);
    let source = Source {
        task: &task,
        validation: Some(&held_out),
    };
    let mut check_entry = |line: &LogEntry, net: &Rnn<f64>| {
        let expected = net.loss(&mut net.workspace(), &held_out, None)?;
        let actual = line.validation.expect("validation");
        assert!(
            (actual - expected).abs() < 1e-14,
            "{actual}, not {expected}"
        );
        Ok(ControlFlow::Continue(()))
    };
    train::run(
        &mut net,
        &source,
        &options,
        &mut NoProgress,
        &mut check_entry,
    )
    .expect("a run");
}

#[test]
fn a_run_restores_the_best_or_the_last_parameters() {
    let held_out = negated_trials(20);
    for keep in [Restore::Best, Restore::Last] {
        let (net, fit, nets) = train_with_validation(
            &held_out,
            &Options {
                restore: keep,
                ..options(41)
            },
        );
        let best = fit.best.expect("validation");
        let losses = fit
            .log
            .iter()
            .map(|line| line.validation.expect("validation"));
        assert_eq!(best.loss, losses.fold(f64::INFINITY, f64::min));
        assert!(best.batch < 40, "the loss is largest at the end: {best:?}");
        let restored_batch = if keep == Restore::Best {
            best.batch
        } else {
            40
        };
        let (_, expected) = nets
            .iter()
            .find(|(batch, _)| *batch == restored_batch)
            .expect("the batch is in the log");
        assert_eq!(net.params.data, expected.params.data, "{keep:?}");
    }
}

#[test]
fn a_run_stops_when_the_validation_loss_does_not_improve_within_the_patience() {
    let held_out = negated_trials(20);
    let early_stopping = Options {
        patience: Some(3),
        ..options(400)
    };
    let (_, fit, _) = train_with_validation(&held_out, &early_stopping);
    let best = fit.best.expect("validation");
    // Validation takes place every second batch.
    let at = best.batch + 3 * 2 + 1;
    assert_eq!((fit.outcome, fit.batches), (Outcome::Stopped { at }, at));
    assert_eq!(fit.outcome.name(), "stopped early");
}

#[test]
fn validation_does_not_affect_training() {
    let (mut net, task) = (small_network::<f64>(4), integrator_task(10));
    let unvalidated = train_silently(&mut net, &task, &options(9)).expect("a run");
    let every_batch = Options {
        restore: Restore::Last,
        validate_every: Some(1),
        ..options(9)
    };
    let (other, fit, _) = train_with_validation(&negated_trials(50), &every_batch);
    assert_eq!(net.params.data, other.params.data);
    let without_validation = |line: &LogEntry| LogEntry {
        validation: None,
        ..*line
    };
    assert_eq!(
        unvalidated.log,
        fit.log.iter().map(without_validation).collect::<Vec<_>>()
    );
}

#[test]
fn invalid_validation_trials_are_errors() {
    let task = integrator_task(10);
    let error = |held_out: Trials<f64>| {
        let source = Source {
            task: &task,
            validation: Some(&held_out),
        };
        let mut do_nothing = |_: &LogEntry, _: &Rnn<f64>| Ok(ControlFlow::Continue(()));
        train::run(
            &mut small_network(1),
            &source,
            &options(9),
            &mut NoProgress,
            &mut do_nothing,
        )
        .expect_err("an error")
    };
    let mut with_nan = negated_trials(4);
    with_nan.targets[7] = f64::NAN;
    let actual = error(with_nan);
    assert!(
        matches!(actual, Error::NotFinite { index: 7, .. }),
        "{actual}"
    );
    let mut with_missing_input = negated_trials(4);
    with_missing_input.inputs.pop();
    assert!(matches!(error(with_missing_input), Error::Shape { .. }));
    assert!(matches!(error(negated_trials(0)), Error::Range { .. }));
    let with_zero_mask = Trials {
        mask: Some(vec![0.0; 40]),
        ..negated_trials(4)
    };
    assert!(matches!(error(with_zero_mask), Error::Range { .. }));
}
