//! Code of both training functions: checks of their options, the callback for log entries, and the
//! log as a map.

use std::ops::ControlFlow;

use super::context::Context;
use super::diagnostic::Diagnostic;
use super::options::CallOptions;
use super::value::{Function, Map, Value};
use crate::base::options::Options;
use crate::base::{Outcome, Result};
use crate::tensor::shape::total_elements;
use crate::tensor::{Device, Real, Tensor};
use crate::train::{self, Fit, LogEntry, Trials};

/// Errors: an option that has no effect without another option, which is not set
pub fn check_dependent_options<O: Options>(
    of: &str,
    options: &CallOptions<O>,
) -> Result<(), Diagnostic> {
    const DEPENDENCIES: [(&str, &[&str]); 2] = [
        (
            "validation",
            &["validate_every", "patience", "restore", "validation_trials"],
        ),
        ("checkpoint", &["checkpoint_every", "resume"]),
    ];
    for (required, dependent) in DEPENDENCIES {
        if let Some(name) = dependent.iter().find(|name| options.is_set(name))
            && !options.is_set(required)
        {
            let message = format!("{of}: option `{name}` has no effect without `{required}`");
            let hint = format!("set `{required}`, or omit `{name}`");
            return Err(Diagnostic::new(message).hint(hint));
        }
    }
    Ok(())
}

/// Checks that there is memory for batches of `[trials, time steps]` and for the validation trials.
///
/// Errors: not enough memory
pub fn check_training_memory<T: Real, M: train::Model<T>>(
    cx: &Context,
    of: &str,
    model: &M,
    batch: [usize; 2],
    validation: Option<&Trials<T>>,
) -> Result<(), Diagnostic> {
    let remedy = "reduce `batch_size`, or use shorter trials";
    // A batch, or a chunk of the validation trials, is a copy of the trials.
    let bytes = |size: [usize; 2], gradient| {
        let width = model.inputs() + model.outputs() + 1;
        let copy = total_elements(&[&[size[0], size[1], width, size_of::<T>()]]);
        model.loss_bytes(size, gradient).saturating_add(copy)
    };
    let pass = format!("{of}: a forward and backward pass");
    cx.check_sequence_memory([&pass, remedy], batch, bytes(batch, true))?;
    let Some(validation) = validation else {
        return Ok(());
    };
    let size = [validation.trials.min(batch[0]), validation.time];
    let pass = format!("{of}: a forward pass of the validation");
    cx.check_sequence_memory([&pass, remedy], size, bytes(size, false))
}

/// Adds a hint to a checkpoint error that has none.
pub fn with_checkpoint_hint(error: Diagnostic, options: &train::Options) -> Diagnostic {
    let path = options
        .checkpoint
        .as_ref()
        .map(|path| path.display().to_string());
    match path.is_some_and(|path| error.message.starts_with(&path)) && error.hint.is_none() {
        true => error.hint("delete the file to start a new run, or set another `checkpoint`"),
        false => error,
    }
}

/// Passes the function `on_log` of a script, if it is set, to `call`, which calls it with a log
/// entry. The run stops if the function returns false, and after Ctrl-C.
pub fn call_on_log(
    cx: &Context,
    on_log: Option<&Function>,
    call: impl FnOnce(&Function) -> Result<Value, Diagnostic>,
) -> Result<ControlFlow<()>> {
    let Some(function) = on_log else {
        return Ok(ControlFlow::Continue(()));
    };
    if cx.is_interrupted() {
        return Ok(ControlFlow::Break(()));
    }
    Ok(match call(function)? {
        Value::Bool(false) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    })
}

/// Errors: the run diverged
pub fn check_not_diverged(of: &str, fit: &Fit) -> Result<(), Diagnostic> {
    let Outcome::Diverged { at } = fit.outcome else {
        return Ok(());
    };
    let last = fit.log.last().map_or(String::new(), |line| {
        format!("; at batch {} the loss was {}", line.batch, line.loss)
    });
    let hint = if fit.log.is_empty() {
        "check the trials for NaN or infinite values; the parameters are unchanged; otherwise use \
         a lower lr or a smaller clip_norm"
    } else {
        "the parameters are those of the last finite loss; use a lower lr or a smaller clip_norm"
    };
    let message = format!("{of}: the loss or its gradient is not finite at batch {at}{last}");
    Err(Diagnostic::new(message).hint(hint))
}

/// A vector with one value per log entry.
pub fn log_column(fit: &Fit, value: impl Fn(&LogEntry) -> f64) -> Result<Value, Diagnostic> {
    let values: Vec<f64> = fit.log.iter().map(value).collect();
    let tensor = Tensor::from_vec(values, fit.log.len(), &Device::Cpu)?;
    Ok(Value::Tensor(tensor))
}

/// The results that all training functions return.
pub fn log_map(fit: &Fit, has_checkpoint: bool) -> Result<Map, Diagnostic> {
    let mut map = Map::from([
        ("outcome".into(), Value::Text(fit.outcome.name().into())),
        ("batches".into(), Value::Int(fit.batches as i64)),
        ("batch".into(), log_column(fit, |line| line.batch as f64)?),
        ("loss".into(), log_column(fit, |line| line.loss)?),
        ("lr".into(), log_column(fit, |line| line.lr)?),
        ("grad_norm".into(), log_column(fit, |line| line.grad_norm)?),
    ]);
    if let Some(best) = fit.best {
        // Validation runs before the first log entry, so every entry has a validation loss.
        let validation = log_column(fit, |line| line.validation.unwrap_or(f64::NAN))?;
        map.insert("validation".into(), validation);
        map.insert("best".into(), Value::Float(best.loss));
        map.insert("best_batch".into(), Value::Int(best.batch as i64));
    }
    if has_checkpoint {
        map.insert("resumed".into(), Value::Int(fit.resumed_batches as i64));
    }
    map.extend(
        fit.checkpoint_error
            .clone()
            .map(|message| ("unsaved".into(), Value::Text(message))),
    );
    Ok(map)
}
