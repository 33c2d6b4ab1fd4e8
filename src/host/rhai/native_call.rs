//! Calls of native functions from Rhai.

use std::rc::{Rc, Weak};

use rhai::{Dynamic, EvalAltResult, NativeCallContext};

use super::super::dispatch::Vocabulary;
use super::raise::raise;
use super::session::Session;
use super::values;
use crate::api::diagnostic::Diagnostic;
use crate::api::value::Value;

/// The result of a native function in Rhai.
pub type Outcome = Result<Dynamic, Box<EvalAltResult>>;

/// The Rhai callback of a native function: converts arguments and result.
pub fn body<F: Fn(&Vocabulary, Vec<Value>) -> Result<Value, Diagnostic> + 'static>(
    vocabulary: &Rc<Vocabulary>,
    session: &Weak<Session>,
    call: F,
) -> impl Fn(NativeCallContext, &mut [&mut Dynamic]) -> Outcome + use<F> {
    let (vocabulary, session) = (vocabulary.clone(), session.clone());
    move |context, args| {
        let meter = &vocabulary.context().meter;
        let result = meter.check_growth().and_then(|()| {
            let mut converted = Vec::with_capacity(args.len());
            for arg in args.iter() {
                converted.push(values::from_rhai(arg, &session)?);
            }
            call(&vocabulary, converted)
        });
        result
            .map(values::to_rhai)
            .map_err(|diagnostic| raise(diagnostic, &context))
    }
}
