//! Damped Newton's method for F(h, x) - h = 0, independent for each candidate, with exact
//! Jacobians.
//!
//! ```text
//! A = dF/dh - 1     r = F(h, x) - h     d = -A' (A A' + m 1)^-1 r     m = k |r|^2 / size^2
//! ```
//!
//! d is the minimum-norm step among those with the same reduction of r. With a damping of the order
//! of |r|^2 the steps converge quadratically even to zeros that are not isolated, and to one near
//! the initial state: along a direction in which h is slow, A is small compared with m, so h barely
//! moves. A line of nearly fixed points therefore remains a line.
//!
//! Source: Levenberg 1944; Marquardt 1963; Yamashita and Fukushima 2001 for the damping

use faer::Par;
use rayon::iter::{
    IndexedParallelIterator, IntoParallelIterator, IntoParallelRefIterator,
    IntoParallelRefMutIterator, ParallelIterator,
};
use rayon::slice::{ParallelSlice, ParallelSliceMut};

use super::candidates::{Candidates, Label, SearchResult};
use super::damped_step::{DampedSystem, Float, squared_norm};
use super::iterate::{
    Evaluation, Iterate, evaluate, initial_iterates, inputs, jacobian_minus_identity, new_minima,
};
use crate::base::{Progress, Report, Result, Status};
use crate::nn::StepMap;

/// Maximum number of active candidates.
const BATCH: usize = 128;
/// Errors at which the single-precision phase stops, relative to scale^2.
const SINGLE_TOLERANCE: f64 = 1e-9;
/// Maximum number of damping values per Jacobian.
const MAX_DAMPINGS: i32 = 6;
/// A step is accepted if at least this fraction of the predicted decrease is achieved.
const ACCEPT: f64 = 1e-3;
/// Factor on k after a rejected step; its square after the second rejection in a row, and so on.
const DAMPING_UP: f64 = 4.0;
/// Factor on k after a step that achieves at least `GOOD_AGREEMENT` of the predicted decrease.
const DAMPING_DOWN: f64 = 0.2;
const GOOD_AGREEMENT: f64 = 0.9;
/// Maximum number of chord steps (with the same Jacobian), taken while each reduces |r|^2 by the
/// factor `GAIN`.
const CHORD_STEPS: usize = 6;
const GAIN: f64 = 0.98;
/// Errors below this fraction of the mean square of the state, or of scale^2, are rounding.
const ROUNDING: f64 = 1e-31;

/// Settings of a search by Newton's method.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Newton {
    /// A candidate stops when its error is at most this value.
    pub tolerance: f64,
    /// Whether the iteration continues to the level of rounding, along slow directions as well.
    pub polish: bool,
    /// Maximum number of Jacobians per candidate; each serves several updates.
    pub max_iters: usize,
    /// A candidate within this distance of a known minimum of q with a lower q terminates there.
    /// Final states closer than this count as one point.
    pub unique_distance: f64,
    /// The largest modulus of the states: the unit of all lengths, so that the result does not
    /// depend on the units of the states.
    pub scale: f64,
    /// Whether the scale is that of the deviations from the mean of the candidates. Single
    /// precision does not resolve such states, and that phase is omitted.
    pub offset: bool,
    /// Singular values of A below this value are not resolved: no step along their directions.
    pub cutoff: f64,
}

/// An iterate and its linear system.
type Active<'a, T> = (&'a mut Iterate<T>, DampedSystem<'a, T>);

/// A step and the predicted decrease of |r|^2.
type Step<T> = (Vec<T>, f64);

/// Matrices of all active candidates.
#[derive(Default)]
struct Buffers<T> {
    /// The matrix A of each candidate.
    a: Vec<T>,
    gram: Vec<T>,
    factors: Vec<T>,
}

impl Newton {
    /// Runs the search from all candidates, first in single precision, which is twice as fast, then
    /// from the resulting states in double precision. All results come from the double-precision
    /// phase.
    ///
    /// Errors: those of the step maps
    pub fn search(
        &self,
        single: &mut dyn StepMap<f32>,
        double: &mut dyn StepMap<f64>,
        candidates: &Candidates,
        progress: &mut dyn Progress,
    ) -> Result<SearchResult> {
        if self.offset {
            return self.descend_distinct(double, candidates, progress);
        }
        let coarse = Newton {
            tolerance: self
                .tolerance
                .max(SINGLE_TOLERANCE * self.scale * self.scale),
            polish: false,
            ..*self
        };
        let mut first =
            coarse.descend(single, candidates, &vec![1; candidates.count()], progress)?;
        if first.interrupted {
            self.demote(&mut first);
            return Ok(first);
        }
        // A candidate that became non-finite in single precision restarts from its initial state.
        let restart = |(h, start): (&f64, &f64)| if h.is_finite() { *h } else { *start };
        let states = first.states.iter().zip(&candidates.states).map(restart);
        let restarted = Candidates {
            states: states.collect(),
            ..candidates.clone()
        };
        let mut result = self.descend_distinct(double, &restarted, progress)?;
        for (steps, single_steps) in result.steps.iter_mut().zip(first.steps) {
            *steps += single_steps;
        }
        Ok(result)
    }

    /// Runs the search in double precision; candidates at the same state continue as one.
    fn descend_distinct(
        &self,
        step_map: &mut dyn StepMap<f64>,
        candidates: &Candidates,
        progress: &mut dyn Progress,
    ) -> Result<SearchResult> {
        let (distinct, index) = candidates.deduplicate();
        let multiplicities = multiplicities(&distinct, &index);
        let result = self.descend(step_map, &distinct, &multiplicities, progress)?;
        Ok(result.expand(&index))
    }

    /// Labels the candidates of an interrupted single-precision phase as failed if they do not meet
    /// the requested tolerance, which is stricter.
    fn demote(&self, result: &mut SearchResult) {
        let coarse = |error: &f64| self.polish || *error > self.tolerance;
        let labels = result.labels.iter_mut().zip(&result.errors);
        let labels = labels.filter(|(_, error)| coarse(error));
        labels.for_each(|(label, _)| *label = Label::Failed);
        let ended = result
            .labels
            .iter()
            .filter(|label| **label == Label::Converged);
        result.unfinished = result.labels.len() - ended.count();
    }

    /// Runs the search in one precision; progress counts each candidate by its multiplicity.
    pub(super) fn descend<T: Float>(
        &self,
        step_map: &mut dyn StepMap<T>,
        candidates: &Candidates,
        multiplicities: &[usize],
        progress: &mut dyn Progress,
    ) -> Result<SearchResult> {
        faer::set_global_parallelism(Par::Seq);
        let (mut result, mut buffers) = (SearchResult::new(candidates), Buffers::<T>::default());
        let (count, mut started, mut done) = (candidates.count(), 0, 0);
        let mut reported = 0;
        let total = multiplicities.iter().sum();
        let (mut iterates, mut minima) = (Vec::new(), Vec::new());
        while done < count && !result.interrupted {
            // Replace finished candidates so that all threads stay busy.
            let next = started..count.min(started + BATCH - iterates.len());
            started = next.end;
            iterates.extend(initial_iterates(step_map, candidates, next)?);
            let lists = (&mut iterates, &mut minima);
            let finished = self.advance(step_map, candidates, lists, &mut buffers)?;
            done += finished.len();
            finished
                .iter()
                .for_each(|iterate| self.record(iterate, &mut result));
            let multiplicity = |iterate: &Iterate<T>| multiplicities[iterate.index];
            reported += finished.iter().map(multiplicity).sum::<usize>();
            let converged = result.errors.iter().zip(multiplicities);
            let converged = converged.filter(|(error, _)| **error <= self.tolerance);
            progress.report(Report {
                done: reported,
                total,
                status: Status::Search {
                    converged: converged.map(|(_, multiplicity)| multiplicity).sum(),
                },
            });
            result.interrupted = progress.stop_requested();
        }
        result.unfinished = total - reported;
        Ok(result)
    }

    /// Merges candidates into known minima and iterates the others. Removes and returns those that
    /// are finished.
    fn advance<T: Float>(
        &self,
        step_map: &mut dyn StepMap<T>,
        candidates: &Candidates,
        (iterates, minima): (&mut Vec<Iterate<T>>, &mut Vec<Iterate<T>>),
        buffers: &mut Buffers<T>,
    ) -> Result<Vec<Iterate<T>>> {
        let active = iterates
            .par_iter_mut()
            .filter(|iterate| !self.is_finished(iterate));
        active.for_each(|iterate| iterate.merge_into(minima, (self.unique_distance, candidates)));
        self.iterate(step_map, candidates, iterates, buffers)?;
        let finished: Vec<Iterate<T>> = iterates.extract_if(.., |r| self.is_finished(r)).collect();
        let limits = (self.unique_distance, self.tolerance);
        let found = new_minima(minima, &finished, limits);
        minima.extend(found);
        Ok(finished)
    }

    /// One iteration of all active candidates: one Jacobian and the steps that use it.
    fn iterate<T: Float>(
        &self,
        step_map: &mut dyn StepMap<T>,
        candidates: &Candidates,
        iterates: &mut [Iterate<T>],
        buffers: &mut Buffers<T>,
    ) -> Result<()> {
        let active = iterates
            .iter_mut()
            .filter(|iterate| !self.is_finished(iterate));
        let active: Vec<&mut Iterate<T>> = active.collect();
        if active.is_empty() {
            return Ok(());
        }
        jacobian_minus_identity(step_map, candidates, &active, &mut buffers.a)?;
        buffers.gram.resize(buffers.a.len(), T::of(0.0));
        buffers.factors.resize(buffers.a.len(), T::of(0.0));
        let each = candidates.state * candidates.state;
        let gram = buffers.gram.par_chunks_mut(each);
        let matrices = gram.zip(buffers.factors.par_chunks_mut(each));
        let tried = active
            .into_par_iter()
            .zip(buffers.a.par_chunks(each).zip(matrices))
            .filter_map(|(iterate, (a, (gram, factor)))| {
                let system = DampedSystem::new(a, gram, factor);
                let stationary = iterate.check_stationary(system.stationarity(&iterate.r));
                (!stationary).then_some((iterate, system))
            });
        let origin = match self.offset {
            true => candidates.mean(),
            false => vec![0.0; candidates.state],
        };
        let mut accepted = damped_step(step_map, candidates, (self, &origin), tried.collect())?;
        for _ in 0..CHORD_STEPS {
            accepted.retain(|(iterate, _)| !self.is_finished(iterate));
            accepted = chord_step(step_map, candidates, accepted)?;
        }
        Ok(())
    }

    /// The damping m of the next step.
    fn damping<T: Float>(&self, iterate: &Iterate<T>, origin: &[f64]) -> f64 {
        let states = iterate.h.iter().zip(origin);
        let largest = states.fold(self.scale, |max, (h, o)| max.max((h.double() - o).abs()));
        let damping = iterate.damping * iterate.squared_residual / (largest * largest);
        damping.max(self.cutoff * self.cutoff)
    }

    fn is_finished<T: Float>(&self, iterate: &Iterate<T>) -> bool {
        let error = iterate.squared_residual / iterate.h.len() as f64;
        let size = squared_norm(&iterate.h) / iterate.h.len() as f64;
        let exact = error <= ROUNDING * size.max(self.scale * self.scale);
        let near = error <= self.tolerance && !self.polish;
        let over = iterate.stalled || iterate.minimum || iterate.jacobians >= self.max_iters;
        exact || near || over || !iterate.squared_residual.is_finite()
    }

    fn record<T: Float>(&self, iterate: &Iterate<T>, result: &mut SearchResult) {
        let (at, s) = (iterate.index, iterate.h.len());
        let state = result.states[at * s..][..s].iter_mut();
        state.zip(&iterate.h).for_each(|(to, h)| *to = h.double());
        result.errors[at] = iterate.squared_residual / s as f64;
        result.steps[at] = iterate.steps;
        let near = result.errors[at] <= self.tolerance;
        // A polished search that stops early at a minimum of q has not reached a zero.
        let short = self.polish && iterate.minimum;
        result.labels[at] = match (near, iterate.minimum) {
            (true, _) if !short => Label::Converged,
            (_, true) => Label::Slow,
            _ => Label::Failed,
        };
    }
}

/// The number of candidates that share each distinct one.
fn multiplicities(distinct: &Candidates, index: &[usize]) -> Vec<usize> {
    let mut counts = vec![0; distinct.count()];
    index.iter().for_each(|at| counts[*at] += 1);
    counts
}

/// The states after the steps, with their residuals.
fn evaluate_steps<T: Float>(
    step_map: &mut dyn StepMap<T>,
    candidates: &Candidates,
    tried: &[Active<'_, T>],
    steps: &[Step<T>],
) -> Result<Vec<Evaluation<T>>> {
    let all = tried.iter().zip(steps);
    let h = all.flat_map(|((iterate, _), (d, _))| iterate.h.iter().zip(d).map(|(h, d)| *h + *d));
    let x = inputs(candidates, tried.iter().map(|(iterate, _)| &**iterate));
    evaluate(step_map, candidates.state, h.collect(), &x)
}

/// Takes one damped step per candidate and increases the damping if the error grows. Returns the
/// candidates that moved.
fn damped_step<'a, T: Float>(
    step_map: &mut dyn StepMap<T>,
    candidates: &Candidates,
    (newton, origin): (&Newton, &[f64]),
    mut tried: Vec<Active<'a, T>>,
) -> Result<Vec<Active<'a, T>>> {
    let mut accepted = Vec::new();
    for attempt in 1..=MAX_DAMPINGS {
        if tried.is_empty() {
            break;
        }
        let step = |(iterate, system): &mut Active<'_, T>| {
            let damping = newton.damping(iterate, origin);
            let zero = || (vec![T::of(0.0); iterate.r.len()], 0.0);
            system.solve(&iterate.r, damping).unwrap_or_else(zero)
        };
        let steps: Vec<Step<T>> = tried.par_iter_mut().map(step).collect();
        let evaluations = evaluate_steps(step_map, candidates, &tried, &steps)?;
        let mut rejected = Vec::new();
        let outcomes = tried.into_iter().zip(steps).zip(evaluations);
        for (((iterate, system), (_, predicted)), evaluation) in outcomes {
            match accept(iterate, evaluation, predicted) {
                true => accepted.push((iterate, system)),
                false => {
                    iterate.damping *= DAMPING_UP.powi(attempt);
                    rejected.push((iterate, system));
                }
            }
        }
        tried = rejected;
    }
    for (iterate, _) in tried {
        iterate.stalled = true;
    }
    Ok(accepted)
}

/// Takes a step that achieves enough of the predicted decrease. Returns whether it does.
fn accept<T: Float>(iterate: &mut Iterate<T>, evaluation: Evaluation<T>, predicted: f64) -> bool {
    let achieved = (iterate.squared_residual - evaluation.2) / predicted;
    let accepted = predicted > 0.0 && achieved > ACCEPT;
    if accepted {
        if achieved > GOOD_AGREEMENT {
            iterate.damping *= DAMPING_DOWN;
        }
        iterate.advance(evaluation);
    }
    accepted
}

/// Takes one more step per candidate with the existing Jacobian. Returns the candidates whose
/// residual decreased sufficiently.
fn chord_step<'a, T: Float>(
    step_map: &mut dyn StepMap<T>,
    candidates: &Candidates,
    tried: Vec<Active<'a, T>>,
) -> Result<Vec<Active<'a, T>>> {
    if tried.is_empty() {
        return Ok(tried);
    }
    let all = tried.par_iter();
    let step = |(iterate, system): &Active<'_, T>| (system.chord_step(&iterate.r), 0.0);
    let steps: Vec<Step<T>> = all.map(step).collect();
    let evaluations = evaluate_steps(step_map, candidates, &tried, &steps)?;
    let mut improved = Vec::new();
    for ((iterate, system), evaluation) in tried.into_iter().zip(evaluations) {
        if evaluation.2 < GAIN * iterate.squared_residual {
            iterate.advance(evaluation);
            improved.push((iterate, system));
        }
    }
    Ok(improved)
}
