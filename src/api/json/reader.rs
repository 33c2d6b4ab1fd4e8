//! Deserialization of JSON text to script values. The memory of the values is checked while they
//! are read: a text of 40 MB can contain 20 million numbers, which use 16 times as much memory.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::api::meter::Meter;
use crate::api::value::{Map, Value};

/// Messages of the JSON library and their descriptions.
const MESSAGES: [(&str, &str); 13] = [
    ("trailing comma", "a comma before a closing bracket"),
    ("trailing characters", "text after the value"),
    ("expected `,` or `}`", "a missing `,` or `}`"),
    ("expected `,` or `]`", "a missing `,` or `]`"),
    ("expected `:`", "a missing `:` after a name"),
    ("expected value", "no value"),
    ("expected ident", "no value"),
    ("key must be a string", "a name without double quotes"),
    ("number out of range", "a number that is too large"),
    ("invalid number", "an invalid number"),
    ("invalid escape", "an invalid escape in a string"),
    (
        "control character",
        "a line break or control character in a string",
    ),
    (
        "recursion limit exceeded",
        "too many nested lists or objects",
    ),
];

/// Reads one value and checks its memory against the limit of this meter.
#[derive(Clone, Copy)]
pub struct JsonReader<'a>(pub &'a Meter);

impl<'a> JsonReader<'a> {
    /// The value of a complete JSON text.
    ///
    /// Errors: invalid JSON, text after the value, or an exceeded limit of the run
    pub fn read(self, text: &str) -> Result<Value, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let value = self.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(value)
    }

    /// Ensures capacity for one more item, after a check of the memory.
    fn grow<E: Error>(self, items: &mut Vec<Value>) -> Result<(), E> {
        /// Minimum capacity of a list with items.
        const MIN_CAPACITY: usize = 4;
        if items.len() < items.capacity() {
            return Ok(());
        }
        let additional = items.len().max(MIN_CAPACITY);
        // While a list grows, both its old and its new buffer are allocated.
        let bytes = (items.len() + additional) * size_of::<Value>();
        self.check_memory(bytes)?;
        items.reserve_exact(additional);
        Ok(())
    }

    /// Checks the limits and that `bytes` more bytes are available.
    fn check_memory<E: Error>(self, bytes: usize) -> Result<(), E> {
        let available = self
            .0
            .check()
            .and_then(|()| self.0.check_allocation(bytes as u64));
        available.map_err(E::custom)
    }
}

/// Describes the error at its position in the text, without the terms of the library.
pub fn describe_error(text: &str, error: &serde_json::Error) -> String {
    if text.trim().is_empty() {
        return "an empty text".into();
    }
    let (line, column) = (error.line(), error.column());
    let position = format!("line {line}, column {column}");
    if error.is_eof() {
        return format!("a text that ends inside a value, at {position}");
    }
    let message = error.to_string();
    let known = MESSAGES.iter().find(|(part, _)| message.starts_with(part));
    let problem = known.map_or("a syntax error", |(_, description)| description);
    let character = text.lines().nth(line.saturating_sub(1)).and_then(|text| {
        let before = text.get(..column.saturating_sub(1))?;
        text[before.len()..].chars().next()
    });
    match character {
        Some(character) => format!("{problem} at `{character}` in {position}"),
        None => format!("{problem} in {position}"),
    }
}

impl<'de> DeserializeSeed<'de> for JsonReader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for JsonReader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Float(value as f64), Value::Int))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.check_memory(text.len())?;
        Ok(Value::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element_seed(self)? {
            self.grow(&mut items)?;
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = from.next_key::<String>()? {
            self.check_memory(key.len() + size_of::<Value>())?;
            map.insert(key, from.next_value_seed(self)?);
        }
        Ok(Value::Map(map))
    }
}
