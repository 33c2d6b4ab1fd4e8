//! The list of points found by a search, with sorting, selection and merging.

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::candidates::{Label, squared_distance};

/// A fixed point or slow point.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The state, [s].
    pub state: Vec<f64>,
    /// The constant input at which the point was found, [i].
    pub input: Vec<f64>,
    /// The mean over the state of (F - h)^2.
    pub error: f64,
    pub label: Label,
    /// A bound on the distance to the exact fixed point; infinite if J - 1 is singular to rounding
    /// and for slow points, NaN if unknown.
    pub position_error: f64,
    /// sign det(1 - J), the fixed-point index; 0 if the matrix is singular or the index is unknown.
    pub index: i8,
    /// Number of updates of the candidate.
    pub steps: usize,
    /// Index of the candidate that found the point.
    pub candidate: usize,
    /// Number of candidates that found this point.
    pub hits: usize,
}

/// The points of one network.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Points {
    /// State size s.
    pub state: usize,
    /// Input size i.
    pub inputs: usize,
    pub points: Vec<Point>,
    /// The number of points after each stage of the search; None once lists are concatenated or
    /// filtered.
    pub counts: Option<Counts>,
}

/// The number of points after each stage, and the number that each option excluded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub candidates: usize,
    pub converged: usize,
    pub slow: usize,
    pub failed: usize,
    /// Final states within the tolerance, converged or slow.
    pub within_tolerance: usize,
    /// Distinct points among those retained.
    pub unique: usize,
    /// Distinct points within the outlier distance.
    pub near_candidates: usize,
    /// Slow final states that are excluded.
    pub slow_excluded: usize,
    /// Distinct final states within the tolerance of the search and the bound that are far from any
    /// fixed point, unless slow points are retained.
    pub nearly_continuous: usize,
    /// Final states beyond the bound of all fixed points, without a fixed point nearby: a local
    /// minimum of q, or F(h) = h to rounding.
    pub unreachable: usize,
}

impl Point {
    /// 1/2 |F - h|^2
    pub fn q(&self) -> f64 {
        0.5 * self.error * self.state.len() as f64
    }

    /// |F - h|, the distance that the state moves in one step.
    pub fn speed(&self) -> f64 {
        (2.0 * self.q()).sqrt()
    }

    /// Whether the distance to a state is at most `distance`.
    pub fn is_within(&self, state: &[f64], distance: f64) -> bool {
        /// For most pairs, the first elements alone exceed the distance.
        const CHUNK: usize = 8;
        let mut sum = 0.0;
        let parts = self.state.chunks(CHUNK).zip(state.chunks(CHUNK));
        for (a, b) in parts {
            sum += squared_distance(a, b);
            if sum > distance * distance {
                return false;
            }
        }
        true
    }

    /// Whether two points are duplicates: equal inputs, and a distance of at most `distance`.
    pub fn is_same(&self, other: &Point, distance: f64) -> bool {
        self.input == other.input && self.is_within(&other.state, distance)
    }
}

/// The points without duplicates: of the points within the distance, the first is retained with the
/// hits of all.
pub fn deduplicate(points: impl IntoIterator<Item = Point>, distance: f64) -> Vec<Point> {
    let mut all = Distinct::default();
    for point in points {
        all.insert(point, distance, |known, point| {
            known.is_same(point, distance)
        });
    }
    all.points
}

/// Distinct points in insertion order, indexed by the first coordinate: states that are far apart
/// in one coordinate are far apart, so most pairs need no comparison.
#[derive(Default)]
pub struct Distinct {
    pub points: Vec<Point>,
    /// The first coordinate and index of each point, in increasing order.
    sorted: Vec<(f64, usize)>,
}

impl Distinct {
    /// Adds a point unless it is the `same` as an earlier one, to which its hits are then added.
    /// Returns the index of either. `same` may hold only within the distance.
    pub fn insert(
        &mut self,
        point: Point,
        distance: f64,
        same: impl Fn(&Point, &Point) -> bool,
    ) -> usize {
        let x0 = point.state.first().copied().unwrap_or_default();
        let below = |bound: f64| self.sorted.partition_point(|(x, _)| *x < bound);
        // Widen the search interval by more than rounding.
        let (low, high) = (x0 - distance, x0 + distance);
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
                self.sorted.insert(below(x0), (x0, at));
                self.points.push(point);
                at
            }
        }
    }
}

impl Points {
    /// The points without duplicates, by increasing error: of the points within the distance, the
    /// one with the lowest error is retained.
    pub fn unique(&self, distance: f64) -> Points {
        let mut order = self.points.clone();
        order.sort_by(|a, b| a.error.total_cmp(&b.error));
        self.with_points(deduplicate(order, distance))
    }

    /// Whether each point is closer to another point of the same input than its position bound: the
    /// two may be one point, or lie on a continuum.
    pub fn unresolved(&self) -> Vec<bool> {
        let flag = |(at, point): (usize, &Point)| {
            let bound = point.position_error;
            let others = self.points.iter().enumerate();
            let mut others = others
                .filter(|(other, _)| *other != at)
                .map(|(_, point)| point);
            point.label == Label::Converged && others.any(|other| point.is_same(other, bound))
        };
        self.points.par_iter().enumerate().map(flag).collect()
    }

    /// The smallest distance between two points of the same input; 1 if no such pair exists.
    pub fn min_distance(&self) -> f64 {
        let mut smallest = f64::INFINITY;
        for (at, a) in self.points.iter().enumerate() {
            for b in self.points[at + 1..].iter().filter(|b| b.input == a.input) {
                smallest = smallest.min(squared_distance(&a.state, &b.state));
            }
        }
        if smallest.is_finite() {
            smallest.sqrt()
        } else {
            1.0
        }
    }

    /// The same network with the given points.
    pub fn with_points(&self, points: Vec<Point>) -> Points {
        Points {
            points,
            counts: None,
            ..*self
        }
    }

    /// The points with the given indices, in that order.
    pub fn select(&self, order: &[usize]) -> Points {
        self.with_points(order.iter().map(|at| self.points[*at].clone()).collect())
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

    /// Number of candidates that found each point.
    pub fn hits(&self) -> Vec<usize> {
        self.points.iter().map(|point| point.hits).collect()
    }
}
