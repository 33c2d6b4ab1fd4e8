//! A network with the objective of its training, as a model of the training loop.

use super::{Dynamics, Objective, ObjectiveValue};
use crate::base::Result;
use crate::random::Key;
use crate::tensor::{Arena, Real};
use crate::train::{LossTerms, Model, Trials};

/// The terms of an objective with activity penalties.
const TERMS: &[&str] = &["data", "activity"];

/// A network and the objective that its training minimizes.
#[derive(Clone)]
pub struct WithObjective<N> {
    pub net: N,
    pub objective: Objective,
}

/// The buffers of the network, and the value of the last objective.
pub struct ObjectiveWorkspace<W> {
    net: W,
    value: ObjectiveValue,
}

impl<N> WithObjective<N> {
    /// The value of the objective; its gradient is written if it is requested. Without a key there
    /// are no activity penalties.
    fn evaluate<T: Real>(
        &self,
        work: &mut ObjectiveWorkspace<N::Workspace>,
        trials: &Trials<T>,
        key: Option<&Key>,
        gradient: Option<&mut [T]>,
    ) -> Result<T>
    where
        N: Dynamics<T>,
    {
        let without_penalty = Objective::new(self.objective.loss.clone());
        let objective = match key {
            Some(_) => &self.objective,
            None => &without_penalty,
        };
        work.value = self
            .net
            .objective(&mut work.net, (trials, key), objective, gradient)?;
        Ok(T::of(work.value.data + work.value.activity))
    }
}

impl<T: Real, N: Dynamics<T>> Model<T> for WithObjective<N> {
    type Workspace = ObjectiveWorkspace<N::Workspace>;

    fn loss_term_names(&self) -> &'static [&'static str] {
        match self.objective.has_activity_penalty() {
            true => TERMS,
            false => &[],
        }
    }

    fn workspace(&self) -> Self::Workspace {
        ObjectiveWorkspace {
            net: self.net.workspace(),
            value: ObjectiveValue::default(),
        }
    }

    fn inputs(&self) -> usize {
        self.net.inputs()
    }

    fn outputs(&self) -> usize {
        self.net.outputs()
    }

    fn params(&self) -> &Arena<T> {
        self.net.params()
    }

    fn params_mut(&mut self) -> &mut Arena<T> {
        self.net.params_mut()
    }

    fn loss_bytes(&self, size: [usize; 2], gradient: bool) -> usize {
        self.net.objective_bytes(size, &self.objective, gradient)
    }

    fn fingerprint(&self) -> Vec<(&'static str, String)> {
        let mut settings = self.net.fingerprint();
        settings.extend(self.objective.fingerprint(self.net.outputs()));
        settings
    }

    fn loss_terms(&self, work: &Self::Workspace) -> Option<LossTerms> {
        let ObjectiveValue { data, activity } = work.value;
        let has_terms = self.objective.has_activity_penalty();
        has_terms.then(|| LossTerms::new(TERMS, &[data, activity]))
    }

    fn loss(&self, work: &mut Self::Workspace, trials: &Trials<T>, key: Option<&Key>) -> Result<T> {
        self.evaluate(work, trials, key, None)
    }

    fn loss_gradient(
        &self,
        work: &mut Self::Workspace,
        trials: &Trials<T>,
        key: Option<&Key>,
        gradient: &mut [T],
    ) -> Result<T> {
        self.evaluate(work, trials, key, Some(gradient))
    }
}
