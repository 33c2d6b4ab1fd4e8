//! The spreading of runs over threads.

use std::ops::Range;
use std::sync::Mutex;

use super::pass::{Pass, Whole, Workspace};
use super::places::SumPlaces;
use super::task::{Results, Task, Way};
use super::{Layers, Packed};
use crate::ops::rnn::update::Update;
use crate::ops::simd::division::{cut, on_threads};
use crate::ops::simd::{Lanes, TRIALS};

/// What has not been begun.
struct Rest<'a, T> {
    /// The first trial.
    first: usize,
    results: Results<'a, T>,
    sums: &'a mut [T],
}

/// One run, taken by a thread.
struct Run<'a, T> {
    trials: Range<usize>,
    results: Results<'a, T>,
    sums: &'a mut [T],
}

/// One call, seen by all threads.
struct Call<'a, T: Lanes, U: Update<T>> {
    update: U,
    task: &'a Task<'a, T>,
    packed: &'a Packed<T, U>,
    /// Numbers that the sums of a run take.
    sums: usize,
    rest: Mutex<Rest<'a, T>>,
}

impl<T: Lanes, U: Update<T>> Layers<T, U> {
    /// Does the task on all trials; what the gradients are made of is left in `self.sums`.
    pub(super) fn spread<'a>(&'a mut self, task: Task<'_, T>, results: Results<'a, T>) {
        let batch = task.sizes.batch;
        let runs = task.division.runs(batch);
        let threads = rayon::current_num_threads().min(runs);
        if self.workspaces.len() < threads {
            self.workspaces.resize_with(threads, Workspace::default);
        }
        self.packed.pack(self.update, &task);
        self.losses.resize(batch.div_ceil(TRIALS), 0.0);
        let sums = match task.way {
            Way::Back => SumPlaces::of::<T, U>(task.sizes).count(),
            Way::Forward | Way::Jacobians => 0,
        };
        self.sums.resize(runs * sums, T::of(0.0));
        let call = Call {
            update: self.update,
            task: &task,
            packed: &self.packed,
            sums,
            rest: Mutex::new(Rest {
                first: 0,
                results: Results {
                    losses: &mut self.losses,
                    ..results
                },
                sums: &mut self.sums,
            }),
        };
        on_threads(&mut self.workspaces[..threads], &|workspace| {
            while let Some(run) = call.next_run() {
                call.slices(run, workspace);
            }
        });
    }
}

impl<T: Lanes, U: Update<T>> Call<'_, T, U> {
    fn next_run(&self) -> Option<Run<'_, T>> {
        let mut rest = self
            .rest
            .lock()
            .expect("a thread that holds this cannot panic");
        let first = rest.first;
        let left = self
            .task
            .sizes
            .batch
            .checked_sub(first)
            .filter(|left| *left > 0)?;
        let trials = left.min(self.task.division.run);
        rest.first += trials;
        Some(Run {
            trials: first..first + trials,
            results: rest.results.take(self.task, trials),
            sums: cut(&mut rest.sums, self.sums),
        })
    }

    fn slices(&self, run: Run<'_, T>, workspace: &mut Workspace<T>) {
        let Run {
            trials,
            mut results,
            sums,
        } = run;
        sums.fill(T::of(0.0));
        for first in trials.clone().step_by(self.task.division.slice) {
            let trials = first..trials.end.min(first + self.task.division.slice);
            let results = results.take(self.task, trials.len());
            let pass = Pass {
                update: self.update,
                task: self.task,
                packed: self.packed,
                trials,
                buffers: workspace,
            };
            Whole {
                pass,
                results,
                sums: &mut *sums,
            }
            .run();
        }
    }
}
