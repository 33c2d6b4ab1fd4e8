//! Script module `lfads`: training.

use std::rc::Rc;

use super::{AnyModel, Lfads};
use crate::api::context::Context;
use crate::api::diagnostic::Diagnostic;
use crate::api::options::CallOptions;
use crate::api::training_run::{
    call_on_log, check_dependent_options, check_not_diverged, check_training_memory, log_column,
    log_map, with_checkpoint_hint,
};
use crate::api::trials::Trials;
use crate::api::value::{Function, Map, Value};
use crate::base::Result;
use crate::models::lfads::{LOSS_TERMS, Model, TrainingOptions, WarmUp};
use crate::ops::Lanes;
use crate::tasks::Dataset;
use crate::tasks::dataset::{RawArray, RawData};
use crate::tensor::precision::{Select, match_precision};
use crate::tensor::{DType, Tensor, convert};
use crate::train::{self, Fit, LogEntry, LossTerms, Source, Task, run};

/// Name of the function in error messages.
const OF: &str = "lfads::train";
/// KL divergence in nats per trial below which the posteriors count as collapsed.
const COLLAPSE_NATS: f64 = 0.1;

crate::options! {
    /// Options that scripts can pass in addition to the training options.
    pub struct ScriptOptions for "lfads::train" {
        /// Validation trials, never used for training: [n, t, channels], or a list of [t,
        /// channels].
        validation: Option<Trials> = None;
        /// Function that is called with each log entry, a map. It stops the run by returning false.
        on_log: Option<Function> = None;
    }
}

crate::natives! {
    /// LFADS: inference of the latent dynamics, initial conditions and inputs of observed trials.
    module "lfads";

    /// Trains a model in place on trials [n, t, channels], or a list of [t, channels] of equal
    /// length, and returns the training log. Each epoch contains every trial once. The loss of a
    /// batch, a mean over its trials, is the negative log-likelihood (without the log-factorials of
    /// counts), plus the KL weight times the KL divergences of the posteriors of initial condition
    /// and inferred inputs from their priors (estimated with one sample for the inputs), plus l2 *
    /// the sum of squares of all parameters.
    ///
    /// Returns a map: `outcome`, `batches`, and the log as vectors `batch`, `loss`, `nll`,
    /// `kl_initial`, `kl_inferred`, `kl` (the KL weight), `lr` (the learning rate) and
    /// `grad_norm`. With `validation` it also contains `validation`, `validation_nll`,
    /// `validation_kl_initial` and `validation_kl_inferred`, computed with the final KL weight,
    /// without dropout and always with the same samples; the parameters with the lowest validation
    /// loss, `best`, are restored at the end, unless `restore` is "last". `warnings` lists signs of
    /// failed training, such as posterior collapse. A `checkpoint` works as in `train`: an
    /// interrupted run resumes with bit-identical results.
    ///
    /// > let counts = (random::uniform(random::key(1), [40, 10, 3]) * 3.0).floor();
    /// > let units = #{ encoder: 8, controller: 8, generator: 8, factors: 2, channels: 3 };
    /// > let model = lfads::model(units);
    /// > let fit = lfads::train(model, counts, #{ batches: 60, batch_size: 16, log_every: 10 });
    /// > [fit.outcome, fit.nll.shape(), fit.nll[-1] < fit.nll[0]]
    /// = ["finished", [7], true]
    fn train(
        cx: &Context, model: Rc<Lfads>, data: Trials,
        options: CallOptions<(TrainingOptions, ScriptOptions)>,
    ) -> Map {
        check_dependent_options(OF, &options)?;
        let data = data.stack(OF)?;
        let (mut options, script_options) = options.into_inner();
        let checkpoint = options.run.checkpoint.take();
        options.run.checkpoint = checkpoint.map(|path| cx.output_path(path)).transpose()?;
        options.run.batches = cx.budget(options.run.batches);
        let copy = model.0.borrow().clone();
        let (model, script_options, options) = (&*model, &script_options, &options);
        let training = TrainingRun { cx, model, script_options, options };
        let fit = match_precision!(copy, copy => training.train_copy(copy, &data));
        let (fit, warnings) = fit.map_err(|error| with_checkpoint_hint(error, &options.run))?;
        result_map(&fit, warnings, options)
    }
}

/// The model of a script, and the settings of its training.
struct TrainingRun<'a> {
    cx: &'a Context,
    model: &'a Lfads,
    script_options: &'a ScriptOptions,
    options: &'a TrainingOptions,
}

impl TrainingRun<'_> {
    /// Trains a copy of the model. Its parameters replace those of the script's model at each log
    /// entry and at the end. Returns the fit and its warnings.
    fn train_copy<T: Lanes>(
        &self,
        copy: Model<T>,
        data: &Tensor,
    ) -> Result<(Fit, Vec<String>), Diagnostic>
    where
        AnyModel: Select<T, Value = Model<T>>,
    {
        let options = self.options;
        let mut model = copy.with_warm_up(options.warm_up.clone());
        let trials = to_dataset(&model, data)?;
        let validation = self.script_options.validation.clone();
        let validation = validation.map(|trials| trials.stack(OF)).transpose()?;
        let validation = validation.map(|trials| to_dataset(&model, &trials));
        let validation = validation.transpose()?.map(|trials| trials.all::<T>());
        self.check_memory(&model, Task::<T>::shape(&trials).time, validation.as_ref())?;
        let source = Source {
            task: &trials,
            validation: validation.as_ref(),
        };
        let publish = |model: &Model<T>| *self.model.0.borrow_mut() = AnyModel::wrap(model.clone());
        let mut on_log = |entry: &LogEntry, model: &Model<T>| {
            call_on_log(self.cx, self.script_options.on_log.as_ref(), |function| {
                publish(model);
                function.call(vec![Value::Map(log_entry_map(entry, &options.warm_up))])
            })
        };
        let fit = self.cx.run_stoppable(OF, |progress| {
            let fit = run(&mut model, &source, &options.run, progress, &mut on_log);
            publish(&model);
            fit
        })?;
        let constant = match model.sizes.gaussian {
            true => None,
            false => Some(constant_nll(data)?),
        };
        let warnings = warnings(&fit, &options.warm_up, constant);
        Ok((fit, warnings))
    }

    /// Errors: not enough memory for batches of `time` time steps or for the validation trials
    fn check_memory<T: Lanes>(
        &self,
        model: &Model<T>,
        time: usize,
        validation: Option<&train::Trials<T>>,
    ) -> Result<(), Diagnostic> {
        let batch = self.options.run.batch_size;
        let shape = [batch, time, model.sizes.channels];
        self.cx
            .check_option_memory(OF, &[("batch_size", batch)], &shape, T::DTYPE)?;
        check_training_memory(self.cx, OF, model, [batch, time], validation)
    }
}

/// Converts trials to a data set without targets.
///
/// Errors: those of [`Model::observed_trials`]
fn to_dataset<T: Lanes>(model: &Model<T>, trials: &Tensor) -> Result<Dataset> {
    model.observed_trials(OF, trials)?;
    Dataset::new(RawData {
        inputs: RawArray::Stacked(trials.clone()),
        targets: None,
        mask: None,
        lengths: None,
    })
}

/// Negative log-likelihood per trial of counts [n, t, d] under a constant rate for each channel.
fn constant_nll(counts: &Tensor) -> Result<f64> {
    let means = convert::to_f64(&counts.to_dtype(DType::F64)?.mean((0, 1))?)?;
    let term = |mean: &f64| match *mean > 0.0 {
        true => mean * (1.0 - mean.ln()),
        false => 0.0,
    };
    Ok(counts.dims()[1] as f64 * means.iter().map(term).sum::<f64>())
}

/// Signs of failed training in the final log entry.
fn warnings(fit: &Fit, warm_up: &WarmUp, constant: Option<f64>) -> Vec<String> {
    let mut warnings = Vec::new();
    let Some(entry) = fit.log.last() else {
        return warnings;
    };
    let Some(terms) = entry.validation_terms.or(entry.terms) else {
        return warnings;
    };
    let term = |name: &str| terms.get(name).expect("LFADS declares this term");
    let (nll, divergence) = (term("nll"), term("kl_initial") + term("kl_inferred"));
    let warm_up_ended = warm_up.kl_weight(entry.batch) >= warm_up.kl_weight_end;
    if warm_up_ended && warm_up.kl_weight_end > 0.0 && divergence < COLLAPSE_NATS {
        warnings.push(format!(
            "the KL divergences are {divergence:.2} nats per trial: the posteriors have collapsed \
             to their priors and carry no information about the observations; use a longer or \
             later warm-up (kl_ramp_end, kl_ramp_start) or a smaller kl_weight_end"
        ));
    }
    if let Some(constant) = constant.filter(|constant| warm_up_ended && nll > *constant) {
        warnings.push(format!(
            "the negative log-likelihood of a trial is {nll:.1}, that of constant rates \
             {constant:.1}: the inferred rates are worse than constant rates; use a lower learning \
             rate or a smaller clip_norm"
        ));
    }
    warnings
}

/// A log entry as a map.
fn log_entry_map(entry: &LogEntry, warm_up: &WarmUp) -> Map {
    let mut map = Map::from([("batch".into(), Value::Int(entry.batch as i64))]);
    let mut insert = |name: &str, x: f64| map.insert(name.to_string(), Value::Float(x));
    insert("loss", entry.loss);
    insert("kl", warm_up.kl_weight(entry.batch));
    insert("lr", entry.lr);
    insert("grad_norm", entry.grad_norm);
    for (name, value) in entry.terms.iter().flat_map(LossTerms::iter) {
        insert(name, value);
    }
    for (name, value) in entry.validation_terms.iter().flat_map(LossTerms::iter) {
        insert(&format!("validation_{name}"), value);
    }
    entry.validation.map(|loss| insert("validation", loss));
    map
}

/// Converts the fit to a map.
///
/// Errors: the run diverged
fn result_map(
    fit: &Fit,
    warnings: Vec<String>,
    options: &TrainingOptions,
) -> Result<Map, Diagnostic> {
    check_not_diverged(OF, fit)?;
    let mut map = log_map(fit, options.run.checkpoint.is_some())?;
    let weights = log_column(fit, |entry| options.warm_up.kl_weight(entry.batch))?;
    map.insert("kl".into(), weights);
    let value = |terms: Option<LossTerms>, name: &str| {
        terms.and_then(|terms| terms.get(name)).unwrap_or(f64::NAN)
    };
    for name in LOSS_TERMS {
        let values = log_column(fit, |entry| value(entry.terms, name))?;
        map.insert(name.to_string(), values);
        if fit.best.is_some() {
            let values = log_column(fit, |entry| value(entry.validation_terms, name))?;
            map.insert(format!("validation_{name}"), values);
        }
    }
    let warnings = warnings.into_iter().map(Value::Text).collect();
    map.insert("warnings".into(), Value::List(warnings));
    Ok(map)
}
