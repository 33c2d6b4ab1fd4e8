//! Layers of one cell with a linear readout over all time steps: ONE operation with its gradient.
//!
//! ```text
//! state'_l = F(state_l, x_l)      x_0 = input, x_(l+1) = y_l      o = wO y_last + bO
//! ```
//!
//! The batch is divided into slices of trials. One thread processes all layers and time steps of a
//! slice, so threads synchronize only at the end; `simd/partition.rs` documents the slice size and
//! why the results do not depend on it.

use super::cell::{CellKernel, LayerDims, Weights};
use super::cells::CellDescriptor;
use super::{Gradients, Sizes};
use crate::base::Result;
use crate::ops::rnn::{Cotangents, Inputs, Shapes, Targets};
use crate::ops::simd::Lanes;
use crate::ops::simd::gemm::{Block, Panels};
use crate::ops::simd::gemm_tn::sum_runs;
use crate::ops::simd::partition::Partition;
use job::{Job, Mode, Results};
use layout::{GradOffsets, ParamOffsets};
use slice::Workspace;

pub use layout::{layout, suffix};

mod backward;
mod dispatch;
mod forward;
mod jacobians;
mod job;
mod layout;
mod slice;
mod weight_grads;

/// The operation with its buffers: after the first call of each kind, calls with the same sizes
/// allocate nothing.
#[derive(Default)]
pub struct Layers<T: Lanes, K: CellKernel<T>> {
    kernel: K,
    packed: Packed<T, K>,
    workspaces: Vec<Workspace<T>>,
    /// Sum of squared errors of each trial group.
    losses: Vec<f64>,
    /// Partial sums of the gradient products, run after run.
    sums: Vec<T>,
    /// Trial groups per slice; `None` selects the number automatically.
    slice_groups: Option<usize>,
}

/// The operations of recurrent layers, independent of the cell.
pub trait Operation<T> {
    /// Runs all trials; fills `states` [b, t, s] (after each update, including noise) and `outputs`
    /// [b, t, o] if they are present.
    ///
    /// Errors: `Shape` if the length of an array does not match `sizes`; `Range` if batch, time,
    /// units or layers are 0.
    fn run(
        &mut self,
        sizes: Sizes,
        inputs: Inputs<'_, T>,
        states: Option<&mut [T]>,
        outputs: Option<&mut [T]>,
    ) -> Result<()>;

    /// One step of a batch of states: `into` = the next states for h [b, s] and x [b, i].
    ///
    /// Errors: as [`Operation::run`]; `Range` if the layers are bidirectional.
    fn step(&mut self, sizes: Sizes, params: &[T], h: &[T], x: &[T], into: &mut [T]) -> Result<()>;

    /// The analytic Jacobians of a step for a batch of states, evaluated `at` h and x:
    /// `by_state` [b, s, s] contains d next\[r\] / d h\[c\] at \[b\]\[r\]\[c\], `by_input`
    /// [b, s, i] the same for x.
    ///
    /// Errors: as [`Operation::step`].
    fn jacobians(
        &mut self,
        sizes: Sizes,
        params: &[T],
        at: [&[T]; 2],
        by_state: Option<&mut [T]>,
        by_input: Option<&mut [T]>,
    ) -> Result<()>;

    /// The mean squared error over batch, time steps (weighted by the mask) and outputs.
    ///
    /// Errors: as [`Operation::run`]; `Range` if the mask contains only zeros or there are no
    /// outputs.
    fn loss(&mut self, sizes: Sizes, inputs: Inputs<'_, T>, targets: Targets<'_, T>) -> Result<T>;

    /// [`Operation::loss`]; overwrites `gradient` with its gradient with respect to the parameters,
    /// in the order of the layout.
    ///
    /// Errors: as [`Operation::loss`].
    fn loss_gradient(
        &mut self,
        sizes: Sizes,
        inputs: Inputs<'_, T>,
        targets: Targets<'_, T>,
        gradient: &mut [T],
    ) -> Result<T>;

    /// The gradients of any loss, computed from its gradients with respect to states and outputs.
    /// Repeats the forward pass, so that callers need not store intermediate values.
    ///
    /// Errors: as [`Operation::run`].
    fn backward(
        &mut self,
        sizes: Sizes,
        inputs: Inputs<'_, T>,
        cotangents: Cotangents<'_, T>,
        gradients: Gradients<'_, T>,
    ) -> Result<()>;
}

/// Number of elements of a state: all parts of all sublayers, [sublayer][part][unit].
pub fn state_size<K: CellDescriptor>(sizes: Sizes) -> usize {
    sizes.total_units() * K::STATE_PARTS
}

/// The sizes of one sublayer of a layer.
fn layer_dims(sizes: Sizes, layer: usize) -> LayerDims {
    LayerDims {
        units: sizes.units,
        groups: 1,
        inputs: sizes.features(layer),
        outputs: if layer + 1 == sizes.layers {
            sizes.outputs
        } else {
            0
        },
    }
}

/// All parameters in the order in which the kernels read them.
#[derive(Default)]
struct Packed<T: Lanes, K: CellKernel<T>> {
    sublayers: Vec<K::Packed>,
    /// One per direction; the first contains the bias after the weights.
    readout: Vec<Panels<T>>,
}

impl<T: Lanes, K: CellKernel<T>> Packed<T, K> {
    fn pack(&mut self, kernel: K, job: &Job<'_, T>) {
        let (s, config) = (job.sizes, job.partition.config);
        let offsets = ParamOffsets::of::<T, K>(s);
        let (w_out, b_out) =
            job.inputs.params[offsets.readout()].split_at(s.outputs * s.layer_width());
        let readout_block = |direction: usize| Block {
            data: w_out.get(direction * s.units..).unwrap_or_default(),
            columns: s.units,
            row_stride: s.layer_width(),
            column_stride: 1,
        };
        self.sublayers
            .resize_with(s.sublayers(), K::Packed::default);
        for (at, into) in self.sublayers.iter_mut().enumerate() {
            let dims = layer_dims(s, at / s.directions);
            let block = readout_block(at % s.directions);
            let weights = Weights {
                dims,
                params: &job.inputs.params[offsets.sublayer(at)][K::STATE_PARTS * s.units..],
                readout: Block {
                    columns: dims.outputs,
                    row_stride: block.column_stride,
                    column_stride: block.row_stride,
                    ..block
                },
                backward: job.mode == Mode::Backward,
                config: job.partition.config,
            };
            kernel.pack(&weights, into);
        }
        self.readout.resize_with(s.directions, Panels::default);
        for (direction, panels) in self.readout.iter_mut().enumerate() {
            match direction {
                0 => panels.pack(
                    config,
                    s.outputs,
                    &[readout_block(0), Block::row_major(b_out, 1)],
                ),
                _ => panels.pack(config, s.outputs, &[readout_block(direction)]),
            }
        }
    }
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

    fn job<'a>(&self, sizes: Sizes, inputs: Inputs<'a, T>, mode: Mode) -> Job<'a, T> {
        let threads = rayon::current_num_threads();
        let bytes = size_of_val(inputs.params);
        let partition = |adds| Partition::new(sizes.batch, adds, bytes, threads, self.slice_groups);
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
            partition: match mode {
                Mode::Forward => partition(false),
                Mode::Backward => partition(true),
                Mode::Jacobians => partition(false).with_single_group_slices(),
            },
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
}

impl<T: Lanes, K: CellKernel<T>> Operation<T> for Layers<T, K> {
    fn run(
        &mut self,
        sizes: Sizes,
        inputs: Inputs<'_, T>,
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

    fn loss(&mut self, sizes: Sizes, inputs: Inputs<'_, T>, targets: Targets<'_, T>) -> Result<T> {
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
        inputs: Inputs<'_, T>,
        targets: Targets<'_, T>,
        gradient: &mut [T],
    ) -> Result<T> {
        let shapes = Self::shapes(sizes);
        shapes.check_inputs(&inputs)?;
        shapes.check_gradient(gradient)?;
        let weight = shapes.check_targets(&targets)?;
        let job = Job {
            targets: Some(targets),
            grad_scale: T::of(2.0) * weight,
            ..self.job(sizes, inputs, Mode::Backward)
        };
        self.dispatch(job, Results::default());
        self.gradient(sizes, gradient);
        Ok(T::of(self.losses.iter().sum()) * weight)
    }

    fn backward(
        &mut self,
        sizes: Sizes,
        inputs: Inputs<'_, T>,
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
