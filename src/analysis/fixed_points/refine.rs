//! Refinement of final states to fixed points: decides whether a small residual means that F(h, x)
//! = h has a solution nearby, and at what distance.
//!
//! ```text
//! A = dF/dh - 1     r = F(h) - h     d = -A^-1 r     theta = |A^-1 r(h + d)| / |d|
//! ```
//!
//! A final state is within the tolerance wherever F is slow, which does not imply a solution: F(h)
//! = h + 1e-7 has none. Newton's method from the final state decides. Its simplified corrections
//! must shrink (theta at most 1/2) until the residual is at the level of rounding of the terms that
//! F sums. Near a root of multiplicity m, theta is (1 - 1/m)^m < 1/e and each step is only
//! (1 - 1/m) times the one before; their geometric series is then summed. If A is singular to
//! rounding, as on a line of fixed points, the minimum-norm step replaces d.
//!
//! Source: Deuflhard 2011, Newton Methods for Nonlinear Problems, section 2.1 (affine covariant
//! convergence); Kantorovich 1948 for the position bound

use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use super::candidates::{Candidates, squared_distance};
use super::damped_step::squared_norm;
use super::factor::{Factor, minimum_norm_step};
use super::iterate::evaluate;
use super::newton_path::{NewtonStep, Path, Root, concatenate, geometric_sum, minus_identity};
use crate::base::Result;
use crate::nn::StepMap;

/// Paths per batch.
const BATCH: usize = 128;
/// Maximum number of Newton steps: a triple root needs this many without the summed series.
const MAX_STEPS: usize = 64;
/// Rounding units that each term of F may contribute to a residual.
const ROUNDINGS: f64 = 8.0;
/// Newton's method may stall at this multiple of the estimated level of rounding.
const STALL: f64 = 64.0;
/// A step is long if it exceeds the residual by this factor: an eigenvalue is close to 1.
const LONG_STEP: f64 = 1e3;
/// Singular values of J - 1 below this multiple of the resolution of the parameters are not
/// determined by them.
const UNDETERMINED: f64 = 32.0;
/// J - 1 is nonsingular if the position error is below this fraction of the limit.
const RESOLVED: f64 = 1e-3;

/// Settings of the refinement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Refinement {
    /// The machine epsilon of F.
    pub epsilon: f64,
    /// A fixed point further than this from the final state does not belong to it.
    pub limit: f64,
    /// The largest modulus of a unit at any fixed point, if known. Beyond it the gates of a GRU
    /// close, so that F(h) = h to rounding.
    pub bound: Option<f64>,
    /// The relative resolution of the parameters, at least `epsilon`. Where errors of this size
    /// make J - 1 singular, every state within their effect is a fixed point.
    pub resolution: f64,
}

/// The state after a step, with its residual.
type Moved = (Vec<f64>, Vec<f64>);

impl Refinement {
    /// The fixed points of each candidate: its own, if one exists, and one that lies beyond it.
    ///
    /// Errors: those of the step map
    pub fn refine(
        &self,
        step_map: &mut dyn StepMap<f64>,
        candidates: &Candidates,
    ) -> Result<Vec<Vec<Root>>> {
        let (s, i) = (candidates.state, candidates.inputs);
        let mut roots = Vec::with_capacity(candidates.count());
        for start in (0..candidates.count()).step_by(BATCH) {
            let end = candidates.count().min(start + BATCH);
            let h = candidates.states[start * s..end * s].to_vec();
            let x = &candidates.x[start * i..end * i];
            let rows = evaluate(step_map, s, h, x)?.into_iter().enumerate();
            let path = |(row, (h, r, _))| Path::new(h, r, x[row * i..][..i].to_vec());
            let mut paths: Vec<Path> = rows.map(path).collect();
            self.reject_distant(step_map, &mut paths)?;
            for _ in 0..MAX_STEPS {
                if !self.iterate(step_map, &mut paths)? {
                    break;
                }
            }
            roots.extend(paths.into_iter().map(|mut path| match path.outcome.take() {
                Some(roots) => roots,
                None => path.roots(None),
            }));
        }
        Ok(roots)
    }

    /// Terminates the paths without a solution within the limit: |d| is at least |r|^2 / |A' r|,
    /// which needs no Jacobian.
    fn reject_distant(&self, step_map: &mut dyn StepMap<f64>, paths: &mut [Path]) -> Result<()> {
        let s = paths[0].h.len();
        let (h, x) = concatenate(paths.iter());
        let r: Vec<f64> = paths.iter().flat_map(|path| path.r.clone()).collect();
        let mut vjp = vec![0.0; r.len()];
        step_map.vjp([&h, &x], &r, &mut vjp)?;
        for (path, vjp) in paths.iter_mut().zip(vjp.chunks_exact(s)) {
            let square = squared_norm(&path.r);
            let gradient_norm = squared_distance(vjp, &path.r).sqrt();
            let level = self.epsilon * (squared_norm(&path.h).sqrt() + square.sqrt());
            let near_rounding = square.sqrt() <= STALL * STALL * level;
            if !near_rounding && square > 2.0 * self.limit * gradient_norm || !square.is_finite() {
                path.outcome = Some(Vec::new());
            }
        }
        Ok(())
    }

    /// One Newton step of each active path. Returns whether any path was active.
    fn iterate(&self, step_map: &mut dyn StepMap<f64>, paths: &mut [Path]) -> Result<bool> {
        let mut active: Vec<&mut Path> = paths.iter_mut().filter(|p| p.outcome.is_none()).collect();
        let Some(first) = active.first() else {
            return Ok(false);
        };
        let (s, i) = (first.h.len(), first.x.len());
        let (h, x) = concatenate(active.iter().map(|path| &**path));
        let mut a = vec![0.0; active.len() * s * s];
        let mut by_input = vec![0.0; active.len() * s * i];
        step_map.jacobians([&h, &x], Some(&mut a), Some(&mut by_input))?;
        let one = |(at, path): (usize, &mut &mut Path)| {
            let by_input = &by_input[at * s * i..][..s * i];
            self.newton_step(path, &a[at * s * s..][..s * s], by_input)
        };
        let newton_steps: Vec<NewtonStep> = active.par_iter_mut().enumerate().map(one).collect();
        let failed = self.take_convergent_steps(step_map, &mut active, &newton_steps, false)?;
        // If Newton's step fails, the matrix may be singular: try the minimum-norm step.
        let mut failing: Vec<(usize, &mut Path)> = Vec::new();
        let mut minimum_norm = Vec::new();
        for (at, path) in active.into_iter().enumerate().filter(|(at, _)| failed[*at]) {
            let j = &a[at * s * s..][..s * s];
            minimum_norm.push(self.minimum_norm(path, j, &newton_steps[at]));
            failing.push((at, path));
        }
        let mut paths: Vec<&mut Path> = failing.iter_mut().map(|(_, path)| &mut **path).collect();
        let failed = self.take_convergent_steps(step_map, &mut paths, &minimum_norm, true)?;
        let failing = failing.into_iter().zip(failed);
        for ((at, path), _) in failing.filter(|(_, failed)| *failed) {
            let step = &newton_steps[at];
            match step.undetermined {
                true => self.end_undetermined(path, step.rounding),
                // A summed series that leads to no root was between two of them.
                false if path.fallback.is_some() => path.end(None),
                false => path.end(self.stall(path, step, &a[at * s * s..][..s * s])),
            }
        }
        Ok(true)
    }

    /// The minimum-norm step. If the rounding of the parameters makes A singular, it has no
    /// component along the directions that they do not determine.
    fn minimum_norm(&self, path: &Path, j: &[f64], newton_step: &NewtonStep) -> NewtonStep {
        let undetermined = newton_step.undetermined;
        let cutoff = if undetermined {
            UNDETERMINED * self.resolution
        } else {
            0.0
        };
        let d = minimum_norm_step(&minus_identity(j, path.h.len()), &path.r, cutoff);
        NewtonStep {
            factor: None,
            d: d.unwrap_or_else(|| vec![0.0; path.h.len()]),
            rounding: newton_step.rounding,
            undetermined,
            ended: false,
        }
    }

    /// Ends a path at a state whose residual is at the resolution of the parameters; otherwise it
    /// continues with exact parameters.
    fn end_undetermined(&self, path: &mut Path, rounding: f64) {
        let level = rounding / ROUNDINGS * self.resolution / self.epsilon;
        let square = squared_norm(&path.r);
        if square.sqrt() > level || self.is_unreachable(&path.h, rounding) {
            path.exact = true;
            return;
        }
        path.outcome = Some(vec![Root {
            state: path.h.clone(),
            error: square / path.h.len() as f64,
            position_error: f64::INFINITY,
            index: 0,
        }]);
    }

    /// The fixed point at a state where neither step reduces the residual, if rounding is the
    /// reason.
    fn stall(&self, path: &Path, newton_step: &NewtonStep, j: &[f64]) -> Option<Root> {
        let size = squared_norm(&path.r).sqrt();
        let factor = newton_step.factor.as_ref()?;
        (size <= STALL * newton_step.rounding).then(|| self.root(path, (factor, j), size))?
    }

    /// Newton's step from one state; terminates the path if the residual is at the level of
    /// rounding.
    fn newton_step(&self, path: &mut Path, j: &[f64], by_input: &[f64]) -> NewtonStep {
        let s = path.h.len();
        let rounding = self.rounding(path, j, by_input);
        let factor = Factor::new(&minus_identity(j, s));
        let d = factor.step(&path.r);
        // At a root at 0 the level of rounding vanishes with the state; the length of the step
        // decides.
        let (step, size) = (squared_norm(&d).sqrt(), squared_norm(&path.r).sqrt());
        let ended = size <= rounding || step <= self.epsilon * self.limit;
        if ended {
            path.end(self.root(path, (&factor, j), rounding));
        }
        let undetermined = self.resolution > self.epsilon
            && !path.exact
            && !ended
            && step > LONG_STEP * size
            && factor.is_singular_within(j, ROUNDINGS * self.resolution);
        let factor = Some(factor);
        NewtonStep {
            factor,
            d,
            rounding,
            undetermined,
            ended,
        }
    }

    /// The level of rounding of r: |h|, |F| and the terms that F sums, for each unit.
    fn rounding(&self, path: &Path, j: &[f64], by_input: &[f64]) -> f64 {
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

    /// Whether a state is beyond the bound of all fixed points.
    fn is_unreachable(&self, h: &[f64], rounding: f64) -> bool {
        let exceeds = |bound: f64| h.iter().any(|h| h.abs() > bound * (1.0 + rounding));
        self.bound.is_some_and(exceeds)
    }

    /// The fixed point at the end of a path, unless the bound excludes it.
    fn root(&self, path: &Path, (factor, j): (&Factor, &[f64]), rounding: f64) -> Option<Root> {
        if self.is_unreachable(&path.h, rounding) {
            return None;
        }
        let square = squared_norm(&path.r);
        // Near 0 the rounding of the state vanishes with it; this is the length of the last step.
        let min_error = self.epsilon * self.limit.max(squared_norm(&path.h).sqrt());
        let position_error = match factor.is_singular_within(j, ROUNDINGS * self.resolution) {
            true => f64::INFINITY,
            false => factor.inverse_norm() * (square.sqrt() + rounding) + min_error,
        };
        // The sign of a determinant that is 0 to rounding is meaningless.
        let known = position_error < RESOLVED * self.limit;
        Some(Root {
            state: path.h.clone(),
            error: square / path.h.len() as f64,
            position_error,
            index: if known { factor.index() } else { 0 },
        })
    }

    /// Takes the steps that converge. Returns whether the step of each path failed.
    fn take_convergent_steps(
        &self,
        step_map: &mut dyn StepMap<f64>,
        paths: &mut [&mut Path],
        newton_steps: &[NewtonStep],
        minimum_norm: bool,
    ) -> Result<Vec<bool>> {
        let postponed = |step: &NewtonStep| step.undetermined && !minimum_norm;
        let mut failed: Vec<bool> = newton_steps.iter().map(postponed).collect();
        let open: Vec<usize> = (0..paths.len())
            .filter(|at| !newton_steps[*at].ended && !failed[*at])
            .collect();
        let step_of = |at: &usize| newton_steps[*at].d.clone();
        let sum_of = |at: &usize| geometric_sum(&paths[*at].last, &newton_steps[*at].d);
        let steps: Vec<Vec<f64>> = open.iter().map(step_of).collect();
        let sums: Vec<Vec<f64>> = open.iter().map(sum_of).collect();
        let step_evaluations = self.evaluate_steps(step_map, paths, &open, &steps)?;
        let sum_evaluations = self.evaluate_steps(step_map, paths, &open, &sums)?;
        for (row, at) in open.into_iter().enumerate() {
            let step = (&steps[row], &step_evaluations[row]);
            let sum = (&sums[row], &sum_evaluations[row]);
            let newton_step = (!minimum_norm).then_some(&newton_steps[at]);
            failed[at] = !self.take_step(paths[at], [step, sum], newton_step);
        }
        Ok(failed)
    }

    /// Takes the step or the summed series of steps if it converges; `newton_step` is None for a
    /// minimum-norm step. Returns whether the path moved.
    fn take_step(
        &self,
        path: &mut Path,
        [step, sum]: [(&Vec<f64>, &Moved); 2],
        newton_step: Option<&NewtonStep>,
    ) -> bool {
        let square = squared_norm(&path.r);
        // The summed series must reduce the residual far more than the plain step.
        let uses_sum = path.sums && squared_norm(&sum.1.1) < 0.01 * squared_norm(&step.1.1);
        let best = if uses_sum { sum } else { step };
        let converges = match newton_step {
            None => squared_norm(&step.1.1) <= 0.25 * square,
            Some(newton_step) => newton_step.converges(&step.1.1),
        };
        let far = squared_distance(&best.1.0, &path.start).sqrt() > 2.0 * self.limit;
        if !converges || far {
            return false;
        }
        if uses_sum && path.fallback.is_none() {
            path.fallback = Some((path.h.clone(), path.r.clone()));
        }
        (path.h, path.r) = best.1.clone();
        path.last.clone_from(best.0);
        true
    }

    /// The states after the steps, with their residuals.
    fn evaluate_steps(
        &self,
        step_map: &mut dyn StepMap<f64>,
        paths: &[&mut Path],
        open: &[usize],
        steps: &[Vec<f64>],
    ) -> Result<Vec<Moved>> {
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
        let rows = evaluate(step_map, paths[*first].h.len(), h.collect(), &x)?;
        Ok(rows.into_iter().map(|(h, r, _)| (h, r)).collect())
    }
}
