//! Argument types of the tensor functions: operands, axes, shapes, indices and dtypes.

use crate::api::context::Context;
use crate::api::convert::{as_integer, to_tensor};
use crate::api::diagnostic::Diagnostic;
use crate::api::value::FromValue;
use crate::api::value::Value;
use crate::tensor::reduce::Reduction;
use crate::tensor::{DType, Precision, Tensor, shape};

crate::choices! {
    /// The dtypes that scripts can select.
    pub enum DtypeChoice {
        #[default]
        F32 = "f32",
        F64 = "f64",
        I64 = "i64",
        U8 = "u8",
    }
}

crate::options! {
    /// Options of the functions that create a tensor.
    pub struct TensorOptions for "tensor" {
        /// The dtype of the tensor.
        dtype: DtypeChoice = DtypeChoice::F32;
    }
}

impl DtypeChoice {
    /// The corresponding tensor dtype.
    pub fn dtype(self) -> DType {
        match self {
            DtypeChoice::F32 => DType::F32,
            DtypeChoice::F64 => DType::F64,
            DtypeChoice::I64 => DType::I64,
            DtypeChoice::U8 => DType::U8,
        }
    }
}

/// An operand of a binary operation: a tensor, or plain numbers that take the dtype of the other
/// operand.
pub struct Operand {
    tensor: Tensor,
    /// For plain numbers: whether all of them are integers. `None` for a tensor.
    plain: Option<bool>,
}

impl Operand {
    fn read(value: Value) -> Result<Operand, Value> {
        if let Value::Tensor(tensor) = value {
            return Ok(Operand {
                tensor,
                plain: None,
            });
        }
        // Often the result of `==` in Lua, which compares whole tensors.
        if matches!(value, Value::Bool(_)) {
            return Err(value);
        }
        let is_integer = has_no_float(&value);
        // f64 cannot represent every integer above 2^53.
        let dtype = if is_integer { DType::I64 } else { DType::F64 };
        match to_tensor(&value, dtype) {
            Some(tensor) => Ok(Operand {
                tensor,
                plain: Some(is_integer),
            }),
            None => Err(value),
        }
    }

    /// Both operands as tensors, without a shape check.
    pub fn to_tensors(&self, other: &Operand) -> Result<(Tensor, Tensor), Diagnostic> {
        Ok((self.to_tensor(other)?, other.to_tensor(self)?))
    }

    fn to_tensor(&self, other: &Operand) -> Result<Tensor, Diagnostic> {
        let Some(is_integer) = self.plain else {
            return Ok(self.tensor.clone());
        };
        let dtype = match other.plain {
            Some(_) => DType::F32,
            None if other.tensor.dtype().is_float() => other.tensor.dtype(),
            None if is_integer => DType::I64,
            None => DType::F32,
        };
        Ok(self.tensor.to_dtype(dtype)?)
    }
}

impl From<Tensor> for Operand {
    fn from(tensor: Tensor) -> Operand {
        Operand {
            tensor,
            plain: None,
        }
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
pub fn broadcast_operands(
    cx: &Context,
    op: &'static str,
    left: &Operand,
    right: &Operand,
) -> Result<(Tensor, Tensor), Diagnostic> {
    let (l, r) = left.to_tensors(right)?;
    let dtype = crate::tensor::arith::promote(l.dtype(), r.dtype());
    // Without an allocation for operands of equal shapes.
    match l.dims() == r.dims() {
        true => cx.check_memory(op, l.dims(), dtype)?,
        false => cx.check_memory(op, &shape::broadcast(op, l.dims(), r.dims())?, dtype)?,
    }
    Ok((l, r))
}

/// The left operand: the receiver of the method.
pub struct Receiver(pub Operand);

impl FromValue for Receiver {
    fn kind() -> String {
        "tensor".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        Operand::read(value).map(Receiver)
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

impl FromValue for Operand {
    fn kind() -> String {
        "tensor or number".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        Operand::read(value)
    }
}

/// Integers, which can be negative: a list, a single number, or a vector.
pub struct Integers(pub Vec<i64>);

impl FromValue for Integers {
    fn kind() -> String {
        "list of integers".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        let integers = match &value {
            Value::List(list) => list.iter().map(as_integer).collect(),
            Value::Tensor(t) => crate::tensor::convert::to_f64(t).ok().and_then(|numbers| {
                numbers
                    .into_iter()
                    .map(|x| as_integer(&Value::Float(x)))
                    .collect()
            }),
            one => as_integer(one).map(|n| vec![n]),
        };
        integers.map(Integers).ok_or(value)
    }
}

/// Integers with the shape of their tensor; those of a list, or a single one, are a vector.
pub struct ShapedIntegers {
    pub integers: Vec<i64>,
    pub shape: Vec<usize>,
}

impl FromValue for ShapedIntegers {
    fn kind() -> String {
        Integers::kind()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        let shape = match &value {
            Value::Tensor(t) if t.rank() > 0 => Some(t.dims().to_vec()),
            _ => None,
        };
        let integers = Integers::from_value(value)?.0;
        let shape = shape.unwrap_or_else(|| vec![integers.len()]);
        Ok(ShapedIntegers { integers, shape })
    }
}

/// The reduction over one axis, a list of axes, or all axes if `axes` is `None`.
pub fn reduction(axes: Option<Integers>, keepdims: Option<bool>) -> Reduction {
    Reduction {
        axes: axes.map(|axes| axes.0),
        keepdims: keepdims.unwrap_or(false),
    }
}

/// A list of tensors.
pub struct TensorList(pub Vec<Tensor>);

impl FromValue for TensorList {
    fn kind() -> String {
        "list of tensors".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        let Value::List(list) = &value else {
            return Err(value);
        };
        // A plain list takes the dtype of the tensors in the same list.
        let dtypes = list.iter().filter_map(|part| match part {
            Value::Tensor(tensor) => Some(tensor.dtype()),
            _ => None,
        });
        let dtype = Precision::widest(dtypes).dtype();
        let parts = list.iter().map(|part| match part {
            Value::Tensor(tensor) => Some(tensor.clone()),
            other => to_tensor(other, dtype),
        });
        parts
            .collect::<Option<Vec<_>>>()
            .map(TensorList)
            .ok_or(value)
    }
}
