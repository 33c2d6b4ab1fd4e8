//! The input of integrator and decision: white noise around a level of its own for each trial.
//!
//! Source: the tutorials of "Computation through dynamics" (Sussillo and others), whose published
//! seeds give the same trials here in the layout `original`.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use crate::base::{Error, Result};
use crate::random::Key;
use crate::tensor::Real;
use crate::tensor::shape::bytes;
use crate::train::task::Trials;

/// Numbers from which on trials are made on several threads; below, that costs more than it gains.
const PARALLEL: usize = 1 << 15;
/// Trials that one thread makes at a time.
const TRIALS: usize = 256;

/// White noise: `x_t = b + noise / sqrt(dt) N(0, 1)` with `b = bias 2 (N(0, 1) - 0.5)` drawn once
/// a trial and `dt = duration / steps`.
#[derive(Debug, Clone, Copy)]
pub struct Noise {
    /// The task that it drives, for faults.
    pub of: &'static str,
    /// t
    pub steps: usize,
    /// In seconds.
    pub duration: f64,
    /// Size of the level of a trial.
    pub bias: f64,
    /// Standard deviation at a time step of one second.
    pub noise: f64,
}

impl Noise {
    /// Fills inputs and targets, one number each at each time; `target` makes the targets of a
    /// trial of its inputs. Leaves the mask alone.
    ///
    /// Errors: `Memory` if no memory could hold as many numbers
    pub fn fill<T: Real>(
        &self,
        key: &Key,
        trials: &mut Trials<T>,
        target: impl Fn(&[T], &mut [T]) + Sync,
    ) -> Result<()> {
        let (b, t) = (trials.trials, self.steps);
        let size = b.checked_mul(t).ok_or_else(|| self.too_large::<T>(b))?;
        trials.time = t;
        trials.inputs.resize(size, T::default());
        trials.targets.resize(size, T::default());
        let fill = |(first, (inputs, targets)): (usize, (&mut [T], &mut [T]))| {
            let rows = inputs.chunks_mut(t).zip(targets.chunks_mut(t));
            for (i, (inputs, targets)) in rows.enumerate() {
                self.trial(&key.child(first * TRIALS + i, b), inputs);
                target(inputs, targets);
            }
        };
        let (inputs, targets) = (&mut trials.inputs, &mut trials.targets);
        if size < PARALLEL {
            let targets = targets.chunks_mut(TRIALS * t);
            let rows = inputs.chunks_mut(TRIALS * t).zip(targets);
            rows.enumerate().for_each(fill);
        } else {
            let targets = targets.par_chunks_mut(TRIALS * t);
            let rows = inputs.par_chunks_mut(TRIALS * t).zip(targets);
            rows.enumerate().for_each(fill);
        }
        Ok(())
    }

    /// Fills the inputs of one trial from its own key.
    fn trial<T: Real>(&self, key: &Key, inputs: &mut [T]) {
        let deviation = T::of(self.noise / (self.duration / self.steps as f64).sqrt());
        let [_, for_bias, for_noise] = key.children();
        let mut level = [T::default()];
        for_bias.fill_normal(&mut level);
        let mean = T::of(self.bias * 2.0) * (level[0] - T::of(0.5));
        for_noise.fill_normal(inputs);
        for x in inputs {
            *x = mean + deviation * *x;
        }
    }

    fn too_large<T: Real>(&self, b: usize) -> Error {
        let shape = vec![b, self.steps, 1];
        Error::Memory {
            op: self.of.into(),
            bytes: bytes(&shape, T::DTYPE),
            shape,
            limit: u64::MAX,
        }
    }
}
