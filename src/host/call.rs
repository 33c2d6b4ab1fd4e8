//! How a host finds and calls a native function: by module and name, or as a method of a value.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::background;
use crate::api::context::{Context, Language};
use crate::api::convert::number;
use crate::api::fault::{Cause, Fault};
use crate::api::native::{Body, Native, suggestion};
use crate::api::value::{Value, with_article};
use crate::api::{self};

/// How this host calls a function of a bundled script module.
pub type Caller = Box<dyn Fn(&Native, Vec<Value>) -> Result<Value, Fault>>;

/// The vocabulary, arranged for calling.
pub struct Vocabulary {
    context: Context,
    /// Functions of the engine that are running, each called by a closure of the one before.
    nested: Cell<usize>,
    library: Caller,
    /// Functions by module, then by name.
    pub functions: BTreeMap<&'static str, BTreeMap<&'static str, Rc<Native>>>,
    /// Methods by name, then by the kind of thing they belong to.
    pub methods: BTreeMap<&'static str, BTreeMap<String, Rc<Native>>>,
}

impl Vocabulary {
    pub fn new(context: Context, library: Caller) -> Vocabulary {
        let mut vocabulary = Vocabulary {
            context,
            nested: Cell::new(0),
            library,
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

    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Calls a native function; a panic inside becomes a fault.
    ///
    /// Errors: those of the function; the end of the run once a limit is exceeded
    pub fn call(&self, native: &Native, values: Vec<Value>) -> Result<Value, Fault> {
        let meter = &self.context.meter;
        meter.check()?;
        match self.run(native, values) {
            Err(fault) if fault.cause == Cause::Limit => Err(meter.end(fault)),
            // What the function made counts at once, or it could be called on without an end.
            Ok(value) => meter.check_memory().map(|()| value),
            other => other,
        }
    }

    fn run(&self, native: &Native, values: Vec<Value>) -> Result<Value, Fault> {
        let Body::Engine(run) = native.body else {
            return (self.library)(native, values);
        };
        if self.nested.get() == NESTED {
            let words = format!("{}: called from within itself too often", native.path());
            let fault = Fault::new(words).hint("does a function call itself without an end?");
            let cause = Cause::Limit;
            return Err(Fault { cause, ..fault }.culprit(native.name));
        }
        self.nested.set(self.nested.get() + 1);
        let writes = WRITERS.contains(&native.name);
        if writes {
            self.context.terminal.writing(true);
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            background::call(&self.context, native, run, values)
        }));
        self.nested.set(self.nested.get() - 1);
        if writes {
            self.context.terminal.writing(false);
        }
        outcome
            .unwrap_or_else(|panic| Err(Fault::broken(Some(&native.path()), panic.as_ref())))
            .map_err(|fault| {
                match native.name {
                    // Operators and indexing have no word in the source line.
                    _ if native.owner().is_some() && OPERATORS.contains(&native.name) => fault,
                    name => fault.culprit(name),
                }
            })
    }

    /// Calls the method `name` of the first value.
    pub fn call_method(&self, name: &str, values: Vec<Value>) -> Result<Value, Fault> {
        let owner = values.first().and_then(Value::owner);
        let native = owner.and_then(|owner| self.methods.get(name)?.get(owner));
        match native {
            Some(native) => self.call(native, values),
            None => Err(self.no_method(values.first().unwrap_or(&Value::Nil), name)),
        }
    }

    /// Calls the tensor method behind an operator; either side may be a plain number.
    pub fn operate(&self, name: &str, values: Vec<Value>) -> Result<Value, Fault> {
        match self
            .methods
            .get(name)
            .and_then(|owners| owners.get("tensor"))
        {
            Some(native) => self.call(native, values),
            None => Err(Fault::new(format!("tensors have no `{name}`"))),
        }
    }

    /// The part of a value in brackets: of a tensor, or of a thing that has the method `at`.
    pub fn index(&self, values: Vec<Value>) -> Result<Value, Fault> {
        match values.first() {
            Some(Value::Object(object)) if self.has(object.kind, "at") => {
                self.call_method("at", values)
            }
            Some(whole @ Value::Object(_)) => Err(Fault::new(format!(
                "{} has no parts to index",
                whole.kind()
            ))),
            _ => self.operate("index", values),
        }
    }

    /// How long a value is: a tensor along its first axis, or a thing that has the method `count`.
    pub fn length(&self, values: Vec<Value>) -> Result<Value, Fault> {
        match values.first() {
            Some(Value::Object(object)) if self.has(object.kind, "count") => {
                self.call_method("count", values)
            }
            Some(whole @ Value::Object(_)) => {
                Err(Fault::new(format!("{} has no length", whole.kind())))
            }
            _ => self.operate("length", values),
        }
    }

    fn has(&self, owner: &str, name: &str) -> bool {
        let owners = self.methods.get(name);
        owners.is_some_and(|owners| owners.contains_key(owner))
    }

    /// Compares through the tensor method behind `<` and its like: element by element, but two
    /// single numbers give a truth value, which `if` can use.
    pub fn compare(&self, name: &str, values: Vec<Value>) -> Result<Value, Fault> {
        Ok(match self.operate(name, values)? {
            Value::Tensor(one) if one.rank() == 0 => {
                Value::Bool(number(&Value::Tensor(one)) != Some(0.0))
            }
            other => other,
        })
    }

    /// The fault of asking `value` for a method that it does not have.
    pub fn no_method(&self, value: &Value, name: &str) -> Fault {
        if !self.methods.contains_key(name) && value.owner().is_some() {
            return self.nothing_has(name);
        }
        let kind = value.kind();
        let fault = Fault::new(format!("{kind} has no method `{name}`")).culprit(name);
        if let Some(hint) = self.method_elsewhere(value, name) {
            return fault.hint(hint);
        }
        let Some(owner) = value.owner() else {
            return fault;
        };
        let names = self.methods_of(owner);
        match suggestion(name, names.iter().copied()) {
            Some(hint) => fault.hint(hint),
            None if names.len() <= LISTED => {
                fault.hint(format!("{kind} knows {}", names.join(", ")))
            }
            None => fault.hint(format!("help(\"{owner}\") lists what {kind} knows")),
        }
    }

    /// What to do about a method that other kinds of things have: in Lua, to call it with a colon.
    fn method_elsewhere(&self, value: &Value, name: &str) -> Option<String> {
        let owners = self.methods.get(name)?;
        if value
            .owner()
            .is_some_and(|owner| owners.contains_key(owner))
        {
            return None;
        }
        let owner = owners.keys().next()?;
        let kind = with_article(owner);
        Some(match self.context.language {
            Language::Rhai => format!("`{name}` is a method of {kind}"),
            Language::Lua => {
                format!("`{name}` is a method of {kind}: call it with a colon, {owner}:{name}(...)")
            }
        })
    }

    /// The fault of a method that no kind of thing has.
    pub fn nothing_has(&self, name: &str) -> Fault {
        let fault = Fault::new(format!("no method is called `{name}`")).culprit(name);
        let function = self.functions[""].contains_key(name);
        let near = suggestion(name, self.methods.keys().copied());
        match near {
            _ if function => fault.hint(format!("`{name}` is a function: {name}(..)")),
            Some(hint) => fault.hint(hint),
            None => fault,
        }
    }

    /// The names of the methods of one kind of thing.
    pub fn methods_of(&self, owner: &str) -> Vec<&'static str> {
        let of_owner = |(name, owners): (&&'static str, &BTreeMap<String, Rc<Native>>)| {
            owners.contains_key(owner).then_some(*name)
        };
        self.methods.iter().filter_map(of_owner).collect()
    }

    /// The fault of a name that `module` does not have.
    pub fn no_function(&self, module: &str, name: &str) -> Fault {
        let subject = match module {
            "" => format!("`{name}` is not defined"),
            module => format!("module `{module}` has no function `{name}`"),
        };
        let fault = Fault::new(subject).culprit(name);
        let own: Vec<&str> = self
            .functions
            .get(module)
            .map_or(Vec::new(), |names| names.keys().copied().collect());
        // Where a module's name is misspelt, its whole path is what nothing has.
        let modules = self.functions.keys().filter(|_| module.is_empty());
        let near = suggestion(name, own.iter().chain(modules).copied());
        let elsewhere = self
            .functions
            .iter()
            .find(|(_, names)| names.contains_key(name));
        match (near, elsewhere) {
            (_, Some((home, _))) if !home.is_empty() && *home != module => {
                fault.hint(format!("there is {home}::{name}"))
            }
            (Some(hint), _) => fault.hint(hint),
            (None, _) if !module.is_empty() => {
                fault.hint(format!("{module} knows {}", own.join(", ")))
            }
            (None, _) => fault,
        }
    }
}

/// The fault of a script whose brackets, blocks and chained operators stand inside each other in
/// more than `most` levels; some of them take two or three.
pub fn too_nested(most: usize) -> Fault {
    let fault = Fault::new(format!(
        "nested too deep: expected at most {most} levels of brackets, blocks and chained operators \
         inside each other, found more"
    ));
    fault.hint("name parts of it as variables of their own; a long sum is better one of a list")
}

/// Functions that write files, which are whole or absent afterwards.
const WRITERS: [&str; 2] = ["save", "write"];

/// Methods that are called through operators and brackets rather than by name.
const OPERATORS: [&str; 8] = ["add", "sub", "mul", "div", "rem", "neg", "pow", "index"];

/// How deep lists and maps may be nested that scripts hand over; a Lua table that is deeper is
/// taken for one that contains itself.
pub const DEEPEST: usize = 64;

/// What is said of a list or map that is nested deeper.
pub const TOO_DEEP: &str = "a list or map is nested too deep, or in itself";

/// Functions of the engine that may run inside each other, by way of closures: each may use as
/// much of the stack as 256 nested calls of script functions take.
const NESTED: usize = 32;

/// How many methods a hint lists before it points to `help` instead.
const LISTED: usize = 24;

/// The fault of assigning to a part of a tensor, or of anything else that is no list or map.
pub fn unchangeable() -> Fault {
    Fault::new("the parts of tensors and objects cannot be assigned")
        .hint("`put` gives a changed tensor, as in t.put(axis, start, part)")
}
