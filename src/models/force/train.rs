//! Passes of learning over a sequence.

use std::ops::Range;

use rayon::prelude::{IntoParallelRefMutIterator, ParallelIterator};

use super::Network;
use crate::base::options::Span;
use crate::base::{Outcome, Progress, Report, Standing};
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
        let net = &mut *self.network;
        let (i, m) = (net.sizes.inputs, net.sizes.outputs);
        let inputs = &inputs[steps.start * i..steps.end * i];
        let those = steps.start * m..steps.end * m;
        let targets = &self.targets[those.clone()];
        let taught = self
            .teacher
            .as_mut()
            .map(|teacher| teacher.teach(inputs, targets, threads));
        let goals = match taught.transpose() {
            Ok(goals) => goals,
            Err(at) => {
                self.fit.outcome = Outcome::Diverged { at: begun + at };
                return;
            }
        };
        let sequence = Sequence {
            steps: steps.len(),
            threads,
            inputs,
            fed: None,
            outputs: &mut self.fit.outputs[those],
            states: None,
        };
        let lesson = Lesson {
            inverse: net.inverse.as_mut().expect("made before the first pass"),
            learning: Learning {
                every: options.every,
                first: steps.start,
                forgetting: T::of(options.forgetting),
            },
            targets,
            goals: goals.as_deref(),
        };
        let rate = T::of(net.dt / net.tau);
        let parts = (&mut net.weights, &mut net.state);
        let end = force::run(net.sizes, parts, rate, sequence, Some(lesson));
        if let End::Diverged { at } | End::Lost { at } = end {
            self.fit.outcome = Outcome::Diverged { at: begun + at };
            self.fit.lost = matches!(end, End::Lost { .. });
        }
    }
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

    /// The currents [t, n] that this network has while targets are fed back to it; or the step
    /// after which they are not finite.
    fn teach(&mut self, inputs: &[T], targets: &[T], threads: usize) -> Result<Vec<T>, usize> {
        let steps = targets.len() / self.sizes.outputs;
        let mut outputs = vec![T::of(0.0); targets.len()];
        let mut states = vec![T::of(0.0); steps * self.sizes.units];
        let end = self.run(Sequence {
            steps,
            threads,
            inputs,
            fed: Some(targets),
            outputs: &mut outputs,
            states: Some(&mut states),
        });
        match end {
            End::Done => Ok(self.currents(&states, targets)),
            End::Diverged { at } | End::Lost { at } => Err(at),
        }
    }
}
