//! Points at a kink of F, where the pre-activation of a relu unit is at its threshold: the Jacobian
//! differs between the two sides and is one-sided at the point.

use super::points::Points;
use crate::base::Result;
use crate::nn::StepMap;

/// Distance from the point to the two probes, relative to the largest unit; the second pair of
/// probes is at a quarter of it.
const DISTANCE: f64 = 1e-6;
/// The same if F computes in single precision.
const DISTANCE_SINGLE: f64 = 4e-3;
/// For a smooth F, the difference of the Jacobians at a quarter of the distance is a quarter as
/// large; across a kink it does not shrink. A ratio above this value indicates a kink.
const STAYS: f64 = 0.6;
/// Differences below this multiple of epsilon * (1 + |J|) are rounding.
const ROUNDING: f64 = 1e3;

/// Whether the Jacobian at each point is one-sided; `epsilon` is the machine epsilon of F.
///
/// Errors: those of the step map
pub fn one_sided(
    step_map: &mut dyn StepMap<f64>,
    points: &Points,
    epsilon: f64,
) -> Result<Vec<bool>> {
    let single = epsilon > f64::EPSILON;
    let distance = if single { DISTANCE_SINGLE } else { DISTANCE };
    let mut flags = Vec::with_capacity(points.points.len());
    for point in &points.points {
        let s = points.state;
        let largest = point.state.iter().fold(0.0, |max: f64, h| max.max(h.abs()));
        let size = if largest > 0.0 { largest } else { 1.0 };
        let mut difference = |part: f64| -> Result<[f64; 2]> {
            let d = part * distance * size;
            // A direction that is unlikely to be parallel to the plane of a kink.
            let side = |sign: f64| {
                let all = point.state.iter().enumerate();
                all.map(move |(k, h)| h + sign * d * (1.0 + (1.7 * k as f64).sin()))
            };
            let h: Vec<f64> = side(1.0).chain(side(-1.0)).collect();
            let mut j = vec![0.0; 2 * s * s];
            step_map.jacobians([&h, &point.input.repeat(2)], Some(&mut j), None)?;
            let (a, b) = j.split_at(s * s);
            let largest = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
            Ok([
                largest(&mut a.iter().zip(b).map(|(a, b)| (a - b).abs())),
                largest(&mut a.iter().map(|a| a.abs())),
            ])
        };
        let ([far, _], [near, jacobian]) = (difference(1.0)?, difference(0.25)?);
        flags.push(near > STAYS * far && near > ROUNDING * epsilon * (1.0 + jacobian));
    }
    Ok(flags)
}
