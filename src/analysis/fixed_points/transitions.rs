//! Where a network goes when it leaves its fixed points: runs under the constant input, and the
//! graph of their ends.
//!
//! A run leaves a point along plus or minus a direction in which it is unstable, or from anywhere
//! in a ball around it. It ends at a point once it comes as near as `arrival` to it AND that point
//! draws it nearer. Near a point with ways out, which it may only pass, and near the one it left
//! before it went away from there, it must come a million times nearer than it began. A run that
//! ends nowhere in time is undecided, and counted.

use super::modes::Linear;
use super::points::Points;
use super::search::squared_distance;
use crate::base::{Progress, Result};
use crate::nn::Flow;
use crate::random::Key;

/// How runs are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transitions {
    /// How far from its point a run begins.
    pub distance: f64,
    /// How near to a point a run has arrived.
    pub arrival: f64,
    /// Steps of a run at most.
    pub steps: usize,
    /// Runs from the ball around each point; none makes runs along unstable directions alone.
    pub noise: usize,
    /// How far |lambda| may be from 1 in a marginal mode; without it, the margin of each mode.
    pub marginal: Option<f64>,
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The point it left.
    pub from: usize,
    /// The mode along which it left, and whether along plus; none from the ball.
    pub mode: Option<(usize, bool)>,
    /// The point where it ended; none if it is undecided.
    pub to: Option<usize>,
    /// Steps it took.
    pub steps: usize,
}

/// An edge of the graph: how often runs from one point ended at another.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    pub from: usize,
    /// None for runs that are undecided.
    pub to: Option<usize>,
    pub count: usize,
    /// The part of the runs from there.
    pub probability: f64,
    /// Its interval of 95 %.
    ///
    /// Source: Wilson 1927
    pub interval: [f64; 2],
}

/// Runs in progress.
struct Going {
    runs: Vec<Run>,
    h: Vec<f64>,
    x: Vec<f64>,
    /// Whether each has gone away from where it began.
    left: Vec<bool>,
    /// The point that each was near at the step before, and how near.
    near: Vec<Option<(usize, f64)>>,
}

impl Transitions {
    /// All runs: from each point along plus and minus each direction in which it is unstable, then
    /// those from the balls, which are drawn from the key.
    ///
    /// Errors: those of the flow
    pub fn runs(
        &self,
        flow: &mut dyn Flow<f64>,
        (points, linear): (&Points, &[Linear]),
        key: &Key,
        progress: &mut dyn Progress,
    ) -> Result<Vec<Run>> {
        let mut going = self.begin(points, linear, key);
        let s = points.state;
        let ways_out = linear.iter().map(|one| one.growing(self.marginal).len());
        let ways_out: Vec<usize> = ways_out.collect();
        let mut next = vec![0.0; going.h.len()];
        for step in 1..=self.steps {
            if going.runs.iter().all(|run| run.to.is_some()) || progress.stopped() {
                break;
            }
            flow.step(&going.h, &going.x, &mut next)?;
            for (at, run) in going.runs.iter_mut().enumerate() {
                if run.to.is_some() {
                    continue;
                }
                let h = &mut going.h[at * s..][..s];
                h.copy_from_slice(&next[at * s..][..s]);
                run.steps = step;
                going.left[at] |= self.away(points, run.from, h);
                let near = self.nearest(points, &run.clone(), h);
                if let (Some((to, now)), Some((before_to, before))) = (near, going.near[at])
                    && to == before_to
                    && now <= before
                    && (now <= self.caught()
                        || ways_out[to] == 0 && (to != run.from || going.left[at]))
                {
                    run.to = Some(to);
                }
                going.near[at] = near;
            }
        }
        Ok(going.runs)
    }

    /// The square of the distance from a point within which a run does not get by chance.
    fn caught(&self) -> f64 {
        const NEARER: f64 = 1e-6;
        (NEARER * self.distance).powi(2)
    }

    /// Whether a state is further than a run begins, and than it arrives.
    fn away(&self, points: &Points, from: usize, h: &[f64]) -> bool {
        let far = 2.0 * self.distance.max(self.arrival);
        squared_distance(&points.points[from].state, h) > far * far
    }

    /// The nearest point under the same input, if it is as near as a run arrives.
    fn nearest(&self, points: &Points, run: &Run, h: &[f64]) -> Option<(usize, f64)> {
        let input = &points.points[run.from].input;
        let all = points.points.iter().enumerate();
        let same = all.filter(|(_, point)| point.input == *input);
        let far = same.map(|(at, point)| (at, squared_distance(&point.state, h)));
        far.min_by(|a, b| a.1.total_cmp(&b.1))
            .filter(|(_, far)| *far <= self.arrival * self.arrival)
    }

    fn begin(&self, points: &Points, linear: &[Linear], key: &Key) -> Going {
        let s = points.state;
        let mut going = Going {
            runs: Vec::new(),
            h: Vec::new(),
            x: Vec::new(),
            left: Vec::new(),
            near: Vec::new(),
        };
        let mut leave = |from: usize, mode, direction: &[f64]| {
            let point = &points.points[from];
            let size = direction.iter().map(|d| d * d).sum::<f64>().sqrt();
            let part = self.distance / size;
            let moved = point.state.iter().zip(direction).map(|(h, d)| h + part * d);
            going.h.extend(moved);
            going.x.extend_from_slice(&point.input);
            going.left.push(false);
            going.near.push(None);
            going.runs.push(Run {
                from,
                mode,
                to: None,
                steps: 0,
            });
        };
        for (from, linear) in linear.iter().enumerate() {
            for mode in linear.growing(self.marginal) {
                let Some(vector) = linear.right.get(mode * s..(mode + 1) * s) else {
                    continue;
                };
                // Of a pair, one gives the real parts and the other the imaginary ones.
                let part = usize::from(linear.values[mode][1] < 0.0);
                let plus: Vec<f64> = vector.iter().map(|x| x[part]).collect();
                let minus: Vec<f64> = plus.iter().map(|x| -x).collect();
                leave(from, Some((mode, true)), &plus);
                leave(from, Some((mode, false)), &minus);
            }
        }
        let mut drawn = vec![0.0; self.noise * linear.len() * s];
        key.fill_normal(&mut drawn);
        for (at, direction) in drawn.chunks_exact(s).enumerate() {
            leave(at / self.noise, None, direction);
        }
        going
    }
}

/// The edges that runs make, by where they begin.
pub fn edges(runs: &[Run]) -> Vec<Edge> {
    let mut edges: Vec<Edge> = Vec::new();
    for run in runs {
        match edges
            .iter_mut()
            .find(|e| (e.from, e.to) == (run.from, run.to))
        {
            Some(edge) => edge.count += 1,
            None => edges.push(Edge {
                from: run.from,
                to: run.to,
                count: 1,
                probability: 0.0,
                interval: [0.0; 2],
            }),
        }
    }
    for edge in &mut edges {
        let all = runs.iter().filter(|run| run.from == edge.from).count();
        edge.probability = edge.count as f64 / all as f64;
        edge.interval = wilson(edge.count, all);
    }
    edges.sort_by_key(|edge| (edge.from, edge.to.is_none(), edge.to));
    edges
}

/// The interval of 95 % of a probability of which `count` of `all` came true.
fn wilson(count: usize, all: usize) -> [f64; 2] {
    /// Of the normal distribution, 95 % lie this many deviations around the mean.
    const Z: f64 = 1.959_963_984_540_054;
    let (n, p) = (all as f64, count as f64 / all as f64);
    let scale = 1.0 + Z * Z / n;
    let middle = (p + Z * Z / (2.0 * n)) / scale;
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt() / scale;
    // Rounding must not leave p outside.
    [(middle - half).clamp(0.0, p), (middle + half).clamp(p, 1.0)]
}

/// The graph in the language of Graphviz: points by number, edges with their probabilities.
pub fn dot(points: &Points, linear: &[Linear], marginal: Option<f64>, edges: &[Edge]) -> String {
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
