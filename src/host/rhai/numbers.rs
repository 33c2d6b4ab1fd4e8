//! Functions of numbers with the same results as the tensor methods of the same name: Rhai defines
//! some of them differently (`log` has base 10) or only for floats (`sqrt(4)` is an error).

use rhai::{Engine, FLOAT, INT};

/// Registers the functions. Exact types take precedence over the functions of Rhai.
pub fn register(engine: &mut Engine) {
    macro_rules! functions {
        ($($name:literal => $function:expr;)*) => { $(
            let function: fn(FLOAT) -> FLOAT = $function;
            engine.register_fn($name, function);
            engine.register_fn($name, move |n: INT| function(n as FLOAT));
        )* };
    }
    functions! {
        "log" => FLOAT::ln;
        "log2" => FLOAT::log2;
        "log10" => FLOAT::log10;
        "ln" => FLOAT::ln;
        "exp" => FLOAT::exp;
        "sqrt" => FLOAT::sqrt;
        "sin" => FLOAT::sin;
        "cos" => FLOAT::cos;
        "tan" => FLOAT::tan;
        "tanh" => FLOAT::tanh;
    }
    engine.register_fn("round", FLOAT::round_ties_even);
    engine.register_fn("round", |n: INT| n);
    engine.register_fn("floor", |n: INT| n);
    engine.register_fn("ceil", FLOAT::ceil);
    engine.register_fn("ceil", |n: INT| n);
}
