//! Split training is bit-identical to training in one call: at lengths around every boundary, in
//! passes, calls and files, with every option.

use attractor::base::{NoProgress, Outcome, Progress, Report};
use attractor::models::force::{self, Network, NetworkOptions, Student, TrainingOptions};
use attractor::ops::Lanes;
use attractor::ops::force::InverseCorrelation;

use super::reload::{difference, reload};
use super::{sine_targets, small_options};

/// Number of updates that P accumulates before a flush.
const BATCH: usize = 16;

fn assert_equal<T: Lanes>(case: &str, a: &Network<T>, b: &Network<T>) {
    assert_eq!(difference(a, b), None, "{case}");
}

/// Trains the readout, or with a teacher the recurrent weights too.
fn train<T: Lanes>(
    (network, teacher): (&mut Network<T>, &mut Option<Network<T>>),
    targets: &[f64],
    options: &TrainingOptions,
) {
    let targets: Vec<T> = targets.iter().map(|f| T::of(*f)).collect();
    let x = vec![T::of(0.0); targets.len() / 2];
    let mut students = [Student {
        teacher: teacher.as_mut(),
        ..Student::new(network, &targets)
    }];
    force::train(&mut students, &x, options, &mut NoProgress);
    assert_eq!(students[0].fit.outcome, Outcome::MaxSteps);
}

/// Lengths next to those at which the update buffer is flushed or P becomes a matrix.
fn boundary_lengths(units: usize, every: usize) -> Vec<usize> {
    let stored_batches = units * 3 / 4 / BATCH;
    let batches = [1, 2, stored_batches, stored_batches + 1, stored_batches + 2];
    let ranges = batches.map(|k| (k * BATCH * every).saturating_sub(1)..=k * BATCH * every + 1);
    let mut all: Vec<usize> = ranges.into_iter().flatten().filter(|k| *k > 0).collect();
    all.extend([1, 7]);
    all.sort_unstable();
    all.dedup();
    all
}

fn check_split_training(config: &NetworkOptions, options: &TrainingOptions, has_teacher: bool) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let build = || config.build::<f32>().expect("a network");
    let teacher = || {
        let config = NetworkOptions {
            seed: 4.into(),
            ..config.clone()
        };
        has_teacher.then(|| config.build::<f32>().expect("a network"))
    };
    for length in boundary_lengths(config.units, options.every) {
        let (every, l) = (options.every, options.forgetting);
        let case = format!(
            "{} units, {length} steps, every {every}, l = {l}",
            config.units
        );
        let period = sine_targets(length);
        let (mut once, mut once_teacher) = (build(), teacher());
        train((&mut once, &mut once_teacher), &period.repeat(3), options);
        let (mut in_passes, mut passes_teacher) = (build(), teacher());
        let three_passes = TrainingOptions {
            epochs: 3,
            ..options.clone()
        };
        train(
            (&mut in_passes, &mut passes_teacher),
            &period,
            &three_passes,
        );
        assert_equal(&case, &once, &in_passes);
        let (mut calls, mut calls_teacher) = (build(), teacher());
        for _ in 0..3 {
            train((&mut calls, &mut calls_teacher), &period, options);
            calls = reload(&calls, folder.path());
            calls_teacher = calls_teacher.map(|teacher| reload(&teacher, folder.path()));
        }
        assert_equal(&case, &once, &calls);
    }
}

#[test]
fn split_training_is_bit_identical_around_every_boundary() {
    for units in [16, 17, 32, 100] {
        for (every, forgetting) in [(1, 1.0), (1, 0.99), (3, 1.0)] {
            let options = TrainingOptions {
                every,
                forgetting,
                ..TrainingOptions::default()
            };
            check_split_training(&small_options(units, 1.0), &options, false);
        }
    }
    let multithreaded = TrainingOptions::default();
    check_split_training(&small_options(416, 1.0), &multithreaded, false);
}

#[test]
fn split_training_with_sparse_weights_is_bit_identical() {
    let options = TrainingOptions {
        every: 2,
        ..TrainingOptions::default()
    };
    check_split_training(&small_options(48, 0.1), &options, false);
}

#[test]
fn split_training_of_recurrent_weights_is_bit_identical() {
    for units in [16, 33, 64] {
        for (every, forgetting) in [(1, 1.0), (1, 0.99), (7, 1.0)] {
            let options = TrainingOptions {
                every,
                forgetting,
                ..TrainingOptions::default()
            };
            check_split_training(&small_options(units, 1.0), &options, true);
        }
    }
    check_split_training(&small_options(64, 0.1), &TrainingOptions::default(), true);
}

#[test]
fn split_training_with_every_7_is_bit_identical() {
    let options = TrainingOptions {
        every: 7,
        ..TrainingOptions::default()
    };
    let config = small_options(40, 1.0);
    let build = || config.build::<f64>().expect("a network");
    let (mut once, mut twice) = (build(), build());
    let targets = sine_targets(60);
    train((&mut once, &mut None), &targets, &options);
    train((&mut twice, &mut None), &targets[..60], &options);
    train((&mut twice, &mut None), &targets[60..], &options);
    assert_equal("60 = 30 + 30", &once, &twice);
}

/// Stops at the first report.
struct Stop;

impl Progress for Stop {
    fn report(&mut self, _: Report) {}
    fn stop_requested(&self) -> bool {
        true
    }
}

#[test]
fn lists_of_networks_resume_after_an_interrupt() {
    let targets = sine_targets(96);
    let x = vec![0.0; 96];
    let build = |seed: usize| {
        NetworkOptions {
            seed: seed.into(),
            ..small_options(100, 1.0)
        }
        .build::<f64>()
        .expect("a network")
    };
    let mut networks = [build(1), build(2)];
    for _ in 0..4 {
        let students = networks
            .iter_mut()
            .map(|network| Student::new(network, &targets));
        let mut students: Vec<_> = students.collect();
        force::train(&mut students, &x, &TrainingOptions::default(), &mut Stop);
        assert!(matches!(
            students[0].fit.outcome,
            Outcome::Interrupted { at: 96 }
        ));
    }
    for (seed, network) in [1, 2].into_iter().zip(&networks) {
        let mut once = build(seed);
        train(
            (&mut once, &mut None),
            &targets.repeat(4),
            &TrainingOptions::default(),
        );
        assert_equal("interrupted", &once, network);
    }
}

#[test]
fn a_diverging_network_keeps_its_last_finite_state() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let targets = sine_targets(40);
    let build = || small_options(30, 1.0).build::<f32>().expect("a network");
    let (mut expected, mut network) = (build(), build());
    train(
        (&mut expected, &mut None),
        &targets[..2 * 37],
        &TrainingOptions::default(),
    );
    // The state after step 37 is modified below so that the next step overflows or P is lost.
    network.a0.clone_from(&expected.a0);
    train(
        (&mut network, &mut None),
        &targets[..2 * 37],
        &TrainingOptions::default(),
    );
    let before = network.clone();
    network.state.z.fill(f32::MAX);
    let mut continued = network.clone();
    let fit = continued.train(
        [&[0.0; 3], &[0.0; 6]],
        &TrainingOptions::default(),
        &mut NoProgress,
    );
    if let Outcome::Diverged { at } = fit.outcome {
        assert_eq!(at, 0);
        assert!(continued.weights == before.weights && continued.inverse == before.inverse);
        assert!(continued.state.a.iter().all(|a| a.is_finite()));
    }
    assert_equal("loaded", &reload(&continued, folder.path()), &continued);
}

#[test]
fn a_network_without_a_positive_p_can_be_saved_and_loaded() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut network = small_options(50, 1.0).build::<f32>().expect("a network");
    let options = TrainingOptions {
        forgetting: 0.5,
        ..TrainingOptions::default()
    };
    let train = |network: &mut Network<f32>, options: &TrainingOptions| {
        network.train([&[0.0; 300], &[0.0; 600]], options, &mut NoProgress)
    };
    assert!(train(&mut network, &options).p_not_positive);
    assert!(network.state.a.iter().all(|a| a.is_finite()));
    let mut loaded = reload(&network, folder.path());
    assert!(loaded.weights == network.weights && loaded.state == network.state);
    assert!(train(&mut loaded, &options).p_not_positive);
    let reset = TrainingOptions {
        reset_p: true,
        ..TrainingOptions::default()
    };
    assert_eq!(train(&mut loaded, &reset).outcome, Outcome::MaxSteps);
}

#[test]
fn a_file_with_a_full_update_buffer_can_be_loaded() {
    for forgetting in [1.0, 0.99] {
        let mut network = small_options(16, 1.0).build::<f64>().expect("a network");
        let options = TrainingOptions {
            forgetting,
            ..TrainingOptions::default()
        };
        let targets = sine_targets(BATCH);
        network.train([&[0.0; 15], &targets[..30]], &options, &mut NoProgress);
        let mut parts = network.inverse.as_ref().expect("P").parts();
        assert_eq!(parts.scales.len(), 15);
        // A sixteenth update before the flush; any vector is valid.
        parts.vectors.extend((0..16).map(|k| 0.01 * f64::from(k)));
        parts.scales.push(0.5);
        let loaded = InverseCorrelation::from_parts(&parts);
        assert!(loaded.has_matrix());
        assert_eq!(loaded.pending_count(), 0);
        let matrix = loaded.to_row_major();
        let expected = (0..16 * 16).map(|at| {
            let (i, j) = (at / 16, at % 16);
            let sum = parts.vectors.chunks(16).zip(&parts.scales);
            let sum: f64 = sum.map(|(v, s)| s * v[i] * v[j]).sum();
            parts.factor * (f64::from(u8::from(i == j)) - sum)
        });
        for (actual, expected) in matrix.iter().zip(expected) {
            assert!((actual - expected).abs() < 1e-12, "{actual} {expected}");
        }
    }
}
