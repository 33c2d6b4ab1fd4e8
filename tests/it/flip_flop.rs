//! The flip-flop: its pulses, and what is to be remembered of them.

use attractor::random::{Key, Layout};
use attractor::tasks::FlipFlop;
use attractor::tasks::flip_flop::Options;
use attractor::tensor::Real;
use attractor::train::{Shape, Task, Trials};

fn drawn<T: Real>(trials: usize, options: Options, seed: u64) -> Trials<T> {
    let task = FlipFlop::new(options).expect("options in range");
    let shape: Shape = Task::<T>::shape(&task);
    let mut found = Trials::new(shape, trials);
    let key = Key::new(seed, Layout::default());
    task.fill(&key, &mut found).expect("a batch");
    found.check(shape).expect("the sizes of the task");
    found
}

fn targets_follow<T: Real>() {
    let options = Options {
        bits: 3,
        steps: 40,
        pulses: 0.2,
    };
    let trials = drawn::<T>(20, options, 1);
    for (x, y) in trials.inputs.chunks(120).zip(trials.targets.chunks(120)) {
        for channel in 0..3 {
            let mut last = 0.0;
            for time in 0..40 {
                let pulse = x[time * 3 + channel].double();
                assert!([-1.0, 0.0, 1.0].contains(&pulse));
                last = if pulse == 0.0 { last } else { pulse };
                assert_eq!(y[time * 3 + channel].double(), last);
            }
            assert!(x[channel].double() != 0.0, "a pulse at the first time");
        }
    }
}

#[test]
fn the_target_is_the_last_pulse_of_its_channel() {
    targets_follow::<f32>();
    targets_follow::<f64>();
}

#[test]
fn pulses_come_as_often_as_asked_and_either_way() {
    let trials = drawn::<f32>(400, Options::default(), 2);
    let later = trials.inputs.chunks(64 * 3).flat_map(|trial| &trial[3..]);
    let later: Vec<f32> = later.copied().collect();
    let n = later.len() as f32;
    let [plus, minus] = [1.0, -1.0].map(|way| later.iter().filter(|x| **x == way).count() as f32);
    // Five deviations of a count of n trials with p = 0.05.
    let bound = 5.0 * (n * 0.05 * 0.95).sqrt();
    assert!((plus - 0.05 * n).abs() < bound, "{plus} of {n}");
    assert!((minus - 0.05 * n).abs() < bound, "{minus} of {n}");
}

#[test]
fn the_same_key_gives_the_same_trials_over_old_ones() {
    let first = drawn::<f64>(7, Options::default(), 3);
    let task = FlipFlop::new(Options::default()).expect("defaults");
    let mut again = drawn::<f64>(7, Options::default(), 4);
    assert_ne!(first, again);
    let key = Key::new(3, Layout::default());
    task.fill(&key, &mut again).expect("a batch");
    assert_eq!(first, again);
}
