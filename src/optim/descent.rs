//! An optimizer at work on one flat array of parameters.

use super::{Optimizer, Watch};
use crate::tensor::Real;

/// All that an optimizer remembers between steps; a plain struct, so that it can be saved.
#[derive(Debug, Clone, PartialEq)]
pub struct State<T> {
    /// Steps taken.
    pub steps: usize,
    /// Running mean of the gradient, or the velocity.
    pub mean: Vec<T>,
    /// Running mean of its square; empty where the method has none.
    pub square: Vec<T>,
    /// The largest mean square so far; empty without `amsgrad`.
    pub peak: Vec<T>,
    /// What the schedule remembers.
    pub watch: Watch,
}

/// What acts on the gradient in one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pull {
    /// Learning rate.
    pub rate: f64,
    /// Weight of the sum of squares of all parameters in the loss.
    pub l2: f64,
    /// What loss and penalty gradient are multiplied by, from [`super::clip_scale`].
    pub scale: f64,
}

/// An optimizer with its state. Every step is written beside the parameters and then takes their
/// place, so that the parameters before it are still at hand: [`Descent::undo`] costs nothing.
#[derive(Clone)]
pub struct Descent<T> {
    optimizer: Optimizer,
    state: State<T>,
    beside: Vec<T>,
}

impl<T: Real> Descent<T> {
    /// At rest, for `count` parameters. All memory is taken here.
    pub fn new(optimizer: Optimizer, count: usize) -> Descent<T> {
        let (square, peak) = match &optimizer {
            Optimizer::Adam(adam) => (count, if adam.amsgrad { count } else { 0 }),
            Optimizer::Sgd(_) => (0, 0),
        };
        let zeros = |n| vec![T::of(0.0); n];
        Descent {
            optimizer,
            state: State {
                steps: 0,
                mean: zeros(count),
                square: zeros(square),
                peak: zeros(peak),
                watch: Watch::default(),
            },
            beside: zeros(count),
        }
    }

    /// As it was when `state` and `before`, from [`Descent::before`], were taken.
    pub fn restored(optimizer: Optimizer, state: State<T>, before: Vec<T>) -> Descent<T> {
        Descent {
            optimizer,
            state,
            beside: before,
        }
    }

    /// The averages that the rule keeps.
    pub fn state(&self) -> &State<T> {
        &self.state
    }

    /// The parameters before the last step, which [`Descent::undo`] puts back.
    pub fn before(&self) -> &[T] {
        &self.beside
    }

    /// The learning rate of the next step.
    pub fn rate(&self) -> f64 {
        let schedule = self.optimizer.schedule();
        schedule.rate(self.state.steps, &self.state.watch)
    }

    /// Shows the schedule the loss of the step just taken.
    pub fn see(&mut self, loss: f64) {
        self.state.watch.see(loss, self.optimizer.schedule());
    }

    /// Moves `params` one step down the gradient of loss + l2 |p|^2, where `gradient` is of the
    /// loss alone. False if a number stopped being finite: the parameters are then as before.
    pub fn step(&mut self, params: &mut Vec<T>, gradient: &[T], pull: &Pull) -> bool {
        let Descent {
            optimizer,
            state,
            beside,
        } = self;
        let sound = match optimizer {
            Optimizer::Adam(adam) => adam.step(state, params, gradient, beside, pull),
            Optimizer::Sgd(sgd) => sgd.step(state, params, gradient, beside, pull),
        };
        if sound {
            std::mem::swap(params, beside);
            state.steps += 1;
        }
        sound
    }

    /// Puts the parameters from before the last step back. The moments stay: this is for the end
    /// of a run, not for going on.
    pub fn undo(&mut self, params: &mut Vec<T>) {
        if self.state.steps > 0 {
            std::mem::swap(params, &mut self.beside);
            self.state.steps -= 1;
        }
    }
}
