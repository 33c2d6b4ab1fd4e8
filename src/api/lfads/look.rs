//! Script module `lfads`, third part: inference, generation and evaluation.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use super::Lfads;
use crate::api::context::Context;
use crate::api::diagnostic::Diagnostic;
use crate::api::options::CallOptions;
use crate::api::precision::match_precision;
use crate::api::train::Watched;
use crate::api::trials::Trials;
use crate::api::value::{Map, Value};
use crate::base::options::Span;
use crate::base::{Outcome, Result};
use crate::models::lfads::{InferenceOptions, Model, Posterior, Summary};
use crate::ops::Lanes;
use crate::options;
use crate::random::{Key, Seed};
use crate::tensor::{Tensor, convert};

options! {
    /// Options of `generate`.
    pub struct Generation for "lfads model.generate" {
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
    /// samples has the suffix `_sd`; with `quantiles`, the quantiles [q, ..] have the suffix `_quantiles`. With
    /// `samples: 0` one forward pass uses the posterior means, and there are no standard
    /// deviations. For a single trial [t, channels] the results have no first axis.
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
        match_precision!(&*this.0.borrow(), model => inferred(cx, model, &all, &options, single))
    }

    /// Generates n trials from the priors of initial condition and inferred inputs, as a map of
    /// `rates` [n, t, channels] (per second), `factors`, `generator`, `inferred_inputs` and
    /// `initial_conditions`.
    ///
    /// > lfads::model(#{ channels: 3 }).generate(5, #{ steps: 20 }).rates.shape()
    /// = [5, 20, 3]
    fn generate(cx: &Context, this: Rc<Lfads>, n: usize, options: CallOptions<Generation>) -> Map {
        let key = options.seed.key();
        let t = options.steps;
        match_precision!(&*this.0.borrow(), model => made_up(cx, model, [n, t], &key))
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
    fn evaluate(this: Rc<Lfads>, observations: Trials) -> Map {
        let observations = observations.stack("lfads model.evaluate")?;
        match_precision!(&*this.0.borrow(), model => {
            let observed = model.observed_trials("lfads model.evaluate", &observations)?;
            let losses = model.evaluate(&observed)?;
            let [nll, initial, inferred] = [losses.nll, losses.kl_initial, losses.kl_inferred];
            let all = [("nll", nll), ("kl_initial", initial), ("kl_inferred", inferred),
                       ("loss", nll + initial + inferred),
                       ("log_factorials", model.log_factorials(&observed))];
            Ok(all.map(|(name, x)| (name.to_string(), Value::Float(x))).into())
        })
    }
}

fn inferred<T: Lanes>(
    cx: &Context,
    model: &Model<T>,
    observations: &Tensor,
    options: &InferenceOptions,
    single: bool,
) -> Result<Map, Diagnostic> {
    let of = "lfads model.infer";
    let observed = model.observed_trials(of, observations)?;
    let (s, n, t, q) = (
        model.sizes,
        observed.trials,
        observed.time,
        options.quantiles.len(),
    );
    cx.check_memory(of, &[n, t, (2 + q) * (s.channels + s.generator)], T::DTYPE)?;
    let mut progress = Watched::new(cx, of);
    let Posterior {
        rates,
        factors,
        generator,
        inferred,
        initial,
        outcome,
    } = model.infer(&observed, options, &mut progress);
    cx.interrupt.store(false, Ordering::Relaxed);
    if let Outcome::Interrupted { at } = outcome {
        return Err(Diagnostic::new(format!(
            "{of}: interrupted after {at} of {n} trials"
        )));
    }
    let first: &[usize] = if single { &[] } else { &[n] };
    let mut map = Map::new();
    for (name, summary, shape) in [
        ("rates", rates, &[t, s.channels][..]),
        ("factors", factors, &[t, s.factors]),
        ("generator", generator, &[t, s.generator]),
        ("inferred_inputs", inferred, &[t, s.inferred]),
        ("initial_conditions", initial, &[s.generator]),
    ] {
        if !summary.mean.is_empty() {
            insert_summary(&mut map, name, &summary, (&[first, shape].concat(), q))?;
        }
    }
    Ok(map)
}

fn insert_summary<T: Lanes>(
    map: &mut Map,
    name: &str,
    summary: &Summary<T>,
    (shape, q): (&[usize], usize),
) -> Result<()> {
    let mut put = |name: String, numbers: &[T], shape: &[usize]| -> Result<()> {
        map.insert(name, Value::Tensor(convert::from_slice(numbers, shape)?));
        Ok(())
    };
    put(name.into(), &summary.mean, shape)?;
    if !summary.std.is_empty() {
        put(format!("{name}_sd"), &summary.std, shape)?;
    }
    if q > 0 {
        let shape = [&[q], shape].concat();
        put(format!("{name}_quantiles"), &summary.quantiles, &shape)?;
    }
    Ok(())
}

fn made_up<T: Lanes>(
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
    cx.check_memory(of, &[n, t, s.channels + s.generator], T::DTYPE)?;
    let course = model.generate(n, t, key);
    let mut map = Map::new();
    for (name, numbers, shape) in [
        ("rates", &course.rates, &[n, t, s.channels][..]),
        ("factors", &course.factors, &[n, t, s.factors]),
        ("generator", &course.generator, &[n, t, s.generator]),
        ("inferred_inputs", &course.inferred, &[n, t, s.inferred]),
        ("initial_conditions", &course.initial, &[n, s.generator]),
    ] {
        if !numbers.is_empty() {
            map.insert(
                name.into(),
                Value::Tensor(convert::from_slice(numbers, shape)?),
            );
        }
    }
    Ok(map)
}
