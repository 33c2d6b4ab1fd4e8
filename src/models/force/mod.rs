//! FORCE learning: a chaotic network whose output is fed back, and whose readout learns in every
//! step to be right at once, by recursive least squares.
//!
//! ```text
//! a' = a + dt/tau (-a + wI x + wR h + wF z)     h = tanh(a')     z = wO h
//! ```
//!
//! The network keeps where it stands, and what its learning knows (P): training goes on where it
//! stopped.
//!
//! Source: Sussillo and Abbott 2009

pub mod kept;
mod train;

use crate::base::options::{Options as _, Span};
use crate::base::{Error, Result};
use crate::nn::{Cell, Plan, Precision, Rnn};
use crate::ops::Lanes;
use crate::ops::force::{
    self, Dense, End, Inverse, Matrix, Recurrence, Sequence, Sizes, State, Weights, padded,
};
use crate::ops::rnn::Nonlinearity;
use crate::ops::rnn::ctrnn::Ctrnn;
use crate::options;
use crate::random::{Key, Layout};
use crate::tensor::{Tensor, values};
pub use train::{Fit, Pupil, Training, train};

/// The spread of the first currents.
const A0_SCALE: f64 = 0.25;

options! {
    /// What a network for FORCE learning is made from.
    pub struct Recipe for "force::network" {
        /// Units, n.
        units: usize = 500, in Span::from(1.0);
        /// Numbers that come in at each time, i.
        inputs: usize = 1;
        /// Numbers that go out at each time, and are fed back, m.
        outputs: usize = 1, in Span::from(1.0);
        /// Spread of the recurrent weights, times the root of the connections of a unit: above 1
        /// the network is chaotic.
        gain: f64 = 1.5, in Span::from(0.0);
        /// Probability that one unit is connected with another.
        density: f64 = 1.0, in Span::between(0.0, 1.0);
        /// Length of a time step, in the unit of tau.
        dt: f64 = 0.1, in Span::above(0.0);
        /// Time constant of the currents.
        tau: f64 = 1.0, in Span::above(0.0);
        /// Spread of the input weights, times the root of the inputs.
        input_scale: f64 = 1.0, in Span::from(0.0);
        /// Spread of the feedback weights.
        feedback_scale: f64 = 1.0, in Span::from(0.0);
        /// Spread of the output weights before learning, times the root of the units.
        output_scale: f64 = 1.0, in Span::from(0.0);
        /// Kind of number.
        dtype: Precision = Precision::F32;
        /// Seed of the weights and the first state.
        seed: usize = 0;
        /// Key of the weights and the first state, in place of a seed.
        key: Option<Key> = None;
    }
}

/// A network, where it stands and what its learning knows.
#[derive(Clone)]
pub struct Network<T> {
    pub sizes: Sizes,
    pub dt: f64,
    pub tau: f64,
    pub weights: Weights<T>,
    /// The currents that it begins with, [n].
    pub start: Vec<T>,
    pub state: State<T>,
    /// P; none before the first training.
    pub inverse: Option<Inverse<T>>,
    /// Pending updates of `weights.recurrent` while it is trained; see [`Network::recurrent`].
    pub recurrence: Option<Recurrence<T>>,
}

impl Recipe {
    /// A new network, at its start. Drawn from N(0, 1), each with a child of its own of six of the
    /// key: the first currents (times 0.25), wI over the root of i, wR times the gain over the
    /// root of a unit's connections, wO over the root of n, and wF; the child 0 says which
    /// connections there are, if not all.
    ///
    /// Errors: `Range` if an option is outside its span
    /// Source: the notebook "FORCE learning" (Sussillo 2019), whose seeds give its networks
    pub fn build<T: Lanes>(&self) -> Result<Network<T>> {
        self.clone().check()?;
        let (n, i, m) = (self.units, self.inputs, self.outputs);
        let key = self
            .key
            .unwrap_or_else(|| Key::new(self.seed as u64, Layout::default()));
        let draw = |child: usize, count: usize, scale: f64| {
            let mut drawn = vec![T::of(0.0); count];
            key.child(child, 6).fill_normal(&mut drawn);
            drawn.iter_mut().for_each(|x| *x *= T::of(scale));
            drawn
        };
        let root = |count: f64| 1.0 / count.max(1.0).sqrt();
        let connections = self.density * n as f64;
        let mut recurrent = draw(3, n * n, self.gain * root(connections));
        if self.density < 1.0 {
            let mut there = vec![false; n * n];
            key.child(0, 6)
                .fill_bernoulli(T::of(self.density), &mut there);
            let absent = recurrent.iter_mut().zip(there).filter(|(_, there)| !there);
            absent.for_each(|(w, _)| *w = T::of(0.0));
        }
        let start = draw(1, n, A0_SCALE);
        let weights = Weights {
            input: Dense::new(&draw(2, n * i, self.input_scale * root(i as f64)), n, i),
            recurrent: Matrix::new(&recurrent, n, n),
            feedback: Dense::new(&draw(5, n * m, self.feedback_scale), n, m),
            output: Dense::new(&draw(4, m * n, self.output_scale * root(n as f64)), m, n),
        };
        Ok(Network::new(weights, start, [self.dt, self.tau]))
    }
}

impl<T: Lanes> Network<T> {
    /// A network at its start.
    pub fn new(weights: Weights<T>, start: Vec<T>, [dt, tau]: [f64; 2]) -> Network<T> {
        let sizes = Sizes {
            units: start.len(),
            inputs: weights.input.columns,
            outputs: weights.output.rows,
        };
        let mut network = Network {
            sizes,
            dt,
            tau,
            weights,
            state: State {
                a: start.clone(),
                z: vec![T::of(0.0); sizes.outputs],
            },
            start,
            inverse: None,
            recurrence: None,
        };
        network.restart();
        network
    }

    /// Overwrites one of `a0`, `wI`, `wR`, `wF` and `wO`, and goes back to the start.
    ///
    /// Errors: `Unknown` for another name, `Parameter` for another shape, `NotFinite`
    pub fn set(&mut self, name: &str, value: &Tensor) -> Result<()> {
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
                sort: "parameter",
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
        let numbers = values::reals::<T>(value)?;
        if let Some(index) = numbers.iter().position(|x| !x.is_finite()) {
            return Err(Error::NotFinite {
                of: "force network",
                what: format!("a number of `{name}`"),
                found: numbers[index].double(),
                index,
            });
        }
        self.flush_recurrent();
        let weights = &mut self.weights;
        match name {
            "a0" => self.start = numbers,
            "wI" => weights.input = Dense::new(&numbers, n, i),
            "wR" => weights.recurrent = Matrix::new(&numbers, n, n),
            "wF" => weights.feedback = Dense::new(&numbers, n, m),
            _ => weights.output = Dense::new(&numbers, m, n),
        }
        self.restart();
        Ok(())
    }

    /// Goes back to the first currents and the output that they give.
    pub fn restart(&mut self) {
        self.flush_recurrent();
        self.state.a.copy_from_slice(&self.start);
        force::read(&self.weights, &mut self.state);
    }

    /// wR, with every update that training has made.
    pub fn recurrent(&self) -> Matrix<T> {
        match (&self.recurrence, &self.inverse) {
            (Some(recurrence), Some(inverse)) => {
                recurrence.flushed(&self.weights.recurrent, inverse)
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

    /// The currents wR h + wF z that follow on states h [t, n] and on what is fed back, [t, m].
    pub fn currents(&self, states: &[T], fed: &[T]) -> Vec<T> {
        let Sizes {
            units: n,
            outputs: m,
            ..
        } = self.sizes;
        let (mut h, mut z) = (vec![T::of(0.0); padded(n)], vec![T::of(0.0); padded(m)]);
        let mut currents = vec![T::of(0.0); states.len()];
        let rows = states.chunks_exact(n).zip(fed.chunks_exact(m));
        for (into, (states, fed)) in currents.chunks_exact_mut(n).zip(rows) {
            h[..n].copy_from_slice(states);
            z[..m].copy_from_slice(fed);
            self.weights.recurrent.add_product(0, &h, into);
            self.weights.feedback.add_product(0, &z, into);
        }
        currents
    }

    /// wR + wF wO [n, n], by which the network drives itself.
    pub fn effective(&self) -> Vec<T> {
        let Sizes {
            units: n,
            outputs: m,
            ..
        } = self.sizes;
        let weights = &self.weights;
        let (wf, wo) = (weights.feedback.whole(), weights.output.whole());
        let mut effective = self.recurrent().whole();
        for (row, wf) in effective.chunks_exact_mut(n).zip(wf.chunks_exact(m)) {
            for (wo, wf) in wo.chunks_exact(n).zip(wf) {
                row.iter_mut().zip(wo).for_each(|(w, wo)| *w += *wf * *wo);
            }
        }
        effective
    }

    /// The network of continuous time that this is as long as nothing learns: its recurrent weights
    /// are wR + wF wO.
    pub fn closed(&self) -> Result<Rnn<T>> {
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
        let plan = Plan {
            cell: Cell::Ctrnn(ctrnn),
            inputs,
            units: n,
            outputs: m,
            layers: 1,
            directions: 1,
        };
        let mut net = Rnn::zeros(plan);
        let weights = &self.weights;
        let parts = [
            ("wI", weights.input.whole()),
            ("wR", self.effective()),
            ("wO", weights.output.whole()),
            ("h0", self.start.clone()),
        ];
        for (name, part) in parts {
            net.params.block_mut(name)?.copy_from_slice(&part);
        }
        Ok(net)
    }

    /// Runs on over a sequence, without learning.
    pub fn run(&mut self, sequence: Sequence<'_, T>) -> End {
        self.flush_recurrent();
        let rate = T::of(self.dt / self.tau);
        let network = (&mut self.weights, &mut self.state);
        force::run(self.sizes, network, rate, sequence, None)
    }
}
