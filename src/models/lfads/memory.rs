//! Approximate memory of the functions of a model, so that a call can be refused before it
//! allocates.

use super::Model;
use super::evaluation;
use super::infer::{self, InferenceOptions};
use crate::ops::Lanes;
use crate::ops::lfads::{Operation, Sizes};
use crate::tensor::shape::total_elements;

impl<T: Lanes> Model<T> {
    /// Approximate number of bytes that the inference of `[trials, time steps]` needs, including
    /// its results; saturates.
    pub fn inference_bytes(&self, [n, time]: [usize; 2], options: &InferenceOptions) -> usize {
        let rows = infer::rows_per_trial(options.samples);
        let s = self.sizes_for(infer::trials_per_batch(rows).min(n) * rows, time);
        let buffers = Operation::<T>::buffer_elements(s, rows, false);
        // The normals of the inferred inputs, and the trajectories of one batch.
        let trajectories = s.channels + s.factors + s.generator + s.inferred;
        let batch = [s.batch, time, s.inferred + trajectories];
        // Mean, standard deviation and quantiles.
        let summaries = 1 + usize::from(options.samples > 0) + options.quantiles.len();
        bytes::<T>(&[&[buffers], &batch, &[summaries, n, time, trajectories]])
    }

    /// Approximate number of bytes that [`Model::generate`] needs, including its results;
    /// saturates.
    pub fn generation_bytes(&self, trials: usize, time: usize) -> usize {
        let s = self.sizes_for(trials, time);
        let results = s.channels + s.factors + s.generator + s.inferred;
        pass_bytes::<T>(s, results, false)
    }

    /// Approximate number of bytes that [`Model::evaluate`] of `[trials, time steps]` needs;
    /// saturates.
    pub fn evaluation_bytes(&self, [n, time]: [usize; 2]) -> usize {
        let s = self.sizes_for(n.min(evaluation::BATCH), time);
        // A copy of the observations, and the normals of both samples.
        pass_bytes::<T>(s, s.channels + 2 * s.inferred, false)
    }

    /// [`crate::train::Model::loss_bytes`]: the buffers, the normals of both samples and, in
    /// training, the dropout factors.
    pub(super) fn training_bytes(&self, [trials, time]: [usize; 2], gradient: bool) -> usize {
        let s = self.sizes_for(trials, time);
        let dropout = match gradient {
            true => s.channels + 2 * s.encoder + s.generator,
            false => 0,
        };
        pass_bytes::<T>(s, 2 * s.inferred + dropout, gradient)
    }
}

/// Bytes of the buffers of a forward pass, with a backward pass if `backward`, and of arrays with
/// `width` elements per trial and time step; saturates.
fn pass_bytes<T: Lanes>(s: Sizes, width: usize, backward: bool) -> usize {
    let buffers = Operation::<T>::buffer_elements(s, 1, backward);
    bytes::<T>(&[&[buffers], &[s.batch, s.time, width]])
}

fn bytes<T>(shapes: &[&[usize]]) -> usize {
    total_elements(shapes).saturating_mul(size_of::<T>())
}
