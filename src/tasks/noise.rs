//! The input of the integrator and decision tasks: white noise with a random mean for each trial.
//!
//! Source: the tutorials of "Computation through dynamics" (Sussillo and others). Their published
//! seeds produce the same trials here with the key layout `original`.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use crate::base::options::Span;
use crate::base::{Error, Result};
use crate::random::Key;
use crate::tensor::Real;
use crate::tensor::shape::size_in_bytes;
use crate::train::task::{Shape, Trials};

/// The number of values from which on trials are generated in parallel; for fewer, the overhead
/// exceeds the gain.
const PARALLEL_THRESHOLD: usize = 1 << 15;
/// The number of trials that a thread generates at a time.
const TRIALS_PER_CHUNK: usize = 256;

crate::options! {
    /// Options of the tasks whose input is white noise.
    pub struct NoiseOptions for "tasks" {
        /// Number of time steps per trial.
        steps: usize = 25, in Span::at_least(1.0);
        /// Duration of a trial in seconds.
        duration: f64 = 1.0, in Span::above(0.0);
        /// Scale of the constant input component, which is `bias 2 (N(0, 1) - 0.5)` in each trial.
        bias: f64 = 0.01, in Span::at_least(0.0);
        /// Standard deviation of the input noise for a time step of one second.
        noise: f64 = 0.025, in Span::at_least(0.0);
    }
}

/// White noise: `x_t = b + noise / sqrt(dt) N(0, 1)` with `b = bias 2 (N(0, 1) - 0.5)` drawn once
/// per trial and `dt = duration / steps`.
#[derive(Clone)]
pub struct Noise {
    /// The name of the task in errors.
    pub task: &'static str,
    pub options: NoiseOptions,
}

impl Noise {
    /// The shape of a task with one input and one output.
    pub fn shape(&self) -> Shape {
        Shape {
            time: self.options.steps,
            inputs: 1,
            outputs: 1,
        }
    }

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
        let (b, t) = (trials.trials, self.options.steps);
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
        let NoiseOptions {
            steps,
            duration,
            bias,
            noise,
        } = self.options;
        let std = T::of(noise / (duration / steps as f64).sqrt());
        let [_, bias_key, noise_key] = key.split_array();
        let mut level = [T::default()];
        bias_key.fill_normal(&mut level);
        let mean = T::of(bias * 2.0) * (level[0] - T::of(0.5));
        noise_key.fill_normal(inputs);
        for x in inputs {
            *x = mean + std * *x;
        }
    }

    fn memory_error<T: Real>(&self, b: usize) -> Error {
        let shape = vec![b, self.options.steps, 1];
        Error::Memory {
            op: self.task.into(),
            bytes: size_in_bytes(&shape, T::DTYPE),
            shape,
            limit: u64::MAX,
        }
    }
}
