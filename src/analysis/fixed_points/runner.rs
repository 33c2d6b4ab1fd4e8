//! The candidates of Newton's method on their way.

use std::ops::Range;

use super::local::{Number, squares};
use super::search::Candidates;
use crate::base::Result;
use crate::nn::Flow;

/// A state, its r and |r|^2.
pub type Landing<T> = (Vec<T>, Vec<T>, f64);

/// One candidate on its way.
#[derive(Clone)]
pub struct Runner<T> {
    /// Its number.
    pub at: usize,
    pub h: Vec<T>,
    pub r: Vec<T>,
    /// |r|^2
    pub square: f64,
    /// k
    pub damping: f64,
    /// Updates made.
    pub steps: usize,
    /// Jacobians used.
    pub rounds: usize,
    pub minimum: bool,
    /// Whether no step made q smaller.
    pub stuck: bool,
}

impl<T: Number> Runner<T> {
    /// Whether q has a minimum here, of r so much being within reach.
    pub fn stays(&mut self, reach: f64) -> bool {
        self.rounds += 1;
        self.minimum = reach <= T::STATIONARY * T::STATIONARY;
        self.minimum
    }

    /// Ends at a known minimum of q that is near and lower.
    pub fn join(&mut self, minima: &[Runner<T>], (distance, from): (f64, &Candidates)) {
        let (x, i) = (|at: usize| &from.x[at * from.inputs..], from.inputs);
        let joined = minima.iter().find(|known| {
            known.square <= self.square
                && x(known.at)[..i] == x(self.at)[..i]
                && near(&known.h, &self.h, distance)
        });
        if let Some(known) = joined {
            self.go((known.h.clone(), known.r.clone(), known.square));
            self.minimum = true;
        }
    }

    pub fn go(&mut self, (h, r, square): Landing<T>) {
        (self.h, self.r, self.square) = (h, r, square);
        self.steps += 1;
    }
}

/// Minima of q above an error among these final states that are not known yet. Below it there may
/// be several fixed points within the distance, which are not to be joined.
pub fn new_minima<T: Number>(
    known: &[Runner<T>],
    ended: &[Runner<T>],
    (distance, error): (f64, f64),
) -> Vec<Runner<T>> {
    let mut new: Vec<Runner<T>> = Vec::new();
    let slow = |end: &&Runner<T>| end.minimum && end.square > error * end.h.len() as f64;
    for end in ended.iter().filter(slow) {
        let same = |other: &&Runner<T>| near(&other.h, &end.h, distance);
        if !known.iter().chain(&new).any(|other| same(&other)) {
            new.push(end.clone());
        }
    }
    new
}

/// Some candidates at their starts.
pub fn starts<T: Number>(
    flow: &mut dyn Flow<T>,
    from: &Candidates,
    some: Range<usize>,
) -> Result<Vec<Runner<T>>> {
    if some.is_empty() {
        return Ok(Vec::new());
    }
    let (s, i) = (from.state, from.inputs);
    let all = |numbers: &[f64]| numbers.iter().map(|x| T::of(*x)).collect::<Vec<T>>();
    let h = all(&from.states[some.start * s..some.end * s]);
    let x = all(&from.x[some.start * i..some.end * i]);
    let found = landed(flow, s, h, &x)?;
    let runner = |(at, (h, r, square))| Runner {
        at,
        h,
        r,
        square,
        damping: 1.0,
        steps: 0,
        rounds: 0,
        minimum: false,
        stuck: false,
    };
    Ok(some.zip(found).map(runner).collect())
}

/// What is found at states h [c, s]: each with its r and |r|^2.
pub fn landed<T: Number>(
    flow: &mut dyn Flow<T>,
    s: usize,
    h: Vec<T>,
    x: &[T],
) -> Result<Vec<Landing<T>>> {
    let mut next = vec![T::of(0.0); h.len()];
    flow.step(&h, x, &mut next)?;
    let rows = h.chunks_exact(s).zip(next.chunks_exact(s));
    let found = rows.map(|(h, next)| {
        let r: Vec<T> = next.iter().zip(h).map(|(f, h)| *f - *h).collect();
        let square = squares(&r);
        (h.to_vec(), r, square)
    });
    Ok(found.collect())
}

/// The inputs of some candidates, one after another.
pub fn inputs<'a, T: Number>(
    from: &Candidates,
    all: impl Iterator<Item = &'a Runner<T>>,
) -> Vec<T> {
    let i = from.inputs;
    all.flat_map(|runner| from.x[runner.at * i..][..i].iter().map(|x| T::of(*x)))
        .collect()
}

/// Fills `room` with dF/dh - 1 of each candidate.
pub fn less_one<T: Number>(
    flow: &mut dyn Flow<T>,
    from: &Candidates,
    going: &[&mut Runner<T>],
    room: &mut Vec<T>,
) -> Result<()> {
    let s = from.state;
    let h: Vec<T> = going.iter().flat_map(|runner| runner.h.clone()).collect();
    let x = inputs(from, going.iter().map(|runner| &**runner));
    room.resize(going.len() * s * s, T::of(0.0));
    flow.jacobians([&h, &x], Some(room), None)?;
    for a in room.chunks_exact_mut(s * s) {
        a.iter_mut().step_by(s + 1).for_each(|x| *x -= T::of(1.0));
    }
    Ok(())
}

/// Whether two states are no further from each other than `distance`. Most are further by their
/// first numbers alone.
fn near<T: Number>(a: &[T], b: &[T], distance: f64) -> bool {
    const PART: usize = 8;
    let mut far = 0.0;
    a.chunks(PART).zip(b.chunks(PART)).all(|(a, b)| {
        let pairs = a.iter().zip(b);
        far += pairs
            .map(|(a, b)| (a.double() - b.double()).powi(2))
            .sum::<f64>();
        far <= distance * distance
    })
}
