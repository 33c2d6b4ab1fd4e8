//! Damped Newton steps on F(h, x) - h = 0, all candidates by themselves, with exact Jacobians.
//!
//! ```text
//! A = dF/dh - 1     r = F(h, x) - h     d = -A' (A A' + m 1)^-1 r     m = k |r|^2
//! ```
//!
//! d is the shortest step of those that remove as much of r. With a damping of the order of |r|^2
//! the steps converge quadratically even where zeros are not isolated, and to one near the start:
//! along a direction in which h is slow, A is small beside m and h hardly moves. So a line of
//! nearly fixed points stays a line.
//!
//! Source: Levenberg 1944; Marquardt 1963; Yamashita and Fukushima 2001 for the damping

use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::solvers::Solve;
use faer::{Accum, Mat, MatRef, Par, Side};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use rayon::slice::ParallelSlice;

use super::search::{Candidates, Ends, Label};
use crate::base::{Progress, Report, Result};
use crate::nn::Flow;

/// Candidates whose Jacobians are held at a time.
const CHUNK: usize = 256;
/// Steps longer than this are tried with one Jacobian: each failure multiplies the damping.
const TRIES: usize = 6;
/// What the damping is multiplied by where a step made q larger.
const UP: f64 = 6.0;
/// And where it made q as small as foretold.
const DOWN: f64 = 0.2;
/// The part of the foretold decrease that must come true.
const TRUST: f64 = 1e-3;
/// Added to the damping, relative to A A': what rounding makes of zero.
const ROUNDING: f64 = 1e-15;
/// A minimum of q: the cosine between r and all that A can reach is below this.
const STATIONARY: f64 = 1e-6;
/// Plain Newton steps at the end of a polished search; the last one tells how far the point is.
const SHARPENED: usize = 3;
/// A polished point is one where the last of them is this short, beside the state.
const EXACT_STEP: f64 = 1e-9;
/// Errors this far below the squared size of a state are rounding alone.
const EXACT: f64 = 1e-31;

/// How a search by Newton's method is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Newton {
    /// A candidate stops where its error is this small.
    pub tolerance: f64,
    /// Whether it goes on to where rounding ends it, along slow directions too.
    pub polish: bool,
    /// Updates of a candidate at most.
    pub steps: usize,
}

/// One candidate on its way.
struct Runner {
    /// Its number.
    at: usize,
    h: Vec<f64>,
    r: Vec<f64>,
    /// |r|^2
    square: f64,
    /// k
    damping: f64,
    steps: usize,
    minimum: bool,
    /// Whether no step made q smaller.
    stuck: bool,
    /// |A^-1 r|: how far the zero is, by the Jacobian here.
    distance: f64,
}

/// What the Jacobian says of one candidate.
struct Local {
    a: Mat<f64>,
    /// A A', lower half.
    square: Mat<f64>,
    /// A' r
    slope: Vec<f64>,
}

impl Newton {
    /// Goes from all candidates.
    ///
    /// Errors: those of the flow
    pub fn search(
        &self,
        flow: &mut dyn Flow<f64>,
        from: &Candidates,
        progress: &mut dyn Progress,
    ) -> Result<Ends> {
        let mut ends = Ends::of(from);
        let count = from.count();
        for first in (0..count).step_by(CHUNK) {
            if progress.stopped() {
                ends.interrupted = true;
                break;
            }
            let mut runners = begun(flow, from, first..count.min(first + CHUNK))?;
            self.run(flow, from, &mut runners, progress)?;
            if self.polish {
                for _ in 0..SHARPENED {
                    sharpen(flow, from, &mut runners)?;
                }
            }
            for runner in runners {
                self.end(runner, &mut ends);
            }
            let done = count.min(first + CHUNK);
            let converged = ends.labels.iter().filter(|l| **l == Label::Converged);
            progress.report(Report {
                done,
                total: count,
                loss: converged.count() as f64 / done as f64,
                rate: 0.0,
            });
        }
        Ok(ends)
    }

    fn run(
        &self,
        flow: &mut dyn Flow<f64>,
        from: &Candidates,
        runners: &mut [Runner],
        progress: &mut dyn Progress,
    ) -> Result<()> {
        for _ in 0..self.steps {
            let mut going: Vec<&mut Runner> = runners
                .iter_mut()
                .filter(|runner| !self.done(runner))
                .collect();
            if going.is_empty() || progress.stopped() {
                break;
            }
            let locals = locals(flow, from, &going)?;
            let mut tried: Vec<(&mut Runner, &Local)> = Vec::new();
            for (runner, local) in going.drain(..).zip(&locals) {
                runner.minimum = stationary(runner, local);
                if !runner.minimum {
                    tried.push((runner, local));
                }
            }
            for _ in 0..TRIES {
                tried = leap(flow, from, tried)?;
            }
            for (runner, _) in tried {
                runner.stuck = true;
            }
        }
        Ok(())
    }

    fn done(&self, runner: &Runner) -> bool {
        let error = runner.square / runner.h.len() as f64;
        let size = runner.h.iter().map(|x| x * x).sum::<f64>() / runner.h.len() as f64;
        let exact = error <= EXACT * size.max(1.0);
        let near = error <= self.tolerance && !self.polish;
        exact || near || runner.stuck || runner.minimum || !runner.square.is_finite()
    }

    fn end(&self, runner: Runner, ends: &mut Ends) {
        let (at, s) = (runner.at, runner.h.len());
        ends.states[at * s..][..s].copy_from_slice(&runner.h);
        ends.errors[at] = runner.square / s as f64;
        ends.steps[at] = runner.steps;
        let near = ends.errors[at] <= self.tolerance;
        let size = runner.h.iter().map(|x| x * x).sum::<f64>().sqrt();
        // A step may be short where a state is far from any fixed point, all gates being shut.
        let exact = !self.polish || runner.distance <= EXACT_STEP * (1.0 + size);
        ends.labels[at] = match (near, runner.minimum) {
            (true, _) if exact => Label::Converged,
            (true, _) | (_, true) => Label::Slow,
            _ => Label::Failed,
        };
    }
}

/// The candidates of a chunk, at their starts.
fn begun(
    flow: &mut dyn Flow<f64>,
    from: &Candidates,
    chunk: std::ops::Range<usize>,
) -> Result<Vec<Runner>> {
    let (s, i) = (from.state, from.inputs);
    let h = &from.states[chunk.start * s..chunk.end * s];
    let mut next = vec![0.0; h.len()];
    flow.step(h, &from.x[chunk.start * i..chunk.end * i], &mut next)?;
    let rows = h.chunks_exact(s).zip(next.chunks_exact(s));
    let runner = |(at, (h, next)): (usize, (&[f64], &[f64]))| {
        let (r, square) = residual(h, next);
        Runner {
            at,
            h: h.to_vec(),
            r,
            square,
            damping: 1.0,
            steps: 0,
            minimum: false,
            stuck: false,
            distance: f64::INFINITY,
        }
    };
    Ok(chunk.zip(rows).map(runner).collect())
}

/// A plain Newton step of those that came near, taken where it makes the error no larger.
fn sharpen(flow: &mut dyn Flow<f64>, from: &Candidates, runners: &mut [Runner]) -> Result<()> {
    let mut near: Vec<&mut Runner> = runners
        .iter_mut()
        .filter(|runner| runner.square.is_finite())
        .collect();
    let s = from.state;
    let steps = distances(flow, from, &near)?;
    let mut h = Vec::with_capacity(near.len() * s);
    for (runner, step) in near.iter_mut().zip(&steps) {
        runner.distance = step.iter().map(|d| d * d).sum::<f64>().sqrt();
        h.extend(runner.h.iter().zip(step).map(|(h, d)| h - d));
    }
    let x = inputs(from, near.iter().map(|runner| &**runner));
    let mut next = vec![0.0; h.len()];
    flow.step(&h, &x, &mut next)?;
    let rows = h.chunks_exact(s).zip(next.chunks_exact(s));
    for (runner, (h, next)) in near.into_iter().zip(rows) {
        let (r, square) = residual(h, next);
        if square <= runner.square {
            runner.h.copy_from_slice(h);
            (runner.r, runner.square) = (r, square);
        }
    }
    Ok(())
}

/// A^-1 r of each, infinite where A has no inverse.
fn distances(
    flow: &mut dyn Flow<f64>,
    from: &Candidates,
    near: &[&mut Runner],
) -> Result<Vec<Vec<f64>>> {
    let s = from.state;
    let h: Vec<f64> = near.iter().flat_map(|runner| runner.h.clone()).collect();
    let x = inputs(from, near.iter().map(|runner| &**runner));
    let mut jacobians = vec![0.0; near.len() * s * s];
    flow.jacobians([&h, &x], Some(&mut jacobians), None)?;
    let r: Vec<&[f64]> = near.iter().map(|runner| &runner.r[..]).collect();
    let solved = |(j, r): (&[f64], &[f64])| {
        let a = less_one(j, s);
        let d = a
            .partial_piv_lu()
            .solve(MatRef::from_column_major_slice(r, s, 1));
        d.col_as_slice(0).to_vec()
    };
    Ok(jacobians.par_chunks(s * s).zip(r).map(solved).collect())
}

/// dF/dh - 1
fn less_one(jacobian: &[f64], s: usize) -> Mat<f64> {
    let mut a = MatRef::from_row_major_slice(jacobian, s, s).to_owned();
    for k in 0..s {
        a[(k, k)] -= 1.0;
    }
    a
}

fn residual(h: &[f64], next: &[f64]) -> (Vec<f64>, f64) {
    let r: Vec<f64> = next.iter().zip(h).map(|(f, h)| f - h).collect();
    let square = r.iter().map(|r| r * r).sum();
    (r, square)
}

/// The inputs of some candidates, one after another.
fn inputs<'a>(from: &Candidates, all: impl Iterator<Item = &'a Runner>) -> Vec<f64> {
    let i = from.inputs;
    all.flat_map(|runner| from.x[runner.at * i..][..i].to_vec())
        .collect()
}

fn locals(
    flow: &mut dyn Flow<f64>,
    from: &Candidates,
    going: &[&mut Runner],
) -> Result<Vec<Local>> {
    let s = from.state;
    let h: Vec<f64> = going.iter().flat_map(|runner| runner.h.clone()).collect();
    let x = inputs(from, going.iter().map(|runner| &**runner));
    let mut jacobians = vec![0.0; going.len() * s * s];
    flow.jacobians([&h, &x], Some(&mut jacobians), None)?;
    let r: Vec<&[f64]> = going.iter().map(|runner| &runner.r[..]).collect();
    faer::set_global_parallelism(Par::Seq);
    let local = |(j, r): (&[f64], &[f64])| {
        let a = less_one(j, s);
        let slope = a.transpose() * MatRef::from_column_major_slice(r, s, 1);
        let mut square = Mat::zeros(s, s);
        let (lower, whole) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
        triangular::matmul(
            square.as_mut(),
            lower,
            Accum::Replace,
            a.as_ref(),
            whole,
            a.transpose(),
            whole,
            1.0,
            Par::Seq,
        );
        Local {
            slope: slope.col_as_slice(0).to_vec(),
            square,
            a,
        }
    };
    Ok(jacobians.par_chunks(s * s).zip(r).map(local).collect())
}

/// Whether q has a minimum here: r stands on all that A can reach.
fn stationary(runner: &Runner, local: &Local) -> bool {
    let slope: f64 = local.slope.iter().map(|x| x * x).sum();
    let size = local.a.squared_norm_l2();
    slope <= STATIONARY * STATIONARY * size * runner.square
}

/// The step of one candidate, and the decrease of |r|^2 that it foretells.
fn step(runner: &Runner, local: &Local) -> Option<(Vec<f64>, f64)> {
    let s = runner.h.len();
    let mut m = local.square.clone();
    let largest = (0..s).fold(0.0, |most: f64, k| most.max(m[(k, k)]));
    let shift = runner.damping * runner.square + ROUNDING * largest;
    for k in 0..s {
        m[(k, k)] += shift;
    }
    let y = m.llt(Side::Lower).ok()?;
    let y = y.solve(MatRef::from_column_major_slice(&runner.r, s, 1));
    let d = local.a.transpose() * &y;
    let moved: Vec<f64> = d.col_as_slice(0).iter().map(|x| -x).collect();
    // r + A d = m (A A' + m)^-1 r = m y
    let left = shift * shift * y.squared_norm_l2();
    Some((moved, runner.square - left))
}

/// Tries a step of each; gives those that are to try again with more damping.
fn leap<'a, 'b>(
    flow: &mut dyn Flow<f64>,
    from: &Candidates,
    tried: Vec<(&'a mut Runner, &'b Local)>,
) -> Result<Vec<(&'a mut Runner, &'b Local)>> {
    if tried.is_empty() {
        return Ok(tried);
    }
    let s = from.state;
    let pairs: Vec<(&Runner, &Local)> = tried.iter().map(|(r, l)| (&**r, *l)).collect();
    let steps: Vec<Option<(Vec<f64>, f64)>> = pairs
        .into_par_iter()
        .map(|(runner, local)| step(runner, local))
        .collect();
    let mut h = Vec::with_capacity(tried.len() * s);
    for ((runner, _), step) in tried.iter().zip(&steps) {
        let d = step.as_ref().map(|(d, _)| &d[..]).unwrap_or_default();
        let d = d.iter().chain(std::iter::repeat(&0.0));
        h.extend(runner.h.iter().zip(d).map(|(h, d)| h + d));
    }
    let x = inputs(from, tried.iter().map(|(runner, _)| &**runner));
    let mut next = vec![0.0; h.len()];
    flow.step(&h, &x, &mut next)?;
    let rows = h.chunks_exact(s).zip(next.chunks_exact(s));
    let mut again = Vec::new();
    for (((runner, local), step), (h, next)) in tried.into_iter().zip(steps).zip(rows) {
        let (r, square) = residual(h, next);
        let foretold = step.map_or(0.0, |(_, foretold)| foretold);
        let true_part = (runner.square - square) / foretold;
        if !(foretold > 0.0 && true_part > TRUST) {
            runner.damping *= UP;
            again.push((runner, local));
            continue;
        }
        if true_part > 0.5 {
            runner.damping *= DOWN;
        }
        runner.h.copy_from_slice(h);
        (runner.r, runner.square) = (r, square);
        runner.steps += 1;
    }
    Ok(again)
}
