//! The candidates of Newton's method on their way.

use std::ops::Range;

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSlice;

use super::local::{reach, solved};
use super::search::{Candidates, squared_distance};
use crate::base::Result;
use crate::nn::Flow;

/// A minimum of q: the cosine between r and all that A can reach is below this.
const STATIONARY: f64 = 1e-5;

/// A state, its r and |r|^2.
pub type Landing = (Vec<f64>, Vec<f64>, f64);

/// One candidate on its way.
#[derive(Clone)]
pub struct Runner {
    /// Its number.
    pub at: usize,
    pub h: Vec<f64>,
    pub r: Vec<f64>,
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
    /// |A^-1 r|: how far the zero is, by the Jacobian here.
    pub distance: f64,
}

impl Runner {
    /// Whether q has a minimum here.
    pub fn stays(&mut self, a: &[f64]) -> bool {
        self.rounds += 1;
        self.minimum = reach(a, &self.r) <= STATIONARY * STATIONARY;
        self.minimum
    }

    /// Ends at a known minimum of q that is near and lower.
    pub fn join(&mut self, minima: &[Runner], (distance, from): (f64, &Candidates)) {
        let (x, i) = (|at: usize| &from.x[at * from.inputs..], from.inputs);
        let near = minima.iter().find(|known| {
            known.square <= self.square
                && x(known.at)[..i] == x(self.at)[..i]
                && squared_distance(&known.h, &self.h) <= distance * distance
        });
        if let Some(known) = near {
            self.go((known.h.clone(), known.r.clone(), known.square));
            self.minimum = true;
        }
    }

    pub fn go(&mut self, (h, r, square): Landing) {
        (self.h, self.r, self.square) = (h, r, square);
        self.steps += 1;
    }
}

/// Minima of q among these ends that are not known yet.
pub fn new_minima(known: &[Runner], ended: &[Runner], distance: f64) -> Vec<Runner> {
    let mut new: Vec<Runner> = Vec::new();
    for end in ended.iter().filter(|end| end.minimum) {
        let same = |other: &&Runner| squared_distance(&other.h, &end.h) <= distance * distance;
        if !known.iter().chain(&new).any(|other| same(&other)) {
            new.push(end.clone());
        }
    }
    new
}

/// Some candidates at their starts.
pub fn starts(
    flow: &mut dyn Flow<f64>,
    from: &Candidates,
    some: Range<usize>,
) -> Result<Vec<Runner>> {
    if some.is_empty() {
        return Ok(Vec::new());
    }
    let (s, i) = (from.state, from.inputs);
    let h = from.states[some.start * s..some.end * s].to_vec();
    let x = &from.x[some.start * i..some.end * i];
    let found = landed(flow, s, h, x)?;
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
        distance: f64::INFINITY,
    };
    Ok(some.zip(found).map(runner).collect())
}

/// What is found at states h [c, s]: each with its r and |r|^2.
pub fn landed(flow: &mut dyn Flow<f64>, s: usize, h: Vec<f64>, x: &[f64]) -> Result<Vec<Landing>> {
    let mut next = vec![0.0; h.len()];
    flow.step(&h, x, &mut next)?;
    let rows = h.chunks_exact(s).zip(next.chunks_exact(s));
    let found = rows.map(|(h, next)| {
        let r: Vec<f64> = next.iter().zip(h).map(|(f, h)| f - h).collect();
        let square = r.iter().map(|r| r * r).sum();
        (h.to_vec(), r, square)
    });
    Ok(found.collect())
}

/// The inputs of some candidates, one after another.
pub fn inputs<'a>(from: &Candidates, all: impl Iterator<Item = &'a Runner>) -> Vec<f64> {
    let i = from.inputs;
    all.flat_map(|runner| from.x[runner.at * i..][..i].to_vec())
        .collect()
}

/// Fills `room` with dF/dh - 1 of each candidate.
pub fn less_one(
    flow: &mut dyn Flow<f64>,
    from: &Candidates,
    going: &[&mut Runner],
    room: &mut Vec<f64>,
) -> Result<()> {
    let s = from.state;
    let h: Vec<f64> = going.iter().flat_map(|runner| runner.h.clone()).collect();
    let x = inputs(from, going.iter().map(|runner| &**runner));
    room.resize(going.len() * s * s, 0.0);
    flow.jacobians([&h, &x], Some(room), None)?;
    for a in room.chunks_exact_mut(s * s) {
        a.iter_mut().step_by(s + 1).for_each(|x| *x -= 1.0);
    }
    Ok(())
}

/// A plain Newton step of each, taken where it makes the error no larger.
pub fn sharpen(
    flow: &mut dyn Flow<f64>,
    from: &Candidates,
    ended: &mut [Runner],
    room: &mut Vec<f64>,
) -> Result<()> {
    let s = from.state;
    let near: Vec<&mut Runner> = ended.iter_mut().filter(|r| r.square.is_finite()).collect();
    if near.is_empty() {
        return Ok(());
    }
    less_one(flow, from, &near, room)?;
    let all = room.par_chunks(s * s).zip(&near);
    let steps: Vec<Vec<f64>> = all.map(|(a, runner)| solved(a, &runner.r)).collect();
    let all = near.iter().zip(&steps);
    let h = all.flat_map(|(runner, d)| runner.h.iter().zip(d).map(|(h, d)| h - d));
    let x = inputs(from, near.iter().map(|runner| &**runner));
    let found = landed(flow, s, h.collect(), &x)?;
    for ((runner, d), found) in near.into_iter().zip(steps).zip(found) {
        runner.distance = d.iter().map(|d| d * d).sum::<f64>().sqrt();
        if found.2 <= runner.square {
            runner.go(found);
        }
    }
    Ok(())
}
