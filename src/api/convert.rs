//! Conversions between engine types and script values.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use super::value::{FromValue, Function, IntoValue, Map, Object, ScriptObject, Value};
use crate::base::Error;
use crate::tensor::{DType, Device, Tensor};
use candle_core::WithDType;

macro_rules! direct_conversions {
    ($($type:ty, $kind:literal, $pattern:pat => $value:expr, $wrap:expr;)*) => { $(
        impl FromValue for $type {
            fn kind() -> String { $kind.into() }
            fn from_value(value: Value) -> Result<Self, Value> {
                match value { $pattern => Ok($value), other => Err(other) }
            }
        }
        impl IntoValue for $type {
            fn kind() -> String { $kind.into() }
            fn into_value(self) -> Value { let wrap: fn($type) -> Value = $wrap; wrap(self) }
        }
    )* };
}

direct_conversions! {
    bool, "boolean", Value::Bool(x) => x, Value::Bool;
    String, "string", Value::Text(x) => x, Value::Text;
    Vec<Value>, "list", Value::List(x) => x, Value::List;
    Function, "function", Value::Function(x) => x, Value::Function;
    Object, "object", Value::Object(x) => x, Value::Object;
}

impl FromValue for PathBuf {
    fn kind() -> String {
        "path".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        String::from_value(value).map(PathBuf::from)
    }
}

impl FromValue for Value {
    fn kind() -> String {
        "value".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        Ok(value)
    }
}

impl IntoValue for Value {
    fn kind() -> String {
        "value".into()
    }
    fn into_value(self) -> Value {
        self
    }
}

impl IntoValue for () {
    fn kind() -> String {
        "nil".into()
    }
    fn into_value(self) -> Value {
        Value::Nil
    }
}

impl<T: IntoValue> IntoValue for Option<T> {
    fn kind() -> String {
        T::kind()
    }
    fn into_value(self) -> Value {
        self.map_or(Value::Nil, T::into_value)
    }
}

impl FromValue for Map {
    fn kind() -> String {
        "map".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Map(map) => Ok(map),
            // An empty map and an empty list are the same value in Lua.
            Value::List(list) if list.is_empty() => Ok(BTreeMap::new()),
            other => Err(other),
        }
    }
}

impl IntoValue for Map {
    fn kind() -> String {
        "map".into()
    }
    fn into_value(self) -> Value {
        Value::Map(self)
    }
}

/// The integer in `value`. A float with an integer value (`3.0` in Lua) and a tensor with one
/// element are accepted; any other value returns `None`.
pub fn as_integer(value: &Value) -> Option<i64> {
    /// 2^53: above it, adjacent doubles differ by more than 1.
    const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Int(n) => Some(*n),
        Value::Float(x) if x.fract() == 0.0 && x.abs() <= MAX_EXACT => Some(*x as i64),
        Value::Tensor(_) => as_integer(&Value::Float(as_number(value)?)),
        _ => None,
    }
}

/// The elements of the option `name` as non-negative integers.
///
/// Errors: `Range` for the first element that is not a non-negative integer
pub fn as_counts(of: &str, name: &str, values: &[f64]) -> Result<Vec<usize>, Error> {
    let count = |(index, x): (usize, &f64)| {
        let n = as_integer(&Value::Float(*x)).and_then(|n| usize::try_from(n).ok());
        n.ok_or_else(|| Error::Range {
            of: of.into(),
            name: format!("{name}[{index}]"),
            expected: "an integer of 0 or more".into(),
            found: x.to_string(),
        })
    };
    values.iter().enumerate().map(count).collect()
}

/// The number in `value`, if it is a number or a tensor with one element.
pub fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(n) => Some(*n as f64),
        Value::Float(x) => Some(*x),
        Value::Tensor(tensor) if tensor.elem_count() == 1 => {
            let flat = tensor
                .to_dtype(DType::F64)
                .and_then(|t| t.flatten_all())
                .ok()?;
            flat.to_vec1::<f64>().ok()?.first().copied()
        }
        _ => None,
    }
}

impl FromValue for f64 {
    fn kind() -> String {
        "number".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        as_number(&value).ok_or(value)
    }
}

impl IntoValue for f64 {
    fn kind() -> String {
        "number".into()
    }
    fn into_value(self) -> Value {
        Value::Float(self)
    }
}

macro_rules! integer_conversions {
    ($($type:ty, $kind:literal;)*) => { $(
        impl FromValue for $type {
            fn kind() -> String { $kind.into() }
            fn from_value(value: Value) -> Result<Self, Value> {
                as_integer(&value).and_then(|n| <$type>::try_from(n).ok()).ok_or(value)
            }
        }
        impl IntoValue for $type {
            fn kind() -> String { $kind.into() }
            fn into_value(self) -> Value { Value::Int(self as i64) }
        }
    )* };
}

integer_conversions! {
    i64, "integer";
    u64, "integer of 0 or more";
    u32, "integer from 0 to 4294967295";
    usize, "integer of 0 or more";
}

/// A shape or indices: a list such as `[3, 4]`, `3` for a list of one element, or a vector.
impl FromValue for Vec<usize> {
    fn kind() -> String {
        "list of integers".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        let size = |v: &Value| as_integer(v).and_then(|n| usize::try_from(n).ok());
        let sizes = match &value {
            Value::List(list) => list.iter().map(size).collect(),
            Value::Tensor(vector) if vector.rank() == 1 => {
                let numbers = crate::tensor::convert::to_f64(vector).ok();
                let integer = |x: f64| size(&Value::Float(x));
                numbers.and_then(|numbers| numbers.into_iter().map(integer).collect())
            }
            one => size(one).map(|n| vec![n]),
        };
        sizes.ok_or(value)
    }
}

impl IntoValue for Vec<usize> {
    fn kind() -> String {
        "list of integers".into()
    }
    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(|n| Value::Int(n as i64)).collect())
    }
}

impl IntoValue for Vec<f64> {
    fn kind() -> String {
        "list of numbers".into()
    }
    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(Value::Float).collect())
    }
}

impl IntoValue for Vec<String> {
    fn kind() -> String {
        "list of strings".into()
    }
    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(Value::Text).collect())
    }
}

/// A tensor, or a number or nested lists of numbers, which become an f32 tensor.
impl FromValue for Tensor {
    fn kind() -> String {
        "tensor".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Tensor(tensor) => Ok(tensor),
            // Often the result of `==` in Lua, which compares whole tensors.
            Value::Bool(_) => Err(value),
            other => to_tensor(&other, DType::F32).ok_or(other),
        }
    }
}

impl IntoValue for Tensor {
    fn kind() -> String {
        "tensor".into()
    }
    fn into_value(self) -> Value {
        Value::Tensor(self)
    }
}

/// A tensor for a function that chooses its own dtype: a list becomes an f64 tensor and is not
/// rounded to f32.
pub struct ExactTensor(pub Tensor);

impl FromValue for ExactTensor {
    fn kind() -> String {
        <Tensor as FromValue>::kind()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Tensor(tensor) => Ok(ExactTensor(tensor)),
            other => to_tensor(&other, DType::F64).map(ExactTensor).ok_or(other),
        }
    }
}

impl std::ops::Deref for ExactTensor {
    type Target = Tensor;
    fn deref(&self) -> &Tensor {
        &self.0
    }
}

/// A tensor for an argument that `of` names; plain numbers are converted directly to f64, without
/// rounding to f32.
///
/// Errors: `Kind` for a value that is not a tensor
pub fn exact_tensor(of: String, expected: &str, value: Value) -> Result<Tensor, Error> {
    let tensor = ExactTensor::from_value(value);
    tensor.map(|tensor| tensor.0).map_err(|value| Error::Kind {
        of,
        expected: expected.into(),
        found: value.kind(),
    })
}

/// A map of named tensors.
pub fn tensor_map<const N: usize>(entries: [(&str, Tensor); N]) -> Map {
    entries
        .map(|(name, tensor)| (name.to_string(), Value::Tensor(tensor)))
        .into()
}

/// A new tensor from a number or from nested lists of numbers of equal shape; `None` for any other
/// value.
pub fn to_tensor(value: &Value, dtype: DType) -> Option<Tensor> {
    // A conversion through f64 would change integers above 2^53.
    let exact = |value: &Value| match value {
        Value::Int(n) => Some(*n),
        _ => None,
    };
    if dtype == DType::I64
        && let Some(tensor) = tensor_from_list(value, &exact)
    {
        return Some(tensor);
    }
    let float = |value: &Value| match value {
        Value::Bool(x) => Some(f64::from(u8::from(*x))),
        other => as_number(other),
    };
    tensor_from_list(value, &float)?.to_dtype(dtype).ok()
}

/// The numbers in nested lists of equal length, converted by `read`, as a tensor.
fn tensor_from_list<T: WithDType>(
    value: &Value,
    read: &impl Fn(&Value) -> Option<T>,
) -> Option<Tensor> {
    let (mut shape, mut numbers) = (Vec::new(), Vec::new());
    append_values(value, 0, &mut shape, &mut numbers, read)?;
    Tensor::from_vec(numbers, shape, &Device::Cpu).ok()
}

/// Appends the numbers of `value`. Its lists at `depth` must have the length `shape[depth]`.
fn append_values<T>(
    value: &Value,
    depth: usize,
    shape: &mut Vec<usize>,
    numbers: &mut Vec<T>,
    read: &impl Fn(&Value) -> Option<T>,
) -> Option<()> {
    let Value::List(list) = value else {
        numbers.push(read(value)?);
        return (depth == shape.len()).then_some(());
    };
    if depth == shape.len() {
        // Only the first descent to a number may add axes.
        (numbers.is_empty()).then(|| shape.push(list.len()))?;
    } else if shape[depth] != list.len() {
        return None;
    }
    list.iter()
        .try_for_each(|item| append_values(item, depth + 1, shape, numbers, read))
}

impl<T: ScriptObject> FromValue for Rc<T> {
    fn kind() -> String {
        T::KIND.into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Object(object) => object.get::<T>().ok_or(Value::Object(object)),
            other => Err(other),
        }
    }
}

impl<T: ScriptObject> IntoValue for Rc<T> {
    fn kind() -> String {
        T::KIND.into()
    }
    fn into_value(self) -> Value {
        Value::Object(Object::shared(self))
    }
}

/// A new engine object that a native function returns.
pub struct New<T>(pub T);

impl<T: ScriptObject> IntoValue for New<T> {
    fn kind() -> String {
        T::KIND.into()
    }
    fn into_value(self) -> Value {
        Value::Object(Object::new(self.0))
    }
}
