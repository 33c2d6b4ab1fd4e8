//! The interface of custom networks for the training loop.

use super::Custom;
use crate::base::Result;
use crate::nn::Dynamics;
use crate::nn::objective::Objective;
use crate::random::{Key, Layout};
use crate::tensor::{Arena, Device, Real, Tensor};
use crate::train::{Model, Trials, digest};

/// The number of states from which the fingerprint of the user functions is computed.
const SAMPLE: usize = 4;

impl<T: Real> Model<T> for Custom<T> {
    type Workspace = ();

    fn workspace(&self) {}

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn outputs(&self) -> usize {
        self.outputs
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
        let blocks = self.params.layout().blocks().iter();
        let blocks = blocks.map(|block| format!("{} {:?}", block.name, block.shape));
        let functions = self
            .function_digest()
            .unwrap_or_else(|_| "not known".into());
        vec![
            ("equation", self.equation().into()),
            ("cell", "custom".into()),
            ("inputs", self.inputs.to_string()),
            ("units", self.units.to_string()),
            ("outputs", self.outputs.to_string()),
            ("noise", self.noise.to_string()),
            ("parameters", blocks.collect::<Vec<_>>().join(", ")),
            ("step", functions),
        ]
    }

    fn loss(&self, _: &mut (), trials: &Trials<T>, key: Option<&Key>) -> Result<T> {
        let value = self.value((trials, key), &Objective::default())?;
        Ok(T::of(value.data))
    }

    fn loss_gradient(
        &self,
        _: &mut (),
        trials: &Trials<T>,
        key: Option<&Key>,
        gradient: &mut [T],
    ) -> Result<T> {
        let objective = Objective::default();
        let value = self.value_and_gradient((trials, key), &objective, gradient)?;
        Ok(T::of(value.data))
    }
}

impl<T: Real> Custom<T> {
    /// A digest of the results of the user functions at fixed random arguments. A closure has no
    /// other identity.
    fn function_digest(&self) -> Result<String> {
        let [params_key, h_key, x_key] = Key::new(0, Layout::default()).split_array();
        let mut params = Arena::<T>::zeros(self.params.layout().clone());
        // Positive, because a function may take logarithms of parameters or divide by them.
        params_key.fill_uniform(T::of(0.1), T::of(1.0), &mut params.data);
        let params = self.to_param_map(&params.tensors()?);
        let normals = |key: Key, n: usize| {
            let mut values = vec![T::of(0.0); SAMPLE * n];
            key.fill_normal(&mut values);
            Tensor::from_vec(values, (SAMPLE, n), &Device::Cpu)
        };
        let (h, x) = (normals(h_key, self.units)?, normals(x_key, self.inputs)?);
        let next = self.advance([&h, &x], &params)?;
        let outputs = self.apply_readout(&next, &params)?;
        let values = |of: &Tensor| crate::tensor::convert::to_f64(of);
        let all = [values(&next)?, values(&outputs)?].concat();
        Ok(digest(all.into_iter()))
    }
}
