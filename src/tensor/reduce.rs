//! Sums and their kin along axes. No axes means over all numbers. Integers stay integers in `sum`
//! and `prod`; elsewhere those of 64 bits become f64, smaller ones f32.

use super::joined::{real, with_gradient};
use super::order;
use super::{DType, Tensor, integers, shape, total, values};
use crate::base::{Error, Result};

/// Along which axes, and whether they stay as axes of size 1.
#[derive(Debug, Clone, Default)]
pub struct Along {
    /// All, if none are named.
    pub axes: Option<Vec<i64>>,
    pub keep: bool,
}

impl Along {
    /// The axes from 0, and how many numbers meet in one.
    fn resolve(&self, op: &'static str, t: &Tensor) -> Result<(Vec<usize>, usize)> {
        let axes = match &self.axes {
            Some(axes) => shape::axes(op, axes, t.rank())?,
            None => (0..t.rank()).collect(),
        };
        let count = axes.iter().map(|&axis| t.dims()[axis]).product();
        Ok((axes, count))
    }

    /// `t` with the axes in question joined into one last axis, and the shape of the result.
    fn gathered(&self, op: &'static str, t: &Tensor) -> Result<(Tensor, Vec<usize>)> {
        let (axes, count) = self.resolve(op, t)?;
        let rest: Vec<usize> = (0..t.rank()).filter(|axis| !axes.contains(axis)).collect();
        let lead: Vec<usize> = rest.iter().map(|&axis| t.dims()[axis]).collect();
        let order: Vec<usize> = rest.iter().chain(&axes).copied().collect();
        let joined = [lead.clone(), vec![count]].concat();
        let permuted = if order.is_empty() {
            t.clone()
        } else {
            t.permute(order)?
        };
        let shape = if self.keep {
            let kept = t.dims().iter().enumerate();
            kept.map(|(axis, &n)| if axes.contains(&axis) { 1 } else { n })
                .collect()
        } else {
            lead
        };
        Ok((permuted.contiguous()?.reshape(joined)?, shape))
    }
}

/// The sum; 0 of none. Floats are added up in double precision and rounded once.
pub fn sum(t: &Tensor, along: &Along) -> Result<Tensor> {
    if t.dtype().is_float() {
        let (joined, shape) = along.gathered("sum", t)?;
        return Ok(total::rows(&joined)?.reshape(shape)?);
    }
    integers::fold("sum", &along.gathered("sum", t)?, 0, i64::checked_add)
}

/// The mean.
///
/// Errors: `Algebra` of no numbers
pub fn mean(t: &Tensor, along: &Along) -> Result<Tensor> {
    let (_, count) = along.resolve("mean", t)?;
    some("mean", count)?;
    if t.dtype() == DType::I64 {
        return integers::mean(&along.gathered("mean", t)?);
    }
    quotient("mean", &real(t)?, along, count)
}

/// The sum of floats divided by `divisor`, rounded once.
fn quotient(op: &'static str, t: &Tensor, along: &Along, divisor: usize) -> Result<Tensor> {
    let (joined, shape) = along.gathered(op, t)?;
    Ok(total::part(&joined, divisor as f64)?.reshape(shape)?)
}

/// The mean squared distance from the mean; `less` is taken from the count (1: unbiased).
pub fn variance(t: &Tensor, along: &Along, less: usize) -> Result<Tensor> {
    let t = double_integers(t)?;
    let (_, count) = along.resolve("var", &t)?;
    if count <= less {
        let fact = "there are too few numbers for a variance";
        return Err(Error::Algebra { op: "var", fact });
    }
    let centre = mean(
        &t,
        &Along {
            keep: true,
            ..along.clone()
        },
    )?;
    let squares = t.broadcast_sub(&centre)?.sqr()?;
    quotient("var", &squares, along, count - less)
}

/// The Euclidean length; its gradient is 0 where it is 0.
pub fn norm(t: &Tensor, along: &Along) -> Result<Tensor> {
    let t = double_integers(t)?;
    let (joined, shape) = along.gathered("norm", &t)?;
    let wide = joined.detach().to_dtype(DType::F64)?;
    let lengths = total::rows(&wide.sqr()?)?.sqrt()?.reshape(shape)?;
    let value = lengths.to_dtype(t.dtype())?;
    let lengths = values::doubles(&lengths)?;
    with_gradient("norm", &joined, value, move |grad| {
        let slope = |(grad, length): (f64, &f64)| if *length == 0.0 { 0.0 } else { grad / length };
        let slopes = values::doubles(grad)?.into_iter().zip(&lengths).map(slope);
        let slopes = values::of(slopes.collect(), &[lengths.len(), 1], DType::F64)?;
        let rows = wide.reshape((lengths.len(), ()))?;
        Ok(rows.broadcast_mul(&slopes)?.reshape(wide.shape())?)
    })
}

/// Integers of 64 bits as f64, the rest as [`real`].
fn double_integers(t: &Tensor) -> Result<Tensor> {
    match t.dtype() {
        DType::I64 => Ok(t.to_dtype(DType::F64)?),
        _ => real(t),
    }
}

/// The largest (or, if `least`, the smallest) number; NaN if there is one. Of equal numbers the
/// first one has the gradient.
pub fn extreme(op: &'static str, t: &Tensor, along: &Along, least: bool) -> Result<Tensor> {
    let (joined, shape) = along.gathered(op, t)?;
    let at = order::extreme_index(op, &joined, least)?;
    let last = joined.rank() - 1;
    let found = joined.gather(&at.unsqueeze(last)?.to_dtype(DType::U32)?, last)?;
    Ok(found.reshape(shape)?)
}

/// Where the largest (or smallest) number is: along one axis, or in the flattened array.
pub fn extreme_at(op: &'static str, t: &Tensor, along: &Along, least: bool) -> Result<Tensor> {
    let (joined, shape) = along.gathered(op, t)?;
    Ok(order::extreme_index(op, &joined, least)?.reshape(shape)?)
}

/// The product; 1 of none.
pub fn product(t: &Tensor, along: &Along) -> Result<Tensor> {
    if !t.dtype().is_float() {
        return integers::fold("prod", &along.gathered("prod", t)?, 1, i64::checked_mul);
    }
    let (joined, shape) = along.gathered("prod", t)?;
    let n = joined.dims()[joined.rank() - 1];
    let numbers = values::doubles(&joined)?;
    let rows = numbers.len() / n.max(1);
    let rows = if n == 0 { shape.iter().product() } else { rows };
    let products = (0..rows).map(|row| numbers[row * n..(row + 1) * n].iter().product());
    let value = values::of(products.collect(), &shape, t.dtype())?;
    let full = joined.dims().to_vec();
    with_gradient("prod", &joined, value, move |grad| {
        let grad = values::doubles(grad)?;
        let slopes = numbers
            .chunks(n)
            .zip(grad)
            .flat_map(|(row, g)| others(row, g));
        values::of(slopes.collect(), &full, DType::F64)
    })
}

/// For each number, the product of all others times `scale`: no division, so zeros are right.
fn others(row: &[f64], scale: f64) -> Vec<f64> {
    let mut products = vec![scale; row.len()];
    let (mut before, mut after) = (1.0, 1.0);
    for i in 0..row.len() {
        let j = row.len() - 1 - i;
        products[i] *= before;
        products[j] *= after;
        before *= row[i];
        after *= row[j];
    }
    products
}

/// Running sums along `axis`, in linear time and with their gradient.
pub fn cumsum(t: &Tensor, axis: i64) -> Result<Tensor> {
    let axis = shape::axis("cumsum", axis, t.rank())?;
    let shape = t.dims().to_vec();
    if !t.dtype().is_float() {
        return integers::cumsum(t, axis);
    }
    let sums = running(values::doubles(t)?, &shape, axis, false);
    let value = values::of(sums, &shape, t.dtype())?;
    with_gradient("cumsum", t, value, move |grad| {
        let sums = running(values::doubles(grad)?, &shape, axis, true);
        values::of(sums, &shape, DType::F64)
    })
}

/// Running sums along `axis`, from the end if `reversed`.
fn running(mut x: Vec<f64>, shape: &[usize], axis: usize, reversed: bool) -> Vec<f64> {
    let (n, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    if n * inner == 0 {
        return x;
    }
    for block in x.chunks_mut(n * inner) {
        for step in 1..n {
            for i in 0..inner {
                let (from, to) = if reversed {
                    ((n - step) * inner + i, (n - 1 - step) * inner + i)
                } else {
                    ((step - 1) * inner + i, step * inner + i)
                };
                block[to] += block[from];
            }
        }
    }
    x
}

pub(super) fn some(op: &'static str, count: usize) -> Result<()> {
    if count == 0 {
        let fact = "there are no numbers";
        return Err(Error::Algebra { op, fact });
    }
    Ok(())
}
