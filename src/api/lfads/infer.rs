//! Script module `lfads`: inference, generation and evaluation.

use std::rc::Rc;

use super::Lfads;
use crate::api::context::Context;
use crate::api::diagnostic::Diagnostic;
use crate::api::options::CallOptions;
use crate::api::trials::Trials;
use crate::api::value::{Map, Value};
use crate::base::options::Span;
use crate::base::{Outcome, Result};
use crate::models::lfads::{InferenceOptions, Model, Summary};
use crate::ops::Lanes;
use crate::ops::lfads::Sizes;
use crate::options;
use crate::random::{Key, Seed};
use crate::tensor::precision::match_precision;
use crate::tensor::{Device, Tensor};

options! {
    /// Options of `generate`.
    pub struct GenerationOptions for "lfads model.generate" {
        /// Number of time steps per trial.
        steps: usize = 100, in Span::at_least(1.0);
        /// Seed of the initial conditions and inputs.
        seed: Seed = Seed::default();
    }
}

crate::natives! {
    /// LFADS: inference of the latent dynamics, initial conditions and inputs of observed trials.
    module "lfads";

    /// Infers the latent variables of trials [n, t, channels]: posterior means over samples, as a
    /// map of `rates` [n, t, channels] (per second), `factors` [n, t, k], `generator` [n, t, g],
    /// `inferred_inputs` [n, t, u] and `initial_conditions` [n, g]. The standard deviation over
    /// samples has the suffix `_sd`; with `quantiles`, the quantiles [q, ..] have the suffix
    /// `_quantiles`. With `samples: 0` one forward pass uses the posterior means, and there are
    /// no standard deviations. For a single trial [t, channels] the results have no first axis.
    ///
    /// > let model = lfads::model(#{ channels: 3, generator: 8, factors: 2 });
    /// > let found = model.infer(ones([4, 10, 3]), #{ samples: 16, quantiles: [0.05, 0.95] });
    /// > [found.rates.shape(), found.rates_sd.shape(), found.factors_quantiles.shape()]
    /// = [[4, 10, 3], [4, 10, 3], [2, 4, 10, 2]]
    fn infer(
        cx: &Context, this: Rc<Lfads>, observations: Trials, options: CallOptions<InferenceOptions>,
    ) -> Map {
        let observations = observations.stack("lfads model.infer")?;
        let single = observations.rank() == 2;
        let all = if single { observations.unsqueeze(0)? } else { observations };
        match_precision!(&*this.0.borrow(), model => {
            infer_trials(cx, model, &all, &options, single)
        })
    }

    /// Generates n trials from the priors of initial condition and inferred inputs, as a map of
    /// `rates` [n, t, channels] (per second), `factors`, `generator`, `inferred_inputs` and
    /// `initial_conditions`.
    ///
    /// > lfads::model(#{ channels: 3 }).generate(5, #{ steps: 20 }).rates.shape()
    /// = [5, 20, 3]
    fn generate(
        cx: &Context, this: Rc<Lfads>, n: usize, options: CallOptions<GenerationOptions>,
    ) -> Map {
        let key = options.seed.key();
        let t = options.steps;
        match_precision!(&*this.0.borrow(), model => generate_trials(cx, model, [n, t], &key))
    }

    /// Computes the parts of the validation loss of trials [n, t, channels], as means over trials,
    /// without dropout and always with the same samples: `nll`, the negative log-likelihood
    /// (without the log-factorials of counts), `kl_initial`, `kl_inferred`, and `loss`, their sum.
    /// `log_factorials` is the term to add to `nll` for the complete negative log-likelihood of
    /// counts.
    ///
    /// > let model = lfads::model(#{ channels: 3, generator: 8, factors: 2 });
    /// > let found = model.evaluate(ones([4, 10, 3]));
    /// > [found.nll > 0.0, found.kl_initial > 0.0, found.loss > found.nll]
    /// = [true, true, true]
    fn evaluate(cx: &Context, this: Rc<Lfads>, observations: Trials) -> Map {
        let of = "lfads model.evaluate";
        let observations = observations.stack(of)?;
        match_precision!(&*this.0.borrow(), model => {
            let observed = model.observed_trials(of, &observations)?;
            let size = [observed.trials, observed.time];
            let pass = ["lfads model.evaluate: a forward pass", "use fewer time steps"];
            cx.check_sequence_memory(pass, size, model.evaluation_bytes(size))?;
            let losses = model.evaluate(&observed)?;
            let [nll, initial, inferred] = [losses.nll, losses.kl_initial, losses.kl_inferred];
            let all = [("nll", nll), ("kl_initial", initial), ("kl_inferred", inferred),
                       ("loss", nll + initial + inferred),
                       ("log_factorials", model.log_factorials(&observed))];
            Ok(all.map(|(name, x)| (name.to_string(), Value::Float(x))).into())
        })
    }
}

/// Shapes of the results: `first` is the axis of trials, if any, and `t` the number of time steps.
fn result_shapes(first: &[usize], t: usize, s: &Sizes) -> [(&'static str, Vec<usize>); 5] {
    let shape = |rest: &[usize]| [first, rest].concat();
    [
        ("rates", shape(&[t, s.channels])),
        ("factors", shape(&[t, s.factors])),
        ("generator", shape(&[t, s.generator])),
        ("inferred_inputs", shape(&[t, s.inferred])),
        ("initial_conditions", shape(&[s.generator])),
    ]
}

/// The posterior of the trials [n, t, channels] as a map; without a first axis if `single`.
fn infer_trials<T: Lanes>(
    cx: &Context,
    model: &Model<T>,
    observations: &Tensor,
    options: &InferenceOptions,
    single: bool,
) -> Result<Map, Diagnostic> {
    let of = "lfads model.infer";
    let observed = model.observed_trials(of, observations)?;
    let (s, q) = (model.sizes, options.quantiles.len());
    let (n, t) = (observed.trials, observed.time);
    let pass = [
        "lfads model.infer: a forward pass",
        "use fewer `samples`, trials or time steps",
    ];
    cx.check_sequence_memory(pass, [n, t], model.inference_bytes([n, t], options))?;
    let posterior = cx.run_stoppable(of, |progress| {
        Ok::<_, Diagnostic>(model.infer(&observed, options, progress))
    })?;
    if let Outcome::Interrupted { at } = posterior.outcome {
        return Err(Diagnostic::new(format!(
            "{of}: interrupted after {at} of {n} trials"
        )));
    }
    let first: &[usize] = if single { &[] } else { &[n] };
    let summaries = [
        posterior.rates,
        posterior.factors,
        posterior.generator,
        posterior.inferred,
        posterior.initial,
    ];
    let mut map = Map::new();
    for ((name, shape), summary) in result_shapes(first, t, &s).iter().zip(summaries) {
        if !summary.mean.is_empty() {
            insert_summary(&mut map, name, summary, (shape, q))?;
        }
    }
    Ok(map)
}

/// Inserts the mean and, if present, the standard deviation and the quantiles.
fn insert_summary<T: Lanes>(
    map: &mut Map,
    name: &str,
    summary: Summary<T>,
    (shape, q): (&[usize], usize),
) -> Result<()> {
    let mut insert = |name: String, values: Vec<T>, shape: &[usize]| -> Result<()> {
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu)?;
        map.insert(name, Value::Tensor(tensor));
        Ok(())
    };
    insert(name.into(), summary.mean, shape)?;
    if !summary.std.is_empty() {
        insert(format!("{name}_sd"), summary.std, shape)?;
    }
    if q > 0 {
        let shape = [&[q], shape].concat();
        insert(format!("{name}_quantiles"), summary.quantiles, &shape)?;
    }
    Ok(())
}

/// `n` trials of `t` time steps from the priors, as a map.
fn generate_trials<T: Lanes>(
    cx: &Context,
    model: &Model<T>,
    [n, t]: [usize; 2],
    key: &Key,
) -> Result<Map, Diagnostic> {
    let s = model.sizes;
    let of = "lfads model.generate";
    if n == 0 {
        return Err(Diagnostic::new(format!(
            "{of}: expected `n` of 1 or more, found 0"
        )));
    }
    let pass = [
        "lfads model.generate: a forward pass",
        "reduce `n` or `steps`",
    ];
    cx.check_sequence_memory(pass, [n, t], model.generation_bytes(n, t))?;
    let trials = model.generate(n, t, key);
    let arrays = [
        trials.rates,
        trials.factors,
        trials.generator,
        trials.inferred,
        trials.initial,
    ];
    let mut map = Map::new();
    for ((name, shape), values) in result_shapes(&[n], t, &s).into_iter().zip(arrays) {
        if !values.is_empty() {
            let tensor = Tensor::from_vec(values, shape, &Device::Cpu)?;
            map.insert(name.into(), Value::Tensor(tensor));
        }
    }
    Ok(map)
}
