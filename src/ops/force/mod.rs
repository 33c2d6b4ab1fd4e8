//! The network of FORCE learning over all steps of a sequence: one operation, with or without
//! learning.
//!
//! ```text
//! a' = a + r (-a + wI x + wR h + wF z)     h = tanh(a')     z = wO h      r = dt / tau
//! q = P h    s = 1 / (l + h . q)    P <- (P - s q q') / l    wO <- wO - s (z - f) q'
//! ```
//!
//! z is the output before its weights are changed, and it is z that is fed back.
//!
//! A step reads wR once and the half of P once: it is as fast as the memory. Threads share both,
//! each always the same part (see [`barrier`]); sums are those of rows and of strips that the size
//! of the network fixes, so that the bits do not depend on the number of threads.
//!
//! Source: Sussillo and Abbott 2009

pub mod barrier;
mod changes;
mod contention;
mod half;
mod inverse;
mod pending;
mod recurrence;
mod rows;
mod worker;

use pulp::{Arch, Simd, WithSimd};

use super::Lanes;
use super::simd::functions::tanh;
use barrier::{Barrier, Pace, share};
pub use inverse::{Inverse, Parts};
pub use recurrence::Recurrence;
pub use rows::{Dense, Matrix, padded};
use worker::{Posts, Recurrent, Worker};

/// Units below which one thread does everything: it is done before another one has begun.
const SHARED: usize = 400;
/// Units that a thread has a multiple of.
const ROWS: usize = 16;

/// The sizes of a network: n, i, m.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    pub units: usize,
    pub inputs: usize,
    pub outputs: usize,
}

/// The weights of a network.
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

/// Where a network stands: a [n] and the output z [m] of the step before.
#[derive(Debug, Clone, PartialEq)]
pub struct State<T> {
    pub a: Vec<T>,
    pub z: Vec<T>,
}

/// How weights learn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learning<T> {
    /// Time steps between changes, counted across runs.
    pub every: usize,
    /// l: what a change keeps of the past.
    pub forgetting: T,
}

/// A sequence, and where what comes of it is written to.
pub struct Sequence<'a, T> {
    pub steps: usize,
    /// Threads at most; the bits do not depend on it.
    pub threads: usize,
    /// x [t, i]
    pub inputs: &'a [T],
    /// What is fed back after each step in place of z, [t, m].
    pub fed: Option<&'a [T]>,
    /// z [t, m], as the network makes it.
    pub outputs: &'a mut [T],
    /// h [t, n], if it is wanted.
    pub states: Option<&'a mut [T]>,
}

/// What is learned from a sequence.
pub struct Lesson<'a, T> {
    pub inverse: &'a mut Inverse<T>,
    pub learning: Learning<T>,
    /// f [t, m]
    pub targets: &'a [T],
    /// Present if wR is trained too.
    pub recurrent: Option<Goals<'a, T>>,
}

/// What recurrent weights learn.
pub struct Goals<'a, T> {
    /// What wR h + wF z is to be after each step, [t, n].
    pub currents: &'a [T],
    pub recurrence: &'a mut Recurrence<T>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All steps were made.
    Done,
    /// A number was not finite after this step.
    Diverged { at: usize },
    /// h . P h was negative or not finite at this step: rounding has made P useless, or it has
    /// grown beyond what numbers hold, which forgetting lets it where nothing is seen.
    Lost { at: usize },
}

/// The output z of a network whose currents were set.
pub fn read<T: Lanes>(weights: &Weights<T>, state: &mut State<T>) {
    let mut h = vec![T::of(0.0); padded(state.a.len())];
    rates(&mut state.a, &mut h);
    state.z.fill(T::of(0.0));
    weights.output.add_product(0, &h, &mut state.z);
}

/// Runs a network on from its state over a sequence; with a lesson, its weights learn.
///
/// The state's z has to be that of its a (or what is fed back in its place), as [`read`] and a run
/// leave it. Weights wR that learn have to be dense, as [`Recurrence::new`] leaves them. A run that
/// does not end with [`End::Done`] leaves everything as it was after the step before.
pub fn run<T: Lanes>(
    sizes: Sizes,
    (weights, state): (&mut Weights<T>, &mut State<T>),
    rate: T,
    mut sequence: Sequence<'_, T>,
    mut lesson: Option<Lesson<'_, T>>,
) -> End {
    let mut from = 0;
    loop {
        let network = (&mut *weights, &mut *state);
        let (end, at) = part(sizes, network, rate, &mut sequence, (from, lesson.as_mut()));
        from = at;
        if end != End::Done || from == sequence.steps {
            return end;
        }
    }
}

/// Runs until the end, or until P is to be settled; gives the step to go on from.
fn part<T: Lanes>(
    sizes: Sizes,
    (weights, state): (&mut Weights<T>, &mut State<T>),
    rate: T,
    sequence: &mut Sequence<'_, T>,
    (from, mut lesson): (usize, Option<&mut Lesson<'_, T>>),
) -> (End, usize) {
    let Sizes {
        units: n,
        outputs: m,
        ..
    } = sizes;
    let most = match n < SHARED {
        true => 1,
        false => sequence.threads.min(n / ROWS).max(1),
    };
    let pause = if most > 1 { contention::pause() } else { None };
    let crew = if pause.is_some() { 1 } else { most };
    let width = padded(n);
    let (mut targets, mut goals, mut learning) = (&[][..], None, None);
    let (mut has_half, mut strips) = (false, Vec::new());
    if let Some(lesson) = &mut lesson {
        targets = lesson.targets;
        goals = lesson.recurrent.as_mut();
        learning = Some((lesson.learning, lesson.inverse.waiting()));
        has_half = lesson.inverse.has_half();
        strips = lesson.inverse.strips();
    }
    let all = strips.len();
    let (barrier, posts) = (Barrier::new(crew), Posts::new(sizes, crew, all));
    let (fixed, mut learned) = match (&goals, &mut weights.recurrent) {
        (Some(_), Matrix::Dense(dense)) => (None, dense.data.as_mut_slice()),
        (_, fixed) => (Some(&*fixed), &mut [][..]),
    };
    let (mut errors, mut arriving, mut currents) = (&mut [][..], &mut [][..], &[][..]);
    if let Some(goals) = goals {
        currents = goals.currents;
        (errors, arriving) = (&mut goals.recurrence.errors, &mut goals.recurrence.arriving);
    }
    let (mut a, mut lines) = (state.a.as_mut_slice(), weights.output.data.as_mut_slice());
    let mut workers = Vec::with_capacity(crew);
    let mut results = Some((&mut *sequence.outputs, sequence.states.as_deref_mut()));
    for k in 0..crew {
        let (units, outputs) = (share(k, crew, n, ROWS), share(k, crew, m, 1));
        let own_strips = share(k, crew, all, 1).len();
        let recurrent = match fixed {
            Some(matrix) => Recurrent::Fixed(matrix),
            None => Recurrent::Learns {
                lines: first_of(&mut learned, units.len() * width),
                goals: currents,
                errors: first_of(&mut errors, units.len()),
                arriving: first_of(&mut arriving, units.len()),
            },
        };
        workers.push(Worker {
            crew: (k, crew),
            sizes,
            rate,
            barrier: &barrier,
            pace: Pace::default(),
            pause,
            late: false,
            posts: &posts,
            input: &weights.input,
            recurrent,
            feedback: &weights.feedback,
            a: first_of(&mut a, units.len()),
            units,
            lines: first_of(&mut lines, outputs.len() * width),
            outputs,
            strips: strips.drain(..own_strips).collect(),
            has_half,
            learning: learning.clone(),
            inputs: sequence.inputs,
            targets,
            fed: sequence.fed,
            steps: from..sequence.steps,
            z: state.z.clone(),
            results: results.take(),
        });
    }
    let first = workers.remove(0);
    let done = std::thread::scope(|scope| {
        for worker in workers {
            scope.spawn(move || worker.work());
        }
        first.work()
    });
    if done.late {
        contention::begin_pause();
    }
    state.z = done.z;
    if let (Some(lesson), Some(waiting)) = (lesson, done.waiting) {
        lesson.inverse.keep(waiting);
    }
    (done.end, done.at)
}

/// Cuts off the first numbers.
fn first_of<'a, T>(rest: &mut &'a mut [T], count: usize) -> &'a mut [T] {
    let (first, after) = std::mem::take(rest).split_at_mut(count);
    *rest = after;
    first
}

/// h = tanh(a), by the very loop of a step: a run in two parts gives the bits of one in one.
fn rates<T: Lanes>(a: &mut [T], h: &mut [T]) {
    let (h, rate) = (&mut h[..a.len()], T::of(0.0));
    h.fill(T::of(0.0));
    Arch::new().dispatch(Leak { a, h, rate });
}

/// a' = a + r (-a + arriving), h = tanh(a').
struct Leak<'a, T> {
    a: &'a mut [T],
    /// What arrives, then h.
    h: &'a mut [T],
    rate: T,
}

impl<T: Lanes> WithSimd for Leak<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (a, h) in self.a.iter_mut().zip(self.h) {
            *a += self.rate * (*h - *a);
            *h = tanh::<S, T>(*a);
        }
    }
}
