//! Which ends of a search are fixed points, which of them are the same one, and which are kept.
//!
//! Ends within the tolerance are traced to the fixed points that they stand for. Two ends are one
//! point where the bounds of their positions overlap, however far from each other the tolerance let
//! them stop. Every end that is not kept is counted with the option that left it out.

use super::points::{Distinct, Point, Points, once};
use super::search::{Candidates, Ends, Label, squared_distance};
use super::trace::{Root, Tracer};
use crate::base::Result;
use crate::nn::Flow;

/// Final states nearer to each other than this part of their residual are traced as one.
const TOGETHER: f64 = 1e-3;
/// And those nearer than this part of the state, which is rounding.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// Which slow points are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepSlow {
    None,
    /// Those within the tolerance.
    Within,
    All,
}

/// How ends are sorted out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keep {
    /// Ends within this error are traced.
    pub tolerance: f64,
    /// Ends nearer to each other than this are one point, the one with the lowest error. Without it
    /// the bounds of their positions decide.
    pub unique: Option<f64>,
    /// The distance that two points may be apart at most to be one by the bounds of their
    /// positions; and slow points nearer to each other than this are one.
    pub resolution: f64,
    /// Whether an end is moved to its fixed point where `unique` decides.
    pub refine: bool,
    /// Points further from the mean of the candidates than this are left out.
    pub farthest: Option<f64>,
    pub slow: KeepSlow,
}

/// How many are left at each stage, and how many each option left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub candidates: usize,
    pub converged: usize,
    pub slow: usize,
    pub failed: usize,
    /// Ends within the tolerance, converged or slow.
    pub within: usize,
    /// Points that differ, of those that are to be kept.
    pub unique: usize,
    /// Of these, not far from all candidates.
    pub near: usize,
    /// Slow ends that are left out.
    pub slow_excluded: usize,
}

impl Keep {
    /// The points that a search found, fixed points first, by increasing error. The labels of the
    /// ends become those of their points.
    ///
    /// Errors: those of the flow
    pub fn points(
        &self,
        (flow, tracer): (&mut dyn Flow<f64>, &Tracer),
        from: &Candidates,
        ends: &mut Ends,
    ) -> Result<Points> {
        let within = self.within(ends);
        let (leaders, members) = self.together(from, ends, &within);
        let traced = tracer.trace(flow, &from.subset(&leaders, &ends.states))?;
        let mut points = Vec::with_capacity(leaders.len());
        for ((leader, members), root) in leaders.iter().zip(&members).zip(traced) {
            let mut point = point(from, ends, *leader);
            point.hits = members.len();
            self.settle(&mut point, root);
            members.iter().for_each(|at| ends.labels[*at] = point.label);
            points.push(point);
        }
        let minima = (0..from.count()).filter(|at| ends.labels[*at] == Label::Slow);
        let minima = minima.filter(|at| !within.contains_sorted(at));
        points.extend(minima.map(|at| point(from, ends, at)));
        Ok(self.choose(from, ends, points, &within))
    }

    /// Ends within the tolerance, by increasing error.
    fn within(&self, ends: &Ends) -> Within {
        let near = |at: &usize| ends.errors[*at] <= self.tolerance;
        let stopped = |at: &usize| ends.labels[*at] != Label::Failed;
        let mut order: Vec<usize> = (0..ends.errors.len())
            .filter(near)
            .filter(stopped)
            .collect();
        let sorted = order.clone();
        order.sort_by(|a, b| ends.errors[*a].total_cmp(&ends.errors[*b]));
        Within { order, sorted }
    }

    /// Ends that are traced as one: the first of each, and all of each.
    fn together(
        &self,
        from: &Candidates,
        ends: &Ends,
        within: &Within,
    ) -> (Vec<usize>, Vec<Vec<usize>>) {
        let count = from.state as f64;
        // The residual may be far below what the tolerance allows: so may the distance of points.
        let near = |point: &Point| {
            let size = squared_distance(&point.state, &vec![0.0; from.state]).sqrt();
            (TOGETHER * (point.error * count).sqrt()).max(ROUNDING * size)
        };
        let mut distinct = Distinct::default();
        let (mut leaders, mut members) = (Vec::new(), Vec::new());
        for at in &within.order {
            let point = point(from, ends, *at);
            let distance = self.unique.unwrap_or_else(|| near(&point));
            let same = |known: &Point, point: &Point| known.same(point, distance);
            let group = distinct.insert(point, distance, same);
            if group == leaders.len() {
                leaders.push(*at);
                members.push(Vec::new());
            }
            members[group].push(*at);
        }
        (leaders, members)
    }

    /// Makes of an end what it was traced to.
    fn settle(&self, point: &mut Point, root: Option<Root>) {
        point.label = Label::Slow;
        point.position_error = f64::INFINITY;
        let Some(root) = root else { return };
        let distance = squared_distance(&root.state, &point.state).sqrt();
        let moves = self.unique.is_none() || self.refine;
        if moves {
            (point.state, point.error) = (root.state, root.error);
            point.position_error = root.position_error;
        } else if distance <= self.unique.unwrap_or_default().max(self.resolution) {
            point.position_error = distance + root.position_error;
        } else {
            return;
        }
        (point.label, point.index) = (Label::Converged, root.index);
    }

    /// Each point once, and what is kept of them.
    fn choose(
        &self,
        from: &Candidates,
        ends: &Ends,
        mut points: Vec<Point>,
        within: &Within,
    ) -> Points {
        // A fixed point comes before a slow one, whatever their errors.
        points.sort_by(|a, b| {
            let slow = |point: &Point| point.label != Label::Converged;
            slow(a).cmp(&slow(b)).then(a.error.total_cmp(&b.error))
        });
        let kept = |point: &Point| match (point.label, self.slow) {
            (Label::Converged, _) | (_, KeepSlow::All) => true,
            (_, KeepSlow::Within) => point.error <= self.tolerance,
            (_, KeepSlow::None) => false,
        };
        let excluded = points.iter().filter(|point| !kept(point));
        let slow_excluded = excluded.map(|point| point.hits).sum();
        points.retain(kept);
        let mut points = match self.unique {
            Some(distance) => once(points, distance),
            None => self.resolved(points),
        };
        let unique = points.len();
        if let Some(far) = self.farthest {
            let mean = from.mean();
            points.retain(|point| squared_distance(&point.state, &mean) <= far * far);
        }
        let of = |label: Label| ends.labels.iter().filter(|found| **found == label).count();
        let counts = Counts {
            candidates: from.count(),
            converged: of(Label::Converged),
            slow: of(Label::Slow),
            failed: of(Label::Failed),
            within: within.order.len(),
            unique,
            near: points.len(),
            slow_excluded,
        };
        Points {
            state: from.state,
            inputs: from.inputs,
            points,
            counts: Some(counts),
        }
    }

    /// Points whose bounds do not overlap. Slow points have none: the resolution stands for it.
    fn resolved(&self, points: Vec<Point>) -> Vec<Point> {
        let bound = |point: &Point| point.position_error.min(0.5 * self.resolution);
        let mut distinct = Distinct::default();
        for point in points {
            distinct.insert(point, self.resolution, |known, point| {
                let alike = known.label == point.label;
                alike && known.same(point, bound(known) + bound(point))
            });
        }
        distinct.points
    }
}

/// Ends within the tolerance: by increasing error, and by number.
struct Within {
    order: Vec<usize>,
    sorted: Vec<usize>,
}

impl Within {
    fn contains_sorted(&self, at: &usize) -> bool {
        self.sorted.binary_search(at).is_ok()
    }
}

fn point(from: &Candidates, ends: &Ends, at: usize) -> Point {
    let (s, i) = (from.state, from.inputs);
    Point {
        state: ends.states[at * s..][..s].to_vec(),
        input: from.x[at * i..][..i].to_vec(),
        error: ends.errors[at],
        label: ends.labels[at],
        position_error: f64::INFINITY,
        index: 0,
        steps: ends.steps[at],
        candidate: at,
        hits: 1,
    }
}
