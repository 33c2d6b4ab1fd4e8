//! Options are structs whose name, default, range and doc stand in one place: the
//! [`options!`](crate::options) macro makes the struct, its `Default`, and the table that reading
//! from a script, `help`, completion and the manual share.
//!
//! A struct of options lives on the floor of the function that takes it. The script floor fills
//! it through [`Options::slots`], which hands out one typed [`Slot`] per field.

use std::any::Any;
use std::path::PathBuf;

use super::{Error, Result};

/// One option: what `help` shows of it.
#[derive(Debug, Clone)]
pub struct Field {
    pub name: &'static str,
    /// The kind of value, as a user would say it (`whole number`, `key`).
    pub kind: &'static str,
    pub doc: &'static str,
    /// The default as a script would write it.
    pub default: String,
    pub span: Option<Span>,
}

/// The numbers a field admits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    pub min: f64,
    pub max: f64,
    /// Whether `min` itself is outside.
    pub above: bool,
}

impl Span {
    /// `min` and more.
    pub const fn from(min: f64) -> Span {
        Span {
            min,
            max: f64::INFINITY,
            above: false,
        }
    }
    /// More than `min`.
    pub const fn above(min: f64) -> Span {
        Span {
            min,
            max: f64::INFINITY,
            above: true,
        }
    }
    /// `min` to `max`, both included.
    pub const fn between(min: f64, max: f64) -> Span {
        Span {
            min,
            max,
            above: false,
        }
    }
    /// Whether `x` is inside; never for NaN.
    pub fn admits(&self, x: f64) -> bool {
        x <= self.max
            && if self.above {
                x > self.min
            } else {
                x >= self.min
            }
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.above, self.max.is_finite()) {
            (true, false) => write!(f, "above {}", self.min),
            (false, false) => write!(f, "of {} or more", self.min),
            (true, true) => write!(f, "above {} and up to {}", self.min, self.max),
            (false, true) => write!(f, "from {} to {}", self.min, self.max),
        }
    }
}

/// A place to write one option into.
pub enum Slot<'a> {
    Flag(&'a mut bool),
    Count(&'a mut usize),
    Real(&'a mut f64),
    /// A number that may be left out.
    MaybeReal(&'a mut Option<f64>),
    MaybeCount(&'a mut Option<usize>),
    Text(&'a mut String),
    MaybeText(&'a mut Option<String>),
    Reals(&'a mut Vec<f64>),
    /// One of a few words.
    Choice(&'a mut dyn Choice),
    /// A key, an optimizer, a closure: the script floor knows which types these can be.
    Other(&'a mut dyn Any),
}

/// A type that can be the value of an option.
pub trait Setting {
    /// The kind of value, as a user would say it.
    const KIND: &'static str;
    fn slot(&mut self) -> Slot<'_>;
    /// The value as a script would write it, where that differs from how Rust writes it.
    fn written(&self) -> Option<String> {
        None
    }
}

impl Setting for Option<PathBuf> {
    const KIND: &'static str = "path";
    fn slot(&mut self) -> Slot<'_> {
        Slot::Other(self)
    }
}

/// A type whose values are a few words; made by [`choices!`](crate::choices).
pub trait Choice {
    fn words(&self) -> &'static [&'static str];
    fn word(&self) -> &'static str;
    /// Takes the value called `word`; false if there is none.
    fn choose(&mut self, word: &str) -> bool;
}

/// A choice that need not be made; it has no word then.
impl<C: Choice + Default> Choice for Option<C> {
    fn words(&self) -> &'static [&'static str] {
        C::default().words()
    }
    fn word(&self) -> &'static str {
        self.as_ref().map_or("", C::word)
    }
    fn choose(&mut self, word: &str) -> bool {
        let mut choice = C::default();
        let known = choice.choose(word);
        if known {
            *self = Some(choice);
        }
        known
    }
}

/// A struct of options; made by [`options!`](crate::options).
pub trait Options: Default {
    /// The function the options belong to, as in `train`.
    const OF: &'static str;
    fn fields() -> Vec<Field>;
    /// The places of the fields, in the order of [`Options::fields`].
    fn slots(&mut self) -> Vec<Slot<'_>>;

    /// Errors: `Range` if a number is outside its field's span.
    fn check(&mut self) -> Result<()> {
        for (field, slot) in Self::fields().into_iter().zip(self.slots()) {
            let Some(span) = field.span else { continue };
            let numbers: &[f64] = match slot {
                Slot::Count(n) => &[*n as f64],
                Slot::MaybeCount(Some(n)) => &[*n as f64],
                Slot::Real(x) => &[*x],
                Slot::MaybeReal(Some(x)) => &[*x],
                Slot::Reals(xs) => xs,
                _ => &[],
            };
            if let Some(x) = numbers.iter().find(|x| !span.admits(**x)) {
                return Err(Error::Range {
                    of: Self::OF.into(),
                    name: field.name.into(),
                    expected: span.to_string(),
                    found: x.to_string(),
                });
            }
        }
        Ok(())
    }
}

/// Two structs of options read from one map: a function's own and what its caller adds.
impl<A: Options, B: Options> Options for (A, B) {
    const OF: &'static str = A::OF;
    fn fields() -> Vec<Field> {
        [A::fields(), B::fields()].concat()
    }
    fn slots(&mut self) -> Vec<Slot<'_>> {
        let mut slots = self.0.slots();
        slots.extend(self.1.slots());
        slots
    }
}

macro_rules! settings {
    ($($type:ty, $kind:literal, $slot:ident;)*) => { $(
        impl Setting for $type {
            const KIND: &'static str = $kind;
            fn slot(&mut self) -> Slot<'_> { Slot::$slot(self) }
        }
    )* };
}

settings! {
    bool, "true or false", Flag;
    usize, "whole number", Count;
    f64, "number", Real;
    Option<f64>, "number", MaybeReal;
    Option<usize>, "whole number", MaybeCount;
    String, "text", Text;
    Option<String>, "text", MaybeText;
    Vec<f64>, "list of numbers", Reals;
}

/// Declares a struct of options: `name: type = default, in span;` with a doc above each field.
#[macro_export]
macro_rules! options {
    ($(#[doc = $head:literal])* pub struct $name:ident for $of:literal {
        $(
            $(#[doc = $doc:literal])+
            $field:ident : $type:ty = $default:expr $(, in $span:expr)? ;
        )*
    }) => {
        $(#[doc = $head])*
        #[derive(Clone)]
        pub struct $name { $( $(#[doc = $doc])+ pub $field: $type, )* }

        impl Default for $name {
            fn default() -> Self { $name { $( $field: $default, )* } }
        }

        impl $crate::base::options::Options for $name {
            const OF: &'static str = $of;
            fn fields() -> Vec<$crate::base::options::Field> {
                vec![ $( $crate::base::options::Field {
                    name: stringify!($field),
                    kind: <$type as $crate::base::options::Setting>::KIND,
                    doc: concat!($($doc),+),
                    default: {
                        let value: $type = $default;
                        let written = $crate::base::options::Setting::written(&value);
                        written.unwrap_or_else(|| stringify!($default).into())
                    },
                    span: $crate::options!(@span $($span)?),
                }, )* ]
            }
            fn slots(&mut self) -> Vec<$crate::base::options::Slot<'_>> {
                vec![ $( $crate::base::options::Setting::slot(&mut self.$field), )* ]
            }
        }
    };
    (@span) => { None };
    (@span $span:expr) => { Some($span) };
}

/// Declares an enum whose values are words in scripts: `Tanh = "tanh"`.
#[macro_export]
macro_rules! choices {
    ($(#[doc = $head:literal])* pub enum $name:ident {
        $( $(#[$meta:meta])* $variant:ident = $word:literal, )*
    }) => {
        $(#[doc = $head])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub enum $name { $( $(#[$meta])* $variant, )* }

        impl $crate::base::options::Choice for $name {
            fn words(&self) -> &'static [&'static str] { &[ $( $word, )* ] }
            fn word(&self) -> &'static str { match self { $( $name::$variant => $word, )* } }
            fn choose(&mut self, word: &str) -> bool {
                match word {
                    $( $word => *self = $name::$variant, )*
                    _ => return false,
                }
                true
            }
        }

        impl $crate::base::options::Setting for $name {
            const KIND: &'static str = concat!("one of" $(, " \"", $word, "\"")*);
            fn slot(&mut self) -> $crate::base::options::Slot<'_> {
                $crate::base::options::Slot::Choice(self)
            }
            fn written(&self) -> Option<String> {
                Some(format!("{:?}", $crate::base::options::Choice::word(self)))
            }
        }

        impl $crate::base::options::Setting for Option<$name> {
            const KIND: &'static str = <$name as $crate::base::options::Setting>::KIND;
            fn slot(&mut self) -> $crate::base::options::Slot<'_> {
                $crate::base::options::Slot::Choice(self)
            }
        }
    };
}
