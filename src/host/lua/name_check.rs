//! Detects unknown names before a script runs: a misspelt call at the end of a long script is
//! reported immediately and not after the training.
//!
//! The check reads tokens, because Lua has no syntax tree that a host can access. It reports a name
//! only if the script cannot define it: every occurrence of the name is a call.

use std::collections::BTreeSet;

use mlua::Lua;

use super::super::dispatch::Vocabulary;
use super::super::lexer::TokenKind;
use super::super::source_hints::{Token, tokens};
use super::errors;
use crate::api::context::{Language, Script};
use crate::api::diagnostic::{Diagnostic, Location};

/// Functions by which a script can define globals whose names the check does not see.
const DYNAMIC_DEFINITIONS: [&str; 4] = ["_G", "_ENV", "load", "rawset"];

/// Checks the names of all calls in a script.
///
/// Errors: the first call of a function that neither the vocabulary, the script nor Lua defines
pub fn check(lua: &Lua, vocabulary: &Vocabulary, script: &Script) -> Result<(), Diagnostic> {
    let tokens = tokens(&script.text, Language::Lua);
    let names = Names {
        lua,
        vocabulary,
        outside_calls: names_outside_calls(&tokens),
        defines_dynamically: tokens.iter().any(|token| {
            let is = |name: &&str| token.is(name);
            DYNAMIC_DEFINITIONS.iter().any(is)
        }),
    };
    let unknown = (0..tokens.len()).find_map(|at| {
        let token = tokens.get(at).filter(|token| token.is_name())?;
        let location = Location {
            file: script.path.clone(),
            line: token.line,
            column: Some(token.column),
        };
        Some(names.unknown(&tokens, at)?.at(Some(location)))
    });
    unknown.map_or(Ok(()), Err)
}

/// The names that a script can call.
struct Names<'a> {
    lua: &'a Lua,
    vocabulary: &'a Vocabulary,
    /// The names that occur other than in calls.
    outside_calls: BTreeSet<&'a str>,
    /// Whether the script can define globals under names that the tokens do not show.
    defines_dynamically: bool,
}

impl Names<'_> {
    /// The error for the name at this token, if it is called or belongs to a module, but is not
    /// defined.
    fn unknown(&self, tokens: &[Token], at: usize) -> Option<Diagnostic> {
        let name = tokens[at].text;
        if self.outside_calls.contains(name) {
            return None;
        }
        match role(tokens, at) {
            Role::Function if !self.is_global(name) => {
                Some(errors::unknown_global(self.vocabulary, name))
            }
            Role::Method if !self.is_method(name) => Some(self.vocabulary.unknown_method(name)),
            Role::Member(module) if !self.outside_calls.contains(module) => {
                let functions = self.vocabulary.functions.get(module)?;
                let is_unknown = !functions.contains_key(name);
                is_unknown.then(|| self.vocabulary.unknown_function(module, name))
            }
            _ => None,
        }
    }

    /// Whether a global has this name, or can have it.
    fn is_global(&self, name: &str) -> bool {
        let value = self.lua.globals().raw_get::<mlua::Value>(name);
        self.defines_dynamically || value.is_ok_and(|value| !value.is_nil())
    }

    /// Whether values of the vocabulary or strings have this method, or tables can have it.
    fn is_method(&self, name: &str) -> bool {
        if self.outside_calls.contains("__index") {
            return true;
        }
        let library = self.lua.globals().raw_get::<mlua::Table>("string");
        let of_strings = library.and_then(|library| library.contains_key(name));
        self.vocabulary.methods.contains_key(name) || of_strings.unwrap_or(true)
    }
}

/// How a name is used.
#[derive(Debug, PartialEq)]
enum Role<'a> {
    /// `name(..)`
    Function,
    /// `value:name(..)`
    Method,
    /// `module.name`, where `module` is a name
    Member(&'a str),
    Other,
}

fn role<'a>(tokens: &[Token<'a>], at: usize) -> Role<'a> {
    let before = |distance: usize| at.checked_sub(distance).map(|at| &tokens[at]);
    let is_before = |distance: usize, text: &str| before(distance).is_some_and(|t| t.is(text));
    let next = tokens.get(at + 1);
    let is_called =
        next.is_some_and(|next| next.kind == TokenKind::Str || next.is("(") || next.is("{"));
    let is_assigned = next.is_some_and(|next| next.is("="));
    if is_before(1, ".") {
        let is_path = is_before(3, ".") || is_before(3, ":");
        return match before(2) {
            Some(module) if module.is_name() && !is_path && !is_assigned => {
                Role::Member(module.text)
            }
            _ => Role::Other,
        };
    }
    match (is_called && !is_definition(tokens, at), is_before(1, ":")) {
        (true, true) => Role::Method,
        (true, false) => Role::Function,
        (false, _) => Role::Other,
    }
}

/// Whether the name at this token is the last of a function definition, as in `function a.b:c()`.
fn is_definition(tokens: &[Token], at: usize) -> bool {
    let mut first = at;
    while first >= 2 && (tokens[first - 1].is(".") || tokens[first - 1].is(":")) {
        first -= 2;
    }
    first >= 1 && tokens[first - 1].is("function")
}

/// The names that occur other than as called functions and methods and as members of modules: as
/// variables, parameters, entries and texts.
fn names_outside_calls<'a>(tokens: &[Token<'a>]) -> BTreeSet<&'a str> {
    let name = |at: usize| {
        let token = &tokens[at];
        match token.kind {
            TokenKind::Str => Some(token.text.trim_matches(['"', '\''])),
            TokenKind::Identifier => {
                let is_module = tokens.get(at + 1).is_some_and(|next| next.is("."));
                (role(tokens, at) == Role::Other && !is_module).then_some(token.text)
            }
            _ => None,
        }
    };
    (0..tokens.len()).filter_map(name).collect()
}
