//! Options of `fixed_points::find`.

use crate::base::options::{REQUIRED, Span};
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
        candidates: Option<Tensor> = None, default REQUIRED;
        /// Number of candidates, drawn without replacement.
        count: Option<usize> = None, default "all candidates", in Span::at_least(1.0);
        /// Number of additional candidates, interpolated at random between pairs of candidates:
        /// saddles often lie between the states that a network visits.
        interpolated: Option<usize> = None,
            default "the number of candidates, at most 1024, for newton; 0 for adam";
        /// Standard deviation of the Gaussian noise added to the candidates.
        noise: f64 = 0.0, in Span::at_least(0.0);
        /// Constant input: [i] for all candidates, or [c, i] per candidate.
        input: Option<Tensor> = None, default "zeros";
        /// Search method.
        method: Method = Method::Newton;
        /// Tolerance, in squared units of the state: the search of a candidate ends when its error
        /// is at most this value. The error is the mean of (F - h)^2 over the s state variables,
        /// 2 q / s = speed^2 / s. In the default the scale is the smaller of two values: the
        /// largest |h| and the largest |F| of all candidates, both without their mean if the
        /// states are far from 0. With an explicit tolerance, slow points with an error within it
        /// are retained, as with `keep_slow`; by default they are excluded.
        tolerance: Option<f64> = None,
            default "1e-12 times the squared scale of the states", in Span::at_least(0.0);
        /// Continue `newton` to the limit of rounding, also along slow directions: approximate
        /// fixed points on a line then converge to the few exact ones. The parameters are taken as
        /// exact; without `polish`, those of an f32 network are known to the resolution of f32, and
        /// a line or ring that they do not resolve is one set.
        polish: bool = false;
        /// Maximum number of iterations per candidate: Jacobian evaluations for `newton`, updates
        /// for `adam`.
        max_iters: Option<usize> = None, default "200 for newton, 10000 for adam";
        /// Optimizer of `adam`. The default learning rate and epsilon are those of the notebooks.
        optimizer: Optimizer = notebook_optimizer();
        /// Final states closer together than this distance are merged into the one with the lowest
        /// error. By default, final states are merged if their position bounds overlap; points with
        /// an infinite bound, as on a line of fixed points, are merged within a thousandth of the
        /// RMS distance of the candidates from their mean.
        unique_distance: Option<f64> = None,
            default "from the position bounds of the points", in Span::at_least(0.0);
        /// Points further from the mean of the candidates than this multiple of the RMS distance of
        /// the candidates from their mean are excluded.
        outlier_distance: Option<f64> = None, default "no limit", in Span::at_least(0.0);
        /// Retain all slow points: local minima of q = 1/2 |F - h|^2 with an error above the
        /// tolerance, and final states with an error within it that have no fixed point nearby. By
        /// default the former are excluded, and the latter unless `tolerance` is set.
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
