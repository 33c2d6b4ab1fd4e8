//! Distribution of the chunks of a job over threads.

use std::ops::Range;
use std::sync::Mutex;

use super::job::{Job, Mode, Results};
use super::layout::GradOffsets;
use super::slice::{Slice, SliceJob, Workspace};
use super::{Layers, Packed};
use crate::ops::rnn::cell::CellKernel;
use crate::ops::simd::partition::{for_each_workspace, split_front};
use crate::ops::simd::{Lanes, TRIALS};

/// The chunks that no thread has taken yet.
struct Remaining<'a, T> {
    /// Index of the first remaining trial.
    first: usize,
    results: Results<'a, T>,
    sums: &'a mut [T],
}

/// One chunk of trials, processed by one thread.
struct Chunk<'a, T> {
    trials: Range<usize>,
    results: Results<'a, T>,
    sums: &'a mut [T],
}

/// Shared state of one call.
struct Dispatch<'a, T: Lanes, K: CellKernel<T>> {
    kernel: K,
    job: &'a Job<'a, T>,
    packed: &'a Packed<T, K>,
    /// Number of gradient sums per chunk.
    sums: usize,
    remaining: Mutex<Remaining<'a, T>>,
}

impl<T: Lanes, K: CellKernel<T>> Layers<T, K> {
    /// Runs the job on all trials; leaves the partial sums of the gradient products in `self.sums`.
    pub(super) fn dispatch<'a>(&'a mut self, job: Job<'_, T>, results: Results<'a, T>) {
        let batch = job.sizes.batch;
        let chunks = job.partition.runs(batch);
        let threads = rayon::current_num_threads().min(chunks);
        if self.workspaces.len() < threads {
            self.workspaces.resize_with(threads, Workspace::default);
        }
        self.packed.pack(self.kernel, &job);
        self.losses.resize(batch.div_ceil(TRIALS), 0.0);
        let sums = match job.mode {
            Mode::Backward => GradOffsets::of::<T, K>(job.sizes).count(),
            Mode::Forward | Mode::Jacobians => 0,
        };
        self.sums.resize(chunks * sums, T::of(0.0));
        let dispatch = Dispatch {
            kernel: self.kernel,
            job: &job,
            packed: &self.packed,
            sums,
            remaining: Mutex::new(Remaining {
                first: 0,
                results: Results {
                    losses: &mut self.losses,
                    ..results
                },
                sums: &mut self.sums,
            }),
        };
        for_each_workspace(&mut self.workspaces[..threads], &|workspace| {
            while let Some(chunk) = dispatch.next_chunk() {
                dispatch.run_chunk(chunk, workspace);
            }
        });
    }
}

impl<T: Lanes, K: CellKernel<T>> Dispatch<'_, T, K> {
    fn next_chunk(&self) -> Option<Chunk<'_, T>> {
        let mut remaining = self
            .remaining
            .lock()
            .expect("no thread panics while it holds the lock");
        let first = remaining.first;
        let left = self
            .job
            .sizes
            .batch
            .checked_sub(first)
            .filter(|left| *left > 0)?;
        let trials = left.min(self.job.partition.run);
        remaining.first += trials;
        Some(Chunk {
            trials: first..first + trials,
            results: remaining.results.split_front(self.job, trials),
            sums: split_front(&mut remaining.sums, self.sums),
        })
    }

    fn run_chunk(&self, chunk: Chunk<'_, T>, workspace: &mut Workspace<T>) {
        let Chunk {
            trials,
            mut results,
            sums,
        } = chunk;
        sums.fill(T::of(0.0));
        for first in trials.clone().step_by(self.job.partition.slice) {
            let trials = first..trials.end.min(first + self.job.partition.slice);
            let results = results.split_front(self.job, trials.len());
            let slice = Slice {
                kernel: self.kernel,
                job: self.job,
                packed: self.packed,
                trials,
                buffers: workspace,
            };
            SliceJob {
                slice,
                results,
                sums: &mut *sums,
            }
            .run();
        }
    }
}
