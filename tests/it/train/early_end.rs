//! Runs that end before their last batch: divergence, interrupts, callbacks and errors.

use std::ops::ControlFlow;

use super::{integrator_task, small_network, train_silently, tutorial_options};
use attractor::base::{Error, NoProgress, Outcome, Progress, Report};
use attractor::nn::{Cell, NetworkOptions, Rnn};
use attractor::ops::rnn::Nonlinearity;
use attractor::ops::rnn::cells::Vanilla;
use attractor::optim::{Optimizer, Sgd, constant};
use attractor::random::{Key, Layout};
use attractor::train::{self, LogEntry, Options, Source, Task, Trials};

#[test]
fn a_diverging_run_keeps_the_last_parameters_with_a_finite_loss() {
    let task = integrator_task(25);
    // Each learning rate triggers a different check: a loss or gradient that is not finite, a step
    // that overflows, or the loss of the last log entry.
    for rate in [0.1, 1.0, 1e30, f64::MAX] {
        let options = NetworkOptions {
            gain: 1.5,
            ..NetworkOptions::default()
        };
        let relu = Cell::Vanilla(Vanilla {
            nonlinearity: Nonlinearity::Relu,
        });
        let mut net: Rnn<f32> = options.build(relu).expect("options in range");
        let sgd = Sgd {
            lr: constant(rate),
            ..Sgd::default()
        };
        let options = Options {
            batches: 500,
            optimizer: Optimizer::Sgd(sgd),
            ..Options::default()
        };
        let fit = train_silently(&mut net, &task, &options).expect("a run");
        let Outcome::Diverged { at } = fit.outcome else {
            panic!("{rate}: {fit:?}")
        };
        println!("rate {rate:e}: diverged at batch {at}");
        assert!(net.params.data.iter().all(|p| p.is_finite()), "rate {rate}");
        let mut trials = Trials::new(Task::<f32>::shape(&task), 128);
        task.fill(&Key::new(1, Layout::default()), &mut trials)
            .expect("trials");
        let loss = net
            .loss(&mut net.workspace(), &trials, None)
            .expect("a loss");
        assert!(loss.is_finite(), "rate {rate}: {loss}");
    }
}

/// Stops a run after this number of batches.
struct StopAfter {
    batches: usize,
    done: usize,
}

impl Progress for StopAfter {
    fn report(&mut self, report: Report) {
        self.done = report.done;
    }
    fn stop_requested(&self) -> bool {
        self.done == self.batches
    }
}

#[test]
fn an_interrupted_run_keeps_the_parameters_of_the_last_batch() {
    let task = integrator_task(25);
    let (mut stopped, mut expected) = (small_network::<f32>(1), small_network::<f32>(1));
    let mut progress = StopAfter {
        batches: 7,
        done: 0,
    };
    let mut do_nothing = |_: &LogEntry, _: &Rnn<f32>| Ok(ControlFlow::Continue(()));
    let options = tutorial_options(1000);
    let fit = train::run(
        &mut stopped,
        &Source::new(&task),
        &options,
        &mut progress,
        &mut do_nothing,
    )
    .expect("a run");
    assert_eq!(
        (fit.outcome, fit.batches),
        (Outcome::Interrupted { at: 7 }, 7)
    );
    train_silently(&mut expected, &task, &tutorial_options(7)).expect("a run");
    assert_eq!(stopped.params.data, expected.params.data);
}

#[test]
fn a_callback_can_stop_a_run_or_return_an_error() {
    let task = integrator_task(5);
    let mut net = small_network::<f32>(1);
    let options = Options {
        log_every: 2,
        ..tutorial_options(50)
    };
    let mut stop_at_4 = |line: &LogEntry, _: &Rnn<f32>| {
        Ok(if line.batch < 4 {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    };
    let fit = train::run(
        &mut net,
        &Source::new(&task),
        &options,
        &mut NoProgress,
        &mut stop_at_4,
    )
    .expect("a run");
    assert_eq!(
        (fit.outcome, fit.log.len()),
        (Outcome::Interrupted { at: 5 }, 3)
    );
    let mut fail = |_: &LogEntry, _: &Rnn<f32>| {
        Err(Error::Algebra {
            op: "listener",
            fact: "no result",
        })
    };
    let result = train::run(
        &mut net,
        &Source::new(&task),
        &options,
        &mut NoProgress,
        &mut fail,
    );
    assert!(
        matches!(result, Err(Error::Algebra { op: "listener", .. })),
        "{result:?}"
    );
}

#[test]
fn a_task_with_different_sizes_than_the_network_is_an_error() {
    let mut net: Rnn<f32> = NetworkOptions {
        inputs: 3,
        ..NetworkOptions::default()
    }
    .build(Cell::default())
    .expect("sizes");
    let result =
        train_silently(&mut net, &integrator_task(5), &tutorial_options(1)).expect_err("an error");
    assert_eq!(
        result.to_string(),
        "train: expected inputs of the task of shape [b, t, 3], found [1]"
    );
}
