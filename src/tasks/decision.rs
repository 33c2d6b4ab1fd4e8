//! A decision task on white noise: at the last time step the network reports whether the sum of its
//! inputs is positive.
//!
//! Source: the binary decision tutorial of "Computation through dynamics" (Sussillo and others).

use super::noise::Noise;
use crate::base::Result;
use crate::base::options::{Options as _, Span};
use crate::random::Key;
use crate::tensor::Real;
use crate::train::task::{Shape, Task, Trials};

crate::options! {
    /// Options of the decision task.
    pub struct Options for "tasks::decision" {
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

/// The decision task: white noise as input, one output.
///
/// Equal keys produce the inputs of [`super::Integrator`]. The target at the last time step is 1 if
/// the sum of the inputs is positive, otherwise -1. At earlier time steps the targets and the mask
/// are 0.
#[derive(Clone)]
pub struct Decision {
    noise: Noise,
}

impl Decision {
    /// Errors: `Range` if an option is out of range.
    pub fn new(mut options: Options) -> Result<Decision> {
        options.check()?;
        let Options {
            steps,
            duration,
            bias,
            noise,
        } = options;
        Ok(Decision {
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

impl<T: Real> Task<T> for Decision {
    fn shape(&self) -> Shape {
        Shape {
            time: self.noise.steps,
            inputs: 1,
            outputs: 1,
        }
    }

    fn fill(&self, key: &Key, trials: &mut Trials<T>) -> Result<()> {
        let [negative, positive] = [-1.0, 1.0].map(T::of);
        self.noise.fill(key, trials, |inputs, targets| {
            let mut sum = T::default();
            inputs.iter().for_each(|x| sum += *x);
            targets.fill(T::default());
            if let Some(last) = targets.last_mut() {
                *last = if sum > T::default() {
                    positive
                } else {
                    negative
                };
            }
        })?;
        let mask = trials.mask.get_or_insert_default();
        mask.clear();
        mask.resize(trials.inputs.len(), T::default());
        mask.chunks_exact_mut(self.noise.steps)
            .for_each(|times| times[self.noise.steps - 1] = positive);
        Ok(())
    }
}
