//! Reductions along axes; over all elements if no axes are specified. Integers stay integers in
//! `sum` and `prod`; in other reductions i64 becomes f64, and smaller integers become f32.

use super::custom_op::{to_float, with_gradient};
use super::sort;
use super::{DType, Tensor, convert, integers, shape, sum};
use crate::base::{Error, Result};

/// The axes of a reduction, and whether they remain as axes of size 1.
#[derive(Debug, Clone, Default)]
pub struct Reduction {
    /// `None` means all axes.
    pub axes: Option<Vec<i64>>,
    pub keepdims: bool,
}

impl Reduction {
    /// The axes counted from 0, and the number of elements per reduction.
    fn resolve(&self, op: &'static str, t: &Tensor) -> Result<(Vec<usize>, usize)> {
        let axes = match &self.axes {
            Some(axes) => shape::axes(op, axes, t.rank())?,
            None => (0..t.rank()).collect(),
        };
        let count = axes.iter().map(|&axis| t.dims()[axis]).product();
        Ok((axes, count))
    }

    /// `t` with the reduced axes merged into one last axis, and the shape of the result.
    fn gather_axes(&self, op: &'static str, t: &Tensor) -> Result<(Tensor, Vec<usize>)> {
        let (axes, count) = self.resolve(op, t)?;
        let kept_axes: Vec<usize> = (0..t.rank()).filter(|axis| !axes.contains(axis)).collect();
        let leading: Vec<usize> = kept_axes.iter().map(|&axis| t.dims()[axis]).collect();
        let order: Vec<usize> = kept_axes.iter().chain(&axes).copied().collect();
        let merged = [leading.clone(), vec![count]].concat();
        let permuted = if order.is_empty() {
            t.clone()
        } else {
            t.permute(order)?
        };
        let shape = if self.keepdims {
            let dims = t.dims().iter().enumerate();
            dims.map(|(axis, &n)| if axes.contains(&axis) { 1 } else { n })
                .collect()
        } else {
            leading
        };
        Ok((permuted.contiguous()?.reshape(merged)?, shape))
    }
}

/// The sum; 0 for no elements. Floats are accumulated in double precision and rounded once.
pub fn sum(t: &Tensor, reduction: &Reduction) -> Result<Tensor> {
    if t.dtype().is_float() {
        let (merged, shape) = reduction.gather_axes("sum", t)?;
        return Ok(sum::sum_last_axis(&merged)?.reshape(shape)?);
    }
    integers::fold(
        "sum",
        &reduction.gather_axes("sum", t)?,
        0,
        i64::checked_add,
    )
}

/// The mean.
///
/// Errors: `Algebra` if there are no elements
pub fn mean(t: &Tensor, reduction: &Reduction) -> Result<Tensor> {
    let (_, count) = reduction.resolve("mean", t)?;
    shape::check_nonempty("mean", count)?;
    if t.dtype() == DType::I64 {
        return integers::mean(&reduction.gather_axes("mean", t)?);
    }
    divided_sum("mean", &to_float(t)?, reduction, count)
}

/// The sum of floats divided by `divisor`, rounded once.
fn divided_sum(
    op: &'static str,
    t: &Tensor,
    reduction: &Reduction,
    divisor: usize,
) -> Result<Tensor> {
    let (merged, shape) = reduction.gather_axes(op, t)?;
    Ok(sum::divided_sum(&merged, divisor as f64)?.reshape(shape)?)
}

/// The variance; the divisor is the number of elements minus `ddof` (1: unbiased).
pub fn var(t: &Tensor, reduction: &Reduction, ddof: usize) -> Result<Tensor> {
    let t = double_integers(t)?;
    let (_, count) = reduction.resolve("var", &t)?;
    if count <= ddof {
        let fact = "there are too few elements for a variance";
        return Err(Error::Algebra { op: "var", fact });
    }
    let centre = mean(
        &t,
        &Reduction {
            keepdims: true,
            ..reduction.clone()
        },
    )?;
    let squares = t.broadcast_sub(&centre)?.sqr()?;
    divided_sum("var", &squares, reduction, count - ddof)
}

/// The Euclidean norm; its gradient is 0 where the norm is 0.
pub fn norm(t: &Tensor, reduction: &Reduction) -> Result<Tensor> {
    let t = double_integers(t)?;
    let (merged, shape) = reduction.gather_axes("norm", &t)?;
    let doubles = merged.detach().to_dtype(DType::F64)?;
    let lengths = sum::sum_last_axis(&doubles.sqr()?)?
        .sqrt()?
        .reshape(shape)?;
    let value = lengths.to_dtype(t.dtype())?;
    let lengths = convert::to_f64(&lengths)?;
    with_gradient("norm", &merged, value, move |grad| {
        let gradient =
            |(grad, length): (f64, &f64)| if *length == 0.0 { 0.0 } else { grad / length };
        let gradients = convert::to_f64(grad)?
            .into_iter()
            .zip(&lengths)
            .map(gradient);
        let gradients = convert::from_f64(gradients.collect(), &[lengths.len(), 1], DType::F64)?;
        let rows = doubles.reshape((lengths.len(), ()))?;
        Ok(rows.broadcast_mul(&gradients)?.reshape(doubles.shape())?)
    })
}

/// Converts i64 to f64, and other dtypes as [`to_float`] does.
fn double_integers(t: &Tensor) -> Result<Tensor> {
    match t.dtype() {
        DType::I64 => Ok(t.to_dtype(DType::F64)?),
        _ => to_float(t),
    }
}

/// The maximum, or the minimum if `minimum` is set; NaN if any element is NaN. The first of equal
/// elements receives the gradient.
pub fn extremum(
    op: &'static str,
    t: &Tensor,
    reduction: &Reduction,
    minimum: bool,
) -> Result<Tensor> {
    let (merged, shape) = reduction.gather_axes(op, t)?;
    let at = sort::extreme_index(op, &merged, minimum)?;
    let last = merged.rank() - 1;
    let values = merged.gather(&at.unsqueeze(last)?.to_dtype(DType::U32)?, last)?;
    Ok(values.reshape(shape)?)
}

/// The index of the maximum (or minimum): along one axis, or in the flattened array.
pub fn arg_extremum(
    op: &'static str,
    t: &Tensor,
    reduction: &Reduction,
    minimum: bool,
) -> Result<Tensor> {
    let (merged, shape) = reduction.gather_axes(op, t)?;
    Ok(sort::extreme_index(op, &merged, minimum)?.reshape(shape)?)
}

/// The product; 1 for no elements.
pub fn prod(t: &Tensor, reduction: &Reduction) -> Result<Tensor> {
    if !t.dtype().is_float() {
        return integers::fold(
            "prod",
            &reduction.gather_axes("prod", t)?,
            1,
            i64::checked_mul,
        );
    }
    let (merged, shape) = reduction.gather_axes("prod", t)?;
    let n = merged.dims()[merged.rank() - 1];
    let elements = convert::to_f64(&merged)?;
    let rows = elements.len() / n.max(1);
    let rows = if n == 0 { shape.iter().product() } else { rows };
    let products = (0..rows).map(|row| elements[row * n..(row + 1) * n].iter().product());
    let value = convert::from_f64(products.collect(), &shape, t.dtype())?;
    let full = merged.dims().to_vec();
    with_gradient("prod", &merged, value, move |grad| {
        let grad = convert::to_f64(grad)?;
        let gradients = elements
            .chunks(n)
            .zip(grad)
            .flat_map(|(row, g)| products_of_others(row, g));
        convert::from_f64(gradients.collect(), &full, DType::F64)
    })
}

/// For each element, the product of all other elements times `scale`. Does not divide, so it is
/// correct for zeros.
fn products_of_others(row: &[f64], scale: f64) -> Vec<f64> {
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

/// Cumulative sums along `axis`, in linear time, with their gradient.
pub fn cumsum(t: &Tensor, axis: i64) -> Result<Tensor> {
    let axis = shape::axis("cumsum", axis, t.rank())?;
    let shape = t.dims().to_vec();
    if !t.dtype().is_float() {
        return integers::cumsum(t, axis);
    }
    let sums = cumulative_sum(convert::to_f64(t)?, &shape, axis, false);
    let value = convert::from_f64(sums, &shape, t.dtype())?;
    with_gradient("cumsum", t, value, move |grad| {
        let sums = cumulative_sum(convert::to_f64(grad)?, &shape, axis, true);
        convert::from_f64(sums, &shape, DType::F64)
    })
}

/// Cumulative sums along `axis`, from the end if `reversed`.
fn cumulative_sum(mut x: Vec<f64>, shape: &[usize], axis: usize, reversed: bool) -> Vec<f64> {
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
