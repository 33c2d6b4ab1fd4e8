//! From the end of a search to the fixed point that it stands for, if there is one: the test
//! whether a small residual means that F(h, x) = h has a solution nearby, and how far it is.
//!
//! ```text
//! A = dF/dh - 1     r = F(h) - h     d = -A^-1 r     theta = |A^-1 r(h + d)| / |d|
//! ```
//!
//! An end is within tolerance wherever F is slow; that alone says nothing of a solution: h + 1e-7
//! has none. Newton's method from the end decides. Its simplified corrections must shrink (theta
//! at most 1/2) until the residual is at the level of rounding, that of the terms that F adds up.
//! Towards a double root, or one of multiplicity m, theta is (1 - 1/m)^m < 1/e and the steps shrink
//! by 1 - 1/m only; their geometric series is then summed. Where A is singular to rounding, as on a
//! line of fixed points, the shortest step takes the place of d.
//!
//! Source: Deuflhard 2011, Newton Methods for Nonlinear Problems, section 2.1 (affine covariant
//! convergence); Kantorovich 1948 for the bound of the position

use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use super::factor::{Factor, shortest_step};
use super::local::squares;
use super::runner::landed;
use super::search::{Candidates, squared_distance};
use crate::base::Result;
use crate::nn::Flow;

/// Paths that are traced side by side.
const ABREAST: usize = 128;
/// Newton steps at most: a triple root takes as many without the summed series.
const ROUNDS: usize = 64;
/// The largest ratio of simplified corrections that counts as convergence.
const THETA: f64 = 0.5;
/// Units of rounding that each term of F may contribute to a residual.
const ROUNDINGS: f64 = 8.0;
/// Newton's method may stall at this multiple of the level of rounding, which is an estimate.
const STALL: f64 = 64.0;
/// A step is worth summing as a geometric series where it is at least this part of the last one,
/// and points along it by this cosine.
const SLOW_RATIO: f64 = 0.4;
const ALONG: f64 = 0.95;
/// Successive steps of a root of multiplicity m have the ratio 1 - 1/m; more is no convergence.
const MOST_RATIO: f64 = 0.95;

/// Positions that are known to this part of the limit have a nonsingular J - 1.
const RESOLVED: f64 = 1e-3;

/// How ends are traced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tracer {
    /// The distance between 1 and the next number that F can return.
    pub epsilon: f64,
    /// A fixed point further from the end than this is not the end's.
    pub limit: f64,
    /// The largest modulus that a unit has at any fixed point, if it is known. Beyond it the gates
    /// of a GRU shut, so that F(h) = h to rounding.
    pub bound: Option<f64>,
}

/// A fixed point.
#[derive(Debug, Clone, PartialEq)]
pub struct Root {
    /// [s]
    pub state: Vec<f64>,
    /// The mean over the state of (F - h)^2.
    pub error: f64,
    /// A bound on the distance to the exact fixed point, |A^-1| (|r| + rounding), and no less than
    /// the rounding of the limit; infinite where A is singular.
    pub position_error: f64,
    /// sign det(1 - J), 0 where it is singular.
    pub index: i8,
}

/// An end on its way.
struct Path {
    start: Vec<f64>,
    x: Vec<f64>,
    h: Vec<f64>,
    r: Vec<f64>,
    /// The last step; empty at the start.
    last: Vec<f64>,
    /// State and residual before the first summed series. A series leads to the middle of a close
    /// pair of roots, where Newton's method fails; plain steps from here reach one of them.
    fallback: Option<(Vec<f64>, Vec<f64>)>,
    /// Whether series may be summed.
    sums: bool,
    /// None while it goes on; then its fixed point, if there is one.
    outcome: Option<Option<Root>>,
}

/// A step from one state, and what is needed to judge it.
struct Attempt {
    factor: Option<Factor>,
    d: Vec<f64>,
    noise: f64,
}

impl Tracer {
    /// The fixed point of each row of `from`, if it has one.
    ///
    /// Errors: those of the flow
    pub fn trace(&self, flow: &mut dyn Flow<f64>, from: &Candidates) -> Result<Vec<Option<Root>>> {
        let (s, i) = (from.state, from.inputs);
        let mut roots = Vec::with_capacity(from.count());
        for start in (0..from.count()).step_by(ABREAST) {
            let end = from.count().min(start + ABREAST);
            let h = from.states[start * s..end * s].to_vec();
            let x = &from.x[start * i..end * i];
            let rows = landed(flow, s, h, x)?.into_iter().enumerate();
            let mut paths: Vec<Path> = rows
                .map(|(row, (h, r, _))| Path {
                    start: h.clone(),
                    x: x[row * i..][..i].to_vec(),
                    h,
                    r,
                    last: Vec::new(),
                    fallback: None,
                    sums: true,
                    outcome: None,
                })
                .collect();
            self.screen(flow, &mut paths)?;
            for _ in 0..ROUNDS {
                if !self.round(flow, &mut paths)? {
                    break;
                }
            }
            roots.extend(paths.into_iter().map(|path| path.outcome.flatten()));
        }
        Ok(roots)
    }

    /// Ends the paths that have no solution within the limit: |d| is at least |r|^2 / |A' r|, which
    /// takes no matrix.
    fn screen(&self, flow: &mut dyn Flow<f64>, paths: &mut [Path]) -> Result<()> {
        let s = paths[0].h.len();
        let (h, x) = gather(paths.iter());
        let r: Vec<f64> = paths.iter().flat_map(|path| path.r.clone()).collect();
        let mut pulled = vec![0.0; r.len()];
        flow.pull([&h, &x], &r, &mut pulled)?;
        for (path, pulled) in paths.iter_mut().zip(pulled.chunks_exact(s)) {
            let square = squares(&path.r);
            let reach = squared_distance(pulled, &path.r).sqrt();
            let level = self.epsilon * (squares(&path.h).sqrt() + square.sqrt());
            let near_rounding = square.sqrt() <= STALL * STALL * level;
            if !near_rounding && square > 2.0 * self.limit * reach || !square.is_finite() {
                path.outcome = Some(None);
            }
        }
        Ok(())
    }

    /// One Newton step of each path that goes on; whether any does.
    fn round(&self, flow: &mut dyn Flow<f64>, paths: &mut [Path]) -> Result<bool> {
        let mut going: Vec<&mut Path> = paths.iter_mut().filter(|p| p.outcome.is_none()).collect();
        let Some(first) = going.first() else {
            return Ok(false);
        };
        let (s, i) = (first.h.len(), first.x.len());
        let (h, x) = gather(going.iter().map(|path| &**path));
        let mut a = vec![0.0; going.len() * s * s];
        let mut by_input = vec![0.0; going.len() * s * i];
        flow.jacobians([&h, &x], Some(&mut a), Some(&mut by_input))?;
        let one = |(at, path): (usize, &mut &mut Path)| {
            let by_input = &by_input[at * s * i..][..s * i];
            self.attempt(path, &a[at * s * s..][..s * s], by_input)
        };
        let attempts: Vec<Attempt> = going.par_iter_mut().enumerate().map(one).collect();
        let again = self.judge(flow, &mut going, &attempts, false)?;
        // Where Newton's step leads astray, the matrix may be singular: the shortest step then.
        let mut astray: Vec<(usize, &mut Path)> = Vec::new();
        let mut shortest = Vec::new();
        for (at, path) in going.into_iter().enumerate().filter(|(at, _)| again[*at]) {
            let matrix = less_identity(&a[at * s * s..][..s * s], s);
            let d = shortest_step(&matrix, &path.r).unwrap_or_else(|| vec![0.0; s]);
            let (factor, noise) = (None, attempts[at].noise);
            shortest.push(Attempt { factor, d, noise });
            astray.push((at, path));
        }
        let mut paths: Vec<&mut Path> = astray.iter_mut().map(|(_, path)| &mut **path).collect();
        let again = self.judge(flow, &mut paths, &shortest, true)?;
        for ((at, path), _) in astray.into_iter().zip(again).filter(|(_, again)| *again) {
            match path.fallback.take() {
                Some((h, r)) => {
                    (path.h, path.r, path.sums) = (h, r, false);
                    path.last.clear();
                }
                None => path.outcome = Some(self.stall(path, &attempts[at])),
            }
        }
        Ok(true)
    }

    /// The fixed point where neither step makes the residual smaller, if rounding is the reason.
    fn stall(&self, path: &Path, attempt: &Attempt) -> Option<Root> {
        let size = squares(&path.r).sqrt();
        let factor = attempt.factor.as_ref()?;
        (size <= STALL * attempt.noise).then(|| self.root(path, factor, size))?
    }

    /// Newton's step from one state, or its end there if the residual is rounding alone.
    fn attempt(&self, path: &mut Path, j: &[f64], by_input: &[f64]) -> Attempt {
        let s = path.h.len();
        let noise = self.noise(path, j, by_input);
        let factor = Factor::new(&less_identity(j, s));
        let d = factor.step(&path.r);
        // At a root at 0 the level of rounding goes to 0 with the state; the step tells.
        let negligible = squares(&d).sqrt() <= self.epsilon * self.limit;
        if squares(&path.r).sqrt() <= noise || negligible {
            path.outcome = Some(self.root(path, &factor, noise));
        }
        let factor = Some(factor);
        Attempt { factor, d, noise }
    }

    /// The level of rounding of r: of |h|, |F| and the terms that F adds up, for each unit.
    fn noise(&self, path: &Path, j: &[f64], by_input: &[f64]) -> f64 {
        let (s, i) = (path.h.len(), path.x.len());
        let of = |row: &[f64], values: &[f64]| -> f64 {
            row.iter().zip(values).map(|(j, h)| (j * h).abs()).sum()
        };
        let unit = |k: usize| {
            let terms = of(&j[k * s..][..s], &path.h) + of(&by_input[k * i..][..i], &path.x);
            terms + path.h[k].abs() + (path.h[k] + path.r[k]).abs()
        };
        let square: f64 = (0..s).map(|k| unit(k) * unit(k)).sum();
        ROUNDINGS * self.epsilon * square.sqrt()
    }

    /// The fixed point at the end of a path, unless no fixed point can be there.
    fn root(&self, path: &Path, factor: &Factor, noise: f64) -> Option<Root> {
        let beyond = |bound: f64| path.h.iter().any(|h| h.abs() > bound * (1.0 + noise));
        if self.bound.is_some_and(beyond) {
            return None;
        }
        let square = squares(&path.r);
        // Near 0 the rounding of the state goes to 0 with it: the last step ends at this length.
        let least = self.epsilon * self.limit;
        let position_error = factor.inverse_norm() * (square.sqrt() + noise) + least;
        // The sign of a determinant that is 0 to rounding says nothing.
        let known = position_error < RESOLVED * self.limit;
        Some(Root {
            state: path.h.clone(),
            error: square / path.h.len() as f64,
            position_error,
            index: if known { factor.index() } else { 0 },
        })
    }

    /// Takes the steps that converge; for each of the paths whether its step did not.
    fn judge(
        &self,
        flow: &mut dyn Flow<f64>,
        paths: &mut [&mut Path],
        attempts: &[Attempt],
        shortest: bool,
    ) -> Result<Vec<bool>> {
        let mut again = vec![false; paths.len()];
        let open: Vec<usize> = (0..paths.len())
            .filter(|at| paths[*at].outcome.is_none())
            .collect();
        let plain = |at: &usize| attempts[*at].d.clone();
        let summed = |at: &usize| series(&paths[*at].last, &attempts[*at].d);
        let steps: Vec<Vec<f64>> = open.iter().map(plain).collect();
        let sums: Vec<Vec<f64>> = open.iter().map(summed).collect();
        let landings = self.landings(flow, paths, &open, &steps)?;
        let leaps = self.landings(flow, paths, &open, &sums)?;
        for (row, at) in open.into_iter().enumerate() {
            let (path, attempt) = (&mut *paths[at], &attempts[at]);
            let square = squares(&path.r);
            let sum = (&sums[row], &leaps[row]);
            let step = (&steps[row], &landings[row]);
            // A summed series must do much better than a plain step, or it is none.
            let leaps = path.sums && squares(&sum.1.1) < 0.01 * squares(&step.1.1);
            let best = if leaps { sum } else { step };
            let converges = match shortest {
                true => squares(&step.1.1) <= 0.25 * square,
                false => attempt.converges(&step.1.1),
            };
            let far = squared_distance(&best.1.0, &path.start).sqrt() > 2.0 * self.limit;
            if converges && !far {
                if leaps && path.fallback.is_none() {
                    path.fallback = Some((path.h.clone(), path.r.clone()));
                }
                (path.h, path.r) = best.1.clone();
                path.last.clone_from(best.0);
            } else {
                again[at] = true;
            }
        }
        Ok(again)
    }

    /// The states after some steps and their residuals.
    fn landings(
        &self,
        flow: &mut dyn Flow<f64>,
        paths: &[&mut Path],
        open: &[usize],
        steps: &[Vec<f64>],
    ) -> Result<Vec<(Vec<f64>, Vec<f64>)>> {
        let Some(first) = open.first() else {
            return Ok(Vec::new());
        };
        let finite = |step: &[f64]| step.iter().all(|d| d.is_finite());
        let all = open.iter().zip(steps);
        let h = all.flat_map(|(at, step)| {
            let moves = finite(step);
            let to = paths[*at].h.iter().zip(step);
            to.map(move |(h, d)| if moves { h + d } else { *h })
                .collect::<Vec<f64>>()
        });
        let x: Vec<f64> = open.iter().flat_map(|at| paths[*at].x.clone()).collect();
        let rows = landed(flow, paths[*first].h.len(), h.collect(), &x)?;
        Ok(rows.into_iter().map(|(h, r, _)| (h, r)).collect())
    }
}

impl Attempt {
    /// Whether the step leads to a residual of rounding, or to a smaller correction.
    fn converges(&self, r: &[f64]) -> bool {
        let Some(factor) = &self.factor else {
            return false;
        };
        let (step, next) = (squares(&self.d).sqrt(), squares(&factor.step(r)).sqrt());
        step.is_finite() && (squares(r).sqrt() <= self.noise || next <= THETA * step)
    }
}

/// All steps that would follow if each were the same part of the one before: for a step that is
/// short beside the last one, the step alone.
fn series(last: &[f64], d: &[f64]) -> Vec<f64> {
    let (size, before) = (squares(d).sqrt(), squares(last).sqrt());
    let dot: f64 = last.iter().zip(d).map(|(a, b)| a * b).sum();
    let ratio = size / before;
    let geometric = (SLOW_RATIO..MOST_RATIO).contains(&ratio) && dot > ALONG * size * before;
    let sum = if geometric { 1.0 / (1.0 - ratio) } else { 1.0 };
    d.iter().map(|d| sum * d).collect()
}

/// J - 1
fn less_identity(j: &[f64], s: usize) -> Vec<f64> {
    let mut a = j.to_vec();
    a.iter_mut().step_by(s + 1).for_each(|x| *x -= 1.0);
    a
}

/// The states and inputs of some paths, one after another.
fn gather<'a>(paths: impl Iterator<Item = &'a Path>) -> (Vec<f64>, Vec<f64>) {
    let (mut h, mut x) = (Vec::new(), Vec::new());
    for path in paths {
        h.extend_from_slice(&path.h);
        x.extend_from_slice(&path.x);
    }
    (h, x)
}
