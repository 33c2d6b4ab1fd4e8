//! Lua 5.4: the vocabulary as tables and methods of one userdata type.

mod depth;
mod faults;
mod limits;
mod pattern;
mod register;
mod strings;
mod thrown;
mod values;

use std::cell::OnceCell;
use std::rc::Rc;

use mlua::chunk::ChunkMode;
use mlua::{Lua, LuaOptions, StdLib};

use super::call::{Caller, Vocabulary};
use super::rhai::RhaiHost;
use super::{Host, INPUT};
use crate::api::context::{Context, Script};
use crate::api::fault::Fault;
use crate::api::value::Value;

/// A session of Lua.
pub struct LuaHost {
    lua: Lua,
    vocabulary: Rc<Vocabulary>,
    /// Globals that were there before the user's own.
    known: Vec<String>,
}

/// The parts of Lua's own library that scripts get: nothing that reaches files, other processes or
/// the inside of the state. The functions among them that could evade a limit are replaced
/// (`prelude.lua`, `strings`).
const LIBRARY: [StdLib; 6] = [
    StdLib::COROUTINE,
    StdLib::TABLE,
    StdLib::STRING,
    StdLib::UTF8,
    StdLib::MATH,
    StdLib::OS,
];

/// A call whose line Lua does not know: a tail call replaces the frame of its caller.
const TAIL_CALL: &str = "return error(";
const TAIL_CALL_HINT: &str = "Lua has no line for `return error(...)`: write `error(...)` alone";
/// What stays of the functions that are always there, of `os`, and what goes of other tables.
const BASE: &str = "_G _VERSION assert coroutine error getmetatable ipairs load math next os \
    pairs pcall print rawequal rawget rawlen rawset select setmetatable string table tonumber \
    tostring type utf8 xpcall";
const OS: &str = "clock date difftime time";
/// Randomness without a key, and byte code.
const CLOSED: [(&str, &str); 3] = [
    ("math", "random"),
    ("math", "randomseed"),
    ("string", "dump"),
];

impl LuaHost {
    pub fn new(context: Context) -> Result<LuaHost, Fault> {
        let vocabulary = Rc::new(Vocabulary::new(context.clone(), library(context)));
        let library = LIBRARY.into_iter().fold(StdLib::NONE, |all, one| all | one);
        let lua = Lua::new_with(library, LuaOptions::default()).map_err(faults::plain)?;
        let known = Self::prepare(&lua, &vocabulary).map_err(faults::plain)?;
        Ok(LuaHost {
            lua,
            vocabulary,
            known,
        })
    }

    fn prepare(lua: &Lua, vocabulary: &Rc<Vocabulary>) -> mlua::Result<Vec<String>> {
        let globals = lua.globals();
        retain(&globals, BASE)?;
        retain(&globals.get("os")?, OS)?;
        for (table, name) in CLOSED {
            globals.get::<mlua::Table>(table)?.set(name, mlua::Nil)?;
        }
        register::vocabulary(lua, vocabulary)?;
        limits::guard(lua, vocabulary)?;
        strings::register(lua, vocabulary)?;
        limits::set(lua, vocabulary.context())?;
        thrown::watch(lua)?;
        let pairs = globals.pairs::<mlua::Value, mlua::Value>();
        Ok(pairs
            .filter_map(|pair| pair.ok()?.0.to_string().ok())
            .collect())
    }

    fn begin(&self) {
        let meter = &self.vocabulary.context().meter;
        meter.begin();
        limits::balance(&self.lua, meter.left());
    }

    fn execute(&self, name: &str, text: &str) -> Result<Value, Fault> {
        let chunk = self.lua.load(text).set_name(format!("@{name}"));
        let chunk = chunk.set_mode(ChunkMode::Text);
        // `eval` would compile a script of one call as a tail call, which has no line.
        let outcome = chunk.into_function().and_then(|main| main.call(()));
        let value: mlua::Value = outcome.map_err(|error| self.fault(name, text, error))?;
        values::value(value).map_err(|error| faults::fault(&self.vocabulary, error))
    }

    /// A fault from an error of the script `text`.
    fn fault(&self, name: &str, text: &str, error: mlua::Error) -> Fault {
        if let Some(fault) = depth::fault(&self.lua, name, text, &error) {
            return fault;
        }
        let place = thrown::place(&self.lua, &error);
        let fault = faults::fault(&self.vocabulary, error).at(place);
        match fault.place {
            None if name != INPUT && fault.hint.is_none() && text.contains(TAIL_CALL) => {
                fault.hint(TAIL_CALL_HINT)
            }
            _ => fault,
        }
    }

    fn compile(&self, name: &str, text: &str) -> Result<(), mlua::Error> {
        self.lua
            .load(text)
            .set_name(format!("@{name}"))
            .set_mode(ChunkMode::Text)
            .into_function()
            .map(drop)
    }
}

impl Host for LuaHost {
    fn run(&mut self, script: &Script) -> Result<Value, Fault> {
        self.begin();
        self.check(script)?;
        self.execute(&script.path, &script.text)
    }

    fn check(&mut self, script: &Script) -> Result<(), Fault> {
        self.compile(&script.path, &script.text)
            .map_err(|error| self.fault(&script.path, &script.text, error))
    }

    fn eval(&mut self, input: &str) -> Result<Value, Fault> {
        self.begin();
        // An expression is what people type to see its value.
        let as_value = format!("return {input}");
        match self.compile(INPUT, &as_value) {
            Ok(()) => self.execute(INPUT, &as_value),
            Err(_) => self.execute(INPUT, input),
        }
    }

    fn unfinished(&self, input: &str) -> bool {
        let open = |text: &str| {
            let error = self.compile(INPUT, text).err();
            matches!(
                error,
                Some(mlua::Error::SyntaxError {
                    incomplete_input: true,
                    ..
                })
            )
        };
        open(input) && self.compile(INPUT, &format!("return {input}")).is_err()
    }

    fn variables(&self) -> Vec<(String, Value)> {
        let globals = self.lua.globals();
        let pairs = globals.pairs::<String, mlua::Value>();
        let own = pairs
            .filter_map(Result::ok)
            .filter(|(name, _)| !self.known.contains(name));
        own.filter_map(|(name, value)| Some((name, values::value(value).ok()?)))
            .collect()
    }
}

/// Removes all entries of a table but those of these names.
fn retain(table: &mlua::Table, names: &str) -> mlua::Result<()> {
    let entries: Vec<String> = table
        .pairs::<String, mlua::Value>()
        .filter_map(|pair| Some(pair.ok()?.0))
        .collect();
    for name in entries {
        if !names.split(' ').any(|kept| kept == name) {
            table.raw_set(name, mlua::Nil)?;
        }
    }
    Ok(())
}

/// Calls functions of the bundled modules in a session of Rhai that begins with the first call.
fn library(context: Context) -> Caller {
    let rhai = OnceCell::new();
    Box::new(move |native, values| {
        let host: &RhaiHost = match rhai.get() {
            Some(host) => host,
            None => {
                let host = RhaiHost::new(context.clone())?;
                rhai.get_or_init(|| host)
            }
        };
        host.call_library(native, values)
    })
}
