//! Batches of trials from scripts: maps of `inputs`, `targets` and, optionally, `mask` and
//! `lengths`.

use super::super::convert::as_counts;
use super::super::diagnostic::Diagnostic;
use super::super::value::Map;
use super::tensor;
use crate::base::{Error, Result};
use crate::random::Key;
use crate::tensor::{Real, Tensor, convert};
use crate::train::{Model, Trials};

/// Name of the function in error messages.
const OF: &str = "network.loss";

/// The names of the entries of a batch.
pub const PARTS: [&str; 4] = ["inputs", "targets", "mask", "lengths"];

/// The loss of a network on one batch.
///
/// Errors: `NotFinite` if an input or target makes the loss non-finite
pub fn loss_of<T: Real>(
    net: &impl Model<T>,
    batch: &Map,
    noise: Option<&Key>,
) -> Result<f64, Diagnostic> {
    let trials = trials_of::<T>(OF, batch)?;
    let loss = net.loss(&mut net.workspace(), &trials, noise)?.double();
    // Values excluded by the mask can be non-finite: an error is raised only if the loss is
    // affected.
    let parts = [("inputs", &trials.inputs), ("targets", &trials.targets)];
    for (what, numbers) in parts.into_iter().filter(|_| !loss.is_finite()) {
        if let Some(index) = numbers.iter().position(|x| !x.double().is_finite()) {
            let (of, found) = (OF, numbers[index].double());
            let what = format!("a number of `{what}`");
            return Err(Error::NotFinite {
                of,
                what,
                found,
                index,
            }
            .into());
        }
    }
    Ok(loss)
}

/// The trials in a map of `inputs`, `targets` and, optionally, `mask` and `lengths`; time steps
/// beyond the length of a trial are masked. `of` names the function in errors.
pub fn trials_of<T: Real>(of: &'static str, batch: &Map) -> Result<Trials<T>, Diagnostic> {
    if let Some(name) = batch.keys().find(|name| !PARTS.contains(&name.as_str())) {
        let (of, sort, name) = (of.into(), "entry", name.clone());
        let known = PARTS.map(String::from).to_vec();
        return Err(Error::Unknown {
            of,
            category: sort,
            name,
            known,
        }
        .into());
    }
    let needed = |name: &'static str, axes: &str| {
        let found = batch.keys().cloned().collect::<Vec<_>>().join(", ");
        let fault = Diagnostic::new(format!(
            "{of}: a batch needs `{name}` {axes}, found {found}"
        ));
        entry(of, batch, name, (3, axes))?.ok_or(fault)
    };
    let inputs = needed("inputs", "[b, t, i]")?;
    let targets = needed("targets", "[b, t, o]")?;
    let mask = entry(of, batch, "mask", (2, "[b, t]"))?;
    let (trials, time) = (inputs.dims()[0], inputs.dims()[1]);
    for (what, part) in [("targets", Some(&targets)), ("mask", mask.as_ref())] {
        if let Some(part) = part.filter(|part| part.dims()[..2] != [trials, time]) {
            let axes = if what == "mask" { "" } else { ", o" };
            let (expected, found) = (format!("[{trials}, {time}{axes}]"), part.dims().to_vec());
            let op = of;
            return Err(Error::Shape {
                op,
                what,
                expected,
                found,
            }
            .into());
        }
    }
    let lengths = entry(of, batch, "lengths", (1, "[b]"))?;
    let lengths = lengths.map(|lengths| lengths_of(of, &lengths, [trials, time]));
    let mask: Option<Vec<T>> = mask.as_ref().map(convert::to_vec).transpose()?;
    let unfit = |weight: &T| !(weight.double().is_finite() && weight.double() >= 0.0);
    let weights = mask.iter().flatten();
    if let Some((at, weight)) = weights.enumerate().find(|(_, weight)| unfit(weight)) {
        return Err(Error::Range {
            of: of.into(),
            name: format!("mask[{}, {}]", at / time, at % time),
            expected: "of 0 or more".into(),
            found: weight.double().to_string(),
        }
        .into());
    }
    let mut found = Trials {
        trials,
        time,
        inputs: convert::to_vec(&inputs)?,
        targets: convert::to_vec(&targets)?,
        mask,
        lengths: lengths.transpose()?,
    };
    found.mask_padding();
    Ok(found)
}

/// The number of time steps of each of b trials, at most t.
///
/// Errors: `Shape` unless the shape is [b]; `Range` for a length outside 1 to t
pub fn lengths_of(of: &'static str, given: &Tensor, [b, t]: [usize; 2]) -> Result<Vec<usize>> {
    if given.dims() != [b] {
        return Err(Error::Shape {
            op: of,
            what: "lengths",
            expected: format!("[{b}]"),
            found: given.dims().to_vec(),
        });
    }
    let lengths = as_counts(of, "lengths", &convert::to_f64(given)?)?;
    match lengths.iter().position(|length| !(1..=t).contains(length)) {
        None => Ok(lengths),
        Some(trial) => Err(Error::Range {
            of: of.into(),
            name: format!("lengths[{trial}]"),
            expected: format!("from 1 to {t}"),
            found: lengths[trial].to_string(),
        }),
    }
}

/// One entry of a batch, or `None` if it is absent.
///
/// Errors: `Kind` unless it is a tensor, `Shape` if its rank differs from `rank`.
fn entry(
    of: &'static str,
    batch: &Map,
    name: &'static str,
    (rank, axes): (usize, &str),
) -> Result<Option<Tensor>, Diagnostic> {
    let Some(value) = batch.get(name) else {
        return Ok(None);
    };
    let tensor = tensor(format!("{of}: `{name}`"), value.clone())?;
    if tensor.rank() == rank {
        return Ok(Some(tensor));
    }
    let (expected, found) = (axes.into(), tensor.dims().to_vec());
    Err(Error::Shape {
        op: of,
        what: name,
        expected,
        found,
    }
    .into())
}
