//! Goodness of fit of an estimate: R^2, correlation, and bits per spike.

use super::spikes::sizes;
use crate::base::{Error, Result};
use crate::tensor::{DType, Tensor, convert};

/// The lower bound of rates, as in the Neural Latents Benchmark: a rate of 0 at a spike has a
/// log-likelihood of minus infinity.
const MIN_RATE: f64 = 1e-9;

/// The coefficient of determination R^2 of an estimate y for each time series: 1 - sum (x - y)^2 /
/// sum (x - mean x)^2; NaN where x is constant.
///
/// Shapes: x, y [n, t, d] -> [n, d]
/// Errors: `Shape` if the shapes differ
pub fn r_squared(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    each_series("metrics::r2", [x, y], false, |[mean, _], pairs| {
        let (mut residual, mut total) = (0.0, 0.0);
        for (x, y) in pairs {
            residual += (x - y) * (x - y);
            total += (x - mean) * (x - mean);
        }
        1.0 - residual / total
    })
}

/// The squared Pearson correlation over time of each time series with its estimate; NaN where one
/// of them is constant.
///
/// Shapes: x, y [n, t, d] -> [n, d]
/// Errors: `Shape` if the shapes differ
pub fn correlation_squared(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    each_series(
        "metrics::r2_correlation",
        [x, y],
        true,
        |[mx, my], pairs| {
            let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
            for (x, y) in pairs {
                xy += (x - mx) * (y - my);
                xx += (x - mx) * (x - mx);
                yy += (y - my) * (y - my);
            }
            xy * xy / (xx * yy)
        },
    )
}

/// The log-likelihood gain of the rates over the mean rate of each channel, in bits per spike.
/// Counts that are NaN are padding and are ignored. Rates below 1e-9 are replaced by 1e-9.
///
/// Shapes: means and counts [n, t, d]
/// Errors: `Shape` if the shapes differ; `Range` for a negative or infinite count, for a rate that
/// is negative, infinite or NaN where there is a count, and if there are no spikes
/// Source: Pei and others 2021, the Neural Latents Benchmark
pub fn bits_per_spike(means: &Tensor, counts: &Tensor) -> Result<f64> {
    let of = "metrics::bits_per_spike";
    check_same_shape(of, counts, means)?;
    let d = sizes(of, counts)?[2];
    let (means, counts) = (convert::to_f64(means)?, convert::to_f64(counts)?);
    for (at, (mean, count)) in means.iter().zip(&counts).enumerate() {
        if !count.is_nan() {
            check_non_negative(of, "counts", at, *count)?;
            check_non_negative(of, "means", at, *mean)?;
        }
    }
    let (mut sums, mut counted) = (vec![0.0; d], vec![0.0; d]);
    for (at, count) in counts
        .iter()
        .enumerate()
        .filter(|(_, count)| !count.is_nan())
    {
        sums[at % d] += count;
        counted[at % d] += 1.0;
    }
    let spikes: f64 = sums.iter().sum();
    if spikes <= 0.0 {
        return Err(Error::Range {
            of: of.into(),
            name: "counts".into(),
            expected: "at least one spike".into(),
            found: format!("{spikes} spikes"),
        });
    }
    let log_likelihood =
        |mean: f64, count: f64| count * mean.max(MIN_RATE).ln() - mean.max(MIN_RATE);
    let mut log_likelihoods = [0.0; 2];
    for (at, (mean, count)) in means.iter().zip(&counts).enumerate() {
        if !count.is_nan() {
            log_likelihoods[0] += log_likelihood(*mean, *count);
            log_likelihoods[1] += log_likelihood(sums[at % d] / counted[at % d], *count);
        }
    }
    Ok((log_likelihoods[0] - log_likelihoods[1]) / spikes / std::f64::consts::LN_2)
}

/// Errors: `Range` unless the value is finite and at least 0
fn check_non_negative(of: &str, name: &str, index: usize, found: f64) -> Result<()> {
    if found.is_finite() && found >= 0.0 {
        return Ok(());
    }
    Err(Error::Range {
        of: of.into(),
        name: format!("{name}, at index {index}"),
        expected: "finite and at least 0".into(),
        found: found.to_string(),
    })
}

/// Applies `statistic` to the means of each time series and its estimate and to their pairs of
/// values. The result is NaN where the data are constant, and with `both_vary` also where the
/// estimate is.
fn each_series(
    op: &'static str,
    [x, y]: [&Tensor; 2],
    both_vary: bool,
    statistic: impl Fn([f64; 2], &mut dyn Iterator<Item = (f64, f64)>) -> f64,
) -> Result<Tensor> {
    check_same_shape(op, x, y)?;
    let [n, t, d] = sizes(op, x)?;
    let (a, b) = (convert::to_f64(x)?, convert::to_f64(y)?);
    check_finite(op, [&a, &b])?;
    let mut results = Vec::with_capacity(n * d);
    for trial in 0..n {
        for j in 0..d {
            let at = |k: usize| (trial * t + k) * d + j;
            let present = || (0..t).map(at).filter(|at| !a[*at].is_nan());
            let count = present().count() as f64;
            let mean = |series: &[f64]| present().map(|at| series[at]).sum::<f64>() / count;
            // The mean is rounded: the computed variance of equal values may differ from 0.
            let first = present().next();
            let varies = |series: &[f64]| {
                first.is_some_and(|first| present().any(|at| series[at] != series[first]))
            };
            let mut pairs = present().map(|at| (a[at], b[at]));
            results.push(match varies(&a) && (!both_vary || varies(&b)) {
                true => statistic([mean(&a), mean(&b)], &mut pairs),
                false => f64::NAN,
            });
        }
    }
    convert::from_f64(results, &[n, d], DType::F64)
}

/// Errors: `NotFinite` for an infinite value of the data a, and for a value of the estimate b that
/// is not finite where a is not NaN
fn check_finite(op: &'static str, [a, b]: [&[f64]; 2]) -> Result<()> {
    for (index, (x, y)) in a.iter().zip(b).enumerate() {
        // NaN in the data is padding; the estimate must be finite wherever the data are.
        if x.is_infinite() || !x.is_nan() && !y.is_finite() {
            let (what, found) = match x.is_infinite() {
                true => ("a value of the data", *x),
                false => ("a value of the estimate", *y),
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
    Ok(())
}

fn check_same_shape(op: &'static str, x: &Tensor, y: &Tensor) -> Result<()> {
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
