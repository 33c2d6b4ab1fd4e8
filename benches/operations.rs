//! One benchmark per operation: `cargo bench --profile dev`.

use std::collections::BTreeMap;

use attractor::figure::{Figure, Panel, png, svg};
use attractor::io::Tree;
use attractor::io::hdf5::{WriteOptions, write};
use attractor::nn::{Cell, Spec};
use attractor::ops::Lanes;
use attractor::ops::rnn::{Inputs, Sizes, Targets};
use attractor::ops::simd::Lane16;
use attractor::ops::simd::gemm::GemmConfig;
use attractor::ops::simd::gemm_tn::{Frames, Transposed, gemm_tn_add, padded_len};
use attractor::optim::{OptimizerState, StepScale, adam};
use attractor::random::{Key, Layout};
use attractor::tasks::{Integrator, integrator};
use attractor::tensor::{Device, Tensor, linear};
use attractor::train::{Task, Trials};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};

fn main() {
    divan::main();
}

/// The networks of the tutorials, and larger ones.
const ALL: [Work; 8] = [
    Work::new("integrator", "vanilla", [128, 25, 1, 100, 1]),
    Work::new("decision", "gru", [128, 25, 1, 100, 1]),
    Work::new("context", "gru", [128, 50, 12, 100, 1]),
    Work::new("decision", "gru_torch", [128, 25, 1, 100, 1]),
    Work::new("decision", "lstm", [128, 25, 1, 100, 1]),
    Work::new("rates", "ctrnn", [128, 25, 1, 100, 1]),
    Work::new("wide", "gru", [128, 25, 16, 512, 16]),
    Work::new("wide, few trials", "gru", [16, 25, 16, 512, 16]),
];

/// The cell's word, and b, t, i, n, o.
#[derive(Clone, Copy)]
struct Work {
    name: &'static str,
    cell: &'static str,
    sizes: [usize; 5],
}

impl std::fmt::Display for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.cell, self.name)
    }
}

impl Work {
    const fn new(name: &'static str, cell: &'static str, sizes: [usize; 5]) -> Work {
        Work { name, cell, sizes }
    }

    fn spec(&self) -> Spec {
        let [_, _, i, n, o] = self.sizes;
        Spec::new(self.cell(), [i, n, o])
    }

    fn cell(&self) -> Cell {
        match self.cell {
            "vanilla" => Cell::Vanilla(Default::default()),
            "gru" => Cell::Gru(Default::default()),
            "gru_torch" => Cell::GruTorch(Default::default()),
            "lstm" => Cell::Lstm(Default::default()),
            "ctrnn" => Cell::Ctrnn(Default::default()),
            other => panic!("no cell is called {other}"),
        }
    }

    /// Multiplications and additions of the matrix products of a pass forward, or of one training
    /// step (three times as many).
    fn operations(&self, passes: usize) -> usize {
        let [b, t, i, n, o] = self.sizes;
        let gates = match self.cell {
            "gru" | "gru_torch" => 3,
            "lstm" => 4,
            _ => 1,
        };
        passes * 2 * b * t * n * (gates * (n + i) + o)
    }
}

/// Numbers between -1 and 1, times `scale`.
fn waves<T: Lanes>(count: usize, scale: f64) -> Vec<T> {
    (0..count)
        .map(|k| T::of((k as f64 * 0.7).sin() * scale))
        .collect()
}

/// What a call is given.
struct Arrays<T> {
    sizes: Sizes,
    params: Vec<T>,
    inputs: Vec<T>,
    targets: Vec<T>,
}

impl<T: Lanes> Arrays<T> {
    fn of(work: Work) -> Arrays<T> {
        let ([b, t, i, _, o], spec) = (work.sizes, work.spec());
        Arrays {
            sizes: spec.sizes(b, t),
            params: waves(spec.layout().len(), 0.1),
            inputs: waves(b * t * i, 1.0),
            targets: waves(b * t * o, 0.5),
        }
    }

    fn op_inputs(&self) -> Inputs<'_, T> {
        Inputs {
            params: &self.params,
            inputs: &self.inputs,
            h0: None,
            noise: None,
            dropout: None,
            lengths: None,
        }
    }

    fn aim(&self) -> Targets<'_, T> {
        Targets {
            values: &self.targets,
            mask: None,
        }
    }
}

fn loss_gradient<T: Lanes>(bencher: Bencher<'_, '_>, work: Work, threads: usize) {
    let arrays = Arrays::<T>::of(work);
    let mut gradient = arrays.params.clone();
    let mut layers = work.cell().operation::<T>();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.expect("threads can be started");
    let (s, given, aim) = (arrays.sizes, arrays.op_inputs(), arrays.aim());
    bencher
        .counter(ItemsCount::new(work.operations(3)))
        .bench_local(|| pool.install(|| layers.loss_gradient(s, given, aim, &mut gradient)));
}

#[divan::bench(args = ALL)]
fn loss_gradient_f32(bencher: Bencher<'_, '_>, work: Work) {
    loss_gradient::<f32>(bencher, work, 2);
}

#[divan::bench(args = ALL)]
fn loss_gradient_f32_one_thread(bencher: Bencher<'_, '_>, work: Work) {
    loss_gradient::<f32>(bencher, work, 1);
}

#[divan::bench(args = ALL)]
fn loss_gradient_f64(bencher: Bencher<'_, '_>, work: Work) {
    loss_gradient::<f64>(bencher, work, 2);
}

#[divan::bench(args = ALL)]
fn states_f32_one_thread(bencher: Bencher<'_, '_>, work: Work) {
    let arrays = Arrays::<f32>::of(work);
    let s = arrays.sizes;
    let mut states = vec![0.0; s.batch * s.time * work.spec().state()];
    let mut layers = work.cell().operation::<f32>();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.expect("a thread can be started");
    bencher
        .counter(ItemsCount::new(work.operations(1)))
        .bench_local(|| {
            pool.install(|| layers.run(s, arrays.op_inputs(), Some(&mut states), None))
        });
}

/// The sums over times and trials that make the gradient of a matrix of 200 rows, 102 columns.
#[divan::bench]
fn gradient_sums(bencher: Bencher<'_, '_>) {
    const SIZES: [usize; 3] = [25, 200, 102];
    let [times, rows, columns] = SIZES;
    let cells = |count: usize| vec![Lane16::splat(0.5_f32); times * count];
    let (gates, states) = (cells(301), cells(203));
    let frames = |lanes: &'static [Lane16<f32>], stride, count| Frames {
        lanes,
        stride,
        first: 0,
        count,
    };
    let left = frames(gates.leak(), 301, rows);
    let right = frames(states.leak(), 203, columns);
    let mut transposed = Transposed::default();
    let mut into = vec![0.0; rows * padded_len(columns)];
    let bencher = bencher.counter(ItemsCount::new(2 * 16 * times * rows * columns));
    bencher.bench_local(|| {
        let work = Sums {
            pair: [left, right],
            transposed: &mut transposed,
            into: &mut into,
        };
        pulp::Arch::new().dispatch(work);
    });
}

struct Sums<'a> {
    pair: [Frames<'a, f32>; 2],
    transposed: &'a mut Transposed<f32>,
    into: &'a mut [f32],
}

impl pulp::WithSimd for Sums<'_> {
    type Output = ();

    fn with_simd<S: pulp::Simd>(self, simd: S) {
        let times = self.pair[0].lanes.len() / self.pair[0].stride;
        gemm_tn_add(
            simd,
            GemmConfig::default(),
            self.pair,
            times,
            self.transposed,
            self.into,
        );
    }
}

/// 313 states of 100 units, as many as the decision tutorial finds.
#[divan::bench]
fn jacobians_f32(bencher: Bencher<'_, '_>) {
    const STATES: usize = 313;
    let work = Work::new("decision", "gru", [STATES, 1, 1, 100, 1]);
    let (arrays, n) = (Arrays::<f32>::of(work), 100);
    let (h, x) = (waves::<f32>(STATES * n, 0.5), vec![0.0; STATES]);
    let mut by_state = vec![0.0; STATES * n * n];
    let mut layers = work.cell().operation::<f32>();
    bencher.bench_local(|| {
        layers.jacobians(
            arrays.sizes,
            &arrays.params,
            [&h, &x],
            Some(&mut by_state),
            None,
        )
    });
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
    let mut params = waves::<f32>(ALL[0].spec().layout().len(), 0.1);
    let gradient = waves::<f32>(params.len(), 0.01);
    let mut descent = OptimizerState::new(adam(), params.len());
    let pull = StepScale {
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

/// Of 313 matrices, as many as the decision tutorial finds.
#[divan::bench(sample_count = 5)]
fn eigenvalues_of_a_stack(bencher: Bencher<'_, '_>) {
    let mut numbers = vec![0f64; 313 * 100 * 100];
    Key::new(0, Layout::default()).fill_normal(&mut numbers);
    let a = Tensor::from_vec(numbers, (313, 100, 100), &Device::Cpu).expect("as many numbers");
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
