//! Passes of learning over a sequence.

use super::Network;
use crate::base::options::Span;
use crate::base::{Outcome, Progress, Report, Result, Standing};
use crate::ops::Lanes;
use crate::ops::force::{self, End, Inverse, Learning, Lesson, Sequence};
use crate::options;

/// Weights that are read between two looks at whether the user wants an end: about a second's work
/// of a slow machine.
const BETWEEN: usize = 400_000_000;

options! {
    /// How a network learns.
    pub struct Training for "force::train" {
        /// How often the sequence is gone through.
        passes: usize = 1, in Span::from(1.0);
        /// Steps between two changes of the weights.
        every: usize = 1, in Span::from(1.0);
        /// P is this times 1 at the start: the larger, the faster and the less regular learning
        /// begins; 1 / alpha is the weight of the squared weights in what is least.
        alpha: f64 = 1.0, in Span::above(0.0);
        /// What a change keeps of the past: 1 for all of it, below 1 for targets that change.
        forgetting: f64 = 1.0, in Span::between(0.5, 1.0);
        /// Whether every pass begins where the network does, not where the one before ended.
        restart: bool = false;
        /// Whether P begins anew, if there is one from a training before.
        anew: bool = false;
    }
}

/// What a training came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit<T> {
    pub outcome: Outcome,
    /// Mean of |z - f| in each pass, z being the outputs before the weights change.
    pub errors: Vec<f64>,
    /// The outputs of the last pass, [t, m].
    pub outputs: Vec<T>,
}

impl<T: Lanes> Network<T> {
    /// Learns targets [t, m] under inputs [t, i].
    ///
    /// Errors: those of the options
    pub fn train(
        &mut self,
        [inputs, targets]: [&[T]; 2],
        options: &Training,
        progress: &mut dyn Progress,
    ) -> Result<Fit<T>> {
        let m = self.sizes.outputs;
        let steps = targets.len() / m;
        if self.inverse.is_none() || options.anew {
            self.inverse = Some(Inverse::new(self.sizes.units, T::of(options.alpha)));
        }
        let between = (BETWEEN / self.sizes.units.pow(2)).clamp(32, 1024);
        let mut fit = Fit {
            outcome: Outcome::MaxSteps,
            errors: Vec::new(),
            outputs: vec![T::of(0.0); targets.len()],
        };
        for pass in 0..options.passes {
            if options.restart {
                self.restart();
            }
            for from in (0..steps).step_by(between) {
                let some = from..steps.min(from + between);
                let end = self.learn([inputs, targets], some.clone(), options, &mut fit.outputs);
                let at = pass * steps + some.end;
                match end {
                    End::Done => {}
                    End::Diverged { at } | End::Lost { at } => {
                        fit.outcome = Outcome::Diverged {
                            at: pass * steps + from + at,
                        };
                        return Ok(fit);
                    }
                }
                progress.report(Report {
                    done: at,
                    total: options.passes * steps,
                    standing: Standing::Error {
                        error: apart(&fit.outputs[..some.end * m], targets),
                    },
                });
                if progress.stopped() {
                    fit.outcome = Outcome::Interrupted { at };
                    return Ok(fit);
                }
            }
            fit.errors.push(apart(&fit.outputs, targets));
        }
        Ok(fit)
    }

    fn learn(
        &mut self,
        [inputs, targets]: [&[T]; 2],
        steps: std::ops::Range<usize>,
        options: &Training,
        outputs: &mut [T],
    ) -> End {
        let (i, m) = (self.sizes.inputs, self.sizes.outputs);
        let sequence = Sequence {
            steps: steps.len(),
            inputs: &inputs[steps.start * i..steps.end * i],
            fed: None,
            outputs: &mut outputs[steps.start * m..steps.end * m],
            states: None,
        };
        let learning = Learning {
            every: options.every,
            first: steps.start,
            forgetting: T::of(options.forgetting),
        };
        let inverse = self.inverse.as_mut().expect("made before the first pass");
        let lesson = Lesson {
            inverse,
            learning,
            targets: &targets[steps.start * m..steps.end * m],
            goals: None,
        };
        let rate = T::of(self.dt / self.tau);
        let network = (&mut self.weights, &mut self.state);
        force::run(
            self.sizes,
            network,
            rate,
            sequence,
            Some(lesson),
        )
    }
}

/// The mean distance of outputs from targets, as far as there are outputs.
fn apart<T: Lanes>(outputs: &[T], targets: &[T]) -> f64 {
    let pairs = outputs.iter().zip(targets);
    let sum: f64 = pairs.map(|(z, f)| (z.double() - f.double()).abs()).sum();
    sum / outputs.len() as f64
}
