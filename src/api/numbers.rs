//! Mathematical functions of numbers, with the same names and results as the methods of tensors.

use super::diagnostic::Diagnostic;
use super::tensor::args::Number;
use super::value::{FromValue, Value};
use crate::base::{Error, Result};
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

    /// e to the power of a number, or of each element of a tensor.
    ///
    /// > exp(0)
    /// = 1.0
    fn exp(x: Numeric) -> Value { elementwise(x, f64::exp, |t| Ok(t.exp()?)) }

    /// The square root of a number, or of each element of a tensor.
    ///
    /// > sqrt(16)
    /// = 4.0
    fn sqrt(x: Numeric) -> Value { elementwise(x, f64::sqrt, |t| Ok(t.sqrt()?)) }

    /// The sine of a number in radians, or of each element of a tensor.
    ///
    /// > sin(0)
    /// = 0.0
    fn sin(x: Numeric) -> Value { elementwise(x, f64::sin, |t| Ok(t.sin()?)) }

    /// The cosine of a number in radians, or of each element of a tensor.
    ///
    /// > cos(0)
    /// = 1.0
    fn cos(x: Numeric) -> Value { elementwise(x, f64::cos, |t| Ok(t.cos()?)) }

    /// The hyperbolic tangent of a number, or of each element of a tensor.
    ///
    /// > tanh(0)
    /// = 0.0
    fn tanh(x: Numeric) -> Value { elementwise(x, f64::tanh, |t| Ok(t.tanh()?)) }

    /// The largest integer that does not exceed a number, or each element of a tensor.
    ///
    /// > floor(2.7)
    /// = 2.0
    fn floor(x: Numeric) -> Value { round_to_integer(x, f64::floor, |t| Ok(t.floor()?)) }

    /// The smallest integer not below a number, or each element of a tensor.
    ///
    /// > ceil(2.2)
    /// = 3.0
    fn ceil(x: Numeric) -> Value { round_to_integer(x, f64::ceil, |t| Ok(t.ceil()?)) }

    /// The absolute value of a number, or of each element of a tensor.
    ///
    /// > abs(-2)
    /// = 2
    fn abs(x: Numeric) -> Value {
        match x {
            Numeric::Int(n) => {
                let absolute = n.checked_abs().ok_or_else(|| integers::overflow("abs"))?;
                Ok(Value::Int(absolute))
            }
            other => apply(other, pointwise::ABS),
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

/// [`apply`] for functions of tensors that candle provides.
fn elementwise(
    x: Numeric,
    number: fn(f64) -> f64,
    tensor: fn(Tensor) -> Result<Tensor>,
) -> Result<Value, Diagnostic> {
    Ok(match x {
        Numeric::Tensor(t) => Value::Tensor(tensor(to_float(&t)?)?),
        Numeric::Int(n) => Value::Float(number(n as f64)),
        Numeric::Float(x) => Value::Float(number(x)),
    })
}

/// [`elementwise`] for functions that return integers unchanged.
fn round_to_integer(
    x: Numeric,
    number: fn(f64) -> f64,
    tensor: fn(Tensor) -> Result<Tensor>,
) -> Result<Value, Diagnostic> {
    match x {
        Numeric::Int(n) => Ok(Value::Int(n)),
        other => elementwise(other, number, tensor),
    }
}
