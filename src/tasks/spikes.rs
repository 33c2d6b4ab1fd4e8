//! Counts of spikes: drawn from rates, smoothed, and how well rates tell them.

use crate::base::{Error, Result};
use crate::random::Key;
use crate::tensor::{DType, Device, Tensor, values};

/// Largest mean of a count; above, its probabilities begin below what numbers hold.
const MOST: f64 = 700.0;
/// Standard deviations that a kernel reaches to either side.
const REACH: f64 = 4.0;
/// Rates below are taken for this, as in the Neural Latents Benchmark: a rate of 0 at a spike has a
/// log-likelihood of minus infinity.
const LEAST_RATE: f64 = 1e-9;

/// Counts with these means, as f32, of the same shape: each from one uniform number, by adding up
/// the probabilities of 0, 1, 2, ... until they reach it.
///
/// Errors: `Range` for a mean that is negative, not finite or above 700
pub fn poisson(means: &Tensor, key: &Key) -> Result<Tensor> {
    let numbers = values::doubles(means)?;
    if let Some(at) = numbers.iter().position(|mean| !(0.0..=MOST).contains(mean)) {
        return Err(Error::Range {
            of: "spikes::poisson".into(),
            name: format!("means, at index {at}"),
            expected: format!("from 0 to {MOST}"),
            found: numbers[at].to_string(),
        });
    }
    let mut parts = vec![0.0_f64; numbers.len()];
    key.fill_uniform(0.0, 1.0, &mut parts);
    let counts = numbers.iter().zip(parts).map(|(mean, part)| {
        let (mut count, mut chance) = (0.0, (-mean).exp());
        let mut sum = chance;
        // The sum can stay below a part next to 1 by rounding: chances are then zero.
        while sum < part && chance > 0.0 {
            count += 1.0;
            chance *= mean / count;
            sum += chance;
        }
        count as f32
    });
    let counts: Vec<f32> = counts.collect();
    Ok(Tensor::from_vec(counts, means.dims(), &Device::Cpu)?)
}

/// Means over neighbouring times, weighted by a Gaussian of so many time steps; at the ends over
/// those that there are. NaN is padding: it stays, and no mean contains it.
///
/// Shapes: [.., t, d] -> [.., t, d]
/// Errors: `Shape` if there is no time axis; `NotFinite` for an infinite number
pub fn smooth(x: &Tensor, deviation: f64) -> Result<Tensor> {
    let [trials, t, d] = sizes("spikes::smooth", x)?;
    let numbers = values::doubles(x)?;
    // No two times are further apart than t.
    let reach = (REACH * deviation).ceil().min(t as f64) as usize;
    let weight = |away: usize| (-0.5 * (away as f64 / deviation).powi(2)).exp();
    let weights: Vec<f64> = (0..=reach).map(weight).collect();
    if let Some(index) = numbers.iter().position(|x| x.is_infinite()) {
        let (of, what) = ("spikes::smooth", "a number".into());
        let found = numbers[index];
        return Err(Error::NotFinite {
            of,
            what,
            found,
            index,
        });
    }
    let mut smoothed = vec![f64::NAN; numbers.len()];
    let (mut sums, mut all) = (vec![0.0; d], vec![0.0; d]);
    for trial in 0..trials {
        for at in 0..t {
            sums.fill(0.0);
            all.fill(0.0);
            for from in at.saturating_sub(reach)..t.min(at + reach + 1) {
                let weight = weights[from.abs_diff(at)];
                let row = &numbers[(trial * t + from) * d..][..d];
                for (j, x) in row.iter().enumerate().filter(|(_, x)| !x.is_nan()) {
                    sums[j] += weight * x;
                    all[j] += weight;
                }
            }
            let here = (trial * t + at) * d;
            for j in (0..d).filter(|j| !numbers[here + j].is_nan()) {
                smoothed[here + j] = sums[j] / all[j];
            }
        }
    }
    values::of(smoothed, x.dims(), kind(x))
}

/// Sums over each `width` neighbouring times; what is left at the end is left out.
///
/// Shapes: [.., t, d] -> [.., t / width, d]
/// Errors: `Shape` if there are fewer times than `width`
pub fn bin(x: &Tensor, width: usize) -> Result<Tensor> {
    let [trials, t, d] = sizes("spikes::bin", x)?;
    let bins = t / width;
    if bins == 0 {
        return Err(Error::Shape {
            op: "spikes::bin",
            what: "counts",
            expected: format!("[.., t, d] of {width} times at least"),
            found: x.dims().to_vec(),
        });
    }
    let numbers = values::doubles(x)?;
    let mut sums = vec![0.0; trials * bins * d];
    for trial in 0..trials {
        for at in 0..bins * width {
            for j in 0..d {
                let from = numbers[(trial * t + at) * d + j];
                sums[(trial * bins + at / width) * d + j] += from;
            }
        }
    }
    let mut shape = x.dims().to_vec();
    let axis = shape.len() - 2;
    shape[axis] = bins;
    values::of(sums, &shape, kind(x))
}

/// R^2 of an estimate of each course in time: 1 - sum (x - y)^2 / sum (x - mean x)^2; NaN where x
/// does not change.
///
/// Shapes: x, y [n, t, d] -> [n, d]
/// Errors: `Shape` if the two differ
pub fn r_squared(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    each_course("spikes::r_squared", [x, y], false, |[mean, _], pairs| {
        let (mut wrong, mut all) = (0.0, 0.0);
        for (x, y) in pairs {
            wrong += (x - y) * (x - y);
            all += (x - mean) * (x - mean);
        }
        1.0 - wrong / all
    })
}

/// The squared correlation in time of each course with its estimate; NaN where one of them does
/// not change.
///
/// Shapes: x, y [n, t, d] -> [n, d]
/// Errors: `Shape` if the two differ
pub fn correlation_squared(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    each_course(
        "spikes::correlation_squared",
        [x, y],
        true,
        |[mx, my], pairs| {
            let (mut both, mut xx, mut yy) = (0.0, 0.0, 0.0);
            for (x, y) in pairs {
                both += (x - mx) * (y - my);
                xx += (x - mx) * (x - mx);
                yy += (y - my) * (y - my);
            }
            both * both / (xx * yy)
        },
    )
}

/// How many bits a spike the rates tell more of the counts than a constant rate of each channel
/// does. Counts that are NaN are padding and left out; rates below 1e-9 count as 1e-9.
///
/// Shapes: means and counts [n, t, d]
/// Errors: `Shape` if the two differ; `Range` for a negative or infinite count, for a rate that is
/// negative, infinite or NaN beside a count, and if there is no spike
/// Source: Pei and others 2021, the Neural Latents Benchmark
pub fn bits_per_spike(means: &Tensor, counts: &Tensor) -> Result<f64> {
    let of = "spikes::bits_per_spike";
    same(of, counts, means)?;
    let d = sizes(of, counts)?[2];
    let (means, counts) = (values::doubles(means)?, values::doubles(counts)?);
    for (at, (mean, count)) in means.iter().zip(&counts).enumerate() {
        if !count.is_nan() {
            not_negative(of, "counts", at, *count)?;
            not_negative(of, "means", at, *mean)?;
        }
    }
    let (mut sums, mut times) = (vec![0.0; d], vec![0.0; d]);
    for (at, count) in counts
        .iter()
        .enumerate()
        .filter(|(_, count)| !count.is_nan())
    {
        sums[at % d] += count;
        times[at % d] += 1.0;
    }
    let spikes: f64 = sums.iter().sum();
    if spikes <= 0.0 {
        return Err(Error::Range {
            of: of.into(),
            name: "counts".into(),
            expected: "of one spike at least".into(),
            found: format!("{spikes} spikes"),
        });
    }
    let log = |mean: f64, count: f64| count * mean.max(LEAST_RATE).ln() - mean.max(LEAST_RATE);
    let mut bits = [0.0; 2];
    for (at, (mean, count)) in means.iter().zip(&counts).enumerate() {
        if !count.is_nan() {
            bits[0] += log(*mean, *count);
            bits[1] += log(sums[at % d] / times[at % d], *count);
        }
    }
    Ok((bits[0] - bits[1]) / spikes / std::f64::consts::LN_2)
}

/// Errors: `Range` unless the number is finite and 0 or more
fn not_negative(of: &str, name: &str, index: usize, found: f64) -> Result<()> {
    if found.is_finite() && found >= 0.0 {
        return Ok(());
    }
    Err(Error::Range {
        of: of.into(),
        name: format!("{name}, at index {index}"),
        expected: "finite and of 0 or more".into(),
        found: found.to_string(),
    })
}

/// Each course in time with its estimate, their means given.
fn each_course(
    op: &'static str,
    [x, y]: [&Tensor; 2],
    both_vary: bool,
    of: impl Fn([f64; 2], &mut dyn Iterator<Item = (f64, f64)>) -> f64,
) -> Result<Tensor> {
    same(op, x, y)?;
    let [n, t, d] = sizes(op, x)?;
    let (a, b) = (values::doubles(x)?, values::doubles(y)?);
    for (index, (x, y)) in a.iter().zip(&b).enumerate() {
        // NaN in the data is padding; an estimate must be there where the data is.
        if x.is_infinite() || !x.is_nan() && !y.is_finite() {
            let (what, found) = match x.is_infinite() {
                true => ("a number of the data", *x),
                false => ("a number of the estimate", *y),
            };
            let (of, what) = (op, what.into());
            return Err(Error::NotFinite {
                of,
                what,
                found,
                index,
            });
        }
    }
    let mut found = Vec::with_capacity(n * d);
    for trial in 0..n {
        for j in 0..d {
            let at = |k: usize| (trial * t + k) * d + j;
            let there = || (0..t).map(at).filter(|at| !a[*at].is_nan());
            let count = there().count() as f64;
            let mean = |all: &[f64]| there().map(|at| all[at]).sum::<f64>() / count;
            // A mean is rounded: the variance of equal values may differ from 0.
            let varies =
                |all: &[f64]| there().any(|at| all[at] != all[there().next().unwrap_or(at)]);
            let mut pairs = there().map(|at| (a[at], b[at]));
            found.push(match varies(&a) && (!both_vary || varies(&b)) {
                true => of([mean(&a), mean(&b)], &mut pairs),
                false => f64::NAN,
            });
        }
    }
    values::of(found, &[n, d], DType::F64)
}

/// Trials (all axes before the last two together), times and channels.
fn sizes(op: &'static str, x: &Tensor) -> Result<[usize; 3]> {
    match x.dims() {
        [before @ .., t, d] if *t > 0 && *d > 0 => Ok([before.iter().product(), *t, *d]),
        found => Err(Error::Shape {
            op,
            what: "numbers",
            expected: "[.., t, d]".into(),
            found: found.to_vec(),
        }),
    }
}

fn same(op: &'static str, x: &Tensor, y: &Tensor) -> Result<()> {
    match x.dims() == y.dims() {
        true => Ok(()),
        false => Err(Error::Shape {
            op,
            what: "estimate",
            expected: format!("{:?}", x.dims()),
            found: y.dims().to_vec(),
        }),
    }
}

/// Means and sums of whole numbers are not whole: f32, or f64 if x is.
fn kind(x: &Tensor) -> DType {
    match x.dtype() {
        DType::F64 => DType::F64,
        _ => DType::F32,
    }
}
