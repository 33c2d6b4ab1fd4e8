//! Between arrays as the outside has them, [trial, time, feature], and the cells of one time,
//! where the trials of a slice lie side by side.

use super::{Cell, Lanes};

/// One time of a sequence.
#[derive(Debug, Clone, Copy)]
pub struct At {
    pub time: usize,
    pub times: usize,
}

impl At {
    /// The only time of an array without a time axis.
    pub const ONLY: At = At { time: 0, times: 1 };

    /// Where each trial's features at this time begin, in an array of `len` numbers.
    #[inline]
    fn starts(self, len: usize, width: usize) -> impl Iterator<Item = usize> {
        let trials = if width == 0 {
            0
        } else {
            len / (self.times * width)
        };
        (0..trials).map(move |b| (b * self.times + self.time) * width)
    }
}

/// Fills the cells from `source` [trials, times, cells]; trials that the slice lacks become zero.
pub fn load<T: Lanes>(source: &[T], at: At, cells: &mut [Cell<T>]) {
    let width = cells.len();
    let mut trials = 0;
    for (b, start) in at.starts(source.len(), width).enumerate() {
        for (cell, x) in cells.iter_mut().zip(&source[start..start + width]) {
            cell.0[b] = *x;
        }
        trials = b + 1;
    }
    clear(trials, cells);
}

/// Adds `source` [trials, times, cells] to the cells.
pub fn add<T: Lanes>(source: &[T], at: At, cells: &mut [Cell<T>]) {
    let width = cells.len();
    for (b, start) in at.starts(source.len(), width).enumerate() {
        for (cell, x) in cells.iter_mut().zip(&source[start..start + width]) {
            cell.0[b] += *x;
        }
    }
}

/// Fills one time of `into` [trials, times, cells] from the cells.
pub fn store<T: Lanes>(cells: &[Cell<T>], into: &mut [T], at: At) {
    let width = cells.len();
    for (b, start) in at.starts(into.len(), width).enumerate() {
        for (x, cell) in into[start..start + width].iter_mut().zip(cells) {
            *x = cell.0[b];
        }
    }
}

/// Makes the trials from `trials` on zero.
pub fn clear<T: Lanes>(trials: usize, cells: &mut [Cell<T>]) {
    for cell in cells {
        cell.0[trials..].fill(T::of(0.0));
    }
}
