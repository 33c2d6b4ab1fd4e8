//! The network of FORCE learning over all steps of a sequence: one operation, with or without
//! learning.
//!
//! ```text
//! a' = a + r (-a + wI x + wR h + wF z)     h = tanh(a')     z = wO h      r = dt / tau
//! q = P h    s = 1 / (l + h . q)    P <- (P - s q q') / l    wO <- wO - s (z - f) q'
//! ```
//!
//! z is the output before its weights are changed, and it is z that is fed back. Where the
//! recurrent weights learn, row i of wR is changed by s (u - t)_i q' likewise, u being wR h and t
//! what another network receives there; see [`Teacher`].
//!
//! A step reads wR once and the half of P once: it is as fast as the memory. Threads share both by
//! strips that the size of the network fixes, so that the bits do not depend on their number.
//!
//! Source: Sussillo and Abbott 2009; DePasquale et al. 2018 for the recurrent weights

mod half;
mod inverse;
mod rows;

use pulp::{Arch, Simd, WithSimd};
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::Lanes;
use super::simd::functions::tanh;
pub use inverse::{Inverse, Room};
pub use rows::{Dense, Matrix, padded};

/// Units that are stepped by one thread at a time.
const ROWS: usize = 128;

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

/// The buffers of a run.
pub struct Work<T> {
    sizes: Sizes,
    /// h, h of the step before and P h, padded.
    h: Vec<T>,
    before: Vec<T>,
    q: Vec<T>,
    x: Vec<T>,
    fed: Vec<T>,
    changes: Vec<T>,
    room: Room<T>,
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

impl<T: Lanes> Work<T> {
    pub fn new(sizes: Sizes) -> Work<T> {
        let zeros = |n: usize| vec![T::of(0.0); padded(n)];
        Work {
            sizes,
            h: zeros(sizes.units),
            before: zeros(sizes.units),
            q: zeros(sizes.units),
            x: zeros(sizes.inputs),
            fed: zeros(sizes.outputs),
            changes: vec![T::of(0.0); sizes.outputs],
            room: Room::new(sizes.units),
        }
    }

    /// The output z of a network whose currents were set.
    pub fn read(&mut self, weights: &Weights<T>, state: &mut State<T>) {
        self.rates(&mut state.a);
        state.z.fill(T::of(0.0));
        weights.output.add_product(0, &self.h, &mut state.z);
    }

    /// h = tanh(a), by the very loop of a step: a run in two parts gives the bits of one in one.
    fn rates(&mut self, a: &mut [T]) {
        self.h.fill(T::of(0.0));
        let (h, rate) = (&mut self.h[..a.len()], T::of(0.0));
        Arch::new().dispatch(Leak { a, h, rate });
    }

    /// Runs a network on from its state over a sequence; with `learn`, its output weights learn.
    pub fn run(
        &mut self,
        (weights, state): (&mut Weights<T>, &mut State<T>),
        rate: T,
        sequence: Sequence<'_, T>,
        mut learn: Option<(&mut Inverse<T>, Learning<T>)>,
    ) -> End {
        let Sizes {
            units: n,
            inputs: i,
            outputs: m,
        } = self.sizes;
        let mut states = sequence.states;
        self.rates(&mut state.a);
        for at in 0..sequence.steps {
            self.x[..i].copy_from_slice(&sequence.inputs[at * i..][..i]);
            self.fed[..m].copy_from_slice(&state.z);
            self.step(weights, &mut state.a, rate);
            state.z.fill(T::of(0.0));
            weights.output.add_product(0, &self.h, &mut state.z);
            sequence.outputs[at * m..][..m].copy_from_slice(&state.z);
            if let Some(states) = &mut states {
                states[at * n..][..n].copy_from_slice(&self.h[..n]);
            }
            if !state.z.iter().all(|z| z.is_finite()) {
                return End::Diverged { at };
            }
            if let Some((inverse, learning)) = &mut learn
                && (learning.first + at + 1).is_multiple_of(learning.every)
            {
                let along = inverse.product(&self.h, &mut self.q, &mut self.room);
                if !along.is_finite() {
                    return End::Diverged { at };
                }
                if along < T::of(0.0) {
                    return End::Lost { at };
                }
                let s = inverse.update(&self.q, along, learning.forgetting, &mut self.room);
                let targets = &sequence.targets[at * m..][..m];
                for ((change, z), f) in self.changes.iter_mut().zip(&state.z).zip(targets) {
                    *change = -(s * (*z - *f));
                }
                weights.output.add_outer(&self.changes, &self.q);
            }
        }
        End::Done
    }

    /// The state one step later.
    fn step(&mut self, weights: &Weights<T>, a: &mut [T], rate: T) {
        std::mem::swap(&mut self.h, &mut self.before);
        let (x, fed, before) = (&self.x, &self.fed, &self.before);
        let n = a.len();
        let one = |(at, (a, h)): (usize, (&mut [T], &mut [T]))| {
            let first = at * ROWS;
            h.fill(T::of(0.0));
            weights.input.add_product(first, x, h);
            weights.recurrent.add_product(first, before, h);
            weights.feedback.add_product(first, fed, h);
            Arch::new().dispatch(Leak { a, h, rate });
        };
        let h = &mut self.h[..n];
        match n < inverse::SHARED {
            true => a
                .chunks_mut(ROWS)
                .zip(h.chunks_mut(ROWS))
                .enumerate()
                .for_each(one),
            false => a
                .par_chunks_mut(ROWS)
                .zip(h.par_chunks_mut(ROWS))
                .enumerate()
                .for_each(one),
        }
    }
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
