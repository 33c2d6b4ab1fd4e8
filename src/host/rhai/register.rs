//! Construction of the Rhai engine: registers the functions and modules of the vocabulary.

use std::any::TypeId;
use std::rc::{Rc, Weak};

use rhai::{
    Array, Dynamic, Engine, FuncRegistration, ImmutableString, Module, NativeCallContext, RhaiFunc,
    Scope,
};

use super::super::dispatch::Vocabulary;
use super::super::script_tensor::ScriptTensor;
use super::limits::EXPRESSION_DEPTH;
use super::native_call::body;
use super::raise::raise;
use super::resolver::FolderResolver;
use super::session::{ImportedScripts, Session};
use super::{elements, limits, numbers, operators, script_terms, sequences, values};
use crate::api::diagnostic::{Cause, Diagnostic};
use crate::api::display;
use crate::api::native::{Body, Native};
use crate::api::stdlib::{SCRIPT_MODULES, SOURCE_PREFIX, ScriptModule};
use crate::api::value::{Function, Object, Value};

/// Number of excess arguments up to which a call reaches the engine, which reports the wrong number
/// of arguments, instead of Rhai, which reports "function not found".
const EXTRA_ARGUMENTS: usize = 3;

/// Maximum number of nested calls of script functions. The stack of the script thread allows them.
const CALL_LEVELS: usize = 256;

/// Assignments with an operator, and their tensor methods. Rhai also evaluates `a = a + b` as
/// `a += b`; without these functions it would search for them first, then evaluate `a + b`.
const ASSIGNMENTS: [(&str, &str); 4] =
    [("+=", "add"), ("-=", "sub"), ("*=", "mul"), ("**=", "pow")];

/// Operators and their tensor methods.
const OPERATORS: [(&str, &str); 13] = [
    ("+", "add"),
    ("-", "sub"),
    ("*", "mul"),
    ("/", "div"),
    ("%", "rem"),
    ("**", "pow"),
    ("<", "lt"),
    ("<=", "le"),
    (">", "gt"),
    (">=", "ge"),
    ("==", "eq"),
    ("!=", "ne"),
    ("-", "neg"),
];

/// A Rhai engine with the complete vocabulary.
pub fn engine(
    vocabulary: &Rc<Vocabulary>,
    session: &Weak<Session>,
    imports: &ImportedScripts,
) -> Engine {
    let mut engine = Engine::new();
    engine.register_type_with_name::<ScriptTensor>("tensor");
    engine.register_type_with_name::<Object>("object");
    engine.register_type_with_name::<Diagnostic>("error");
    engine.set_max_call_levels(CALL_LEVELS);
    engine.set_max_expr_depths(EXPRESSION_DEPTH, EXPRESSION_DEPTH);
    engine.set_fail_on_invalid_map_property(true);
    engine.set_strict_variables(true);
    let context = vocabulary.context().clone();
    engine.set_module_resolver(FolderResolver::new(context, imports.clone()));
    register_printing(&mut engine, vocabulary, session);
    register_call(&mut engine, vocabulary, session);
    register_error_fields(&mut engine);
    register_functions(&mut engine, vocabulary, session);
    for name in vocabulary.methods.keys() {
        register_method(&mut engine, vocabulary, session, name);
    }
    register_overrides(&mut engine, vocabulary, session);
    register_operators(&mut engine, vocabulary, session);
    elements::register(&mut engine, vocabulary, session);
    operators::register(&mut engine);
    numbers::register(&mut engine);
    sequences::register(&mut engine);
    for script in SCRIPT_MODULES {
        let mut module = compile_script_module(&engine, script, imports);
        register_wrong_counts(&mut module, vocabulary, session, script.name);
        engine.register_static_module(script.name, module.into());
    }
    limits::set(&mut engine, vocabulary);
    engine
}

/// Registers the global functions, and the modules that the engine implements.
fn register_functions(engine: &mut Engine, vocabulary: &Rc<Vocabulary>, session: &Weak<Session>) {
    for (module, functions) in &vocabulary.functions {
        if module.is_empty() {
            for native in functions.values().filter(|native| native.name != "print") {
                register_global(engine, vocabulary, session, native);
            }
        } else {
            let natives = functions.values();
            let natives = natives.filter(|native| matches!(native.body, Body::Engine(_)));
            engine.register_static_module(
                *module,
                native_module(vocabulary, session, natives).into(),
            );
        }
    }
}

/// The Rhai module of a bundled script module.
fn compile_script_module(
    engine: &Engine,
    script: &ScriptModule,
    imports: &ImportedScripts,
) -> Module {
    const TESTED: &str = "a test compiles every bundled module";
    let mut ast = engine.compile(script.text).expect(TESTED);
    ast.set_source(format!("{SOURCE_PREFIX}{}", script.name));
    imports.borrow_mut().push(ast.clone().into());
    Module::eval_ast_as_new(Scope::new(), &ast, engine).expect(TESTED)
}

/// Registers the functions of a bundled script module for wrong numbers of arguments, for which
/// Rhai would report that the function does not exist.
fn register_wrong_counts(
    module: &mut Module,
    vocabulary: &Rc<Vocabulary>,
    session: &Weak<Session>,
    name: &str,
) {
    for native in vocabulary.functions[name].values() {
        for count in arities(native).filter(|count| *count != native.args.len()) {
            register_in_module(module, vocabulary, session, native.name, count, {
                let native = native.clone();
                move |_, args| native.check_count(args.len()).map(|()| Value::Nil)
            });
        }
    }
    module.build_index();
}

/// Registers printing and text interpolation, which use the common text form of values.
fn register_printing(engine: &mut Engine, vocabulary: &Rc<Vocabulary>, session: &Weak<Session>) {
    let terminal = vocabulary.context().terminal.clone();
    engine.on_print(move |line| terminal.print(&script_terms::replace_type_names(line)));
    let to_text = {
        let session = session.clone();
        move |context: NativeCallContext, value: Dynamic| {
            Ok(match values::from_rhai(&value, &session) {
                Ok(value) => ImmutableString::from(display::print_text(&value)),
                Err(limit) if limit.cause == Cause::Limit => return Err(raise(limit, &context)),
                Err(diagnostic) => diagnostic.to_string().into(),
            })
        }
    };
    engine.register_fn("print", to_text.clone());
    engine.register_fn("print", ImmutableString::new);
    macro_rules! texts {
        ($($type:ty),*) => { $(
            for name in ["to_string", "print", "to_debug"] {
                let text = to_text.clone();
                engine.register_fn(name, move |context: NativeCallContext, x: &mut $type| {
                    text(context, Dynamic::from(x.clone()))
                });
            }
        )* };
    }
    texts!(f64, Array, rhai::Map, ScriptTensor, Object, Diagnostic, ());
}

/// Registers `call` for functions of the engine.
fn register_call(engine: &mut Engine, vocabulary: &Rc<Vocabulary>, session: &Weak<Session>) {
    for arity in 0..=EXTRA_ARGUMENTS {
        let mut types = vec![TypeId::of::<Dynamic>(); arity + 1];
        types[0] = TypeId::of::<Function>();
        let call = body(vocabulary, session, |_, mut args| match args.remove(0) {
            Value::Function(function) => function.call(args),
            _ => Err(Diagnostic::new("only functions can be called")),
        });
        engine.register_raw_fn("call", types, call);
    }
}

/// Registers the entries of a caught error.
fn register_error_fields(engine: &mut Engine) {
    engine.register_get("message", |diagnostic: &mut Diagnostic| {
        diagnostic.message.clone()
    });
    engine.register_get("hint", |diagnostic: &mut Diagnostic| {
        diagnostic.hint.clone().unwrap_or_default()
    });
}

/// The numbers of arguments for which a function is registered.
fn arities(native: &Native) -> std::ops::RangeInclusive<usize> {
    0..=native.args.len() + EXTRA_ARGUMENTS
}

/// Registers a function that is always in scope.
fn register_global(
    engine: &mut Engine,
    vocabulary: &Rc<Vocabulary>,
    session: &Weak<Session>,
    native: &Rc<Native>,
) {
    for arity in arities(native) {
        let native = native.clone();
        let name = native.name;
        let call = body(vocabulary, session, move |v, args| v.call(&native, args));
        engine.register_raw_fn(name, vec![TypeId::of::<Dynamic>(); arity], call);
    }
}

/// Overrides functions of Rhai that have the same name as a native function: Rhai resolves a
/// function with exact types before one with `Dynamic` arguments.
fn register_overrides(engine: &mut Engine, vocabulary: &Rc<Vocabulary>, session: &Weak<Session>) {
    let sleep = &vocabulary.functions[""]["sleep"];
    for kind in [TypeId::of::<i64>(), TypeId::of::<f64>()] {
        let native = sleep.clone();
        let call = body(vocabulary, session, move |v, args| v.call(&native, args));
        engine.register_raw_fn(sleep.name, [kind], call);
    }
}

/// The Rhai module of native functions.
fn native_module<'a>(
    vocabulary: &Rc<Vocabulary>,
    session: &Weak<Session>,
    natives: impl Iterator<Item = &'a Rc<Native>>,
) -> Module {
    let mut module = Module::new();
    for native in natives {
        for arity in arities(native) {
            let inner = native.clone();
            let call = move |v: &Vocabulary, args| v.call(&inner, args);
            register_in_module(&mut module, vocabulary, session, native.name, arity, call);
        }
    }
    module.build_index();
    module
}

/// Registers a function with a number of arguments in a module.
fn register_in_module(
    module: &mut Module,
    vocabulary: &Rc<Vocabulary>,
    session: &Weak<Session>,
    name: &str,
    arity: usize,
    call: impl Fn(&Vocabulary, Vec<Value>) -> Result<Value, Diagnostic> + 'static,
) {
    let call = body(vocabulary, session, call);
    let func = RhaiFunc::Pure {
        func: Rc::new(
            move |context: Option<NativeCallContext>, args: &mut [&mut Dynamic]| {
                call(context.expect("present because `has_context` is set"), args)
            },
        ),
        has_context: true,
        is_pure: true,
        is_volatile: true,
    };
    FuncRegistration::new(name).set_into_module_raw(
        module,
        vec![TypeId::of::<Dynamic>(); arity],
        func,
    );
}

/// Registers a method name for tensors and for objects; the call dispatches on the kind.
fn register_method(
    engine: &mut Engine,
    vocabulary: &Rc<Vocabulary>,
    session: &Weak<Session>,
    name: &'static str,
) {
    let owners = &vocabulary.methods[name];
    let max_arguments = owners
        .values()
        .map(|native| native.args.len())
        .max()
        .unwrap_or(1);
    let of_tensor = owners.get("tensor");
    for (receiver, native) in [
        (TypeId::of::<ScriptTensor>(), of_tensor.cloned()),
        (TypeId::of::<Object>(), None),
    ] {
        for arity in 1..=max_arguments + EXTRA_ARGUMENTS {
            let mut types = vec![TypeId::of::<Dynamic>(); arity];
            types[0] = receiver;
            let native = native.clone();
            let call = body(vocabulary, session, move |v, args| match &native {
                Some(native) => v.call(native, args),
                None => v.call_method(name, args),
            });
            engine.register_raw_fn(name, types, call);
        }
    }
}

/// Registers the operators of tensors, and the comparison of objects.
fn register_operators(engine: &mut Engine, vocabulary: &Rc<Vocabulary>, session: &Weak<Session>) {
    let tensor = TypeId::of::<ScriptTensor>();
    let operands = [
        tensor,
        TypeId::of::<f64>(),
        TypeId::of::<i64>(),
        TypeId::of::<Array>(),
    ];
    for (operator, name) in OPERATORS {
        let native = vocabulary.operator(name);
        let is_comparison = matches!(operator, "<" | "<=" | ">" | ">=" | "==" | "!=");
        let mut register = |types: &[TypeId]| {
            let native = native.clone();
            let call = body(vocabulary, session, move |v, args| match is_comparison {
                true => v.compare(&native, args),
                false => v.call(&native, args),
            });
            engine.register_raw_fn(operator, types, call);
        };
        if name == "neg" {
            register(&[tensor]);
            continue;
        }
        for other in operands {
            register(&[tensor, other]);
            if other != tensor {
                register(&[other, tensor]);
            }
        }
    }
    register_assignments(engine, vocabulary, session);
    for (operator, expected) in [("==", true), ("!=", false)] {
        engine.register_fn(operator, move |a: Object, b: Object| a.same(&b) == expected);
    }
}

/// Registers the assignments with an operator for tensors.
fn register_assignments(engine: &mut Engine, vocabulary: &Rc<Vocabulary>, session: &Weak<Session>) {
    let tensor = TypeId::of::<ScriptTensor>();
    let others = [
        TypeId::of::<f64>(),
        TypeId::of::<i64>(),
        TypeId::of::<Array>(),
    ];
    for (assignment, name) in ASSIGNMENTS {
        let register = |engine: &mut Engine, types: [TypeId; 2]| {
            let native = vocabulary.operator(name);
            let call = body(vocabulary, session, move |v, args| v.call(&native, args));
            engine.register_raw_fn(assignment, types, move |context, args| {
                let result = call(context, args)?;
                *args[0] = result;
                Ok(Dynamic::UNIT)
            });
        };
        register(engine, [tensor, tensor]);
        for other in others {
            register(engine, [tensor, other]);
            register(engine, [other, tensor]);
        }
    }
}
