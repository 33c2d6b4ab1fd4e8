//! The script vocabulary as data. A native function is its doc and one typed line in a table made
//! by [`natives!`](crate::natives); the rows feed both hosts, `help`, the manual, completion and
//! the doc tests.
//!
//! A row whose first argument is called `this` is a method. In a doc, lines that begin with `> `
//! are an example (in Rhai; the Lua form is derived), and the line that begins with `= ` is what
//! printing the example's last expression shows. Both are run as a test in both languages.

use std::rc::Rc;

use super::context::Context;
use super::fault::Fault;
use super::settings::Settings;
use super::value::{Thing, Value, with_article};
use crate::base::options::{Field, Options};
use crate::base::{Error, error};

/// A module of the vocabulary: `rnn`, `plot`; the module with an empty name is always in scope.
pub struct Module {
    pub name: &'static str,
    pub doc: String,
    pub natives: Vec<Native>,
}

/// One native function: what is known of it, and the function.
pub struct Native {
    pub module: &'static str,
    pub name: &'static str,
    pub args: Vec<Arg>,
    /// The kind of value it gives.
    pub returns: String,
    pub doc: String,
    pub body: Body,
}

/// What runs when a function of the vocabulary is called.
#[derive(Clone, Copy)]
pub enum Body {
    Engine(fn(&Context, Vec<Value>) -> Result<Value, Fault>),
    /// A function of a bundled script module.
    Library,
}

/// One argument of a native function.
#[derive(Debug, Clone)]
pub struct Arg {
    pub name: &'static str,
    /// The kind of value, without an article.
    pub kind: String,
    pub optional: bool,
    /// The options, if the argument is a map of them.
    pub options: Vec<Field>,
}

impl Native {
    /// The kind of thing this is a method of, if it is one.
    pub fn owner(&self) -> Option<&str> {
        self.args
            .first()
            .filter(|arg| arg.name == "this")
            .map(|arg| arg.kind.as_str())
    }

    /// The name as a user writes it: `rnn::vanilla`, `train`, `tensor.tanh`.
    pub fn path(&self) -> String {
        match self.owner() {
            Some(owner) => format!("{owner}.{}", self.name),
            None if self.module.is_empty() => self.name.into(),
            None => format!("{}::{}", self.module, self.name),
        }
    }

    /// The call with the names of its arguments: `rnn::vanilla(options?)`, `tensor.sum(axis?)`.
    pub fn signature(&self) -> String {
        let written = self.args.iter().filter(|arg| arg.name != "this");
        let names = written.map(|arg| {
            if arg.optional {
                format!("{}?", arg.name)
            } else {
                arg.name.to_string()
            }
        });
        format!("{}({})", self.path(), names.collect::<Vec<_>>().join(", "))
    }

    /// The options this function takes.
    pub fn options(&self) -> &[Field] {
        self.args
            .iter()
            .map(|arg| arg.options.as_slice())
            .find(|o| !o.is_empty())
            .unwrap_or(&[])
    }
}

/// The arguments of one call, taken one by one by [`Take`].
pub struct Args<'a> {
    /// The run that the call is part of.
    pub context: &'a Context,
    values: std::vec::IntoIter<Value>,
    /// As a user writes it.
    called: String,
}

impl<'a> Args<'a> {
    /// Errors: too many or too few arguments for `kinds`.
    pub fn new(
        context: &'a Context,
        path: &'static str,
        kinds: &[Option<Arg>],
        values: Vec<Value>,
    ) -> Result<Args<'a>, Fault> {
        let known: Vec<&Arg> = kinds.iter().flatten().collect();
        let least = known.iter().filter(|arg| !arg.optional).count();
        let name = path.rsplit("::").next().unwrap_or(path);
        let called = match known.first() {
            Some(this) if this.name == "this" => format!("{}.{name}", this.kind),
            _ => path.to_string(),
        };
        if values.len() < least || values.len() > known.len() {
            return Err(wrong_count(&called, &known, least, values.len()));
        }
        Ok(Args {
            context,
            values: values.into_iter(),
            called,
        })
    }

    fn next(&mut self) -> Option<Value> {
        self.values.next()
    }

    /// The fault of a value of the wrong kind for argument `name`.
    fn mismatch(&self, name: &str, expected: &str, found: &Value) -> Fault {
        let of = match name {
            "this" => self.called.clone(),
            name => format!("{}: argument `{name}`", self.called),
        };
        let expected = with_article(expected);
        Error::Kind {
            of,
            found: told(found, &expected),
            expected,
        }
        .into()
    }
}

/// The kind of `found`, or what it is where its kind is no answer to what was expected: not "a
/// whole number of 0 or more, found a whole number".
fn told(found: &Value, expected: &str) -> String {
    /// Longer ones hide the message.
    const SHOWN: usize = 40;
    let kind = found.kind();
    let shown = super::show::value(found);
    let numbers = matches!(found, Value::Int(_) | Value::Float(_)) && expected.contains("number");
    if shown.len() <= SHOWN && (numbers || expected.starts_with(&kind)) {
        return format!("{} {shown}", kind.replacen("a ", "the ", 1));
    }
    kind
}

fn wrong_count(path: &str, known: &[&Arg], least: usize, found: usize) -> Fault {
    let own = usize::from(known.first().is_some_and(|arg| arg.name == "this"));
    let (least, most) = (least.saturating_sub(own), known.len() - own);
    let found = found.saturating_sub(own);
    let count = if least == most {
        format!("{most}")
    } else {
        format!("{least} to {most}")
    };
    let plural = if most == 1 { "" } else { "s" };
    let names: Vec<String> = known[own..]
        .iter()
        .map(|arg| {
            let mark = if arg.optional { "?" } else { "" };
            format!("{}{mark}: {}", arg.name, arg.kind)
        })
        .collect();
    Fault::new(format!(
        "{path}: expected {count} argument{plural}, found {found}"
    ))
    .hint(format!("{path}({})", names.join(", ")))
}

/// A type that a script's value can become.
pub trait FromValue: Sized {
    /// The kind of value, without an article.
    fn kind() -> String;
    /// Gives the value back if it is of another kind.
    fn from_value(value: Value) -> Result<Self, Value>;
}

/// A type that can be an argument of a native function.
pub trait Take<'a>: Sized {
    /// What the vocabulary says of the argument; none if scripts do not write it.
    fn arg(name: &'static str) -> Option<Arg>;
    fn take(args: &mut Args<'a>, name: &'static str) -> Result<Self, Fault>;
}

impl<'a> Take<'a> for &'a Context {
    fn arg(_: &'static str) -> Option<Arg> {
        None
    }
    fn take(args: &mut Args<'a>, _: &'static str) -> Result<Self, Fault> {
        Ok(args.context)
    }
}

impl<'a, T: FromValue> Take<'a> for T {
    fn arg(name: &'static str) -> Option<Arg> {
        Some(Arg {
            name,
            kind: T::kind(),
            optional: false,
            options: Vec::new(),
        })
    }
    fn take(args: &mut Args<'a>, name: &'static str) -> Result<Self, Fault> {
        let value = args.next().unwrap_or(Value::Nil);
        T::from_value(value).map_err(|value| args.mismatch(name, &T::kind(), &value))
    }
}

impl<'a, T: FromValue> Take<'a> for Option<T> {
    fn arg(name: &'static str) -> Option<Arg> {
        Some(Arg {
            name,
            kind: T::kind(),
            optional: true,
            options: Vec::new(),
        })
    }
    fn take(args: &mut Args<'a>, name: &'static str) -> Result<Self, Fault> {
        match args.next() {
            None | Some(Value::Nil) => Ok(None),
            Some(value) => match T::from_value(value) {
                Ok(inner) => Ok(Some(inner)),
                Err(value) => Err(args.mismatch(name, &T::kind(), &value)),
            },
        }
    }
}

impl<'a, O: Options> Take<'a> for Settings<O> {
    fn arg(name: &'static str) -> Option<Arg> {
        Some(Arg {
            name,
            kind: "map of options".into(),
            optional: true,
            options: O::fields(),
        })
    }
    fn take(args: &mut Args<'a>, name: &'static str) -> Result<Self, Fault> {
        match args.next() {
            None | Some(Value::Nil) => Settings::read(&args.called, Default::default()),
            Some(Value::Map(map)) => Settings::read(&args.called, map),
            // Lua writes an empty map and an empty list alike.
            Some(Value::List(list)) if list.is_empty() => {
                Settings::read(&args.called, Default::default())
            }
            Some(other) => Err(args.mismatch(name, "map of options", &other)),
        }
    }
}

impl<T: Thing> FromValue for Rc<T> {
    fn kind() -> String {
        T::KIND.into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Object(object) => object.get::<T>().ok_or(Value::Object(object)),
            other => Err(other),
        }
    }
}

/// The names a user may have meant by `name`.
pub fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    error::nearest(name, known).map(|near| format!("did you mean `{near}`?"))
}

/// Declares a module of native functions; see the module's doc.
///
/// The body of a row is an expression of type `Result<$returns, Fault>`; `?` turns the engine's
/// errors into faults.
#[macro_export]
macro_rules! natives {
    ($(#[doc = $head:literal])* module $module:tt; $(
        $(#[doc = $doc:literal])+
        fn $name:ident($($arg:ident : $type:ty),* $(,)?) -> $returns:ty $body:block
    )*) => {
        #[doc = concat!("The table of `", $module, "`.")]
        pub fn module() -> $crate::api::native::Module {
            let natives = vec![ $( {
                #[allow(unused_imports)]
                use $crate::api::native::{Arg, Args, Native, Take};
                let args: Vec<Option<Arg>> = vec![$( <$type as Take>::arg(stringify!($arg)) ),*];
                Native {
                    module: $module,
                    name: stringify!($name),
                    args: args.into_iter().flatten().collect(),
                    returns: <$returns as $crate::api::convert::IntoValue>::kind(),
                    doc: concat!($($doc, "\n"),+).into(),
                    body: $crate::api::native::Body::Engine(|context, values| {
                        let kinds: Vec<Option<$crate::api::native::Arg>> =
                            vec![$( <$type as Take>::arg(stringify!($arg)) ),*];
                        let path = $crate::natives!(@path $module, $name);
                        #[allow(unused_mut, unused_variables)]
                        let mut args = Args::new(context, path, &kinds, values)?;
                        $( let $arg = <$type as Take>::take(&mut args, stringify!($arg))?; )*
                        let run = move || -> Result<$returns, $crate::api::fault::Fault> { $body };
                        run().map($crate::api::convert::IntoValue::into_value)
                    }),
                }
            }, )* ];
            let doc = concat!($($head, "\n"),*).into();
            $crate::api::native::Module { name: $module, doc, natives }
        }
    };
    (@path "", $name:ident) => { stringify!($name) };
    (@path $module:tt, $name:ident) => { concat!($module, "::", stringify!($name)) };
}
