//! Comparison of the training with a direct implementation of its equations in double precision.

use attractor::base::{NoProgress, Outcome};
use attractor::models::force::{self, Network, NetworkOptions, Student, TrainingOptions};
use attractor::ops::force::{RunOutcome, Sequence};

use super::{sine_targets, small_options};
use crate::rnn::case::error;

/// Options of the reference implementation.
struct ReferenceOptions<'a> {
    every: usize,
    forgetting: f64,
    /// Targets for wR h + wF z, [t, n].
    target_currents: Option<&'a [f64]>,
}

/// A direct implementation of the training with full matrices. Returns wO, P and wR.
fn reference_training(
    network: &Network<f64>,
    targets: &[f64],
    reference_options: &ReferenceOptions<'_>,
) -> [Vec<f64>; 3] {
    let (n, m) = (network.sizes.units, network.sizes.outputs);
    let mut wr = network.weights.recurrent.to_row_major();
    let wf = network.weights.feedback.to_row_major();
    let mut wo = network.weights.output.to_row_major();
    let mut p: Vec<f64> = (0..n * n)
        .map(|k| f64::from(u8::from(k / n == k % n)))
        .collect();
    let (mut a, mut z) = (network.a0.clone(), network.state.z.clone());
    let currents = |wr: &[f64], h: &[f64], z: &[f64]| -> Vec<f64> {
        let by_h = |i: usize| (0..n).map(|j| wr[i * n + j] * h[j]).sum::<f64>();
        let by_z = |i: usize| (0..m).map(|j| wf[i * m + j] * z[j]).sum::<f64>();
        (0..n).map(|i| by_h(i) + by_z(i)).collect()
    };
    let rates = |a: &[f64]| -> Vec<f64> { a.iter().map(|a| a.tanh()).collect() };
    for (at, f) in targets.chunks(m).enumerate() {
        let input_currents = currents(&wr, &rates(&a), &z);
        a.iter_mut()
            .zip(input_currents)
            .for_each(|(a, current)| *a += 0.1 * (current - *a));
        let h = rates(&a);
        for o in 0..m {
            z[o] = (0..n).map(|j| wo[o * n + j] * h[j]).sum();
        }
        if (at + 1) % reference_options.every != 0 {
            continue;
        }
        let q: Vec<f64> = (0..n)
            .map(|i| (0..n).map(|j| p[i * n + j] * h[j]).sum())
            .collect();
        let s = 1.0 / (reference_options.forgetting + (0..n).map(|j| h[j] * q[j]).sum::<f64>());
        for k in 0..n * n {
            p[k] = (p[k] - s * q[k / n] * q[k % n]) / reference_options.forgetting;
        }
        for o in 0..m {
            for j in 0..n {
                wo[o * n + j] -= s * (z[o] - f[o]) * q[j];
            }
        }
        if let Some(target_currents) = reference_options.target_currents {
            let current = currents(&wr, &h, &z);
            for k in 0..n * n {
                wr[k] -= s * (current[k / n] - target_currents[at * n + k / n]) * q[k % n];
            }
        }
    }
    [wo, p, wr]
}

#[test]
fn training_with_every_and_forgetting_matches_the_equations() {
    // 96 updates are full batches; of 19 updates some are pending. Without forgetting, the first
    // updates are stored as vectors; 96 updates exceed this buffer for 37 units.
    let targets = sine_targets(96);
    let x = vec![0.0; 96];
    for (n, density, every, forgetting) in [
        (37, 1.0, 1, 1.0),
        (37, 1.0, 5, 0.99),
        (40, 0.2, 3, 1.0),
        (33, 1.0, 1, 0.95),
        (41, 0.3, 2, 0.9),
    ] {
        let mut network = small_options(n, density).build::<f64>().expect("a network");
        let target_currents = None;
        let reference_options = ReferenceOptions {
            every,
            forgetting,
            target_currents,
        };
        let [wo, p, _] = reference_training(&network, &targets, &reference_options);
        let options = TrainingOptions {
            every,
            forgetting,
            ..TrainingOptions::default()
        };
        let fit = network.train([&x, &targets], &options, &mut NoProgress);
        assert_eq!(fit.outcome, Outcome::MaxSteps);
        let actual = network.weights.output.to_row_major();
        let inverse = network.inverse.as_ref().expect("P").to_row_major();
        for (name, actual, expected) in [("wO", actual, wo), ("P", inverse, p)] {
            let error = error(&actual, &expected);
            assert!(error < 1e-9, "{n} {every} {forgetting} {name}: {error:e}");
        }
    }
}

#[test]
fn training_of_recurrent_weights_matches_the_equations() {
    let targets = sine_targets(150);
    let x = vec![0.0; 150];
    for (n, density, every, forgetting) in [
        (37, 1.0, 1, 1.0),
        (64, 0.2, 1, 1.0),
        (50, 1.0, 3, 0.98),
        (41, 1.0, 1, 0.95),
    ] {
        let teacher = NetworkOptions {
            seed: 7.into(),
            ..small_options(n, 1.0)
        };
        let mut teacher = teacher.build::<f64>().expect("a network");
        let mut network = small_options(n, density).build::<f64>().expect("a network");
        let target_currents = target_currents(&teacher, &targets);
        let reference_options = ReferenceOptions {
            every,
            forgetting,
            target_currents: Some(&target_currents),
        };
        let [wo, p, wr] = reference_training(&network, &targets, &reference_options);
        let options = TrainingOptions {
            every,
            forgetting,
            ..TrainingOptions::default()
        };
        let mut students = [Student {
            teacher: Some(&mut teacher),
            ..Student::new(&mut network, &targets)
        }];
        force::train(&mut students, &x, &options, &mut NoProgress);
        assert_eq!(students[0].fit.outcome, Outcome::MaxSteps);
        let weights = &network.weights;
        let inverse = network.inverse.as_ref().expect("P").to_row_major();
        for (name, actual, expected) in [
            ("wO", weights.output.to_row_major(), wo),
            ("P", inverse, p),
            ("wR", network.recurrent().to_row_major(), wr),
        ] {
            let error = error(&actual, &expected);
            assert!(error < 1e-9, "{n} {every} {forgetting} {name}: {error:e}");
        }
    }
}

/// The currents of a teacher with the targets as feedback, [t, n].
fn target_currents(teacher: &Network<f64>, targets: &[f64]) -> Vec<f64> {
    let (n, m) = (teacher.sizes.units, teacher.sizes.outputs);
    let (wr, wf) = (
        teacher.weights.recurrent.to_row_major(),
        teacher.weights.feedback.to_row_major(),
    );
    let (mut a, mut feedback) = (teacher.a0.clone(), teacher.state.z.clone());
    let mut target_currents: Vec<f64> = Vec::new();
    let input_currents = |a: &[f64], feedback: &[f64]| -> Vec<f64> {
        let by_h = |i: usize| (0..n).map(|j| wr[i * n + j] * a[j].tanh()).sum::<f64>();
        let by_f = |i: usize| (0..m).map(|j| wf[i * m + j] * feedback[j]).sum::<f64>();
        (0..n).map(|i| by_h(i) + by_f(i)).collect()
    };
    for f in targets.chunks(m) {
        let current = input_currents(&a, &feedback);
        a.iter_mut()
            .zip(current)
            .for_each(|(a, current)| *a += 0.1 * (current - *a));
        feedback = f.to_vec();
        target_currents.extend(input_currents(&a, &feedback));
    }
    target_currents
}

#[test]
fn teacher_forcing_replaces_the_feedback() {
    let feedback = sine_targets(50);
    let mut network = small_options(40, 1.0).build::<f64>().expect("a network");
    let expected = target_currents(&network, &feedback);
    let (mut z, mut h) = (vec![0.0; 100], vec![0.0; 50 * 40]);
    let outcome = network.run(Sequence {
        steps: 50,
        threads: 1,
        inputs: &[0.0; 50],
        teacher_forcing: Some(&feedback),
        outputs: &mut z,
        states: Some(&mut h),
    });
    assert_eq!(outcome, RunOutcome::Completed);
    assert!(error(&network.currents(&h, &feedback), &expected) < 1e-12);
    assert_eq!(network.state.z, feedback[98..]);
}
