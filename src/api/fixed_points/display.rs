//! Display of fixed points as a table.

use super::FixedPoints;
use super::analyse::{one_sided, resolution};
use crate::analysis::fixed_points::linearization::{Linearization, linearize};
use crate::analysis::fixed_points::{Counts, Points, Set, set_margins};
use crate::api::diagnostic::Diagnostic;
use crate::nn::Network;
use crate::tensor::{DType, convert};

/// Maximum number of points in the table; a final line counts the rest.
const ROWS: usize = 32;
/// Maximum number of outputs shown per point.
const OUTPUTS: usize = 4;
/// Maximum number of continua shown.
const CONTINUA: usize = 8;

pub fn table(of: &FixedPoints) -> String {
    let points = &of.points.points;
    let mut lines = vec![format!("fixed points: {}", points.len())];
    if let Some(counts) = of.points.counts {
        lines.push(search_counts(counts));
    }
    let warnings = of.warnings().unwrap_or_default().into_iter();
    lines.extend(warnings.map(|warning| format!("  warning: {warning}")));
    if !points.is_empty() {
        lines.extend(sets(of).unwrap_or_default());
        lines.push(format!(
            "  {:>5}  {:>9}  {:>9}  {:>5}  {:>5}  {:10}  {:21}  readout",
            "point", "|F - h|", "position", "hits", "steps", "label", "class"
        ));
    }
    let shown: Vec<usize> = (0..points.len().min(ROWS)).collect();
    let shown = of.with(of.points.select(&shown));
    let descriptions = match &of.network {
        Some(network) => describe(of, network, &shown).unwrap_or_default(),
        None => Vec::new(),
    };
    let continuous = continuous(of);
    for (at, point) in shown.points.points.iter().enumerate() {
        let (speed, label) = (point.speed(), point.label.name());
        let description = descriptions.get(at).map_or("", |text| text);
        // The bound along a continuum is meaningless.
        let bound = if continuous[at] {
            f64::INFINITY
        } else {
            point.position_error
        };
        let row = format!(
            "  {at:>5}  {speed:>9.2e}  {:>9}  {:>5}  {:>5}  {label:10}  {description}",
            position(bound),
            point.hits,
            point.steps
        );
        lines.push(row.trim_end().into());
    }
    if points.len() > ROWS {
        lines.push(format!("  ... and {} more", points.len() - ROWS));
    }
    lines.join("\n")
}

/// The counts at each stage, and each exclusion with the option that caused it.
fn search_counts(counts: Counts) -> String {
    let Counts {
        candidates,
        converged,
        slow,
        failed,
        within_tolerance,
        ..
    } = counts;
    let mut lines = vec![format!(
        "  of {candidates} candidates {converged} converged, {slow} ended at slow points, {failed} \
         failed; within the tolerance: {within_tolerance}"
    )];
    if counts.slow_excluded > 0 {
        lines.push(format!(
            "  left out: {} slow points, of candidates that are near no fixed point (`keep_slow: true` \
             retains them)",
            counts.slow_excluded
        ));
    }
    if counts.unreachable > 0 {
        lines.push(format!(
            "  beyond the bound of all fixed points: {} final states",
            counts.unreachable
        ));
    }
    let outliers = counts.unique - counts.near_candidates;
    if outliers > 0 {
        lines.push(format!(
            "  left out: {outliers} points further from the candidates than `outlier_distance` times their spread"
        ));
    }
    if failed > 0 {
        lines.push(format!(
            "  left out: {failed} candidates that did not come within `tolerance` in `max_iters` \
             updates"
        ));
    }
    lines.push(format!("  different points: {}", counts.unique));
    lines.join("\n")
}

/// The sets that the points form, and the estimated completeness.
fn sets(of: &FixedPoints) -> Result<Vec<String>, Diagnostic> {
    let sets = of.sets()?;
    let continua: Vec<&Set> = sets.iter().filter(|set| set.dimension > 0).collect();
    let isolated = sets.len() - continua.len();
    let mut lines = vec![format!(
        "  sets: {} ({isolated} isolated points)",
        sets.len()
    )];
    for set in continua.iter().take(CONTINUA) {
        lines.push(format!(
            "    a continuum of dimension {}, extent {}: {} points",
            set.dimension,
            four_digits(set.extent),
            set.members.len()
        ));
    }
    if continua.len() > CONTINUA {
        lines.push(format!(
            "    ... and {} more continua",
            continua.len() - CONTINUA
        ));
    }
    lines.push(of.basis()?);
    Ok(lines)
}

/// Whether each point belongs to a continuum.
fn continuous(of: &FixedPoints) -> Vec<bool> {
    let mut flags = vec![false; of.points.points.len()];
    let continua = of
        .sets()
        .unwrap_or_default()
        .iter()
        .filter(|set| set.dimension > 0);
    continua
        .flat_map(|set| &set.members)
        .for_each(|at| flags[*at] = true);
    flags
}

/// A number with four significant digits; in scientific notation only if it is very large or small.
fn four_digits(x: f64) -> String {
    let exponent = x.abs().log10().floor();
    match (-4.0..6.0).contains(&exponent) {
        true => format!("{x:.*}", (3.0 - exponent).max(0.0) as usize),
        false => format!("{x:.3e}"),
    }
}

/// The bound of a position; "-" if it is not finite.
fn position(error: f64) -> String {
    match error.is_finite() {
        true => format!("{error:.1e}"),
        false => "-".into(),
    }
}

/// The class, the number of growing modes and the readout of each of the points `some`.
fn describe(
    of: &FixedPoints,
    network: &Network,
    some: &FixedPoints,
) -> Result<Vec<String>, Diagnostic> {
    let points = &some.points;
    let linear = linearization(of, network, points)?;
    let one_sided = one_sided(network, points)?;
    let shape = [points.points.len(), points.state];
    let states = convert::from_f64(points.states(), &shape, DType::F64)?;
    let outputs = convert::to_f64(&network.readout(&states)?)?;
    let o = network.outputs();
    let one = |(at, linear): (usize, &Linearization)| {
        let mut class = match linear.growing(None).len() {
            0 => linear.class(None).to_string(),
            n => format!("{}, {n} growing", linear.class(None)),
        };
        if one_sided[at] {
            class.push_str(", one-sided");
        }
        let outputs = outputs[at * o..][..o.min(OUTPUTS)].iter();
        let outputs: Vec<String> = outputs.map(|x| format!("{x:.3}")).collect();
        let more = if o > OUTPUTS { " .." } else { "" };
        format!("{class:21}  {}{more}", outputs.join(" "))
    };
    Ok(linear.iter().enumerate().map(one).collect())
}

/// The linearization of the first points of a list, with the margins derived from their sets.
fn linearization(
    of: &FixedPoints,
    network: &Network,
    first: &Points,
) -> Result<Vec<Linearization>, Diagnostic> {
    let step_map = &mut *network.step_map()?;
    let mut linear = linearize(step_map, first)?;
    let count = first.points.len();
    let sets = of.sets()?.iter().cloned().map(|mut set| {
        set.members.retain(|at| *at < count);
        set
    });
    let sets: Vec<Set> = sets.collect();
    set_margins(step_map, first, &sets, &mut linear, resolution(network))?;
    Ok(linear)
}
