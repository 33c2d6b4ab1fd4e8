//! The table `force`: networks that learn in every step, by recursive least squares.

mod args;
pub mod files;
pub mod learn;

use std::cell::{RefCell, RefMut};
use std::rc::Rc;

use super::context::Context;
use super::convert::New;
use super::diagnostic::Diagnostic;
use super::options::CallOptions;
use super::precision::match_precision;
use super::rnn::{Net, map};
use super::value::{Map, ScriptObject, Value};
use crate::base::Result;
use crate::models::force::{Network, NetworkOptions};
use crate::nn::{self, Precision};
use crate::ops::Lanes;
use crate::ops::force::{RunOutcome, Sequence};
use crate::options;
use crate::tensor::{Tensor, convert, shape};
use args::{length, of_value, sequence};

/// Elements of a row of a matrix that lie in memory together.
const LINE: usize = 16;

/// A network as scripts hold it.
pub struct Force(RefCell<AnyPrecision>);

type AnyPrecision = super::precision::AnyPrecision<Network<f32>, Network<f64>>;

options! {
    /// How a network is run.
    pub struct RunOptions for "force network.run" {
        /// Whether it begins where the network does, not where it stands.
        restart: bool = false;
        /// What is fed back after each step in place of the outputs, [t, outputs]: a network that
        /// is to follow its targets is held on them.
        fed: Option<Tensor> = None;
    }
}

impl ScriptObject for Force {
    const KIND: &'static str = "force network";
    fn display(&self) -> String {
        let both = self.0.borrow();
        let word = both.dtype().as_str();
        let (sizes, learned) = match_precision!(&*both, net => (net.sizes, net.inverse.is_some()));
        let count = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
        format!(
            "force network: {}, {}, {}, {word}{}",
            count(sizes.inputs, "input"),
            count(sizes.units, "unit"),
            count(sizes.outputs, "output"),
            if learned { ", has learned" } else { "" },
        )
    }
}

crate::natives! {
    /// FORCE learning: a chaotic network whose outputs are fed back, and whose readout learns in
    /// every step by recursive least squares.
    module "force";

    /// A new network: a' = a + dt/tau (-a + wI x + wR h + wF z), h = tanh(a'), z = wO h. At the
    /// start a ~ 0.25 N(0, 1), wI ~ N / sqrt(inputs), wR ~ gain N / sqrt(density units),
    /// wO ~ N / sqrt(units), wF ~ N. It keeps where it stands: a run or a training begins where
    /// the last one ended, if nothing else is asked for.
    ///
    /// > force::network(#{ units: 300, outputs: 2, gain: 1.5, seed: 1 })
    /// = force network: 1 input, 300 units, 2 outputs, f32
    fn network(cx: &Context, options: CallOptions<NetworkOptions>) -> New<Force> {
        let (n, i, m) = (options.units, options.inputs, options.outputs);
        // Twice, as drawn and as the network has them; rows have whole lines of memory.
        let line = |n: usize| n.div_ceil(LINE).saturating_mul(2 * LINE);
        let arrays: [&[usize]; 4] = [&[n, line(n)], &[n, line(i)], &[n, line(m)], &[m, line(n)]];
        let elements = shape::total_elements(&arrays);
        cx.check_memory("force::network", &[elements], options.dtype.dtype())?;
        let either = match options.dtype {
            Precision::F32 => AnyPrecision::F32(options.build()?),
            Precision::F64 => AnyPrecision::F64(options.build()?),
        };
        Ok(New(Force(RefCell::new(either))))
    }

    /// Runs on without learning: over inputs [t, inputs], or for a number of steps with none. Gives
    /// a map of `outputs` [t, outputs] and `states` h [t, units].
    ///
    /// > let net = force::network(#{ units: 50, outputs: 2 });
    /// > let run = net.run(100);
    /// > [run.outputs.shape(), run.states.shape()]
    /// = [[100, 2], [100, 50]]
    fn run(cx: &Context, this: Rc<Force>, inputs: Value, options: CallOptions<RunOptions>) -> Map {
        let mut either = this.changing()?;
        match_precision!(&mut *either, net => ran(cx, net, inputs, &options))
    }

    /// Goes back to the state that the network began with; what it has learned stays.
    ///
    /// > let net = force::network(#{ units: 50 });
    /// > let first = net.run(10).outputs;
    /// > net.restart();
    /// > (net.run(10).outputs - first).abs().max().item()
    /// = 0.0
    fn restart(this: Rc<Force>) -> () {
        match_precision!(&mut *this.changing()?, net => net.reset_state());
        Ok(())
    }

    /// The weights and the first currents, as a map of tensors (copies): `a0` [n], `wI` [n, i],
    /// `wR` [n, n], `wF` [n, m] and `wO` [m, n].
    ///
    /// > force::network(#{ units: 50, outputs: 2 }).params().wO.shape()
    /// = [2, 50]
    fn params(this: Rc<Force>) -> Map {
        match_precision!(&*this.0.borrow(), net => {
            let [a0, wi, wr, wf, wo] = weights(net)?;
            Ok(map([("a0", a0), ("wI", wi), ("wR", wr), ("wF", wf), ("wO", wo)]))
        })
    }

    /// Overwrites one of the weights or the first currents with a tensor of the same shape, and
    /// goes back to the start. P stays; `anew` of the next training forgets it.
    ///
    /// > let net = force::network(#{ units: 2 });
    /// > net.set("wO", [[0.5, 0.25]]);
    /// > net.params().wO.to_list()
    /// = [[0.5, 0.25]]
    fn set(this: Rc<Force>, name: String, value: Value) -> () {
        this.overwrite([(name, value)].into())
    }

    /// Overwrites what a map names of the weights and the first currents, such as one that `params`
    /// gave, and goes back to the start; either all of them fit or none is changed.
    ///
    /// > let a = force::network(#{ units: 40, seed: 1 });
    /// > let b = force::network(#{ units: 40, seed: 2 });
    /// > b.load_params(a.params());
    /// > (b.run(10).outputs - a.run(10).outputs).abs().max().item()
    /// = 0.0
    fn load_params(this: Rc<Force>, params: Map) -> () { this.overwrite(params) }

    /// Another network that stands where this one does and knows what it knows; then they go their
    /// own ways.
    ///
    /// > force::network(#{ units: 40 }).copy()
    /// = force network: 1 input, 40 units, 1 output, f32
    fn copy(this: Rc<Force>) -> New<Force> { Ok(New(Force(this.0.clone()))) }

    /// The network of continuous time that this is while nothing learns, its recurrent weights
    /// wR + wF wO: for `fixed_points::find`, `jacobians` and whatever else an `rnn` can do. Its
    /// states are the currents a, of which the rates are h = tanh(a); it begins where this network
    /// does.
    ///
    /// > let net = force::network(#{ units: 40, dtype: "f64" });
    /// > let x = random::normal(random::key(1), [20, 1]);
    /// > (net.ctrnn().run(x).outputs - net.run(x).outputs).abs().max().item() < 1e-9
    /// = true
    fn ctrnn(this: Rc<Force>) -> New<Net> {
        let network = match &*this.0.borrow() {
            AnyPrecision::F32(net) => nn::Network::F32(net.to_rnn()?),
            AnyPrecision::F64(net) => nn::Network::F64(net.to_rnn()?),
        };
        Ok(New(Net(RefCell::new(network))))
    }

    /// The matrix by which the network drives itself, wR + wF wO, [n, n].
    ///
    /// > force::network(#{ units: 50 }).effective().shape()
    /// = [50, 50]
    fn effective(this: Rc<Force>) -> Tensor {
        match_precision!(&*this.0.borrow(), net => {
            let n = net.sizes.units;
            Ok(convert::from_slice(&net.effective_recurrent(), &[n, n])?)
        })
    }

    /// P, [n, n]; a fault before the first training.
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
                let words = "force network.inverse: there is no P before the first training";
                Err(Diagnostic::new(words))
            }
        })
    }
}

impl Force {
    fn overwrite(&self, params: Map) -> Result<(), Diagnostic> {
        let mut changed = self.0.borrow().clone();
        for (name, value) in params {
            let of = format!("force network: parameter `{name}`");
            let value = super::rnn::tensor(of, value)?;
            match_precision!(&mut changed, net => net.set(&name, &value)?);
        }
        *self.changing()? = changed;
        Ok(())
    }

    /// The network, to be changed.
    ///
    /// Errors: a call has it twice
    fn changing(&self) -> Result<RefMut<'_, AnyPrecision>, Diagnostic> {
        let words = "force network: it is in this call twice, or runs already";
        self.0.try_borrow_mut().map_err(|_| Diagnostic::new(words))
    }
}

/// a0, wI, wR, wF and wO.
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

fn ran<T: Lanes>(
    cx: &Context,
    net: &mut Network<T>,
    inputs: Value,
    options: &RunOptions,
) -> Result<Map, Diagnostic> {
    let of = "force network.run";
    let (n, i, m) = (net.sizes.units, net.sizes.inputs, net.sizes.outputs);
    let (steps, x) = match inputs {
        Value::Int(steps) if steps > 0 => {
            let steps = steps as usize;
            cx.check_memory(of, &[steps, n.max(i)], T::DTYPE)?;
            (steps, vec![T::of(0.0); steps * i])
        }
        other => {
            let x = of_value(of, "inputs", other)?;
            let steps = length(of, "inputs", &x, i)?;
            (steps, sequence(of, "inputs", &x, [steps, i])?)
        }
    };
    cx.check_memory(of, &[steps, n.max(m)], T::DTYPE)?;
    let fed = options.fed.as_ref();
    let fed = fed
        .map(|fed| sequence::<T>(of, "fed", fed, [steps, m]))
        .transpose()?;
    if options.restart {
        net.reset_state();
    }
    let (mut z, mut h) = (vec![T::of(0.0); steps * m], vec![T::of(0.0); steps * n]);
    let end = net.run(Sequence {
        steps,
        threads: rayon::current_num_threads(),
        inputs: &x,
        teacher_forcing: fed.as_deref(),
        outputs: &mut z,
        states: Some(&mut h),
    });
    if let RunOutcome::Diverged { at } | RunOutcome::NotPositive { at } = end {
        let words = format!("{of}: the activity is not finite at step {at}");
        return Err(Diagnostic::new(words).hint("`restart()` begins again where the network does"));
    }
    let (z, h) = (
        convert::from_slice(&z, &[steps, m])?,
        convert::from_slice(&h, &[steps, n])?,
    );
    Ok(map([("outputs", z), ("states", h)]))
}
