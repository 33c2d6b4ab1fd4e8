//! Recurrent layers as a custom operation of candle's autograd, for user-defined losses.

use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp3, Layout, Shape, WithDType};

use super::{Cotangents, Gradients, Inputs, Operation, Sizes};
use crate::base::{Error, Result};
use crate::ops::Lanes;
use crate::tensor::{DType, Tensor};

/// Layers in both precisions; the dtype of the tensors selects one.
pub struct DualPrecision {
    pub single: Box<dyn Operation<f32> + Send>,
    pub double: Box<dyn Operation<f64> + Send>,
}

/// Optional inputs of a recorded run that receive no gradient.
#[derive(Default, Clone, Copy)]
pub struct AuxInputs<'a> {
    /// [b, t, layers d n]
    pub noise: Option<&'a Tensor>,
    /// [b, t, (layers - 1) directions n]
    pub dropout: Option<&'a Tensor>,
    /// [b]
    pub lengths: Option<&'a [usize]>,
}

/// The states [b, t, s] of all trials at all time steps, differentiable with respect to the three
/// tensors. The caller applies the readout; its parameters are part of `params` but are not read.
///
/// Shapes: inputs [b, t, i], params [p] in the order of [`super::layout`], h0 [b, s]
/// Errors: `Shape` if the shapes do not match; `Kind` unless all dtypes are f32 or all are f64
pub fn states(
    layers: DualPrecision,
    sizes: Sizes,
    [inputs, params, h0]: [&Tensor; 3],
    aux: AuxInputs<'_>,
) -> Result<Tensor> {
    let all = [Some(inputs), Some(params), Some(h0), aux.noise, aux.dropout];
    for tensor in all.into_iter().flatten() {
        if tensor.dtype() != params.dtype() || !matches!(tensor.dtype(), DType::F32 | DType::F64) {
            return Err(Error::Kind {
                of: "network.run".into(),
                expected: "tensors that are all f32 or all f64".into(),
                found: tensor.dtype().as_str().into(),
            });
        }
    }
    check_shape("inputs", inputs, &[sizes.batch, sizes.time, sizes.inputs])?;
    let state = h0.dims().last().copied().unwrap_or_default();
    check_shape("h0", h0, &[sizes.batch, state])?;
    let contiguous = |tensor: Option<&Tensor>| tensor.map(Tensor::contiguous).transpose();
    let op = States {
        layers: Mutex::new(layers),
        sizes,
        state,
        noise: contiguous(aux.noise)?,
        dropout: contiguous(aux.dropout)?,
        lengths: aux.lengths.map(<[usize]>::to_vec),
    };
    Ok(inputs
        .contiguous()?
        .apply_op3(&params.contiguous()?, &h0.contiguous()?, op)?)
}

fn check_shape(what: &'static str, tensor: &Tensor, expected: &[usize]) -> Result<()> {
    if tensor.dims() == expected {
        return Ok(());
    }
    Err(Error::Shape {
        op: "network.run",
        what,
        expected: format!("{expected:?}"),
        found: tensor.dims().to_vec(),
    })
}

struct States {
    layers: Mutex<DualPrecision>,
    sizes: Sizes,
    state: usize,
    noise: Option<Tensor>,
    dropout: Option<Tensor>,
    lengths: Option<Vec<usize>>,
}

/// Selects the layers of one precision.
trait Precision: Lanes {
    fn select(layers: &mut DualPrecision) -> &mut dyn Operation<Self>;
}

impl Precision for f32 {
    fn select(layers: &mut DualPrecision) -> &mut dyn Operation<f32> {
        &mut *layers.single
    }
}

impl Precision for f64 {
    fn select(layers: &mut DualPrecision) -> &mut dyn Operation<f64> {
        &mut *layers.double
    }
}

/// The inputs of a run as owned arrays.
struct OwnedInputs<T> {
    inputs: Vec<T>,
    params: Vec<T>,
    h0: Vec<T>,
    noise: Option<Vec<T>>,
    dropout: Option<Vec<T>>,
    lengths: Option<Vec<usize>>,
}

impl<T: Lanes> OwnedInputs<T> {
    fn as_inputs(&self) -> Inputs<'_, T> {
        Inputs {
            params: &self.params,
            inputs: &self.inputs,
            h0: Some(&self.h0),
            noise: self.noise.as_deref(),
            dropout: self.dropout.as_deref(),
            lengths: self.lengths.as_deref(),
        }
    }
}

impl States {
    fn to_owned_inputs<T: Precision>(
        &self,
        [inputs, params, h0]: [Vec<T>; 3],
    ) -> Result<OwnedInputs<T>> {
        Ok(OwnedInputs {
            inputs,
            params,
            h0,
            noise: self.noise.as_ref().map(flatten).transpose()?,
            dropout: self.dropout.as_ref().map(flatten).transpose()?,
            lengths: self.lengths.clone(),
        })
    }

    fn forward<T: Precision>(&self, all: [Vec<T>; 3]) -> Result<CpuStorage> {
        let s = self.sizes;
        let owned = self.to_owned_inputs(all)?;
        let mut states = vec![T::of(0.0); s.batch * s.time * self.state];
        let mut layers = self
            .layers
            .lock()
            .expect("no thread panics while it holds the layers");
        T::select(&mut layers).run(s, owned.as_inputs(), Some(&mut states), None)?;
        Ok(T::to_cpu_storage_owned(states))
    }

    /// The gradients with respect to inputs, parameters and h0.
    fn backward<T: Precision>(
        &self,
        all: [&Tensor; 3],
        cotangents: &Tensor,
    ) -> Result<[Tensor; 3]> {
        let mut d = all.map(|x| vec![T::of(0.0); x.elem_count()]);
        let [d_inputs, d_params, d_h0] = &mut d;
        let [inputs, params, h0] = all.map(flatten::<T>);
        let owned = self.to_owned_inputs([inputs?, params?, h0?])?;
        let cotangents = flatten::<T>(cotangents)?;
        let cotangents = Cotangents {
            states: Some(&cotangents),
            outputs: None,
        };
        let gradients = Gradients {
            params: Some(d_params),
            inputs: Some(d_inputs),
            h0: Some(d_h0),
        };
        let mut layers = self
            .layers
            .lock()
            .expect("no thread panics while it holds the layers");
        let layers = T::select(&mut layers);
        layers.backward(self.sizes, owned.as_inputs(), cotangents, gradients)?;
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

impl CustomOp3 for States {
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
        let storage = match s1 {
            CpuStorage::F32(_) => {
                self.forward::<f32>([to_vec(s1, l1)?, to_vec(s2, l2)?, to_vec(s3, l3)?])
            }
            _ => self.forward::<f64>([to_vec(s1, l1)?, to_vec(s2, l2)?, to_vec(s3, l3)?]),
        };
        Ok((storage.map_err(candle_core::Error::wrap)?, shape))
    }

    fn bwd(
        &self,
        inputs: &Tensor,
        params: &Tensor,
        h0: &Tensor,
        _: &Tensor,
        cotangents: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let d = match inputs.dtype() {
            DType::F32 => self.backward::<f32>([inputs, params, h0], cotangents),
            _ => self.backward::<f64>([inputs, params, h0], cotangents),
        };
        let [d_inputs, d_params, d_h0] = d.map_err(candle_core::Error::wrap)?;
        Ok((Some(d_inputs), Some(d_params), Some(d_h0)))
    }
}

/// The elements of a contiguous tensor.
fn to_vec<T: WithDType>(storage: &CpuStorage, layout: &Layout) -> candle_core::Result<Vec<T>> {
    let (start, end) = layout
        .contiguous_offsets()
        .expect("`states` makes the tensors contiguous");
    Ok(storage.as_slice::<T>()?[start..end].to_vec())
}

fn flatten<T: WithDType>(tensor: &Tensor) -> Result<Vec<T>> {
    Ok(tensor.flatten_all()?.to_vec1::<T>()?)
}
