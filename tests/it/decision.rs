//! The decision task: the inputs of the integrator, with a target at the last time step only.

use attractor::nn::{Cell, NetworkOptions, Rnn};
use attractor::random::{Key, Layout};
use attractor::tasks::{Decision, Integrator, NoiseOptions, decision, integrator};
use attractor::tensor::Real;
use attractor::train::{Shape, Task, Trials};

fn batch<T: Real>(task: &impl Task<T>, key: &Key) -> Trials<T> {
    let mut trials = Trials::new(task.shape(), 300);
    task.fill(key, &mut trials).expect("a batch");
    trials
}

#[test]
fn a_decision_has_the_inputs_of_the_integrator_and_the_sign_of_its_last_target() {
    let decision_task = Decision::new(decision::Options::default()).expect("defaults");
    let integrator_task = Integrator::new(integrator::Options::default()).expect("defaults");
    for layout in [Layout::Original, Layout::Partitionable] {
        let key = Key::new(695_940, layout);
        let (actual, integrator_trials) = (
            batch::<f32>(&decision_task, &key),
            batch::<f32>(&integrator_task, &key),
        );
        assert_eq!(actual.inputs, integrator_trials.inputs);
        let rows = actual
            .targets
            .chunks(25)
            .zip(integrator_trials.targets.chunks(25));
        for (trial, (actual, integrator_trials)) in rows.enumerate() {
            let expected = if integrator_trials[24] > 0.0 {
                1.0
            } else {
                -1.0
            };
            assert_eq!(
                actual[24], expected,
                "trial {trial}, sum {}",
                integrator_trials[24]
            );
            assert_eq!(actual[..24], [0.0; 24], "trial {trial}");
        }
    }
}

#[test]
fn the_loss_of_a_decision_depends_only_on_the_last_time_step() {
    let task = Decision::new(decision::Options::default()).expect("defaults");
    let trials = batch::<f64>(&task, &Key::new(3, Layout::default()));
    let mask = trials.mask.as_ref().expect("a mask");
    assert!(mask.chunks(25).all(|times| times[24] == 1.0));
    assert_eq!(mask.iter().sum::<f64>(), 300.0);
    // A network with zero parameters outputs 0 at every time step: its error is 1 where the mask is
    // 1.
    let mut net: Rnn<f64> = NetworkOptions::default()
        .build(Cell::default())
        .expect("defaults");
    net.params.data.fill(0.0);
    let loss = net
        .loss(&mut net.workspace(), &trials, None)
        .expect("a loss");
    assert_eq!(loss, 1.0);
}

#[test]
fn batches_of_a_decision_reuse_their_buffers() {
    let task = Decision::new(decision::Options::default()).expect("defaults");
    let mut trials: Trials<f32> = Trials::new(Task::<f32>::shape(&task), 16);
    let pointers = |trials: &Trials<f32>| {
        let mask = trials.mask.as_ref().expect("a mask");
        [&trials.inputs, &trials.targets, mask].map(|values| values.as_ptr())
    };
    let key = Key::new(0, Layout::default());
    task.fill(&key, &mut trials).expect("a batch");
    let first = pointers(&trials);
    task.fill(&key.fold_in(1), &mut trials).expect("a batch");
    assert_eq!(pointers(&trials), first);
}

#[test]
fn options_out_of_range_are_rejected_with_the_name_of_the_task() {
    let options = decision::Options(NoiseOptions {
        steps: 0,
        ..Default::default()
    });
    let error = Decision::new(options).err().expect("an error");
    let text = "tasks::decision: expected `steps` of 1 or more, found 0";
    assert_eq!(error.to_string(), text);
    let shape = Shape {
        time: 25,
        inputs: 1,
        outputs: 1,
    };
    let task = Decision::new(decision::Options::default()).expect("defaults");
    assert_eq!(Task::<f32>::shape(&task), shape);
}
