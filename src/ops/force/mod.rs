//! The FORCE network over all time steps of a sequence as one operation, with or without training
//! by recursive least squares (RLS).
//!
//! ```text
//! a' = a + r (-a + wI x + wR h + wF z)     h = tanh(a')     z = wO h      r = dt / tau
//! q = P h    s = 1 / (l + h . q)    P <- (P - s q q') / l    wO <- wO - s (z - f) q'
//! ```
//!
//! z is the output before the weight update, and z is the signal that is fed back.
//!
//! A time step reads wR once and one triangle of P once, so memory bandwidth limits its speed.
//! Threads divide both matrices, and each thread always works on the same part (see [`barrier`]).
//! Sums run over rows and over strips whose number depends only on the size of the network, so
//! results have the same bits for any number of threads.
//!
//! Source: Sussillo and Abbott 2009

pub mod barrier;
mod contention;
mod matrix;
mod packed_symmetric;
mod pending;
mod rank1_updates;
mod recurrent_updates;
mod rls;
mod worker;

use pulp::{Arch, Simd, WithSimd};

use super::Lanes;
use super::parallel::split_front;
use super::simd::math::tanh;
use barrier::{Barrier, Pace, share};
pub use matrix::{Dense, Matrix, padded_len};
pub use recurrent_updates::RecurrentUpdates;
pub use rls::{InverseCorrelation, InverseParts};
use worker::{RecurrentWeights, SharedValues, Worker};

/// Number of units below which one thread runs alone: it finishes before a second one has started.
const MIN_PARALLEL_UNITS: usize = 400;
/// The number of units of a thread is a multiple of this.
const UNITS_PER_BLOCK: usize = 16;

/// Sizes of a network: n units, i inputs, m outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    pub units: usize,
    pub inputs: usize,
    pub outputs: usize,
}

/// Weights of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights<T> {
    /// wI [n, i]
    pub input: Dense<T>,
    /// wR [n, n]
    pub recurrent: Matrix<T>,
    /// wF [n, m]
    pub feedback: Dense<T>,
    /// wO [m, n]
    pub output: Dense<T>,
}

/// State of a network: pre-activations a [n] and the output z [m] of the previous time step.
#[derive(Debug, Clone, PartialEq)]
pub struct State<T> {
    pub a: Vec<T>,
    pub z: Vec<T>,
}

/// Options of recursive least squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RlsOptions<T> {
    /// Number of time steps from one update to the next, counted across runs.
    pub every: usize,
    /// Forgetting factor l: weight of the previous correlations at each update.
    pub forgetting: T,
}

/// Inputs of a sequence and the buffers for its results.
pub struct Sequence<'a, T> {
    pub steps: usize,
    /// Maximum number of threads; results have the same bits for any value.
    pub threads: usize,
    /// x [t, i]
    pub inputs: &'a [T],
    /// Signal that is fed back after each step instead of z, [t, m].
    pub teacher_forcing: Option<&'a [T]>,
    /// Buffer for the network's own output z, [t, m].
    pub outputs: &'a mut [T],
    /// Buffer for h, [t, n], if requested.
    pub states: Option<&'a mut [T]>,
}

/// Training on a sequence by recursive least squares.
pub struct Rls<'a, T> {
    pub inverse: &'a mut InverseCorrelation<T>,
    pub options: RlsOptions<T>,
    /// f [t, m]
    pub targets: &'a [T],
    /// Targets of the recurrent weights, if wR is trained as well.
    pub recurrent: Option<RecurrentTargets<'a, T>>,
}

/// Training targets of the recurrent weights.
pub struct RecurrentTargets<'a, T> {
    /// Target of wR h + wF z after each step, [t, n].
    pub currents: &'a [T],
    pub recurrence: &'a mut RecurrentUpdates<T>,
}

/// Outcome of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// All steps ran.
    Completed,
    /// A value was not finite after step `at`.
    Diverged { at: usize },
    /// h . P h was negative or not finite at step `at`. Either rounding errors made P indefinite,
    /// or P overflowed: with forgetting it grows in directions without activity.
    NotPositive { at: usize },
}

/// Sets the output z to the one of the current pre-activations a.
pub fn update_output<T: Lanes>(weights: &Weights<T>, state: &mut State<T>) {
    let mut h = vec![T::of(0.0); padded_len(state.a.len())];
    apply_tanh(&mut state.a, &mut h);
    state.z.fill(T::of(0.0));
    weights.output.add_product(0, &h, &mut state.z);
}

/// Runs a network from its current state over a sequence, and trains its weights if `rls` is given.
///
/// The z of the state must match its a (or be the signal fed back instead), as [`update_output`]
/// and previous runs ensure. A wR that is trained must be dense, as [`RecurrentUpdates::new`]
/// ensures. A run with an outcome other than [`RunOutcome::Completed`] restores the state after the
/// previous step.
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

/// h = tanh(a), computed by the same loop as in a time step: a run in two parts then has the same
/// bits as one run.
fn apply_tanh<T: Lanes>(a: &mut [T], h: &mut [T]) {
    let (h, leak) = (&mut h[..a.len()], T::of(0.0));
    h.fill(T::of(0.0));
    Arch::new().dispatch(LeakyTanh { a, h, leak });
}

/// a' = a + r (-a + input), h = tanh(a').
struct LeakyTanh<'a, T> {
    a: &'a mut [T],
    /// Total input of each unit; overwritten with h.
    h: &'a mut [T],
    leak: T,
}

impl<T: Lanes> WithSimd for LeakyTanh<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (a, h) in self.a.iter_mut().zip(self.h) {
            *a += self.leak * (*h - *a);
            *h = tanh::<S, T>(*a);
        }
    }
}
