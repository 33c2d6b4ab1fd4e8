//! The units of length of a search, so that no constant depends on the units or the origin of the
//! states.

use super::candidates::Candidates;
use crate::base::{Error, Result};
use crate::nn::StepMap;

/// Maximum number of candidates in the sample.
const SAMPLES: usize = 256;
/// Candidates are offset if they are closer to their mean than this fraction of its modulus.
const OFFSET: f64 = 0.01;
/// The residual unit is at least this multiple of the rounding of F, so that the default tolerance
/// stays above the rounding of the terms that F sums.
const MIN_ROUNDINGS: f64 = 4e9;

/// The units of length of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The size of the states: the largest modulus of F over a sample of the candidates, excluding
    /// those where F is not finite, about 1 for units that saturate there. It uses F and not h,
    /// because the candidates may extend far beyond the states that the network can reach. If F is
    /// 0, the largest modulus of the candidates; 1 if these are 0 too.
    pub size: f64,
    /// The unit of residuals: the size or the largest modulus of the candidates, whichever is
    /// smaller. F of a stiff map is much larger than its states.
    pub residual: f64,
    /// Whether the candidates are far from 0 compared with their distances. The moduli are then
    /// those of the deviations from the mean of the candidates.
    pub offset: bool,
}

/// The scale of the states, for a step map with the machine epsilon `epsilon`.
///
/// Errors: `NotFinite` if F is not finite at any candidate
pub fn scale(
    step_map: &mut dyn StepMap<f64>,
    candidates: &Candidates,
    epsilon: f64,
) -> Result<Scale> {
    let s = candidates.state;
    let stride = candidates.count().div_ceil(SAMPLES);
    let rows: Vec<usize> = (0..candidates.count()).step_by(stride).collect();
    let sample = candidates.subset(&rows, &candidates.states);
    let mut next = vec![0.0; sample.states.len()];
    step_map.step(&sample.states, &sample.x, &mut next)?;
    let images = finite_rows(&next, s)?;
    let mean = candidates.mean();
    let deviation = largest_deviation(candidates.states.chunks_exact(s), &mean);
    let offset = deviation > 0.0 && deviation < OFFSET * largest_deviation([&mean[..]], &[]);
    let origin = if offset { &mean[..] } else { &[] };
    let moduli = [
        largest_deviation(images.iter().copied(), origin),
        largest_deviation(sample.states.chunks_exact(s), origin),
    ];
    let positive = || moduli.into_iter().filter(|modulus| *modulus > 0.0);
    let size = positive().next().unwrap_or(1.0);
    let image_size = largest_deviation(images, &[]);
    let rounding = image_size * (MIN_ROUNDINGS * epsilon).min(1.0);
    let residual = positive().fold(size, f64::min).max(rounding);
    Ok(Scale {
        size,
        residual,
        offset,
    })
}

/// The states at which F is finite.
///
/// Errors: `NotFinite` if there is none
fn finite_rows(next: &[f64], s: usize) -> Result<Vec<&[f64]>> {
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
    Ok(images)
}

/// The largest modulus of an element of the states, as deviations from the origin; an empty origin
/// is 0.
fn largest_deviation<'a>(states: impl IntoIterator<Item = &'a [f64]>, origin: &[f64]) -> f64 {
    let zero = |k: usize| origin.get(k).copied().unwrap_or_default();
    let elements = states
        .into_iter()
        .flat_map(|state| state.iter().enumerate());
    elements.fold(0.0, |max: f64, (k, h)| max.max((h - zero(k)).abs()))
}
