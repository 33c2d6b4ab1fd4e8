//! Random calls of every function and method of the script vocabulary, in both languages.

use attractor::api::context::Language;
use attractor::api::{self, native::Native, rhai_to_lua};
use fastrand::Rng;

use crate::child::Batch;
use crate::expression::Expression;
use crate::values;

/// Functions that end the script, or that print a text of any length.
const EXCLUDED: [&str; 3] = ["fail", "help", "clock"];

/// Generates batches of calls from the table of the vocabulary.
pub struct Generator {
    natives: Vec<Native>,
    rng: Rng,
}

impl Generator {
    pub fn new(seed: u64) -> Generator {
        let mut natives = api::natives();
        natives.retain(|native| !EXCLUDED.contains(&native.name));
        Generator {
            natives,
            rng: Rng::with_seed(seed),
        }
    }

    /// `count` calls as one script.
    pub fn batch(&mut self, count: usize) -> Batch {
        let language = if self.rng.bool() {
            Language::Rhai
        } else {
            Language::Lua
        };
        Batch {
            language,
            prelude: prelude(language),
            items: (0..count).map(|_| self.call(language)).collect(),
        }
    }

    fn call(&mut self, language: Language) -> String {
        let index = self.rng.usize(0..self.natives.len());
        let native = &self.natives[index];
        let mut arguments = Vec::new();
        for argument in &native.args {
            if argument.optional && values::omit(&mut self.rng) {
                break;
            }
            let value = values::value(&mut self.rng, &argument.kind, &argument.options);
            arguments.push(value);
        }
        let call = expression(native, arguments);
        let print_call = Expression::Call {
            module: String::new(),
            name: "text_of".into(),
            arguments: vec![call.clone()],
        };
        let statement = if self.rng.u8(0..4) == 0 {
            print_call
        } else {
            call
        };
        attempt(&statement.source(language), language)
    }
}

fn expression(native: &Native, mut arguments: Vec<Expression>) -> Expression {
    if native.owner().is_some() && !arguments.is_empty() {
        let object = Box::new(arguments.remove(0));
        return Expression::Method {
            object,
            name: native.name.into(),
            arguments,
        };
    }
    Expression::Call {
        module: native.module.into(),
        name: native.name.into(),
        arguments,
    }
}

/// The prelude in `language`.
pub fn prelude(language: Language) -> String {
    let lines = values::PRELUDE.lines();
    let lines = lines.map(|line| rhai_to_lua::translate(line, language));
    lines.collect::<Vec<_>>().join("\n")
}

/// A statement that evaluates `call` and prints the message if it fails, marked with `!`.
pub fn attempt(call: &str, language: Language) -> String {
    match language {
        Language::Rhai => format!("try {{ {call}; }} catch (e) {{ print(`! ${{e}}`); }}"),
        Language::Lua => format!(
            "do local ok, e = pcall(function() local _ = {call} end) \
             if not ok then print(\"! \" .. tostring(e)) end end"
        ),
    }
}
