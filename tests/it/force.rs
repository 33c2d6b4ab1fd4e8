//! FORCE learning: the numbers of another program, and targets that are followed.

mod barrier;
mod boundaries;
mod learning;
mod mistakes;
mod reload;
mod state;

use attractor::base::{NoProgress, Outcome};
use attractor::io::{Tree, hdf5};
use attractor::models::force::{Network, NetworkOptions, TrainingOptions};
use attractor::ops::Lanes;
use attractor::ops::force::{Dense, Matrix, RunOutcome, Sequence, Sizes, Weights};
use attractor::random::{Key, Layout};
use attractor::tensor::convert;

use crate::rnn::case::error;

const GOLDEN: Sizes = Sizes {
    units: 30,
    inputs: 1,
    outputs: 3,
};

fn golden() -> Tree {
    let path = format!("{}/tests/references/force.h5", env!("CARGO_MANIFEST_DIR"));
    hdf5::read(path).expect("a reference")
}

fn array<T: Lanes>(tree: &Tree, name: &str) -> Vec<T> {
    let tensor = tree.tensor(name).unwrap_or_else(|| panic!("no {name}"));
    let numbers = convert::to_f64(tensor).expect("values");
    numbers.into_iter().map(T::of).collect()
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

fn reference<T: Lanes>(tree: &Tree) -> Network<T> {
    let of = |name: &str| array::<T>(tree, name);
    let weights = weights(GOLDEN, [&of("wI"), &of("wR"), &of("wF"), &of("wO0")]);
    Network::new(weights, of("a0"), [0.1, 1.0])
}

fn agrees_with_the_reference<T: Lanes>(tolerance: f64) {
    let tree = golden();
    let (x, f) = (array::<T>(&tree, "x"), array::<T>(&tree, "f"));
    let mut network = reference::<T>(&tree);
    let fit = network.train([&x, &f], &TrainingOptions::default(), &mut NoProgress);
    assert_eq!(fit.outcome, Outcome::MaxSteps);
    let inverse = network.inverse.as_ref().expect("P exists after training");
    let found = [
        ("z", fit.outputs),
        ("wO", network.weights.output.to_row_major()),
        ("P", inverse.to_row_major()),
    ];
    for (name, found) in found {
        let error = error(&found, &array::<f64>(&tree, name));
        println!("{name}: {error:.1e}");
        assert!(error < tolerance, "{name}: {error:e}");
    }
    let last = array::<f64>(&tree, "h").split_off((x.len() - 1) * GOLDEN.units);
    let h: Vec<f64> = network.state.a.iter().map(|a| a.double().tanh()).collect();
    let error = error(&h, &last);
    println!("h: {error:.1e}");
    assert!(error < tolerance, "h: {error:e}");
}

#[test]
fn the_published_seed_gives_the_published_targets() {
    let path = format!(
        "{}/tests/references/force_published_seed.h5",
        env!("CARGO_MANIFEST_DIR")
    );
    let expected = array::<f64>(&hdf5::read(path).expect("a reference"), "targets");
    let recipe = NetworkOptions {
        outputs: 20,
        gain: 1.8,
        key: Some(Key::new(7_868_221, Layout::Original)),
        ..NetworkOptions::default()
    };
    let mut network = recipe.build::<f32>().expect("a network");
    let steps = 100;
    let (mut z, mut h) = (vec![0.0; steps * 20], vec![0.0; steps * 500]);
    let end = network.run(Sequence {
        steps,
        inputs: &vec![0.0; steps],
        threads: rayon::current_num_threads(),
        teacher_forcing: None,
        outputs: &mut z,
        states: Some(&mut h),
    });
    assert_eq!(end, RunOutcome::Completed);
    let found: Vec<f32> = h.chunks(500).flat_map(|h| h[..20].to_vec()).collect();
    let error = error(&found, &expected[..steps * 20]);
    println!("targets: {error:.1e}");
    assert!(error < 1e-3, "{error:e}");
}

#[test]
fn learning_agrees_with_the_reference_in_both_kinds_of_number() {
    agrees_with_the_reference::<f64>(1e-10);
    agrees_with_the_reference::<f32>(1e-4);
}

fn small(units: usize, density: f64) -> NetworkOptions {
    NetworkOptions {
        units,
        outputs: 2,
        density,
        seed: 3,
        ..NetworkOptions::default()
    }
}

fn sines(steps: usize) -> Vec<f64> {
    let at = |k: usize| {
        let t = std::f64::consts::TAU * k as f64 / 100.0;
        [t.sin(), 0.5 * (2.0 * t).cos()]
    };
    (0..steps).flat_map(at).collect()
}

#[test]
fn a_learner_follows_its_targets_by_itself() {
    let targets = sines(600);
    let x = vec![0.0; 600];
    let recipe = NetworkOptions {
        units: 300,
        ..small(300, 1.0)
    };
    let mut network = recipe.build::<f64>().expect("a network");
    let options = TrainingOptions {
        passes: 10,
        ..TrainingOptions::default()
    };
    let fit = network.train([&x, &targets], &options, &mut NoProgress);
    assert!(fit.errors[9] < 0.01, "{:?}", fit.errors);
    let mut z = vec![0.0; 600 * 2];
    let end = network.run(Sequence {
        steps: 600,
        inputs: &x,
        threads: rayon::current_num_threads(),
        teacher_forcing: None,
        outputs: &mut z,
        states: None,
    });
    assert_eq!(end, RunOutcome::Completed);
    let apart = z
        .iter()
        .zip(&targets)
        .map(|(z, f)| (z - f).abs())
        .sum::<f64>()
        / z.len() as f64;
    assert!(apart < 0.05, "{apart}");
}
