//! Elements of tensors and objects in Rhai: `t[i]`, `t[i] = x`, `for x in t`, and the operators of
//! masks.

use std::any::TypeId;
use std::rc::{Rc, Weak};

use rhai::{
    Array, Dynamic, Engine, EvalAltResult, FLOAT, FnPtr, INT, Module, NativeCallContext, Position,
};

use super::super::dispatch::Vocabulary;
use super::super::script_tensor::ScriptTensor;
use super::native_call::{Outcome, body};
use super::raise::{raise, to_rhai};
use super::session::Session;
use super::values;
use crate::api::diagnostic::Diagnostic;
use crate::api::value::{Function, Object, Value};

/// The operators of masks and their tensor methods.
const MASK_OPERATORS: [(&str, &str); 3] = [
    ("&", "logical_and"),
    ("|", "logical_or"),
    ("^", "logical_xor"),
];

/// Items of an iteration.
type Items = Box<dyn Iterator<Item = Outcome>>;

/// Registers the access to elements of tensors and objects.
pub fn register(engine: &mut Engine, vocabulary: &Rc<Vocabulary>, session: &Weak<Session>) {
    let dynamic = TypeId::of::<Dynamic>();
    for indexed in [TypeId::of::<ScriptTensor>(), TypeId::of::<Object>()] {
        let (get, set) = ([indexed, dynamic], [indexed, dynamic, dynamic]);
        engine.register_raw_fn("index$get$", get, access(vocabulary, session, element));
        engine.register_raw_fn("index$set$", set, access(vocabulary, session, assign));
    }
    register_mask_operators(engine, vocabulary, session);
    register_iteration(engine, vocabulary);
}

/// An access to elements: converts the arguments after the first one.
type Access = fn(&Vocabulary, &mut Dynamic, Vec<Value>) -> Result<Value, Diagnostic>;

/// The Rhai callback of an access to the elements of the first argument.
fn access(
    vocabulary: &Rc<Vocabulary>,
    session: &Weak<Session>,
    access: Access,
) -> impl Fn(NativeCallContext, &mut [&mut Dynamic]) -> Outcome + use<> {
    let (vocabulary, session) = (vocabulary.clone(), session.clone());
    move |context, args| {
        let result = vocabulary.context().meter.check_growth().and_then(|()| {
            let (indexed, others) = args.split_first_mut().expect("the registered arguments");
            let others = others.iter().map(|arg| values::from_rhai(arg, &session));
            access(&vocabulary, indexed, others.collect::<Result<_, _>>()?)
        });
        result
            .map(values::to_rhai)
            .map_err(|diagnostic| raise(diagnostic, &context))
    }
}

/// Evaluates `value[index]`.
fn element(
    vocabulary: &Vocabulary,
    indexed: &mut Dynamic,
    mut index: Vec<Value>,
) -> Result<Value, Diagnostic> {
    if let (Some(tensor), [_]) = (indexed.read_lock::<ScriptTensor>(), &index[..]) {
        return vocabulary.element(&tensor, index.remove(0));
    }
    index.insert(0, values::from_rhai(indexed, &Weak::new())?);
    vocabulary.index(index)
}

/// Evaluates `value[index] = new`, which changes the tensor in the variable.
fn assign(
    vocabulary: &Vocabulary,
    indexed: &mut Dynamic,
    mut entry: Vec<Value>,
) -> Result<Value, Diagnostic> {
    if let (Some(mut tensor), [_, _]) = (indexed.write_lock::<ScriptTensor>(), &entry[..]) {
        let (new, index) = (entry.remove(1), entry.remove(0));
        vocabulary.assign_element(&mut tensor, index, new)?;
        return Ok(Value::Nil);
    }
    entry.insert(0, values::from_rhai(indexed, &Weak::new())?);
    vocabulary.assign(entry).map(|_| Value::Nil)
}

fn register_mask_operators(
    engine: &mut Engine,
    vocabulary: &Rc<Vocabulary>,
    session: &Weak<Session>,
) {
    let tensor = TypeId::of::<ScriptTensor>();
    let others = [
        TypeId::of::<bool>(),
        TypeId::of::<i64>(),
        TypeId::of::<f64>(),
        TypeId::of::<Array>(),
    ];
    for (operator, name) in MASK_OPERATORS {
        let mut register = |types: [TypeId; 2]| {
            let call = body(vocabulary, session, move |v, args| {
                v.combine_masks(name, args)
            });
            engine.register_raw_fn(operator, types, call);
        };
        register([tensor, tensor]);
        for other in others {
            register([tensor, other]);
            register([other, tensor]);
        }
    }
    let negate = body(vocabulary, session, |v, args| {
        v.combine_masks("logical_not", args)
    });
    engine.register_raw_fn("!", [tensor], negate);
}

/// Registers `for x in t`: the elements along the first axis, or the entries of an object; and the
/// error for values that cannot be iterated over.
fn register_iteration(engine: &mut Engine, vocabulary: &Rc<Vocabulary>) {
    let mut module = Module::new();
    let iterated = [
        TypeId::of::<ScriptTensor>(),
        TypeId::of::<Object>(),
        TypeId::of::<Function>(),
        TypeId::of::<rhai::Map>(),
        TypeId::of::<FnPtr>(),
        TypeId::of::<FLOAT>(),
        TypeId::of::<INT>(),
        TypeId::of::<bool>(),
        TypeId::of::<()>(),
    ];
    for iterated in iterated {
        let vocabulary = vocabulary.clone();
        module.set_iter_result(iterated, move |value| {
            items(&vocabulary, value).unwrap_or_else(|error| Box::new(std::iter::once(Err(error))))
        });
    }
    engine.register_global_module(module.into());
}

/// The items of `value`, each computed when the loop reaches it.
fn items(vocabulary: &Rc<Vocabulary>, value: Dynamic) -> Result<Items, Box<EvalAltResult>> {
    let value = values::from_rhai(&value, &Weak::new()).map_err(to_error)?;
    let count = vocabulary.count_elements(&value).map_err(to_error)?;
    let vocabulary = vocabulary.clone();
    Ok(Box::new((0..count).map(move |index| {
        let item = vocabulary.index(vec![value.clone(), Value::Int(index)]);
        item.map(values::to_rhai).map_err(to_error)
    })))
}

/// The Rhai error of a loop; Rhai adds its position.
fn to_error(diagnostic: Diagnostic) -> Box<EvalAltResult> {
    to_rhai(diagnostic, Position::NONE)
}
