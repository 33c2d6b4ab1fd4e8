//! The script module `metrics`: scores of estimates against data.

use super::convert::ExactTensor;
use crate::signal::metrics;
use crate::tensor::Tensor;

crate::natives! {
    /// Scores of estimates: coefficients of determination and bits per spike.
    module "metrics";

    /// The coefficient of determination R^2 of an estimate y of x over time, [n, t, d] -> [n, d].
    ///
    /// R^2 = 1 - sum (x - y)^2 / sum (x - mean x)^2. The result is NaN where x is constant. Time
    /// steps at which x is NaN (padding) are ignored.
    ///
    /// > let x = random::normal(random::key(1), [4, 30, 2]);
    /// > metrics::r2(x, x + 0.001).min().item() > 0.99
    /// = true
    fn r2(x: ExactTensor, y: ExactTensor) -> Tensor { Ok(metrics::r_squared(&x, &y)?) }

    /// The squared correlation over time of x and an estimate y, [n, t, d] -> [n, d].
    ///
    /// The result is NaN where x or y is constant.
    ///
    /// > let x = random::normal(random::key(1), [4, 30, 2]);
    /// > metrics::r2_correlation(x, 5.0 - 2.0 * x).min().item() > 0.99
    /// = true
    fn r2_correlation(x: ExactTensor, y: ExactTensor) -> Tensor {
        Ok(metrics::correlation_squared(&x, &y)?)
    }

    /// The log-likelihood gain of predicted means over a constant rate per channel, in bits per
    /// spike.
    ///
    /// Means and counts have the shape [n, t, d]. As in the Neural Latents Benchmark, NaN counts
    /// (padding) are ignored, and means below 1e-9 are replaced by 1e-9. Negative values are an
    /// error.
    ///
    /// > let means = random::uniform(random::key(1), [50, 20, 3]) * 5.0;
    /// > metrics::bits_per_spike(means, spikes::poisson(means, random::key(2))) > 0.1
    /// = true
    fn bits_per_spike(means: ExactTensor, counts: ExactTensor) -> f64 {
        Ok(metrics::bits_per_spike(&means, &counts)?)
    }
}
