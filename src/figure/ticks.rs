//! Where ticks stand and what they say: round numbers, as many as there is room for.

use super::Axis;
use super::extent::Range;

/// One labelled tick. The label knows `^{..}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    pub at: f64,
    pub label: String,
}

/// The ticks of one axis.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ticks {
    pub major: Vec<Tick>,
    /// Ticks without a label.
    pub minor: Vec<f64>,
    /// The power of ten that every label is to be multiplied by.
    pub power: Option<i32>,
}

/// The ticks of an axis that shows `range`: those asked for, or `most` at the most.
pub fn of_axis(axis: &Axis, range: &Range, most: usize, least: f64) -> Ticks {
    match &axis.ticks {
        Some(at) => chosen(at, range.log),
        None if range.log => log(range.low, range.high, most),
        None => linear(range.low, range.high, most, least),
    }
}

/// Ticks at 1, 2 or 5 times a power of ten, no closer than `least`. `low` is below `high`, both are
/// finite.
pub fn linear(low: f64, high: f64, most: usize, least: f64) -> Ticks {
    let step = step(((high - low) / most.max(1) as f64).max(least));
    let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
    let count = (last - first).clamp(-1.0, most as f64) as i64 + 1;
    let at: Vec<f64> = (0..count).map(|i| (first + i as f64) * step).collect();
    let (major, power) = labelled(&at, step);
    Ticks {
        major,
        minor: Vec::new(),
        power,
    }
}

/// Ticks that a user asked for, labelled alike.
pub fn chosen(at: &[f64], log: bool) -> Ticks {
    if log {
        let major = at.iter().map(|v| tick(*v, scientific(*v))).collect();
        return Ticks {
            major,
            ..Ticks::default()
        };
    }
    let largest = at.iter().fold(0.0f64, |a, v| a.max(v.abs()));
    let fits = |step: &f64| {
        at.iter()
            .all(|v| (v / step - (v / step).round()).abs() < 1e-6)
    };
    let coarsest = 10f64.powi(decade(largest.max(1e-300)));
    let step = (0..6)
        .map(|k| coarsest / 10f64.powi(k))
        .find(fits)
        .unwrap_or(coarsest / 1e6);
    let (major, power) = labelled(at, step);
    Ticks {
        major,
        minor: Vec::new(),
        power,
    }
}

/// Ticks at powers of ten; within less than two of them, at 2 and 5 times as well.
/// `low` is above zero and below `high`.
pub fn log(low: f64, high: f64, most: usize) -> Ticks {
    let first = (low.log10() - 1e-9).ceil() as i32;
    let last = (high.log10() + 1e-9).floor() as i32;
    if last <= first {
        return within_a_decade(low, high, most);
    }
    let stride = ((last - first + 1) as usize).div_ceil(most.max(2)) as i32;
    let (major, skipped): (Vec<i32>, Vec<i32>) =
        (first..=last).partition(|k| k.rem_euclid(stride) == 0);
    let minor = if stride == 1 {
        inside(
            low,
            high,
            (first - 1..=last).flat_map(|k| times(k, &[2, 3, 4, 5, 6, 7, 8, 9])),
        )
    } else {
        skipped.into_iter().map(|k| 10f64.powi(k)).collect()
    };
    Ticks {
        major: major
            .into_iter()
            .map(|k| tick(10f64.powi(k), ten_to(k)))
            .collect(),
        minor,
        power: None,
    }
}

fn within_a_decade(low: f64, high: f64, most: usize) -> Ticks {
    let around = decade(low)..=decade(high);
    for mantissas in [&[1, 2, 5][..], &[1, 2, 3, 4, 5, 6, 7, 8, 9]] {
        let at = inside(low, high, around.clone().flat_map(|k| times(k, mantissas)));
        if (3..=most.max(3)).contains(&at.len()) {
            let major = at.into_iter().map(|v| tick(v, scientific(v))).collect();
            return Ticks {
                major,
                ..Ticks::default()
            };
        }
    }
    linear(low, high, most, 0.0)
}

fn inside(low: f64, high: f64, at: impl Iterator<Item = f64>) -> Vec<f64> {
    let slack = 1e-9;
    at.filter(|v| *v >= low * (1.0 - slack) && *v <= high * (1.0 + slack))
        .collect()
}

fn times(k: i32, mantissas: &[u8]) -> impl Iterator<Item = f64> {
    mantissas.iter().map(move |m| *m as f64 * 10f64.powi(k))
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `raw`.
fn step(raw: f64) -> f64 {
    let unit = 10f64.powi(decade(raw));
    let enough = |m: &f64| m * unit >= raw * (1.0 - 1e-9);
    let mantissa = [1.0, 2.0, 5.0].into_iter().find(enough).unwrap_or(10.0);
    mantissa * unit
}

/// Labels with just the decimals that `step` needs, and a power of ten taken out of large and small
/// numbers.
fn labelled(at: &[f64], step: f64) -> (Vec<Tick>, Option<i32>) {
    let largest = at.iter().fold(0.0f64, |a, v| a.max(v.abs()));
    let plain = largest == 0.0 || (1e-3..1e5).contains(&largest);
    let power = if plain { 0 } else { decade(largest) };
    let decimals = (power - decade(step)).max(0) as usize;
    let label = |v: f64| number(scaled(v, power), decimals);
    let ticks = at.iter().map(|v| tick(*v, label(*v))).collect();
    (ticks, (!plain).then_some(power))
}

/// `v / 10^power`, in two steps where the power itself would not be a number.
fn scaled(v: f64, power: i32) -> f64 {
    let half = power / 2;
    v / 10f64.powi(half) / 10f64.powi(power - half)
}

fn decade(v: f64) -> i32 {
    (v.log10() + 1e-9).floor() as i32
}

fn tick(at: f64, label: String) -> Tick {
    Tick { at, label }
}

fn ten_to(k: i32) -> String {
    format!("10^{{{}}}", number(k as f64, 0))
}

fn scientific(v: f64) -> String {
    if v <= 0.0 || (1e-3..1e4).contains(&v) {
        let decimals = (-decade(v.abs().max(1e-300))).clamp(0, 6) as usize;
        return number(v, decimals);
    }
    let k = decade(v);
    match scaled(v, k) {
        m if (m - 1.0).abs() < 1e-9 => ten_to(k),
        m => format!("{}×{}", number(m.round(), 0), ten_to(k)),
    }
}

/// Digits with a true minus sign; never "−0".
fn number(v: f64, decimals: usize) -> String {
    let text = format!("{v:.decimals$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.bytes().all(|b| b == b'0' || b == b'.') => zero.into(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}
