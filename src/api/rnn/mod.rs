//! The script module `rnn`: creation, simulation and analysis of recurrent networks.

mod args;
pub mod background;
mod batch;
pub mod cells;
pub mod custom;
mod interop;
pub mod io;
mod net;
mod run;
pub mod step;

use std::cell::RefCell;
use std::rc::Rc;

use super::context::Context;
use super::convert::{ExactTensor, New, tensor_map};
use super::options::CallOptions;
use super::value::{Map, Value};
use crate::nn::{LossFunction, Objective, dispatch_network};
use crate::options;
use crate::random::Key;
use crate::tensor::Tensor;
use args::parameter_tensor;
use batch::compute_loss;
pub use batch::{read_lengths, read_trials};
pub use net::Net;
use run::{RunOptions, resolve_inputs, run_network};

options! {
    /// Options of `network.loss`.
    pub struct LossOptions for "network.loss" {
        /// Key of the state noise and of the dropout between layers, as in training; without it,
        /// neither is applied.
        noise: Option<Key> = None;
        /// Loss: "mse", "cross_entropy", "bce", "poisson", or a function, as in `train`.
        loss: LossFunction = LossFunction::default();
    }
}

crate::natives! {
    /// Recurrent neural networks.
    module "rnn";

    /// The states and outputs of the network for a batch of inputs [b, t, i], as a map.
    ///
    /// Entries: `states` [b, t, s], where each state includes the input of its time step, and
    /// `outputs` [b, t, o]. A state concatenates the layers, in each layer the directions, and in
    /// each direction h and, for an LSTM, c. Inputs [t, i] of a single trial return both entries
    /// without the first axis.
    ///
    /// Instead of the inputs, a number of time steps runs the network with inputs of zero, or
    /// without inputs if it has none (`inputs: 0`): `net.run(100)` is a single trial,
    /// `net.run(100, #{ trials: 4 })` and `net.run(100, #{ h0: states })` are several.
    ///
    /// The result is differentiable with respect to `inputs`, `h0` and `params`.
    ///
    /// > let net = rnn::vanilla(#{ inputs: 1, units: 3, outputs: 2 });
    /// > let x = [[[0.1], [0.2]], [[0.3], [0.4]]];
    /// > let run = net.run(x);
    /// > [net.run(x).states.shape(), run.outputs.shape()]
    /// = [[2, 2, 3], [2, 2, 2]]
    fn run(
        cx: &Context, this: Rc<Net>, inputs: ExactTensor, options: CallOptions<RunOptions>,
    ) -> Map {
        let net = this.0.borrow();
        let (inputs, single) = resolve_inputs(cx, &net, inputs.0, &options)?;
        let (b, t, _) = inputs.dims3()?;
        let [states, outputs] = match options.params.is_some() {
            true => run_network(&net, &inputs, &options)?,
            false => {
                let RunOptions { h0, trials, noise, lengths, .. } = options.into_inner();
                background::run(cx, &net, b * t * net.state(), move |net| {
                    let options = RunOptions { h0, trials, noise, lengths, params: None };
                    run_network(net, &inputs, &options)
                })?
            }
        };
        let trim = |x: Tensor| if single { x.squeeze(0) } else { Ok(x) };
        Ok(tensor_map([("states", trim(states)?), ("outputs", trim(outputs)?)]))
    }

    /// The loss of a batch without penalties: by default the mean squared error over trials, time
    /// steps and outputs.
    ///
    /// A batch is a map of `inputs` [b, t, i], `targets` [b, t, o] and, optionally, `mask` [b, t]
    /// (weights of time steps) and `lengths` [b] (for trials of different lengths). A network
    /// without inputs needs no `inputs`. The result is a
    /// plain number without a gradient; compute a loss from the outputs of `run` for `grad`.
    ///
    /// > let net = rnn::vanilla(#{ inputs: 1, units: 3, outputs: 1 });
    /// > net.load_params(#{ h0: [0.0, 0.0, 0.0], bR: [0.0, 0.0, 0.0], bO: [2.0] });
    /// > net.loss(#{ inputs: [[[0.0], [0.0]]], targets: [[[1.0], [0.0]]] })
    /// = 2.5
    fn loss(cx: &Context, this: Rc<Net>, batch: Map, options: CallOptions<LossOptions>) -> f64 {
        let LossOptions { noise, loss } = options.into_inner();
        let settings = (&Objective::new(loss), noise.as_ref());
        dispatch_network!(&*this.0.borrow(), net => compute_loss(cx, net, &batch, settings))
    }

    /// Copies of the parameters, as a map of tensors.
    ///
    /// `help` of each cell lists its parameters. Names from layers above the first end in `_l1`,
    /// `_l2`, ..., and those of the backward direction in `_reverse`.
    ///
    /// > rnn::vanilla(#{ inputs: 2, units: 5, outputs: 1 }).params().wI.shape()
    /// = [5, 2]
    fn params(this: Rc<Net>) -> Map {
        let net = this.0.borrow();
        let names = net.layout().blocks().iter().map(|block| &block.name);
        names.map(|name| Ok((name.clone(), Value::Tensor(net.parameter(name)?)))).collect()
    }

    /// Replaces one parameter with a tensor of the same shape.
    ///
    /// > let net = rnn::vanilla(#{ units: 2 });
    /// > net.set("bR", [0.5, 0.25]);
    /// > net.params().bR.to_list()
    /// = [0.5, 0.25]
    fn set(this: Rc<Net>, name: String, value: Value) -> () {
        let value = parameter_tensor(&name, value)?;
        Ok(this.borrow_mut_checked()?.set(&name, &value)?)
    }

    /// Replaces the parameters named in a map, for example one returned by `params` or read from a
    /// file.
    ///
    /// If any name or shape does not match, an error is raised and no parameter changes.
    ///
    /// > let a = rnn::vanilla(#{ units: 4, seed: 1 });
    /// > let b = rnn::vanilla(#{ units: 4, seed: 2 });
    /// > b.load_params(a.params());
    /// > (b.params().wR - a.params().wR).abs().max().item()
    /// = 0.0
    fn load_params(this: Rc<Net>, params: Map) -> () {
        let mut network = this.0.borrow().clone();
        for (name, value) in params {
            network.set(&name, &parameter_tensor(&name, value)?)?;
        }
        *this.borrow_mut_checked()? = network;
        Ok(())
    }

    /// An independent copy of the network.
    ///
    /// > rnn::vanilla(#{ units: 4 }).copy()
    /// = vanilla network: 1 input, 4 units (tanh), 1 output, f32
    fn copy(this: Rc<Net>) -> New<Net> { Ok(New(Net(RefCell::new(this.0.borrow().clone())))) }

    /// The number of inputs.
    ///
    /// > rnn::vanilla(#{ inputs: 3 }).inputs()
    /// = 3
    fn inputs(this: Rc<Net>) -> usize { Ok(this.0.borrow().inputs()) }

    /// The number of units per layer.
    ///
    /// > rnn::vanilla(#{ units: 30 }).units()
    /// = 30
    fn units(this: Rc<Net>) -> usize { Ok(this.0.borrow().units()) }

    /// The number of outputs.
    ///
    /// > rnn::vanilla(#{ outputs: 2 }).outputs()
    /// = 2
    fn outputs(this: Rc<Net>) -> usize { Ok(this.0.borrow().outputs()) }

    /// The size of the state: units * layers * directions, doubled for an LSTM.
    ///
    /// > rnn::lstm(#{ units: 30, layers: 2 }).state_size()
    /// = 120
    fn state_size(this: Rc<Net>) -> usize { Ok(this.0.borrow().state()) }

    /// The number of parameters.
    ///
    /// > rnn::vanilla(#{ inputs: 1, units: 10, outputs: 1 }).num_params()
    /// = 141
    fn num_params(this: Rc<Net>) -> usize { Ok(this.0.borrow().layout().len()) }
}
