//! The flip-flop memory task: each output channel retains the sign of the last pulse of its input
//! channel.
//!
//! Source: the flip-flop of Sussillo and Barak 2013, "Opening the black box", section 3.1

use crate::base::Result;
use crate::base::options::{Options as _, Span};
use crate::random::Key;
use crate::tensor::Real;
use crate::train::task::{Shape, Task, Trials};

crate::options! {
    /// Options of the flip-flop task.
    pub struct Options for "tasks::flip_flop" {
        /// Number of channels, each with one input and one output.
        bits: usize = 3, in Span::at_least(1.0);
        /// Number of time steps per trial.
        steps: usize = 64, in Span::at_least(1.0);
        /// Probability of a pulse per channel and time step.
        pulses: f64 = 0.1, in Span::between(0.0, 1.0);
    }
}

/// The flip-flop task. An input is 1 or -1 with equal probability at a pulse, otherwise 0. The
/// target is the value of the last pulse of its channel. Every channel has a pulse at the first
/// time step, so that the target is always defined.
#[derive(Clone)]
pub struct FlipFlop {
    options: Options,
}

impl FlipFlop {
    /// Errors: `Range` if an option is out of range.
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
        let [pulse_key, sign_key] = key.split_array();
        let count = trials.trials * steps * bits;
        trials.time = steps;
        trials.mask = None;
        trials.lengths = None;
        trials.inputs.resize(count, T::default());
        trials.targets.resize(count, T::default());
        pulse_key.fill_uniform(T::of(0.0), T::of(1.0), &mut trials.inputs);
        sign_key.fill_uniform(T::of(-1.0), T::of(1.0), &mut trials.targets);
        let inputs = trials.inputs.chunks_exact_mut(steps * bits);
        for (inputs, targets) in inputs.zip(trials.targets.chunks_exact_mut(steps * bits)) {
            for at in 0..steps * bits {
                let sign = if targets[at].double() < 0.0 {
                    -1.0
                } else {
                    1.0
                };
                let pulse = at < bits || inputs[at].double() < pulses;
                inputs[at] = T::of(if pulse { sign } else { 0.0 });
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
