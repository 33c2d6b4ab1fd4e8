//! Lua 5.4: the vocabulary as tables and methods of one userdata type.

mod faults;
mod register;
mod values;

use std::cell::OnceCell;
use std::rc::Rc;

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

/// What scripts get of Lua's own library: nothing that reaches files or ends the process, which
/// would lose what the run holds.
const LIBRARY: StdLib = StdLib::ALL_SAFE;

/// Lua's own words that reach around the engine: files, processes, randomness without a key.
const CLOSED: [&str; 5] = ["io", "dofile", "loadfile", "collectgarbage", "debug"];

impl LuaHost {
    pub fn new(context: Context) -> Result<LuaHost, Fault> {
        let vocabulary = Rc::new(Vocabulary::new(context.clone(), library(context)));
        let lua = Lua::new_with(LIBRARY, LuaOptions::default()).map_err(faults::plain)?;
        let known = Self::prepare(&lua, &vocabulary).map_err(faults::plain)?;
        Ok(LuaHost {
            lua,
            vocabulary,
            known,
        })
    }

    fn prepare(lua: &Lua, vocabulary: &Rc<Vocabulary>) -> mlua::Result<Vec<String>> {
        let globals = lua.globals();
        for name in CLOSED {
            globals.set(name, mlua::Nil)?;
        }
        let math: mlua::Table = globals.get("math")?;
        math.set("random", mlua::Nil)?;
        math.set("randomseed", mlua::Nil)?;
        let os: mlua::Table = globals.get("os")?;
        let open = ["clock", "date", "time", "difftime"];
        let names: Vec<String> = os
            .pairs::<String, mlua::Value>()
            .filter_map(|pair| Some(pair.ok()?.0))
            .collect();
        for name in names.iter().filter(|name| !open.contains(&name.as_str())) {
            os.set(name.as_str(), mlua::Nil)?;
        }
        let package: mlua::Table = globals.get("package")?;
        let folder = vocabulary.context().script.folder();
        package.set("path", folder.join("?.lua").to_string_lossy().as_ref())?;
        register::vocabulary(lua, vocabulary)?;
        register::limits(lua, vocabulary.context())?;
        let pairs = globals.pairs::<mlua::Value, mlua::Value>();
        Ok(pairs
            .filter_map(|pair| pair.ok()?.0.to_string().ok())
            .collect())
    }

    fn execute(&self, name: &str, text: &str) -> Result<Value, Fault> {
        let chunk = self.lua.load(text).set_name(format!("@{name}"));
        let outcome = chunk.eval::<mlua::Value>();
        let value = outcome.map_err(|error| faults::fault(&self.vocabulary, error))?;
        values::value(value).map_err(|error| faults::fault(&self.vocabulary, error))
    }

    fn compile(&self, name: &str, text: &str) -> Result<(), mlua::Error> {
        self.lua
            .load(text)
            .set_name(format!("@{name}"))
            .into_function()
            .map(drop)
    }
}

impl Host for LuaHost {
    fn run(&mut self, script: &Script) -> Result<Value, Fault> {
        self.check(script)?;
        self.execute(&script.path, &script.text)
    }

    fn check(&mut self, script: &Script) -> Result<(), Fault> {
        self.compile(&script.path, &script.text)
            .map_err(|error| faults::fault(&self.vocabulary, error))
    }

    fn eval(&mut self, input: &str) -> Result<Value, Fault> {
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
