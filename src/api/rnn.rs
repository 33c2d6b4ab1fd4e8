//! Recurrent networks: made, run, looked into.

use std::cell::RefCell;
use std::rc::Rc;

use super::context::Context;
use super::convert::{New, tensor_of};
use super::fault::Fault;
use super::settings::Settings;
use super::value::{Map, Thing, Value};
use crate::base::options::Choice;
use crate::base::{Error, Result};
use crate::nn::{Cell, Drive, Network, Rnn, Vanilla};
use crate::ops::Lanes;
use crate::ops::rnn::vanilla;
use crate::options;
use crate::random::Key;
use crate::tensor::{DType, Device, Tensor};
use crate::train::Trials;

/// A network that scripts share by reference.
pub struct Net(pub RefCell<Network>);

impl Thing for Net {
    const KIND: &'static str = "network";
    fn show(&self) -> String {
        let net = self.0.borrow();
        let Cell::Vanilla(nonlinearity) = net.cell();
        let plural = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
        format!(
            "{} network: {}, {} ({}), {}, {}",
            net.cell().word(),
            plural(net.inputs(), "input"),
            plural(net.units(), "unit"),
            nonlinearity.word(),
            plural(net.outputs(), "output"),
            net.dtype().as_str(),
        )
    }
}

options! {
    /// How a network is run.
    pub struct RunOptions for "network.run" {
        /// A first state for each trial, of shape [b, n], in place of the learned one.
        h0: Option<Tensor> = None;
        /// Key of the state noise; without it none is added.
        noise: Option<Key> = None;
        /// Parameters to use in place of the network's own, such as those that `grad` follows.
        params: Option<Map> = None;
    }
}

options! {
    /// How the loss of a network is taken.
    pub struct LossOptions for "network.loss" {
        /// Key of the state noise; without it none is added.
        noise: Option<Key> = None;
    }
}

crate::natives! {
    /// Recurrent networks.
    module "rnn";

    /// A new vanilla network: h_t = f(wI x_t + wR h_(t-1) + bR) + noise, o_t = wO h_t + bO, with
    /// a learned first state h0. At the start h0 ~ 0.1 N(0, 1), wI ~ N / sqrt(inputs),
    /// wR ~ gain N / sqrt(units), wO ~ N / sqrt(units), and the biases are 0.
    ///
    /// > rnn::vanilla(#{ inputs: 1, units: 100, outputs: 1, gain: 0.85, seed: 0 })
    /// = vanilla network: 1 input, 100 units (tanh), 1 output, f32
    fn vanilla(cx: &Context, options: Settings<Vanilla>) -> New<Net> {
        let width = options.units.saturating_add(options.inputs).saturating_add(options.outputs);
        let shape = [options.units, width.saturating_add(2)];
        cx.room("rnn::vanilla", &shape, options.dtype.dtype())?;
        Ok(New(Net(RefCell::new(Network::vanilla(&options)?))))
    }

    /// The states and outputs of all trials at all times, as a map: `states` [b, t, n], each after
    /// its input has come in, and `outputs` [b, t, o]. For inputs of one trial, [t, i], both come
    /// without their first axis. A loss of them can be differentiated by `inputs`, `h0` and
    /// `params`.
    ///
    /// > let net = rnn::vanilla(#{ inputs: 1, units: 3, outputs: 2 });
    /// > let x = [[[0.1], [0.2]], [[0.3], [0.4]]];
    /// > let run = net.run(x);
    /// > [net.run(x).states.shape(), run.outputs.shape()]
    /// = [[2, 2, 3], [2, 2, 2]]
    fn run(cx: &Context, this: Rc<Net>, inputs: Tensor, options: Settings<RunOptions>) -> Map {
        let net = this.0.borrow();
        let single = inputs.rank() == 2;
        let inputs = if single { inputs.unsqueeze(0)? } else { inputs };
        let &[b, t, _] = inputs.dims() else {
            return Err(wrong_shape("inputs", format!("[b, t, {}]", net.inputs()), &inputs));
        };
        cx.room("network.run", &[b, t, net.units().max(net.outputs())], net.dtype())?;
        let [states, outputs] = run_all(&net, &inputs, &options)?;
        let trim = |x: Tensor| if single { x.squeeze(0) } else { Ok(x) };
        Ok(map([("states", trim(states)?), ("outputs", trim(outputs)?)]))
    }

    /// The mean of (output - target)^2 over trials, times (as far as the mask counts them) and
    /// outputs, without any penalty. A batch is a map of `inputs` [b, t, i], `targets` [b, t, o]
    /// and, if wanted, `mask` [b, t].
    ///
    /// > let net = rnn::vanilla(#{ inputs: 1, units: 3, outputs: 1 });
    /// > net.load_params(#{ h0: [0.0, 0.0, 0.0], bR: [0.0, 0.0, 0.0], bO: [2.0] });
    /// > net.loss(#{ inputs: [[[0.0], [0.0]]], targets: [[[1.0], [0.0]]] })
    /// = 2.5
    fn loss(this: Rc<Net>, batch: Map, options: Settings<LossOptions>) -> f64 {
        match &*this.0.borrow() {
            Network::F32(net) => loss_of(net, &batch, options.noise.as_ref()),
            Network::F64(net) => loss_of(net, &batch, options.noise.as_ref()),
        }
    }

    /// The parameters, as a map of tensors (copies): h0 [n], wI [n, i], wR [n, n], wO [o, n],
    /// bR [n], bO [o].
    ///
    /// > rnn::vanilla(#{ inputs: 2, units: 5, outputs: 1 }).params().wI.shape()
    /// = [5, 2]
    fn params(this: Rc<Net>) -> Map {
        let net = this.0.borrow();
        let names = net.layout().blocks().iter().map(|block| block.name);
        names.map(|name| Ok((name.to_string(), Value::Tensor(net.parameter(name)?)))).collect()
    }

    /// Overwrites one parameter with a tensor of the same shape.
    ///
    /// > let net = rnn::vanilla(#{ units: 2 });
    /// > net.set("bR", [0.5, 0.25]);
    /// > net.params().bR.to_list()
    /// = [0.5, 0.25]
    fn set(this: Rc<Net>, name: String, value: Value) -> () {
        let value = parameter(&name, value)?;
        Ok(this.0.borrow_mut().set(&name, &value)?)
    }

    /// Overwrites the parameters that a map names, such as one that `params` gave or that was read
    /// from a file; either all of them fit or none is changed.
    ///
    /// > let a = rnn::vanilla(#{ units: 4, seed: 1 });
    /// > let b = rnn::vanilla(#{ units: 4, seed: 2 });
    /// > b.load_params(a.params());
    /// > (b.params().wR - a.params().wR).abs().max()
    /// = 0.0
    fn load_params(this: Rc<Net>, params: Map) -> () {
        let mut changed = this.0.borrow().clone();
        for (name, value) in params {
            changed.set(&name, &parameter(&name, value)?)?;
        }
        *this.0.borrow_mut() = changed;
        Ok(())
    }

    /// Another network with the same parameters, which then go their own way.
    ///
    /// > rnn::vanilla(#{ units: 4 }).copy()
    /// = vanilla network: 1 input, 4 units (tanh), 1 output, f32
    fn copy(this: Rc<Net>) -> New<Net> { Ok(New(Net(RefCell::new(this.0.borrow().clone())))) }

    /// How many numbers come in at each time.
    ///
    /// > rnn::vanilla(#{ inputs: 3 }).inputs()
    /// = 3
    fn inputs(this: Rc<Net>) -> usize { Ok(this.0.borrow().inputs()) }

    /// How many units make a state.
    ///
    /// > rnn::vanilla(#{ units: 30 }).units()
    /// = 30
    fn units(this: Rc<Net>) -> usize { Ok(this.0.borrow().units()) }

    /// How many numbers go out at each time.
    ///
    /// > rnn::vanilla(#{ outputs: 2 }).outputs()
    /// = 2
    fn outputs(this: Rc<Net>) -> usize { Ok(this.0.borrow().outputs()) }

    /// How many numbers all parameters are together.
    ///
    /// > rnn::vanilla(#{ inputs: 1, units: 10, outputs: 1 }).count()
    /// = 141
    fn count(this: Rc<Net>) -> usize { Ok(this.0.borrow().layout().len()) }
}

fn map<const N: usize>(entries: [(&str, Tensor); N]) -> Map {
    entries
        .map(|(name, tensor)| (name.to_string(), Value::Tensor(tensor)))
        .into()
}

fn wrong_shape(what: &'static str, expected: String, found: &Tensor) -> Fault {
    let found = found.dims().to_vec();
    Error::Shape {
        op: "network",
        what,
        expected,
        found,
    }
    .into()
}

fn parameter(name: &str, value: Value) -> Result<Tensor, Fault> {
    let found = match value {
        Value::Tensor(tensor) => Ok(tensor),
        // Plain numbers are not rounded to f32 on their way to an f64 network.
        other => tensor_of(&other, DType::F64).ok_or(other),
    };
    found.map_err(|value| {
        let (of, expected) = (format!("network: parameter `{name}`"), "a tensor".into());
        Error::Kind {
            of,
            expected,
            found: value.kind(),
        }
        .into()
    })
}

/// States and outputs for inputs [b, t, i].
fn run_all(net: &Network, inputs: &Tensor, options: &RunOptions) -> Result<[Tensor; 2], Fault> {
    let inputs = inputs.to_dtype(net.dtype())?;
    let h0 = options
        .h0
        .as_ref()
        .map(|h0| h0.to_dtype(net.dtype()))
        .transpose()?;
    check_run(net, &inputs, h0.as_ref())?;
    let followed = inputs.track_op() || h0.as_ref().is_some_and(Tensor::track_op);
    if followed || options.params.is_some() {
        return run_followed(net, &inputs, h0, options);
    }
    Ok(match net {
        Network::F32(net) => run_plain(net, &inputs, h0.as_ref(), options.noise.as_ref())?,
        Network::F64(net) => run_plain(net, &inputs, h0.as_ref(), options.noise.as_ref())?,
    })
}

fn check_run(net: &Network, inputs: &Tensor, h0: Option<&Tensor>) -> Result<(), Fault> {
    let b = inputs.dims()[0];
    if inputs.dims()[2] != net.inputs() {
        return Err(wrong_shape(
            "inputs",
            format!("[b, t, {}]", net.inputs()),
            inputs,
        ));
    }
    match h0 {
        Some(h0) if h0.dims() != [b, net.units()] => {
            Err(wrong_shape("h0", format!("[{b}, {}]", net.units()), h0))
        }
        _ => Ok(()),
    }
}

fn numbers<T: Lanes>(tensor: &Tensor) -> Result<Vec<T>> {
    Ok(tensor.to_dtype(T::DTYPE)?.flatten_all()?.to_vec1()?)
}

/// The fast way, where nothing is followed.
fn run_plain<T: Lanes>(
    net: &Rnn<T>,
    inputs: &Tensor,
    h0: Option<&Tensor>,
    noise: Option<&Key>,
) -> Result<[Tensor; 2]> {
    let (trials, time) = (inputs.dims()[0], inputs.dims()[1]);
    let mut states = vec![T::of(0.0); trials * time * net.units];
    let mut outputs = vec![T::of(0.0); trials * time * net.outputs];
    let inputs = numbers::<T>(inputs)?;
    let h0 = h0.map(numbers::<T>).transpose()?;
    let drive = Drive {
        trials,
        time,
        inputs: &inputs,
        h0: h0.as_deref(),
        noise,
    };
    net.run(
        &mut net.work(),
        &drive,
        Some(&mut states),
        Some(&mut outputs),
    )?;
    let tensor = |x, features| Tensor::from_vec(x, (trials, time, features), &Device::Cpu);
    Ok([tensor(states, net.units)?, tensor(outputs, net.outputs)?])
}

/// The way that `grad` can follow: the whole sequence is one operation on its tape.
fn run_followed(
    net: &Network,
    inputs: &Tensor,
    h0: Option<Tensor>,
    options: &RunOptions,
) -> Result<[Tensor; 2], Fault> {
    let (b, t) = (inputs.dims()[0], inputs.dims()[1]);
    let params = all_params(net, options.params.clone().unwrap_or_default())?;
    let named = |name: &str| {
        let at = net
            .layout()
            .blocks()
            .iter()
            .position(|block| block.name == name);
        &params[at.expect("the layout of a vanilla network")]
    };
    let flat = params
        .iter()
        .map(|p| p.flatten_all())
        .collect::<Result<Vec<_>, _>>()?;
    let flat = Tensor::cat(&flat, 0)?;
    let h0 = match h0 {
        Some(h0) => h0,
        None => named("h0").unsqueeze(0)?.broadcast_as((b, net.units()))?,
    };
    let Cell::Vanilla(nonlinearity) = net.cell();
    let noise = noise_for(net, [b, t, net.units()], options.noise.as_ref())?;
    let states = vanilla::states(nonlinearity, inputs, &flat, &h0, noise.as_ref())?;
    let rows = states.reshape((b * t, net.units()))?;
    let outputs = rows.matmul(&named("wO").t()?)?.broadcast_add(named("bO"))?;
    Ok([states, outputs.reshape((b, t, net.outputs()))?])
}

/// Every parameter in the order of the layout: what `given` holds, else the network's own.
fn all_params(net: &Network, mut given: Map) -> Result<Vec<Tensor>, Fault> {
    let mut params = Vec::new();
    for block in net.layout().blocks() {
        let param = match given.remove(block.name) {
            Some(value) => parameter(block.name, value)?.to_dtype(net.dtype())?,
            None => net.parameter(block.name)?,
        };
        if param.dims() != block.shape {
            return Err(wrong_shape(
                block.name,
                format!("{:?}", block.shape),
                &param,
            ));
        }
        params.push(param);
    }
    match given.into_keys().next() {
        Some(unknown) => Err(net
            .parameter(&unknown)
            .expect_err("taken if it were known")
            .into()),
        None => Ok(params),
    }
}

fn noise_for(net: &Network, shape: [usize; 3], key: Option<&Key>) -> Result<Option<Tensor>> {
    let Some(key) = key.filter(|_| net.noise() > 0.0) else {
        return Ok(None);
    };
    let count = shape.iter().product();
    let drawn = match net.dtype() {
        DType::F64 => {
            let mut noise = vec![0f64; count];
            key.fill_normal(&mut noise);
            Tensor::from_vec(noise, &shape[..], &Device::Cpu)?
        }
        _ => {
            let mut noise = vec![0f32; count];
            key.fill_normal(&mut noise);
            Tensor::from_vec(noise, &shape[..], &Device::Cpu)?
        }
    };
    Ok(Some((drawn * net.noise())?))
}

fn loss_of<T: Lanes>(net: &Rnn<T>, batch: &Map, noise: Option<&Key>) -> Result<f64, Fault> {
    let trials = trials::<T>("network.loss", batch)?;
    Ok(net.loss(&mut net.work(), &trials, noise)?.double())
}

/// The trials in a map of `inputs`, `targets` and perhaps `mask`.
pub fn trials<T: Lanes>(of: &str, batch: &Map) -> Result<Trials<T>, Fault> {
    const KNOWN: [&str; 3] = ["inputs", "targets", "mask"];
    if let Some(name) = batch.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        let (of, name) = (of.into(), name.clone());
        let known = KNOWN.map(String::from).to_vec();
        return Err(Error::Unknown {
            of,
            sort: "entry",
            name,
            known,
        }
        .into());
    }
    let entry = |name: &str, rank: usize, axes: &str| -> Result<Option<Tensor>, Fault> {
        let Some(value) = batch.get(name) else {
            return Ok(None);
        };
        let tensor = parameter(name, value.clone())?;
        if tensor.rank() == rank {
            return Ok(Some(tensor));
        }
        let (of, expected) = (format!("{of}: `{name}`"), format!("shape {axes}"));
        Err(Error::Kind {
            of,
            expected,
            found: format!("shape {:?}", tensor.dims()),
        }
        .into())
    };
    let needed = |name: &str, axes: &str| {
        let found = batch.keys().cloned().collect::<Vec<_>>().join(", ");
        let fault = Fault::new(format!(
            "{of}: a batch needs `{name}` {axes}, found {found}"
        ));
        entry(name, 3, axes)?.ok_or(fault)
    };
    let inputs = needed("inputs", "[b, t, i]")?;
    let targets = needed("targets", "[b, t, o]")?;
    let mask = entry("mask", 2, "[b, t]")?;
    let (trials, time) = (inputs.dims()[0], inputs.dims()[1]);
    Ok(Trials {
        trials,
        time,
        inputs: numbers(&inputs)?,
        targets: numbers(&targets)?,
        mask: mask.as_ref().map(numbers).transpose()?,
    })
}
