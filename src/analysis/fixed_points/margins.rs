//! How far from 1 the modulus of an eigenvalue may be and still be 1: by rounding and conditioning,
//! by the error of the point's position, and along a continuum.
//!
//! ```text
//! d lambda_k = l_k dJ r_k
//! ```
//!
//! An eigenvalue changes by at most |l_k| |dJ| (|r_k| = 1), so rounding of J weighs by |l_k|. Where
//! the point is not exact, dJ is the change of J over the bound of the position. The position is
//! least certain along the eigenvector whose eigenvalue is nearest to 1, so the change is taken in
//! that direction. On a continuum of dimension d, and at slow points, the position has no bound:
//! there dJ is the change over the residual, and the d eigenvalues nearest to 1 belong to the
//! tangent space: they are 1, whatever the drift along it.

use super::modes::{Complex, Linear, modulus};
use super::points::Points;
use super::sets::Set;
use crate::base::Result;
use crate::nn::Flow;

/// Units of rounding of J, relative to 1 + |J|.
const ROUNDINGS: f64 = 32.0;
/// The largest |l_k| that counts: beyond, eigenvectors coincide and first order says nothing.
const LARGEST: f64 = 1e6;
/// Residuals and bounds below this part of the state move no eigenvalue beyond its rounding.
const EXACT: f64 = 1e-13;
/// Jacobians at a time.
const ABREAST: usize = 128;

/// Fills the margins of all points.
///
/// Errors: those of the flow
pub fn set_margins(
    flow: &mut dyn Flow<f64>,
    points: &Points,
    sets: &[Set],
    linear: &mut [Linear],
) -> Result<()> {
    let s = points.state;
    let mut isolated = vec![true; points.points.len()];
    for set in sets.iter().filter(|set| set.dimension > 0) {
        set.members
            .iter()
            .for_each(|member| isolated[*member] = false);
    }
    for start in (0..points.points.len()).step_by(ABREAST) {
        let some = start..points.points.len().min(start + ABREAST);
        let part = points.chosen(&some.clone().collect::<Vec<_>>());
        let h = displaced(flow, &part, &linear[some.clone()], &isolated[some.clone()])?;
        let mut j = vec![0.0; part.points.len() * s * s];
        flow.jacobians([&h, &part.all_inputs()], Some(&mut j), None)?;
        for (one, j) in linear[some].iter_mut().zip(j.chunks_exact(s * s)) {
            one.margins = margins(one, j);
        }
    }
    for set in sets {
        for member in &set.members {
            tangent(&mut linear[*member], set.dimension);
        }
    }
    Ok(())
}

/// Each state, moved by the bound of its position, or along the residual by the residual.
fn displaced(
    flow: &mut dyn Flow<f64>,
    part: &Points,
    linear: &[Linear],
    isolated: &[bool],
) -> Result<Vec<f64>> {
    let (h, x, s) = (part.states(), part.all_inputs(), part.state);
    let mut next = vec![0.0; h.len()];
    flow.step(&h, &x, &mut next)?;
    let rows = h.chunks_exact(s).zip(next.chunks_exact(s));
    let points = part.points.iter().zip(linear).zip(isolated);
    let moved = rows
        .zip(points)
        .flat_map(|((h, next), ((point, linear), isolated))| {
            let r: Vec<f64> = next.iter().zip(h).map(|(f, h)| f - h).collect();
            let bound = point.position_error;
            let (direction, far) = match slowest_direction(linear) {
                Some(direction) if *isolated && bound.is_finite() => (direction, bound),
                _ if *isolated && bound.is_finite() => (r.clone(), bound.max(norm(&r))),
                _ => (r.clone(), norm(&r)),
            };
            let length = norm(&direction);
            let moves = length > 0.0 && far > EXACT * norm(h);
            let part = if moves { far / length } else { 0.0 };
            let pairs = h.iter().zip(direction);
            pairs.map(|(h, d)| h + part * d).collect::<Vec<f64>>()
        });
    Ok(moved.collect())
}

fn norm(of: &[f64]) -> f64 {
    of.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// The real part of the eigenvector whose eigenvalue is nearest to 1; none without eigenvectors.
fn slowest_direction(linear: &Linear) -> Option<Vec<f64>> {
    let (s, mode) = (linear.values.len(), linear.slowest());
    let vector = linear.right.get(mode * s..(mode + 1) * s)?;
    Some(vector.iter().map(|[re, _]| *re).collect())
}

/// The margin of each mode: rounding of J here, and its change to `other`.
fn margins(linear: &Linear, other: &[f64]) -> Vec<f64> {
    let (s, j) = (linear.values.len(), &linear.by_state);
    let size = j.iter().map(|j| j * j).sum::<f64>().sqrt();
    let rounding = ROUNDINGS * f64::EPSILON * (1.0 + size);
    let change: Vec<f64> = other.iter().zip(j).map(|(a, b)| a - b).collect();
    let largest = change.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    let one = |k: usize| {
        let vectors = (
            linear.left.get(k * s..(k + 1) * s),
            linear.right.get(k * s..(k + 1) * s),
        );
        let (Some(left), Some(right)) = vectors else {
            return LARGEST * rounding;
        };
        let size = left.iter().map(|[a, b]| a * a + b * b).sum::<f64>().sqrt();
        let moved = if largest > 0.0 {
            product(left, &change, right)
        } else {
            0.0
        };
        size.min(LARGEST) * rounding + moved
    };
    (0..s).map(one).collect()
}

/// |l dJ r|
fn product(left: &[Complex], change: &[f64], right: &[Complex]) -> f64 {
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

/// The modes nearest to 1, as many as a continuum has dimensions, are marginal.
fn tangent(linear: &mut Linear, dimension: usize) {
    let far = |at: &usize| {
        let [re, im] = linear.values[*at];
        (re - 1.0).hypot(im)
    };
    let mut order: Vec<usize> = (0..linear.values.len()).collect();
    order.sort_by(|a, b| far(a).total_cmp(&far(b)));
    for at in order.into_iter().take(dimension) {
        let beyond = (modulus(linear.values[at]) - 1.0).abs();
        linear.margins[at] = linear.margins[at].max(beyond);
    }
}
