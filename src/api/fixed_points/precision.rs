//! The numerical precision of networks, and points at which the step is not differentiable.

use crate::analysis::fixed_points::{self as analysis, Points};
use crate::base::Result;
use crate::nn::{Cell, Network};
use crate::ops::rnn::Nonlinearity;

/// Whether the Jacobian at each point is one-sided.
///
/// Errors: those of the step map
pub fn one_sided_flags(network: &Network, points: &Points) -> Result<Vec<bool>> {
    let relu = |cell: Cell| cell.nonlinearity() == Some(Nonlinearity::Relu);
    let smooth = network.spec().is_some_and(|spec| !relu(spec.cell));
    if smooth {
        return Ok(vec![false; points.points.len()]);
    }
    analysis::one_sided(&mut *network.step_map()?, points, machine_epsilon(network))
}

/// The machine epsilon of a network's step: a custom step function computes in its own precision.
pub fn machine_epsilon(network: &Network) -> f64 {
    match network {
        Network::Custom(net) => net.precision().epsilon(),
        Network::BuiltIn(_) => f64::EPSILON,
    }
}

/// The relative resolution of a network's parameters.
pub fn parameter_resolution(network: &Network) -> f64 {
    network.precision().epsilon()
}
