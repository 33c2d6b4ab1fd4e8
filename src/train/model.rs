//! What the training loop needs of a network: parameters in one flat array, a loss, its gradient.

use super::Trials;
use crate::base::Result;
use crate::nn::{Rnn, Work};
use crate::ops::Lanes;
use crate::random::Key;
use crate::tensor::{Arena, Real};

/// What a loss is made of; the model knows the words.
pub type Parts = [f64; 3];

/// A network that can be trained.
pub trait Model<T: Real> {
    /// The buffers of its runs, kept from batch to batch.
    type Work;

    fn work(&self) -> Self::Work;

    /// The numbers that come in and go out at each time, i and o.
    fn ports(&self) -> [usize; 2];

    fn params(&self) -> &Arena<T>;

    fn params_mut(&mut self) -> &mut Arena<T>;

    /// What it is besides its parameters, as names and words: two networks of which this is the
    /// same, and the parameters, are the same.
    fn about(&self) -> Vec<(&'static str, String)>;

    /// Told which batch of the run comes next, from 0: what a loss weighs may depend on it.
    fn turn(&self, _work: &mut Self::Work, _batch: usize) {}

    /// What the last loss was made of, if it has parts.
    fn parts(&self, _work: &Self::Work) -> Option<Parts> {
        None
    }

    /// The loss without penalty, for a network the mean squared error, each time weighing what the
    /// mask says. With a key, whatever the
    /// network adds in training alone (state noise, dropout) is drawn from it.
    fn loss(&self, work: &mut Self::Work, trials: &Trials<T>, key: Option<&Key>) -> Result<T>;

    /// [`Model::loss`], with its gradient by the parameters in `gradient`.
    fn loss_gradient(
        &self,
        work: &mut Self::Work,
        trials: &Trials<T>,
        key: Option<&Key>,
        gradient: &mut [T],
    ) -> Result<T>;
}

impl<T: Lanes> Model<T> for Rnn<T> {
    type Work = Work<T>;

    fn work(&self) -> Work<T> {
        Rnn::work(self)
    }

    fn ports(&self) -> [usize; 2] {
        [self.plan.inputs, self.plan.outputs]
    }

    fn params(&self) -> &Arena<T> {
        &self.params
    }

    fn params_mut(&mut self) -> &mut Arena<T> {
        &mut self.params
    }

    fn about(&self) -> Vec<(&'static str, String)> {
        let plan = self.plan;
        vec![
            ("equation", plan.cell.equation().into()),
            ("cell", format!("{:?}", plan.cell)),
            ("inputs", plan.inputs.to_string()),
            ("units", plan.units.to_string()),
            ("outputs", plan.outputs.to_string()),
            ("layers", plan.layers.to_string()),
            ("directions", plan.directions.to_string()),
            ("noise", self.noise.to_string()),
            ("dropout", self.dropout.to_string()),
        ]
    }

    fn loss(&self, work: &mut Work<T>, trials: &Trials<T>, key: Option<&Key>) -> Result<T> {
        Rnn::loss(self, work, trials, key)
    }

    fn loss_gradient(
        &self,
        work: &mut Work<T>,
        trials: &Trials<T>,
        key: Option<&Key>,
        gradient: &mut [T],
    ) -> Result<T> {
        Rnn::loss_gradient(self, work, trials, key, gradient)
    }
}
