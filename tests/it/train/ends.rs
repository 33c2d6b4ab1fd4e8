//! The ways a run can end before its last batch.

use std::ops::ControlFlow;

use super::{integrate, quietly, small, tutorial};
use attractor::base::{Error, NoProgress, Outcome, Progress, Report};
use attractor::nn::{Cell, NetworkOptions, Rnn};
use attractor::ops::rnn::Nonlinearity;
use attractor::ops::rnn::vanilla::Vanilla;
use attractor::optim::{Optimizer, Sgd, constant};
use attractor::random::{Key, Layout};
use attractor::train::{self, LogEntry, Options, Source, Task, Trials};

#[test]
fn a_run_that_diverges_keeps_the_last_parameters_with_a_finite_loss() {
    let task = integrate(25);
    // Each of these ends by another check: a loss or gradient that is not finite, a step that
    // overflows, and the loss of the last line of the log.
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
            rate: constant(rate),
            ..Sgd::default()
        };
        let options = Options {
            batches: 500,
            optimizer: Optimizer::Sgd(sgd),
            ..Options::default()
        };
        let fit = quietly(&mut net, &task, &options).expect("a run");
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

/// Ends a run once this many batches are done.
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
fn an_interrupted_run_leaves_the_network_as_its_last_batch_made_it() {
    let task = integrate(25);
    let (mut stopped, mut whole) = (small::<f32>(1), small::<f32>(1));
    let mut progress = StopAfter {
        batches: 7,
        done: 0,
    };
    let mut ignore = |_: &LogEntry, _: &Rnn<f32>| Ok(ControlFlow::Continue(()));
    let options = tutorial(1000);
    let fit = train::run(
        &mut stopped,
        &Source::new(&task),
        &options,
        &mut progress,
        &mut ignore,
    )
    .expect("a run");
    assert_eq!(
        (fit.outcome, fit.batches),
        (Outcome::Interrupted { at: 7 }, 7)
    );
    quietly(&mut whole, &task, &tutorial(7)).expect("a run");
    assert_eq!(stopped.params.data, whole.params.data);
}

#[test]
fn a_listener_can_end_a_run_or_fail_it() {
    let task = integrate(5);
    let mut net = small::<f32>(1);
    let options = Options {
        log_every: 2,
        ..tutorial(50)
    };
    let mut brake = |line: &LogEntry, _: &Rnn<f32>| {
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
        &mut brake,
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
    let end = train::run(
        &mut net,
        &Source::new(&task),
        &options,
        &mut NoProgress,
        &mut fail,
    );
    assert!(
        matches!(end, Err(Error::Algebra { op: "listener", .. })),
        "{end:?}"
    );
}

#[test]
fn a_task_of_other_sizes_than_the_network_is_a_fault() {
    let mut net: Rnn<f32> = NetworkOptions {
        inputs: 3,
        ..NetworkOptions::default()
    }
    .build(Cell::default())
    .expect("sizes");
    let end = quietly(&mut net, &integrate(5), &tutorial(1)).expect_err("an error");
    assert_eq!(
        end.to_string(),
        "train: expected inputs of the task of shape [b, t, 3], found [1]"
    );
}
