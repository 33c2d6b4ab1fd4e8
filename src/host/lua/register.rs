//! Registration of the vocabulary in a Lua state: globals, one table per module, and the methods
//! and operators of the userdata type.

use std::rc::Rc;

use mlua::{Lua, MetaMethod, MultiValue, Table, UserDataFields, UserDataMethods, UserDataRegistry};

use super::super::dispatch::Vocabulary;
use super::super::script_host::REPL_FILE;
use super::super::source_hints;
use super::methods::METHODS;
use super::native_call::apply;
use super::values::{self, Handle};
use super::{elements, errors, limits, methods};
use crate::api::diagnostic::Diagnostic;
use crate::api::display;
use crate::api::native::Native;
use crate::api::value::Value;

/// Registers the globals, the modules and the methods.
pub fn vocabulary(lua: &Lua, vocabulary: &Rc<Vocabulary>) -> mlua::Result<()> {
    register_handles(lua, vocabulary)?;
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
            table.set_metatable(Some(unknown_name_metatable(lua, vocabulary, module)?))?;
            lua.globals().set(*module, table)?;
        }
    }
    register_printing(lua, vocabulary)?;
    let table = lua.create_table()?;
    for name in vocabulary.methods.keys() {
        table.set(*name, method(lua, vocabulary, name)?)?;
    }
    lua.set_named_registry_value(METHODS, table)?;
    methods::register_names(lua, vocabulary)
}

/// Raises an error for global names of other languages, such as `True`: as in an option
/// `{ polish = True }`, they would be nil without an error.
pub fn refuse_foreign_globals(lua: &Lua, vocabulary: &Rc<Vocabulary>) -> mlua::Result<()> {
    let path = match vocabulary.context().script.path.as_str() {
        "" => REPL_FILE.to_string(),
        path => path.to_string(),
    };
    let index = lua.create_function(move |lua, (_, name): (mlua::Value, mlua::Value)| {
        let mlua::Value::String(name) = name else {
            return Ok(mlua::Nil);
        };
        let name = name.to_string_lossy();
        match source_hints::global_hint(&path, &name) {
            Some(hint) => {
                let diagnostic = Diagnostic::new(format!("`{name}` is not defined")).hint(hint);
                Err(errors::raise(lua, diagnostic.symbol(&name)))
            }
            None => Ok(mlua::Nil),
        }
    })?;
    let metatable = lua.create_table()?;
    metatable.set("__index", index)?;
    lua.globals().set_metatable(Some(metatable))
}

/// Registers `tostring` and `print`, which use the common text form of values.
fn register_printing(lua: &Lua, vocabulary: &Rc<Vocabulary>) -> mlua::Result<()> {
    let to_string = |lua: &Lua, value: mlua::Value| {
        elements::check_printable(lua, &value)?;
        match value {
            mlua::Value::Thread(_) => Ok("thread".into()),
            value => Ok(display::print_text(&values::from_lua(value)?)),
        }
    };
    lua.globals()
        .set("tostring", lua.create_function(to_string)?)?;
    let terminal = vocabulary.context().terminal.clone();
    let print = move |lua: &Lua, values: MultiValue| {
        // As in Lua, `print` accepts any number of values and separates them with tabs.
        let texts = values.into_iter().map(|value| {
            elements::check_printable(lua, &value)?;
            Ok(display::print_text(&values::from_lua(value)?))
        });
        terminal.print(&texts.collect::<mlua::Result<Vec<_>>>()?.join("\t"));
        Ok(())
    };
    lua.globals().set("print", lua.create_function(print)?)
}

/// The Lua function of a native function.
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

/// The Lua function of a method name, which dispatches on the kind of the receiver.
fn method(
    lua: &Lua,
    vocabulary: &Rc<Vocabulary>,
    name: &'static str,
) -> mlua::Result<mlua::Function> {
    wrap(lua, vocabulary, move |vocabulary, args| {
        vocabulary.call_method(name, args)
    })
}

/// A Lua function that converts its arguments and result and calls the vocabulary.
fn wrap(
    lua: &Lua,
    vocabulary: &Rc<Vocabulary>,
    call: impl Fn(&Vocabulary, Vec<Value>) -> Result<Value, Diagnostic> + 'static,
) -> mlua::Result<mlua::Function> {
    let vocabulary = vocabulary.clone();
    lua.create_function(move |lua, args: MultiValue| {
        let converted = args
            .into_iter()
            .map(values::from_lua)
            .collect::<mlua::Result<Vec<_>>>();
        let args = converted.map_err(|error| errors::raise(lua, errors::convert(error)))?;
        let result =
            call(&vocabulary, args).map_err(|diagnostic| errors::raise(lua, diagnostic))?;
        limits::set_memory_limit(lua, vocabulary.context().meter.remaining());
        values::to_lua(lua, result)
    })
}

/// A metatable that raises an error for unknown names in a module.
fn unknown_name_metatable(
    lua: &Lua,
    vocabulary: &Rc<Vocabulary>,
    module: &'static str,
) -> mlua::Result<Table> {
    let vocabulary = vocabulary.clone();
    let index = lua.create_function(move |lua, (_, name): (Table, String)| {
        Err::<mlua::Value, _>(errors::raise(
            lua,
            vocabulary.unknown_function(module, &name),
        ))
    })?;
    let metatable = lua.create_table()?;
    metatable.set("__index", index)?;
    Ok(metatable)
}

/// Registers the metamethods of tensors and objects.
fn register_handles(lua: &Lua, vocabulary: &Rc<Vocabulary>) -> mlua::Result<()> {
    lua.register_userdata_type::<Handle>(|handles| {
        // The type name in argument errors of the Lua library.
        handles.add_meta_field(MetaMethod::Type, "tensor or object");
        add_operators(handles, vocabulary);
        handles.add_meta_method(MetaMethod::ToString, |_, this, ()| {
            Ok(display::print_text(&this.value()))
        });
        handles.add_meta_function(
            MetaMethod::Concat,
            |_, (a, b): (mlua::Value, mlua::Value)| {
                let text =
                    |value| Ok::<_, mlua::Error>(display::print_text(&values::from_lua(value)?));
                Ok(format!("{}{}", text(a)?, text(b)?))
            },
        );
        let length = vocabulary.clone();
        handles.add_meta_function(MetaMethod::Len, move |lua, a: mlua::Value| {
            apply(lua, &length, |v, args| v.length(args), vec![a])
        });
        elements::add_methods(handles, vocabulary);
    })
}

/// Adds the metamethods of the operators.
fn add_operators(handles: &mut UserDataRegistry<Handle>, vocabulary: &Rc<Vocabulary>) {
    type Pair = (mlua::Value, mlua::Value);
    for (meta, name) in [
        (MetaMethod::Add, "add"),
        (MetaMethod::Sub, "sub"),
        (MetaMethod::Mul, "mul"),
        (MetaMethod::Div, "div"),
        (MetaMethod::Mod, "rem"),
        (MetaMethod::Pow, "pow"),
    ] {
        let (vocabulary, native) = (vocabulary.clone(), vocabulary.operator(name));
        handles.add_meta_function(meta, move |lua, (a, b): Pair| {
            apply(
                lua,
                &vocabulary,
                |v, args| v.call(&native, args),
                vec![a, b],
            )
        });
    }
    let (negated, native) = (vocabulary.clone(), vocabulary.operator("neg"));
    handles.add_meta_function(MetaMethod::Unm, move |lua, a: mlua::Value| {
        apply(lua, &negated, |v, args| v.call(&native, args), vec![a])
    });
    let compared = vocabulary.clone();
    handles.add_meta_function(MetaMethod::Eq, move |lua, (a, b): Pair| {
        equal(lua, &compared, a, b)
    });
    for (meta, name) in [(MetaMethod::Lt, "lt"), (MetaMethod::Le, "le")] {
        let (vocabulary, native) = (vocabulary.clone(), vocabulary.operator(name));
        handles.add_meta_function(meta, move |lua, (a, b): Pair| {
            compare(lua, &vocabulary, &native, a, b)
        });
    }
}

/// Compares two scalars. Lua converts the result of a comparison to one boolean, so tensors
/// have no order.
fn compare(
    lua: &Lua,
    vocabulary: &Vocabulary,
    native: &Native,
    a: mlua::Value,
    b: mlua::Value,
) -> mlua::Result<bool> {
    let values = vec![values::from_lua(a)?, values::from_lua(b)?];
    match vocabulary
        .compare(native, values)
        .map_err(|diagnostic| errors::raise(lua, diagnostic))?
    {
        Value::Bool(answer) => Ok(answer),
        _ => {
            let diagnostic = Diagnostic::new("a comparison of tensors returns one boolean in Lua")
                .hint("for an elementwise comparison use a:lt(b), a:le(b), a:gt(b), a:ge(b)");
            Err(errors::raise(lua, diagnostic))
        }
    }
}

/// Whether two objects are identical, or two tensors are equal.
fn equal(
    lua: &Lua,
    vocabulary: &Vocabulary,
    a: mlua::Value,
    b: mlua::Value,
) -> mlua::Result<mlua::Value> {
    match (values::from_lua(a)?, values::from_lua(b)?) {
        (Value::Object(a), Value::Object(b)) => Ok(mlua::Value::Boolean(a.same(&b))),
        (a @ Value::Tensor(_), b @ Value::Tensor(_)) => {
            let same = vocabulary.operate("equal", vec![a, b]);
            values::to_lua(
                lua,
                same.map_err(|diagnostic| errors::raise(lua, diagnostic))?,
            )
        }
        _ => Ok(mlua::Value::Boolean(false)),
    }
}
