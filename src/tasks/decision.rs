//! A decision about white noise: at the last time, and there alone, the network is to say whether
//! the sum of its input is above zero.
//!
//! Source: the binary decision tutorial of "Computation through dynamics" (Sussillo and others).

use super::noise::Noise;
use crate::base::Result;
use crate::base::options::{Options as _, Span};
use crate::random::Key;
use crate::tensor::Real;
use crate::train::task::{Shape, Task, Trials};

crate::options! {
    /// What the trials of the decision are like.
    pub struct Options for "tasks::decision" {
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

/// White noise to decide about: one input, one output.
///
/// The same key gives the same inputs as [`super::Integrator`]. The target of the last time is 1
/// where the sum of the inputs is above 0, else -1; before, targets and mask are 0.
#[derive(Clone)]
pub struct Decision {
    noise: Noise,
}

impl Decision {
    /// Errors: `Range` if an option is outside its span.
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
                of: Options::OF,
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
        let [no, yes] = [-1.0, 1.0].map(T::of);
        self.noise.fill(key, trials, |inputs, targets| {
            let mut sum = T::default();
            inputs.iter().for_each(|x| sum += *x);
            targets.fill(T::default());
            if let Some(last) = targets.last_mut() {
                *last = if sum > T::default() { yes } else { no };
            }
        })?;
        let mask = trials.mask.get_or_insert_default();
        mask.clear();
        mask.resize(trials.inputs.len(), T::default());
        mask.chunks_exact_mut(self.noise.steps)
            .for_each(|times| times[self.noise.steps - 1] = yes);
        Ok(())
    }
}
