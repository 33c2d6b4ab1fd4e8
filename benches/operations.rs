//! One benchmark per operation: `cargo bench --profile dev`.

use std::collections::BTreeMap;

use attractor::figure::{Figure, Panel, png, svg};
use attractor::io::Tree;
use attractor::io::hdf5::{WriteOptions, write};
use attractor::ops::Lanes;
use attractor::ops::rnn::vanilla::{Vanilla, layout};
use attractor::ops::rnn::{Aim, Given, Nonlinearity, Sizes};
use attractor::optim::{Descent, Pull, adam};
use attractor::random::{Key, Layout};
use attractor::tasks::{Integrator, integrator};
use attractor::tensor::{Device, Tensor, linear};
use attractor::train::{Task, Trials};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};

fn main() {
    divan::main();
}

/// The integrator of the tutorial.
const INTEGRATOR: Sizes = Sizes {
    batch: 128,
    time: 25,
    inputs: 1,
    units: 100,
    outputs: 1,
};

/// Numbers between -1 and 1, times `scale`.
fn waves<T: Lanes>(count: usize, scale: f64) -> Vec<T> {
    (0..count)
        .map(|k| T::of((k as f64 * 0.7).sin() * scale))
        .collect()
}

/// Multiplications and additions of the three matrix products of one training step.
fn operations(s: Sizes) -> usize {
    3 * 2 * s.batch * s.time * s.units * (s.units + s.inputs + s.outputs)
}

fn train<T: Lanes>(bencher: Bencher<'_, '_>, threads: usize, sizes: Sizes) {
    let params = waves::<T>(layout(sizes.inputs, sizes.units, sizes.outputs).len(), 0.1);
    let inputs = waves::<T>(sizes.batch * sizes.time * sizes.inputs, 1.0);
    let targets = waves::<T>(sizes.batch * sizes.time * sizes.outputs, 0.5);
    let mut gradient = params.clone();
    let mut net = Vanilla::<T>::new(Nonlinearity::Tanh);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("threads can be started");
    let given = Given {
        params: &params,
        inputs: &inputs,
        h0: None,
        noise: None,
    };
    let aim = Aim {
        targets: &targets,
        mask: None,
    };
    bencher
        .counter(ItemsCount::new(operations(sizes)))
        .bench_local(|| pool.install(|| net.loss_gradient(sizes, given, aim, &mut gradient)));
}

#[divan::bench(args = [1, 2])]
fn vanilla_loss_gradient_f32(bencher: Bencher<'_, '_>, threads: usize) {
    train::<f32>(bencher, threads, INTEGRATOR);
}

#[divan::bench(args = [1, 2])]
fn vanilla_loss_gradient_f64(bencher: Bencher<'_, '_>, threads: usize) {
    train::<f64>(bencher, threads, INTEGRATOR);
}

#[divan::bench(args = [1, 2])]
fn vanilla_loss_gradient_f32_wide(bencher: Bencher<'_, '_>, threads: usize) {
    let sizes = Sizes {
        time: 50,
        inputs: 16,
        units: 256,
        outputs: 16,
        ..INTEGRATOR
    };
    train::<f32>(bencher, threads, sizes);
}

#[divan::bench]
fn vanilla_states(bencher: Bencher<'_, '_>) {
    let s = INTEGRATOR;
    let params = waves::<f32>(layout(s.inputs, s.units, s.outputs).len(), 0.1);
    let inputs = waves::<f32>(s.batch * s.time * s.inputs, 1.0);
    let mut states = vec![0.0; s.batch * s.time * s.units];
    let mut net = Vanilla::<f32>::new(Nonlinearity::Tanh);
    let given = Given {
        params: &params,
        inputs: &inputs,
        h0: None,
        noise: None,
    };
    bencher.bench_local(|| net.run(s, given, Some(&mut states), None));
}

#[divan::bench(args = [Layout::Partitionable, Layout::Original])]
fn normals_f32(bencher: Bencher<'_, '_>, layout: Layout) {
    let mut numbers = vec![0f32; 1 << 20];
    let key = Key::new(0, layout);
    let bencher = bencher.counter(ItemsCount::new(numbers.len()));
    bencher.bench_local(|| key.fill_normal(&mut numbers));
}

#[divan::bench(args = [Layout::Partitionable, Layout::Original])]
fn integrator_batch(bencher: Bencher<'_, '_>, layout: Layout) {
    let task = Integrator::new(integrator::Options::default()).expect("the defaults fit");
    let mut trials = Trials::<f32>::new(Task::<f32>::shape(&task), 128);
    let key = Key::new(0, layout);
    bencher.bench_local(|| task.fill(&key, &mut trials));
}

#[divan::bench]
fn adam_step(bencher: Bencher<'_, '_>) {
    let mut params = waves::<f32>(layout(1, 100, 1).len(), 0.1);
    let gradient = waves::<f32>(params.len(), 0.01);
    let mut descent = Descent::new(adam(), params.len());
    let pull = Pull {
        rate: 1e-3,
        scale: 1.0,
        l2: 2e-4,
    };
    bencher.bench_local(|| descent.step(&mut params, &gradient, &pull));
}

fn square(n: usize) -> Tensor {
    Tensor::from_vec(waves::<f64>(n * n, 0.1), (n, n), &Device::Cpu).expect("n times n numbers")
}

#[divan::bench(args = [100, 300])]
fn eigenvalues(bencher: Bencher<'_, '_>, n: usize) {
    let mut numbers = vec![0f64; n * n];
    Key::new(0, Layout::default()).fill_normal(&mut numbers);
    let a = Tensor::from_vec(numbers, (n, n), &Device::Cpu).expect("n times n numbers");
    bencher.bench_local(|| linear::eigenvalues(&a));
}

#[divan::bench]
fn hdf5_write(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let states = square(1000);
    let bencher = bencher.counter(BytesCount::new(8 * states.elem_count()));
    let tree = Tree::Map(BTreeMap::from([(
        "states".to_string(),
        Tree::Tensor(states),
    )]));
    let path = folder.path().join("states.h5");
    bencher.bench_local(|| write(&path, &tree, &WriteOptions::default()));
}

#[divan::bench(args = ["svg", "png"])]
fn figure_of_a_thousand_points(bencher: Bencher<'_, '_>, kind: &str) {
    let x: Vec<f64> = (0..1000).map(f64::from).collect();
    let figure = Figure::from(Panel::lines(&x, vec![waves(1000, 1.0)]));
    bencher.bench_local(|| match kind {
        "svg" => svg(&figure).map(String::into_bytes),
        _ => png(&figure, 2.0),
    });
}
