//! The unit of length of a search, so that no constant of it depends on the units of the states.

use super::search::Candidates;
use crate::base::{Error, Result};
use crate::nn::Flow;

/// Candidates that are sampled for the scale.
const SAMPLES: usize = 256;

/// The largest modulus of F over the candidates (a sample of them), without the ones where F is not
/// finite: about 1 for units that saturate there. Where F is 0 it is that of the candidates, and 1
/// where these are 0 too.
///
/// F and not h: candidates may be drawn much wider than the states that the network can take.
///
/// Errors: `NotFinite` if F is finite at no candidate
pub fn scale(flow: &mut dyn Flow<f64>, from: &Candidates) -> Result<f64> {
    let (s, i, count) = (from.state, from.inputs, from.count());
    let stride = count.div_ceil(SAMPLES);
    let rows: Vec<usize> = (0..count).step_by(stride).collect();
    let take = |values: &[f64], width: usize| -> Vec<f64> {
        let rows = rows.iter();
        rows.flat_map(|row| values[row * width..][..width].to_vec())
            .collect()
    };
    let (h, x) = (take(&from.states, s), take(&from.x, i));
    let mut next = vec![0.0; h.len()];
    flow.step(&h, &x, &mut next)?;
    let finite = |row: &&[f64]| row.iter().all(|f| f.is_finite());
    let images: Vec<&[f64]> = next.chunks_exact(s).filter(finite).collect();
    if images.is_empty() {
        let index = next.iter().position(|f| !f.is_finite()).unwrap_or(0);
        return Err(Error::NotFinite {
            of: "fixed_points::find",
            what: "the step from each candidate: a value of the first one".into(),
            found: next[index],
            index,
        });
    }
    let of_images = largest(images.into_iter().flatten());
    let of_candidates = largest(h.iter());
    let scales = [of_images, of_candidates];
    let positive = scales.into_iter().find(|scale| *scale > 0.0);
    Ok(positive.unwrap_or(1.0))
}

fn largest<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    values.fold(0.0, |most: f64, x| most.max(x.abs()))
}
