//! Inverse trigonometric and hyperbolic functions, with their derivatives.

use super::pointwise::Function;
use super::{DType, Tensor, arith, convert, custom_op};
use crate::base::Result;

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident, $text:literal, $value:expr, $derivative:expr;)*) => { $(
        $(#[$doc])*
        pub const $name: Function = Function {
            name: $text,
            value: $value,
            derivative: $derivative,
            integer: None,
        };
    )* };
}

functions! {
    /// The arcsine.
    ASIN, "asin", f64::asin, |x| 1.0 / ((1.0 - x) * (1.0 + x)).sqrt();
    /// The arccosine.
    ACOS, "acos", f64::acos, |x| -1.0 / ((1.0 - x) * (1.0 + x)).sqrt();
    /// The arctangent.
    ATAN, "atan", f64::atan, |x| 1.0 / (1.0 + x * x);
    /// The hyperbolic sine.
    SINH, "sinh", f64::sinh, f64::cosh;
    /// The hyperbolic cosine.
    COSH, "cosh", f64::cosh, f64::sinh;
    /// The inverse hyperbolic sine, accurate near 0 and for large values.
    ASINH, "asinh", libm::asinh, |x| 1.0 / x.hypot(1.0);
    /// The inverse hyperbolic cosine.
    ACOSH, "acosh", libm::acosh, |x| 1.0 / ((x - 1.0) * (x + 1.0)).sqrt();
    /// The inverse hyperbolic tangent.
    ATANH, "atanh", libm::atanh, |x| 1.0 / ((1.0 - x) * (1.0 + x));
}

/// The angle of the points (x, y), from -pi to pi, with its gradient.
///
/// Errors: `Shapes` if the shapes cannot be broadcast
pub fn atan2(y: &Tensor, x: &Tensor) -> Result<Tensor> {
    let (y, x) = arith::align("atan2", y, x)?;
    let (y, x) = (custom_op::to_float(&y)?, custom_op::to_float(&x)?);
    let shape = y.dims().to_vec();
    let (ys, xs) = (convert::to_f64(&y)?, convert::to_f64(&x)?);
    let angles = ys.iter().zip(&xs).map(|(y, x)| y.atan2(*x));
    let value = convert::from_f64(angles.collect(), &shape, y.dtype())?;
    custom_op::with_gradients("atan2", &y, &x, value, move |grad| {
        let grad = convert::to_f64(grad)?;
        let points = || grad.iter().zip(&ys).zip(&xs);
        // Divides twice by the length: its square could overflow.
        let scaled = |g: f64, numerator: f64, length: f64| g * (numerator / length) / length;
        let by_y = points().map(|((g, y), x)| scaled(*g, *x, x.hypot(*y)));
        let by_x = points().map(|((g, y), x)| scaled(*g, -*y, x.hypot(*y)));
        Ok((
            convert::from_f64(by_y.collect(), &shape, DType::F64)?,
            convert::from_f64(by_x.collect(), &shape, DType::F64)?,
        ))
    })
}
