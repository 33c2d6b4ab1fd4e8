//! Recurrent layers as an operation of candle's autograd, for losses that a user writes.

use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp3, Layout, Shape, WithDType};

use super::{Arriving, Given, Gradients, Operation, Sizes};
use crate::base::{Error, Result};
use crate::ops::Lanes;
use crate::tensor::{DType, Tensor};

/// Layers in both kinds of number; candle asks for one of them.
pub struct Both {
    pub single: Box<dyn Operation<f32> + Send>,
    pub double: Box<dyn Operation<f64> + Send>,
}

/// What a run on the tape adds to the three tensors that it is differentiated by.
#[derive(Default, Clone, Copy)]
pub struct Aside<'a> {
    /// [b, t, strands n]
    pub noise: Option<&'a Tensor>,
    /// [b, t, (layers - 1) directions n]
    pub dropout: Option<&'a Tensor>,
    /// [b]
    pub lengths: Option<&'a [usize]>,
}

/// The states [b, t, s] of all trials at all times, differentiable by all three tensors; outputs
/// are a matrix product away. The parameters of the readout stand in `params` but play no part.
///
/// Shapes: inputs [b, t, i], params [p] in the order of [`super::layout`], h0 [b, s]
/// Errors: `Shape` if they do not fit; `Kind` if they are not all f32 or all f64
pub fn states(
    layers: Both,
    sizes: Sizes,
    [inputs, params, h0]: [&Tensor; 3],
    aside: Aside<'_>,
) -> Result<Tensor> {
    let all = [
        Some(inputs),
        Some(params),
        Some(h0),
        aside.noise,
        aside.dropout,
    ];
    for tensor in all.into_iter().flatten() {
        if tensor.dtype() != params.dtype() || !matches!(tensor.dtype(), DType::F32 | DType::F64) {
            return Err(Error::Kind {
                of: "network.run".into(),
                expected: "tensors all of f32 or all of f64".into(),
                found: tensor.dtype().as_str().into(),
            });
        }
    }
    shaped("inputs", inputs, &[sizes.batch, sizes.time, sizes.inputs])?;
    let state = h0.dims().last().copied().unwrap_or_default();
    shaped("h0", h0, &[sizes.batch, state])?;
    let still = |tensor: Option<&Tensor>| tensor.map(Tensor::contiguous).transpose();
    let op = States {
        layers: Mutex::new(layers),
        sizes,
        state,
        noise: still(aside.noise)?,
        dropout: still(aside.dropout)?,
        lengths: aside.lengths.map(<[usize]>::to_vec),
    };
    Ok(inputs
        .contiguous()?
        .apply_op3(&params.contiguous()?, &h0.contiguous()?, op)?)
}

fn shaped(what: &'static str, found: &Tensor, expected: &[usize]) -> Result<()> {
    if found.dims() == expected {
        return Ok(());
    }
    Err(Error::Shape {
        op: "network.run",
        what,
        expected: format!("{expected:?}"),
        found: found.dims().to_vec(),
    })
}

struct States {
    layers: Mutex<Both>,
    sizes: Sizes,
    state: usize,
    noise: Option<Tensor>,
    dropout: Option<Tensor>,
    lengths: Option<Vec<usize>>,
}

/// Layers in one of the two kinds.
trait Kind: Lanes {
    fn in_both(both: &mut Both) -> &mut dyn Operation<Self>;
}

impl Kind for f32 {
    fn in_both(both: &mut Both) -> &mut dyn Operation<f32> {
        &mut *both.single
    }
}

impl Kind for f64 {
    fn in_both(both: &mut Both) -> &mut dyn Operation<f64> {
        &mut *both.double
    }
}

/// The numbers of what a run is given, as arrays.
struct Numbers<T> {
    inputs: Vec<T>,
    params: Vec<T>,
    h0: Vec<T>,
    noise: Option<Vec<T>>,
    dropout: Option<Vec<T>>,
    lengths: Option<Vec<usize>>,
}

impl<T: Lanes> Numbers<T> {
    fn given(&self) -> Given<'_, T> {
        Given {
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
    fn numbers<T: Kind>(&self, [inputs, params, h0]: [Vec<T>; 3]) -> Result<Numbers<T>> {
        Ok(Numbers {
            inputs,
            params,
            h0,
            noise: self.noise.as_ref().map(flat).transpose()?,
            dropout: self.dropout.as_ref().map(flat).transpose()?,
            lengths: self.lengths.clone(),
        })
    }

    fn forward<T: Kind>(&self, all: [Vec<T>; 3]) -> Result<CpuStorage> {
        let s = self.sizes;
        let numbers = self.numbers(all)?;
        let mut states = vec![T::of(0.0); s.batch * s.time * self.state];
        let mut layers = self
            .layers
            .lock()
            .expect("no thread panics with the layers");
        T::in_both(&mut layers).run(s, numbers.given(), Some(&mut states), None)?;
        Ok(T::to_cpu_storage_owned(states))
    }

    /// The derivatives by inputs, parameters and h0.
    fn backward<T: Kind>(&self, all: [&Tensor; 3], arriving: &Tensor) -> Result<[Tensor; 3]> {
        let mut d = all.map(|x| vec![T::of(0.0); x.elem_count()]);
        let [d_inputs, d_params, d_h0] = &mut d;
        let [inputs, params, h0] = all.map(flat::<T>);
        let numbers = self.numbers([inputs?, params?, h0?])?;
        let arriving = flat::<T>(arriving)?;
        let arriving = Arriving {
            states: Some(&arriving),
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
            .expect("no thread panics with the layers");
        let layers = T::in_both(&mut layers);
        layers.backward(self.sizes, numbers.given(), arriving, gradients)?;
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
                self.forward::<f32>([part(s1, l1)?, part(s2, l2)?, part(s3, l3)?])
            }
            _ => self.forward::<f64>([part(s1, l1)?, part(s2, l2)?, part(s3, l3)?]),
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
fn part<T: WithDType>(storage: &CpuStorage, layout: &Layout) -> candle_core::Result<Vec<T>> {
    let (start, end) = layout
        .contiguous_offsets()
        .expect("made contiguous by `states`");
    Ok(storage.as_slice::<T>()?[start..end].to_vec())
}

fn flat<T: WithDType>(tensor: &Tensor) -> Result<Vec<T>> {
    Ok(tensor.flatten_all()?.to_vec1::<T>()?)
}
