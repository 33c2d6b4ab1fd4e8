//! Long calls of a network on a thread of their own, so that Ctrl-C acts at once.

use super::super::context::Context;
use super::super::diagnostic::Diagnostic;
use super::super::interrupt::MIN_BACKGROUND_ELEMENTS;
use crate::nn::Network;

/// Rows of the recurrent matrix that cost as much as one operation on an element.
const ROWS: usize = 64;

/// What `work` makes of the network, of which it may read a copy on another thread; `elements`
/// states are computed. A custom network calls the script, which checks for Ctrl-C itself.
///
/// Errors: those of `work`; interrupted, if the user presses Ctrl-C before its end
pub fn run<T: Send + 'static>(
    cx: &Context,
    network: &Network,
    elements: usize,
    work: impl FnOnce(&Network) -> Result<T, Diagnostic> + Send + 'static,
) -> Result<T, Diagnostic> {
    let elements = elements.saturating_mul(network.state().div_ceil(ROWS));
    if (elements as u128) < MIN_BACKGROUND_ELEMENTS {
        return work(network);
    }
    match network {
        Network::F32(net) => {
            let net = net.clone();
            cx.run_interruptible(move || work(&Network::F32(net)))?
        }
        Network::F64(net) => {
            let net = net.clone();
            cx.run_interruptible(move || work(&Network::F64(net)))?
        }
        Network::CustomF32(_) | Network::CustomF64(_) => work(network),
    }
}
