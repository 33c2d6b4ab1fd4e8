//! Whether the arrays of a call have the lengths that its sizes ask for.

use super::{Aim, Arriving, Given, Gradients, Sizes};
use crate::base::{Error, Result};
use crate::tensor::Real;

/// What the arrays of a call should be.
#[derive(Debug, Clone, Copy)]
pub struct Expect {
    /// The word for the cell.
    pub of: &'static str,
    pub sizes: Sizes,
    /// Numbers of a state.
    pub state: usize,
    /// Numbers of all parameters.
    pub params: usize,
}

impl Expect {
    /// Errors: `Range` if there is nothing to compute
    pub fn some(&self) -> Result<()> {
        let s = self.sizes;
        for (name, size) in [
            ("batch", s.batch),
            ("time", s.time),
            ("units", s.units),
            ("layers", s.layers),
        ] {
            if size == 0 {
                return Err(self.range(name, "of 1 or more", "0"));
            }
        }
        Ok(())
    }

    pub fn given<T>(&self, given: &Given<'_, T>) -> Result<()> {
        self.some()?;
        let s = self.sizes;
        let bt = s.batch * s.time;
        self.array("parameters", "[p]", Some(given.params), self.params)?;
        self.array("inputs", "[b, t, i]", Some(given.inputs), bt * s.inputs)?;
        self.array("h0", "[b, s]", given.h0, s.batch * self.state)?;
        self.array("noise", "[b, t, strands n]", given.noise, bt * s.hidden())?;
        self.array(
            "dropout",
            "[b, t, (layers - 1) d n]",
            given.dropout,
            bt * s.between(),
        )?;
        self.array("lengths", "[b]", given.lengths, s.batch)?;
        let mut lengths = given.lengths.unwrap_or_default().iter();
        match lengths.position(|length| !(1..=s.time).contains(length)) {
            None => Ok(()),
            Some(trial) => Err(self.range(
                &format!("lengths[{trial}]"),
                &format!("from 1 to {}", s.time),
                &given.lengths.unwrap_or_default()[trial].to_string(),
            )),
        }
    }

    /// The weight of one squared error in the mean.
    pub fn aim<T: Real>(&self, aim: &Aim<'_, T>) -> Result<T> {
        let s = self.sizes;
        let bt = s.batch * s.time;
        if s.outputs == 0 {
            return Err(self.range("outputs", "of 1 or more where a loss is asked for", "0"));
        }
        self.array("targets", "[b, t, o]", Some(aim.targets), bt * s.outputs)?;
        self.array("mask", "[b, t]", aim.mask, bt)?;
        let times = match aim.mask {
            Some(mask) => mask.iter().map(|m| m.double()).sum(),
            None => bt as f64,
        };
        if times == 0.0 {
            let expected = "that counts a time of a trial at least";
            return Err(self.range("mask", expected, "zeros only"));
        }
        Ok(T::of(1.0 / (times * s.outputs as f64)))
    }

    pub fn results<T>(&self, states: Option<&[T]>, outputs: Option<&[T]>) -> Result<()> {
        let bt = self.sizes.batch * self.sizes.time;
        self.array("states", "[b, t, s]", states, bt * self.state)?;
        self.array("outputs", "[b, t, o]", outputs, bt * self.sizes.outputs)
    }

    pub fn arriving<T>(&self, arriving: &Arriving<'_, T>) -> Result<()> {
        self.results(arriving.states, arriving.outputs)
    }

    pub fn gradient<T>(&self, gradient: &[T]) -> Result<()> {
        self.array("gradient", "[p]", Some(gradient), self.params)
    }

    pub fn gradients<T>(&self, into: &Gradients<'_, T>) -> Result<()> {
        let s = self.sizes;
        if let Some(params) = into.params.as_deref() {
            self.gradient(params)?;
        }
        let inputs = s.batch * s.time * s.inputs;
        self.array(
            "gradient of inputs",
            "[b, t, i]",
            into.inputs.as_deref(),
            inputs,
        )?;
        let h0 = s.batch * self.state;
        self.array("gradient of h0", "[b, s]", into.h0.as_deref(), h0)
    }

    pub fn jacobians<T>(&self, by_state: Option<&[T]>, by_input: Option<&[T]>) -> Result<()> {
        let rows = self.sizes.batch * self.state;
        self.array("by state", "[b, s, s]", by_state, rows * self.state)?;
        self.array("by input", "[b, s, i]", by_input, rows * self.sizes.inputs)
    }

    /// The call that is a single step.
    pub fn one_step<'a, T>(
        &self,
        params: &'a [T],
        h: &'a [T],
        x: &'a [T],
    ) -> Result<(Sizes, Given<'a, T>)> {
        if self.sizes.directions != 1 {
            let expected = "of 1 for single steps (a bidirectional network has none)";
            return Err(self.range("directions", expected, "2"));
        }
        let given = Given {
            params,
            inputs: x,
            h0: Some(h),
            noise: None,
            dropout: None,
            lengths: None,
        };
        let time = 1;
        Ok((Sizes { time, ..self.sizes }, given))
    }

    /// Errors: `Shape` if there is an array of another length; `axes` says what it should be.
    fn array<T>(
        &self,
        what: &'static str,
        axes: &'static str,
        found: Option<&[T]>,
        len: usize,
    ) -> Result<()> {
        match found {
            Some(found) if found.len() != len => Err(Error::Shape {
                op: self.of,
                what,
                expected: format!("{axes} ({len} numbers)"),
                found: vec![found.len()],
            }),
            _ => Ok(()),
        }
    }

    fn range(&self, name: &str, expected: &str, found: &str) -> Error {
        Error::Range {
            of: self.of.into(),
            name: name.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}
