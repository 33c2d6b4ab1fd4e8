//! Sets of fixed points (isolated points and continua) and the completeness of a search.

use std::rc::Rc;

use super::points::FixedPoints;
use super::precision::parameter_resolution;
use crate::analysis::fixed_points::{
    CountEstimate, Set, discovery_curve, sets as find_sets, singletons,
};
use crate::api::diagnostic::Diagnostic;
use crate::api::value::{Map, Value};
use crate::base::Result;
use crate::tensor::{DType, convert};

/// The scope of the estimate.
const SCOPE: &str = "basins that these candidates reach";

crate::natives! {
    /// Fixed points of networks: search, linear stability analysis and transitions.
    module "fixed_points";

    /// Returns the sets that the points form, as a list of maps: `points`, the indices of its
    /// points; `dimension`, 0 for an isolated point, 1 for a line or ring of fixed points, 2 for a
    /// surface; `extent`, the largest distance between two of its points; and `hits`, its number of
    /// candidates. Neighbouring points belong to one set if the network is as slow between them as
    /// at them; in an f32 network, if the resolution of f32 does not determine where between them
    /// the fixed point is. Points from a file are isolated until `with_network`
    /// assigns their network.
    ///
    /// > let net = rnn::vanilla(#{ units: 3, gain: 0.5 });
    /// > let h = zeros([2, 3]) + 0.1;
    /// > fixed_points::find(net, #{ candidates: h }).sets()
    /// = [{dimension: 0, extent: 0.0, hits: 4, points: [0]}]
    fn sets(this: Rc<FixedPoints>) -> Vec<Value> {
        let set_map = |set: &Set| {
            let members = set.members.iter();
            let hits: usize = members.clone().map(|index| this.points.points[*index].hits).sum();
            let indices = members.map(|index| Value::Int(*index as i64)).collect();
            Value::Map(Map::from([
                ("points".into(), Value::List(indices)),
                ("dimension".into(), Value::Int(set.dimension as i64)),
                ("extent".into(), Value::Float(set.extent)),
                ("hits".into(), Value::Int(hits as i64)),
            ]))
        };
        Ok(this.sets()?.iter().map(set_map).collect())
    }

    /// Estimates the completeness of the search and returns a map about isolated points: `seen`,
    /// the number found; `once` and `twice`, the number found by exactly one and by exactly two
    /// candidates; `estimate`, a lower bound on the total number (Chao 1984); and its `basis`, the
    /// basins that these candidates reach: it does not cover other regions. The estimate is NaN if
    /// all candidates come from one small region or if no point is isolated. `missing` is the
    /// minimum number of fixed points that exist but were not found (for a bounded network the
    /// indices sign det(1 - J) of all fixed points sum to 1); the estimate includes them.
    /// `continua` is the number of sets of higher dimension, which contain infinitely many points.
    /// The discovery curve is `found`, the expected number of isolated points found by `sizes`
    /// random candidates.
    ///
    /// > let net = rnn::vanilla(#{ units: 2, dtype: "f64" });
    /// > net.load_params(#{ wR: [[2.0, 0.0], [0.0, 0.5]], bR: [0.0, 0.0] });
    /// > let h = random::normal(random::key(0), [50, 2]);
    /// > let estimate = fixed_points::find(net, #{ candidates: h }).completeness();
    /// > [estimate.seen, estimate.missing, estimate.basis]
    /// = [3, 0, "basins that these candidates reach"]
    fn completeness(this: Rc<FixedPoints>) -> Map {
        /// Maximum number of points on the discovery curve.
        const MAX_POINTS: usize = 100;
        let completeness = this.completeness()?;
        let Completeness { count, continua, hits } = &completeness;
        let total: usize = hits.iter().sum();
        let sizes = (1..=MAX_POINTS).map(|k| (k * total).div_ceil(MAX_POINTS));
        let mut sizes: Vec<usize> = sizes.collect();
        sizes.dedup();
        let found = discovery_curve(hits, &sizes);
        let vector = |values: Vec<f64>| -> Result<Value> {
            let shape = [values.len()];
            Ok(Value::Tensor(convert::from_f64(values, &shape, DType::F64)?))
        };
        Ok(Map::from([
            ("seen".into(), Value::Int(count.observed as i64)),
            ("once".into(), Value::Int(count.singletons as i64)),
            ("twice".into(), Value::Int(count.doubletons as i64)),
            ("estimate".into(), Value::Float(count.estimate)),
            ("basis".into(), Value::Text(SCOPE.into())),
            ("missing".into(), Value::Int(this.findings.missing as i64)),
            ("continua".into(), Value::Int(*continua as i64)),
            ("sizes".into(), vector(sizes.iter().map(|m| *m as f64).collect())?),
            ("found".into(), vector(found)?),
        ]))
    }
}

/// Completeness of a search.
pub struct Completeness {
    /// The estimate for isolated points; NaN if it is undefined.
    pub count: CountEstimate,
    /// Number of sets that are not isolated points.
    pub continua: usize,
    /// Number of candidates that converged to each isolated point.
    hits: Vec<usize>,
}

impl FixedPoints {
    /// The sets that the points form.
    ///
    /// Errors: those of the step map
    pub fn sets(&self) -> Result<&[Set], Diagnostic> {
        if let Some(sets) = self.sets.get() {
            return Ok(sets);
        }
        let sets = match &self.network {
            Some(network) => find_sets(
                &mut *network.step_map()?,
                &self.points,
                parameter_resolution(network),
            )?,
            None => singletons(&self.points),
        };
        Ok(self.sets.get_or_init(|| sets))
    }

    /// Errors: those of the step map
    pub fn completeness(&self) -> Result<Completeness, Diagnostic> {
        let sets = self.sets()?;
        let isolated = sets.iter().filter(|set| set.dimension == 0);
        let hits = isolated.map(|set| {
            let members = set.members.iter();
            members.map(|index| self.points.points[*index].hits).sum()
        });
        let hits: Vec<usize> = hits.collect();
        let mut count = CountEstimate::new(&hits);
        count.estimate = match self.findings.one_region || hits.is_empty() {
            true => f64::NAN,
            false => count
                .estimate
                .max((count.observed + self.findings.missing) as f64),
        };
        let continua = sets.len() - hits.len();
        Ok(Completeness {
            count,
            continua,
            hits,
        })
    }

    /// One line with the estimate and its basis.
    pub fn estimate_line(&self) -> Result<String, Diagnostic> {
        let Completeness {
            count, continua, ..
        } = self.completeness()?;
        let CountEstimate {
            observed,
            singletons,
            estimate,
            ..
        } = count;
        if observed == 0 {
            return Ok(format!("  isolated points: none; continua: {continua}"));
        }
        if estimate.is_nan() {
            return Ok(format!(
                "  {SCOPE}: {observed}; no estimate of others is possible from these candidates"
            ));
        }
        Ok(format!(
            "  {SCOPE}: about {estimate:.0} or more isolated points; {singletons} of {observed} \
             were found by one candidate only"
        ))
    }
}
