//! Reductions along axes; over all elements if no axes are specified. Integers stay integers in
//! `sum` and `prod`; in other reductions i64 becomes f64, and smaller integers become f32.

mod arg_extreme;
mod extreme;
mod span;
mod sum;
mod sum_op;

use std::ops::Range;

use self::span::Span;
use self::sum_op::{divided_sum, double_sums, square_sums, squared_deviations};
use super::custom_op::{to_float, with_gradient};
use super::{DType, Tensor, convert, integers, shape};
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

    /// The array in a layout that can be reduced: without a copy if it is contiguous and the
    /// reduced axes are adjacent.
    fn layout(&self, op: &'static str, t: &Tensor) -> Result<Layout> {
        let (axes, n) = self.resolve(op, t)?;
        let dims = t.dims();
        let adjacent = match (axes.first(), axes.last()) {
            (Some(first), Some(last)) => last - first + 1 == axes.len(),
            _ => false,
        };
        if !(adjacent && t.is_contiguous()) {
            let (array, shape) = self.gather_axes(op, t)?;
            let outer = shape.iter().product();
            let span = Span { outer, n, inner: 1 };
            return Ok(Layout { array, span, shape });
        }
        Ok(Layout {
            array: t.clone(),
            span: span_of(dims, axes[0]..axes[axes.len() - 1] + 1),
            shape: self.remaining_shape(dims, &axes),
        })
    }

    /// The shape of the result.
    fn remaining_shape(&self, dims: &[usize], axes: &[usize]) -> Vec<usize> {
        let remaining = dims.iter().enumerate();
        let remaining = remaining.filter_map(|(axis, &size)| match axes.contains(&axis) {
            true => self.keepdims.then_some(1),
            false => Some(size),
        });
        remaining.collect()
    }
}

/// The position of adjacent axes in an array of shape `dims`.
fn span_of(dims: &[usize], axes: Range<usize>) -> Span {
    let outer = dims[..axes.start].iter().product();
    let inner = dims[axes.end..].iter().product();
    let n = dims[axes].iter().product();
    Span { outer, n, inner }
}

/// A contiguous array, the position of its reduced axes, and the shape of the result.
struct Layout {
    array: Tensor,
    span: Span,
    shape: Vec<usize>,
}

/// The sum; 0 for no elements. Floats are accumulated in double precision and rounded once.
pub fn sum(t: &Tensor, reduction: &Reduction) -> Result<Tensor> {
    if t.dtype().is_float() {
        return quotient_of_sum("sum", t, reduction, 1.0);
    }
    integers::sum(&reduction.gather_axes("sum", t)?)
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
    quotient_of_sum("mean", &to_float(t)?, reduction, count as f64)
}

/// The sum of floats divided by `divisor`, rounded once.
fn quotient_of_sum(
    op: &'static str,
    t: &Tensor,
    reduction: &Reduction,
    divisor: f64,
) -> Result<Tensor> {
    let (axes, _) = reduction.resolve(op, t)?;
    let groups = adjacent_groups(&axes);
    if groups.len() > 1 && t.is_contiguous() && !t.track_op() {
        let shape = reduction.remaining_shape(t.dims(), &axes);
        return Ok(grouped_sum(t, &groups, divisor)?.reshape(shape)?);
    }
    let layout = reduction.layout(op, t)?;
    Ok(divided_sum(&layout.array, layout.span, divisor)?.reshape(layout.shape)?)
}

/// The sum over several groups of adjacent axes, one group after another in double precision,
/// without a copy of the array, and without a gradient.
fn grouped_sum(t: &Tensor, groups: &[Range<usize>], divisor: f64) -> Result<Tensor> {
    let (mut sums, mut dims) = (t.clone(), t.dims().to_vec());
    for group in groups.iter().rev() {
        sums = double_sums(&sums, span_of(&dims, group.clone()), |x| x)?;
        dims.drain(group.clone());
    }
    let divisor = Tensor::new(divisor, t.device())?;
    Ok(sums.broadcast_div(&divisor)?.to_dtype(t.dtype())?)
}

/// The groups of adjacent axes in an ascending list.
fn adjacent_groups(axes: &[usize]) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for &axis in axes {
        match groups.last_mut() {
            Some(group) if group.end == axis => group.end += 1,
            _ => groups.push(axis..axis + 1),
        }
    }
    groups
}

/// The variance; the divisor is the number of elements minus `ddof` (1: unbiased).
pub fn var(t: &Tensor, reduction: &Reduction, ddof: usize) -> Result<Tensor> {
    let t = double_integers(t)?;
    let (_, count) = reduction.resolve("var", &t)?;
    if count <= ddof {
        let fact = "there are too few elements for a variance";
        return Err(Error::Algebra { op: "var", fact });
    }
    let divisor = (count - ddof) as f64;
    if !t.track_op() {
        let layout = reduction.layout("var", &t)?;
        let centre = divided_sum(&layout.array, layout.span, count as f64)?;
        let variance = squared_deviations(&layout.array, &centre, layout.span, divisor)?;
        return Ok(variance.reshape(layout.shape)?);
    }
    let keepdims = Reduction {
        keepdims: true,
        ..reduction.clone()
    };
    let squares = t.broadcast_sub(&mean(&t, &keepdims)?)?.sqr()?;
    quotient_of_sum("var", &squares, reduction, divisor)
}

/// The Euclidean norm; its gradient is 0 where the norm is 0.
pub fn norm(t: &Tensor, reduction: &Reduction) -> Result<Tensor> {
    let t = double_integers(t)?;
    let Layout { array, span, shape } = reduction.layout("norm", &t)?;
    let lengths = square_sums(&array, span)?.sqrt()?;
    let value = lengths.reshape(shape)?.to_dtype(t.dtype())?;
    let elements = array.detach();
    with_gradient("norm", &array, value, move |grad| {
        let zeros = lengths.zeros_like()?;
        let grad = grad.to_dtype(DType::F64)?.flatten_all()?;
        let quotient = lengths.eq(0.0)?.where_cond(&zeros, &(grad / &lengths)?)?;
        let quotient = quotient.reshape((span.outer, 1, span.inner))?;
        let doubles = elements.to_dtype(DType::F64)?;
        let doubles = doubles.reshape((span.outer, span.n, span.inner))?;
        Ok(doubles
            .broadcast_mul(&quotient)?
            .reshape(elements.shape())?)
    })
}

/// Converts i64 to f64, and other dtypes as [`to_float`] does.
pub(super) fn double_integers(t: &Tensor) -> Result<Tensor> {
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
    let Layout { array, span, shape } = reduction.layout(op, t)?;
    shape::check_nonempty(op, span.n)?;
    if !t.track_op() {
        return Ok(extreme::values(&array, span, minimum)?.reshape(shape)?);
    }
    let at = arg_extreme::indices(&array, span, minimum)?;
    let at = at
        .reshape((span.outer, 1, span.inner))?
        .to_dtype(DType::U32)?;
    let array = array.reshape((span.outer, span.n, span.inner))?;
    Ok(array.gather(&at, 1)?.reshape(shape)?)
}

/// The index of the maximum (or minimum): along one axis, or in the flattened array.
pub fn arg_extremum(
    op: &'static str,
    t: &Tensor,
    reduction: &Reduction,
    minimum: bool,
) -> Result<Tensor> {
    let layout = reduction.layout(op, &t.detach())?;
    shape::check_nonempty(op, layout.span.n)?;
    Ok(arg_extreme::indices(&layout.array, layout.span, minimum)?.reshape(layout.shape)?)
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
        return integers::accumulate("cumsum", t, axis, i64::checked_add);
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
