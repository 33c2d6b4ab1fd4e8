//! What a network keeps: over parts of a training, in files, beside others, after many changes.

use attractor::base::{NoProgress, Outcome};
use attractor::io::hdf5;
use attractor::models::force::{self, Network, NetworkOptions, Student, TrainingOptions};
use attractor::ops;
use attractor::ops::Lanes;
use attractor::ops::force::{InverseCorrelation, Rls, RlsOptions, RunOutcome, Sequence, State};
use attractor::tensor::{Device, Tensor, convert, linear};

use super::{sines, small, weights};
use crate::rnn::case::error;

#[test]
fn training_goes_on_where_it_stopped_to_the_bit() {
    let targets: Vec<f32> = sines(150).iter().map(|x| *x as f32).collect();
    let x = vec![0.0; 150];
    let mut once = small(60, 1.0).build::<f32>().expect("a network");
    let mut twice = small(60, 1.0).build::<f32>().expect("a network");
    let passes = |passes| TrainingOptions {
        passes,
        ..TrainingOptions::default()
    };
    let one = once.train([&x, &targets], &passes(3), &mut NoProgress);
    twice.train([&x, &targets], &passes(1), &mut NoProgress);
    let two = twice.train([&x, &targets], &passes(2), &mut NoProgress);
    assert_eq!(one.outputs, two.outputs);
    assert_eq!(once.state, twice.state);
    assert_eq!(once.weights, twice.weights);
    assert_eq!(once.inverse, twice.inverse);
}

#[test]
fn p_and_its_training_come_back_from_a_file_to_the_bit() {
    let targets: Vec<f32> = sines(100).iter().map(|x| *x as f32).collect();
    let x = vec![0.0; 100];
    // P as changes that were put aside, as a half with some that wait, and with a factor.
    for (units, forgetting) in [(300, 1.0), (60, 1.0), (60, 0.97)] {
        let options = TrainingOptions {
            forgetting,
            ..TrainingOptions::default()
        };
        let mut network = small(units, 1.0).build::<f32>().expect("a network");
        network.train([&x, &targets], &options, &mut NoProgress);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("net.h5");
        let (tree, said) = network.to_tree().expect("a tree");
        let options_of_file = hdf5::WriteOptions {
            compress: 0,
            attributes: hdf5::Attributes::of_file(said),
        };
        hdf5::write(&path, &tree, &options_of_file).expect("a file");
        let content = hdf5::read_with_attributes(&path).expect("a file");
        let mut again = Network::<f32>::from_content(&path, &content).expect("a network");
        assert!(again.inverse == network.inverse, "{units} {forgetting}");
        for net in [&mut network, &mut again] {
            net.train([&x, &targets], &options, &mut NoProgress);
        }
        assert!(again.weights == network.weights, "{units} {forgetting}");
        assert!(again.state == network.state, "{units} {forgetting}");
        assert!(again.inverse == network.inverse, "{units} {forgetting}");
    }
}

#[test]
fn many_networks_learn_what_each_would_alone() {
    let targets = sines(80);
    let x = vec![0.0; 80];
    let options = TrainingOptions {
        passes: 2,
        ..TrainingOptions::default()
    };
    let build = |seed| {
        let recipe = NetworkOptions {
            seed,
            ..small(50, 1.0)
        };
        recipe.build::<f64>().expect("a network")
    };
    let mut networks: Vec<_> = (0..3).map(build).collect();
    // One that diverges at once leaves the others alone.
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
        let mut alone = build(seed);
        let fit = alone.train([&x, &targets], &options, &mut NoProgress);
        assert_eq!(fits[seed], fit);
        assert_eq!(networks[seed].weights, alone.weights);
        assert_eq!(networks[seed].inverse, alone.inverse);
    }
}

#[test]
fn a_network_has_the_same_bits_on_any_number_of_threads() {
    let targets: Vec<f32> = sines(40).iter().map(|x| *x as f32).collect();
    let x = vec![0.0; 40];
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| {
            let mut network = small(1100, 1.0).build::<f32>().expect("a network");
            let options = TrainingOptions::default();
            let fit = network.train([&x, &targets], &options, &mut NoProgress);
            (fit.outputs, network.weights.output)
        })
    };
    let one = on(1);
    for threads in [2, 3] {
        assert_eq!(on(threads), one, "{threads} threads");
    }
}

/// P after 100,000 changes, states being those of a network on which its targets are held: so the
/// same in both kinds of number, but for rounding.
fn much_changed<T: Lanes>(recipe: &NetworkOptions) -> Vec<f64> {
    // The same weights in both: those of single precision.
    let single = recipe.build::<f32>().expect("a network");
    let of = |numbers: Vec<f32>| -> Vec<T> { numbers.iter().map(|x| T::of((*x).into())).collect() };
    let w = &single.weights;
    let [wi, wr] = [w.input.to_row_major(), w.recurrent.to_row_major()].map(of);
    let [wf, wo] = [w.feedback.to_row_major(), w.output.to_row_major()].map(of);
    let start = of(single.a0.clone());
    let mut weights = weights(single.sizes, [&wi, &wr, &wf, &wo]);
    let (n, steps, rounds) = (single.sizes.units, 1000, 100);
    let targets: Vec<T> = sines(steps).into_iter().map(T::of).collect();
    let mut state = State {
        a: start,
        z: vec![T::of(0.0); 2],
    };
    let mut inverse = InverseCorrelation::new(n, T::of(1.0));
    for _ in 0..rounds {
        let end = ops::force::run(
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
        assert_eq!(end, RunOutcome::Completed);
    }
    inverse
        .to_row_major()
        .into_iter()
        .map(|x| x.double())
        .collect()
}

#[test]
fn a_hundred_thousand_changes_leave_p_symmetric_positive_and_near() {
    let n = 200;
    let recipe = small(n, 1.0);
    let (p, exact) = (much_changed::<f32>(&recipe), much_changed::<f64>(&recipe));
    let p = Tensor::from_vec(p, (n, n), &Device::Cpu).expect("matching sizes");
    let turned = p.t().and_then(|t| t.contiguous()).expect("a matrix");
    let numbers = |t: &Tensor| convert::to_f64(t).expect("values");
    assert_eq!(numbers(&p), numbers(&turned));
    let (found, _) = linear::symmetric_eigen(&p).expect("symmetric");
    let smallest = numbers(&found)[n - 1];
    let drift = error(&numbers(&p), &exact);
    println!("smallest eigenvalue {smallest:e}, drift from double precision {drift:e}");
    assert!(smallest > 0.0, "{smallest:e}");
    assert!(drift < 1e-2, "{drift:e}");
}
