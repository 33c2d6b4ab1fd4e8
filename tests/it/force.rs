//! FORCE learning: the numbers of another program, and what must hold after many updates.

use attractor::api::context::Language;
use attractor::api::show;
use attractor::base::{Outcome, Silent};
use attractor::io::{Tree, hdf5};
use attractor::models::force::{Network, Recipe, Training};
use attractor::ops::Lanes;
use attractor::ops::force::{Dense, End, Matrix, Sequence, Sizes, Weights};
use attractor::random::{Key, Layout};
use attractor::tensor::{Device, Tensor, linear, values};

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
    let numbers = values::doubles(tensor).expect("numbers");
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

/// The largest difference, relative to the largest number.
fn error<T: Lanes>(found: &[T], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    let pairs = found.iter().zip(expected);
    let most = pairs.fold(0.0, |most: f64, (a, b)| most.max((a.double() - b).abs()));
    most / largest
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
    let fit = network.train([&x, &f], &Training::default(), &mut Silent);
    let fit = fit.expect("a training");
    assert_eq!(fit.outcome, Outcome::MaxSteps);
    let inverse = network.inverse.as_ref().expect("made by training");
    let found = [
        ("z", fit.outputs),
        ("wO", network.weights.output.whole()),
        ("P", inverse.whole()),
    ];
    for (name, found) in found {
        let error = error(&found, &array::<f64>(&tree, name));
        assert!(error < tolerance, "{name}: {error:e}");
    }
    let last = array::<f64>(&tree, "h").split_off((x.len() - 1) * GOLDEN.units);
    let h: Vec<f64> = network.state.a.iter().map(|a| a.double().tanh()).collect();
    let error = error(&h, &last);
    assert!(error < tolerance, "h: {error:e}");
}

#[test]
fn the_published_seed_gives_the_published_targets() {
    let path = format!(
        "{}/tests/references/force_published_seed.h5",
        env!("CARGO_MANIFEST_DIR")
    );
    let expected = array::<f64>(&hdf5::read(path).expect("a reference"), "targets");
    let recipe = Recipe {
        outputs: 20,
        gain: 1.8,
        key: Some(Key::new(7_868_221, Layout::Original)),
        ..Recipe::default()
    };
    let mut network = recipe.build::<f32>().expect("a network");
    let steps = 100;
    let (mut z, mut h) = (vec![0.0; steps * 20], vec![0.0; steps * 500]);
    let end = network.run(Sequence {
        steps,
        inputs: &vec![0.0; steps],
        fed: None,
        outputs: &mut z,
        states: Some(&mut h),
    });
    assert_eq!(end, End::Done);
    let found: Vec<f32> = h.chunks(500).flat_map(|h| h[..20].to_vec()).collect();
    let error = error(&found, &expected[..steps * 20]);
    assert!(error < 1e-3, "{error:e}");
}

#[test]
fn learning_agrees_with_the_reference_in_both_kinds_of_number() {
    agrees_with_the_reference::<f64>(1e-10);
    agrees_with_the_reference::<f32>(1e-4);
}

/// Learning as it is written down, in double precision with whole matrices.
fn naive(network: &Network<f64>, targets: &[f64], every: usize, forgetting: f64) -> [Vec<f64>; 2] {
    let (n, m) = (network.sizes.units, network.sizes.outputs);
    let (wr, wf) = (
        network.weights.recurrent.whole(),
        network.weights.feedback.whole(),
    );
    let mut wo = network.weights.output.whole();
    let mut p: Vec<f64> = (0..n * n)
        .map(|k| f64::from(u8::from(k / n == k % n)))
        .collect();
    let (mut a, mut z) = (network.start.clone(), network.state.z.clone());
    for (at, f) in targets.chunks(m).enumerate() {
        let h: Vec<f64> = a.iter().map(|a| a.tanh()).collect();
        for i in 0..n {
            let by_h: f64 = (0..n).map(|j| wr[i * n + j] * h[j]).sum();
            let by_z: f64 = (0..m).map(|j| wf[i * m + j] * z[j]).sum();
            a[i] += 0.1 * (-a[i] + by_h + by_z);
        }
        let h: Vec<f64> = a.iter().map(|a| a.tanh()).collect();
        for o in 0..m {
            z[o] = (0..n).map(|j| wo[o * n + j] * h[j]).sum();
        }
        if (at + 1) % every != 0 {
            continue;
        }
        let q: Vec<f64> = (0..n)
            .map(|i| (0..n).map(|j| p[i * n + j] * h[j]).sum())
            .collect();
        let s = 1.0 / (forgetting + (0..n).map(|j| h[j] * q[j]).sum::<f64>());
        for k in 0..n * n {
            p[k] = (p[k] - s * q[k / n] * q[k % n]) / forgetting;
        }
        for o in 0..m {
            for j in 0..n {
                wo[o * n + j] -= s * (z[o] - f[o]) * q[j];
            }
        }
    }
    [wo, p]
}

fn small(units: usize, density: f64) -> Recipe {
    Recipe {
        units,
        outputs: 2,
        density,
        seed: 3,
        ..Recipe::default()
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
fn learning_every_few_steps_and_forgetting_is_what_is_written_down() {
    // 96 changes are all made at the end, of 19 some still wait.
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
        let [wo, p] = naive(&network, &targets, every, forgetting);
        let options = Training {
            every,
            forgetting,
            ..Training::default()
        };
        let fit = network
            .train([&x, &targets], &options, &mut Silent)
            .expect("a training");
        assert_eq!(fit.outcome, Outcome::MaxSteps);
        let found = network.weights.output.whole();
        let inverse = network.inverse.as_ref().expect("P").whole();
        for (name, found, expected) in [("wO", found, wo), ("P", inverse, p)] {
            let error = error(&found, &expected);
            assert!(error < 1e-9, "{n} {every} {forgetting} {name}: {error:e}");
        }
    }
}

#[test]
fn training_goes_on_where_it_stopped_to_the_bit() {
    let targets: Vec<f32> = sines(150).iter().map(|x| *x as f32).collect();
    let x = vec![0.0; 150];
    let mut once = small(60, 1.0).build::<f32>().expect("a network");
    let mut twice = small(60, 1.0).build::<f32>().expect("a network");
    let passes = |passes| Training {
        passes,
        ..Training::default()
    };
    let one = once
        .train([&x, &targets], &passes(3), &mut Silent)
        .expect("a training");
    twice
        .train([&x, &targets], &passes(1), &mut Silent)
        .expect("a training");
    let two = twice
        .train([&x, &targets], &passes(2), &mut Silent)
        .expect("a training");
    assert_eq!(one.outputs, two.outputs);
    assert_eq!(once.state, twice.state);
    assert_eq!(once.weights, twice.weights);
    assert_eq!(once.inverse, twice.inverse);
}

#[test]
fn a_network_has_the_same_bits_on_any_number_of_threads() {
    let targets: Vec<f32> = sines(40).iter().map(|x| *x as f32).collect();
    let x = vec![0.0; 40];
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| {
            let mut network = small(1100, 1.0).build::<f32>().expect("a network");
            let options = Training::default();
            let fit = network.train([&x, &targets], &options, &mut Silent);
            (fit.expect("a training").outputs, network.weights.output)
        })
    };
    let one = on(1);
    for threads in [2, 3] {
        assert_eq!(on(threads), one, "{threads} threads");
    }
}

#[test]
fn a_learner_follows_its_targets_by_itself() {
    let targets = sines(600);
    let x = vec![0.0; 600];
    let recipe = Recipe {
        units: 300,
        ..small(300, 1.0)
    };
    let mut network = recipe.build::<f64>().expect("a network");
    let options = Training {
        passes: 10,
        ..Training::default()
    };
    let fit = network
        .train([&x, &targets], &options, &mut Silent)
        .expect("a training");
    assert!(fit.errors[9] < 0.01, "{:?}", fit.errors);
    let mut z = vec![0.0; 600 * 2];
    let end = network.run(Sequence {
        steps: 600,
        inputs: &x,
        fed: None,
        outputs: &mut z,
        states: None,
    });
    assert_eq!(end, End::Done);
    let apart = z
        .iter()
        .zip(&targets)
        .map(|(z, f)| (z - f).abs())
        .sum::<f64>()
        / z.len() as f64;
    assert!(apart < 0.05, "{apart}");
}

#[test]
fn what_is_not_finite_ends_a_training() {
    let mut network = small(30, 1.0).build::<f32>().expect("a network");
    let targets = vec![f32::MAX; 20];
    let options = Training::default();
    let fit = network.train([&[0.0; 10], &targets], &options, &mut Silent);
    assert!(matches!(
        fit.expect("a training").outcome,
        Outcome::Diverged { .. }
    ));
}

#[test]
fn a_hundred_thousand_changes_leave_p_symmetric_and_positive() {
    let (n, steps) = (200, 1000);
    let targets = sines(steps);
    let double = small(n, 1.0).build::<f64>().expect("a network");
    let single = |numbers: Vec<f64>| numbers.iter().map(|x| *x as f32).collect::<Vec<f32>>();
    let w = &double.weights;
    let all = [
        w.input.whole(),
        w.recurrent.whole(),
        w.feedback.whole(),
        w.output.whole(),
    ];
    let [wi, wr, wf, wo] = all.map(single);
    let sizes = double.sizes;
    let start = single(double.start.clone());
    let mut network = Network::new(weights(sizes, [&wi, &wr, &wf, &wo]), start, [0.1, 1.0]);
    let mut double = double;
    let options = Training {
        passes: 100,
        ..Training::default()
    };
    let x = vec![0.0; steps];
    let fit = double
        .train([&x, &targets], &options, &mut Silent)
        .expect("a training");
    assert!(fit.errors[99] < 1e-2, "{:?}", fit.errors[99]);
    let (x, f) = (single(x), single(targets));
    let fit = network
        .train([&x, &f], &options, &mut Silent)
        .expect("a training");
    assert_eq!(fit.outcome, Outcome::MaxSteps);
    assert!(fit.errors[99] < 1e-2, "{:?}", fit.errors[99]);
    let p = network.inverse.as_ref().expect("P").whole();
    let p = Tensor::from_slice(&p, (n, n), &Device::Cpu).expect("as many");
    let turned = p.t().and_then(|t| t.contiguous()).expect("a matrix");
    assert_eq!(
        values::doubles(&p).expect("numbers"),
        values::doubles(&turned).expect("numbers")
    );
    let (found, _) = linear::symmetric_eigen(&p).expect("symmetric");
    let found = values::doubles(&found).expect("numbers");
    assert!(
        found[n - 1] > 0.0,
        "the smallest eigenvalue is {:e}",
        found[n - 1]
    );
}

#[test]
fn mistaken_calls_are_told_what_was_expected() {
    let table = [
        (
            "force::train(net, zeros([10, 1]), zeros([10, 3]))",
            "force::train: expected targets of shape [t, 2], one step at least, found [10, 3]",
        ),
        (
            "force::train(net, zeros([9, 1]), zeros([10, 2]))",
            "force::train: expected inputs of shape [10, 1], as many as targets, found [9, 1]",
        ),
        (
            "force::train(net, zeros([10, 1]), zeros([10, 2]) / 0.0)",
            "force::train: a number of `targets` is not finite (found NaN at index 0)",
        ),
        (
            "force::train(net, zeros([10, 1]), zeros([10, 2]), #{ alpha: 0.0 })",
            "force::train: expected `alpha` above 0, found 0",
        ),
        (
            "force::train(net, zeros([9, 1]), ones([9, 2]) * 1e38)",
            "force::train: the activity is not finite at step",
        ),
        (
            "net.run(zeros([3, 2]))",
            "force network.run: expected inputs of shape [t, 1], one step at least, found [3, 2]",
        ),
        (
            "net.inverse()",
            "force network.inverse: there is no P before the first training",
        ),
    ];
    for (call, expected) in table {
        let text = format!("let net = force::network(#{{ units: 50, outputs: 2 }}); {call}");
        match crate::session::run(&text, Language::Rhai).outcome {
            Err(fault) => assert!(fault.message.starts_with(expected), "{}", fault.message),
            Ok(value) => panic!("{call}: gave {}", show::value(&value)),
        }
    }
}
