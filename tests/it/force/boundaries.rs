//! Training that is divided continues with the same bits: at every length around every boundary, in
//! passes, calls and files, with every option.

use attractor::base::{NoProgress, Outcome, Progress, Report};
use attractor::models::force::{self, Network, NetworkOptions, Student, TrainingOptions};
use attractor::ops::Lanes;
use attractor::ops::force::InverseCorrelation;

use super::reload::{difference, reload};
use super::{sines, small};

/// Updates that P collects before it flushes them.
const BATCH: usize = 16;

fn same<T: Lanes>(case: &str, a: &Network<T>, b: &Network<T>) {
    assert_eq!(difference(a, b), None, "{case}");
}

/// One training: readout alone, or with a teacher.
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

/// Lengths next to those at which the buffer of updates is flushed or P becomes a matrix.
fn lengths(units: usize, every: usize) -> Vec<usize> {
    let aside = units * 3 / 4 / BATCH;
    let batches = [1, 2, aside, aside + 1, aside + 2];
    let near = batches.map(|k| (k * BATCH * every).saturating_sub(1)..=k * BATCH * every + 1);
    let mut all: Vec<usize> = near.into_iter().flatten().filter(|k| *k > 0).collect();
    all.extend([1, 7]);
    all.sort_unstable();
    all.dedup();
    all
}

fn divided_training_matches(recipe: &NetworkOptions, options: &TrainingOptions, has_teacher: bool) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let build = || recipe.build::<f32>().expect("a network");
    let teacher = || {
        let seed = recipe.seed + 1;
        let recipe = NetworkOptions {
            seed,
            ..recipe.clone()
        };
        has_teacher.then(|| recipe.build::<f32>().expect("a network"))
    };
    for length in lengths(recipe.units, options.every) {
        let (every, l) = (options.every, options.forgetting);
        let case = format!(
            "{} units, {length} steps, every {every}, l = {l}",
            recipe.units
        );
        let period = sines(length);
        let (mut once, mut of_once) = (build(), teacher());
        train((&mut once, &mut of_once), &period.repeat(3), options);
        let (mut passes, mut of_passes) = (build(), teacher());
        let three = TrainingOptions {
            passes: 3,
            ..options.clone()
        };
        train((&mut passes, &mut of_passes), &period, &three);
        same(&case, &once, &passes);
        let (mut calls, mut of_calls) = (build(), teacher());
        for _ in 0..3 {
            train((&mut calls, &mut of_calls), &period, options);
            calls = reload(&calls, folder.path());
            of_calls = of_calls.map(|teacher| reload(&teacher, folder.path()));
        }
        same(&case, &once, &calls);
    }
}

#[test]
fn training_continues_at_every_length_around_every_boundary() {
    for units in [16, 17, 32, 100] {
        for (every, forgetting) in [(1, 1.0), (1, 0.99), (3, 1.0)] {
            let options = TrainingOptions {
                every,
                forgetting,
                ..TrainingOptions::default()
            };
            divided_training_matches(&small(units, 1.0), &options, false);
        }
    }
    let threaded = TrainingOptions::default();
    divided_training_matches(&small(416, 1.0), &threaded, false);
}

#[test]
fn training_of_sparse_recurrent_weights_continues_at_every_boundary() {
    let options = TrainingOptions {
        every: 2,
        ..TrainingOptions::default()
    };
    divided_training_matches(&small(48, 0.1), &options, false);
}

#[test]
fn recurrent_weights_continue_at_every_boundary() {
    for units in [16, 33, 64] {
        for (every, forgetting) in [(1, 1.0), (1, 0.99), (7, 1.0)] {
            let options = TrainingOptions {
                every,
                forgetting,
                ..TrainingOptions::default()
            };
            divided_training_matches(&small(units, 1.0), &options, true);
        }
    }
    divided_training_matches(&small(64, 0.1), &TrainingOptions::default(), true);
}

#[test]
fn sixty_steps_with_every_equal_thirty_and_thirty() {
    let options = TrainingOptions {
        every: 7,
        ..TrainingOptions::default()
    };
    let recipe = small(40, 1.0);
    let build = || recipe.build::<f64>().expect("a network");
    let (mut once, mut twice) = (build(), build());
    let targets = sines(60);
    train((&mut once, &mut None), &targets, &options);
    train((&mut twice, &mut None), &targets[..60], &options);
    train((&mut twice, &mut None), &targets[60..], &options);
    same("60 = 30 + 30", &once, &twice);
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
fn lists_of_networks_continue_after_an_interrupt() {
    let targets = sines(96);
    let x = vec![0.0; 96];
    let build = |seed| {
        NetworkOptions {
            seed,
            ..small(100, 1.0)
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
        same("interrupted", &once, network);
    }
}

#[test]
fn a_network_that_diverges_keeps_its_last_good_state() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let good = sines(40);
    let build = || small(30, 1.0).build::<f32>().expect("a network");
    let (mut expected, mut network) = (build(), build());
    train(
        (&mut expected, &mut None),
        &good[..2 * 37],
        &TrainingOptions::default(),
    );
    // The weights that follow on the 38th step are too large: the activity of the 39th is not
    // finite, or P is lost.
    network.a0.clone_from(&expected.a0);
    train(
        (&mut network, &mut None),
        &good[..2 * 37],
        &TrainingOptions::default(),
    );
    let before = network.clone();
    network.state.z.fill(f32::MAX);
    let mut fed = network.clone();
    let fit = fed.train(
        [&[0.0; 3], &[0.0; 6]],
        &TrainingOptions::default(),
        &mut NoProgress,
    );
    if let Outcome::Diverged { at } = fit.outcome {
        assert_eq!(at, 0);
        assert!(fed.weights == before.weights && fed.inverse == before.inverse);
        assert!(fed.state.a.iter().all(|a| a.is_finite()));
    }
    same("loaded", &reload(&fed, folder.path()), &fed);
}

#[test]
fn a_network_that_lost_p_can_be_saved_and_loaded() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut network = small(50, 1.0).build::<f32>().expect("a network");
    let options = TrainingOptions {
        forgetting: 0.5,
        ..TrainingOptions::default()
    };
    let train = |network: &mut Network<f32>, options: &TrainingOptions| {
        network.train([&[0.0; 300], &[0.0; 600]], options, &mut NoProgress)
    };
    assert!(train(&mut network, &options).p_not_positive);
    assert!(network.state.a.iter().all(|a| a.is_finite()));
    let mut again = reload(&network, folder.path());
    assert!(again.weights == network.weights && again.state == network.state);
    assert!(train(&mut again, &options).p_not_positive);
    let anew = TrainingOptions {
        anew: true,
        ..TrainingOptions::default()
    };
    assert_eq!(train(&mut again, &anew).outcome, Outcome::MaxSteps);
}

#[test]
fn a_file_with_a_full_buffer_of_updates_loads() {
    for forgetting in [1.0, 0.99] {
        let mut network = small(16, 1.0).build::<f64>().expect("a network");
        let options = TrainingOptions {
            forgetting,
            ..TrainingOptions::default()
        };
        let targets = sines(BATCH);
        network.train([&[0.0; 15], &targets[..30]], &options, &mut NoProgress);
        let mut parts = network.inverse.as_ref().expect("P").parts();
        assert_eq!(parts.scales.len(), 15);
        // The sixteenth update as it stood before the flush: any vector will do.
        parts.vectors.extend((0..16).map(|k| 0.01 * f64::from(k)));
        parts.scales.push(0.5);
        let loaded = InverseCorrelation::from_parts(&parts);
        assert!(loaded.has_matrix());
        assert_eq!(loaded.pending_count(), 0);
        let whole = loaded.to_row_major();
        let expected = (0..16 * 16).map(|at| {
            let (i, j) = (at / 16, at % 16);
            let sum = parts.vectors.chunks(16).zip(&parts.scales);
            let sum: f64 = sum.map(|(v, s)| s * v[i] * v[j]).sum();
            parts.factor * (f64::from(u8::from(i == j)) - sum)
        });
        for (found, expected) in whole.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }
}
