//! The script module `rnn`: networks whose step is defined by a script.

use std::cell::RefCell;
use std::rc::Rc;

use super::args::parameter_tensor;
use super::net::Net;
use crate::api::context::Context;
use crate::api::convert::New;
use crate::api::diagnostic::Diagnostic;
use crate::api::options::CallOptions;
use crate::api::value::{Function, Map, Value};
use crate::base::{Error, Result};
use crate::nn::{CustomOptions, Network, ParamMap, UserFn, UserFns};
use crate::options;
use crate::tensor::Tensor;
use crate::tensor::precision::build_precision;

options! {
    /// The closures and parameters of a custom network.
    pub struct Closures for "rnn::custom" {
        /// Returns the next states [b, n] for states h [b, n], inputs x [b, i] and the map of
        /// parameters. Required.
        step: Option<Function> = None, default crate::base::options::REQUIRED;
        /// Returns the outputs [b, o] for states h [b, n] and the map of parameters. Without it,
        /// the outputs are wO h + bO, with parameters `wO` and `bO`.
        readout: Option<Function> = None, default "wO h + bO";
        /// Initial values of the parameters by name: tensors, or numbers in lists. The names `h0`,
        /// `wO` and `bO` are reserved for the initial state and the linear readout.
        params: Option<Map> = None;
    }
}

crate::natives! {
    /// Recurrent neural networks.
    module "rnn";

    /// A new network whose step is a closure: h' = step(h, x, p) + noise, o = wO h' + bO, or o =
    /// readout(h', p).
    ///
    /// The closure receives the states h [b, n] and inputs x [b, i] of a batch at one time step,
    /// and p, a map of all parameters. Each row of its result must depend on the same row of h and
    /// x only.
    ///
    /// Gradients are computed by autograd: training changes the parameters in `params`, and values
    /// extracted with `item` or `to_list` carry no gradient. Unless `params` contains them, the
    /// initial values are h0 ~ 0.1 N(0, 1), wO ~ N(0, 1) / sqrt(units) and bO = 0.
    ///
    /// A file of `save` contains the parameters, which `load_params` accepts, but not the closure.
    ///
    /// > let w = random::normal(random::key(0), [2, 2]);
    /// > let step = |h, x, p| h + 0.1 * (h.tanh().matmul(p.w) - h) + x;
    /// > let net = rnn::custom(#{ units: 2, step: step, params: #{ w: w } });
    /// > train(net, tasks::integrator(), #{ batches: 10 });
    /// > print(net.run(zeros([4, 7, 1])).states.shape());
    /// > net
    /// = custom network: 1 input, 2 units, 1 output, f32
    fn custom(cx: &Context, options: CallOptions<(CustomOptions, Closures)>) -> New<Net> {
        let (options, closures) = options.into_inner();
        let doc = "the next states for h, x and the parameters".into();
        let missing = Error::Missing { of: "rnn::custom", name: "step", doc };
        let step = closures.step.ok_or(missing)?;
        let functions = Rc::new(UserFns {
            step: user_fn(("rnn::custom: step", "the next states"), step),
            readout: closures.readout.map(|f| user_fn(("rnn::custom: readout", "outputs"), f)),
        });
        let width = options.inputs.saturating_add(options.outputs).saturating_add(1);
        let units = options.units.unwrap_or_default();
        let (inputs, outputs) = (options.inputs, options.outputs);
        let sizes = [("inputs", inputs), ("units", units), ("outputs", outputs)];
        let dtype = options.dtype.dtype();
        cx.check_option_memory("rnn::custom", &sizes, &[units, width], dtype)?;
        let params = param_map(closures.params.unwrap_or_default())?;
        let net = build_precision!(options.dtype => options.build(functions, &params)?);
        Ok(New(Net(RefCell::new(Network::Custom(net)))))
    }
}

/// The parameters as tensors.
fn param_map(params: Map) -> Result<ParamMap, Diagnostic> {
    let entries = params.into_iter();
    let entries = entries.map(|(name, value)| {
        let value = parameter_tensor(&name, value)?;
        Ok((name, value))
    });
    entries.collect()
}

/// A closure wrapped as a user function of the engine.
fn user_fn((of, what): (&'static str, &'static str), function: Function) -> UserFn {
    let closure = function.clone();
    let locate =
        move |error: Error| -> Error { Diagnostic::from(error).at(closure.location()).into() };
    let call = move |args: &[Tensor], params: &ParamMap| -> Result<Tensor> {
        let mut values: Vec<Value> = args.iter().cloned().map(Value::Tensor).collect();
        let params = params.iter();
        let params = params.map(|(name, value)| (name.clone(), Value::Tensor(value.clone())));
        values.push(Value::Map(params.collect()));
        match function.call(values)? {
            Value::Tensor(tensor) => Ok(tensor),
            other => {
                let error = Diagnostic::from(Error::Kind {
                    of: of.into(),
                    expected: format!("{what} as a tensor"),
                    found: other.kind(),
                });
                Err(error.at(function.location()).into())
            }
        }
    };
    UserFn {
        name: of,
        output: what,
        function: Box::new(call),
        locate: Box::new(locate),
    }
}
