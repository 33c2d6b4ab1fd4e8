//! The linearization of the dynamics at fixed points.

use super::points::FixedPoints;
use super::precision::parameter_resolution;
use crate::analysis::fixed_points::linearization::{Linearization, linearize};
use crate::analysis::fixed_points::set_margins;
use crate::api::context::Context;
use crate::api::diagnostic::Diagnostic;
use crate::nn::Network;
use crate::tensor::DType;

/// The network of the points, and the linearization at each point.
///
/// Errors: the points were loaded from a file without a network; `Memory` if the matrices exceed
/// the memory limit of the run
pub fn linearize_points<'a>(
    cx: &Context,
    of: &str,
    this: &'a FixedPoints,
) -> Result<(&'a Network, Vec<Linearization>), Diagnostic> {
    let Some(network) = &this.network else {
        let message = format!("{of}: these points were read from a file, without their network");
        return Err(Diagnostic::new(message).hint("assign it with points.with_network(net)"));
    };
    let (k, s) = (this.points.points.len(), this.points.state);
    cx.check_memory(of, &[k, s, 6 * s + this.points.inputs], DType::F64)?;
    let step_map = &mut *network.step_map()?;
    let mut linear = linearize(step_map, &this.points)?;
    let (sets, resolution) = (this.sets()?, parameter_resolution(network));
    set_margins(step_map, &this.points, sets, &mut linear, resolution)?;
    Ok((network, linear))
}
