//! Transitions between fixed points.

use std::rc::Rc;

use super::linearization::linearize_points;
use super::points::FixedPoints;
use crate::analysis::fixed_points::transitions::{self, Edge, Trajectory, Transitions};
use crate::api::context::Context;
use crate::api::diagnostic::Diagnostic;
use crate::api::options::CallOptions;
use crate::api::value::{Map, Value};
use crate::base::options::Span;
use crate::options;
use crate::random::Seed;
use crate::tensor::{DType, convert};

/// Values stored per trajectory, in addition to its state.
const TRAJECTORY_VALUES: usize = 16;

options! {
    /// Options of `transitions`.
    pub struct TransitionOptions for "fixed_points.transitions" {
        /// Distance of the initial states from the fixed point.
        distance: Option<f64> = None,
            default "a tenth of the smallest distance between two points", in Span::above(0.0);
        /// Distance at which a trajectory has arrived at a point.
        arrival: Option<f64> = None, default "distance", in Span::above(0.0);
        /// Maximum number of time steps per trajectory.
        steps: usize = 10_000, in Span::at_least(1.0);
        /// Number of trajectories from random initial states around each point, in addition to
        /// those along unstable directions.
        noise: usize = 0;
        /// Modes are marginal if |lambda| differs from 1 by at most this value. The default
        /// estimates the uncertainty of |lambda| due to the dtype of the parameters, the
        /// conditioning of the eigenvalue and the position error of the point; along a line or
        /// surface of fixed points the modes tangent to it are marginal, too.
        marginal: Option<f64> = None,
            default "an estimate of the uncertainty of each eigenvalue", in Span::at_least(0.0);
        /// Seed of the random initial states.
        seed: Seed = Seed::default();
    }
}

crate::natives! {
    /// Fixed points of networks: search, linear stability analysis and transitions.
    module "fixed_points";

    /// Simulates trajectories that leave each point under its constant input, and returns the
    /// transitions between points. Trajectories start along plus and minus every unstable direction
    /// and, with `noise`, from random states around the point. A trajectory has arrived at a point
    /// if it is within the arrival distance and approaches the point. It arrives at its own
    /// starting point only after it has moved away, and at an unstable point, which it may only
    /// pass, only when it is a million times closer than its initial distance.
    ///
    /// Returns a map: `edges`, a list of maps of `from`, `to` (-1 if undecided), `count`,
    /// `probability` and its 95 % confidence interval (Wilson), `low` and `high`; `runs`, a list of
    /// maps of `from`, `to`, `steps` and, for a start along a mode, `mode` and `plus`; `undecided`,
    /// the number of undecided trajectories; `matrix` [k, k] of the probabilities; and `dot`, the
    /// graph in Graphviz format.
    ///
    /// > let net = rnn::vanilla(#{ units: 1, dtype: "f64" });
    /// > net.load_params(#{ wR: [[2.0]], bR: [0.0] });
    /// > let h = [[-1.0], [0.0], [1.0]];
    /// > let points = fixed_points::find(net, #{ candidates: h, polish: true, interpolated: 0 });
    /// > let graph = points.sort_by(|p| p.state[0]).transitions();
    /// > graph.matrix.to_list()
    /// = [[0.0, 0.0, 0.0], [0.5, 0.0, 0.5], [0.0, 0.0, 0.0]]
    fn transitions(
        cx: &Context, this: Rc<FixedPoints>, options: CallOptions<TransitionOptions>,
    ) -> Map {
        let of = "fixed_points.transitions";
        let (network, linear) = linearize_points(cx, of, &this)?;
        let samples = linear.len().saturating_mul(options.noise);
        let width = this.points.state.saturating_add(this.points.inputs);
        let width = width.saturating_add(TRAJECTORY_VALUES);
        let sizes = [("noise", options.noise)];
        cx.check_option_memory(of, &sizes, &[samples, width, 4], DType::F64)?;
        let distance = options.distance.unwrap_or(0.1 * this.points.min_distance());
        let settings = Transitions {
            distance,
            arrival: options.arrival.unwrap_or(distance),
            max_steps: options.steps,
            samples: options.noise,
            marginal: options.marginal,
        };
        let key = options.seed.key();
        let points = (&this.points, linear.as_slice());
        let runs = cx.run_stoppable(of, |progress| {
            let step_map = &mut *network.step_map()?;
            settings.trajectories(step_map, points, &key, progress)
        })?;
        let edges = transitions::edges(&runs);
        let dot = transitions::dot(&this.points, &linear, options.marginal, &edges);
        graph_map(&runs, &edges, dot, linear.len())
    }
}

/// The edges, the trajectories and the matrix of probabilities as a map.
fn graph_map(
    runs: &[Trajectory],
    edges: &[Edge],
    dot: String,
    k: usize,
) -> Result<Map, Diagnostic> {
    let mut matrix = vec![0.0; k * k];
    for edge in edges {
        if let Some(to) = edge.to {
            matrix[edge.from * k + to] = edge.probability;
        }
    }
    let matrix = convert::from_f64(matrix, &[k, k], DType::F64)?;
    let undecided = runs.iter().filter(|run| run.to.is_none()).count();
    let edges = edges.iter().map(edge_value).collect();
    let runs = runs.iter().map(trajectory_value).collect();
    Ok(Map::from([
        ("edges".into(), Value::List(edges)),
        ("runs".into(), Value::List(runs)),
        ("undecided".into(), Value::Int(undecided as i64)),
        ("matrix".into(), Value::Tensor(matrix)),
        ("dot".into(), Value::Text(dot)),
    ]))
}

fn edge_value(edge: &Edge) -> Value {
    Value::Map(Map::from([
        ("from".into(), Value::Int(edge.from as i64)),
        ("to".into(), target_value(edge.to)),
        ("count".into(), Value::Int(edge.count as i64)),
        ("probability".into(), Value::Float(edge.probability)),
        ("low".into(), Value::Float(edge.interval[0])),
        ("high".into(), Value::Float(edge.interval[1])),
    ]))
}

fn trajectory_value(run: &Trajectory) -> Value {
    let mut map = Map::from([
        ("from".into(), Value::Int(run.from as i64)),
        ("to".into(), target_value(run.to)),
        ("steps".into(), Value::Int(run.steps as i64)),
    ]);
    if let Some((mode, plus)) = run.mode {
        map.insert("mode".into(), Value::Int(mode as i64));
        map.insert("plus".into(), Value::Bool(plus));
    }
    Value::Map(map)
}

/// The index of the target; -1 if it is undecided.
fn target_value(to: Option<usize>) -> Value {
    Value::Int(to.map_or(-1, |index| index as i64))
}
