//! The iterates of Newton's method, one per active candidate.

use std::ops::Range;

use super::candidates::Candidates;
use super::damped_step::{Float, squared_norm};
use crate::base::Result;
use crate::nn::StepMap;

/// A state, its residual r = F(h, x) - h, and |r|^2.
pub type Evaluation<T> = (Vec<T>, Vec<T>, f64);

/// The current iterate of one candidate.
#[derive(Clone)]
pub struct Iterate<T> {
    /// Index of the candidate.
    pub index: usize,
    pub h: Vec<T>,
    pub r: Vec<T>,
    /// |r|^2
    pub squared_residual: f64,
    /// The damping factor k.
    pub damping: f64,
    /// Number of updates so far.
    pub steps: usize,
    /// Number of Jacobians evaluated so far.
    pub jacobians: usize,
    pub minimum: bool,
    /// Whether no damped step decreased q.
    pub stalled: bool,
}

impl<T: Float> Iterate<T> {
    /// Whether q has a local minimum here, given the stationarity measure of `DampedSystem`. Counts
    /// one Jacobian.
    pub fn check_stationary(&mut self, stationarity: f64) -> bool {
        self.jacobians += 1;
        self.minimum = stationarity <= T::STATIONARY * T::STATIONARY;
        self.minimum
    }

    /// Terminates this iterate at a known minimum of q that is within the distance and lower.
    pub fn merge_into(
        &mut self,
        minima: &[Iterate<T>],
        (distance, candidates): (f64, &Candidates),
    ) {
        let (x, i) = (
            |at: usize| &candidates.x[at * candidates.inputs..],
            candidates.inputs,
        );
        let lower = minima.iter().find(|known| {
            known.squared_residual <= self.squared_residual
                && x(known.index)[..i] == x(self.index)[..i]
                && is_within(&known.h, &self.h, distance)
        });
        if let Some(known) = lower {
            self.advance((known.h.clone(), known.r.clone(), known.squared_residual));
            self.minimum = true;
        }
    }

    pub fn advance(&mut self, (h, r, squared_residual): Evaluation<T>) {
        (self.h, self.r, self.squared_residual) = (h, r, squared_residual);
        self.steps += 1;
    }
}

/// Minima of q above the tolerance among the finished iterates that are not known yet. Below the
/// tolerance there may be several fixed points within the distance, which must stay separate.
pub fn new_minima<T: Float>(
    known: &[Iterate<T>],
    finished: &[Iterate<T>],
    (distance, tolerance): (f64, f64),
) -> Vec<Iterate<T>> {
    let mut new: Vec<Iterate<T>> = Vec::new();
    let slow =
        |end: &&Iterate<T>| end.minimum && end.squared_residual > tolerance * end.h.len() as f64;
    for end in finished.iter().filter(slow) {
        let same = |other: &&Iterate<T>| is_within(&other.h, &end.h, distance);
        if !known.iter().chain(&new).any(|other| same(&other)) {
            new.push(end.clone());
        }
    }
    new
}

/// The initial iterates of a range of candidates.
pub fn initial_iterates<T: Float>(
    step_map: &mut dyn StepMap<T>,
    candidates: &Candidates,
    range: Range<usize>,
) -> Result<Vec<Iterate<T>>> {
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let (s, i) = (candidates.state, candidates.inputs);
    let all = |values: &[f64]| values.iter().map(|x| T::of(*x)).collect::<Vec<T>>();
    let h = all(&candidates.states[range.start * s..range.end * s]);
    let x = all(&candidates.x[range.start * i..range.end * i]);
    let evaluations = evaluate(step_map, s, h, &x)?;
    let iterate = |(index, (h, r, squared_residual))| Iterate {
        index,
        h,
        r,
        squared_residual,
        damping: 1.0,
        steps: 0,
        jacobians: 0,
        minimum: false,
        stalled: false,
    };
    Ok(range.zip(evaluations).map(iterate).collect())
}

/// The residual and its squared norm at each state h [c, s].
pub fn evaluate<T: Float>(
    step_map: &mut dyn StepMap<T>,
    s: usize,
    h: Vec<T>,
    x: &[T],
) -> Result<Vec<Evaluation<T>>> {
    let mut next = vec![T::of(0.0); h.len()];
    step_map.step(&h, x, &mut next)?;
    let rows = h.chunks_exact(s).zip(next.chunks_exact(s));
    let evaluations = rows.map(|(h, next)| {
        let r: Vec<T> = next.iter().zip(h).map(|(f, h)| *f - *h).collect();
        let squared_residual = squared_norm(&r);
        (h.to_vec(), r, squared_residual)
    });
    Ok(evaluations.collect())
}

/// The inputs of the given iterates, concatenated.
pub fn inputs<'a, T: Float>(
    candidates: &Candidates,
    all: impl Iterator<Item = &'a Iterate<T>>,
) -> Vec<T> {
    let i = candidates.inputs;
    all.flat_map(|iterate| {
        candidates.x[iterate.index * i..][..i]
            .iter()
            .map(|x| T::of(*x))
    })
    .collect()
}

/// Fills `buffer` with dF/dh - 1 of each iterate.
pub fn jacobian_minus_identity<T: Float>(
    step_map: &mut dyn StepMap<T>,
    candidates: &Candidates,
    iterates: &[&mut Iterate<T>],
    buffer: &mut Vec<T>,
) -> Result<()> {
    let s = candidates.state;
    let h: Vec<T> = iterates
        .iter()
        .flat_map(|iterate| iterate.h.clone())
        .collect();
    let x = inputs(candidates, iterates.iter().map(|iterate| &**iterate));
    buffer.resize(iterates.len() * s * s, T::of(0.0));
    step_map.jacobians([&h, &x], Some(buffer), None)?;
    for a in buffer.chunks_exact_mut(s * s) {
        a.iter_mut().step_by(s + 1).for_each(|x| *x -= T::of(1.0));
    }
    Ok(())
}

/// Whether the distance between two states is at most `distance`. For most pairs, the first
/// elements alone exceed it.
fn is_within<T: Float>(a: &[T], b: &[T], distance: f64) -> bool {
    const CHUNK: usize = 8;
    let mut square = 0.0;
    a.chunks(CHUNK).zip(b.chunks(CHUNK)).all(|(a, b)| {
        let pairs = a.iter().zip(b);
        square += pairs
            .map(|(a, b)| (a.double() - b.double()).powi(2))
            .sum::<f64>();
        square <= distance * distance
    })
}
