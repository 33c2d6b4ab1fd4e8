//! The script module `signals`: target signals for training.

use super::context::Context;
use super::diagnostic::Diagnostic;
use super::options::CallOptions;
use crate::base::Result;
use crate::signal::waveforms::{Lorenz, Patterns, Sines};
use crate::tensor::{DType, Precision, Tensor, convert};

crate::options! {
    /// Options of all signals.
    pub struct DtypeOptions for "signals" {
        /// The dtype.
        dtype: Precision = Precision::F32;
    }
}

crate::natives! {
    /// Time series that serve as training targets.
    module "signals";

    /// A sum of sines, [t, 1].
    ///
    /// The value at step t is the sum over k of amplitudes[k] sin(2 pi (k + 1) t / period +
    /// phases[k]).
    ///
    /// > let f = signals::sines(200, #{ period: 100, amplitudes: [1.0, 0.5] });
    /// > [f.shape(), (f.slice(0, 0, 100) - f.slice(0, 100, 200)).abs().max().item() < 1e-6]
    /// = [[200, 1], true]
    fn sines(cx: &Context, steps: usize, options: CallOptions<(Sines, DtypeOptions)>) -> Tensor {
        signal_tensor(cx, "signals::sines", &options.1, [steps, 1], || options.0.signal(steps))
    }

    /// A trajectory of the Lorenz system, [t, 3].
    ///
    /// x' = sigma (y - x), y' = x (rho - z) - y, z' = x y - beta z.
    ///
    /// > let f = signals::lorenz(500);
    /// > [f.shape(), f.abs().max().item() < 50.0]
    /// = [[500, 3], true]
    fn lorenz(cx: &Context, steps: usize, options: CallOptions<(Lorenz, DtypeOptions)>) -> Tensor {
        signal_tensor(cx, "signals::lorenz", &options.1, [steps, 3], || options.0.signal(steps))
    }

    /// A cyclic sequence of random patterns of 1 and -1, each held for a number of steps,
    /// [t, channels].
    ///
    /// > let f = signals::patterns(100, #{ channels: 2, patterns: 2, hold: 10, seed: 1 });
    /// > [f.shape(), (f.slice(0, 0, 20) - f.slice(0, 20, 40)).abs().max().item()]
    /// = [[100, 2], 0.0]
    fn patterns(
        cx: &Context, steps: usize, options: CallOptions<(Patterns, DtypeOptions)>,
    ) -> Tensor {
        let shape = [steps, options.0.channels];
        let (of, patterns) = ("signals::patterns", &options.0);
        let sizes = [("patterns", patterns.patterns), ("channels", patterns.channels)];
        cx.check_option_memory(of, &sizes, &sizes.map(|(_, size)| size), DType::U8)?;
        cx.check_option_memory(of, &[("channels", shape[1])], &shape, DType::F64)?;
        signal_tensor(cx, of, &options.1, shape, || options.0.signal(steps))
    }
}

/// A signal as a tensor, after a memory check.
fn signal_tensor(
    cx: &Context,
    of: &'static str,
    options: &DtypeOptions,
    shape: [usize; 2],
    signal: impl FnOnce() -> Result<Vec<f64>>,
) -> Result<Tensor, Diagnostic> {
    cx.check_memory(of, &shape, DType::F64)?;
    Ok(convert::from_f64(signal()?, &shape, options.dtype.dtype())?)
}
