//! Recurrent layers as a custom operation of candle's autograd, for user-defined losses.

use std::sync::{Mutex, MutexGuard};

use candle_core::{CpuStorage, CustomOp3, Layout, Shape, WithDType};

use super::{Cotangents, Gradients, Inputs, Operation, Sizes};
use crate::base::{Error, Result};
use crate::ops::Lanes;
use crate::tensor::{Tensor, convert};

/// Name of the operation in errors.
const OF: &str = "network.run";

type BoxedOperation<T> = Box<dyn Operation<T> + Send>;

/// The states [b, t, s] of all trials at all time steps, differentiable with respect to the inputs,
/// the parameters and h0, which is required. The caller applies the readout; its parameters are
/// part of the parameters but are not read.
///
/// Shapes: inputs [b, t, i], params [p] in the order of [`super::layout`], h0 [b, s]
/// Errors: `Shape` if the shapes do not match; `Kind` unless the dtype of all tensors is `T`;
/// `Missing` without h0
pub fn states<T: Lanes>(
    operation: BoxedOperation<T>,
    sizes: Sizes,
    inputs: Inputs<'_, Tensor>,
) -> Result<Tensor> {
    let (x, params) = (inputs.inputs, inputs.params);
    let h0 = inputs.h0.ok_or_else(|| Error::Missing {
        of: OF,
        name: "h0",
        doc: "the initial state of each trial, [b, s]".into(),
    })?;
    let all = [
        Some(x),
        Some(params),
        Some(h0),
        inputs.noise,
        inputs.dropout,
    ];
    for tensor in all.into_iter().flatten() {
        check_dtype::<T>(tensor)?;
    }
    check_shape("inputs", x, &[sizes.batch, sizes.time, sizes.inputs])?;
    let state = h0.dims().last().copied().unwrap_or_default();
    check_shape("h0", h0, &[sizes.batch, state])?;
    let op = States {
        operation: Mutex::new(operation),
        sizes,
        state,
        noise: inputs.noise.map(convert::to_vec).transpose()?,
        dropout: inputs.dropout.map(convert::to_vec).transpose()?,
        lengths: inputs.lengths.map(<[usize]>::to_vec),
    };
    Ok(x.contiguous()?
        .apply_op3(&params.contiguous()?, &h0.contiguous()?, op)?)
}

fn check_dtype<T: Lanes>(tensor: &Tensor) -> Result<()> {
    if tensor.dtype() == T::DTYPE {
        return Ok(());
    }
    Err(Error::Kind {
        of: OF.into(),
        expected: format!("tensors of dtype {}", T::DTYPE.as_str()),
        found: tensor.dtype().as_str().into(),
    })
}

fn check_shape(what: &'static str, tensor: &Tensor, expected: &[usize]) -> Result<()> {
    if tensor.dims() == expected {
        return Ok(());
    }
    Err(Error::Shape {
        op: OF,
        what,
        expected: format!("{expected:?}"),
        found: tensor.dims().to_vec(),
    })
}

/// The operation with its sizes and the inputs that receive no gradient.
struct States<T> {
    operation: Mutex<BoxedOperation<T>>,
    sizes: Sizes,
    state: usize,
    noise: Option<Vec<T>>,
    dropout: Option<Vec<T>>,
    lengths: Option<Vec<usize>>,
}

impl<T: Lanes> States<T> {
    fn op_inputs<'a>(&'a self, [inputs, params, h0]: [&'a [T]; 3]) -> Inputs<'a, [T]> {
        Inputs {
            params,
            inputs,
            h0: Some(h0),
            noise: self.noise.as_deref(),
            dropout: self.dropout.as_deref(),
            lengths: self.lengths.as_deref(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BoxedOperation<T>> {
        let operation = self.operation.lock();
        operation.expect("no thread panics while it holds the operation")
    }

    fn forward(&self, all: [&[T]; 3]) -> Result<Vec<T>> {
        let mut states = vec![T::of(0.0); self.sizes.batch * self.sizes.time * self.state];
        let inputs = self.op_inputs(all);
        self.lock()
            .run(self.sizes, inputs, Some(&mut states), None)?;
        Ok(states)
    }

    /// The gradients with respect to inputs, parameters and h0.
    fn backward(&self, all: [&Tensor; 3], cotangents: &Tensor) -> Result<[Tensor; 3]> {
        let mut d = all.map(|x| vec![T::of(0.0); x.elem_count()]);
        let [d_inputs, d_params, d_h0] = &mut d;
        let [inputs, params, h0] = all.map(convert::to_vec::<T>);
        let (inputs, params, h0) = (inputs?, params?, h0?);
        let cotangents = convert::to_vec::<T>(cotangents)?;
        let cotangents = Cotangents {
            states: Some(&cotangents),
            outputs: None,
        };
        let gradients = Gradients {
            params: Some(d_params),
            inputs: Some(d_inputs),
            h0: Some(d_h0),
        };
        let inputs = self.op_inputs([&inputs, &params, &h0]);
        self.lock()
            .backward(self.sizes, inputs, cotangents, gradients)?;
        let [d_inputs, d_params, d_h0] = d;
        let tensor =
            |data: Vec<T>, like: &Tensor| Tensor::from_vec(data, like.shape(), like.device());
        Ok([
            tensor(d_inputs, all[0])?,
            tensor(d_params, all[1])?,
            tensor(d_h0, all[2])?,
        ])
    }
}

impl<T: Lanes> CustomOp3 for States<T> {
    fn name(&self) -> &'static str {
        "recurrent layers"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
        s3: &CpuStorage,
        l3: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let shape = Shape::from((self.sizes.batch, self.sizes.time, self.state));
        let all = [elements(s1, l1)?, elements(s2, l2)?, elements(s3, l3)?];
        let states = self.forward(all).map_err(candle_core::Error::wrap)?;
        Ok((T::to_cpu_storage_owned(states), shape))
    }

    fn bwd(
        &self,
        inputs: &Tensor,
        params: &Tensor,
        h0: &Tensor,
        _: &Tensor,
        cotangents: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let d = self.backward([inputs, params, h0], cotangents);
        let [d_inputs, d_params, d_h0] = d.map_err(candle_core::Error::wrap)?;
        Ok((Some(d_inputs), Some(d_params), Some(d_h0)))
    }
}

/// The elements of a contiguous tensor.
fn elements<'a, T: WithDType>(
    storage: &'a CpuStorage,
    layout: &Layout,
) -> candle_core::Result<&'a [T]> {
    let (start, end) = layout
        .contiguous_offsets()
        .expect("`states` makes the tensors contiguous");
    Ok(&storage.as_slice::<T>()?[start..end])
}
