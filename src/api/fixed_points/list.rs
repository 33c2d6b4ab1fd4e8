//! Fixed points as a list: properties, selection and sorting.

use std::rc::Rc;

use super::points::FixedPoints;
use crate::analysis::fixed_points::Point;
use crate::api::convert::{ExactTensor, New};
use crate::api::diagnostic::Diagnostic;
use crate::api::value::{Function, Map, Value};
use crate::base::{Error, Result};
use crate::tensor::{DType, Tensor, convert};

crate::natives! {
    /// Fixed points of networks: search, linear stability analysis and transitions.
    module "fixed_points";

    /// Returns the number of points.
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > fixed_points::find(net, #{ candidates: h }).count()
    /// = 1
    fn count(this: Rc<FixedPoints>) -> usize { Ok(this.points.points.len()) }

    /// Returns the states of the points, [k, s].
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > fixed_points::find(net, #{ candidates: h }).states().shape()
    /// = [1, 3]
    fn states(this: Rc<FixedPoints>) -> Tensor {
        let points = &this.points;
        Ok(convert::from_f64(points.states(), &[points.points.len(), points.state], DType::F64)?)
    }

    /// Returns the constant inputs of the points, [k, i].
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > fixed_points::find(net, #{ candidates: h, input: [0.5] }).inputs().to_list()
    /// = [[0.5]]
    fn inputs(this: Rc<FixedPoints>) -> Tensor {
        let points = &this.points;
        let shape = [points.points.len(), points.inputs];
        Ok(convert::from_f64(points.all_inputs(), &shape, DType::F64)?)
    }

    /// Returns q = 1/2 |F - h|^2 of each point, [k].
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > let points = fixed_points::find(net, #{ candidates: h, polish: true });
    /// > points.q().max().item() < 1e-24
    /// = true
    fn q(this: Rc<FixedPoints>) -> Tensor { column(&this, Point::q) }

    /// Returns the error of each point, the mean over the state of (F - h)^2, [k]. `tolerance` is
    /// compared with this value.
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > fixed_points::find(net, #{ candidates: h }).error().max().item() < 1e-12
    /// = true
    fn error(this: Rc<FixedPoints>) -> Tensor { column(&this, |point| point.error) }

    /// Returns the speed |F - h| of each point, the distance the state moves in one time step, [k].
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > fixed_points::find(net, #{ candidates: h }).speed().max().item() < 1e-5
    /// = true
    fn speed(this: Rc<FixedPoints>) -> Tensor { column(&this, Point::speed) }

    /// Returns an upper bound on the distance from each point to the exact fixed point, |(J -
    /// 1)^-1| times the residual and its rounding, [k]. It is infinite if J - 1 is singular to the
    /// resolution of the parameters, as along a line of fixed points, and for slow points, which
    /// have no fixed point nearby. It is NaN if unknown, for points from a file of an earlier
    /// version.
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > fixed_points::find(net, #{ candidates: h }).position_error().max().item() < 1e-12
    /// = true
    fn position_error(this: Rc<FixedPoints>) -> Tensor {
        column(&this, |point| point.position_error)
    }

    /// Returns 1 for each point that is closer to another point than its position bound, otherwise
    /// 0, [k]. The two may be the same fixed point, or belong to a continuum (see `sets`).
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > fixed_points::find(net, #{ candidates: h }).unresolved().to_list()
    /// = [0.0]
    fn unresolved(this: Rc<FixedPoints>) -> Tensor {
        let flags = this.points.unresolved();
        let flags: Vec<f64> = flags.into_iter().map(|flag| f64::from(u8::from(flag))).collect();
        let shape = [flags.len()];
        Ok(convert::from_f64(flags, &shape, DType::F64)?)
    }

    /// Returns the warnings of the search, a list of sentences about why it may be incomplete or
    /// its points doubtful: an interrupt, all candidates from one small region, fixed points that
    /// must exist but were not found, a nearly continuous set without fixed points, continua, and
    /// points that are not resolved. The printed summary includes them.
    ///
    /// > let net = rnn::vanilla(#{ units: 2, dtype: "f64" });
    /// > net.load_params(#{ wR: [[2.0, 0.0], [0.0, 0.5]], bR: [0.0, 0.0] });
    /// > let h = random::normal(random::key(0), [50, 2]);
    /// > fixed_points::find(net, #{ candidates: h }).warnings()
    /// = []
    fn warnings(this: Rc<FixedPoints>) -> Vec<String> { this.warnings() }

    /// Returns the number of candidates that converged to each point, [k].
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > fixed_points::find(net, #{ candidates: h }).hits().to_list()
    /// = [4.0]
    fn hits(this: Rc<FixedPoints>) -> Tensor { column(&this, |point| point.hits as f64) }

    /// Returns the index of the candidate that found each point, [k].
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > fixed_points::find(net, #{ candidates: h }).candidates().to_list()
    /// = [0.0]
    fn candidates(this: Rc<FixedPoints>) -> Tensor {
        column(&this, |point| point.candidate as f64)
    }

    /// Returns one point as a map: `state`, `input`, `q`, `speed`, `error`, `label`,
    /// `position_error`, `steps`, `candidate` and `hits`. `points[0]` is equivalent. Negative
    /// indices count from the end.
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > let points = fixed_points::find(net, #{ candidates: h });
    /// > [points.at(0).label, points[0].label]
    /// = ["converged", "converged"]
    fn at(this: Rc<FixedPoints>, index: i64) -> Map {
        let count = this.points.points.len();
        let from_end = if index < 0 { count as i64 } else { 0 };
        let row = usize::try_from(index + from_end).ok();
        match row.and_then(|row| this.points.points.get(row)) {
            Some(point) => point_map(point),
            None => Err(index_error(index, count).into()),
        }
    }

    /// Returns the points at the given indices, in that order. The indices are a list or a vector,
    /// for example of `argsort`.
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > fixed_points::find(net, #{ candidates: h }).take([0, 0]).count()
    /// = 2
    fn take(this: Rc<FixedPoints>, indices: Vec<usize>) -> New<FixedPoints> {
        let count = this.points.points.len();
        match indices.iter().find(|index| **index >= count) {
            Some(index) => Err(index_error(*index as i64, count).into()),
            None => Ok(New(this.with_points(this.points.select(&indices)))),
        }
    }

    /// Returns the points for which a closure returns true. The argument of the closure is the map
    /// of `at`.
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > let points = fixed_points::find(net, #{ candidates: h });
    /// > points.filter(|point| point.speed > 1.0).count()
    /// = 0
    fn filter(this: Rc<FixedPoints>, predicate: Function) -> New<FixedPoints> {
        let mut indices = Vec::new();
        for (index, point) in this.points.points.iter().enumerate() {
            match predicate.call(vec![Value::Map(point_map(point)?)])? {
                Value::Bool(true) => indices.push(index),
                Value::Bool(false) => {}
                other => return Err(result_error("filter", "a boolean", &other, &predicate)),
            }
        }
        Ok(New(this.with_points(this.points.select(&indices))))
    }

    /// Returns the points sorted in increasing order of the number that a closure returns. The
    /// argument of the closure is the map of `at`.
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > let points = fixed_points::find(net, #{ candidates: h });
    /// > points.sort_by(|point| point.hits).count()
    /// = 1
    fn sort_by(this: Rc<FixedPoints>, number: Function) -> New<FixedPoints> {
        let mut keyed = Vec::new();
        for (index, point) in this.points.points.iter().enumerate() {
            let value = number.call(vec![Value::Map(point_map(point)?)])?;
            match crate::api::convert::as_number(&value) {
                Some(x) => keyed.push((x, index)),
                None => return Err(result_error("sort_by", "a number", &value, &number)),
            }
        }
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        let indices: Vec<usize> = keyed.into_iter().map(|(_, index)| index).collect();
        Ok(New(this.with_points(this.points.select(&indices))))
    }

    /// Returns the points of both lists, concatenated. Both must have the same state and input
    /// sizes; the result has the network of the first.
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > let points = fixed_points::find(net, #{ candidates: h });
    /// > points.concat(points).count()
    /// = 2
    fn concat(this: Rc<FixedPoints>, other: Rc<FixedPoints>) -> New<FixedPoints> {
        let (a, b) = (&this.points, &other.points);
        if [a.state, a.inputs] != [b.state, b.inputs] {
            let op = "fixed_points.concat";
            let expected = format!("states of {} and inputs of {}", a.state, a.inputs);
            let found = vec![b.state, b.inputs];
            return Err(Error::Shape { op, what: "points", expected, found }.into());
        }
        Ok(New(this.with_points(a.with_points([a.points.clone(), b.points.clone()].concat()))))
    }

    /// Returns the points without duplicates: of points closer together than `distance`, the one
    /// with the lowest error, with the sum of their hits.
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > let points = fixed_points::find(net, #{ candidates: h });
    /// > points.concat(points).unique(0.01).count()
    /// = 1
    fn unique(this: Rc<FixedPoints>, distance: f64) -> New<FixedPoints> {
        Ok(New(this.with_points(this.points.unique(distance))))
    }

    /// Returns whether any point is closer than `distance` to a state, [s].
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > let points = fixed_points::find(net, #{ candidates: h });
    /// > [points.contains(zeros([3]), 0.01), points.contains(ones([3]), 0.01)]
    /// = [true, false]
    fn contains(this: Rc<FixedPoints>, state: ExactTensor, distance: f64) -> bool {
        let s = this.points.state;
        if state.dims() != [s] {
            let (op, what) = ("fixed_points.contains", "the state");
            let (expected, found) = (format!("[{s}]"), state.dims().to_vec());
            return Err(Error::Shape { op, what, expected, found }.into());
        }
        let state = convert::to_f64(&state)?;
        Ok(this.points.points.iter().any(|point| point.is_within(&state, distance)))
    }

    /// Returns the final states of all candidates of the search as a map: `states` [c, s], `error`
    /// [c], `steps` [c], the number of updates, and `labels`, a list of converged, slow point and
    /// failed. Only points that come directly from `find` have them.
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > let points = fixed_points::find(net, #{ candidates: h, interpolated: 0 });
    /// > points.candidate_report().labels
    /// = ["converged", "converged"]
    fn candidate_report(this: Rc<FixedPoints>) -> Map {
        let Some(result) = &this.result else {
            return Err(record_error("fixed_points.candidate_report", &this));
        };
        let (c, s) = (result.errors.len(), this.points.state);
        let steps = result.steps.iter().map(|n| *n as f64).collect();
        let labels = result.labels.iter().map(|label| Value::Text(label.name().into()));
        let tensor = |values: Vec<f64>, shape: &[usize]| -> Result<Value> {
            Ok(Value::Tensor(convert::from_f64(values, shape, DType::F64)?))
        };
        Ok(Map::from([
            ("states".into(), tensor(result.states.clone(), &[c, s])?),
            ("error".into(), tensor(result.errors.clone(), &[c])?),
            ("steps".into(), tensor(steps, &[c])?),
            ("labels".into(), Value::List(labels.collect())),
        ]))
    }

    /// Returns the number of candidates and points at each stage of the search as a map:
    /// `candidates`; the candidates that `converged`, are `slow` or `failed`, and all that are
    /// `within_tolerance`; the `unique` points, and the number of those that are retained, `near`.
    /// Exclusions are counted separately: `slow_excluded`, slow points excluded without
    /// `keep_slow`, and `outliers`, points excluded by `outlier_distance`. `unreachable` counts the
    /// final states beyond the bound of all fixed points, if the cell has one (|h| <= 1 for a GRU),
    /// without a fixed point nearby.
    /// Only points that come directly from `find` have this record.
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > let counts = fixed_points::find(net, #{ candidates: h }).counts();
    /// > [counts.candidates, counts.converged, counts.unique, counts.outliers]
    /// = [4, 4, 1, 0]
    fn counts(this: Rc<FixedPoints>) -> Map {
        let Some(counts) = this.points.counts else {
            return Err(record_error("fixed_points.counts", &this));
        };
        let all = [
            ("candidates", counts.candidates),
            ("converged", counts.converged),
            ("slow", counts.slow),
            ("failed", counts.failed),
            ("within_tolerance", counts.within_tolerance),
            ("unique", counts.unique),
            ("near", counts.near_candidates),
            ("slow_excluded", counts.slow_excluded),
            ("unreachable", counts.unreachable),
            ("outliers", counts.unique - counts.near_candidates),
        ];
        Ok(all.map(|(name, n)| (name.to_string(), Value::Int(n as i64))).into())
    }
}

/// The error for points without a record of their search.
fn record_error(of: &str, points: &FixedPoints) -> Diagnostic {
    let reason = match points.from_file {
        true => "the file of these points has no record of their search",
        false => "selected or concatenated points have no record of their search",
    };
    let hint = "call it on the points that `fixed_points::find` returns";
    Diagnostic::new(format!("{of}: {reason}")).hint(hint)
}

/// A vector with one value per point.
fn column(of: &FixedPoints, value: impl Fn(&Point) -> f64) -> Result<Tensor, Diagnostic> {
    let values: Vec<f64> = of.points.points.iter().map(value).collect();
    let shape = [values.len()];
    Ok(convert::from_f64(values, &shape, DType::F64)?)
}

/// Converts a point to a map.
fn point_map(point: &Point) -> Result<Map, Diagnostic> {
    let vector = |values: &[f64]| -> Result<Value> {
        let shape = [values.len()];
        Ok(Value::Tensor(convert::from_f64(
            values.to_vec(),
            &shape,
            DType::F64,
        )?))
    };
    Ok(Map::from([
        ("state".into(), vector(&point.state)?),
        ("input".into(), vector(&point.input)?),
        ("q".into(), Value::Float(point.q())),
        ("speed".into(), Value::Float(point.speed())),
        ("error".into(), Value::Float(point.error)),
        ("label".into(), Value::Text(point.label.name().into())),
        ("position_error".into(), Value::Float(point.position_error)),
        ("steps".into(), Value::Int(point.steps as i64)),
        ("candidate".into(), Value::Int(point.candidate as i64)),
        ("hits".into(), Value::Int(point.hits as i64)),
    ]))
}

/// The error for an index without a point.
fn index_error(index: i64, count: usize) -> Error {
    Error::Range {
        of: "fixed points".into(),
        name: "index".into(),
        expected: format!("from -{count} to below {count}, the number of points"),
        found: index.to_string(),
    }
}

/// The error for a closure result of the wrong type.
fn result_error(method: &str, expected: &str, found: &Value, closure: &Function) -> Diagnostic {
    let error = Error::Kind {
        of: format!("fixed_points.{method}: the closure"),
        expected: expected.into(),
        found: found.kind(),
    };
    Diagnostic::from(error).at(closure.location())
}
