//! Gradient descent on the mean error, as in the reference notebooks: one Adam run over the states
//! of all candidates jointly.

use super::candidates::{Candidates, Label, SearchResult};
use crate::base::{Progress, Report, Result, Status};
use crate::nn::StepMap;
use crate::ops::Lanes;
use crate::optim::{Optimizer, OptimizerState, StepScale};

/// Iterations between two progress reports.
const REPORT_INTERVAL: usize = 20;

/// Settings of a search by gradient descent.
#[derive(Clone)]
pub struct Adam {
    /// A candidate stops when its error is at most this value.
    pub tolerance: f64,
    /// Maximum number of updates.
    pub max_iters: usize,
    pub optimizer: Optimizer,
}

impl Adam {
    /// Runs the search from all candidates. The gradient is that of the mean of the errors over the
    /// candidates, so that epsilon has the same relative effect as in the reference notebooks.
    ///
    /// Errors: those of the step map
    pub fn search<T: Lanes>(
        &self,
        step_map: &mut dyn StepMap<T>,
        candidates: &Candidates,
        progress: &mut dyn Progress,
    ) -> Result<SearchResult> {
        let all = |values: &[f64]| values.iter().map(|x| T::of(*x)).collect::<Vec<T>>();
        let (mut h, x) = (all(&candidates.states), all(&candidates.x));
        let mut result = SearchResult::new(candidates);
        let mut converged = vec![false; candidates.count()];
        let mut descent = OptimizerState::<T>::new(self.optimizer.clone(), h.len());
        let [mut r, mut gradient] = [(); 2].map(|()| vec![T::of(0.0); h.len()]);
        for step in 0..=self.max_iters {
            let loss = self.errors(
                step_map,
                candidates,
                [&h, &x],
                &mut r,
                &mut converged,
                &mut result,
            )?;
            let done = converged.iter().all(|converged| *converged) || step == self.max_iters;
            result.interrupted = !done && progress.stop_requested();
            if done || result.interrupted {
                break;
            }
            loss_gradient(step_map, candidates, [&h, &x], &r, &mut gradient)?;
            mask_gradient(&converged, &mut gradient);
            let pull = StepScale {
                lr: descent.lr(),
                l2: 0.0,
                scale: 1.0,
            };
            let previous = h.clone();
            if !descent.step(&mut h, &gradient, &pull) {
                break;
            }
            restore_states(&converged, &previous, &mut h);
            descent.observe(loss);
            for (steps, converged) in result.steps.iter_mut().zip(&converged) {
                *steps += usize::from(!converged);
            }
            if step % REPORT_INTERVAL == 0 {
                progress.report(Report {
                    done: step,
                    total: self.max_iters,
                    status: Status::Loss { loss, lr: pull.lr },
                });
            }
        }
        if result.interrupted {
            result.unfinished = converged.iter().filter(|converged| !**converged).count();
        }
        result.states = h.iter().map(|x| x.double()).collect();
        Ok(result)
    }

    /// Fills r = h - F and the errors, marks converged candidates, and returns the mean error.
    fn errors<T: Lanes>(
        &self,
        step_map: &mut dyn StepMap<T>,
        candidates: &Candidates,
        [h, x]: [&[T]; 2],
        r: &mut [T],
        converged: &mut [bool],
        result: &mut SearchResult,
    ) -> Result<f64> {
        step_map.step(h, x, r)?;
        let s = candidates.state;
        let rows = r.chunks_exact_mut(s).zip(h.chunks_exact(s));
        for (at, (r, h)) in rows.enumerate() {
            let mut square = 0.0;
            for (r, h) in r.iter_mut().zip(h) {
                *r = *h - *r;
                square += r.double() * r.double();
            }
            result.errors[at] = square / s as f64;
            converged[at] = result.errors[at] <= self.tolerance;
            result.labels[at] = if converged[at] {
                Label::Converged
            } else {
                Label::Failed
            };
        }
        Ok(result.errors.iter().sum::<f64>() / result.errors.len() as f64)
    }
}

/// The gradient of the mean error with respect to h: 2 / (s c) (r - r dF/dh).
fn loss_gradient<T: Lanes>(
    step_map: &mut dyn StepMap<T>,
    candidates: &Candidates,
    at: [&[T]; 2],
    r: &[T],
    gradient: &mut [T],
) -> Result<()> {
    step_map.vjp(at, r, gradient)?;
    let weight = T::of(2.0 / (candidates.state * candidates.count()) as f64);
    for (g, r) in gradient.iter_mut().zip(r) {
        *g = weight * (*r - *g);
    }
    Ok(())
}

/// Sets the gradient of converged candidates to zero.
fn mask_gradient<T: Lanes>(converged: &[bool], gradient: &mut [T]) {
    let s = gradient.len() / converged.len();
    for (row, _) in gradient
        .chunks_exact_mut(s)
        .zip(converged)
        .filter(|(_, converged)| **converged)
    {
        row.fill(T::of(0.0));
    }
}

/// Restores the states of converged candidates, which the momentum of Adam would otherwise move.
fn restore_states<T: Lanes>(converged: &[bool], previous: &[T], h: &mut [T]) {
    let s = h.len() / converged.len();
    let rows = h
        .chunks_exact_mut(s)
        .zip(previous.chunks_exact(s))
        .zip(converged);
    for ((row, previous), _) in rows.filter(|(_, converged)| **converged) {
        row.copy_from_slice(previous);
    }
}
