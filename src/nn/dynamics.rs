//! What scripts ask of a network, whichever its cell: tensors in, tensors out.

use super::{Drive, Rnn};
use crate::base::Result;
use crate::ops::Lanes;
use crate::random::Key;
use crate::tensor::{Device, Real, Tensor, values};
use crate::train::Model;

/// What a network is asked to respond to. All tensors are of its kind of number and fit it.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// [b, t, i]
    pub inputs: &'a Tensor,
    /// In place of the network's own parameters: one for each block of the layout, in its order.
    pub params: Option<&'a [Tensor]>,
    /// A first state for each trial, [b, s], in place of the network's own.
    pub h0: Option<&'a Tensor>,
    /// The key of the state noise; none is added without it.
    pub noise: Option<&'a Key>,
    /// Times of each trial, [b]: from its end on its states stand still. All last t without it.
    pub lengths: Option<&'a [usize]>,
}

/// A network that can be trained, run and linearised.
pub trait Dynamics<T: Real>: Model<T> + Clone {
    /// n, of a layer.
    fn units(&self) -> usize;

    /// s, the numbers of a state.
    fn state(&self) -> usize;

    /// States [b, t, s] and outputs [b, t, o]; differentiable by whatever autograd follows of the
    /// inputs, the parameters and the first states.
    fn response(&self, call: &Call<'_>) -> Result<[Tensor; 2]>;

    /// The states one step later, without noise.
    ///
    /// Shapes: h [b, s], x [b, i] -> [b, s]
    fn next(&self, h: &Tensor, x: &Tensor) -> Result<Tensor>;

    /// The Jacobians of [`Dynamics::next`] by the state [b, s, s] and by the input [b, s, i].
    fn slopes(&self, h: &Tensor, x: &Tensor) -> Result<[Tensor; 2]>;

    /// The outputs of states.
    ///
    /// Shapes: [.., s] -> [.., o]
    fn readout(&self, states: &Tensor) -> Result<Tensor>;
}

impl<T: Lanes> Dynamics<T> for Rnn<T> {
    fn units(&self) -> usize {
        self.plan.units
    }

    fn state(&self) -> usize {
        self.plan.state()
    }

    fn response(&self, call: &Call<'_>) -> Result<[Tensor; 2]> {
        let followed = call.inputs.track_op() || call.h0.is_some_and(Tensor::track_op);
        match call.params {
            Some(params) => self.run_followed(call, params),
            None if followed => self.run_followed(call, &self.params.tensors()?),
            None => run_plain(self, call),
        }
    }

    fn next(&self, h: &Tensor, x: &Tensor) -> Result<Tensor> {
        let (h, x) = (values::reals::<T>(h)?, values::reals::<T>(x)?);
        let mut next = vec![T::of(0.0); h.len()];
        self.step(&mut self.work(), &h, &x, &mut next)?;
        let shape = (h.len() / self.plan.state(), self.plan.state());
        Ok(Tensor::from_vec(next, shape, &Device::Cpu)?)
    }

    fn slopes(&self, h: &Tensor, x: &Tensor) -> Result<[Tensor; 2]> {
        let (b, s, i) = (h.dims()[0], self.plan.state(), self.plan.inputs);
        let (h, x) = (values::reals::<T>(h)?, values::reals::<T>(x)?);
        let mut by_state = vec![T::of(0.0); b * s * s];
        let mut by_input = vec![T::of(0.0); b * s * i];
        let (states, inputs) = (Some(&mut by_state[..]), Some(&mut by_input[..]));
        self.jacobians(&mut self.work(), [&h, &x], states, inputs)?;
        Ok([
            Tensor::from_vec(by_state, (b, s, s), &Device::Cpu)?,
            Tensor::from_vec(by_input, (b, s, i), &Device::Cpu)?,
        ])
    }

    fn readout(&self, states: &Tensor) -> Result<Tensor> {
        let rates = self.plan.rates(states)?;
        let (weights, bias) = (self.params.tensor("wO")?, self.params.tensor("bO")?);
        linear(&rates, &weights, &bias)
    }
}

/// The fast way, where nothing is followed.
fn run_plain<T: Lanes>(net: &Rnn<T>, call: &Call<'_>) -> Result<[Tensor; 2]> {
    let (trials, time) = (call.inputs.dims()[0], call.inputs.dims()[1]);
    let mut states = vec![T::of(0.0); trials * time * net.plan.state()];
    let mut outputs = vec![T::of(0.0); trials * time * net.plan.outputs];
    let inputs = values::reals::<T>(call.inputs)?;
    let h0 = call.h0.map(values::reals::<T>).transpose()?;
    let drive = Drive {
        trials,
        time,
        inputs: &inputs,
        h0: h0.as_deref(),
        noise: call.noise,
        lengths: call.lengths,
    };
    let (into, out) = (Some(&mut states[..]), Some(&mut outputs[..]));
    net.run(&mut net.work(), &drive, into, out)?;
    let tensor = |x, features| Tensor::from_vec(x, (trials, time, features), &Device::Cpu);
    Ok([
        tensor(states, net.plan.state())?,
        tensor(outputs, net.plan.outputs)?,
    ])
}

/// Shapes: x [.., n], weights [o, n], bias [o] -> [.., o]
pub(super) fn linear(x: &Tensor, weights: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (o, n) = weights.dims2()?;
    let mut shape = x.dims().to_vec();
    if let Some(last) = shape.last_mut() {
        *last = o;
    }
    let rows = x.reshape(((), n))?;
    Ok(rows
        .matmul(&weights.t()?)?
        .broadcast_add(bias)?
        .reshape(shape)?)
}
