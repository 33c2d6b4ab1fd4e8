//! Fixed points: all that are there, what they are, and where runs from them end.

mod continua;
mod maps;
mod modes;
mod search;
mod transitions;

use std::path::PathBuf;

use attractor::analysis::fixed_points::modes::{Linear, linearise};
use attractor::analysis::fixed_points::{
    Candidates, Ends, Keep, KeepSlow, Newton, Points, Tracer, set_margins, sets,
};
use attractor::base::Silent;
use attractor::io::{Tree, named};
use attractor::nn::foreign::{Choice, Foreign, Open};
use attractor::nn::{Cell, Network, Plan, Rnn};
use attractor::ops::rnn::Nonlinearity;
use attractor::ops::rnn::vanilla::Vanilla;
use attractor::random::{Key, Layout};
use attractor::tensor::{DType, values};

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
    values::doubles(tensor).expect("numbers")
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
    steps: 200,
    unique: 1e-3,
    scale: 1.0,
};

pub fn searched(network: &Network, from: &Candidates, newton: Newton) -> Ends {
    let (mut single, mut double) = (network.flow().expect("a step"), network.flow());
    let double = &mut **double.as_mut().expect("a step");
    let ends = newton.search(&mut *single, double, from, &mut Silent);
    ends.expect("a search")
}

pub const KEEP: Keep = Keep {
    tolerance: 1e-12,
    unique: None,
    resolution: 1e-3,
    refine: true,
    farthest: None,
    slow: KeepSlow::None,
};

/// For networks whose units are a tanh, or a mean of h and a tanh.
pub const TRACER: Tracer = Tracer {
    epsilon: f64::EPSILON,
    limit: 1.0,
    bound: Some(1.0),
};

pub fn kept(network: &Network, from: &Candidates, ends: &Ends) -> Points {
    let mut flow = network.flow().expect("a step");
    let points = KEEP.points((&mut *flow, &TRACER), from, &mut ends.clone());
    points.expect("points")
}

pub fn found(network: &Network, states: Vec<f64>) -> (Points, Vec<Linear>) {
    let from = candidates(network, states);
    let points = kept(network, &from, &searched(network, &from, POLISHED));
    let flow = &mut *network.flow().expect("a step");
    let mut linear = linearise(flow, &points).expect("finite Jacobians");
    let sets = sets(flow, &points).expect("sets");
    set_margins(flow, &points, &sets, &mut linear).expect("margins");
    (points, linear)
}

/// h' = tanh(wR h)
pub fn tanh(n: usize, w: Vec<f64>) -> Network {
    let mut net = Rnn::<f64>::zeros(Plan::new(Cell::default(), [1, n, 1]));
    let w = values::of(w, &[n, n], DType::F64).expect("as many");
    net.params.set("wR", &w).expect("a parameter");
    Network::F64(net)
}

/// h' = wR h
pub fn linear(n: usize, w: Vec<f64>) -> Network {
    let cell = Cell::Vanilla(Vanilla {
        nonlinearity: Nonlinearity::Linear,
    });
    let mut net = Rnn::<f64>::zeros(Plan::new(cell, [1, n, 1]));
    let w = values::of(w, &[n, n], DType::F64).expect("as many");
    net.params.set("wR", &w).expect("a parameter");
    Network::F64(net)
}

pub fn flip_flop(name: &str) -> Network {
    let path = reference(&format!("{name}.pt"));
    let tensors = named::read(&path).expect("a state dict");
    let choice = Choice {
        dtype: Some(DType::F64),
        ..Choice::default()
    };
    let foreign = Foreign::recognise(&path, &tensors, &choice).expect("a network");
    foreign.network(Open::default()).expect("a network")
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
