//! Warnings of `find`: reasons why its candidates may have missed fixed points, and points that are
//! not resolved.

use super::find::Find;
use crate::analysis::fixed_points::{Candidates, Label, Points, min_missing, nonlinearity};
use crate::base::Result;
use crate::nn::Network;
use crate::ops::rnn::Nonlinearity;

/// With a nonlinearity below this value over the candidates, all candidates find the same fixed
/// point.
const NEARLY_LINEAR: f64 = 0.1;

/// Findings of a search about its own completeness.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// Whether all candidates come from one small region.
    pub one_region: bool,
    /// Minimum number of fixed points that exist but were not found.
    pub missing: usize,
    /// The warnings, one sentence each.
    pub warnings: Vec<String>,
}

impl Findings {
    /// Errors: those of the step map
    pub fn new(
        network: &Network,
        from: &Candidates,
        options: &Find,
        points: &Points,
    ) -> Result<Findings> {
        let flow = &mut *network.step_map()?;
        let one_region = !linear(network) && nonlinearity(flow, from)? < NEARLY_LINEAR;
        let missing = min_missing(points)
            .filter(|_| bounded(network))
            .unwrap_or(0);
        let mut warnings = Vec::new();
        if one_region {
            warnings.push(
                "all candidates come from one small region, over which the network is nearly \
                 linear: nothing is known of fixed points elsewhere; add candidates from other \
                 states, with `noise` for example"
                    .into(),
            );
        } else if converged(points) == 1 && from.count() > 1 && !linear(network) {
            warnings.push(
                "all candidates that converged reached one fixed point: nothing is known of \
                 regions without candidates"
                    .into(),
            );
        }
        if missing > 0 {
            warnings.push(incomplete(missing, points, options));
        }
        warnings.extend(unresolved(points));
        Ok(Findings {
            one_region,
            missing,
            warnings,
        })
    }
}

fn converged(points: &Points) -> usize {
    let all = points.points.iter();
    all.filter(|point| point.label == Label::Converged).count()
}

fn incomplete(missing: usize, points: &Points, options: &Find) -> String {
    let sum: i64 = points
        .points
        .iter()
        .map(|point| i64::from(point.index))
        .sum();
    let remedy = match options.between {
        Some(0) => "search between the candidates too (`between: 0` turns this off)",
        _ => "add candidates, with `between` and `noise` for example",
    };
    format!(
        "at least {missing} fixed points are missing: the indices sign det(1 - J) of all fixed \
         points of a bounded network sum to 1, those found to {sum}; {remedy}"
    )
}

fn unresolved(points: &Points) -> Option<String> {
    let count = points.unresolved().into_iter().filter(|flag| *flag).count();
    (count > 0).then(|| {
        format!(
            "{count} points are nearer to another point than the bound of their position: they may \
             be the same point, or lie on a continuum (see `sets`)"
        )
    })
}

/// Whether the network is linear: it then has one fixed point, or a continuum.
fn linear(network: &Network) -> bool {
    let nonlinearity = network.spec().and_then(|spec| spec.cell.nonlinearity());
    nonlinearity == Some(Nonlinearity::Linear)
}

/// Whether the cell maps a ball of states into itself.
fn bounded(network: &Network) -> bool {
    network.spec().is_some_and(|spec| spec.cell.is_bounded())
}
