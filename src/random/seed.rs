//! The option that determines the random numbers of an operation.

use super::{Key, Layout};
use crate::base::options::{OptionType, Slot};

/// An integer seed, or a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seed {
    Integer(usize),
    Key(Key),
}

impl Default for Seed {
    fn default() -> Seed {
        Seed::Integer(0)
    }
}

impl From<usize> for Seed {
    fn from(seed: usize) -> Seed {
        Seed::Integer(seed)
    }
}

impl From<Key> for Seed {
    fn from(key: Key) -> Seed {
        Seed::Key(key)
    }
}

impl Seed {
    /// The key itself, or the key of the integer.
    pub fn key(&self) -> Key {
        match self {
            Seed::Integer(seed) => Key::new(*seed as u64, Layout::default()),
            Seed::Key(key) => *key,
        }
    }
}

impl OptionType for Seed {
    const KIND: &'static str = "integer or key";
    fn slot(&mut self) -> Slot<'_> {
        Slot::Other(self)
    }
    fn script_syntax(&self) -> String {
        match self {
            Seed::Integer(seed) => seed.to_string(),
            Seed::Key(_) => "key".into(),
        }
    }
}
