//! Completion of names, members and option keys, and the signature hint of the enclosing call.

use std::collections::BTreeSet;

use super::completion_context::{CalleePath, Position, completion_context};
use super::signature_hint;
use crate::api::context::Language;
use crate::api::native::Native;
use crate::api::value::Value;
use crate::host::lexer;

/// A completion: its label in the list and the text that it inserts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    pub label: String,
    pub replacement: String,
}

/// Inputs of completion: the native functions and the variables of the session.
pub struct Completion<'a> {
    pub natives: &'a [Native],
    pub language: Language,
    /// Called only if the variables are required.
    pub variables: &'a dyn Fn() -> Vec<(String, Value)>,
}

impl Completion<'_> {
    /// The start of the word at the end of `text`, and its completions.
    pub fn candidates(&self, text: &str) -> (usize, Vec<Candidate>) {
        let context = completion_context(text, self.language);
        let mut all = match &context.position {
            Position::Inert => Vec::new(),
            Position::Member(receiver) => self.members(receiver),
            Position::Key(call, present) => self.keys(*call, present),
            Position::Name => self.names(),
        };
        all.retain(|candidate| candidate.replacement.starts_with(context.word));
        all.sort();
        all.dedup();
        (context.start, all)
    }

    /// The signature hint of the call at the end of `text`.
    pub fn hint(&self, text: &str) -> Option<String> {
        let context = completion_context(text, self.language);
        let native = *self.called_functions(context.call?).first()?;
        match context.key {
            Some(key) => {
                let mut fields = native.options().iter();
                Some(signature_hint::option(
                    fields.find(|field| field.name == key)?,
                ))
            }
            None => Some(signature_hint::signature(native, self.language)),
        }
    }

    fn names(&self) -> Vec<Candidate> {
        let globals = self.natives.iter().filter(|native| is_function(native, ""));
        let modules: BTreeSet<&str> = self.natives.iter().map(|native| native.module).collect();
        let separator = match self.language {
            Language::Rhai => "::",
            Language::Lua => ".",
        };
        let has_functions = |module: &str| {
            let mut natives = self.natives.iter();
            natives.any(|native| is_function(native, module))
        };
        let modules = modules
            .into_iter()
            .filter(|name| !name.is_empty() && has_functions(name));
        let keywords = lexer::keywords(self.language)
            .iter()
            .map(|word| plain(word));
        globals
            .map(function)
            .chain(modules.map(|name| plain(&format!("{name}{separator}"))))
            .chain((self.variables)().iter().map(|(name, _)| plain(name)))
            .chain(keywords)
            .collect()
    }

    /// The members that can follow `receiver` and a `::`, `.` or `:`.
    fn members(&self, receiver: &str) -> Vec<Candidate> {
        let functions: Vec<_> = self
            .natives
            .iter()
            .filter(|native| is_function(native, receiver))
            .collect();
        if !receiver.is_empty() && !functions.is_empty() {
            return functions.into_iter().map(function).collect();
        }
        let value = self.variable(receiver);
        let keys = match &value {
            Some(Value::Map(map)) => map.keys().map(|key| plain(key)).collect(),
            _ => Vec::new(),
        };
        let methods = self
            .natives
            .iter()
            .filter(|native| match (&value, native.owner()) {
                (_, None) => false,
                (Some(value), Some(owner)) => value.owner() == Some(owner),
                (None, Some(_)) => true,
            });
        methods.map(function).chain(keys).collect()
    }

    fn keys(&self, call: CalleePath, present: &[&str]) -> Vec<Candidate> {
        let sign = match self.language {
            Language::Rhai => ":",
            Language::Lua => " =",
        };
        let natives = self.called_functions(call);
        let fields = natives.first().map_or(&[][..], |native| native.options());
        let open = fields.iter().filter(|field| !present.contains(&field.name));
        let candidate = |name: &str| Candidate {
            label: name.into(),
            replacement: format!("{name}{sign} "),
        };
        open.map(|field| candidate(field.name)).collect()
    }

    /// The native functions that a call can refer to.
    fn called_functions(&self, path: CalleePath) -> Vec<&Native> {
        let named = self
            .natives
            .iter()
            .filter(|native| native.name == path.name);
        let Some(receiver) = path.receiver else {
            return named.filter(|native| is_function(native, "")).collect();
        };
        let in_module: Vec<_> = named
            .clone()
            .filter(|native| is_function(native, receiver))
            .collect();
        if !receiver.is_empty() && !in_module.is_empty() {
            return in_module;
        }
        let owner = self.variable(receiver).and_then(|value| value.owner());
        let fits = |native: &&Native| match (native.owner(), owner) {
            (Some(kind), Some(owner)) => kind == owner,
            (kind, None) => kind.is_some(),
            (None, _) => false,
        };
        named.filter(fits).collect()
    }

    fn variable(&self, name: &str) -> Option<Value> {
        if name.is_empty() {
            return None;
        }
        let mut variables = (self.variables)().into_iter();
        Some(variables.find(|(known, _)| known == name)?.1)
    }
}

/// Whether this is a function of `module`, not a method.
fn is_function(native: &Native, module: &str) -> bool {
    native.module == module && native.owner().is_none()
}

fn function(native: &Native) -> Candidate {
    let takes = native.args.iter().any(|arg| arg.name != "this");
    Candidate {
        label: native.name.into(),
        replacement: format!("{}{}", native.name, if takes { "(" } else { "()" }),
    }
}

fn plain(word: &str) -> Candidate {
    Candidate {
        label: word.into(),
        replacement: word.into(),
    }
}
