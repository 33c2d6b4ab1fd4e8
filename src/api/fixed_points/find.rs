//! Script function `fixed_points::find`: the search for fixed points.

use std::rc::Rc;

use super::options::{FindOptions, Method};
use super::points::{Findings, FixedPoints};
use super::search::SearchSettings;
use crate::analysis::fixed_points::{Adam, Candidates, Newton, SearchResult};
use crate::api::context::Context;
use crate::api::convert::New;
use crate::api::diagnostic::Diagnostic;
use crate::api::options::CallOptions;
use crate::api::rnn::Net;
use crate::api::shape_error::shape_error;
use crate::base::{Error, Result};
use crate::nn::Network;
use crate::random::Key;
use crate::tensor::precision::with_precision;
use crate::tensor::{DType, Tensor, convert};

/// Name of the function in error messages.
const OF: &str = "fixed_points::find";
/// Default maximum number of interpolated candidates.
const MAX_INTERPOLATED: usize = 1024;
/// Default maximum number of iterations of `newton`.
const NEWTON_ITERS: usize = 200;
/// Default maximum number of iterations of `adam`.
const ADAM_ITERS: usize = 10_000;

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
    /// Three measures state how far h is from a fixed point: the speed |F - h|, the distance that
    /// the state moves in one time step; q = 1/2 |F - h|^2; and the error, the mean of (F - h)^2
    /// over the s state variables, which is 2 q / s. `tolerance` is compared with the error.
    ///
    /// A final state with an error of at most `tolerance` is refined to a nearby fixed point by
    /// Newton's method. The candidate then gets one of three labels:
    /// - converged: the refinement reached a fixed point. The point is that fixed point, and
    ///   `position_error` bounds its distance to the exact one; points whose bounds overlap are
    ///   merged.
    /// - slow point: no fixed point is nearby, whatever the error; or `newton` ended at a local
    ///   minimum of q with an error above the tolerance. See `keep_slow`.
    /// - failed: all other candidates; they are excluded.
    ///
    /// If `unique_distance` and `tolerance` are set without `polish`, final states are not moved to
    /// their fixed points. The printed summary
    /// shows the number of candidates at each stage, the number excluded by each option, and an
    /// estimate of the number of fixed points in the basins that the candidates reach (Chao 1984).
    /// `warnings` lists the reasons why the search may be incomplete.
    ///
    /// > let net = rnn::vanilla(#{ units: 2, dtype: "f64" });
    /// > net.load_params(#{ wR: [[2.0, 0.0], [0.0, 0.5]], bR: [0.0, 0.0] });
    /// > let h = random::normal(random::key(0), [50, 2]);
    /// > let points = fixed_points::find(net, #{ candidates: h, polish: true });
    /// > points.count()
    /// = 3
    fn find(cx: &Context, network: Rc<Net>, options: CallOptions<FindOptions>) -> New<FixedPoints> {
        let network = network.0.borrow().clone();
        let explicit = [options.is_set("tolerance"), options.is_set("keep_slow")];
        let options = options.into_inner();
        check_finite(&network)?;
        let candidates = select_candidates(cx, &network, &options)?;
        let settings = SearchSettings::new(&network, &candidates, &options, &explicit)?;
        let mut result = search(cx, &network, &candidates, (&options, &settings))?;
        let step_map = &mut *network.step_map()?;
        let SearchSettings { filter, refinement, .. } = &settings;
        let points = filter.points((step_map, refinement), &candidates, &mut result)?;
        let settings = (&options, &settings);
        let findings = Findings::new(&network, &candidates, settings, (&points, &result))?;
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
fn select_candidates(
    cx: &Context,
    network: &Network,
    options: &FindOptions,
) -> Result<Candidates, Diagnostic> {
    let Some(states) = &options.candidates else {
        let doc = "initial states of the search, such as `net.run(x).states`".into();
        let (of, name) = (OF, "candidates");
        return Err(Error::Missing { of, name, doc }.into());
    };
    let (s, i) = (network.state(), network.inputs());
    if states.rank() < 2 || states.dims().last() != Some(&s) {
        return Err(shape_error(OF, "candidates", format!("[.., {s}]"), states).into());
    }
    let states = convert::to_f64(states)?;
    let all = states.len() / s.max(1);
    let x = candidate_inputs(options.input.as_ref(), all, i)?;
    let mut candidates = Candidates {
        state: s,
        inputs: i,
        states,
        x,
    };
    candidates.validate()?;
    let (count, interpolated) = (
        candidates.count(),
        options.interpolated.unwrap_or(MAX_INTERPOLATED),
    );
    let shape = [count.saturating_add(interpolated), s.max(i), 8];
    let sizes = [("candidates", count), ("interpolated", interpolated)];
    cx.check_option_memory(OF, &sizes, &shape, DType::F64)?;
    sample_candidates(&mut candidates, options);
    Ok(candidates)
}

/// The inputs of all candidates, from [i] or [all, i]; zeros without an input.
///
/// Errors: `Shape` for any other shape
fn candidate_inputs(input: Option<&Tensor>, all: usize, i: usize) -> Result<Vec<f64>> {
    let Some(input) = input else {
        return Ok(vec![0.0; all * i]);
    };
    let values = convert::to_f64(input)?;
    match input.dims() {
        [width] if *width == i => Ok(values.repeat(all)),
        dims if values.len() == all * i && dims.last() == Some(&i) => Ok(values),
        _ => {
            let expected = format!("[{i}] or [{all}, {i}]");
            Err(shape_error(OF, "input", expected, input))
        }
    }
}

/// Selects candidates, then adds interpolated ones and noise.
fn sample_candidates(candidates: &mut Candidates, options: &FindOptions) {
    let key = options.seed.key();
    let [selection_key, interpolation_key, noise_key] = key.split_array();
    let (s, i, all) = (candidates.state, candidates.inputs, candidates.count());
    if let Some(count) = options.count.filter(|count| *count < all) {
        let mut rows = selection_key.permutation(all);
        rows.truncate(count);
        rows.sort_unstable();
        let take = |values: &[f64], width: usize| -> Vec<f64> {
            let rows = rows.iter();
            rows.flat_map(|row| values[row * width..][..width].to_vec())
                .collect()
        };
        candidates.states = take(&candidates.states, s);
        candidates.x = take(&candidates.x, i);
    }
    let default = match options.method {
        Method::Newton => candidates.count().min(MAX_INTERPOLATED),
        Method::Adam => 0,
    };
    let count = options.interpolated.unwrap_or(default);
    interpolate(candidates, count, &interpolation_key);
    if options.noise > 0.0 {
        let mut noise = vec![0.0; candidates.states.len()];
        noise_key.fill_normal(&mut noise);
        for (h, x) in candidates.states.iter_mut().zip(noise) {
            *h += options.noise * x;
        }
    }
}

/// Adds `count` candidates, each interpolated between two others, with the input of the first.
fn interpolate(candidates: &mut Candidates, count: usize, key: &Key) {
    let (s, i, all) = (candidates.state, candidates.inputs, candidates.count());
    let [pair_key, weight_key] = key.split_array();
    let mut pairs = vec![0; 2 * count];
    pair_key.fill_integers(0, all as i32, &mut pairs);
    let mut weights = vec![0.0; count];
    weight_key.fill_uniform(0.0, 1.0, &mut weights);
    for (pair, weight) in pairs.chunks_exact(2).zip(weights) {
        let [a, b] = [pair[0] as usize, pair[1] as usize];
        for k in 0..s {
            let states = &mut candidates.states;
            let (a, b) = (states[a * s + k], states[b * s + k]);
            states.push(a + weight * (b - a));
        }
        candidates.x.extend_from_within(a * i..(a + 1) * i);
    }
}

/// Errors: `NotFinite` for the first parameter that is not finite
fn check_finite(network: &Network) -> Result<()> {
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
fn search(
    cx: &Context,
    network: &Network,
    candidates: &Candidates,
    (options, settings): (&FindOptions, &SearchSettings),
) -> Result<SearchResult, Diagnostic> {
    let tolerance = settings.filter.search_tolerance;
    cx.run_stoppable(OF, |progress| {
        Ok(match options.method {
            Method::Newton => {
                let newton = Newton {
                    tolerance,
                    polish: options.polish,
                    max_iters: options.max_iters.unwrap_or(NEWTON_ITERS),
                    unique_distance: options
                        .unique_distance
                        .unwrap_or(settings.filter.resolution),
                    scale: settings.scale.size,
                    offset: settings.scale.offset,
                    cutoff: 0.0,
                };
                let (mut single, mut double) = (network.step_map()?, network.step_map()?);
                newton.search(&mut *single, &mut *double, candidates, progress)?
            }
            Method::Adam => {
                let adam = Adam {
                    tolerance,
                    max_iters: options.max_iters.unwrap_or(ADAM_ITERS),
                    optimizer: options.optimizer.clone(),
                };
                with_precision!(network.precision(), T => {
                    adam.search::<T>(&mut *network.step_map()?, candidates, progress)?
                })
            }
        })
    })
}
