//! The Lua 5.4 host: exposes the vocabulary as tables and as methods of one userdata type.

mod elements;
mod errors;
mod limits;
mod methods;
mod name_check;
mod native_call;
mod nesting;
mod pattern;
mod register;
mod strings;
mod throw_location;
mod values;

use std::cell::OnceCell;
use std::rc::Rc;

use mlua::chunk::ChunkMode;
use mlua::{Lua, LuaOptions, StdLib};

use super::dispatch::{StdlibCaller, Vocabulary};
use super::rhai::RhaiHost;
use super::script_host::{Host, REPL_FILE};
use super::source_hints::{self, Globals};
use crate::api::context::{Context, Language, Script};
use crate::api::diagnostic::Diagnostic;
use crate::api::value::Value;

/// A Lua session.
pub struct LuaHost {
    lua: Lua,
    vocabulary: Rc<Vocabulary>,
    /// Names of the globals that exist before the script runs.
    predefined: Vec<String>,
}

/// The parts of the Lua library that scripts can use: none that access files, other processes or
/// the internals of the state. Functions that could evade a limit are overridden (`prelude.lua`,
/// `strings`).
const LIBRARIES: [StdLib; 6] = [
    StdLib::COROUTINE,
    StdLib::TABLE,
    StdLib::STRING,
    StdLib::UTF8,
    StdLib::MATH,
    StdLib::OS,
];

/// A call for which Lua reports no line: a tail call replaces the stack frame of its caller.
const TAIL_CALL: &str = "return error(";
const TAIL_CALL_HINT: &str =
    "Lua reports no line for `return error(...)`; write `error(...)` as a statement";
/// The allowed global names.
const ALLOWED_GLOBALS: &str = "_G _VERSION assert coroutine error getmetatable ipairs load math \
    next os pairs pcall print rawequal rawget rawlen rawset select setmetatable string table \
    tonumber tostring type utf8 xpcall";
/// The allowed functions of `os`.
const ALLOWED_OS: &str = "clock date difftime time";
/// Removed functions: random numbers without a key, and bytecode.
const REMOVED: [(&str, &str); 3] = [
    ("math", "random"),
    ("math", "randomseed"),
    ("string", "dump"),
];

impl LuaHost {
    /// A new session with this context.
    pub fn new(context: Context) -> Result<LuaHost, Diagnostic> {
        let vocabulary = Rc::new(Vocabulary::new(context.clone(), stdlib_caller(context)));
        let library = LIBRARIES
            .into_iter()
            .fold(StdLib::NONE, |all, part| all | part);
        let lua = Lua::new_with(library, LuaOptions::default()).map_err(errors::convert)?;
        let predefined = Self::prepare(&lua, &vocabulary).map_err(errors::convert)?;
        Ok(LuaHost {
            lua,
            vocabulary,
            predefined,
        })
    }

    /// Sets up the globals of a new Lua state and returns their names.
    fn prepare(lua: &Lua, vocabulary: &Rc<Vocabulary>) -> mlua::Result<Vec<String>> {
        let globals = lua.globals();
        retain(&globals, ALLOWED_GLOBALS)?;
        retain(&globals.get("os")?, ALLOWED_OS)?;
        for (table, name) in REMOVED {
            globals.get::<mlua::Table>(table)?.set(name, mlua::Nil)?;
        }
        register::vocabulary(lua, vocabulary)?;
        limits::install_prelude(lua, vocabulary)?;
        strings::register(lua, vocabulary)?;
        limits::install_hook(lua, vocabulary.context())?;
        throw_location::install(lua)?;
        register::refuse_foreign_globals(lua, vocabulary)?;
        let pairs = globals.pairs::<mlua::Value, mlua::Value>();
        Ok(pairs
            .filter_map(|pair| pair.ok()?.0.to_string().ok())
            .collect())
    }

    /// Resets the limits for a script or an input.
    fn start_run(&self) {
        let meter = &self.vocabulary.context().meter;
        meter.start();
        limits::set_memory_limit(&self.lua, meter.remaining());
    }

    fn execute(&self, name: &str, text: &str) -> Result<Value, Diagnostic> {
        let chunk = self.lua.load(text).set_name(format!("@{name}"));
        let chunk = chunk.set_mode(ChunkMode::Text);
        // `eval` would compile a script of one call as a tail call, which has no line.
        let outcome = chunk.into_function().and_then(|main| main.call(()));
        let value: mlua::Value = outcome.map_err(|error| self.diagnose(name, text, error))?;
        values::from_lua(value).map_err(|error| errors::diagnose(&self.vocabulary, error))
    }

    /// The diagnostic of an error in the script `text`.
    fn diagnose(&self, name: &str, text: &str, error: mlua::Error) -> Diagnostic {
        if let Some(diagnostic) = nesting::diagnose(&self.lua, name, text, &error) {
            return diagnostic;
        }
        let location = throw_location::find(&self.lua, &error);
        let diagnostic = errors::diagnose(&self.vocabulary, error).at(location);
        if let Some(hint) = self.colon_hint(name, text, &diagnostic) {
            return diagnostic.hint(hint);
        }
        let diagnostic = self.explain(name, text, diagnostic);
        match diagnostic.location {
            None if name != REPL_FILE && diagnostic.hint.is_none() && text.contains(TAIL_CALL) => {
                diagnostic.hint(TAIL_CALL_HINT)
            }
            _ => diagnostic,
        }
    }

    /// Adds a hint from the text of the script to the error.
    fn explain(&self, name: &str, text: &str, diagnostic: Diagnostic) -> Diagnostic {
        let script = Script {
            path: name.into(),
            text: text.into(),
        };
        let globals = Globals {
            // Functions of Lua can access variables outside them.
            is_variable: &|_| false,
            entries: &|path| values::entries(&self.lua, path),
        };
        source_hints::explain(Language::Lua, &script, diagnostic, &globals)
    }

    /// The hint for an error of a method that the script calls with a dot.
    fn colon_hint(&self, name: &str, text: &str, diagnostic: &Diagnostic) -> Option<String> {
        let method = diagnostic.symbol.as_deref()?;
        let location = diagnostic
            .location
            .as_ref()
            .filter(|place| place.file == name)?;
        if !diagnostic
            .message
            .contains(&format!("has no method `{method}`"))
        {
            return None;
        }
        let line = text.lines().nth(location.line.checked_sub(1)?)?;
        errors::colon_hint(line, method)
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
    fn run(&mut self, script: &Script) -> Result<Value, Diagnostic> {
        self.start_run();
        self.check(script)?;
        self.execute(&script.path, &script.text)
    }

    fn check(&mut self, script: &Script) -> Result<(), Diagnostic> {
        self.compile(&script.path, &script.text)
            .map_err(|error| self.diagnose(&script.path, &script.text, error))?;
        name_check::check(&self.lua, &self.vocabulary, script)
            .map_err(|diagnostic| self.explain(&script.path, &script.text, diagnostic))
    }

    fn warnings(&mut self, _: &Script) -> Vec<Diagnostic> {
        Vec::new()
    }

    fn eval(&mut self, input: &str) -> Result<Value, Diagnostic> {
        self.start_run();
        // An expression is evaluated to show its value.
        let as_value = format!("return {input}");
        match self.compile(REPL_FILE, &as_value) {
            Ok(()) => self.execute(REPL_FILE, &as_value),
            Err(_) => self.execute(REPL_FILE, input),
        }
    }

    fn is_incomplete(&self, input: &str) -> bool {
        let is_open = |text: &str| {
            let error = self.compile(REPL_FILE, text).err();
            matches!(
                error,
                Some(mlua::Error::SyntaxError {
                    incomplete_input: true,
                    ..
                })
            )
        };
        is_open(input) && self.compile(REPL_FILE, &format!("return {input}")).is_err()
    }

    fn variables(&self) -> Vec<(String, Value)> {
        let globals = self.lua.globals();
        let pairs = globals.pairs::<String, mlua::Value>();
        let user_defined = pairs
            .filter_map(Result::ok)
            .filter(|(name, _)| !self.predefined.contains(name));
        user_defined
            .filter_map(|(name, value)| Some((name, values::from_lua(value).ok()?)))
            .collect()
    }
}

/// Removes all entries of a table except those in `names`, which are separated by spaces.
fn retain(table: &mlua::Table, names: &str) -> mlua::Result<()> {
    let entries: Vec<String> = table
        .pairs::<String, mlua::Value>()
        .filter_map(|pair| Some(pair.ok()?.0))
        .collect();
    for name in entries {
        if !names.split(' ').any(|allowed| allowed == name) {
            table.raw_set(name, mlua::Nil)?;
        }
    }
    Ok(())
}

/// Calls functions of the bundled script modules in a Rhai session, which the first call creates.
fn stdlib_caller(context: Context) -> StdlibCaller {
    let rhai = OnceCell::new();
    Box::new(move |native, values| {
        let host: &RhaiHost = match rhai.get() {
            Some(host) => host,
            None => {
                let host = RhaiHost::new(context.clone())?;
                rhai.get_or_init(|| host)
            }
        };
        // Lua limits its own memory; the growth since the last call is not that of a Rhai script.
        context.meter.accept_growth();
        host.call_stdlib(native, values)
    })
}
