//! Options of `fixed_points::find`.

use crate::base::options::Span;
use crate::optim::{Adam, Optimizer, Schedule};
use crate::random::Seed;
use crate::tensor::Tensor;
use crate::{choices, options};

choices! {
    /// Search method.
    pub enum Method {
        /// Damped Newton's method with exact Jacobians.
        #[default]
        Newton = "newton",
        /// Gradient descent with Adam on the mean error of all candidates, as in the notebooks.
        Adam = "adam",
    }
}

options! {
    /// Options of `fixed_points::find`.
    pub struct FindOptions for "fixed_points::find" {
        /// Initial states, [c, s], for example the hidden states of a run, [b, t, s].
        candidates: Option<Tensor> = None;
        /// Number of candidates, drawn without replacement. Default: all candidates.
        count: Option<usize> = None, in Span::at_least(1.0);
        /// Number of additional candidates, interpolated at random between pairs of candidates:
        /// saddles often lie between the states that a network visits. Default: for `newton` the
        /// number of candidates, at most 1024; for `adam` 0.
        interpolated: Option<usize> = None;
        /// Standard deviation of the Gaussian noise added to the candidates.
        noise: f64 = 0.0, in Span::at_least(0.0);
        /// Constant input: [i] for all candidates, or [c, i] per candidate. Default: 0.
        input: Option<Tensor> = None;
        /// Search method.
        method: Method = Method::Newton;
        /// Tolerance: a candidate stops when its error, the mean over the state of (F - h)^2, is at
        /// most this value. Default: 1e-12 times the square of the largest |F| or |h| over the
        /// candidates, whichever is smaller, so that the result does not depend on the unit of the
        /// states; for states far from 0, of their deviations from the mean of the candidates. If
        /// set, slow points within the tolerance are retained.
        tolerance: Option<f64> = None, in Span::at_least(0.0);
        /// Continue `newton` to the limit of rounding, also along slow directions: approximate
        /// fixed points on a line then converge to the few exact ones. The parameters are taken as
        /// exact; without `polish`, those of an f32 network are known to the resolution of f32, and
        /// a line or ring that they do not resolve is one set.
        polish: bool = false;
        /// Maximum number of iterations per candidate: Jacobian evaluations for `newton` (default
        /// 200), updates for `adam` (default 10000).
        max_iters: Option<usize> = None;
        /// Optimizer of `adam`. The default learning rate and epsilon are those of the notebooks.
        optimizer: Optimizer = notebook_optimizer();
        /// Final states closer together than this distance are merged into the one with the lowest
        /// error. Default: final states are merged if their position bounds overlap; points with an
        /// undetermined position, as on a line of fixed points, are merged within a thousandth of
        /// the RMS distance of the candidates from their mean.
        unique_distance: Option<f64> = None, in Span::at_least(0.0);
        /// Points further from the mean of the candidates than this multiple of the RMS distance of
        /// the candidates from their mean are excluded. Default: no point is excluded.
        outlier_distance: Option<f64> = None, in Span::at_least(0.0);
        /// Retain all slow points: local minima of q above the tolerance, and final states within
        /// it that have no fixed point nearby. By default the latter are retained only if
        /// `tolerance` is set.
        keep_slow: bool = false;
        /// Seed of the random selection of candidates and of their noise.
        seed: Seed = Seed::default();
    }
}

/// The optimizer of the notebooks.
fn notebook_optimizer() -> Optimizer {
    Optimizer::Adam(Adam {
        lr: Schedule::Exponential {
            lr: 0.2,
            decay: 0.9999,
        },
        epsilon: 1e-5,
        ..Adam::default()
    })
}
