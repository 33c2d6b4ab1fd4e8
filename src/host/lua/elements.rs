//! Elements of tensors and objects in Lua: `t[i]`, `t[i] = x`, and the operators of masks.

use std::rc::Rc;

use mlua::{AnyUserData, Lua, MetaMethod, Table, UserDataMethods, UserDataRegistry};

use super::super::dispatch::Vocabulary;
use super::super::elements::{is_name, method_without_call};
use super::errors;
use super::methods::{METHODS, method_name};
use super::native_call::apply;
use super::values::{self, Handle};
use crate::api::diagnostic::Diagnostic;
use crate::api::value::Value;

/// The operators of masks and their tensor methods.
const MASK_OPERATORS: [(MetaMethod, &str); 3] = [
    (MetaMethod::BAnd, "logical_and"),
    (MetaMethod::BOr, "logical_or"),
    (MetaMethod::BXor, "logical_xor"),
];

/// Adds the metamethods of indexing, and those of the operators of masks.
pub fn add_methods(handles: &mut UserDataRegistry<Handle>, vocabulary: &Rc<Vocabulary>) {
    type Pair = (mlua::Value, mlua::Value);
    for (meta, name) in MASK_OPERATORS {
        let vocabulary = vocabulary.clone();
        handles.add_meta_function(meta, move |lua, (a, b): Pair| {
            let args = vec![a, b];
            apply(
                lua,
                &vocabulary,
                |v, args| v.combine_masks(name, args),
                args,
            )
        });
    }
    let negated = vocabulary.clone();
    handles.add_meta_function(MetaMethod::BNot, move |lua, a: mlua::Value| {
        let negate = |v: &Vocabulary, args| v.combine_masks("logical_not", args);
        apply(lua, &negated, negate, vec![a])
    });
    let indexed = vocabulary.clone();
    handles.add_meta_function(MetaMethod::Index, move |lua, pair: Pair| {
        index(lua, &indexed, pair)
    });
    let assigned = vocabulary.clone();
    handles.add_meta_function(MetaMethod::NewIndex, move |lua, entry| {
        assign(lua, &assigned, entry)
    });
}

/// `value.name` returns a method, `tensor[i]` an element or a slice.
fn index(
    lua: &Lua,
    vocabulary: &Vocabulary,
    (this, key): (mlua::Value, mlua::Value),
) -> mlua::Result<mlua::Value> {
    if let mlua::Value::String(name) = &key
        && is_name(&name.to_string_lossy())
    {
        return find_method(lua, vocabulary, &this, &name.to_string_lossy());
    }
    let part = part(lua, vocabulary, this, key)?;
    if let mlua::Value::UserData(part) = &part {
        part.set_user_value(true)?;
    }
    Ok(part)
}

/// Evaluates `value[key]`.
fn part(
    lua: &Lua,
    vocabulary: &Vocabulary,
    this: mlua::Value,
    key: mlua::Value,
) -> mlua::Result<mlua::Value> {
    if let mlua::Value::UserData(data) = &this
        && let Handle::Tensor(tensor) = &*data.borrow::<Handle>()?
    {
        let element = |v: &Vocabulary, mut key: Vec<Value>| v.element(tensor, key.remove(0));
        return apply(lua, vocabulary, element, vec![key]);
    }
    apply(lua, vocabulary, Vocabulary::index, vec![this, key])
}

/// The method `name` of a value.
fn find_method(
    lua: &Lua,
    vocabulary: &Vocabulary,
    this: &mlua::Value,
    name: &str,
) -> mlua::Result<mlua::Value> {
    let this = values::from_lua(this.clone())?;
    let has_method = this
        .owner()
        .is_some_and(|owner| vocabulary.has(owner, name));
    if !has_method {
        return Err(errors::raise(lua, vocabulary.missing_method(&this, name)));
    }
    let methods: Table = lua.named_registry_value(METHODS)?;
    methods.get(name)
}

/// `t[index] = value` stores the changed tensor in `t`, for all variables that refer to it.
fn assign(
    lua: &Lua,
    vocabulary: &Vocabulary,
    (this, key, value): (AnyUserData, mlua::Value, mlua::Value),
) -> mlua::Result<()> {
    let (key, value) = (values::from_lua(key)?, values::from_lua(value)?);
    let is_name = matches!(&key, Value::Text(_));
    if !is_name && this.user_value::<Option<bool>>()? == Some(true) {
        return Err(errors::raise(lua, part_error()));
    }
    let outcome = match &mut *this.borrow_mut::<Handle>()? {
        Handle::Tensor(tensor) => vocabulary.assign_element(tensor, key, value),
        object => vocabulary
            .assign(vec![object.value(), key, value])
            .map(drop),
    };
    outcome.map_err(|diagnostic| errors::raise(lua, diagnostic))
}

/// The error for `t[0][1] = 5`, which would change only a temporary copy of `t[0]`.
fn part_error() -> Diagnostic {
    Diagnostic::new("a part of a tensor cannot be assigned: it is a copy")
        .hint("write all indices in one list, t[{0, 1}] = x, or change an own tensor, t[0]:copy()")
}

/// Errors: a method, which prints as a function that the user did not intend
pub fn check_printable(lua: &Lua, value: &mlua::Value) -> mlua::Result<()> {
    let method = match value {
        mlua::Value::Function(function) => method_name(function),
        _ => None,
    };
    method.map_or(Ok(()), |name| {
        Err(errors::raise(lua, method_without_call(&name)))
    })
}
