//! How a script's call runs a network: the fast way, or the one whose gradients `grad` follows.

use super::super::fault::Fault;
use super::super::value::Map;
use super::{RunOptions, parameter, wrong_shape};
use crate::base::{Error, Result};
use crate::nn::{Drive, Network, Rnn};
use crate::ops::Lanes;
use crate::random::Key;
use crate::tensor::{Device, Tensor, values};

/// States and outputs for inputs [b, t, i].
pub fn run_all(net: &Network, inputs: &Tensor, options: &RunOptions) -> Result<[Tensor; 2], Fault> {
    let inputs = inputs.to_dtype(net.dtype())?;
    let h0 = options
        .h0
        .as_ref()
        .map(|h0| h0.to_dtype(net.dtype()))
        .transpose()?;
    check_run(net, &inputs, h0.as_ref())?;
    let followed = inputs.track_op() || h0.as_ref().is_some_and(Tensor::track_op);
    if followed || options.params.is_some() {
        let params = all_params(net, options.params.clone().unwrap_or_default())?;
        let (h0, noise) = (h0.as_ref(), options.noise.as_ref());
        return Ok(net.run_followed(&inputs, &params, h0, noise)?);
    }
    Ok(match net {
        Network::F32(net) => run_plain(net, &inputs, h0.as_ref(), options.noise.as_ref())?,
        Network::F64(net) => run_plain(net, &inputs, h0.as_ref(), options.noise.as_ref())?,
    })
}

fn check_run(net: &Network, inputs: &Tensor, h0: Option<&Tensor>) -> Result<()> {
    let b = inputs.dims()[0];
    if inputs.dims()[2] != net.plan().inputs {
        return Err(wrong_shape(
            "inputs",
            format!("[b, t, {}]", net.plan().inputs),
            inputs,
        ));
    }
    match h0 {
        Some(h0) if h0.dims() != [b, net.plan().state()] => Err(wrong_shape(
            "h0",
            format!("[{b}, {}]", net.plan().state()),
            h0,
        )),
        _ => Ok(()),
    }
}

/// The fast way, where nothing is followed.
fn run_plain<T: Lanes>(
    net: &Rnn<T>,
    inputs: &Tensor,
    h0: Option<&Tensor>,
    noise: Option<&Key>,
) -> Result<[Tensor; 2]> {
    let (trials, time) = (inputs.dims()[0], inputs.dims()[1]);
    let mut states = vec![T::of(0.0); trials * time * net.plan.state()];
    let mut outputs = vec![T::of(0.0); trials * time * net.plan.outputs];
    let inputs = values::reals::<T>(inputs)?;
    let h0 = h0.map(values::reals::<T>).transpose()?;
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
    Ok([
        tensor(states, net.plan.state())?,
        tensor(outputs, net.plan.outputs)?,
    ])
}

/// Every parameter in the order of the layout: what `given` holds, else the network's own.
fn all_params(net: &Network, mut given: Map) -> Result<Vec<Tensor>, Fault> {
    let mut params = Vec::new();
    for block in net.layout().blocks() {
        let param = match given.remove(&block.name) {
            Some(value) => parameter(&block.name, value)?.to_dtype(net.dtype())?,
            None => net.parameter(&block.name)?,
        };
        if param.dims() != block.shape {
            let (name, expected) = (block.name.clone(), block.shape.clone());
            let found = param.dims().to_vec();
            return Err(Error::Parameter {
                name,
                expected,
                found,
            }
            .into());
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
