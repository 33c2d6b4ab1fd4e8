//! `string.find`, `match`, `gmatch` and `gsub`, with patterns whose steps count as operations.

use std::cell::Cell;
use std::rc::Rc;

use mlua::{Lua, MultiValue, Table};

use super::super::call::Vocabulary;
use super::faults;
use super::pattern::{Capture, Match, Matcher};
use crate::api::fault::Fault;
use crate::api::meter::Meter;

/// Letters with a meaning in patterns; without them a pattern is a plain text.
const SPECIAL: &[u8] = b"^$*+?.([%-";

type Outcome<T> = Result<T, Fault>;

/// Replaces the functions of the table `string`.
pub fn register(lua: &Lua, vocabulary: &Rc<Vocabulary>) -> mlua::Result<()> {
    let strings: Table = lua.globals().get("string")?;
    let meter = vocabulary.context().meter.clone();
    for (name, plain) in [("find", true), ("match", false)] {
        let meter = meter.clone();
        let search = move |lua: &Lua, args: MultiValue| {
            let found = search(lua, &meter, name, plain, &mut args.into_iter());
            found.map_err(|error| placed(lua, error))
        };
        strings.set(name, lua.create_function(search)?)?;
    }
    let asked = meter.clone();
    let gmatch = move |lua: &Lua, args: MultiValue| {
        let each = each(lua, &asked, &mut args.into_iter());
        each.map_err(|error| placed(lua, error))
    };
    strings.set("gmatch", lua.create_function(gmatch)?)?;
    let gsub = move |lua: &Lua, args: MultiValue| {
        let replaced = replace(lua, &meter, &mut args.into_iter());
        replaced.map_err(|error| placed(lua, error))
    };
    strings.set("gsub", lua.create_function(gsub)?)
}

/// An error with the place of the call.
fn placed(lua: &Lua, error: mlua::Error) -> mlua::Error {
    faults::raise(lua, faults::plain(error))
}

fn external(fault: Fault) -> mlua::Error {
    mlua::Error::external(fault)
}

type Arguments<'a> = &'a mut dyn Iterator<Item = mlua::Value>;

/// The next argument, which is a text or a number.
fn text(lua: &Lua, name: &str, index: usize, args: Arguments<'_>) -> mlua::Result<mlua::LuaString> {
    let value = args.next().unwrap_or(mlua::Nil);
    let kind = value.type_name();
    lua.coerce_string(value)?.ok_or_else(|| {
        let words = format!("bad argument #{index} to '{name}' (string expected, got {kind})");
        external(Fault::new(words))
    })
}

/// The next argument: where to begin, from 1 or from the end; counted from 0 here. None behind
/// the end.
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

fn integer(lua: &Lua, name: &str, index: usize, value: mlua::Value) -> mlua::Result<i64> {
    let kind = value.type_name();
    lua.coerce_integer(value)?.ok_or_else(|| {
        let words = format!("bad argument #{index} to '{name}' (number expected, got {kind})");
        external(Fault::new(words))
    })
}

fn search(
    lua: &Lua,
    meter: &Meter,
    name: &str,
    is_find: bool,
    args: Arguments<'_>,
) -> mlua::Result<MultiValue> {
    let whole = text(lua, name, 1, args)?;
    let pattern = text(lua, name, 2, args)?;
    let (whole, pattern) = (whole.as_bytes(), pattern.as_bytes());
    let missing = || Ok(MultiValue::from_iter([mlua::Nil]));
    let Some(start) = start(lua, name, whole.len(), args)? else {
        return missing();
    };
    let plain = args
        .next()
        .and_then(|value| value.as_boolean().or(Some(!value.is_nil())));
    let is_plain = plain == Some(true) || !pattern.iter().any(|c| SPECIAL.contains(c));
    let found = match is_find && is_plain {
        true => plainly(&whole, &pattern, start),
        false => locate(&whole, &pattern, start, meter).map_err(external)?,
    };
    let Some(found) = found else {
        return missing();
    };
    let mut values = Vec::new();
    if is_find {
        let ends = [found.range.start + 1, found.range.end];
        values.extend(ends.map(|end| mlua::Value::Integer(end as i64)));
    }
    if !is_find || !found.captures.is_empty() {
        values.extend(captures(lua, &whole, &found)?);
    }
    Ok(MultiValue::from_iter(values))
}

/// Where a plain text stands.
fn plainly(whole: &[u8], part: &[u8], start: usize) -> Option<Match> {
    let at = start + memchr::memmem::find(&whole[start..], part)?;
    Some(Match {
        range: at..at + part.len(),
        captures: Vec::new(),
    })
}

/// The first match of a pattern.
fn locate(whole: &[u8], pattern: &[u8], start: usize, meter: &Meter) -> Outcome<Option<Match>> {
    let count = |steps| meter.count(steps);
    let (anchored, pattern) = anchor(pattern);
    let mut matcher = Matcher::new(whole, pattern, &count);
    match anchored {
        true => matcher.at(start),
        false => matcher.search(start),
    }
}

/// Whether the pattern matches at the beginning alone, and the rest of it.
fn anchor(pattern: &[u8]) -> (bool, &[u8]) {
    match pattern.split_first() {
        Some((b'^', rest)) => (true, rest),
        _ => (false, pattern),
    }
}

/// The captures of a match, or the whole of it if there are none.
fn captures(lua: &Lua, whole: &[u8], found: &Match) -> mlua::Result<Vec<mlua::Value>> {
    let count = found.captures.len().max(1);
    (0..count)
        .map(|index| capture(lua, whole, found, index))
        .collect()
}

/// One capture; the first is the whole match if there are none.
///
/// Errors: a capture that the pattern does not have, or does not finish
fn capture(lua: &Lua, whole: &[u8], found: &Match, index: usize) -> mlua::Result<mlua::Value> {
    let range = match found.captures.get(index) {
        Some(Capture::Text(range)) => range,
        Some(Capture::Position(position)) => return Ok(mlua::Value::Integer(*position as i64)),
        Some(Capture::Unfinished) => return Err(external(Fault::new("unfinished capture"))),
        None if index == 0 => &found.range,
        None => {
            let index = index + 1;
            let words = format!("invalid capture index %{index} in replacement string");
            return Err(external(Fault::new(words)));
        }
    };
    Ok(mlua::Value::String(
        lua.create_string(&whole[range.clone()])?,
    ))
}

/// The iterator of `gmatch`.
fn each(lua: &Lua, meter: &Rc<Meter>, args: Arguments<'_>) -> mlua::Result<mlua::Function> {
    let whole = text(lua, "gmatch", 1, args)?;
    let pattern = text(lua, "gmatch", 2, args)?;
    let first = start(lua, "gmatch", whole.as_bytes().len(), args)?;
    let next = Cell::new(first.unwrap_or(usize::MAX));
    let last = Cell::new(None);
    let meter = meter.clone();
    lua.create_function(move |lua, ()| {
        let (text, pattern) = (whole.as_bytes(), pattern.as_bytes());
        let count = |steps| meter.count(steps);
        let mut matcher = Matcher::new(&text, &pattern, &count);
        let found = following(&mut matcher, next.get(), last.get());
        let found = found.map_err(|fault| faults::raise(lua, fault))?;
        let Some(found) = found else {
            next.set(usize::MAX);
            return Ok(MultiValue::from_iter([mlua::Nil]));
        };
        next.set(found.range.end);
        last.set(Some(found.range.end));
        Ok(MultiValue::from_iter(captures(lua, &text, &found)?))
    })
}

/// The next match, unless it ends where the one before ended.
fn following(
    matcher: &mut Matcher<'_>,
    from: usize,
    last: Option<usize>,
) -> Outcome<Option<Match>> {
    let mut from = from;
    loop {
        match matcher.search(from)? {
            Some(found) if Some(found.range.end) == last => from = found.range.start + 1,
            found => return Ok(found),
        }
    }
}

/// What `gsub` puts in place of a match.
enum Replacement {
    Text(mlua::LuaString),
    Table(Table),
    Function(mlua::Function),
}

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
            let words = format!("bad argument #3 to 'gsub' ({expected}, got {kind})");
            return Err(external(Fault::new(words)));
        }
    })
}

fn replace(lua: &Lua, meter: &Meter, args: Arguments<'_>) -> mlua::Result<(mlua::LuaString, i64)> {
    let whole = text(lua, "gsub", 1, args)?;
    let pattern = text(lua, "gsub", 2, args)?;
    let replacement = replacement(lua, args)?;
    let most = match args.next() {
        None | Some(mlua::Nil) => i64::MAX,
        Some(value) => integer(lua, "gsub", 4, value)?,
    };
    let (whole, pattern) = (whole.as_bytes(), pattern.as_bytes());
    let (anchored, pattern) = anchor(&pattern);
    let count = |steps| meter.count(steps);
    let mut matcher = Matcher::new(&whole, pattern, &count);
    let mut result = Growing {
        bytes: Vec::new(),
        meter,
    };
    let (mut from, mut made, mut last) = (0, 0, None);
    while made < most {
        match matcher.at(from).map_err(external)? {
            Some(found) if Some(found.range.end) != last => {
                made += 1;
                replacement.put(lua, &whole, &found, &mut result)?;
                from = found.range.end;
                last = Some(from);
            }
            _ if from < whole.len() => {
                result.push(&whole[from..=from])?;
                from += 1;
            }
            _ => break,
        }
        if anchored {
            break;
        }
    }
    result.push(&whole[from..])?;
    Ok((lua.create_string(&result.bytes)?, made))
}

/// A text that asks for memory before it grows.
struct Growing<'a> {
    bytes: Vec<u8>,
    meter: &'a Meter,
}

impl Growing<'_> {
    fn push(&mut self, more: &[u8]) -> mlua::Result<()> {
        let length = self.bytes.len() + more.len();
        if length > self.bytes.capacity() {
            // It doubles, and its old bytes are there until they are copied.
            self.meter.reserve(2 * length as u64).map_err(external)?;
        }
        self.bytes.extend_from_slice(more);
        Ok(())
    }
}

impl Replacement {
    fn put(
        &self,
        lua: &Lua,
        whole: &[u8],
        found: &Match,
        result: &mut Growing<'_>,
    ) -> mlua::Result<()> {
        let value = match self {
            Replacement::Text(text) => return expand(lua, &text.as_bytes(), whole, found, result),
            Replacement::Table(table) => {
                let key = capture(lua, whole, found, 0)?;
                table.get::<mlua::Value>(key)?
            }
            Replacement::Function(function) => {
                let args = MultiValue::from_iter(captures(lua, whole, found)?);
                function.call::<mlua::Value>(args)?
            }
        };
        let kind = value.type_name();
        match value {
            mlua::Nil | mlua::Value::Boolean(false) => result.push(&whole[found.range.clone()]),
            value => match lua.coerce_string(value)? {
                Some(text) => result.push(&text.as_bytes()),
                None => Err(external(Fault::new(format!(
                    "invalid replacement value (a {kind})"
                )))),
            },
        }
    }
}

/// A replacement text, where `%1` is the first capture and `%0` the whole match.
fn expand(
    lua: &Lua,
    text: &[u8],
    whole: &[u8],
    found: &Match,
    result: &mut Growing<'_>,
) -> mlua::Result<()> {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'%', rest) {
        result.push(&rest[..at])?;
        match rest.get(at + 1) {
            Some(b'%') => result.push(b"%")?,
            Some(b'0') => result.push(&whole[found.range.clone()])?,
            Some(digit) if digit.is_ascii_digit() => {
                let index = usize::from(digit - b'1');
                let value = capture(lua, whole, found, index)?;
                if let Some(text) = lua.coerce_string(value)? {
                    result.push(&text.as_bytes())?;
                }
            }
            _ => {
                let words = "invalid use of '%' in replacement string";
                return Err(external(Fault::new(words)));
            }
        }
        rest = &rest[at + 2..];
    }
    result.push(rest)
}
