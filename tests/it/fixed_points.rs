//! Fixed points: all that are there, what they are, and where runs from them end.

mod continua;
mod maps;
mod modes;
mod resolution;
mod scales;
mod search;
mod summary;
mod transitions;

use std::path::PathBuf;

use attractor::analysis::fixed_points::linearization::{Linearization, linearize};
use attractor::analysis::fixed_points::{
    Candidates, Filter, Newton, Points, Refinement, SearchResult, SlowFilter, set_margins, sets,
};
use attractor::base::NoProgress;
use attractor::io::{Tree, weights};
use attractor::nn::interop::{CellSettings, PortableNetwork, Selection};
use attractor::nn::{Cell, Network, Rnn, Spec};
use attractor::ops::rnn::Nonlinearity;
use attractor::ops::rnn::vanilla::Vanilla;
use attractor::random::{Key, Layout};
use attractor::tensor::{DType, convert};

/// What points of other programs and ours may differ by; theirs were polished in double precision.
pub const SAME: f64 = 1e-10;
/// Of eigenvectors, relative to the eigenvalues.
pub const EIGEN: f64 = 1e-10;

pub fn reference(name: &str) -> PathBuf {
    PathBuf::from(format!(
        "{}/tests/references/{name}",
        env!("CARGO_MANIFEST_DIR")
    ))
}

pub fn numbers(tree: &Tree, name: &str) -> Vec<f64> {
    let tensor = tree.tensor(name).unwrap_or_else(|| panic!("no {name}"));
    convert::to_f64(tensor).expect("numbers")
}

pub fn normal(seed: u64, count: usize, scale: f64) -> Vec<f64> {
    let mut drawn = vec![0.0; count];
    Key::new(seed, Layout::default()).fill_normal(&mut drawn);
    drawn.iter().map(|x| scale * x).collect()
}

/// Candidates under the input 0.
pub fn candidates(network: &Network, states: Vec<f64>) -> Candidates {
    let (state, inputs) = (network.state(), network.inputs());
    let x = vec![0.0; states.len() / state * inputs];
    Candidates {
        state,
        inputs,
        states,
        x,
    }
}

pub const POLISHED: Newton = Newton {
    tolerance: 1e-12,
    polish: true,
    max_iters: 200,
    unique_distance: 1e-3,
    scale: 1.0,
    offset: false,
    cutoff: 0.0,
};

pub fn searched(network: &Network, from: &Candidates, newton: Newton) -> SearchResult {
    let (mut single, mut double) = (network.step_map().expect("a step"), network.step_map());
    let double = &mut **double.as_mut().expect("a step");
    let ends = newton.search(&mut *single, double, from, &mut NoProgress);
    ends.expect("a search")
}

pub const KEEP: Filter = Filter {
    tolerance: 1e-12,
    search_tolerance: 1e-12,
    unique_distance: None,
    resolution: 1e-3,
    refine: true,
    outlier_distance: None,
    slow: SlowFilter::None,
};

/// For networks whose units are a tanh, or a mean of h and a tanh.
pub const TRACER: Refinement = Refinement {
    epsilon: f64::EPSILON,
    limit: 1.0,
    bound: Some(1.0),
    resolution: f64::EPSILON,
};

pub fn filtered_points(network: &Network, from: &Candidates, ends: &SearchResult) -> Points {
    let mut flow = network.step_map().expect("a step");
    let points = KEEP.points((&mut *flow, &TRACER), from, &mut ends.clone());
    points.expect("points")
}

pub fn find_points(network: &Network, states: Vec<f64>) -> (Points, Vec<Linearization>) {
    let from = candidates(network, states);
    let points = filtered_points(network, &from, &searched(network, &from, POLISHED));
    let flow = &mut *network.step_map().expect("a step");
    let mut linear = linearize(flow, &points).expect("finite Jacobians");
    let sets = sets(flow, &points, f64::EPSILON).expect("sets");
    set_margins(flow, &points, &sets, &mut linear, f64::EPSILON).expect("margins");
    (points, linear)
}

/// h' = tanh(wR h)
pub fn tanh(n: usize, w: Vec<f64>) -> Network {
    let mut net = Rnn::<f64>::zeros(Spec::new(Cell::default(), [1, n, 1]));
    let w = convert::from_f64(w, &[n, n], DType::F64).expect("as many");
    net.params.set("wR", &w).expect("a parameter");
    Network::F64(net)
}

/// h' = wR h
pub fn linear(n: usize, w: Vec<f64>) -> Network {
    let cell = Cell::Vanilla(Vanilla {
        nonlinearity: Nonlinearity::Linear,
    });
    let mut net = Rnn::<f64>::zeros(Spec::new(cell, [1, n, 1]));
    let w = convert::from_f64(w, &[n, n], DType::F64).expect("as many");
    net.params.set("wR", &w).expect("a parameter");
    Network::F64(net)
}

pub fn flip_flop(name: &str) -> Network {
    let path = reference(&format!("{name}.pt"));
    let tensors = weights::read(&path).expect("a state dict");
    let choice = Selection {
        dtype: Some(DType::F64),
        ..Selection::default()
    };
    let foreign = PortableNetwork::from_tensors(&path, &tensors, &choice).expect("a network");
    foreign.build(CellSettings::default()).expect("a network")
}

/// Each row of `expected` with the point that is nearest: its place and how far it is.
pub fn matched(points: &Points, expected: &[f64]) -> Vec<(usize, f64)> {
    let nearest = |row: &[f64]| {
        let far = |at: &usize| -> f64 {
            let state = &points.points[*at].state;
            let squares = state.iter().zip(row).map(|(a, b)| (a - b) * (a - b));
            squares.sum::<f64>().sqrt()
        };
        let at = (0..points.points.len()).min_by(|a, b| far(a).total_cmp(&far(b)));
        at.map(|at| (at, far(&at))).expect("a point at least")
    };
    expected.chunks(points.state).map(nearest).collect()
}
