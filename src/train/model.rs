//! The interface that the training loop requires of a network: parameters in one flat array, a loss
//! and its gradient.

use super::Trials;
use crate::base::Result;
use crate::nn::{Rnn, Workspace};
use crate::ops::Lanes;
use crate::random::Key;
use crate::tensor::{Arena, Real};

/// The parts of a loss. Their meaning depends on the model.
pub type Parts = [f64; 3];

/// A network that can be trained.
pub trait Model<T: Real> {
    /// Scratch buffers, reused from batch to batch.
    type Workspace;

    fn workspace(&self) -> Self::Workspace;

    /// i, the number of inputs per time step.
    fn inputs(&self) -> usize;

    /// o, the number of outputs per time step.
    fn outputs(&self) -> usize;

    fn params(&self) -> &Arena<T>;

    fn params_mut(&mut self) -> &mut Arena<T>;

    /// Every property besides the parameters that affects the results, as names and texts. Two
    /// networks with equal fingerprints and parameters are equal.
    fn fingerprint(&self) -> Vec<(&'static str, String)>;

    /// Prepares for the batch with index `batch` of the run, from 0. The weights of a loss may
    /// depend on it.
    fn begin_batch(&self, _work: &mut Self::Workspace, _batch: usize) {}

    /// The parts of the last loss, if the loss has parts.
    fn parts(&self, _work: &Self::Workspace) -> Option<Parts> {
        None
    }

    /// The loss without the penalty. For a network it is the mean squared error, weighted by the
    /// mask at each time step. With a key, training noise (state noise, dropout) is drawn from it.
    fn loss(&self, work: &mut Self::Workspace, trials: &Trials<T>, key: Option<&Key>) -> Result<T>;

    /// [`Model::loss`]; writes its gradient with respect to the parameters into `gradient`.
    fn loss_gradient(
        &self,
        work: &mut Self::Workspace,
        trials: &Trials<T>,
        key: Option<&Key>,
        gradient: &mut [T],
    ) -> Result<T>;
}

impl<T: Lanes> Model<T> for Rnn<T> {
    type Workspace = Workspace<T>;

    fn workspace(&self) -> Workspace<T> {
        Rnn::workspace(self)
    }

    fn inputs(&self) -> usize {
        self.spec.inputs
    }

    fn outputs(&self) -> usize {
        self.spec.outputs
    }

    fn params(&self) -> &Arena<T> {
        &self.params
    }

    fn params_mut(&mut self) -> &mut Arena<T> {
        &mut self.params
    }

    fn fingerprint(&self) -> Vec<(&'static str, String)> {
        let spec = self.spec;
        vec![
            ("equation", spec.cell.equation().into()),
            ("cell", format!("{:?}", spec.cell)),
            ("inputs", spec.inputs.to_string()),
            ("units", spec.units.to_string()),
            ("outputs", spec.outputs.to_string()),
            ("layers", spec.layers.to_string()),
            ("directions", spec.directions.to_string()),
            ("noise", self.noise.to_string()),
            ("dropout", self.dropout.to_string()),
        ]
    }

    fn loss(&self, work: &mut Workspace<T>, trials: &Trials<T>, key: Option<&Key>) -> Result<T> {
        Rnn::loss(self, work, trials, key)
    }

    fn loss_gradient(
        &self,
        work: &mut Workspace<T>,
        trials: &Trials<T>,
        key: Option<&Key>,
        gradient: &mut [T],
    ) -> Result<T> {
        Rnn::loss_gradient(self, work, trials, key, gradient)
    }
}
