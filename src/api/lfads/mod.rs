//! Script module `lfads`: inference of latent dynamics and inputs from observations.

pub mod infer;
pub mod io;
pub mod train;

use std::cell::{RefCell, RefMut};
use std::rc::Rc;

use super::context::Context;
use super::convert::{New, exact_tensor};
use super::diagnostic::Diagnostic;
use super::display::count_text;
use super::options::CallOptions;
use super::rnn::Net;
use super::value::{Map, ScriptObject, Value};
use crate::models::lfads::{Model, ModelOptions};
use crate::nn::Network;
use crate::ops::lfads::Sizes;
use crate::tensor::AnyPrecision;
use crate::tensor::precision::{build_precision, map_precision, match_precision};

/// An LFADS model in scripts.
pub struct Lfads(RefCell<AnyModel>);

type AnyModel = AnyPrecision<Model<f32>, Model<f64>>;

fn sizes(model: &AnyModel) -> Sizes {
    match_precision!(model, model => model.sizes)
}

impl ScriptObject for Lfads {
    const KIND: &'static str = "lfads model";
    fn display(&self) -> String {
        let model = self.0.borrow();
        let (s, dtype) = (sizes(&model), model.dtype().as_str());
        let kind = if s.gaussian { "gaussian" } else { "poisson" };
        format!(
            "lfads model: {}, {}, {}, generator of {}, {dtype}",
            count_text(s.channels, &format!("{kind} channel")),
            count_text(s.factors, "factor"),
            count_text(s.inferred, "inferred input"),
            count_text(s.generator, "unit"),
        )
    }
}

crate::natives! {
    /// LFADS: inference of the latent dynamics, initial conditions and inputs of observed trials.
    module "lfads";

    /// Creates a model of observations with `channels` channels. Bidirectional GRU encoders return
    /// the posterior of the initial condition of the generator (a GRU) and drive the controller (a
    /// GRU that also receives the factors), which returns the posterior of the inferred inputs to
    /// the generator. The factors are a linear readout of the generator state, with weight rows of
    /// norm 1, and the log-rates are an affine readout of the factors.
    ///
    /// > lfads::model(#{ channels: 50, generator: 64 })
    /// = lfads model: 50 poisson channels, 32 factors, 1 inferred input, generator of 64 units, f32
    fn model(cx: &Context, options: CallOptions<ModelOptions>) -> New<Lfads> {
        let sizes = [
            ("channels", options.channels),
            ("encoder", options.encoder),
            ("controller", options.controller),
            ("generator", options.generator),
            ("factors", options.factors),
            ("inferred_inputs", options.inferred_inputs),
        ];
        let dtype = options.dtype.dtype();
        cx.check_option_memory("lfads::model", &sizes, &[options.num_params()], dtype)?;
        let model = build_precision!(options.dtype => options.build()?);
        Ok(New(Lfads(RefCell::new(model))))
    }

    /// Returns copies of the parameters as a map of tensors. The GRUs `enc`, `con` and `gen` are
    /// prefixes of GRU parameter names, separated by an underscore; those of the backward encoder
    /// end in `_reverse`. `initial`, `inferred` and `rates` have `w` and `b`, `factors` has `w`,
    /// the priors `initial_prior` and `inferred_prior` have `mean` and `logvar`, and
    /// `inferred_prior` also `logtau`.
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

    /// Sets all parameters in a map, such as one from `params`. If any of them does not fit, none
    /// is changed.
    ///
    /// > let model = lfads::model(#{ channels: 2 });
    /// > model.load_params(#{ rates_b: [0.5, 0.25] });
    /// > model.params().rates_b.to_list()
    /// = [0.5, 0.25]
    fn load_params(this: Rc<Lfads>, params: Map) -> () {
        let mut copy = this.0.borrow().clone();
        for (name, value) in params {
            let of = format!("lfads model: parameter `{name}`");
            let value = exact_tensor(of, "a tensor", value)?;
            match_precision!(&mut copy, model => model.params.set(&name, &value)?);
        }
        *this.borrow_mut_checked()? = copy;
        Ok(())
    }

    /// Returns an independent copy of the model.
    ///
    /// > lfads::model(#{ channels: 5, inferred_inputs: 0, generator: 64 }).copy()
    /// = lfads model: 5 poisson channels, 32 factors, 0 inferred inputs, generator of 64 units, f32
    fn copy(this: Rc<Lfads>) -> New<Lfads> { Ok(New(Lfads(this.0.clone()))) }

    /// Returns the total number of parameters.
    ///
    /// > lfads::model(#{ channels: 100 }).num_params()
    /// = 460137
    fn num_params(this: Rc<Lfads>) -> usize {
        Ok(match_precision!(&*this.0.borrow(), model => model.params.layout().len()))
    }

    /// Returns the generator as a separate GRU network: its inputs are the inferred inputs, its
    /// outputs the log-rates, its initial state the prior mean. It can be used with
    /// `fixed_points::find`, `jacobians` and all other functions for an `rnn`.
    ///
    /// > lfads::model(#{ channels: 5, generator: 20 }).generator()
    /// = gru network: 1 input, 20 units, 5 outputs, f32
    fn generator(this: Rc<Lfads>) -> New<Net> {
        let network = map_precision!(&*this.0.borrow(), model => model.generator_network()?);
        Ok(New(Net(RefCell::new(Network::BuiltIn(network)))))
    }
}

impl Lfads {
    /// Mutable access to the model.
    ///
    /// Errors: the model is being trained
    fn borrow_mut_checked(&self) -> Result<RefMut<'_, AnyModel>, Diagnostic> {
        let message = "lfads model: it cannot be modified during its training";
        self.0
            .try_borrow_mut()
            .map_err(|_| Diagnostic::new(message))
    }
}
