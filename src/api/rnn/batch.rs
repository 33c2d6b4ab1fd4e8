//! Batches of trials, as scripts hand them over: maps of `inputs`, `targets` and perhaps `mask`.

use super::super::fault::Fault;
use super::super::value::Map;
use super::parameter;
use crate::base::Error;
use crate::nn::Rnn;
use crate::ops::Lanes;
use crate::random::Key;
use crate::tensor::{Tensor, values};
use crate::train::Trials;

/// The loss of a network on one batch.
pub fn loss_of<T: Lanes>(net: &Rnn<T>, batch: &Map, noise: Option<&Key>) -> Result<f64, Fault> {
    let trials = trials::<T>("network.loss", batch)?;
    let loss = net.loss(&mut net.work(), &trials, noise)?.double();
    // Numbers that the mask leaves out may be anything: only those that reach the loss are told.
    let parts = [("inputs", &trials.inputs), ("targets", &trials.targets)];
    for (name, numbers) in parts.into_iter().filter(|_| !loss.is_finite()) {
        if let Some(at) = numbers.iter().position(|x| !x.double().is_finite()) {
            return Err(Error::Kind {
                of: format!("network.loss: `{name}`"),
                expected: "numbers that are finite".into(),
                found: format!("{} at index {at}, row after row", numbers[at].double()),
            }
            .into());
        }
    }
    Ok(loss)
}

/// The trials in a map of `inputs`, `targets` and perhaps `mask`.
fn trials<T: Lanes>(of: &str, batch: &Map) -> Result<Trials<T>, Fault> {
    const KNOWN: [&str; 3] = ["inputs", "targets", "mask"];
    if let Some(name) = batch.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        let (of, name) = (of.into(), name.clone());
        let known = KNOWN.map(String::from).to_vec();
        return Err(Error::Unknown {
            of,
            sort: "entry",
            name,
            known,
        }
        .into());
    }
    let entry = |name: &str, rank: usize, axes: &str| -> Result<Option<Tensor>, Fault> {
        let Some(value) = batch.get(name) else {
            return Ok(None);
        };
        let tensor = parameter(name, value.clone())?;
        if tensor.rank() == rank {
            return Ok(Some(tensor));
        }
        let (of, expected) = (format!("{of}: `{name}`"), format!("shape {axes}"));
        Err(Error::Kind {
            of,
            expected,
            found: format!("shape {:?}", tensor.dims()),
        }
        .into())
    };
    let needed = |name: &str, axes: &str| {
        let found = batch.keys().cloned().collect::<Vec<_>>().join(", ");
        let fault = Fault::new(format!(
            "{of}: a batch needs `{name}` {axes}, found {found}"
        ));
        entry(name, 3, axes)?.ok_or(fault)
    };
    let inputs = needed("inputs", "[b, t, i]")?;
    let targets = needed("targets", "[b, t, o]")?;
    let mask = entry("mask", 2, "[b, t]")?;
    let (trials, time) = (inputs.dims()[0], inputs.dims()[1]);
    Ok(Trials {
        trials,
        time,
        inputs: values::reals(&inputs)?,
        targets: values::reals(&targets)?,
        mask: mask.as_ref().map(values::reals).transpose()?,
    })
}
