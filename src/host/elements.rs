//! Elements and entries of values: `value[index]`, assignment to it, the operators of masks, and
//! the length. Both languages also pass `value.name` here, for which `index` is a string.

use super::dispatch::Vocabulary;
use crate::api::context::Language;
use crate::api::convert::as_integer;
use crate::api::diagnostic::Diagnostic;
use crate::api::value::Value;
use crate::tensor::DType;

impl Vocabulary {
    /// Evaluates `value[index]` for a tensor, or for an object with the method `at`.
    pub fn index(&self, values: Vec<Value>) -> Result<Value, Diagnostic> {
        if let [value, Value::Text(name)] = values.as_slice()
            && let Some(diagnostic) = self.name_error(value, name)
        {
            return Err(diagnostic);
        }
        match values.first() {
            Some(Value::Object(object)) if self.has(object.kind, "at") => {
                self.call_method("at", values)
            }
            Some(object @ Value::Object(_)) => Err(Diagnostic::new(format!(
                "{} cannot be indexed",
                object.kind()
            ))),
            _ => {
                let last = last_index_hint(&values);
                let element = self.operate("index", values);
                element.map_err(|diagnostic| match last {
                    Some(last) => {
                        diagnostic.hint(format!("tensors count from 0: the last index is {last}"))
                    }
                    None => diagnostic,
                })
            }
        }
    }

    /// The tensor after the assignment `tensor[index] = value`.
    ///
    /// Errors: an object, or a name instead of an index
    pub fn assign(&self, values: Vec<Value>) -> Result<Value, Diagnostic> {
        match values.as_slice() {
            [value, Value::Text(name), _] if is_name(name) => {
                let known = value.owner().is_some_and(|owner| self.has(owner, name));
                let kind = value.kind();
                Err(match known {
                    true => Diagnostic::new(format!("`{name}` is a method of {kind}")).hint(
                        format!("a method cannot be assigned; read it with `{name}()`"),
                    ),
                    false => {
                        Diagnostic::new(format!("{kind} has no entry `{name}` that can be set"))
                            .hint(self.setter_hint(value))
                    }
                }
                .symbol(name))
            }
            [Value::Tensor(_), ..] => self.operate("index_assign", values),
            [value, ..] => Err(Diagnostic::new(format!(
                "elements of {} cannot be assigned",
                value.kind()
            ))),
            [] => Err(Diagnostic::new(
                "expected a value, an index and a new value",
            )),
        }
    }

    /// Applies an operator of masks, such as `a & b`.
    ///
    /// Errors: an operand that is not a mask
    pub fn combine_masks(&self, name: &str, values: Vec<Value>) -> Result<Value, Diagnostic> {
        let is_mask = |value: &Value| match value {
            Value::Tensor(t) => t.dtype() == DType::U8,
            _ => false,
        };
        match values.iter().find(|value| !is_mask(value)) {
            None => self.operate(name, values),
            Some(other) => {
                let found = match other {
                    Value::Tensor(t) => format!("a tensor of {}", t.dtype().as_str()),
                    other => other.kind(),
                };
                Err(Diagnostic::new(format!(
                    "{name}: expected masks (tensors of u8), found {found}"
                ))
                .hint(format!(
                    "compare first, as in t.gt(0); a.{name}(..) accepts any dtype"
                )))
            }
        }
    }

    /// The length of a value: the size of the first axis of a tensor, or the result of the method
    /// `count` of an object.
    pub fn length(&self, values: Vec<Value>) -> Result<Value, Diagnostic> {
        match values.first() {
            Some(Value::Object(object)) if self.has(object.kind, "count") => {
                self.call_method("count", values)
            }
            Some(object @ Value::Object(_)) => {
                Err(Diagnostic::new(format!("{} has no length", object.kind())))
            }
            _ => self.operate("length", values),
        }
    }

    /// The number of elements of a value to iterate over.
    ///
    /// Errors: a value that cannot be iterated over
    pub fn count_elements(&self, value: &Value) -> Result<i64, Diagnostic> {
        let length = match value {
            Value::Tensor(tensor) if tensor.rank() == 0 => None,
            Value::Nil | Value::Bool(_) | Value::Int(_) | Value::Float(_) => None,
            value => self.length(vec![value.clone()]).ok(),
        };
        match length {
            Some(Value::Int(count)) => Ok(count),
            _ => Err(self.not_iterable(value)),
        }
    }

    /// The error for a loop over a value that cannot be iterated over.
    pub fn not_iterable(&self, value: &Value) -> Diagnostic {
        let found = match value {
            Value::Tensor(_) => "a tensor without axes".into(),
            value => value.kind(),
        };
        let (kinds, hint) = match self.context().language {
            Language::Rhai => (RHAI_ITERABLE, rhai_loop(value)),
            Language::Lua => (LUA_ITERABLE, lua_loop(value)),
        };
        Diagnostic::new(format!("expected {kinds} to iterate over, found {found}")).hint(hint)
    }

    /// The error for `value.name`: a method without parentheses, or an unknown name. `None` if the
    /// text is not a name, for example a slice `"1:"`.
    fn name_error(&self, value: &Value, name: &str) -> Option<Diagnostic> {
        let owner = value.owner().filter(|_| is_name(name))?;
        if self.has(owner, name) {
            return Some(method_without_call(name));
        }
        let kind = value.kind();
        let unknown = self.missing_method(value, name);
        let diagnostic = Diagnostic::new(format!("{kind} has no entry `{name}`")).symbol(name);
        Some(match unknown.hint {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        })
    }

    /// The hint for an assignment to an entry that does not exist.
    fn setter_hint(&self, value: &Value) -> String {
        match value.owner() {
            Some("tensor") => "assign to elements with an index: t[0] = 1.0".into(),
            Some(owner) if self.has(owner, "set") => {
                "`set` changes a parameter: value.set(name, tensor)".into()
            }
            _ => "pass settings as options where the value is created".into(),
        }
    }
}

/// The values that a loop accepts.
pub const RHAI_ITERABLE: &str = "a list, a range, a string, a tensor or fixed points";
const LUA_ITERABLE: &str = "a table, a tensor or fixed points";

/// The hint for a loop over this value in Rhai.
pub fn rhai_loop(value: &Value) -> String {
    match value {
        Value::Map(_) => {
            "for name in map.keys() { .. }, or for value in map.values() { .. }".into()
        }
        Value::Int(n) if *n > 0 => format!("a range counts from 0: for i in 0..{n} {{ .. }}"),
        Value::Int(_) => "a range counts from 0: for i in 0..10 { .. }".into(),
        Value::Float(_) => {
            "a range counts integers: for i in 0..10 { .. }; floor_divide(a, b) is an integer"
                .into()
        }
        Value::Tensor(_) => "a scalar has one value: x.item()".into(),
        Value::Function(_) => "call the function: for x in f.call() { .. }".into(),
        other => object_loop(other, "for name in net.params().keys() { .. }"),
    }
}

/// The hint for a loop over this value in Lua.
fn lua_loop(value: &Value) -> String {
    match value {
        Value::Int(n) if *n > 0 => format!("count with for i = 1, {n} do .. end"),
        Value::Int(_) | Value::Float(_) => "count with for i = 1, 10 do .. end".into(),
        Value::Text(_) => "for letter in text:gmatch(\".\") do .. end".into(),
        Value::Tensor(_) => "a scalar has one value: x:item()".into(),
        Value::Function(_) => "a function that returns the next value: for x in f do .. end".into(),
        other => object_loop(other, "for name, w in pairs(net:params()) do .. end"),
    }
}

/// The hint for an object; `parameters` is the loop over the parameters of a network.
fn object_loop(value: &Value, parameters: &str) -> String {
    match value.owner() {
        Some("network") => format!("the parameters of a network: {parameters}"),
        Some(owner) => format!("help(\"{owner}\") lists the methods of {}", value.kind()),
        None => "check where the value is computed".into(),
    }
}

/// The error for a method that is used without a call.
pub fn method_without_call(name: &str) -> Diagnostic {
    Diagnostic::new(format!("`{name}` is a method: write `{name}()`")).symbol(name)
}

/// Whether a text is a name of an entry or a method, and not a slice.
pub fn is_name(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    starts && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The error for an assignment to an element of a value without elements that can change.
pub fn read_only_error() -> Diagnostic {
    Diagnostic::new("elements of this value cannot be assigned")
        .hint("elements of lists, maps and tensors can be assigned")
}

/// The last index of a tensor, if a call indexes the element after it.
fn last_index_hint(values: &[Value]) -> Option<usize> {
    let [Value::Tensor(tensor), index] = values else {
        return None;
    };
    let (length, index) = (*tensor.dims().first()?, as_integer(index)?);
    (usize::try_from(index) == Ok(length)).then(|| length.checked_sub(1))?
}
