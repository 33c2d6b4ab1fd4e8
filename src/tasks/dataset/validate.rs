//! Validation of the arrays of a data set.

use super::Data;
use super::storage::Storage;
use crate::base::{Error, Result};
use crate::tensor::Tensor;

/// The function name in errors.
const OP: &str = "tasks::dataset";

/// The values of all trials.
#[derive(Debug, Clone)]
pub enum RawArray {
    /// One array with the trials along its first axis.
    Stacked(Tensor),
    /// One array per trial; their lengths may differ.
    PerTrial(Vec<Tensor>),
}

/// The arrays of a data set of N trials.
#[derive(Debug, Clone)]
pub struct RawData {
    /// [N, t, i], or N arrays [t, i].
    pub inputs: RawArray,
    /// [N, t, o], or N arrays [t, o]; or [N, o], the targets of the last time step of each trial.
    /// `None` for a model that reconstructs its inputs.
    pub targets: Option<RawArray>,
    /// The weight of each time step in the loss: [N, t], or N arrays [t].
    pub mask: Option<RawArray>,
    /// The length of each trial in time steps, [N]; later time steps are padding.
    pub lengths: Option<Vec<usize>>,
}

/// An array by trial, time step and feature.
struct Array {
    values: Storage,
    trials: usize,
    time: usize,
    features: usize,
    /// The length of each trial, if each has an array of its own.
    lengths: Option<Vec<usize>>,
}

impl RawData {
    /// The validated data with padding.
    ///
    /// Errors: `Shape` if the arrays do not match; `Range` for an invalid length or weight, or a
    /// trial whose weights are all zero; `NotFinite` for a value with a nonzero weight that is not
    /// finite
    pub fn validate(self) -> Result<Data> {
        let inputs = to_array("inputs", &self.inputs, "[n, t, i]", 3)?;
        let (n, t) = (inputs.trials, inputs.time);
        check_nonempty(&inputs)?;
        // With explicit lengths, arrays may be longer than their trial; otherwise all arrays of a
        // trial must have the same length.
        let exact = self.lengths.is_none();
        let lengths = lengths(&inputs, self.lengths)?;
        let last = self.mask.is_none()
            && matches!(&self.targets, Some(RawArray::Stacked(targets)) if targets.rank() == 2);
        let targets = targets_array(self.targets.as_ref(), last, &inputs, &lengths)?;
        if self.targets.is_some() {
            check_sizes("targets", &targets, [n, t], (&lengths, exact), "o")?;
        }
        let mask = match &self.mask {
            None => mask_of_lengths(&lengths, t, last, &inputs.values),
            Some(mask) => {
                let mask = to_array("mask", mask, "[n, t]", 2)?;
                check_sizes("mask", &mask, [n, t], (&lengths, exact), "")?;
                Some(mask.values)
            }
        };
        let mut data = Data {
            time: t,
            inputs: inputs.features,
            outputs: targets.features,
            x: inputs.values,
            y: targets.values,
            mask,
            lengths: None,
        };
        zero_padding(&mut data, &lengths);
        let ragged = lengths.iter().any(|length| *length != t);
        data.lengths = ragged.then_some(lengths);
        check_values(&data, n)?;
        Ok(data)
    }
}

/// Errors: `Range` if there are no trials or no time steps
fn check_nonempty(inputs: &Array) -> Result<()> {
    for (axis, size) in [("trials", inputs.trials), ("time steps", inputs.time)] {
        if size == 0 {
            return Err(range(axis.into(), "of 1 or more".into(), "0".into()));
        }
    }
    Ok(())
}

/// An array with one row per trial.
///
/// Errors: `Shape` if its rank is not `rank` (with the axes `axes`), or if the arrays of the trials
/// do not match
fn to_array(what: &'static str, part: &RawArray, axes: &str, rank: usize) -> Result<Array> {
    match part {
        RawArray::Stacked(tensor) => {
            let dims = tensor.dims();
            if dims.len() != rank {
                return Err(shape(what, axes.into(), dims));
            }
            Ok(Array {
                values: Storage::from_tensor(tensor)?,
                trials: dims[0],
                time: dims[1],
                features: dims.get(2).copied().unwrap_or(1),
                lengths: None,
            })
        }
        RawArray::PerTrial(tensors) => pad_trials(what, tensors, rank),
    }
}

/// The arrays of all trials, padded with zeros to the length of the longest.
///
/// Errors: `Shape` if the rank of an array is not `rank - 1`, or if the numbers of features differ
fn pad_trials(what: &'static str, tensors: &[Tensor], rank: usize) -> Result<Array> {
    let features = |tensor: &Tensor| tensor.dims().get(1).copied().unwrap_or(1);
    let all = tensors.first().map_or(1, features);
    for (trial, tensor) in tensors.iter().enumerate() {
        if tensor.rank() + 1 != rank || features(tensor) != all {
            let one = if rank == 3 {
                format!("[t, {all}]")
            } else {
                "[t]".into()
            };
            return Err(shape(
                what,
                format!("{one} for trial {trial}"),
                tensor.dims(),
            ));
        }
    }
    let lengths: Vec<usize> = tensors.iter().map(|tensor| tensor.dims()[0]).collect();
    let time = lengths.iter().copied().max().unwrap_or(0);
    Ok(Array {
        values: Storage::padded(tensors, time * all)?,
        trials: tensors.len(),
        time,
        features: all,
        lengths: Some(lengths),
    })
}

/// The length of each trial in time steps.
///
/// Errors: `Shape` if the number of lengths differs from the number of trials; `Range` if a length
/// is invalid
fn lengths(inputs: &Array, explicit: Option<Vec<usize>>) -> Result<Vec<usize>> {
    let (n, t) = (inputs.trials, inputs.time);
    let lengths = match (explicit, &inputs.lengths) {
        (Some(lengths), _) => lengths,
        (None, Some(lengths)) => lengths.clone(),
        (None, None) => vec![t; n],
    };
    if lengths.len() != n {
        return Err(shape("lengths", format!("[{n}]"), &[lengths.len()]));
    }
    for (trial, length) in lengths.iter().enumerate() {
        let max = inputs.lengths.as_ref().map_or(t, |lengths| lengths[trial]);
        if !(1..=max).contains(length) {
            let what = format!("lengths[{trial}]");
            return Err(range(what, format!("from 1 to {max}"), length.to_string()));
        }
    }
    Ok(lengths)
}

/// The targets of all time steps; if `last`, they are [N, o].
fn targets_array(
    targets: Option<&RawArray>,
    last: bool,
    inputs: &Array,
    lengths: &[usize],
) -> Result<Array> {
    match (targets, last) {
        (None, _) => Ok(empty_targets(inputs)),
        (Some(RawArray::Stacked(targets)), true) => {
            expand_last_targets(targets, lengths, inputs.time)
        }
        (Some(targets), _) => to_array("targets", targets, "[n, t, o]", 3),
    }
}

/// Targets without features.
fn empty_targets(inputs: &Array) -> Array {
    Array {
        values: Storage::zeros(0, &inputs.values),
        trials: inputs.trials,
        time: inputs.time,
        features: 0,
        lengths: None,
    }
}

/// Targets [n, o] of the last time step of each trial, expanded to all time steps.
fn expand_last_targets(targets: &Tensor, lengths: &[usize], t: usize) -> Result<Array> {
    let (n, o) = targets.dims2()?;
    if n != lengths.len() {
        let expected = format!("[{}, o]", lengths.len());
        return Err(shape("targets", expected, targets.dims()));
    }
    let last = Storage::from_tensor(targets)?;
    let mut values = Storage::zeros(n * t * o, &last);
    for (trial, length) in lengths.iter().enumerate() {
        for k in 0..o {
            values.set((trial * t + length - 1) * o + k, last.at(trial * o + k));
        }
    }
    Ok(Array {
        values,
        trials: n,
        time: t,
        features: o,
        lengths: None,
    })
}

/// The mask of trials without explicit weights: 1 for the last time step of each trial if `last`,
/// otherwise for all its time steps. `None` if every time step has weight 1.
fn mask_of_lengths(lengths: &[usize], t: usize, last: bool, like: &Storage) -> Option<Storage> {
    if !last && lengths.iter().all(|length| *length == t) {
        return None;
    }
    let mut mask = Storage::zeros(lengths.len() * t, like);
    for (trial, &length) in lengths.iter().enumerate() {
        let first = if last { length - 1 } else { 0 };
        (first..length).for_each(|at| mask.set(trial * t + at, 1.0));
    }
    Some(mask)
}

/// Errors: `Shape` if the values of trials or time steps differ from those of the inputs, or if
/// there are no features
fn check_sizes(
    what: &'static str,
    part: &Array,
    [n, t]: [usize; 2],
    (lengths, exact): (&[usize], bool),
    feature: &str,
) -> Result<()> {
    let ragged = part.lengths.as_ref().filter(|lengths| lengths.len() == n);
    let mismatch = |found: usize, length: usize| found < length || exact && found > length;
    if let Some(found) = ragged
        && let Some(trial) = (0..n).find(|trial| mismatch(found[*trial], lengths[*trial]))
    {
        let expected = format!(
            "[{}, ..] for trial {trial}, as for its inputs",
            lengths[trial]
        );
        return Err(shape(what, expected, &[found[trial], part.features]));
    }
    if [part.trials, part.time] == [n, t] && part.features > 0 {
        return Ok(());
    }
    let (axis, mut found) = match feature {
        "" => (String::new(), vec![]),
        feature => (format!(", {feature}"), vec![part.features]),
    };
    found.splice(..0, [part.trials, part.time]);
    Err(shape(what, format!("[{n}, {t}{axis}]"), &found))
}

/// Sets inputs and mask to zero after the end of each trial, and targets to zero where the mask is
/// 0.
fn zero_padding(data: &mut Data, lengths: &[usize]) {
    let (t, i, o) = (data.time, data.inputs, data.outputs);
    for (trial, length) in lengths.iter().enumerate() {
        let (end, next) = (trial * t + length, (trial + 1) * t);
        data.x.clear(end * i..next * i);
        let Some(mask) = &mut data.mask else { continue };
        mask.clear(end..next);
        for at in (trial * t..next).filter(|at| mask.at(*at) == 0.0) {
            data.y.clear(at * o..(at + 1) * o);
        }
    }
}

/// Errors: `NotFinite` or `Range` for the first invalid value
fn check_values(data: &Data, n: usize) -> Result<()> {
    let (t, i, o) = (data.time, data.inputs, data.outputs);
    for (what, values, features) in [("inputs", &data.x, i), ("targets", &data.y, o)] {
        if let Some(at) = (0..n * t * features).find(|at| !values.at(*at).is_finite()) {
            let (trial, time) = (at / features / t, at / features % t);
            return Err(Error::NotFinite {
                of: OP,
                what: format!("a value of `{what}`, trial {trial}, time {time},"),
                found: values.at(at),
                index: at % features,
            });
        }
    }
    let Some(mask) = &data.mask else {
        return Ok(());
    };
    for trial in 0..n {
        let mut has_weight = false;
        for time in 0..t {
            let weight = mask.at(trial * t + time);
            if !(weight.is_finite() && weight >= 0.0) {
                let what = format!("mask[{trial}, {time}]");
                return Err(range(what, "of 0 or more".into(), weight.to_string()));
            }
            has_weight |= weight > 0.0;
        }
        if !has_weight {
            let what = format!("mask[{trial}]");
            return Err(range(
                what,
                "at least one positive weight".into(),
                "zeros only".into(),
            ));
        }
    }
    Ok(())
}

fn shape(what: &'static str, expected: String, found: &[usize]) -> Error {
    Error::Shape {
        op: OP,
        what,
        expected,
        found: found.to_vec(),
    }
}

fn range(name: String, expected: String, found: String) -> Error {
    Error::Range {
        of: OP.into(),
        name,
        expected,
        found,
    }
}
