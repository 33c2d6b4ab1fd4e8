//! Resource limits in Rhai: every operation is counted, and the memory in use is compared with the
//! limit between operations. Functions that could create a large value in a single operation check
//! their memory first (`growth`).

use std::rc::Rc;

use rhai::{Dynamic, Engine};

use super::super::dispatch::Vocabulary;
use super::growth::{self, ELEMENT};

/// Maximum nesting of brackets, blocks and chained operators. The compile time grows as the square
/// of the depth, and each level uses stack.
pub const EXPRESSION_DEPTH: usize = 512;

/// Texts in memory during one operation: two operands, and a result of up to twice the capacity
/// that it needs.
const TEXTS: usize = 4;

/// Connects the engine to the meter of the run.
pub fn set(engine: &mut Engine, vocabulary: &Rc<Vocabulary>) {
    let context = vocabulary.context();
    // With these limits Rhai measures a list again at each call on it: the time to build a list of
    // n elements with `push` grows as n^2.
    if !context.meter.counts_memory() {
        set_sizes(engine, context.config.max_memory);
    }
    let meter = context.meter.clone();
    engine.on_progress(move |_| meter.step().map(Dynamic::from));
    growth::register(engine, &context.meter);
}

/// Limits each text, list and map separately.
fn set_sizes(engine: &mut Engine, max_memory: u64) {
    let max_bytes = usize::try_from(max_memory).unwrap_or(usize::MAX);
    engine.set_max_string_size((max_bytes / TEXTS).max(1));
    engine.set_max_array_size((max_bytes / ELEMENT).max(1));
    engine.set_max_map_size((max_bytes / ELEMENT).max(1));
}
