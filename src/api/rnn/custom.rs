//! The script module `rnn`: networks whose step is defined by a script.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::context::Context;
use super::super::convert::New;
use super::super::diagnostic::Diagnostic;
use super::super::options::CallOptions;
use super::super::value::{Function, Map, Value};
use super::{Net, parameter, plural};
use crate::base::{Error, Result};
use crate::nn::{CustomOptions, Network, ParamMap, Precision, UserFn, UserFns};
use crate::options;
use crate::tensor::Tensor;

options! {
    /// The closures and parameters of a custom network.
    pub struct Written for "rnn::custom" {
        /// Returns the next states [b, n] for states h [b, n], inputs x [b, i] and the map of
        /// parameters. Required.
        step: Option<Function> = None;
        /// Returns the outputs [b, o] for states h [b, n] and the map of parameters. Without it,
        /// the outputs are wO h + bO, with parameters `wO` and `bO`.
        readout: Option<Function> = None;
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
    fn custom(cx: &Context, options: CallOptions<(CustomOptions, Written)>) -> New<Net> {
        let (options, written) = options.into_inner();
        let doc = "the next states for h, x and the parameters".into();
        let missing = Error::Missing { of: "rnn::custom", name: "step", doc };
        let step = written.step.ok_or(missing)?;
        let functions = Rc::new(UserFns {
            step: rule(("rnn::custom: step", "the next states"), step),
            readout: written.readout.map(|f| rule(("rnn::custom: readout", "outputs"), f)),
        });
        let widest = options.inputs.saturating_add(options.outputs).saturating_add(1);
        let units = options.units.unwrap_or_default();
        let (inputs, outputs) = (options.inputs, options.outputs);
        let sizes = [("inputs", inputs), ("units", units), ("outputs", outputs)];
        let dtype = options.dtype.dtype();
        cx.check_option_memory("rnn::custom", &sizes, &[units, widest], dtype)?;
        let given = named(written.params.unwrap_or_default())?;
        Ok(New(Net(RefCell::new(match options.dtype {
            Precision::F32 => Network::CustomF32(options.build(functions, &given)?),
            Precision::F64 => Network::CustomF64(options.build(functions, &given)?),
        }))))
    }
}

/// The line that `print` shows.
pub fn show(net: &Network) -> String {
    format!(
        "custom network: {}, {}, {}, {}",
        plural(net.inputs(), "input"),
        plural(net.units(), "unit"),
        plural(net.outputs(), "output"),
        net.dtype().as_str(),
    )
}

fn named(params: Map) -> Result<ParamMap, Diagnostic> {
    let entries = params.into_iter();
    let entries = entries.map(|(name, value)| {
        let value = parameter(&name, value)?;
        Ok((name, value))
    });
    entries.collect()
}

/// A closure wrapped as a user function of the engine.
fn rule((of, what): (&'static str, &'static str), function: Function) -> UserFn {
    let written = function.clone();
    let blame =
        move |fault: Error| -> Error { Diagnostic::from(fault).at(written.location()).into() };
    let given = move |args: &[Tensor], params: &ParamMap| -> Result<Tensor> {
        let mut values: Vec<Value> = args.iter().cloned().map(Value::Tensor).collect();
        let params = params.iter();
        let params = params.map(|(name, value)| (name.clone(), Value::Tensor(value.clone())));
        values.push(Value::Map(params.collect()));
        match function.call(values)? {
            Value::Tensor(tensor) => Ok(tensor),
            other => {
                let fault = Diagnostic::from(Error::Kind {
                    of: of.into(),
                    expected: format!("{what} as a tensor"),
                    found: other.kind(),
                });
                Err(fault.at(function.location()).into())
            }
        }
    };
    UserFn {
        name: of,
        output: what,
        function: Box::new(given),
        locate: Box::new(blame),
    }
}
