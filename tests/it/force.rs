//! FORCE learning: comparison with reference values, and learned targets.

mod barrier;
mod errors;
mod reference_equations;
mod reload;
mod reproducibility;
mod split_training;

use attractor::base::{NoProgress, Outcome};
use attractor::io::{Tree, hdf5};
use attractor::models::force::{Network, NetworkOptions, TrainingOptions};
use attractor::ops::Lanes;
use attractor::ops::force::{Dense, Matrix, RunOutcome, Sequence, Sizes, Weights};
use attractor::random::{Key, Layout};
use attractor::tensor::convert;

use crate::rnn::case::error;

const REFERENCE_SIZES: Sizes = Sizes {
    units: 30,
    inputs: 1,
    outputs: 3,
};

fn load_reference() -> Tree {
    let path = format!("{}/tests/references/force.h5", env!("CARGO_MANIFEST_DIR"));
    hdf5::read(path).expect("a reference")
}

fn read_array<T: Lanes>(tree: &Tree, name: &str) -> Vec<T> {
    let tensor = tree.tensor(name).unwrap_or_else(|| panic!("no {name}"));
    let values = convert::to_f64(tensor).expect("values");
    values.into_iter().map(T::of).collect()
}

fn weights<T: Lanes>(sizes: Sizes, [wi, wr, wf, wo]: [&[T]; 4]) -> Weights<T> {
    let Sizes {
        units: n,
        inputs: i,
        outputs: m,
    } = sizes;
    Weights {
        input: Dense::new(wi, n, i),
        recurrent: Matrix::new(wr, n, n),
        feedback: Dense::new(wf, n, m),
        output: Dense::new(wo, m, n),
    }
}

fn reference_network<T: Lanes>(tree: &Tree) -> Network<T> {
    let read = |name: &str| read_array::<T>(tree, name);
    let weights = weights(
        REFERENCE_SIZES,
        [&read("wI"), &read("wR"), &read("wF"), &read("wO0")],
    );
    Network::new(weights, read("a0"), [0.1, 1.0])
}

fn check_against_reference<T: Lanes>(tolerance: f64) {
    let tree = load_reference();
    let (x, f) = (read_array::<T>(&tree, "x"), read_array::<T>(&tree, "f"));
    let mut network = reference_network::<T>(&tree);
    let fit = network.train([&x, &f], &TrainingOptions::default(), &mut NoProgress);
    assert_eq!(fit.outcome, Outcome::MaxSteps);
    let inverse = network.inverse.as_ref().expect("P exists after training");
    let actual = [
        ("z", fit.outputs),
        ("wO", network.weights.output.to_row_major()),
        ("P", inverse.to_row_major()),
    ];
    for (name, actual) in actual {
        let error = error(&actual, &read_array::<f64>(&tree, name));
        println!("{name}: {error:.1e}");
        assert!(error < tolerance, "{name}: {error:e}");
    }
    let last = read_array::<f64>(&tree, "h").split_off((x.len() - 1) * REFERENCE_SIZES.units);
    let h: Vec<f64> = network.state.a.iter().map(|a| a.double().tanh()).collect();
    let error = error(&h, &last);
    println!("h: {error:.1e}");
    assert!(error < tolerance, "h: {error:e}");
}

#[test]
fn the_published_seed_reproduces_the_published_targets() {
    let path = format!(
        "{}/tests/references/force_published_seed.h5",
        env!("CARGO_MANIFEST_DIR")
    );
    let expected = read_array::<f64>(&hdf5::read(path).expect("a reference"), "targets");
    let config = NetworkOptions {
        outputs: 20,
        gain: 1.8,
        seed: Key::new(7_868_221, Layout::Original).into(),
        ..NetworkOptions::default()
    };
    let mut network = config.build::<f32>().expect("a network");
    let steps = 100;
    let (mut z, mut h) = (vec![0.0; steps * 20], vec![0.0; steps * 500]);
    let outcome = network.run(Sequence {
        steps,
        inputs: &vec![0.0; steps],
        threads: rayon::current_num_threads(),
        teacher_forcing: None,
        outputs: &mut z,
        states: Some(&mut h),
    });
    assert_eq!(outcome, RunOutcome::Completed);
    let actual: Vec<f32> = h.chunks(500).flat_map(|h| h[..20].to_vec()).collect();
    let error = error(&actual, &expected[..steps * 20]);
    println!("targets: {error:.1e}");
    assert!(error < 1e-3, "{error:e}");
}

#[test]
fn learning_agrees_with_the_reference_in_both_dtypes() {
    check_against_reference::<f64>(1e-10);
    check_against_reference::<f32>(1e-4);
}

fn small_options(units: usize, density: f64) -> NetworkOptions {
    NetworkOptions {
        units,
        outputs: 2,
        density,
        seed: 3.into(),
        ..NetworkOptions::default()
    }
}

fn sine_targets(steps: usize) -> Vec<f64> {
    let at = |k: usize| {
        let t = std::f64::consts::TAU * k as f64 / 100.0;
        [t.sin(), 0.5 * (2.0 * t).cos()]
    };
    (0..steps).flat_map(at).collect()
}

#[test]
fn a_trained_network_generates_its_targets_without_feedback() {
    let targets = sine_targets(600);
    let x = vec![0.0; 600];
    let config = NetworkOptions {
        units: 300,
        ..small_options(300, 1.0)
    };
    let mut network = config.build::<f64>().expect("a network");
    let options = TrainingOptions {
        epochs: 10,
        ..TrainingOptions::default()
    };
    let fit = network.train([&x, &targets], &options, &mut NoProgress);
    assert!(fit.errors[9] < 0.01, "{:?}", fit.errors);
    let mut z = vec![0.0; 600 * 2];
    let outcome = network.run(Sequence {
        steps: 600,
        inputs: &x,
        threads: rayon::current_num_threads(),
        teacher_forcing: None,
        outputs: &mut z,
        states: None,
    });
    assert_eq!(outcome, RunOutcome::Completed);
    let difference = z
        .iter()
        .zip(&targets)
        .map(|(z, f)| (z - f).abs())
        .sum::<f64>()
        / z.len() as f64;
    assert!(difference < 0.05, "{difference}");
}
