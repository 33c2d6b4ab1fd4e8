//! Distribution of the trials of a batch over threads, for the operations that process whole
//! sequences.
//!
//! `simd/partition.rs` divides a batch into runs and slices. Threads take runs from a queue until
//! none remain; a run is processed slice by slice, with the buffers of its thread. Threads
//! therefore synchronize only at the end of a call.

use std::ops::Range;
use std::sync::Mutex;

use super::Lanes;
use super::simd::partition::Partition;

/// One call on a batch of trials.
pub struct BatchJob<'a, R, T, S> {
    /// Number of trials.
    pub batch: usize,
    pub partition: Partition,
    /// The result arrays of all trials.
    pub results: R,
    /// Splits the results of the leading trials off.
    pub split_results: S,
    /// The sums over trials, as many for each run; set to 0 before the run.
    pub sums: &'a mut [T],
}

/// One slice of trials, which one thread processes.
pub struct SliceJob<'a, R, T> {
    pub trials: Range<usize>,
    pub results: R,
    /// The sums of the run, to which the slice adds.
    pub sums: &'a mut [T],
}

/// The trials that no thread has taken yet.
struct Queue<'a, R, T> {
    first: usize,
    results: R,
    sums: &'a mut [T],
}

impl<'a, R: Send, T: Lanes, S: Fn(&mut R, usize) -> R + Sync> BatchJob<'a, R, T, S> {
    /// Calls `process` for each slice. Each thread uses one of the workspaces, of which more are
    /// created if there are too few.
    pub fn run<W: Default + Send>(
        self,
        workspaces: &mut Vec<W>,
        process: impl Fn(SliceJob<'_, R, T>, &mut W) + Sync,
    ) {
        let BatchJob {
            batch,
            partition,
            results,
            split_results,
            sums,
        } = self;
        let runs = partition.runs(batch);
        let threads = workspace_count(&partition, batch);
        if workspaces.len() < threads {
            workspaces.resize_with(threads, W::default);
        }
        let sums_per_run = sums.len() / runs.max(1);
        let queue = Mutex::new(Queue {
            first: 0,
            results,
            sums,
        });
        let next_run = || {
            let mut queue = queue.lock().expect("no thread panics while it holds this");
            queue.take([partition.run, batch], sums_per_run, &split_results)
        };
        for_each_workspace(&mut workspaces[..threads], &|workspace| {
            while let Some(mut run) = next_run() {
                run.sums.fill(T::of(0.0));
                let process = |slice: SliceJob<'_, R, T>| process(slice, workspace);
                run.for_each_slice(partition.slice, &split_results, process);
            }
        });
    }
}

impl<R, T> SliceJob<'_, R, T> {
    /// Divides a run into slices of up to `count` trials and calls `process` for each.
    fn for_each_slice(
        &mut self,
        count: usize,
        split_results: &impl Fn(&mut R, usize) -> R,
        mut process: impl FnMut(SliceJob<'_, R, T>),
    ) {
        for first in self.trials.clone().step_by(count) {
            let trials = first..self.trials.end.min(first + count);
            process(SliceJob {
                results: split_results(&mut self.results, trials.len()),
                trials,
                sums: &mut *self.sums,
            });
        }
    }
}

impl<'a, R, T> Queue<'a, R, T> {
    /// Takes the next run, of up to `count` trials. `None` if none remain of the batch.
    fn take(
        &mut self,
        [count, batch]: [usize; 2],
        sums_per_run: usize,
        split_results: &impl Fn(&mut R, usize) -> R,
    ) -> Option<SliceJob<'a, R, T>> {
        let first = self.first;
        let left = batch.checked_sub(first).filter(|left| *left > 0)?;
        let trials = left.min(count);
        self.first += trials;
        Some(SliceJob {
            trials: first..first + trials,
            results: split_results(&mut self.results, trials),
            sums: split_front(&mut self.sums, sums_per_run),
        })
    }
}

/// Number of workspaces of a call: one for each thread that processes runs.
pub fn workspace_count(partition: &Partition, batch: usize) -> usize {
    rayon::current_num_threads().min(partition.runs(batch))
}

/// Calls `process` for each workspace on a thread of its own.
fn for_each_workspace<W: Send>(workspaces: &mut [W], process: &(impl Fn(&mut W) + Sync)) {
    match workspaces {
        [] => {}
        [workspace] => process(workspace),
        many => {
            let (left, right) = many.split_at_mut(many.len() / 2);
            rayon::join(
                || for_each_workspace(left, process),
                || for_each_workspace(right, process),
            );
        }
    }
}

/// Splits up to `count` elements off the front of a slice.
pub fn split_front<'a, T>(array: &mut &'a mut [T], count: usize) -> &'a mut [T] {
    let all = std::mem::take(array);
    let (first, rest) = all.split_at_mut(count.min(all.len()));
    *array = rest;
    first
}
