//! The integration task: the target is the cumulative sum of white noise.
//!
//! Source: the integrator tutorial of "Computation through dynamics" (Sussillo and others).

use super::noise::Noise;
use crate::base::Result;
use crate::base::options::{Options as _, Span};
use crate::random::Key;
use crate::tensor::Real;
use crate::train::task::{Shape, Task, Trials};

crate::options! {
    /// Options of the integrator task.
    pub struct Options for "tasks::integrator" {
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

/// The integrator task: white noise as input, one output.
///
/// `x_t = b + noise / sqrt(dt) N(0, 1)` with `b = bias 2 (N(0, 1) - 0.5)` drawn once per trial and
/// `dt = duration / steps`. The target is `y_t = x_0 + ... + x_t`, without the factor `dt`, so that
/// outputs are of order 1.
#[derive(Clone)]
pub struct Integrator {
    noise: Noise,
}

impl Integrator {
    /// Errors: `Range` if an option is out of range.
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
                task: Options::OF,
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
