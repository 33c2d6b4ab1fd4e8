//! The table `spikes`: counts drawn from rates, smoothed, and how well rates tell them.

use super::context::Context;
use super::convert::ExactTensor;
use super::options::CallOptions;
use crate::base::options::Span;
use crate::random::Key;
use crate::signal::{metrics, spikes};
use crate::tensor::Tensor;

crate::options! {
    /// How counts are smoothed.
    pub struct Smoothing for "spikes::smooth" {
        /// Standard deviation of the Gaussian, in time steps.
        deviation: f64 = 2.0, in Span::above(0.0);
    }
}

crate::natives! {
    /// Counts of spikes: drawn from rates, smoothed, and how well rates tell them.
    module "spikes";

    /// Poisson counts with these means (rate times the length of a time step), of the same shape.
    ///
    /// > let counts = spikes::poisson(ones([1000]) * 3.0, random::key(1));
    /// > (counts.mean() - 3.0).abs().item() < 0.2
    /// = true
    fn poisson(cx: &Context, means: ExactTensor, key: Key) -> Tensor {
        cx.check_memory("spikes::poisson", means.dims(), crate::tensor::DType::F64)?;
        Ok(spikes::poisson(&means, &key)?)
    }

    /// Weighted means over neighbouring times of [.., t, d], by a Gaussian; at the ends over those
    /// that there are. NaN is padding: it stays, and no mean contains it.
    ///
    /// > let x = [[0.0], [0.0], [1.0], [0.0], [0.0]];
    /// > let y = spikes::smooth(x, #{ deviation: 1.0 });
    /// > [y.shape(), y[2].item() > y[1].item()]
    /// = [[5, 1], true]
    fn smooth(x: ExactTensor, options: CallOptions<Smoothing>) -> Tensor {
        Ok(spikes::smooth(&x, options.deviation)?)
    }

    /// Sums over each `width` neighbouring times of [.., t, d]; what is left at the end is left
    /// out. A sum over padding (NaN) is NaN.
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

    /// R^2 of an estimate y of each course x in time, 1 - sum (x - y)^2 / sum (x - mean x)^2, for
    /// [n, t, d] as [n, d]; NaN where x does not change. Times at which x is NaN (padding)
    /// are left out.
    ///
    /// > let x = random::normal(random::key(1), [4, 30, 2]);
    /// > spikes::r_squared(x, x + 0.001).min().item() > 0.99
    /// = true
    fn r_squared(x: ExactTensor, y: ExactTensor) -> Tensor { Ok(metrics::r_squared(&x, &y)?) }

    /// The squared correlation in time of each course x with its estimate y, for [n, t, d] as
    /// [n, d]; NaN where one of them does not change.
    ///
    /// > let x = random::normal(random::key(1), [4, 30, 2]);
    /// > spikes::correlation_squared(x, 5.0 - 2.0 * x).min().item() > 0.99
    /// = true
    fn correlation_squared(x: ExactTensor, y: ExactTensor) -> Tensor {
        Ok(metrics::correlation_squared(&x, &y)?)
    }

    /// How many bits a spike the means of counts tell more of these than a constant rate of each
    /// channel does; both [n, t, d]. As in the Neural Latents Benchmark, counts that are NaN
    /// (padding) are left out, and means below 1e-9 count as 1e-9; negative numbers are an error.
    ///
    /// > let means = random::uniform(random::key(1), [50, 20, 3]) * 5.0;
    /// > spikes::bits_per_spike(means, spikes::poisson(means, random::key(2))) > 0.1
    /// = true
    fn bits_per_spike(means: ExactTensor, counts: ExactTensor) -> f64 {
        Ok(metrics::bits_per_spike(&means, &counts)?)
    }
}
