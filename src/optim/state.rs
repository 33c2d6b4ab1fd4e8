//! The state of an optimizer for one flat parameter array.

use super::update::StepArrays;
use super::{Moments, Optimizer, PlateauState, StepScale};
use crate::tensor::Real;

/// An optimizer with its state. Each step is written to a second array that is then swapped with
/// the parameters. The previous parameters stay available, so [`OptimizerState::undo`] is free.
#[derive(Clone)]
pub struct OptimizerState<T> {
    optimizer: Optimizer,
    moments: Moments<T>,
    previous: Vec<T>,
}

impl<T: Real> OptimizerState<T> {
    /// The initial state for `count` parameters. Allocates all buffers.
    pub fn new(optimizer: Optimizer, count: usize) -> OptimizerState<T> {
        let (mean_square, max_mean_square) = match &optimizer {
            Optimizer::Adam(adam) => (count, if adam.amsgrad { count } else { 0 }),
            Optimizer::Sgd(_) => (0, 0),
        };
        let zeros = |n| vec![T::of(0.0); n];
        OptimizerState {
            optimizer,
            moments: Moments {
                steps: 0,
                mean: zeros(count),
                mean_square: zeros(mean_square),
                max_mean_square: zeros(max_mean_square),
                plateau: PlateauState::default(),
            },
            previous: zeros(count),
        }
    }

    /// Restores a saved state; `previous` comes from [`OptimizerState::previous_params`].
    pub fn from_saved(
        optimizer: Optimizer,
        moments: Moments<T>,
        previous: Vec<T>,
    ) -> OptimizerState<T> {
        OptimizerState {
            optimizer,
            moments,
            previous,
        }
    }

    /// The running means and counters.
    pub fn moments(&self) -> &Moments<T> {
        &self.moments
    }

    /// The parameters before the last step, which [`OptimizerState::undo`] restores.
    pub fn previous_params(&self) -> &[T] {
        &self.previous
    }

    /// The learning rate of the next step.
    pub fn lr(&self) -> f64 {
        let schedule = self.optimizer.schedule();
        schedule.lr(self.moments.steps, &self.moments.plateau)
    }

    /// Passes the loss of the last step to the schedule.
    pub fn observe(&mut self, loss: f64) {
        self.moments
            .plateau
            .observe(loss, self.optimizer.schedule());
    }

    /// Performs one descent step of `params` on loss + l2 |p|^2; `gradient` is the gradient of the
    /// loss alone. Returns false, and leaves the parameters unchanged, if a value is not finite.
    pub fn step(&mut self, params: &mut Vec<T>, gradient: &[T], scale: &StepScale) -> bool {
        let OptimizerState {
            optimizer,
            moments,
            previous,
        } = self;
        let arrays = StepArrays {
            params,
            gradient,
            next: previous,
        };
        let finite = match optimizer {
            Optimizer::Adam(adam) => adam.step(moments, arrays, scale),
            Optimizer::Sgd(sgd) => sgd.step(moments, arrays, scale),
        };
        if finite {
            std::mem::swap(params, previous);
            moments.steps += 1;
        }
        finite
    }

    /// Restores the parameters from before the last step. Leaves the moments unchanged, so call it
    /// only at the end of a run.
    pub fn undo(&mut self, params: &mut Vec<T>) {
        if self.moments.steps > 0 {
            std::mem::swap(params, &mut self.previous);
            self.moments.steps -= 1;
        }
    }
}
