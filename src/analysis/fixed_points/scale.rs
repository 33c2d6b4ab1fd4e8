//! The unit of length of a search, so that no constant depends on the units of the states.

use super::candidates::Candidates;
use crate::base::{Error, Result};
use crate::nn::StepMap;

/// Maximum number of candidates in the sample.
const SAMPLES: usize = 256;

/// The largest modulus of F over a sample of the candidates, excluding those where F is not finite:
/// about 1 for units that saturate there. If F is 0, the largest modulus of the candidates; 1 if
/// these are 0 too.
///
/// The scale uses F and not h, because the candidates may extend far beyond the states that the
/// network can reach.
///
/// Errors: `NotFinite` if F is not finite at any candidate
pub fn scale(step_map: &mut dyn StepMap<f64>, candidates: &Candidates) -> Result<f64> {
    let (s, i, count) = (candidates.state, candidates.inputs, candidates.count());
    let stride = count.div_ceil(SAMPLES);
    let rows: Vec<usize> = (0..count).step_by(stride).collect();
    let take = |values: &[f64], width: usize| -> Vec<f64> {
        let rows = rows.iter();
        rows.flat_map(|row| values[row * width..][..width].to_vec())
            .collect()
    };
    let (h, x) = (take(&candidates.states, s), take(&candidates.x, i));
    let mut next = vec![0.0; h.len()];
    step_map.step(&h, &x, &mut next)?;
    let finite = |row: &&[f64]| row.iter().all(|f| f.is_finite());
    let images: Vec<&[f64]> = next.chunks_exact(s).filter(finite).collect();
    if images.is_empty() {
        let index = next.iter().position(|f| !f.is_finite()).unwrap_or(0);
        return Err(Error::NotFinite {
            of: "fixed_points::find",
            what: "F at each candidate: an element of the first one".into(),
            found: next[index],
            index,
        });
    }
    let image_scale = largest(images.into_iter().flatten());
    let candidate_scale = largest(h.iter());
    let scales = [image_scale, candidate_scale];
    let positive = scales.into_iter().find(|scale| *scale > 0.0);
    Ok(positive.unwrap_or(1.0))
}

fn largest<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    values.fold(0.0, |maximum: f64, x| maximum.max(x.abs()))
}
