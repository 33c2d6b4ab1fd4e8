//! Counts the allocations of a training run after its first batches:
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
/// Number of batches that are not counted: the first batch allocates the workspaces.
const WARM_UP_BATCHES: usize = 1;

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// The system allocator with a call counter.
struct CountingAllocator;

// SAFETY: every call is forwarded unchanged to the system allocator.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller upholds the contract of the system allocator.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(ptr, layout) }
    }
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(ptr, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Records the count at the end of each batch.
struct Counts(Vec<usize>);

impl Progress for Counts {
    fn report(&mut self, _: Report) {
        self.0.push(COUNT.load(Ordering::Relaxed));
    }
    fn stop_requested(&self) -> bool {
        false
    }
}

/// Allocations after the first batches: the total, and the maximum in one batch.
fn count_allocations<M: Model<f32>>(
    build: &(dyn Fn() -> M + Sync),
    threads: usize,
    task: TaskConstructor,
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
    let steps = counts
        .0
        .windows(2)
        .skip(WARM_UP_BATCHES - 1)
        .map(|w| w[1] - w[0]);
    (steps.clone().sum(), steps.max().unwrap_or(0))
}

fn network(cell: Cell) -> Rnn<f32> {
    let network_options = NetworkOptions {
        layers: 2,
        bidirectional: true,
        noise: 0.01,
        dropout: 0.1,
        ..NetworkOptions::default()
    };
    network_options.build(cell).expect("sizes")
}

fn print_count(label: &str, (total, max): (usize, usize), threads: usize) {
    println!(
        "{label}, {threads} threads: {total} allocations in {} batches after the first, \
         at most {max} in one",
        BATCHES - WARM_UP_BATCHES
    );
}

type TaskConstructor = fn() -> Box<dyn Task<f32>>;

/// Tasks by name.
const TASKS: [(&str, TaskConstructor); 3] = [
    ("integrator", || {
        let options = integrator::Options::default();
        Box::new(Integrator::new(options).expect("a task"))
    }),
    ("decision", || {
        let options = decision::Options::default();
        Box::new(Decision::new(options).expect("a task"))
    }),
    ("data set", || {
        let noise = Tensor::randn(0f32, 1.0, (1000, 25, 1), &Device::Cpu).expect("values");
        let values = RawArray::Stacked(noise);
        let data = RawData {
            inputs: values.clone(),
            targets: Some(values),
            mask: None,
            lengths: Some(vec![20; 1000]),
        };
        Box::new(Dataset::new(data).expect("a task"))
    }),
];

fn main() {
    let task_rows = TASKS.map(|(name, task)| (Cell::default(), name, task));
    let cell_rows = Cell::all()
        .into_iter()
        .map(|cell| (cell, TASKS[0].0, TASKS[0].1));
    for (cell, name, task) in task_rows.into_iter().chain(cell_rows) {
        for threads in [1, 2] {
            let counts = count_allocations(&|| network(cell), threads, task);
            print_count(&format!("{} on {name}", cell.name()), counts, threads);
        }
    }
    let model = || {
        let model_options = lfads::ModelOptions {
            observations: lfads::Observations::Gaussian,
            ..lfads::ModelOptions::default()
        };
        model_options.build::<f32>().expect("sizes")
    };
    let lfads_task: TaskConstructor = || {
        let noise = Tensor::randn(0f32, 1.0, (1000, 25, 1), &Device::Cpu).expect("values");
        let data = RawData {
            inputs: RawArray::Stacked(noise),
            targets: None,
            mask: None,
            lengths: None,
        };
        Box::new(Dataset::new(data).expect("a task"))
    };
    for threads in [1, 2] {
        print_count(
            "lfads",
            count_allocations(&model, threads, lfads_task),
            threads,
        );
    }
}
