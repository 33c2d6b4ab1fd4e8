//! Problems for the network: everything it can be given, and its answers.

use attractor::ops::Lanes;
use attractor::ops::rnn::vanilla::{Vanilla, layout};
use attractor::ops::rnn::{Aim, Arriving, Given, Gradients, Nonlinearity, Sizes};
use attractor::tensor::Real;

pub const ALL: [Nonlinearity; 4] = [
    Nonlinearity::Tanh,
    Nonlinearity::Relu,
    Nonlinearity::Softplus,
    Nonlinearity::Linear,
];

/// Sums of a few hundred products in another order than the reference's.
pub const F64: f64 = 1e-12;

/// Numbers between -1 and 1 that look random (a linear congruential generator).
pub fn numbers<T: Real>(seed: u64, count: usize) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        T::of((state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0)
    };
    (0..count).map(|_| next()).collect()
}

/// One problem with everything a network can be given.
#[derive(Clone)]
pub struct Case<T> {
    pub sizes: Sizes,
    pub nonlinearity: Nonlinearity,
    pub params: Vec<T>,
    pub inputs: Vec<T>,
    pub h0: Option<Vec<T>>,
    pub noise: Option<Vec<T>>,
    pub targets: Vec<T>,
    pub mask: Option<Vec<T>>,
}

impl<T: Lanes> Case<T> {
    pub fn random(sizes: Sizes, nonlinearity: Nonlinearity) -> Case<T> {
        let Sizes {
            batch: b,
            time: t,
            inputs: i,
            units: n,
            outputs: o,
        } = sizes;
        let scale = T::of(1.0 / (n as f64).sqrt());
        let mut params = numbers::<T>(1, layout(i, n, o).len());
        params.iter_mut().for_each(|w| *w *= scale);
        let mut noise = numbers::<T>(5, b * t * n);
        noise.iter_mut().for_each(|x| *x *= T::of(0.1));
        let mask = numbers::<T>(6, b * t);
        Case {
            sizes,
            nonlinearity,
            params,
            inputs: numbers(2, b * t * i),
            h0: Some(numbers(3, b * n)),
            noise: Some(noise),
            targets: numbers(4, b * t * o),
            mask: Some(
                mask.iter()
                    .map(|m| T::of(f64::from(m.double() > -0.3)))
                    .collect(),
            ),
        }
    }

    pub fn given(&self) -> Given<'_, T> {
        Given {
            params: &self.params,
            inputs: &self.inputs,
            h0: self.h0.as_deref(),
            noise: self.noise.as_deref(),
        }
    }

    pub fn aim(&self) -> Aim<'_, T> {
        Aim {
            targets: &self.targets,
            mask: self.mask.as_deref(),
        }
    }

    pub fn net(&self) -> Vanilla<T> {
        Vanilla::new(self.nonlinearity)
    }

    pub fn loss(&self) -> f64 {
        let loss = self.net().loss(self.sizes, self.given(), self.aim());
        loss.expect("sizes fit").double()
    }

    pub fn loss_gradient(&self) -> (f64, Vec<T>) {
        let mut gradient = vec![T::of(f64::NAN); self.params.len()];
        let loss = self
            .net()
            .loss_gradient(self.sizes, self.given(), self.aim(), &mut gradient);
        (loss.expect("sizes fit").double(), gradient)
    }

    pub fn run(&self) -> (Vec<T>, Vec<T>) {
        let Sizes {
            batch,
            time,
            units,
            outputs,
            ..
        } = self.sizes;
        let mut h = vec![T::of(f64::NAN); batch * time * units];
        let mut o = vec![T::of(f64::NAN); batch * time * outputs];
        self.net()
            .run(self.sizes, self.given(), Some(&mut h), Some(&mut o))
            .expect("sizes fit");
        (h, o)
    }

    /// Gradients by parameters, inputs and h0 when `d_states` and `d_outputs` arrive.
    pub fn backward(&self, d_states: Option<&[T]>, d_outputs: Option<&[T]>) -> [Vec<T>; 3] {
        let Sizes {
            batch,
            time,
            inputs,
            units,
            ..
        } = self.sizes;
        let lengths = [self.params.len(), batch * time * inputs, batch * units];
        let [mut params, mut x, mut h0] = lengths.map(|len| vec![T::of(f64::NAN); len]);
        let into = Gradients {
            params: Some(&mut params),
            inputs: Some(&mut x),
            h0: Some(&mut h0),
        };
        let arriving = Arriving {
            states: d_states,
            outputs: d_outputs,
        };
        self.net()
            .backward(self.sizes, self.given(), arriving, into)
            .expect("sizes fit");
        [params, x, h0]
    }

    /// The derivatives of the loss by the outputs.
    pub fn d_outputs(&self, outputs: &[T]) -> Vec<T> {
        let o = self.sizes.outputs;
        let weight = |at: usize| self.mask.as_ref().map_or(1.0, |mask| mask[at / o].double());
        let count: f64 = (0..outputs.len()).map(weight).sum();
        let error = |at: usize| outputs[at].double() - self.targets[at].double();
        (0..outputs.len())
            .map(|at| T::of(2.0 * weight(at) * error(at) / count))
            .collect()
    }
}

/// Sizes that fill vectors, tiles and slices, and sizes that just do not.
pub fn many_sizes() -> Vec<Sizes> {
    let row = |(batch, time, inputs, units, outputs)| Sizes {
        batch,
        time,
        inputs,
        units,
        outputs,
    };
    [
        (1, 1, 1, 1, 2),
        (31, 1, 2, 7, 3),
        (32, 4, 0, 5, 1),
        (33, 3, 1, 7, 1),
        (33, 40, 6, 3, 6),
        (100, 2, 3, 100, 2),
        (64, 5, 5, 24, 5),
        (2, 70, 1, 11, 0),
        (3, 3, 13, 130, 4),
    ]
    .map(row)
    .to_vec()
}

/// The largest error, relative to the largest number.
pub fn error<T: Real>(found: &[T], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let size = expected.iter().fold(1e-300_f64, |m, x| m.max(x.abs()));
    let errors = found
        .iter()
        .zip(expected)
        .map(|(f, e)| (f.double() - e).abs() / size);
    errors.fold(0.0, |m, e| if e <= m { m } else { e })
}
