//! Between the engine's types and a script's values.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use super::native::FromValue;
use super::value::{Function, Map, Object, Thing, Value};
use crate::base::Error;
use crate::tensor::{DType, Device, Tensor};
use candle_core::WithDType;

/// A type that a native function can give to a script.
pub trait IntoValue {
    /// The kind of value, without an article.
    fn kind() -> String;
    fn into_value(self) -> Value;
}

macro_rules! plain {
    ($($type:ty, $kind:literal, $pattern:pat => $value:expr, $back:expr;)*) => { $(
        impl FromValue for $type {
            fn kind() -> String { $kind.into() }
            fn from_value(value: Value) -> Result<Self, Value> {
                match value { $pattern => Ok($value), other => Err(other) }
            }
        }
        impl IntoValue for $type {
            fn kind() -> String { $kind.into() }
            fn into_value(self) -> Value { let back: fn($type) -> Value = $back; back(self) }
        }
    )* };
}

plain! {
    bool, "truth value", Value::Bool(x) => x, Value::Bool;
    String, "text", Value::Text(x) => x, Value::Text;
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
        "nothing".into()
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
            // Lua writes an empty map and an empty list alike.
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

/// The whole number in `value`, if it is one; Lua's `3.0` and a tensor of one number count.
pub fn whole(value: &Value) -> Option<i64> {
    /// Above this, neighbouring doubles are further apart than 1.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Int(n) => Some(*n),
        Value::Float(x) if x.fract() == 0.0 && x.abs() <= EXACT => Some(*x as i64),
        Value::Tensor(_) => whole(&Value::Float(number(value)?)),
        _ => None,
    }
}

/// Whole numbers of 0 or more, each of which the option `name` counts something by.
///
/// Errors: `Range` for the first that is not
pub fn counts(of: &str, name: &str, numbers: &[f64]) -> Result<Vec<usize>, Error> {
    let count = |(index, x): (usize, &f64)| {
        let n = whole(&Value::Float(*x)).and_then(|n| usize::try_from(n).ok());
        n.ok_or_else(|| Error::Range {
            of: of.into(),
            name: format!("{name}[{index}]"),
            expected: "a whole number of 0 or more".into(),
            found: x.to_string(),
        })
    };
    numbers.iter().enumerate().map(count).collect()
}

/// The number in `value`, if it is one; a tensor of one number counts.
pub fn number(value: &Value) -> Option<f64> {
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
        number(&value).ok_or(value)
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

macro_rules! wholes {
    ($($type:ty, $kind:literal;)*) => { $(
        impl FromValue for $type {
            fn kind() -> String { $kind.into() }
            fn from_value(value: Value) -> Result<Self, Value> {
                whole(&value).and_then(|n| <$type>::try_from(n).ok()).ok_or(value)
            }
        }
        impl IntoValue for $type {
            fn kind() -> String { $kind.into() }
            fn into_value(self) -> Value { Value::Int(self as i64) }
        }
    )* };
}

wholes! {
    i64, "whole number";
    u64, "whole number of 0 or more";
    u32, "whole number from 0 to 4294967295";
    usize, "whole number of 0 or more";
}

/// A shape as scripts write it: `[3, 4]`, or `3` for a vector.
impl FromValue for Vec<usize> {
    fn kind() -> String {
        "list of whole numbers".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        let size = |v: &Value| whole(v).and_then(|n| usize::try_from(n).ok());
        let sizes = match &value {
            Value::List(list) => list.iter().map(size).collect(),
            one => size(one).map(|n| vec![n]),
        };
        sizes.ok_or(value)
    }
}

impl IntoValue for Vec<usize> {
    fn kind() -> String {
        "list of whole numbers".into()
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
        "list of texts".into()
    }
    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(Value::Text).collect())
    }
}

/// A tensor, or what can stand for one: a number, or nested lists of numbers (as f32).
impl FromValue for Tensor {
    fn kind() -> String {
        "tensor".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Tensor(tensor) => Ok(tensor),
            other => tensor_of(&other, DType::F32).ok_or(other),
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

/// A tensor for a function that has a dtype of its own: a list is not rounded to f32 on the way.
pub struct Exact(pub Tensor);

impl FromValue for Exact {
    fn kind() -> String {
        <Tensor as FromValue>::kind()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Tensor(tensor) => Ok(Exact(tensor)),
            other => tensor_of(&other, DType::F64).map(Exact).ok_or(other),
        }
    }
}

impl std::ops::Deref for Exact {
    type Target = Tensor;
    fn deref(&self) -> &Tensor {
        &self.0
    }
}

/// A new tensor from a number or nested lists of numbers of one shape; none for anything else.
pub fn tensor_of(value: &Value, dtype: DType) -> Option<Tensor> {
    // Through f64 a whole number above 2^53 would be another one.
    let exact = |value: &Value| match value {
        Value::Int(n) => Some(*n),
        _ => None,
    };
    if dtype == DType::I64
        && let Some(tensor) = gathered(value, &exact)
    {
        return Some(tensor);
    }
    let float = |value: &Value| match value {
        Value::Bool(x) => Some(f64::from(u8::from(*x))),
        other => number(other),
    };
    gathered(value, &float)?.to_dtype(dtype).ok()
}

/// The numbers that `read` finds in nested lists of one length, as a tensor.
fn gathered<T: WithDType>(value: &Value, read: &impl Fn(&Value) -> Option<T>) -> Option<Tensor> {
    let (mut shape, mut numbers) = (Vec::new(), Vec::new());
    collect(value, 0, &mut shape, &mut numbers, read)?;
    Tensor::from_vec(numbers, shape, &Device::Cpu).ok()
}

/// Appends the numbers of `value`, whose lists at `depth` must have the length that `shape` says.
fn collect<T>(
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
        // Only the first way down may add axes.
        (numbers.is_empty()).then(|| shape.push(list.len()))?;
    } else if shape[depth] != list.len() {
        return None;
    }
    list.iter()
        .try_for_each(|item| collect(item, depth + 1, shape, numbers, read))
}

impl<T: Thing> IntoValue for Rc<T> {
    fn kind() -> String {
        T::KIND.into()
    }
    fn into_value(self) -> Value {
        Value::Object(Object::shared(self))
    }
}

/// A thing of the engine handed to a script.
pub struct New<T>(pub T);

impl<T: Thing> IntoValue for New<T> {
    fn kind() -> String {
        T::KIND.into()
    }
    fn into_value(self) -> Value {
        Value::Object(Object::new(self.0))
    }
}
