//! What a data set is made of, and whether it fits together.

use super::Data;
use super::numbers::Numbers;
use crate::base::{Error, Result};
use crate::tensor::Tensor;

/// What faults are said to be of.
const OF: &str = "tasks::dataset";

/// Numbers of all trials.
#[derive(Debug, Clone)]
pub enum Part {
    /// One array, trials along its first axis.
    Whole(Tensor),
    /// An array for each trial; their lengths may differ.
    Trials(Vec<Tensor>),
}

/// The parts of a data set of N trials.
#[derive(Debug, Clone)]
pub struct Parts {
    /// [N, t, i], or N times [t, i].
    pub inputs: Part,
    /// [N, t, o], or N times [t, o]; or [N, o], which are those of the last time of each trial.
    /// None for a model that makes its inputs again.
    pub targets: Option<Part>,
    /// The weight of each time in the loss: [N, t], or N times [t].
    pub mask: Option<Part>,
    /// Times of each trial, [N]; what comes after is padding.
    pub lengths: Option<Vec<usize>>,
}

/// A part by trial, time and feature.
struct Array {
    numbers: Numbers,
    trials: usize,
    time: usize,
    features: usize,
    /// Times of each trial, if they came one by one.
    lengths: Option<Vec<usize>>,
}

impl Parts {
    /// The data, padding and all.
    ///
    /// Errors: `Shape` if the parts do not fit together; `Range` for a length or a weight that
    /// cannot be, or a trial of which nothing counts; `NotFinite` for numbers that would reach the
    /// loss
    pub fn data(self) -> Result<Data> {
        let inputs = array("inputs", &self.inputs, "[n, t, i]", 3)?;
        let (n, t) = (inputs.trials, inputs.time);
        for (axis, size) in [("trials", n), ("times", t), ("inputs", inputs.features)] {
            if size == 0 {
                return Err(range(axis.into(), "of 1 or more".into(), "0".into()));
            }
        }
        // Where lengths are given, parts may go on beyond them; else all of a trial end together.
        let exact = self.lengths.is_none();
        let lengths = lengths(&inputs, self.lengths)?;
        let last = self.mask.is_none()
            && matches!(&self.targets, Some(Part::Whole(targets)) if targets.rank() == 2);
        let targets = match (&self.targets, last) {
            (None, _) => none_like(&inputs),
            (Some(Part::Whole(targets)), true) => at_the_end(targets, &lengths, t)?,
            (Some(targets), _) => array("targets", targets, "[n, t, o]", 3)?,
        };
        if self.targets.is_some() {
            fits("targets", &targets, [n, t], (&lengths, exact), "o")?;
        }
        let mask = match &self.mask {
            None if !last && lengths.iter().all(|length| *length == t) => None,
            None => {
                let mut mask = Numbers::zeros(n * t, &inputs.numbers);
                for (trial, &length) in lengths.iter().enumerate() {
                    let first = if last { length - 1 } else { 0 };
                    (first..length).for_each(|at| mask.set(trial * t + at, 1.0));
                }
                Some(mask)
            }
            Some(mask) => {
                let mask = array("mask", mask, "[n, t]", 2)?;
                fits("mask", &mask, [n, t], (&lengths, exact), "")?;
                Some(mask.numbers)
            }
        };
        let mut data = Data {
            time: t,
            inputs: inputs.features,
            outputs: targets.features,
            x: inputs.numbers,
            y: targets.numbers,
            mask,
            lengths: None,
        };
        pad(&mut data, &lengths);
        let ragged = lengths.iter().any(|length| *length != t);
        data.lengths = ragged.then_some(lengths);
        check(&data, n)?;
        Ok(data)
    }
}

/// A part as one array.
///
/// Errors: `Shape` if it has not `rank` axes, `axes`, or its trials do not agree
fn array(what: &'static str, part: &Part, axes: &str, rank: usize) -> Result<Array> {
    match part {
        Part::Whole(tensor) => {
            let dims = tensor.dims();
            if dims.len() != rank {
                return Err(shape(what, axes.into(), dims));
            }
            Ok(Array {
                numbers: Numbers::of(tensor)?,
                trials: dims[0],
                time: dims[1],
                features: dims.get(2).copied().unwrap_or(1),
                lengths: None,
            })
        }
        Part::Trials(tensors) => {
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
                numbers: Numbers::padded(tensors, time * all)?,
                trials: tensors.len(),
                time,
                features: all,
                lengths: Some(lengths),
            })
        }
    }
}

/// Times of each trial.
///
/// Errors: `Shape` if there are not as many as trials; `Range` if one cannot be
fn lengths(inputs: &Array, given: Option<Vec<usize>>) -> Result<Vec<usize>> {
    let (n, t) = (inputs.trials, inputs.time);
    let lengths = match (given, &inputs.lengths) {
        (Some(given), _) => given,
        (None, Some(own)) => own.clone(),
        (None, None) => vec![t; n],
    };
    if lengths.len() != n {
        return Err(shape("lengths", format!("[{n}]"), &[lengths.len()]));
    }
    for (trial, length) in lengths.iter().enumerate() {
        let most = inputs.lengths.as_ref().map_or(t, |own| own[trial]);
        if !(1..=most).contains(length) {
            let what = format!("lengths[{trial}]");
            return Err(range(what, format!("from 1 to {most}"), length.to_string()));
        }
    }
    Ok(lengths)
}

/// Targets without a number.
fn none_like(inputs: &Array) -> Array {
    Array {
        numbers: Numbers::zeros(0, &inputs.numbers),
        trials: inputs.trials,
        time: inputs.time,
        features: 0,
        lengths: None,
    }
}

/// Targets [n, o] of the last time of each trial, at all times.
fn at_the_end(targets: &Tensor, lengths: &[usize], t: usize) -> Result<Array> {
    let (n, o) = targets.dims2()?;
    if n != lengths.len() {
        let expected = format!("[{}, o]", lengths.len());
        return Err(shape("targets", expected, targets.dims()));
    }
    let given = Numbers::of(targets)?;
    let mut numbers = Numbers::zeros(n * t * o, &given);
    for (trial, length) in lengths.iter().enumerate() {
        for k in 0..o {
            numbers.set((trial * t + length - 1) * o + k, given.at(trial * o + k));
        }
    }
    Ok(Array {
        numbers,
        trials: n,
        time: t,
        features: o,
        lengths: None,
    })
}

/// Errors: `Shape` if a part has other trials or times than the inputs, or no features
fn fits(
    what: &'static str,
    part: &Array,
    [n, t]: [usize; 2],
    (lengths, exact): (&[usize], bool),
    feature: &str,
) -> Result<()> {
    let ragged = part.lengths.as_ref().filter(|own| own.len() == n);
    let wrong = |own: usize, length: usize| own < length || exact && own > length;
    if let Some(own) = ragged
        && let Some(trial) = (0..n).find(|trial| wrong(own[*trial], lengths[*trial]))
    {
        let expected = format!("[{}, ..] for trial {trial}, as its inputs", lengths[trial]);
        return Err(shape(what, expected, &[own[trial], part.features]));
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

/// Makes inputs after the end of each trial zero, and its mask; and targets that do not count.
fn pad(data: &mut Data, lengths: &[usize]) {
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

/// Errors: `NotFinite` or `Range` for the first number that cannot be
fn check(data: &Data, n: usize) -> Result<()> {
    let (t, i, o) = (data.time, data.inputs, data.outputs);
    for (what, numbers, features) in [("inputs", &data.x, i), ("targets", &data.y, o)] {
        if let Some(at) = (0..n * t * features).find(|at| !numbers.at(*at).is_finite()) {
            let (trial, time) = (at / features / t, at / features % t);
            return Err(Error::NotFinite {
                of: OF,
                what: format!("a number of `{what}`, trial {trial}, time {time},"),
                found: numbers.at(at),
                index: at % features,
            });
        }
    }
    let Some(mask) = &data.mask else {
        return Ok(());
    };
    for trial in 0..n {
        let mut counts = false;
        for time in 0..t {
            let weight = mask.at(trial * t + time);
            if !(weight.is_finite() && weight >= 0.0) {
                let what = format!("mask[{trial}, {time}]");
                return Err(range(what, "of 0 or more".into(), weight.to_string()));
            }
            counts |= weight > 0.0;
        }
        if !counts {
            let what = format!("mask[{trial}]");
            return Err(range(
                what,
                "with a time that counts".into(),
                "zeros only".into(),
            ));
        }
    }
    Ok(())
}

fn shape(what: &'static str, expected: String, found: &[usize]) -> Error {
    Error::Shape {
        op: OF,
        what,
        expected,
        found: found.to_vec(),
    }
}

fn range(name: String, expected: String, found: String) -> Error {
    Error::Range {
        of: OF.into(),
        name,
        expected,
        found,
    }
}
