//! Elementwise arithmetic, comparison and mathematical functions.

use super::args::{Operand, Receiver, broadcast_operands};
use crate::api::context::Context;
use crate::tensor::custom_op::to_float;
use crate::tensor::pointwise::{self, Function};
use crate::tensor::{Tensor, arith, convert, mask, reduce, sigmoid, tanh};

crate::natives! {
    /// Elementwise arithmetic, comparison and mathematical functions of tensors.
    module "";

    /// The elementwise sum, with broadcasting. Written `a + b`.
    ///
    /// > tensor([1, 2]) + 1
    /// = tensor [2] f32 [2, 3]
    fn add(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (l, r) = broadcast_operands(cx, "add", &this.0, &other)?;
        Ok(arith::add(&l, &r)?)
    }

    /// The elementwise difference, with broadcasting. Written `a - b`.
    ///
    /// > 2.0 - tensor([1, 2])
    /// = tensor [2] f32 [1, 0]
    fn sub(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (l, r) = broadcast_operands(cx, "sub", &this.0, &other)?;
        Ok(arith::sub(&l, &r)?)
    }

    /// The elementwise product, with broadcasting. Written `a * b`.
    ///
    /// > 2 * tensor([1, 2])
    /// = tensor [2] f32 [2, 4]
    fn mul(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (l, r) = broadcast_operands(cx, "mul", &this.0, &other)?;
        Ok(arith::mul(&l, &r)?)
    }

    /// The elementwise quotient, with broadcasting. Written `a / b`; integers are converted to f32.
    ///
    /// > tensor([1, 2]) / 4
    /// = tensor [2] f32 [0.25, 0.5]
    fn div(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (l, r) = broadcast_operands(cx, "div", &this.0, &other)?;
        Ok(arith::div(&l, &r)?)
    }

    /// The elementwise remainder of the division, with the sign of `other`. Written `a % b`.
    ///
    /// > tensor([5, -5]) % 3
    /// = tensor [2] f32 [2, 1]
    fn rem(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (l, r) = broadcast_operands(cx, "rem", &this.0, &other)?;
        Ok(arith::rem(&l, &r)?)
    }

    /// The elementwise power. Written `a ** b` in Rhai and `a ^ b` in Lua.
    ///
    /// > tensor([2, 3]) ** 2
    /// = tensor [2] f32 [4, 9]
    fn pow(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (l, r) = broadcast_operands(cx, "pow", &this.0, &other)?;
        Ok(arith::pow(&l, &r)?)
    }

    /// The elementwise maximum of two tensors.
    ///
    /// > tensor([1, 5]).maximum(3)
    /// = tensor [2] f32 [3, 5]
    fn maximum(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (l, r) = broadcast_operands(cx, "maximum", &this.0, &other)?;
        Ok(arith::maximum(&l, &r)?)
    }

    /// The elementwise minimum of two tensors.
    ///
    /// > tensor([1, 5]).minimum(3)
    /// = tensor [2] f32 [1, 3]
    fn minimum(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (l, r) = broadcast_operands(cx, "minimum", &this.0, &other)?;
        Ok(arith::minimum(&l, &r)?)
    }

    /// 1 where the elements are equal, 0 elsewhere, as u8. In Rhai also written `a == b`.
    ///
    /// > tensor([1, 2, 3]).eq(2)
    /// = tensor [3] u8 [0, 1, 0]
    fn eq(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (l, r) = broadcast_operands(cx, "eq", &this.0, &other)?;
        Ok(arith::compare("eq", &l, &r, |l, r| l.eq(r))?)
    }

    /// 1 where the elements are not equal, 0 elsewhere, as u8. In Rhai also written `a != b`.
    ///
    /// > tensor([1, 2, 3]).ne(2)
    /// = tensor [3] u8 [1, 0, 1]
    fn ne(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (l, r) = broadcast_operands(cx, "ne", &this.0, &other)?;
        Ok(arith::compare("ne", &l, &r, |l, r| l.ne(r))?)
    }

    /// 1 where the elements are less than `other`, 0 elsewhere, as u8.
    ///
    /// > tensor([1, 2, 3]).lt(2)
    /// = tensor [3] u8 [1, 0, 0]
    fn lt(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (l, r) = broadcast_operands(cx, "lt", &this.0, &other)?;
        Ok(arith::compare("lt", &l, &r, |l, r| l.lt(r))?)
    }

    /// 1 where the elements are less than or equal to `other`, 0 elsewhere, as u8.
    ///
    /// > tensor([1, 2, 3]).le(2)
    /// = tensor [3] u8 [1, 1, 0]
    fn le(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (l, r) = broadcast_operands(cx, "le", &this.0, &other)?;
        Ok(arith::compare("le", &l, &r, |l, r| l.le(r))?)
    }

    /// 1 where the elements are greater than `other`, 0 elsewhere, as u8.
    ///
    /// > tensor([1, 2, 3]).gt(2)
    /// = tensor [3] u8 [0, 0, 1]
    fn gt(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (l, r) = broadcast_operands(cx, "gt", &this.0, &other)?;
        Ok(arith::compare("gt", &l, &r, |l, r| l.gt(r))?)
    }

    /// 1 where the elements are greater than or equal to `other`, 0 elsewhere, as u8.
    ///
    /// > tensor([1, 2, 3]).ge(2)
    /// = tensor [3] u8 [0, 1, 1]
    fn ge(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (l, r) = broadcast_operands(cx, "ge", &this.0, &other)?;
        Ok(arith::compare("ge", &l, &r, |l, r| l.ge(r))?)
    }

    /// The elementwise negation. Written `-t`.
    ///
    /// > -tensor([1, -2])
    /// = tensor [2] f32 [-1, 2]
    fn neg(this: Tensor) -> Tensor {
        if this.dtype().is_float() { return Ok(this.neg()?); }
        Ok(arith::mul(&this, &convert::from_i64(vec![-1], &[])?)?)
    }

    /// Whether all elements are nonzero.
    ///
    /// > tensor([1, 2]).gt(0).all()
    /// = true
    fn all(this: Tensor) -> bool { Ok(mask::all(&this)?) }

    /// Whether any element is nonzero.
    ///
    /// > tensor([1, 2]).gt(5).any()
    /// = false
    fn any(this: Tensor) -> bool { Ok(mask::any(&this)?) }

    /// The elements limited to the range from `least` to `most`.
    ///
    /// > tensor([-2, 0.5, 3]).clamp(0, 1)
    /// = tensor [3] f32 [0, 0.5, 1]
    fn clamp(cx: &Context, this: Receiver, least: Operand, most: Operand) -> Tensor {
        let (t, least) = broadcast_operands(cx, "clamp", &this.0, &least)?;
        let t = arith::maximum(&t, &least)?;
        let (_, most) = broadcast_operands(cx, "clamp", &this.0, &most)?;
        Ok(arith::minimum(&t, &most)?)
    }

    /// The softmax along `axis` (default: the last axis).
    ///
    /// > tensor([0, 0]).softmax()
    /// = tensor [2] f32 [0.5, 0.5]
    fn softmax(this: Tensor, axis: Option<i64>) -> Tensor {
        Ok(pointwise::softmax(&this, axis.unwrap_or(-1))?)
    }

    /// The logarithm of the softmax along `axis` (default: the last axis), computed stably.
    ///
    /// > tensor([0, 0]).log_softmax()
    /// = tensor [2] f32 [-0.693147, -0.693147]
    fn log_softmax(this: Tensor, axis: Option<i64>) -> Tensor {
        Ok(pointwise::log_softmax(&this, axis.unwrap_or(-1))?)
    }

    /// The cumulative sum along `axis`.
    ///
    /// > tensor([1, 2, 3]).cumsum(0)
    /// = tensor [3] f32 [1, 3, 6]
    fn cumsum(this: Tensor, axis: i64) -> Tensor { Ok(reduce::cumsum(&this, axis)?) }

    /// The exponential of each element.
    ///
    /// > tensor([0, 1]).exp()
    /// = tensor [2] f32 [1, 2.71828]
    fn exp(this: Tensor) -> Tensor { Ok(to_float(&this)?.exp()?) }

    /// The natural logarithm of each element.
    ///
    /// > tensor([1, 10]).log()
    /// = tensor [2] f32 [0, 2.30259]
    fn log(this: Tensor) -> Tensor { Ok(to_float(&this)?.log()?) }

    /// The logarithm with base 2 of each element.
    ///
    /// > tensor([1, 8]).log2()
    /// = tensor [2] f32 [0, 3]
    fn log2(this: Tensor) -> Tensor { apply(pointwise::LOG2, &this) }

    /// The logarithm with base 10 of each element.
    ///
    /// > tensor([1, 100]).log10()
    /// = tensor [2] f32 [0, 2]
    fn log10(this: Tensor) -> Tensor { apply(pointwise::LOG10, &this) }

    /// The square root of each element.
    ///
    /// > tensor([4, 2]).sqrt()
    /// = tensor [2] f32 [2, 1.41421]
    fn sqrt(this: Tensor) -> Tensor { Ok(to_float(&this)?.sqrt()?) }

    /// The square of each element.
    ///
    /// > tensor([3, -2]).square()
    /// = tensor [2] f32 [9, 4]
    fn square(this: Tensor) -> Tensor { Ok(arith::mul(&this, &this)?) }

    /// The sine of each element, in radians.
    ///
    /// > tensor([0, 1]).sin()
    /// = tensor [2] f32 [0, 0.841471]
    fn sin(this: Tensor) -> Tensor { Ok(to_float(&this)?.sin()?) }

    /// The cosine of each element, in radians.
    ///
    /// > tensor([0, 1]).cos()
    /// = tensor [2] f32 [1, 0.540302]
    fn cos(this: Tensor) -> Tensor { Ok(to_float(&this)?.cos()?) }

    /// The tangent of each element, in radians.
    ///
    /// > tensor([0, 1]).tan()
    /// = tensor [2] f32 [0, 1.55741]
    fn tan(this: Tensor) -> Tensor { Ok((to_float(&this)?.sin()? / to_float(&this)?.cos()?)?) }

    /// The hyperbolic tangent of each element.
    ///
    /// > tensor([0, 1]).tanh()
    /// = tensor [2] f32 [0, 0.761594]
    fn tanh(this: Tensor) -> Tensor { Ok(tanh::tanh(&this)?) }

    /// The error function of each element.
    ///
    /// > tensor([0, 1]).erf()
    /// = tensor [2] f32 [0, 0.842701]
    fn erf(this: Tensor) -> Tensor { Ok(to_float(&this)?.erf()?) }

    /// The largest integer not above each element.
    ///
    /// > tensor([1.5, -1.5]).floor()
    /// = tensor [2] f32 [1, -2]
    fn floor(this: Tensor) -> Tensor { Ok(to_float(&this)?.floor()?) }

    /// The smallest integer not below each element.
    ///
    /// > tensor([1.5, -1.5]).ceil()
    /// = tensor [2] f32 [2, -1]
    fn ceil(this: Tensor) -> Tensor { Ok(to_float(&this)?.ceil()?) }

    /// The absolute value of each element; the gradient at 0 is 0.
    ///
    /// > tensor([1, -2]).abs()
    /// = tensor [2] f32 [1, 2]
    fn abs(this: Tensor) -> Tensor { apply(pointwise::ABS, &this) }

    /// The sign of each element: -1, 0 or 1.
    ///
    /// > tensor([3, 0, -2]).sign()
    /// = tensor [3] f32 [1, 0, -1]
    fn sign(this: Tensor) -> Tensor { apply(pointwise::SIGN, &this) }

    /// Each element rounded to the nearest integer; ties round to even.
    ///
    /// > tensor([1.5, 2.5]).round()
    /// = tensor [2] f32 [2, 2]
    fn round(this: Tensor) -> Tensor { apply(pointwise::ROUND, &this) }

    /// The natural logarithm of 1 + x, accurate near x = 0.
    ///
    /// > tensor([0, 1]).log1p()
    /// = tensor [2] f32 [0, 0.693147]
    fn log1p(this: Tensor) -> Tensor { apply(pointwise::LOG1P, &this) }

    /// The exponential of each element minus 1, accurate near 0.
    ///
    /// > tensor([0, 1]).expm1()
    /// = tensor [2] f32 [0, 1.71828]
    fn expm1(this: Tensor) -> Tensor { apply(pointwise::EXPM1, &this) }

    /// The logistic sigmoid 1 / (1 + exp(-x)) of each element.
    ///
    /// > tensor([0, 1]).sigmoid()
    /// = tensor [2] f32 [0.5, 0.731059]
    fn sigmoid(this: Tensor) -> Tensor { Ok(sigmoid::sigmoid(&this)?) }

    /// The rectified linear unit max(x, 0) of each element; the gradient at 0 is 0.
    ///
    /// > tensor([1, -2]).relu()
    /// = tensor [2] f32 [1, 0]
    fn relu(this: Tensor) -> Tensor { apply(pointwise::RELU, &this) }

    /// The softplus log(1 + exp(x)) of each element.
    ///
    /// > tensor([0, 1]).softplus()
    /// = tensor [2] f32 [0.693147, 1.31326]
    fn softplus(this: Tensor) -> Tensor { apply(pointwise::SOFTPLUS, &this) }

    /// 1 where the element is NaN, 0 elsewhere, as u8.
    ///
    /// > (tensor([0, 1]) / 0).is_nan()
    /// = tensor [2] u8 [1, 0]
    fn is_nan(this: Tensor) -> Tensor { Ok(pointwise::map_bool(&this, f64::is_nan)?) }

    /// 1 where the element is finite (neither infinite nor NaN), 0 elsewhere, as u8.
    ///
    /// > (tensor([0, 1]) / 0).is_finite()
    /// = tensor [2] u8 [0, 0]
    fn is_finite(this: Tensor) -> Tensor { Ok(pointwise::map_bool(&this, f64::is_finite)?) }
}

/// The function applied to each element.
fn apply(function: Function, t: &Tensor) -> Result<Tensor, crate::api::diagnostic::Diagnostic> {
    Ok(pointwise::apply(function, t)?)
}
