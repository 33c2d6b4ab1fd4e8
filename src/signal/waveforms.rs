//! Time series for training: sums of sines, the Lorenz system, and cyclic patterns.

use std::f64::consts::TAU;

use crate::base::options::{Options as _, Span};
use crate::base::{Error, Result};
use crate::options;
use crate::random::Seed;

options! {
    /// Options of a sum of sines.
    pub struct Sines for "signals::sines" {
        /// Period of the fundamental frequency in time steps.
        period: f64 = 100.0, in Span::above(0.0);
        /// Amplitudes of the sines with once, twice, three times ... the fundamental frequency.
        amplitudes: Vec<f64> = vec![1.0];
        /// Phases of the sines in radians; 0 for those that are not specified.
        phases: Vec<f64> = Vec::new(), default "0 for all";
    }
}

options! {
    /// Options of a trajectory of the Lorenz system.
    pub struct Lorenz for "signals::lorenz" {
        /// Duration of a time step.
        dt: f64 = 0.01, in Span::above(0.0);
        /// Prandtl number.
        sigma: f64 = 10.0;
        /// Rayleigh number.
        rho: f64 = 28.0;
        /// Geometric factor: aspect ratio of the convection cell.
        beta: f64 = 8.0 / 3.0;
        /// Initial condition: x, y, z.
        start: Vec<f64> = vec![1.0, 1.0, 20.0];
        /// Number of initial steps to discard, while the trajectory approaches the attractor.
        skip: usize = 1000, in Span::between(0.0, 1e8);
    }
}

options! {
    /// Options of a cyclic sequence of patterns.
    pub struct Patterns for "signals::patterns" {
        /// Number of channels.
        channels: usize = 3, in Span::at_least(1.0);
        /// Number of patterns in a cycle.
        patterns: usize = 4, in Span::at_least(1.0);
        /// Duration of each pattern in time steps.
        hold: usize = 25, in Span::at_least(1.0);
        /// Seed of the patterns.
        seed: Seed = Seed::default();
    }
}

impl Sines {
    /// The sum over k of amplitudes[k] sin(2 pi (k + 1) t / period + phases[k]), [t].
    ///
    /// Errors: `Range` if an option is out of range, or if there are more phases than amplitudes
    pub fn signal(&self, steps: usize) -> Result<Vec<f64>> {
        self.clone().check()?;
        if self.phases.len() > self.amplitudes.len() {
            return Err(Error::Range {
                of: "signals::sines".into(),
                name: "phases".into(),
                expected: format!("at most {}, one per amplitude", self.amplitudes.len()),
                found: format!("{} phases", self.phases.len()),
            });
        }
        let phases = self.phases.iter().chain(std::iter::repeat(&0.0));
        let sines: Vec<_> = (1..).zip(self.amplitudes.iter().zip(phases)).collect();
        let value = |t: usize| {
            let phase = TAU * t as f64 / self.period;
            let terms = sines
                .iter()
                .map(|(k, (a, p))| *a * (f64::from(*k) * phase + *p).sin());
            terms.sum()
        };
        Ok((0..steps).map(value).collect())
    }
}

impl Lorenz {
    /// The trajectory [t, 3] of x' = sigma (y - x), y' = x (rho - z) - y, z' = x y - beta z,
    /// integrated by the Runge-Kutta method of order 4.
    ///
    /// Errors: `Range` if an option is out of range, or if the trajectory is not finite
    /// Source: Lorenz 1963
    pub fn signal(&self, steps: usize) -> Result<Vec<f64>> {
        self.clone().check()?;
        let range = |name: &str, expected: &str, found: String| Error::Range {
            of: "signals::lorenz".into(),
            name: name.into(),
            expected: expected.into(),
            found,
        };
        let Ok(mut state) = <[f64; 3]>::try_from(self.start.as_slice()) else {
            let found = format!("{} values", self.start.len());
            return Err(range("start", "3 values: x, y and z", found));
        };
        let mut signal = Vec::with_capacity(3 * steps);
        for step in 0..self.skip + steps {
            if step >= self.skip {
                signal.extend(state);
            }
            state = self.step(state);
        }
        match signal.iter().all(|x: &f64| x.is_finite()) {
            true => Ok(signal),
            false => Err(range(
                "dt",
                "small enough that the trajectory stays finite",
                self.dt.to_string(),
            )),
        }
    }

    fn step(&self, state: [f64; 3]) -> [f64; 3] {
        let derivative = |[x, y, z]: [f64; 3]| {
            [
                self.sigma * (y - x),
                x * (self.rho - z) - y,
                x * y - self.beta * z,
            ]
        };
        let advance =
            |direction: [f64; 3], dt: f64| std::array::from_fn(|k| state[k] + dt * direction[k]);
        let a = derivative(state);
        let b = derivative(advance(a, self.dt / 2.0));
        let c = derivative(advance(b, self.dt / 2.0));
        let d = derivative(advance(c, self.dt));
        std::array::from_fn(|k| state[k] + self.dt / 6.0 * (a[k] + 2.0 * (b[k] + c[k]) + d[k]))
    }
}

impl Patterns {
    /// Patterns of 1 and -1 with equal probability, [t, channels]. Each is held for some steps;
    /// after the last one the cycle repeats.
    ///
    /// Errors: `Range` if an option is out of range
    pub fn signal(&self, steps: usize) -> Result<Vec<f64>> {
        self.clone().check()?;
        let key = self.seed.key();
        let mut signs = vec![false; self.patterns * self.channels];
        key.fill_bernoulli(0.5_f64, &mut signs);
        let row = |step: usize| {
            let pattern = step / self.hold % self.patterns;
            &signs[pattern * self.channels..][..self.channels]
        };
        let values = (0..steps).flat_map(|step| row(step).iter());
        Ok(values
            .map(|positive| if *positive { 1.0 } else { -1.0 })
            .collect())
    }
}
