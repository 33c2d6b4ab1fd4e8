//! Hints for missing entries of maps: the entries of the map, if its variable is global or if the
//! text of the script creates it, or else the most similar name of an entry in the text.

use super::super::lexer::TokenKind;
use super::globals::Globals;
use super::tokens::{Token, closing};
use crate::base::error::nearest;
use crate::base::synonyms;

/// Maximum number of entries in a hint.
const MAX_ENTRIES: usize = 24;

/// The hint for the missing entry at token `at`.
pub fn hint(tokens: &[Token], at: usize, globals: &Globals) -> Option<String> {
    let name = unquoted(&tokens[at]);
    let path = path_before(tokens, at).filter(|path| !is_parameter(tokens, path[0]));
    let known = path.and_then(|path| {
        let literal = || literal_entries(&tokens[..at], &path);
        (globals.entries)(&path).or_else(literal)
    });
    match known {
        Some(known) if known.is_empty() => Some("the map is empty".into()),
        Some(known) => Some(list_entries(name, &known)),
        None => {
            let written = written_entries(tokens).into_iter();
            let near = nearest_entry(name, written.filter(|other| *other != name))?;
            Some(format!("did you mean `{near}`?"))
        }
    }
}

/// The hint that lists the entries of a map, after the one that is most similar to `name`.
fn list_entries(name: &str, known: &[String]) -> String {
    let near = nearest_entry(name, known.iter().map(String::as_str));
    let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
    let listed = &known[..known.len().min(MAX_ENTRIES)];
    let more = match known.len() > MAX_ENTRIES {
        true => ", ..",
        false => "",
    };
    format!("{near}entries: {}{more}", listed.join(", "))
}

/// Whether the name is a parameter or a loop variable somewhere in the script, so that a variable
/// of this name may be another one.
fn is_parameter(tokens: &[Token], name: &str) -> bool {
    let in_list = |at: usize| {
        let open = (at + 1..=at + 2).find(|open| tokens.get(*open).is_some_and(|t| t.is("(")))?;
        let close = closing(tokens, open)?;
        Some(tokens[open..close].iter().any(|token| token.is(name)))
    };
    (0..tokens.len()).any(|at| match tokens[at].text {
        "fn" | "function" => in_list(at) == Some(true),
        "for" => tokens[at..]
            .iter()
            .skip(1)
            .take(4)
            .any(|token| token.is(name)),
        "|" => tokens[at..]
            .iter()
            .skip(1)
            .take(1)
            .any(|token| token.is(name)),
        _ => tokens[at].is(name) && tokens.get(at + 1).is_some_and(|token| token.is("|")),
    })
}

/// The entries of the map to which the text before an error sets a variable, sorted; `path` is the
/// variable and the entries of nested maps.
fn literal_entries(tokens: &[Token], path: &[&str]) -> Option<Vec<String>> {
    let (variable, path) = path.split_first()?;
    let assigned = |at: &usize| {
        let before = at.checked_sub(1).map_or("", |before| tokens[before].text);
        tokens[*at].is(variable) && before != "." && tokens.get(at + 1).is_some_and(|t| t.is("="))
    };
    let mut open = (0..tokens.len()).rev().find(assigned)? + 2;
    for name in path {
        let entries = entries_at(tokens, open)?;
        open = entries.into_iter().find(|entry| entry.0 == *name)?.1;
    }
    let mut names: Vec<String> = entries_at(tokens, open)?
        .into_iter()
        .map(|entry| entry.0.to_string())
        .collect();
    if path.is_empty() {
        names.extend(assigned_entries(tokens, variable));
    }
    names.sort();
    names.dedup();
    Some(names)
}

/// The names of the entries of the map whose bracket is at token `open`, and their values.
fn entries_at<'a>(tokens: &[Token<'a>], open: usize) -> Option<Vec<(&'a str, usize)>> {
    tokens
        .get(open)
        .filter(|token| token.is("#{") || token.is("{"))?;
    let close = closing(tokens, open)?;
    let mut entries = Vec::new();
    let mut at = open + 1;
    while at < close {
        let is_start = ["{", "#{", ","].contains(&tokens[at - 1].text);
        if is_start
            && tokens
                .get(at + 1)
                .is_some_and(|token| token.is(":") || token.is("="))
        {
            entries.push((unquoted(&tokens[at]), at + 2));
        }
        at = match closing(tokens, at) {
            Some(end) if ["(", "[", "{", "#{"].contains(&tokens[at].text) => end + 1,
            _ => at + 1,
        };
    }
    Some(entries)
}

/// The entries of a variable that the text assigns, as in `variable.name = ..`.
fn assigned_entries(tokens: &[Token], variable: &str) -> Vec<String> {
    let entry = |window: &[Token]| {
        let is_entry = window[0].is(variable) && window[1].is(".") && window[3].is("=");
        is_entry.then(|| window[2].text.to_string())
    };
    tokens.windows(4).filter_map(entry).collect()
}

/// The entry with a similar spelling, or with the same meaning.
fn nearest_entry<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let known: Vec<&str> = known.collect();
    let same_meaning = |other: &&&str| synonyms::lookup(other, &[name]).is_some();
    let synonym = known.iter().find(same_meaning).copied();
    synonym.or_else(|| nearest(name, known))
}

/// The variable and the entries before the last one, as in `a.b.name` or `a["b"].name`.
fn path_before<'a>(tokens: &[Token<'a>], at: usize) -> Option<Vec<&'a str>> {
    let before = tokens.get(at.checked_sub(1)?)?;
    let owner = match before.text {
        "." | "[" => at.checked_sub(2)?,
        _ => return None,
    };
    let token = &tokens[owner];
    if token.is("]") {
        let entry = owner.checked_sub(1)?;
        let mut path = path_before(tokens, entry)?;
        path.push(unquoted(&tokens[entry]));
        return Some(path);
    }
    if !token.is_name() {
        return None;
    }
    let is_entry = owner > 0 && [".", "::", ":"].contains(&tokens[owner - 1].text);
    let mut path = match is_entry {
        true => path_before(tokens, owner)?,
        false => Vec::new(),
    };
    path.push(token.text);
    Some(path)
}

/// The names of the entries that the script writes, in maps and in assignments.
fn written_entries<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    let entry = |at: usize| {
        let (before, next) = (tokens.get(at.checked_sub(1)?)?, tokens.get(at + 1)?);
        let in_map = ["{", "#{", ","].contains(&before.text) && [":", "="].contains(&next.text);
        let assigned = before.is(".") && next.is("=");
        let is_entry = tokens[at].is_name() && (in_map || assigned);
        is_entry.then_some(tokens[at].text)
    };
    (0..tokens.len()).filter_map(entry).collect()
}

/// The text of a token, without quotes.
fn unquoted<'a>(token: &Token<'a>) -> &'a str {
    match token.kind {
        TokenKind::Str => token.text.trim_matches(['"', '\'', '`']),
        _ => token.text,
    }
}
