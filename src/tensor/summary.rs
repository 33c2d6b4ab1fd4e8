//! Text representation of arrays: all elements of a small array; the first elements and statistics
//! of a large array.

use super::moments::Moments;
use super::{DType, Tensor, convert, indexing, integers};
use crate::base::Result;

/// Maximum number of elements of an array that is shown completely.
const MAX_ELEMENTS: usize = 36;
/// Number of leading elements shown of a larger array.
const LEADING_ELEMENTS: usize = 4;
/// Number of significant digits.
const DIGITS: usize = 6;

/// Summary of an array. The statistics cover the finite elements.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    pub shape: Vec<usize>,
    pub dtype: DType,
    pub first: Vec<f64>,
    pub min: f64,
    pub mean: f64,
    pub max: f64,
    pub std: f64,
    /// Number of infinite or NaN elements.
    pub not_finite: usize,
}

impl Summary {
    pub fn of(t: &Tensor) -> Result<Summary> {
        let moments = Moments::of(t)?;
        Ok(Summary {
            shape: t.dims().to_vec(),
            dtype: t.dtype(),
            first: convert::to_f64(&leading_elements(t, LEADING_ELEMENTS)?)?,
            min: moments.min,
            mean: moments.mean,
            max: moments.max,
            std: moments.std(),
            not_finite: t.elem_count() - moments.count,
        })
    }
}

/// The first `count` elements as a vector, without a copy of the others.
fn leading_elements(t: &Tensor, count: usize) -> Result<Tensor> {
    let mut part = t.detach();
    let mut inner = t.elem_count();
    for axis in 0..t.rank() {
        inner /= t.dims()[axis].max(1);
        let entries = count.div_ceil(inner.max(1)).min(t.dims()[axis]);
        part = indexing::part(&part, axis, 0, entries)?;
    }
    let flat = part.contiguous()?.flatten_all()?;
    indexing::part(&flat, 0, 0, flat.elem_count().min(count))
}

/// One line of text: `tensor [2] f32 [1, 2]`, with statistics for large arrays.
pub fn format_tensor(t: &Tensor) -> Result<String> {
    let head = format!("tensor {:?} {}", t.dims(), t.dtype().as_str());
    let lists = t.dims().iter().map(|&n| n.max(1));
    if t.elem_count() == 0 && lists.fold(1, usize::saturating_mul) > MAX_ELEMENTS {
        return Ok(format!("{head} []"));
    }
    let texts = element_texts(&leading_elements(t, MAX_ELEMENTS)?)?;
    if t.elem_count() <= MAX_ELEMENTS {
        return Ok(format!("{head} {}", format_nested(&texts, t.dims())));
    }
    let s = Summary::of(t)?;
    let first = &texts[..LEADING_ELEMENTS];
    let mut line = format!("{head} [{}, ...]", first.join(", "));
    if s.not_finite < t.elem_count() {
        let [min, mean, max, std] = [s.min, s.mean, s.max, s.std].map(format_number);
        line += &format!(" min {min}, mean {mean}, max {max}, std {std}");
    }
    if s.not_finite > 0 {
        line += &format!(", {} not finite", s.not_finite);
    }
    Ok(line)
}

/// The text of each element: all digits of an integer, six digits of a float.
fn element_texts(t: &Tensor) -> Result<Vec<String>> {
    if t.dtype().is_float() {
        return Ok(convert::to_f64(t)?.into_iter().map(format_number).collect());
    }
    Ok(integers::to_vec(t)?.iter().map(i64::to_string).collect())
}

fn format_nested(texts: &[String], shape: &[usize]) -> String {
    let Some((&n, inner)) = shape.split_first() else {
        return texts.first().cloned().unwrap_or_default();
    };
    let size = inner.iter().product::<usize>();
    let parts = (0..n).map(|i| format_nested(&texts[i * size..(i + 1) * size], inner));
    format!("[{}]", parts.collect::<Vec<_>>().join(", "))
}

/// A number with six significant digits, without trailing zeros: `0.5`, `-12.25`, `1e-7`, `nan`.
pub fn format_number(x: f64) -> String {
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
        .expect("scientific notation contains an e");
    let power: i32 = power.parse().expect("the exponent is an integer");
    if (-4..DIGITS as i32 + 1).contains(&power) {
        let decimals = (DIGITS as i32 - 1 - power).max(0) as usize;
        return trim_zeros(&format!("{x:.decimals$}")).to_string();
    }
    format!("{}e{power}", trim_zeros(digits))
}

fn trim_zeros(digits: &str) -> &str {
    if !digits.contains('.') {
        return digits;
    }
    digits.trim_end_matches('0').trim_end_matches('.')
}
