//! Mathematical functions of numbers, with the same names and results as the methods of tensors.

use super::diagnostic::Diagnostic;
use super::tensor::args::Number;
use super::value::{FromValue, Value};
use crate::base::Error;
use crate::tensor::custom_op::to_float;
use crate::tensor::pointwise::{self, Function};
use crate::tensor::{Tensor, integers};

/// A number or a tensor.
pub enum Numeric {
    Int(i64),
    Float(f64),
    Tensor(Tensor),
}

impl FromValue for Numeric {
    fn kind() -> String {
        "number or tensor".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Int(n) => Ok(Numeric::Int(n)),
            Value::Float(x) => Ok(Numeric::Float(x)),
            Value::Tensor(tensor) => Ok(Numeric::Tensor(tensor)),
            other => Err(other),
        }
    }
}

crate::natives! {
    /// Mathematical functions of numbers and tensors.
    module "";

    /// The natural logarithm of a number, or of each element of a tensor.
    ///
    /// > log(1)
    /// = 0.0
    fn log(x: Numeric) -> Value {
        Ok(match x {
            Numeric::Tensor(t) => Value::Tensor(to_float(&t)?.log()?),
            Numeric::Int(n) => Value::Float((n as f64).ln()),
            Numeric::Float(x) => Value::Float(x.ln()),
        })
    }

    /// The logarithm with base 2 of a number, or of each element of a tensor.
    ///
    /// > log2(8)
    /// = 3.0
    fn log2(x: Numeric) -> Value { apply(x, pointwise::LOG2) }

    /// The logarithm with base 10 of a number, or of each element of a tensor.
    ///
    /// > log10(100)
    /// = 2.0
    fn log10(x: Numeric) -> Value { apply(x, pointwise::LOG10) }

    /// The nearest integer of a number, or of each element of a tensor; ties round to even.
    ///
    /// > round(2.5)
    /// = 2.0
    fn round(x: Numeric) -> Value {
        match x {
            Numeric::Int(n) => Ok(Value::Int(n)),
            other => apply(other, pointwise::ROUND),
        }
    }

    /// The largest integer that does not exceed `a / b`. `/` returns the quotient as a float.
    ///
    /// > floor_divide(-7, 2)
    /// = -4
    fn floor_divide(a: Number, b: Number) -> Value {
        let (Number::Int(a), Number::Int(b)) = (a, b) else {
            return Ok(Value::Float((a.float() / b.float()).floor()));
        };
        if b == 0 {
            let (op, fact) = ("floor_divide", "integer division by zero");
            return Err(Error::Algebra { op, fact }.into());
        }
        let quotient = a.checked_div(b).ok_or_else(|| integers::overflow("floor_divide"))?;
        let is_rounded_up = a % b != 0 && (a < 0) != (b < 0);
        Ok(Value::Int(quotient - i64::from(is_rounded_up)))
    }
}

/// The function of a number or of each element of a tensor.
fn apply(x: Numeric, function: Function) -> Result<Value, Diagnostic> {
    Ok(match x {
        Numeric::Tensor(t) => Value::Tensor(pointwise::apply(function, &t)?),
        Numeric::Int(n) => Value::Float((function.value)(n as f64)),
        Numeric::Float(x) => Value::Float((function.value)(x)),
    })
}
