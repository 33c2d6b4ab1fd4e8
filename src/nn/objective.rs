//! The function that training minimizes: the loss of the outputs, and penalties on the activity.

use std::ops::Range;
use std::rc::Rc;

use candle_core::Var;

use super::custom::user_fn::{ParamMap, UserFn};
use crate::base::options::{Choice as _, OptionType, Slot, Span};
use crate::base::{Error, Result};
use crate::ops::rnn::{Loss, Nonlinearity, Shapes, Targets};
use crate::random::{Key, Layout};
use crate::tensor::{DType, Device, Real, Tensor, convert};
use crate::train::{Trials, digest};
use crate::{choices, options};

choices! {
    /// The values r that activity penalties apply to.
    pub enum Activity {
        /// The inputs of the readout: h of the last layer, f(a) for a continuous-time network.
        #[default]
        Rates = "rates",
        /// All state variables.
        States = "states",
    }
}

/// The loss of the outputs.
#[derive(Clone)]
pub enum LossFunction {
    BuiltIn(Loss),
    /// A function of outputs and targets, both [b, t, o]. It returns the loss of each output
    /// [b, t, o] or time step [b, t], or, for trials without a mask, their mean.
    User(Rc<UserFn>),
}

impl Default for LossFunction {
    fn default() -> LossFunction {
        LossFunction::BuiltIn(Loss::Mse)
    }
}

impl OptionType for LossFunction {
    const KIND: &'static str =
        "one of \"mse\", \"cross_entropy\", \"bce\", \"poisson\", or a function";
    fn slot(&mut self) -> Slot<'_> {
        Slot::Other(self)
    }
    fn script_syntax(&self) -> String {
        format!("\"{}\"", self.name())
    }
}

impl LossFunction {
    /// The name of the loss in the log.
    pub fn name(&self) -> &'static str {
        match self {
            LossFunction::BuiltIn(loss) => loss.name(),
            LossFunction::User(_) => "custom_loss",
        }
    }
}

options! {
    /// Options of the function that training minimizes.
    pub struct Objective for "train" {
        /// Loss of outputs o against targets y: "mse", "cross_entropy" (softmax over the outputs;
        /// targets are probabilities or one-hot vectors, such as `eye(o)[labels]`), "bce" (outputs
        /// are logits), "poisson" (outputs are log-rates), or a function of outputs and targets,
        /// both [b, t, o]. The function returns the loss of each output [b, t, o] or of each time
        /// step [b, t], which is averaged with the mask, or, for trials without a mask, the mean
        /// itself.
        loss: LossFunction = LossFunction::default();
        /// Weight in the loss of the mean of |r| over trials, time steps (without padding) and
        /// units. `activity` selects r.
        activity_l1: f64 = 0.0, in Span::at_least(0.0);
        /// Weight in the loss of the mean of r^2.
        activity_l2: f64 = 0.0, in Span::at_least(0.0);
        /// Values r that the penalties apply to: "rates" (the inputs of the readout: h of the last
        /// layer, f(a) for a continuous-time network) or "states" (all state variables).
        activity: Activity = Activity::Rates;
    }
}

/// The value of an objective.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ObjectiveValue {
    /// The loss of the outputs.
    pub data: f64,
    /// The activity penalties.
    pub activity: f64,
}

impl Objective {
    /// An objective without penalties.
    pub fn new(loss: LossFunction) -> Objective {
        Objective {
            loss,
            ..Objective::default()
        }
    }

    pub fn has_activity_penalty(&self) -> bool {
        self.activity_l1 > 0.0 || self.activity_l2 > 0.0
    }

    /// The loss of outputs [b, t, o]. Replaces the outputs by the gradient of the loss with respect
    /// to them.
    ///
    /// Errors: those of [`Shapes::check_targets`] and of a user function
    pub(super) fn replace_by_gradient<T: Real>(
        &self,
        outputs: &mut [T],
        trials: &Trials<T>,
        shapes: &Shapes,
    ) -> Result<f64> {
        let loss = match &self.loss {
            LossFunction::BuiltIn(loss) => *loss,
            LossFunction::User(_) => Loss::Mse,
        };
        let targets = Targets {
            loss,
            values: &trials.targets,
            mask: trials.mask.as_deref(),
        };
        let weight = shapes.check_targets(&targets)?.double();
        let o = shapes.sizes.outputs;
        match &self.loss {
            LossFunction::BuiltIn(_) => Ok(targets.replace_by_gradient(outputs, o, weight)),
            LossFunction::User(function) => user_loss(function, outputs, trials, o),
        }
    }

    /// The activity penalties of states [b, t, s]. Replaces the states by the gradient of the
    /// penalties with respect to them.
    pub(super) fn replace_by_penalty_gradient<T: Real>(
        &self,
        states: &mut [T],
        values: &ActivityValues<'_>,
        lengths: Option<&[usize]>,
    ) -> f64 {
        let trial_size = values.time * values.state;
        let trials = states.len() / trial_size;
        let length = |trial: usize| lengths.map_or(values.time, |lengths| lengths[trial]);
        let steps: usize = (0..trials).map(length).sum();
        let width: usize = values.ranges.iter().map(Range::len).sum();
        let weight = 1.0 / (steps * width) as f64;
        let weights = [self.activity_l1, self.activity_l2].map(|x| x * weight);
        let mut sum = 0.0;
        for (trial, states) in states.chunks_exact_mut(trial_size).enumerate() {
            let (active, padding) = states.split_at_mut(length(trial) * values.state);
            for state in active.chunks_exact_mut(values.state) {
                sum += values.replace_by_gradient(state, weights);
            }
            padding.fill(T::of(0.0));
        }
        sum
    }

    /// The settings that affect the result, as names and strings; empty for the mean squared error
    /// without penalties.
    pub(super) fn fingerprint(&self, outputs: usize) -> Vec<(&'static str, String)> {
        let mut settings = Vec::new();
        match &self.loss {
            LossFunction::BuiltIn(Loss::Mse) => {}
            LossFunction::BuiltIn(loss) => settings.push(("loss", loss.name().into())),
            LossFunction::User(function) => {
                let digest = loss_digest(function, outputs);
                settings.push(("loss", digest.unwrap_or_else(|_| "not known".into())));
            }
        }
        if self.has_activity_penalty() {
            let weights = [self.activity_l1, self.activity_l2];
            let text = format!("{weights:?} of {}", self.activity.name());
            settings.push(("activity penalties", text));
        }
        settings
    }
}

/// The values r of the activity penalties, computed from states [b, t, s].
pub(super) struct ActivityValues<'a> {
    /// t
    pub time: usize,
    /// s
    pub state: usize,
    /// The state variables x from which r is computed, in ascending order.
    pub ranges: &'a [Range<usize>],
    /// The function f in r = f(x); without it r = x.
    pub nonlinearity: Option<Nonlinearity>,
}

impl ActivityValues<'_> {
    /// The sum of l1 |r| + l2 r^2 over the values of one state, which is replaced by the gradient.
    #[inline(always)]
    fn replace_by_gradient<T: Real>(&self, state: &mut [T], [l1, l2]: [f64; 2]) -> f64 {
        let (mut sum, mut end) = (0.0, 0);
        for range in self.ranges {
            state[end..range.start].fill(T::of(0.0));
            end = range.end;
            for x in &mut state[range.clone()] {
                let (r, slope) = match self.nonlinearity {
                    Some(f) => f.evaluate(x.double()),
                    None => (x.double(), 1.0),
                };
                sum += l1 * r.abs() + l2 * r * r;
                let sign = if r == 0.0 { 0.0 } else { r.signum() };
                *x = T::of(slope * (l1 * sign + 2.0 * l2 * r));
            }
        }
        state[end..].fill(T::of(0.0));
        sum
    }
}

/// [`Objective::replace_by_gradient`] for a user function, with candle's autograd.
fn user_loss<T: Real>(
    function: &UserFn,
    outputs: &mut [T],
    trials: &Trials<T>,
    o: usize,
) -> Result<f64> {
    let shape = (trials.trials, trials.time, o);
    let variable = Var::from_slice(outputs, shape, &Device::Cpu)?;
    let targets = Tensor::from_slice(&trials.targets, shape, &Device::Cpu)?;
    let args = [variable.as_tensor().clone(), targets];
    let losses = (function.function)(&args, &ParamMap::new())?;
    function.check_tracked(&losses)?;
    let loss = masked_mean(function, &losses, trials, shape)?;
    let gradients = loss.backward();
    let gradients = gradients.map_err(|error| (function.locate)(error.into()))?;
    match gradients.get(&variable) {
        Some(gradient) => outputs.copy_from_slice(&convert::to_vec::<T>(gradient)?),
        None => outputs.fill(T::of(0.0)),
    }
    Ok(loss.to_scalar::<f64>()?)
}

/// The mean of the losses [b, t, o] or [b, t], weighted by the mask; a single loss as it is.
fn masked_mean<T: Real>(
    function: &UserFn,
    losses: &Tensor,
    trials: &Trials<T>,
    (b, t, o): (usize, usize, usize),
) -> Result<Tensor> {
    let values = losses.to_dtype(DType::F64)?;
    let (per_step, per_output) = (losses.dims() == [b, t], losses.dims() == [b, t, o]);
    let expected = match (&trials.mask, per_step || per_output) {
        (Some(mask), true) => return weighted_mean(&values, mask),
        (None, true) => return Ok(values.mean_all()?),
        (None, false) if losses.elem_count() == 1 => return Ok(values.sum_all()?),
        (None, false) => format!("[{b}, {t}, {o}], [{b}, {t}] or []"),
        (Some(_), false) => format!("[{b}, {t}, {o}] or [{b}, {t}], because of the mask"),
    };
    Err((function.locate)(Error::Shape {
        op: function.name,
        what: function.output,
        expected,
        found: losses.dims().to_vec(),
    }))
}

/// The mean of losses [b, t, o] or [b, t] in double precision, weighted by the mask [b, t].
fn weighted_mean<T: Real>(losses: &Tensor, mask: &[T]) -> Result<Tensor> {
    let weights: Vec<f64> = mask.iter().map(|weight| weight.double()).collect();
    let terms = losses.elem_count() / weights.len();
    let total = weights.iter().sum::<f64>() * terms as f64;
    let mut axes = losses.dims().to_vec();
    if let [_, _, outputs] = &mut axes[..] {
        *outputs = 1;
    }
    let weights = Tensor::from_vec(weights, axes, &Device::Cpu)?.broadcast_as(losses.shape())?;
    // A loss with weight 0 may be infinite or NaN.
    let used = weights.ne(0.0)?.where_cond(losses, &losses.zeros_like()?)?;
    Ok(((used * weights)?.sum_all()? / total)?)
}

/// A digest of the losses at fixed random outputs and targets. A closure has no other identity.
fn loss_digest(function: &UserFn, outputs: usize) -> Result<String> {
    let shape = (2, 2, outputs);
    let mut values = vec![0.0_f32; 8 * outputs];
    Key::new(0, Layout::default()).fill_uniform(0.1, 1.0, &mut values);
    let (outputs, targets) = values.split_at(values.len() / 2);
    let tensor = |values: &[f32]| Tensor::from_slice(values, shape, &Device::Cpu);
    let args = [tensor(outputs)?, tensor(targets)?];
    let losses = (function.function)(&args, &ParamMap::new())?;
    Ok(digest(convert::to_f64(&losses)?.into_iter()))
}
