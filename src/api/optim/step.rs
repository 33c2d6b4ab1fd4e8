//! Steps of an optimizer in training loops of scripts.

use std::cell::RefCell;
use std::rc::Rc;

use crate::api::diagnostic::Diagnostic;
use crate::api::leaves::{self, Leaf};
use crate::api::native::suggest;
use crate::api::options::CallOptions;
use crate::api::value::{FromValue, ScriptObject, Value};
use crate::base::options::Span;
use crate::base::{Error, Result};
use crate::optim::{NamedState, Optimizer, Schedule, StepArgs};
use crate::options;
use crate::tensor::precision::{build_precision, match_precision};
use crate::tensor::{AnyPrecision, Layout, Precision, Real, Tensor, convert};

/// Name of the function in error messages.
const OF: &str = "optimizer.step";

options! {
    /// Options of one step.
    pub struct StepOptions for "optimizer.step" {
        /// Largest global norm of the gradient of all parameters together. A gradient with a larger
        /// norm is scaled down to it. Without a value the gradient is not clipped.
        clip_norm: Option<f64> = None, in Span::above(0.0);
        /// The loss, which the schedule `optim::plateau` requires.
        loss: Option<f64> = None;
    }
}

type AnyState = AnyPrecision<NamedState<f32>, NamedState<f64>>;

/// The script object for an optimizer.
pub struct OptimizerObject {
    config: Optimizer,
    /// The state between steps; `None` before the first step.
    state: RefCell<Option<AnyState>>,
}

impl ScriptObject for OptimizerObject {
    const KIND: &'static str = "optimizer";
    fn display(&self) -> String {
        self.config.to_string()
    }
}

impl FromValue for Optimizer {
    fn kind() -> String {
        "optimizer".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        match &value {
            Value::Object(object) => object
                .get::<OptimizerObject>()
                .map(|object| object.config.clone())
                .ok_or(value),
            _ => Err(value),
        }
    }
}

crate::natives! {
    /// Optimizers and learning rate schedules for training.
    module "optim";

    /// The parameters after one step of the optimizer, for training loops that do not use `train`.
    ///
    /// `params` is a tensor, or lists and maps of tensors, such as `net.params()`; `grads` is the
    /// gradient with the same structure, such as the result of `grad`. The result also has this
    /// structure; `net.load_params` copies it to a network. NaN or infinite values in the gradient
    /// are an error. The optimizer stores its moments and the number of steps for the next call,
    /// which must have parameters of the same names, shapes and dtypes; use one optimizer for each
    /// set of parameters. `train` neither reads nor changes them: each training run starts without
    /// moments.
    ///
    /// > let loss = |p| (p.w - 3.0).square().sum();
    /// > let optimizer = optim::sgd(0.25);
    /// > let params = #{ w: tensor([1, 2]) };
    /// > params = optimizer.step(params, grad(loss, params));
    /// > params.w
    /// = tensor [2] f32 [2, 2.5]
    fn step(
        this: Rc<OptimizerObject>, params: Value, grads: Value, options: CallOptions<StepOptions>,
    ) -> Value {
        this.step(&params, &grads, options.into_inner())
    }

    /// Discards the moments and the number of steps: the next `step` is the first one again.
    ///
    /// > let optimizer = optim::adam();
    /// > optimizer.step(tensor([1]), tensor([1]));
    /// > optimizer.reset();
    /// > optimizer.step(tensor([1, 2]), tensor([1, 1])).shape()
    /// = [2]
    fn reset(this: Rc<OptimizerObject>) -> () {
        this.state.replace(None);
        Ok(())
    }
}

impl OptimizerObject {
    /// The optimizer before its first step.
    ///
    /// Errors: `Range` if an option is out of range
    pub fn new(mut config: Optimizer) -> Result<OptimizerObject> {
        config.check()?;
        Ok(OptimizerObject {
            config,
            state: RefCell::new(None),
        })
    }

    fn step(
        &self,
        params: &Value,
        grads: &Value,
        options: StepOptions,
    ) -> Result<Value, Diagnostic> {
        if matches!(self.config.schedule(), Schedule::Plateau(_)) && options.loss.is_none() {
            let message = format!("{OF}: option `loss` is required by the schedule optim::plateau");
            let hint = "pass the loss of the step: `optimizer.step(params, grads, #{ loss: x })`";
            return Err(Diagnostic::new(message).hint(hint));
        }
        let leaves = leaves::collect(&format!("{OF}: argument `params`"), params)?;
        let grads = leaves::collect(&format!("{OF}: argument `grads`"), grads)?;
        check_leaves(&leaves)?;
        let grads = match_gradients(&leaves, grads)?;
        let args = StepArgs {
            clip_norm: options.clip_norm,
            loss: options.loss,
        };
        let mut state = self.state.borrow_mut();
        let state = self.state_for(&mut state, &leaves)?;
        let tensors: Vec<&Tensor> = leaves.iter().map(|leaf| &leaf.tensor).collect();
        let next = match_precision!(state, state => step(state, &tensors, &grads, args)?);
        Ok(leaves::rebuild(params, &mut next.into_iter()))
    }

    /// The state for these parameters; a new one at the first step.
    ///
    /// Errors: the parameters differ from those of the previous step
    fn state_for<'a>(
        &self,
        state: &'a mut Option<AnyState>,
        leaves: &[Leaf],
    ) -> Result<&'a mut AnyState, Diagnostic> {
        let blocks = leaves.iter();
        let blocks = blocks.map(|leaf| (leaf.path.clone(), leaf.tensor.dims().to_vec()));
        let layout = Layout::new(blocks);
        let precision = Precision::widest(leaves.iter().map(|leaf| leaf.tensor.dtype()));
        if let Some(state) = state.as_ref() {
            let (stored, current) = (
                describe(layout_of(state), state.precision()),
                describe(&layout, precision),
            );
            if stored != current {
                let message = format!(
                    "{OF}: the parameters differ from those of the previous step: expected \
                     {stored}, found {current}"
                );
                let hint = "use one optimizer for each set of parameters, or call `reset()`";
                return Err(Diagnostic::new(message).hint(hint));
            }
        }
        let config = || self.config.clone();
        Ok(state.get_or_insert_with(
            || build_precision!(precision => NamedState::new(config(), layout)),
        ))
    }
}

fn layout_of(state: &AnyState) -> &Layout {
    match_precision!(state, state => state.layout())
}

/// Names, shapes and precision as text: "w [2, 3], b [3] (f32)".
fn describe(layout: &Layout, precision: Precision) -> String {
    let blocks = layout.blocks().iter();
    let blocks = blocks.map(|block| {
        format!("{} {:?}", block.name, block.shape)
            .trim()
            .to_string()
    });
    let blocks = blocks.collect::<Vec<_>>().join(", ");
    format!("{blocks} ({})", precision.dtype().as_str())
}

/// Errors: there is no parameter; `Kind` for a parameter that is not f32 or f64
fn check_leaves(leaves: &[Leaf]) -> Result<(), Diagnostic> {
    if leaves.is_empty() {
        return Err(Diagnostic::new(format!("{OF}: there are no parameters")));
    }
    match leaves.iter().find(|leaf| !leaf.tensor.dtype().is_float()) {
        None => Ok(()),
        Some(leaf) => Err(Error::Kind {
            of: format!("{OF}: {}", quoted("parameter", leaf)),
            expected: "a tensor of f32 or f64".into(),
            found: leaf.tensor.dtype().as_str().into(),
        }
        .into()),
    }
}

/// The gradient of each parameter, in the order of the parameters.
///
/// Errors: a gradient is missing, has no parameter or has another shape
fn match_gradients(leaves: &[Leaf], grads: Vec<Leaf>) -> Result<Vec<Tensor>, Diagnostic> {
    let extra = grads
        .iter()
        .find(|grad| leaves.iter().all(|leaf| leaf.path != grad.path));
    if let Some(extra) = extra {
        let message = format!("{OF}: {} has no parameter", quoted("the gradient", extra));
        let names = leaves.iter().map(|leaf| leaf.path.as_str());
        let hint = suggest(&extra.path, names.clone()).unwrap_or_else(|| {
            format!(
                "the parameters are {}",
                names.collect::<Vec<_>>().join(", ")
            )
        });
        return Err(Diagnostic::new(message).hint(hint));
    }
    let gradient_of = |leaf: &Leaf| {
        let grad = grads.iter().find(|grad| grad.path == leaf.path);
        let Some(grad) = grad else {
            let message = format!("{OF}: {} is missing", quoted("the gradient", leaf));
            let hint = "`params` and `grads` have the same structure: grads = grad(loss, params)";
            return Err(Diagnostic::new(message).hint(hint));
        };
        let (expected, found) = (leaf.tensor.dims(), grad.tensor.dims());
        if expected != found {
            return Err(Diagnostic::new(format!(
                "{OF}: {}: expected the shape {expected:?} of the parameter, found {found:?}",
                quoted("the gradient", leaf)
            )));
        }
        Ok(grad.tensor.clone())
    };
    leaves.iter().map(gradient_of).collect()
}

/// "the gradient `w`"; without a name if the value itself is the tensor.
fn quoted(what: &str, leaf: &Leaf) -> String {
    match leaf.path.is_empty() {
        true => what.into(),
        false => format!("{what} `{}`", leaf.path),
    }
}

/// The parameters after one step, each with its own dtype.
fn step<T: Real>(
    state: &mut NamedState<T>,
    params: &[&Tensor],
    grads: &[Tensor],
    args: StepArgs,
) -> Result<Vec<Tensor>> {
    let (mut values, mut gradient) = (Vec::new(), Vec::new());
    for (param, grad) in params.iter().zip(grads) {
        values.extend(convert::to_vec::<T>(param)?);
        gradient.extend(convert::to_vec::<T>(grad)?);
    }
    state.step(&mut values, &gradient, args)?;
    let blocks = state.layout().blocks().iter().zip(params);
    let tensor = |block: &crate::tensor::Block, param: &Tensor| {
        let tensor = convert::from_slice(&values[block.range.clone()], &block.shape)?;
        Ok(tensor.to_dtype(param.dtype())?)
    };
    blocks.map(|(block, param)| tensor(block, param)).collect()
}
