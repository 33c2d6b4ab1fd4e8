//! Dispatch of calls to native functions: by module and name, or as a method of a value.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::background;
use crate::api;
use crate::api::context::{Context, Language};
use crate::api::convert::as_number;
use crate::api::diagnostic::{Cause, Diagnostic};
use crate::api::native::{Body, Native, suggest};
use crate::api::value::{Value, with_article};
use crate::base::error::nearest;
use crate::base::synonyms;

/// Calls a function of a bundled script module.
pub type StdlibCaller = Box<dyn Fn(&Native, Vec<Value>) -> Result<Value, Diagnostic>>;

/// The vocabulary, indexed for calls.
pub struct Vocabulary {
    context: Context,
    /// Number of engine functions on the call stack, each called by a closure of the previous one.
    native_depth: Cell<usize>,
    stdlib: StdlibCaller,
    /// Functions by module, then by name.
    pub functions: BTreeMap<&'static str, BTreeMap<&'static str, Rc<Native>>>,
    /// Methods by name, then by the kind of the receiver.
    pub methods: BTreeMap<&'static str, BTreeMap<String, Rc<Native>>>,
}

impl Vocabulary {
    /// The vocabulary for a run with this context.
    pub fn new(context: Context, stdlib: StdlibCaller) -> Vocabulary {
        let mut vocabulary = Vocabulary {
            context,
            native_depth: Cell::new(0),
            stdlib,
            functions: BTreeMap::new(),
            methods: BTreeMap::new(),
        };
        for native in api::natives().into_iter().map(Rc::new) {
            match native.owner() {
                Some(owner) => {
                    let owner = owner.to_string();
                    vocabulary
                        .methods
                        .entry(native.name)
                        .or_default()
                        .insert(owner, native);
                }
                None => {
                    vocabulary
                        .functions
                        .entry(native.module)
                        .or_default()
                        .insert(native.name, native);
                }
            }
        }
        vocabulary
    }

    /// The context of the run.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Calls a native function. A panic in the function becomes an error.
    ///
    /// Errors: those of the function; `Limit` once a limit is exceeded
    pub fn call(&self, native: &Native, values: Vec<Value>) -> Result<Value, Diagnostic> {
        let meter = &self.context.meter;
        meter.check()?;
        match self.run(native, values) {
            Err(diagnostic) if diagnostic.cause == Cause::Limit => Err(meter.exceed(diagnostic)),
            // Checked after each call: otherwise repeated calls could allocate without limit.
            Ok(value) => meter.check_memory().map(|()| {
                meter.accept_growth();
                value
            }),
            other => other,
        }
    }

    fn run(&self, native: &Native, values: Vec<Value>) -> Result<Value, Diagnostic> {
        let Body::Engine(run) = native.body else {
            return (self.stdlib)(native, values);
        };
        if self.native_depth.get() == MAX_NATIVE_DEPTH {
            let message = format!("{}: the recursion is too deep", native.path());
            let diagnostic = Diagnostic::new(message).hint(UNBOUNDED_RECURSION);
            let cause = Cause::Limit;
            return Err(Diagnostic {
                cause,
                ..diagnostic
            }
            .symbol(native.name));
        }
        self.native_depth.set(self.native_depth.get() + 1);
        let writes = WRITERS.contains(&native.name);
        if writes {
            self.context.terminal.set_writing(true);
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            background::call(&self.context, native, run, values)
        }));
        self.native_depth.set(self.native_depth.get() - 1);
        if writes {
            self.context.terminal.set_writing(false);
        }
        outcome
            .unwrap_or_else(|panic| Err(Diagnostic::internal(Some(&native.path()), panic.as_ref())))
            .map_err(|diagnostic| {
                match native.name {
                    // Operators and indexing have no name in the source line.
                    _ if native.owner().is_some() && OPERATORS.contains(&native.name) => diagnostic,
                    name => diagnostic.symbol(name),
                }
            })
    }

    /// Calls the method `name` of the first value.
    ///
    /// Errors: those of the method; an unknown method
    pub fn call_method(&self, name: &str, values: Vec<Value>) -> Result<Value, Diagnostic> {
        let owner = values.first().and_then(Value::owner);
        let native = owner.and_then(|owner| self.methods.get(name)?.get(owner));
        match native {
            Some(native) => self.call(native, values),
            None => Err(self.missing_method(values.first().unwrap_or(&Value::Nil), name)),
        }
    }

    /// Calls the tensor method of an operator. Either operand may be a number.
    pub fn operate(&self, name: &str, values: Vec<Value>) -> Result<Value, Diagnostic> {
        self.call(&self.methods[name]["tensor"], values)
    }

    /// The tensor method of an operator.
    pub fn operator(&self, name: &str) -> Rc<Native> {
        self.methods[name]["tensor"].clone()
    }

    /// Whether values of kind `owner` have the method `name`.
    pub fn has(&self, owner: &str, name: &str) -> bool {
        let owners = self.methods.get(name);
        owners.is_some_and(|owners| owners.contains_key(owner))
    }

    /// Calls the tensor method of a comparison operator. The comparison is elementwise; two scalars
    /// give a boolean, which `if` accepts.
    pub fn compare(&self, native: &Native, values: Vec<Value>) -> Result<Value, Diagnostic> {
        Ok(match self.call(native, values)? {
            Value::Tensor(scalar) if scalar.rank() == 0 => {
                Value::Bool(as_number(&Value::Tensor(scalar)) != Some(0.0))
            }
            other => other,
        })
    }

    /// The error for a call of a method that `value` does not have.
    pub fn missing_method(&self, value: &Value, name: &str) -> Diagnostic {
        if !self.methods.contains_key(name)
            && let Some(owner) = value.owner()
        {
            let unknown = self.unknown_method(name);
            return match synonyms::lookup(name, &self.methods_of(owner)) {
                Some(own) => unknown.hint(format!("did you mean `{own}`?")),
                None => unknown,
            };
        }
        let kind = value.kind();
        let diagnostic = Diagnostic::new(format!("{kind} has no method `{name}`")).symbol(name);
        if let Some(hint) = self.method_of_other_kind(value, name) {
            return diagnostic.hint(hint);
        }
        let Some(owner) = value.owner() else {
            return diagnostic;
        };
        let names = self.methods_of(owner);
        match suggest(name, names.iter().copied()) {
            Some(hint) => diagnostic.hint(hint),
            None if names.len() <= MAX_LISTED_METHODS => {
                diagnostic.hint(format!("the methods of {kind} are {}", names.join(", ")))
            }
            None => diagnostic.hint(format!("help(\"{owner}\") lists the methods of {kind}")),
        }
    }

    /// The hint for a method that other kinds of values have. In Lua, the cause may be a call with
    /// a dot.
    fn method_of_other_kind(&self, value: &Value, name: &str) -> Option<String> {
        let owners = self.methods.get(name)?;
        let own = value.owner();
        if own.is_some_and(|owner| owners.contains_key(owner)) {
            return None;
        }
        let synonym = own.and_then(|own| synonyms::lookup(name, &self.methods_of(own)));
        if let Some(synonym) = synonym {
            return Some(format!("did you mean `{synonym}`?"));
        }
        let owner = owners.keys().next()?;
        let kind = with_article(owner);
        Some(match self.context.language {
            Language::Rhai => format!("`{name}` is a method of {kind}"),
            Language::Lua => format!(
                "`{name}` is a method of {kind}: call it with a colon, as in value:{name}(...)"
            ),
        })
    }

    /// The error for a method that no kind of value has.
    pub fn unknown_method(&self, name: &str) -> Diagnostic {
        let diagnostic = Diagnostic::new(format!("no method has the name `{name}`")).symbol(name);
        let methods: Vec<&str> = self.methods.keys().copied().collect();
        let functions: Vec<&str> = self.functions[""].keys().copied().collect();
        if functions.contains(&name) {
            return diagnostic.hint(format!("`{name}` is a function: {name}(..)"));
        }
        let foreign = match synonyms::lookup(name, &methods) {
            Some(_) => None,
            None => synonyms::lookup(name, &functions),
        };
        match foreign {
            Some(function) => diagnostic.hint(format!("did you mean the function `{function}`?")),
            None => match nearest(name, methods.iter().chain(&functions).copied()) {
                Some(near) if !methods.contains(&near) => {
                    diagnostic.hint(format!("did you mean the function `{near}`?"))
                }
                _ => match suggest(name, methods) {
                    Some(hint) => diagnostic.hint(hint),
                    None => diagnostic,
                },
            },
        }
    }

    /// The names of the methods of one kind of value.
    pub fn methods_of(&self, owner: &str) -> Vec<&'static str> {
        let of_owner = |(name, owners): (&&'static str, &BTreeMap<String, Rc<Native>>)| {
            owners.contains_key(owner).then_some(*name)
        };
        self.methods.iter().filter_map(of_owner).collect()
    }

    /// The text between a module and its function in the language of the script.
    fn separator(&self) -> &'static str {
        match self.context.language {
            Language::Rhai => "::",
            Language::Lua => ".",
        }
    }

    /// The hint for a function or a module that is used as a variable.
    fn hint_for_known(&self, name: &str) -> Option<String> {
        if self.functions[""].contains_key(name) {
            return Some(format!("`{name}` is a function: call it with {name}(..)"));
        }
        let first = self.functions.get(name)?.keys().next()?;
        let separator = self.separator();
        Some(format!(
            "`{name}` is a module: its functions are called as in {name}{separator}{first}(..)"
        ))
    }

    /// The error for a name that `module` does not contain.
    pub fn unknown_function(&self, module: &str, name: &str) -> Diagnostic {
        let subject = match module {
            "" => format!("`{name}` is not defined"),
            module => format!("module `{module}` has no function `{name}`"),
        };
        let diagnostic = Diagnostic::new(subject).symbol(name);
        if let (true, Some(hint)) = (module.is_empty(), self.hint_for_known(name)) {
            let message = format!("`{name}` is not a variable");
            return Diagnostic {
                message,
                ..diagnostic
            }
            .hint(hint);
        }
        let functions = self.functions.get(module).into_iter().flatten();
        let names: Vec<&str> = functions.map(|(name, _)| *name).collect();
        // A name of another program for a function of this module.
        if let Some(known) = synonyms::lookup(name, &names).filter(|_| !module.is_empty()) {
            return diagnostic.hint(format!("did you mean `{known}`?"));
        }
        // The unknown name may be a misspelt module.
        let modules = self.functions.keys().filter(|_| module.is_empty());
        let near = suggest(name, names.iter().chain(modules).copied());
        let in_other_module = self
            .functions
            .iter()
            .find(|(_, names)| names.contains_key(name));
        match (near, in_other_module) {
            (_, Some((home, _))) if !home.is_empty() && *home != module => {
                let separator = self.separator();
                diagnostic.hint(format!("did you mean `{home}{separator}{name}`?"))
            }
            (Some(hint), _) => diagnostic.hint(hint),
            (None, _) if !names.is_empty() && !module.is_empty() => diagnostic.hint(format!(
                "the functions of {module} are {}",
                names.join(", ")
            )),
            (None, _) => diagnostic,
        }
    }
}

/// The error for a script that nests brackets, blocks and chained operators deeper than `max`
/// levels. Some of them use two or three levels.
pub fn too_nested(max: usize) -> Diagnostic {
    let diagnostic = Diagnostic::new(format!(
        "nested too deep: expected at most {max} nested brackets, blocks and chained operators, \
         found more"
    ));
    diagnostic.hint("assign parts of the expression to variables; compute a long sum from a list")
}

/// Functions that write files. Ctrl-C does not terminate the program while they run.
const WRITERS: [&str; 2] = ["save", "write"];

/// Methods that operators and indexing call.
const OPERATORS: [&str; 13] = [
    "add",
    "sub",
    "mul",
    "div",
    "rem",
    "neg",
    "pow",
    "index",
    "index_assign",
    "logical_and",
    "logical_or",
    "logical_xor",
    "logical_not",
];

/// Maximum nesting depth of the lists and maps that scripts pass to the engine. A deeper Lua table
/// is assumed to contain itself.
pub const MAX_VALUE_DEPTH: usize = 64;

/// The error message for a list or map that is nested deeper.
pub const VALUE_TOO_DEEP: &str = "a list or map is nested too deep or contains itself";

/// The hint for a recursion that exceeds its limit.
pub const UNBOUNDED_RECURSION: &str = "check that the recursion of the function terminates";

/// Maximum number of engine functions on the call stack, nested through closures. Each may use as
/// much stack as 256 nested calls of script functions.
const MAX_NATIVE_DEPTH: usize = 32;

/// Maximum number of methods in a hint; for more methods the hint refers to `help`.
const MAX_LISTED_METHODS: usize = 24;
