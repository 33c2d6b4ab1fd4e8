//! Covariances, differences and cumulative products.

use super::reduce::{self, Reduction};
use super::{DType, Tensor, arith, convert, custom_op, indexing, integers, shape};
use crate::base::{Error, Result};

/// The covariance matrix of the rows, as in NumPy; the divisor is the number of columns minus
/// `ddof`. Computed in double precision. A vector has one variance, a scalar.
///
/// Shapes: [m, n] -> [m, m], [n] -> []
/// Errors: `Shape` for another rank; `Algebra` for too few columns
pub fn cov(t: &Tensor, ddof: usize) -> Result<Tensor> {
    let product = centred_product("cov", t, ddof)?;
    squeezed(&product, t)
}

/// The correlation coefficients of the rows, limited to -1 to 1 as in NumPy.
///
/// Shapes: [m, n] -> [m, m], [n] -> []
/// Errors: those of [`cov`]
pub fn corrcoef(t: &Tensor) -> Result<Tensor> {
    let product = centred_product("corrcoef", t, 0)?;
    let deviations = indexing::diag(&product)?.sqrt()?;
    let scaled = product
        .broadcast_div(&deviations.unsqueeze(1)?)?
        .broadcast_div(&deviations.unsqueeze(0)?)?;
    squeezed(&scaled.clamp(-1.0, 1.0)?, t)
}

/// The covariance matrix in double precision; a vector is one row.
fn centred_product(op: &'static str, t: &Tensor, ddof: usize) -> Result<Tensor> {
    let rows = match t.rank() {
        1 => t.unsqueeze(0)?,
        2 => t.clone(),
        _ => {
            return Err(Error::Shape {
                op,
                what: "a matrix with one variable per row, or a vector",
                expected: "[m, n] or [n]".into(),
                found: t.dims().to_vec(),
            });
        }
    };
    let rows = rows.to_dtype(DType::F64)?;
    let count = rows.dims()[1];
    if count <= ddof {
        let fact = "there are too few observations";
        return Err(Error::Algebra { op, fact });
    }
    let means = Reduction {
        axes: Some(vec![1]),
        keepdims: true,
    };
    let centred = rows.broadcast_sub(&reduce::mean(&rows, &means)?)?;
    let product = arith::matmul(&centred, &centred.t()?)?;
    Ok((product / (count - ddof) as f64)?)
}

/// The matrix with the dtype of `t`; a scalar if `t` is a vector.
fn squeezed(matrix: &Tensor, t: &Tensor) -> Result<Tensor> {
    let dtype = match t.dtype() {
        DType::I64 => DType::F64,
        _ => custom_op::to_float(t)?.dtype(),
    };
    let matrix = matrix.to_dtype(dtype)?;
    Ok(if t.rank() == 1 {
        matrix.reshape(())?
    } else {
        matrix
    })
}

/// The differences of adjacent elements along `axis`, taken `order` times.
///
/// Errors: `Axis` if the axis does not exist; `Algebra` if a difference of integers overflows
pub fn diff(t: &Tensor, order: usize, axis: i64) -> Result<Tensor> {
    let axis = shape::axis("diff", axis, t.rank())?;
    let mut t = t.clone();
    for _ in 0..order {
        let n = t.dims()[axis];
        if n == 0 {
            break;
        }
        let after = indexing::part(&t, axis, 1, n - 1)?;
        let before = indexing::part(&t, axis, 0, n - 1)?;
        t = arith::sub(&after, &before).map_err(|error| error.within("diff"))?;
    }
    Ok(t)
}

/// Cumulative products along `axis`, in linear time, with their gradient.
///
/// Errors: `Axis` if the axis does not exist; `Algebra` if a product of integers overflows
pub fn cumprod(t: &Tensor, axis: i64) -> Result<Tensor> {
    let axis = shape::axis("cumprod", axis, t.rank())?;
    if !t.dtype().is_float() {
        return integers::accumulate("cumprod", t, axis, i64::checked_mul);
    }
    let shape = t.dims().to_vec();
    let (n, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let x = convert::to_f64(t)?;
    let mut products = x.clone();
    for at in 0..products.len() {
        if at / inner % n > 0 {
            products[at] *= products[at - inner];
        }
    }
    let value = convert::from_f64(products.clone(), &shape, t.dtype())?;
    custom_op::with_gradient("cumprod", t, value, move |grad| {
        // With s_i = g_i + x_{i+1} s_{i+1}, the derivative is s_i times the product of the elements
        // before i: correct for zeros, since nothing is divided.
        let mut sums = convert::to_f64(grad)?;
        for at in (0..sums.len()).rev() {
            if at / inner % n + 1 < n {
                sums[at] += x[at + inner] * sums[at + inner];
            }
        }
        for at in 0..sums.len() {
            if at / inner % n > 0 {
                sums[at] *= products[at - inner];
            }
        }
        convert::from_f64(sums, &shape, DType::F64)
    })
}
