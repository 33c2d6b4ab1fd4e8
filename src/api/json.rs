//! JSON text as values. The memory that they take is counted while they are read: a text of 40 MB
//! can say 20 million numbers, which take 16 times as much.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::meter::Meter;
use super::value::{Map, Value};

/// Reads one value, whose memory counts in the account of this meter.
#[derive(Clone, Copy)]
pub struct Reading<'a>(pub &'a Meter);

impl<'a> Reading<'a> {
    /// The value that `text` says, and nothing behind it.
    ///
    /// Errors: what is wrong with the text, or no text once the meter has ended the run
    pub fn read(self, text: &str) -> Result<Value, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let value = self.deserialize(&mut reader)?;
        reader.end()?;
        Ok(value)
    }

    /// Makes room for one more item: the memory is asked for before it is taken.
    fn grow<E: Error>(self, items: &mut Vec<Value>) -> Result<(), E> {
        /// Room of a list that holds anything.
        const LEAST: usize = 4;
        if items.len() < items.capacity() {
            return Ok(());
        }
        let more = items.len().max(LEAST);
        // While a list grows, its old and its new memory are there.
        let bytes = (items.len() + more) * size_of::<Value>();
        self.ask(bytes)?;
        items.reserve_exact(more);
        Ok(())
    }

    fn ask<E: Error>(self, bytes: usize) -> Result<(), E> {
        let room = self.0.check().and_then(|()| self.0.reserve(bytes as u64));
        room.map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
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
        self.ask(text.len())?;
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
            self.ask(key.len() + size_of::<Value>())?;
            map.insert(key, from.next_value_seed(self)?);
        }
        Ok(Value::Map(map))
    }
}
