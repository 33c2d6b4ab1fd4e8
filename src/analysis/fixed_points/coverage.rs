//! What part of its state space a search has seen: whether the candidates lie in a region so small
//! that F is nearly linear there, and whether the fixed points found can be all.
//!
//! A linear F has one fixed point, so candidates within a nearly linear region find one, however
//! many there are. And F that maps a ball into itself has fixed points whose indices
//! sign det(1 - J) sum to 1 (Lefschetz 1926; Brouwer): a sum of 8 says that 7 or more of index -1,
//! which are unstable, are missing.

use super::points::Points;
use super::search::{Candidates, Label};
use crate::base::Result;
use crate::nn::Flow;

/// Candidates that are sampled.
const SAMPLES: usize = 256;

/// How nonlinear F is over the candidates under the input of the first one: the root mean square of
/// F(h) - F(m) - J d beside that of (J - 1) d, for d = h - m and their mean m. 0 if they do not
/// differ; below about 0.1 all of them see one fixed point.
///
/// Errors: those of the flow
pub fn nonlinearity(flow: &mut dyn Flow<f64>, from: &Candidates) -> Result<f64> {
    let (s, i) = (from.state, from.inputs);
    let first = &from.x[..i];
    let alike: Vec<usize> = (0..from.count())
        .filter(|row| from.x[row * i..][..i] == *first)
        .collect();
    let stride = alike.len().div_ceil(SAMPLES);
    let rows: Vec<usize> = alike.into_iter().step_by(stride).collect();
    let sample = from.subset(&rows, &from.states);
    let mean = sample.mean();
    let h = [sample.states.clone(), mean.clone()].concat();
    let mut next = vec![0.0; h.len()];
    flow.step(&h, &first.repeat(rows.len() + 1), &mut next)?;
    let mut j = vec![0.0; s * s];
    flow.jacobians([&mean, first], Some(&mut j), None)?;
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

/// The least number of fixed points that are missing from all of a map of a ball into itself, by
/// the sum of their indices; None where an index is not known, the inputs differ, or slow points
/// stand for what may be fixed points.
pub fn missing(points: &Points) -> Option<usize> {
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
