//! Test cases for networks: all arguments of the operations, and their results.

use attractor::nn::{Cell, Spec};
use attractor::ops::Lanes;
use attractor::ops::rnn::{Cotangents, Gradients, Inputs, Loss, Nonlinearity, Operation, Targets};
use attractor::tensor::Real;

/// Tolerance for sums of a few hundred products in a different order than in the reference.
pub const F64: f64 = 1e-12;
/// Tolerance in single precision: about 2^-24 times the number of steps and terms.
pub const F32: f64 = 4e-6;

/// All cells, with non-default parameters.
pub fn all_cells() -> Vec<Cell> {
    use attractor::ops::rnn::cells::{Ctrnn, Gru, Ugrnn, Vanilla};
    let mut all = vec![
        Cell::Gru(Gru { update_bias: 0.25 }),
        Cell::Ugrnn(Ugrnn { update_bias: 0.75 }),
        Cell::GruTorch(Default::default()),
        Cell::Lstm(Default::default()),
    ];
    for nonlinearity in [
        Nonlinearity::Tanh,
        Nonlinearity::Relu,
        Nonlinearity::Softplus,
        Nonlinearity::Linear,
    ] {
        all.push(Cell::Vanilla(Vanilla { nonlinearity }));
        let (dt, tau) = (0.3, 0.8);
        all.push(Cell::Ctrnn(Ctrnn {
            nonlinearity,
            dt,
            tau,
        }));
    }
    all
}

/// Pseudo-random values between -1 and 1 (a linear congruential generator).
pub fn random_values<T: Real>(seed: u64, count: usize) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next_value = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        T::of((state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0)
    };
    (0..count).map(|_| next_value()).collect()
}

/// A network with all its arguments.
#[derive(Clone)]
pub struct Case<T> {
    pub spec: Spec,
    /// b, t
    pub size: [usize; 2],
    pub params: Vec<T>,
    pub inputs: Vec<T>,
    pub h0: Option<Vec<T>>,
    pub noise: Option<Vec<T>>,
    pub dropout: Option<Vec<T>>,
    pub targets: Vec<T>,
    pub mask: Option<Vec<T>>,
    pub loss_function: Loss,
    pub lengths: Option<Vec<usize>>,
    /// Number of trial groups per slice; `None` for the automatic choice.
    pub slice: Option<usize>,
}

impl<T: Lanes> Case<T> {
    pub fn random(spec: Spec, [b, t]: [usize; 2]) -> Case<T> {
        let (sizes, o) = (spec.sizes(b, t), spec.outputs);
        let scaled_values = |seed, count, scale: f64| -> Vec<T> {
            let all = random_values::<f64>(seed, count);
            all.into_iter().map(|x| T::of(x * scale)).collect()
        };
        let random_mask = |seed, count, ratio: f64| -> Vec<T> {
            let all = random_values::<f64>(seed, count);
            all.into_iter()
                .map(|x| T::of(f64::from(x > ratio)))
                .collect()
        };
        let scale = 1.0 / (spec.units as f64).sqrt();
        let mut mask = random_mask(6, b * t, -0.3);
        mask[0] = T::of(1.0);
        Case {
            spec,
            size: [b, t],
            params: scaled_values(1, spec.layout().len(), scale),
            inputs: random_values(2, b * t * spec.inputs),
            h0: Some(random_values(3, b * spec.state())),
            noise: Some(scaled_values(5, b * t * sizes.total_units(), 0.1)),
            dropout: Some(random_mask(7, b * t * sizes.dropout_width(), -0.5)),
            targets: random_values(4, b * t * o),
            mask: Some(mask),
            loss_function: Loss::Mse,
            lengths: None,
            slice: None,
        }
    }

    /// The same case with trials of different lengths; two thirds are shorter than t.
    pub fn ragged(self) -> Case<T> {
        let [b, t] = self.size;
        let lengths = (0..b).map(|trial| t - trial % 3 * (t - 1) / 2);
        Case {
            lengths: Some(lengths.collect()),
            ..self
        }
    }

    pub fn sizes(&self) -> attractor::ops::rnn::Sizes {
        self.spec.sizes(self.size[0], self.size[1])
    }

    pub fn op_inputs(&self) -> Inputs<'_, [T]> {
        Inputs {
            params: &self.params,
            inputs: &self.inputs,
            h0: self.h0.as_deref(),
            noise: self.noise.as_deref(),
            dropout: self.dropout.as_deref(),
            lengths: self.lengths.as_deref(),
        }
    }

    pub fn op_targets(&self) -> Targets<'_, T> {
        Targets {
            values: &self.targets,
            mask: self.mask.as_deref(),
            loss: self.loss_function,
        }
    }

    pub fn operation(&self) -> Box<dyn Operation<T> + Send> {
        match self.slice {
            None => self.spec.cell.operation(),
            Some(groups) => self.spec.cell.operation_in_slices(groups),
        }
    }

    pub fn loss(&self) -> f64 {
        let loss = self
            .operation()
            .loss(self.sizes(), self.op_inputs(), self.op_targets());
        loss.expect("matching sizes").double()
    }

    pub fn loss_gradient(&self) -> (f64, Vec<T>) {
        let mut gradient = vec![T::of(f64::NAN); self.params.len()];
        let loss = self.operation().loss_gradient(
            self.sizes(),
            self.op_inputs(),
            self.op_targets(),
            &mut gradient,
        );
        (loss.expect("matching sizes").double(), gradient)
    }

    /// States and outputs.
    pub fn run(&self) -> (Vec<T>, Vec<T>) {
        let bt = self.size[0] * self.size[1];
        let mut h = vec![T::of(f64::NAN); bt * self.spec.state()];
        let mut o = vec![T::of(f64::NAN); bt * self.spec.outputs];
        self.operation()
            .run(self.sizes(), self.op_inputs(), Some(&mut h), Some(&mut o))
            .expect("matching sizes");
        (h, o)
    }

    /// Gradients with respect to parameters, inputs and h0 for the cotangents `d_states` and
    /// `d_outputs`.
    pub fn backward(&self, d_states: Option<&[T]>, d_outputs: Option<&[T]>) -> [Vec<T>; 3] {
        let b = self.size[0];
        let lengths = [self.params.len(), self.inputs.len(), b * self.spec.state()];
        let [mut params, mut x, mut h0] = lengths.map(|len| vec![T::of(f64::NAN); len]);
        let gradients = Gradients {
            params: Some(&mut params),
            inputs: Some(&mut x),
            h0: Some(&mut h0),
        };
        let cotangents = Cotangents {
            states: d_states,
            outputs: d_outputs,
        };
        self.operation()
            .backward(self.sizes(), self.op_inputs(), cotangents, gradients)
            .expect("matching sizes");
        [params, x, h0]
    }

    /// The Jacobians with respect to state and input at the initial states and the first inputs.
    pub fn jacobians(&self) -> [Vec<T>; 2] {
        let (b, s, i) = (self.size[0], self.spec.state(), self.spec.inputs);
        let mut by_state = vec![T::of(f64::NAN); b * s * s];
        let mut by_input = vec![T::of(f64::NAN); b * s * i];
        let h = self.h0.as_ref().expect("present in the case");
        let (states, inputs) = (Some(&mut by_state[..]), Some(&mut by_input[..]));
        let x = self.first_inputs();
        self.operation()
            .jacobians(self.sizes(), &self.params, [h, &x], states, inputs)
            .expect("matching sizes");
        [by_state, by_input]
    }

    /// The inputs of the first time step, [b, i].
    pub fn first_inputs(&self) -> Vec<T> {
        let trial = self.size[1] * self.spec.inputs;
        let trials = self.inputs.chunks(trial.max(1));
        trials
            .flat_map(|x| x[..self.spec.inputs].to_vec())
            .collect()
    }

    /// The gradient of the loss with respect to the outputs.
    pub fn d_outputs(&self, outputs: &[T]) -> Vec<T> {
        let o = self.spec.outputs;
        let weight = |at: usize| self.mask.as_ref().map_or(1.0, |mask| mask[at / o].double());
        let count: f64 = (0..outputs.len()).map(weight).sum();
        let error = |at: usize| outputs[at].double() - self.targets[at].double();
        (0..outputs.len())
            .map(|at| T::of(2.0 * weight(at) * error(at) / count))
            .collect()
    }
}

/// Stacks, directions and sizes at and next to the sizes of vectors, tiles, strips and slices: b,
/// t, i, n, o, layers, directions.
pub fn all_sizes() -> Vec<[usize; 7]> {
    vec![
        [1, 1, 1, 1, 2, 1, 1],
        [15, 1, 2, 7, 3, 1, 1],
        [16, 4, 0, 5, 1, 1, 1],
        [33, 3, 1, 7, 1, 1, 1],
        [33, 40, 6, 3, 6, 1, 1],
        [100, 2, 3, 30, 2, 1, 1],
        [64, 5, 5, 24, 5, 1, 1],
        [2, 20, 1, 11, 0, 1, 1],
        [3, 3, 13, 70, 4, 1, 1],
        [19, 4, 2, 6, 2, 3, 1],
        [19, 4, 2, 6, 2, 1, 2],
        [35, 3, 1, 5, 3, 2, 2],
    ]
}

/// The test case with these sizes.
pub fn case<T: Lanes>(cell: Cell, [b, t, i, n, o, layers, directions]: [usize; 7]) -> Case<T> {
    let spec = Spec {
        layers,
        directions,
        ..Spec::new(cell, [i, n, o])
    };
    Case::random(spec, [b, t])
}

/// The largest error, relative to the largest expected value.
pub fn error<T: Real>(actual: &[T], expected: &[f64]) -> f64 {
    assert_eq!(actual.len(), expected.len());
    let size = expected.iter().fold(1e-300_f64, |m, x| m.max(x.abs()));
    let errors = actual
        .iter()
        .zip(expected)
        .map(|(f, e)| (f.double() - e).abs() / size);
    errors.fold(0.0, |m, e| if e <= m { m } else { e })
}
