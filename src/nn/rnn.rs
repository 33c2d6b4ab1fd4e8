//! A recurrent network with a linear readout, in one kind of number.

use std::sync::Arc;

use super::cell::{Cell, Kernel};
use crate::base::Result;
use crate::ops::Lanes;
use crate::ops::rnn::{Aim, Given, Sizes};
use crate::random::Key;
use crate::tensor::Arena;
use crate::train::Trials;

/// A recurrent network. The states h are [b, t, n], each after its input has come in; h0 is the
/// one before the first input.
#[derive(Debug, Clone)]
pub struct Rnn<T> {
    /// Biases, weights as [out, in], and the learned first state h0.
    pub params: Arena<T>,
    /// The equation of one step.
    pub cell: Cell,
    /// i
    pub inputs: usize,
    /// n
    pub units: usize,
    /// o
    pub outputs: usize,
    /// Standard deviation of the noise added to each state in runs that are given a key for it.
    pub noise: f64,
}

/// What drives a run.
#[derive(Debug, Clone, Copy)]
pub struct Drive<'a, T> {
    /// b
    pub trials: usize,
    /// t
    pub time: usize,
    /// [b, t, i]
    pub inputs: &'a [T],
    /// A first state for each trial, [b, n], in place of the learned one.
    pub h0: Option<&'a [T]>,
    /// The key of the state noise; none is added without it.
    pub noise: Option<&'a Key>,
}

/// The buffers of runs of one network: kept from run to run, so that only the first allocates.
#[derive(Debug)]
pub struct Work<T> {
    kernel: Kernel<T>,
    noise: Vec<T>,
}

impl<T: Lanes> Rnn<T> {
    /// A network whose parameters are all zero; `sizes` are inputs, units, outputs.
    pub fn zeros(cell: Cell, sizes: [usize; 3]) -> Rnn<T> {
        let [inputs, units, outputs] = sizes;
        Rnn {
            params: Arena::zeros(Arc::new(cell.layout(sizes))),
            cell,
            inputs,
            units,
            outputs,
            noise: 0.0,
        }
    }

    /// Room for what a run computes on the way; made once, used again for each batch.
    pub fn work(&self) -> Work<T> {
        Work {
            kernel: Kernel::new(self.cell),
            noise: Vec::new(),
        }
    }

    /// Runs all trials; fills `states` [b, t, n] and `outputs` [b, t, o] where they are asked for.
    ///
    /// Errors: `Shape` if an array has not the length that its sizes ask for.
    pub fn run(
        &self,
        work: &mut Work<T>,
        drive: &Drive<'_, T>,
        states: Option<&mut [T]>,
        outputs: Option<&mut [T]>,
    ) -> Result<()> {
        let sizes = self.sizes(drive.trials, drive.time);
        let noise = self.fill_noise(&mut work.noise, drive.noise, sizes);
        let given = Given {
            params: &self.params.data,
            inputs: drive.inputs,
            h0: drive.h0,
            noise,
        };
        work.kernel.run(sizes, given, states, outputs)
    }

    /// The states one step later, without noise: fills `into` [b, n] from h [b, n] and x [b, i].
    ///
    /// Errors: `Shape` if the three do not fit; `Range` if there are no states
    pub fn step(&self, work: &mut Work<T>, h: &[T], x: &[T], into: &mut [T]) -> Result<()> {
        let sizes = self.sizes(h.len() / self.units, 1);
        work.kernel.step(sizes, &self.params.data, h, x, into)
    }

    /// The mean over batch, time and outputs of (o - y)^2, each time weighing what the mask says;
    /// without any penalty.
    ///
    /// Errors: `Shape` if the trials do not fit the network.
    pub fn loss(&self, work: &mut Work<T>, trials: &Trials<T>, noise: Option<&Key>) -> Result<T> {
        let sizes = self.sizes(trials.trials, trials.time);
        let noise = self.fill_noise(&mut work.noise, noise, sizes);
        let (given, aim) = self.halves(trials, noise);
        work.kernel.loss(sizes, given, aim)
    }

    /// [`Rnn::loss`], with its gradient by the parameters in `gradient`, in the order of the arena.
    ///
    /// Errors: `Shape` if the trials do not fit the network.
    pub fn loss_gradient(
        &self,
        work: &mut Work<T>,
        trials: &Trials<T>,
        noise: Option<&Key>,
        gradient: &mut [T],
    ) -> Result<T> {
        let sizes = self.sizes(trials.trials, trials.time);
        let noise = self.fill_noise(&mut work.noise, noise, sizes);
        let (given, aim) = self.halves(trials, noise);
        work.kernel.loss_gradient(sizes, given, aim, gradient)
    }

    pub(super) fn sizes(&self, batch: usize, time: usize) -> Sizes {
        Sizes {
            batch,
            time,
            inputs: self.inputs,
            units: self.units,
            outputs: self.outputs,
        }
    }

    fn halves<'a>(
        &'a self,
        trials: &'a Trials<T>,
        noise: Option<&'a [T]>,
    ) -> (Given<'a, T>, Aim<'a, T>) {
        let given = Given {
            params: &self.params.data,
            inputs: &trials.inputs,
            h0: None,
            noise,
        };
        let aim = Aim {
            targets: &trials.targets,
            mask: trials.mask.as_deref(),
        };
        (given, aim)
    }

    /// The noise [b, t, n] of a run, if there is any.
    pub(super) fn fill_noise<'a>(
        &self,
        buffer: &'a mut Vec<T>,
        key: Option<&Key>,
        s: Sizes,
    ) -> Option<&'a [T]> {
        let key = key.filter(|_| self.noise > 0.0)?;
        buffer.resize(s.batch * s.time * s.units, T::of(0.0));
        key.fill_normal(buffer);
        for x in buffer.iter_mut() {
            *x *= T::of(self.noise);
        }
        Some(buffer)
    }
}
