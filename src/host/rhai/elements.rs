//! Elements of tensors and objects in Rhai: `t[i]`, `t[i] = x`, `for x in t`, and the operators of
//! masks.

use std::any::TypeId;
use std::rc::{Rc, Weak};

use rhai::{Array, Dynamic, Engine, EvalAltResult, FLOAT, FnPtr, INT, Module, Position};

use super::super::dispatch::Vocabulary;
use super::native_call::{Outcome, body};
use super::raise::to_rhai;
use super::session::Session;
use super::values;
use crate::api::diagnostic::Diagnostic;
use crate::api::value::{Function, Object, Value};
use crate::tensor::Tensor;

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
    for indexed in [TypeId::of::<Tensor>(), TypeId::of::<Object>()] {
        let get = body(vocabulary, session, Vocabulary::index);
        engine.register_raw_fn("index$get$", [indexed, TypeId::of::<Dynamic>()], get);
        register_assignment(engine, vocabulary, session, indexed);
    }
    register_mask_operators(engine, vocabulary, session);
    register_iteration(engine, vocabulary);
}

/// Registers `t[index] = value`, which stores the changed tensor in the variable.
fn register_assignment(
    engine: &mut Engine,
    vocabulary: &Rc<Vocabulary>,
    session: &Weak<Session>,
    indexed: TypeId,
) {
    let assign = body(vocabulary, session, Vocabulary::assign);
    let dynamic = TypeId::of::<Dynamic>();
    engine.register_raw_fn("index$set$", [indexed, dynamic, dynamic], {
        move |context, args| -> Outcome {
            let changed = assign(context, args)?;
            *args[0] = changed;
            Ok(Dynamic::UNIT)
        }
    });
}

fn register_mask_operators(
    engine: &mut Engine,
    vocabulary: &Rc<Vocabulary>,
    session: &Weak<Session>,
) {
    let tensor = TypeId::of::<Tensor>();
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
        TypeId::of::<Tensor>(),
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
