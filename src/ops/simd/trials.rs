//! Between arrays as the outside has them, [trial, time, feature], and the cells of one time,
//! where the trials of a slice lie side by side.

use super::{Cell, Lanes, TRIALS};

/// Some neighbouring features of one time, in an array [trials, times, width].
#[derive(Debug, Clone, Copy)]
pub struct At {
    pub time: usize,
    pub times: usize,
    /// Features of a trial at a time, all together.
    pub width: usize,
    /// The first feature meant; there are as many as there are cells for.
    pub first: usize,
    /// Groups of trials in the cells.
    pub groups: usize,
}

impl At {
    /// All features at one time.
    pub fn time(groups: usize, time: usize, times: usize, width: usize) -> At {
        At {
            time,
            times,
            width,
            first: 0,
            groups,
        }
    }

    /// All features of an array without a time axis.
    pub fn only(groups: usize, width: usize) -> At {
        At::time(groups, 0, 1, width)
    }

    /// The same, from another feature on.
    pub fn from(self, first: usize) -> At {
        At { first, ..self }
    }

    /// Where each trial's features begin, in an array of `len` numbers.
    #[inline]
    fn starts(self, len: usize) -> impl Iterator<Item = usize> {
        let trials = len.checked_div(self.times * self.width).unwrap_or(0);
        (0..trials).map(move |b| (b * self.times + self.time) * self.width + self.first)
    }

    /// Shows `f` each trial's features: the cell and lane of each, and where it stands in an
    /// array of `len` numbers.
    #[inline(always)]
    fn each<C>(self, len: usize, cells: &mut [C], mut f: impl FnMut(&mut C, usize, usize)) {
        for (b, start) in self.starts(len).enumerate() {
            let (group, lane) = (b / TRIALS, b % TRIALS);
            let cells = cells.iter_mut().skip(group).step_by(self.groups);
            for (at, cell) in (start..).zip(cells) {
                f(cell, lane, at);
            }
        }
    }
}

/// Fills the cells from `source`; trials that it lacks become zero.
pub fn load<T: Lanes>(source: &[T], at: At, cells: &mut [Cell<T>]) {
    let trials = at.starts(source.len()).count();
    at.each(source.len(), cells, |cell, lane, k| {
        cell.0[lane] = source[k]
    });
    clear(trials, at.groups, cells);
}

/// Adds `source` to the cells.
pub fn add<T: Lanes>(source: &[T], at: At, cells: &mut [Cell<T>]) {
    at.each(source.len(), cells, |cell, lane, k| {
        cell.0[lane] += source[k]
    });
}

/// Multiplies the cells by `source`.
pub fn scale<T: Lanes>(source: &[T], at: At, cells: &mut [Cell<T>]) {
    at.each(source.len(), cells, |cell, lane, k| {
        cell.0[lane] *= source[k]
    });
}

/// Fills `into` from the cells.
pub fn store<T: Lanes>(cells: &[Cell<T>], into: &mut [T], at: At) {
    for (b, start) in at.starts(into.len()).enumerate() {
        let (group, lane) = (b / TRIALS, b % TRIALS);
        let cells = cells.iter().skip(group).step_by(at.groups);
        for (x, cell) in into[start..].iter_mut().zip(cells) {
            *x = cell.0[lane];
        }
    }
}

/// Copies some trials of `from` to `into`.
pub fn copy<T: Lanes>(
    trials: impl Iterator<Item = usize>,
    groups: usize,
    from: &[Cell<T>],
    into: &mut [Cell<T>],
) {
    for trial in trials {
        let (group, lane) = (trial / TRIALS, trial % TRIALS);
        let from = from.iter().skip(group).step_by(groups);
        let into = into.iter_mut().skip(group).step_by(groups);
        into.zip(from).for_each(|(x, y)| x.0[lane] = y.0[lane]);
    }
}

/// Makes some trials zero.
pub fn wipe<T: Lanes>(trials: impl Iterator<Item = usize>, groups: usize, cells: &mut [Cell<T>]) {
    for trial in trials {
        let cells = cells.iter_mut().skip(trial / TRIALS).step_by(groups);
        cells.for_each(|x| x.0[trial % TRIALS] = T::of(0.0));
    }
}

/// Makes the trials from `trials` on zero.
pub fn clear<T: Lanes>(trials: usize, groups: usize, cells: &mut [Cell<T>]) {
    if trials >= groups * TRIALS {
        return;
    }
    for (k, cell) in cells.iter_mut().enumerate() {
        let kept = trials.saturating_sub(k % groups * TRIALS).min(TRIALS);
        cell.0[kept..].fill(T::of(0.0));
    }
}

/// The same numbers in each of the trials, zero in those from `trials` on.
pub fn repeat<T: Lanes>(numbers: &[T], groups: usize, trials: usize, cells: &mut [Cell<T>]) {
    for (cells, x) in cells.chunks_exact_mut(groups).zip(numbers) {
        for (group, cell) in cells.iter_mut().enumerate() {
            let there = trials.saturating_sub(group * TRIALS).min(TRIALS);
            cell.0[..there].fill(*x);
            cell.0[there..].fill(T::of(0.0));
        }
    }
}
