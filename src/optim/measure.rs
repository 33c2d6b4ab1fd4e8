//! The two sums over all parameters that a step needs before it can be taken.

use crate::tensor::Real;

/// Partial sums kept side by side: enough for the widest registers, and the order of the
/// additions is the same on every machine.
const LANES: usize = 16;

/// What [`measure`] finds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// Sum of squares of all parameters.
    pub squares: f64,
    /// Global norm of the gradient of loss + l2 * squares.
    pub norm: f64,
}

/// The sum of squares of the parameters p, and the global norm |g + 2 l2 p| of the gradient that
/// the penalty has joined. Summed in double precision, so that neither overflows in `f32`.
pub fn measure<T: Real>(params: &[T], gradient: &[T], l2: f64) -> Measure {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || sums(params, gradient, 2.0 * l2),
    )
}

/// The factor that brings a gradient of norm `norm` down to `clip`; 1 if it is not above.
pub fn clip_scale(norm: f64, clip: Option<f64>) -> f64 {
    match clip {
        Some(clip) if norm > clip => clip / norm,
        _ => 1.0,
    }
}

#[inline(always)]
fn sums<T: Real>(params: &[T], gradient: &[T], decay: f64) -> Measure {
    let mut squares = [0.0; LANES];
    let mut norms = [0.0; LANES];
    let mut add = |lane: usize, p: T, g: T| {
        let (p, g) = (p.double(), g.double());
        let g = g + decay * p;
        squares[lane] += p * p;
        norms[lane] += g * g;
    };
    let (ps, ps_rest) = params.as_chunks::<LANES>();
    let (gs, gs_rest) = gradient.as_chunks::<LANES>();
    for (p, g) in ps.iter().zip(gs) {
        for lane in 0..LANES {
            add(lane, p[lane], g[lane]);
        }
    }
    for (lane, (p, g)) in ps_rest.iter().zip(gs_rest).enumerate() {
        add(lane, *p, *g);
    }
    Measure {
        squares: squares.iter().sum(),
        norm: norms.iter().sum::<f64>().sqrt(),
    }
}
