//! The constants of a search, derived from its options and the scale of the states.

use super::analyse::rounding;
use super::find::Find;
use crate::analysis::fixed_points::{Candidates, Filter, Refinement, SlowFilter, scale};
use crate::base::Result;
use crate::nn::Network;

/// The default tolerance relative to the square of the scale.
const TOLERANCE: f64 = 1e-12;
/// Distance within which points with undetermined positions are merged, relative to the RMS
/// distance of the candidates from their mean.
const UNIQUE: f64 = 1e-3;

/// Settings of a search and of the selection of its final states.
pub struct Search {
    pub keep: Filter,
    pub tracer: Refinement,
    pub scale: f64,
}

impl Search {
    /// Derives the settings. The array states whether the script set `tolerance` and `slow`.
    ///
    /// Errors: those of the step map
    pub fn new(
        network: &Network,
        from: &Candidates,
        options: &Find,
        [tolerance, slow]: &[bool; 2],
    ) -> Result<Search> {
        let scale = scale(&mut *network.step_map()?, from)?;
        let (size, spread) = (scale * (from.state as f64).sqrt(), from.rms_distance());
        let length = if spread > 0.0 { spread.min(size) } else { size };
        let keep = Filter {
            tolerance: options.tolerance.unwrap_or(TOLERANCE * scale * scale),
            unique_distance: options.unique,
            resolution: UNIQUE * length,
            refine: options.polish || !tolerance,
            outlier_distance: options.outlier.map(|times| times * spread.max(length)),
            slow: match (options.slow, slow, tolerance) {
                (true, _, _) => SlowFilter::All,
                (false, false, true) => SlowFilter::WithinTolerance,
                _ => SlowFilter::None,
            },
        };
        let epsilon = rounding(network);
        // If final states are not moved, a fixed point further away than the unique distance is not
        // theirs.
        let limit = match keep.unique_distance.filter(|_| !keep.refine) {
            Some(unique) => unique.max(keep.resolution),
            None => size.max(spread),
        };
        let bound = bound(network);
        let tracer = Refinement {
            epsilon,
            limit,
            bound,
        };
        Ok(Search {
            keep,
            tracer,
            scale,
        })
    }
}

/// The largest modulus of a unit at any fixed point, if the cell bounds it.
fn bound(network: &Network) -> Option<f64> {
    network.spec()?.cell.fixed_point_bound()
}
