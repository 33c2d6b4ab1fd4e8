//! The table `lfads`: models of the dynamics and inputs behind observations.

pub mod files;
pub mod learn;
pub mod look;

use std::cell::{RefCell, RefMut};
use std::rc::Rc;

use super::context::Context;
use super::convert::New;
use super::diagnostic::Diagnostic;
use super::options::CallOptions;
use super::precision::match_precision;
use super::rnn::Net;
use super::value::{Map, ScriptObject, Value};
use crate::models::lfads::{Model, ModelOptions};
use crate::nn::{self, Precision};
use crate::ops::lfads::Sizes;

/// A model as scripts hold it.
pub struct Lfads(RefCell<AnyPrecision>);

type AnyPrecision = super::precision::AnyPrecision<Model<f32>, Model<f64>>;

fn sizes(model: &AnyPrecision) -> Sizes {
    match_precision!(model, model => model.sizes)
}

impl ScriptObject for Lfads {
    const KIND: &'static str = "lfads model";
    fn display(&self) -> String {
        let model = self.0.borrow();
        let (s, dtype) = (sizes(&model), model.dtype().as_str());
        let kind = if s.gaussian { "gaussian" } else { "poisson" };
        let count = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
        format!(
            "lfads model: {}, {}, {}, generator of {}, {dtype}",
            count(s.channels, &format!("{kind} channel")),
            count(s.factors, "factor"),
            count(s.inferred, "inferred input"),
            count(s.generator, "unit"),
        )
    }
}

crate::natives! {
    /// LFADS: the dynamics, and the inputs to them, behind what was observed of many trials.
    module "lfads";

    /// A new model of observations with so many `channels`: encoders (GRUs from both ends of time)
    /// give a posterior of the first state of a generator (a GRU) and drive a controller (a GRU
    /// that sees the factors too), which gives a posterior of the generator's inputs; rows of
    /// length 1 make factors of the generator's state, and the factors make log-rates.
    ///
    /// > lfads::model(#{ channels: 50, generator: 64 })
    /// = lfads model: 50 poisson channels, 32 factors, 1 inferred input, generator of 64 units, f32
    fn model(cx: &Context, options: CallOptions<ModelOptions>) -> New<Lfads> {
        cx.check_memory("lfads::model", &[options.num_params()], options.dtype.dtype())?;
        let either = match options.dtype {
            Precision::F32 => AnyPrecision::F32(options.build()?),
            Precision::F64 => AnyPrecision::F64(options.build()?),
        };
        Ok(New(Lfads(RefCell::new(either))))
    }

    /// The parameters, as a map of tensors (copies). Those of the GRUs `enc`, `con` and `gen` have
    /// the names of a GRU's behind an underscore, those of the encoder from the last time on end in
    /// `_reverse`; `initial`, `inferred` and `rates` have `w` and `b`, `factors` has `w`, and the
    /// priors `initial_prior` and `inferred_prior` have `mean` and `logvar`, the latter `logtau`.
    ///
    /// > lfads::model(#{ channels: 5, factors: 3 }).params().rates_w.shape()
    /// = [5, 3]
    fn params(this: Rc<Lfads>) -> Map {
        match_precision!(&*this.0.borrow(), model => {
            let names = model.params.layout().blocks().iter().map(|block| &block.name);
            names
                .map(|name| Ok((name.clone(), Value::Tensor(model.params.tensor(name)?))))
                .collect()
        })
    }

    /// Overwrites the parameters that a map names, such as one that `params` gave; either all of
    /// them fit or none is changed.
    ///
    /// > let model = lfads::model(#{ channels: 2 });
    /// > model.load_params(#{ rates_b: [0.5, 0.25] });
    /// > model.params().rates_b.to_list()
    /// = [0.5, 0.25]
    fn load_params(this: Rc<Lfads>, params: Map) -> () {
        let mut changed = this.0.borrow().clone();
        for (name, value) in params {
            let value = super::rnn::tensor(format!("lfads model: parameter `{name}`"), value)?;
            match_precision!(&mut changed, model => model.params.set(&name, &value)?);
        }
        *this.changing()? = changed;
        Ok(())
    }

    /// Another model with the same parameters, which then go their own way.
    ///
    /// > lfads::model(#{ channels: 5, inferred: 0, generator: 64 }).copy()
    /// = lfads model: 5 poisson channels, 32 factors, 0 inferred inputs, generator of 64 units, f32
    fn copy(this: Rc<Lfads>) -> New<Lfads> { Ok(New(Lfads(this.0.clone()))) }

    /// How many numbers all parameters are together.
    ///
    /// > lfads::model(#{ channels: 100 }).count()
    /// = 460137
    fn count(this: Rc<Lfads>) -> usize {
        Ok(match_precision!(&*this.0.borrow(), model => model.params.layout().len()))
    }

    /// The generator as a GRU of its own: its inputs are the inferred ones, its outputs the
    /// log-rates, its first state the mean of the prior. For `fixed_points::find`, `jacobians` and
    /// whatever else an `rnn` can do.
    ///
    /// > lfads::model(#{ channels: 5, generator: 20 }).generator()
    /// = gru network: 1 input, 20 units, 5 outputs, f32
    fn generator(this: Rc<Lfads>) -> New<Net> {
        let network = match &*this.0.borrow() {
            AnyPrecision::F32(model) => nn::Network::F32(model.generator_network()?),
            AnyPrecision::F64(model) => nn::Network::F64(model.generator_network()?),
        };
        Ok(New(Net(RefCell::new(network))))
    }
}

impl Lfads {
    /// The model, to be changed.
    ///
    /// Errors: it is being trained
    fn changing(&self) -> Result<RefMut<'_, AnyPrecision>, Diagnostic> {
        let words = "lfads model: it cannot be changed while it is trained";
        self.0.try_borrow_mut().map_err(|_| Diagnostic::new(words))
    }
}
