//! What a network does near its fixed points: the Jacobians there and their modes.
//!
//! ```text
//! F(h* + d, x) = h* + J d
//! J r_k = lambda_k r_k      l_k J = lambda_k l_k      l_j . r_k = 1 if j = k, else 0
//! ```
//!
//! A mode with |lambda| > 1 grows, one below decays; it flips its sign in every step where lambda
//! is real and negative, and spirals where lambda is not real.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSlice;

use super::points::Points;
use super::search::squared_distance;
use crate::base::Result;
use crate::nn::Flow;
use crate::tensor::{Device, Tensor, linear, values};

/// Points around one that say along which line it lies.
const NEIGHBOURS: usize = 16;

/// One complex number.
pub type Complex = [f64; 2];

/// The Jacobians at one point, and the modes of the one by the state.
#[derive(Debug, Clone)]
pub struct Linear {
    /// dF/dh, [s, s] row-major.
    pub by_state: Vec<f64>,
    /// dF/dx, [s, i] row-major.
    pub by_input: Vec<f64>,
    /// By decreasing modulus; of a pair, the one with the positive imaginary part first.
    pub values: Vec<Complex>,
    /// Right eigenvectors of length 1, [mode][unit]; empty where there are fewer than modes.
    pub right: Vec<Complex>,
    /// Left eigenvectors with l . r = 1, [mode][unit]; empty likewise.
    pub left: Vec<Complex>,
    /// The largest length of a left eigenvector: how much more than a change of J the eigenvalues
    /// may change. Infinite where eigenvectors are missing.
    pub condition: f64,
    /// Whether eigenvectors are missing, or coincide as far as rounding lets one tell.
    pub defective: bool,
    /// Whether eigenvalues are equal as far as rounding lets one tell: the eigenvectors of these
    /// are one choice of many.
    pub repeated: bool,
    /// How far |lambda| may be from 1 in a marginal mode, of each mode; see `margins.rs`.
    pub margins: Vec<f64>,
}

/// Whether a mode grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    Growing,
    Decaying,
    /// |lambda| is 1 within what was asked for.
    Marginal,
}

/// How a mode goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Straight,
    /// lambda is real and negative: the sign changes in every step.
    Flipping,
    /// lambda is not real.
    Spiralling,
}

impl Linear {
    /// The mode whose eigenvalue is nearest to 1.
    pub fn slowest(&self) -> usize {
        let far = |value: &Complex| (value[0] - 1.0).hypot(value[1]);
        let all = self.values.iter().enumerate();
        let nearest = all.min_by(|a, b| far(a.1).total_cmp(&far(b.1)));
        nearest.map_or(0, |(at, _)| at)
    }

    /// Whether a mode grows; it is marginal where |lambda| is no further from 1 than `marginal`, or
    /// without it than its own margin.
    pub fn growth(&self, mode: usize, marginal: impl Into<Option<f64>>) -> Growth {
        let marginal = marginal.into().unwrap_or(self.margins[mode]);
        growth(self.values[mode], marginal)
    }

    /// The modes that grow.
    pub fn growing(&self, marginal: impl Into<Option<f64>>) -> Vec<usize> {
        let marginal = marginal.into();
        let grows = |at: &usize| self.growth(*at, marginal) == Growth::Growing;
        (0..self.values.len()).filter(grows).collect()
    }

    /// One word for the point: stable, marginal, saddle or unstable.
    pub fn class(&self, marginal: impl Into<Option<f64>>) -> &'static str {
        let marginal = marginal.into();
        let count = |what| {
            let all = 0..self.values.len();
            all.filter(|at| self.growth(*at, marginal) == what).count()
        };
        match (count(Growth::Growing), count(Growth::Marginal)) {
            (0, 0) => "stable",
            (0, _) => "marginal",
            (grow, _) if grow == self.values.len() => "unstable",
            _ => "saddle",
        }
    }
}

/// Whether a mode grows; it is marginal where |lambda| is no further than `marginal` from 1.
pub fn growth(value: Complex, marginal: f64) -> Growth {
    let beyond = modulus(value) - 1.0;
    match beyond.abs() <= marginal {
        true => Growth::Marginal,
        false if beyond > 0.0 => Growth::Growing,
        false => Growth::Decaying,
    }
}

/// How a mode goes.
pub fn manner([re, im]: Complex) -> Manner {
    match (im == 0.0, re < 0.0) {
        (true, false) => Manner::Straight,
        (true, true) => Manner::Flipping,
        (false, _) => Manner::Spiralling,
    }
}

/// The time in which a mode grows or shrinks by e, steps taking `dt`: dt / |ln |lambda||.
pub fn time_constant(value: Complex, dt: f64) -> f64 {
    dt / modulus(value).ln().abs()
}

/// The time of one turn: 2 pi dt / |arg lambda|; infinite for a mode that goes straight.
pub fn period([re, im]: Complex, dt: f64) -> f64 {
    std::f64::consts::TAU * dt / im.atan2(re).abs()
}

pub fn modulus([re, im]: Complex) -> f64 {
    re.hypot(im)
}

/// The Jacobians and modes of all points.
///
/// Errors: those of the flow; `NotFinite` for a Jacobian that is not
pub fn linearise(flow: &mut dyn Flow<f64>, points: &Points) -> Result<Vec<Linear>> {
    let (k, s, i) = (points.points.len(), points.state, points.inputs);
    if k == 0 {
        return Ok(Vec::new());
    }
    let mut by_state = vec![0.0; k * s * s];
    let mut by_input = vec![0.0; k * s * i];
    let (h, x) = (points.states(), points.all_inputs());
    flow.jacobians([&h, &x], Some(&mut by_state), Some(&mut by_input))?;
    let by_input: Vec<&[f64]> = (0..k).map(|at| &by_input[at * s * i..][..s * i]).collect();
    let one = |(j, by_input): (&[f64], &[f64])| modes(j, by_input, s);
    by_state.par_chunks(s * s).zip(by_input).map(one).collect()
}

fn modes(by_state: &[f64], by_input: &[f64], s: usize) -> Result<Linear> {
    let j = Tensor::from_slice(by_state, (s, s), &Device::Cpu)?;
    let complex = |(re, im): (Tensor, Tensor)| -> Result<Vec<Complex>> {
        let (re, im) = (values::doubles(&re)?, values::doubles(&im)?);
        Ok(re.into_iter().zip(im).map(|(re, im)| [re, im]).collect())
    };
    let found = linear::eigen(&j)?;
    let one = |of: &Tensor| -> Result<f64> { Ok(of.to_scalar::<f64>()?) };
    let condition = one(&found.condition)?;
    let turned = |(re, im): (Tensor, Tensor)| -> Result<(Tensor, Tensor)> {
        Ok((re.t()?.contiguous()?, im.t()?.contiguous()?))
    };
    let (right, left) = match condition.is_finite() {
        true => (complex(turned(found.right)?)?, complex(found.left)?),
        false => (Vec::new(), Vec::new()),
    };
    let flag = |of: &Tensor| -> Result<bool> { Ok(one(of)? == 1.0) };
    Ok(Linear {
        by_state: by_state.to_vec(),
        by_input: by_input.to_vec(),
        values: complex((found.re, found.im))?,
        right,
        left,
        condition,
        defective: flag(&found.defective)?,
        repeated: flag(&found.repeated)?,
        margins: vec![0.0; s],
    })
}

/// How closely the slowest mode of each point follows the line on which the points lie: the cosine
/// between its right eigenvector (its real part) and the tangent there, the direction along which
/// the nearest points differ most. Near 1 all along a line attractor. NaN for fewer than 3 points
/// and where eigenvectors are missing.
pub fn along_the_line(points: &Points, linear: &[Linear]) -> Result<Vec<f64>> {
    let all = points.points.iter().zip(linear).enumerate();
    let one = |(at, (_, linear)): (usize, (_, &Linear))| {
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

/// The direction in which the points around one lie, of length 1: the first right singular vector
/// of their differences from it.
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
    Ok(Some(values::doubles(&v.narrow(1, 0, 1)?)?))
}

/// How well the Jacobians foretell a step from near each point: the mean over `directions` [m, s]
/// of |F(h* + d) - F(h*) - J d| / |F(h* + d) - F(h*)|.
///
/// Errors: those of the flow
pub fn linear_error(
    flow: &mut dyn Flow<f64>,
    points: &Points,
    linear: &[Linear],
    directions: &[f64],
) -> Result<Vec<f64>> {
    let (s, m) = (points.state, directions.len() / points.state);
    let mut errors = Vec::with_capacity(linear.len());
    for (point, linear) in points.points.iter().zip(linear) {
        let moved = directions.chunks_exact(s);
        let moved = moved.flat_map(|d| d.iter().zip(&point.state).map(|(d, h)| d + h));
        let h: Vec<f64> = point.state.iter().copied().chain(moved).collect();
        let mut next = vec![0.0; h.len()];
        flow.step(&h, &point.input.repeat(m + 1), &mut next)?;
        let (base, next) = next.split_at(s);
        let one = |(d, next): (&[f64], &[f64])| {
            let (mut wrong, mut all) = (0.0, 0.0);
            for (r, row) in linear.by_state.chunks_exact(s).enumerate() {
                let foretold: f64 = row.iter().zip(d).map(|(j, d)| j * d).sum();
                let change = next[r] - base[r];
                wrong += (change - foretold) * (change - foretold);
                all += change * change;
            }
            (wrong / all).sqrt()
        };
        let each = directions
            .chunks_exact(s)
            .zip(next.chunks_exact(s))
            .map(one);
        errors.push(each.sum::<f64>() / m as f64);
    }
    Ok(errors)
}
