//! The script languages. A host turns the one vocabulary into functions of its language and the
//! language's faults into [`Fault`]s with file, line and column; nothing else differs.

mod background;
mod call;
mod lua;
mod report;
mod rhai;
mod source;

use crate::api::context::{Context, Language, Script};
use crate::api::fault::Fault;
use crate::api::value::Value;

pub use report::{Colours, report};

/// The name under which the inputs of an interactive session appear in faults.
pub const INPUT: &str = "input";

/// One session of a script language: definitions and variables live as long as it does.
pub trait Host {
    /// Runs a whole script; gives the value of its last expression (Lua: what it returns).
    fn run(&mut self, script: &Script) -> Result<Value, Fault>;
    /// Looks for faults without running anything: syntax, and names that nothing has.
    fn check(&mut self, script: &Script) -> Result<(), Fault>;
    /// Runs one input of an interactive session, which sees what earlier inputs defined.
    fn eval(&mut self, input: &str) -> Result<Value, Fault>;
    /// Whether `input` is the beginning of something longer.
    fn unfinished(&self, input: &str) -> bool;
    /// The variables of the session with their values, for completion.
    fn variables(&self) -> Vec<(String, Value)>;
}

/// A new session of the context's language.
pub fn open(context: Context) -> Result<Box<dyn Host>, Fault> {
    Ok(match context.language {
        Language::Rhai => Box::new(rhai::RhaiHost::new(context)?),
        Language::Lua => Box::new(lua::LuaHost::new(context)?),
    })
}

/// The language of a script, from the end of its path.
///
/// Errors: a path that ends neither in `.rhai` nor in `.lua`.
pub fn language_of(path: &str) -> Result<Language, Fault> {
    match std::path::Path::new(path)
        .extension()
        .and_then(|end| end.to_str())
    {
        Some("rhai") => Ok(Language::Rhai),
        Some("lua") => Ok(Language::Lua),
        _ => Err(Fault::new(format!(
            "{path}: expected a script that ends in .rhai or .lua"
        ))),
    }
}
