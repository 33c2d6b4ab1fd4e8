//! What can be typed next: names, members, option keys; and what the call around the cursor takes.

use std::collections::BTreeSet;

use super::hint;
use super::lexer;
use super::site::{Path, Place, site};
use crate::api::context::Language;
use crate::api::native::Native;
use crate::api::value::Value;

/// A word that can be typed, and what it becomes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    pub shown: String,
    pub typed: String,
}

/// What completion knows: the vocabulary and the session's variables.
pub struct Completion<'a> {
    pub natives: &'a [Native],
    pub language: Language,
    /// Asked only when a variable matters.
    pub variables: &'a dyn Fn() -> Vec<(String, Value)>,
}

impl Completion<'_> {
    /// Where the word that ends `text` begins, and what it can become.
    pub fn candidates(&self, text: &str) -> (usize, Vec<Candidate>) {
        let site = site(text, self.language);
        let mut all = match &site.place {
            Place::Text => Vec::new(),
            Place::Member(of) => self.members(of),
            Place::Key(call, given) => self.keys(*call, given),
            Place::Free => self.names(),
        };
        all.retain(|candidate| candidate.typed.starts_with(site.word));
        all.sort();
        all.dedup();
        (site.start, all)
    }

    /// What the call takes that the end of `text` stands in.
    pub fn hint(&self, text: &str) -> Option<String> {
        let site = site(text, self.language);
        let native = *self.called(site.call?).first()?;
        match site.key {
            Some(key) => {
                let mut fields = native.options().iter();
                Some(hint::option(fields.find(|field| field.name == key)?))
            }
            None => Some(hint::signature(native, self.language)),
        }
    }

    fn names(&self) -> Vec<Candidate> {
        let globals = self.natives.iter().filter(|native| is_function(native, ""));
        let modules: BTreeSet<&str> = self.natives.iter().map(|native| native.module).collect();
        let opener = match self.language {
            Language::Rhai => "::",
            Language::Lua => ".",
        };
        let owned = |module: &str| {
            let mut natives = self.natives.iter();
            natives.any(|native| is_function(native, module))
        };
        let modules = modules
            .into_iter()
            .filter(|name| !name.is_empty() && owned(name));
        let keywords = lexer::keywords(self.language)
            .iter()
            .map(|word| plain(word));
        globals
            .map(function)
            .chain(modules.map(|name| plain(&format!("{name}{opener}"))))
            .chain((self.variables)().iter().map(|(name, _)| plain(name)))
            .chain(keywords)
            .collect()
    }

    /// What can stand after `of` and a `::`, `.` or `:`.
    fn members(&self, of: &str) -> Vec<Candidate> {
        let functions: Vec<_> = self
            .natives
            .iter()
            .filter(|native| is_function(native, of))
            .collect();
        if !of.is_empty() && !functions.is_empty() {
            return functions.into_iter().map(function).collect();
        }
        let value = self.variable(of);
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

    fn keys(&self, call: Path, given: &[&str]) -> Vec<Candidate> {
        let sign = match self.language {
            Language::Rhai => ":",
            Language::Lua => " =",
        };
        let natives = self.called(call);
        let fields = natives.first().map_or(&[][..], |native| native.options());
        let open = fields.iter().filter(|field| !given.contains(&field.name));
        let candidate = |name: &str| Candidate {
            shown: name.into(),
            typed: format!("{name}{sign} "),
        };
        open.map(|field| candidate(field.name)).collect()
    }

    /// The native functions that a call may mean.
    fn called(&self, path: Path) -> Vec<&Native> {
        let named = self
            .natives
            .iter()
            .filter(|native| native.name == path.name);
        let Some(of) = path.of else {
            return named.filter(|native| is_function(native, "")).collect();
        };
        let in_module: Vec<_> = named
            .clone()
            .filter(|native| is_function(native, of))
            .collect();
        if !of.is_empty() && !in_module.is_empty() {
            return in_module;
        }
        let owner = self.variable(of).and_then(|value| value.owner());
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
        shown: native.name.into(),
        typed: format!("{}{}", native.name, if takes { "(" } else { "()" }),
    }
}

fn plain(word: &str) -> Candidate {
    Candidate {
        shown: word.into(),
        typed: word.into(),
    }
}
