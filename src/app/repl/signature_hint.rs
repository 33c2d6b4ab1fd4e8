//! The dimmed hint after the cursor: the signature of a call, or the description of an option.

use rustyline::hint::Hint;

use crate::api::context::Language;
use crate::api::native::Native;
use crate::base::options::Field;

/// A hint that is displayed but never inserted.
pub struct DimHint(pub String);

impl Hint for DimHint {
    fn display(&self) -> &str {
        &self.0
    }
    fn completion(&self) -> Option<&str> {
        None
    }
}

/// The signature of a function with its argument names and return type.
pub fn signature(native: &Native, language: Language) -> String {
    let signature = match language {
        Language::Rhai => native.signature(),
        Language::Lua => native.signature().replace("::", "."),
    };
    match native.returns.as_str() {
        "nil" | "" => signature,
        returns => format!("{signature} -> {returns}"),
    }
}

/// The type, range and default of an option.
pub fn option(field: &Field) -> String {
    let span = field.span.map_or(String::new(), |span| format!(" {span}"));
    let default = &field.default;
    format!(
        "{}: {}{span}, {default} if left out",
        field.name, field.kind
    )
}
