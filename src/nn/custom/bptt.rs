//! The loss of a batch and its gradient by backpropagation through time.
//!
//! Each time step has an autograd tape of its own: a tape over all time steps would be traversed
//! recursively. The forward pass stores the states, and the tapes of the last time steps within a
//! limit of memory; the backward pass records the other ones again.

use super::Custom;
use super::batch::Batch;
use super::readout::Readout;
use super::tape::{StepTape, TrackedParams, accumulate};
use crate::base::Result;
use crate::nn::objective::{Objective, ObjectiveValue};
use crate::random::Key;
use crate::tensor::{Real, Tensor};
use crate::train::Trials;

/// The memory of the tapes that the forward pass stores, in bytes. A step without a stored tape is
/// evaluated twice.
pub(super) const TAPE_BYTES: usize = 128 << 20;

/// The results of the forward pass.
struct Forward {
    /// The states before the first input and after each input.
    states: Vec<Tensor>,
    /// The tape of each time step, if it is stored.
    tapes: Vec<Option<StepTape>>,
}

impl<T: Real> Custom<T> {
    /// The value of an objective, without its gradient.
    pub(super) fn value(
        &self,
        data: (&Trials<T>, Option<&Key>),
        objective: &Objective,
    ) -> Result<ObjectiveValue> {
        let batch = Batch::new(self, data, objective)?;
        let params = self.param_map()?;
        let states = &batch.states(&params)?[1..];
        let readouts = Readout::evaluate(&batch, states, &params, None)?;
        let (data, _) = batch.loss(batch.outputs(&readouts)?)?;
        let penalty = batch.activity_penalty(states)?;
        let activity = penalty.map_or(0.0, |(penalty, _)| penalty);
        Ok(ObjectiveValue { data, activity })
    }

    /// The value of an objective; writes its gradient with respect to the parameters into
    /// `gradient`.
    pub(super) fn value_and_gradient(
        &self,
        (trials, key): (&Trials<T>, Option<&Key>),
        objective: &Objective,
        gradient: &mut [T],
    ) -> Result<ObjectiveValue> {
        let batch = Batch::new(self, (trials, key), objective)?;
        batch.check_gradient(gradient)?;
        let tracked = TrackedParams::new(self)?;
        let mut forward = batch.forward(&tracked)?;
        let states = &forward.states[1..];
        let readouts = Readout::evaluate(&batch, states, &tracked.constants, Some(&tracked))?;
        let (data, cotangents) = batch.loss(batch.outputs(&readouts)?)?;
        let penalty = batch.activity_penalty(states)?;
        let mut sums = vec![0.0; gradient.len()];
        let mut carry = states[0].zeros_like()?;
        for readout in readouts.into_iter().rev() {
            let by_states = readout.backward(&batch, (&cotangents, &tracked), &mut sums)?;
            for time in readout.times.clone().rev() {
                let row = (time - readout.times.start) * trials.trials;
                let mut cotangent = (carry + by_states.narrow(0, row, trials.trials)?)?;
                if let Some((_, by_states)) = &penalty {
                    cotangent = (cotangent + &by_states[time])?;
                }
                let tape = match forward.tapes[time].take() {
                    Some(tape) => tape,
                    None => StepTape::record(&batch, &forward.states[time], time, &tracked.params)?,
                };
                carry = tape.backward(&batch, time, (&cotangent, &tracked), &mut sums)?;
            }
        }
        if let Ok(block) = self.params.layout().block("h0") {
            accumulate::<T>(&carry.sum(0)?, &mut sums[block.range.clone()])?;
        }
        for (gradient, sum) in gradient.iter_mut().zip(sums) {
            *gradient = T::of(sum);
        }
        let activity = penalty.map_or(0.0, |(penalty, _)| penalty);
        Ok(ObjectiveValue { data, activity })
    }
}

impl<T: Real> Batch<'_, T> {
    fn check_gradient(&self, gradient: &[T]) -> Result<()> {
        let shapes = self.net.shapes([self.trials.trials, self.trials.time]);
        shapes.check_gradient(gradient)
    }

    /// The outputs at all time steps, [b, t, o].
    fn outputs(&self, readouts: &[Readout]) -> Result<Vec<T>> {
        let mut outputs = vec![T::of(0.0); self.trials.targets.len()];
        for readout in readouts {
            readout.write_outputs(self, &mut outputs)?;
        }
        Ok(outputs)
    }

    fn forward(&self, tracked: &TrackedParams) -> Result<Forward> {
        let t = self.trials.time;
        let mut states = vec![
            self.net
                .initial_states(self.trials.trials, &tracked.constants)?,
        ];
        let mut tapes = Vec::with_capacity(t);
        // The first time step is always recorded, which shows the memory of a tape.
        let mut first_stored = 0;
        for time in 0..t {
            let h = &states[time];
            if time > 0 && time < first_stored {
                let next = self
                    .net
                    .advance([h, &self.inputs[time]], &tracked.constants)?;
                states.push(self.finish_step(h, time, next)?);
                tapes.push(None);
                continue;
            }
            let tape = StepTape::record(self, h, time, &tracked.params)?;
            if time == 0 {
                first_stored = t.saturating_sub(TAPE_BYTES / tape.bytes().max(1));
            }
            states.push(self.finish_step(h, time, tape.next().clone())?);
            tapes.push((time >= first_stored).then_some(tape));
        }
        Ok(Forward { states, tapes })
    }
}
