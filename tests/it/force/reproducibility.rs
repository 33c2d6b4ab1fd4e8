//! Bit-identical results: split training, files, lists of networks and threads; and the accuracy of
//! P after many updates.

use attractor::base::{NoProgress, Outcome};
use attractor::io::hdf5;
use attractor::models::force::{self, Network, NetworkOptions, Student, TrainingOptions};
use attractor::ops;
use attractor::ops::Lanes;
use attractor::ops::force::{InverseCorrelation, Rls, RlsOptions, RunOutcome, Sequence, State};
use attractor::tensor::{Device, Tensor, convert, linear};

use super::{sine_targets, small_options, weights};
use crate::rnn::case::error;

#[test]
fn training_in_two_calls_is_bit_identical() {
    let targets: Vec<f32> = sine_targets(150).iter().map(|x| *x as f32).collect();
    let x = vec![0.0; 150];
    let mut once = small_options(60, 1.0).build::<f32>().expect("a network");
    let mut twice = small_options(60, 1.0).build::<f32>().expect("a network");
    let passes = |passes| TrainingOptions {
        epochs: passes,
        ..TrainingOptions::default()
    };
    let single_call = once.train([&x, &targets], &passes(3), &mut NoProgress);
    twice.train([&x, &targets], &passes(1), &mut NoProgress);
    let second_call = twice.train([&x, &targets], &passes(2), &mut NoProgress);
    assert_eq!(single_call.outputs, second_call.outputs);
    assert_eq!(once.state, twice.state);
    assert_eq!(once.weights, twice.weights);
    assert_eq!(once.inverse, twice.inverse);
}

#[test]
fn training_resumes_bit_identically_after_save_and_load() {
    let targets: Vec<f32> = sine_targets(100).iter().map(|x| *x as f32).collect();
    let x = vec![0.0; 100];
    // P as stored vectors, as a triangular half with pending updates, and with a scale factor.
    for (units, forgetting) in [(300, 1.0), (60, 1.0), (60, 0.97)] {
        let options = TrainingOptions {
            forgetting,
            ..TrainingOptions::default()
        };
        let mut network = small_options(units, 1.0).build::<f32>().expect("a network");
        network.train([&x, &targets], &options, &mut NoProgress);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("net.h5");
        let (tree, metadata) = network.to_tree().expect("a tree");
        let write_options = hdf5::WriteOptions {
            compress: 0,
            attributes: hdf5::Attributes::of_file(metadata),
        };
        hdf5::write(&path, &tree, &write_options).expect("a file");
        let content = hdf5::read_with_attributes(&path).expect("a file");
        let mut loaded = Network::<f32>::from_content(&path, &content).expect("a network");
        assert!(loaded.inverse == network.inverse, "{units} {forgetting}");
        for net in [&mut network, &mut loaded] {
            net.train([&x, &targets], &options, &mut NoProgress);
        }
        assert!(loaded.weights == network.weights, "{units} {forgetting}");
        assert!(loaded.state == network.state, "{units} {forgetting}");
        assert!(loaded.inverse == network.inverse, "{units} {forgetting}");
    }
}

#[test]
fn a_list_of_networks_learns_like_separate_networks() {
    let targets = sine_targets(80);
    let x = vec![0.0; 80];
    let options = TrainingOptions {
        epochs: 2,
        ..TrainingOptions::default()
    };
    let build = |seed: usize| {
        let config = NetworkOptions {
            seed: seed.into(),
            ..small_options(50, 1.0)
        };
        config.build::<f64>().expect("a network")
    };
    let mut networks: Vec<_> = (0..3).map(build).collect();
    // A network that diverges immediately does not affect the others.
    networks[1].a0.fill(f64::NAN);
    networks[1].reset_state();
    let mut students: Vec<_> = networks
        .iter_mut()
        .map(|network| Student::new(network, &targets))
        .collect();
    force::train(&mut students, &x, &options, &mut NoProgress);
    let fits: Vec<_> = students.into_iter().map(|student| student.fit).collect();
    assert!(matches!(fits[1].outcome, Outcome::Diverged { .. }));
    for seed in [0, 2] {
        let mut separate = build(seed);
        let fit = separate.train([&x, &targets], &options, &mut NoProgress);
        assert_eq!(fits[seed], fit);
        assert_eq!(networks[seed].weights, separate.weights);
        assert_eq!(networks[seed].inverse, separate.inverse);
    }
}

#[test]
fn training_is_bit_identical_for_any_number_of_threads() {
    let targets: Vec<f32> = sine_targets(40).iter().map(|x| *x as f32).collect();
    let x = vec![0.0; 40];
    let run_on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| {
            let mut network = small_options(1100, 1.0).build::<f32>().expect("a network");
            let options = TrainingOptions::default();
            let fit = network.train([&x, &targets], &options, &mut NoProgress);
            (fit.outputs, network.weights.output)
        })
    };
    let expected = run_on(1);
    for threads in [2, 3] {
        assert_eq!(run_on(threads), expected, "{threads} threads");
    }
}

/// P after 100,000 updates. The feedback is replaced by the targets, so that the states are equal
/// in both dtypes except for rounding.
fn update_many_times<T: Lanes>(config: &NetworkOptions) -> Vec<f64> {
    // Both dtypes use the weights in single precision.
    let single = config.build::<f32>().expect("a network");
    let cast = |values: Vec<f32>| -> Vec<T> { values.iter().map(|x| T::of((*x).into())).collect() };
    let w = &single.weights;
    let [wi, wr] = [w.input.to_row_major(), w.recurrent.to_row_major()].map(cast);
    let [wf, wo] = [w.feedback.to_row_major(), w.output.to_row_major()].map(cast);
    let initial = cast(single.a0.clone());
    let mut weights = weights(single.sizes, [&wi, &wr, &wf, &wo]);
    let (n, steps, rounds) = (single.sizes.units, 1000, 100);
    let targets: Vec<T> = sine_targets(steps).into_iter().map(T::of).collect();
    let mut state = State {
        a: initial,
        z: vec![T::of(0.0); 2],
    };
    let mut inverse = InverseCorrelation::new(n, T::of(1.0));
    for _ in 0..rounds {
        let outcome = ops::force::run(
            single.sizes,
            (&mut weights, &mut state),
            T::of(0.1),
            Sequence {
                steps,
                threads: 1,
                inputs: &vec![T::of(0.0); steps],
                teacher_forcing: Some(&targets),
                outputs: &mut vec![T::of(0.0); 2 * steps],
                states: None,
            },
            Some(Rls {
                inverse: &mut inverse,
                options: RlsOptions {
                    every: 1,
                    forgetting: T::of(1.0),
                },
                targets: &targets,
                recurrent: None,
            }),
        );
        assert_eq!(outcome, RunOutcome::Completed);
    }
    inverse
        .to_row_major()
        .into_iter()
        .map(|x| x.double())
        .collect()
}

#[test]
fn p_is_symmetric_positive_and_accurate_after_a_hundred_thousand_updates() {
    let n = 200;
    let config = small_options(n, 1.0);
    let (p, exact) = (
        update_many_times::<f32>(&config),
        update_many_times::<f64>(&config),
    );
    let p = Tensor::from_vec(p, (n, n), &Device::Cpu).expect("matching sizes");
    let transposed = p.t().and_then(|t| t.contiguous()).expect("a matrix");
    let values = |t: &Tensor| convert::to_f64(t).expect("values");
    assert_eq!(values(&p), values(&transposed));
    let (eigenvalues, _) = linear::symmetric_eigen(&p).expect("symmetric");
    let smallest = values(&eigenvalues)[n - 1];
    let drift = error(&values(&p), &exact);
    println!("smallest eigenvalue {smallest:e}, drift from double precision {drift:e}");
    assert!(smallest > 0.0, "{smallest:e}");
    assert!(drift < 1e-2, "{drift:e}");
}
