//! Batches of trials from scripts: maps of `inputs`, `targets` and, optionally, `mask`, `lengths`
//! and labels.

use crate::api::context::Context;
use crate::api::convert::{as_counts, exact_tensor};
use crate::api::diagnostic::Diagnostic;
use crate::api::labels::{self, Labels};
use crate::api::shape_error::shape_error;
use crate::api::value::Map;
use crate::base::{Error, Result};
use crate::nn::{Dynamics, Objective};
use crate::random::Key;
use crate::tensor::{Device, Real, Tensor, convert};
use crate::train::Trials;

/// Name of the function in error messages.
const OF: &str = "network.loss";

/// The remedy if a call needs too much memory.
pub const FEWER_TRIALS: &str = "use fewer trials or time steps";

/// The loss of a network on one batch.
///
/// Errors: `NotFinite` if an input or target makes the loss non-finite; not enough memory
pub fn compute_loss<T: Real>(
    cx: &Context,
    net: &impl Dynamics<T>,
    batch: &Map,
    (objective, noise): (&Objective, Option<&Key>),
) -> Result<f64, Diagnostic> {
    let trials = read_trials::<T>(OF, batch, net.inputs())?;
    let size = [trials.trials, trials.time];
    let pass = ["network.loss: a forward pass", FEWER_TRIALS];
    cx.check_sequence_memory(pass, size, net.objective_bytes(size, objective, false))?;
    let value = net.objective(&mut net.workspace(), (&trials, noise), objective, None)?;
    let loss = value.data;
    // Values excluded by the mask can be non-finite: an error is raised only if the loss is
    // affected.
    let arrays = [("inputs", &trials.inputs), ("targets", &trials.targets)];
    for (what, values) in arrays.into_iter().filter(|_| !loss.is_finite()) {
        if let Some(index) = values.iter().position(|x| !x.double().is_finite()) {
            let (of, found) = (OF, values[index].double());
            let what = format!("a value of `{what}`");
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
/// beyond the length of a trial are masked. Trials of a network with `input_count` 0 need no
/// inputs. Labels are ignored. `of` names the function in errors.
pub fn read_trials<T: Real>(
    of: &'static str,
    batch: &Map,
    input_count: usize,
) -> Result<Trials<T>, Diagnostic> {
    let labels = labels::separate(of, &mut batch.clone())?;
    let targets = require_entry(of, batch, "targets", "[b, t, o]");
    let inputs = match (&targets, batch.contains_key("inputs")) {
        (Ok(targets), false) if input_count == 0 => {
            let (b, t, _) = targets.dims3()?;
            Tensor::zeros((b, t, 0), T::DTYPE, &Device::Cpu)?
        }
        _ => require_entry(of, batch, "inputs", "[b, t, i]")?,
    };
    let targets = targets?;
    let mask = read_entry(of, batch, "mask", (2, "[b, t]"))?;
    let (trials, time) = (inputs.dims()[0], inputs.dims()[1]);
    Labels::read(of, labels, trials)?;
    for (what, entry) in [("targets", Some(&targets)), ("mask", mask.as_ref())] {
        if let Some(entry) = entry.filter(|entry| entry.dims()[..2] != [trials, time]) {
            let axes = if what == "mask" { "" } else { ", o" };
            return Err(shape_error(of, what, format!("[{trials}, {time}{axes}]"), entry).into());
        }
    }
    let lengths = read_entry(of, batch, "lengths", (1, "[b]"))?;
    let lengths = lengths.map(|lengths| read_lengths(of, &lengths, [trials, time]));
    let mask: Option<Vec<T>> = mask.as_ref().map(convert::to_vec).transpose()?;
    check_weights(of, mask.as_deref().unwrap_or_default(), time)?;
    let mut trials = Trials {
        trials,
        time,
        inputs: convert::to_vec(&inputs)?,
        targets: convert::to_vec(&targets)?,
        mask,
        lengths: lengths.transpose()?,
    };
    trials.mask_padding();
    Ok(trials)
}

/// Errors: `Range` for a weight that is negative or not finite
fn check_weights<T: Real>(of: &str, weights: &[T], time: usize) -> Result<()> {
    let is_valid = |weight: &T| weight.double().is_finite() && weight.double() >= 0.0;
    match weights.iter().position(|weight| !is_valid(weight)) {
        None => Ok(()),
        Some(index) => Err(Error::Range {
            of: of.into(),
            name: format!("mask[{}, {}]", index / time, index % time),
            expected: "of 0 or more".into(),
            found: weights[index].double().to_string(),
        }),
    }
}

/// The number of time steps of each of b trials, at most t.
///
/// Errors: `Shape` unless the shape is [b]; `Range` for a length outside 1 to t
pub fn read_lengths(of: &'static str, lengths: &Tensor, [b, t]: [usize; 2]) -> Result<Vec<usize>> {
    if lengths.dims() != [b] {
        return Err(shape_error(of, "lengths", format!("[{b}]"), lengths));
    }
    let lengths = as_counts(of, "lengths", &convert::to_f64(lengths)?)?;
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
fn read_entry(
    of: &'static str,
    batch: &Map,
    name: &'static str,
    (rank, axes): (usize, &str),
) -> Result<Option<Tensor>, Diagnostic> {
    let Some(value) = batch.get(name) else {
        return Ok(None);
    };
    let tensor = exact_tensor(format!("{of}: `{name}`"), "a tensor", value.clone())?;
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

/// A required entry of a batch, with three axes.
///
/// Errors: those of [`read_entry`], and for a batch without the entry
fn require_entry(
    of: &'static str,
    batch: &Map,
    name: &'static str,
    axes: &str,
) -> Result<Tensor, Diagnostic> {
    read_entry(of, batch, name, (3, axes))?.ok_or_else(|| {
        let names = batch.keys().cloned().collect::<Vec<_>>().join(", ");
        Diagnostic::new(format!(
            "{of}: a batch requires `{name}` {axes}, found {names}"
        ))
    })
}
