//! Counts what a run of training allocates after its first batches:
//! `cargo bench --profile dev --bench allocations`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use attractor::base::{Progress, Report};
use attractor::models::lfads;
use attractor::nn::{Cell, NetworkOptions, Rnn};
use attractor::tasks::dataset::{RawArray, RawData};
use attractor::tasks::{Dataset, Decision, Integrator, decision, integrator};
use attractor::tensor::{Device, Tensor};
use attractor::train::{self, LogEntry, Model, Options, Source, Task};

const BATCHES: usize = 20;
/// Workspaces are made while the first batch runs.
const FIRST: usize = 1;

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counted.
struct Counted;

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are those of the system's allocator.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

/// Keeps the count at the end of each batch.
struct Counts(Vec<usize>);

impl Progress for Counts {
    fn report(&mut self, _: Report) {
        self.0.push(COUNT.load(Ordering::Relaxed));
    }
    fn stop_requested(&self) -> bool {
        false
    }
}

/// Allocations in each batch but the first ones: of all together, and at the most.
fn counted<M: Model<f32>>(
    build: &(dyn Fn() -> M + Sync),
    threads: usize,
    task: Made,
) -> (usize, usize) {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("threads");
    let mut counts = Counts(Vec::with_capacity(BATCHES + 1));
    pool.install(|| {
        let task = task();
        let mut net = build();
        let options = Options {
            batches: BATCHES,
            log_every: BATCHES,
            ..Options::default()
        };
        let mut quiet = |_: &LogEntry, _: &M| Ok(ControlFlow::Continue(()));
        train::run(
            &mut net,
            &Source::new(task.as_ref()),
            &options,
            &mut counts,
            &mut quiet,
        )
        .expect("a run");
    });
    let steps = counts.0.windows(2).skip(FIRST - 1).map(|w| w[1] - w[0]);
    (steps.clone().sum(), steps.max().unwrap_or(0))
}

fn network(cell: Cell) -> Rnn<f32> {
    let recipe = NetworkOptions {
        layers: 2,
        bidirectional: true,
        noise: 0.01,
        dropout: 0.1,
        ..NetworkOptions::default()
    };
    recipe.build(cell).expect("sizes")
}

fn told(what: &str, (all, most): (usize, usize), threads: usize) {
    println!(
        "{what}, {threads} threads: {all} allocations in {} batches after the first, \
         at most {most} in one",
        BATCHES - FIRST
    );
}

type Made = fn() -> Box<dyn Task<f32>>;

/// Tasks by name.
const TASKS: [(&str, Made); 3] = [
    ("integrator", || {
        let options = integrator::Options::default();
        Box::new(Integrator::new(options).expect("a task"))
    }),
    ("decision", || {
        let options = decision::Options::default();
        Box::new(Decision::new(options).expect("a task"))
    }),
    ("data set", || {
        let noise = Tensor::randn(0f32, 1.0, (1000, 25, 1), &Device::Cpu).expect("numbers");
        let part = RawArray::Stacked(noise);
        let parts = RawData {
            inputs: part.clone(),
            targets: Some(part),
            mask: None,
            lengths: Some(vec![20; 1000]),
        };
        Box::new(Dataset::new(parts).expect("a task"))
    }),
];

fn main() {
    let cells = [
        Cell::Vanilla(Default::default()),
        Cell::Gru(Default::default()),
        Cell::GruTorch(Default::default()),
        Cell::Lstm(Default::default()),
        Cell::Ctrnn(Default::default()),
    ];
    let of_tasks = TASKS.map(|(name, task)| (Cell::default(), name, task));
    let of_cells = cells.map(|cell| (cell, TASKS[0].0, TASKS[0].1));
    for (cell, name, task) in of_tasks.into_iter().chain(of_cells) {
        for threads in [1, 2] {
            let found = counted(&|| network(cell), threads, task);
            told(&format!("{} on {name}", cell.name()), found, threads);
        }
    }
    let model = || {
        let recipe = lfads::ModelOptions {
            observations: lfads::Observations::Gaussian,
            ..lfads::ModelOptions::default()
        };
        recipe.build::<f32>().expect("sizes")
    };
    let observed: Made = || {
        let noise = Tensor::randn(0f32, 1.0, (1000, 25, 1), &Device::Cpu).expect("numbers");
        let parts = RawData {
            inputs: RawArray::Stacked(noise),
            targets: None,
            mask: None,
            lengths: None,
        };
        Box::new(Dataset::new(parts).expect("a task"))
    };
    for threads in [1, 2] {
        told("lfads", counted(&model, threads, observed), threads);
    }
}
