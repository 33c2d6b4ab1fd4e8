//! Transitions between fixed points: trajectories under the constant input that start near a fixed
//! point, and the graph of their end points.
//!
//! A trajectory starts from a point along plus or minus an unstable direction, or from a random
//! state in a ball around it. It ends at a point when its distance is at most `arrival` AND the
//! point attracts it. At a point with unstable directions, which it may only pass, and at its
//! starting point before it has moved away, it must come a million times closer than its initial
//! distance. A trajectory without an end point within the step limit is counted as undecided.

use super::candidates::squared_distance;
use super::linearization::Linearization;
use super::points::{Point, Points};
use crate::base::{Progress, Result};
use crate::nn::StepMap;
use crate::random::Key;

/// Settings of the trajectories.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transitions {
    /// Initial distance of a trajectory from its point.
    pub distance: f64,
    /// Distance at which a trajectory has arrived at a point.
    pub arrival: f64,
    /// Maximum number of steps of a trajectory.
    pub max_steps: usize,
    /// Number of random trajectories per point; 0 uses the unstable directions alone.
    pub samples: usize,
    /// Largest distance of |lambda| from 1 of a marginal mode; if None, the margin of each mode.
    pub marginal: Option<f64>,
}

/// One trajectory.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    /// Index of the starting point.
    pub from: usize,
    /// The mode along which it starts, and whether in the positive direction; None for a random
    /// start.
    pub mode: Option<(usize, bool)>,
    /// Index of the end point; None if undecided.
    pub to: Option<usize>,
    /// Number of steps.
    pub steps: usize,
}

/// An edge of the graph: the number of trajectories from one point to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    pub from: usize,
    /// None for undecided trajectories.
    pub to: Option<usize>,
    pub count: usize,
    /// Fraction of the trajectories from the starting point.
    pub probability: f64,
    /// The 95 % confidence interval of the probability.
    ///
    /// Source: Wilson 1927
    pub interval: [f64; 2],
}

/// State of all trajectories.
#[derive(Default)]
struct State {
    trajectories: Vec<Trajectory>,
    h: Vec<f64>,
    x: Vec<f64>,
    /// Whether each trajectory has moved away from its starting point.
    left: Vec<bool>,
    /// The nearest point within `arrival` at the previous step, and the squared distance.
    near: Vec<Option<(usize, f64)>>,
}

impl Transitions {
    /// All trajectories: from each point along plus and minus each unstable direction, then the
    /// random ones, which are drawn from the key.
    ///
    /// Errors: those of the step map
    pub fn trajectories(
        &self,
        step_map: &mut dyn StepMap<f64>,
        (points, linear): (&Points, &[Linearization]),
        key: &Key,
        progress: &mut dyn Progress,
    ) -> Result<Vec<Trajectory>> {
        let mut state = self.initial_state(points, linear, key);
        let s = points.state;
        let unstable = linear.iter().map(|one| one.growing(self.marginal).len());
        let unstable: Vec<usize> = unstable.collect();
        let mut next = vec![0.0; state.h.len()];
        for step in 1..=self.max_steps {
            let all = &state.trajectories;
            let done = all.iter().all(|trajectory| trajectory.to.is_some());
            if done || progress.stop_requested() {
                break;
            }
            step_map.step(&state.h, &state.x, &mut next)?;
            for at in 0..state.trajectories.len() {
                if state.trajectories[at].to.is_none() {
                    state.trajectories[at].steps = step;
                    let h = &next[at * s..][..s];
                    self.advance(points, &unstable, &mut state, (at, h));
                }
            }
        }
        Ok(state.trajectories)
    }

    /// Moves one trajectory to the state h, and ends it if it has arrived at a point.
    fn advance(
        &self,
        points: &Points,
        unstable: &[usize],
        state: &mut State,
        (at, h): (usize, &[f64]),
    ) {
        let trajectory = &mut state.trajectories[at];
        state.h[at * h.len()..][..h.len()].copy_from_slice(h);
        state.left[at] |= self.has_left(points, trajectory.from, h);
        let near = self.nearest(points, trajectory, h);
        if let (Some((to, now)), Some((previous_to, previous))) = (near, state.near[at])
            && to == previous_to
            && now <= previous
            && (now <= self.capture_square()
                || unstable[to] == 0 && (to != trajectory.from || state.left[at]))
        {
            trajectory.to = Some(to);
        }
        state.near[at] = near;
    }

    /// The squared distance from a point that a trajectory does not reach by chance.
    fn capture_square(&self) -> f64 {
        const APPROACH: f64 = 1e-6;
        (APPROACH * self.distance).powi(2)
    }

    /// Whether a state is further from the starting point than twice the larger of the initial
    /// distance and the arrival distance.
    fn has_left(&self, points: &Points, from: usize, h: &[f64]) -> bool {
        let limit = 2.0 * self.distance.max(self.arrival);
        squared_distance(&points.points[from].state, h) > limit * limit
    }

    /// The nearest point of the same input, if within the arrival distance.
    fn nearest(&self, points: &Points, trajectory: &Trajectory, h: &[f64]) -> Option<(usize, f64)> {
        let input = &points.points[trajectory.from].input;
        let all = points.points.iter().enumerate();
        let same = all.filter(|(_, point)| point.input == *input);
        let square = same.map(|(at, point)| (at, squared_distance(&point.state, h)));
        square
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .filter(|(_, square)| *square <= self.arrival * self.arrival)
    }

    fn initial_state(&self, points: &Points, linear: &[Linearization], key: &Key) -> State {
        let s = points.state;
        let mut state = State::default();
        let mut start = |from: usize, mode, direction: &[f64]| {
            state.start(
                &points.points[from],
                (from, mode),
                (direction, self.distance),
            );
        };
        for (from, linear) in linear.iter().enumerate() {
            for mode in linear.growing(self.marginal) {
                let Some(vector) = linear.right.get(mode * s..(mode + 1) * s) else {
                    continue;
                };
                // In a conjugate pair, one mode uses the real parts and the other the imaginary
                // parts.
                let part = usize::from(linear.eigenvalues[mode][1] < 0.0);
                let plus: Vec<f64> = vector.iter().map(|x| x[part]).collect();
                let minus: Vec<f64> = plus.iter().map(|x| -x).collect();
                start(from, Some((mode, true)), &plus);
                start(from, Some((mode, false)), &minus);
            }
        }
        let mut directions = vec![0.0; self.samples * linear.len() * s];
        key.fill_normal(&mut directions);
        for (at, direction) in directions.chunks_exact(s).enumerate() {
            start(at / self.samples, None, direction);
        }
        state
    }
}

impl State {
    /// Adds a trajectory that starts at a distance from a point along a direction.
    fn start(
        &mut self,
        point: &Point,
        (from, mode): (usize, Option<(usize, bool)>),
        (direction, distance): (&[f64], f64),
    ) {
        let size = direction.iter().map(|d| d * d).sum::<f64>().sqrt();
        let part = distance / size;
        let displaced = point.state.iter().zip(direction).map(|(h, d)| h + part * d);
        self.h.extend(displaced);
        self.x.extend_from_slice(&point.input);
        self.left.push(false);
        self.near.push(None);
        self.trajectories.push(Trajectory {
            from,
            mode,
            to: None,
            steps: 0,
        });
    }
}

/// The edges of the graph, by starting point.
pub fn edges(trajectories: &[Trajectory]) -> Vec<Edge> {
    let mut edges: Vec<Edge> = Vec::new();
    for trajectory in trajectories {
        match edges
            .iter_mut()
            .find(|e| (e.from, e.to) == (trajectory.from, trajectory.to))
        {
            Some(edge) => edge.count += 1,
            None => edges.push(Edge {
                from: trajectory.from,
                to: trajectory.to,
                count: 1,
                probability: 0.0,
                interval: [0.0; 2],
            }),
        }
    }
    for edge in &mut edges {
        let all = trajectories
            .iter()
            .filter(|trajectory| trajectory.from == edge.from)
            .count();
        edge.probability = edge.count as f64 / all as f64;
        edge.interval = wilson(edge.count, all);
    }
    edges.sort_by_key(|edge| (edge.from, edge.to.is_none(), edge.to));
    edges
}

/// The 95 % confidence interval of a probability, for `count` successes in `all` trials.
fn wilson(count: usize, all: usize) -> [f64; 2] {
    /// 95 % of a normal distribution lie within this many standard deviations of the mean.
    const Z: f64 = 1.959_963_984_540_054;
    let (n, p) = (all as f64, count as f64 / all as f64);
    let scale = 1.0 + Z * Z / n;
    let center = (p + Z * Z / (2.0 * n)) / scale;
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt() / scale;
    // Rounding must not leave p outside the interval.
    [(center - half).clamp(0.0, p), (center + half).clamp(p, 1.0)]
}

/// The graph in Graphviz format: points by index, edges with their probabilities.
pub fn dot(
    points: &Points,
    linear: &[Linearization],
    marginal: Option<f64>,
    edges: &[Edge],
) -> String {
    let mut lines = vec!["digraph transitions {".to_string()];
    for (at, linear) in linear.iter().enumerate().take(points.points.len()) {
        let (class, grow) = (linear.class(marginal), linear.growing(marginal).len());
        lines.push(format!(
            "  p{at} [label=\"{at}\\n{class}, {grow} unstable\"];"
        ));
    }
    if edges.iter().any(|edge| edge.to.is_none()) {
        lines.push("  undecided [shape=box];".into());
    }
    for edge in edges {
        let to = edge.to.map_or("undecided".into(), |to| format!("p{to}"));
        let (from, p) = (edge.from, edge.probability);
        lines.push(format!("  p{from} -> {to} [label=\"{p:.3}\"];"));
    }
    lines.push("}\n".into());
    lines.join("\n")
}
