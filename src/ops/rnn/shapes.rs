//! Validation of array lengths against the sizes of a call.

use super::{Cotangents, Gradients, Inputs, Loss, Sizes, Targets};
use crate::base::options::Choice as _;
use crate::base::{Error, Result};
use crate::tensor::Real;

/// Expected shapes of the arrays of a call.
#[derive(Debug, Clone, Copy)]
pub struct Shapes {
    /// Name of the cell in error messages.
    pub op: &'static str,
    pub sizes: Sizes,
    /// Number of elements of a state.
    pub state: usize,
    /// Total number of parameters.
    pub params: usize,
}

impl Shapes {
    /// Errors: `Range` if batch, time, units or layers are 0
    pub fn check_sizes(&self) -> Result<()> {
        let s = self.sizes;
        for (name, size) in [
            ("batch", s.batch),
            ("time", s.time),
            ("units", s.units),
            ("layers", s.layers),
        ] {
            if size == 0 {
                return Err(self.range_error(name, "of 1 or more", "0"));
            }
        }
        Ok(())
    }

    pub fn check_inputs<T>(&self, inputs: &Inputs<'_, [T]>) -> Result<()> {
        self.check_sizes()?;
        let s = self.sizes;
        let bt = s.batch * s.time;
        self.check_len("parameters", "[p]", Some(inputs.params), self.params)?;
        self.check_len("inputs", "[b, t, i]", Some(inputs.inputs), bt * s.inputs)?;
        self.check_len("h0", "[b, s]", inputs.h0, s.batch * self.state)?;
        self.check_len(
            "noise",
            "[b, t, layers d n]",
            inputs.noise,
            bt * s.total_units(),
        )?;
        self.check_len(
            "dropout",
            "[b, t, (layers - 1) d n]",
            inputs.dropout,
            bt * s.dropout_width(),
        )?;
        self.check_len("lengths", "[b]", inputs.lengths, s.batch)?;
        let mut lengths = inputs.lengths.unwrap_or_default().iter();
        match lengths.position(|length| !(1..=s.time).contains(length)) {
            None => Ok(()),
            Some(trial) => Err(self.range_error(
                &format!("lengths[{trial}]"),
                &format!("from 1 to {}", s.time),
                &inputs.lengths.unwrap_or_default()[trial].to_string(),
            )),
        }
    }

    /// Checks the targets; returns the weight of one term of the loss in the mean.
    pub fn check_targets<T: Real>(&self, targets: &Targets<'_, T>) -> Result<T> {
        let s = self.sizes;
        let bt = s.batch * s.time;
        if s.outputs == 0 {
            return Err(self.range_error("outputs", "of 1 or more to compute a loss", "0"));
        }
        self.check_len("targets", "[b, t, o]", Some(targets.values), bt * s.outputs)?;
        self.check_len("mask", "[b, t]", targets.mask, bt)?;
        self.check_target_values(targets)?;
        let total = match targets.mask {
            Some(mask) => mask.iter().map(|m| m.double()).sum(),
            None => bt as f64,
        };
        if total == 0.0 {
            let expected = "that selects at least one time step";
            return Err(self.range_error("mask", expected, "zeros only"));
        }
        Ok(T::of(1.0 / (total * targets.loss.terms(s.outputs) as f64)))
    }

    /// Errors: `Range` if the loss is not defined for a target, or for a single output
    fn check_target_values<T: Real>(&self, targets: &Targets<'_, T>) -> Result<()> {
        let (loss, o) = (targets.loss, self.sizes.outputs);
        let Some(range) = loss.target_range() else {
            return Ok(());
        };
        if loss == Loss::CrossEntropy && o < 2 {
            let expected = "of 2 or more for the loss \"cross_entropy\": one output per class, \
                            with targets that are one-hot vectors or probabilities";
            return Err(self.range_error("outputs", expected, &o.to_string()));
        }
        let is_invalid = |(k, y): &(usize, &T)| {
            let is_used = targets.mask.is_none_or(|mask| mask[k / o].double() != 0.0);
            is_used && !loss.accepts(y.double())
        };
        match targets.values.iter().enumerate().find(is_invalid) {
            None => Ok(()),
            Some((k, y)) => {
                let (row, t) = (k / o, self.sizes.time);
                let name = format!("targets[{}, {}, {}]", row / t, row % t, k % o);
                let expected = format!("{range} for the loss \"{}\"", loss.name());
                Err(self.range_error(&name, &expected, &y.double().to_string()))
            }
        }
    }

    pub fn check_results<T>(&self, states: Option<&[T]>, outputs: Option<&[T]>) -> Result<()> {
        let bt = self.sizes.batch * self.sizes.time;
        self.check_len("states", "[b, t, s]", states, bt * self.state)?;
        self.check_len("outputs", "[b, t, o]", outputs, bt * self.sizes.outputs)
    }

    pub fn check_cotangents<T>(&self, cotangents: &Cotangents<'_, T>) -> Result<()> {
        self.check_results(cotangents.states, cotangents.outputs)
    }

    pub fn check_gradient<T>(&self, gradient: &[T]) -> Result<()> {
        self.check_len("gradient", "[p]", Some(gradient), self.params)
    }

    pub fn check_gradients<T>(&self, into: &Gradients<'_, T>) -> Result<()> {
        let s = self.sizes;
        if let Some(params) = into.params.as_deref() {
            self.check_gradient(params)?;
        }
        let inputs = s.batch * s.time * s.inputs;
        self.check_len(
            "gradient of inputs",
            "[b, t, i]",
            into.inputs.as_deref(),
            inputs,
        )?;
        let h0 = s.batch * self.state;
        self.check_len("gradient of h0", "[b, s]", into.h0.as_deref(), h0)
    }

    pub fn check_jacobians<T>(&self, by_state: Option<&[T]>, by_input: Option<&[T]>) -> Result<()> {
        let rows = self.sizes.batch * self.state;
        let inputs = rows * self.sizes.inputs;
        self.check_len("state Jacobian", "[b, s, s]", by_state, rows * self.state)?;
        self.check_len("input Jacobian", "[b, s, i]", by_input, inputs)
    }

    /// Sizes and inputs of a run of one time step.
    ///
    /// Errors: `Range` if the network is bidirectional
    pub fn single_step<'a, T>(
        &self,
        params: &'a [T],
        h: &'a [T],
        x: &'a [T],
    ) -> Result<(Sizes, Inputs<'a, [T]>)> {
        if self.sizes.directions != 1 {
            let expected = "of 1 for single steps (a bidirectional network cannot be stepped)";
            return Err(self.range_error("directions", expected, "2"));
        }
        let inputs = Inputs {
            h0: Some(h),
            ..Inputs::new(params, x)
        };
        let time = 1;
        Ok((Sizes { time, ..self.sizes }, inputs))
    }

    /// Errors: `Shape` if the array is present and its length is not `len`; `axes` describes the
    /// expected shape.
    fn check_len<T>(
        &self,
        what: &'static str,
        axes: &'static str,
        array: Option<&[T]>,
        len: usize,
    ) -> Result<()> {
        match array {
            Some(array) if array.len() != len => Err(Error::Shape {
                op: self.op,
                what,
                expected: format!("{axes} ({len} elements)"),
                found: vec![array.len()],
            }),
            _ => Ok(()),
        }
    }

    fn range_error(&self, name: &str, expected: &str, found: &str) -> Error {
        Error::Range {
            of: self.op.into(),
            name: name.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}
