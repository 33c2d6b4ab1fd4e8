//! What the training loop asks of a network.

use super::Custom;
use crate::base::Result;
use crate::random::{Key, Layout};
use crate::tensor::{Arena, Device, Real, Tensor};
use crate::train::{Model, Trials, digest};

/// States that the rules are told by.
const SAMPLE: usize = 4;

impl<T: Real> Model<T> for Custom<T> {
    type Work = ();

    fn work(&self) {}

    fn ports(&self) -> [usize; 2] {
        [self.inputs, self.outputs]
    }

    fn params(&self) -> &Arena<T> {
        &self.params
    }

    fn params_mut(&mut self) -> &mut Arena<T> {
        &mut self.params
    }

    fn about(&self) -> Vec<(&'static str, String)> {
        let blocks = self.params.layout().blocks().iter();
        let blocks = blocks.map(|block| format!("{} {:?}", block.name, block.shape));
        let rules = self.sampled().unwrap_or_else(|_| "not known".into());
        vec![
            ("equation", self.equation().into()),
            ("cell", "custom".into()),
            ("inputs", self.inputs.to_string()),
            ("units", self.units.to_string()),
            ("outputs", self.outputs.to_string()),
            ("noise", self.noise.to_string()),
            ("parameters", blocks.collect::<Vec<_>>().join(", ")),
            ("step", rules),
        ]
    }

    fn loss(&self, _: &mut (), trials: &Trials<T>, key: Option<&Key>) -> Result<T> {
        self.batch_loss(trials, key)
    }

    fn loss_gradient(
        &self,
        _: &mut (),
        trials: &Trials<T>,
        key: Option<&Key>,
        gradient: &mut [T],
    ) -> Result<T> {
        self.batch_gradient(trials, key, gradient)
    }
}

impl<T: Real> Custom<T> {
    /// The rules in a few letters, by what they make of one key. A closure has no other name.
    fn sampled(&self) -> Result<String> {
        let [of_params, of_h, of_x] = Key::new(0, Layout::default()).children();
        let mut params = Arena::<T>::zeros(self.params.layout().clone());
        // Positive: a rule may take their logarithm, or divide by them.
        of_params.fill_uniform(T::of(0.1), T::of(1.0), &mut params.data);
        let params = self.by_name(&params.tensors()?);
        let drawn = |key: Key, n: usize| {
            let mut numbers = vec![T::of(0.0); SAMPLE * n];
            key.fill_normal(&mut numbers);
            Tensor::from_vec(numbers, (SAMPLE, n), &Device::Cpu)
        };
        let (h, x) = (drawn(of_h, self.units)?, drawn(of_x, self.inputs)?);
        let next = self.moved([&h, &x], &params)?;
        let outputs = self.read(&next, &params)?;
        let numbers = |of: &Tensor| crate::tensor::values::doubles(of);
        let all = [numbers(&next)?, numbers(&outputs)?].concat();
        Ok(digest(all.into_iter()))
    }
}
