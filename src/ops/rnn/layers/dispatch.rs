//! Execution of a job on all trials.

use pulp::Arch;

use super::Layers;
use super::job::{Job, Mode, Results};
use super::layout::GradOffsets;
use super::slice::{Slice, SliceKernel};
use crate::ops::parallel::BatchJob;
use crate::ops::rnn::cell::CellKernel;
use crate::ops::simd::{Lanes, TRIALS};

impl<T: Lanes, K: CellKernel<T>> Layers<T, K> {
    /// Runs the job on all trials; leaves the partial sums of the gradient products in `self.sums`.
    pub(super) fn dispatch<'a>(&'a mut self, job: Job<'_, T>, results: Results<'a, T>) {
        let batch = job.sizes.batch;
        self.packed.pack(self.kernel, &job);
        self.losses.resize(batch.div_ceil(TRIALS), 0.0);
        let sums = match job.mode {
            Mode::Backward => GradOffsets::of::<T, K>(job.sizes).count(),
            Mode::Forward | Mode::Jacobians => 0,
        };
        let runs = job.partition.runs(batch);
        self.sums.resize(runs * sums, T::of(0.0));
        let (kernel, packed) = (self.kernel, &self.packed);
        let batch_job = BatchJob {
            batch,
            partition: job.partition,
            results: Results {
                losses: &mut self.losses,
                ..results
            },
            split_results: |results: &mut Results<'a, T>, trials| results.split_front(&job, trials),
            sums: &mut self.sums,
        };
        batch_job.run(&mut self.workspaces, |part, buffers| {
            let slice = Slice {
                kernel,
                job: &job,
                packed,
                trials: part.trials,
                buffers,
            };
            Arch::new().dispatch(SliceKernel {
                slice,
                results: part.results,
                sums: part.sums,
            });
        });
    }
}
