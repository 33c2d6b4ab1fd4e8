//! The reference of a function, a method or a module, as text for a terminal.

use super::context::Language;
use super::fault::Fault;
use super::native::{Native, suggestion};

/// The reference of `name`; an overview if it is empty.
///
/// Errors: a fault with a suggestion if nothing has that name.
pub fn find(name: &str, language: Language) -> Result<String, Fault> {
    let natives = super::natives();
    let wanted = name.replace("::", ".");
    let found: Vec<String> = natives
        .iter()
        .filter(|native| native.name == wanted || native.path().replace("::", ".") == wanted)
        .map(|native| entry(native, language))
        .collect();
    if found.is_empty() {
        let fault = Fault::new(format!("help: nothing is called `{name}`"));
        return Err(
            match suggestion(name, natives.iter().map(|native| native.name)) {
                Some(hint) => fault.hint(hint),
                None => fault,
            },
        );
    }
    Ok(found.join("\n\n"))
}

fn entry(native: &Native, _language: Language) -> String {
    format!("{}\n\n{}", native.signature(), native.doc)
}
