//! The state of an optimizer for parameters by name, for training loops that do not use `train`.

use super::{Optimizer, OptimizerState, StepScale, clip_scale, norms};
use crate::base::{Error, Result};
use crate::tensor::{Layout, Real};

/// Name of the function in error messages.
const OF: &str = "optimizer.step";

/// The state of an optimizer for parameters with these names and shapes.
#[derive(Clone)]
pub struct NamedState<T> {
    layout: Layout,
    state: OptimizerState<T>,
}

/// The arguments of one step besides the parameters and the gradient.
#[derive(Debug, Clone, Copy, Default)]
pub struct StepArgs {
    /// Largest global norm of the gradient.
    pub clip_norm: Option<f64>,
    /// The loss, for the plateau schedule.
    pub loss: Option<f64>,
}

impl<T: Real> NamedState<T> {
    /// The state before the first step.
    pub fn new(optimizer: Optimizer, layout: Layout) -> NamedState<T> {
        NamedState {
            state: OptimizerState::new(optimizer, layout.len()),
            layout,
        }
    }

    /// The names and shapes of the parameters.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Replaces the parameters by those after one step, in the order of the layout.
    ///
    /// Errors: `NotFinite` for a gradient with NaN or infinite values, `Algebra` if a parameter
    /// would become infinite; the parameters and the state are then unchanged
    pub fn step(&mut self, params: &mut Vec<T>, gradient: &[T], args: StepArgs) -> Result<()> {
        self.check_finite(gradient)?;
        let norm = norms(params, gradient, 0.0).gradient_norm;
        let scale = StepScale {
            lr: self.state.lr(),
            l2: 0.0,
            scale: clip_scale(norm, args.clip_norm),
        };
        // A step changes the moments before it detects infinite values.
        let mut next = self.state.clone();
        if !(norm.is_finite() && next.step(params, gradient, &scale)) {
            let fact = "the step is too large: a parameter would become infinite (use a lower lr \
                        or clip_norm)";
            return Err(Error::Algebra { op: OF, fact });
        }
        if let Some(loss) = args.loss {
            next.observe(loss);
        }
        self.state = next;
        Ok(())
    }

    fn check_finite(&self, gradient: &[T]) -> Result<()> {
        for block in self.layout.blocks() {
            let values = &gradient[block.range.clone()];
            if let Some(index) = values.iter().position(|x| !x.is_finite()) {
                return Err(Error::NotFinite {
                    of: OF,
                    what: format!("the gradient of `{}`", block.name),
                    found: values[index].double(),
                    index,
                });
            }
        }
        Ok(())
    }
}
