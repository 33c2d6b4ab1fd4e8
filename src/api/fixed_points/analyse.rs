//! What is told of points: modes, how well they foretell, and where runs from them end.

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
use crate::random::{Key, Layout};
use crate::tensor::{DType, convert};

/// Numbers that are known of each run, beside its state.
const RUN: usize = 16;

options! {
    /// How modes are told.
    pub struct ModeOptions for "fixed_points.modes" {
        /// The time that a step takes, the unit of time constants and periods.
        dt: f64 = 1.0, in Span::above(0.0);
        /// How far |lambda| may be from 1 in a mode that is called marginal. Without it: as far as
        /// rounding, the conditioning of the eigenvalue and the error of the point's position leave
        /// it open; and along a continuum of fixed points its tangent modes are marginal.
        marginal: Option<f64> = None, in Span::at_least(0.0);
    }
}

options! {
    /// How the error of linear predictions is taken.
    pub struct ErrorOptions for "fixed_points.linear_error" {
        /// How far from the point the steps begin.
        distance: f64 = 0.01, in Span::above(0.0);
        /// Directions that are tried, at random.
        directions: usize = 32, in Span::at_least(1.0);
        /// Seed of the directions.
        seed: usize = 0;
    }
}

options! {
    /// How runs from points are made.
    pub struct TransitionOptions for "fixed_points.transitions" {
        /// How far from its point a run begins. Without it: a tenth of the least distance between
        /// two points.
        distance: Option<f64> = None, in Span::above(0.0);
        /// How near to a point a run has arrived. Without it: as far as it begins.
        arrival: Option<f64> = None, in Span::above(0.0);
        /// Steps of a run at most.
        steps: usize = 10_000, in Span::at_least(1.0);
        /// Runs from random places around each point, besides those along unstable directions.
        noise: usize = 0;
        /// How far |lambda| may be from 1 in a mode that is called marginal. Without it: as far as
        /// rounding, the conditioning of the eigenvalue and the error of the point's position leave
        /// it open; and along a continuum of fixed points its tangent modes are marginal.
        marginal: Option<f64> = None, in Span::at_least(0.0);
        /// Seed of the random places.
        seed: usize = 0;
    }
}

crate::natives! {
    /// Fixed points of networks, and of the points all that can be told of them.
    module "fixed_points";

    /// The linear dynamics at each point, as a map of
    ///
    /// - `by_state` [k, s, s] and `by_input` [k, s, i]: the Jacobians dF/dh and dF/dx;
    /// - `re`, `im` [k, s]: the eigenvalues of dF/dh, by decreasing modulus;
    /// - `right` [k, s, s], a mode in each row, of length 1, and `left` [k, s, s] likewise, with
    ///   l . r = 1 of one mode and 0 of two; both maps of `re` and `im`;
    /// - `growth` (growing, decaying, marginal) and `manner` (straight, flipping: lambda real and
    ///   negative, spiralling), a list of words for each point;
    /// - `time_constant` [k, s], dt / |ln |lambda||, and `period` [k, s], 2 pi dt / |arg lambda|;
    /// - `unstable` [k], the number of growing modes, and `class`, a word for each point: stable,
    ///   marginal, saddle (some modes grow) or unstable (all do);
    /// - `slowest` [k], the mode nearest to 1, and `line` [k], the cosine between it and the line
    ///   on which the points around lie: near 1 along a line attractor;
    /// - `condition` [k], the length of the longest left eigenvector, and `defective` [k], 1 where
    ///   it says that eigenvectors coincide up to rounding or are missing (they are NaN then), and
    ///   `repeated` [k], 1 where two eigenvalues are equal up to rounding: their eigenvectors are
    ///   one choice of many;
    /// - `margin` [k, s], how far |lambda| may be from 1 in a marginal mode;
    /// - `one_sided` [k], 1 at a kink of relu, where the Jacobian holds on one side only;
    /// - `readout` [k, o], the outputs there.
    ///
    /// > let net = rnn::vanilla(#{ units: 2, dtype: "f64" });
    /// > net.load_params(#{ wR: [[2.0, 0.0], [0.0, -0.5]], bR: [0.0, 0.0] });
    /// > let points = fixed_points::find(net, #{ candidates: zeros([1, 2]) });
    /// > let modes = points.modes();
    /// > [modes.re.to_list(), modes.growth, modes.manner, modes.class]
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

    /// How well the Jacobians foretell a step that begins near each point, [k]: the mean over
    /// random directions d of |F(h + d) - F(h) - J d| / |F(h + d) - F(h)|.
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
        cx.check_memory("fixed_points.linear_error", &[options.directions, s, 4], DType::F64)?;
        let mut directions = vec![0.0; options.directions * s];
        Key::new(options.seed as u64, Layout::default()).fill_normal(&mut directions);
        for d in directions.chunks_exact_mut(s) {
            let size = d.iter().map(|x| x * x).sum::<f64>().sqrt();
            d.iter_mut().for_each(|x| *x *= options.distance / size);
        }
        let flow = &mut *network.step_map()?;
        let errors = linear_error(flow, &this.points, &linear, &directions)?;
        Ok(convert::from_f64(errors, &[linear.len()], DType::F64)?)
    }

    /// Where the network goes from its points under their inputs: runs that leave each along plus
    /// and minus every direction in which it is unstable, and with `noise` from random places
    /// around it. A run has arrived at a point that it is near to and comes nearer to; at its own
    /// only after it had gone away, and at one that is unstable, which it may only pass, once it is
    /// a million times nearer than it began.
    ///
    /// Gives a map: `edges`, a list of maps of `from`, `to` (-1 if undecided), `count`,
    /// `probability` and its interval of 95 %, `low` and `high` (Wilson); `runs`, a list of maps of
    /// `from`, `to`, `steps` and, where it left along a mode, `mode` and `plus`; `undecided`, how
    /// many; `matrix` [k, k] of the probabilities; and `dot`, the graph for Graphviz.
    ///
    /// > let net = rnn::vanilla(#{ units: 1, dtype: "f64" });
    /// > net.load_params(#{ wR: [[2.0]], bR: [0.0] });
    /// > let h = [[-1.0], [0.0], [1.0]];
    /// > let points = fixed_points::find(net, #{ candidates: h, polish: true, between: 0 });
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
        cx.check_memory(of, &[around, run, 4], DType::F64)?;
        let distance = options.distance.unwrap_or(0.1 * this.points.min_distance());
        let how = Transitions {
            distance,
            arrival: options.arrival.unwrap_or(distance),
            max_steps: options.steps,
            samples: options.noise,
            marginal: options.marginal,
        };
        let key = Key::new(options.seed as u64, Layout::default());
        let mut progress = Watched::new(cx, of);
        let flow = &mut *network.step_map()?;
        let runs = how.trajectories(flow, (&this.points, &linear), &key, &mut progress)?;
        cx.interrupt.store(false, std::sync::atomic::Ordering::Relaxed);
        let edges = transitions::edges(&runs);
        let dot = transitions::dot(&this.points, &linear, options.marginal, &edges);
        graph(&runs, &edges, dot, linear.len())
    }
}

/// The network of the points, and what it does near them.
///
/// Errors: a fault if the points came from a file without a network; `Memory` if the matrices take
/// more than the run allows
fn known<'a>(
    cx: &Context,
    of: &str,
    this: &'a FixedPoints,
) -> Result<(&'a Network, Vec<Linearization>), Diagnostic> {
    let Some(network) = &this.network else {
        let words = format!("{of}: these points came from a file, without their network");
        return Err(Diagnostic::new(words).hint("give it back to them: points.of(net)"));
    };
    let (k, s) = (this.points.points.len(), this.points.state);
    cx.check_memory(of, &[k, s, 6 * s + this.points.inputs], DType::F64)?;
    let flow = &mut *network.step_map()?;
    let mut linear = linearize(flow, &this.points)?;
    set_margins(flow, &this.points, this.sets()?, &mut linear)?;
    Ok((network, linear))
}

/// Whether the Jacobian at each point is one-sided.
///
/// Errors: those of the step
pub fn one_sided(network: &Network, points: &Points) -> Result<Vec<bool>> {
    let relu = |nonlinearity: Nonlinearity| nonlinearity == Nonlinearity::Relu;
    let smooth = network.spec().is_some_and(|spec| match spec.cell {
        Cell::Vanilla(cell) => !relu(cell.nonlinearity),
        Cell::Ctrnn(cell) => !relu(cell.nonlinearity),
        Cell::Gru(_) | Cell::GruTorch(_) | Cell::Lstm(_) => true,
    });
    if smooth {
        return Ok(vec![false; points.points.len()]);
    }
    fixed_points::one_sided(&mut *network.step_map()?, points, rounding(network))
}

/// The rounding of a network's step: a step that a script wrote computes in its own precision.
pub fn rounding(network: &Network) -> f64 {
    match network {
        Network::CustomF32(_) => f64::from(f32::EPSILON),
        _ => f64::EPSILON,
    }
}

fn tensor(numbers: Vec<f64>, shape: &[usize]) -> Result<Value> {
    Ok(Value::Tensor(convert::from_f64(
        numbers,
        shape,
        DType::F64,
    )?))
}

/// What is told of eigenvalues and eigenvectors.
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
            "manner".into(),
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
