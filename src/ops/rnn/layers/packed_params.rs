//! Parameters packed in the order in which the kernels read them.

use super::dims::layer_dims;
use super::job::{Job, Mode};
use super::layout::ParamOffsets;
use crate::ops::rnn::args::Sizes;
use crate::ops::rnn::cell::{CellKernel, Weights};
use crate::ops::simd::Lanes;
use crate::ops::simd::gemm::{Block, Panels};

/// The packed parameters.
#[derive(Default)]
pub struct PackedParams<T: Lanes, K: CellKernel<T>> {
    pub sublayers: Vec<K::Packed>,
    /// One per direction; the first contains the bias after the weights.
    pub readout: Vec<Panels<T>>,
}

impl<T: Lanes, K: CellKernel<T>> PackedParams<T, K> {
    pub fn pack(&mut self, kernel: K, job: &Job<'_, T>) {
        let s = job.sizes;
        let offsets = ParamOffsets::of::<T, K>(s);
        let (w_out, b_out) =
            job.inputs.params[offsets.readout()].split_at(s.outputs * s.layer_width());
        self.pack_sublayers(kernel, job, &offsets, w_out);
        self.pack_readout(job, w_out, b_out);
    }

    fn pack_sublayers(&mut self, kernel: K, job: &Job<'_, T>, offsets: &ParamOffsets, w_out: &[T]) {
        let s = job.sizes;
        self.sublayers
            .resize_with(s.sublayers(), K::Packed::default);
        for (at, into) in self.sublayers.iter_mut().enumerate() {
            let dims = layer_dims(s, at / s.directions);
            let block = readout_block(s, w_out, at % s.directions);
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
    }

    fn pack_readout(&mut self, job: &Job<'_, T>, w_out: &[T], b_out: &[T]) {
        let (s, config) = (job.sizes, job.partition.config);
        self.readout.resize_with(s.directions, Panels::default);
        for (direction, panels) in self.readout.iter_mut().enumerate() {
            let weights = readout_block(s, w_out, direction);
            match direction {
                0 => panels.pack(config, s.outputs, &[weights, Block::row_major(b_out, 1)]),
                _ => panels.pack(config, s.outputs, &[weights]),
            }
        }
    }
}

/// The readout weights of one direction.
fn readout_block<T>(s: Sizes, w_out: &[T], direction: usize) -> Block<'_, T> {
    Block {
        data: w_out.get(direction * s.units..).unwrap_or_default(),
        columns: s.units,
        row_stride: s.layer_width(),
        column_stride: 1,
    }
}
