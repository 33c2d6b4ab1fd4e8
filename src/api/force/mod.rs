//! Script module `force`: networks that are trained online by recursive least squares.

mod args;
pub mod io;
pub mod train;

use std::cell::{RefCell, RefMut};
use std::rc::Rc;

use super::context::Context;
use super::convert::{New, exact_tensor, tensor_map};
use super::diagnostic::Diagnostic;
use super::display::count_text;
use super::options::CallOptions;
use super::rnn::Net;
use super::value::{Map, ScriptObject, Value};
use crate::base::Result;
use crate::models::force::{Network, NetworkOptions};
use crate::nn;
use crate::ops::Lanes;
use crate::ops::force::{RunOutcome, Sequence};
use crate::options;
use crate::tensor::precision::{build_precision, map_precision, match_precision};
use crate::tensor::{AnyPrecision, Device, Tensor, convert, shape};
use args::{sequence_length, sequence_values, to_tensor};

/// Name of `run` in error messages.
const RUN: &str = "force network.run";
/// Matrix rows are padded to a multiple of this number of elements.
const ROW_MULTIPLE: usize = 16;

/// A FORCE network in scripts.
pub struct Force(RefCell<AnyNetwork>);

type AnyNetwork = AnyPrecision<Network<f32>, Network<f64>>;

options! {
    /// Options of `run`.
    pub struct RunOptions for "force network.run" {
        /// Start from the initial state instead of the current state.
        restart: bool = false;
        /// Teacher forcing: values that are fed back after each time step in place of the outputs,
        /// [t, outputs].
        teacher_forcing: Option<Tensor> = None;
    }
}

impl ScriptObject for Force {
    const KIND: &'static str = "force network";
    fn display(&self) -> String {
        let network = self.0.borrow();
        let dtype = network.dtype().as_str();
        let (sizes, has_p) = match_precision!(&*network, net => (net.sizes, net.inverse.is_some()));
        format!(
            "force network: {}, {}, {}, {dtype}{}",
            count_text(sizes.inputs, "input"),
            count_text(sizes.units, "unit"),
            count_text(sizes.outputs, "output"),
            if has_p { ", has learned" } else { "" },
        )
    }
}

crate::natives! {
    /// FORCE learning: a chaotic network with output feedback, whose readout is trained online by
    /// recursive least squares.
    module "force";

    /// Creates a network: a' = a + dt/tau (-a + wI x + wR h + wF z), h = tanh(a'), z = wO h.
    /// Initial values: a ~ 0.25 N(0, 1), wI ~ N / sqrt(inputs), wR ~ gain N / sqrt(density units),
    /// wO ~ N / sqrt(units), wF ~ N. The network stores its current state: by default a run or a
    /// training starts where the last one ended.
    ///
    /// > force::network(#{ units: 300, outputs: 2, gain: 1.5, seed: 1 })
    /// = force network: 1 input, 300 units, 2 outputs, f32
    fn network(cx: &Context, options: CallOptions<NetworkOptions>) -> New<Force> {
        let (n, i, m) = (options.units, options.inputs, options.outputs);
        // Counted twice, for the sampled and the stored copy; rows are padded.
        let pad = |n: usize| n.div_ceil(ROW_MULTIPLE).saturating_mul(2 * ROW_MULTIPLE);
        let arrays: [&[usize]; 4] = [&[n, pad(n)], &[n, pad(i)], &[n, pad(m)], &[m, pad(n)]];
        let of = "force::network";
        let sizes = [("units", n), ("inputs", i), ("outputs", m)];
        let dtype = options.dtype.dtype();
        for array in arrays {
            cx.check_option_memory(of, &sizes, array, dtype)?;
        }
        cx.check_option_memory(of, &sizes, &[shape::total_elements(&arrays)], dtype)?;
        let network = build_precision!(options.dtype => options.build()?);
        Ok(New(Force(RefCell::new(network))))
    }

    /// Runs the network from its current state without training: over inputs [t, inputs], or for a
    /// number of time steps with zero inputs. Returns a map of `outputs` [t, outputs] and `states`
    /// h [t, units].
    ///
    /// > let net = force::network(#{ units: 50, outputs: 2 });
    /// > let run = net.run(100);
    /// > [run.outputs.shape(), run.states.shape()]
    /// = [[100, 2], [100, 50]]
    fn run(cx: &Context, this: Rc<Force>, inputs: Value, options: CallOptions<RunOptions>) -> Map {
        let mut network = this.borrow_mut_checked()?;
        match_precision!(&mut *network, net => run_network(cx, net, inputs, &options))
    }

    /// Resets the state to the initial state; the trained weights and P are unchanged.
    ///
    /// > let net = force::network(#{ units: 50 });
    /// > let first = net.run(10).outputs;
    /// > net.restart();
    /// > (net.run(10).outputs - first).abs().max().item()
    /// = 0.0
    fn restart(this: Rc<Force>) -> () {
        match_precision!(&mut *this.borrow_mut_checked()?, net => net.reset_state());
        Ok(())
    }

    /// Returns copies of the weights and the initial currents as a map of tensors: `a0` [n], `wI`
    /// [n, i], `wR` [n, n], `wF` [n, m] and `wO` [m, n].
    ///
    /// > force::network(#{ units: 50, outputs: 2 }).params().wO.shape()
    /// = [2, 50]
    fn params(this: Rc<Force>) -> Map {
        match_precision!(&*this.0.borrow(), net => {
            let [a0, wi, wr, wf, wo] = weights(net)?;
            Ok(tensor_map([("a0", a0), ("wI", wi), ("wR", wr), ("wF", wf), ("wO", wo)]))
        })
    }

    /// Sets one of the weights, or the initial currents, to a tensor of the same shape, and resets
    /// the state. P is unchanged; reset it with the training option `reset_p`.
    ///
    /// > let net = force::network(#{ units: 2 });
    /// > net.set("wO", [[0.5, 0.25]]);
    /// > net.params().wO.to_list()
    /// = [[0.5, 0.25]]
    fn set(this: Rc<Force>, name: String, value: Value) -> () {
        this.overwrite([(name, value)].into())
    }

    /// Sets all parameters in a map, such as one from `params`, and resets the state. If any of
    /// them does not fit, none is changed.
    ///
    /// > let a = force::network(#{ units: 40, seed: 1 });
    /// > let b = force::network(#{ units: 40, seed: 2 });
    /// > b.load_params(a.params());
    /// > (b.run(10).outputs - a.run(10).outputs).abs().max().item()
    /// = 0.0
    fn load_params(this: Rc<Force>, params: Map) -> () { this.overwrite(params) }

    /// Returns an independent copy of the network with the same state, weights and P.
    ///
    /// > force::network(#{ units: 40 }).copy()
    /// = force network: 1 input, 40 units, 1 output, f32
    fn copy(this: Rc<Force>) -> New<Force> { Ok(New(Force(this.0.clone()))) }

    /// Returns the equivalent continuous-time RNN of the network without training, with recurrent
    /// weights wR + wF wO, for `fixed_points::find`, `jacobians` and all other functions for an
    /// `rnn`. Its states are the currents a, with rates h = tanh(a); its initial state is that of
    /// this network.
    ///
    /// > let net = force::network(#{ units: 40, dtype: "f64" });
    /// > let x = random::normal(random::key(1), [20, 1]);
    /// > (net.ctrnn().run(x).outputs - net.run(x).outputs).abs().max().item() < 1e-9
    /// = true
    fn ctrnn(this: Rc<Force>) -> New<Net> {
        let network = map_precision!(&*this.0.borrow(), net => net.to_rnn()?);
        Ok(New(Net(RefCell::new(nn::Network::BuiltIn(network)))))
    }

    /// Returns the effective recurrent matrix, wR + wF wO, [n, n].
    ///
    /// > force::network(#{ units: 50 }).effective().shape()
    /// = [50, 50]
    fn effective(this: Rc<Force>) -> Tensor {
        match_precision!(&*this.0.borrow(), net => {
            let n = net.sizes.units;
            Ok(convert::from_slice(&net.effective_recurrent(), &[n, n])?)
        })
    }

    /// Returns P, the estimated inverse correlation matrix of the rates, [n, n]. Errors: before the
    /// first training there is no P.
    ///
    /// > let net = force::network(#{ units: 20 });
    /// > force::train(net, zeros([5, 1]), ones([5, 1]));
    /// > net.inverse().shape()
    /// = [20, 20]
    fn inverse(this: Rc<Force>) -> Tensor {
        match_precision!(&*this.0.borrow(), net => match &net.inverse {
            Some(inverse) => {
                let n = net.sizes.units;
                Ok(convert::from_slice(&inverse.to_row_major(), &[n, n])?)
            }
            None => {
                let message = "force network.inverse: there is no P before the first training";
                Err(Diagnostic::new(message))
            }
        })
    }
}

impl Force {
    /// Sets the parameters in a map; if any of them does not fit, none is changed.
    fn overwrite(&self, params: Map) -> Result<(), Diagnostic> {
        let mut copy = self.0.borrow().clone();
        for (name, value) in params {
            let of = format!("force network: parameter `{name}`");
            let value = exact_tensor(of, "a tensor", value)?;
            match_precision!(&mut copy, net => net.set(&name, &value)?);
        }
        *self.borrow_mut_checked()? = copy;
        Ok(())
    }

    /// Mutable access to the network.
    ///
    /// Errors: the network is already in use in the same call or run
    fn borrow_mut_checked(&self) -> Result<RefMut<'_, AnyNetwork>, Diagnostic> {
        let message =
            "force network: the call contains the network twice, or it is already running";
        self.0
            .try_borrow_mut()
            .map_err(|_| Diagnostic::new(message))
    }
}

/// The tensors a0, wI, wR, wF and wO.
fn weights<T: Lanes>(net: &Network<T>) -> Result<[Tensor; 5]> {
    let (n, i, m) = (net.sizes.units, net.sizes.inputs, net.sizes.outputs);
    let w = &net.weights;
    Ok([
        convert::from_slice(&net.a0, &[n])?,
        convert::from_slice(&w.input.to_row_major(), &[n, i])?,
        convert::from_slice(&net.recurrent().to_row_major(), &[n, n])?,
        convert::from_slice(&w.feedback.to_row_major(), &[n, m])?,
        convert::from_slice(&w.output.to_row_major(), &[m, n])?,
    ])
}

/// Runs the network over its inputs and returns the map of `run`.
fn run_network<T: Lanes>(
    cx: &Context,
    net: &mut Network<T>,
    inputs: Value,
    options: &RunOptions,
) -> Result<Map, Diagnostic> {
    let (n, m) = (net.sizes.units, net.sizes.outputs);
    let (steps, x) = run_inputs(cx, net, inputs)?;
    cx.check_memory(RUN, &[steps, n + m], T::DTYPE)?;
    let feedback = options.teacher_forcing.as_ref();
    let feedback = feedback
        .map(|feedback| sequence_values::<T>(RUN, "teacher_forcing", feedback, [steps, m]))
        .transpose()?;
    if options.restart {
        net.reset_state();
    }
    let (mut z, mut h) = (vec![T::of(0.0); steps * m], vec![T::of(0.0); steps * n]);
    let outcome = net.run(Sequence {
        steps,
        threads: rayon::current_num_threads(),
        inputs: &x,
        teacher_forcing: feedback.as_deref(),
        outputs: &mut z,
        states: Some(&mut h),
    });
    if let RunOutcome::Diverged { at } | RunOutcome::NotPositive { at } = outcome {
        let message = format!("{RUN}: the activity is not finite at step {at}");
        return Err(Diagnostic::new(message).hint("reset the state with `restart()`"));
    }
    Ok(tensor_map([
        ("outputs", Tensor::from_vec(z, (steps, m), &Device::Cpu)?),
        ("states", Tensor::from_vec(h, (steps, n), &Device::Cpu)?),
    ]))
}

/// The number of time steps of a run, and its inputs: zeros if the argument is a number of steps.
fn run_inputs<T: Lanes>(
    cx: &Context,
    net: &Network<T>,
    inputs: Value,
) -> Result<(usize, Vec<T>), Diagnostic> {
    let (n, i) = (net.sizes.units, net.sizes.inputs);
    match inputs {
        Value::Int(steps) if steps > 0 => {
            let steps = steps as usize;
            cx.check_memory(RUN, &[steps, n.max(i)], T::DTYPE)?;
            Ok((steps, vec![T::of(0.0); steps * i]))
        }
        other => {
            let x = to_tensor(RUN, "inputs", other)?;
            let steps = sequence_length(RUN, "inputs", &x, i)?;
            Ok((steps, sequence_values(RUN, "inputs", &x, [steps, i])?))
        }
    }
}
