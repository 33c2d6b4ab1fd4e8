//! The decision: the integrator's input, judged at the last time alone.

use attractor::nn::{Cell, NetworkOptions, Rnn};
use attractor::random::{Key, Layout};
use attractor::tasks::{Decision, Integrator, decision, integrator};
use attractor::tensor::Real;
use attractor::train::{Shape, Task, Trials};

fn batch<T: Real>(task: &impl Task<T>, key: &Key) -> Trials<T> {
    let mut trials = Trials::new(task.shape(), 300);
    task.fill(key, &mut trials).expect("a batch");
    trials
}

#[test]
fn a_decision_has_the_inputs_of_the_integrator_and_the_sign_of_its_last_target() {
    let deciding = Decision::new(decision::Options::default()).expect("defaults");
    let adding = Integrator::new(integrator::Options::default()).expect("defaults");
    for layout in [Layout::Original, Layout::Partitionable] {
        let key = Key::new(695_940, layout);
        let (found, sums) = (batch::<f32>(&deciding, &key), batch::<f32>(&adding, &key));
        assert_eq!(found.inputs, sums.inputs);
        let rows = found.targets.chunks(25).zip(sums.targets.chunks(25));
        for (trial, (found, sums)) in rows.enumerate() {
            let expected = if sums[24] > 0.0 { 1.0 } else { -1.0 };
            assert_eq!(found[24], expected, "trial {trial}, sum {}", sums[24]);
            assert_eq!(found[..24], [0.0; 24], "trial {trial}");
        }
    }
}

#[test]
fn the_loss_of_a_decision_counts_the_last_time_alone() {
    let task = Decision::new(decision::Options::default()).expect("defaults");
    let trials = batch::<f64>(&task, &Key::new(3, Layout::default()));
    let mask = trials.mask.as_ref().expect("a mask");
    assert!(mask.chunks(25).all(|times| times[24] == 1.0));
    assert_eq!(mask.iter().sum::<f64>(), 300.0);
    // A network of zeros says 0 at every time: it misses by 1 where it is asked.
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
fn the_batches_of_a_decision_share_their_memory() {
    let task = Decision::new(decision::Options::default()).expect("defaults");
    let mut trials: Trials<f32> = Trials::new(Task::<f32>::shape(&task), 16);
    let places = |trials: &Trials<f32>| {
        let mask = trials.mask.as_ref().expect("a mask");
        [&trials.inputs, &trials.targets, mask].map(|numbers| numbers.as_ptr())
    };
    let key = Key::new(0, Layout::default());
    task.fill(&key, &mut trials).expect("a batch");
    let first = places(&trials);
    task.fill(&key.fold_in(1), &mut trials).expect("a batch");
    assert_eq!(places(&trials), first);
}

#[test]
fn options_of_a_decision_outside_their_range_are_refused_by_its_name() {
    let options = decision::Options {
        steps: 0,
        ..Default::default()
    };
    let fault = Decision::new(options).err().expect("an error");
    let words = "tasks::decision: expected `steps` of 1 or more, found 0";
    assert_eq!(fault.to_string(), words);
    let shape = Shape {
        time: 25,
        inputs: 1,
        outputs: 1,
    };
    let task = Decision::new(decision::Options::default()).expect("defaults");
    assert_eq!(Task::<f32>::shape(&task), shape);
}
