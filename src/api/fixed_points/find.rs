//! The search.

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
use crate::random::{Key, Layout};
use crate::tensor::{DType, Tensor, convert};
use crate::{choices, options};

/// What faults are said to be of.
const OF: &str = "fixed_points::find";
/// Candidates between others at most, where a script does not say.
const BETWEEN: usize = 1024;
/// Updates at most, where a script does not say.
const STEPS: [usize; 2] = [200, 10_000];

choices! {
    /// How fixed points are searched.
    pub enum Method {
        /// Damped Newton steps with exact Jacobians.
        #[default]
        Newton = "newton",
        /// Descent on the mean error of all candidates, as in the notebooks.
        Adam = "adam",
    }
}

options! {
    /// How fixed points are searched.
    pub struct Find for "fixed_points::find" {
        /// States to begin from, [c, s], such as those of a run (then [b, t, s]).
        candidates: Option<Tensor> = None;
        /// How many of the candidates are taken, drawn without replacement; all without it.
        count: Option<usize> = None, in Span::at_least(1.0);
        /// Further candidates on the lines between two of them, drawn at random: saddles lie
        /// between the states that a network dwells at. Without it, for `newton` as many as there
        /// are candidates, 1024 at most; none for `adam`.
        between: Option<usize> = None;
        /// Standard deviation of the noise that is added to the candidates.
        noise: f64 = 0.0, in Span::at_least(0.0);
        /// The constant input: [i] for all candidates, or [c, i]; 0 without it.
        input: Option<Tensor> = None;
        /// The method.
        method: Method = Method::Newton;
        /// Each candidate stops where its error, the mean over the state of (F - h)^2, is this
        /// small. Without it: 1e-12 times the square of the largest |F| over the candidates, so
        /// that the unit of the states does not matter. With it, slow points within it are kept.
        tolerance: Option<f64> = None, in Span::at_least(0.0);
        /// Whether `newton` goes on from there to where rounding ends it, along slow directions
        /// too: a line of nearly fixed points falls together to the few that are.
        polish: bool = false;
        /// At most so many Jacobians of a candidate for `newton`, 200 without it; or updates for
        /// `adam`, 10000 without it.
        steps: Option<usize> = None;
        /// How `adam` moves; the rate and epsilon of the notebooks.
        optimizer: Optimizer = notebook();
        /// Ends nearer to each other than this are one point, the one with the lowest error.
        /// Without it, ends are one point where the bounds of their positions overlap, and points
        /// whose position is not determined, as on a line of fixed points, are one within a
        /// thousandth of the spread of the candidates.
        unique: Option<f64> = None, in Span::at_least(0.0);
        /// Points further from the mean of the candidates than so many spreads are left out.
        /// Without it, none is.
        outlier: Option<f64> = None, in Span::at_least(0.0);
        /// Whether slow points are kept too: local minima of q above the tolerance, and ends
        /// within it that are near no fixed point. Without it, the latter are kept if `tolerance`
        /// is given.
        slow: bool = false;
        /// Seed of what is drawn: the choice of candidates, and their noise.
        seed: usize = 0;
        /// Key of what is drawn, in place of a seed.
        key: Option<Key> = None;
    }
}

fn notebook() -> Optimizer {
    Optimizer::Adam(AdamRule {
        rate: Schedule::Exponential {
            rate: 0.2,
            decay: 0.9999,
        },
        epsilon: 1e-5,
        ..AdamRule::default()
    })
}

crate::natives! {
    /// Fixed points of networks, and of the points all that can be told of them.
    module "fixed_points";

    /// Searches the states that a step under a constant input leaves where they are, from many
    /// candidates at once.
    ///
    /// `newton` takes damped Newton steps with exact Jacobians, each candidate by itself, in single
    /// precision at first and in double precision in the end. A step is the shortest that does as
    /// much, so that a line of nearly fixed points is met where the candidate is nearest to it.
    /// `adam` is the search of the notebooks: descent on the mean error of all candidates together,
    /// in the network's own precision.
    ///
    /// Each end within the tolerance is traced by Newton's method to the fixed point that it stands
    /// for. If there is one, the end has converged: the point is that fixed point, `position_error`
    /// bounds how far the exact one is, and ends whose bounds overlap are one point. If there is
    /// none nearby, the end is a slow point, whatever its error; so are ends of `newton` at a local
    /// minimum of q = 1/2 |F - h|^2 above the tolerance. With `unique`, ends stay where the search
    /// left them. All else failed. The printed summary says how many there were at each stage,
    /// which option left out how many, and how many points the basins that these candidates reach
    /// let one expect (Chao 1984); `warnings` says what makes the search incomplete.
    ///
    /// > let net = rnn::vanilla(#{ units: 2, dtype: "f64" });
    /// > net.load_params(#{ wR: [[2.0, 0.0], [0.0, 0.5]], bR: [0.0, 0.0] });
    /// > let h = random::normal(random::key(0), [50, 2]);
    /// > let points = fixed_points::find(net, #{ candidates: h, polish: true });
    /// > points.count()
    /// = 3
    fn find(cx: &Context, network: Rc<Net>, options: CallOptions<Find>) -> New<FixedPoints> {
        let network = network.0.borrow().clone();
        let given = [options.is_set("tolerance"), options.is_set("slow")];
        let options = options.into_inner();
        finite(&network)?;
        let from = candidates(cx, &network, &options)?;
        let search = Search::new(&network, &from, &options, &given)?;
        let mut ends = searched(cx, &network, &from, (&options, &search))?;
        let flow = &mut *network.step_map()?;
        let points = search.keep.points((flow, &search.tracer), &from, &mut ends)?;
        let findings = Findings::new(&network, &from, &options, &points)?;
        let (ends, findings) = (Some(Rc::new(ends)), Rc::new(findings));
        let sets = Rc::default();
        Ok(New(FixedPoints { points, network: Some(network), ends, findings, sets }))
    }
}

/// Where the search begins.
///
/// Errors: `Missing` without candidates; `Shape` if they do not fit the network
fn candidates(cx: &Context, network: &Network, options: &Find) -> Result<Candidates, Diagnostic> {
    let Some(given) = &options.candidates else {
        let doc = "states to begin from, such as `net.run(x).states`".into();
        let (of, name) = (OF, "candidates");
        return Err(Error::Missing { of, name, doc }.into());
    };
    let (s, i) = (network.state(), network.inputs());
    if given.rank() < 2 || given.dims().last() != Some(&s) {
        return Err(wrong("candidates", format!("[.., {s}]"), given).into());
    }
    let states = convert::to_f64(given)?;
    let all = states.len() / s.max(1);
    let x = match &options.input {
        None => vec![0.0; all * i],
        Some(input) if input.dims() == [i] => convert::to_f64(input)?.repeat(all),
        Some(input) if input.elem_count() == all * i && input.dims().last() == Some(&i) => {
            convert::to_f64(input)?
        }
        Some(input) => {
            return Err(wrong("input", format!("[{i}] or [{all}, {i}]"), input).into());
        }
    };
    let mut from = Candidates {
        state: s,
        inputs: i,
        states,
        x,
    };
    from.validate()?;
    let count = from
        .count()
        .saturating_add(options.between.unwrap_or(BETWEEN));
    cx.check_memory(OF, &[count, s.max(i), 8], DType::F64)?;
    draw(&mut from, options);
    Ok(from)
}

fn wrong(what: &'static str, expected: String, found: &Tensor) -> Error {
    Error::Shape {
        op: OF,
        what,
        expected,
        found: found.dims().to_vec(),
    }
}

/// Takes some of the candidates, and adds noise.
fn draw(from: &mut Candidates, options: &Find) {
    let seed = options.seed as u64;
    let key = options
        .key
        .unwrap_or_else(|| Key::new(seed, Layout::default()));
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
    mix(from, options.between.unwrap_or(most), &between);
    if options.noise > 0.0 {
        let mut drawn = vec![0.0; from.states.len()];
        noise.fill_normal(&mut drawn);
        for (h, x) in from.states.iter_mut().zip(drawn) {
            *h += options.noise * x;
        }
    }
}

/// Adds `count` candidates between two of them, under the input of the first.
fn mix(from: &mut Candidates, count: usize, key: &Key) {
    let (s, i, all) = (from.state, from.inputs, from.count());
    let [ends, places] = key.split_array();
    let mut pairs = vec![0; 2 * count];
    ends.fill_integers(0, all as i32, &mut pairs);
    let mut parts = vec![0.0; count];
    places.fill_uniform(0.0, 1.0, &mut parts);
    for (pair, part) in pairs.chunks_exact(2).zip(parts) {
        let [a, b] = [pair[0] as usize, pair[1] as usize];
        for k in 0..s {
            let (a, b) = (from.states[a * s + k], from.states[b * s + k]);
            from.states.push(a + part * (b - a));
        }
        from.x.extend_from_within(a * i..(a + 1) * i);
    }
}

/// Errors: `NotFinite` for the first parameter that is not
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

fn searched(
    cx: &Context,
    network: &Network,
    from: &Candidates,
    (options, search): (&Find, &Search),
) -> Result<SearchResult, Diagnostic> {
    let mut progress = Watched::new(cx, OF);
    let steps = |method: usize| options.steps.unwrap_or(STEPS[method]);
    let tolerance = search.keep.tolerance;
    let ends = match options.method {
        Method::Newton => {
            let newton = Newton {
                tolerance,
                polish: options.polish,
                max_iters: steps(0),
                unique_distance: options.unique.unwrap_or(search.keep.resolution),
                scale: search.scale,
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
    // The interruption was for this search, and is dealt with.
    cx.interrupt.store(false, Ordering::Relaxed);
    Ok(ends)
}
