//! Display of fixed points as a table.

use super::points::FixedPoints;
use super::precision::{one_sided_flags, parameter_resolution};
use crate::analysis::fixed_points::linearization::{Linearization, linearize};
use crate::analysis::fixed_points::{Counts, Point, Points, Set, set_margins};
use crate::api::diagnostic::Diagnostic;
use crate::api::display::count_text;
use crate::api::value::ScriptObject;
use crate::nn::Network;
use crate::tensor::{DType, convert};

/// Maximum number of points in the table; a final line counts the rest.
const MAX_ROWS: usize = 32;
/// Maximum number of outputs shown per point.
const MAX_OUTPUTS: usize = 4;
/// Maximum number of continua shown.
const MAX_CONTINUA: usize = 8;

impl ScriptObject for FixedPoints {
    const KIND: &'static str = "fixed points";
    fn display(&self) -> String {
        let count = self.points.points.len();
        let mut lines = vec![format!("fixed points: {count}")];
        lines.extend(self.points.counts.map(search_counts));
        let warnings = self.warnings().unwrap_or_default().into_iter();
        lines.extend(warnings.map(|warning| format!("  warning: {warning}")));
        if count > 0 {
            lines.extend(set_lines(self).unwrap_or_default());
            lines.push(format!(
                "  {:>5}  {:>9}  {:>9}  {:>5}  {:>5}  {:10}  {:21}  readout",
                "point", "|F - h|", "position", "hits", "steps", "label", "class"
            ));
        }
        lines.extend(rows(self));
        if count > MAX_ROWS {
            lines.push(format!("  ... and {} more", count - MAX_ROWS));
        }
        lines.join("\n")
    }
}

/// The rows of the table, one per point.
fn rows(fixed_points: &FixedPoints) -> Vec<String> {
    let first: Vec<usize> = (0..fixed_points.points.points.len().min(MAX_ROWS)).collect();
    let first = fixed_points.points.select(&first);
    let descriptions = match &fixed_points.network {
        Some(network) => describe(fixed_points, network, &first).unwrap_or_default(),
        None => Vec::new(),
    };
    let in_continuum = continuum_flags(fixed_points);
    let row = |(index, point): (usize, &Point)| {
        let (speed, label) = (point.speed(), point.label.name());
        let description = descriptions.get(index).map_or("", |text| text);
        // The bound along a continuum is meaningless.
        let bound = match in_continuum[index] {
            true => f64::INFINITY,
            false => point.position_error,
        };
        let row = format!(
            "  {index:>5}  {speed:>9.2e}  {:>9}  {:>5}  {:>5}  {label:10}  {description}",
            bound_text(bound),
            point.hits,
            point.steps
        );
        row.trim_end().to_string()
    };
    first.points.iter().enumerate().map(row).collect()
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
    lines.extend(exclusions(counts));
    lines.push(format!("  distinct points: {}", counts.unique));
    lines.join("\n")
}

/// One line per exclusion that applies.
fn exclusions(counts: Counts) -> impl Iterator<Item = String> {
    let (slow_excluded, unreachable) = (counts.slow_excluded, counts.unreachable);
    let outliers = counts.unique - counts.near_candidates;
    [
        (
            slow_excluded,
            format!(
                "excluded: {} without a fixed point nearby (`keep_slow: true` retains them)",
                count_text(slow_excluded, "slow point")
            ),
        ),
        (
            unreachable,
            format!(
                "beyond the bound of all fixed points: {}, which runs from within the bound do not \
                 reach",
                count_text(unreachable, "final state")
            ),
        ),
        (
            outliers,
            format!(
                "excluded: {} further from the candidates than `outlier_distance` times their RMS \
                 distance",
                count_text(outliers, "point")
            ),
        ),
        (
            counts.failed,
            format!(
                "excluded: {} that did not reach `tolerance` in `max_iters` iterations",
                count_text(counts.failed, "candidate")
            ),
        ),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(_, line)| format!("  {line}"))
}

/// The sets that the points form, and the estimated completeness.
fn set_lines(fixed_points: &FixedPoints) -> Result<Vec<String>, Diagnostic> {
    let sets = fixed_points.sets()?;
    let continua: Vec<&Set> = sets.iter().filter(|set| set.dimension > 0).collect();
    let isolated = sets.len() - continua.len();
    let mut lines = vec![format!(
        "  sets: {} ({})",
        sets.len(),
        count_text(isolated, "isolated point")
    )];
    for set in continua.iter().take(MAX_CONTINUA) {
        lines.push(format!(
            "    a continuum of dimension {}, extent {}: {}",
            set.dimension,
            format_four_digits(set.extent),
            count_text(set.members.len(), "point")
        ));
    }
    if continua.len() > MAX_CONTINUA {
        lines.push(format!(
            "    ... and {} more continua",
            continua.len() - MAX_CONTINUA
        ));
    }
    lines.push(fixed_points.estimate_line()?);
    Ok(lines)
}

/// Whether each point belongs to a continuum.
fn continuum_flags(fixed_points: &FixedPoints) -> Vec<bool> {
    let mut flags = vec![false; fixed_points.points.points.len()];
    let continua = fixed_points
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
fn format_four_digits(x: f64) -> String {
    let exponent = x.abs().log10().floor();
    match (-4.0..6.0).contains(&exponent) {
        true => format!("{x:.*}", (3.0 - exponent).max(0.0) as usize),
        false => format!("{x:.3e}"),
    }
}

/// The bound of a position; "-" if it is not finite.
fn bound_text(bound: f64) -> String {
    match bound.is_finite() {
        true => format!("{bound:.1e}"),
        false => "-".into(),
    }
}

/// The class, the number of growing modes and the readout of each of the first points.
fn describe(
    fixed_points: &FixedPoints,
    network: &Network,
    points: &Points,
) -> Result<Vec<String>, Diagnostic> {
    let linear = linearize_first(fixed_points, network, points)?;
    let one_sided = one_sided_flags(network, points)?;
    let shape = [points.points.len(), points.state];
    let states = convert::from_f64(points.states(), &shape, DType::F64)?;
    let outputs = convert::to_f64(&network.readout(&states)?)?;
    let o = network.outputs();
    let text = |(index, linear): (usize, &Linearization)| {
        let mut class = match linear.growing(None).len() {
            0 => linear.class(None).to_string(),
            n => format!("{}, {n} growing", linear.class(None)),
        };
        if one_sided[index] {
            class.push_str(", one-sided");
        }
        let outputs = outputs[index * o..][..o.min(MAX_OUTPUTS)].iter();
        let outputs: Vec<String> = outputs.map(|x| format!("{x:.3}")).collect();
        let more = if o > MAX_OUTPUTS { " .." } else { "" };
        format!("{class:21}  {}{more}", outputs.join(" "))
    };
    Ok(linear.iter().enumerate().map(text).collect())
}

/// The linearization of the first points of a list, with the margins derived from their sets.
fn linearize_first(
    fixed_points: &FixedPoints,
    network: &Network,
    first: &Points,
) -> Result<Vec<Linearization>, Diagnostic> {
    let step_map = &mut *network.step_map()?;
    let mut linear = linearize(step_map, first)?;
    let count = first.points.len();
    let sets = fixed_points.sets()?.iter().cloned().map(|mut set| {
        set.members.retain(|at| *at < count);
        set
    });
    let sets: Vec<Set> = sets.collect();
    set_margins(
        step_map,
        first,
        &sets,
        &mut linear,
        parameter_resolution(network),
    )?;
    Ok(linear)
}
