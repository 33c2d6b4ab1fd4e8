//! Warnings of `find`: reasons why its candidates may have missed fixed points, and points that are
//! not resolved.

use super::options::FindOptions;
use super::points::{Findings, FixedPoints};
use super::precision::one_sided_flags;
use super::search::SearchSettings;
use crate::analysis::fixed_points::{
    Candidates, Counts, Label, Points, SearchResult, exceeds, min_missing, nonlinearity,
    points_inward,
};
use crate::api::diagnostic::Diagnostic;
use crate::base::Result;
use crate::nn::Network;
use crate::ops::rnn::Nonlinearity;

/// With a nonlinearity below this value over the candidates, all candidates find the same fixed
/// point.
const MIN_NONLINEARITY: f64 = 0.1;
/// Minimum number of distinct states that form a nearly continuous set; fewer may be the
/// remains of fixed points that have vanished in pairs.
const MIN_CONTINUOUS: usize = 3;
/// Final states on a nearly continuous set, and candidates that remain beyond the bound of all
/// fixed points, are reported if they are more than these fractions of all.
const MAX_CONTINUOUS_FRACTION: f64 = 0.05;
const MAX_UNREACHABLE_FRACTION: f64 = 0.1;

impl Findings {
    /// The findings of a search for the points that it returns.
    ///
    /// Errors: those of the step map
    pub fn new(
        network: &Network,
        candidates: &Candidates,
        (options, settings): (&FindOptions, &SearchSettings),
        (points, result): (&Points, &SearchResult),
    ) -> Result<Findings> {
        let step_map = &mut *network.step_map()?;
        let one_region =
            !is_linear(network) && nonlinearity(step_map, candidates)? < MIN_NONLINEARITY;
        let missing = count_missing(network, points)?;
        let mut warnings: Vec<String> = interruption_warning(result).into_iter().collect();
        if one_region {
            warnings.push(
                "all candidates come from one small region, over which the network is nearly \
                 linear: fixed points elsewhere are unknown; add candidates from other states, for \
                 example with `noise`"
                    .into(),
            );
        } else if count_converged(points) == 1 && candidates.count() > 1 && !is_linear(network) {
            warnings.push(
                "all candidates that converged reached one fixed point: regions without \
                 candidates are unknown"
                    .into(),
            );
        }
        if missing > 0 {
            warnings.push(missing_points_warning(missing, points, options));
        }
        if let Some(counts) = points.counts {
            warnings.extend(continuity_warning(&counts, settings));
        }
        warnings.extend(unreachable_warning(candidates, result, (options, settings)));
        Ok(Findings {
            one_region,
            missing,
            warnings,
        })
    }
}

impl FixedPoints {
    /// The warnings of the search, and those about its points.
    ///
    /// Errors: those of the step map
    pub fn warnings(&self) -> Result<Vec<String>, Diagnostic> {
        let mut warnings = self.findings.warnings.clone();
        if self.result.is_some() {
            warnings.extend(self.unresolved()?);
        }
        Ok(warnings)
    }

    /// Warnings about points closer to another point than their position bound.
    fn unresolved(&self) -> Result<Vec<String>, Diagnostic> {
        let mut flags = self.points.unresolved();
        let mut warnings = Vec::new();
        if !flags.iter().any(|flag| *flag) {
            return Ok(warnings);
        }
        let continua = self.sets()?.iter().filter(|set| set.dimension > 0);
        let (mut count, mut samples) = (0, 0);
        for set in continua {
            count += 1;
            samples += set.members.len();
            set.members.iter().for_each(|index| flags[*index] = false);
        }
        if count > 0 {
            let noun = if count == 1 { "continuum" } else { "continua" };
            warnings.push(format!(
                "the fixed points include {count} {noun}: {samples} points are samples of \
                 them and have no individual position (see `sets`)"
            ));
        }
        let isolated = flags.into_iter().filter(|flag| *flag).count();
        if isolated > 0 {
            warnings.push(format!(
                "{isolated} isolated points are closer to another point than their position bound: \
                 they may be the same point"
            ));
        }
        Ok(warnings)
    }
}

fn count_converged(points: &Points) -> usize {
    let all = points.points.iter();
    all.filter(|point| point.label == Label::Converged).count()
}

/// The minimum number of missing fixed points, 0 if the network may be unbounded.
fn count_missing(network: &Network, points: &Points) -> Result<usize> {
    let missing = min_missing(points).unwrap_or(0);
    if missing == 0 || network.spec().is_some() {
        return Ok(if is_bounded(network) { missing } else { 0 });
    }
    // The index of a one-sided Jacobian is that of one side.
    let smooth = !one_sided_flags(network, points)?.contains(&true);
    let is_bounded = smooth && points_inward(&mut *network.step_map()?, points)?;
    Ok(if is_bounded { missing } else { 0 })
}

fn interruption_warning(result: &SearchResult) -> Option<String> {
    let (unfinished, all) = (result.unfinished, result.labels.len());
    (result.interrupted && unfinished > 0).then(|| {
        format!(
            "the search was interrupted: {unfinished} of {all} candidates had not reached a final \
             state and count as failed, so fixed points may be missing; run the search again"
        )
    })
}

fn missing_points_warning(missing: usize, points: &Points, options: &FindOptions) -> String {
    let sum: i64 = points
        .points
        .iter()
        .map(|point| i64::from(point.index))
        .sum();
    let remedy = match options.interpolated {
        Some(0) => "search also between the candidates, which `interpolated: 0` disables",
        _ => "add candidates, for example with `interpolated` and `noise`",
    };
    format!(
        "at least {missing} fixed points are missing: the indices sign det(1 - J) of all fixed \
         points of a bounded network sum to 1, those found to {sum}; {remedy}"
    )
}

fn continuity_warning(counts: &Counts, settings: &SearchSettings) -> Option<String> {
    let (count, all) = (counts.nearly_continuous, counts.candidates);
    (count >= MIN_CONTINUOUS && count as f64 > MAX_CONTINUOUS_FRACTION * all as f64).then(|| {
        format!(
            "{count} distinct final states have an error within the tolerance {:.1e}, but no fixed \
             point nearby: the network is nearly continuous there, like a line or ring of fixed \
             points with rounded weights (in f32, for example). `keep_slow: true` retains the \
             final states without a fixed point, and with `tolerance` and `unique_distance` all",
            settings.filter.search_tolerance
        )
    })
}

/// A warning about candidates that start beyond the bound of all fixed points and remain there.
/// Candidates that only end there, at a local minimum of q, are counted without a warning, because
/// the choice of the candidates is not the reason.
fn unreachable_warning(
    candidates: &Candidates,
    result: &SearchResult,
    (options, settings): (&FindOptions, &SearchSettings),
) -> Option<String> {
    let bound = settings.refinement.bound?;
    let s = candidates.state;
    let paths = candidates.states.chunks_exact(s);
    let paths = paths.zip(result.states.chunks_exact(s)).zip(&result.labels);
    let remains = |((start, end), label): &((&[f64], &[f64]), &Label)| {
        let is_beyond = |h: &[f64]| exceeds(h, Some(bound));
        **label != Label::Converged && is_beyond(start) && is_beyond(end)
    };
    let (count, all) = (paths.filter(remains).count(), result.labels.len());
    let remedy = match options.noise > 0.0 {
        true => "reduce `noise`",
        false => "start from states that runs visit",
    };
    (count as f64 > MAX_UNREACHABLE_FRACTION * all as f64).then(|| {
        format!(
            "{count} of {all} candidates started and remained beyond the bound of all fixed \
             points, |h| <= {bound}, and contribute none; {remedy}"
        )
    })
}

/// Whether the network is linear: it then has one fixed point, or a continuum.
fn is_linear(network: &Network) -> bool {
    let nonlinearity = network.spec().and_then(|spec| spec.cell.nonlinearity());
    nonlinearity == Some(Nonlinearity::Linear)
}

/// Whether the cell maps a ball of states into itself.
fn is_bounded(network: &Network) -> bool {
    network.spec().is_some_and(|spec| spec.cell.is_bounded())
}
