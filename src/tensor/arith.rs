//! Arithmetic between two arrays, with dtype promotion and broadcasting.
//!
//! Promotion: f64 with any dtype is f64; f32 with any other dtype is f32; integers and booleans
//! (0 and 1) are i64, so that they cannot overflow at 255. A scalar of a script takes the dtype of
//! the array. Division of integers returns f32; other integer operations are exact, or return an
//! error if a result does not fit into 64 bits.

use candle_core::{CpuStorage, CustomOp2, Layout, Shape};

use super::custom_op::{float_elements, with_gradient};
use super::precision::match_precision;
use super::product::product;
use super::repeat::broadcast_to;
use super::shape::broadcast;
use super::small;
use super::{DType, Real, Tensor, convert, integers};
use crate::base::Result;

/// The common dtype of two dtypes.
pub fn promote(left: DType, right: DType) -> DType {
    match (left, right) {
        (DType::F64, _) | (_, DType::F64) => DType::F64,
        (l, r) if l.is_float() || r.is_float() => DType::F32,
        _ => DType::I64,
    }
}

/// Both arrays with the common dtype and the broadcast shape.
///
/// Errors: `Shapes` if the shapes cannot be broadcast
pub fn align(op: &'static str, left: &Tensor, right: &Tensor) -> Result<(Tensor, Tensor)> {
    let dtype = promote(left.dtype(), right.dtype());
    let shape = broadcast(op, left.dims(), right.dims())?;
    let prepare = |t: &Tensor| broadcast_to(&t.to_dtype(dtype)?, &shape);
    Ok((prepare(left)?, prepare(right)?))
}

/// [`align`] with a floating-point dtype.
fn align_float(op: &'static str, left: &Tensor, right: &Tensor) -> Result<(Tensor, Tensor)> {
    let (l, r) = align(op, left, right)?;
    Ok((
        super::custom_op::to_float(&l)?,
        super::custom_op::to_float(&r)?,
    ))
}

pub fn add(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    if let Some(small) = small::zip_with(left, right, |l, r| l + r, |l, r| l + r)? {
        return Ok(small);
    }
    let (l, r) = align("add", left, right)?;
    if !l.dtype().is_float() {
        return integers::zip_with("add", &l, &r, i64::checked_add);
    }
    Ok((l + r)?)
}

pub fn sub(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    if let Some(small) = small::zip_with(left, right, |l, r| l - r, |l, r| l - r)? {
        return Ok(small);
    }
    let (l, r) = align("sub", left, right)?;
    if !l.dtype().is_float() {
        return integers::zip_with("sub", &l, &r, i64::checked_sub);
    }
    Ok((l - r)?)
}

pub fn mul(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    if let Some(small) = small::zip_with(left, right, |l, r| l * r, |l, r| l * r)? {
        return Ok(small);
    }
    let (l, r) = align("mul", left, right)?;
    if !l.dtype().is_float() {
        return integers::zip_with("mul", &l, &r, i64::checked_mul);
    }
    Ok((l * r)?)
}

pub fn div(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    if let Some(small) = small::zip_with(left, right, |l, r| l / r, |l, r| l / r)? {
        return Ok(small);
    }
    let (l, r) = align_float("div", left, right)?;
    Ok((l / r)?)
}

/// The remainder of `left` divided by `right`, with the sign of `right`.
pub fn rem(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    let (l, r) = align("rem", left, right)?;
    if l.dtype().is_float() {
        return remainder(&l, &r);
    }
    let elements = l.flatten_all()?.to_vec1::<i64>()?.into_iter();
    let divisors = r.flatten_all()?.to_vec1::<i64>()?;
    if divisors.contains(&0) {
        let fact = "integer division by zero";
        return Err(crate::base::Error::Algebra { op: "rem", fact });
    }
    let floored = |(a, b): (i64, i64)| {
        let left = a.wrapping_rem(b);
        if left != 0 && (left < 0) != (b < 0) {
            left + b
        } else {
            left
        }
    };
    convert::from_i64(elements.zip(divisors).map(floored).collect(), l.dims())
}

/// [`rem`] of floats. The value is exact; `l - floor(l / r) r` would be wrong by `r` if the
/// quotient is rounded up to an integer, and NaN for an infinite `r`.
fn remainder(l: &Tensor, r: &Tensor) -> Result<Tensor> {
    let floored = |(a, b): (f64, f64)| {
        let left = a % b;
        if left == 0.0 {
            left.copysign(b)
        } else if (left < 0.0) != (b < 0.0) {
            left + b
        } else {
            left
        }
    };
    let (elements, divisors) = (convert::to_f64(l)?, convert::to_f64(r)?);
    let left: Vec<f64> = elements.into_iter().zip(divisors).map(floored).collect();
    let value = convert::from_f64(left, l.dims(), l.dtype())?;
    let quotient = ((l.detach() - &value)? / r.detach())?.round()?;
    let wrt_r = with_gradient("rem", r, value.clone(), move |grad| {
        Ok((grad * &quotient)?.neg()?)
    })?;
    let wrt_l = with_gradient("rem", l, value, |grad| Ok(grad.clone()))?;
    if !r.track_op() {
        return Ok(wrt_l);
    }
    // Joins the two gradients of one value: the second term is exactly zero.
    Ok((wrt_l + (&wrt_r - wrt_r.detach())?)?)
}

pub fn maximum(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    let (l, r) = align("maximum", left, right)?;
    Ok(l.maximum(&r)?)
}

pub fn minimum(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    let (l, r) = align("minimum", left, right)?;
    Ok(l.minimum(&r)?)
}

/// `left` to the power of `right`. candle's version uses the logarithm and returns NaN for a
/// negative base.
pub fn pow(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    let (l, r) = align("pow", left, right)?;
    if !l.dtype().is_float() {
        return integers::pow(&l, &r);
    }
    Ok(l.contiguous()?.apply_op2(&r.contiguous()?, Power)?)
}

/// The powers of each base and its exponent, computed in double precision.
fn powers<T: Real>((base, exponent): (&[T], &[T])) -> CpuStorage {
    let pairs = base.iter().zip(exponent);
    let powers = pairs.map(|(b, e)| T::of(b.double().powf(e.double())));
    T::to_cpu_storage_owned(powers.collect())
}

struct Power;

impl CustomOp2 for Power {
    fn name(&self) -> &'static str {
        "pow"
    }

    fn cpu_fwd(
        &self,
        base: &CpuStorage,
        base_layout: &Layout,
        exponent: &CpuStorage,
        exponent_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let base = float_elements("pow", base, base_layout)?;
        let exponent = float_elements("pow", exponent, exponent_layout)?;
        let Some(both) = base.zip(exponent) else {
            candle_core::bail!("pow: expected arrays of one dtype")
        };
        let powers = match_precision!(both, both => powers(both));
        Ok((powers, base_layout.shape().clone()))
    }

    fn bwd(
        &self,
        base: &Tensor,
        exponent: &Tensor,
        power: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let zeros = base.zeros_like()?;
        // For an exponent of 0 the derivative is 0, not 0 * 0^-1.
        let lower = base
            .contiguous()?
            .apply_op2_no_bwd(&(exponent - 1.0)?.contiguous()?, &Power)?;
        let base_derivative = exponent.eq(0.0)?.where_cond(&zeros, &(exponent * lower)?)?;
        // x^y ln x tends to 0 as x tends to 0, for y > 0.
        let exponent_derivative = base.eq(0.0)?.where_cond(&zeros, &(power * base.log()?)?)?;
        Ok((
            Some((grad * base_derivative)?),
            Some((grad * exponent_derivative)?),
        ))
    }
}

/// Elements of `yes` where `mask` is not 0, otherwise elements of `no`.
pub fn where_cond(mask: &Tensor, yes: &Tensor, no: &Tensor) -> Result<Tensor> {
    let (yes, no) = align("select", yes, no)?;
    let shape = broadcast("select", mask.dims(), yes.dims())?;
    let mask = mask.detach().ne(&mask.zeros_like()?)?;
    let prepare = |t: &Tensor| -> Result<Tensor> { Ok(broadcast_to(t, &shape)?.contiguous()?) };
    Ok(prepare(&mask)?.where_cond(&prepare(&yes)?, &prepare(&no)?)?)
}

/// An elementwise comparison.
pub type Comparison = fn(&Tensor, &Tensor) -> candle_core::Result<Tensor>;

/// 1 where the comparison is true, otherwise 0 (u8).
pub fn compare(
    op: &'static str,
    left: &Tensor,
    right: &Tensor,
    test: Comparison,
) -> Result<Tensor> {
    let (l, r) = align(op, &left.detach(), &right.detach())?;
    Ok(test(&l.contiguous()?, &r.contiguous()?)?)
}

/// The product of matrices, batches of matrices (leading axes broadcast), or vectors.
///
/// Shapes: [.., m, k] and [.., k, n] -> [.., m, n]; [k] is a row on the left, a column on the right
/// Errors: `Shapes` if the inner sizes or the leading axes differ
pub fn matmul(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    let mismatch = || crate::base::Error::Shapes {
        op: "matmul",
        left: left.dims().to_vec(),
        right: right.dims().to_vec(),
    };
    if left.rank() == 0 || right.rank() == 0 {
        return Err(mismatch());
    }
    let dtype = match promote(left.dtype(), right.dtype()) {
        DType::I64 => DType::F32,
        dtype => dtype,
    };
    let mut l = left.to_dtype(dtype)?;
    let mut r = right.to_dtype(dtype)?;
    if left.rank() == 1 {
        l = l.unsqueeze(0)?;
    }
    if right.rank() == 1 {
        r = r.unsqueeze(1)?;
    }
    let (l_leading, r_leading) = (&l.dims()[..l.rank() - 2], &r.dims()[..r.rank() - 2]);
    if l.dims()[l.rank() - 1] != r.dims()[r.rank() - 2]
        || broadcast("matmul", l_leading, r_leading).is_err()
    {
        return Err(mismatch());
    }
    let mut product = multiply(&l, &r)?;
    if right.rank() == 1 {
        product = product.squeeze(product.rank() - 1)?;
    }
    if left.rank() == 1 {
        product = product.squeeze(product.rank() - 1 - usize::from(right.rank() > 1))?;
    }
    Ok(product)
}

/// The product of compatible arrays with at least two axes.
fn multiply(l: &Tensor, r: &Tensor) -> Result<Tensor> {
    let (m, k) = (l.dims()[l.rank() - 2], l.dims()[l.rank() - 1]);
    let n = r.dims()[r.rank() - 1];
    let is_plain_matrix =
        |t: &Tensor| t.rank() == 2 && (t.is_contiguous() || t.is_fortran_contiguous());
    let make_contiguous = |t: &Tensor| {
        if is_plain_matrix(t) {
            Ok(t.clone())
        } else {
            t.contiguous()
        }
    };
    let (l_leading, r_leading) = (&l.dims()[..l.rank() - 2], &r.dims()[..r.rank() - 2]);
    let leading = broadcast("matmul", l_leading, r_leading)?;
    let shape = [leading.as_slice(), &[m, n]].concat();
    if k == 0 || shape.contains(&0) {
        let empty = Tensor::zeros(shape, l.dtype(), l.device())?;
        return Ok(empty);
    }
    if l.rank() > 2 && r.rank() == 2 {
        // One large product is faster than many small ones.
        let mut shape = l.dims().to_vec();
        *shape.last_mut().expect("a rank above 2") = n;
        let rows = l.elem_count() / k;
        let flat = l.contiguous()?.reshape((rows, k))?;
        return Ok(product(&flat, &make_contiguous(r)?)?.reshape(shape)?);
    }
    if leading.is_empty() {
        return product(&make_contiguous(l)?, &make_contiguous(r)?);
    }
    // Joins the leading axes.
    let stack = |t: &Tensor, rows: usize, columns: usize| {
        let full = t.broadcast_as([leading.as_slice(), &[rows, columns]].concat())?;
        full.force_contiguous()?.reshape(((), rows, columns))
    };
    let result = product(&stack(l, m, k)?, &stack(r, k, n)?)?;
    Ok(result.reshape(shape)?)
}
