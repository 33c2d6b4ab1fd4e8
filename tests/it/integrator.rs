//! The trials of the integrator against JAX: `integrator.h5`, made by `random.py`.

use attractor::random::{Key, Layout};
use attractor::tasks::Integrator;
use attractor::tasks::integrator::Options;
use attractor::tensor::Real;
use attractor::train::task::{Task, Trials};

/// Running sums of up to 25 numbers of order 0.1 to 1, added in another order than JAX does:
/// 25 roundings, and the few units in the last place that normals differ by.
const ROUNDINGS: f64 = 32.0;

fn batch<T: Real>(b: usize, key: &Key) -> Trials<T> {
    let mut trials = Trials {
        trials: b,
        time: 0,
        inputs: vec![],
        targets: vec![],
        mask: None,
        lengths: None,
    };
    let task = Integrator::new(Options::default()).expect("defaults are in range");
    task.fill(key, &mut trials).expect("a batch");
    trials
}

fn compare<T: Real + hdf5::H5Type>(layout: (&str, Layout), kind: &str, epsilon: f64) {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/references/integrator.h5"
    );
    let file = hdf5::File::open(file).expect("the reference file");
    let trials = batch::<T>(8, &Key::new(695_940, layout.1));
    for (set, found) in [("inputs", &trials.inputs), ("targets", &trials.targets)] {
        let path = format!("{}/{kind}/{set}", layout.0);
        let expected: Vec<T> = file.dataset(&path).and_then(|d| d.read_raw()).expect(&path);
        assert_eq!(found.len(), expected.len());
        let off = |(a, b): (&T, &T)| (a.double() - b.double()).abs();
        let worst = found.iter().zip(&expected).map(off).fold(0.0, f64::max);
        println!("{path}: {worst:e}");
        assert!(worst <= ROUNDINGS * epsilon, "{path}: {worst:e}");
    }
}

#[test]
fn trials_of_a_published_seed_are_those_of_jax() {
    for layout in [
        ("partitionable", Layout::Partitionable),
        ("original", Layout::Original),
    ] {
        compare::<f32>(layout, "float32", f64::from(f32::EPSILON));
        compare::<f64>(layout, "float64", f64::EPSILON);
    }
}

#[test]
fn a_batch_does_not_depend_on_the_number_of_threads() {
    let key = Key::new(1, Layout::Partitionable);
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a pool");
    let (many, alone) = (
        batch::<f32>(3001, &key),
        one.install(|| batch::<f32>(3001, &key)),
    );
    assert_eq!(many.inputs, alone.inputs);
    assert_eq!(many.targets, alone.targets);
}

#[test]
fn a_batch_reuses_what_an_earlier_one_left() {
    let key = Key::new(1, Layout::Partitionable);
    let task = Integrator::new(Options::default()).expect("defaults are in range");
    let (inputs, targets) = (vec![5f32; 300], vec![]);
    let mut trials = Trials {
        trials: 4,
        time: 7,
        inputs,
        targets,
        mask: Some(vec![]),
        lengths: None,
    };
    task.fill(&key, &mut trials).expect("a batch");
    let fresh = batch::<f32>(4, &key);
    assert_eq!((trials.time, trials.mask), (25, None));
    assert_eq!(
        (trials.inputs, trials.targets),
        (fresh.inputs, fresh.targets)
    );
}

#[test]
fn options_outside_their_range_are_refused() {
    let refused = |options| Integrator::new(options).err().map(|e| e.to_string());
    let message = refused(Options {
        steps: 0,
        ..Options::default()
    })
    .expect("no steps");
    assert_eq!(
        message,
        "tasks::integrator: expected `steps` of 1 or more, found 0"
    );
    assert!(
        refused(Options {
            duration: 0.0,
            ..Options::default()
        })
        .is_some()
    );
    assert!(
        refused(Options {
            noise: -1.0,
            ..Options::default()
        })
        .is_some()
    );
}
