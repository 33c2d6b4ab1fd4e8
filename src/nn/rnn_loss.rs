//! The loss of a network with a built-in cell, and its gradient.

use super::objective::ActivityValues;
use super::{Activity, LossFunction, Objective, ObjectiveValue, Rnn, Workspace};
use crate::base::Result;
use crate::ops::Lanes;
use crate::ops::rnn::{Cotangents, Gradients, Inputs, Loss, Operation, Shapes, Sizes, Targets};
use crate::random::Key;
use crate::train::Trials;

impl<T: Lanes> Rnn<T> {
    /// The mean of (o - y)^2 over batch, time and outputs, weighted by the mask at each time step,
    /// without a penalty. With a key, state noise and dropout are applied as in training.
    ///
    /// Errors: `Shape` if the trials do not match the network; `Range` if the mask excludes all
    /// time steps.
    pub fn loss(
        &self,
        work: &mut Workspace<T>,
        trials: &Trials<T>,
        key: Option<&Key>,
    ) -> Result<T> {
        self.fused_loss(work, (trials, key), Loss::Mse, None)
    }

    /// [`Rnn::loss`]; writes its gradient with respect to the parameters into `gradient`, in the
    /// order of the arena.
    ///
    /// Errors: as [`Rnn::loss`].
    pub fn loss_gradient(
        &self,
        work: &mut Workspace<T>,
        trials: &Trials<T>,
        key: Option<&Key>,
        gradient: &mut [T],
    ) -> Result<T> {
        self.fused_loss(work, (trials, key), Loss::Mse, Some(gradient))
    }

    /// The value of an objective, and its gradient if it is requested. A built-in loss without
    /// penalties is part of the fused operation. Otherwise the loss is computed from the outputs of
    /// a forward pass, and the operation propagates its gradient back.
    pub(super) fn objective(
        &self,
        work: &mut Workspace<T>,
        (trials, key): (&Trials<T>, Option<&Key>),
        objective: &Objective,
        gradient: Option<&mut [T]>,
    ) -> Result<ObjectiveValue> {
        if let (LossFunction::BuiltIn(loss), false) =
            (&objective.loss, objective.has_activity_penalty())
        {
            let data = self.fused_loss(work, (trials, key), *loss, gradient)?;
            return Ok(ObjectiveValue {
                data: data.double(),
                activity: 0.0,
            });
        }
        let sizes = self.spec.sizes(trials.trials, trials.time);
        let (mut states, mut outputs) = work.take_results(sizes, self.spec.state());
        let (operation, inputs) = self.prepare(work, trials, key, sizes);
        operation.run(sizes, inputs, Some(&mut states), Some(&mut outputs))?;
        let data = objective.replace_by_gradient(&mut outputs, trials, &self.shapes(sizes))?;
        let activity = match objective.has_activity_penalty() {
            true => self.activity_penalty(objective, &mut states, trials),
            false => 0.0,
        };
        if let Some(params) = gradient {
            let cotangents = Cotangents {
                states: objective.has_activity_penalty().then_some(&states[..]),
                outputs: Some(&outputs),
            };
            let gradients = Gradients {
                params: Some(params),
                ..Gradients::default()
            };
            operation.backward(sizes, inputs, cotangents, gradients)?;
        }
        (work.states, work.outputs) = (states, outputs);
        Ok(ObjectiveValue { data, activity })
    }

    /// A loss that is part of the fused operation, and its gradient if it is requested.
    fn fused_loss(
        &self,
        work: &mut Workspace<T>,
        (trials, key): (&Trials<T>, Option<&Key>),
        loss: Loss,
        gradient: Option<&mut [T]>,
    ) -> Result<T> {
        let sizes = self.spec.sizes(trials.trials, trials.time);
        let (operation, inputs) = self.prepare(work, trials, key, sizes);
        let targets = Targets {
            values: &trials.targets,
            mask: trials.mask.as_deref(),
            loss,
        };
        match gradient {
            Some(gradient) => operation.loss_gradient(sizes, inputs, targets, gradient),
            None => operation.loss(sizes, inputs, targets),
        }
    }

    /// The activity penalties of states [b, t, s]. Replaces the states by the gradient of the
    /// penalties with respect to them.
    fn activity_penalty(&self, objective: &Objective, states: &mut [T], trials: &Trials<T>) -> f64 {
        let state = self.spec.state();
        let (ranges, nonlinearity) = match objective.activity {
            Activity::Rates => (
                self.spec.readout_ranges(),
                self.spec.cell.readout_nonlinearity(),
            ),
            Activity::States => (std::iter::once(0..state).collect(), None),
        };
        let values = ActivityValues {
            time: trials.time,
            state,
            ranges: &ranges,
            nonlinearity,
        };
        objective.replace_by_penalty_gradient(states, &values, trials.lengths.as_deref())
    }

    /// The expected shapes of the arrays of a call.
    fn shapes(&self, sizes: Sizes) -> Shapes {
        Shapes {
            op: self.spec.cell.name(),
            sizes,
            state: self.spec.state(),
            params: self.params.data.len(),
        }
    }

    /// The operation with its inputs.
    fn prepare<'a>(
        &'a self,
        work: &'a mut Workspace<T>,
        trials: &'a Trials<T>,
        key: Option<&Key>,
        sizes: Sizes,
    ) -> (&'a mut dyn Operation<T>, Inputs<'a, [T]>) {
        let inputs = Inputs {
            noise: self.fill_noise(&mut work.noise, key, sizes),
            dropout: self.fill_dropout(&mut work.dropout, key, sizes),
            lengths: trials.lengths.as_deref(),
            ..Inputs::new(&*self.params.data, &*trials.inputs)
        };
        (&mut *work.operation, inputs)
    }
}

impl<T: Lanes> Workspace<T> {
    /// The buffers of the states [b, t, s] and outputs [b, t, o].
    fn take_results(&mut self, sizes: Sizes, state: usize) -> (Vec<T>, Vec<T>) {
        let steps = sizes.batch * sizes.time;
        let mut states = std::mem::take(&mut self.states);
        let mut outputs = std::mem::take(&mut self.outputs);
        states.resize(steps * state, T::of(0.0));
        outputs.resize(steps * sizes.outputs, T::of(0.0));
        (states, outputs)
    }
}
