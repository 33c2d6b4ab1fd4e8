//! Validation of the arguments of `network.run`, and its execution.

use super::super::diagnostic::Diagnostic;
use super::super::value::Map;
use super::{RunOptions, lengths_of, parameter, wrong_shape};
use crate::base::{Error, Result};
use crate::nn::{Network, RunArgs};
use crate::tensor::Tensor;

/// States and outputs for inputs [b, t, i].
pub fn run_all(
    net: &Network,
    inputs: &Tensor,
    options: &RunOptions,
) -> Result<[Tensor; 2], Diagnostic> {
    let inputs = inputs.to_dtype(net.dtype())?;
    let h0 = options
        .h0
        .as_ref()
        .map(|h0| h0.to_dtype(net.dtype()))
        .transpose()?;
    check_run(net, &inputs, h0.as_ref())?;
    let [b, t] = [inputs.dims()[0], inputs.dims()[1]];
    let lengths = options.lengths.as_ref();
    let lengths = lengths.map(|given| lengths_of("network.run", given, [b, t]));
    let lengths = lengths.transpose()?;
    let params = options.params.clone();
    let params = params.map(|given| all_params(net, given)).transpose()?;
    Ok(net.run(&RunArgs {
        inputs: &inputs,
        params: params.as_deref(),
        h0: h0.as_ref(),
        noise: options.noise.as_ref(),
        lengths: lengths.as_deref(),
    })?)
}

fn check_run(net: &Network, inputs: &Tensor, h0: Option<&Tensor>) -> Result<()> {
    let b = inputs.dims()[0];
    if inputs.dims()[2] != net.inputs() {
        return Err(wrong_shape(
            "inputs",
            format!("[b, t, {}]", net.inputs()),
            inputs,
        ));
    }
    match h0 {
        Some(h0) if h0.dims() != [b, net.state()] => {
            Err(wrong_shape("h0", format!("[{b}, {}]", net.state()), h0))
        }
        _ => Ok(()),
    }
}

/// All parameters in the order of the layout: the values in `given`, and the network's own for the
/// others.
fn all_params(net: &Network, mut given: Map) -> Result<Vec<Tensor>, Diagnostic> {
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
