//! The script module `spikes`: sampling, smoothing and binning of spike counts.

use super::context::Context;
use super::convert::ExactTensor;
use super::options::CallOptions;
use crate::base::options::Span;
use crate::random::Key;
use crate::signal::spikes;
use crate::tensor::Tensor;

crate::options! {
    /// Options of `spikes::smooth`.
    pub struct SmoothOptions for "spikes::smooth" {
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
    fn smooth(x: ExactTensor, options: CallOptions<SmoothOptions>) -> Tensor {
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
            let message = "spikes::bin: expected `width` of 1 or more, found 0";
            return Err(super::diagnostic::Diagnostic::new(message));
        }
        Ok(spikes::bin(&x, width)?)
    }
}
