//! Functions of lists and strings that Rhai defines in a way that leads to mistakes: `for_each`
//! passes the index instead of the element, and `sort`, `reverse` and `trim` return nothing.

use std::cmp::Ordering;

use rhai::{
    Array, Dynamic, Engine, EvalAltResult, FLOAT, FnPtr, ImmutableString, NativeCallContext,
};

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// Registers the functions. They still change the list or the text, and also return it.
pub fn register(engine: &mut Engine) {
    engine.register_fn("for_each", for_each);
    engine.register_fn("sort", |context: NativeCallContext, list: &mut Array| {
        sort(&context, list).map(|()| list.clone())
    });
    engine.register_fn("sort", sort_by);
    engine.register_fn("reverse", |list: &mut Array| {
        list.reverse();
        list.clone()
    });
    engine.register_fn("trim", |text: &mut ImmutableString| {
        *text = text.trim().into();
        text.clone()
    });
}

/// Calls the closure with each element; a second parameter is the index.
fn for_each(context: NativeCallContext, list: &mut Array, closure: FnPtr) -> Outcome<()> {
    for (index, item) in list.iter_mut().enumerate() {
        let index = [Dynamic::from(index as i64)];
        let _ = closure.call_raw_with_extra_args(
            "for_each",
            &context,
            Some(item),
            [],
            index,
            Some(0),
        )?;
    }
    Ok(())
}

/// Sorts numbers, strings, characters or booleans.
fn sort(context: &NativeCallContext, list: &mut Array) -> Outcome<()> {
    let Some(first) = list.first() else {
        return Ok(());
    };
    let is_same_kind = |item: &Dynamic| match number(first) {
        Some(_) => number(item).is_some(),
        None => item.type_id() == first.type_id() && order(item, item).is_some(),
    };
    if let Some(other) = list.iter().find(|item| !is_same_kind(item)) {
        let message = format!(
            "sort: expected numbers only or strings only, found {}",
            context.engine().map_type_name(other.type_name())
        );
        return Err(EvalAltResult::ErrorRuntime(message.into(), context.call_position()).into());
    }
    *list = merge_sort(std::mem::take(list), &mut |a, b| {
        order(a, b).unwrap_or(Ordering::Equal)
    });
    Ok(())
}

/// The number in a value; the order of large integers is not that of their float values.
fn number(value: &Dynamic) -> Option<FLOAT> {
    let integer = || value.as_int().ok().map(|n| n as FLOAT);
    value.as_float().ok().or_else(integer)
}

/// The order of two values of the same kind. NaN follows all numbers.
fn order(a: &Dynamic, b: &Dynamic) -> Option<Ordering> {
    if let (Ok(a), Ok(b)) = (a.as_int(), b.as_int()) {
        return Some(a.cmp(&b));
    }
    if let (Some(a), Some(b)) = (number(a), number(b)) {
        return Some(a.partial_cmp(&b).unwrap_or(a.is_nan().cmp(&b.is_nan())));
    }
    if let (Ok(a), Ok(b)) = (a.as_bool(), b.as_bool()) {
        return Some(a.cmp(&b));
    }
    if let (Ok(a), Ok(b)) = (a.as_char(), b.as_char()) {
        return Some(a.cmp(&b));
    }
    let (a, b) = (
        a.read_lock::<ImmutableString>()?,
        b.read_lock::<ImmutableString>()?,
    );
    Some(a.cmp(&b))
}

/// Sorts with a closure that returns a negative number, 0 or a positive number, or whether its
/// first argument comes first.
fn sort_by(context: NativeCallContext, list: &mut Array, closure: FnPtr) -> Outcome<Array> {
    let mut failure = None;
    let mut compare = |a: &Dynamic, b: &Dynamic| {
        if failure.is_some() {
            return None;
        }
        let result = closure.call_within_context::<Dynamic>(&context, (a.clone(), b.clone()));
        let result = match result {
            Ok(result) => result,
            Err(error) => {
                failure = Some(error);
                return None;
            }
        };
        let sign = number(&result).and_then(|sign| sign.partial_cmp(&0.0));
        let first = result.as_bool().ok().map(|first| match first {
            true => Ordering::Less,
            false => Ordering::Greater,
        });
        sign.or(first)
    };
    let sorted = merge_sort(std::mem::take(list), &mut |a, b| {
        compare(a, b).unwrap_or(Ordering::Equal)
    });
    *list = sorted;
    match failure {
        Some(error) => Err(error),
        None => Ok(list.clone()),
    }
}

/// A stable sort that accepts any comparison; that of the standard library may panic if a closure
/// returns inconsistent results.
fn merge_sort(mut left: Array, order: &mut dyn FnMut(&Dynamic, &Dynamic) -> Ordering) -> Array {
    if left.len() < 2 {
        return left;
    }
    let right = left.split_off(left.len() / 2);
    let left = merge_sort(left, order);
    let right = merge_sort(right, order);
    let mut merged = Array::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = match order(a, b).is_gt() {
            true => right.next(),
            false => left.next(),
        };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    merged
}
