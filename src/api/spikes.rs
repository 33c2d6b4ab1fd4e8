//! The script module `spikes`: sampling, smoothing and binning of spike counts, and fit metrics.

use super::context::Context;
use super::convert::ExactTensor;
use super::options::CallOptions;
use crate::base::options::Span;
use crate::random::Key;
use crate::signal::{metrics, spikes};
use crate::tensor::Tensor;

crate::options! {
    /// Options of `spikes::smooth`.
    pub struct Smoothing for "spikes::smooth" {
        /// Standard deviation of the Gaussian kernel, in time steps.
        deviation: f64 = 2.0, in Span::above(0.0);
    }
}

crate::natives! {
    /// Spike counts: sampling, smoothing and binning.
    module "spikes";

    /// Poisson counts with the given means, of the same shape.
    ///
    /// A mean is the firing rate times the duration of a time step.
    ///
    /// > let counts = spikes::poisson(ones([1000]) * 3.0, random::key(1));
    /// > (counts.mean() - 3.0).abs().item() < 0.2
    /// = true
    fn poisson(cx: &Context, means: ExactTensor, key: Key) -> Tensor {
        cx.check_memory("spikes::poisson", means.dims(), crate::tensor::DType::F64)?;
        Ok(spikes::poisson(&means, &key)?)
    }

    /// The data [.., t, d] smoothed along time with a Gaussian kernel.
    ///
    /// At both ends the weights are normalized over the available time steps. NaN marks padding: it
    /// is preserved, and it does not contribute to other time steps.
    ///
    /// > let x = [[0.0], [0.0], [1.0], [0.0], [0.0]];
    /// > let y = spikes::smooth(x, #{ deviation: 1.0 });
    /// > [y.shape(), y[2].item() > y[1].item()]
    /// = [[5, 1], true]
    fn smooth(x: ExactTensor, options: CallOptions<Smoothing>) -> Tensor {
        Ok(spikes::smooth(&x, options.deviation)?)
    }

    /// The sums over bins of `width` consecutive time steps of [.., t, d].
    ///
    /// An incomplete last bin is dropped. A bin that contains NaN (padding) is NaN.
    ///
    /// > spikes::bin([[1.0], [2.0], [3.0], [4.0], [5.0]], 2).to_list()
    /// = [[3.0], [7.0]]
    fn bin(x: ExactTensor, width: usize) -> Tensor {
        if width == 0 {
            let words = "spikes::bin: expected `width` of 1 or more, found 0";
            return Err(super::diagnostic::Diagnostic::new(words));
        }
        Ok(spikes::bin(&x, width)?)
    }

    /// The coefficient of determination R^2 of an estimate y of x over time, [n, t, d] -> [n, d].
    ///
    /// R^2 = 1 - sum (x - y)^2 / sum (x - mean x)^2. The result is NaN where x is constant. Time
    /// steps at which x is NaN (padding) are ignored.
    ///
    /// > let x = random::normal(random::key(1), [4, 30, 2]);
    /// > spikes::r_squared(x, x + 0.001).min().item() > 0.99
    /// = true
    fn r_squared(x: ExactTensor, y: ExactTensor) -> Tensor { Ok(metrics::r_squared(&x, &y)?) }

    /// The squared correlation over time of x and an estimate y, [n, t, d] -> [n, d].
    ///
    /// The result is NaN where x or y is constant.
    ///
    /// > let x = random::normal(random::key(1), [4, 30, 2]);
    /// > spikes::correlation_squared(x, 5.0 - 2.0 * x).min().item() > 0.99
    /// = true
    fn correlation_squared(x: ExactTensor, y: ExactTensor) -> Tensor {
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
    /// > spikes::bits_per_spike(means, spikes::poisson(means, random::key(2))) > 0.1
    /// = true
    fn bits_per_spike(means: ExactTensor, counts: ExactTensor) -> f64 {
        Ok(metrics::bits_per_spike(&means, &counts)?)
    }
}
