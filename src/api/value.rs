//! The values that scripts and the engine exchange, the same set for every language. Lists and maps
//! are copied; tensors and objects are passed by reference.

use std::any::Any;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::diagnostic::{Diagnostic, Location};
use crate::tensor::Tensor;

/// A map from text to values, ordered by key so that it prints in the same order everywhere.
pub type Map = BTreeMap<String, Value>;

/// One script value.
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

/// An engine type that scripts reference: a network, a key, a figure.
pub trait ScriptObject: Any {
    /// The name of the type, as users know it.
    const KIND: &'static str;
    /// A description of this object: one line or a table.
    fn display(&self) -> String;
}

/// A shared reference to a [`ScriptObject`].
#[derive(Clone)]
pub struct Object {
    pub kind: &'static str,
    data: Rc<dyn Any>,
    display: fn(&dyn Any) -> String,
}

impl Object {
    /// A reference to a new object.
    pub fn new<T: ScriptObject>(object: T) -> Object {
        Object::shared(Rc::new(object))
    }

    /// Another reference to a shared object.
    pub fn shared<T: ScriptObject>(object: Rc<T>) -> Object {
        fn display<T: ScriptObject>(data: &dyn Any) -> String {
            data.downcast_ref::<T>()
                .expect("the function and the data have the same type")
                .display()
        }
        Object {
            kind: T::KIND,
            data: object,
            display: display::<T>,
        }
    }

    /// The object, if its type is `T`.
    pub fn get<T: ScriptObject>(&self) -> Option<Rc<T>> {
        self.data.clone().downcast().ok()
    }

    /// The text that `print` writes.
    pub fn display(&self) -> String {
        (self.display)(self.data.as_ref())
    }

    /// Whether both reference the same object.
    pub fn same(&self, other: &Object) -> bool {
        Rc::ptr_eq(&self.data, &other.data)
    }
}

/// A script closure; each host implements this for its language.
pub trait Callable {
    /// The return value of the closure.
    fn call(&self, args: Vec<Value>) -> Result<Value, Diagnostic>;
    /// The start of the closure body, if the host knows it.
    fn location(&self) -> Option<Location>;
    /// The name of the method, if the function is a method that a script names without a call.
    fn method_name(&self) -> Option<String> {
        None
    }
}

/// A script closure that the engine can store and call.
#[derive(Clone)]
pub struct Function(Rc<dyn Callable>);

impl Function {
    /// The function that calls `callable`.
    pub fn new(callable: impl Callable + 'static) -> Function {
        Function(Rc::new(callable))
    }

    /// The return value of the closure for these arguments.
    ///
    /// Errors: the error that the closure raises, with its location
    pub fn call(&self, args: Vec<Value>) -> Result<Value, Diagnostic> {
        self.0.call(args)
    }

    /// The location of the closure, for errors in its return value.
    pub fn location(&self) -> Option<Location> {
        self.0.location()
    }

    /// The name of the method, if the function is a method that a script names without a call.
    pub fn method_name(&self) -> Option<String> {
        self.0.method_name()
    }
}

impl Value {
    /// The kind of the value, with its article: `a tensor`.
    pub fn kind(&self) -> String {
        match self {
            Value::Nil => "nil".into(),
            Value::Bool(_) => "a boolean".into(),
            Value::Int(_) => "an integer".into(),
            Value::Float(_) => "a number".into(),
            Value::Text(_) => "a string".into(),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a map".into(),
            Value::Tensor(_) => "a tensor".into(),
            Value::Object(object) => with_article(object.kind),
            Value::Function(_) => "a function".into(),
        }
    }

    /// The kind under which methods are looked up; `None` for plain values.
    pub fn owner(&self) -> Option<&'static str> {
        match self {
            Value::Tensor(_) => Some("tensor"),
            Value::Object(object) => Some(object.kind),
            _ => None,
        }
    }
}

/// A type that can be converted from a script value.
pub trait FromValue: Sized {
    /// The kind of the value, without an article.
    fn kind() -> String;
    /// Errors: the value itself, if its kind does not match
    fn from_value(value: Value) -> Result<Self, Value>;
}

/// A type that a native function can return to a script.
pub trait IntoValue {
    /// The kind of the value, without an article.
    fn kind() -> String;
    fn into_value(self) -> Value;
}

/// A noun with `a` or `an`; plural nouns stay without an article.
pub fn with_article(noun: &str) -> String {
    /// Kinds with a plural name.
    const PLURAL: [&str; 2] = ["fixed points", "principal components"];
    if PLURAL.contains(&noun) {
        return noun.into();
    }
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}
