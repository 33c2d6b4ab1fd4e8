//! The flip-flop task: pulses and targets.

use attractor::random::{Key, Layout};
use attractor::tasks::FlipFlop;
use attractor::tasks::flip_flop::Options;
use attractor::tensor::Real;
use attractor::train::{Shape, Task, Trials};

fn sample_trials<T: Real>(trials: usize, options: Options, seed: u64) -> Trials<T> {
    let task = FlipFlop::new(options).expect("options in range");
    let shape: Shape = Task::<T>::shape(&task);
    let mut batch = Trials::new(shape, trials);
    let key = Key::new(seed, Layout::default());
    task.fill(&key, &mut batch).expect("a batch");
    batch.check(shape).expect("the sizes of the task");
    batch
}

fn check_targets<T: Real>() {
    let options = Options {
        bits: 3,
        steps: 40,
        pulses: 0.2,
    };
    let trials = sample_trials::<T>(20, options, 1);
    for (x, y) in trials.inputs.chunks(120).zip(trials.targets.chunks(120)) {
        for channel in 0..3 {
            let mut expected = 0.0;
            for time in 0..40 {
                let pulse = x[time * 3 + channel].double();
                assert!([-1.0, 0.0, 1.0].contains(&pulse));
                expected = if pulse == 0.0 { expected } else { pulse };
                assert_eq!(y[time * 3 + channel].double(), expected);
            }
            assert!(x[channel].double() != 0.0, "a pulse at the first time step");
        }
    }
}

#[test]
fn the_target_is_the_last_pulse_of_the_channel() {
    check_targets::<f32>();
    check_targets::<f64>();
}

#[test]
fn pulses_have_the_given_rate_and_both_signs() {
    let trials = sample_trials::<f32>(400, Options::default(), 2);
    let later = trials.inputs.chunks(64 * 3).flat_map(|trial| &trial[3..]);
    let later: Vec<f32> = later.copied().collect();
    let n = later.len() as f32;
    let [positive, negative] =
        [1.0, -1.0].map(|sign| later.iter().filter(|x| **x == sign).count() as f32);
    // Five standard deviations of the count of n Bernoulli trials with p = 0.05.
    let bound = 5.0 * (n * 0.05 * 0.95).sqrt();
    assert!((positive - 0.05 * n).abs() < bound, "{positive} of {n}");
    assert!((negative - 0.05 * n).abs() < bound, "{negative} of {n}");
}

#[test]
fn the_same_key_gives_the_same_trials_in_a_reused_buffer() {
    let first = sample_trials::<f64>(7, Options::default(), 3);
    let task = FlipFlop::new(Options::default()).expect("defaults");
    let mut second = sample_trials::<f64>(7, Options::default(), 4);
    assert_ne!(first, second);
    let key = Key::new(3, Layout::default());
    task.fill(&key, &mut second).expect("a batch");
    assert_eq!(first, second);
}
