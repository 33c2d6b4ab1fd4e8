//! The points that a search found: a list that can be sorted, thinned out and put together.

use super::keep::Counts;
use super::search::{Label, squared_distance};

/// One fixed point, or slow point.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// [s]
    pub state: Vec<f64>,
    /// The input it stands under, [i].
    pub input: Vec<f64>,
    /// The mean over the state of (F - h)^2.
    pub error: f64,
    pub label: Label,
    /// Updates that led here.
    pub steps: usize,
    /// The candidate that led here.
    pub candidate: usize,
    /// Candidates that came to this point.
    pub hits: usize,
}

/// Points of one network.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Points {
    /// s
    pub state: usize,
    /// i
    pub inputs: usize,
    pub points: Vec<Point>,
    /// How many were left at each stage of the search, until points are put together or left out.
    pub counts: Option<Counts>,
}

impl Point {
    /// 1/2 |F - h|^2
    pub fn q(&self) -> f64 {
        0.5 * self.error * self.state.len() as f64
    }

    /// |F - h|, how far the state moves in a step.
    pub fn speed(&self) -> f64 {
        (2.0 * self.q()).sqrt()
    }

    /// Whether it stands no further from a state than this.
    pub fn near(&self, state: &[f64], distance: f64) -> bool {
        /// Most are far already by so many of their numbers.
        const SOME: usize = 8;
        let mut sum = 0.0;
        let parts = self.state.chunks(SOME).zip(state.chunks(SOME));
        for (a, b) in parts {
            sum += squared_distance(a, b);
            if sum > distance * distance {
                return false;
            }
        }
        true
    }

    /// Whether both are one point: the same input, and no further from each other than this.
    pub fn same(&self, other: &Point, distance: f64) -> bool {
        self.input == other.input && self.near(&other.state, distance)
    }
}

/// Each point once: the first of those nearer to each other than this, with the hits of all.
pub fn once(points: impl IntoIterator<Item = Point>, distance: f64) -> Vec<Point> {
    let mut all: Vec<Point> = Vec::new();
    for point in points {
        match all.iter_mut().find(|known| known.same(&point, distance)) {
            Some(known) => known.hits += point.hits,
            None => all.push(point),
        }
    }
    all
}

impl Points {
    /// Each point once, in their order of error: of those nearer to each other than this, the one
    /// with the lowest.
    pub fn unique(&self, distance: f64) -> Points {
        let mut order = self.points.clone();
        order.sort_by(|a, b| a.error.total_cmp(&b.error));
        self.with(once(order, distance))
    }

    /// The least distance between two points under one input; 1 if there are not two.
    pub fn gap(&self) -> f64 {
        let mut least = f64::INFINITY;
        for (at, a) in self.points.iter().enumerate() {
            for b in self.points[at + 1..].iter().filter(|b| b.input == a.input) {
                least = least.min(squared_distance(&a.state, &b.state));
            }
        }
        if least.is_finite() { least.sqrt() } else { 1.0 }
    }

    /// The same with other points.
    pub fn with(&self, points: Vec<Point>) -> Points {
        Points {
            points,
            counts: None,
            ..*self
        }
    }

    /// Some of the points, in this order.
    pub fn chosen(&self, order: &[usize]) -> Points {
        self.with(order.iter().map(|at| self.points[*at].clone()).collect())
    }

    /// All states, [k, s].
    pub fn states(&self) -> Vec<f64> {
        let all = self.points.iter();
        all.flat_map(|point| point.state.iter().copied()).collect()
    }

    /// All inputs, [k, i].
    pub fn all_inputs(&self) -> Vec<f64> {
        let all = self.points.iter();
        all.flat_map(|point| point.input.iter().copied()).collect()
    }

    /// Candidates that came to each point.
    pub fn hits(&self) -> Vec<usize> {
        self.points.iter().map(|point| point.hits).collect()
    }
}
