//! The script languages. A host exposes the shared vocabulary as functions of its language and
//! converts the errors of the language to [`Diagnostic`]s with file, line and column. The languages
//! do not differ in anything else.

mod background;
mod dispatch;
mod elements;
pub mod lexer;
mod lua;
mod report;
mod rhai;
mod script_host;
mod script_tensor;
mod source;
mod source_hints;

use crate::api::context::{Context, Language};
use crate::api::diagnostic::Diagnostic;

pub use report::{Colours, report, warning};
pub use script_host::{Host, REPL_FILE};

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
