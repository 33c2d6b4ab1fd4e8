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
        let mut result = SearchResult::new(candidates);
        let mut run = Run::<T>::new(candidates, &self.optimizer);
        for step in 0..=self.max_iters {
            let loss = self.errors(step_map, candidates, &mut run, &mut result)?;
            let done = run.unfinished() == 0 || step == self.max_iters;
            result.interrupted = !done && progress.stop_requested();
            if done || result.interrupted {
                break;
            }
            let Some(lr) = run.update(step_map, candidates, loss)? else {
                break;
            };
            for (steps, converged) in result.steps.iter_mut().zip(&run.converged) {
                *steps += usize::from(!converged);
            }
            if step % REPORT_INTERVAL == 0 {
                progress.report(Report {
                    done: step,
                    total: self.max_iters,
                    status: Status::Loss { loss, lr },
                });
            }
        }
        if result.interrupted {
            result.unfinished = run.unfinished();
        }
        result.states = run.h.iter().map(|x| x.double()).collect();
        Ok(result)
    }

    /// Fills r = h - F and the errors, marks converged candidates, and returns the mean error.
    fn errors<T: Lanes>(
        &self,
        step_map: &mut dyn StepMap<T>,
        candidates: &Candidates,
        run: &mut Run<T>,
        result: &mut SearchResult,
    ) -> Result<f64> {
        step_map.step(&run.h, &run.x, &mut run.r)?;
        let s = candidates.state;
        let rows = run.r.chunks_exact_mut(s).zip(run.h.chunks_exact(s));
        for (at, (r, h)) in rows.enumerate() {
            let mut square = 0.0;
            for (r, h) in r.iter_mut().zip(h) {
                *r = *h - *r;
                square += r.double() * r.double();
            }
            result.errors[at] = square / s as f64;
            run.converged[at] = result.errors[at] <= self.tolerance;
            result.labels[at] = if run.converged[at] {
                Label::Converged
            } else {
                Label::Failed
            };
        }
        Ok(result.errors.iter().sum::<f64>() / result.errors.len() as f64)
    }
}

/// The state of a search.
struct Run<T> {
    h: Vec<T>,
    x: Vec<T>,
    /// h - F
    r: Vec<T>,
    gradient: Vec<T>,
    converged: Vec<bool>,
    optimizer: OptimizerState<T>,
}

impl<T: Lanes> Run<T> {
    fn new(candidates: &Candidates, optimizer: &Optimizer) -> Run<T> {
        let all = |values: &[f64]| values.iter().map(|x| T::of(*x)).collect::<Vec<T>>();
        let (h, x) = (all(&candidates.states), all(&candidates.x));
        let [r, gradient] = [(); 2].map(|()| vec![T::of(0.0); h.len()]);
        Run {
            optimizer: OptimizerState::new(optimizer.clone(), h.len()),
            converged: vec![false; candidates.count()],
            h,
            x,
            r,
            gradient,
        }
    }

    /// Number of candidates that have not converged.
    fn unfinished(&self) -> usize {
        self.converged
            .iter()
            .filter(|converged| !**converged)
            .count()
    }

    /// One update of the candidates that have not converged. Returns the learning rate; None if the
    /// gradient is not finite.
    fn update(
        &mut self,
        step_map: &mut dyn StepMap<T>,
        candidates: &Candidates,
        loss: f64,
    ) -> Result<Option<f64>> {
        let at = [&self.h[..], &self.x];
        loss_gradient(step_map, candidates, at, &self.r, &mut self.gradient)?;
        mask_gradient(&self.converged, &mut self.gradient);
        let scale = StepScale {
            lr: self.optimizer.lr(),
            l2: 0.0,
            scale: 1.0,
        };
        let previous = self.h.clone();
        if !self.optimizer.step(&mut self.h, &self.gradient, &scale) {
            return Ok(None);
        }
        restore_states(&self.converged, &previous, &mut self.h);
        self.optimizer.observe(loss);
        Ok(Some(scale.lr))
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
