//! Integration of white noise: the target is the running sum of the input.
//!
//! Source: the integrator tutorial of "Computation through dynamics" (Sussillo and others).

use super::noise::Noise;
use crate::base::Result;
use crate::base::options::{Options as _, Span};
use crate::random::Key;
use crate::tensor::Real;
use crate::train::task::{Shape, Task, Trials};

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
    noise: Noise,
}

impl Integrator {
    /// Errors: `Range` if an option is outside its span.
    pub fn new(mut options: Options) -> Result<Integrator> {
        options.check()?;
        let Options {
            steps,
            duration,
            bias,
            noise,
        } = options;
        Ok(Integrator {
            noise: Noise {
                of: Options::OF,
                steps,
                duration,
                bias,
                noise,
            },
        })
    }
}

impl<T: Real> Task<T> for Integrator {
    fn shape(&self) -> Shape {
        Shape {
            time: self.noise.steps,
            inputs: 1,
            outputs: 1,
        }
    }

    fn fill(&self, key: &Key, trials: &mut Trials<T>) -> Result<()> {
        trials.mask = None;
        self.noise.fill(key, trials, |inputs, targets| {
            let mut sum = T::default();
            for (x, y) in inputs.iter().zip(targets) {
                sum += *x;
                *y = sum;
            }
        })
    }
}
