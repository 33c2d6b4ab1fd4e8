//! A recurrent network with a linear readout, in one kind of number.

use std::sync::Arc;

use super::Plan;
use crate::base::Result;
use crate::ops::Lanes;
use crate::ops::rnn::{Aim, Arriving, Given, Gradients, Operation, Sizes};
use crate::random::Key;
use crate::tensor::Arena;
use crate::train::Trials;

/// Folded into the key of a run's noise to make the key of its dropout.
const DROPOUT: u32 = 1;

/// A recurrent network. The states are [b, t, s], each after its input has come in; h0 is the one
/// before the first input.
#[derive(Debug, Clone)]
pub struct Rnn<T> {
    /// Biases, weights as [out, in], and the learned first states.
    pub params: Arena<T>,
    /// The cell and the sizes.
    pub plan: Plan,
    /// Standard deviation of the noise added to each state in runs that are given a key for it.
    pub noise: f64,
    /// Probability that, in training, a number on its way from a layer to the next becomes zero.
    pub dropout: f64,
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
    /// A first state for each trial, [b, s], in place of the learned one.
    pub h0: Option<&'a [T]>,
    /// The key of the state noise; none is added without it.
    pub noise: Option<&'a Key>,
    /// Times of each trial, [b]: from its end on its states stand still. All last t without it.
    pub lengths: Option<&'a [usize]>,
}

/// The buffers of runs of one network: kept from run to run, so that only the first allocates.
pub struct Work<T> {
    operation: Box<dyn Operation<T> + Send>,
    noise: Vec<T>,
    dropout: Vec<T>,
}

impl<T: Lanes> Work<T> {
    /// [`Operation::backward`]
    pub(super) fn backward(
        &mut self,
        sizes: Sizes,
        given: Given<'_, T>,
        arriving: Arriving<'_, T>,
        gradients: Gradients<'_, T>,
    ) -> Result<()> {
        self.operation.backward(sizes, given, arriving, gradients)
    }
}

impl<T: Lanes> Rnn<T> {
    /// A network whose parameters are all zero.
    pub fn zeros(plan: Plan) -> Rnn<T> {
        Rnn {
            params: Arena::zeros(Arc::new(plan.layout())),
            plan,
            noise: 0.0,
            dropout: 0.0,
        }
    }

    /// Room for what a run computes on the way; made once, used again for each batch.
    pub fn work(&self) -> Work<T> {
        Work {
            operation: self.plan.cell.operation(),
            noise: Vec::new(),
            dropout: Vec::new(),
        }
    }

    /// Runs all trials; fills `states` [b, t, s] and `outputs` [b, t, o] where they are asked for.
    ///
    /// Errors: `Shape` if an array has not the length that its sizes ask for.
    pub fn run(
        &self,
        work: &mut Work<T>,
        drive: &Drive<'_, T>,
        states: Option<&mut [T]>,
        outputs: Option<&mut [T]>,
    ) -> Result<()> {
        let sizes = self.plan.sizes(drive.trials, drive.time);
        let noise = self.fill_noise(&mut work.noise, drive.noise, sizes);
        let given = Given {
            params: &self.params.data,
            inputs: drive.inputs,
            h0: drive.h0,
            noise,
            dropout: None,
            lengths: drive.lengths,
        };
        work.operation.run(sizes, given, states, outputs)
    }

    /// The states one step later, without noise: fills `into` [b, s] from h [b, s] and x [b, i].
    ///
    /// Errors: `Shape` if the three do not fit; `Range` if there are no states or the layers run
    /// in both directions
    pub fn step(&self, work: &mut Work<T>, h: &[T], x: &[T], into: &mut [T]) -> Result<()> {
        let sizes = self.plan.sizes(h.len() / self.plan.state(), 1);
        work.operation.step(sizes, &self.params.data, h, x, into)
    }

    /// The Jacobians of [`Rnn::step`] at h [b, s] and x [b, i]: fills `by_state` [b, s, s] with
    /// d next\[r\] / d h\[c\] and `by_input` [b, s, i] with d next\[r\] / d x\[c\].
    ///
    /// Errors: as [`Rnn::step`]
    pub fn jacobians(
        &self,
        work: &mut Work<T>,
        [h, x]: [&[T]; 2],
        by_state: Option<&mut [T]>,
        by_input: Option<&mut [T]>,
    ) -> Result<()> {
        let sizes = self.plan.sizes(h.len() / self.plan.state(), 1);
        let params = &self.params.data;
        work.operation
            .jacobians(sizes, params, [h, x], by_state, by_input)
    }

    /// The mean over batch, time and outputs of (o - y)^2, each time weighing what the mask says;
    /// without any penalty. With a key, state noise and dropout act as in training.
    ///
    /// Errors: `Shape` if the trials do not fit the network; `Range` if the mask counts nothing.
    pub fn loss(&self, work: &mut Work<T>, trials: &Trials<T>, key: Option<&Key>) -> Result<T> {
        let sizes = self.plan.sizes(trials.trials, trials.time);
        let (operation, given, aim) = self.prepared(work, trials, key, sizes);
        operation.loss(sizes, given, aim)
    }

    /// [`Rnn::loss`], with its gradient by the parameters in `gradient`, in the order of the arena.
    ///
    /// Errors: as [`Rnn::loss`].
    pub fn loss_gradient(
        &self,
        work: &mut Work<T>,
        trials: &Trials<T>,
        key: Option<&Key>,
        gradient: &mut [T],
    ) -> Result<T> {
        let sizes = self.plan.sizes(trials.trials, trials.time);
        let (operation, given, aim) = self.prepared(work, trials, key, sizes);
        operation.loss_gradient(sizes, given, aim, gradient)
    }

    /// The operation, what goes into it and what should come out.
    fn prepared<'a>(
        &'a self,
        work: &'a mut Work<T>,
        trials: &'a Trials<T>,
        key: Option<&Key>,
        sizes: Sizes,
    ) -> (&'a mut dyn Operation<T>, Given<'a, T>, Aim<'a, T>) {
        let given = Given {
            params: &self.params.data,
            inputs: &trials.inputs,
            h0: None,
            noise: self.fill_noise(&mut work.noise, key, sizes),
            dropout: self.fill_dropout(&mut work.dropout, key, sizes),
            lengths: trials.lengths.as_deref(),
        };
        let aim = Aim {
            targets: &trials.targets,
            mask: trials.mask.as_deref(),
        };
        (&mut *work.operation, given, aim)
    }

    /// The noise [b, t, strands n] of a run, if there is any.
    pub(super) fn fill_noise<'a>(
        &self,
        buffer: &'a mut Vec<T>,
        key: Option<&Key>,
        s: Sizes,
    ) -> Option<&'a [T]> {
        let key = key.filter(|_| self.noise > 0.0)?;
        buffer.resize(s.batch * s.time * s.hidden(), T::of(0.0));
        key.fill_normal(buffer);
        for x in buffer.iter_mut() {
            *x *= T::of(self.noise);
        }
        Some(buffer)
    }

    /// What the numbers between layers are multiplied by, [b, t, (layers - 1) d n], if there are
    /// any: 0 or, that the mean stays, 1 / (1 - dropout).
    fn fill_dropout<'a>(
        &self,
        buffer: &'a mut Vec<T>,
        key: Option<&Key>,
        s: Sizes,
    ) -> Option<&'a [T]> {
        let key = key.filter(|_| self.dropout > 0.0 && s.layers > 1)?;
        buffer.resize(s.batch * s.time * s.between(), T::of(0.0));
        key.fold_in(DROPOUT)
            .fill_uniform(T::of(0.0), T::of(1.0), buffer);
        let keep = 1.0 - self.dropout;
        let scale = T::of(1.0 / keep);
        for x in buffer.iter_mut() {
            *x = if x.double() < keep { scale } else { T::of(0.0) };
        }
        Some(buffer)
    }
}
