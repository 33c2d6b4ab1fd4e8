//! Fills a Lua state with the vocabulary: globals, one table per module, and the methods and
//! operators of the one userdata type.

use std::rc::Rc;

use mlua::{Lua, MetaMethod, MultiValue, Table, UserData, UserDataFields, UserDataMethods};

use super::super::call::Vocabulary;
use super::values::{self, Handle};
use super::{faults, limits};
use crate::api::fault::Fault;
use crate::api::native::Native;
use crate::api::show;
use crate::api::value::Value;

/// Where the methods, one function for each name, are kept out of the script's sight.
const METHODS: &str = "attractor methods";

/// Sets the globals and the modules.
pub fn vocabulary(lua: &Lua, vocabulary: &Rc<Vocabulary>) -> mlua::Result<()> {
    lua.set_app_data(vocabulary.clone());
    for (module, functions) in &vocabulary.functions {
        let table = if module.is_empty() {
            lua.globals()
        } else {
            lua.create_table()?
        };
        for native in functions.values() {
            table.set(native.name, function(lua, vocabulary, native)?)?;
        }
        if !module.is_empty() {
            table.set_metatable(Some(unknown_in(lua, vocabulary, module)?))?;
            lua.globals().set(*module, table)?;
        }
    }
    let show = |_: &Lua, value: mlua::Value| match value {
        mlua::Value::Thread(_) => Ok("thread".into()),
        value => Ok(show::printed(&values::value(value)?)),
    };
    lua.globals().set("tostring", lua.create_function(show)?)?;
    let terminal = vocabulary.context().terminal.clone();
    let print = move |_: &Lua, values: MultiValue| {
        // Lua's own `print` takes any number of values; a tab stands between them.
        let shown = values
            .into_iter()
            .map(|value| Ok(show::printed(&values::value(value)?)));
        terminal.print(&shown.collect::<mlua::Result<Vec<_>>>()?.join("\t"));
        Ok(())
    };
    lua.globals().set("print", lua.create_function(print)?)?;
    let methods = lua.create_table()?;
    for name in vocabulary.methods.keys() {
        methods.set(*name, method(lua, vocabulary, name)?)?;
    }
    lua.set_named_registry_value(METHODS, methods)
}

fn function(
    lua: &Lua,
    vocabulary: &Rc<Vocabulary>,
    native: &Rc<Native>,
) -> mlua::Result<mlua::Function> {
    let native = native.clone();
    wrap(lua, vocabulary, move |vocabulary, args| {
        vocabulary.call(&native, args)
    })
}

fn method(
    lua: &Lua,
    vocabulary: &Rc<Vocabulary>,
    name: &'static str,
) -> mlua::Result<mlua::Function> {
    wrap(lua, vocabulary, move |vocabulary, args| {
        vocabulary.call_method(name, args)
    })
}

fn wrap(
    lua: &Lua,
    vocabulary: &Rc<Vocabulary>,
    call: impl Fn(&Vocabulary, Vec<Value>) -> Result<Value, Fault> + 'static,
) -> mlua::Result<mlua::Function> {
    let vocabulary = vocabulary.clone();
    lua.create_function(move |lua, args: MultiValue| {
        let given = args
            .into_iter()
            .map(values::value)
            .collect::<mlua::Result<Vec<_>>>();
        let args = given.map_err(|error| faults::raise(lua, faults::plain(error)))?;
        let result = call(&vocabulary, args).map_err(|fault| faults::raise(lua, fault))?;
        limits::balance(lua, vocabulary.context().meter.left());
        values::lua_value(lua, result)
    })
}

/// A metatable that makes asking a module for a name it does not have a fault.
fn unknown_in(lua: &Lua, vocabulary: &Rc<Vocabulary>, module: &'static str) -> mlua::Result<Table> {
    let vocabulary = vocabulary.clone();
    let index = lua.create_function(move |lua, (_, name): (Table, String)| {
        Err::<mlua::Value, _>(faults::raise(lua, vocabulary.no_function(module, &name)))
    })?;
    let metatable = lua.create_table()?;
    metatable.set("__index", index)?;
    Ok(metatable)
}

impl UserData for Handle {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        // What Lua's own functions call it where they expect something else.
        fields.add_meta_field(MetaMethod::Type, "tensor or object");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        for (meta, name) in [
            (MetaMethod::Add, "add"),
            (MetaMethod::Sub, "sub"),
            (MetaMethod::Mul, "mul"),
            (MetaMethod::Div, "div"),
            (MetaMethod::Mod, "rem"),
            (MetaMethod::Pow, "pow"),
        ] {
            methods.add_meta_function(meta, move |lua, (a, b): (mlua::Value, mlua::Value)| {
                operate(lua, name, vec![a, b])
            });
        }
        methods.add_meta_function(MetaMethod::Unm, |lua, a: mlua::Value| {
            operate(lua, "neg", vec![a])
        });
        methods.add_meta_function(MetaMethod::Eq, |lua, (a, b): (mlua::Value, mlua::Value)| {
            equal(lua, a, b)
        });
        for (meta, name) in [(MetaMethod::Lt, "lt"), (MetaMethod::Le, "le")] {
            methods.add_meta_function(meta, move |lua, (a, b): (mlua::Value, mlua::Value)| {
                ordered(lua, name, a, b)
            });
        }
        methods.add_meta_method(MetaMethod::ToString, |_, this, ()| {
            Ok(show::printed(&this.0))
        });
        methods.add_meta_function(
            MetaMethod::Concat,
            |_, (a, b): (mlua::Value, mlua::Value)| {
                let text = |value| Ok::<_, mlua::Error>(show::printed(&values::value(value)?));
                Ok(format!("{}{}", text(a)?, text(b)?))
            },
        );
        methods.add_meta_function(MetaMethod::Len, |lua, a: mlua::Value| {
            apply(lua, Vocabulary::length, vec![a])
        });
        methods.add_meta_function(MetaMethod::Index, index);
        methods.add_meta_function(MetaMethod::NewIndex, |lua, _: MultiValue| {
            let fault = super::super::call::unchangeable();
            Err::<(), _>(faults::raise(lua, fault))
        });
    }
}

fn state(lua: &Lua) -> Rc<Vocabulary> {
    lua.app_data_ref::<Rc<Vocabulary>>()
        .expect("set when the state was made")
        .clone()
}

fn operate(lua: &Lua, name: &str, args: Vec<mlua::Value>) -> mlua::Result<mlua::Value> {
    apply(lua, |vocabulary, args| vocabulary.operate(name, args), args)
}

fn apply(
    lua: &Lua,
    call: impl Fn(&Vocabulary, Vec<Value>) -> Result<Value, Fault>,
    args: Vec<mlua::Value>,
) -> mlua::Result<mlua::Value> {
    let args = args
        .into_iter()
        .map(values::value)
        .collect::<mlua::Result<Vec<_>>>()?;
    let vocabulary = state(lua);
    let result = call(&vocabulary, args).map_err(|fault| faults::raise(lua, fault))?;
    limits::balance(lua, vocabulary.context().meter.left());
    values::lua_value(lua, result)
}

/// Lua makes one truth value of whatever a comparison gives, so only single numbers have an order.
fn ordered(lua: &Lua, name: &str, a: mlua::Value, b: mlua::Value) -> mlua::Result<bool> {
    let values = vec![values::value(a)?, values::value(b)?];
    match state(lua)
        .compare(name, values)
        .map_err(|fault| faults::raise(lua, fault))?
    {
        Value::Bool(answer) => Ok(answer),
        _ => {
            let fault = Fault::new("a comparison of tensors gives one truth value in Lua")
                .hint("for element by element use a:lt(b), a:le(b), a:gt(b), a:ge(b)");
            Err(faults::raise(lua, fault))
        }
    }
}

fn equal(lua: &Lua, a: mlua::Value, b: mlua::Value) -> mlua::Result<mlua::Value> {
    match (values::value(a)?, values::value(b)?) {
        (Value::Object(a), Value::Object(b)) => Ok(mlua::Value::Boolean(a.same(&b))),
        (a @ Value::Tensor(_), b @ Value::Tensor(_)) => {
            let same = state(lua).operate("same", vec![a, b]);
            values::lua_value(lua, same.map_err(|fault| faults::raise(lua, fault))?)
        }
        _ => Ok(mlua::Value::Boolean(false)),
    }
}

/// `value.name` finds a method, `tensor[i]` an element or a part.
fn index(lua: &Lua, (this, key): (mlua::Value, mlua::Value)) -> mlua::Result<mlua::Value> {
    let mlua::Value::String(name) = &key else {
        return apply(lua, Vocabulary::index, vec![this, key]);
    };
    let name = name.to_string_lossy();
    let this = values::value(this)?;
    let vocabulary = state(lua);
    let known = this.owner().is_some_and(|owner| {
        vocabulary
            .methods
            .get(name.as_str())
            .is_some_and(|owners| owners.contains_key(owner))
    });
    if !known {
        return Err(faults::raise(lua, vocabulary.no_method(&this, &name)));
    }
    let methods: Table = lua.named_registry_value(METHODS)?;
    methods.get(name)
}
