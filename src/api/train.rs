//! Script function `train`: trains networks on tasks.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use super::context::Context;
use super::diagnostic::Diagnostic;
use super::native::FromValue;
use super::options::CallOptions;
use super::rnn::{Net, trials_of};
use super::tasks::{AnyTask, Kind};
use super::value::{Function, Map, Value};
use crate::base::options::{Options as Settable, Span};
use crate::base::{Error, Outcome, Progress, Report, Result};
use crate::nn::{Dynamics, Network, dispatch_network};
use crate::options;
use crate::tensor::{Device, Real, Tensor};
use crate::train::{Fit, LogEntry, Model, OnLog, Options, Source, Trials, run, sample_validation};

options! {
    /// Options that scripts can pass in addition to the training options.
    pub struct Listener for "train" {
        /// Validation data, never used for training: a data set (all of its trials), another task
        /// (trials are generated once) or a batch.
        validation: Option<Validation> = None;
        /// Number of validation trials to generate from a task that is not a data set.
        validation_trials: usize = 1024, in Span::at_least(1.0);
        /// Function that is called with each log entry, a map of batch, loss, mse, lr, grad_norm
        /// and, if present, validation. It may read the network but not modify it. It stops the run
        /// by returning false.
        on_log: Option<Function> = None;
    }
}

crate::natives! {
    /// Training of networks.
    module "";

    /// Trains a network in place on batches of a task and returns the training log. The loss is the
    /// mean of (output - target)^2 plus l2 * the sum of squares of all parameters. Its gradient is
    /// clipped to a maximum global norm before the optimizer step. Returns a map: `outcome`
    /// (finished, stopped early or interrupted), `batches` (number of updates), and the log as
    /// vectors with one value per log entry: `batch`, `loss` and `mse` (both after the update, on
    /// the same batch), `rate` (the learning rate) and `grad_norm` (before clipping).
    ///
    /// With `validation` the log also contains the vector `validation`: the latest validation loss,
    /// without noise and L2 penalty, computed after batch 0, then every `validate_every` batches,
    /// and after the last batch. `best` and `best_batch` are the lowest validation loss and its
    /// batch; the parameters of that batch are restored at the end, unless `restore` is "last". With
    /// `patience` the run stops after that many consecutive validations without improvement.
    ///
    /// With `checkpoint` the run is stored in an HDF5 file; a relative path starts in the folder of
    /// `--out`. After a crash or Ctrl-C, run the script again: training resumes from the
    /// checkpoint, and the result is bit-identical to that of an uninterrupted run. `resumed` is
    /// the number of batches restored from the file. A finished run is not repeated; it continues
    /// if `batches` or `patience` is raised. A checkpoint of a different run (other options, task,
    /// network or seed) is an error: delete the file, or pass `resume: false`. If a checkpoint
    /// cannot be written during the run, training continues, and `unsaved` contains the error
    /// message. A run whose task is a closure can be resumed if the results of the closure depend
    /// only on its key.
    ///
    /// With `--quick` the number of batches is divided by 50. Ctrl-C stops the run; the network
    /// keeps its current parameters and the script continues. If the loss or the gradient is not
    /// finite, an error is raised; the network then has the last finite parameters.
    ///
    /// > let net = rnn::vanilla(#{ units: 10, gain: 0.85 });
    /// > let options = #{ batches: 21, batch_size: 32, log_every: 10, clip_norm: 10.0 };
    /// > options.validation = tasks::integrator();
    /// > options.checkpoint = "run.h5";
    /// > train(net, tasks::integrator(), options);
    /// > let fit = train(rnn::vanilla(#{ units: 10, gain: 0.85 }), tasks::integrator(), options);
    /// > [fit.outcome, fit.batches, fit.resumed, fit.validation.shape()]
    /// = ["finished", 21, 21, [3]]
    fn train(
        cx: &Context, network: Rc<Net>, task: Rc<AnyTask>,
        options: CallOptions<(Options, Listener)>,
    ) -> Map {
        idle("train", &options)?;
        let (mut options, listener) = options.into_inner();
        options.batches = cx.budget(options.batches);
        options.checkpoint = options.checkpoint.map(|path| cx.output_path(path)).transpose()?;
        room(cx, &network, &task, ("batch_size", options.batch_size))?;
        // A copy is trained, so that the callback can use the network during the run.
        let copy = network.changing()?.clone();
        let with = (&options, &listener);
        let fit = dispatch_network!(copy, net => begun(cx, net, (&network, &task), with));
        let fit = fit.map_err(|fault| helped(fault.into(), &options))?;
        result_map(&fit, options.checkpoint.is_some())
    }
}

/// Validation data from a script.
#[derive(Clone)]
pub enum Validation {
    Task(Rc<AnyTask>),
    Batch(Map),
}

impl FromValue for Validation {
    fn kind() -> String {
        "task or batch".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Map(batch) => Ok(Validation::Batch(batch)),
            other => Rc::<AnyTask>::from_value(other).map(Validation::Task),
        }
    }
}

/// Errors: an option that has no effect without another option, which is not set
pub fn idle<O: Settable>(of: &str, options: &CallOptions<O>) -> Result<(), Diagnostic> {
    const NEEDS: [(&str, &[&str]); 2] = [
        (
            "validation",
            &["validate_every", "patience", "restore", "validation_trials"],
        ),
        ("checkpoint", &["checkpoint_every", "resume"]),
    ];
    for (needed, all) in NEEDS {
        if let Some(name) = all.iter().find(|name| options.is_set(name))
            && !options.is_set(needed)
        {
            let words = format!("{of}: option `{name}` does nothing without `{needed}`");
            return Err(
                Diagnostic::new(words).hint(format!("give `{needed}`, or leave `{name}` out"))
            );
        }
    }
    Ok(())
}

/// Errors: `Memory` if a batch exceeds the memory limit of the run
fn room(
    cx: &Context,
    network: &Net,
    task: &AnyTask,
    (option, trials): (&str, usize),
) -> Result<(), Diagnostic> {
    let (net, size) = (network.0.borrow(), task.shape());
    let trial = size.inputs.max(size.outputs).max(net.state());
    let shape = [trials, size.time, trial];
    let sizes = [(option, trials), ("steps", size.time)];
    cx.check_option_memory("train", &sizes, &shape, net.dtype())
}

/// Trains a copy of the script's network.
fn begun<T: Kind, N: Dynamics<T> + Into<Network>>(
    cx: &Context,
    copy: N,
    (network, task): (&Net, &AnyTask),
    with: (&Options, &Listener),
) -> Result<Fit> {
    let show = |net: &N| Shown::new(&network.0, net.clone().into());
    let validation = held::<T>(cx, network, with.0, with.1)?;
    let source = Source {
        task: T::of_task(task),
        validation: validation.as_ref(),
    };
    trained(cx, copy, &source, with, &show)
}

/// The validation trials, if any.
fn held<T: Kind>(
    cx: &Context,
    network: &Net,
    options: &Options,
    listener: &Listener,
) -> Result<Option<Trials<T>>, Diagnostic> {
    Ok(match &listener.validation {
        None => None,
        Some(Validation::Batch(batch)) => Some(trials_of("train: validation", batch)?),
        Some(Validation::Task(task)) => {
            let trials = task.dataset.as_ref().map(|dataset| dataset.count());
            let count = trials.unwrap_or(cx.budget(listener.validation_trials));
            room(cx, network, task, ("validation_trials", count))?;
            Some(match &task.dataset {
                Some(dataset) => dataset.all(),
                None => sample_validation(T::of_task(task), count, options)?,
            })
        }
    })
}

/// Makes the current parameters of a run visible in the script's network.
struct Shown<'a> {
    network: &'a RefCell<Network>,
    trained: Network,
}

impl<'a> Shown<'a> {
    fn new(network: &'a RefCell<Network>, trained: Network) -> Shown<'a> {
        network.borrow_mut().copy_parameters_from(&trained);
        Shown { network, trained }
    }

    /// Errors: the script modified the network; the next update would overwrite the modification
    fn unchanged(&self) -> Result<(), Diagnostic> {
        if self.network.borrow().same_parameters(&self.trained) {
            return Ok(());
        }
        Err(
            Diagnostic::new("train: on_log changed the network that is being trained")
                .hint("change a copy of it, which net.copy() gives, or train in several runs"),
        )
    }
}

/// Trains `net`. `show` copies its parameters to the script's network at each log entry and at the
/// end, also after an error.
fn trained<'a, T: Real, N: Model<T>>(
    cx: &Context,
    mut net: N,
    source: &Source<'_, T>,
    (options, listener): (&Options, &Listener),
    show: &dyn Fn(&N) -> Shown<'a>,
) -> Result<Fit> {
    let mut on_log = |line: &LogEntry, net: &N| {
        let Some(function) = &listener.on_log else {
            return Ok(ControlFlow::Continue(()));
        };
        if cx.is_interrupted() {
            return Ok(ControlFlow::Break(()));
        }
        let shown = show(net);
        let answer = function.call(vec![Value::Map(entries(line))])?;
        shown.unchanged()?;
        Ok(match answer {
            Value::Bool(false) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    };
    let mut progress = Watched::new(cx, "train");
    let on_log: &mut OnLog<'_, N> = &mut on_log;
    let fit = run(&mut net, source, options, &mut progress, on_log);
    show(&net);
    if fit.is_ok() {
        // The interrupt applied to this run only and has been handled.
        cx.interrupt.store(false, Ordering::Relaxed);
    }
    fit
}

/// Adds a hint to a checkpoint error that has none.
pub fn helped(fault: Diagnostic, options: &Options) -> Diagnostic {
    let path = options
        .checkpoint
        .as_ref()
        .map(|path| path.display().to_string());
    match path.is_some_and(|path| fault.message.starts_with(&path)) && fault.hint.is_none() {
        true => fault.hint("delete the file to start anew, or give another `checkpoint`"),
        false => fault,
    }
}

/// Progress display of the terminal that also requests a stop on Ctrl-C.
pub struct Watched<'a> {
    inner: Box<dyn Progress>,
    cx: &'a Context,
}

impl<'a> Watched<'a> {
    /// Starts a progress display with the given label.
    pub fn new(cx: &'a Context, label: &str) -> Self {
        let inner = cx.terminal.progress(label);
        Watched { inner, cx }
    }
}

impl Progress for Watched<'_> {
    fn report(&mut self, report: Report) {
        self.inner.report(report);
    }
    fn stop_requested(&self) -> bool {
        self.cx.is_interrupted() || self.inner.stop_requested()
    }
    fn warn(&mut self, fault: &Error) {
        self.inner.warn(fault);
    }
}

fn entries(line: &LogEntry) -> Map {
    let real = |name: &str, x| (name.to_string(), Value::Float(x));
    let mut map = Map::from([
        ("batch".into(), Value::Int(line.batch as i64)),
        real("loss", line.loss),
        real("mse", line.mse),
        real("lr", line.lr),
        real("grad_norm", line.grad_norm),
    ]);
    map.extend(line.validation.map(|loss| real("validation", loss)));
    map
}

/// Converts the fit to a map.
///
/// Errors: the run diverged
fn result_map(fit: &Fit, has_checkpoint: bool) -> Result<Map, Diagnostic> {
    well("train", fit)?;
    let mut map = course(fit, has_checkpoint)?;
    map.insert("mse".into(), column(fit, |line| line.mse)?);
    Ok(map)
}

/// Errors: the run diverged
pub fn well(of: &str, fit: &Fit) -> Result<(), Diagnostic> {
    let Outcome::Diverged { at } = fit.outcome else {
        return Ok(());
    };
    let last = fit.log.last().map_or(String::new(), |line| {
        format!("; at batch {} the loss was {}", line.batch, line.loss)
    });
    let remedy = if fit.log.is_empty() {
        "check the trials for NaN or infinite values; the parameters are unchanged; otherwise use a \
         lower lr or a smaller clip_norm"
    } else {
        "the parameters are those of the last finite loss; use a lower lr or a smaller clip_norm"
    };
    let message = format!("{of}: the loss or its gradient is not finite at batch {at}{last}");
    Err(Diagnostic::new(message).hint(remedy))
}

/// A vector with one value per log entry.
pub fn column(fit: &Fit, of: impl Fn(&LogEntry) -> f64) -> Result<Value, Diagnostic> {
    let values: Vec<f64> = fit.log.iter().map(of).collect();
    let tensor = Tensor::from_vec(values, fit.log.len(), &Device::Cpu)?;
    Ok(Value::Tensor(tensor))
}

/// The results that all training functions return.
pub fn course(fit: &Fit, kept: bool) -> Result<Map, Diagnostic> {
    let mut map = Map::from([
        ("outcome".into(), Value::Text(fit.outcome.name().into())),
        ("batches".into(), Value::Int(fit.batches as i64)),
        ("batch".into(), column(fit, |line| line.batch as f64)?),
        ("loss".into(), column(fit, |line| line.loss)?),
        ("lr".into(), column(fit, |line| line.lr)?),
        ("grad_norm".into(), column(fit, |line| line.grad_norm)?),
    ]);
    if let Some(best) = fit.best {
        // Validation runs before the first log entry, so every entry has a validation loss.
        let validation = column(fit, |line| line.validation.unwrap_or(f64::NAN))?;
        map.insert("validation".into(), validation);
        map.insert("best".into(), Value::Float(best.loss));
        map.insert("best_batch".into(), Value::Int(best.batch as i64));
    }
    if kept {
        map.insert("resumed".into(), Value::Int(fit.resumed_batches as i64));
    }
    map.extend(
        fit.checkpoint_error
            .clone()
            .map(|why| ("unsaved".into(), Value::Text(why))),
    );
    Ok(map)
}
