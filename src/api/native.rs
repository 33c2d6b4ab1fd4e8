//! The script vocabulary as data. A native function is a doc comment and one typed row in a
//! [`natives!`](crate::natives) table. The rows are the source of both hosts, `help`, the manual,
//! completion and the doc tests.
//!
//! A row whose first argument is named `this` is a method. In a doc comment, lines that begin with
//! `> ` are an example in Rhai, from which the Lua example is derived. The line that begins with
//! `= ` is the printed value of the last expression. A test runs each example in both languages.

use super::context::Context;
use super::diagnostic::Diagnostic;
use super::value::{FromValue, Value, with_article};
use crate::base::options::Field;
use crate::base::{Error, error};

/// A module of the vocabulary, such as `rnn`. The module with an empty name is always in scope.
pub struct Module {
    pub name: &'static str,
    pub doc: String,
    pub natives: Vec<Native>,
}

/// One native function: its signature, documentation and body.
pub struct Native {
    pub module: &'static str,
    pub name: &'static str,
    pub args: Vec<Arg>,
    /// The kind of the returned value.
    pub returns: String,
    pub doc: String,
    pub body: Body,
}

/// The implementation of a function of the vocabulary.
#[derive(Clone, Copy)]
pub enum Body {
    /// A function of the engine.
    Engine(fn(&Context, Vec<Value>) -> Result<Value, Diagnostic>),
    /// A function of a bundled script module.
    Script,
}

/// One argument of a native function.
#[derive(Debug, Clone)]
pub struct Arg {
    pub name: &'static str,
    /// The kind of the value, without an article.
    pub kind: String,
    pub optional: bool,
    /// The fields, if the argument is a map of options.
    pub options: Vec<Field>,
}

impl Native {
    /// The kind of the receiver, if the function is a method.
    pub fn owner(&self) -> Option<&str> {
        self.args
            .first()
            .filter(|arg| arg.name == "this")
            .map(|arg| arg.kind.as_str())
    }

    /// The qualified name: `rnn::vanilla`, `train`, `tensor.tanh`.
    pub fn path(&self) -> String {
        match self.owner() {
            Some(owner) => format!("{owner}.{}", self.name),
            None if self.module.is_empty() => self.name.into(),
            None => format!("{}::{}", self.module, self.name),
        }
    }

    /// The signature with argument names: `rnn::vanilla(options?)`, `tensor.sum(axis?)`.
    pub fn signature(&self) -> String {
        let explicit = self.args.iter().filter(|arg| arg.name != "this");
        let names = explicit.map(|arg| {
            if arg.optional {
                format!("{}?", arg.name)
            } else {
                arg.name.to_string()
            }
        });
        format!("{}({})", self.path(), names.collect::<Vec<_>>().join(", "))
    }

    /// Checks the number of arguments of a call of a bundled script function, which has no optional
    /// arguments.
    ///
    /// Errors: too many or too few arguments
    pub fn check_count(&self, found: usize) -> Result<(), Diagnostic> {
        let expected = self.args.len();
        if found == expected {
            return Ok(());
        }
        let (path, plural) = (self.path(), if expected == 1 { "" } else { "s" });
        let message = format!("{path}: expected {expected} argument{plural}, found {found}");
        Err(Diagnostic::new(message)
            .hint(self.signature())
            .symbol(self.name))
    }

    /// The options of the function; empty if it takes none.
    pub fn options(&self) -> &[Field] {
        self.args
            .iter()
            .map(|arg| arg.options.as_slice())
            .find(|o| !o.is_empty())
            .unwrap_or(&[])
    }
}

/// The hint for a number with a fraction where an integer is required.
pub const FLOOR_DIVIDE: &str =
    "`/` returns a number with a fraction: floor_divide(a, b) returns an integer";

/// The arguments of one call, consumed in order by [`FromArgs`].
pub struct Args<'a> {
    /// The context of the run.
    pub context: &'a Context,
    values: std::vec::IntoIter<Value>,
    /// A map that an optional argument leaves for the options.
    options: Option<Value>,
    has_options: bool,
    signature: &'a Signature,
}

/// The parameters of a native function, which all of its calls share.
pub struct Signature {
    path: &'static str,
    params: Vec<Arg>,
    required: usize,
}

impl Signature {
    /// The signature of the function `path`.
    pub fn new(path: &'static str, params: Vec<Option<Arg>>) -> Signature {
        let params: Vec<Arg> = params.into_iter().flatten().collect();
        Signature {
            path: script_name(path),
            required: params.iter().filter(|arg| !arg.optional).count(),
            params,
        }
    }

    /// The name of the function in error messages.
    fn function(&self) -> String {
        let name = self.path.rsplit("::").next().unwrap_or(self.path);
        match self.params.first() {
            Some(this) if this.name == "this" => format!("{}.{name}", this.kind),
            _ => self.path.to_string(),
        }
    }
}

impl<'a> Args<'a> {
    /// The arguments of a call of the function with this signature.
    ///
    /// Errors: too many or too few arguments
    pub fn new(
        context: &'a Context,
        signature: &'a Signature,
        values: Vec<Value>,
    ) -> Result<Args<'a>, Diagnostic> {
        if values.len() < signature.required || values.len() > signature.params.len() {
            return Err(count_error(signature, values.len()));
        }
        Ok(Args {
            context,
            values: values.into_iter(),
            options: None,
            has_options: signature
                .params
                .last()
                .is_some_and(|arg| !arg.options.is_empty()),
            signature,
        })
    }

    /// The name of the function in error messages.
    pub fn function(&self) -> String {
        self.signature.function()
    }

    /// The next argument; `None` if the call has no more.
    pub fn take_value(&mut self) -> Option<Value> {
        self.options.take().or_else(|| self.values.next())
    }

    /// Leaves a value that an optional argument does not accept for the options, if it is the last
    /// one, as in `arange(0, 5, #{ dtype: "i64" })`.
    fn leave_options(&mut self, value: Value) -> Result<(), Value> {
        // An empty map and an empty list are the same value in Lua.
        let is_map = match &value {
            Value::Map(_) => true,
            Value::List(list) => list.is_empty(),
            _ => false,
        };
        if !(is_map && self.has_options && self.values.len() == 0) {
            return Err(value);
        }
        self.options = Some(value);
        Ok(())
    }

    /// The error for an argument `name` whose value has the wrong kind.
    pub fn kind_error(&self, name: &str, expected: &str, found: &Value) -> Diagnostic {
        let of = match name {
            "this" => self.function(),
            name => format!("{}: argument `{name}`", self.function()),
        };
        let expected_integer = expected == "integer";
        let expected = with_article(expected);
        let diagnostic: Diagnostic = Error::Kind {
            of,
            found: describe_found(found, &expected),
            expected,
        }
        .into();
        match found {
            Value::Function(function) => match function.method_name() {
                Some(name) => diagnostic.hint(format!("`{name}` is a method: write `{name}()`")),
                None => diagnostic,
            },
            Value::Float(_) if expected_integer => diagnostic.hint(FLOOR_DIVIDE),
            _ => diagnostic,
        }
    }
}

/// The kind of `found`, with its value if the kind alone does not explain the error: "expected a
/// list of integers, found the list [-1]".
fn describe_found(found: &Value, expected: &str) -> String {
    /// Length limit of a value in a message; a longer value would obscure the message.
    const MAX_LENGTH: usize = 40;
    let kind = found.kind();
    let text = super::display::value_text(found);
    let is_number = matches!(found, Value::Int(_) | Value::Float(_));
    let wrong_number = is_number && (expected.contains("number") || expected.contains("integer"));
    if text.len() <= MAX_LENGTH && (wrong_number || expected.starts_with(&kind)) {
        let noun = kind.strip_prefix("a ").or_else(|| kind.strip_prefix("an "));
        return noun.map_or_else(
            || format!("{kind} {text}"),
            |noun| format!("the {noun} {text}"),
        );
    }
    kind
}

/// The error for a call with the wrong number of arguments.
fn count_error(signature: &Signature, found: usize) -> Diagnostic {
    let (path, params) = (signature.function(), &signature.params);
    let required = signature.required;
    let receiver = usize::from(params.first().is_some_and(|arg| arg.name == "this"));
    let (min, max) = (required.saturating_sub(receiver), params.len() - receiver);
    let found = found.saturating_sub(receiver);
    let count = if min == max {
        format!("{max}")
    } else {
        format!("{min} to {max}")
    };
    let plural = if max == 1 { "" } else { "s" };
    let names: Vec<String> = params[receiver..]
        .iter()
        .map(|arg| {
            let mark = if arg.optional { "?" } else { "" };
            format!("{}{mark}: {}", arg.name, arg.kind)
        })
        .collect();
    Diagnostic::new(format!(
        "{path}: expected {count} argument{plural}, found {found}"
    ))
    .hint(format!("{path}({})", names.join(", ")))
}

/// A type that can be a parameter of a native function.
pub trait FromArgs<'a>: Sized {
    /// The description of the parameter; `None` if scripts do not pass it.
    fn arg(name: &'static str) -> Option<Arg>;
    /// Consumes the next argument.
    fn take(args: &mut Args<'a>, name: &'static str) -> Result<Self, Diagnostic>;
}

impl<'a> FromArgs<'a> for &'a Context {
    fn arg(_: &'static str) -> Option<Arg> {
        None
    }
    fn take(args: &mut Args<'a>, _: &'static str) -> Result<Self, Diagnostic> {
        Ok(args.context)
    }
}

impl<'a, T: FromValue> FromArgs<'a> for T {
    fn arg(name: &'static str) -> Option<Arg> {
        Some(Arg {
            name,
            kind: T::kind(),
            optional: false,
            options: Vec::new(),
        })
    }
    fn take(args: &mut Args<'a>, name: &'static str) -> Result<Self, Diagnostic> {
        let value = args.take_value().unwrap_or(Value::Nil);
        T::from_value(value).map_err(|value| args.kind_error(name, &T::kind(), &value))
    }
}

impl<'a, T: FromValue> FromArgs<'a> for Option<T> {
    fn arg(name: &'static str) -> Option<Arg> {
        Some(Arg {
            name,
            kind: T::kind(),
            optional: true,
            options: Vec::new(),
        })
    }
    fn take(args: &mut Args<'a>, name: &'static str) -> Result<Self, Diagnostic> {
        match args.take_value() {
            None | Some(Value::Nil) => Ok(None),
            Some(value) => match T::from_value(value) {
                Ok(inner) => Ok(Some(inner)),
                Err(value) => match args.leave_options(value) {
                    Ok(()) => Ok(None),
                    Err(value) => Err(args.kind_error(name, &T::kind(), &value)),
                },
            },
        }
    }
}

/// The name in scripts of a Rust function. A function whose name in scripts is a keyword of Rust
/// has an underscore at the end: `where_`.
pub fn script_name(name: &'static str) -> &'static str {
    name.trim_end_matches('_')
}

/// A hint with the known name that is most similar to `name`, if one is similar enough.
pub fn suggest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    error::nearest(name, known).map(|near| format!("did you mean `{near}`?"))
}

/// Declares a module of native functions; see the documentation of this file.
///
/// The body of a row is an expression of type `Result<$returns, Diagnostic>`; `?` converts errors
/// of the engine to diagnostics.
#[macro_export]
macro_rules! natives {
    ($(#[doc = $head:literal])* module $module:tt; $(
        $(#[doc = $doc:literal])+
        fn $name:ident($($arg:ident : $type:ty),* $(,)?) -> $returns:ty $body:block
    )*) => {
        #[doc = concat!("The functions of module `", $module, "`.")]
        pub fn module() -> $crate::api::native::Module {
            let natives = vec![ $( {
                #[allow(unused_imports)]
                use $crate::api::native::{Arg, Args, FromArgs, Native};
                let args: Vec<Option<Arg>> =
                    vec![$( <$type as FromArgs>::arg(stringify!($arg)) ),*];
                Native {
                    module: $module,
                    name: $crate::api::native::script_name(stringify!($name)),
                    args: args.into_iter().flatten().collect(),
                    returns: <$returns as $crate::api::value::IntoValue>::kind(),
                    doc: concat!($($doc, "\n"),+).into(),
                    body: $crate::api::native::Body::Engine(|context, values| {
                        static SIGNATURE: std::sync::OnceLock<$crate::api::native::Signature> =
                            std::sync::OnceLock::new();
                        let signature = SIGNATURE.get_or_init(|| {
                            $crate::api::native::Signature::new(
                                $crate::natives!(@path $module, $name),
                                vec![$( <$type as FromArgs>::arg(stringify!($arg)) ),*],
                            )
                        });
                        #[allow(unused_mut, unused_variables)]
                        let mut args = Args::new(context, signature, values)?;
                        $( let $arg = <$type as FromArgs>::take(&mut args, stringify!($arg))?; )*
                        let run = move || -> Result<$returns, $crate::api::diagnostic::Diagnostic> {
                            $body
                        };
                        run().map($crate::api::value::IntoValue::into_value)
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
