//! Runs a network over a sequence, with its units, outputs and strips of P divided among threads.

use super::args::{Rls, RlsOptions, RunOutcome, Sequence};
use super::barrier::{Barrier, Pace, share};
use super::contention::{self, Pause};
use super::network::{Sizes, State, Weights};
use super::pending::Pending;
use super::recurrent_updates::RecurrentUpdates;
use super::recurrent_weights::RecurrentWeights;
use super::rls::Strip;
use super::segment::{Segment, SharedValues, UNITS_PER_BLOCK};
use super::vector::padded_len;
use super::worker::{Worker, WorkerResult};
use crate::ops::Lanes;
use crate::ops::parallel::split_front;

/// Number of units below which one thread runs alone: it finishes before a second one has started.
const MIN_PARALLEL_UNITS: usize = 400;

/// Runs a network from its current state over a sequence, and trains its weights if `rls` is given.
///
/// The z of the state must match its a (or be the signal fed back instead), as
/// [`super::update_output`] and previous runs ensure. A wR that is trained must be dense, as
/// [`super::RecurrentUpdates::new`] ensures. A run with an outcome other than
/// [`RunOutcome::Completed`] restores the state after the previous step.
pub fn run<T: Lanes>(
    sizes: Sizes,
    (weights, state): (&mut Weights<T>, &mut State<T>),
    leak: T,
    mut sequence: Sequence<'_, T>,
    mut rls: Option<Rls<'_, T>>,
) -> RunOutcome {
    let mut start = 0;
    loop {
        let network = (&mut *weights, &mut *state);
        let (outcome, next) =
            run_segment(sizes, network, leak, &mut sequence, (start, rls.as_mut()));
        start = next;
        if outcome != RunOutcome::Completed || start == sequence.steps {
            return outcome;
        }
    }
}

/// Runs until the end, until P needs its full matrix, or until the number of threads changes.
/// Returns the next step.
fn run_segment<T: Lanes>(
    sizes: Sizes,
    (weights, state): (&mut Weights<T>, &mut State<T>),
    leak: T,
    sequence: &mut Sequence<'_, T>,
    (start, mut rls): (usize, Option<&mut Rls<'_, T>>),
) -> (RunOutcome, usize) {
    let (threads, pause) = choose_threads(sizes.units, sequence.threads);
    let training = Training::new(rls.as_deref_mut());
    let barrier = Barrier::new(threads);
    let shared = SharedValues::new(sizes, threads, training.strips.len());
    let segment = Segment {
        sizes,
        threads,
        leak,
        barrier: &barrier,
        pause,
        shared: &shared,
        input: &weights.input,
        feedback: &weights.feedback,
        has_matrix: training.has_matrix,
        inputs: sequence.inputs,
        targets: training.targets,
        teacher_forcing: sequence.teacher_forcing,
        steps: start..sequence.steps,
    };
    let parts = Parts {
        recurrent: RecurrentWeights::new(&mut weights.recurrent, training.recurrent),
        a: &mut state.a,
        output_rows: &mut weights.output.data,
        strips: training.strips,
        results: Some((&mut *sequence.outputs, sequence.states.as_deref_mut())),
    };
    let result = run_workers(parts.divide(&segment, training.options.as_ref(), &state.z));
    state.z = result.z;
    if let (Some(rls), Some(pending)) = (rls, result.pending) {
        rls.inverse.set_pending(pending);
    }
    (result.outcome, result.next_step)
}

/// The number of threads for a network of n units, at most `max`, and the pause that limits it.
fn choose_threads(n: usize, max: usize) -> (usize, Option<Pause>) {
    let threads = match n < MIN_PARALLEL_UNITS {
        true => 1,
        false => max.min(n / UNITS_PER_BLOCK).max(1),
    };
    let pause = if threads > 1 {
        contention::pause()
    } else {
        None
    };
    (if pause.is_some() { 1 } else { threads }, pause)
}

/// Runs the workers, the first in this thread.
fn run_workers<T: Lanes>(mut workers: Vec<Worker<'_, T>>) -> WorkerResult<T> {
    let first = workers.remove(0);
    let result = std::thread::scope(|scope| {
        for worker in workers {
            scope.spawn(move || worker.run());
        }
        first.run()
    });
    if result.late {
        contention::begin_pause();
    }
    result
}

/// The learning rule of a segment; empty without training.
struct Training<'a, T> {
    targets: &'a [T],
    options: Option<(RlsOptions<T>, Pending<T>)>,
    has_matrix: bool,
    strips: Vec<Strip<'a, T>>,
    /// Targets of the recurrent weights and their pending updates.
    recurrent: Option<(&'a [T], &'a mut RecurrentUpdates<T>)>,
}

impl<'a, T: Lanes> Training<'a, T> {
    fn new(rls: Option<&'a mut Rls<'_, T>>) -> Training<'a, T> {
        let Some(rls) = rls else {
            return Training {
                targets: &[],
                options: None,
                has_matrix: false,
                strips: Vec::new(),
                recurrent: None,
            };
        };
        let recurrent = rls.recurrent.as_mut();
        Training {
            targets: rls.targets,
            options: Some((rls.options, rls.inverse.pending())),
            has_matrix: rls.inverse.has_matrix(),
            strips: rls.inverse.strips(),
            recurrent: recurrent.map(|targets| (targets.currents, &mut *targets.recurrence)),
        }
    }
}

/// The parts of a network and its results that no worker has yet.
struct Parts<'a, T> {
    recurrent: RecurrentWeights<'a, T>,
    a: &'a mut [T],
    output_rows: &'a mut [T],
    strips: Vec<Strip<'a, T>>,
    results: Option<(&'a mut [T], Option<&'a mut [T]>)>,
}

impl<'a, T: Lanes> Parts<'a, T> {
    /// Divides the parts among one worker per thread.
    fn divide(
        mut self,
        segment: &Segment<'a, T>,
        rls: Option<&(RlsOptions<T>, Pending<T>)>,
        z: &[T],
    ) -> Vec<Worker<'a, T>> {
        let Sizes {
            units: n,
            outputs: m,
            ..
        } = segment.sizes;
        let (threads, all, width) = (segment.threads, self.strips.len(), padded_len(n));
        let mut workers = Vec::with_capacity(threads);
        for k in 0..threads {
            let units = share(k, threads, n, UNITS_PER_BLOCK);
            let outputs = share(k, threads, m, 1);
            let own_strips = share(k, threads, all, 1).len();
            workers.push(Worker {
                segment: segment.clone(),
                thread: k,
                pace: Pace::default(),
                late: false,
                recurrent: self.recurrent.split_front(units.len(), width),
                a: split_front(&mut self.a, units.len()),
                units,
                output_rows: split_front(&mut self.output_rows, outputs.len() * width),
                outputs,
                strips: self.strips.drain(..own_strips).collect(),
                rls: rls.cloned(),
                z: z.to_vec(),
                results: self.results.take(),
            });
        }
        workers
    }
}
