//! The interface that the training loop requires of a network: parameters in one flat array, a loss
//! and its gradient.

use super::{LossTerms, Trials};
use crate::base::Result;
use crate::random::Key;
use crate::tensor::{Arena, Real};

/// A network that can be trained.
pub trait Model<T: Real> {
    /// Scratch buffers, reused from batch to batch.
    type Workspace;

    /// The names of the terms of the loss; empty if the loss is a single term.
    fn loss_term_names(&self) -> &'static [&'static str] {
        &[]
    }

    fn workspace(&self) -> Self::Workspace;

    /// i, the number of inputs per time step.
    fn inputs(&self) -> usize;

    /// o, the number of outputs per time step.
    fn outputs(&self) -> usize;

    fn params(&self) -> &Arena<T>;

    fn params_mut(&mut self) -> &mut Arena<T>;

    /// Approximate number of bytes that the loss of `[trials, time steps]` needs besides the
    /// trials, with its gradient if `gradient`; saturates.
    fn loss_bytes(&self, size: [usize; 2], gradient: bool) -> usize;

    /// Every property besides the parameters that affects the results, as names and strings. Two
    /// networks with equal fingerprints and parameters are equal.
    fn fingerprint(&self) -> Vec<(&'static str, String)>;

    /// Prepares for the batch with index `batch` of the run, from 0. The weights of a loss may
    /// depend on it.
    fn begin_batch(&self, _work: &mut Self::Workspace, _batch: usize) {}

    /// The terms of the last loss, if the loss has several.
    fn loss_terms(&self, _work: &Self::Workspace) -> Option<LossTerms> {
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
