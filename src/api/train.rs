//! Training from a script.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use super::context::Context;
use super::fault::Fault;
use super::rnn::Net;
use super::settings::Settings;
use super::tasks::AnyTask;
use super::value::{Function, Map, Value};
use crate::base::{Outcome, Progress, Report, Result};
use crate::nn::{Network, Rnn};
use crate::ops::Lanes;
use crate::options;
use crate::tensor::{Device, Tensor};
use crate::train::{Fit, Log, OnLog, Options, Task, run};

options! {
    /// What a script adds to the options of training.
    pub struct Listener for "train" {
        /// Called with each line of the log as a map: batch, loss, mse, rate, grad_norm. It may
        /// use the network but not change it, and ends the run by giving false.
        on_log: Option<Function> = None;
    }
}

crate::natives! {
    /// Training.
    module "";

    /// Trains a network on batches of a task, in place. The loss is the mean of
    /// (output - target)^2 plus l2 * the sum of squares of all parameters; its gradient is clipped
    /// to a global norm and handed to the optimizer. Gives a map: `outcome` (finished or
    /// interrupted), `batches` (updates made), and the log as vectors `batch`, `loss`, `mse` (both
    /// after the update, on the same batch), `rate`, `grad_norm` (before the clip).
    ///
    /// Under `--quick` it makes a fiftieth of the batches. Ctrl-C ends the run with the network as
    /// it is, and the script goes on. A loss or gradient that is not finite is a fault; the network
    /// then has the last good parameters.
    ///
    /// > let net = rnn::vanilla(#{ units: 10, gain: 0.85 });
    /// > let options = #{ batches: 21, batch: 32, log_every: 10, clip: 10.0 };
    /// > let fit = train(net, tasks::integrator(), options);
    /// > [fit.outcome, fit.batches, fit.loss.shape()]
    /// = ["finished", 21, [3]]
    fn train(
        cx: &Context, network: Rc<Net>, task: Rc<AnyTask>, options: Settings<(Options, Listener)>,
    ) -> Map {
        let (mut options, listener) = options.into_inner();
        options.batches = cx.budget(options.batches);
        let size = task.shape();
        let trial = size.inputs.max(size.outputs).max(network.0.borrow().plan().units);
        let dtype = network.0.borrow().dtype();
        cx.room("train", &[options.batch, size.time, trial], dtype)?;
        // Trained as a copy: the listener may use the network while the run goes on.
        let copy = network.0.borrow().clone();
        let fit = match copy {
            Network::F32(net) => {
                let shown = |net: &Rnn<f32>| Shown::new(&network.0, Network::F32(net.clone()));
                trained(cx, net, task.single.as_ref(), &options, &listener, &shown)
            }
            Network::F64(net) => {
                let shown = |net: &Rnn<f64>| Shown::new(&network.0, Network::F64(net.clone()));
                trained(cx, net, task.double.as_ref(), &options, &listener, &shown)
            }
        }?;
        told(&fit)
    }
}

/// The script's network while it shows the state of a run, and that state.
struct Shown<'a> {
    network: &'a RefCell<Network>,
    trained: Network,
}

impl<'a> Shown<'a> {
    fn new(network: &'a RefCell<Network>, trained: Network) -> Shown<'a> {
        network.borrow_mut().take_parameters(&trained);
        Shown { network, trained }
    }

    /// Errors: a script that changed the network, which would be lost with the next update.
    fn unchanged(&self) -> Result<(), Fault> {
        if self.network.borrow().same_parameters(&self.trained) {
            return Ok(());
        }
        Err(
            Fault::new("train: on_log changed the network that is being trained")
                .hint("change a copy of it, which net.copy() gives, or train in several runs"),
        )
    }
}

/// Trains `net`, which `show` makes the script's at each line of the log and at the end, however
/// that comes about.
fn trained<'a, T: Lanes>(
    cx: &Context,
    mut net: Rnn<T>,
    task: &dyn Task<T>,
    options: &Options,
    listener: &Listener,
    show: &dyn Fn(&Rnn<T>) -> Shown<'a>,
) -> Result<Fit> {
    let mut on_log = |line: &Log, net: &Rnn<T>| {
        let Some(function) = &listener.on_log else {
            return Ok(ControlFlow::Continue(()));
        };
        if cx.stopped() {
            return Ok(ControlFlow::Break(()));
        }
        let shown = show(net);
        let answer = function.call(vec![Value::Map(entries(line))])?;
        shown.unchanged()?;
        Ok(match answer {
            Value::Bool(false) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    };
    let mut progress = Watched {
        inner: cx.terminal.progress("train"),
        cx,
    };
    let on_log: &mut OnLog<'_, T> = &mut on_log;
    let fit = run(&mut net, task, options, &mut progress, on_log);
    show(&net);
    if fit.is_ok() {
        // The interruption was for this run, and is dealt with.
        cx.stop.store(false, Ordering::Relaxed);
    }
    fit
}

/// The terminal's listener, which Ctrl-C ends whoever else asks.
struct Watched<'a> {
    inner: Box<dyn Progress>,
    cx: &'a Context,
}

impl Progress for Watched<'_> {
    fn report(&mut self, report: Report) {
        self.inner.report(report);
    }
    fn stopped(&self) -> bool {
        self.cx.stopped() || self.inner.stopped()
    }
}

fn entries(line: &Log) -> Map {
    let real = |name: &str, x| (name.to_string(), Value::Float(x));
    Map::from([
        ("batch".into(), Value::Int(line.batch as i64)),
        real("loss", line.loss),
        real("mse", line.mse),
        real("rate", line.rate),
        real("grad_norm", line.grad_norm),
    ])
}

/// The fit as a map.
///
/// Errors: a fault if the run diverged.
fn told(fit: &Fit) -> Result<Map, Fault> {
    if let Outcome::Diverged { at } = fit.outcome {
        let last = fit.log.last().map_or(String::new(), |line| {
            format!("; at batch {} the loss was {}", line.batch, line.loss)
        });
        let remedy = if fit.log.is_empty() {
            "are the trials finite? The network is as it was; else try a lower rate, or a clip"
        } else {
            "the network has its last good parameters; try a lower rate, or a clip"
        };
        let message = format!("train: the loss or its gradient is not finite at batch {at}{last}");
        return Err(Fault::new(message).hint(remedy));
    }
    let column = |name: &str, of: fn(&Log) -> f64| -> Result<(String, Value), Fault> {
        let values: Vec<f64> = fit.log.iter().map(of).collect();
        let tensor = Tensor::from_vec(values, fit.log.len(), &Device::Cpu)?;
        Ok((name.into(), Value::Tensor(tensor)))
    };
    Ok(Map::from([
        ("outcome".into(), Value::Text(fit.outcome.word().into())),
        ("batches".into(), Value::Int(fit.batches as i64)),
        column("batch", |line| line.batch as f64)?,
        column("loss", |line| line.loss)?,
        column("mse", |line| line.mse)?,
        column("rate", |line| line.rate)?,
        column("grad_norm", |line| line.grad_norm)?,
    ]))
}
