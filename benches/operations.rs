//! One benchmark per operation: `cargo bench --profile dev`.

use std::collections::BTreeMap;

use attractor::figure::{Figure, Panel, png, svg};
use attractor::io::Tree;
use attractor::io::hdf5::{WriteOptions, write};
use attractor::nn::{Cell, Spec};
use attractor::ops::Lanes;
use attractor::ops::rnn::cells::Gru;
use attractor::ops::rnn::{Inputs, Loss, Sizes, Targets};
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

/// Sizes b, t, i, n, o of the networks of the tutorials integrator and decision.
const SIZES: [usize; 5] = [128, 25, 1, 100, 1];

/// Every cell at the sizes of a tutorial, and larger networks.
fn workloads() -> Vec<Workload> {
    let cells = Cell::all().into_iter();
    let mut workloads: Vec<Workload> = cells
        .map(|cell| Workload::new("tutorial", cell, SIZES))
        .collect();
    workloads.extend([
        Workload::new("context", Gru::default(), [128, 50, 12, 100, 1]),
        Workload::new("wide", Gru::default(), [128, 25, 16, 512, 16]),
        Workload::new("wide, few trials", Gru::default(), [16, 25, 16, 512, 16]),
    ]);
    workloads
}

/// A network and a batch; `sizes` contains b, t, i, n, o.
#[derive(Clone, Copy)]
struct Workload {
    name: &'static str,
    cell: Cell,
    sizes: [usize; 5],
}

impl std::fmt::Display for Workload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.cell.file_name(), self.name)
    }
}

impl Workload {
    fn new(name: &'static str, cell: impl Into<Cell>, sizes: [usize; 5]) -> Workload {
        let cell = cell.into();
        Workload { name, cell, sizes }
    }

    fn spec(&self) -> Spec {
        let [_, _, i, n, o] = self.sizes;
        Spec::new(self.cell, [i, n, o])
    }

    /// Floating-point operations of the matrix products: 1 pass for a forward pass, 3 passes for a
    /// training step.
    fn flops(&self, passes: usize) -> usize {
        let [b, t, i, n, o] = self.sizes;
        passes * 2 * b * t * n * (self.cell.gates() * (n + i) + o)
    }
}

/// Sine values between -1 and 1, multiplied by `scale`.
fn sines<T: Lanes>(count: usize, scale: f64) -> Vec<T> {
    (0..count)
        .map(|k| T::of((k as f64 * 0.7).sin() * scale))
        .collect()
}

/// Arguments of an operation.
struct Arrays<T> {
    sizes: Sizes,
    params: Vec<T>,
    inputs: Vec<T>,
    targets: Vec<T>,
}

impl<T: Lanes> Arrays<T> {
    fn of(workload: Workload) -> Arrays<T> {
        let ([b, t, i, _, o], spec) = (workload.sizes, workload.spec());
        Arrays {
            sizes: spec.sizes(b, t),
            params: sines(spec.layout().len(), 0.1),
            inputs: sines(b * t * i, 1.0),
            targets: sines(b * t * o, 0.5),
        }
    }

    fn op_inputs(&self) -> Inputs<'_, [T]> {
        Inputs::new(&self.params, &self.inputs)
    }

    fn op_targets(&self) -> Targets<'_, T> {
        Targets {
            values: &self.targets,
            mask: None,
            loss: Loss::Mse,
        }
    }
}

fn loss_gradient<T: Lanes>(bencher: Bencher<'_, '_>, workload: Workload, threads: usize) {
    let arrays = Arrays::<T>::of(workload);
    let mut gradient = arrays.params.clone();
    let mut layers = workload.cell.operation::<T>();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.expect("threads can be started");
    let (s, inputs, op_targets) = (arrays.sizes, arrays.op_inputs(), arrays.op_targets());
    bencher
        .counter(ItemsCount::new(workload.flops(3)))
        .bench_local(|| {
            pool.install(|| layers.loss_gradient(s, inputs, op_targets, &mut gradient))
        });
}

#[divan::bench(args = workloads())]
fn loss_gradient_f32(bencher: Bencher<'_, '_>, workload: Workload) {
    loss_gradient::<f32>(bencher, workload, 2);
}

#[divan::bench(args = workloads())]
fn loss_gradient_f32_one_thread(bencher: Bencher<'_, '_>, workload: Workload) {
    loss_gradient::<f32>(bencher, workload, 1);
}

#[divan::bench(args = workloads())]
fn loss_gradient_f64(bencher: Bencher<'_, '_>, workload: Workload) {
    loss_gradient::<f64>(bencher, workload, 2);
}

#[divan::bench(args = workloads())]
fn states_f32_one_thread(bencher: Bencher<'_, '_>, workload: Workload) {
    let arrays = Arrays::<f32>::of(workload);
    let s = arrays.sizes;
    let mut states = vec![0.0; s.batch * s.time * workload.spec().state()];
    let mut layers = workload.cell.operation::<f32>();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.expect("a thread can be started");
    bencher
        .counter(ItemsCount::new(workload.flops(1)))
        .bench_local(|| {
            pool.install(|| layers.run(s, arrays.op_inputs(), Some(&mut states), None))
        });
}

/// The sums over time steps and trials that form the gradient of a 200 x 102 matrix.
#[divan::bench]
fn weight_gradient(bencher: Bencher<'_, '_>) {
    let [steps, rows, columns] = [25, 200, 102];
    let lanes = |count: usize| vec![Lane16::splat(0.5_f32); steps * count];
    let (gates, states) = (lanes(301), lanes(203));
    let frames = |lanes: &'static [Lane16<f32>], stride, count| Frames {
        lanes,
        stride,
        first: 0,
        count,
    };
    let left = frames(gates.leak(), 301, rows);
    let right = frames(states.leak(), 203, columns);
    let mut transposed = Transposed::default();
    let mut out = vec![0.0; rows * padded_len(columns)];
    let bencher = bencher.counter(ItemsCount::new(2 * 16 * steps * rows * columns));
    bencher.bench_local(|| {
        let workload = GemmTn {
            pair: [left, right],
            transposed: &mut transposed,
            out: &mut out,
        };
        pulp::Arch::new().dispatch(workload);
    });
}

struct GemmTn<'a> {
    pair: [Frames<'a, f32>; 2],
    transposed: &'a mut Transposed<f32>,
    out: &'a mut [f32],
}

impl pulp::WithSimd for GemmTn<'_> {
    type Output = ();

    fn with_simd<S: pulp::Simd>(self, simd: S) {
        let steps = self.pair[0].lanes.len() / self.pair[0].stride;
        gemm_tn_add(
            simd,
            GemmConfig::default(),
            self.pair,
            steps,
            self.transposed,
            self.out,
        );
    }
}

/// Jacobians at 313 states of 100 units, the number of fixed points in the decision tutorial.
#[divan::bench]
fn jacobians_f32(bencher: Bencher<'_, '_>) {
    const STATES: usize = 313;
    let workload = Workload::new("decision", Gru::default(), [STATES, 1, 1, 100, 1]);
    let (arrays, n) = (Arrays::<f32>::of(workload), 100);
    let (h, x) = (sines::<f32>(STATES * n, 0.5), vec![0.0; STATES]);
    let mut by_state = vec![0.0; STATES * n * n];
    let mut layers = workload.cell.operation::<f32>();
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
    let mut values = vec![0f32; 1 << 20];
    let key = Key::new(0, layout);
    let bencher = bencher.counter(ItemsCount::new(values.len()));
    bencher.bench_local(|| key.fill_normal(&mut values));
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
    let mut params = sines::<f32>(
        Workload::new("tutorial", Cell::default(), SIZES)
            .spec()
            .layout()
            .len(),
        0.1,
    );
    let gradient = sines::<f32>(params.len(), 0.01);
    let mut state = OptimizerState::new(adam(), params.len());
    let step_scale = StepScale {
        lr: 1e-3,
        scale: 1.0,
        l2: 2e-4,
    };
    bencher.bench_local(|| state.step(&mut params, &gradient, &step_scale));
}

fn square_matrix(n: usize) -> Tensor {
    Tensor::from_vec(sines::<f64>(n * n, 0.1), (n, n), &Device::Cpu).expect("n * n values")
}

#[divan::bench(args = [100, 300])]
fn eigenvalues(bencher: Bencher<'_, '_>, n: usize) {
    let mut values = vec![0f64; n * n];
    Key::new(0, Layout::default()).fill_normal(&mut values);
    let a = Tensor::from_vec(values, (n, n), &Device::Cpu).expect("n * n values");
    bencher.bench_local(|| linear::eigenvalues(&a));
}

/// Eigenvalues of 313 matrices, the number of fixed points in the decision tutorial.
#[divan::bench(sample_count = 5)]
fn eigenvalues_of_a_stack(bencher: Bencher<'_, '_>) {
    let mut values = vec![0f64; 313 * 100 * 100];
    Key::new(0, Layout::default()).fill_normal(&mut values);
    let a = Tensor::from_vec(values, (313, 100, 100), &Device::Cpu).expect("matching sizes");
    bencher.bench_local(|| linear::eigenvalues(&a));
}

#[divan::bench]
fn hdf5_write(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let states = square_matrix(1000);
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
    let figure = Figure::from(Panel::lines(&x, vec![sines(1000, 1.0)]));
    bencher.bench_local(|| match kind {
        "svg" => svg(&figure).map(String::into_bytes),
        _ => png(&figure, 2.0),
    });
}
