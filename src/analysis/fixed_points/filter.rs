//! Selection of fixed points from the final states of a search: refinement, merging of duplicates,
//! and filters.
//!
//! Final states within the tolerance are refined to the fixed points that they approximate. Two of
//! them are the same point if their position bounds overlap, however far apart the tolerance let
//! them stop. Every excluded candidate is counted under the option that excluded it.

use super::candidates::{Candidates, Label, SearchResult, squared_distance};
use super::damped_step::squared_norm;
use super::newton_path::Root;
use super::points::{Counts, Distinct, Point, Points, deduplicate};
use super::refine::Refinement;
use crate::base::Result;
use crate::nn::StepMap;

/// Final states closer together than this fraction of their residual are refined as one.
const GROUP_RADIUS: f64 = 1e-3;
/// So are those closer together than this fraction of the state, which is rounding.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// A final state is beyond the bound of all fixed points if it exceeds it by this fraction.
const BEYOND: f64 = 1e-6;

/// A final state is far from its fixed point at more than this multiple of the resolution.
const DISTANT: f64 = 100.0;

/// Which slow points are retained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlowFilter {
    None,
    /// Those within the tolerance.
    WithinTolerance,
    All,
}

/// Settings of the selection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Filter {
    /// Final states with an error of at most this value are refined.
    pub tolerance: f64,
    /// The tolerance of the search, at most `tolerance`. A final state within it but far from any
    /// fixed point is on a nearly continuous set.
    pub search_tolerance: f64,
    /// Points closer than this are duplicates; the one with the lowest error is retained. If None,
    /// the position bounds decide.
    pub unique_distance: Option<f64>,
    /// Maximum distance of two points that are merged because their position bounds overlap. Slow
    /// points closer than this are also merged.
    pub resolution: f64,
    /// Whether a final state is moved to its fixed point if `unique_distance` is set.
    pub refine: bool,
    /// Points further than this from the mean of the candidates are excluded.
    pub outlier_distance: Option<f64>,
    pub slow: SlowFilter,
}

impl Filter {
    /// The points of a search result, fixed points first, by increasing error. Updates the labels
    /// of the result to those of the points.
    ///
    /// Errors: those of the step map
    pub fn points(
        &self,
        (step_map, refinement): (&mut dyn StepMap<f64>, &Refinement),
        candidates: &Candidates,
        result: &mut SearchResult,
    ) -> Result<Points> {
        let within = self.within_tolerance(result);
        let (leaders, members) = self.group(candidates, result, &within);
        let roots = refinement.refine(step_map, &candidates.subset(&leaders, &result.states))?;
        let mut points = Vec::with_capacity(leaders.len());
        let mut distant = Vec::new();
        for ((leader, members), roots) in leaders.iter().zip(&members).zip(roots) {
            let mut last = point(candidates, result, *leader);
            last.hits = members.len();
            let refined = self.refined_points(&last, roots);
            if self.is_distant(&last, &refined[0], refinement.bound) {
                distant.push(last);
            }
            let label = refined[0].label;
            members.iter().for_each(|at| result.labels[*at] = label);
            points.extend(refined);
        }
        let minima = (0..candidates.count()).filter(|at| result.labels[*at] == Label::Slow);
        let minima = minima.filter(|at| !within.contains(at));
        points.extend(minima.map(|at| point(candidates, result, at)));
        let nearly_continuous = self.merge_by_bounds(distant).len();
        let states = result.states.chunks_exact(candidates.state);
        let unreachable = states
            .zip(&result.labels)
            .filter(|(h, label)| **label != Label::Converged && exceeds(h, refinement.bound))
            .count();
        let mut selected = self.select(candidates, result, points, &within);
        selected.counts = selected.counts.map(|counts| Counts {
            nearly_continuous,
            unreachable,
            ..counts
        });
        Ok(selected)
    }

    /// The points at the roots of a final state; one slow point without any.
    fn refined_points(&self, point: &Point, roots: Vec<Root>) -> Vec<Point> {
        let mut roots: Vec<Option<Root>> = roots.into_iter().map(Some).collect();
        roots.resize_with(roots.len().max(1), || None);
        // Only a final state that is moved reaches a second root.
        roots.truncate(if self.moves_states() { roots.len() } else { 1 });
        let update = |root| {
            let mut point = point.clone();
            self.update_point(&mut point, root);
            point
        };
        roots.into_iter().map(update).collect()
    }

    /// Whether final states are moved to their fixed points.
    fn moves_states(&self) -> bool {
        self.unique_distance.is_none() || self.refine
    }

    /// Final states within the tolerance, by increasing error.
    fn within_tolerance(&self, result: &SearchResult) -> WithinTolerance {
        let near = |at: &usize| result.errors[*at] <= self.tolerance;
        let stopped = |at: &usize| result.labels[*at] != Label::Failed || !result.interrupted;
        let mut by_error: Vec<usize> = (0..result.errors.len())
            .filter(near)
            .filter(stopped)
            .collect();
        let by_index = by_error.clone();
        by_error.sort_by(|a, b| result.errors[*a].total_cmp(&result.errors[*b]));
        WithinTolerance { by_error, by_index }
    }

    /// Groups of final states that are refined as one: the first member of each group, and all
    /// members.
    fn group(
        &self,
        candidates: &Candidates,
        result: &SearchResult,
        within: &WithinTolerance,
    ) -> (Vec<usize>, Vec<Vec<usize>>) {
        let count = candidates.state as f64;
        // A residual far below the tolerance also resolves points that are closer together.
        let radius = |point: &Point| {
            let size = squared_norm(&point.state).sqrt();
            (GROUP_RADIUS * (point.error * count).sqrt()).max(ROUNDING * size)
        };
        let mut distinct = Distinct::default();
        let (mut leaders, mut members) = (Vec::new(), Vec::new());
        for at in &within.by_error {
            let point = point(candidates, result, *at);
            let distance = self.unique_distance.unwrap_or_else(|| radius(&point));
            let same = |known: &Point, point: &Point| known.is_same(point, distance);
            let group = distinct.insert(point, distance, same);
            if group == leaders.len() {
                leaders.push(*at);
                members.push(Vec::new());
            }
            members[group].push(*at);
        }
        (leaders, members)
    }

    /// Updates a point with the result of the refinement.
    fn update_point(&self, point: &mut Point, root: Option<Root>) {
        point.label = Label::Slow;
        point.position_error = f64::INFINITY;
        let Some(root) = root else { return };
        let distance = squared_distance(&root.state, &point.state).sqrt();
        if self.moves_states() {
            (point.state, point.error) = (root.state, root.error);
            point.position_error = root.position_error;
        } else if distance
            <= self
                .unique_distance
                .unwrap_or_default()
                .max(self.resolution)
        {
            point.position_error = distance + root.position_error;
        } else {
            return;
        }
        (point.label, point.index) = (Label::Converged, root.index);
    }

    /// Merges duplicates and applies the filters.
    fn select(
        &self,
        candidates: &Candidates,
        result: &SearchResult,
        points: Vec<Point>,
        within: &WithinTolerance,
    ) -> Points {
        let (points, slow_excluded) = self.exclude_slow(points);
        let mut points = self.merge(points);
        let unique = points.len();
        if let Some(far) = self.outlier_distance {
            let mean = candidates.mean();
            points.retain(|point| squared_distance(&point.state, &mean) <= far * far);
        }
        let labels = &result.labels;
        let count = |label: Label| labels.iter().filter(|other| **other == label).count();
        let counts = Counts {
            candidates: candidates.count(),
            converged: count(Label::Converged),
            slow: count(Label::Slow),
            failed: count(Label::Failed),
            within_tolerance: within.by_error.len(),
            unique,
            near_candidates: points.len(),
            slow_excluded,
            nearly_continuous: 0,
            unreachable: 0,
        };
        Points {
            state: candidates.state,
            inputs: candidates.inputs,
            points,
            counts: Some(counts),
        }
    }

    /// The points that the filter of slow points retains, and the number of final states at the
    /// others.
    fn exclude_slow(&self, points: Vec<Point>) -> (Vec<Point>, usize) {
        let is_retained = |point: &Point| match (point.label, self.slow) {
            (Label::Converged, _) | (_, SlowFilter::All) => true,
            (_, SlowFilter::WithinTolerance) => point.error <= self.tolerance,
            (_, SlowFilter::None) => false,
        };
        let (retained, excluded): (Vec<Point>, Vec<Point>) =
            points.into_iter().partition(is_retained);
        (retained, excluded.iter().map(|point| point.hits).sum())
    }

    /// Merges duplicates. Fixed points take precedence over slow points regardless of the error.
    fn merge(&self, mut points: Vec<Point>) -> Vec<Point> {
        points.sort_by(|a, b| {
            let slow = |point: &Point| point.label != Label::Converged;
            slow(a).cmp(&slow(b)).then(a.error.total_cmp(&b.error))
        });
        match self.unique_distance {
            Some(distance) => deduplicate(points, distance),
            None => self.merge_by_bounds(points),
        }
    }

    /// Whether a final state within the tolerance of the search and the bound is far from its fixed
    /// point, or has none and is excluded.
    fn is_distant(&self, point: &Point, updated: &Point, bound: Option<f64>) -> bool {
        if point.error > self.search_tolerance || exceeds(&point.state, bound) {
            return false;
        }
        match updated.label {
            Label::Converged => !updated.is_within(&point.state, DISTANT * self.resolution),
            _ => self.slow == SlowFilter::None,
        }
    }

    /// Merges points whose position bounds overlap. Slow points have no bound; half the resolution
    /// is used for them.
    fn merge_by_bounds(&self, points: Vec<Point>) -> Vec<Point> {
        let bound = |point: &Point| point.position_error.min(0.5 * self.resolution);
        let mut distinct = Distinct::default();
        for point in points {
            distinct.insert(point, self.resolution, |known, point| {
                let same_label = known.label == point.label;
                same_label && known.is_same(point, bound(known) + bound(point))
            });
        }
        distinct.points
    }
}

/// Indices of the final states within the tolerance, by increasing error and by candidate index.
struct WithinTolerance {
    by_error: Vec<usize>,
    by_index: Vec<usize>,
}

impl WithinTolerance {
    fn contains(&self, at: &usize) -> bool {
        self.by_index.binary_search(at).is_ok()
    }
}

/// Whether a unit exceeds the bound by more than rounding.
pub fn exceeds(state: &[f64], bound: Option<f64>) -> bool {
    bound.is_some_and(|bound| state.iter().any(|h| h.abs() > bound * (1.0 + BEYOND)))
}

fn point(candidates: &Candidates, result: &SearchResult, at: usize) -> Point {
    let (s, i) = (candidates.state, candidates.inputs);
    Point {
        state: result.states[at * s..][..s].to_vec(),
        input: candidates.x[at * i..][..i].to_vec(),
        error: result.errors[at],
        label: result.labels[at],
        position_error: f64::INFINITY,
        index: 0,
        steps: result.steps[at],
        candidate: at,
        hits: 1,
    }
}
