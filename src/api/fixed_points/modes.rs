//! Linear stability of fixed points, and the error of linear predictions.

use std::rc::Rc;

use super::linearization::linearize_points;
use super::points::FixedPoints;
use super::precision::one_sided_flags;
use crate::analysis::fixed_points::linearization::{
    self, Complex, Growth, Linearization, ModeKind, line_alignment, linear_error, mode_kind,
};
use crate::api::context::Context;
use crate::api::options::CallOptions;
use crate::api::value::{Map, Value};
use crate::base::Result;
use crate::base::options::Span;
use crate::options;
use crate::random::Seed;
use crate::tensor::{DType, convert};

options! {
    /// Options of `modes`.
    pub struct ModeOptions for "fixed_points.modes" {
        /// Duration of a time step, the unit of time constants and periods.
        dt: f64 = 1.0, in Span::above(0.0);
        /// Modes are marginal if |lambda| differs from 1 by at most this value. The default
        /// estimates the uncertainty of |lambda| due to the dtype of the parameters, the
        /// conditioning of the eigenvalue and the position error of the point; along a line or
        /// surface of fixed points the modes tangent to it are marginal, too.
        marginal: Option<f64> = None,
            default "an estimate of the uncertainty of each eigenvalue", in Span::at_least(0.0);
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
    /// - `growth` ("growing", "decaying" or "marginal": |lambda| above, below or near 1) and `kind`
    ///   ("monotonic": lambda real and not negative; "alternating": real and negative;
    ///   "oscillatory": complex), a list of s strings for each point;
    /// - `time_constant` [k, s], dt / |ln |lambda||, and `period` [k, s], 2 pi dt / |arg lambda|;
    /// - `unstable` [k], the number of growing modes, and `class`, a string for each point:
    ///   "stable", "marginal", "saddle" (some modes grow) or "unstable" (all modes grow);
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
    /// = [[[2.0, -0.5]], [["growing", "decaying"]], [["monotonic", "alternating"]], ["saddle"]]
    fn modes(cx: &Context, this: Rc<FixedPoints>, options: CallOptions<ModeOptions>) -> Map {
        let (network, linear) = linearize_points(cx, "fixed_points.modes", &this)?;
        let (k, s, i) = (linear.len(), this.points.state, this.points.inputs);
        let mut map = mode_map(&linear, [k, s], &options)?;
        map.append(&mut point_map(&linear, options.marginal)?);
        let one_sided = one_sided_flags(network, &this.points)?.into_iter();
        let one_sided = one_sided.map(|flag| f64::from(u8::from(flag))).collect();
        map.insert("one_sided".into(), tensor_value(one_sided, &[k])?);
        let flat = |part: fn(&Linearization) -> &[f64]| -> Vec<f64> {
            linear.iter().flat_map(|point| part(point).iter().copied()).collect()
        };
        let states = convert::from_f64(this.points.states(), &[k, s], DType::F64)?;
        let readout = network.readout(&states)?.to_dtype(DType::F64)?;
        let line = line_alignment(&this.points, &linear)?;
        let class = linear.iter().map(|point| Value::Text(point.class(options.marginal).into()));
        map.extend([
            ("by_state".into(), tensor_value(flat(|point| &point.jacobian), &[k, s, s])?),
            ("by_input".into(), tensor_value(flat(|point| &point.input_jacobian), &[k, s, i])?),
            ("class".into(), Value::List(class.collect())),
            ("line".into(), tensor_value(line, &[k])?),
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
        let of = "fixed_points.linear_error";
        let (network, linear) = linearize_points(cx, of, &this)?;
        let (s, directions) = (this.points.state, options.directions);
        let sizes = [("directions", directions)];
        cx.check_option_memory(of, &sizes, &[directions, s, 4], DType::F64)?;
        let mut directions = vec![0.0; options.directions * s];
        options.seed.key().fill_normal(&mut directions);
        for d in directions.chunks_exact_mut(s) {
            let size = d.iter().map(|x| x * x).sum::<f64>().sqrt();
            d.iter_mut().for_each(|x| *x *= options.distance / size);
        }
        let step_map = &mut *network.step_map()?;
        let errors = linear_error(step_map, &this.points, &linear, &directions)?;
        Ok(convert::from_f64(errors, &[linear.len()], DType::F64)?)
    }
}

/// A tensor of f64 values.
fn tensor_value(values: Vec<f64>, shape: &[usize]) -> Result<Value> {
    let tensor = convert::from_f64(values, shape, DType::F64)?;
    Ok(Value::Tensor(tensor))
}

/// The properties of the eigenvalues: one value or name per mode, [k, s].
fn mode_map(linear: &[Linearization], [k, s]: [usize; 2], options: &ModeOptions) -> Result<Map> {
    let (dt, marginal) = (options.dt, options.marginal);
    let values = |value: &dyn Fn(Complex) -> f64| -> Result<Value> {
        let eigenvalues = linear.iter().flat_map(|point| point.eigenvalues.iter());
        tensor_value(eigenvalues.map(|x| value(*x)).collect(), &[k, s])
    };
    let names = |name: &dyn Fn(&Linearization, usize) -> &'static str| {
        let of_point = |point: &Linearization| {
            let names = (0..s).map(|mode| Value::Text(name(point, mode).into()));
            Value::List(names.collect())
        };
        Value::List(linear.iter().map(of_point).collect())
    };
    let margins = linear.iter().flat_map(|point| point.margins.clone());
    let growth = names(&|point, mode| growth_name(point.growth(mode, marginal)));
    let kind = names(&|point, mode| kind_name(point.eigenvalues[mode]));
    let time_constant = values(&|x| linearization::time_constant(x, dt))?;
    Ok(Map::from([
        ("re".into(), values(&|x| x[0])?),
        ("im".into(), values(&|x| x[1])?),
        ("right".into(), vector_map(linear, s, |point| &point.right)?),
        ("left".into(), vector_map(linear, s, |point| &point.left)?),
        ("growth".into(), growth),
        ("kind".into(), kind),
        ("margin".into(), tensor_value(margins.collect(), &[k, s])?),
        ("time_constant".into(), time_constant),
        ("period".into(), values(&|x| linearization::period(x, dt))?),
    ]))
}

/// The properties of each point: one value per point, [k].
fn point_map(linear: &[Linearization], marginal: Option<f64>) -> Result<Map> {
    let values = |value: &dyn Fn(&Linearization) -> f64| {
        tensor_value(linear.iter().map(value).collect(), &[linear.len()])
    };
    let flags =
        |flag: &dyn Fn(&Linearization) -> bool| values(&|point| f64::from(u8::from(flag(point))));
    let unstable = values(&|point| point.growing(marginal).len() as f64)?;
    Ok(Map::from([
        ("unstable".into(), unstable),
        ("slowest".into(), values(&|point| point.slowest() as f64)?),
        ("condition".into(), values(&|point| point.condition)?),
        ("defective".into(), flags(&|point| point.defective)?),
        ("repeated".into(), flags(&|point| point.repeated)?),
    ]))
}

/// Eigenvectors [k, s, s] as a map of `re` and `im`; NaN where they do not exist.
fn vector_map(
    linear: &[Linearization],
    s: usize,
    vectors: fn(&Linearization) -> &[Complex],
) -> Result<Value> {
    let part = |part: usize| -> Result<Value> {
        let mut values = Vec::with_capacity(linear.len() * s * s);
        for point in linear {
            values.extend(vectors(point).iter().map(|x| x[part]));
            values.resize(values.len().next_multiple_of(s * s), f64::NAN);
            if vectors(point).is_empty() {
                values.extend(std::iter::repeat_n(f64::NAN, s * s));
            }
        }
        tensor_value(values, &[linear.len(), s, s])
    };
    Ok(Value::Map(Map::from([
        ("re".into(), part(0)?),
        ("im".into(), part(1)?),
    ])))
}

fn growth_name(growth: Growth) -> &'static str {
    match growth {
        Growth::Growing => "growing",
        Growth::Decaying => "decaying",
        Growth::Marginal => "marginal",
    }
}

fn kind_name(eigenvalue: Complex) -> &'static str {
    match mode_kind(eigenvalue) {
        ModeKind::Monotonic => "monotonic",
        ModeKind::Alternating => "alternating",
        ModeKind::Oscillatory => "oscillatory",
    }
}
