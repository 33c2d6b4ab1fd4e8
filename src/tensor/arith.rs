//! Arithmetic between two arrays: kinds of number meet, shapes broadcast, then candle is asked.
//!
//! Kinds: f64 with anything is f64; f32 with anything else is f32; whole numbers and truth values
//! (0 and 1) are i64, so that they cannot run over at 255. A number written in a script takes the
//! kind of the array beside it. Division of integers gives f32; all else of theirs is exact, or an
//! error where a result does not fit into 64 bits.

use candle_core::{CpuStorage, CustomOp2, Layout, Shape};

use super::joined::with_gradient;
use super::shape::broadcast;
use super::{DType, Tensor, integers, values};
use crate::base::Result;

/// The kind of number in which two kinds meet.
pub fn meet(left: DType, right: DType) -> DType {
    match (left, right) {
        (DType::F64, _) | (_, DType::F64) => DType::F64,
        (l, r) if l.is_float() || r.is_float() => DType::F32,
        _ => DType::I64,
    }
}

/// Both arrays in one kind and one shape.
///
/// Errors: `Shapes` if they do not broadcast.
pub fn align(op: &'static str, left: &Tensor, right: &Tensor) -> Result<(Tensor, Tensor)> {
    let dtype = meet(left.dtype(), right.dtype());
    let shape = broadcast(op, left.dims(), right.dims())?;
    let fit =
        |t: &Tensor| -> Result<Tensor> { Ok(t.to_dtype(dtype)?.broadcast_as(shape.as_slice())?) };
    Ok((fit(left)?, fit(right)?))
}

/// As [`align`], in a kind with fractions.
fn align_real(op: &'static str, left: &Tensor, right: &Tensor) -> Result<(Tensor, Tensor)> {
    let (l, r) = align(op, left, right)?;
    Ok((super::joined::real(&l)?, super::joined::real(&r)?))
}

pub fn add(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    let (l, r) = align("add", left, right)?;
    if !l.dtype().is_float() {
        return integers::zip("add", &l, &r, i64::checked_add);
    }
    Ok((l + r)?)
}

pub fn sub(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    let (l, r) = align("sub", left, right)?;
    if !l.dtype().is_float() {
        return integers::zip("sub", &l, &r, i64::checked_sub);
    }
    Ok((l - r)?)
}

pub fn mul(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    let (l, r) = align("mul", left, right)?;
    if !l.dtype().is_float() {
        return integers::zip("mul", &l, &r, i64::checked_mul);
    }
    Ok((l * r)?)
}

pub fn div(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    let (l, r) = align_real("div", left, right)?;
    Ok((l / r)?)
}

/// What is left of `left` after whole multiples of `right`; it has the sign of `right`.
pub fn rem(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    let (l, r) = align("rem", left, right)?;
    if l.dtype().is_float() {
        return remainder(&l, &r);
    }
    let numbers = l.flatten_all()?.to_vec1::<i64>()?.into_iter();
    let divisors = r.flatten_all()?.to_vec1::<i64>()?;
    if divisors.contains(&0) {
        let fact = "the divisor of a whole number is 0";
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
    values::wholes(numbers.zip(divisors).map(floored).collect(), l.dims())
}

/// [`rem`] of floats. The value is exact; `l - floor(l / r) r` would be off by a whole `r` where
/// the quotient is rounded up to a whole number, and NaN for an infinite `r`.
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
    let (numbers, divisors) = (values::doubles(l)?, values::doubles(r)?);
    let left: Vec<f64> = numbers.into_iter().zip(divisors).map(floored).collect();
    let value = values::of(left, l.dims(), l.dtype())?;
    let times = ((l.detach() - &value)? / r.detach())?.round()?;
    let towards_r = with_gradient("rem", r, value.clone(), move |grad| {
        Ok((grad * &times)?.neg()?)
    })?;
    let towards_l = with_gradient("rem", l, value, |grad| Ok(grad.clone()))?;
    if !r.track_op() {
        return Ok(towards_l);
    }
    // One value, two ways back: the second one adds exactly zero.
    Ok((towards_l + (&towards_r - towards_r.detach())?)?)
}

pub fn maximum(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    let (l, r) = align("maximum", left, right)?;
    Ok(l.maximum(&r)?)
}

pub fn minimum(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    let (l, r) = align("minimum", left, right)?;
    Ok(l.minimum(&r)?)
}

/// `left` to the power of `right`. candle's own goes through the logarithm and so has no value
/// for a negative base.
pub fn pow(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    let (l, r) = align("pow", left, right)?;
    if !l.dtype().is_float() {
        return integers::pow(&l, &r);
    }
    Ok(l.contiguous()?.apply_op2(&r.contiguous()?, Power)?)
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
        /// The numbers of a contiguous array.
        fn part<'a, T>(numbers: &'a [T], layout: &Layout) -> &'a [T] {
            &numbers[layout.start_offset()..][..layout.shape().elem_count()]
        }
        let powers = match (base, exponent) {
            (CpuStorage::F32(b), CpuStorage::F32(e)) => {
                let pairs = part(b, base_layout).iter().zip(part(e, exponent_layout));
                CpuStorage::F32(
                    pairs
                        .map(|(b, e)| f64::from(*b).powf(f64::from(*e)) as f32)
                        .collect(),
                )
            }
            (CpuStorage::F64(b), CpuStorage::F64(e)) => {
                let pairs = part(b, base_layout).iter().zip(part(e, exponent_layout));
                CpuStorage::F64(pairs.map(|(b, e)| b.powf(*e)).collect())
            }
            _ => candle_core::bail!("pow: expected f32 or f64"),
        };
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
        // Where the exponent is 0 the slope is 0, not 0 * 0^-1.
        let lower = base
            .contiguous()?
            .apply_op2_no_bwd(&(exponent - 1.0)?.contiguous()?, &Power)?;
        let slope = exponent.eq(0.0)?.where_cond(&zeros, &(exponent * lower)?)?;
        // As the base goes to 0, so does x^y ln x for y > 0.
        let growth = base.eq(0.0)?.where_cond(&zeros, &(power * base.log()?)?)?;
        Ok((Some((grad * slope)?), Some((grad * growth)?)))
    }
}

/// Where `mask` is not 0 the number of `yes`, elsewhere that of `no`.
pub fn select(mask: &Tensor, yes: &Tensor, no: &Tensor) -> Result<Tensor> {
    let (yes, no) = align("select", yes, no)?;
    let shape = broadcast("select", mask.dims(), yes.dims())?;
    let mask = mask.detach().ne(&mask.zeros_like()?)?;
    let fit =
        |t: &Tensor| -> Result<Tensor> { Ok(t.broadcast_as(shape.as_slice())?.contiguous()?) };
    Ok(fit(&mask)?.where_cond(&fit(&yes)?, &fit(&no)?)?)
}

/// How two numbers are compared.
pub type Comparison = fn(&Tensor, &Tensor) -> candle_core::Result<Tensor>;

/// 1 where the comparison holds, else 0 (as u8).
pub fn compare(
    op: &'static str,
    left: &Tensor,
    right: &Tensor,
    test: Comparison,
) -> Result<Tensor> {
    let (l, r) = align(op, &left.detach(), &right.detach())?;
    Ok(test(&l.contiguous()?, &r.contiguous()?)?)
}

/// The product of two matrices, of stacks of them (leading axes broadcast), or with vectors.
///
/// Shapes: [.., m, k] and [.., k, n] -> [.., m, n]; [k] is a row on the left, a column on the right
/// Errors: `Shapes` if the inner sizes or the leading axes differ
pub fn matmul(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    let wrong = || crate::base::Error::Shapes {
        op: "matmul",
        left: left.dims().to_vec(),
        right: right.dims().to_vec(),
    };
    if left.rank() == 0 || right.rank() == 0 {
        return Err(wrong());
    }
    let dtype = match meet(left.dtype(), right.dtype()) {
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
    let (lead_l, lead_r) = (&l.dims()[..l.rank() - 2], &r.dims()[..r.rank() - 2]);
    if l.dims()[l.rank() - 1] != r.dims()[r.rank() - 2]
        || broadcast("matmul", lead_l, lead_r).is_err()
    {
        return Err(wrong());
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

/// The product of arrays of two axes or more that fit.
fn multiply(l: &Tensor, r: &Tensor) -> Result<Tensor> {
    let (m, k) = (l.dims()[l.rank() - 2], l.dims()[l.rank() - 1]);
    let n = r.dims()[r.rank() - 1];
    let plain = |t: &Tensor| t.rank() == 2 && (t.is_contiguous() || t.is_fortran_contiguous());
    let ready = |t: &Tensor| {
        if plain(t) {
            Ok(t.clone())
        } else {
            t.contiguous()
        }
    };
    let (leading_l, leading_r) = (&l.dims()[..l.rank() - 2], &r.dims()[..r.rank() - 2]);
    let lead = broadcast("matmul", leading_l, leading_r)?;
    let product = [lead.as_slice(), &[m, n]].concat();
    // No room for an axis of size 0 in candle's product.
    if k == 0 || product.contains(&0) {
        let nothing = Tensor::zeros(product, l.dtype(), l.device())?;
        return Ok(nothing);
    }
    if l.rank() > 2 && r.rank() == 2 {
        // One large product instead of many small ones.
        let mut shape = l.dims().to_vec();
        *shape.last_mut().expect("a rank above 2") = n;
        let rows = l.elem_count() / k;
        let flat = l.contiguous()?.reshape((rows, k))?;
        return Ok(flat.matmul(&ready(r)?)?.reshape(shape)?);
    }
    if lead.is_empty() {
        return Ok(ready(l)?.matmul(&ready(r)?)?);
    }
    // One leading axis: candle's own product takes two at the most.
    let stack = |t: &Tensor, rows: usize, columns: usize| {
        let full = t.broadcast_as([lead.as_slice(), &[rows, columns]].concat())?;
        full.force_contiguous()?.reshape(((), rows, columns))
    };
    let found = stack(l, m, k)?.matmul(&stack(r, k, n)?)?;
    Ok(found.reshape(product)?)
}
