//! Which ends of a search are kept: within tolerance, each point once, near the candidates.

use super::points::{Point, Points, once};
use super::search::{Candidates, Ends, Label, squared_distance};

/// How ends are sorted out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keep {
    /// Ends nearer to each other than this are one point: the one with the lowest error.
    pub unique: f64,
    /// Points further from the mean of the candidates than this many times their spread are left
    /// out.
    pub outlier: f64,
    /// Whether slow points are kept beside fixed points.
    pub slow: bool,
}

/// How many are left at each stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub candidates: usize,
    pub converged: usize,
    pub slow: usize,
    pub failed: usize,
    /// Points that differ, of those that are to be kept.
    pub unique: usize,
    /// Of these, not far from all candidates.
    pub near: usize,
}

impl Keep {
    /// The points that a search found, by increasing error.
    pub fn points(&self, from: &Candidates, ends: &Ends) -> Points {
        let of = |label: Label| ends.labels.iter().filter(|found| **found == label).count();
        let mut counts = Counts {
            candidates: from.count(),
            converged: of(Label::Converged),
            slow: of(Label::Slow),
            failed: of(Label::Failed),
            ..Counts::default()
        };
        let kept = |at: &usize| match ends.labels[*at] {
            Label::Converged => true,
            Label::Slow => self.slow,
            Label::Failed => false,
        };
        let mut order: Vec<usize> = (0..from.count()).filter(kept).collect();
        // A fixed point comes before a slow one, whatever their errors.
        let rank = |at: usize| (ends.labels[at] != Label::Converged, ends.errors[at]);
        order.sort_by(|a, b| {
            let ((a_slow, a), (b_slow, b)) = (rank(*a), rank(*b));
            a_slow.cmp(&b_slow).then(a.total_cmp(&b))
        });
        let all = order.into_iter().map(|at| point(from, ends, at));
        let mut all = once(all, self.unique);
        counts.unique = all.len();
        let (mean, far) = (from.mean(), self.outlier * from.spread());
        all.retain(|point| squared_distance(&point.state, &mean) <= far * far);
        counts.near = all.len();
        Points {
            state: from.state,
            inputs: from.inputs,
            points: all,
            counts: Some(counts),
        }
    }
}

fn point(from: &Candidates, ends: &Ends, at: usize) -> Point {
    let (s, i) = (from.state, from.inputs);
    Point {
        state: ends.states[at * s..][..s].to_vec(),
        input: from.x[at * i..][..i].to_vec(),
        error: ends.errors[at],
        label: ends.labels[at],
        steps: ends.steps[at],
        candidate: at,
        hits: 1,
    }
}
