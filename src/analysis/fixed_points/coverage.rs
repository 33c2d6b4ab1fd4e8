//! Coverage of the state space by a search: whether the candidates lie in a region where F is
//! nearly linear, and whether the set of fixed points found can be complete.
//!
//! A linear F has one fixed point, so any number of candidates within a nearly linear region finds
//! only one. A map F of a ball into itself has fixed points whose indices sign det(1 - J) sum to 1
//! (Lefschetz 1926; Brouwer): a sum of 8 implies that at least 7 unstable points of index -1 are
//! missing.

use super::candidates::{Candidates, Label};
use super::damped_step::squared_norm;
use super::points::Points;
use crate::base::Result;
use crate::nn::StepMap;
use crate::random::{Key, Layout};

/// Maximum number of candidates in the sample.
const SAMPLES: usize = 256;
/// Number of states on the sphere on which F is tested, and of their steps towards the direction of
/// fastest growth.
const DIRECTIONS: usize = 64;
const GROWTH_STEPS: usize = 16;
/// Radius of the sphere relative to the largest norm of a point.
const RADIUS: f64 = 4.0;

/// The nonlinearity of F over the candidates that share the input of the first one: the root mean
/// square of F(h) - F(m) - J d divided by that of (J - 1) d, for d = h - m and the mean m of the
/// candidates. 0 if the candidates are identical; below about 0.1 all of them find the same fixed
/// point.
///
/// Errors: those of the step map
pub fn nonlinearity(step_map: &mut dyn StepMap<f64>, candidates: &Candidates) -> Result<f64> {
    let (s, i) = (candidates.state, candidates.inputs);
    let first = &candidates.x[..i];
    let same_input: Vec<usize> = (0..candidates.count())
        .filter(|row| candidates.x[row * i..][..i] == *first)
        .collect();
    let stride = same_input.len().div_ceil(SAMPLES);
    let rows: Vec<usize> = same_input.into_iter().step_by(stride).collect();
    let sample = candidates.subset(&rows, &candidates.states);
    let mean = sample.mean();
    let h = [sample.states.clone(), mean.clone()].concat();
    let mut next = vec![0.0; h.len()];
    step_map.step(&h, &first.repeat(rows.len() + 1), &mut next)?;
    let mut j = vec![0.0; s * s];
    step_map.jacobians([&mean, first], Some(&mut j), None)?;
    let (next, base) = next.split_at(rows.len() * s);
    let (mut nonlinear, mut linear) = (0.0, 0.0);
    for (h, next) in sample.states.chunks_exact(s).zip(next.chunks_exact(s)) {
        let d: Vec<f64> = h.iter().zip(&mean).map(|(h, m)| h - m).collect();
        for (k, row) in j.chunks_exact(s).enumerate() {
            let predicted: f64 = row.iter().zip(&d).map(|(j, d)| j * d).sum();
            nonlinear += (next[k] - base[k] - predicted).powi(2);
            linear += (predicted - d[k]).powi(2);
        }
    }
    Ok(if nonlinear == 0.0 {
        0.0
    } else {
        (nonlinear / linear).sqrt()
    })
}

/// A lower bound on the number of missing fixed points of a map of a ball into itself, from the sum
/// of the indices. None if an index is unknown, the inputs differ, or the points include slow
/// points, which may be unresolved fixed points.
pub fn min_missing(points: &Points) -> Option<usize> {
    let input = &points.points.first()?.input;
    let mut sum = 0_i64;
    for point in &points.points {
        if point.index == 0 || point.input != *input || point.label != Label::Converged {
            return None;
        }
        sum += i64::from(point.index);
    }
    usize::try_from((sum - 1).abs()).ok()
}

/// Whether F points inward on a sphere about 0 that contains all points: F(h) . h < |h|^2. The map
/// h - t F(h) then has no zero on the sphere for t from 0 to 1, so that the indices of all fixed
/// points inside sum to 1 as for a map of a ball into itself. The states on the sphere are a random
/// sample and its images under repeated steps, projected to the sphere, which turn towards the
/// directions in which F grows most. False if F is not finite.
///
/// Errors: those of the step map
pub fn points_inward(step_map: &mut dyn StepMap<f64>, points: &Points) -> Result<bool> {
    let norms = points
        .points
        .iter()
        .map(|point| squared_norm(&point.state).sqrt());
    let largest = norms.fold(0.0, f64::max);
    let Some(first) = points.points.first().filter(|_| largest > 0.0) else {
        return Ok(false);
    };
    let (s, radius) = (points.state, RADIUS * largest);
    let mut h = vec![0.0; DIRECTIONS * s];
    Key::new(0, Layout::default()).fill_normal(&mut h);
    let x = first.input.repeat(DIRECTIONS);
    let mut next = vec![0.0; h.len()];
    for _ in 0..GROWTH_STEPS {
        for h in h.chunks_exact_mut(s) {
            let norm = squared_norm(h).sqrt();
            // An image at 0 has no direction: the state it comes from is inside.
            let factor = if norm > 0.0 { radius / norm } else { 0.0 };
            h.iter_mut().for_each(|h| *h *= factor);
        }
        step_map.step(&h, &x, &mut next)?;
        let outward = |(h, f): (&[f64], &[f64])| {
            let dot: f64 = h.iter().zip(f).map(|(h, f)| h * f).sum();
            let square = squared_norm(h);
            square > 0.0 && (dot >= square || !dot.is_finite())
        };
        if h.chunks_exact(s).zip(next.chunks_exact(s)).any(outward) {
            return Ok(false);
        }
        std::mem::swap(&mut h, &mut next);
    }
    Ok(true)
}
