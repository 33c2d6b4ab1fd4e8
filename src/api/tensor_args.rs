//! Argument types of the tensor functions: operands, axes, shapes, indices and dtypes.

use super::context::Context;
use super::convert::{as_integer, as_number, to_tensor};
use super::diagnostic::Diagnostic;
use super::native::FromValue;
use super::value::Value;
use crate::tensor::reduce::Reduction;
use crate::tensor::{DType, Tensor, shape};

crate::choices! {
    /// The dtypes that scripts can select.
    pub enum Kind {
        #[default]
        F32 = "f32",
        F64 = "f64",
        I64 = "i64",
        U8 = "u8",
    }
}

crate::options! {
    /// Options of the functions that create a tensor.
    pub struct Making for "tensor" {
        /// The dtype
        dtype: Kind = Kind::F32;
    }
}

impl Kind {
    /// The corresponding tensor dtype.
    pub fn dtype(self) -> DType {
        match self {
            Kind::F32 => DType::F32,
            Kind::F64 => DType::F64,
            Kind::I64 => DType::I64,
            Kind::U8 => DType::U8,
        }
    }
}

/// An operand of a binary operation: a tensor, or plain numbers that take the dtype of the other
/// operand.
pub struct Side {
    tensor: Tensor,
    /// For plain numbers: whether all of them are integers. `None` for a tensor.
    plain: Option<bool>,
}

impl Side {
    fn read(value: Value) -> Result<Side, Value> {
        if let Value::Tensor(tensor) = value {
            return Ok(Side {
                tensor,
                plain: None,
            });
        }
        let is_whole = has_no_float(&value);
        // f64 cannot represent every integer above 2^53.
        let dtype = if is_whole { DType::I64 } else { DType::F64 };
        match to_tensor(&value, dtype) {
            Some(tensor) => Ok(Side {
                tensor,
                plain: Some(is_whole),
            }),
            None => Err(value),
        }
    }

    /// Both operands as tensors, without a shape check.
    pub fn with(&self, other: &Side) -> Result<(Tensor, Tensor), Diagnostic> {
        Ok((self.beside(other)?, other.beside(self)?))
    }

    fn beside(&self, other: &Side) -> Result<Tensor, Diagnostic> {
        let Some(is_whole) = self.plain else {
            return Ok(self.tensor.clone());
        };
        let dtype = match other.plain {
            Some(_) => DType::F32,
            None if other.tensor.dtype().is_float() => other.tensor.dtype(),
            None if is_whole => DType::I64,
            None => DType::F32,
        };
        Ok(self.tensor.to_dtype(dtype)?)
    }
}

/// Whether nested lists contain no float.
fn has_no_float(value: &Value) -> bool {
    match value {
        Value::Float(_) => false,
        Value::List(list) => list.iter().all(has_no_float),
        _ => true,
    }
}

/// Both operands as tensors, after a memory check of the broadcast result.
pub fn sides(
    cx: &Context,
    op: &'static str,
    left: &Side,
    right: &Side,
) -> Result<(Tensor, Tensor), Diagnostic> {
    let (l, r) = left.with(right)?;
    let shape = shape::broadcast(op, l.dims(), r.dims())?;
    let dtype = crate::tensor::arith::promote(l.dtype(), r.dtype());
    cx.check_memory(op, &shape, dtype)?;
    Ok((l, r))
}

/// The left operand: the receiver of the method.
pub struct Left(pub Side);

impl FromValue for Left {
    fn kind() -> String {
        "tensor".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        Side::read(value).map(Left)
    }
}

/// A number that preserves the exact value of an integer.
#[derive(Clone, Copy)]
pub enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    pub fn float(self) -> f64 {
        match self {
            Number::Int(n) => n as f64,
            Number::Float(x) => x,
        }
    }
}

impl FromValue for Number {
    fn kind() -> String {
        <f64 as FromValue>::kind()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Int(n) => Ok(Number::Int(n)),
            other => f64::from_value(other).map(Number::Float),
        }
    }
}

impl FromValue for Side {
    fn kind() -> String {
        "tensor or number".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        Side::read(value)
    }
}

/// Integers, which can be negative: a list, a single number, or a vector.
pub struct Wholes(pub Vec<i64>);

impl FromValue for Wholes {
    fn kind() -> String {
        "list of integers".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        let found = match &value {
            Value::List(list) => list.iter().map(as_integer).collect(),
            Value::Tensor(t) => crate::tensor::convert::to_f64(t).ok().and_then(|numbers| {
                numbers
                    .into_iter()
                    .map(|x| as_integer(&Value::Float(x)))
                    .collect()
            }),
            one => as_integer(one).map(|n| vec![n]),
        };
        found.map(Wholes).ok_or(value)
    }
}

/// The reduction over one axis, a list of axes, or all axes if `axes` is `None`.
pub fn along(axes: Option<Wholes>, keepdims: Option<bool>) -> Reduction {
    Reduction {
        axes: axes.map(|axes| axes.0),
        keepdims: keepdims.unwrap_or(false),
    }
}

/// A list of tensors.
pub struct Parts(pub Vec<Tensor>);

impl FromValue for Parts {
    fn kind() -> String {
        "list of tensors".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        let Value::List(list) = &value else {
            return Err(value);
        };
        // A plain list takes the dtype of the tensors in the same list.
        let double = |part: &Value| matches!(part, Value::Tensor(t) if t.dtype() == DType::F64);
        let dtype = match list.iter().any(double) {
            true => DType::F64,
            false => DType::F32,
        };
        let parts = list.iter().map(|part| match part {
            Value::Tensor(tensor) => Some(tensor.clone()),
            other => to_tensor(other, dtype),
        });
        parts.collect::<Option<Vec<_>>>().map(Parts).ok_or(value)
    }
}

/// An index into a tensor: one index for each of the first axes, or a range of the first axis.
pub enum Place {
    At(Vec<i64>),
    Stretch(i64, Option<i64>),
}

impl FromValue for Place {
    fn kind() -> String {
        "integer, range or list of integers".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        if let Value::Map(map) = &value {
            let from = map.get("from").map_or(Some(0), as_integer);
            let to = map.get("to").map(as_integer);
            return match (from, to) {
                (Some(from), None) => Ok(Place::Stretch(from, None)),
                (Some(from), Some(Some(to))) => Ok(Place::Stretch(from, Some(to))),
                _ => Err(value),
            };
        }
        Wholes::from_value(value).map(|wholes| Place::At(wholes.0))
    }
}

/// A new tensor from a number or nested lists, or a tensor converted to `dtype`.
///
/// Errors: nested lists that are not rectangular, or values that are not numbers
pub fn tensor_from_value(cx: &Context, values: Value, dtype: DType) -> Result<Tensor, Diagnostic> {
    if let Value::Tensor(t) = &values {
        cx.check_memory("tensor", t.dims(), dtype)?;
        return Ok(t.to_dtype(dtype)?);
    }
    let plain = matches!(values, Value::List(_) | Value::Bool(_)) || as_number(&values).is_some();
    let found = to_tensor(&values, dtype);
    found.ok_or_else(|| {
        let kind = match plain {
            true => "a list whose parts differ in length or are not numbers".into(),
            false => values.kind(),
        };
        Diagnostic::new(format!(
            "tensor: expected numbers in lists of one length, found {kind}"
        ))
    })
}

/// The value of a tensor with one element, as a plain number.
///
/// Errors: `Shape` for any other number of elements
pub fn scalar(t: &Tensor) -> Result<Value, Diagnostic> {
    if t.elem_count() != 1 {
        return Err(crate::base::Error::Shape {
            op: "item",
            what: "one number",
            expected: "[]".into(),
            found: t.dims().to_vec(),
        }
        .into());
    }
    nested(&t.detach().reshape(())?)
}

/// The elements as nested lists of plain numbers.
pub fn nested(t: &Tensor) -> Result<Value, Diagnostic> {
    if t.rank() > 0 {
        let parts = (0..t.dims()[0]).map(|i| nested(&t.get(i)?));
        return Ok(Value::List(parts.collect::<Result<_, _>>()?));
    }
    Ok(match t.dtype().is_float() {
        true => Value::Float(t.to_dtype(DType::F64)?.to_scalar()?),
        false => Value::Int(t.to_dtype(DType::I64)?.to_scalar()?),
    })
}
