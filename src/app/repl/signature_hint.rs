//! The dimmed hint after the cursor: the signature of a call, or the description of an option.

use rustyline::hint::Hint;

use crate::api::context::Language;
use crate::api::lua_texts;
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
    let signature = lua_texts::translate_names(&native.signature(), language);
    match native.returns.as_str() {
        "nil" | "" => signature,
        returns => format!("{signature} -> {returns}"),
    }
}

/// The type, range and default of an option.
pub fn option(field: &Field) -> String {
    format!("{}: {}", field.name, field.summary())
}
