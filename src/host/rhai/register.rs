//! Builds a Rhai engine whose functions and modules are the vocabulary.

use std::any::TypeId;
use std::rc::{Rc, Weak};

use rhai::{
    Array, Dynamic, Engine, EvalAltResult, FuncRegistration, ImmutableString, Module,
    NativeCallContext, RhaiFunc, Scope,
};

use super::super::call::Vocabulary;
use super::caught;
use super::modules::Neighbours;
use super::{Scripts, Session, faults, limits, values};
use crate::api::fault::Fault;
use crate::api::library::{LIBRARIES, Library, SOURCE};
use crate::api::native::{Body, Native};
use crate::api::show;
use crate::api::value::{Function, Object, Value};
use crate::tensor::Tensor;

/// Calls with up to this many arguments beyond the known ones reach our own fault for a wrong
/// number of arguments instead of Rhai's "function not found".
const SPARE: usize = 3;

/// Nested calls of script functions; the script's thread has the stack for it.
const CALL_LEVELS: usize = 256;

/// Brackets, blocks and operators of a chain that may be nested in each other: deeper ones take
/// time that grows as the square of the depth, and stack for each level.
pub const EXPRESSION_DEPTH: usize = 512;

/// Operators and the tensor methods behind them.
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
    ("==", "same"),
    ("!=", "differs"),
    ("-", "neg"),
];

type Outcome = Result<Dynamic, Box<EvalAltResult>>;

/// Numbers are compared as they are, and as in Lua. Rhai's own operators take numbers for equal
/// that differ by less than an epsilon, and what is less than it for 0: `0.0 < 1e-20` is false.
fn comparisons(engine: &mut Engine) {
    macro_rules! exact {
        ($($operator:tt)*) => { $(
            let name = stringify!($operator);
            engine.register_fn(name, |a: f64, b: f64| a $operator b);
            engine.register_fn(name, |a: f64, b: i64| a $operator b as f64);
            engine.register_fn(name, |a: i64, b: f64| (a as f64) $operator b);
        )* };
    }
    engine.set_fast_operators(false);
    exact!(< <= > >= == !=);
}

/// An engine that knows the whole vocabulary.
pub fn engine(vocabulary: &Rc<Vocabulary>, session: &Weak<Session>, others: &Scripts) -> Engine {
    let mut engine = Engine::new();
    engine.register_type_with_name::<Tensor>("tensor");
    engine.register_type_with_name::<Object>("object");
    engine.register_type_with_name::<Fault>("fault");
    engine.set_max_call_levels(CALL_LEVELS);
    engine.set_max_expr_depths(EXPRESSION_DEPTH, EXPRESSION_DEPTH);
    engine.set_fail_on_invalid_map_property(true);
    engine.set_strict_variables(true);
    let context = vocabulary.context().clone();
    engine.set_module_resolver(Neighbours::of(context, others.clone()));
    printing(&mut engine, vocabulary, session);
    for (module, functions) in &vocabulary.functions {
        if module.is_empty() {
            for native in functions.values().filter(|native| native.name != "print") {
                global(&mut engine, vocabulary, session, native);
            }
        } else {
            let natives = functions.values();
            let natives = natives.filter(|native| matches!(native.body, Body::Engine(_)));
            engine.register_static_module(*module, home(vocabulary, session, natives).into());
        }
    }
    for name in vocabulary.methods.keys() {
        method(&mut engine, vocabulary, session, name);
    }
    replacements(&mut engine, vocabulary, session);
    operators(&mut engine, vocabulary, session);
    comparisons(&mut engine);
    for library in LIBRARIES {
        let module = bundled(&engine, library, others);
        engine.register_static_module(library.name, module.into());
    }
    limits::set(&mut engine, vocabulary);
    engine
}

/// A bundled script module as a module of Rhai.
fn bundled(engine: &Engine, library: &Library, others: &Scripts) -> Module {
    const TESTED: &str = "a test compiles every bundled module";
    let mut ast = engine.compile(library.text).expect(TESTED);
    ast.set_source(format!("{SOURCE}{}", library.name));
    others.borrow_mut().push(ast.clone().into());
    Module::eval_ast_as_new(Scope::new(), &ast, engine).expect(TESTED)
}

/// Makes printing and text interpolation use the one text form of every value.
fn printing(engine: &mut Engine, vocabulary: &Rc<Vocabulary>, session: &Weak<Session>) {
    let terminal = vocabulary.context().terminal.clone();
    engine.on_print(move |line| terminal.print(&caught::in_script_terms(line)));
    let shown = {
        let session = session.clone();
        move |value: Dynamic| -> ImmutableString {
            match values::value(value, &session) {
                Ok(value) => show::printed(&value).into(),
                Err(fault) => fault.to_string().into(),
            }
        }
    };
    engine.register_fn("print", shown.clone());
    engine.register_fn("print", ImmutableString::new);
    let of_dynamic = shown;
    macro_rules! texts {
        ($($type:ty),*) => { $(
            let shown = of_dynamic.clone();
            engine.register_fn("to_string", move |x: &mut $type| shown(Dynamic::from(x.clone())));
            let shown = of_dynamic.clone();
            engine.register_fn("print", move |x: &mut $type| shown(Dynamic::from(x.clone())));
            let shown = of_dynamic.clone();
            engine.register_fn("to_debug", move |x: &mut $type| shown(Dynamic::from(x.clone())));
        )* };
    }
    texts!(f64, Array, rhai::Map, Tensor, Object, Fault, ());
    for arity in 0..=SPARE {
        let mut types = vec![TypeId::of::<Dynamic>(); arity + 1];
        types[0] = TypeId::of::<Function>();
        let call = body(vocabulary, session, |_, mut args| match args.remove(0) {
            Value::Function(function) => function.call(args),
            _ => Err(Fault::new("only functions can be called")),
        });
        engine.register_raw_fn("call", types, call);
    }
    engine.register_get("message", |fault: &mut Fault| fault.message.clone());
    engine.register_get("hint", |fault: &mut Fault| {
        fault.hint.clone().unwrap_or_default()
    });
}

fn arities(native: &Native) -> std::ops::RangeInclusive<usize> {
    0..=native.args.len() + SPARE
}

/// What runs when a script calls a native function.
fn body<F: Fn(&Vocabulary, Vec<Value>) -> Result<Value, Fault> + 'static>(
    vocabulary: &Rc<Vocabulary>,
    session: &Weak<Session>,
    call: F,
) -> impl Fn(NativeCallContext, &mut [&mut Dynamic]) -> Outcome + use<F> {
    let (vocabulary, session) = (vocabulary.clone(), session.clone());
    move |context, args| {
        let given = args
            .iter_mut()
            .map(|arg| values::value((**arg).clone(), &session));
        let result = given
            .collect::<Result<Vec<_>, _>>()
            .and_then(|args| call(&vocabulary, args));
        result
            .map(values::dynamic)
            .map_err(|fault| faults::raise(fault, &context))
    }
}

fn global(
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

/// Replaces functions of Rhai's own that have the name of one of ours: an exact type is found
/// before any type.
fn replacements(engine: &mut Engine, vocabulary: &Rc<Vocabulary>, session: &Weak<Session>) {
    let sleep = &vocabulary.functions[""]["sleep"];
    for kind in [TypeId::of::<i64>(), TypeId::of::<f64>()] {
        let native = sleep.clone();
        let call = body(vocabulary, session, move |v, args| v.call(&native, args));
        engine.register_raw_fn(sleep.name, [kind], call);
    }
}

fn home<'a>(
    vocabulary: &Rc<Vocabulary>,
    session: &Weak<Session>,
    natives: impl Iterator<Item = &'a Rc<Native>>,
) -> Module {
    let mut module = Module::new();
    for native in natives {
        for arity in arities(native) {
            let inner = native.clone();
            let call = body(vocabulary, session, move |v, args| v.call(&inner, args));
            let func = RhaiFunc::Pure {
                func: Rc::new(
                    move |context: Option<NativeCallContext>, args: &mut [&mut Dynamic]| {
                        call(context.expect("asked for with has_context"), args)
                    },
                ),
                has_context: true,
                is_pure: true,
                is_volatile: true,
            };
            FuncRegistration::new(native.name).set_into_module_raw(
                &mut module,
                vec![TypeId::of::<Dynamic>(); arity],
                func,
            );
        }
    }
    module.build_index();
    module
}

/// Registers a method name once for tensors and once for objects; the kind decides at the call.
fn method(
    engine: &mut Engine,
    vocabulary: &Rc<Vocabulary>,
    session: &Weak<Session>,
    name: &'static str,
) {
    let owners = &vocabulary.methods[name];
    let longest = owners
        .values()
        .map(|native| native.args.len())
        .max()
        .unwrap_or(1);
    for of in [TypeId::of::<Tensor>(), TypeId::of::<Object>()] {
        for arity in 1..=longest + SPARE {
            let mut types = vec![TypeId::of::<Dynamic>(); arity];
            types[0] = of;
            let call = body(vocabulary, session, move |v, args| {
                v.call_method(name, args)
            });
            engine.register_raw_fn(name, types, call);
        }
    }
}

fn operators(engine: &mut Engine, vocabulary: &Rc<Vocabulary>, session: &Weak<Session>) {
    let tensor = TypeId::of::<Tensor>();
    let others = [
        tensor,
        TypeId::of::<f64>(),
        TypeId::of::<i64>(),
        TypeId::of::<Array>(),
    ];
    for (operator, name) in OPERATORS {
        let mut register = |types: &[TypeId]| {
            let call = body(vocabulary, session, move |v, args| match operator {
                "<" | "<=" | ">" | ">=" => v.compare(name, args),
                _ => v.operate(name, args),
            });
            engine.register_raw_fn(operator, types, call);
        };
        if name == "neg" {
            register(&[tensor]);
            continue;
        }
        for other in others {
            register(&[tensor, other]);
            if other != tensor {
                register(&[other, tensor]);
            }
        }
    }
    for (operator, alike) in [("==", true), ("!=", false)] {
        engine.register_fn(operator, move |a: Object, b: Object| a.same(&b) == alike);
    }
    for whole in [tensor, TypeId::of::<Object>()] {
        let call = body(vocabulary, session, Vocabulary::index);
        let types = [whole, TypeId::of::<Dynamic>()];
        engine.register_raw_fn("index$get$", types, call);
    }
}
