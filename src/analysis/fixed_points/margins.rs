//! Tolerance on |lambda| = 1 for each mode: from rounding and conditioning, from the position error
//! of the point, and along a continuum.
//!
//! ```text
//! d lambda_k = l_k dJ r_k
//! ```
//!
//! An eigenvalue changes by at most |l_k| |dJ| (|r_k| = 1), so rounding of J is weighted by |l_k|.
//! At an inexact point, dJ is the change of J over the position bound, along the eigenvector with
//! the eigenvalue nearest to 1, the direction in which the position is least certain. On a
//! continuum of dimension d, and at slow points, the position has no bound: dJ is the change over
//! the residual, and the d eigenvalues nearest to 1 belong to the tangent space of the continuum:
//! they count as 1, whatever the drift along it.

use super::damped_step::squared_norm;
use super::linearization::{Complex, Linearization, modulus};
use super::points::Points;
use super::sets::Set;
use crate::base::Result;
use crate::nn::StepMap;

/// Rounding units of J, relative to 1 + |J|.
const ROUNDING_UNITS: f64 = 32.0;
/// Units of the resolution of the parameters in J, relative to 1 + |J|, where it exceeds rounding.
const RESOLUTION_UNITS: f64 = 4.0;
/// Upper limit on |l_k| for a perturbation of J at the level of rounding: beyond it, eigenvectors
/// coincide and first-order perturbation theory does not apply. The limit is inversely proportional
/// to the square root of the perturbation, as at a double eigenvalue.
const MAX_NORM: f64 = 1e6;
/// Residuals and bounds below this fraction of the state change no eigenvalue by more than
/// rounding.
const NEGLIGIBLE: f64 = 1e-13;
/// Jacobians per batch.
const BATCH: usize = 128;

/// Fills the margins of all points, for parameters with the relative resolution `resolution`.
///
/// Errors: those of the step map
pub fn set_margins(
    step_map: &mut dyn StepMap<f64>,
    points: &Points,
    sets: &[Set],
    linear: &mut [Linearization],
    resolution: f64,
) -> Result<()> {
    let s = points.state;
    let mut isolated = vec![true; points.points.len()];
    for set in sets.iter().filter(|set| set.dimension > 0) {
        set.members
            .iter()
            .for_each(|member| isolated[*member] = false);
    }
    for start in (0..points.points.len()).step_by(BATCH) {
        let range = start..points.points.len().min(start + BATCH);
        let part = points.select(&range.clone().collect::<Vec<_>>());
        let (modes, alone) = (&linear[range.clone()], &isolated[range.clone()]);
        let h = displaced_states(step_map, &part, modes, alone)?;
        let mut j = vec![0.0; part.points.len() * s * s];
        step_map.jacobians([&h, &part.all_inputs()], Some(&mut j), None)?;
        for (one, j) in linear[range].iter_mut().zip(j.chunks_exact(s * s)) {
            one.margins = margins(one, j, resolution);
        }
    }
    for set in sets {
        for member in &set.members {
            mark_tangent_modes(&mut linear[*member], set.dimension);
        }
    }
    Ok(())
}

/// Each state, displaced by the bound of its position, or along the residual by the residual.
fn displaced_states(
    step_map: &mut dyn StepMap<f64>,
    part: &Points,
    linear: &[Linearization],
    isolated: &[bool],
) -> Result<Vec<f64>> {
    let (h, x, s) = (part.states(), part.all_inputs(), part.state);
    let mut next = vec![0.0; h.len()];
    step_map.step(&h, &x, &mut next)?;
    let rows = h.chunks_exact(s).zip(next.chunks_exact(s));
    let points = part.points.iter().zip(linear).zip(isolated);
    let shifted = rows
        .zip(points)
        .flat_map(|((h, next), ((point, linear), isolated))| {
            let r: Vec<f64> = next.iter().zip(h).map(|(f, h)| f - h).collect();
            let bound = point.position_error;
            let (direction, distance) = match slowest_direction(linear) {
                Some(direction) if *isolated && bound.is_finite() => (direction, bound),
                _ if *isolated && bound.is_finite() => {
                    (r.clone(), bound.max(squared_norm(&r).sqrt()))
                }
                _ => (r.clone(), squared_norm(&r).sqrt()),
            };
            let length = squared_norm(&direction).sqrt();
            let significant = length > 0.0 && distance > NEGLIGIBLE * squared_norm(h).sqrt();
            let factor = if significant { distance / length } else { 0.0 };
            let pairs = h.iter().zip(direction);
            pairs.map(|(h, d)| h + factor * d).collect::<Vec<f64>>()
        });
    Ok(shifted.collect())
}

/// The real part of the eigenvector with the eigenvalue nearest to 1; none without eigenvectors.
fn slowest_direction(linear: &Linearization) -> Option<Vec<f64>> {
    let (s, mode) = (linear.eigenvalues.len(), linear.slowest());
    let vector = linear.right.get(mode * s..(mode + 1) * s)?;
    Some(vector.iter().map(|[re, _]| *re).collect())
}

/// The margin of each mode: the effect of rounding of J and of its change to `other`.
fn margins(linear: &Linearization, other: &[f64], resolution: f64) -> Vec<f64> {
    let (s, j) = (linear.eigenvalues.len(), &linear.jacobian);
    let size = j.iter().map(|j| j * j).sum::<f64>().sqrt();
    let units = (ROUNDING_UNITS * f64::EPSILON).max(RESOLUTION_UNITS * resolution);
    let rounding = units * (1.0 + size);
    let max_norm = MAX_NORM * (ROUNDING_UNITS * f64::EPSILON / units).sqrt();
    let change: Vec<f64> = other.iter().zip(j).map(|(a, b)| a - b).collect();
    let largest = change.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
    let one = |k: usize| {
        let vectors = (
            linear.left.get(k * s..(k + 1) * s),
            linear.right.get(k * s..(k + 1) * s),
        );
        let (Some(left), Some(right)) = vectors else {
            return max_norm * rounding;
        };
        let size = left.iter().map(|[a, b]| a * a + b * b).sum::<f64>().sqrt();
        let shift = if largest > 0.0 {
            perturbation(left, &change, right)
        } else {
            0.0
        };
        size.min(max_norm) * rounding + shift
    };
    (0..s).map(one).collect()
}

/// |l dJ r|
fn perturbation(left: &[Complex], change: &[f64], right: &[Complex]) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for ([a, b], row) in left.iter().zip(change.chunks_exact(right.len())) {
        let (mut c, mut d) = (0.0, 0.0);
        for (change, [x, y]) in row.iter().zip(right) {
            c += change * x;
            d += change * y;
        }
        re += a * c - b * d;
        im += a * d + b * c;
    }
    re.hypot(im)
}

/// Marks the modes nearest to 1 as marginal, as many as the continuum has dimensions.
fn mark_tangent_modes(linear: &mut Linearization, dimension: usize) {
    let distance = |at: &usize| {
        let [re, im] = linear.eigenvalues[*at];
        (re - 1.0).hypot(im)
    };
    let mut order: Vec<usize> = (0..linear.eigenvalues.len()).collect();
    order.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
    for at in order.into_iter().take(dimension) {
        let excess = (modulus(linear.eigenvalues[at]) - 1.0).abs();
        linear.margins[at] = linear.margins[at].max(excess);
    }
}
