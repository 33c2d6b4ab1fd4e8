//! What chance adds to a run: samples and dropout, from a key.

use super::Model;
use crate::ops::Lanes;
use crate::ops::lfads::{Noise, Sizes};
use crate::random::Key;

/// The numbers of [`Noise`], drawn into arrays that stay.
#[derive(Debug, Default)]
pub struct Draws<T> {
    normals: [Vec<T>; 3],
    kept: [Vec<T>; 4],
    dropout: bool,
}

impl<T: Lanes> Draws<T> {
    /// Draws all that a run of these sizes takes, with or without dropout.
    pub fn draw(&mut self, model: &Model<T>, s: Sizes, key: &Key, dropout: bool) {
        let steps = s.batch * s.time;
        let normals = [
            s.batch * s.generator,
            steps * s.inferred,
            steps * s.inferred,
        ];
        let kept = [
            steps * s.channels,
            steps * 2 * s.encoder,
            s.batch * 2 * s.encoder,
            steps * s.generator,
        ];
        let keys = key.children::<7>();
        for ((into, count), key) in self.normals.iter_mut().zip(normals).zip(&keys) {
            into.resize(count, T::of(0.0));
            key.fill_normal(into);
        }
        self.dropout = dropout && model.keep < 1.0;
        if self.dropout {
            for ((into, count), key) in self.kept.iter_mut().zip(kept).zip(&keys[3..]) {
                into.resize(count, T::of(0.0));
                key.fill_kept(model.keep, into);
            }
        }
    }

    pub fn noise(&self) -> Noise<'_, T> {
        let [initial, inferred, asked] = &self.normals;
        let kept = |k: usize| self.dropout.then_some(&*self.kept[k]);
        Noise {
            initial: Some(initial),
            inferred: Some(inferred),
            asked: Some(asked),
            keep_observed: kept(0),
            keep_encoded: kept(1),
            keep_ends: kept(2),
            keep_generated: kept(3),
        }
    }
}
