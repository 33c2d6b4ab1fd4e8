//! The integration task: the target is the cumulative sum of white noise.
//!
//! Source: the integrator tutorial of "Computation through dynamics" (Sussillo and others).

use super::noise::{Noise, NoiseOptions};
use crate::base::Result;
use crate::base::options::Options as _;
use crate::random::Key;
use crate::tensor::Real;
use crate::train::task::{Shape, Task, Trials};

crate::options! {
    /// Options of the integrator task.
    pub struct Options(NoiseOptions) for "tasks::integrator";
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
        Ok(Integrator {
            noise: Noise {
                task: Options::OF,
                options: options.0,
            },
        })
    }
}

impl<T: Real> Task<T> for Integrator {
    fn shape(&self) -> Shape {
        self.noise.shape()
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
