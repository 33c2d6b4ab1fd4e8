//! The layers of one cell as one fused operation, and the execution of a job on all trials.

use pulp::Arch;

use super::dims::state_size;
use super::job::{Job, Mode, Results};
use super::layout::{GradOffsets, ParamOffsets};
use super::operation::Operation;
use super::packed_params::PackedParams;
use super::slice::{FrameLayout, Slice, Workspace};
use super::slice_kernel::SliceKernel;
use super::weight_grads;
use crate::base::Result;
use crate::ops::parallel::{BatchJob, workspace_count};
use crate::ops::rnn::args::{Cotangents, Gradients, Inputs, Sizes};
use crate::ops::rnn::cell::CellKernel;
use crate::ops::rnn::shapes::Shapes;
use crate::ops::rnn::targets::Targets;
use crate::ops::simd::gemm_tn::sum_runs;
use crate::ops::simd::partition::Partition;
use crate::ops::simd::{Lanes, TRIALS};
use crate::tensor::shape::total_elements;

/// The operation with its buffers: after the first call of each kind, calls with the same sizes
/// allocate nothing.
#[derive(Default)]
pub struct Layers<T: Lanes, K: CellKernel<T>> {
    kernel: K,
    packed: PackedParams<T, K>,
    workspaces: Vec<Workspace<T>>,
    /// Sum of the losses of each trial group.
    losses: Vec<f64>,
    /// Partial sums of the gradient products, run after run.
    sums: Vec<T>,
    /// Trial groups per slice; `None` selects the number automatically.
    slice_groups: Option<usize>,
}

impl<T: Lanes, K: CellKernel<T>> Layers<T, K> {
    pub fn new(kernel: K) -> Self {
        Layers {
            kernel,
            ..Self::default()
        }
    }

    /// Layers with a fixed number of 16-trial groups per slice.
    pub fn with_slice_groups(kernel: K, groups: usize) -> Self {
        Layers {
            slice_groups: Some(groups),
            ..Self::new(kernel)
        }
    }

    fn job<'a>(&self, sizes: Sizes, inputs: Inputs<'a, [T]>, mode: Mode) -> Job<'a, T> {
        Job {
            sizes,
            state: state_size::<K>(sizes),
            inputs,
            targets: None,
            grad_scale: T::of(0.0),
            cotangents: Cotangents {
                states: None,
                outputs: None,
            },
            mode,
            partition: self.partition(sizes, mode),
        }
    }

    fn partition(&self, sizes: Sizes, mode: Mode) -> Partition {
        let threads = rayon::current_num_threads();
        let bytes = ParamOffsets::of::<T, K>(sizes).count() * size_of::<T>();
        let partition = |adds| Partition::new(sizes.batch, adds, bytes, threads, self.slice_groups);
        match mode {
            Mode::Forward => partition(false),
            Mode::Backward => partition(true),
            Mode::Jacobians => partition(false).with_single_group_slices(),
        }
    }

    /// Adds the partial sums of all chunks and writes them in the order of the arena.
    fn gradient(&mut self, sizes: Sizes, into: &mut [T]) {
        let count = GradOffsets::of::<T, K>(sizes).count();
        sum_runs(&mut self.sums, count);
        weight_grads::unpack::<T, K>(sizes, &self.sums[..count], into);
    }

    fn shapes(sizes: Sizes) -> Shapes {
        Shapes {
            op: K::NAME,
            sizes,
            state: state_size::<K>(sizes),
            params: ParamOffsets::of::<T, K>(sizes).count(),
        }
    }

    /// Runs the job on all trials; leaves the partial sums of the gradient products in `self.sums`.
    fn dispatch<'a>(&'a mut self, job: Job<'_, T>, results: Results<'a, T>) {
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

impl<T: Lanes, K: CellKernel<T>> Operation<T> for Layers<T, K> {
    fn buffer_elements(&self, sizes: Sizes, backward: bool) -> usize {
        let mode = if backward {
            Mode::Backward
        } else {
            Mode::Forward
        };
        let partition = self.partition(sizes, mode);
        let lanes = (0..sizes.layers).map(|layer| {
            let frames = FrameLayout::of::<T, K>(sizes, layer, partition.config.groups, mode);
            sizes.directions * frames.lanes_per_step(backward && layer + 1 < sizes.layers)
        });
        let sums = match backward {
            true => GradOffsets::of::<T, K>(sizes).count(),
            false => 0,
        };
        // Between the updates a loss is computed without its gradient, possibly by more threads.
        let forward = self.partition(sizes, Mode::Forward);
        let workspaces = workspace_count(&partition, sizes.batch);
        let workspaces = workspaces.max(workspace_count(&forward, sizes.batch));
        let frames = [workspaces, sizes.time, lanes.sum(), TRIALS];
        total_elements(&[&frames, &[partition.runs(sizes.batch), sums]])
    }

    fn run(
        &mut self,
        sizes: Sizes,
        inputs: Inputs<'_, [T]>,
        states: Option<&mut [T]>,
        outputs: Option<&mut [T]>,
    ) -> Result<()> {
        let shapes = Self::shapes(sizes);
        shapes.check_inputs(&inputs)?;
        shapes.check_results(states.as_deref(), outputs.as_deref())?;
        let results = Results {
            states: states.unwrap_or_default(),
            outputs: outputs.unwrap_or_default(),
            ..Results::default()
        };
        self.dispatch(self.job(sizes, inputs, Mode::Forward), results);
        Ok(())
    }

    fn step(&mut self, sizes: Sizes, params: &[T], h: &[T], x: &[T], into: &mut [T]) -> Result<()> {
        let (sizes, inputs) = Self::shapes(sizes).single_step(params, h, x)?;
        self.run(sizes, inputs, Some(into), None)
    }

    fn jacobians(
        &mut self,
        sizes: Sizes,
        params: &[T],
        [h, x]: [&[T]; 2],
        by_state: Option<&mut [T]>,
        by_input: Option<&mut [T]>,
    ) -> Result<()> {
        let (sizes, inputs) = Self::shapes(sizes).single_step(params, h, x)?;
        let shapes = Self::shapes(sizes);
        shapes.check_inputs(&inputs)?;
        shapes.check_jacobians(by_state.as_deref(), by_input.as_deref())?;
        let job = self.job(sizes, inputs, Mode::Jacobians);
        let results = Results {
            by_state: by_state.unwrap_or_default(),
            by_input: by_input.unwrap_or_default(),
            ..Results::default()
        };
        self.dispatch(job, results);
        Ok(())
    }

    fn loss(
        &mut self,
        sizes: Sizes,
        inputs: Inputs<'_, [T]>,
        targets: Targets<'_, T>,
    ) -> Result<T> {
        let shapes = Self::shapes(sizes);
        shapes.check_inputs(&inputs)?;
        let weight = shapes.check_targets(&targets)?;
        let job = Job {
            targets: Some(targets),
            ..self.job(sizes, inputs, Mode::Forward)
        };
        self.dispatch(job, Results::default());
        Ok(T::of(self.losses.iter().sum()) * weight)
    }

    fn loss_gradient(
        &mut self,
        sizes: Sizes,
        inputs: Inputs<'_, [T]>,
        targets: Targets<'_, T>,
        gradient: &mut [T],
    ) -> Result<T> {
        let shapes = Self::shapes(sizes);
        shapes.check_inputs(&inputs)?;
        shapes.check_gradient(gradient)?;
        let weight = shapes.check_targets(&targets)?;
        let job = Job {
            targets: Some(targets),
            grad_scale: T::of(targets.loss.derivative_factor()) * weight,
            ..self.job(sizes, inputs, Mode::Backward)
        };
        self.dispatch(job, Results::default());
        self.gradient(sizes, gradient);
        Ok(T::of(self.losses.iter().sum()) * weight)
    }

    fn backward(
        &mut self,
        sizes: Sizes,
        inputs: Inputs<'_, [T]>,
        cotangents: Cotangents<'_, T>,
        gradients: Gradients<'_, T>,
    ) -> Result<()> {
        let shapes = Self::shapes(sizes);
        shapes.check_inputs(&inputs)?;
        shapes.check_cotangents(&cotangents)?;
        shapes.check_gradients(&gradients)?;
        let job = Job {
            cotangents,
            ..self.job(sizes, inputs, Mode::Backward)
        };
        let results = Results {
            d_inputs: gradients.inputs.unwrap_or_default(),
            d_h0: gradients.h0.unwrap_or_default(),
            ..Results::default()
        };
        self.dispatch(job, results);
        if let Some(params) = gradients.params {
            self.gradient(sizes, params);
        }
        Ok(())
    }
}
