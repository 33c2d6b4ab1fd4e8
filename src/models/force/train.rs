//! Passes of learning over a sequence.

use std::ops::Range;

use rayon::prelude::{IntoParallelRefMutIterator, ParallelIterator};

use super::Network;
use crate::base::options::Span;
use crate::base::{Outcome, Progress, Report, Standing};
use crate::ops::Lanes;
use crate::ops::force::{self, End, Goals, Inverse, Learning, Lesson, Recurrence, Sequence, Sizes};
use crate::options;

/// Weights that are read between two looks at whether the user wants an end: about a second's work
/// of a slow machine.
const BETWEEN: usize = 400_000_000;

options! {
    /// How a network learns.
    pub struct Training for "force::train" {
        /// How often the sequence is gone through.
        passes: usize = 1, in Span::from(1.0);
        /// Time steps between two changes of the weights, counted across passes and calls.
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
    /// Mean of |z - f| in each pass that was finished, z being the outputs before the weights
    /// change.
    pub errors: Vec<f64>,
    /// The outputs of the last pass, [t, m].
    pub outputs: Vec<T>,
    /// Whether it is P that a run which diverged has lost, and not the activity.
    pub lost: bool,
}

/// A network that learns.
pub struct Pupil<'a, T> {
    pub network: &'a mut Network<T>,
    /// The network whose currents the recurrent weights learn to make, while targets are fed back
    /// to it in place of its outputs; without one the readout learns alone.
    pub teacher: Option<&'a mut Network<T>>,
    /// f [t, m]
    pub targets: &'a [T],
    pub fit: Fit<T>,
}

impl<'a, T: Lanes> Pupil<'a, T> {
    pub fn new(network: &'a mut Network<T>, targets: &'a [T]) -> Pupil<'a, T> {
        Pupil {
            network,
            teacher: None,
            targets,
            fit: Fit {
                outcome: Outcome::MaxSteps,
                errors: Vec::new(),
                outputs: vec![T::of(0.0); targets.len()],
                lost: false,
            },
        }
    }
}

/// Lets some networks learn under the same inputs [t, i], side by side; each has the bits that it
/// would have alone. One that diverges leaves the others alone.
pub fn train<T: Lanes>(
    pupils: &mut [Pupil<'_, T>],
    inputs: &[T],
    options: &Training,
    progress: &mut dyn Progress,
) {
    let Some(steps) = pupils.iter().map(Pupil::steps).max() else {
        return;
    };
    pupils.iter_mut().for_each(|pupil| pupil.begin(options));
    let work: usize = pupils
        .iter()
        .map(|pupil| pupil.network.sizes.units.pow(2))
        .sum();
    let between = (BETWEEN / work.max(1)).clamp(32, 1024);
    let threads = rayon::current_num_threads().div_ceil(pupils.len());
    for pass in 0..options.passes {
        if options.restart {
            pupils.iter_mut().for_each(Pupil::restart);
        }
        for from in (0..steps).step_by(between) {
            let some = from..steps.min(from + between);
            let done = pass * steps + some.end;
            let begun = pass * steps + from;
            pupils.par_iter_mut().for_each(|pupil| {
                pupil.learn(inputs, (begun, some.clone()), options, threads);
            });
            if pupils.iter().all(|pupil| !pupil.is_well()) {
                return;
            }
            progress.report(Report {
                done,
                total: options.passes * steps,
                standing: Standing::Error {
                    error: error(pupils, some.end),
                },
            });
            if progress.stopped() {
                let well = pupils.iter_mut().filter(|pupil| pupil.is_well());
                well.for_each(|pupil| pupil.fit.outcome = Outcome::Interrupted { at: done });
                return;
            }
        }
        for pupil in pupils.iter_mut().filter(|pupil| pupil.is_well()) {
            pupil.fit.errors.push(pupil.error(steps));
        }
    }
}

/// The mean error of those that have not diverged, so many steps into a pass.
fn error<T: Lanes>(pupils: &[Pupil<'_, T>], steps: usize) -> f64 {
    let well = pupils.iter().filter(|pupil| pupil.is_well());
    let (sum, count) = well.fold((0.0, 0), |(sum, count), pupil| {
        (sum + pupil.error(steps), count + 1)
    });
    sum / f64::from(count)
}

impl<T: Lanes> Pupil<'_, T> {
    fn steps(&self) -> usize {
        self.targets.len() / self.network.sizes.outputs
    }

    fn is_well(&self) -> bool {
        self.fit.outcome == Outcome::MaxSteps
    }

    fn begin(&mut self, options: &Training) {
        let net = &mut *self.network;
        if self.teacher.is_none() || options.anew {
            net.flush_recurrent();
        }
        if net.inverse.is_none() || options.anew {
            net.inverse = Some(Inverse::new(net.sizes.units, T::of(options.alpha)));
        }
    }

    fn restart(&mut self) {
        self.network.restart();
        if let Some(teacher) = &mut self.teacher {
            teacher.restart();
        }
    }

    /// The mean distance of outputs from targets in the first steps of a pass.
    fn error(&self, steps: usize) -> f64 {
        let count = steps * self.network.sizes.outputs;
        let pairs = self.fit.outputs.iter().zip(self.targets).take(count);
        let sum: f64 = pairs.map(|(z, f)| (z.double() - f.double()).abs()).sum();
        sum / count as f64
    }

    /// Learns from some steps of a pass, of which `begun` went before in all passes.
    fn learn(
        &mut self,
        inputs: &[T],
        (begun, steps): (usize, Range<usize>),
        options: &Training,
        threads: usize,
    ) {
        if !self.is_well() {
            return;
        }
        let (i, m) = (self.network.sizes.inputs, self.network.sizes.outputs);
        let inputs = &inputs[steps.start * i..steps.end * i];
        let targets = &self.targets[steps.start * m..steps.end * m];
        let outputs = &mut self.fit.outputs[steps.start * m..steps.end * m];
        let call = Call {
            inputs,
            targets,
            options,
            threads,
        };
        let net = &mut *self.network;
        let end = match &mut self.teacher {
            None => net.learn(&call, steps.len(), outputs, None),
            Some(teacher) => net.learn_from(&call, outputs, teacher),
        };
        if let End::Diverged { at } | End::Lost { at } = end {
            self.fit.outcome = Outcome::Diverged { at: begun + at };
            self.fit.lost = matches!(end, End::Lost { .. });
        }
    }
}

/// What is learned in one segment.
struct Call<'a, T> {
    /// x [t, i]
    inputs: &'a [T],
    /// f [t, m]
    targets: &'a [T],
    options: &'a Training,
    threads: usize,
}

impl<T: Lanes> Network<T> {
    /// Learns targets [t, m] under inputs [t, i], alone.
    pub fn train(
        &mut self,
        [inputs, targets]: [&[T]; 2],
        options: &Training,
        progress: &mut dyn Progress,
    ) -> Fit<T> {
        let mut pupils = [Pupil::new(self, targets)];
        train(&mut pupils, inputs, options, progress);
        let [pupil] = pupils;
        pupil.fit
    }

    /// Learns from the first steps of a segment; wR too, if there are goals [t, n] for it.
    fn learn(
        &mut self,
        call: &Call<'_, T>,
        steps: usize,
        outputs: &mut [T],
        goals: Option<&[T]>,
    ) -> End {
        let sequence = Sequence {
            steps,
            threads: call.threads,
            inputs: call.inputs,
            fed: None,
            outputs,
            states: None,
        };
        if goals.is_some() && self.recurrence.is_none() {
            let recurrent = &mut self.weights.recurrent;
            self.recurrence = Some(Recurrence::new(recurrent, &mut self.state));
        }
        let recurrent = goals.zip(self.recurrence.as_mut());
        let lesson = Lesson {
            inverse: self.inverse.as_mut().expect("made before the first pass"),
            learning: Learning {
                every: call.options.every,
                forgetting: T::of(call.options.forgetting),
            },
            targets: call.targets,
            recurrent: recurrent.map(|(currents, recurrence)| Goals {
                currents,
                recurrence,
            }),
        };
        let rate = T::of(self.dt / self.tau);
        let parts = (&mut self.weights, &mut self.state);
        force::run(self.sizes, parts, rate, sequence, Some(lesson))
    }

    /// Learns the currents of a teacher. If either network fails, both stay where they were after
    /// the step before.
    fn learn_from(&mut self, call: &Call<'_, T>, outputs: &mut [T], teacher: &mut Self) -> End {
        teacher.flush_recurrent();
        let begin = teacher.state.clone();
        let goals = teacher.teach(call.inputs, call.targets, call.threads);
        let total = call.targets.len() / self.sizes.outputs;
        let steps = goals.len() / self.sizes.units;
        let mut end = self.learn(call, steps, outputs, Some(&goals));
        if end == End::Done && steps < total {
            end = End::Diverged { at: steps };
        }
        if let End::Diverged { at } | End::Lost { at } = end {
            teacher.state = begin;
            let targets = &call.targets[..at * self.sizes.outputs];
            teacher.teach(call.inputs, targets, call.threads);
        }
        end
    }

    /// The currents [t, n] that this network has while targets are fed back to it, as far as they
    /// are finite.
    fn teach(&mut self, inputs: &[T], targets: &[T], threads: usize) -> Vec<T> {
        let Sizes {
            units: n,
            outputs: m,
            ..
        } = self.sizes;
        let steps = targets.len() / m;
        let mut states = vec![T::of(0.0); steps * n];
        let end = self.run(Sequence {
            steps,
            threads,
            inputs,
            fed: Some(targets),
            outputs: &mut vec![T::of(0.0); targets.len()],
            states: Some(&mut states),
        });
        let count = match end {
            End::Done => steps,
            End::Diverged { at } | End::Lost { at } => at,
        };
        let mut currents = self.currents(&states[..count * n], &targets[..count * m]);
        if let Some(at) = currents.iter().position(|x| !x.is_finite()) {
            currents.truncate(at / n * n);
        }
        currents
    }
}
