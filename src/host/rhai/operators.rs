//! The operators of numbers, with the same results as in Lua and for tensors.
//!
//! The built-in operators of Rhai are fast, but some of their results differ: numbers are equal if
//! they differ by less than an epsilon (`0.0 < 1e-20` is false), `7 / 10` is 0, and `%` has the
//! sign of the dividend. These operators are therefore registered as custom operators with the
//! names and the precedence of the built-in ones; Rhai evaluates the rest, such as `+`, without a
//! function call.
//!
//! The bytecode interpreter of Rhai (feature `grain`) is 1.8 times as fast, but it reports its
//! progress only at loops and calls: a sequence of statements such as `s += s` would exceed the
//! memory limit unnoticed.

use std::any::TypeId;
use std::cmp::Ordering;
use std::ops::{Range, RangeInclusive};

use rhai::{
    Blob, Dynamic, Engine, EvalAltResult, FLOAT, INT, ImmutableString, NativeCallContext, Position,
};

/// The replaced operators and their precedence.
const REPLACED: [(&str, u8); 8] = [
    ("==", 90),
    ("!=", 90),
    ("<", 130),
    ("<=", 130),
    (">", 130),
    (">=", 130),
    ("/", 180),
    ("%", 180),
];

/// Assignments that Rhai would evaluate with its own division of integers.
const REMOVED: [&str; 2] = ["/=", "%="];

type Outcome = Result<Dynamic, Box<EvalAltResult>>;

/// Registers the operators.
pub fn register(engine: &mut Engine) {
    engine.set_fast_operators(true);
    set_symbols(engine);
    register_comparisons(engine);
    register_division(engine);
}

/// Sets the symbols of the operators for the compiler.
pub fn set_symbols(engine: &mut Engine) {
    for (operator, precedence) in REPLACED {
        engine.disable_symbol(operator);
        let registered = engine.register_custom_operator(operator, precedence);
        registered.expect("the symbol is disabled, so that it can be a custom operator");
    }
    for symbol in REMOVED {
        engine.disable_symbol(symbol);
    }
}

/// The hint for an assignment operator that is not available.
pub fn removed_hint(operator: &str) -> Option<String> {
    let base = REMOVED
        .contains(&operator)
        .then(|| operator.trim_end_matches('='))?;
    Some(format!("write x = x {base} y"))
}

fn register_comparisons(engine: &mut Engine) {
    macro_rules! compare {
        ($($operator:tt)*) => { $(
            let name = stringify!($operator);
            engine.register_fn(name, |a: FLOAT, b: FLOAT| a $operator b);
            engine.register_fn(name, |a: INT, b: INT| a $operator b);
            engine.register_fn(name, |a: FLOAT, b: INT| {
                order(b, a).map(Ordering::reverse) $operator Some(Ordering::Equal)
            });
            engine.register_fn(name, |a: INT, b: FLOAT| {
                order(a, b) $operator Some(Ordering::Equal)
            });
        )* };
    }
    compare!(== !=);
    macro_rules! order_of {
        ($($operator:tt)*) => { $(
            let name = stringify!($operator);
            engine.register_fn(name, |a: FLOAT, b: FLOAT| a $operator b);
            engine.register_fn(name, |a: INT, b: INT| a $operator b);
            // Without an order (NaN) each comparison is false.
            engine.register_fn(name, |a: FLOAT, b: INT| {
                order(b, a).is_some_and(|order| order.reverse() $operator Ordering::Equal)
            });
            engine.register_fn(name, |a: INT, b: FLOAT| {
                order(a, b).is_some_and(|order| order $operator Ordering::Equal)
            });
        )* };
    }
    order_of!(< <= > >=);
    register_other_kinds(engine);
}

/// The exact order of an integer and a float; `None` for NaN.
fn order(a: INT, b: FLOAT) -> Option<Ordering> {
    /// 2^63, the first float above all integers.
    const BEYOND: FLOAT = 9_223_372_036_854_775_808.0;
    if b.is_nan() {
        return None;
    }
    Some(match b {
        _ if b >= BEYOND => Ordering::Less,
        _ if b < -BEYOND => Ordering::Greater,
        // The conversion is exact for an integer in this range.
        _ => a.cmp(&(b.floor() as INT)).then(match b.fract() == 0.0 {
            true => Ordering::Equal,
            false => Ordering::Less,
        }),
    })
}

/// Registers the comparisons of values other than numbers, as Rhai defines them.
fn register_other_kinds(engine: &mut Engine) {
    for (name, _) in REPLACED.into_iter().take(6) {
        let is_order = !matches!(name, "==" | "!=");
        let compare = move |context: NativeCallContext, args: &mut [&mut Dynamic]| -> Outcome {
            let (a, b) = (&*args[0], &*args[1]);
            let has_custom_type = a.is_variant() || b.is_variant();
            let order = match a.type_id() == b.type_id() {
                true => order_of_kind(a, b),
                false if has_custom_type && is_order => None,
                false => Some(order_of_texts(a, b)),
            };
            let Some(order) = order else {
                let types = [a, b].map(|value| context.engine().map_type_name(value.type_name()));
                let signature = format!("{name} ({})", types.join(", "));
                let position = context.call_position();
                return Err(EvalAltResult::ErrorFunctionNotFound(signature, position).into());
            };
            Ok(holds(name, order).into())
        };
        engine.register_raw_fn(name, [TypeId::of::<Dynamic>(); 2], compare);
    }
}

/// Whether a comparison holds for operands with this order; values without an order are unequal.
fn holds(operator: &str, order: Option<Ordering>) -> bool {
    match (operator, order) {
        ("==", order) => order == Some(Ordering::Equal),
        ("!=", order) => order != Some(Ordering::Equal),
        (_, None) => false,
        ("<", Some(order)) => order.is_lt(),
        ("<=", Some(order)) => order.is_le(),
        (">", Some(order)) => order.is_gt(),
        (_, Some(order)) => order.is_ge(),
    }
}

/// The order of two values of the same kind. The outer `None` means that the kind has none.
fn order_of_kind(a: &Dynamic, b: &Dynamic) -> Option<Option<Ordering>> {
    fn equality<T: rhai::Variant + Clone + PartialEq>(
        a: &Dynamic,
        b: &Dynamic,
    ) -> Option<Option<Ordering>> {
        let (a, b) = (a.read_lock::<T>()?, b.read_lock::<T>()?);
        Some((*a == *b).then_some(Ordering::Equal))
    }
    if a.is_string() || a.is_char() {
        return Some(order_of_texts(a, b));
    }
    if let (Ok(a), Ok(b)) = (a.as_bool(), b.as_bool()) {
        return Some(Some(a.cmp(&b)));
    }
    if a.is_unit() {
        return Some(Some(Ordering::Equal));
    }
    equality::<Range<INT>>(a, b)
        .or_else(|| equality::<RangeInclusive<INT>>(a, b))
        .or_else(|| equality::<Blob>(a, b))
}

/// The order of two texts or characters; `None` for values of different kinds.
fn order_of_texts(a: &Dynamic, b: &Dynamic) -> Option<Ordering> {
    let text = |value: &Dynamic| match value.as_char() {
        Ok(c) => Some(ImmutableString::from(c.to_string())),
        Err(_) => value
            .read_lock::<ImmutableString>()
            .map(|text| text.clone()),
    };
    Some(text(a)?.cmp(&text(b)?))
}

fn register_division(engine: &mut Engine) {
    engine.register_fn("/", |a: INT, b: INT| a as FLOAT / b as FLOAT);
    engine.register_fn("/", |a: FLOAT, b: INT| a / b as FLOAT);
    engine.register_fn("/", |a: INT, b: FLOAT| a as FLOAT / b);
    engine.register_fn("/", |a: FLOAT, b: FLOAT| a / b);
    engine.register_fn("%", |a: FLOAT, b: INT| remainder(a, b as FLOAT));
    engine.register_fn("%", |a: INT, b: FLOAT| remainder(a as FLOAT, b));
    engine.register_fn("%", remainder);
    engine.register_fn("%", |context: NativeCallContext, a: INT, b: INT| {
        integer_remainder(a, b).ok_or_else(|| zero_division(context.call_position()))
    });
}

fn zero_division(position: Position) -> Box<EvalAltResult> {
    EvalAltResult::ErrorArithmetic("integer division by zero".into(), position).into()
}

/// The remainder with the sign of the divisor; `None` for the divisor 0.
fn integer_remainder(a: INT, b: INT) -> Option<INT> {
    let left = if b == 0 {
        return None;
    } else {
        a.wrapping_rem(b)
    };
    Some(match left != 0 && (left < 0) != (b < 0) {
        true => left + b,
        false => left,
    })
}

/// The remainder with the sign of the divisor.
fn remainder(a: FLOAT, b: FLOAT) -> FLOAT {
    let left = a % b;
    match left != 0.0 && (left < 0.0) != (b < 0.0) {
        true => left + b,
        false => left,
    }
}
