//! The map from a state to the next state at a fixed input, as the fixed-point search uses it. It
//! is available in double precision for networks of any dtype, because eigenvalues near 1 determine
//! the type of a fixed point.

use std::sync::Arc;

use candle_core::Var;

use super::{Custom, Dynamics, Network, Rnn, Workspace};
use crate::base::{Error, Result};
use crate::ops::Lanes;
use crate::ops::rnn::{Cotangents, Gradients, Inputs};
use crate::tensor::precision::match_precision;
use crate::tensor::{Arena, Device, Real, Tensor, convert};

/// The step F(h, x) for a batch of states h [b, s] and inputs x [b, i]. All arrays are row-major.
pub trait StepMap<T> {
    /// Fills `into` [b, s] with F.
    fn step(&mut self, h: &[T], x: &[T], into: &mut [T]) -> Result<()>;

    /// Fills `by_state` [b, s, s] and `by_input` [b, s, i], where present, with the Jacobians of F.
    fn jacobians(
        &mut self,
        at: [&[T]; 2],
        by_state: Option<&mut [T]>,
        by_input: Option<&mut [T]>,
    ) -> Result<()>;

    /// The vector-Jacobian product: fills `into` [b, s] with r [b, s] times dF/dh.
    fn vjp(&mut self, at: [&[T]; 2], r: &[T], into: &mut [T]) -> Result<()>;
}

impl Network {
    /// The step map, without noise. A custom network computes in its own dtype, whatever T is.
    ///
    /// Errors: `Range` if the network is bidirectional and therefore has no step
    pub fn step_map<T: Lanes>(&self) -> Result<Box<dyn StepMap<T>>> {
        Ok(match self {
            Network::BuiltIn(net) => match_precision!(net, net => Box::new(BuiltIn::new(net)?)),
            Network::Custom(net) => match_precision!(net, net => Box::new(net.clone())),
        })
    }
}

/// A network with a built-in cell and its buffers.
struct BuiltIn<T> {
    net: Rnn<T>,
    work: Workspace<T>,
}

impl<T: Lanes> BuiltIn<T> {
    fn new<U: Lanes>(net: &Rnn<U>) -> Result<Self> {
        if net.spec.directions != 1 {
            return Err(Error::Range {
                of: "fixed points".into(),
                name: "directions".into(),
                expected: "1: a bidirectional network has no step".into(),
                found: net.spec.directions.to_string(),
            });
        }
        let mut params = Arena::zeros(Arc::new(net.spec.layout()));
        params.data = net.params.data.iter().map(|x| T::of(x.double())).collect();
        let net = Rnn {
            params,
            spec: net.spec,
            noise: 0.0,
            dropout: 0.0,
        };
        let work = net.workspace();
        Ok(BuiltIn { net, work })
    }
}

impl<T: Lanes> StepMap<T> for BuiltIn<T> {
    fn step(&mut self, h: &[T], x: &[T], into: &mut [T]) -> Result<()> {
        self.net.step(&mut self.work, h, x, into)
    }

    fn jacobians(
        &mut self,
        at: [&[T]; 2],
        by_state: Option<&mut [T]>,
        by_input: Option<&mut [T]>,
    ) -> Result<()> {
        self.net.jacobians(&mut self.work, at, by_state, by_input)
    }

    fn vjp(&mut self, [h, x]: [&[T]; 2], r: &[T], into: &mut [T]) -> Result<()> {
        let sizes = self.net.spec.sizes(h.len() / self.net.spec.state(), 1);
        let inputs = Inputs {
            h0: Some(h),
            ..Inputs::new(&*self.net.params.data, x)
        };
        let cotangents = Cotangents {
            states: Some(r),
            outputs: None,
        };
        let gradients = Gradients {
            h0: Some(into),
            ..Gradients::default()
        };
        self.work.backward(sizes, inputs, cotangents, gradients)
    }
}

impl<T: Real> Custom<T> {
    fn tensors_at<U: Real>(&self, [h, x]: [&[U]; 2]) -> Result<[Tensor; 2]> {
        let b = h.len() / self.units;
        let tensor = |values: &[U], features| -> Result<Tensor> {
            let tensor = Tensor::from_slice(values, (b, features), &Device::Cpu)?;
            Ok(tensor.to_dtype(T::DTYPE)?)
        };
        Ok([tensor(h, self.units)?, tensor(x, self.inputs)?])
    }
}

impl<T: Real, U: Real> StepMap<U> for Custom<T> {
    fn step(&mut self, h: &[U], x: &[U], into: &mut [U]) -> Result<()> {
        let [h, x] = self.tensors_at([h, x])?;
        into.copy_from_slice(&convert::to_vec::<U>(&Dynamics::step(self, &h, &x)?)?);
        Ok(())
    }

    fn jacobians(
        &mut self,
        at: [&[U]; 2],
        by_state: Option<&mut [U]>,
        by_input: Option<&mut [U]>,
    ) -> Result<()> {
        let [h, x] = self.tensors_at(at)?;
        let jacobians = Dynamics::jacobians(self, &h, &x)?;
        for (into, jacobian) in [by_state, by_input].into_iter().zip(&jacobians) {
            if let Some(into) = into {
                into.copy_from_slice(&convert::to_vec::<U>(jacobian)?);
            }
        }
        Ok(())
    }

    fn vjp(&mut self, at: [&[U]; 2], r: &[U], into: &mut [U]) -> Result<()> {
        let [h, x] = self.tensors_at(at)?;
        let r = Tensor::from_slice(r, h.shape(), &Device::Cpu)?.to_dtype(T::DTYPE)?;
        let h = Var::from_tensor(&h)?;
        let next = Dynamics::step(self, &h, &x)?;
        let gradients = (next * r)?.sum_all()?.backward()?;
        match gradients.get(&h) {
            Some(gradient) => into.copy_from_slice(&convert::to_vec::<U>(gradient)?),
            None => into.fill(U::of(0.0)),
        }
        Ok(())
    }
}
