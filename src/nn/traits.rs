//! The interface of a network with tensor arguments and results, independent of the cell type.

use super::{Objective, ObjectiveValue, Rnn, memory};
use crate::base::Result;
use crate::ops::Lanes;
use crate::ops::rnn::Inputs;
use crate::random::Key;
use crate::tensor::{Device, Real, Tensor, arith, convert};
use crate::train::{Model, Trials};

/// Arguments of a run of a network; all tensors have the dtype and the sizes of the network. They
/// differ from the [`Inputs`] of its operation: the network provides its parameters and initial
/// states, and samples the noise from a key.
#[derive(Clone, Copy)]
pub struct RunArgs<'a> {
    /// [b, t, i]
    pub inputs: &'a Tensor,
    /// Parameters to use instead of the network's own: one tensor per block of the layout, in
    /// order.
    pub params: Option<&'a [Tensor]>,
    /// Initial state of each trial, [b, s], instead of the network's own.
    pub h0: Option<&'a Tensor>,
    /// Key of the state noise. Without it no noise is added.
    pub noise: Option<&'a Key>,
    /// Length of each trial in time steps, [b]; its state is constant from its end on. Without it
    /// all trials have length t.
    pub lengths: Option<&'a [usize]>,
}

impl<'a> RunArgs<'a> {
    /// A run from the initial states of the network, without noise, in which all trials have the
    /// same length.
    pub fn new(inputs: &'a Tensor) -> RunArgs<'a> {
        RunArgs {
            inputs,
            params: None,
            h0: None,
            noise: None,
            lengths: None,
        }
    }
}

/// A network that can be trained, run and linearized.
pub trait Dynamics<T: Real>: Model<T> + Clone {
    /// n, the number of units of one layer.
    fn units(&self) -> usize;

    /// s, the number of state variables.
    fn state(&self) -> usize;

    /// Approximate number of bytes that a run of `[trials, time steps]` needs, including its
    /// results and, if it is `differentiable`, the backward pass; saturates.
    fn run_bytes(&self, size: [usize; 2], differentiable: bool) -> usize;

    /// [`Model::loss_bytes`] of an objective.
    fn objective_bytes(&self, size: [usize; 2], objective: &Objective, gradient: bool) -> usize;

    /// States [b, t, s] and outputs [b, t, o], differentiable with respect to all tracked inputs,
    /// parameters and initial states.
    fn run(&self, args: &RunArgs<'_>) -> Result<[Tensor; 2]>;

    /// The states after one step, without noise.
    ///
    /// Shapes: h [b, s], x [b, i] -> [b, s]
    fn step(&self, h: &Tensor, x: &Tensor) -> Result<Tensor>;

    /// The Jacobians of [`Dynamics::step`] with respect to the state [b, s, s] and the input
    /// [b, s, i].
    fn jacobians(&self, h: &Tensor, x: &Tensor) -> Result<[Tensor; 2]>;

    /// The outputs at the given states.
    ///
    /// Shapes: [.., s] -> [.., o]
    fn readout(&self, states: &Tensor) -> Result<Tensor>;

    /// The value of an objective for the trials; writes its gradient with respect to the parameters
    /// into `gradient`. With a key, training noise is drawn from it.
    ///
    /// Errors: as [`Model::loss`]; `Range` if the loss is not defined for a target; any error of a
    /// user function
    fn objective(
        &self,
        work: &mut Self::Workspace,
        data: (&Trials<T>, Option<&Key>),
        objective: &Objective,
        gradient: Option<&mut [T]>,
    ) -> Result<ObjectiveValue>;
}

impl<T: Lanes> Dynamics<T> for Rnn<T> {
    fn units(&self) -> usize {
        self.spec.units
    }

    fn state(&self) -> usize {
        self.spec.state()
    }

    fn run_bytes(&self, size: [usize; 2], differentiable: bool) -> usize {
        memory::run_bytes(self, size, differentiable)
    }

    fn objective_bytes(&self, size: [usize; 2], objective: &Objective, gradient: bool) -> usize {
        memory::objective_bytes(self, size, objective, gradient)
    }

    fn run(&self, args: &RunArgs<'_>) -> Result<[Tensor; 2]> {
        let tracked = args.inputs.track_op() || args.h0.is_some_and(Tensor::track_op);
        match args.params {
            Some(params) => self.run_differentiable(args, params),
            None if tracked => self.run_differentiable(args, &self.params.tensors()?),
            None => run_untracked(self, args),
        }
    }

    fn step(&self, h: &Tensor, x: &Tensor) -> Result<Tensor> {
        let (h, x) = (convert::to_vec::<T>(h)?, convert::to_vec::<T>(x)?);
        let mut next = vec![T::of(0.0); h.len()];
        Rnn::step(self, &mut self.workspace(), &h, &x, &mut next)?;
        let shape = (h.len() / self.spec.state(), self.spec.state());
        Ok(Tensor::from_vec(next, shape, &Device::Cpu)?)
    }

    fn jacobians(&self, h: &Tensor, x: &Tensor) -> Result<[Tensor; 2]> {
        let (b, s, i) = (h.dims()[0], self.spec.state(), self.spec.inputs);
        let (h, x) = (convert::to_vec::<T>(h)?, convert::to_vec::<T>(x)?);
        let mut by_state = vec![T::of(0.0); b * s * s];
        let mut by_input = vec![T::of(0.0); b * s * i];
        let (states, inputs) = (Some(&mut by_state[..]), Some(&mut by_input[..]));
        Rnn::jacobians(self, &mut self.workspace(), [&h, &x], states, inputs)?;
        Ok([
            Tensor::from_vec(by_state, (b, s, s), &Device::Cpu)?,
            Tensor::from_vec(by_input, (b, s, i), &Device::Cpu)?,
        ])
    }

    fn readout(&self, states: &Tensor) -> Result<Tensor> {
        let rates = self.spec.rates(states)?;
        let (weights, bias) = (self.params.tensor("wO")?, self.params.tensor("bO")?);
        linear(&rates, &weights, &bias)
    }

    fn objective(
        &self,
        work: &mut Self::Workspace,
        (trials, key): (&Trials<T>, Option<&Key>),
        objective: &Objective,
        gradient: Option<&mut [T]>,
    ) -> Result<ObjectiveValue> {
        Rnn::objective(self, work, (trials, key), objective, gradient)
    }
}

/// The fast path without autograd, used if no argument is tracked.
fn run_untracked<T: Lanes>(net: &Rnn<T>, args: &RunArgs<'_>) -> Result<[Tensor; 2]> {
    let (trials, time) = (args.inputs.dims()[0], args.inputs.dims()[1]);
    let sizes = net.spec.sizes(trials, time);
    let mut states = vec![T::of(0.0); trials * time * net.spec.state()];
    let mut outputs = vec![T::of(0.0); trials * time * net.spec.outputs];
    let inputs = convert::to_vec::<T>(args.inputs)?;
    let h0 = args.h0.map(convert::to_vec::<T>).transpose()?;
    let mut noise = Vec::new();
    let inputs = Inputs {
        h0: h0.as_deref(),
        noise: net.fill_noise(&mut noise, args.noise, sizes),
        lengths: args.lengths,
        ..Inputs::new(&*net.params.data, &*inputs)
    };
    let (into, out) = (Some(&mut states[..]), Some(&mut outputs[..]));
    net.spec.cell.operation().run(sizes, inputs, into, out)?;
    let tensor = |x, features| Tensor::from_vec(x, (trials, time, features), &Device::Cpu);
    Ok([
        tensor(states, net.spec.state())?,
        tensor(outputs, net.spec.outputs)?,
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
    let sums = arith::matmul(&rows, &weights.t()?)?;
    Ok(arith::add(&sums, bias)?.reshape(shape)?)
}
