//! One benchmark per operation: `cargo bench --profile dev`.

use attractor::ops::Lanes;
use attractor::ops::rnn::vanilla::{Aim, Given, Vanilla, layout};
use attractor::ops::rnn::{Nonlinearity, Sizes};
use divan::Bencher;
use divan::counter::ItemsCount;

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
