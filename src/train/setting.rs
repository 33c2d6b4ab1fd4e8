//! What a run is a run of: everything that decides its numbers, by name, in words. Two runs of
//! which this is the same go through the same parameters.

use std::collections::BTreeMap;

use super::task::Trials;
use super::training::Training;
use super::{Model, Source};
use crate::base::Result;
use crate::base::error::Difference;
use crate::random::{Key, Layout};
use crate::tensor::Real;

/// Names and words.
pub(super) type Setting = BTreeMap<String, String>;

/// The setting of a run that begins. What only says how long it goes on, how often it is told of,
/// and what is kept at its end, is no part of it.
///
/// Errors: whatever the task reports
pub(super) fn of<T: Real, M: Model<T>>(training: &Training<'_, T, M>) -> Result<Setting> {
    let options = training.options;
    let about = training.net.about().into_iter();
    let mut setting: Setting = about
        .map(|(name, words)| (format!("{name} of the network"), words))
        .collect();
    let key = options.first_key();
    let [high, low] = key.words();
    let layout = format!("{:?}", key.layout()).to_lowercase();
    let clip = options
        .clip
        .map_or("none".to_string(), |clip| clip.to_string());
    let mut say = |name: &str, words: String| setting.insert(name.into(), words);
    say("kind of number", T::DTYPE.as_str().into());
    say("batch", options.batch.to_string());
    say("clip", clip);
    say("l2", options.l2.to_string());
    say("optimizer", options.optimizer.to_string());
    say("seed or key", format!("{high:08x}{low:08x} {layout}"));
    match training.source.task.numbers() {
        Some(all) => say("data set", digest(all)),
        None => say(
            "task's first batch",
            sample(training.source, options.batch)?,
        ),
    };
    if let Some(trials) = training.source.validation {
        say("validation", digest(numbers(trials)));
        say("validate_every", options.between_validations().to_string());
    }
    Ok(setting)
}

/// What differs between the settings of two runs.
pub(super) fn differences(here: &Setting, kept: &Setting) -> Vec<Difference> {
    let names: std::collections::BTreeSet<&String> = here.keys().chain(kept.keys()).collect();
    let words = |of: &Setting, name: &String| of.get(name).cloned().unwrap_or("nothing".into());
    names
        .into_iter()
        .map(|name| Difference {
            what: name.clone(),
            here: words(here, name),
            kept: words(kept, name),
        })
        .filter(|difference| difference.here != difference.kept)
        .collect()
}

/// The task in a few letters, by what it makes of one key. A closure of a script has no other
/// name.
fn sample<T: Real>(source: &Source<'_, T>, batch: usize) -> Result<String> {
    let shape = source.task.shape();
    let mut trials = Trials::new(shape, batch);
    source
        .task
        .fill(&Key::new(0, Layout::default()), &mut trials)?;
    trials.check(shape)?;
    Ok(digest(numbers(&trials)))
}

fn numbers<T: Real>(trials: &Trials<T>) -> impl Iterator<Item = f64> {
    let sizes = [trials.trials, trials.time].map(|size| size as f64);
    let lengths = trials.lengths.iter().flatten();
    let sizes = sizes
        .into_iter()
        .chain(lengths.map(|length| *length as f64));
    let mask = trials.mask.iter().flatten();
    let all = trials.inputs.iter().chain(&trials.targets).chain(mask);
    sizes.chain(all.map(|x| x.double()))
}

/// Sixteen letters that are others if any of the numbers is another.
///
/// Source: FNV-1a, a number at a time, its upper half folded back
pub(crate) fn digest(numbers: impl Iterator<Item = f64>) -> String {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mix = |sum: u64, x: f64| {
        let sum = (sum ^ x.to_bits()).wrapping_mul(PRIME);
        sum ^ sum >> 32
    };
    format!("{:016x}", numbers.fold(START, mix))
}
