//! Signals in time that a network can learn to make.

use std::f64::consts::TAU;

use crate::base::options::{Options as _, Span};
use crate::base::{Error, Result};
use crate::options;
use crate::random::{Key, Layout};

options! {
    /// What a sum of sines is like.
    pub struct Sines for "signals::sines" {
        /// Steps of the slowest sine.
        period: f64 = 100.0, in Span::above(0.0);
        /// How large the sines of once, twice, three times ... its frequency are.
        amplitudes: Vec<f64> = vec![1.0];
        /// Where each of them begins, in radians; 0 for those that are not given.
        phases: Vec<f64> = Vec::new();
    }
}

options! {
    /// What a course of the Lorenz system is like.
    pub struct Lorenz for "signals::lorenz" {
        /// Time of a step.
        dt: f64 = 0.01, in Span::above(0.0);
        /// Prandtl number.
        sigma: f64 = 10.0;
        /// Rayleigh number.
        rho: f64 = 28.0;
        /// Ratio of sides.
        beta: f64 = 8.0 / 3.0;
        /// Where it begins: x, y, z.
        start: Vec<f64> = vec![1.0, 1.0, 20.0];
        /// Steps on the way to the attractor, which are left out.
        skip: usize = 1000, in Span::between(0.0, 1e8);
    }
}

options! {
    /// What a cycle of patterns is like.
    pub struct Patterns for "signals::patterns" {
        /// Signals side by side.
        channels: usize = 3, in Span::from(1.0);
        /// Patterns that take turns.
        patterns: usize = 4, in Span::from(1.0);
        /// Steps for which each is held.
        hold: usize = 25, in Span::from(1.0);
        /// Seed of the patterns.
        seed: usize = 0;
        /// Key of the patterns, in place of a seed.
        key: Option<Key> = None;
    }
}

impl Sines {
    /// Sum over k of amplitudes[k] sin(2 pi (k + 1) t / period + phases[k]), [t].
    ///
    /// Errors: `Range` if an option is outside its span, or there are more phases than amplitudes
    pub fn signal(&self, steps: usize) -> Result<Vec<f64>> {
        self.clone().check()?;
        if self.phases.len() > self.amplitudes.len() {
            return Err(Error::Range {
                of: "signals::sines".into(),
                name: "phases".into(),
                expected: format!("as many as amplitudes, {}", self.amplitudes.len()),
                found: format!("{} phases", self.phases.len()),
            });
        }
        let phases = self.phases.iter().chain(std::iter::repeat(&0.0));
        let sines: Vec<_> = (1..).zip(self.amplitudes.iter().zip(phases)).collect();
        let at = |t: usize| {
            let turn = TAU * t as f64 / self.period;
            let each = sines
                .iter()
                .map(|(k, (a, p))| *a * (f64::from(*k) * turn + *p).sin());
            each.sum()
        };
        Ok((0..steps).map(at).collect())
    }
}

impl Lorenz {
    /// x' = sigma (y - x), y' = x (rho - z) - y, z' = x y - beta z by the method of Runge and Kutta
    /// of order 4, [t, 3].
    ///
    /// Errors: `Range` if an option is outside its span, or the course leaves what numbers hold
    /// Source: Lorenz 1963
    pub fn signal(&self, steps: usize) -> Result<Vec<f64>> {
        self.clone().check()?;
        let range = |name: &str, expected: &str, found: String| Error::Range {
            of: "signals::lorenz".into(),
            name: name.into(),
            expected: expected.into(),
            found,
        };
        let Ok(mut at) = <[f64; 3]>::try_from(self.start.as_slice()) else {
            let found = format!("{} numbers", self.start.len());
            return Err(range("start", "3 numbers, x, y and z", found));
        };
        let mut signal = Vec::with_capacity(3 * steps);
        for step in 0..self.skip + steps {
            if step >= self.skip {
                signal.extend(at);
            }
            at = self.next(at);
        }
        match signal.iter().all(|x: &f64| x.is_finite()) {
            true => Ok(signal),
            false => Err(range(
                "dt",
                "so small that the course stays finite",
                self.dt.to_string(),
            )),
        }
    }

    fn next(&self, at: [f64; 3]) -> [f64; 3] {
        let slope = |[x, y, z]: [f64; 3]| {
            [
                self.sigma * (y - x),
                x * (self.rho - z) - y,
                x * y - self.beta * z,
            ]
        };
        let along = |by: [f64; 3], dt: f64| std::array::from_fn(|k| at[k] + dt * by[k]);
        let a = slope(at);
        let b = slope(along(a, self.dt / 2.0));
        let c = slope(along(b, self.dt / 2.0));
        let d = slope(along(c, self.dt));
        std::array::from_fn(|k| at[k] + self.dt / 6.0 * (a[k] + 2.0 * (b[k] + c[k]) + d[k]))
    }
}

impl Patterns {
    /// Patterns of 1 and -1, as likely, each held for a while, then the first again, [t, channels].
    ///
    /// Errors: `Range` if an option is outside its span
    pub fn signal(&self, steps: usize) -> Result<Vec<f64>> {
        self.clone().check()?;
        let key = self
            .key
            .unwrap_or_else(|| Key::new(self.seed as u64, Layout::default()));
        let mut ways = vec![false; self.patterns * self.channels];
        key.fill_bernoulli(0.5_f64, &mut ways);
        let row = |step: usize| {
            let pattern = step / self.hold % self.patterns;
            &ways[pattern * self.channels..][..self.channels]
        };
        let signs = (0..steps).flat_map(|step| row(step).iter());
        Ok(signs.map(|up| if *up { 1.0 } else { -1.0 }).collect())
    }
}
