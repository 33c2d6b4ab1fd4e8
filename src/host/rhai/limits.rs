//! The limits of a run as Rhai keeps them: each operation counts, and no single operation may
//! make a text, a list or a map that is larger than what the run has left.

use std::rc::Rc;

use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext};

use super::super::call::Vocabulary;
use super::faults;
use crate::api::meter::Meter;

/// Bytes that an element of a list or a map is counted as: itself, and what copies of it take.
const ELEMENT: usize = 4 * size_of::<Dynamic>();

/// Texts that one operation holds in memory at most: two operands and the result, which may have
/// twice the capacity that it needs.
const TEXTS: usize = 4;

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// Makes the engine report to the meter of the run.
pub fn set(engine: &mut Engine, vocabulary: &Rc<Vocabulary>) {
    let context = vocabulary.context();
    let most = usize::try_from(context.settings.max_memory).unwrap_or(usize::MAX);
    // With these limits Rhai counts a list anew at each call on it: building one of n elements by
    // `push` takes time that grows as n^2 (0.2 s for 20,000). Large data travels as a tensor.
    // Rhai compares a text with its limit once it is there, beside the texts that it came from.
    engine.set_max_string_size((most / TEXTS).max(1));
    engine.set_max_array_size((most / ELEMENT).max(1));
    engine.set_max_map_size((most / ELEMENT).max(1));
    let meter = context.meter.clone();
    engine.on_progress(move |_| meter.step().map(Dynamic::from));
    replacing(engine, &context.meter);
    splitting(engine, &context.meter);
}

/// `replace`, which asks for its memory first: every letter of a text can become a long text.
fn replacing(engine: &mut Engine, meter: &Rc<Meter>) {
    let asked = meter.clone();
    let replace = move |context: NativeCallContext,
                        text: &mut ImmutableString,
                        from: &str,
                        to: &str|
          -> Outcome<()> {
        let added = to.len().saturating_sub(from.len());
        let count = text.matches(from).count();
        reserve(
            &asked,
            &context,
            text.len().saturating_add(count.saturating_mul(added)),
        )?;
        *text = text.replace(from, to).into();
        Ok(())
    };
    let of_letter = replace.clone();
    engine.register_fn("replace", replace);
    let of_letter =
        move |context: NativeCallContext, text: &mut ImmutableString, from: char, to: &str| {
            of_letter(context, text, from.encode_utf8(&mut [0; 4]), to)
        };
    engine.register_fn("replace", of_letter);
}

/// `split`, which asks for its memory first: a part takes many times as much as a letter.
fn splitting(engine: &mut Engine, meter: &Rc<Meter>) {
    let asked = meter.clone();
    let split =
        move |context: NativeCallContext, text: &mut ImmutableString, at: &str| -> Outcome<Array> {
            // Between letters: as many parts as there are letters, and an empty one at each end.
            let count = text.matches(at).count() + 1;
            reserve(&asked, &context, count.saturating_mul(ELEMENT))?;
            match text.is_empty() {
                true => Ok(vec![text.clone().into()]),
                false => Ok(text.split(at).map(|part| part.into()).collect()),
            }
        };
    let of_letter = split.clone();
    engine.register_fn("split", split);
    let of_letter = move |context: NativeCallContext, text: &mut ImmutableString, at: char| {
        of_letter(context, text, at.encode_utf8(&mut [0; 4]))
    };
    engine.register_fn("split", of_letter);
}

fn reserve(meter: &Meter, context: &NativeCallContext, bytes: usize) -> Outcome<()> {
    let room = meter.reserve(bytes as u64);
    room.map_err(|fault| faults::raise(fault, context))
}
