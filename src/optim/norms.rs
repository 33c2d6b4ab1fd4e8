//! The two sums over all parameters that a step requires.

use crate::tensor::Real;

/// Number of parallel partial sums: enough for the widest registers. A fixed number keeps the order
/// of the additions the same on every machine.
const PARTIAL_SUMS: usize = 16;

/// The result of [`norms()`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Norms {
    /// Sum of the squared parameters.
    pub param_squares: f64,
    /// Global norm of the gradient of loss + l2 * param_squares.
    pub gradient_norm: f64,
}

/// The sum of the squared parameters p, and the global norm |g + 2 l2 p| of the gradient including
/// the penalty. Accumulated in double precision, so that neither overflows in `f32`.
pub fn norms<T: Real>(params: &[T], gradient: &[T], l2: f64) -> Norms {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || sums(params, gradient, 2.0 * l2),
    )
}

/// The factor that reduces a gradient of norm `norm` to norm `clip`; 1 if `norm` is not larger.
pub fn clip_scale(norm: f64, clip: Option<f64>) -> f64 {
    match clip {
        Some(clip) if norm > clip => clip / norm,
        _ => 1.0,
    }
}

#[inline(always)]
fn sums<T: Real>(params: &[T], gradient: &[T], l2_gradient: f64) -> Norms {
    let mut squares = [0.0; PARTIAL_SUMS];
    let mut gradient_squares = [0.0; PARTIAL_SUMS];
    let mut add = |lane: usize, p: T, g: T| {
        let (p, g) = (p.double(), g.double());
        let g = g + l2_gradient * p;
        squares[lane] += p * p;
        gradient_squares[lane] += g * g;
    };
    let (ps, params_tail) = params.as_chunks::<PARTIAL_SUMS>();
    let (gs, gradient_tail) = gradient.as_chunks::<PARTIAL_SUMS>();
    for (p, g) in ps.iter().zip(gs) {
        for lane in 0..PARTIAL_SUMS {
            add(lane, p[lane], g[lane]);
        }
    }
    for (lane, (p, g)) in params_tail.iter().zip(gradient_tail).enumerate() {
        add(lane, *p, *g);
    }
    Norms {
        param_squares: squares.iter().sum(),
        gradient_norm: gradient_squares.iter().sum::<f64>().sqrt(),
    }
}
