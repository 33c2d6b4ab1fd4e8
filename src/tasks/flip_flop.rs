//! Bits to remember: each channel says which way its last pulse went.
//!
//! Source: the flip-flop of Sussillo and Barak 2013, "Opening the black box", section 3.1

use crate::base::Result;
use crate::base::options::{Options as _, Span};
use crate::random::Key;
use crate::tensor::Real;
use crate::train::task::{Shape, Task, Trials};

crate::options! {
    /// What the trials of the flip-flop are like.
    pub struct Options for "tasks::flip_flop" {
        /// Channels, each with an input and an output of its own.
        bits: usize = 3, in Span::from(1.0);
        /// Time steps of a trial.
        steps: usize = 64, in Span::from(1.0);
        /// How likely a pulse is, in each channel at each time.
        pulses: f64 = 0.1, in Span::between(0.0, 1.0);
    }
}

/// Bits to remember. An input is 1 or -1 where there is a pulse, as likely either way, else 0; the
/// target is the last pulse of its channel. At the first time every channel has a pulse, so that
/// there is always something to remember.
#[derive(Clone)]
pub struct FlipFlop {
    options: Options,
}

impl FlipFlop {
    /// Errors: `Range` if an option is outside its span.
    pub fn new(mut options: Options) -> Result<FlipFlop> {
        options.check()?;
        Ok(FlipFlop { options })
    }
}

impl<T: Real> Task<T> for FlipFlop {
    fn shape(&self) -> Shape {
        Shape {
            time: self.options.steps,
            inputs: self.options.bits,
            outputs: self.options.bits,
        }
    }

    fn fill(&self, key: &Key, trials: &mut Trials<T>) -> Result<()> {
        let Options {
            bits,
            steps,
            pulses,
        } = self.options;
        let [whether, which] = key.children();
        let count = trials.trials * steps * bits;
        trials.time = steps;
        trials.mask = None;
        trials.lengths = None;
        trials.inputs.resize(count, T::default());
        trials.targets.resize(count, T::default());
        whether.fill_uniform(T::of(0.0), T::of(1.0), &mut trials.inputs);
        which.fill_uniform(T::of(-1.0), T::of(1.0), &mut trials.targets);
        let inputs = trials.inputs.chunks_exact_mut(steps * bits);
        for (inputs, targets) in inputs.zip(trials.targets.chunks_exact_mut(steps * bits)) {
            for at in 0..steps * bits {
                let way = if targets[at].double() < 0.0 {
                    -1.0
                } else {
                    1.0
                };
                let pulse = at < bits || inputs[at].double() < pulses;
                inputs[at] = T::of(if pulse { way } else { 0.0 });
                targets[at] = if pulse {
                    inputs[at]
                } else {
                    targets[at - bits]
                };
            }
        }
        Ok(())
    }
}
