//! The constants of a search, derived from its options and the scale of the states.

use super::options::FindOptions;
use super::precision::{machine_epsilon, parameter_resolution};
use crate::analysis::fixed_points::{Candidates, Filter, Refinement, Scale, SlowFilter, scale};
use crate::base::Result;
use crate::nn::Network;

/// The default tolerance relative to the square of the unit of residuals.
const RELATIVE_TOLERANCE: f64 = 1e-12;
/// Distance within which points with undetermined positions are merged, relative to the RMS
/// distance of the candidates from their mean.
const RELATIVE_UNIQUE_DISTANCE: f64 = 1e-3;

/// Settings of a search and of the selection of its final states.
pub struct SearchSettings {
    pub filter: Filter,
    pub refinement: Refinement,
    pub scale: Scale,
}

impl SearchSettings {
    /// Derives the settings. The array states whether the script set `tolerance` and `keep_slow`.
    ///
    /// Errors: those of the step map
    pub fn new(
        network: &Network,
        candidates: &Candidates,
        options: &FindOptions,
        explicit: &[bool; 2],
    ) -> Result<SearchSettings> {
        let epsilon = machine_epsilon(network);
        let scale = scale(&mut *network.step_map()?, candidates, epsilon)?;
        let size = scale.size * (candidates.state as f64).sqrt();
        let spread = candidates.rms_distance();
        let filter = build_filter(options, explicit, &scale, [size, spread]);
        // If final states are not moved, a fixed point further away than the unique distance is not
        // theirs.
        let limit = match filter.unique_distance.filter(|_| !filter.refine) {
            Some(unique) => unique.max(filter.resolution),
            None => size.max(spread),
        };
        let refinement = Refinement {
            epsilon,
            limit,
            bound: unit_bound(network),
            resolution: match options.polish {
                true => epsilon,
                false => parameter_resolution(network),
            },
        };
        Ok(SearchSettings {
            filter,
            refinement,
            scale,
        })
    }
}

/// The selection of final states, for states of norm `size` whose RMS distance from their mean is
/// `spread`.
fn build_filter(
    options: &FindOptions,
    [tolerance_set, keep_slow_set]: &[bool; 2],
    scale: &Scale,
    [size, spread]: [f64; 2],
) -> Filter {
    let length = if spread > 0.0 { spread.min(size) } else { size };
    let tolerance = |unit: f64| {
        options
            .tolerance
            .unwrap_or(RELATIVE_TOLERANCE * unit * unit)
    };
    let outlier_distance = options.outlier_distance;
    Filter {
        tolerance: tolerance(scale.size),
        search_tolerance: tolerance(scale.residual),
        unique_distance: options.unique_distance,
        resolution: RELATIVE_UNIQUE_DISTANCE * length,
        refine: options.polish || !tolerance_set,
        outlier_distance: outlier_distance.map(|multiple| multiple * spread.max(length)),
        slow: match (options.keep_slow, keep_slow_set, tolerance_set) {
            (true, _, _) => SlowFilter::All,
            (false, false, true) => SlowFilter::WithinTolerance,
            _ => SlowFilter::None,
        },
    }
}

/// The largest modulus of a unit at any fixed point, if the cell bounds it.
fn unit_bound(network: &Network) -> Option<f64> {
    network.spec()?.cell.fixed_point_bound()
}
