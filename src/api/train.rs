//! Script function `train`: trains networks on tasks.

use std::cell::RefCell;
use std::rc::Rc;

use super::any_task::AnyTask;
use super::context::Context;
use super::diagnostic::Diagnostic;
use super::options::CallOptions;
use super::rnn::{Net, read_trials};
use super::training_run::{
    call_on_log, check_dependent_options, check_not_diverged, check_training_memory, log_column,
    log_map, with_checkpoint_hint,
};
use super::validation::Validation;
use super::value::{Function, Map, Value};
use crate::base::Result;
use crate::base::options::Span;
use crate::nn::{Dynamics, Network, Objective, WithObjective, dispatch_network};
use crate::options;
use crate::tensor::Real;
use crate::train::{Fit, LogEntry, OnLog, Options, Source, Task, Trials, run, sample_validation};

options! {
    /// Options that scripts can pass in addition to the training options.
    pub struct ScriptOptions for "train" {
        /// Validation data, never used for training: a data set (all of its trials), another task
        /// (trials are generated once) or a batch.
        validation: Option<Validation> = None;
        /// Number of validation trials to generate from a task that is not a data set.
        validation_trials: usize = 1024, in Span::at_least(1.0);
        /// Function that is called with each log entry, a map of batch, loss, mse (or the name of
        /// the loss), lr, grad_norm and, if present, activity and validation. It may read the
        /// network but not modify it. It stops the run by returning false.
        on_log: Option<Function> = None;
    }
}

crate::natives! {
    /// Training of networks.
    module "";

    /// Trains a network in place on batches of a task and returns the training log. The loss is the
    /// mean of (output - target)^2, or another `loss`, plus the activity penalties and l2 * the sum
    /// of squares of the trained parameters. Its gradient is clipped to a maximum global norm
    /// before the optimizer step. Returns a map: `outcome` (finished, stopped early or
    /// interrupted), `batches` (number of updates), and the log as vectors with one value per log
    /// entry: `batch`, `loss` and `mse` (both after the update, on the same batch; `mse` contains
    /// no penalties, and another loss has its own name, a function `custom_loss`), `activity` (with
    /// penalties on the activity), `lr` (the learning rate) and `grad_norm` (before clipping). The
    /// progress display shows the loss before the update.
    ///
    /// With `validation` the log also contains the vector `validation`: the latest validation loss,
    /// without noise and penalties, computed after batch 0, then every `validate_every` batches,
    /// and after the last batch. `best` and `best_batch` are the lowest validation loss and its
    /// batch; the parameters of that batch are restored at the end, unless `restore` is "last".
    /// With `patience` the run stops after that many consecutive validations without improvement.
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
        options: CallOptions<(Options, (ScriptOptions, Objective))>,
    ) -> Map {
        check_dependent_options("train", &options)?;
        let (mut options, (script_options, objective)) = options.into_inner();
        options.batches = cx.budget(options.batches);
        options.checkpoint = options.checkpoint.map(|path| cx.output_path(path)).transpose()?;
        check_batch_memory(cx, &network, &task, ("batch_size", options.batch_size))?;
        // A copy is trained, so that the callback can use the network during the run.
        let copy = network.borrow_mut_checked()?.clone();
        let settings = (&options, &script_options);
        let fit = dispatch_network!(copy, net => {
            let objective = objective.clone();
            train_copy(cx, WithObjective { net, objective }, (&network, &task), settings)
        });
        let fit = fit.map_err(|error| with_checkpoint_hint(error.into(), &options))?;
        result_map(&fit, &objective, options.checkpoint.is_some())
    }
}

/// Errors: `Memory` if a batch of `trials` trials exceeds the memory limit of the run
fn check_batch_memory(
    cx: &Context,
    network: &Net,
    task: &AnyTask,
    (option, trials): (&str, usize),
) -> Result<(), Diagnostic> {
    let (net, shape) = (network.0.borrow(), task.shape());
    let width = shape.inputs.max(shape.outputs).max(net.state());
    let sizes = [(option, trials), ("steps", shape.time)];
    cx.check_option_memory("train", &sizes, &[trials, shape.time, width], net.dtype())
}

/// Trains a copy of the script's network.
fn train_copy<T: Real, N: Dynamics<T> + Into<Network>>(
    cx: &Context,
    copy: WithObjective<N>,
    (network, task): (&Net, &AnyTask),
    (options, script_options): (&Options, &ScriptOptions),
) -> Result<Fit>
where
    AnyTask: Task<T>,
{
    let publish =
        |copy: &WithObjective<N>| SharedParameters::publish(&network.0, copy.net.clone().into());
    let validation = validation_trials::<T>(cx, network, options, script_options)?;
    let size = [options.batch_size, task.shape().time];
    check_training_memory(cx, "train", &copy, size, validation.as_ref())?;
    let source = Source {
        task,
        validation: validation.as_ref(),
    };
    run_training(cx, copy, &source, (options, script_options), &publish)
}

/// The validation trials, if any.
fn validation_trials<T: Real>(
    cx: &Context,
    network: &Net,
    options: &Options,
    script_options: &ScriptOptions,
) -> Result<Option<Trials<T>>, Diagnostic>
where
    AnyTask: Task<T>,
{
    Ok(match &script_options.validation {
        None => None,
        Some(Validation::Batch(batch)) => {
            let inputs = network.0.borrow().inputs();
            Some(read_trials("train: validation", batch, inputs)?)
        }
        Some(Validation::Task(task)) => {
            let dataset = task.dataset.as_ref();
            let count = dataset.map_or(cx.budget(script_options.validation_trials), |set| {
                set.count()
            });
            check_batch_memory(cx, network, task, ("validation_trials", count))?;
            Some(match dataset {
                Some(dataset) => dataset.all(),
                None => sample_validation(&**task, count, options)?,
            })
        }
    })
}

/// The current parameters of a run, published to the script's network.
struct SharedParameters<'a> {
    network: &'a RefCell<Network>,
    snapshot: Network,
}

impl<'a> SharedParameters<'a> {
    /// Copies the parameters of `snapshot` to the script's network.
    fn publish(network: &'a RefCell<Network>, snapshot: Network) -> SharedParameters<'a> {
        network.borrow_mut().copy_parameters_from(&snapshot);
        SharedParameters { network, snapshot }
    }

    /// Errors: the script modified the network; the next update would overwrite the modification
    fn check_unmodified(&self) -> Result<(), Diagnostic> {
        if self.network.borrow().same_parameters(&self.snapshot) {
            return Ok(());
        }
        let message = "train: `on_log` modified the network that is being trained";
        let hint = "modify a copy of it (`net.copy()`), or train in several runs";
        Err(Diagnostic::new(message).hint(hint))
    }
}

/// Trains `net`. `publish` copies its parameters to the script's network at each log entry and at
/// the end, also after an error.
fn run_training<'a, T: Real, N: Dynamics<T>>(
    cx: &Context,
    mut net: WithObjective<N>,
    source: &Source<'_, T>,
    (options, script_options): (&Options, &ScriptOptions),
    publish: &dyn Fn(&WithObjective<N>) -> SharedParameters<'a>,
) -> Result<Fit> {
    let objective = net.objective.clone();
    let mut on_log = |entry: &LogEntry, net: &WithObjective<N>| {
        call_on_log(cx, script_options.on_log.as_ref(), |function| {
            let shared = publish(net);
            let answer = function.call(vec![Value::Map(log_entry_map(entry, &objective))])?;
            shared.check_unmodified()?;
            Ok(answer)
        })
    };
    let on_log: &mut OnLog<'_, WithObjective<N>> = &mut on_log;
    cx.run_stoppable("train", |progress| {
        let fit = run(&mut net, source, options, progress, on_log);
        publish(&net);
        fit
    })
}

/// A log entry as a map.
fn log_entry_map(entry: &LogEntry, objective: &Objective) -> Map {
    let real = |name: &str, x| (name.to_string(), Value::Float(x));
    let mut map = Map::from([
        ("batch".into(), Value::Int(entry.batch as i64)),
        real("loss", entry.loss),
        real(objective.loss.name(), data_loss(entry)),
        real("lr", entry.lr),
        real("grad_norm", entry.grad_norm),
    ]);
    map.extend(activity_penalty(entry).map(|penalty| real("activity", penalty)));
    map.extend(entry.validation.map(|loss| real("validation", loss)));
    map
}

/// Converts the fit to a map.
///
/// Errors: the run diverged
fn result_map(fit: &Fit, objective: &Objective, has_checkpoint: bool) -> Result<Map, Diagnostic> {
    check_not_diverged("train", fit)?;
    let mut map = log_map(fit, has_checkpoint)?;
    map.insert(objective.loss.name().into(), log_column(fit, data_loss)?);
    if objective.has_activity_penalty() {
        let penalty = |entry: &LogEntry| activity_penalty(entry).unwrap_or(f64::NAN);
        map.insert("activity".into(), log_column(fit, penalty)?);
    }
    Ok(map)
}

/// The loss of the outputs, without penalties.
fn data_loss(entry: &LogEntry) -> f64 {
    let terms = entry.terms.as_ref();
    let data = terms.and_then(|terms| terms.get("data"));
    data.unwrap_or(entry.unpenalized)
}

fn activity_penalty(entry: &LogEntry) -> Option<f64> {
    entry.terms.as_ref().and_then(|terms| terms.get("activity"))
}
