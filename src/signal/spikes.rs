//! Spike counts: sampling, smoothing and binning.

use crate::base::{Error, Result};
use crate::random::Key;
use crate::tensor::{DType, Device, Precision, Tensor, convert};

/// The largest mean of a count. Above it the probability of 0 underflows.
const MAX_MEAN: f64 = 700.0;
/// The radius of the smoothing kernel, in standard deviations.
const KERNEL_RADIUS: f64 = 4.0;
/// Poisson counts with the given means, as f32, of the same shape. Each is computed from one
/// uniform value by inversion: the probabilities of 0, 1, 2, ... are accumulated until they reach
/// it.
///
/// Errors: `Range` for a mean that is negative, not finite or above 700
pub fn poisson(means: &Tensor, key: &Key) -> Result<Tensor> {
    let values = convert::to_f64(means)?;
    if let Some(at) = values
        .iter()
        .position(|mean| !(0.0..=MAX_MEAN).contains(mean))
    {
        return Err(Error::Range {
            of: "spikes::poisson".into(),
            name: format!("means, at index {at}"),
            expected: format!("from 0 to {MAX_MEAN}"),
            found: values[at].to_string(),
        });
    }
    let mut uniforms = vec![0.0_f64; values.len()];
    key.fill_uniform(0.0, 1.0, &mut uniforms);
    let counts = values.iter().zip(uniforms).map(|(mean, uniform)| {
        let (mut count, mut probability) = (0.0, (-mean).exp());
        let mut sum = probability;
        // Rounding may keep the sum below a uniform value close to 1; the probabilities then
        // underflow to zero.
        while sum < uniform && probability > 0.0 {
            count += 1.0;
            probability *= mean / count;
            sum += probability;
        }
        count as f32
    });
    let counts: Vec<f32> = counts.collect();
    Ok(Tensor::from_vec(counts, means.dims(), &Device::Cpu)?)
}

/// Gaussian smoothing over time; `deviation` is the standard deviation of the kernel in time steps.
/// At the ends the kernel is renormalized. NaN is padding: it is preserved and does not contribute
/// to other values.
///
/// Shapes: [.., t, d] -> [.., t, d]
/// Errors: `Shape` if there is no time axis; `NotFinite` for an infinite value
pub fn smooth(x: &Tensor, deviation: f64) -> Result<Tensor> {
    let [trials, t, d] = sizes("spikes::smooth", x)?;
    let values = convert::to_f64(x)?;
    // No two time steps are further apart than t.
    let radius = (KERNEL_RADIUS * deviation).ceil().min(t as f64) as usize;
    let weight = |distance: usize| (-0.5 * (distance as f64 / deviation).powi(2)).exp();
    let weights: Vec<f64> = (0..=radius).map(weight).collect();
    if let Some(index) = values.iter().position(|x| x.is_infinite()) {
        let (of, what) = ("spikes::smooth", "a value".into());
        let found = values[index];
        return Err(Error::NotFinite {
            of,
            what,
            found,
            index,
        });
    }
    let mut smoothed = vec![f64::NAN; values.len()];
    let (mut sums, mut totals) = (vec![0.0; d], vec![0.0; d]);
    for trial in 0..trials {
        for at in 0..t {
            sums.fill(0.0);
            totals.fill(0.0);
            for from in at.saturating_sub(radius)..t.min(at + radius + 1) {
                let weight = weights[from.abs_diff(at)];
                let row = &values[(trial * t + from) * d..][..d];
                for (j, x) in row.iter().enumerate().filter(|(_, x)| !x.is_nan()) {
                    sums[j] += weight * x;
                    totals[j] += weight;
                }
            }
            let row = (trial * t + at) * d;
            for j in (0..d).filter(|j| !values[row + j].is_nan()) {
                smoothed[row + j] = sums[j] / totals[j];
            }
        }
    }
    convert::from_f64(smoothed, x.dims(), float_dtype(x))
}

/// Sums over consecutive bins of `width` time steps. An incomplete last bin is discarded.
///
/// Shapes: [.., t, d] -> [.., t / width, d]
/// Errors: `Shape` if there are fewer time steps than `width`
pub fn bin(x: &Tensor, width: usize) -> Result<Tensor> {
    let [trials, t, d] = sizes("spikes::bin", x)?;
    let bins = t / width;
    if bins == 0 {
        return Err(Error::Shape {
            op: "spikes::bin",
            what: "counts",
            expected: format!("[.., t, d] with at least {width} time steps"),
            found: x.dims().to_vec(),
        });
    }
    let values = convert::to_f64(x)?;
    let mut sums = vec![0.0; trials * bins * d];
    for trial in 0..trials {
        for at in 0..bins * width {
            for j in 0..d {
                let from = values[(trial * t + at) * d + j];
                sums[(trial * bins + at / width) * d + j] += from;
            }
        }
    }
    let mut shape = x.dims().to_vec();
    let axis = shape.len() - 2;
    shape[axis] = bins;
    convert::from_f64(sums, &shape, float_dtype(x))
}

/// The number of trials (all axes before the last two combined), time steps and channels.
pub(super) fn sizes(op: &'static str, x: &Tensor) -> Result<[usize; 3]> {
    match x.dims() {
        [before @ .., t, d] if *t > 0 && *d > 0 => Ok([before.iter().product(), *t, *d]),
        found => Err(Error::Shape {
            op,
            what: "values",
            expected: "[.., t, d]".into(),
            found: found.to_vec(),
        }),
    }
}

/// The dtype of means and sums of `x`, which need not be integers: f32, or f64 if x is f64.
fn float_dtype(x: &Tensor) -> DType {
    Precision::widest([x.dtype()]).dtype()
}
