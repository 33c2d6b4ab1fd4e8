//! Resource limits in Rhai: every operation is counted, and no single operation may create a text,
//! a list or a map that exceeds the remaining memory.

use std::rc::Rc;

use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext};

use super::super::dispatch::Vocabulary;
use super::raise::raise;
use crate::api::meter::Meter;

/// Maximum nesting of brackets, blocks and chained operators. The compile time grows as the square
/// of the depth, and each level uses stack.
pub const EXPRESSION_DEPTH: usize = 512;

/// Bytes charged for an element of a list or a map: the element and its temporary copies.
const ELEMENT: usize = 4 * size_of::<Dynamic>();

/// Texts in memory during one operation: two operands, and a result of up to twice the capacity
/// that it needs.
const TEXTS: usize = 4;

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// Connects the engine to the meter of the run and sets the size limits.
pub fn set(engine: &mut Engine, vocabulary: &Rc<Vocabulary>) {
    let context = vocabulary.context();
    let max_bytes = usize::try_from(context.config.max_memory).unwrap_or(usize::MAX);
    // With these limits Rhai measures a list again at each call on it: the time to build a list of
    // n elements with `push` grows as n^2 (0.2 s for 20,000 elements). Large data belongs in
    // tensors.
    // Rhai compares a text with its limit after creating it, beside its operands.
    engine.set_max_string_size((max_bytes / TEXTS).max(1));
    engine.set_max_array_size((max_bytes / ELEMENT).max(1));
    engine.set_max_map_size((max_bytes / ELEMENT).max(1));
    let meter = context.meter.clone();
    engine.on_progress(move |_| meter.step().map(Dynamic::from));
    register_replace(engine, &context.meter);
    register_split(engine, &context.meter);
}

/// Registers a `replace` that checks its memory first: each character of a text can be replaced by
/// a long text.
fn register_replace(engine: &mut Engine, meter: &Rc<Meter>) {
    let meter = meter.clone();
    let replace = move |context: NativeCallContext,
                        text: &mut ImmutableString,
                        from: &str,
                        to: &str|
          -> Outcome<()> {
        let added = to.len().saturating_sub(from.len());
        let count = text.matches(from).count();
        check_memory(
            &meter,
            &context,
            text.len().saturating_add(count.saturating_mul(added)),
        )?;
        *text = text.replace(from, to).into();
        Ok(())
    };
    let for_char = replace.clone();
    engine.register_fn("replace", replace);
    let for_char =
        move |context: NativeCallContext, text: &mut ImmutableString, from: char, to: &str| {
            for_char(context, text, from.encode_utf8(&mut [0; 4]), to)
        };
    engine.register_fn("replace", for_char);
}

/// Registers a `split` that checks its memory first: a part uses many times the memory of a
/// character.
fn register_split(engine: &mut Engine, meter: &Rc<Meter>) {
    let meter = meter.clone();
    let split =
        move |context: NativeCallContext, text: &mut ImmutableString, at: &str| -> Outcome<Array> {
            // An empty separator gives one part for each character, and an empty part at each end.
            let count = text.matches(at).count() + 1;
            check_memory(&meter, &context, count.saturating_mul(ELEMENT))?;
            match text.is_empty() {
                true => Ok(vec![text.clone().into()]),
                false => Ok(text.split(at).map(|part| part.into()).collect()),
            }
        };
    let for_char = split.clone();
    engine.register_fn("split", split);
    let for_char = move |context: NativeCallContext, text: &mut ImmutableString, at: char| {
        for_char(context, text, at.encode_utf8(&mut [0; 4]))
    };
    engine.register_fn("split", for_char);
}

/// Checks that `bytes` more bytes are available.
fn check_memory(meter: &Meter, context: &NativeCallContext, bytes: usize) -> Outcome<()> {
    let available = meter.check_allocation(bytes as u64);
    available.map_err(|diagnostic| raise(diagnostic, context))
}
