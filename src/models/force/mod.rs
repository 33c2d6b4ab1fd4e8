//! FORCE learning: a chaotic network with output feedback, whose readout is trained online at each
//! time step by recursive least squares.
//!
//! ```text
//! a' = a + dt/tau (-a + wI x + wR h + wF z)     h = tanh(a')     z = wO h
//! ```
//!
//! The network stores its current state and P, the inverse correlation matrix of the learning rule,
//! so that training continues where it stopped.
//!
//! Source: Sussillo and Abbott 2009

pub mod serialize;
mod train;

use crate::base::options::{Options as _, Span};
use crate::base::{Error, Result};
use crate::nn::{Cell, Rnn, Spec};
use crate::ops::Lanes;
use crate::ops::force::{
    self, Dense, InverseCorrelation, Matrix, RecurrentUpdates, RunOutcome, Sequence, Sizes, State,
    Weights, padded_len,
};
use crate::ops::rnn::Nonlinearity;
use crate::ops::rnn::cells::Ctrnn;
use crate::options;
use crate::random::Seed;
use crate::tensor::{Precision, Tensor, convert};
pub use train::{Fit, Student, TrainingOptions, train};

/// The standard deviation of the initial activations.
const A0_SCALE: f64 = 0.25;

options! {
    /// Options of a network for FORCE learning.
    pub struct NetworkOptions for "force::network" {
        /// Number of units, n.
        units: usize = 500, in Span::at_least(1.0);
        /// Number of inputs per time step, i.
        inputs: usize = 1;
        /// Number of outputs per time step, m. The outputs are fed back.
        outputs: usize = 1, in Span::at_least(1.0);
        /// Standard deviation of the recurrent weights times the square root of the number of
        /// connections per unit. Above 1 the network is chaotic.
        gain: f64 = 1.5, in Span::at_least(0.0);
        /// Probability of a connection between two units.
        density: f64 = 1.0, in Span::between(0.0, 1.0);
        /// Duration of a time step, in the unit of tau.
        dt: f64 = 0.1, in Span::above(0.0);
        /// Time constant with which the currents a decay, in the unit of `dt`.
        tau: f64 = 1.0, in Span::above(0.0);
        /// Standard deviation of the input weights times the square root of the number of inputs.
        input_scale: f64 = 1.0, in Span::at_least(0.0);
        /// Standard deviation of the feedback weights.
        feedback_scale: f64 = 1.0, in Span::at_least(0.0);
        /// Standard deviation of the initial output weights times the square root of the number of
        /// units.
        output_scale: f64 = 1.0, in Span::at_least(0.0);
        /// Precision of all values.
        dtype: Precision = Precision::F32;
        /// Seed of the weights and the initial state.
        seed: Seed = Seed::default();
    }
}

/// A network with its current state and the state of its learning rule.
#[derive(Clone)]
pub struct Network<T> {
    pub sizes: Sizes,
    pub dt: f64,
    pub tau: f64,
    pub weights: Weights<T>,
    /// The initial activations, [n].
    pub a0: Vec<T>,
    pub state: State<T>,
    /// P; `None` before the first training.
    pub inverse: Option<InverseCorrelation<T>>,
    /// Pending updates of `weights.recurrent` during training; see [`Network::recurrent`].
    pub recurrence: Option<RecurrentUpdates<T>>,
}

impl NetworkOptions {
    /// A new network in its initial state. All values are drawn from N(0, 1), each array from one
    /// of six children of the key: the initial activations (times 0.25), wI divided by the square
    /// root of i, wR times the gain divided by the square root of the number of connections per
    /// unit, wO divided by the square root of n, and wF. Child 0 selects the connections if the
    /// density is below 1.
    ///
    /// Errors: `Range` if an option is out of range
    /// Source: the notebook "FORCE learning" (Sussillo 2019); equal seeds produce its networks
    pub fn build<T: Lanes>(&self) -> Result<Network<T>> {
        self.clone().check()?;
        let (n, i, m) = (self.units, self.inputs, self.outputs);
        let key = self.seed.key();
        let normal = |child: usize, count: usize, scale: f64| {
            let mut values = vec![T::of(0.0); count];
            key.split_nth(child, 6).fill_normal(&mut values);
            values.iter_mut().for_each(|x| *x *= T::of(scale));
            values
        };
        let root = |count: f64| 1.0 / count.max(1.0).sqrt();
        let connections = self.density * n as f64;
        let mut recurrent = normal(3, n * n, self.gain * root(connections));
        if self.density < 1.0 {
            let mut connected = vec![false; n * n];
            key.split_nth(0, 6)
                .fill_bernoulli(T::of(self.density), &mut connected);
            let unconnected = recurrent
                .iter_mut()
                .zip(connected)
                .filter(|(_, connected)| !connected);
            unconnected.for_each(|(w, _)| *w = T::of(0.0));
        }
        let a0 = normal(1, n, A0_SCALE);
        let weights = Weights {
            input: Dense::new(&normal(2, n * i, self.input_scale * root(i as f64)), n, i),
            recurrent: Matrix::new(&recurrent, n, n),
            feedback: Dense::new(&normal(5, n * m, self.feedback_scale), n, m),
            output: Dense::new(&normal(4, m * n, self.output_scale * root(n as f64)), m, n),
        };
        Ok(Network::new(weights, a0, [self.dt, self.tau]))
    }
}

impl<T: Lanes> Network<T> {
    /// A network in its initial state.
    pub fn new(weights: Weights<T>, a0: Vec<T>, [dt, tau]: [f64; 2]) -> Network<T> {
        let sizes = Sizes {
            units: a0.len(),
            inputs: weights.input.columns,
            outputs: weights.output.rows,
        };
        let mut network = Network {
            sizes,
            dt,
            tau,
            weights,
            state: State {
                a: a0.clone(),
                z: vec![T::of(0.0); sizes.outputs],
            },
            a0,
            inverse: None,
            recurrence: None,
        };
        network.reset_state();
        network
    }

    /// Overwrites one of `a0`, `wI`, `wR`, `wF` and `wO`, and resets the state.
    ///
    /// Errors: `Unknown` for another name; `Parameter` if the shape is wrong; `NotFinite`
    pub fn set(&mut self, name: &str, value: &Tensor) -> Result<()> {
        self.check_shape(name, value)?;
        let values = convert::to_vec::<T>(value)?;
        if let Some(index) = values.iter().position(|x| !x.is_finite()) {
            return Err(Error::NotFinite {
                of: "force network",
                what: format!("a value of `{name}`"),
                found: values[index].double(),
                index,
            });
        }
        self.flush_recurrent();
        let Sizes {
            units: n,
            inputs: i,
            outputs: m,
        } = self.sizes;
        let weights = &mut self.weights;
        match name {
            "a0" => self.a0 = values,
            "wI" => weights.input = Dense::new(&values, n, i),
            "wR" => weights.recurrent = Matrix::new(&values, n, n),
            "wF" => weights.feedback = Dense::new(&values, n, m),
            _ => weights.output = Dense::new(&values, m, n),
        }
        self.reset_state();
        Ok(())
    }

    /// Errors: `Unknown` if there is no parameter of this name; `Parameter` if its shape differs
    fn check_shape(&self, name: &str, value: &Tensor) -> Result<()> {
        let Sizes {
            units: n,
            inputs: i,
            outputs: m,
        } = self.sizes;
        let shapes = [
            ("a0", vec![n]),
            ("wI", vec![n, i]),
            ("wR", vec![n, n]),
            ("wF", vec![n, m]),
            ("wO", vec![m, n]),
        ];
        let Some((_, shape)) = shapes.iter().find(|(known, _)| *known == name) else {
            return Err(Error::Unknown {
                of: "the network".into(),
                category: "parameter",
                name: name.into(),
                known: shapes.map(|(name, _)| name.into()).into(),
            });
        };
        if value.dims() != shape {
            return Err(Error::Parameter {
                name: name.into(),
                expected: shape.clone(),
                found: value.dims().to_vec(),
            });
        }
        Ok(())
    }

    /// Resets the state to the initial activations and their output.
    pub fn reset_state(&mut self) {
        self.flush_recurrent();
        self.state.a.copy_from_slice(&self.a0);
        force::update_output(&self.weights, &mut self.state);
    }

    /// wR including all updates of the training.
    pub fn recurrent(&self) -> Matrix<T> {
        match (&self.recurrence, &self.inverse) {
            (Some(recurrence), Some(inverse)) => {
                recurrence.to_matrix(&self.weights.recurrent, inverse)
            }
            _ => self.weights.recurrent.clone(),
        }
    }

    /// Adds the pending updates to wR.
    pub(super) fn flush_recurrent(&mut self) {
        if self.recurrence.is_some() {
            self.weights.recurrent = self.recurrent();
            self.recurrence = None;
        }
    }

    /// The currents wR h + wF z that follow the states h [t, n] and the feedback [t, m].
    pub fn currents(&self, states: &[T], feedback: &[T]) -> Vec<T> {
        let Sizes {
            units: n,
            outputs: m,
            ..
        } = self.sizes;
        let (mut h, mut z) = (
            vec![T::of(0.0); padded_len(n)],
            vec![T::of(0.0); padded_len(m)],
        );
        let mut currents = vec![T::of(0.0); states.len()];
        let rows = states.chunks_exact(n).zip(feedback.chunks_exact(m));
        for (into, (states, feedback)) in currents.chunks_exact_mut(n).zip(rows) {
            h[..n].copy_from_slice(states);
            z[..m].copy_from_slice(feedback);
            self.weights.recurrent.add_product(0, &h, into);
            self.weights.feedback.add_product(0, &z, into);
        }
        currents
    }

    /// The effective recurrent weights wR + wF wO [n, n].
    pub fn effective_recurrent(&self) -> Vec<T> {
        let Sizes {
            units: n,
            outputs: m,
            ..
        } = self.sizes;
        let weights = &self.weights;
        let (wf, wo) = (
            weights.feedback.to_row_major(),
            weights.output.to_row_major(),
        );
        let mut effective = self.recurrent().to_row_major();
        for (row, wf) in effective.chunks_exact_mut(n).zip(wf.chunks_exact(m)) {
            for (wo, wf) in wo.chunks_exact(n).zip(wf) {
                row.iter_mut().zip(wo).for_each(|(w, wo)| *w += *wf * *wo);
            }
        }
        effective
    }

    /// The equivalent continuous-time network without learning, whose recurrent weights are wR + wF
    /// wO.
    pub fn to_rnn(&self) -> Result<Rnn<T>> {
        let Sizes {
            units: n,
            inputs,
            outputs: m,
        } = self.sizes;
        let ctrnn = Ctrnn {
            nonlinearity: Nonlinearity::Tanh,
            dt: self.dt,
            tau: self.tau,
        };
        let spec = Spec {
            cell: Cell::Ctrnn(ctrnn),
            inputs,
            units: n,
            outputs: m,
            layers: 1,
            directions: 1,
        };
        let mut net = Rnn::zeros(spec);
        let weights = &self.weights;
        let parts = [
            ("wI", weights.input.to_row_major()),
            ("wR", self.effective_recurrent()),
            ("wO", weights.output.to_row_major()),
            ("h0", self.a0.clone()),
        ];
        for (name, part) in parts {
            net.params.block_mut(name)?.copy_from_slice(&part);
        }
        Ok(net)
    }

    /// Continues the run over a sequence, without learning.
    pub fn run(&mut self, sequence: Sequence<'_, T>) -> RunOutcome {
        self.flush_recurrent();
        let rate = T::of(self.dt / self.tau);
        let network = (&mut self.weights, &mut self.state);
        force::run(self.sizes, network, rate, sequence, None)
    }
}
