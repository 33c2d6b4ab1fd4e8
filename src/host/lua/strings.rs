//! `string.find`, `match`, `gmatch` and `gsub` with patterns whose matching steps count as
//! operations.

use std::cell::Cell;
use std::rc::Rc;

use mlua::{Lua, MultiValue, Table};

use super::super::dispatch::Vocabulary;
use super::errors;
use super::pattern::{Capture, Match, Matcher};
use crate::api::diagnostic::Diagnostic;
use crate::api::meter::Meter;

/// Characters with a special meaning in patterns. A pattern without them is a plain text.
const SPECIAL: &[u8] = b"^$*+?.([%-";

type Outcome<T> = Result<T, Diagnostic>;

/// Overrides the functions of the table `string`.
pub fn register(lua: &Lua, vocabulary: &Rc<Vocabulary>) -> mlua::Result<()> {
    let strings: Table = lua.globals().get("string")?;
    let meter = vocabulary.context().meter.clone();
    for (name, plain) in [("find", true), ("match", false)] {
        let meter = meter.clone();
        let search = move |lua: &Lua, args: MultiValue| {
            let matched = search(lua, &meter, name, plain, &mut args.into_iter());
            matched.map_err(|error| with_location(lua, error))
        };
        strings.set(name, lua.create_function(search)?)?;
    }
    let gmatch_meter = meter.clone();
    let gmatch = move |lua: &Lua, args: MultiValue| {
        let iterator = gmatch_iterator(lua, &gmatch_meter, &mut args.into_iter());
        iterator.map_err(|error| with_location(lua, error))
    };
    strings.set("gmatch", lua.create_function(gmatch)?)?;
    let gsub = move |lua: &Lua, args: MultiValue| {
        let replaced = replace(lua, &meter, &mut args.into_iter());
        replaced.map_err(|error| with_location(lua, error))
    };
    strings.set("gsub", lua.create_function(gsub)?)
}

/// The error with the location of the call.
fn with_location(lua: &Lua, error: mlua::Error) -> mlua::Error {
    errors::raise(lua, errors::convert(error))
}

/// A Lua error with this diagnostic.
fn external(diagnostic: Diagnostic) -> mlua::Error {
    mlua::Error::external(diagnostic)
}

type Arguments<'a> = &'a mut dyn Iterator<Item = mlua::Value>;

/// The next argument, as a text. Numbers are converted.
fn text(lua: &Lua, name: &str, index: usize, args: Arguments<'_>) -> mlua::Result<mlua::LuaString> {
    let value = args.next().unwrap_or(mlua::Nil);
    let kind = value.type_name();
    lua.coerce_string(value)?.ok_or_else(|| {
        let message = format!("bad argument #{index} to '{name}' (string expected, got {kind})");
        external(Diagnostic::new(message))
    })
}

/// The next argument: the start index, converted from Lua (from 1, or negative from the end) to an
/// index from 0. `None` if it is beyond the end.
fn start(lua: &Lua, name: &str, length: usize, args: Arguments<'_>) -> mlua::Result<Option<usize>> {
    let first = match args.next() {
        None | Some(mlua::Nil) => 1,
        Some(value) => integer(lua, name, 3, value)?,
    };
    let start = match usize::try_from(first) {
        Ok(first) => first.saturating_sub(1),
        Err(_) => {
            let back = usize::try_from(first.unsigned_abs()).unwrap_or(usize::MAX);
            length.saturating_sub(back)
        }
    };
    Ok((start <= length).then_some(start))
}

/// The argument as an integer.
fn integer(lua: &Lua, name: &str, index: usize, value: mlua::Value) -> mlua::Result<i64> {
    let kind = value.type_name();
    lua.coerce_integer(value)?.ok_or_else(|| {
        let message = format!("bad argument #{index} to '{name}' (number expected, got {kind})");
        external(Diagnostic::new(message))
    })
}

/// Implements `find` and `match`.
fn search(
    lua: &Lua,
    meter: &Meter,
    name: &str,
    is_find: bool,
    args: Arguments<'_>,
) -> mlua::Result<MultiValue> {
    let subject = text(lua, name, 1, args)?;
    let pattern = text(lua, name, 2, args)?;
    let (subject, pattern) = (subject.as_bytes(), pattern.as_bytes());
    let no_match = || Ok(MultiValue::from_iter([mlua::Nil]));
    let Some(start) = start(lua, name, subject.len(), args)? else {
        return no_match();
    };
    let plain = args
        .next()
        .and_then(|value| value.as_boolean().or(Some(!value.is_nil())));
    let is_replaceable = plain == Some(true) || !pattern.iter().any(|c| SPECIAL.contains(c));
    let matched = match is_find && is_replaceable {
        true => find_plain(&subject, &pattern, start),
        false => find_match(&subject, &pattern, start, meter).map_err(external)?,
    };
    let Some(matched) = matched else {
        return no_match();
    };
    let mut values = Vec::new();
    if is_find {
        let bounds = [matched.range.start + 1, matched.range.end];
        values.extend(bounds.map(|index| mlua::Value::Integer(index as i64)));
    }
    if !is_find || !matched.captures.is_empty() {
        values.extend(captures(lua, &subject, &matched)?);
    }
    Ok(MultiValue::from_iter(values))
}

/// The first occurrence of a plain text.
fn find_plain(subject: &[u8], part: &[u8], start: usize) -> Option<Match> {
    let at = start + memchr::memmem::find(&subject[start..], part)?;
    Some(Match {
        range: at..at + part.len(),
        captures: Vec::new(),
    })
}

/// The first match of a pattern.
fn find_match(
    subject: &[u8],
    pattern: &[u8],
    start: usize,
    meter: &Meter,
) -> Outcome<Option<Match>> {
    let count = |steps| meter.count(steps);
    let (anchored, pattern) = split_anchor(pattern);
    let mut matcher = Matcher::new(subject, pattern, &count);
    match anchored {
        true => matcher.match_at(start),
        false => matcher.search(start),
    }
}

/// Whether the pattern is anchored with `^`, and the pattern without the anchor.
fn split_anchor(pattern: &[u8]) -> (bool, &[u8]) {
    match pattern.split_first() {
        Some((b'^', rest)) => (true, rest),
        _ => (false, pattern),
    }
}

/// The captures of a match, or the complete match if the pattern has no captures.
fn captures(lua: &Lua, subject: &[u8], matched: &Match) -> mlua::Result<Vec<mlua::Value>> {
    let count = matched.captures.len().max(1);
    (0..count)
        .map(|index| capture(lua, subject, matched, index))
        .collect()
}

/// One capture, or the complete match if the pattern has no captures and `index` is 0.
///
/// Errors: a capture that the pattern does not define or does not close
fn capture(lua: &Lua, subject: &[u8], matched: &Match, index: usize) -> mlua::Result<mlua::Value> {
    let range = match matched.captures.get(index) {
        Some(Capture::Text(range)) => range,
        Some(Capture::Position(position)) => return Ok(mlua::Value::Integer(*position as i64)),
        Some(Capture::Unfinished) => return Err(external(Diagnostic::new("unfinished capture"))),
        None if index == 0 => &matched.range,
        None => {
            let index = index + 1;
            let message = format!("invalid capture index %{index} in replacement string");
            return Err(external(Diagnostic::new(message)));
        }
    };
    Ok(mlua::Value::String(
        lua.create_string(&subject[range.clone()])?,
    ))
}

/// The iterator that `gmatch` returns.
fn gmatch_iterator(
    lua: &Lua,
    meter: &Rc<Meter>,
    args: Arguments<'_>,
) -> mlua::Result<mlua::Function> {
    let subject = text(lua, "gmatch", 1, args)?;
    let pattern = text(lua, "gmatch", 2, args)?;
    let first = start(lua, "gmatch", subject.as_bytes().len(), args)?;
    let next = Cell::new(first.unwrap_or(usize::MAX));
    let last = Cell::new(None);
    let meter = meter.clone();
    lua.create_function(move |lua, ()| {
        let (text, pattern) = (subject.as_bytes(), pattern.as_bytes());
        let count = |steps| meter.count(steps);
        let mut matcher = Matcher::new(&text, &pattern, &count);
        let matched = next_match(&mut matcher, next.get(), last.get());
        let matched = matched.map_err(|diagnostic| errors::raise(lua, diagnostic))?;
        let Some(matched) = matched else {
            next.set(usize::MAX);
            return Ok(MultiValue::from_iter([mlua::Nil]));
        };
        next.set(matched.range.end);
        last.set(Some(matched.range.end));
        Ok(MultiValue::from_iter(captures(lua, &text, &matched)?))
    })
}

/// The next match that does not end where the previous match ended.
fn next_match(
    matcher: &mut Matcher<'_>,
    from: usize,
    last: Option<usize>,
) -> Outcome<Option<Match>> {
    let mut from = from;
    loop {
        match matcher.search(from)? {
            Some(matched) if Some(matched.range.end) == last => from = matched.range.start + 1,
            matched => return Ok(matched),
        }
    }
}

/// The replacement argument of `gsub`.
enum Replacement {
    Text(mlua::LuaString),
    Table(Table),
    Function(mlua::Function),
}

/// Reads the replacement argument of `gsub`.
fn replacement(lua: &Lua, args: Arguments<'_>) -> mlua::Result<Replacement> {
    Ok(match args.next().unwrap_or(mlua::Nil) {
        mlua::Value::Table(table) => Replacement::Table(table),
        mlua::Value::Function(function) => Replacement::Function(function),
        value @ (mlua::Value::String(_) | mlua::Value::Integer(_) | mlua::Value::Number(_)) => {
            Replacement::Text(text(lua, "gsub", 3, &mut std::iter::once(value))?)
        }
        other => {
            let kind = other.type_name();
            let expected = "string/function/table expected";
            let message = format!("bad argument #3 to 'gsub' ({expected}, got {kind})");
            return Err(external(Diagnostic::new(message)));
        }
    })
}

/// Implements `gsub`.
fn replace(lua: &Lua, meter: &Meter, args: Arguments<'_>) -> mlua::Result<(mlua::LuaString, i64)> {
    let subject = text(lua, "gsub", 1, args)?;
    let pattern = text(lua, "gsub", 2, args)?;
    let replacement = replacement(lua, args)?;
    let max = match args.next() {
        None | Some(mlua::Nil) => i64::MAX,
        Some(value) => integer(lua, "gsub", 4, value)?,
    };
    let (subject, pattern) = (subject.as_bytes(), pattern.as_bytes());
    let (anchored, pattern) = split_anchor(&pattern);
    let count_steps = |steps| meter.count(steps);
    let mut matcher = Matcher::new(&subject, pattern, &count_steps);
    let mut result = LimitedBuffer {
        bytes: Vec::new(),
        meter,
    };
    let (mut from, mut count, mut last) = (0, 0, None);
    while count < max {
        match matcher.match_at(from).map_err(external)? {
            Some(matched) if Some(matched.range.end) != last => {
                count += 1;
                replacement.append(lua, &subject, &matched, &mut result)?;
                from = matched.range.end;
                last = Some(from);
            }
            _ if from < subject.len() => {
                result.push(&subject[from..=from])?;
                from += 1;
            }
            _ => break,
        }
        if anchored {
            break;
        }
    }
    result.push(&subject[from..])?;
    Ok((lua.create_string(&result.bytes)?, count))
}

/// A text buffer that checks the memory limit before it grows.
struct LimitedBuffer<'a> {
    bytes: Vec<u8>,
    meter: &'a Meter,
}

impl LimitedBuffer<'_> {
    /// Appends bytes.
    ///
    /// Errors: `Limit` if the memory is not available
    fn push(&mut self, more: &[u8]) -> mlua::Result<()> {
        let length = self.bytes.len() + more.len();
        if length > self.bytes.capacity() {
            // The capacity doubles, and both buffers exist while the bytes are copied.
            self.meter
                .check_allocation(2 * length as u64)
                .map_err(external)?;
        }
        self.bytes.extend_from_slice(more);
        Ok(())
    }
}

impl Replacement {
    /// Appends the replacement of one match.
    fn append(
        &self,
        lua: &Lua,
        subject: &[u8],
        matched: &Match,
        result: &mut LimitedBuffer<'_>,
    ) -> mlua::Result<()> {
        let value = match self {
            Replacement::Text(text) => {
                return expand(lua, &text.as_bytes(), subject, matched, result);
            }
            Replacement::Table(table) => {
                let key = capture(lua, subject, matched, 0)?;
                table.get::<mlua::Value>(key)?
            }
            Replacement::Function(function) => {
                let args = MultiValue::from_iter(captures(lua, subject, matched)?);
                function.call::<mlua::Value>(args)?
            }
        };
        let kind = value.type_name();
        match value {
            mlua::Nil | mlua::Value::Boolean(false) => result.push(&subject[matched.range.clone()]),
            value => match lua.coerce_string(value)? {
                Some(text) => result.push(&text.as_bytes()),
                None => Err(external(Diagnostic::new(format!(
                    "invalid replacement value (a {kind})"
                )))),
            },
        }
    }
}

/// Appends a replacement text, in which `%1` is the first capture and `%0` the complete match.
fn expand(
    lua: &Lua,
    text: &[u8],
    subject: &[u8],
    matched: &Match,
    result: &mut LimitedBuffer<'_>,
) -> mlua::Result<()> {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'%', rest) {
        result.push(&rest[..at])?;
        match rest.get(at + 1) {
            Some(b'%') => result.push(b"%")?,
            Some(b'0') => result.push(&subject[matched.range.clone()])?,
            Some(digit) if digit.is_ascii_digit() => {
                let index = usize::from(digit - b'1');
                let value = capture(lua, subject, matched, index)?;
                if let Some(text) = lua.coerce_string(value)? {
                    result.push(&text.as_bytes())?;
                }
            }
            _ => {
                let message = "invalid use of '%' in replacement string";
                return Err(external(Diagnostic::new(message)));
            }
        }
        rest = &rest[at + 2..];
    }
    result.push(rest)
}
