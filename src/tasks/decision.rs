//! A decision task on white noise: at the last time step the network reports whether the sum of its
//! inputs is positive.
//!
//! Source: the binary decision tutorial of "Computation through dynamics" (Sussillo and others).

use super::noise::{Noise, NoiseOptions};
use crate::base::Result;
use crate::base::options::Options as _;
use crate::random::Key;
use crate::tensor::Real;
use crate::train::task::{Shape, Task, Trials};

crate::options! {
    /// Options of the decision task.
    pub struct Options(NoiseOptions) for "tasks::decision";
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
        Ok(Decision {
            noise: Noise {
                task: Options::OF,
                options: options.0,
            },
        })
    }
}

impl<T: Real> Task<T> for Decision {
    fn shape(&self) -> Shape {
        self.noise.shape()
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
        mask.chunks_exact_mut(self.noise.options.steps)
            .for_each(|times| times[self.noise.options.steps - 1] = positive);
        Ok(())
    }
}
