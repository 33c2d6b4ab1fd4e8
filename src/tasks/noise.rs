//! The input of the integrator and decision tasks: white noise with a random mean for each trial.
//!
//! Source: the tutorials of "Computation through dynamics" (Sussillo and others). Their published
//! seeds produce the same trials here with the key layout `original`.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use crate::base::{Error, Result};
use crate::random::Key;
use crate::tensor::Real;
use crate::tensor::shape::size_in_bytes;
use crate::train::task::Trials;

/// The number of values from which on trials are generated in parallel; for fewer, the overhead
/// exceeds the gain.
const PARALLEL_THRESHOLD: usize = 1 << 15;
/// The number of trials that a thread generates at a time.
const TRIALS_PER_CHUNK: usize = 256;

/// White noise: `x_t = b + noise / sqrt(dt) N(0, 1)` with `b = bias 2 (N(0, 1) - 0.5)` drawn once
/// per trial and `dt = duration / steps`.
#[derive(Debug, Clone, Copy)]
pub struct Noise {
    /// The name of the task in errors.
    pub task: &'static str,
    /// t
    pub steps: usize,
    /// In seconds.
    pub duration: f64,
    /// Scale of the mean of a trial.
    pub bias: f64,
    /// Standard deviation for a time step of one second.
    pub noise: f64,
}

impl Noise {
    /// Fills inputs and targets, one value each per time step. `target` computes the targets of a
    /// trial from its inputs. The mask is unchanged.
    ///
    /// Errors: `Memory` if the number of values overflows
    pub fn fill<T: Real>(
        &self,
        key: &Key,
        trials: &mut Trials<T>,
        target: impl Fn(&[T], &mut [T]) + Sync,
    ) -> Result<()> {
        let (b, t) = (trials.trials, self.steps);
        let size = b.checked_mul(t).ok_or_else(|| self.memory_error::<T>(b))?;
        trials.time = t;
        trials.inputs.resize(size, T::default());
        trials.targets.resize(size, T::default());
        let fill = |(first, (inputs, targets)): (usize, (&mut [T], &mut [T]))| {
            let rows = inputs.chunks_mut(t).zip(targets.chunks_mut(t));
            for (i, (inputs, targets)) in rows.enumerate() {
                self.fill_trial(&key.split_nth(first * TRIALS_PER_CHUNK + i, b), inputs);
                target(inputs, targets);
            }
        };
        let (inputs, targets) = (&mut trials.inputs, &mut trials.targets);
        if size < PARALLEL_THRESHOLD {
            let targets = targets.chunks_mut(TRIALS_PER_CHUNK * t);
            let rows = inputs.chunks_mut(TRIALS_PER_CHUNK * t).zip(targets);
            rows.enumerate().for_each(fill);
        } else {
            let targets = targets.par_chunks_mut(TRIALS_PER_CHUNK * t);
            let rows = inputs.par_chunks_mut(TRIALS_PER_CHUNK * t).zip(targets);
            rows.enumerate().for_each(fill);
        }
        Ok(())
    }

    /// Fills the inputs of one trial from its key.
    fn fill_trial<T: Real>(&self, key: &Key, inputs: &mut [T]) {
        let std = T::of(self.noise / (self.duration / self.steps as f64).sqrt());
        let [_, bias_key, noise_key] = key.split_array();
        let mut level = [T::default()];
        bias_key.fill_normal(&mut level);
        let mean = T::of(self.bias * 2.0) * (level[0] - T::of(0.5));
        noise_key.fill_normal(inputs);
        for x in inputs {
            *x = mean + std * *x;
        }
    }

    fn memory_error<T: Real>(&self, b: usize) -> Error {
        let shape = vec![b, self.steps, 1];
        Error::Memory {
            op: self.task.into(),
            bytes: size_in_bytes(&shape, T::DTYPE),
            shape,
            limit: u64::MAX,
        }
    }
}
