//! Tick positions and labels: round numbers, as many as fit.

use super::Axis;
use super::scale::Range;

/// One labelled tick. The label supports the markup `^{..}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    pub at: f64,
    pub label: String,
}

/// The ticks of one axis.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ticks {
    pub major: Vec<Tick>,
    /// Positions of the unlabelled ticks.
    pub minor: Vec<f64>,
    /// Exponent of the power of ten that multiplies every label.
    pub power: Option<i32>,
}

impl Ticks {
    /// The common power of ten of the tick labels, as text.
    pub fn exponent_label(&self) -> Option<String> {
        let k = self.power?;
        Some(format!("×10^{{{}}}", k.to_string().replace('-', "−")))
    }

    /// `label` followed by the common power of ten.
    pub fn label_with_exponent(&self, label: &str) -> String {
        let exponent = self.exponent_label().unwrap_or_default();
        format!("{label} {exponent}").trim().to_string()
    }

    /// The fraction of the range and the label of each major tick inside it.
    pub(super) fn fractions(&self, range: &Range) -> Vec<(f64, String)> {
        let slack = 1e-9;
        let is_inside = |fraction: &f64| (-slack..=1.0 + slack).contains(fraction);
        let inside = self.major.iter().filter_map(|tick| {
            let fraction = range.fraction(tick.at).filter(is_inside)?;
            Some((fraction, tick.label.clone()))
        });
        inside.collect()
    }
}

/// The ticks of an axis with this range: the requested positions, or at most `max_count` automatic
/// ones.
pub fn of_axis(axis: &Axis, range: &Range, max_count: usize, min_step: f64) -> Ticks {
    match &axis.ticks {
        Some(at) => at_values(at, range.log),
        None if range.log => log(range.low, range.high, max_count),
        None => linear(range.low, range.high, max_count, min_step),
    }
}

/// Ticks at multiples of 1, 2 or 5 times a power of ten, at least `min_step` apart. Requires finite
/// `low < high`.
pub fn linear(low: f64, high: f64, max_count: usize, min_step: f64) -> Ticks {
    let step = round_step(((high - low) / max_count.max(1) as f64).max(min_step));
    let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
    let count = (last - first).clamp(-1.0, max_count as f64) as i64 + 1;
    let at: Vec<f64> = (0..count).map(|i| (first + i as f64) * step).collect();
    let (major, power) = label_ticks(&at, step);
    Ticks {
        major,
        minor: Vec::new(),
        power,
    }
}

/// Ticks at positions requested by the user, with uniform label formatting.
pub fn at_values(at: &[f64], log: bool) -> Ticks {
    if log {
        let major = at.iter().map(|v| tick(*v, scientific(*v))).collect();
        return Ticks {
            major,
            ..Ticks::default()
        };
    }
    let largest = at.iter().fold(0.0f64, |a, v| a.max(v.abs()));
    let is_multiple = |step: &f64| {
        at.iter()
            .all(|v| (v / step - (v / step).round()).abs() < 1e-6)
    };
    let coarsest = 10f64.powi(exponent_of(largest.max(1e-300)));
    let step = (0..6)
        .map(|k| coarsest / 10f64.powi(k))
        .find(is_multiple)
        .unwrap_or(coarsest / 1e6);
    let (major, power) = label_ticks(at, step);
    Ticks {
        major,
        minor: Vec::new(),
        power,
    }
}

/// Ticks at powers of ten; for a range of less than two decades also at 2 and 5 times each power.
/// Requires `0 < low < high`.
pub fn log(low: f64, high: f64, max_count: usize) -> Ticks {
    let first = (low.log10() - 1e-9).ceil() as i32;
    let last = (high.log10() + 1e-9).floor() as i32;
    if last <= first {
        return within_decade(low, high, max_count);
    }
    let stride = ((last - first + 1) as usize).div_ceil(max_count.max(2)) as i32;
    let (major, skipped): (Vec<i32>, Vec<i32>) =
        (first..=last).partition(|k| k.rem_euclid(stride) == 0);
    let minor = if stride == 1 {
        filter_range(
            low,
            high,
            (first - 1..=last).flat_map(|k| multiples(k, &[2, 3, 4, 5, 6, 7, 8, 9])),
        )
    } else {
        skipped.into_iter().map(|k| 10f64.powi(k)).collect()
    };
    Ticks {
        major: major
            .into_iter()
            .map(|k| tick(10f64.powi(k), power_of_ten(k)))
            .collect(),
        minor,
        power: None,
    }
}

fn within_decade(low: f64, high: f64, max_count: usize) -> Ticks {
    let around = exponent_of(low)..=exponent_of(high);
    for mantissas in [&[1, 2, 5][..], &[1, 2, 3, 4, 5, 6, 7, 8, 9]] {
        let at = filter_range(
            low,
            high,
            around.clone().flat_map(|k| multiples(k, mantissas)),
        );
        if (3..=max_count.max(3)).contains(&at.len()) {
            let major = at.into_iter().map(|v| tick(v, scientific(v))).collect();
            return Ticks {
                major,
                ..Ticks::default()
            };
        }
    }
    linear(low, high, max_count, 0.0)
}

fn filter_range(low: f64, high: f64, at: impl Iterator<Item = f64>) -> Vec<f64> {
    let slack = 1e-9;
    at.filter(|v| *v >= low * (1.0 - slack) && *v <= high * (1.0 + slack))
        .collect()
}

fn multiples(k: i32, mantissas: &[u8]) -> impl Iterator<Item = f64> {
    mantissas.iter().map(move |m| *m as f64 * 10f64.powi(k))
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `raw`.
fn round_step(raw: f64) -> f64 {
    let unit = 10f64.powi(exponent_of(raw));
    let reaches = |m: &f64| m * unit >= raw * (1.0 - 1e-9);
    let mantissa = [1.0, 2.0, 5.0].into_iter().find(reaches).unwrap_or(10.0);
    mantissa * unit
}

/// Labels with only the decimals that `step` requires; a common power of ten is factored out of
/// large and small values.
fn label_ticks(at: &[f64], step: f64) -> (Vec<Tick>, Option<i32>) {
    let largest = at.iter().fold(0.0f64, |a, v| a.max(v.abs()));
    let plain = largest == 0.0 || (1e-3..1e5).contains(&largest);
    let power = if plain { 0 } else { exponent_of(largest) };
    // The step of a range without an extent is 0.
    let decimals = match step > 0.0 && step.is_finite() {
        true => (power - exponent_of(step)).max(0) as usize,
        false => 0,
    };
    let label = |v: f64| format_number(divide_by_power(v, power), decimals);
    let ticks = at.iter().map(|v| tick(*v, label(*v))).collect();
    (ticks, (!plain).then_some(power))
}

/// `v / 10^power`, in two steps because `10^power` itself may overflow or underflow.
fn divide_by_power(v: f64, power: i32) -> f64 {
    let half = power / 2;
    v / 10f64.powi(half) / 10f64.powi(power - half)
}

fn exponent_of(v: f64) -> i32 {
    (v.log10() + 1e-9).floor() as i32
}

fn tick(at: f64, label: String) -> Tick {
    Tick { at, label }
}

fn power_of_ten(k: i32) -> String {
    format!("10^{{{}}}", format_number(k as f64, 0))
}

fn scientific(v: f64) -> String {
    if v <= 0.0 || (1e-3..1e4).contains(&v) {
        let decimals = (-exponent_of(v.abs().max(1e-300))).clamp(0, 6) as usize;
        return format_number(v, decimals);
    }
    let k = exponent_of(v);
    match divide_by_power(v, k) {
        m if (m - 1.0).abs() < 1e-9 => power_of_ten(k),
        m => format!("{}×{}", format_number(m.round(), 0), power_of_ten(k)),
    }
}

/// Formats a number with a true minus sign; never returns "−0".
fn format_number(v: f64, decimals: usize) -> String {
    let text = format!("{v:.decimals$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.bytes().all(|b| b == b'0' || b == b'.') => zero.into(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}
