//! Script module `lfads`, second part: training.

use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use super::{AnyPrecision, Lfads};
use crate::api::context::Context;
use crate::api::diagnostic::Diagnostic;
use crate::api::options::CallOptions;
use crate::api::precision::match_precision;
use crate::api::train::{Watched, column, course, helped, idle, well};
use crate::api::trials::Trials;
use crate::api::value::{Function, Map, Value};
use crate::base::Result;
use crate::models::lfads::{Model, TrainingOptions, WarmUp};
use crate::ops::Lanes;
use crate::tasks::Dataset;
use crate::tasks::dataset::{RawArray, RawData};
use crate::tensor::{DType, Tensor, convert};
use crate::train::{Fit, LogEntry, LossTerms, Model as _, Source, Task, run};

crate::options! {
    /// Options that scripts can pass in addition to the training options.
    pub struct Listener for "lfads::train" {
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
    /// counts), plus `kl` times the KL divergences of the posteriors of initial condition and
    /// inferred inputs from their priors (estimated with one sample for the inputs), plus l2 * the
    /// sum of squares of all parameters.
    ///
    /// Returns a map: `outcome`, `batches`, and the log as vectors `batch`, `loss`, `nll`,
    /// `kl_initial`, `kl_inferred`, `kl` (the KL weight), `rate` (the learning rate) and
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
        options: CallOptions<(TrainingOptions, Listener)>,
    ) -> Map {
        idle(OF, &options)?;
        let data = data.stack(OF)?;
        let (mut options, listener) = options.into_inner();
        let plain = &mut options.run;
        plain.batches = cx.budget(plain.batches);
        plain.checkpoint = plain.checkpoint.take().map(|path| cx.output_path(path)).transpose()?;
        let copy = model.0.borrow().clone();
        let fit = match_precision!(copy, copy => {
            let trained = Call { cx, model: &model, listener: &listener, options: &options };
            trained.run(copy, &data)
        });
        result_map(&fit.map_err(|fault| helped(fault, &options.run))?, &options)
    }
}

const OF: &str = "lfads::train";

struct Call<'a> {
    cx: &'a Context,
    model: &'a Lfads,
    listener: &'a Listener,
    options: &'a TrainingOptions,
}

/// Conversion of a model to its script type.
trait Kind: Lanes {
    fn either(model: Model<Self>) -> AnyPrecision;
}

impl Kind for f32 {
    fn either(model: Model<f32>) -> AnyPrecision {
        AnyPrecision::F32(model)
    }
}

impl Kind for f64 {
    fn either(model: Model<f64>) -> AnyPrecision {
        AnyPrecision::F64(model)
    }
}

impl Call<'_> {
    /// Trains the copy. Its parameters replace those of the script's model at each log entry and at
    /// the end.
    fn run<T: Kind>(
        &self,
        copy: Model<T>,
        data: &Tensor,
    ) -> Result<(Fit, Vec<String>), Diagnostic> {
        let (cx, options) = (self.cx, self.options);
        let mut model = copy.with_warm_up(options.warm_up.clone());
        let set = dataset(&model, data)?;
        let trials = self.listener.validation.clone();
        let trials = trials.map(|trials| trials.stack(OF)).transpose()?;
        let validation = trials.map(|trials| dataset(&model, &trials)).transpose()?;
        let validation = validation.map(|set| set.all::<T>());
        let s = model.sizes;
        let units = 4 * (2 * s.encoder + s.controller + s.generator) + s.channels;
        let time = Task::<T>::shape(&set).time;
        let batch = options.run.batch_size;
        let sizes = [batch, time, units];
        cx.check_option_memory(OF, &[("batch_size", batch)], &sizes, T::DTYPE)?;
        let source = Source {
            task: &set,
            validation: validation.as_ref(),
        };
        let show = |model: &Model<T>| *self.model.0.borrow_mut() = T::either(model.clone());
        let mut on_log = |line: &LogEntry, model: &Model<T>| {
            let Some(function) = &self.listener.on_log else {
                return Ok(ControlFlow::Continue(()));
            };
            if cx.is_interrupted() {
                return Ok(ControlFlow::Break(()));
            }
            show(model);
            Ok(
                match function.call(vec![Value::Map(entries(line, &options.warm_up))])? {
                    Value::Bool(false) => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                },
            )
        };
        let mut progress = Watched::new(cx, OF);
        let fit = run(
            &mut model,
            &source,
            &options.run,
            &mut progress,
            &mut on_log,
        );
        show(&model);
        let fit = fit?;
        cx.interrupt.store(false, Ordering::Relaxed);
        let constant = match s.gaussian {
            true => None,
            false => Some(constant_nll(data)?),
        };
        let warnings = warnings(&fit, &options.warm_up, constant);
        Ok((fit, warnings))
    }
}

/// Converts trials to a data set without targets.
///
/// Errors: those of [`Model::observed_trials`]
fn dataset<T: Kind>(model: &Model<T>, trials: &Tensor) -> Result<Dataset> {
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
    let Some(line) = fit.log.last() else {
        return warnings;
    };
    let Some(terms) = line.validation_terms.or(line.terms) else {
        return warnings;
    };
    let term = |name: &str| terms.get(name).expect("LFADS declares this term");
    let (nll, divergence) = (term("nll"), term("kl_initial") + term("kl_inferred"));
    let grown = warm_up.kl_weight(line.batch) >= warm_up.kl_weight_end;
    if grown && warm_up.kl_weight_end > 0.0 && divergence < COLLAPSED {
        warnings.push(format!(
            "the KL divergences are {divergence:.2} nats per trial: the posteriors have collapsed \
             to their priors and carry no information about the observations; use a longer or \
             later warm-up (kl_ramp_end, kl_ramp_start) or a smaller kl_weight_end"
        ));
    }
    if let Some(constant) = constant.filter(|constant| grown && nll > *constant) {
        warnings.push(format!(
            "the negative log-likelihood of a trial is {nll:.1}, that of constant rates \
             {constant:.1}: the inferred rates are worse than constant rates; use a lower learning \
             rate or a smaller clip_norm"
        ));
    }
    warnings
}

/// KL divergence in nats below which the posteriors count as collapsed.
const COLLAPSED: f64 = 0.1;

fn entries(line: &LogEntry, warm_up: &WarmUp) -> Map {
    let mut map = Map::from([("batch".into(), Value::Int(line.batch as i64))]);
    let mut real = |name: &str, x: f64| map.insert(name.to_string(), Value::Float(x));
    real("loss", line.loss);
    real("kl", warm_up.kl_weight(line.batch));
    real("lr", line.lr);
    real("grad_norm", line.grad_norm);
    for (name, value) in line.terms.iter().flat_map(LossTerms::iter) {
        real(name, value);
    }
    for (name, value) in line.validation_terms.iter().flat_map(LossTerms::iter) {
        real(&format!("validation_{name}"), value);
    }
    line.validation.map(|loss| real("validation", loss));
    map
}

/// Converts the fit to a map.
///
/// Errors: the run diverged
fn result_map(
    (fit, warnings): &(Fit, Vec<String>),
    options: &TrainingOptions,
) -> Result<Map, Diagnostic> {
    well(OF, fit)?;
    let mut map = course(fit, options.run.checkpoint.is_some())?;
    let weights = column(fit, |line| options.warm_up.kl_weight(line.batch))?;
    map.insert("kl".into(), weights);
    let value = |terms: Option<LossTerms>, name: &str| {
        terms.and_then(|terms| terms.get(name)).unwrap_or(f64::NAN)
    };
    for name in Model::<f32>::LOSS_TERMS {
        let column_of = column(fit, |line| value(line.terms, name))?;
        map.insert(name.to_string(), column_of);
        if fit.best.is_some() {
            let column_of = column(fit, |line| value(line.validation_terms, name))?;
            map.insert(format!("validation_{name}"), column_of);
        }
    }
    let warnings = warnings.iter().cloned().map(Value::Text).collect();
    map.insert("warnings".into(), Value::List(warnings));
    Ok(map)
}
