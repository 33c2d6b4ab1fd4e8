//! The constants of a search, derived from its options and the scale of the states.

use super::analyse::{resolution, rounding};
use super::find::Find;
use crate::analysis::fixed_points::{Candidates, Filter, Refinement, Scale, SlowFilter, scale};
use crate::base::Result;
use crate::nn::Network;

/// The default tolerance relative to the square of the unit of residuals.
const TOLERANCE: f64 = 1e-12;
/// Distance within which points with undetermined positions are merged, relative to the RMS
/// distance of the candidates from their mean.
const UNIQUE: f64 = 1e-3;

/// Settings of a search and of the selection of its final states.
pub struct Search {
    pub filter: Filter,
    pub refinement: Refinement,
    pub scale: Scale,
}

impl Search {
    /// Derives the settings. The array states whether the script set `tolerance` and `keep_slow`.
    ///
    /// Errors: those of the step map
    pub fn new(
        network: &Network,
        from: &Candidates,
        options: &Find,
        [tolerance, slow]: &[bool; 2],
    ) -> Result<Search> {
        let epsilon = rounding(network);
        let scale = scale(&mut *network.step_map()?, from, epsilon)?;
        let (size, spread) = (scale.size * (from.state as f64).sqrt(), from.rms_distance());
        let length = if spread > 0.0 { spread.min(size) } else { size };
        let default = |unit: f64| options.tolerance.unwrap_or(TOLERANCE * unit * unit);
        let filter = Filter {
            tolerance: default(scale.size),
            search_tolerance: default(scale.residual),
            unique_distance: options.unique_distance,
            resolution: UNIQUE * length,
            refine: options.polish || !tolerance,
            outlier_distance: options
                .outlier_distance
                .map(|times| times * spread.max(length)),
            slow: match (options.keep_slow, slow, tolerance) {
                (true, _, _) => SlowFilter::All,
                (false, false, true) => SlowFilter::WithinTolerance,
                _ => SlowFilter::None,
            },
        };
        // If final states are not moved, a fixed point further away than the unique distance is not
        // theirs.
        let limit = match filter.unique_distance.filter(|_| !filter.refine) {
            Some(unique) => unique.max(filter.resolution),
            None => size.max(spread),
        };
        let refinement = Refinement {
            epsilon,
            limit,
            bound: bound(network),
            resolution: match options.polish {
                true => epsilon,
                false => resolution(network),
            },
        };
        Ok(Search {
            filter,
            refinement,
            scale,
        })
    }
}

/// The largest modulus of a unit at any fixed point, if the cell bounds it.
fn bound(network: &Network) -> Option<f64> {
    network.spec()?.cell.fixed_point_bound()
}
