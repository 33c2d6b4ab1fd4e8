//! Linear stability of fixed points, the error of linear predictions, and transitions.

use std::rc::Rc;

use super::FixedPoints;
use crate::analysis::fixed_points::linearization::{
    self, Growth, Linearization, ModeKind, line_alignment, linear_error, linearize, mode_kind,
};
use crate::analysis::fixed_points::transitions::{self, Edge, Trajectory, Transitions};
use crate::analysis::fixed_points::{self, Points, set_margins};
use crate::api::context::Context;
use crate::api::diagnostic::Diagnostic;
use crate::api::options::CallOptions;
use crate::api::train::Watched;
use crate::api::value::{Map, Value};
use crate::base::Result;
use crate::base::options::Span;
use crate::nn::{Cell, Network};
use crate::ops::rnn::Nonlinearity;
use crate::options;
use crate::random::Seed;
use crate::tensor::{DType, convert};

/// Values stored per trajectory, in addition to its state.
const RUN: usize = 16;

options! {
    /// Options of `modes`.
    pub struct ModeOptions for "fixed_points.modes" {
        /// Duration of a time step, the unit of time constants and periods.
        dt: f64 = 1.0, in Span::above(0.0);
        /// Modes are marginal if |lambda| differs from 1 by at most this value. Default: the
        /// uncertainty due to the dtype of the parameters, the conditioning of the eigenvalue and
        /// the position error of the point; along a continuum its tangent modes are also marginal.
        marginal: Option<f64> = None, in Span::at_least(0.0);
    }
}

options! {
    /// Options of `linear_error`.
    pub struct ErrorOptions for "fixed_points.linear_error" {
        /// Distance of the initial states from the point.
        distance: f64 = 0.01, in Span::above(0.0);
        /// Number of random directions.
        directions: usize = 32, in Span::at_least(1.0);
        /// Seed of the directions.
        seed: Seed = Seed::default();
    }
}

options! {
    /// Options of `transitions`.
    pub struct TransitionOptions for "fixed_points.transitions" {
        /// Distance of the initial states from the fixed point. Default: a tenth of the smallest
        /// distance between two points.
        distance: Option<f64> = None, in Span::above(0.0);
        /// Distance at which a trajectory has arrived at a point. Default: the value of `distance`.
        arrival: Option<f64> = None, in Span::above(0.0);
        /// Maximum number of time steps per trajectory.
        steps: usize = 10_000, in Span::at_least(1.0);
        /// Number of trajectories from random initial states around each point, in addition to
        /// those along unstable directions.
        noise: usize = 0;
        /// Modes are marginal if |lambda| differs from 1 by at most this value. Default: the
        /// uncertainty due to the dtype of the parameters, the conditioning of the eigenvalue and
        /// the position error of the point; along a continuum its tangent modes are also marginal.
        marginal: Option<f64> = None, in Span::at_least(0.0);
        /// Seed of the random initial states.
        seed: Seed = Seed::default();
    }
}

crate::natives! {
    /// Fixed points of networks: search, linear stability analysis and transitions.
    module "fixed_points";

    /// Linearizes the dynamics at each point and returns a map of
    ///
    /// - `by_state` [k, s, s] and `by_input` [k, s, i]: the Jacobians dF/dh and dF/dx;
    /// - `re`, `im` [k, s]: the eigenvalues of dF/dh, sorted by decreasing modulus;
    /// - `right` [k, s, s], the right eigenvectors as rows of norm 1, and `left` [k, s, s], the
    ///   left eigenvectors as rows, with l . r = 1 for the same mode and 0 for different modes;
    ///   both are maps of `re` and `im`;
    /// - `growth` (growing, decaying, marginal) and `kind` (straight, flipping: lambda real and
    ///   negative, spiralling), a list of strings for each point;
    /// - `time_constant` [k, s], dt / |ln |lambda||, and `period` [k, s], 2 pi dt / |arg lambda|;
    /// - `unstable` [k], the number of growing modes, and `class`, a string for each point: stable,
    ///   marginal, saddle (some modes grow) or unstable (all modes grow);
    /// - `slowest` [k], the index of the mode nearest to 1, and `line` [k], the cosine between this
    ///   mode and the line through the neighbouring points: near 1 along a line attractor;
    /// - `condition` [k], the norm of the longest left eigenvector; `defective` [k], 1 if
    ///   eigenvectors coincide up to rounding or do not exist (they are then NaN); and `repeated`
    ///   [k], 1 if two eigenvalues are equal up to rounding: their eigenvectors are then not
    ///   unique;
    /// - `margin` [k, s], the largest deviation of |lambda| from 1 in a marginal mode;
    /// - `one_sided` [k], 1 at a kink of relu, where the Jacobian is valid on one side only;
    /// - `readout` [k, o], the outputs at the points.
    ///
    /// > let net = rnn::vanilla(#{ units: 2, dtype: "f64" });
    /// > net.load_params(#{ wR: [[2.0, 0.0], [0.0, -0.5]], bR: [0.0, 0.0] });
    /// > let points = fixed_points::find(net, #{ candidates: zeros([1, 2]) });
    /// > let modes = points.modes();
    /// > [modes.re.to_list(), modes.growth, modes.kind, modes.class]
    /// = [[[2.0, -0.5]], [["growing", "decaying"]], [["straight", "flipping"]], ["saddle"]]
    fn modes(cx: &Context, this: Rc<FixedPoints>, options: CallOptions<ModeOptions>) -> Map {
        let (network, linear) = known(cx, "fixed_points.modes", &this)?;
        let (k, s, i) = (linear.len(), this.points.state, this.points.inputs);
        let mut map = spectra(&linear, [k, s], &options)?;
        let one_sided = one_sided(network, &this.points)?.into_iter();
        let one_sided = one_sided.map(|flag| f64::from(u8::from(flag))).collect();
        map.insert("one_sided".into(), tensor(one_sided, &[k])?);
        let flat = |part: fn(&Linearization) -> &[f64]| -> Vec<f64> {
            linear.iter().flat_map(|one| part(one).iter().copied()).collect()
        };
        let states = convert::from_f64(this.points.states(), &[k, s], DType::F64)?;
        let readout = network.readout(&states)?.to_dtype(DType::F64)?;
        let line = line_alignment(&this.points, &linear)?;
        let class = linear.iter().map(|one| Value::Text(one.class(options.marginal).into()));
        map.extend([
            ("by_state".into(), tensor(flat(|one| &one.jacobian), &[k, s, s])?),
            ("by_input".into(), tensor(flat(|one| &one.input_jacobian), &[k, s, i])?),
            ("class".into(), Value::List(class.collect())),
            ("line".into(), tensor(line, &[k])?),
            ("readout".into(), Value::Tensor(readout)),
        ]);
        Ok(map)
    }

    /// Returns the relative error of linear predictions near each point, [k]: the mean over random
    /// directions d of |F(h + d) - F(h) - J d| / |F(h + d) - F(h)|.
    ///
    /// > let net = rnn::vanilla(#{ units: 2, nonlinearity: "linear", gain: 0.5 });
    /// > let points = fixed_points::find(net, #{ candidates: zeros([1, 2]) });
    /// > points.linear_error().item() < 1e-12
    /// = true
    fn linear_error(
        cx: &Context, this: Rc<FixedPoints>, options: CallOptions<ErrorOptions>,
    ) -> crate::tensor::Tensor {
        let (network, linear) = known(cx, "fixed_points.linear_error", &this)?;
        let s = this.points.state;
        let (of, directions) = ("fixed_points.linear_error", options.directions);
        let sizes = [("directions", directions)];
        cx.check_option_memory(of, &sizes, &[directions, s, 4], DType::F64)?;
        let mut directions = vec![0.0; options.directions * s];
        options.seed.key().fill_normal(&mut directions);
        for d in directions.chunks_exact_mut(s) {
            let size = d.iter().map(|x| x * x).sum::<f64>().sqrt();
            d.iter_mut().for_each(|x| *x *= options.distance / size);
        }
        let flow = &mut *network.step_map()?;
        let errors = linear_error(flow, &this.points, &linear, &directions)?;
        Ok(convert::from_f64(errors, &[linear.len()], DType::F64)?)
    }

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
        let (network, linear) = known(cx, of, &this)?;
        let around = linear.len().saturating_mul(options.noise);
        let run = this.points.state.saturating_add(this.points.inputs).saturating_add(RUN);
        let sizes = [("noise", options.noise)];
        cx.check_option_memory(of, &sizes, &[around, run, 4], DType::F64)?;
        let distance = options.distance.unwrap_or(0.1 * this.points.min_distance());
        let how = Transitions {
            distance,
            arrival: options.arrival.unwrap_or(distance),
            max_steps: options.steps,
            samples: options.noise,
            marginal: options.marginal,
        };
        let key = options.seed.key();
        let mut progress = Watched::new(cx, of);
        let flow = &mut *network.step_map()?;
        let runs = how.trajectories(flow, (&this.points, &linear), &key, &mut progress)?;
        cx.interrupt.store(false, std::sync::atomic::Ordering::Relaxed);
        let edges = transitions::edges(&runs);
        let dot = transitions::dot(&this.points, &linear, options.marginal, &edges);
        graph(&runs, &edges, dot, linear.len())
    }
}

/// The network of the points, and the linearization at each point.
///
/// Errors: the points were loaded from a file without a network; `Memory` if the matrices exceed
/// the memory limit of the run
fn known<'a>(
    cx: &Context,
    of: &str,
    this: &'a FixedPoints,
) -> Result<(&'a Network, Vec<Linearization>), Diagnostic> {
    let Some(network) = &this.network else {
        let message = format!("{of}: these points were read from a file, without their network");
        return Err(Diagnostic::new(message).hint("assign it with points.with_network(net)"));
    };
    let (k, s) = (this.points.points.len(), this.points.state);
    cx.check_memory(of, &[k, s, 6 * s + this.points.inputs], DType::F64)?;
    let step_map = &mut *network.step_map()?;
    let mut linear = linearize(step_map, &this.points)?;
    set_margins(
        step_map,
        &this.points,
        this.sets()?,
        &mut linear,
        resolution(network),
    )?;
    Ok((network, linear))
}

/// Whether the Jacobian at each point is one-sided.
///
/// Errors: those of the step map
pub fn one_sided(network: &Network, points: &Points) -> Result<Vec<bool>> {
    let relu = |cell: Cell| cell.nonlinearity() == Some(Nonlinearity::Relu);
    let smooth = network.spec().is_some_and(|spec| !relu(spec.cell));
    if smooth {
        return Ok(vec![false; points.points.len()]);
    }
    fixed_points::one_sided(&mut *network.step_map()?, points, rounding(network))
}

/// The machine epsilon of a network's step: a custom step function computes in its own precision.
pub fn rounding(network: &Network) -> f64 {
    match network {
        Network::CustomF32(_) => f64::from(f32::EPSILON),
        _ => f64::EPSILON,
    }
}

/// The relative resolution of a network's parameters.
pub fn resolution(network: &Network) -> f64 {
    match network.dtype() {
        DType::F64 => f64::EPSILON,
        _ => f64::from(f32::EPSILON),
    }
}

fn tensor(numbers: Vec<f64>, shape: &[usize]) -> Result<Value> {
    Ok(Value::Tensor(convert::from_f64(
        numbers,
        shape,
        DType::F64,
    )?))
}

/// The results of `modes` that depend on eigenvalues and eigenvectors.
fn spectra(linear: &[Linearization], [k, s]: [usize; 2], options: &ModeOptions) -> Result<Map> {
    let each = |number: &dyn Fn(linearization::Complex) -> f64| -> Result<Value> {
        let all = linear.iter().flat_map(|one| one.eigenvalues.iter());
        tensor(all.map(|value| number(*value)).collect(), &[k, s])
    };
    let one =
        |number: &dyn Fn(&Linearization) -> f64| tensor(linear.iter().map(number).collect(), &[k]);
    let vectors = |of: fn(&Linearization) -> &[linearization::Complex]| -> Result<Value> {
        let part = |part: usize| -> Result<Value> {
            let mut all = Vec::with_capacity(k * s * s);
            for one in linear {
                all.extend(of(one).iter().map(|x| x[part]));
                all.resize(all.len().next_multiple_of(s * s), f64::NAN);
                if of(one).is_empty() {
                    all.extend(std::iter::repeat_n(f64::NAN, s * s));
                }
            }
            tensor(all, &[k, s, s])
        };
        Ok(Value::Map(Map::from([
            ("re".into(), part(0)?),
            ("im".into(), part(1)?),
        ])))
    };
    let words = |word: &dyn Fn(&Linearization, usize) -> &'static str| {
        let of = |one: &Linearization| {
            let words = (0..s).map(|mode| Value::Text(word(one, mode).into()));
            Value::List(words.collect())
        };
        Value::List(linear.iter().map(of).collect())
    };
    let (dt, marginal) = (options.dt, options.marginal);
    Ok(Map::from([
        ("re".into(), each(&|value| value[0])?),
        ("im".into(), each(&|value| value[1])?),
        ("right".into(), vectors(|one| &one.right)?),
        ("left".into(), vectors(|one| &one.left)?),
        (
            "growth".into(),
            words(&|of, mode| growing(of.growth(mode, marginal))),
        ),
        (
            "kind".into(),
            words(&|of, mode| going(of.eigenvalues[mode])),
        ),
        (
            "margin".into(),
            tensor(
                linear.iter().flat_map(|of| of.margins.clone()).collect(),
                &[k, s],
            )?,
        ),
        (
            "time_constant".into(),
            each(&|value| linearization::time_constant(value, dt))?,
        ),
        (
            "period".into(),
            each(&|value| linearization::period(value, dt))?,
        ),
        (
            "unstable".into(),
            one(&|of| of.growing(marginal).len() as f64)?,
        ),
        ("slowest".into(), one(&|of| of.slowest() as f64)?),
        ("condition".into(), one(&|of| of.condition)?),
        (
            "defective".into(),
            one(&|of| f64::from(u8::from(of.defective)))?,
        ),
        (
            "repeated".into(),
            one(&|of| f64::from(u8::from(of.repeated)))?,
        ),
    ]))
}

fn growing(growth: Growth) -> &'static str {
    match growth {
        Growth::Growing => "growing",
        Growth::Decaying => "decaying",
        Growth::Marginal => "marginal",
    }
}

fn going(value: linearization::Complex) -> &'static str {
    match mode_kind(value) {
        ModeKind::Straight => "straight",
        ModeKind::Flipping => "flipping",
        ModeKind::Spiralling => "spiralling",
    }
}

fn graph(runs: &[Trajectory], edges: &[Edge], dot: String, k: usize) -> Result<Map, Diagnostic> {
    let whole = |n: usize| Value::Int(n as i64);
    let place = |to: Option<usize>| to.map_or(Value::Int(-1), whole);
    let edge = |edge: &Edge| {
        Value::Map(Map::from([
            ("from".into(), whole(edge.from)),
            ("to".into(), place(edge.to)),
            ("count".into(), whole(edge.count)),
            ("probability".into(), Value::Float(edge.probability)),
            ("low".into(), Value::Float(edge.interval[0])),
            ("high".into(), Value::Float(edge.interval[1])),
        ]))
    };
    let run = |run: &Trajectory| {
        let mut map = Map::from([
            ("from".into(), whole(run.from)),
            ("to".into(), place(run.to)),
            ("steps".into(), whole(run.steps)),
        ]);
        if let Some((mode, plus)) = run.mode {
            map.insert("mode".into(), whole(mode));
            map.insert("plus".into(), Value::Bool(plus));
        }
        Value::Map(map)
    };
    let mut matrix = vec![0.0; k * k];
    for edge in edges {
        if let Some(to) = edge.to {
            matrix[edge.from * k + to] = edge.probability;
        }
    }
    let undecided = runs.iter().filter(|run| run.to.is_none()).count();
    Ok(Map::from([
        (
            "edges".into(),
            Value::List(edges.iter().map(edge).collect()),
        ),
        ("runs".into(), Value::List(runs.iter().map(run).collect())),
        ("undecided".into(), whole(undecided)),
        ("matrix".into(), tensor(matrix, &[k, k])?),
        ("dot".into(), Value::Text(dot)),
    ]))
}
