//! Learning against the equations written out, in double precision with whole matrices.

use attractor::base::{NoProgress, Outcome};
use attractor::models::force::{self, Network, NetworkOptions, Student, TrainingOptions};
use attractor::ops::force::{RunOutcome, Sequence};

use super::{sines, small};
use crate::rnn::case::error;

/// What is learned, as far as the equations leave a choice.
struct Rules<'a> {
    every: usize,
    forgetting: f64,
    /// What wR h + wF z is to be, [t, n].
    goals: Option<&'a [f64]>,
}

/// Learning as it is written down, in double precision with whole matrices: wO, P and wR.
fn naive(network: &Network<f64>, targets: &[f64], rules: &Rules<'_>) -> [Vec<f64>; 3] {
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
        let arriving = currents(&wr, &rates(&a), &z);
        a.iter_mut()
            .zip(arriving)
            .for_each(|(a, current)| *a += 0.1 * (current - *a));
        let h = rates(&a);
        for o in 0..m {
            z[o] = (0..n).map(|j| wo[o * n + j] * h[j]).sum();
        }
        if (at + 1) % rules.every != 0 {
            continue;
        }
        let q: Vec<f64> = (0..n)
            .map(|i| (0..n).map(|j| p[i * n + j] * h[j]).sum())
            .collect();
        let s = 1.0 / (rules.forgetting + (0..n).map(|j| h[j] * q[j]).sum::<f64>());
        for k in 0..n * n {
            p[k] = (p[k] - s * q[k / n] * q[k % n]) / rules.forgetting;
        }
        for o in 0..m {
            for j in 0..n {
                wo[o * n + j] -= s * (z[o] - f[o]) * q[j];
            }
        }
        if let Some(goals) = rules.goals {
            let found = currents(&wr, &h, &z);
            for k in 0..n * n {
                wr[k] -= s * (found[k / n] - goals[at * n + k / n]) * q[k % n];
            }
        }
    }
    [wo, p, wr]
}

#[test]
fn learning_every_few_steps_and_forgetting_is_what_is_written_down() {
    // 96 changes are whole batches, of 19 some still wait; with no forgetting a part of them is put
    // aside, and of 96 more than that for 37 units.
    let targets = sines(96);
    let x = vec![0.0; 96];
    for (n, density, every, forgetting) in [
        (37, 1.0, 1, 1.0),
        (37, 1.0, 5, 0.99),
        (40, 0.2, 3, 1.0),
        (33, 1.0, 1, 0.95),
        (41, 0.3, 2, 0.9),
    ] {
        let mut network = small(n, density).build::<f64>().expect("a network");
        let goals = None;
        let rules = Rules {
            every,
            forgetting,
            goals,
        };
        let [wo, p, _] = naive(&network, &targets, &rules);
        let options = TrainingOptions {
            every,
            forgetting,
            ..TrainingOptions::default()
        };
        let fit = network.train([&x, &targets], &options, &mut NoProgress);
        assert_eq!(fit.outcome, Outcome::MaxSteps);
        let found = network.weights.output.to_row_major();
        let inverse = network.inverse.as_ref().expect("P").to_row_major();
        for (name, found, expected) in [("wO", found, wo), ("P", inverse, p)] {
            let error = error(&found, &expected);
            assert!(error < 1e-9, "{n} {every} {forgetting} {name}: {error:e}");
        }
    }
}

#[test]
fn recurrent_weights_learn_as_it_is_written_down() {
    let targets = sines(150);
    let x = vec![0.0; 150];
    for (n, density, every, forgetting) in [
        (37, 1.0, 1, 1.0),
        (64, 0.2, 1, 1.0),
        (50, 1.0, 3, 0.98),
        (41, 1.0, 1, 0.95),
    ] {
        let teacher = NetworkOptions {
            seed: 7,
            ..small(n, 1.0)
        };
        let mut teacher = teacher.build::<f64>().expect("a network");
        let mut network = small(n, density).build::<f64>().expect("a network");
        let goals = goals(&teacher, &targets);
        let rules = Rules {
            every,
            forgetting,
            goals: Some(&goals),
        };
        let [wo, p, wr] = naive(&network, &targets, &rules);
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
        for (name, found, expected) in [
            ("wO", weights.output.to_row_major(), wo),
            ("P", inverse, p),
            ("wR", network.recurrent().to_row_major(), wr),
        ] {
            let error = error(&found, &expected);
            assert!(error < 1e-9, "{n} {every} {forgetting} {name}: {error:e}");
        }
    }
}

/// What arrives at the units of a teacher to which targets are fed back, [t, n].
fn goals(teacher: &Network<f64>, targets: &[f64]) -> Vec<f64> {
    let (n, m) = (teacher.sizes.units, teacher.sizes.outputs);
    let (wr, wf) = (
        teacher.weights.recurrent.to_row_major(),
        teacher.weights.feedback.to_row_major(),
    );
    let (mut a, mut fed) = (teacher.a0.clone(), teacher.state.z.clone());
    let mut goals: Vec<f64> = Vec::new();
    let arriving = |a: &[f64], fed: &[f64]| -> Vec<f64> {
        let by_h = |i: usize| (0..n).map(|j| wr[i * n + j] * a[j].tanh()).sum::<f64>();
        let by_f = |i: usize| (0..m).map(|j| wf[i * m + j] * fed[j]).sum::<f64>();
        (0..n).map(|i| by_h(i) + by_f(i)).collect()
    };
    for f in targets.chunks(m) {
        let current = arriving(&a, &fed);
        a.iter_mut()
            .zip(current)
            .for_each(|(a, current)| *a += 0.1 * (current - *a));
        fed = f.to_vec();
        goals.extend(arriving(&a, &fed));
    }
    goals
}

#[test]
fn a_network_that_is_fed_runs_on_what_it_is_fed() {
    let fed = sines(50);
    let mut network = small(40, 1.0).build::<f64>().expect("a network");
    let expected = goals(&network, &fed);
    let (mut z, mut h) = (vec![0.0; 100], vec![0.0; 50 * 40]);
    let end = network.run(Sequence {
        steps: 50,
        threads: 1,
        inputs: &[0.0; 50],
        teacher_forcing: Some(&fed),
        outputs: &mut z,
        states: Some(&mut h),
    });
    assert_eq!(end, RunOutcome::Completed);
    assert!(error(&network.currents(&h, &fed), &expected) < 1e-12);
    assert_eq!(network.state.z, fed[98..]);
}
