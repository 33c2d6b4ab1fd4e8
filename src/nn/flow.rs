//! The map from a state to the next one under an input: what fixed points are found of. It can be
//! had in double precision whatever the network computes in: eigenvalues near 1 decide what a point
//! is.

use std::sync::Arc;

use candle_core::Var;

use super::{Custom, Dynamics, Network, Rnn, Work};
use crate::base::{Error, Result};
use crate::ops::Lanes;
use crate::ops::rnn::{Arriving, Given, Gradients};
use crate::tensor::{Arena, Device, Real, Tensor, values};

/// The step F(h, x) of many states at once, h [b, s] and x [b, i], all arrays row-major.
pub trait Flow<T> {
    /// Fills `into` [b, s] with F.
    fn step(&mut self, h: &[T], x: &[T], into: &mut [T]) -> Result<()>;

    /// Fills `by_state` [b, s, s] and `by_input` [b, s, i] with the Jacobians of F, where they are
    /// asked for.
    fn jacobians(
        &mut self,
        at: [&[T]; 2],
        by_state: Option<&mut [T]>,
        by_input: Option<&mut [T]>,
    ) -> Result<()>;

    /// Fills `into` [b, s] with r [b, s] times dF/dh: what comes back through a step.
    fn pull(&mut self, at: [&[T]; 2], r: &[T], into: &mut [T]) -> Result<()>;
}

impl Network {
    /// The map of one step, without noise. A step that a user wrote computes in its own kind of
    /// number, whichever is asked for.
    ///
    /// Errors: `Range` if the network runs in both directions and has no step
    pub fn flow<T: Lanes>(&self) -> Result<Box<dyn Flow<T>>> {
        Ok(match self {
            Network::F32(net) => Box::new(BuiltIn::new(net)?),
            Network::F64(net) => Box::new(BuiltIn::new(net)?),
            Network::CustomF32(net) => Box::new(net.clone()),
            Network::CustomF64(net) => Box::new(net.clone()),
        })
    }
}

/// A network of a built-in cell with the buffers of its runs.
struct BuiltIn<T> {
    net: Rnn<T>,
    work: Work<T>,
}

impl<T: Lanes> BuiltIn<T> {
    fn new<U: Lanes>(net: &Rnn<U>) -> Result<Self> {
        if net.plan.directions != 1 {
            return Err(Error::Range {
                of: "fixed points".into(),
                name: "directions".into(),
                expected: "of 1: a network in both directions has no single step".into(),
                found: net.plan.directions.to_string(),
            });
        }
        let mut params = Arena::zeros(Arc::new(net.plan.layout()));
        params.data = net.params.data.iter().map(|x| T::of(x.double())).collect();
        let net = Rnn {
            params,
            plan: net.plan,
            noise: 0.0,
            dropout: 0.0,
        };
        let work = net.work();
        Ok(BuiltIn { net, work })
    }
}

impl<T: Lanes> Flow<T> for BuiltIn<T> {
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

    fn pull(&mut self, [h, x]: [&[T]; 2], r: &[T], into: &mut [T]) -> Result<()> {
        let sizes = self.net.plan.sizes(h.len() / self.net.plan.state(), 1);
        let given = Given {
            params: &self.net.params.data,
            inputs: x,
            h0: Some(h),
            noise: None,
            dropout: None,
            lengths: None,
        };
        let arriving = Arriving {
            states: Some(r),
            outputs: None,
        };
        let gradients = Gradients {
            h0: Some(into),
            ..Gradients::default()
        };
        self.work.backward(sizes, given, arriving, gradients)
    }
}

impl<T: Real> Custom<T> {
    fn at<U: Real>(&self, [h, x]: [&[U]; 2]) -> Result<[Tensor; 2]> {
        let b = h.len() / self.units;
        let tensor = |numbers: &[U], features| -> Result<Tensor> {
            let all = Tensor::from_slice(numbers, (b, features), &Device::Cpu)?;
            Ok(all.to_dtype(T::DTYPE)?)
        };
        Ok([tensor(h, self.units)?, tensor(x, self.inputs)?])
    }
}

impl<T: Real, U: Real> Flow<U> for Custom<T> {
    fn step(&mut self, h: &[U], x: &[U], into: &mut [U]) -> Result<()> {
        let [h, x] = self.at([h, x])?;
        into.copy_from_slice(&values::reals::<U>(&self.next(&h, &x)?)?);
        Ok(())
    }

    fn jacobians(
        &mut self,
        at: [&[U]; 2],
        by_state: Option<&mut [U]>,
        by_input: Option<&mut [U]>,
    ) -> Result<()> {
        let [h, x] = self.at(at)?;
        let slopes = self.slopes(&h, &x)?;
        for (into, slopes) in [by_state, by_input].into_iter().zip(&slopes) {
            if let Some(into) = into {
                into.copy_from_slice(&values::reals::<U>(slopes)?);
            }
        }
        Ok(())
    }

    fn pull(&mut self, at: [&[U]; 2], r: &[U], into: &mut [U]) -> Result<()> {
        let [h, x] = self.at(at)?;
        let r = Tensor::from_slice(r, h.shape(), &Device::Cpu)?.to_dtype(T::DTYPE)?;
        let h = Var::from_tensor(&h)?;
        let next = self.next(&h, &x)?;
        let slopes = (next * r)?.sum_all()?.backward()?;
        match slopes.get(&h) {
            Some(slope) => into.copy_from_slice(&values::reals::<U>(slope)?),
            None => into.fill(U::of(0.0)),
        }
        Ok(())
    }
}
