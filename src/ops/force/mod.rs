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
//! each always the same part (see [`crew`]); sums are those of rows and of strips that the size of
//! the network fixes, so that the bits do not depend on the number of threads.
//!
//! Source: Sussillo and Abbott 2009

mod crew;
mod half;
mod inverse;
mod rows;
mod worker;

use pulp::{Arch, Simd, WithSimd};

use super::Lanes;
use super::simd::functions::tanh;
use crew::{Gate, share};
pub use inverse::Inverse;
use inverse::Strip;
pub use rows::{Dense, Matrix, padded};
use worker::{Posts, Worker};

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
    /// Steps between changes, counted from the first step of the sequence, which is step `first`.
    pub every: usize,
    pub first: usize,
    /// l: what a change keeps of the past.
    pub forgetting: T,
}

/// A sequence: the inputs x [t, i], the targets f [t, m] of learning, and where what comes of it is
/// written to, if it is wanted: z [t, m] and h [t, n].
pub struct Sequence<'a, T> {
    pub steps: usize,
    pub inputs: &'a [T],
    pub targets: &'a [T],
    pub outputs: &'a mut [T],
    pub states: Option<&'a mut [T]>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All steps were made.
    Done,
    /// A number was not finite after this step.
    Diverged { at: usize },
    /// h . P h was negative at this step: rounding has made P useless.
    Lost { at: usize },
}

/// The output z of a network whose currents were set.
pub fn read<T: Lanes>(weights: &Weights<T>, state: &mut State<T>) {
    let mut h = vec![T::of(0.0); padded(state.a.len())];
    rates(&mut state.a, &mut h);
    state.z.fill(T::of(0.0));
    weights.output.add_product(0, &h, &mut state.z);
}

/// Runs a network on from its state over a sequence; with `learn`, its output weights learn.
///
/// The state's z has to be that of its a, as [`read`] and a run leave it.
pub fn run<T: Lanes>(
    sizes: Sizes,
    (weights, state): (&mut Weights<T>, &mut State<T>),
    rate: T,
    sequence: Sequence<'_, T>,
    mut learn: Option<(&mut Inverse<T>, Learning<T>)>,
) -> End {
    let Sizes {
        units: n,
        outputs: m,
        ..
    } = sizes;
    let crew = match n < SHARED {
        true => 1,
        false => rayon::current_num_threads().min(n / ROWS),
    };
    let learning = learn
        .as_ref()
        .map(|(inverse, learning)| (*learning, inverse.waiting()));
    let strips = learn
        .as_mut()
        .map_or(Vec::new(), |(inverse, _)| inverse.strips());
    let (gate, posts) = (Gate::new(crew), Posts::new(sizes, crew, strips.len()));
    let width = padded(n);
    let mut strips = strips
        .into_iter()
        .enumerate()
        .collect::<Vec<(usize, Strip<T>)>>();
    let (mut a, mut lines) = (state.a.as_mut_slice(), weights.output.data.as_mut_slice());
    let mut workers = Vec::with_capacity(crew);
    let mut results = Some((sequence.outputs, sequence.states));
    let all = strips.len();
    for k in 0..crew {
        let (units, outputs) = (share(k, crew, n, ROWS), share(k, crew, m, 1));
        let own_strips = share(k, crew, all, 1).len();
        let (own_a, rest_a) = std::mem::take(&mut a).split_at_mut(units.len());
        let own = outputs.len() * width;
        let (own_lines, rest_lines) = std::mem::take(&mut lines).split_at_mut(own);
        (a, lines) = (rest_a, rest_lines);
        workers.push(Worker {
            crew: (k, crew),
            sizes,
            rate,
            gate: &gate,
            posts: &posts,
            input: &weights.input,
            recurrent: &weights.recurrent,
            feedback: &weights.feedback,
            units,
            a: own_a,
            outputs,
            lines: own_lines,
            strips: strips.drain(..own_strips).collect(),
            learning: learning.clone(),
            steps: sequence.steps,
            inputs: sequence.inputs,
            targets: sequence.targets,
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
    state.z = done.z;
    if let (Some((inverse, _)), Some(waiting)) = (learn, done.waiting) {
        inverse.keep(waiting);
    }
    done.end
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
