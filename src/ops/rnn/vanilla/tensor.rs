//! The network as an operation of candle's autograd, for losses that a user writes.

use candle_core::{CpuStorage, CustomOp3, Layout, Shape, WithDType};

use super::{Arriving, Given, Gradients, Nonlinearity, Sizes, Vanilla, count, fault};
use crate::base::{Error, Result};
use crate::ops::Lanes;
use crate::tensor::{DType, Tensor};

/// The states [b, t, n] of all trials at all times, differentiable by all three tensors; outputs
/// are a matrix product away. The parameters of the readout stand in `params` but play no part.
///
/// Shapes: inputs [b, t, i], params [P] in the order of [`super::layout`], h0 [b, n],
/// noise [b, t, n]
/// Errors: `Shape` if they do not fit; `Kind` if they are not all f32 or all f64
pub fn states(
    nonlinearity: Nonlinearity,
    inputs: &Tensor,
    params: &Tensor,
    h0: &Tensor,
    noise: Option<&Tensor>,
) -> Result<Tensor> {
    let sizes = sizes(inputs, params, h0)?;
    let all = [Some(inputs), Some(params), Some(h0), noise];
    for tensor in all.into_iter().flatten() {
        if tensor.dtype() != params.dtype() || !matches!(tensor.dtype(), DType::F32 | DType::F64) {
            return Err(Error::Kind {
                of: "vanilla".into(),
                expected: "tensors all of f32 or all of f64".into(),
                found: tensor.dtype().as_str().into(),
            });
        }
    }
    let expected = [sizes.batch, sizes.time, sizes.units];
    if let Some(noise) = noise.filter(|noise| noise.dims() != expected) {
        return Err(fault(
            "noise",
            format!("{expected:?}"),
            noise.dims().to_vec(),
        ));
    }
    let noise = noise.map(Tensor::contiguous).transpose()?;
    let op = States {
        nonlinearity,
        sizes,
        noise,
    };
    Ok(inputs
        .contiguous()?
        .apply_op3(&params.contiguous()?, &h0.contiguous()?, op)?)
}

/// The sizes that three tensors tell; outputs follow from the number of parameters.
fn sizes(inputs: &Tensor, params: &Tensor, h0: &Tensor) -> Result<Sizes> {
    let &[batch, time, features] = inputs.dims() else {
        return Err(fault("inputs", "[b, t, i]".into(), inputs.dims().to_vec()));
    };
    let units = match h0.dims() {
        &[b, units] if b == batch => units,
        found => return Err(fault("h0", format!("[{batch}, n]"), found.to_vec())),
    };
    let least = count(features, units, 0);
    let beyond = params.elem_count().checked_sub(least);
    match (params.dims(), beyond) {
        ([_], Some(beyond)) if beyond % (units + 1) == 0 => {
            let outputs = beyond / (units + 1);
            Ok(Sizes {
                batch,
                time,
                inputs: features,
                units,
                outputs,
            })
        }
        (found, _) => {
            let expected = format!("[{least} + {} for each output]", units + 1);
            Err(fault("parameters", expected, found.to_vec()))
        }
    }
}

struct States {
    nonlinearity: Nonlinearity,
    sizes: Sizes,
    noise: Option<Tensor>,
}

impl States {
    fn forward<T: Lanes>(&self, inputs: &[T], params: &[T], h0: &[T]) -> Result<CpuStorage> {
        let s = self.sizes;
        let noise = numbers::<T>(self.noise.as_ref())?;
        let given = Given {
            params,
            inputs,
            h0: Some(h0),
            noise: noise.as_deref(),
        };
        let mut states = vec![T::of(0.0); s.batch * s.time * s.units];
        Vanilla::new(self.nonlinearity).run(s, given, Some(&mut states), None)?;
        Ok(T::to_cpu_storage_owned(states))
    }

    /// The derivatives by inputs, parameters and h0.
    fn backward<T: Lanes>(
        &self,
        [inputs, params, h0]: [&Tensor; 3],
        arriving: &Tensor,
    ) -> Result<[Tensor; 3]> {
        let mut d = [inputs, params, h0].map(|x| vec![T::of(0.0); x.elem_count()]);
        let [d_inputs, d_params, d_h0] = &mut d;
        let noise = numbers::<T>(self.noise.as_ref())?;
        let [x, p, h] = [inputs, params, h0].map(|x| x.flatten_all()?.to_vec1::<T>());
        let (x, p, h) = (x?, p?, h?);
        let arriving = arriving.flatten_all()?.to_vec1::<T>()?;
        Vanilla::new(self.nonlinearity).backward(
            self.sizes,
            Given {
                params: &p,
                inputs: &x,
                h0: Some(&h),
                noise: noise.as_deref(),
            },
            Arriving {
                states: Some(&arriving),
                outputs: None,
            },
            Gradients {
                params: Some(d_params),
                inputs: Some(d_inputs),
                h0: Some(d_h0),
            },
        )?;
        let [d_inputs, d_params, d_h0] = d;
        let device = inputs.device();
        Ok([
            Tensor::from_vec(d_inputs, inputs.shape(), device)?,
            Tensor::from_vec(d_params, params.shape(), device)?,
            Tensor::from_vec(d_h0, h0.shape(), device)?,
        ])
    }
}

impl CustomOp3 for States {
    fn name(&self) -> &'static str {
        "vanilla"
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
        let shape = Shape::from((self.sizes.batch, self.sizes.time, self.sizes.units));
        let storage = match s1 {
            CpuStorage::F32(_) => self.forward::<f32>(part(s1, l1)?, part(s2, l2)?, part(s3, l3)?),
            _ => self.forward::<f64>(part(s1, l1)?, part(s2, l2)?, part(s3, l3)?),
        };
        Ok((storage.map_err(candle_core::Error::wrap)?, shape))
    }

    fn bwd(
        &self,
        inputs: &Tensor,
        params: &Tensor,
        h0: &Tensor,
        _: &Tensor,
        arriving: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let d = match inputs.dtype() {
            DType::F32 => self.backward::<f32>([inputs, params, h0], arriving),
            _ => self.backward::<f64>([inputs, params, h0], arriving),
        };
        let [d_inputs, d_params, d_h0] = d.map_err(candle_core::Error::wrap)?;
        Ok((Some(d_inputs), Some(d_params), Some(d_h0)))
    }
}

/// The numbers of a tensor that was made contiguous before.
fn part<'a, T: WithDType>(
    storage: &'a CpuStorage,
    layout: &Layout,
) -> candle_core::Result<&'a [T]> {
    let (start, end) = layout
        .contiguous_offsets()
        .expect("made contiguous by `states`");
    Ok(&storage.as_slice::<T>()?[start..end])
}

fn numbers<T: WithDType>(tensor: Option<&Tensor>) -> Result<Option<Vec<T>>> {
    let flat = tensor.map(|x| x.flatten_all()?.to_vec1::<T>());
    Ok(flat.transpose()?)
}
