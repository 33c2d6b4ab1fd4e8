//! The script module `rnn`: networks of the built-in cells.

use std::cell::RefCell;

use super::super::context::Context;
use super::super::convert::New;
use super::super::diagnostic::Diagnostic;
use super::super::options::CallOptions;
use super::Net;
use crate::nn::{Cell, CtrnnOptions, GruOptions, Network, NetworkOptions, VanillaOptions};
use crate::ops::rnn::lstm::Lstm;

/// Largest number of gate matrices of a cell.
const GATES: usize = 4;

crate::natives! {
    /// Recurrent neural networks.
    module "rnn";

    /// A new vanilla network: h' = f(wI x + wR h + bR) + noise, o = wO h' + bO, with a learned
    /// initial state h0.
    ///
    /// Initial values: h0 ~ 0.1 N(0, 1), wI ~ N(0, 1) / sqrt(inputs), wR ~ gain N(0, 1) /
    /// sqrt(units), wO ~ N(0, 1) / sqrt(units), and biases of 0. PyTorch's nn.RNN is equivalent,
    /// with bR equal to the sum of its two biases.
    ///
    /// > rnn::vanilla(#{ inputs: 1, units: 100, outputs: 1, gain: 0.85, seed: 0 })
    /// = vanilla network: 1 input, 100 units (tanh), 1 output, f32
    fn vanilla(cx: &Context, options: CallOptions<(VanillaOptions, NetworkOptions)>) -> New<Net> {
        let (cell, recipe) = options.into_inner();
        build_network(cx, "rnn::vanilla", cell.cell(), &recipe)
    }

    /// A new network of gated recurrent units (GRU).
    ///
    /// By default the reset gate is applied before the recurrent matrix, as in the
    /// computation-thru-dynamics tutorials: [r; u] = sigmoid(wRUHX [h; x] + bRU +
    /// [0; update_bias]), c = tanh(wCHX [r h; x] + bC), h' = u h + (1 - u) c.
    ///
    /// With `reset: "after"`, as in PyTorch: r and z are the sigmoids of the rows of wI x + bI + wR
    /// h + bR, n = tanh((wI x + bI) + r (wR h + bR)), h' = (1 - z) n + z h.
    ///
    /// The readout is o = wO h' + bO.
    ///
    /// > rnn::gru(#{ inputs: 1, units: 100, outputs: 1 })
    /// = gru network: 1 input, 100 units, 1 output, f32
    fn gru(cx: &Context, options: CallOptions<(GruOptions, NetworkOptions)>) -> New<Net> {
        let (cell, recipe) = options.into_inner();
        build_network(cx, "rnn::gru", cell.cell()?, &recipe)
    }

    /// A new network of long short-term memory (LSTM) units, as in PyTorch.
    ///
    /// [i; f; g; o] = wI x + wR h + bR, c' = sigmoid(f) c + sigmoid(i) tanh(g), h' = sigmoid(o)
    /// tanh(c'). The output is wO h' + bO. The state is [h, c].
    ///
    /// > rnn::lstm(#{ inputs: 3, units: 20, layers: 2 })
    /// = lstm network: 3 inputs, 2 layers of 20 units, 1 output, f32
    fn lstm(cx: &Context, options: CallOptions<NetworkOptions>) -> New<Net> {
        build_network(cx, "rnn::lstm", Cell::Lstm(Lstm), &options)
    }

    /// A new continuous-time network: a' = a + dt/tau (-a + wR f(a) + wI x + bR) + noise, o = wO
    /// f(a') + bO.
    ///
    /// The states are the currents a.
    ///
    /// > rnn::ctrnn(#{ units: 200, dt: 0.01, tau: 0.1, gain: 1.5 })
    /// = ctrnn network: 1 input, 200 units (tanh), 1 output, f32
    fn ctrnn(cx: &Context, options: CallOptions<(CtrnnOptions, NetworkOptions)>) -> New<Net> {
        let (cell, recipe) = options.into_inner();
        build_network(cx, "rnn::ctrnn", cell.cell()?, &recipe)
    }
}

/// Creates the network after a memory check.
fn build_network(
    cx: &Context,
    of: &'static str,
    cell: Cell,
    recipe: &NetworkOptions,
) -> Result<New<Net>, Diagnostic> {
    let NetworkOptions {
        inputs,
        units,
        outputs,
        layers,
        ..
    } = *recipe;
    let width = units
        .saturating_mul(2)
        .saturating_add(inputs)
        .saturating_add(outputs);
    let strands = layers.saturating_mul(if recipe.bidirectional { 2 } else { 1 });
    let rows = units.saturating_mul(GATES).saturating_mul(strands);
    let sizes = [
        ("inputs", inputs),
        ("units", units),
        ("outputs", outputs),
        ("layers", layers),
    ];
    cx.check_option_memory(of, &sizes, &[rows, width], recipe.dtype.dtype())?;
    Ok(New(Net(RefCell::new(Network::new(cell, recipe)?))))
}
