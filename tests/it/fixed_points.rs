//! Fixed points: searches, completeness, eigenmodes and transitions.

mod completeness;
mod eigenmodes;
mod known_maps;
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
use attractor::ops::rnn::cells::Vanilla;
use attractor::random::{Key, Layout};
use attractor::tensor::{DType, convert};

/// Tolerance for positions, compared with points that were polished in double precision.
pub const POSITION_TOLERANCE: f64 = 1e-10;
/// Tolerance for eigenvectors, relative to the eigenvalues.
pub const EIGEN_TOLERANCE: f64 = 1e-10;

pub fn reference(name: &str) -> PathBuf {
    PathBuf::from(format!(
        "{}/tests/references/{name}",
        env!("CARGO_MANIFEST_DIR")
    ))
}

pub fn values(tree: &Tree, name: &str) -> Vec<f64> {
    let tensor = tree.tensor(name).unwrap_or_else(|| panic!("no {name}"));
    convert::to_f64(tensor).expect("values")
}

pub fn normal(seed: u64, count: usize, scale: f64) -> Vec<f64> {
    let mut samples = vec![0.0; count];
    Key::new(seed, Layout::default()).fill_normal(&mut samples);
    samples.iter().map(|x| scale * x).collect()
}

/// Candidates with the input 0.
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

pub fn run_search(network: &Network, start: &Candidates, newton: Newton) -> SearchResult {
    let (mut single, mut double) = (network.step_map().expect("a step"), network.step_map());
    let double = &mut **double.as_mut().expect("a step");
    let result = newton.search(&mut *single, double, start, &mut NoProgress);
    result.expect("a search")
}

pub const FILTER: Filter = Filter {
    tolerance: 1e-12,
    search_tolerance: 1e-12,
    unique_distance: None,
    resolution: 1e-3,
    refine: true,
    outlier_distance: None,
    slow: SlowFilter::None,
};

/// For networks whose units are bounded by 1: a tanh, or a weighted mean of h and a tanh.
pub const REFINEMENT: Refinement = Refinement {
    epsilon: f64::EPSILON,
    limit: 1.0,
    bound: Some(1.0),
    resolution: f64::EPSILON,
};

pub fn filtered_points(network: &Network, start: &Candidates, result: &SearchResult) -> Points {
    let mut step_map = network.step_map().expect("a step");
    let points = FILTER.points((&mut *step_map, &REFINEMENT), start, &mut result.clone());
    points.expect("points")
}

pub fn find_points(network: &Network, states: Vec<f64>) -> (Points, Vec<Linearization>) {
    let start = candidates(network, states);
    let points = filtered_points(network, &start, &run_search(network, &start, POLISHED));
    let step_map = &mut *network.step_map().expect("a step");
    let mut linear = linearize(step_map, &points).expect("finite Jacobians");
    let sets = sets(step_map, &points, f64::EPSILON).expect("sets");
    set_margins(step_map, &points, &sets, &mut linear, f64::EPSILON).expect("margins");
    (points, linear)
}

/// h' = tanh(wR h)
pub fn tanh(n: usize, w: Vec<f64>) -> Network {
    let mut net = Rnn::<f64>::zeros(Spec::new(Cell::default(), [1, n, 1]));
    let w = convert::from_f64(w, &[n, n], DType::F64).expect("matching sizes");
    net.params.set("wR", &w).expect("a parameter");
    net.into()
}

/// h' = wR h
pub fn linear(n: usize, w: Vec<f64>) -> Network {
    let cell = Cell::Vanilla(Vanilla {
        nonlinearity: Nonlinearity::Linear,
    });
    let mut net = Rnn::<f64>::zeros(Spec::new(cell, [1, n, 1]));
    let w = convert::from_f64(w, &[n, n], DType::F64).expect("matching sizes");
    net.params.set("wR", &w).expect("a parameter");
    net.into()
}

pub fn flip_flop(name: &str) -> Network {
    let path = reference(&format!("{name}.pt"));
    let tensors = weights::read(&path).expect("a state dict");
    let selection = Selection {
        dtype: Some(DType::F64),
        ..Selection::default()
    };
    let imported = PortableNetwork::from_tensors(&path, &tensors, &selection).expect("a network");
    imported.build(CellSettings::default()).expect("a network")
}

/// For each row of `expected`, the index of the nearest point and its distance.
pub fn match_points(points: &Points, expected: &[f64]) -> Vec<(usize, f64)> {
    let nearest = |row: &[f64]| {
        let distance = |at: &usize| -> f64 {
            let state = &points.points[*at].state;
            let squares = state.iter().zip(row).map(|(a, b)| (a - b) * (a - b));
            squares.sum::<f64>().sqrt()
        };
        let at = (0..points.points.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)));
        at.map(|at| (at, distance(&at)))
            .expect("at least one point")
    };
    expected.chunks(points.state).map(nearest).collect()
}
