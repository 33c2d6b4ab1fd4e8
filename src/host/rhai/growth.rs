//! Functions of Rhai that can create a value many times as large as their arguments, with a memory
//! check before the allocation. Other operations at most add the sizes of their arguments; the
//! meter measures their growth afterwards.

use std::rc::Rc;

use rhai::{Array, Blob, Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext};

use super::raise::raise;
use crate::api::meter::Meter;

/// Bytes charged for an element of a list or a map: the element and its temporary copies.
pub const ELEMENT: usize = 4 * size_of::<Dynamic>();

/// Bytes of a value that is parsed from a character of JSON: `[[],[]]` has three characters per
/// list.
const BYTES_PER_JSON_CHARACTER: usize = 32;

/// Bytes of an escaped character in JSON: `\u0001`.
const MAX_ESCAPE: usize = 6;

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// Checks that `bytes` more bytes are available.
type Check = Rc<dyn Fn(&NativeCallContext, usize) -> Outcome<()>>;

/// Registers the functions; they replace those of Rhai.
pub fn register(engine: &mut Engine, meter: &Rc<Meter>) {
    let meter = meter.clone();
    let check: Check = Rc::new(move |context, bytes| {
        let available = meter.check_allocation(bytes as u64);
        available.map_err(|diagnostic| raise(diagnostic, context))?;
        // Checked above, so that it does not count as growth of the next operation.
        meter.expect_growth(bytes as u64);
        Ok(())
    });
    register_pad(engine, &check);
    register_blobs(engine, &check);
    register_replace(engine, &check);
    register_split(engine, &check);
    register_json(engine, &check);
}

fn register_pad(engine: &mut Engine, check: &Check) {
    let pad = check.clone();
    engine.register_fn(
        "pad",
        move |context: NativeCallContext, list: &mut Array, length: i64, item: Dynamic| {
            let added = missing(length, list.len());
            let size = ELEMENT.saturating_add(heap_size(&item));
            pad(&context, added.saturating_mul(size))?;
            list.resize(list.len() + added, item);
            Ok::<_, Box<EvalAltResult>>(())
        },
    );
    let pad = check.clone();
    let pad = move |context: NativeCallContext,
                    text: &mut ImmutableString,
                    length: i64,
                    padding: &str|
          -> Outcome<()> {
        let added = missing(length, text.chars().count());
        let size = padding.chars().map(char::len_utf8).max().unwrap_or(0);
        pad(&context, added.saturating_mul(size))?;
        let padding = padding.chars().cycle().take(added);
        text.make_mut().extend(padding);
        Ok(())
    };
    let for_char = pad.clone();
    engine.register_fn("pad", pad);
    let for_char =
        move |context: NativeCallContext, text: &mut ImmutableString, length: i64, c: char| {
            for_char(context, text, length, c.encode_utf8(&mut [0; 4]))
        };
    engine.register_fn("pad", for_char);
}

/// The number of elements by which `length` exceeds `found`.
fn missing(length: i64, found: usize) -> usize {
    usize::try_from(length).unwrap_or(0).saturating_sub(found)
}

/// The bytes of a copy of `value` outside the value itself. Copies share their texts.
fn heap_size(value: &Dynamic) -> usize {
    let size = |item: &Dynamic| ELEMENT + heap_size(item);
    if let Ok(list) = value.as_array_ref() {
        return list.iter().map(size).sum();
    }
    if let Ok(blob) = value.as_blob_ref() {
        return blob.len();
    }
    let map = value.read_lock::<rhai::Map>();
    map.map_or(0, |map| map.values().map(size).sum())
}

fn register_blobs(engine: &mut Engine, check: &Check) {
    /// Rhai uses the lowest byte of an integer.
    fn byte(value: i64) -> u8 {
        value as u8
    }
    let resize = check.clone();
    let resize = move |context: NativeCallContext, blob: &mut Blob, length: i64, value: i64| {
        let added = missing(length, blob.len());
        resize(&context, added)?;
        blob.resize(blob.len() + added, byte(value));
        Ok::<_, Box<EvalAltResult>>(())
    };
    let create = resize.clone();
    engine.register_fn("pad", resize);
    let create = move |context: NativeCallContext, length: i64, value: i64| {
        let mut blob = Blob::new();
        create(context, &mut blob, length, value).map(|()| blob)
    };
    let zeros = create.clone();
    engine.register_fn("blob", create);
    engine.register_fn("blob", move |context: NativeCallContext, length: i64| {
        zeros(context, length, 0)
    });
    let check = check.clone();
    let to_list = move |context: NativeCallContext, blob: &mut Blob| {
        check(&context, blob.len().saturating_mul(ELEMENT))?;
        let items = blob.iter().map(|byte| Dynamic::from(i64::from(*byte)));
        Ok::<_, Box<EvalAltResult>>(items.collect::<Array>())
    };
    engine.register_fn("to_array", to_list);
}

/// Registers `replace`: each character of a text can be replaced by a long text.
fn register_replace(engine: &mut Engine, check: &Check) {
    let check = check.clone();
    let replace = move |context: NativeCallContext,
                        text: &mut ImmutableString,
                        from: &str,
                        to: &str|
          -> Outcome<ImmutableString> {
        let added = to.len().saturating_sub(from.len());
        let count = text.matches(from).count();
        check(
            &context,
            text.len().saturating_add(count.saturating_mul(added)),
        )?;
        *text = text.replace(from, to).into();
        Ok(text.clone())
    };
    let for_char = replace.clone();
    engine.register_fn("replace", replace);
    let for_char =
        move |context: NativeCallContext, text: &mut ImmutableString, from: char, to: &str| {
            for_char(context, text, from.encode_utf8(&mut [0; 4]), to)
        };
    engine.register_fn("replace", for_char);
}

/// Registers `split` and `to_chars`: a part uses many times the memory of a character.
fn register_split(engine: &mut Engine, check: &Check) {
    let words = check.clone();
    engine.register_fn(
        "split",
        move |context: NativeCallContext, text: &mut ImmutableString| {
            let count = text.split_whitespace().count();
            words(&context, count.saturating_mul(ELEMENT))?;
            Ok::<_, Box<EvalAltResult>>(parts(text, text.split_whitespace()))
        },
    );
    let chars = check.clone();
    engine.register_fn(
        "to_chars",
        move |context: NativeCallContext, text: &mut ImmutableString| {
            chars(&context, text.len().saturating_mul(ELEMENT))?;
            Ok::<_, Box<EvalAltResult>>(text.chars().map(Dynamic::from).collect::<Array>())
        },
    );
    register_splitter(engine, "split", splitter(check, false));
    register_splitter(engine, "split_rev", splitter(check, true));
}

/// Registers a function that splits a text at a text or a character.
fn register_splitter(engine: &mut Engine, name: &str, split: Splitter) {
    let (all, char_all, char_first) = (split.clone(), split.clone(), split.clone());
    engine.register_fn(
        name,
        move |context: NativeCallContext, text: &mut ImmutableString, at: &str| {
            all(&context, text, at, i64::MAX)
        },
    );
    engine.register_fn(
        name,
        move |context: NativeCallContext, text: &mut ImmutableString, at: char| {
            char_all(&context, text, at.encode_utf8(&mut [0; 4]), i64::MAX)
        },
    );
    engine.register_fn(
        name,
        move |context: NativeCallContext, text: &mut ImmutableString, at: &str, most: i64| {
            split(&context, text, at, most)
        },
    );
    engine.register_fn(
        name,
        move |context: NativeCallContext, text: &mut ImmutableString, at: char, most: i64| {
            char_first(&context, text, at.encode_utf8(&mut [0; 4]), most)
        },
    );
}

/// Splits a text at a separator into at most a number of parts.
type Splitter = Rc<dyn Fn(&NativeCallContext, &ImmutableString, &str, i64) -> Outcome<Array>>;

/// The function that splits from the start of the text, or from its end if `reverse`.
fn splitter(check: &Check, reverse: bool) -> Splitter {
    let check = check.clone();
    Rc::new(move |context, text, at, most| {
        let most = usize::try_from(most).unwrap_or(0).max(1);
        // An empty separator gives one part for each character, and an empty part at each end.
        let count = text.matches(at).count().saturating_add(1).min(most);
        check(context, count.saturating_mul(ELEMENT))?;
        Ok(match reverse {
            true => parts(text, text.rsplitn(most, at)),
            false => parts(text, text.splitn(most, at)),
        })
    })
}

/// The parts as a list; an empty text is its only part.
fn parts<'a>(text: &ImmutableString, parts: impl Iterator<Item = &'a str>) -> Array {
    match text.is_empty() {
        true => vec![text.clone().into()],
        false => parts.map(|part| part.into()).collect(),
    }
}

fn register_json(engine: &mut Engine, check: &Check) {
    let parse = check.clone();
    engine.register_fn(
        "parse_json",
        move |context: NativeCallContext, text: &str| -> Outcome<Dynamic> {
            parse(
                &context,
                text.len().saturating_mul(BYTES_PER_JSON_CHARACTER),
            )?;
            let parsed = serde_json::from_str(text);
            parsed.map_err(|error| error.to_string().into())
        },
    );
    let check = check.clone();
    engine.register_fn(
        "to_json",
        move |context: NativeCallContext, map: &mut rhai::Map| {
            let size = map.values().map(text_size).fold(0, usize::saturating_add);
            check(&context, size.saturating_mul(MAX_ESCAPE))?;
            Ok::<_, Box<EvalAltResult>>(rhai::format_map_as_json(map))
        },
    );
}

/// The bytes of the texts in a value. Several of them can share their memory.
fn text_size(value: &Dynamic) -> usize {
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return text.len();
    }
    if let Ok(list) = value.as_array_ref() {
        return list.iter().map(text_size).fold(0, usize::saturating_add);
    }
    let map = value.read_lock::<rhai::Map>();
    map.map_or(0, |map| {
        map.values().map(text_size).fold(0, usize::saturating_add)
    })
}
