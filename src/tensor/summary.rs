//! What printing shows of an array: all of a small one; of a large one its first numbers and
//! statistics.

use super::{DType, Tensor, integers, values};
use crate::base::Result;

/// Up to this many numbers are shown one by one.
const ALL: usize = 36;
/// So many numbers of a larger array are shown.
const FIRST: usize = 4;
/// Digits that count.
const DIGITS: usize = 6;

/// An array in a few numbers. Statistics are over the finite ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    pub shape: Vec<usize>,
    pub dtype: DType,
    pub first: Vec<f64>,
    pub min: f64,
    pub mean: f64,
    pub max: f64,
    pub std: f64,
    /// How many numbers are infinite or undefined.
    pub not_finite: usize,
}

impl Summary {
    pub fn of(t: &Tensor) -> Result<Summary> {
        let numbers = values::doubles(t)?;
        let finite = || numbers.iter().copied().filter(|x| x.is_finite());
        let count = finite().count();
        let mean = finite().sum::<f64>() / count as f64;
        let variance = finite().map(|x| (x - mean).powi(2)).sum::<f64>() / count as f64;
        Ok(Summary {
            shape: t.dims().to_vec(),
            dtype: t.dtype(),
            first: numbers.iter().copied().take(FIRST).collect(),
            min: finite().fold(f64::NAN, f64::min),
            mean,
            max: finite().fold(f64::NAN, f64::max),
            std: variance.sqrt(),
            not_finite: numbers.len() - count,
        })
    }
}

/// One line: `tensor [2] f32 [1, 2]`, or with statistics where there are many numbers.
pub fn text(t: &Tensor) -> Result<String> {
    let head = format!("tensor {:?} {}", t.dims(), t.dtype().as_str());
    let lists = t.dims().iter().map(|&n| n.max(1));
    if t.elem_count() == 0 && lists.fold(1, usize::saturating_mul) > ALL {
        return Ok(format!("{head} []"));
    }
    let few = t.flatten_all()?;
    let few = few.narrow(0, 0, few.elem_count().min(ALL))?;
    let words = words(&few)?;
    if t.elem_count() <= ALL {
        return Ok(format!("{head} {}", nested(&words, t.dims())));
    }
    let s = Summary::of(t)?;
    let first = &words[..FIRST];
    let mut line = format!("{head} [{}, ...]", first.join(", "));
    if s.not_finite < t.elem_count() {
        let [min, mean, max, std] = [s.min, s.mean, s.max, s.std].map(short);
        line += &format!(" min {min}, mean {mean}, max {max}, std {std}");
    }
    if s.not_finite > 0 {
        line += &format!(", {} not finite", s.not_finite);
    }
    Ok(line)
}

/// The text of each element: all digits of an integer, six of a float.
fn words(t: &Tensor) -> Result<Vec<String>> {
    if t.dtype().is_float() {
        return Ok(values::doubles(t)?.into_iter().map(short).collect());
    }
    Ok(integers::of(t)?.iter().map(i64::to_string).collect())
}

fn nested(words: &[String], shape: &[usize]) -> String {
    let Some((&n, inner)) = shape.split_first() else {
        return words.first().cloned().unwrap_or_default();
    };
    let size = inner.iter().product::<usize>();
    let parts = (0..n).map(|i| nested(&words[i * size..(i + 1) * size], inner));
    format!("[{}]", parts.collect::<Vec<_>>().join(", "))
}

/// A number in six digits, without needless zeros: `0.5`, `-12.25`, `1e-7`, `nan`.
pub fn short(x: f64) -> String {
    if x.is_nan() {
        return "nan".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { "inf".into() } else { "-inf".into() };
    }
    if x == 0.0 {
        return "0".into();
    }
    let scientific = format!("{x:.*e}", DIGITS - 1);
    let (digits, power) = scientific
        .split_once('e')
        .expect("the e of a scientific number");
    let power: i32 = power.parse().expect("a whole power of ten");
    if (-4..DIGITS as i32 + 1).contains(&power) {
        let places = (DIGITS as i32 - 1 - power).max(0) as usize;
        return trimmed(&format!("{x:.places$}")).to_string();
    }
    format!("{}e{power}", trimmed(digits))
}

fn trimmed(digits: &str) -> &str {
    if !digits.contains('.') {
        return digits;
    }
    digits.trim_end_matches('0').trim_end_matches('.')
}
