//! Fingerprint of a training run: every setting that affects its result, by name, as text. Two runs
//! with equal fingerprints and initial parameters pass through the same parameters.

use std::collections::BTreeMap;

use super::digest::digest;
use super::step::Trainer;
use super::task::Trials;
use super::{Model, Source, param_rules};
use crate::base::Result;
use crate::base::error::Difference;
use crate::random::{Key, Layout};
use crate::tensor::Real;

/// Names and strings.
pub(super) type Fingerprint = BTreeMap<String, String>;

/// The fingerprint of a run at its start. It excludes the options that only affect the number of
/// batches, the logging interval and the final choice of parameters.
///
/// Errors: any error of the task
pub(super) fn compute<T: Real, M: Model<T>>(trainer: &Trainer<'_, T, M>) -> Result<Fingerprint> {
    let options = trainer.options;
    let properties = trainer.net.fingerprint().into_iter();
    let mut fingerprint: Fingerprint = properties
        .map(|(name, text)| (format!("{name} of the network"), text))
        .collect();
    let key = options.initial_key();
    let [high, low] = key.words();
    let layout = format!("{:?}", key.layout()).to_lowercase();
    let clip = options
        .clip_norm
        .map_or("none".to_string(), |clip| clip.to_string());
    let mut insert = |name: &str, text: String| fingerprint.insert(name.into(), text);
    insert("dtype", T::DTYPE.as_str().into());
    insert("batch_size", options.batch_size.to_string());
    insert("clip_norm", clip);
    insert("l2", options.l2.to_string());
    for (name, text) in param_rules::fingerprint(options) {
        insert(name, text);
    }
    insert("optimizer", options.optimizer.to_string());
    insert("seed", format!("{high:08x}{low:08x} {layout}"));
    match trainer.source.task.values() {
        Some(all) => insert("data set", digest(all)),
        None => insert(
            "task's first batch",
            batch_digest(trainer.source, options.batch_size)?,
        ),
    };
    if let Some(trials) = trainer.source.validation {
        insert("validation", digest(values(trials)));
        insert("validate_every", options.validation_interval().to_string());
    }
    Ok(fingerprint)
}

/// The differences between the fingerprints of two runs.
pub(super) fn differences(current: &Fingerprint, saved: &Fingerprint) -> Vec<Difference> {
    let names: std::collections::BTreeSet<&String> = current.keys().chain(saved.keys()).collect();
    let text = |fingerprint: &Fingerprint, name: &String| {
        fingerprint.get(name).cloned().unwrap_or("nothing".into())
    };
    names
        .into_iter()
        .map(|name| Difference {
            setting: name.clone(),
            current: text(current, name),
            saved: text(saved, name),
        })
        .filter(|difference| difference.current != difference.saved)
        .collect()
}

/// A digest of the batch that the task generates from a fixed key. A closure in a script has no
/// other identity.
fn batch_digest<T: Real>(source: &Source<'_, T>, batch: usize) -> Result<String> {
    let shape = source.task.shape();
    let mut trials = Trials::new(shape, batch);
    source
        .task
        .fill(&Key::new(0, Layout::default()), &mut trials)?;
    trials.check(shape)?;
    Ok(digest(values(&trials)))
}

fn values<T: Real>(trials: &Trials<T>) -> impl Iterator<Item = f64> {
    let sizes = [trials.trials, trials.time].map(|size| size as f64);
    let lengths = trials.lengths.iter().flatten();
    let sizes = sizes
        .into_iter()
        .chain(lengths.map(|length| *length as f64));
    let mask = trials.mask.iter().flatten();
    let all = trials.inputs.iter().chain(&trials.targets).chain(mask);
    sizes.chain(all.map(|x| x.double()))
}
