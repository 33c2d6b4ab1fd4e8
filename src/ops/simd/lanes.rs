//! Conversion between arrays [trial, time, feature] and the `Lane16` values of one time step, which
//! hold the trials of a slice in their lanes.

use super::{Lane16, Lanes, TRIALS};

/// Lanes between the rows of consecutive time steps, for rows of `width` lanes. The number is odd:
/// with a power of two, all time steps would share the same cache sets.
pub fn row_length(width: usize) -> usize {
    width | 1
}

/// A range of features at one time step of an array [trials, times, width].
#[derive(Debug, Clone, Copy)]
pub struct FeatureSlice {
    pub time: usize,
    pub times: usize,
    /// Number of features of a trial at each time step.
    pub width: usize,
    /// First feature of the range; the `Lane16` values determine its length.
    pub first: usize,
    /// Groups of trials in the `Lane16` values.
    pub groups: usize,
}

impl FeatureSlice {
    /// All features at one time step.
    pub fn at_step(groups: usize, time: usize, times: usize, width: usize) -> FeatureSlice {
        FeatureSlice {
            time,
            times,
            width,
            first: 0,
            groups,
        }
    }

    /// All features of an array without a time axis.
    pub fn no_time(groups: usize, width: usize) -> FeatureSlice {
        FeatureSlice::at_step(groups, 0, 1, width)
    }

    /// The features from `first` on.
    pub fn starting_at(self, first: usize) -> FeatureSlice {
        FeatureSlice { first, ..self }
    }

    /// Offset of each trial's features in an array of `len` elements.
    #[inline]
    fn starts(self, len: usize) -> impl Iterator<Item = usize> {
        let trials = len.checked_div(self.times * self.width).unwrap_or(0);
        (0..trials).map(move |b| (b * self.times + self.time) * self.width + self.first)
    }

    /// Calls `f` for each feature of each trial with its `Lane16` value, its lane, and its index in
    /// an array of `len` elements.
    #[inline(always)]
    fn each<C>(self, len: usize, lanes: &mut [C], mut f: impl FnMut(&mut C, usize, usize)) {
        for (b, start) in self.starts(len).enumerate() {
            let (group, lane) = (b / TRIALS, b % TRIALS);
            let lanes = lanes.iter_mut().skip(group).step_by(self.groups);
            for (at, values) in (start..).zip(lanes) {
                f(values, lane, at);
            }
        }
    }
}

/// Copies `source` to the lanes; unused lanes become zero.
pub fn load<T: Lanes>(source: &[T], at: FeatureSlice, lanes: &mut [Lane16<T>]) {
    let trials = at.starts(source.len()).count();
    at.each(source.len(), lanes, |values, lane, k| {
        values.0[lane] = source[k]
    });
    clear_unused(trials, at.groups, lanes);
}

/// Adds `source` to the lanes.
pub fn add<T: Lanes>(source: &[T], at: FeatureSlice, lanes: &mut [Lane16<T>]) {
    at.each(source.len(), lanes, |values, lane, k| {
        values.0[lane] += source[k]
    });
}

/// Multiplies the lanes by `source`.
pub fn scale<T: Lanes>(source: &[T], at: FeatureSlice, lanes: &mut [Lane16<T>]) {
    at.each(source.len(), lanes, |values, lane, k| {
        values.0[lane] *= source[k]
    });
}

/// Copies the lanes to `into`.
pub fn store<T: Lanes>(lanes: &[Lane16<T>], into: &mut [T], at: FeatureSlice) {
    for (b, start) in at.starts(into.len()).enumerate() {
        let (group, lane) = (b / TRIALS, b % TRIALS);
        let lanes = lanes.iter().skip(group).step_by(at.groups);
        for (x, values) in into[start..].iter_mut().zip(lanes) {
            *x = values.0[lane];
        }
    }
}

/// Copies some trials of `from` to `into`.
pub fn copy_trials<T: Lanes>(
    trials: impl Iterator<Item = usize>,
    groups: usize,
    from: &[Lane16<T>],
    into: &mut [Lane16<T>],
) {
    for trial in trials {
        let (group, lane) = (trial / TRIALS, trial % TRIALS);
        let from = from.iter().skip(group).step_by(groups);
        let into = into.iter_mut().skip(group).step_by(groups);
        into.zip(from).for_each(|(x, y)| x.0[lane] = y.0[lane]);
    }
}

/// Sets the given trials to zero.
pub fn zero_trials<T: Lanes>(
    trials: impl Iterator<Item = usize>,
    groups: usize,
    lanes: &mut [Lane16<T>],
) {
    for trial in trials {
        let lanes = lanes.iter_mut().skip(trial / TRIALS).step_by(groups);
        lanes.for_each(|x| x.0[trial % TRIALS] = T::of(0.0));
    }
}

/// Sets the unused lanes, those from trial `trials` on, to zero.
pub fn clear_unused<T: Lanes>(trials: usize, groups: usize, lanes: &mut [Lane16<T>]) {
    if trials >= groups * TRIALS {
        return;
    }
    for (k, values) in lanes.iter_mut().enumerate() {
        let used = trials.saturating_sub(k % groups * TRIALS).min(TRIALS);
        values.0[used..].fill(T::of(0.0));
    }
}

/// Copies the values to each of the first `trials` trials; unused lanes become zero.
pub fn broadcast<T: Lanes>(values: &[T], groups: usize, trials: usize, lanes: &mut [Lane16<T>]) {
    for (lanes, x) in lanes.chunks_exact_mut(groups).zip(values) {
        for (group, lane) in lanes.iter_mut().enumerate() {
            let used = trials.saturating_sub(group * TRIALS).min(TRIALS);
            lane.0[..used].fill(*x);
            lane.0[used..].fill(T::of(0.0));
        }
    }
}
