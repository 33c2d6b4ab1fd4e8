//! Integration of white noise: the target is the running sum of the input.
//!
//! Source: the integrator tutorial of "Computation through dynamics" (Sussillo and others), whose
//! published seeds give the same trials here in the layout `original`.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use crate::base::options::{Options as _, Span};
use crate::base::{Error, Result};
use crate::random::Key;
use crate::tensor::Real;
use crate::tensor::shape::bytes;
use crate::train::task::{Shape, Task, Trials};

/// Numbers from which on trials are made on several threads; below, that costs more than it gains.
const PARALLEL: usize = 1 << 15;
/// Trials that one thread makes at a time.
const TRIALS: usize = 256;

crate::options! {
    /// What the trials of the integrator are like.
    pub struct Options for "tasks::integrator" {
        /// Time steps of a trial.
        steps: usize = 25, in Span::from(1.0);
        /// How long a trial lasts, in seconds.
        duration: f64 = 1.0, in Span::above(0.0);
        /// Size of the constant part of the input, which is `bias 2 (N(0, 1) - 0.5)` a trial.
        bias: f64 = 0.01, in Span::from(0.0);
        /// Standard deviation of the noise in the input at a time step of one second.
        noise: f64 = 0.025, in Span::from(0.0);
    }
}

/// White noise to integrate: one input, one output.
///
/// `x_t = b + noise / sqrt(dt) N(0, 1)` with `b = bias 2 (N(0, 1) - 0.5)` drawn once a trial and
/// `dt = duration / steps`; the target is `y_t = x_0 + ... + x_t`, without `dt`, so that outputs
/// are of order 1.
#[derive(Clone)]
pub struct Integrator {
    options: Options,
}

impl Integrator {
    /// Errors: `Range` if an option is outside its span.
    pub fn new(mut options: Options) -> Result<Integrator> {
        options.check()?;
        Ok(Integrator { options })
    }

    /// The options of this task.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Fills one trial from its own key.
    fn trial<T: Real>(&self, key: &Key, inputs: &mut [T], targets: &mut [T]) {
        let Options {
            steps,
            duration,
            bias,
            noise,
        } = self.options;
        let deviation = T::of(noise / (duration / steps as f64).sqrt());
        let [_, for_bias, for_noise] = key.children();
        let mut level = [T::default()];
        for_bias.fill_normal(&mut level);
        let mean = T::of(bias * 2.0) * (level[0] - T::of(0.5));
        for_noise.fill_normal(inputs);
        let mut sum = T::default();
        for (x, y) in inputs.iter_mut().zip(targets) {
            *x = mean + deviation * *x;
            sum += *x;
            *y = sum;
        }
    }
}

impl<T: Real> Task<T> for Integrator {
    fn shape(&self) -> Shape {
        Shape {
            time: self.options.steps,
            inputs: 1,
            outputs: 1,
        }
    }

    fn fill(&self, key: &Key, trials: &mut Trials<T>) -> Result<()> {
        let (b, t) = (trials.trials, self.options.steps);
        let size = b.checked_mul(t).ok_or_else(|| too_large::<T>(b, t))?;
        trials.time = t;
        trials.mask = None;
        trials.inputs.resize(size, T::default());
        trials.targets.resize(size, T::default());
        let fill = |(first, (inputs, targets)): (usize, (&mut [T], &mut [T]))| {
            let rows = inputs.chunks_mut(t).zip(targets.chunks_mut(t));
            for (i, (inputs, targets)) in rows.enumerate() {
                self.trial(&key.child(first * TRIALS + i, b), inputs, targets);
            }
        };
        if size < PARALLEL {
            let rows = trials
                .inputs
                .chunks_mut(TRIALS * t)
                .zip(trials.targets.chunks_mut(TRIALS * t));
            rows.enumerate().for_each(fill);
        } else {
            let inputs = trials.inputs.par_chunks_mut(TRIALS * t);
            inputs
                .zip(trials.targets.par_chunks_mut(TRIALS * t))
                .enumerate()
                .for_each(fill);
        }
        Ok(())
    }
}

fn too_large<T: Real>(b: usize, t: usize) -> Error {
    Error::Memory {
        op: "tasks::integrator".into(),
        shape: vec![b, t, 1],
        bytes: bytes(&[b, t, 1], T::DTYPE),
        limit: u64::MAX,
    }
}
