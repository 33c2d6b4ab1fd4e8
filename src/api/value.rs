//! What crosses between a script and the engine: one small set of values, the same for every
//! language. Lists and maps are copied; large data travels as a tensor or an object, by reference.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use super::fault::{Fault, Place};
use crate::tensor::Tensor;

/// A map from text to values, ordered by key so that it prints alike everywhere.
pub type Map = BTreeMap<String, Value>;

/// One value of a script.
#[derive(Clone)]
pub enum Value {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    Map(Map),
    Tensor(Tensor),
    Object(Object),
    Function(Function),
}

/// A type of the engine that scripts hold by reference: a network, a key, a figure.
pub trait Thing: Any {
    /// The kind of thing, as a user would say it.
    const KIND: &'static str;
    /// One line (or a table) that says what this one is.
    fn show(&self) -> String;
}

/// A shared reference to a [`Thing`].
#[derive(Clone)]
pub struct Object {
    pub kind: &'static str,
    data: Rc<dyn Any>,
    show: fn(&dyn Any) -> String,
}

impl Object {
    /// A thing of the engine, to be shared by reference.
    pub fn new<T: Thing>(thing: T) -> Object {
        Object::shared(Rc::new(thing))
    }

    /// The same thing under one more reference.
    pub fn shared<T: Thing>(thing: Rc<T>) -> Object {
        fn show<T: Thing>(data: &dyn Any) -> String {
            data.downcast_ref::<T>()
                .expect("an object shows its own type")
                .show()
        }
        Object {
            kind: T::KIND,
            data: thing,
            show: show::<T>,
        }
    }

    /// The thing itself, if it is a `T`.
    pub fn get<T: Thing>(&self) -> Option<Rc<T>> {
        self.data.clone().downcast().ok()
    }

    /// The text that `print` shows.
    pub fn show(&self) -> String {
        (self.show)(self.data.as_ref())
    }

    /// Whether both refer to one and the same thing.
    pub fn same(&self, other: &Object) -> bool {
        Rc::ptr_eq(&self.data, &other.data)
    }
}

/// A closure of a script, as a host presents it.
pub trait Callable {
    fn call(&self, args: Vec<Value>) -> Result<Value, Fault>;
    /// Where its body begins, if the host knows.
    fn place(&self) -> Option<Place>;
}

/// A closure of a script that the engine can keep and call.
#[derive(Clone)]
pub struct Function(Rc<dyn Callable>);

impl Function {
    /// A closure, as a host presents it.
    pub fn new(callable: impl Callable + 'static) -> Function {
        Function(Rc::new(callable))
    }

    /// What the closure gives for these arguments.
    ///
    /// Errors: the fault it ends in, with its place.
    pub fn call(&self, args: Vec<Value>) -> Result<Value, Fault> {
        self.0.call(args)
    }

    /// Where it stands in a script, for faults of what it gave.
    pub fn place(&self) -> Option<Place> {
        self.0.place()
    }
}

impl Value {
    /// The kind of value, with its article: `a tensor`.
    pub fn kind(&self) -> String {
        match self {
            Value::Nil => "nothing".into(),
            Value::Bool(_) => "a truth value".into(),
            Value::Int(_) => "a whole number".into(),
            Value::Float(_) => "a number".into(),
            Value::Text(_) => "a text".into(),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a map".into(),
            Value::Tensor(_) => "a tensor".into(),
            Value::Object(object) => with_article(object.kind),
            Value::Function(_) => "a function".into(),
        }
    }

    /// The kind under which methods are looked up; none for plain values.
    pub fn owner(&self) -> Option<&'static str> {
        match self {
            Value::Tensor(_) => Some("tensor"),
            Value::Object(object) => Some(object.kind),
            _ => None,
        }
    }
}

/// A noun with `a` or `an` before it, or as it is where it means several things.
pub fn with_article(noun: &str) -> String {
    /// Kinds of things that are several.
    const SEVERAL: [&str; 2] = ["fixed points", "principal components"];
    if SEVERAL.contains(&noun) {
        return noun.into();
    }
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::show::value(self))
    }
}
