//! The vanilla network's options and its first parameters.

use super::{Cell, Precision, Rnn};
use crate::base::Result;
use crate::base::options::{Options, Span};
use crate::ops::Lanes;
use crate::ops::rnn::Nonlinearity;
use crate::options;
use crate::random::{Key, Layout};

/// The spread of the first state at the start.
const H0_SCALE: f64 = 0.1;

options! {
    /// A vanilla network: h_t = f(wI x_t + wR h_{t-1} + bR) + noise, o_t = wO h_t + bO, with a
    /// learned first state h0.
    pub struct Vanilla for "rnn::vanilla" {
        /// Numbers that come in at each time.
        inputs: usize = 1, in Span::from(1.0);
        /// Units, the numbers that make a state.
        units: usize = 100, in Span::from(1.0);
        /// Numbers that go out at each time.
        outputs: usize = 1, in Span::from(1.0);
        /// Spread of the recurrent weights at the start, times the root of the units: from about 1
        /// on the activity goes on by itself.
        gain: f64 = 1.0, in Span::from(0.0);
        /// What each unit makes of its sum.
        nonlinearity: Nonlinearity = Nonlinearity::Tanh;
        /// Standard deviation of the noise that training adds to each state.
        noise: f64 = 0.0, in Span::from(0.0);
        /// Kind of number.
        dtype: Precision = Precision::F32;
        /// Seed of the first parameters.
        seed: usize = 0;
        /// Key of the first parameters, in place of a seed.
        key: Option<Key> = None;
    }
}

impl Vanilla {
    /// A new network: h0 ~ 0.1 N, wI ~ N / sqrt(i), wR ~ gain N / sqrt(n), wO ~ N / sqrt(n),
    /// biases 0, drawn with keys 1 to 4 of a split into 5.
    ///
    /// Errors: `Range` if an option is outside its span
    /// Source: the initialisation of the tutorials (Sussillo 2019)
    pub fn build<T: Lanes>(&self) -> Result<Rnn<T>> {
        self.clone().check()?;
        let mut net = Rnn::zeros(
            Cell::Vanilla(self.nonlinearity),
            [self.inputs, self.units, self.outputs],
        );
        net.noise = self.noise;
        let root_n = (self.units as f64).sqrt();
        let scales = [
            ("h0", H0_SCALE),
            ("wI", 1.0 / (self.inputs as f64).sqrt()),
            ("wR", self.gain / root_n),
            ("wO", 1.0 / root_n),
        ];
        let [_, keys @ ..] = self.first_key().children::<5>();
        for (key, (name, scale)) in keys.iter().zip(scales) {
            let block = net.params.block_mut(name)?;
            key.fill_normal(block);
            for x in block {
                *x *= T::of(scale);
            }
        }
        Ok(net)
    }

    fn first_key(&self) -> Key {
        self.key
            .unwrap_or_else(|| Key::new(self.seed as u64, Layout::default()))
    }
}
