//! Inverse trigonometric and hyperbolic functions.

use super::args::{Operand, Receiver, broadcast_operands};
use crate::api::context::Context;
use crate::api::diagnostic::Diagnostic;
use crate::tensor::pointwise::{self, Function};
use crate::tensor::{Tensor, trigonometry};

crate::natives! {
    /// Inverse trigonometric and hyperbolic functions of tensors.
    module "";

    /// The arcsine of each element, in radians; NaN outside -1 to 1.
    ///
    /// > tensor([0, 1]).asin()
    /// = tensor [2] f32 [0, 1.5708]
    fn asin(this: Tensor) -> Tensor { apply(trigonometry::ASIN, &this) }

    /// The arccosine of each element, in radians; NaN outside -1 to 1.
    ///
    /// > tensor([1, 0]).acos()
    /// = tensor [2] f32 [0, 1.5708]
    fn acos(this: Tensor) -> Tensor { apply(trigonometry::ACOS, &this) }

    /// The arctangent of each element, in radians.
    ///
    /// > tensor([0, 1]).atan()
    /// = tensor [2] f32 [0, 0.785398]
    fn atan(this: Tensor) -> Tensor { apply(trigonometry::ATAN, &this) }

    /// The angle of the points (x, y) in radians, from -pi to pi: `y.atan2(x)`.
    ///
    /// > tensor([1, -1]).atan2(tensor([0, -1]))
    /// = tensor [2] f32 [1.5708, -2.35619]
    fn atan2(cx: &Context, this: Receiver, x: Operand) -> Tensor {
        let (y, x) = broadcast_operands(cx, "atan2", &this.0, &x)?;
        Ok(trigonometry::atan2(&y, &x)?)
    }

    /// The hyperbolic sine of each element.
    ///
    /// > tensor([0, 1]).sinh()
    /// = tensor [2] f32 [0, 1.1752]
    fn sinh(this: Tensor) -> Tensor { apply(trigonometry::SINH, &this) }

    /// The hyperbolic cosine of each element.
    ///
    /// > tensor([0, 1]).cosh()
    /// = tensor [2] f32 [1, 1.54308]
    fn cosh(this: Tensor) -> Tensor { apply(trigonometry::COSH, &this) }

    /// The inverse hyperbolic sine of each element.
    ///
    /// > tensor([0, 1]).asinh()
    /// = tensor [2] f32 [0, 0.881374]
    fn asinh(this: Tensor) -> Tensor { apply(trigonometry::ASINH, &this) }

    /// The inverse hyperbolic cosine of each element; NaN below 1.
    ///
    /// > tensor([1, 2]).acosh()
    /// = tensor [2] f32 [0, 1.31696]
    fn acosh(this: Tensor) -> Tensor { apply(trigonometry::ACOSH, &this) }

    /// The inverse hyperbolic tangent of each element; NaN outside -1 to 1.
    ///
    /// > tensor([0, 0.5]).atanh()
    /// = tensor [2] f32 [0, 0.549306]
    fn atanh(this: Tensor) -> Tensor { apply(trigonometry::ATANH, &this) }
}

/// The function applied to each element.
fn apply(function: Function, t: &Tensor) -> Result<Tensor, Diagnostic> {
    Ok(pointwise::apply(function, t)?)
}
