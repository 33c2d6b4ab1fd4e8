//! Training of FORCE networks over one or more passes through a sequence.

use std::ops::{ControlFlow, Range};

use rayon::prelude::{IntoParallelRefMutIterator, ParallelIterator};

use super::Network;
use crate::base::options::Span;
use crate::base::{Outcome, Progress, Report, Status};
use crate::ops::Lanes;
use crate::ops::force::{
    self, InverseCorrelation, RecurrentTargets, RecurrentUpdates, Rls, RlsOptions, RunOutcome,
    Sequence, Sizes,
};
use crate::options;

/// The number of weights read between two checks for an interrupt: about a second of work on a slow
/// machine.
const WEIGHTS_PER_CHECK: usize = 400_000_000;

options! {
    /// Options of FORCE training.
    pub struct TrainingOptions for "force::train" {
        /// Number of epochs, that is passes through the sequence.
        epochs: usize = 1, in Span::at_least(1.0);
        /// Time steps between weight updates, counted across epochs and calls.
        every: usize = 1, in Span::at_least(1.0);
        /// Initial scale of P, which is alpha times the identity matrix. A larger value makes
        /// initial learning faster and less stable; 1 / alpha is the weight of the L2 penalty.
        alpha: f64 = 1.0, in Span::above(0.0);
        /// Forgetting factor of recursive least squares: 1 weights all past errors equally, a value
        /// below 1 discounts them, for targets that change.
        forgetting: f64 = 1.0, in Span::between(0.5, 1.0);
        /// Reset the state at the start of every pass, instead of continuing from the end of the
        /// previous pass.
        restart: bool = false;
        /// Reset P at the start, instead of continuing with that of a previous training.
        reset_p: bool = false;
    }
}

/// The result of a training.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit<T> {
    pub outcome: Outcome,
    /// Mean of |z - f| in each completed pass, where z are the outputs before the weight update.
    pub errors: Vec<f64>,
    /// The outputs of the last pass, [t, m].
    pub outputs: Vec<T>,
    /// Whether P lost positive definiteness, rather than the activity diverging.
    pub p_not_positive: bool,
}

/// A network to be trained, with its targets.
pub struct Student<'a, T> {
    pub network: &'a mut Network<T>,
    /// The network whose currents are the targets of the recurrent weights, with teacher forcing of
    /// its feedback. Without it only the readout is trained.
    pub teacher: Option<&'a mut Network<T>>,
    /// f [t, m]
    pub targets: &'a [T],
    pub fit: Fit<T>,
}

impl<'a, T: Lanes> Student<'a, T> {
    pub fn new(network: &'a mut Network<T>, targets: &'a [T]) -> Student<'a, T> {
        Student {
            network,
            teacher: None,
            targets,
            fit: Fit {
                outcome: Outcome::MaxSteps,
                errors: Vec::new(),
                outputs: vec![T::of(0.0); targets.len()],
                p_not_positive: false,
            },
        }
    }
}

/// Trains several networks in parallel on the same inputs [t, i]. Each result equals that of
/// training alone, bit for bit. A network that diverges does not affect the others.
pub fn train<T: Lanes>(
    students: &mut [Student<'_, T>],
    inputs: &[T],
    options: &TrainingOptions,
    progress: &mut dyn Progress,
) {
    let Some(steps) = students.iter().map(Student::steps).max() else {
        return;
    };
    students
        .iter_mut()
        .for_each(|student| student.prepare(options));
    let steps_per_check = steps_per_check(students);
    let threads = rayon::current_num_threads().div_ceil(students.len());
    for pass in 0..options.epochs {
        if options.restart {
            students.iter_mut().for_each(Student::reset_state);
        }
        for from in (0..steps).step_by(steps_per_check) {
            let range = from..steps.min(from + steps_per_check);
            let offset = pass * steps + from;
            students.par_iter_mut().for_each(|student| {
                student.train_on(inputs, (offset, range.clone()), options, threads);
            });
            let report = |error| Report {
                done: pass * steps + range.end,
                total: options.epochs * steps,
                status: Status::Error { error },
            };
            if report_or_stop(students, range.end, report, progress).is_break() {
                return;
            }
        }
        for student in students.iter_mut().filter(|student| student.is_running()) {
            student.fit.errors.push(student.error(steps));
        }
    }
}

/// The number of steps between two checks for an interrupt.
fn steps_per_check<T: Lanes>(students: &[Student<'_, T>]) -> usize {
    let weights: usize = students
        .iter()
        .map(|student| student.network.sizes.units.pow(2))
        .sum();
    (WEIGHTS_PER_CHECK / weights.max(1)).clamp(32, 1024)
}

/// Reports the mean error of the networks after `steps` steps of a pass. Breaks if all of them have
/// diverged or if the training was interrupted.
fn report_or_stop<T: Lanes>(
    students: &mut [Student<'_, T>],
    steps: usize,
    report: impl Fn(f64) -> Report,
    progress: &mut dyn Progress,
) -> ControlFlow<()> {
    if students.iter().all(|student| !student.is_running()) {
        return ControlFlow::Break(());
    }
    let report = report(mean_error(students, steps));
    progress.report(report);
    if progress.stop_requested() {
        let at = report.done;
        let running = students.iter_mut().filter(|student| student.is_running());
        running.for_each(|student| student.fit.outcome = Outcome::Interrupted { at });
        return ControlFlow::Break(());
    }
    ControlFlow::Continue(())
}

/// The mean error of the networks that have not diverged, after `steps` steps of a pass.
fn mean_error<T: Lanes>(students: &[Student<'_, T>], steps: usize) -> f64 {
    let running = students.iter().filter(|student| student.is_running());
    let (sum, count) = running.fold((0.0, 0), |(sum, count), student| {
        (sum + student.error(steps), count + 1)
    });
    sum / f64::from(count)
}

impl<T: Lanes> Student<'_, T> {
    fn steps(&self) -> usize {
        self.targets.len() / self.network.sizes.outputs
    }

    fn is_running(&self) -> bool {
        self.fit.outcome == Outcome::MaxSteps
    }

    fn prepare(&mut self, options: &TrainingOptions) {
        let net = &mut *self.network;
        if self.teacher.is_none() || options.reset_p {
            net.flush_recurrent();
        }
        if net.inverse.is_none() || options.reset_p {
            net.inverse = Some(InverseCorrelation::new(
                net.sizes.units,
                T::of(options.alpha),
            ));
        }
    }

    fn reset_state(&mut self) {
        self.network.reset_state();
        if let Some(teacher) = &mut self.teacher {
            teacher.reset_state();
        }
    }

    /// The mean absolute error of the outputs in the first `steps` steps of a pass.
    fn error(&self, steps: usize) -> f64 {
        let count = steps * self.network.sizes.outputs;
        let pairs = self.fit.outputs.iter().zip(self.targets).take(count);
        let sum: f64 = pairs.map(|(z, f)| (z.double() - f.double()).abs()).sum();
        sum / count as f64
    }

    /// Trains on a range of steps of a pass. `offset` is the number of preceding steps in all
    /// passes.
    fn train_on(
        &mut self,
        inputs: &[T],
        (offset, steps): (usize, Range<usize>),
        options: &TrainingOptions,
        threads: usize,
    ) {
        if !self.is_running() {
            return;
        }
        let (i, m) = (self.network.sizes.inputs, self.network.sizes.outputs);
        let inputs = &inputs[steps.start * i..steps.end * i];
        let targets = &self.targets[steps.start * m..steps.end * m];
        let outputs = &mut self.fit.outputs[steps.start * m..steps.end * m];
        let segment = Segment {
            inputs,
            targets,
            options,
            threads,
        };
        let net = &mut *self.network;
        let end = match &mut self.teacher {
            None => net.train_segment(&segment, steps.len(), outputs, None),
            Some(teacher) => net.train_from_teacher(&segment, outputs, teacher),
        };
        if let RunOutcome::Diverged { at } | RunOutcome::NotPositive { at } = end {
            self.fit.outcome = Outcome::Diverged { at: offset + at };
            self.fit.p_not_positive = matches!(end, RunOutcome::NotPositive { .. });
        }
    }
}

/// The arguments of training on one segment.
struct Segment<'a, T> {
    /// x [t, i]
    inputs: &'a [T],
    /// f [t, m]
    targets: &'a [T],
    options: &'a TrainingOptions,
    threads: usize,
}

impl<T: Lanes> Network<T> {
    /// Trains this network alone on targets [t, m] with inputs [t, i].
    pub fn train(
        &mut self,
        [inputs, targets]: [&[T]; 2],
        options: &TrainingOptions,
        progress: &mut dyn Progress,
    ) -> Fit<T> {
        let mut students = [Student::new(self, targets)];
        train(&mut students, inputs, options, progress);
        let [student] = students;
        student.fit
    }

    /// Trains on the first `steps` steps of a segment; also trains wR if targets [t, n] of its
    /// currents are present.
    fn train_segment(
        &mut self,
        segment: &Segment<'_, T>,
        steps: usize,
        outputs: &mut [T],
        target_currents: Option<&[T]>,
    ) -> RunOutcome {
        let sequence = Sequence {
            steps,
            threads: segment.threads,
            inputs: segment.inputs,
            teacher_forcing: None,
            outputs,
            states: None,
        };
        if target_currents.is_some() && self.recurrence.is_none() {
            let recurrent = &mut self.weights.recurrent;
            self.recurrence = Some(RecurrentUpdates::new(recurrent, &mut self.state));
        }
        let recurrent = target_currents.zip(self.recurrence.as_mut());
        let rls = Rls {
            inverse: self
                .inverse
                .as_mut()
                .expect("created before the first pass"),
            options: RlsOptions {
                every: segment.options.every,
                forgetting: T::of(segment.options.forgetting),
            },
            targets: segment.targets,
            recurrent: recurrent.map(|(currents, recurrence)| RecurrentTargets {
                currents,
                recurrence,
            }),
        };
        let rate = T::of(self.dt / self.tau);
        let network = (&mut self.weights, &mut self.state);
        force::run(self.sizes, network, rate, sequence, Some(rls))
    }

    /// Trains on the currents of a teacher. If either network diverges, both keep the state before
    /// the step that failed.
    fn train_from_teacher(
        &mut self,
        segment: &Segment<'_, T>,
        outputs: &mut [T],
        teacher: &mut Self,
    ) -> RunOutcome {
        teacher.flush_recurrent();
        let initial_state = teacher.state.clone();
        let target_currents =
            teacher.teacher_currents(segment.inputs, segment.targets, segment.threads);
        let total = segment.targets.len() / self.sizes.outputs;
        let steps = target_currents.len() / self.sizes.units;
        let mut end = self.train_segment(segment, steps, outputs, Some(&target_currents));
        if end == RunOutcome::Completed && steps < total {
            end = RunOutcome::Diverged { at: steps };
        }
        if let RunOutcome::Diverged { at } | RunOutcome::NotPositive { at } = end {
            teacher.state = initial_state;
            let targets = &segment.targets[..at * self.sizes.outputs];
            teacher.teacher_currents(segment.inputs, targets, segment.threads);
        }
        end
    }

    /// The currents [t, n] of this network with teacher forcing, up to the first value that is not
    /// finite.
    fn teacher_currents(&mut self, inputs: &[T], targets: &[T], threads: usize) -> Vec<T> {
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
            teacher_forcing: Some(targets),
            outputs: &mut vec![T::of(0.0); targets.len()],
            states: Some(&mut states),
        });
        let count = match end {
            RunOutcome::Completed => steps,
            RunOutcome::Diverged { at } | RunOutcome::NotPositive { at } => at,
        };
        let mut currents = self.currents(&states[..count * n], &targets[..count * m]);
        if let Some(at) = currents.iter().position(|x| !x.is_finite()) {
            currents.truncate(at / n * n);
        }
        currents
    }
}
