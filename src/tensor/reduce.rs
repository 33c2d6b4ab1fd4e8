//! Sums and their kin along axes. No axes means over all numbers; whole numbers stay whole in
//! `sum` and `prod` and become f32 elsewhere.

use super::joined::{real, with_gradient};
use super::order;
use super::{DType, Tensor, shape, total, values};
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
    let t = t.to_dtype(DType::I64)?;
    let (axes, count) = along.resolve("sum", &t)?;
    if axes.is_empty() {
        return Ok(t);
    }
    if count == 0 {
        let (_, shape) = along.gathered("sum", &t)?;
        return Ok(Tensor::zeros(shape, t.dtype(), t.device())?);
    }
    Ok(if along.keep {
        t.sum_keepdim(axes)?
    } else {
        t.sum(axes)?
    })
}

/// The mean.
///
/// Errors: `Algebra` of no numbers
pub fn mean(t: &Tensor, along: &Along) -> Result<Tensor> {
    let t = real(t)?;
    let (_, count) = along.resolve("mean", &t)?;
    some("mean", count)?;
    Ok((sum(&t, along)? / count as f64)?)
}

/// The mean squared distance from the mean; `less` is taken from the count (1: unbiased).
pub fn variance(t: &Tensor, along: &Along, less: usize) -> Result<Tensor> {
    let t = real(t)?;
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
    Ok((sum(&squares, along)? / (count - less) as f64)?)
}

/// The Euclidean length.
pub fn norm(t: &Tensor, along: &Along) -> Result<Tensor> {
    let t = real(t)?;
    let length = sum(&t.sqr()?, along)?.sqrt()?;
    Ok(length)
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
    let (joined, shape) = along.gathered("prod", t)?;
    let n = joined.dims()[joined.rank() - 1];
    let numbers = values::doubles(&joined)?;
    let rows = numbers.len() / n.max(1);
    let rows = if n == 0 { shape.iter().product() } else { rows };
    let products = (0..rows).map(|row| numbers[row * n..(row + 1) * n].iter().product());
    let dtype = if t.dtype().is_float() {
        t.dtype()
    } else {
        DType::I64
    };
    let value = values::of(products.collect(), &shape, dtype)?;
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
    let dtype = if t.dtype().is_float() {
        t.dtype()
    } else {
        DType::I64
    };
    let shape = t.dims().to_vec();
    let value = values::of(
        running(values::doubles(t)?, &shape, axis, false),
        &shape,
        dtype,
    )?;
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
