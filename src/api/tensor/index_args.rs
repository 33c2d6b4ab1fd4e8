//! Indices of tensors in scripts: integers, ranges, strings, tensors and lists.

use crate::api::convert::{as_integer, to_tensor};
use crate::api::diagnostic::Diagnostic;
use crate::api::value::{FromValue, Map, Value};
use crate::base::Error;
use crate::tensor::DType;
use crate::tensor::select::AxisIndex;

/// The forms of an index, for error messages.
const FORMS: &str = "an integer, a range, a string such as \"1:\", \"::2\" or \"...\", an i64 \
                     tensor or a list of integers, or a u8 mask";

/// An index of one axis, or a list with one index for each of the first axes.
#[derive(Clone)]
pub struct Index(Value);

impl FromValue for Index {
    fn kind() -> String {
        "index".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        Ok(Index(value))
    }
}

impl Index {
    /// The indices of `t[index]`: the items of a list are the indices of the first axes.
    pub fn axes(self) -> Result<Vec<AxisIndex>, Diagnostic> {
        match self.0 {
            Value::List(items) => items.into_iter().map(|item| Index(item).axis()).collect(),
            one => Ok(vec![Index(one).axis()?]),
        }
    }

    /// The index of one axis: a list contains indices along it.
    pub fn axis(self) -> Result<AxisIndex, Diagnostic> {
        let is_array = matches!(&self.0, Value::Tensor(t) if t.rank() > 0);
        if let (false, Some(index)) = (is_array, as_integer(&self.0)) {
            return Ok(AxisIndex::At(index));
        }
        let index = match &self.0 {
            Value::Map(map) => slice(map),
            Value::Text(text) => AxisIndex::parse(text),
            Value::Tensor(t) if t.dtype() == DType::U8 => Some(AxisIndex::Mask(t.clone())),
            Value::Tensor(t) if t.dtype().is_float() => return Err(float_index(t.dtype())),
            Value::Tensor(t) => Some(AxisIndex::Indices(t.clone())),
            list @ Value::List(_) => list_index(list),
            _ => None,
        };
        index.ok_or_else(|| {
            let found = match &self.0 {
                Value::Text(text) => format!("the text {text:?}"),
                other => other.kind(),
            };
            let (of, expected) = ("index".into(), FORMS.into());
            Error::Kind {
                of,
                expected,
                found,
            }
            .into()
        })
    }
}

/// The slice of a map with the keys `from`, `to` and `step`, as the host passes a range.
fn slice(map: &Map) -> Option<AxisIndex> {
    if map
        .keys()
        .any(|key| !["from", "to", "step"].contains(&key.as_str()))
    {
        return None;
    }
    let bound = |name: &str| match map.get(name) {
        None | Some(Value::Nil) => Some(None),
        Some(value) => as_integer(value).map(Some),
    };
    Some(AxisIndex::Slice {
        from: bound("from")?,
        to: bound("to")?,
        step: bound("step")?.unwrap_or(1),
    })
}

/// Nested lists of integers, or of booleans.
fn list_index(list: &Value) -> Option<AxisIndex> {
    if contains_only(list, &|item| matches!(item, Value::Bool(_))) {
        return to_tensor(list, DType::U8).map(AxisIndex::Mask);
    }
    let is_integer = |item: &Value| as_integer(item).is_some();
    let integers = contains_only(list, &is_integer);
    integers
        .then(|| to_tensor(list, DType::I64).map(AxisIndex::Indices))
        .flatten()
}

/// Whether nested lists are not empty and contain only items with this property.
fn contains_only(value: &Value, property: &impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::List(items) => {
            !items.is_empty() && items.iter().all(|item| contains_only(item, property))
        }
        item => property(item),
    }
}

/// The error for an index tensor of floats: it may be intended as indices or as a mask.
fn float_index(dtype: DType) -> Diagnostic {
    let (of, expected) = ("index".into(), FORMS.into());
    let found = format!("a tensor of {}", dtype.as_str());
    Diagnostic::from(Error::Kind {
        of,
        expected,
        found,
    })
    .hint(
        "indices: `i.to_dtype(\"i64\")`, or `tensor([0, 2], #{ dtype: \"i64\" })`; \
         a mask: `m.ne(0)`, or a comparison such as `t.gt(0)`",
    )
}
