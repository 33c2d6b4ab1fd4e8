//! Warnings of `find`: reasons why its candidates may have missed fixed points, and points that are
//! not resolved.

use super::FixedPoints;
use super::analyse::one_sided;
use super::find::Find;
use super::search::Search;
use crate::analysis::fixed_points::{
    Candidates, Counts, Label, Points, SearchResult, min_missing, nonlinearity, points_inward,
};
use crate::api::diagnostic::Diagnostic;
use crate::base::Result;
use crate::nn::Network;
use crate::ops::rnn::Nonlinearity;

/// With a nonlinearity below this value over the candidates, all candidates find the same fixed
/// point.
const NEARLY_LINEAR: f64 = 0.1;
/// Minimum number of distinct states that form a nearly continuous set; fewer may be the
/// remains of fixed points that have vanished in pairs.
const MIN_CONTINUOUS: usize = 3;
/// Final states on a nearly continuous set, and those beyond the bound of all fixed points, are
/// reported if they are more than these fractions of all.
const CONTINUOUS: f64 = 0.05;
const UNREACHABLE: f64 = 0.1;

/// Findings of a search about its own completeness.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// Whether all candidates come from one small region.
    pub one_region: bool,
    /// Minimum number of fixed points that exist but were not found.
    pub missing: usize,
    /// The warnings of the search itself, one sentence each.
    pub warnings: Vec<String>,
}

impl Findings {
    /// Errors: those of the step map
    pub fn new(
        network: &Network,
        from: &Candidates,
        (options, search): (&Find, &Search),
        (points, result): (&Points, &SearchResult),
    ) -> Result<Findings> {
        let step_map = &mut *network.step_map()?;
        let one_region = !linear(network) && nonlinearity(step_map, from)? < NEARLY_LINEAR;
        let missing = missing(network, points)?;
        let mut warnings: Vec<String> = interrupted(result).into_iter().collect();
        if one_region {
            warnings.push(
                "all candidates come from one small region, over which the network is nearly \
                 linear: nothing is known of fixed points elsewhere; add candidates from other \
                 states, with `noise` for example"
                    .into(),
            );
        } else if converged(points) == 1 && from.count() > 1 && !linear(network) {
            warnings.push(
                "all candidates that converged reached one fixed point: nothing is known of \
                 regions without candidates"
                    .into(),
            );
        }
        if missing > 0 {
            warnings.push(incomplete(missing, points, options));
        }
        if let Some(counts) = points.counts {
            warnings.extend(nearly_continuous(&counts, search));
            warnings.extend(unreachable(&counts, search));
        }
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
            set.members.iter().for_each(|at| flags[*at] = false);
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
                "{isolated} isolated points are nearer to another point than the bound of their \
                 position: they may be the same point"
            ));
        }
        Ok(warnings)
    }
}

fn converged(points: &Points) -> usize {
    let all = points.points.iter();
    all.filter(|point| point.label == Label::Converged).count()
}

/// The minimum number of missing fixed points, 0 if the network may be unbounded.
fn missing(network: &Network, points: &Points) -> Result<usize> {
    let missing = min_missing(points).unwrap_or(0);
    if missing == 0 || network.spec().is_some() {
        return Ok(if bounded(network) { missing } else { 0 });
    }
    // The index of a one-sided Jacobian is that of one side.
    let smooth = !one_sided(network, points)?.contains(&true);
    let bounded = smooth && points_inward(&mut *network.step_map()?, points)?;
    Ok(if bounded { missing } else { 0 })
}

fn interrupted(result: &SearchResult) -> Option<String> {
    let (unfinished, all) = (result.unfinished, result.labels.len());
    (result.interrupted && unfinished > 0).then(|| {
        format!(
            "the search was interrupted: {unfinished} of {all} candidates had not reached a final \
             state and count as failed, so fixed points may be missing; run the search again"
        )
    })
}

fn incomplete(missing: usize, points: &Points, options: &Find) -> String {
    let sum: i64 = points
        .points
        .iter()
        .map(|point| i64::from(point.index))
        .sum();
    let remedy = match options.interpolated {
        Some(0) => "search between the candidates too (`interpolated: 0` turns this off)",
        _ => "add candidates, with `interpolated` and `noise` for example",
    };
    format!(
        "at least {missing} fixed points are missing: the indices sign det(1 - J) of all fixed \
         points of a bounded network sum to 1, those found to {sum}; {remedy}"
    )
}

fn nearly_continuous(counts: &Counts, search: &Search) -> Option<String> {
    let (count, all) = (counts.nearly_continuous, counts.candidates);
    (count >= MIN_CONTINUOUS && count as f64 > CONTINUOUS * all as f64).then(|| {
        format!(
            "{count} distinct final states have an error within the tolerance {:.1e}, but no fixed \
             point is near: the network is nearly continuous there, as a line or ring of fixed \
             points becomes if its weights are rounded (to f32, for example). `keep_slow: true` retains \
             those that reach no fixed point, and with `tolerance` and `unique_distance` all of them",
            search.filter.search_tolerance
        )
    })
}

fn unreachable(counts: &Counts, search: &Search) -> Option<String> {
    let (count, all) = (counts.unreachable, counts.candidates);
    let bound = search.refinement.bound?;
    (count as f64 > UNREACHABLE * all as f64).then(|| {
        format!(
            "{count} of {all} candidates ended beyond the bound of all fixed points, |h| <= \
             {bound}, where the network hardly moves; add candidates within the bound"
        )
    })
}

/// Whether the network is linear: it then has one fixed point, or a continuum.
fn linear(network: &Network) -> bool {
    let nonlinearity = network.spec().and_then(|spec| spec.cell.nonlinearity());
    nonlinearity == Some(Nonlinearity::Linear)
}

/// Whether the cell maps a ball of states into itself.
fn bounded(network: &Network) -> bool {
    network.spec().is_some_and(|spec| spec.cell.is_bounded())
}
