//! The Newton path from one final state to the fixed points that it approximates.

use super::candidates::squared_distance;
use super::damped_step::squared_norm;
use super::factor::Factor;

/// The largest ratio of simplified corrections that counts as convergence.
const THETA: f64 = 0.5;
/// A step is summed as a geometric series if its length is at least `SLOW_RATIO` of that of the
/// last one and the cosine between them is at least `ALIGNMENT`.
const SLOW_RATIO: f64 = 0.4;
const ALIGNMENT: f64 = 0.95;
/// Successive steps towards a root of multiplicity m have the ratio 1 - 1/m; a larger ratio is not
/// convergence.
const MAX_RATIO: f64 = 0.95;

/// A fixed point.
#[derive(Debug, Clone, PartialEq)]
pub struct Root {
    /// The state, [s].
    pub state: Vec<f64>,
    /// The mean over the state of (F - h)^2.
    pub error: f64,
    /// A bound on the distance to the exact fixed point, |A^-1| (|r| + rounding), and at least the
    /// rounding of the limit; infinite if A is singular to the resolution of the parameters.
    pub position_error: f64,
    /// sign det(1 - J), 0 if the matrix is singular.
    pub index: i8,
}

/// The Newton path of one final state.
pub struct Path {
    pub start: Vec<f64>,
    pub x: Vec<f64>,
    pub h: Vec<f64>,
    pub r: Vec<f64>,
    /// The last step; empty at the start.
    pub last: Vec<f64>,
    /// State and residual before the first summed series. The series ends in the middle of a close
    /// pair of roots, where Newton's method fails; plain steps from here reach one of them.
    pub fallback: Option<(Vec<f64>, Vec<f64>)>,
    /// Whether series may be summed.
    pub sums: bool,
    /// A simple root behind a summed series, which may have passed closer roots.
    pub provisional: Option<Root>,
    /// Whether the parameters are taken as exact, because the state is no fixed point within their
    /// resolution.
    pub exact: bool,
    /// None while active; then the fixed points that the path reached.
    pub outcome: Option<Vec<Root>>,
}

/// A Newton step from one state, and the data for its convergence test.
pub struct NewtonStep {
    pub factor: Option<Factor>,
    pub d: Vec<f64>,
    pub rounding: f64,
    /// Whether the rounding of the parameters makes A singular.
    pub undetermined: bool,
    /// Whether the path ended here, or continues elsewhere.
    pub ended: bool,
}

impl Path {
    /// The path that starts at a state with the residual r.
    pub fn new(h: Vec<f64>, r: Vec<f64>, x: Vec<f64>) -> Path {
        Path {
            start: h.clone(),
            x,
            h,
            r,
            last: Vec::new(),
            fallback: None,
            sums: true,
            provisional: None,
            exact: false,
            outcome: None,
        }
    }

    /// Ends the path at a root, or without one. After a summed series, it first continues with
    /// plain steps from the state before the series, unless the root is a multiple one: between
    /// close roots, the series leads to the middle one of three, or to no root.
    pub fn end(&mut self, root: Option<Root>) {
        let simple = root.as_ref().is_none_or(|root| root.index != 0);
        match self.fallback.take().filter(|_| simple) {
            Some((h, r)) => {
                self.provisional = root;
                (self.h, self.r, self.sums) = (h, r, false);
                self.last.clear();
            }
            None => self.outcome = Some(self.roots(root)),
        }
    }

    /// The root and the provisional one; only the latter if the two may be one.
    pub fn roots(&mut self, root: Option<Root>) -> Vec<Root> {
        let provisional = self.provisional.take();
        let same = |(a, b): (&Root, &Root)| {
            let distance = squared_distance(&a.state, &b.state).sqrt();
            distance <= a.position_error + b.position_error
        };
        match root.as_ref().zip(provisional.as_ref()).is_some_and(same) {
            true => provisional.into_iter().collect(),
            false => root.into_iter().chain(provisional).collect(),
        }
    }
}

impl NewtonStep {
    /// Whether the step reaches a residual at the level of rounding or a smaller correction.
    pub fn converges(&self, r: &[f64]) -> bool {
        let Some(factor) = &self.factor else {
            return false;
        };
        let (step, next) = (
            squared_norm(&self.d).sqrt(),
            squared_norm(&factor.step(r)).sqrt(),
        );
        step.is_finite() && (squared_norm(r).sqrt() <= self.rounding || next <= THETA * step)
    }
}

/// The sum of all further steps if each were the same multiple of the one before; the step itself
/// if it is short compared with the last one.
pub fn geometric_sum(last: &[f64], d: &[f64]) -> Vec<f64> {
    let (size, previous) = (squared_norm(d).sqrt(), squared_norm(last).sqrt());
    let dot: f64 = last.iter().zip(d).map(|(a, b)| a * b).sum();
    let ratio = size / previous;
    let geometric = (SLOW_RATIO..MAX_RATIO).contains(&ratio) && dot > ALIGNMENT * size * previous;
    let sum = if geometric { 1.0 / (1.0 - ratio) } else { 1.0 };
    d.iter().map(|d| sum * d).collect()
}

/// J - 1
pub fn minus_identity(j: &[f64], s: usize) -> Vec<f64> {
    let mut a = j.to_vec();
    a.iter_mut().step_by(s + 1).for_each(|x| *x -= 1.0);
    a
}

/// The states and inputs of the paths, concatenated.
pub fn concatenate<'a>(paths: impl Iterator<Item = &'a Path>) -> (Vec<f64>, Vec<f64>) {
    let (mut h, mut x) = (Vec::new(), Vec::new());
    for path in paths {
        h.extend_from_slice(&path.h);
        x.extend_from_slice(&path.x);
    }
    (h, x)
}
