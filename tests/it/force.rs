//! FORCE learning: the numbers of another program, and what must hold after many updates.

use attractor::api::context::Language;
use attractor::api::show;
use attractor::base::{Outcome, Silent};
use attractor::io::{Tree, hdf5};
use attractor::models::force::{self, Network, Pupil, Recipe, Training};
use attractor::ops;
use attractor::ops::Lanes;
use attractor::ops::force::{
    Dense, End, Inverse, Learning, Lesson, Matrix, Sequence, Sizes, State, Weights,
};
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
        threads: rayon::current_num_threads(),
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
    let mut wr = network.weights.recurrent.whole();
    let wf = network.weights.feedback.whole();
    let mut wo = network.weights.output.whole();
    let mut p: Vec<f64> = (0..n * n)
        .map(|k| f64::from(u8::from(k / n == k % n)))
        .collect();
    let (mut a, mut z) = (network.start.clone(), network.state.z.clone());
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
        let options = Training {
            every,
            forgetting,
            ..Training::default()
        };
        let fit = network.train([&x, &targets], &options, &mut Silent);
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
fn recurrent_weights_learn_as_it_is_written_down() {
    let targets = sines(150);
    let x = vec![0.0; 150];
    for (n, density, every, forgetting) in [
        (37, 1.0, 1, 1.0),
        (64, 0.2, 1, 1.0),
        (50, 1.0, 3, 0.98),
        (41, 1.0, 1, 0.95),
    ] {
        let teacher = Recipe {
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
        let options = Training {
            every,
            forgetting,
            ..Training::default()
        };
        let mut pupils = [Pupil {
            teacher: Some(&mut teacher),
            ..Pupil::new(&mut network, &targets)
        }];
        force::train(&mut pupils, &x, &options, &mut Silent);
        assert_eq!(pupils[0].fit.outcome, Outcome::MaxSteps);
        let weights = &network.weights;
        let inverse = network.inverse.as_ref().expect("P").whole();
        for (name, found, expected) in [
            ("wO", weights.output.whole(), wo),
            ("P", inverse, p),
            ("wR", weights.recurrent.whole(), wr),
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
        teacher.weights.recurrent.whole(),
        teacher.weights.feedback.whole(),
    );
    let (mut a, mut fed) = (teacher.start.clone(), teacher.state.z.clone());
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
fn p_and_its_training_come_back_from_a_file_to_the_bit() {
    let targets: Vec<f32> = sines(100).iter().map(|x| *x as f32).collect();
    let x = vec![0.0; 100];
    // P as changes that were put aside, as a half with some that wait, and with a factor.
    for (units, forgetting) in [(300, 1.0), (60, 1.0), (60, 0.97)] {
        let options = Training {
            forgetting,
            ..Training::default()
        };
        let mut network = small(units, 1.0).build::<f32>().expect("a network");
        network.train([&x, &targets], &options, &mut Silent);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("net.h5");
        let (tree, said) = network.kept().expect("a tree");
        let options_of_file = hdf5::WriteOptions {
            compress: 0,
            attributes: hdf5::Attributes::of_file(said),
        };
        hdf5::write(&path, &tree, &options_of_file).expect("a file");
        let content = hdf5::read_with_attributes(&path).expect("a file");
        let mut again = Network::<f32>::of_kept(&path, &content).expect("a network");
        assert!(again.inverse == network.inverse, "{units} {forgetting}");
        for net in [&mut network, &mut again] {
            net.train([&x, &targets], &options, &mut Silent);
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
    let options = Training {
        passes: 2,
        ..Training::default()
    };
    let build = |seed| {
        let recipe = Recipe {
            seed,
            ..small(50, 1.0)
        };
        recipe.build::<f64>().expect("a network")
    };
    let mut networks: Vec<_> = (0..3).map(build).collect();
    // One that diverges at once leaves the others alone.
    networks[1].start.fill(f64::NAN);
    networks[1].restart();
    let mut pupils: Vec<_> = networks
        .iter_mut()
        .map(|network| Pupil::new(network, &targets))
        .collect();
    force::train(&mut pupils, &x, &options, &mut Silent);
    let fits: Vec<_> = pupils.into_iter().map(|pupil| pupil.fit).collect();
    assert!(matches!(fits[1].outcome, Outcome::Diverged { .. }));
    for seed in [0, 2] {
        let mut alone = build(seed);
        let fit = alone.train([&x, &targets], &options, &mut Silent);
        assert_eq!(fits[seed], fit);
        assert_eq!(networks[seed].weights, alone.weights);
        assert_eq!(networks[seed].inverse, alone.inverse);
    }
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
        fed: Some(&fed),
        outputs: &mut z,
        states: Some(&mut h),
    });
    assert_eq!(end, End::Done);
    assert!(error(&network.currents(&h, &fed), &expected) < 1e-12);
    assert_eq!(network.state.z, fed[98..]);
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
    let one = once.train([&x, &targets], &passes(3), &mut Silent);
    twice.train([&x, &targets], &passes(1), &mut Silent);
    let two = twice.train([&x, &targets], &passes(2), &mut Silent);
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
            (fit.outputs, network.weights.output)
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
    let fit = network.train([&x, &targets], &options, &mut Silent);
    assert!(fit.errors[9] < 0.01, "{:?}", fit.errors);
    let mut z = vec![0.0; 600 * 2];
    let end = network.run(Sequence {
        steps: 600,
        inputs: &x,
        threads: rayon::current_num_threads(),
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
    assert!(matches!(fit.outcome, Outcome::Diverged { .. }));
}

/// P after 100,000 changes, states being those of a network on which its targets are held: so the
/// same in both kinds of number, but for rounding.
fn much_changed<T: Lanes>(recipe: &Recipe) -> Vec<f64> {
    // The same weights in both: those of single precision.
    let single = recipe.build::<f32>().expect("a network");
    let of = |numbers: Vec<f32>| -> Vec<T> { numbers.iter().map(|x| T::of((*x).into())).collect() };
    let w = &single.weights;
    let [wi, wr] = [w.input.whole(), w.recurrent.whole()].map(of);
    let [wf, wo] = [w.feedback.whole(), w.output.whole()].map(of);
    let start = of(single.start.clone());
    let mut weights = weights(single.sizes, [&wi, &wr, &wf, &wo]);
    let (n, steps, rounds) = (single.sizes.units, 1000, 100);
    let targets: Vec<T> = sines(steps).into_iter().map(T::of).collect();
    let mut state = State {
        a: start,
        z: vec![T::of(0.0); 2],
    };
    let mut inverse = Inverse::new(n, T::of(1.0));
    for _ in 0..rounds {
        let end = ops::force::run(
            single.sizes,
            (&mut weights, &mut state),
            T::of(0.1),
            Sequence {
                steps,
                threads: 1,
                inputs: &vec![T::of(0.0); steps],
                fed: Some(&targets),
                outputs: &mut vec![T::of(0.0); 2 * steps],
                states: None,
            },
            Some(Lesson {
                inverse: &mut inverse,
                learning: Learning {
                    every: 1,
                    first: 0,
                    forgetting: T::of(1.0),
                },
                targets: &targets,
                goals: None,
            }),
        );
        assert_eq!(end, End::Done);
    }
    inverse.whole().into_iter().map(|x| x.double()).collect()
}

#[test]
fn a_hundred_thousand_changes_leave_p_symmetric_positive_and_near() {
    let n = 200;
    let recipe = small(n, 1.0);
    let (p, exact) = (much_changed::<f32>(&recipe), much_changed::<f64>(&recipe));
    let p = Tensor::from_vec(p, (n, n), &Device::Cpu).expect("as many");
    let turned = p.t().and_then(|t| t.contiguous()).expect("a matrix");
    let numbers = |t: &Tensor| values::doubles(t).expect("numbers");
    assert_eq!(numbers(&p), numbers(&turned));
    let (found, _) = linear::symmetric_eigen(&p).expect("symmetric");
    let smallest = numbers(&found)[n - 1];
    let drift = error(&numbers(&p), &exact);
    println!("smallest eigenvalue {smallest:e}, drift from double precision {drift:e}");
    assert!(smallest > 0.0, "{smallest:e}");
    assert!(drift < 1e-2, "{drift:e}");
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
            "force::train: expected inputs of shape [10, 1], so many steps, found [9, 1]",
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
            "net.run(9, #{ fed: zeros([8, 2]) })",
            "force network.run: expected fed of shape [9, 2], so many steps, found [8, 2]",
        ),
        (
            "force::train([net, 3], zeros([9, 1]), ones([9, 2]))",
            "force::train: argument `net`: expected a force network or a list of them, found a list",
        ),
        (
            "force::train([net, net], zeros([9, 1]), ones([9, 2]))",
            "force network: it is in this call twice, or runs already",
        ),
        (
            "let f = zeros([3, 9, 2]); force::train([net, net.copy()], zeros([9, 1]), f)",
            "force::train: expected targets of shape [t, 2] or [2, t, 2], found [3, 9, 2]",
        ),
        (
            "let two = force::network(#{ units: 50, outputs: 2, dtype: \"f64\" }); \
             force::train([net, two], zeros([9, 1]), ones([9, 2]))",
            "force::train: expected networks of one dtype, found f32 and f64",
        ),
        (
            "force::teach(net, net, zeros([9, 1]), ones([9, 2]))",
            "force::teach: the teacher is the network itself",
        ),
        (
            "force::teach(net, force::network(#{ units: 40, outputs: 2 }), (), ones([9, 2]))",
            "force::teach: expected networks of as many units, found 50 and 40",
        ),
        (
            "net.set(\"wO\", zeros([50, 2]))",
            "network: expected parameter `wO` of shape [2, 50], found [50, 2]",
        ),
        (
            "net.set(\"wR\", zeros([50, 50]) / 0.0)",
            "force network: a number of `wR` is not finite (found NaN at index 0)",
        ),
        (
            "signals::lorenz(9, #{ start: [1.0] })",
            "signals::lorenz: expected `start` 3 numbers, x, y and z, found 1 numbers",
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
