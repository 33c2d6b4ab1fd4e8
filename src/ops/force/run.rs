//! Runs a network over a sequence, with its units, outputs and strips of P divided among threads.

use super::args::{Rls, RunOutcome, Sequence};
use super::barrier::{Barrier, Pace, share};
use super::contention;
use super::matrix::Matrix;
use super::network::{Sizes, State, Weights};
use super::recurrent_weights::RecurrentWeights;
use super::vector::padded_len;
use super::worker::{SharedValues, UNITS_PER_BLOCK, Worker};
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
    let Sizes {
        units: n,
        outputs: m,
        ..
    } = sizes;
    let max_threads = match n < MIN_PARALLEL_UNITS {
        true => 1,
        false => sequence.threads.min(n / UNITS_PER_BLOCK).max(1),
    };
    let pause = if max_threads > 1 {
        contention::pause()
    } else {
        None
    };
    let threads = if pause.is_some() { 1 } else { max_threads };
    let width = padded_len(n);
    let (mut targets, mut recurrent_targets, mut options) = (&[][..], None, None);
    let (mut has_matrix, mut strips) = (false, Vec::new());
    if let Some(rls) = &mut rls {
        targets = rls.targets;
        recurrent_targets = rls.recurrent.as_mut();
        options = Some((rls.options, rls.inverse.pending()));
        has_matrix = rls.inverse.has_matrix();
        strips = rls.inverse.strips();
    }
    let all = strips.len();
    let (barrier, shared) = (
        Barrier::new(threads),
        SharedValues::new(sizes, threads, all),
    );
    let (fixed, mut learned) = match (&recurrent_targets, &mut weights.recurrent) {
        (Some(_), Matrix::Dense(dense)) => (None, dense.data.as_mut_slice()),
        (_, fixed) => (Some(&*fixed), &mut [][..]),
    };
    let (mut errors, mut recurrent_input, mut currents) = (&mut [][..], &mut [][..], &[][..]);
    if let Some(recurrent_targets) = recurrent_targets {
        currents = recurrent_targets.currents;
        (errors, recurrent_input) = (
            &mut recurrent_targets.recurrence.errors,
            &mut recurrent_targets.recurrence.recurrent_input,
        );
    }
    let (mut a, mut output_rows) = (state.a.as_mut_slice(), weights.output.data.as_mut_slice());
    let mut workers = Vec::with_capacity(threads);
    let mut results = Some((&mut *sequence.outputs, sequence.states.as_deref_mut()));
    for k in 0..threads {
        let (units, outputs) = (
            share(k, threads, n, UNITS_PER_BLOCK),
            share(k, threads, m, 1),
        );
        let own_strips = share(k, threads, all, 1).len();
        let recurrent = match fixed {
            Some(matrix) => RecurrentWeights::Fixed(matrix),
            None => RecurrentWeights::Trained {
                rows: split_front(&mut learned, units.len() * width),
                targets: currents,
                errors: split_front(&mut errors, units.len()),
                recurrent_input: split_front(&mut recurrent_input, units.len()),
            },
        };
        workers.push(Worker {
            thread: (k, threads),
            sizes,
            leak,
            barrier: &barrier,
            pace: Pace::default(),
            pause,
            late: false,
            shared: &shared,
            input: &weights.input,
            recurrent,
            feedback: &weights.feedback,
            a: split_front(&mut a, units.len()),
            units,
            output_rows: split_front(&mut output_rows, outputs.len() * width),
            outputs,
            strips: strips.drain(..own_strips).collect(),
            has_matrix,
            rls: options.clone(),
            inputs: sequence.inputs,
            targets,
            teacher_forcing: sequence.teacher_forcing,
            steps: start..sequence.steps,
            z: state.z.clone(),
            results: results.take(),
        });
    }
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
    state.z = result.z;
    if let (Some(rls), Some(pending)) = (rls, result.pending) {
        rls.inverse.set_pending(pending);
    }
    (result.outcome, result.next_step)
}
