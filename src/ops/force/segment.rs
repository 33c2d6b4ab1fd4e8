//! A segment of a run, with a constant number of threads, and the values that these exchange.

use std::ops::Range;

use super::barrier::{Barrier, Shared, share};
use super::contention::Pause;
use super::matrix::Dense;
use super::network::Sizes;
use super::vector::padded_len;
use crate::ops::Lanes;

/// The number of units of a thread is a multiple of this.
pub const UNITS_PER_BLOCK: usize = 16;

/// A segment of a run: the values that are the same for all threads.
#[derive(Clone)]
pub struct Segment<'a, T> {
    pub sizes: Sizes,
    /// Number of threads.
    pub threads: usize,
    pub leak: T,
    pub barrier: &'a Barrier,
    /// Pause in effect, if there is only one thread because others were late.
    pub pause: Option<Pause>,
    pub shared: &'a SharedValues<T>,
    pub input: &'a Dense<T>,
    pub feedback: &'a Dense<T>,
    /// Whether P is stored as a matrix, so that its strips hold tiles.
    pub has_matrix: bool,
    /// Inputs of the sequence.
    pub inputs: &'a [T],
    pub targets: &'a [T],
    /// Signal that is fed back after each step instead of z.
    pub teacher_forcing: Option<&'a [T]>,
    pub steps: Range<usize>,
}

/// Values that the threads of a run exchange.
pub struct SharedValues<T> {
    /// Slices of h and of z, one per thread.
    pub h: Vec<Shared<T>>,
    pub z: Vec<Shared<T>>,
    /// Contribution to P h of each strip.
    pub q: Vec<Shared<T>>,
}

impl<T: Lanes> SharedValues<T> {
    pub fn new(sizes: Sizes, threads: usize, strips: usize) -> SharedValues<T> {
        let part = |count: usize, step: usize| {
            let slot = |k| Shared::new(share(k, threads, count, step).len());
            (0..threads).map(slot).collect()
        };
        SharedValues {
            h: part(sizes.units, UNITS_PER_BLOCK),
            z: part(sizes.outputs, 1),
            q: (0..strips)
                .map(|_| Shared::new(padded_len(sizes.units)))
                .collect(),
        }
    }
}
