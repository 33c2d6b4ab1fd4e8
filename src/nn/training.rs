//! Training of the networks with built-in cells.

use super::{Dynamics, Objective, Rnn, Workspace};
use crate::base::Result;
use crate::ops::Lanes;
use crate::random::Key;
use crate::tensor::Arena;
use crate::train::{Model, Trials};

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

    fn loss_bytes(&self, size: [usize; 2], gradient: bool) -> usize {
        self.objective_bytes(size, &Objective::default(), gradient)
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
