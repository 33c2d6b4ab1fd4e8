//! Script function `fixed_points::find`: the search for fixed points.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use super::FixedPoints;
use super::search::Search;
use super::warnings::Findings;
use crate::analysis::fixed_points::{Adam, Candidates, Newton, SearchResult};
use crate::api::context::Context;
use crate::api::convert::New;
use crate::api::diagnostic::Diagnostic;
use crate::api::options::CallOptions;
use crate::api::rnn::Net;
use crate::api::train::Watched;
use crate::base::options::Span;
use crate::base::{Error, Result};
use crate::nn::Network;
use crate::optim::{Adam as AdamRule, Optimizer, Schedule};
use crate::random::{Key, Seed};
use crate::tensor::{DType, Tensor, convert};
use crate::{choices, options};

/// Name of the function in error messages.
const OF: &str = "fixed_points::find";
/// Default maximum number of interpolated candidates.
const BETWEEN: usize = 1024;
/// Default maximum number of iterations of `newton` and `adam`.
const STEPS: [usize; 2] = [200, 10_000];

choices! {
    /// Search method.
    pub enum Method {
        /// Damped Newton's method with exact Jacobians.
        #[default]
        Newton = "newton",
        /// Gradient descent with Adam on the mean error of all candidates, as in the notebooks.
        Adam = "adam",
    }
}

options! {
    /// Options of `fixed_points::find`.
    pub struct Find for "fixed_points::find" {
        /// Initial states, [c, s], for example the hidden states of a run, [b, t, s].
        candidates: Option<Tensor> = None;
        /// Number of candidates, drawn without replacement. Default: all candidates.
        count: Option<usize> = None, in Span::at_least(1.0);
        /// Number of additional candidates, interpolated at random between pairs of candidates:
        /// saddles often lie between the states that a network visits. Default: for `newton` the
        /// number of candidates, at most 1024; for `adam` 0.
        interpolated: Option<usize> = None;
        /// Standard deviation of the Gaussian noise added to the candidates.
        noise: f64 = 0.0, in Span::at_least(0.0);
        /// Constant input: [i] for all candidates, or [c, i] per candidate. Default: 0.
        input: Option<Tensor> = None;
        /// Search method.
        method: Method = Method::Newton;
        /// Tolerance: a candidate stops when its error, the mean over the state of (F - h)^2, is at
        /// most this value. Default: 1e-12 times the square of the largest |F| or |h| over the
        /// candidates, whichever is smaller, so that the result does not depend on the unit of the
        /// states; for states far from 0, of their deviations from the mean of the candidates. If
        /// set, slow points within the tolerance are retained.
        tolerance: Option<f64> = None, in Span::at_least(0.0);
        /// Continue `newton` to the limit of rounding, also along slow directions: approximate
        /// fixed points on a line then converge to the few exact ones. The parameters are taken as
        /// exact; without `polish`, those of an f32 network are known to the resolution of f32, and
        /// a line or ring that they do not resolve is one set.
        polish: bool = false;
        /// Maximum number of iterations per candidate: Jacobian evaluations for `newton` (default
        /// 200), updates for `adam` (default 10000).
        max_iters: Option<usize> = None;
        /// Optimizer of `adam`. The default learning rate and epsilon are those of the notebooks.
        optimizer: Optimizer = notebook();
        /// Final states closer together than this distance are merged into the one with the lowest
        /// error. Default: final states are merged if their position bounds overlap; points with an
        /// undetermined position, as on a line of fixed points, are merged within a thousandth of
        /// the RMS distance of the candidates from their mean.
        unique_distance: Option<f64> = None, in Span::at_least(0.0);
        /// Points further from the mean of the candidates than this multiple of the RMS distance of
        /// the candidates from their mean are excluded. Default: no point is excluded.
        outlier_distance: Option<f64> = None, in Span::at_least(0.0);
        /// Retain all slow points: local minima of q above the tolerance, and final states within
        /// it that have no fixed point nearby. By default the latter are retained only if
        /// `tolerance` is set.
        keep_slow: bool = false;
        /// Seed of the random selection of candidates and of their noise.
        seed: Seed = Seed::default();
    }
}

fn notebook() -> Optimizer {
    Optimizer::Adam(AdamRule {
        lr: Schedule::Exponential {
            lr: 0.2,
            decay: 0.9999,
        },
        epsilon: 1e-5,
        ..AdamRule::default()
    })
}

crate::natives! {
    /// Fixed points of networks: search, linear stability analysis and transitions.
    module "fixed_points";

    /// Searches for fixed points of a network under a constant input, F(h, x) = h, from many
    /// candidates, and returns the points.
    ///
    /// `newton` applies damped Newton's method with exact Jacobians to each candidate
    /// independently, in single precision first and in double precision at the end. It takes
    /// minimum-norm steps, so that on a line of approximate fixed points a candidate converges to
    /// the nearest one. `adam`, the method of the notebooks, minimizes the mean error of all
    /// candidates together, in the dtype of the network.
    ///
    /// Each final state within the tolerance is refined to a nearby fixed point by Newton's method.
    /// If one exists, the candidate is labelled converged: the point is that fixed point,
    /// `position_error` bounds its distance to the exact one, and points whose bounds overlap are
    /// merged. If none exists nearby, the final state is labelled a slow point, whatever its error.
    /// Final states of `newton` at a local minimum of q = 1/2 |F - h|^2 above the tolerance are
    /// slow points too. All other candidates failed. If `unique_distance` and `tolerance` are set without
    /// `polish`, final states are not moved to their fixed points. The printed summary shows the
    /// number of candidates at each stage, the number excluded by each option, and an estimate of
    /// the number of fixed points in the basins that the candidates reach (Chao 1984). `warnings`
    /// lists the reasons why the search may be incomplete.
    ///
    /// > let net = rnn::vanilla(#{ units: 2, dtype: "f64" });
    /// > net.load_params(#{ wR: [[2.0, 0.0], [0.0, 0.5]], bR: [0.0, 0.0] });
    /// > let h = random::normal(random::key(0), [50, 2]);
    /// > let points = fixed_points::find(net, #{ candidates: h, polish: true });
    /// > points.count()
    /// = 3
    fn find(cx: &Context, network: Rc<Net>, options: CallOptions<Find>) -> New<FixedPoints> {
        let network = network.0.borrow().clone();
        let explicit = [options.is_set("tolerance"), options.is_set("keep_slow")];
        let options = options.into_inner();
        finite(&network)?;
        let from = candidates(cx, &network, &options)?;
        let search = Search::new(&network, &from, &options, &explicit)?;
        let mut result = run(cx, &network, &from, (&options, &search))?;
        let step_map = &mut *network.step_map()?;
        let points = search.filter.points((step_map, &search.refinement), &from, &mut result)?;
        let findings = Findings::new(&network, &from, (&options, &search), (&points, &result))?;
        Ok(New(FixedPoints {
            result: Some(Rc::new(result)),
            findings: Rc::new(findings),
            ..FixedPoints::new(points, Some(network))
        }))
    }
}

/// The initial states of the search.
///
/// Errors: `Missing` without candidates; `Shape` if they do not match the network
fn candidates(cx: &Context, network: &Network, options: &Find) -> Result<Candidates, Diagnostic> {
    let Some(states) = &options.candidates else {
        let doc = "states to begin from, such as `net.run(x).states`".into();
        let (of, name) = (OF, "candidates");
        return Err(Error::Missing { of, name, doc }.into());
    };
    let (s, i) = (network.state(), network.inputs());
    if states.rank() < 2 || states.dims().last() != Some(&s) {
        return Err(shape_error("candidates", format!("[.., {s}]"), states).into());
    }
    let states = convert::to_f64(states)?;
    let all = states.len() / s.max(1);
    let x = match &options.input {
        None => vec![0.0; all * i],
        Some(input) if input.dims() == [i] => convert::to_f64(input)?.repeat(all),
        Some(input) if input.elem_count() == all * i && input.dims().last() == Some(&i) => {
            convert::to_f64(input)?
        }
        Some(input) => {
            return Err(shape_error("input", format!("[{i}] or [{all}, {i}]"), input).into());
        }
    };
    let mut from = Candidates {
        state: s,
        inputs: i,
        states,
        x,
    };
    from.validate()?;
    let (given, between) = (from.count(), options.interpolated.unwrap_or(BETWEEN));
    let shape = [given.saturating_add(between), s.max(i), 8];
    let sizes = [("candidates", given), ("interpolated", between)];
    cx.check_option_memory(OF, &sizes, &shape, DType::F64)?;
    draw(&mut from, options);
    Ok(from)
}

fn shape_error(what: &'static str, expected: String, found: &Tensor) -> Error {
    Error::Shape {
        op: OF,
        what,
        expected,
        found: found.dims().to_vec(),
    }
}

/// Selects candidates, then adds interpolated ones and noise.
fn draw(from: &mut Candidates, options: &Find) {
    let key = options.seed.key();
    let [choice, between, noise] = key.split_array();
    let (s, i, all) = (from.state, from.inputs, from.count());
    if let Some(count) = options.count.filter(|count| *count < all) {
        let mut rows = choice.permutation(all);
        rows.truncate(count);
        rows.sort_unstable();
        let take = |numbers: &[f64], width: usize| -> Vec<f64> {
            let rows = rows.iter();
            rows.flat_map(|row| numbers[row * width..][..width].to_vec())
                .collect()
        };
        (from.states, from.x) = (take(&from.states, s), take(&from.x, i));
    }
    let most = match options.method {
        Method::Newton => from.count().min(BETWEEN),
        Method::Adam => 0,
    };
    mix(from, options.interpolated.unwrap_or(most), &between);
    if options.noise > 0.0 {
        let mut drawn = vec![0.0; from.states.len()];
        noise.fill_normal(&mut drawn);
        for (h, x) in from.states.iter_mut().zip(drawn) {
            *h += options.noise * x;
        }
    }
}

/// Adds `count` candidates, each interpolated between two others, with the input of the first.
fn mix(from: &mut Candidates, count: usize, key: &Key) {
    let (s, i, all) = (from.state, from.inputs, from.count());
    let [pair_key, part_key] = key.split_array();
    let mut pairs = vec![0; 2 * count];
    pair_key.fill_integers(0, all as i32, &mut pairs);
    let mut parts = vec![0.0; count];
    part_key.fill_uniform(0.0, 1.0, &mut parts);
    for (pair, part) in pairs.chunks_exact(2).zip(parts) {
        let [a, b] = [pair[0] as usize, pair[1] as usize];
        for k in 0..s {
            let (a, b) = (from.states[a * s + k], from.states[b * s + k]);
            from.states.push(a + part * (b - a));
        }
        from.x.extend_from_within(a * i..(a + 1) * i);
    }
}

/// Errors: `NotFinite` for the first parameter that is not finite
fn finite(network: &Network) -> Result<()> {
    for block in network.layout().blocks() {
        let values = convert::to_f64(&network.parameter(&block.name)?)?;
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            return Err(Error::NotFinite {
                of: OF,
                what: format!("a value of parameter `{}` of the network", block.name),
                found: values[index],
                index,
            });
        }
    }
    Ok(())
}

/// Runs the search from all candidates.
fn run(
    cx: &Context,
    network: &Network,
    from: &Candidates,
    (options, search): (&Find, &Search),
) -> Result<SearchResult, Diagnostic> {
    let mut progress = Watched::new(cx, OF);
    let steps = |method: usize| options.max_iters.unwrap_or(STEPS[method]);
    let tolerance = search.filter.search_tolerance;
    let result = match options.method {
        Method::Newton => {
            let newton = Newton {
                tolerance,
                polish: options.polish,
                max_iters: steps(0),
                unique_distance: options.unique_distance.unwrap_or(search.filter.resolution),
                scale: search.scale.size,
                offset: search.scale.offset,
                cutoff: 0.0,
            };
            let (mut single, mut double) = (network.step_map()?, network.step_map()?);
            newton.search(&mut *single, &mut *double, from, &mut progress)
        }
        Method::Adam => {
            let adam = Adam {
                tolerance,
                max_iters: steps(1),
                optimizer: options.optimizer.clone(),
            };
            match network.dtype() {
                DType::F64 => adam.search::<f64>(&mut *network.step_map()?, from, &mut progress),
                _ => adam.search::<f32>(&mut *network.step_map()?, from, &mut progress),
            }
        }
    }?;
    // The interrupt applied to this search only and has been handled.
    cx.interrupt.store(false, Ordering::Relaxed);
    Ok(result)
}
