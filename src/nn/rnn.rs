//! A recurrent network with a linear readout, in one precision.

use std::sync::Arc;

use super::Spec;
use crate::base::Result;
use crate::ops::Lanes;
use crate::ops::rnn::{Cotangents, Gradients, Inputs, Operation, Sizes};
use crate::random::Key;
use crate::tensor::Arena;

/// Folded into the key of the state noise to derive the key of dropout.
const DROPOUT: u32 = 1;

/// A recurrent network. States [b, t, s] are those after each input; h0 is the state before the
/// first input.
#[derive(Debug, Clone)]
pub struct Rnn<T> {
    /// Biases, weights as [out, in], and the learned initial states.
    pub params: Arena<T>,
    /// The cell and the sizes.
    pub spec: Spec,
    /// Standard deviation of the noise added to each state in runs with a noise key.
    pub noise: f64,
    /// Probability that training sets a value to zero between two layers.
    pub dropout: f64,
}

/// Scratch buffers for runs of one network. They are reused, so that only the first run allocates.
pub struct Workspace<T> {
    pub(super) operation: Box<dyn Operation<T> + Send>,
    pub(super) noise: Vec<T>,
    pub(super) dropout: Vec<T>,
    /// States and outputs, for objectives that are not part of the operation.
    pub(super) states: Vec<T>,
    pub(super) outputs: Vec<T>,
}

impl<T: Lanes> Workspace<T> {
    /// [`Operation::backward`]
    pub(super) fn backward(
        &mut self,
        sizes: Sizes,
        inputs: Inputs<'_, [T]>,
        cotangents: Cotangents<'_, T>,
        gradients: Gradients<'_, T>,
    ) -> Result<()> {
        self.operation
            .backward(sizes, inputs, cotangents, gradients)
    }
}

impl<T: Lanes> Rnn<T> {
    /// A network whose parameters are all zero.
    pub fn zeros(spec: Spec) -> Rnn<T> {
        Rnn {
            params: Arena::zeros(Arc::new(spec.layout())),
            spec,
            noise: 0.0,
            dropout: 0.0,
        }
    }

    /// Scratch buffers for runs. Create them once and reuse them for each batch.
    pub fn workspace(&self) -> Workspace<T> {
        Workspace {
            operation: self.spec.cell.operation(),
            noise: Vec::new(),
            dropout: Vec::new(),
            states: Vec::new(),
            outputs: Vec::new(),
        }
    }

    /// Fills `into` [b, s] with the states after one step without noise, from h [b, s] and x
    /// [b, i].
    ///
    /// Errors: `Shape` if the lengths do not match; `Range` if there are no states or the network
    /// is bidirectional
    pub fn step(&self, work: &mut Workspace<T>, h: &[T], x: &[T], into: &mut [T]) -> Result<()> {
        let sizes = self.spec.sizes(h.len() / self.spec.state(), 1);
        work.operation.step(sizes, &self.params.data, h, x, into)
    }

    /// The Jacobians of [`Rnn::step`] at h [b, s] and x [b, i]: fills `by_state` [b, s, s] with d
    /// next\[r\] / d h\[c\] and `by_input` [b, s, i] with d next\[r\] / d x\[c\].
    ///
    /// Errors: as [`Rnn::step`]
    pub fn jacobians(
        &self,
        work: &mut Workspace<T>,
        [h, x]: [&[T]; 2],
        by_state: Option<&mut [T]>,
        by_input: Option<&mut [T]>,
    ) -> Result<()> {
        let sizes = self.spec.sizes(h.len() / self.spec.state(), 1);
        let params = &self.params.data;
        work.operation
            .jacobians(sizes, params, [h, x], by_state, by_input)
    }

    /// The state noise of a run, [b, t, sublayers n], if noise is enabled.
    pub(super) fn fill_noise<'a>(
        &self,
        buffer: &'a mut Vec<T>,
        key: Option<&Key>,
        s: Sizes,
    ) -> Option<&'a [T]> {
        let key = key.filter(|_| self.noise > 0.0)?;
        buffer.resize(s.batch * s.time * s.total_units(), T::of(0.0));
        key.fill_normal(buffer);
        for x in buffer.iter_mut() {
            *x *= T::of(self.noise);
        }
        Some(buffer)
    }

    /// The dropout factors of the values between layers, [b, t, (layers - 1) d n], if dropout is
    /// enabled: 0, or 1 / (1 - dropout) to preserve the mean.
    pub(super) fn fill_dropout<'a>(
        &self,
        buffer: &'a mut Vec<T>,
        key: Option<&Key>,
        s: Sizes,
    ) -> Option<&'a [T]> {
        let key = key.filter(|_| self.dropout > 0.0 && s.layers > 1)?;
        buffer.resize(s.batch * s.time * s.dropout_width(), T::of(0.0));
        key.fold_in(DROPOUT)
            .fill_uniform(T::of(0.0), T::of(1.0), buffer);
        let keep_prob = 1.0 - self.dropout;
        let scale = T::of(1.0 / keep_prob);
        for x in buffer.iter_mut() {
            *x = if x.double() < keep_prob {
                scale
            } else {
                T::of(0.0)
            };
        }
        Some(buffer)
    }
}
