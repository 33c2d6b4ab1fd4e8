//! The script module `rnn`: single steps, Jacobians and the readout.

use std::rc::Rc;

use super::background;
use super::net::Net;
use crate::api::context::Context;
use crate::api::convert::{ExactTensor, tensor_map};
use crate::api::diagnostic::Diagnostic;
use crate::api::value::Map;
use crate::nn::Network;
use crate::tensor::{Device, Tensor};

crate::natives! {
    /// Recurrent neural networks.
    module "rnn";

    /// The states after one time step, for states h [b, s] and inputs x [b, i], without noise. A
    /// network without inputs needs no x.
    ///
    /// > let net = rnn::vanilla(#{ inputs: 1, units: 3 });
    /// > let x = random::normal(random::key(1), [4, 5, 1]);
    /// > let run = net.run(x).states;
    /// > let next = net.step(run.slice(1, 3, 4).squeeze(1), x.slice(1, 4, 5).squeeze(1));
    /// > (next - run.slice(1, 4, 5).squeeze(1)).abs().max().item() < 1e-6
    /// = true
    fn step(cx: &Context, this: Rc<Net>, h: ExactTensor, x: Option<ExactTensor>) -> Tensor {
        let net = this.0.borrow();
        let x = step_inputs("network.step", &net, &h, x)?;
        background::run(cx, &net, h.elem_count(), move |net| Ok(net.step(&h, &x)?))
    }

    /// The exact Jacobians of one step at states h [b, s] and inputs x [b, i], as a map.
    ///
    /// Entries: `by_state` [b, s, s], with d next[r] / d h[c] in row r and column c, and `by_input`
    /// [b, s, i]. A network without inputs needs no x.
    ///
    /// > let net = rnn::vanilla(#{ units: 3, dtype: "f64" });
    /// > let h = random::normal(random::key(1), [5, 3]);
    /// > let j = net.jacobians(h, zeros([5, 1]));
    /// > [j.by_state.shape(), j.by_input.shape()]
    /// = [[5, 3, 3], [5, 3, 1]]
    fn jacobians(cx: &Context, this: Rc<Net>, h: ExactTensor, x: Option<ExactTensor>) -> Map {
        let net = this.0.borrow();
        let x = step_inputs("network.jacobians", &net, &h, x)?;
        let (b, s) = (h.dims().first().copied().unwrap_or_default(), net.state());
        cx.check_memory("network.jacobians", &[b, s, s + net.inputs()], net.dtype())?;
        let elements = b * s * s;
        let jacobians = background::run(cx, &net, elements, move |net| Ok(net.jacobians(&h, &x)?));
        let [by_state, by_input] = jacobians?;
        Ok(tensor_map([("by_state", by_state), ("by_input", by_input)]))
    }

    /// The outputs of the given states, [.., s] -> [.., o].
    ///
    /// The readout is wO h + bO. A continuous-time network uses the rates f(a) instead of h, and a
    /// custom network its own readout.
    ///
    /// > let net = rnn::vanilla(#{ inputs: 1, units: 3, outputs: 2 });
    /// > let run = net.run(random::normal(random::key(1), [4, 5, 1]));
    /// > (net.readout(run.states) - run.outputs).abs().max().item() < 1e-6
    /// = true
    fn readout(cx: &Context, this: Rc<Net>, states: ExactTensor) -> Tensor {
        let (net, elements) = (this.0.borrow(), states.elem_count());
        background::run(cx, &net, elements, move |net| Ok(net.readout(&states)?))
    }
}

/// The inputs of one step, which a network without inputs does not need.
///
/// Errors: no inputs of a network that has inputs
fn step_inputs(
    of: &str,
    net: &Network,
    h: &Tensor,
    x: Option<ExactTensor>,
) -> Result<Tensor, Diagnostic> {
    match x {
        Some(x) => Ok(x.0),
        None if net.inputs() == 0 => {
            let b = h.dims().first().copied().unwrap_or_default();
            Ok(Tensor::zeros((b, 0), net.dtype(), &Device::Cpu)?)
        }
        None => Err(Diagnostic::new(format!(
            "{of}: expected inputs x [b, {}] as the second argument, found none",
            net.inputs()
        ))
        .hint(format!(
            "inputs that are zero: zeros([b, {}])",
            net.inputs()
        ))),
    }
}
