//! Training from a script.

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
    /// What a script adds to the options of training.
    pub struct Listener for "train" {
        /// What the network is judged on and not trained on: a data set (all of it), another task
        /// (trials drawn from it once) or a batch.
        validation: Option<Validation> = None;
        /// Trials to draw for validation from a task that is no data set.
        validation_trials: usize = 1024, in Span::at_least(1.0);
        /// Called with each line of the log as a map: batch, loss, mse, rate, grad_norm, and
        /// validation if there is any. It may use the network but not change it, and ends the run
        /// by giving false.
        on_log: Option<Function> = None;
    }
}

crate::natives! {
    /// Training.
    module "";

    /// Trains a network on batches of a task, in place. The loss is the mean of
    /// (output - target)^2 plus l2 * the sum of squares of all parameters; its gradient is clipped
    /// to a global norm and handed to the optimizer. Gives a map: `outcome` (finished, stopped
    /// early or interrupted), `batches` (updates made), and the log as vectors `batch`, `loss`,
    /// `mse` (both after the update, on the same batch), `rate`, `grad_norm` (before the clip).
    ///
    /// With `validation` the log has the vector `validation` too, the newest loss on those trials,
    /// without noise and penalty, which is taken after batch 0, then every `validate_every`
    /// batches, and after the last. `best` and `best_batch` say where it was lowest; the network
    /// ends with its parameters there, unless `keep` is "last". With `patience` the run ends once
    /// so many validations in a row were not lower.
    ///
    /// With `checkpoint` the run is kept in an HDF5 file, below the folder of `--out`. A script
    /// that was killed, or stopped with Ctrl-C, is simply started again: training goes on from the
    /// file and ends with the same numbers, to the bit, as if it had never stopped. `resumed` says
    /// how many batches came from the file. A finished run is not trained again; it goes on if
    /// `batches` or `patience` is raised. A file of another run (other options, task, network or
    /// seed) is refused: delete it, or give `resume: false`. If the file cannot be written on the
    /// way, the run goes on, and `unsaved` says why. A run whose task is a closure resumes as well,
    /// if what the closure gives depends on its key alone.
    ///
    /// Under `--quick` it makes a fiftieth of the batches. Ctrl-C ends the run with the network as
    /// it is, and the script goes on. A loss or gradient that is not finite is a fault; the network
    /// then has the last good parameters.
    ///
    /// > let net = rnn::vanilla(#{ units: 10, gain: 0.85 });
    /// > let options = #{ batches: 21, batch: 32, log_every: 10, clip: 10.0 };
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
        room(cx, &network, &task, options.batch)?;
        // Trained as a copy: the listener may use the network while the run goes on.
        let copy = network.changing()?.clone();
        let with = (&options, &listener);
        let fit = dispatch_network!(copy, net => begun(cx, net, (&network, &task), with));
        let fit = fit.map_err(|fault| helped(fault.into(), &options))?;
        told(&fit, options.checkpoint.is_some())
    }
}

/// What a script can hand over as validation.
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

/// Errors: an option that does nothing without another one, which is not given
pub fn idle<O: Settable>(of: &str, options: &CallOptions<O>) -> Result<(), Diagnostic> {
    const NEEDS: [(&str, &[&str]); 2] = [
        (
            "validation",
            &["validate_every", "patience", "keep", "validation_trials"],
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

/// Errors: `Memory` if a batch takes more than the run allows.
fn room(cx: &Context, network: &Net, task: &AnyTask, trials: usize) -> Result<(), Diagnostic> {
    let (net, size) = (network.0.borrow(), task.shape());
    let trial = size.inputs.max(size.outputs).max(net.state());
    cx.check_memory("train", &[trials, size.time, trial], net.dtype())
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

/// The trials of the validation, if there is any.
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
            room(cx, network, task, count)?;
            Some(match &task.dataset {
                Some(dataset) => dataset.all(),
                None => sample_validation(T::of_task(task), count, options)?,
            })
        }
    })
}

/// The script's network while it shows the state of a run, and that state.
struct Shown<'a> {
    network: &'a RefCell<Network>,
    trained: Network,
}

impl<'a> Shown<'a> {
    fn new(network: &'a RefCell<Network>, trained: Network) -> Shown<'a> {
        network.borrow_mut().copy_parameters_from(&trained);
        Shown { network, trained }
    }

    /// Errors: a script that changed the network, which would be lost with the next update.
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

/// Trains `net`, which `show` makes the script's at each line of the log and at the end, however
/// that comes about.
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
        // The interruption was for this run, and is dealt with.
        cx.interrupt.store(false, Ordering::Relaxed);
    }
    fit
}

/// The fault with a remedy, if it is one of a checkpoint that has none.
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

/// The terminal's listener, which Ctrl-C ends whoever else asks.
pub struct Watched<'a> {
    inner: Box<dyn Progress>,
    cx: &'a Context,
}

impl<'a> Watched<'a> {
    /// For a run that begins now; `label` says which.
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
        real("rate", line.rate),
        real("grad_norm", line.grad_norm),
    ]);
    map.extend(line.validation.map(|loss| real("validation", loss)));
    map
}

/// The fit as a map.
///
/// Errors: a fault if the run diverged.
fn told(fit: &Fit, kept: bool) -> Result<Map, Diagnostic> {
    well("train", fit)?;
    let mut map = course(fit, kept)?;
    map.insert("mse".into(), column(fit, |line| line.mse)?);
    Ok(map)
}

/// Errors: a fault if the run diverged.
pub fn well(of: &str, fit: &Fit) -> Result<(), Diagnostic> {
    let Outcome::Diverged { at } = fit.outcome else {
        return Ok(());
    };
    let last = fit.log.last().map_or(String::new(), |line| {
        format!("; at batch {} the loss was {}", line.batch, line.loss)
    });
    let remedy = if fit.log.is_empty() {
        "are the trials finite? The network is as it was; else try a lower rate, or a clip"
    } else {
        "the network has its last good parameters; try a lower rate, or a clip"
    };
    let message = format!("{of}: the loss or its gradient is not finite at batch {at}{last}");
    Err(Diagnostic::new(message).hint(remedy))
}

/// A number of each line of the log.
pub fn column(fit: &Fit, of: impl Fn(&LogEntry) -> f64) -> Result<Value, Diagnostic> {
    let values: Vec<f64> = fit.log.iter().map(of).collect();
    let tensor = Tensor::from_vec(values, fit.log.len(), &Device::Cpu)?;
    Ok(Value::Tensor(tensor))
}

/// What is told of every run, whatever was trained.
pub fn course(fit: &Fit, kept: bool) -> Result<Map, Diagnostic> {
    let mut map = Map::from([
        ("outcome".into(), Value::Text(fit.outcome.name().into())),
        ("batches".into(), Value::Int(fit.batches as i64)),
        ("batch".into(), column(fit, |line| line.batch as f64)?),
        ("loss".into(), column(fit, |line| line.loss)?),
        ("rate".into(), column(fit, |line| line.rate)?),
        ("grad_norm".into(), column(fit, |line| line.grad_norm)?),
    ]);
    if let Some(best) = fit.best {
        // Validation comes before the first line, so that every line has one.
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
