//! The table `force`: networks that learn in every step, by recursive least squares.

use std::cell::RefCell;
use std::rc::Rc;

use super::context::Context;
use super::convert::New;
use super::fault::Fault;
use super::rnn::map;
use super::settings::Settings;
use super::train::Watched;
use super::value::{Map, Thing, Value};
use crate::base::{Error, Outcome, Result};
use crate::models::force::{Fit, Network, Recipe, Training};
use crate::nn::Precision;
use crate::ops::Lanes;
use crate::ops::force::{End, Sequence};
use crate::options;
use crate::tensor::{DType, Tensor, values};

/// A network as scripts hold it.
pub struct Force(RefCell<Either>);

enum Either {
    F32(Network<f32>),
    F64(Network<f64>),
}

/// Does the same with whichever kind of number the network has.
macro_rules! whichever {
    ($either:expr, $net:ident => $value:expr) => {
        match $either {
            Either::F32($net) => $value,
            Either::F64($net) => $value,
        }
    };
}

options! {
    /// How a network is run.
    pub struct RunOptions for "force network.run" {
        /// Whether it begins where the network does, not where it stands.
        restart: bool = false;
    }
}

impl Thing for Force {
    const KIND: &'static str = "force network";
    fn show(&self) -> String {
        let either = self.0.borrow();
        let (sizes, learned, word) = match &*either {
            Either::F32(net) => (net.sizes, net.inverse.is_some(), "f32"),
            Either::F64(net) => (net.sizes, net.inverse.is_some(), "f64"),
        };
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
    fn network(cx: &Context, options: Settings<Recipe>) -> New<Force> {
        let dtype = match options.dtype {
            Precision::F32 => DType::F32,
            Precision::F64 => DType::F64,
        };
        cx.room("force::network", &[options.units, 2 * options.units], dtype)?;
        let either = match options.dtype {
            Precision::F32 => Either::F32(options.build()?),
            Precision::F64 => Either::F64(options.build()?),
        };
        Ok(New(Force(RefCell::new(either))))
    }

    /// Learns targets [t, outputs] under inputs [t, inputs] (nothing for zeros): in every step, or
    /// every so many, q = P h, P <- P - q q' / (1 + h . q), wO <- wO - (z - f) q' / (1 + h . q). P
    /// stays with the network, so that training goes on where it stopped. Gives a map: `outcome`,
    /// `error` [passes], the mean of |z - f| in each pass before the weights change, and `outputs`
    /// [t, outputs] of the last pass.
    ///
    /// > let net = force::network(#{ units: 100, seed: 1 });
    /// > let sine = (arange(0, 300) * 0.0628318530718).sin().unsqueeze(1);
    /// > let fit = force::train(net, zeros([300, 1]), sine, #{ passes: 10 });
    /// > fit.error[9] < 0.1
    /// = true
    fn train(
        cx: &Context, net: Rc<Force>, inputs: Value, targets: Tensor, options: Settings<Training>,
    ) -> Map {
        let mut either = net.changing()?;
        let alpha = options.names("alpha") && !options.anew;
        let known = whichever!(&*either, net => net.inverse.is_some());
        if alpha && known {
            let words = "force::train: option `alpha`: the network has a P from its last training";
            return Err(Fault::new(words).hint("begin it anew with `anew: true`"));
        }
        let mut progress = Watched::new(cx, "force::train");
        let told = whichever!(&mut *either, net => {
            let steps = length("force::train", "targets", &targets, net.sizes.outputs)?;
            let x = given("force::train", inputs, steps, net.sizes.inputs)?;
            let f = values::reals(&targets)?;
            finite("force::train", "targets", &f)?;
            let fit = net.train([&x, &f], &options, &mut progress)?;
            told(fit, [steps, net.sizes.outputs])?
        });
        cx.stop.store(false, std::sync::atomic::Ordering::Relaxed);
        Ok(told)
    }

    /// Runs on without learning: over inputs [t, inputs], or for a number of steps with none. Gives
    /// a map of `outputs` [t, outputs] and `states` h [t, units].
    ///
    /// > let net = force::network(#{ units: 50, outputs: 2 });
    /// > let run = net.run(100);
    /// > [run.outputs.shape(), run.states.shape()]
    /// = [[100, 2], [100, 50]]
    fn run(cx: &Context, this: Rc<Force>, inputs: Value, options: Settings<RunOptions>) -> Map {
        let mut either = this.changing()?;
        whichever!(&mut *either, net => ran(cx, net, inputs, options.restart))
    }

    /// Goes back to the state that the network began with; what it has learned stays.
    ///
    /// > let net = force::network(#{ units: 50 });
    /// > let first = net.run(10).outputs;
    /// > net.restart();
    /// > (net.run(10).outputs - first).abs().max().item()
    /// = 0.0
    fn restart(this: Rc<Force>) -> () {
        whichever!(&mut *this.changing()?, net => net.restart());
        Ok(())
    }

    /// The weights and the first currents, as a map of tensors (copies): `a0` [n], `wI` [n, i],
    /// `wR` [n, n], `wF` [n, m] and `wO` [m, n].
    ///
    /// > force::network(#{ units: 50, outputs: 2 }).params().wO.shape()
    /// = [2, 50]
    fn params(this: Rc<Force>) -> Map {
        whichever!(&*this.0.borrow(), net => {
            let [a0, wi, wr, wf, wo] = weights(net)?;
            Ok(map([("a0", a0), ("wI", wi), ("wR", wr), ("wF", wf), ("wO", wo)]))
        })
    }

    /// The matrix by which the network drives itself, wR + wF wO, [n, n].
    ///
    /// > force::network(#{ units: 50 }).effective().shape()
    /// = [50, 50]
    fn effective(this: Rc<Force>) -> Tensor {
        whichever!(&*this.0.borrow(), net => {
            let [_, _, wr, wf, wo] = weights(net)?;
            Ok((wf.matmul(&wo)? + wr)?)
        })
    }

    /// P, [n, n]; a fault before the first training.
    ///
    /// > let net = force::network(#{ units: 20 });
    /// > force::train(net, zeros([5, 1]), ones([5, 1]));
    /// > net.inverse().shape()
    /// = [20, 20]
    fn inverse(this: Rc<Force>) -> Tensor {
        whichever!(&*this.0.borrow(), net => match &net.inverse {
            Some(inverse) => {
                let n = net.sizes.units;
                Ok(tensor(&inverse.whole(), &[n, n])?)
            }
            None => {
                let words = "force network.inverse: there is no P before the first training";
                Err(Fault::new(words))
            }
        })
    }
}

impl Force {
    /// The network, to be changed.
    ///
    /// Errors: it runs already, and what asks is a closure of that run
    fn changing(&self) -> Result<std::cell::RefMut<'_, Either>, Fault> {
        let words = "force network: it cannot be changed while it runs";
        self.0.try_borrow_mut().map_err(|_| Fault::new(words))
    }
}

/// a0, wI, wR, wF and wO.
fn weights<T: Lanes>(net: &Network<T>) -> Result<[Tensor; 5]> {
    let (n, i, m) = (net.sizes.units, net.sizes.inputs, net.sizes.outputs);
    let w = &net.weights;
    Ok([
        tensor(&net.start, &[n])?,
        tensor(&w.input.whole(), &[n, i])?,
        tensor(&w.recurrent.whole(), &[n, n])?,
        tensor(&w.feedback.whole(), &[n, m])?,
        tensor(&w.output.whole(), &[m, n])?,
    ])
}

fn tensor<T: Lanes>(numbers: &[T], shape: &[usize]) -> Result<Tensor> {
    Ok(Tensor::from_slice(
        numbers,
        shape,
        &crate::tensor::Device::Cpu,
    )?)
}

/// The number of steps of a sequence [t, width].
///
/// Errors: `Shape` for any other shape, or none
fn length(op: &'static str, what: &'static str, found: &Tensor, width: usize) -> Result<usize> {
    match found.dims() {
        [steps, features] if *steps > 0 && *features == width => Ok(*steps),
        dims => Err(Error::Shape {
            op,
            what,
            expected: format!("[t, {width}], one step at least"),
            found: dims.to_vec(),
        }),
    }
}

/// The inputs [t, width] of so many steps: zeros for nothing.
fn given<T: Lanes>(
    op: &'static str,
    inputs: Value,
    steps: usize,
    width: usize,
) -> Result<Vec<T>, Fault> {
    if matches!(inputs, Value::Nil) {
        return Ok(vec![T::of(0.0); steps * width]);
    }
    let inputs = of_value(op, inputs)?;
    let found = length(op, "inputs", &inputs, width)?;
    if found != steps {
        let (what, expected) = ("inputs", format!("[{steps}, {width}], as many as targets"));
        let found = inputs.dims().to_vec();
        return Err(Error::Shape {
            op,
            what,
            expected,
            found,
        }
        .into());
    }
    let numbers = values::reals(&inputs)?;
    finite(op, "inputs", &numbers)?;
    Ok(numbers)
}

fn of_value(op: &'static str, value: Value) -> Result<Tensor> {
    let found = match value {
        Value::Tensor(tensor) => Ok(tensor),
        other => super::convert::tensor_of(&other, DType::F64).ok_or(other),
    };
    found.map_err(|value| Error::Kind {
        of: format!("{op}: argument `inputs`"),
        expected: "a tensor, or nothing".into(),
        found: value.kind(),
    })
}

/// Errors: `NotFinite` for the first number that is not
fn finite<T: Lanes>(of: &'static str, what: &str, numbers: &[T]) -> Result<()> {
    match numbers.iter().position(|x| !x.is_finite()) {
        Some(index) => Err(Error::NotFinite {
            of,
            what: format!("a number of `{what}`"),
            found: numbers[index].double(),
            index,
        }),
        None => Ok(()),
    }
}

/// The fit as a map.
///
/// Errors: a fault if the activity was not finite
fn told<T: Lanes>(fit: Fit<T>, [steps, m]: [usize; 2]) -> Result<Map, Fault> {
    if let Outcome::Diverged { at } = fit.outcome {
        let (pass, step) = (at / steps, at % steps);
        let words =
            format!("force::train: the activity is not finite at step {step} of pass {pass}");
        let hint = "are the weights and the scale of the targets sensible? `restart()` begins \
                    again; a smaller `alpha` learns more slowly";
        return Err(Fault::new(words).hint(hint));
    }
    let passes = fit.errors.len();
    let mut map = map([
        ("error", values::of(fit.errors, &[passes], DType::F64)?),
        ("outputs", tensor(&fit.outputs, &[steps, m])?),
    ]);
    map.insert("outcome".into(), Value::Text(fit.outcome.word().into()));
    Ok(map)
}

fn ran<T: Lanes>(
    cx: &Context,
    net: &mut Network<T>,
    inputs: Value,
    restart: bool,
) -> Result<Map, Fault> {
    let of = "force network.run";
    let (n, i, m) = (net.sizes.units, net.sizes.inputs, net.sizes.outputs);
    let (steps, x) = match inputs {
        Value::Int(steps) if steps > 0 => {
            let steps = steps as usize;
            cx.room(of, &[steps, n.max(i)], T::DTYPE)?;
            (steps, vec![T::of(0.0); steps * i])
        }
        other => {
            let x = of_value(of, other)?;
            let steps = length(of, "inputs", &x, i)?;
            (steps, given(of, Value::Tensor(x), steps, i)?)
        }
    };
    cx.room(of, &[steps, n.max(m)], T::DTYPE)?;
    if restart {
        net.restart();
    }
    let (mut z, mut h) = (vec![T::of(0.0); steps * m], vec![T::of(0.0); steps * n]);
    let end = net.run(Sequence {
        steps,
        inputs: &x,
        fed: None,
        outputs: &mut z,
        states: Some(&mut h),
    });
    if let End::Diverged { at } | End::Lost { at } = end {
        return Err(Fault::new(format!(
            "{of}: the activity is not finite at step {at}"
        )));
    }
    let (z, h) = (tensor(&z, &[steps, m])?, tensor(&h, &[steps, n])?);
    Ok(map([("outputs", z), ("states", h)]))
}
