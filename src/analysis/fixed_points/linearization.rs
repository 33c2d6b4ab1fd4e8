//! Linearization of a network at its fixed points: Jacobians and their modes.
//!
//! ```text
//! F(h* + d, x) = h* + J d
//! J r_k = lambda_k r_k      l_k J = lambda_k l_k      l_j . r_k = 1 if j = k, else 0
//! ```
//!
//! A mode with |lambda| > 1 grows and one with |lambda| < 1 decays. It alternates in sign at every
//! step if lambda is real and negative, and oscillates if lambda is complex.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSlice;

use super::candidates::squared_distance;
use super::points::Points;
use crate::base::Result;
use crate::nn::StepMap;
use crate::tensor::{Device, Tensor, convert, linear};

/// Number of neighbouring points that determine the tangent of a line.
const NEIGHBOURS: usize = 16;

/// A complex number, [re, im].
pub type Complex = [f64; 2];

/// The Jacobians at one point, and the modes of the Jacobian with respect to the state.
#[derive(Debug, Clone)]
pub struct Linearization {
    /// dF/dh, [s, s] row-major.
    pub jacobian: Vec<f64>,
    /// dF/dx, [s, i] row-major.
    pub input_jacobian: Vec<f64>,
    /// Eigenvalues by decreasing modulus; in a conjugate pair, the one with the positive imaginary
    /// part first.
    pub eigenvalues: Vec<Complex>,
    /// Right eigenvectors of length 1, [mode][unit]; empty if the matrix has fewer eigenvectors
    /// than modes.
    pub right: Vec<Complex>,
    /// Left eigenvectors with l . r = 1, [mode][unit]; empty in the same case.
    pub left: Vec<Complex>,
    /// The largest norm of a left eigenvector: the factor by which a change of J can be amplified
    /// in the eigenvalues. Infinite if eigenvectors are missing.
    pub condition: f64,
    /// Whether eigenvectors are missing or coincide to rounding.
    pub defective: bool,
    /// Whether eigenvalues are equal to rounding, in which case their eigenvectors are not unique.
    pub repeated: bool,
    /// The margin of each mode: the largest distance of |lambda| from 1 at which the mode counts as
    /// marginal; see `margins.rs`.
    pub margins: Vec<f64>,
}

/// Whether a mode grows or decays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    Growing,
    Decaying,
    /// |lambda| is 1 within the margin.
    Marginal,
}

/// The kind of motion along a mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModeKind {
    Monotonic,
    /// lambda is real and negative: the sign alternates at every step.
    Alternating,
    /// lambda is complex.
    Oscillatory,
}

impl Linearization {
    /// The mode whose eigenvalue is nearest to 1.
    pub fn slowest(&self) -> usize {
        let distance = |value: &Complex| (value[0] - 1.0).hypot(value[1]);
        let all = self.eigenvalues.iter().enumerate();
        let nearest = all.min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)));
        nearest.map_or(0, |(at, _)| at)
    }

    /// Whether a mode grows. It is marginal if |lambda| differs from 1 by at most `marginal`, or by
    /// at most its own margin if `marginal` is None.
    pub fn growth(&self, mode: usize, marginal: impl Into<Option<f64>>) -> Growth {
        let marginal = marginal.into().unwrap_or(self.margins[mode]);
        growth(self.eigenvalues[mode], marginal)
    }

    /// Indices of the growing modes.
    pub fn growing(&self, marginal: impl Into<Option<f64>>) -> Vec<usize> {
        let marginal = marginal.into();
        let grows = |at: &usize| self.growth(*at, marginal) == Growth::Growing;
        (0..self.eigenvalues.len()).filter(grows).collect()
    }

    /// The stability class of the point: stable, marginal, saddle or unstable.
    pub fn class(&self, marginal: impl Into<Option<f64>>) -> &'static str {
        let marginal = marginal.into();
        let count = |what| {
            let all = 0..self.eigenvalues.len();
            all.filter(|at| self.growth(*at, marginal) == what).count()
        };
        match (count(Growth::Growing), count(Growth::Marginal)) {
            (0, 0) => "stable",
            (0, _) => "marginal",
            (grow, _) if grow == self.eigenvalues.len() => "unstable",
            _ => "saddle",
        }
    }
}

/// Whether a mode grows. It is marginal if |lambda| differs from 1 by at most `marginal`.
pub fn growth(value: Complex, marginal: f64) -> Growth {
    let excess = modulus(value) - 1.0;
    match excess.abs() <= marginal {
        true => Growth::Marginal,
        false if excess > 0.0 => Growth::Growing,
        false => Growth::Decaying,
    }
}

/// The kind of motion along a mode.
pub fn mode_kind([re, im]: Complex) -> ModeKind {
    match (im == 0.0, re < 0.0) {
        (true, false) => ModeKind::Monotonic,
        (true, true) => ModeKind::Alternating,
        (false, _) => ModeKind::Oscillatory,
    }
}

/// The time in which a mode grows or decays by a factor of e, for steps of length `dt`: dt / |ln
/// |lambda||.
pub fn time_constant(value: Complex, dt: f64) -> f64 {
    dt / modulus(value).ln().abs()
}

/// The period of oscillation, 2 pi dt / |arg lambda|; infinite for a real positive eigenvalue.
pub fn period([re, im]: Complex, dt: f64) -> f64 {
    std::f64::consts::TAU * dt / im.atan2(re).abs()
}

pub fn modulus([re, im]: Complex) -> f64 {
    re.hypot(im)
}

/// The Jacobians and modes of all points.
///
/// Errors: those of the step map; `NotFinite` for a Jacobian that is not finite
pub fn linearize(step_map: &mut dyn StepMap<f64>, points: &Points) -> Result<Vec<Linearization>> {
    let (k, s, i) = (points.points.len(), points.state, points.inputs);
    if k == 0 {
        return Ok(Vec::new());
    }
    let mut jacobian = vec![0.0; k * s * s];
    let mut input_jacobian = vec![0.0; k * s * i];
    let (h, x) = (points.states(), points.all_inputs());
    step_map.jacobians([&h, &x], Some(&mut jacobian), Some(&mut input_jacobian))?;
    let input_jacobian: Vec<&[f64]> = (0..k)
        .map(|at| &input_jacobian[at * s * i..][..s * i])
        .collect();
    let one = |(j, input_jacobian): (&[f64], &[f64])| modes(j, input_jacobian, s);
    jacobian
        .par_chunks(s * s)
        .zip(input_jacobian)
        .map(one)
        .collect()
}

fn modes(jacobian: &[f64], input_jacobian: &[f64], s: usize) -> Result<Linearization> {
    let j = Tensor::from_slice(jacobian, (s, s), &Device::Cpu)?;
    let complex = |(re, im): (Tensor, Tensor)| -> Result<Vec<Complex>> {
        let (re, im) = (convert::to_f64(&re)?, convert::to_f64(&im)?);
        Ok(re.into_iter().zip(im).map(|(re, im)| [re, im]).collect())
    };
    let eigen = linear::eigen(&j)?;
    let one = |of: &Tensor| -> Result<f64> { Ok(of.to_scalar::<f64>()?) };
    let condition = one(&eigen.condition)?;
    let transposed = |(re, im): (Tensor, Tensor)| -> Result<(Tensor, Tensor)> {
        Ok((re.t()?.contiguous()?, im.t()?.contiguous()?))
    };
    let (right, left) = match condition.is_finite() {
        true => (complex(transposed(eigen.right)?)?, complex(eigen.left)?),
        false => (Vec::new(), Vec::new()),
    };
    let flag = |of: &Tensor| -> Result<bool> { Ok(one(of)? == 1.0) };
    Ok(Linearization {
        jacobian: jacobian.to_vec(),
        input_jacobian: input_jacobian.to_vec(),
        eigenvalues: complex((eigen.re, eigen.im))?,
        right,
        left,
        condition,
        defective: flag(&eigen.defective)?,
        repeated: flag(&eigen.repeated)?,
        margins: vec![0.0; s],
    })
}

/// The alignment of the slowest mode of each point with the line formed by the points: the absolute
/// cosine between its right eigenvector (real part) and the tangent, the direction of largest
/// variation of the nearest points. Near 1 along a line attractor. NaN for fewer than 3 points and
/// if eigenvectors are missing.
pub fn line_alignment(points: &Points, linear: &[Linearization]) -> Result<Vec<f64>> {
    let all = points.points.iter().zip(linear).enumerate();
    let one = |(at, (_, linear)): (usize, (_, &Linearization))| {
        let s = points.state;
        if linear.right.is_empty() {
            return Ok(f64::NAN);
        }
        let Some(tangent) = tangent(points, at)? else {
            return Ok(f64::NAN);
        };
        let mode = &linear.right[linear.slowest() * s..][..s];
        let real: Vec<f64> = mode.iter().map(|[re, _]| *re).collect();
        let dot: f64 = real.iter().zip(&tangent).map(|(a, b)| a * b).sum();
        let size = real.iter().map(|x| x * x).sum::<f64>().sqrt();
        Ok((dot / size).abs())
    };
    all.map(one).collect()
}

/// The unit tangent of the points around one of them: the first right singular vector of their
/// differences from it.
fn tangent(points: &Points, at: usize) -> Result<Option<Vec<f64>>> {
    let (here, s) = (&points.points[at].state, points.state);
    let others = (0..points.points.len()).filter(|other| *other != at);
    let mut near: Vec<(f64, usize)> = others
        .map(|other| (squared_distance(&points.points[other].state, here), other))
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    near.truncate(NEIGHBOURS);
    if near.len() < 2 {
        return Ok(None);
    }
    let rows = near.iter().flat_map(|(_, other)| {
        let other = &points.points[*other].state;
        other.iter().zip(here).map(|(a, b)| a - b)
    });
    let rows = Tensor::from_vec(rows.collect::<Vec<f64>>(), (near.len(), s), &Device::Cpu)?;
    let (_, _, v) = linear::svd(&rows)?;
    Ok(Some(convert::to_f64(&v.narrow(1, 0, 1)?)?))
}

/// The relative error of the linear prediction near each point: the mean over `directions` [m, s]
/// of |F(h* + d) - F(h*) - J d| / |F(h* + d) - F(h*)|.
///
/// Errors: those of the step map
pub fn linear_error(
    step_map: &mut dyn StepMap<f64>,
    points: &Points,
    linear: &[Linearization],
    directions: &[f64],
) -> Result<Vec<f64>> {
    let (s, m) = (points.state, directions.len() / points.state);
    let mut errors = Vec::with_capacity(linear.len());
    for (point, linear) in points.points.iter().zip(linear) {
        let displaced = directions.chunks_exact(s);
        let displaced = displaced.flat_map(|d| d.iter().zip(&point.state).map(|(d, h)| d + h));
        let h: Vec<f64> = point.state.iter().copied().chain(displaced).collect();
        let mut next = vec![0.0; h.len()];
        step_map.step(&h, &point.input.repeat(m + 1), &mut next)?;
        let (base, next) = next.split_at(s);
        let one = |(d, next): (&[f64], &[f64])| {
            let (mut residual, mut all) = (0.0, 0.0);
            for (r, row) in linear.jacobian.chunks_exact(s).enumerate() {
                let predicted: f64 = row.iter().zip(d).map(|(j, d)| j * d).sum();
                let change = next[r] - base[r];
                residual += (change - predicted) * (change - predicted);
                all += change * change;
            }
            (residual / all).sqrt()
        };
        let each = directions
            .chunks_exact(s)
            .zip(next.chunks_exact(s))
            .map(one);
        errors.push(each.sum::<f64>() / m as f64);
    }
    Ok(errors)
}
