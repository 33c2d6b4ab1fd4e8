//! Parameters packed in the order in which the kernels read them.

use super::dims::layer_dims;
use super::job::{Job, Mode};
use super::layout::ParamOffsets;
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
