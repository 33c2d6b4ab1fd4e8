//! The script languages. A host exposes the shared vocabulary as functions of its language and
//! converts the errors of the language to [`Diagnostic`]s with file, line and column. The languages
//! do not differ in anything else.

mod background;
mod dispatch;
mod lua;
mod report;
mod rhai;
mod source;

use crate::api::context::{Context, Language, Script};
use crate::api::diagnostic::Diagnostic;
use crate::api::value::Value;

pub use report::{Colours, report};

/// The file name in errors of interactive inputs.
pub const REPL_FILE: &str = "input";

/// A session of a script language. Definitions and variables persist for the session.
pub trait Host {
    /// Runs a script and returns the value of its last expression (Lua: its return value).
    fn run(&mut self, script: &Script) -> Result<Value, Diagnostic>;
    /// Checks a script for syntax errors and unknown names, without running it.
    fn check(&mut self, script: &Script) -> Result<(), Diagnostic>;
    /// Runs one interactive input, which can use the definitions of earlier inputs.
    fn eval(&mut self, input: &str) -> Result<Value, Diagnostic>;
    /// Whether `input` is an incomplete statement that needs more lines.
    fn is_incomplete(&self, input: &str) -> bool;
    /// The names and values of the variables of the session, for completion.
    fn variables(&self) -> Vec<(String, Value)>;
}

/// A new session in the language of the context.
pub fn new_session(context: Context) -> Result<Box<dyn Host>, Diagnostic> {
    Ok(match context.language {
        Language::Rhai => Box::new(rhai::RhaiHost::new(context)?),
        Language::Lua => Box::new(lua::LuaHost::new(context)?),
    })
}

/// The language of a script, from its file extension.
///
/// Errors: an extension other than `.rhai` and `.lua`
pub fn language_of(path: &str) -> Result<Language, Diagnostic> {
    match std::path::Path::new(path)
        .extension()
        .and_then(|extension| extension.to_str())
    {
        Some("rhai") => Ok(Language::Rhai),
        Some("lua") => Ok(Language::Lua),
        _ => Err(Diagnostic::new(format!(
            "{path}: expected a script with the extension .rhai or .lua"
        ))),
    }
}
