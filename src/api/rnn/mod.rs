//! The script module `rnn`: creation, simulation and analysis of recurrent networks.

pub mod background;
mod batch;
pub mod cells;
pub mod custom;
pub mod foreign;
mod run;

use std::cell::{RefCell, RefMut};
use std::rc::Rc;

use super::context::Context;
use super::convert::{ExactTensor, New, to_tensor};
use super::diagnostic::Diagnostic;
use super::options::CallOptions;
use super::value::{Map, ScriptObject, Value};
use crate::base::Error;
use crate::base::options::Choice;
use crate::nn::{Network, Spec, dispatch_network};
use crate::options;
use crate::random::Key;
use crate::tensor::{DType, Tensor};
use batch::loss_of;
pub use batch::{PARTS, lengths_of, trials_of};
use run::run_all;

/// The script object for a network, shared by reference.
pub struct Net(pub RefCell<Network>);

impl ScriptObject for Net {
    const KIND: &'static str = "network";
    fn display(&self) -> String {
        let net = self.0.borrow();
        let Some(spec) = net.spec() else {
            return custom::show(&net);
        };
        let Spec {
            cell,
            inputs,
            units,
            outputs,
            layers,
            directions,
        } = *spec;
        let layers = match layers {
            1 => String::new(),
            _ => format!("{layers} layers of "),
        };
        let f = cell
            .nonlinearity()
            .map_or(String::new(), |f| format!(" ({})", f.name()));
        let both = ["", " in both directions"][directions - 1];
        format!(
            "{} network: {}, {layers}{}{f}{both}, {}, {}",
            cell.name(),
            plural(inputs, "input"),
            plural(units, "unit"),
            plural(outputs, "output"),
            net.dtype().as_str(),
        )
    }
}

impl Net {
    /// A mutable borrow of the network.
    ///
    /// Errors: the network is running and its own step or readout modifies it
    pub fn changing(&self) -> Result<RefMut<'_, Network>, Diagnostic> {
        self.0.try_borrow_mut().map_err(|_| {
            Diagnostic::new(
                "network: it cannot be changed by its own step or readout while it runs",
            )
        })
    }
}

fn plural(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

options! {
    /// Options of `network.run`.
    pub struct RunOptions for "network.run" {
        /// Initial state of each trial, [b, s], in place of the learned initial state.
        h0: Option<Tensor> = None;
        /// Key of the state noise; without it, no noise is added. Dropout is never applied.
        noise: Option<Key> = None;
        /// Number of time steps of each trial, [b], for trials of different lengths. The states of
        /// a trial remain constant after its end, and the backward direction of a bidirectional
        /// network begins there.
        lengths: Option<Tensor> = None;
        /// Parameters to use in place of those of the network, for example inside `grad`.
        params: Option<Map> = None;
    }
}

options! {
    /// Options of `network.loss`.
    pub struct LossOptions for "network.loss" {
        /// Key of the state noise and of the dropout between layers, as in training; without it,
        /// neither is applied.
        noise: Option<Key> = None;
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
        let single = inputs.rank() == 2;
        let inputs = if single { inputs.unsqueeze(0)? } else { inputs.0 };
        let &[b, t, _] = inputs.dims() else {
            let expected = format!("[b, t, {}]", net.inputs());
            return Err(wrong_shape("inputs", expected, &inputs).into());
        };
        cx.check_memory("network.run", &[b, t, net.state().max(net.outputs())], net.dtype())?;
        let [states, outputs] = match options.params.is_some() {
            true => run_all(&net, &inputs, &options)?,
            false => {
                let RunOptions { h0, noise, lengths, .. } = options.into_inner();
                background::run(cx, &net, b * t * net.state(), move |net| {
                    let options = RunOptions { h0, noise, lengths, params: None };
                    run_all(net, &inputs, &options)
                })?
            }
        };
        let trim = |x: Tensor| if single { x.squeeze(0) } else { Ok(x) };
        Ok(map([("states", trim(states)?), ("outputs", trim(outputs)?)]))
    }

    /// The mean squared error over trials, time steps and outputs of a batch, without
    /// regularization.
    ///
    /// A batch is a map of `inputs` [b, t, i], `targets` [b, t, o] and, optionally, `mask` [b, t]
    /// (weights of time steps) and `lengths` [b] (for trials of different lengths). The result is a
    /// plain number without a gradient; compute a loss from the outputs of `run` for `grad`.
    ///
    /// > let net = rnn::vanilla(#{ inputs: 1, units: 3, outputs: 1 });
    /// > net.load_params(#{ h0: [0.0, 0.0, 0.0], bR: [0.0, 0.0, 0.0], bO: [2.0] });
    /// > net.loss(#{ inputs: [[[0.0], [0.0]]], targets: [[[1.0], [0.0]]] })
    /// = 2.5
    fn loss(this: Rc<Net>, batch: Map, options: CallOptions<LossOptions>) -> f64 {
        let noise = options.noise.as_ref();
        dispatch_network!(&*this.0.borrow(), net => loss_of(net, &batch, noise))
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
        let value = parameter(&name, value)?;
        Ok(this.changing()?.set(&name, &value)?)
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
        let mut changed = this.0.borrow().clone();
        for (name, value) in params {
            changed.set(&name, &parameter(&name, value)?)?;
        }
        *this.changing()? = changed;
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

pub(super) fn map<const N: usize>(entries: [(&str, Tensor); N]) -> Map {
    entries
        .map(|(name, tensor)| (name.to_string(), Value::Tensor(tensor)))
        .into()
}

pub(super) fn wrong_shape(what: &'static str, expected: String, found: &Tensor) -> Error {
    Error::Shape {
        op: "network",
        what,
        expected,
        found: found.dims().to_vec(),
    }
}

fn parameter(name: &str, value: Value) -> Result<Tensor, Error> {
    tensor(format!("network: parameter `{name}`"), value)
}

/// A tensor for a network; plain numbers are converted directly to f64, without rounding to f32.
pub(super) fn tensor(of: String, value: Value) -> Result<Tensor, Error> {
    let found = match value {
        Value::Tensor(tensor) => Ok(tensor),
        other => to_tensor(&other, DType::F64).ok_or(other),
    };
    found.map_err(|value| Error::Kind {
        of,
        expected: "a tensor".into(),
        found: value.kind(),
    })
}
