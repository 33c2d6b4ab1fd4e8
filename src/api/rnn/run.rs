//! Validation of the arguments of `network.run`, and its execution.

use super::args::parameter_tensor;
use super::batch::{FEWER_TRIALS, read_lengths};
use crate::api::context::Context;
use crate::api::convert::as_counts;
use crate::api::diagnostic::Diagnostic;
use crate::api::shape_error::shape_error;
use crate::api::value::Map;
use crate::base::options::Span;
use crate::base::{Error, Result};
use crate::nn::{Network, RunArgs};
use crate::options;
use crate::random::Key;
use crate::tensor::{Device, Tensor, convert};

options! {
    /// Options of `network.run`.
    pub struct RunOptions for "network.run" {
        /// Initial state of each trial, [b, s], in place of the learned initial state.
        h0: Option<Tensor> = None, default "the learned initial state";
        /// Number of trials, for a run of a number of time steps.
        trials: Option<usize> = None, default "that of h0, or 1", in Span::at_least(1.0);
        /// Key of the state noise; without it, no noise is added. Dropout is never applied.
        noise: Option<Key> = None;
        /// Number of time steps of each trial, [b], for trials of different lengths. The states of
        /// a trial remain constant after its end, and the backward direction of a bidirectional
        /// network begins there.
        lengths: Option<Tensor> = None, default "t for all trials";
        /// Parameters to use in place of those of the network, for example inside `grad`.
        params: Option<Map> = None, default "those of the network";
    }
}

/// The inputs [b, t, i] of a run, and whether the results have no axis for trials. `inputs` is
/// such a tensor, the inputs [t, i] of a single trial, or a number of time steps.
///
/// Errors: `Shape` for any other tensor; `Range` for 0 time steps
pub fn resolve_inputs(
    cx: &Context,
    net: &Network,
    inputs: Tensor,
    options: &RunOptions,
) -> Result<(Tensor, bool), Diagnostic> {
    if inputs.rank() == 0 {
        return zero_inputs(cx, net, &inputs, options);
    }
    if options.trials.is_some() {
        let message = "network.run: option `trials` is for a run of a number of time steps, found \
                       a tensor of inputs";
        return Err(Diagnostic::new(message).hint("the inputs [b, t, i] determine the trials"));
    }
    let (inputs, is_single) = match inputs.rank() {
        2 => (inputs.unsqueeze(0)?, true),
        3 => (inputs, false),
        _ => {
            let expected = format!("[b, t, {}]", net.inputs());
            return Err(shape_error("network", "inputs", expected, &inputs).into());
        }
    };
    let size = [inputs.dims()[0], inputs.dims()[1]];
    check_count("trials", size[0])?;
    check_count("steps", size[1])?;
    check_run_memory(cx, net, size, options, inputs.track_op())?;
    Ok((inputs, is_single))
}

/// Errors: `Memory` or `MemoryInUse` if the results, or all arrays of the run, exceed the memory
fn check_run_memory(
    cx: &Context,
    net: &Network,
    [trials, time]: [usize; 2],
    options: &RunOptions,
    has_tracked_inputs: bool,
) -> Result<(), Diagnostic> {
    const OF: &str = "network.run";
    let width = net.inputs().max(net.state()).max(net.outputs());
    cx.check_memory(OF, &[trials, time, width], net.dtype())?;
    let is_differentiable = has_tracked_inputs
        || options.params.is_some()
        || options.h0.as_ref().is_some_and(|h0| h0.track_op());
    let pass = match is_differentiable {
        true => "network.run: a differentiable run",
        false => "network.run: a forward pass",
    };
    let bytes = net.run_bytes([trials, time], is_differentiable);
    cx.check_sequence_memory([pass, FEWER_TRIALS], [trials, time], bytes)
}

/// Errors: `Range` for a count of 0
fn check_count(name: &str, count: usize) -> Result<()> {
    if count > 0 {
        return Ok(());
    }
    Err(Error::Range {
        of: "network.run".into(),
        name: name.into(),
        expected: "of 1 or more".into(),
        found: "0".into(),
    })
}

/// The inputs of a number of time steps, which are 0.
fn zero_inputs(
    cx: &Context,
    net: &Network,
    steps: &Tensor,
    options: &RunOptions,
) -> Result<(Tensor, bool), Diagnostic> {
    let t = as_counts("network.run", "steps", &convert::to_f64(steps)?)?[0];
    check_count("steps", t)?;
    let rows = options
        .h0
        .as_ref()
        .and_then(|h0| h0.dims().first().copied());
    let trials = options.trials.or(rows);
    let shape = (trials.unwrap_or(1), t, net.inputs());
    check_run_memory(cx, net, [shape.0, t], options, false)?;
    let inputs = Tensor::zeros(shape, net.dtype(), &Device::Cpu)?;
    Ok((inputs, trials.is_none()))
}

/// States and outputs for inputs [b, t, i].
pub fn run_network(
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
    check_shapes(net, &inputs, h0.as_ref())?;
    let [b, t] = [inputs.dims()[0], inputs.dims()[1]];
    let lengths = options.lengths.as_ref();
    let lengths = lengths.map(|lengths| read_lengths("network.run", lengths, [b, t]));
    let lengths = lengths.transpose()?;
    let params = options.params.clone();
    let params = params.map(|params| merge_params(net, params)).transpose()?;
    Ok(net.run(&RunArgs {
        inputs: &inputs,
        params: params.as_deref(),
        h0: h0.as_ref(),
        noise: options.noise.as_ref(),
        lengths: lengths.as_deref(),
    })?)
}

fn check_shapes(net: &Network, inputs: &Tensor, h0: Option<&Tensor>) -> Result<()> {
    let b = inputs.dims()[0];
    if inputs.dims()[2] != net.inputs() {
        return Err(shape_error(
            "network",
            "inputs",
            format!("[b, t, {}]", net.inputs()),
            inputs,
        ));
    }
    match h0 {
        Some(h0) if h0.dims() != [b, net.state()] => Err(shape_error(
            "network",
            "h0",
            format!("[{b}, {}]", net.state()),
            h0,
        )),
        _ => Ok(()),
    }
}

/// All parameters in the order of the layout: the values in `replacements`, and those of the
/// network for the others.
fn merge_params(net: &Network, mut replacements: Map) -> Result<Vec<Tensor>, Diagnostic> {
    let mut params = Vec::new();
    for block in net.layout().blocks() {
        let param = match replacements.remove(&block.name) {
            Some(value) => parameter_tensor(&block.name, value)?.to_dtype(net.dtype())?,
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
    match replacements.into_keys().next() {
        Some(unknown) => Err(net
            .parameter(&unknown)
            .expect_err("known parameters were removed above")
            .into()),
        None => Ok(params),
    }
}
