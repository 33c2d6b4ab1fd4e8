//! Parameters packed in the order in which the kernels read them.

use super::job::{Job, Mode};
use super::layout::ParamLayout;
use super::sizes::CELL;
use crate::ops::Lanes;
use crate::ops::rnn::cell::{CellKernel, LayerDims, Weights};
use crate::ops::rnn::cells::Gru;
use crate::ops::simd::gemm::{Block, GemmConfig, Panels};

type GruPacked<T> = <Gru as CellKernel<T>>::Packed;

/// The packed parameters.
#[derive(Default)]
pub struct PackedParams<T: Lanes> {
    pub encoders: [GruPacked<T>; 2],
    pub controller: GruPacked<T>,
    pub generator: GruPacked<T>,
    pub initial: Affine<T>,
    pub inferred: Affine<T>,
    pub factors: Affine<T>,
    pub rates: Affine<T>,
    /// Rows of the factor matrix divided by their norms, [k, g].
    pub unit_rows: Vec<T>,
    /// Norms of these rows, [k].
    pub norms: Vec<T>,
}

/// An affine map: W with the bias b, if there is one, as its last column.
#[derive(Default)]
pub struct Affine<T> {
    pub weights: Panels<T>,
    /// The transpose of W, for the backward pass.
    pub transposed: Panels<T>,
}

impl<T: Lanes> Affine<T> {
    fn pack(&mut self, config: GemmConfig, w: &[T], b: &[T], columns: usize, backward: bool) {
        if columns == 0 {
            return;
        }
        let rows = w.len() / columns;
        let bias = Block::row_major(b, usize::from(!b.is_empty()));
        self.weights
            .pack(config, rows, &[Block::row_major(w, columns), bias]);
        if backward {
            self.transposed
                .pack(config, columns, &[Block::transposed(w, columns, rows)]);
        }
    }
}

impl<T: Lanes> PackedParams<T> {
    pub fn pack(&mut self, job: &Job<'_, T>) {
        let (s, config, params) = (job.sizes, job.partition.config, job.inputs.params);
        let layout = ParamLayout::new(s);
        let backward = job.mode == Mode::Gradient;
        let recurrent = |dims: LayerDims, all: &[T], into: &mut GruPacked<T>| {
            if dims.units > 0 {
                let weights = Weights {
                    dims,
                    params: &all[dims.units..],
                    readout: Block::row_major(&[], 0),
                    backward,
                    config,
                };
                CELL.pack(&weights, into);
            }
        };
        if job.mode != Mode::Generate {
            for (into, range) in self.encoders.iter_mut().zip(layout.encoders) {
                recurrent(s.encoder_dims(), &params[range], into);
            }
            let (w, b) = (&params[layout.initial_w], &params[layout.initial_b]);
            self.initial.pack(config, w, b, 2 * s.encoder, backward);
            let range = layout.controller;
            recurrent(s.controller_dims(), &params[range], &mut self.controller);
            let (w, b) = (&params[layout.inferred_w], &params[layout.inferred_b]);
            self.inferred.pack(config, w, b, s.controller, backward);
        }
        let range = layout.generator;
        recurrent(s.generator_dims(), &params[range], &mut self.generator);
        self.normalize_factors(&params[layout.factors], s.generator);
        self.factors
            .pack(config, &self.unit_rows, &[], s.generator, backward);
        let (w, b) = (&params[layout.rates_w], &params[layout.rates_b]);
        self.rates.pack(config, w, b, s.factors, backward);
    }

    fn normalize_factors(&mut self, rows: &[T], width: usize) {
        self.unit_rows.clear();
        self.unit_rows.extend_from_slice(rows);
        self.norms.clear();
        for row in self.unit_rows.chunks_exact_mut(width) {
            let squares: f64 = row.iter().map(|w| w.double() * w.double()).sum();
            let length = T::of(squares.sqrt());
            row.iter_mut().for_each(|w| *w /= length);
            self.norms.push(length);
        }
    }
}
