//! The dim words behind the cursor: the signature of a call, the meaning of an option.

use rustyline::hint::Hint;

use crate::api::context::Language;
use crate::api::native::Native;
use crate::base::options::Field;

/// Words that are shown but never typed for the user.
pub struct Aside(pub String);

impl Hint for Aside {
    fn display(&self) -> &str {
        &self.0
    }
    fn completion(&self) -> Option<&str> {
        None
    }
}

/// A call with the names of its arguments and what it gives.
pub fn signature(native: &Native, language: Language) -> String {
    let signature = match language {
        Language::Rhai => native.signature(),
        Language::Lua => native.signature().replace("::", "."),
    };
    match native.returns.as_str() {
        "nothing" | "nil" | "" => signature,
        returns => format!("{signature} -> {returns}"),
    }
}

/// The kind, the range and the default of an option.
pub fn option(field: &Field) -> String {
    let span = field.span.map_or(String::new(), |span| format!(" {span}"));
    let default = crate::api::help::default(field);
    format!(
        "{}: {}{span}, {default} if left out",
        field.name, field.kind
    )
}
