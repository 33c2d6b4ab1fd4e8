//! Execution of long network computations on a background thread, so that Ctrl-C takes effect
//! immediately.

use crate::api::context::Context;
use crate::api::diagnostic::Diagnostic;
use crate::api::interrupt::MIN_BACKGROUND_ELEMENTS;
use crate::nn::Network;

/// Rows of the recurrent matrix that cost as much as one elementwise operation.
const ROWS_PER_OPERATION: usize = 64;

/// Runs `work` on the network, or on a copy on another thread if the computation is long;
/// `elements` is the number of computed state values. A custom network stays on this thread: it
/// calls the script, which checks for Ctrl-C itself.
///
/// Errors: those of `work`; an interruption by Ctrl-C
pub fn run<T: Send + 'static>(
    cx: &Context,
    network: &Network,
    elements: usize,
    work: impl FnOnce(&Network) -> Result<T, Diagnostic> + Send + 'static,
) -> Result<T, Diagnostic> {
    let elements = elements.saturating_mul(network.state().div_ceil(ROWS_PER_OPERATION));
    if (elements as u128) < MIN_BACKGROUND_ELEMENTS {
        return work(network);
    }
    match network {
        Network::BuiltIn(net) => {
            let net = net.clone();
            cx.run_interruptible(move || work(&Network::BuiltIn(net)))?
        }
        Network::Custom(_) => work(network),
    }
}
