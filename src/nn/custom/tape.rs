//! The autograd tape of one time step, and vector-Jacobian products.

use candle_core::backprop::GradStore;
use candle_core::{DType, Var};

use super::batch::Batch;
use super::{Custom, ParamMap, UserFn};
use crate::base::Result;
use crate::tensor::{Real, Tensor, custom_op};

/// The parameters as autograd variables.
pub(super) struct TrackedParams {
    vars: Vec<Var>,
    pub params: ParamMap,
    /// The same values, untracked.
    pub constants: ParamMap,
}

/// One time step on the tape: next = step(h, x, p), before noise and for all trials.
pub(super) struct StepTape {
    h: Var,
    next: Tensor,
}

impl TrackedParams {
    pub fn new<T: Real>(net: &Custom<T>) -> Result<TrackedParams> {
        let params = net.params.tensors()?;
        let vars: candle_core::Result<Vec<Var>> = params.iter().map(Var::from_tensor).collect();
        let vars = vars?;
        let tensors: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
        Ok(TrackedParams {
            params: net.to_param_map(&tensors),
            constants: net.to_param_map(&params),
            vars,
        })
    }

    /// Adds the gradients with respect to the parameters to `sums`, in double precision: sums over
    /// many time steps.
    pub fn accumulate<T: Real>(
        &self,
        net: &Custom<T>,
        gradients: &GradStore,
        sums: &mut [f64],
    ) -> Result<()> {
        for (block, var) in net.params.layout().blocks().iter().zip(&self.vars) {
            if let Some(gradient) = gradients.get(var) {
                accumulate::<T>(gradient, &mut sums[block.range.clone()])?;
            }
        }
        Ok(())
    }
}

impl StepTape {
    /// Puts the time step from the states h [b, n] on the tape.
    ///
    /// Errors: any error of the user function
    pub fn record<T: Real>(
        batch: &Batch<'_, T>,
        h: &Tensor,
        time: usize,
        params: &ParamMap,
    ) -> Result<StepTape> {
        // The input is also a variable, because a step may depend on the input alone.
        let [h, x] = [Var::from_tensor(h)?, Var::from_tensor(&batch.inputs[time])?];
        let next = batch.net.advance([&h, &x], params)?;
        batch.net.functions.step.check_tracked(&next)?;
        Ok(StepTape { h, next })
    }

    /// The result of the user function.
    pub fn next(&self) -> &Tensor {
        &self.next
    }

    /// The memory of all intermediate results, in bytes.
    pub fn bytes(&self) -> usize {
        let nodes = self.next.sorted_nodes().into_iter();
        let bytes = |node: &Tensor| node.elem_count() * DType::size_in_bytes(&node.dtype());
        nodes.map(bytes).sum()
    }

    /// The gradient with respect to the states before the time step, from the gradient `cotangent`
    /// [b, n] after it. Adds the gradients of the parameters to `sums`.
    pub fn backward<T: Real>(
        &self,
        batch: &Batch<'_, T>,
        time: usize,
        (cotangent, tracked): (&Tensor, &TrackedParams),
        sums: &mut [f64],
    ) -> Result<Tensor> {
        let net = batch.net;
        let step = &net.functions.step;
        let Some(active) = batch.active_mask(time)? else {
            let gradients = vjp(step, &self.next, cotangent)?;
            tracked.accumulate(net, &gradients, sums)?;
            return gradient_of(&gradients, &self.h);
        };
        let zero = cotangent.zeros_like()?;
        let active_part = active.where_cond(cotangent, &zero)?;
        let frozen_part = active.where_cond(&zero, cotangent)?;
        let gradients = vjp(step, &self.next, &active_part)?;
        tracked.accumulate(net, &gradients, sums)?;
        Ok((gradient_of(&gradients, &self.h)? + frozen_part)?)
    }
}

/// The gradients with respect to all variables, from the cotangent of `output`; both [b, f].
pub(super) fn vjp(function: &UserFn, output: &Tensor, cotangent: &Tensor) -> Result<GradStore> {
    let zero = Tensor::zeros((), output.dtype(), output.device())?;
    let cotangent = cotangent.clone();
    // A scalar whose gradient with respect to the output is the cotangent. The sum of the products
    // would take several passes over the arrays.
    let scalar =
        custom_op::with_gradient(function.name, output, zero, move |_| Ok(cotangent.clone()))?;
    let gradients = scalar.backward();
    gradients.map_err(|error| (function.locate)(error.into()))
}

/// The gradient with respect to one variable; zero if the loss does not depend on it.
pub(super) fn gradient_of(gradients: &GradStore, var: &Var) -> Result<Tensor> {
    match gradients.get(var) {
        Some(gradient) => Ok(gradient.detach()),
        None => Ok(var.zeros_like()?.detach()),
    }
}

/// Adds the elements to `sums`.
pub(super) fn accumulate<T: Real>(gradient: &Tensor, sums: &mut [f64]) -> Result<()> {
    let gradient = gradient.detach().to_dtype(T::DTYPE)?.contiguous()?;
    let (storage, layout) = gradient.storage_and_layout();
    let elements = match &*storage {
        candle_core::Storage::Cpu(storage) => storage.as_slice::<T>()?,
        _ => unreachable!("networks are on the CPU"),
    };
    for (sum, x) in sums.iter_mut().zip(&elements[layout.start_offset()..]) {
        *sum += x.double();
    }
    Ok(())
}
