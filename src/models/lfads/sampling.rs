//! Random samples of one forward pass: latent variables and dropout, drawn from a key.

use super::Model;
use crate::ops::Lanes;
use crate::ops::lfads::{Noise, Sizes};
use crate::random::Key;

/// The buffers of [`Noise`], reused between passes.
#[derive(Debug, Default)]
pub struct Samples<T> {
    normals: [Vec<T>; 3],
    dropout_factors: [Vec<T>; 4],
    has_dropout: bool,
}

impl<T: Lanes> Samples<T> {
    /// Draws all samples for a pass of these sizes, with or without dropout.
    pub fn draw(&mut self, model: &Model<T>, s: Sizes, key: &Key, dropout: bool) {
        let steps = s.batch * s.time;
        let normal_counts = [
            s.batch * s.generator,
            steps * s.inferred,
            steps * s.inferred,
        ];
        let factor_counts = [
            steps * s.channels,
            steps * 2 * s.encoder,
            s.batch * 2 * s.encoder,
            steps * s.generator,
        ];
        let keys = key.split_array::<7>();
        for ((into, count), key) in self.normals.iter_mut().zip(normal_counts).zip(&keys) {
            into.resize(count, T::of(0.0));
            key.fill_normal(into);
        }
        self.has_dropout = dropout && model.keep_prob < 1.0;
        if self.has_dropout {
            for ((into, count), key) in self
                .dropout_factors
                .iter_mut()
                .zip(factor_counts)
                .zip(&keys[3..])
            {
                into.resize(count, T::of(0.0));
                key.fill_dropout(model.keep_prob, into);
            }
        }
    }

    pub fn noise(&self) -> Noise<'_, T> {
        let [initial, inferred, kl_sample] = &self.normals;
        let factors = |k: usize| self.has_dropout.then_some(&*self.dropout_factors[k]);
        Noise {
            initial: Some(initial),
            inferred: Some(inferred),
            kl_sample: Some(kl_sample),
            dropout_observed: factors(0),
            dropout_encoded: factors(1),
            dropout_final: factors(2),
            dropout_generator: factors(3),
        }
    }
}
