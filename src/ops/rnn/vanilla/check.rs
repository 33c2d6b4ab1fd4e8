//! Whether the arrays of a call have the lengths that its sizes ask for.

use super::{Aim, Arriving, Given, Gradients, Sizes, count, fault};
use crate::base::{Error, Result};

pub fn states(s: Sizes) -> usize {
    s.batch * s.time * s.units
}

pub fn outputs(s: Sizes) -> usize {
    s.batch * s.time * s.outputs
}

fn inputs(s: Sizes) -> usize {
    s.batch * s.time * s.inputs
}

/// Errors: `Shape` if there is an array of another length; `axes` says what it should be.
pub fn array<T>(
    what: &'static str,
    axes: &'static str,
    found: Option<&[T]>,
    len: usize,
) -> Result<()> {
    match found {
        Some(found) if found.len() != len => Err(fault(
            what,
            format!("{axes} ({len} numbers)"),
            vec![found.len()],
        )),
        _ => Ok(()),
    }
}

pub fn given<T>(s: Sizes, given: &Given<'_, T>) -> Result<()> {
    for (name, size) in [("batch", s.batch), ("time", s.time), ("units", s.units)] {
        if size == 0 {
            return Err(Error::Range {
                of: "vanilla".into(),
                name: name.into(),
                expected: "of 1 or more".into(),
                found: "0".into(),
            });
        }
    }
    let params = count(s.inputs, s.units, s.outputs);
    array(
        "parameters",
        "h0, wI, wR, wO, bR, bO",
        Some(given.params),
        params,
    )?;
    array("inputs", "[b, t, i]", Some(given.inputs), inputs(s))?;
    array("h0", "[b, n]", given.h0, s.batch * s.units)?;
    array("noise", "[b, t, n]", given.noise, states(s))
}

pub fn aim<T>(s: Sizes, aim: &Aim<'_, T>) -> Result<()> {
    array("targets", "[b, t, o]", Some(aim.targets), outputs(s))?;
    array("mask", "[b, t]", aim.mask, s.batch * s.time)
}

pub fn arriving<T>(s: Sizes, arriving: &Arriving<'_, T>) -> Result<()> {
    array(
        "derivatives by states",
        "[b, t, n]",
        arriving.states,
        states(s),
    )?;
    array(
        "derivatives by outputs",
        "[b, t, o]",
        arriving.outputs,
        outputs(s),
    )
}

pub fn gradients<T>(s: Sizes, given: &Given<'_, T>, into: &Gradients<'_, T>) -> Result<()> {
    let params = given.params.len();
    array(
        "gradient of parameters",
        "the parameters",
        into.params.as_deref(),
        params,
    )?;
    array(
        "gradient of inputs",
        "[b, t, i]",
        into.inputs.as_deref(),
        inputs(s),
    )?;
    array(
        "gradient of h0",
        "[b, n]",
        into.h0.as_deref(),
        s.batch * s.units,
    )
}
