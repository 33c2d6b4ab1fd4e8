//! The points that a search found: a list that can be sorted, thinned out and put together.

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

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
    /// A bound on the distance to the exact fixed point; infinite where J - 1 is singular to
    /// rounding and for slow points, NaN where it is not known.
    pub position_error: f64,
    /// sign det(1 - J), the fixed-point index; 0 where it is singular or not known.
    pub index: i8,
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
    let mut all = Distinct::default();
    for point in points {
        all.insert(point, distance, |known, point| known.same(point, distance));
    }
    all.points
}

/// Points that differ, in the order of their arrival, sorted by one coordinate: states that are far
/// in one are far, so that most pairs need not be compared.
#[derive(Default)]
pub struct Distinct {
    pub points: Vec<Point>,
    /// A coordinate of each point and its index, in increasing order.
    sorted: Vec<(f64, usize)>,
}

impl Distinct {
    /// Adds a point unless it is the `same` as one before, which then takes over its hits; gives
    /// the index of either. `same` must hold only within the distance.
    pub fn insert(
        &mut self,
        point: Point,
        distance: f64,
        same: impl Fn(&Point, &Point) -> bool,
    ) -> usize {
        let place = point.state.first().copied().unwrap_or_default();
        let below = |bound: f64| self.sorted.partition_point(|(x, _)| *x < bound);
        // Beyond the distance by more than rounding.
        let (low, high) = (place - distance, place + distance);
        let margin = f64::EPSILON * (low.abs() + high.abs());
        let near = &self.sorted[below(low - margin)..];
        let near = near.iter().take_while(|(x, _)| *x <= high + margin);
        let known = near.map(|(_, at)| *at);
        let first = known.filter(|at| same(&self.points[*at], &point)).min();
        match first {
            Some(at) => {
                self.points[at].hits += point.hits;
                at
            }
            None => {
                let at = self.points.len();
                self.sorted.insert(below(place), (place, at));
                self.points.push(point);
                at
            }
        }
    }
}

impl Points {
    /// Each point once, in their order of error: of those nearer to each other than this, the one
    /// with the lowest.
    pub fn unique(&self, distance: f64) -> Points {
        let mut order = self.points.clone();
        order.sort_by(|a, b| a.error.total_cmp(&b.error));
        self.with(once(order, distance))
    }

    /// Whether each point is nearer to another one under its input than the bound of its position:
    /// the two may be one, or lie on a continuum.
    pub fn unresolved(&self) -> Vec<bool> {
        let flag = |(at, point): (usize, &Point)| {
            let bound = point.position_error;
            let others = self.points.iter().enumerate();
            let mut others = others
                .filter(|(other, _)| *other != at)
                .map(|(_, point)| point);
            point.label == Label::Converged && others.any(|other| point.same(other, bound))
        };
        self.points.par_iter().enumerate().map(flag).collect()
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
