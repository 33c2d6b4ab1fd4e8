//! Networks of PyTorch, loaded from their `.pt` files and run here: states, outputs, loss and
//! every gradient that PyTorch computed from the same parameters (tests/references/torch.md).

use std::path::Path;

use attractor::nn::interop::{CellSettings, PortableNetwork, Selection};
use attractor::nn::{Network, Rnn, RunInputs};
use attractor::ops::Lanes;
use attractor::tensor::{DType, convert};
use attractor::train::Trials;

use super::{read, reference};
use crate::rnn::case::error;
use attractor::io::{Tree, hdf5};

/// Rounding of some hundred sums, relative to the largest number.
const F64: f64 = 1e-13;
const F32: f64 = 2e-6;
const NAMES: [&str; 6] = ["rnn1", "rnn2", "gru1", "gru2", "lstm1", "lstm2"];

fn network(name: &str, dtype: DType) -> Network {
    let file = format!("torch_{name}.pt");
    let choice = Selection {
        dtype: Some(dtype),
        ..Selection::default()
    };
    let found = PortableNetwork::from_tensors(Path::new(&file), &read(&file), &choice);
    let network = found.expect("a network").build(CellSettings::default());
    network.expect("parameters with matching shapes")
}

fn expected(tree: &Tree, name: &str) -> Vec<f64> {
    match tree.at(name) {
        Some(Tree::Float(x)) => vec![*x],
        _ => convert::to_f64(tree.tensor(name).unwrap_or_else(|| panic!("no {name}")))
            .expect("values"),
    }
}

/// The largest error, relative to the largest number.
/// Where PyTorch keeps the gradient of a block of ours.
fn gradient(tree: &Tree, block: &str) -> Option<Vec<f64>> {
    let (name, level) = block.split_once("_l").unwrap_or((block, "0"));
    let part = match name {
        "wI" => "weight_ih",
        "wR" => "weight_hh",
        // The gradient by a sum is that by each of its parts.
        "bR" => "bias_hh",
        "bI" => "bias_ih",
        "wO" => return Some(expected(tree, "grad/readout.weight")),
        "bO" => return Some(expected(tree, "grad/readout.bias")),
        _ => return None,
    };
    Some(expected(tree, &format!("grad/rnn.{part}_l{level}")))
}

fn errors<T: Lanes>(net: &Rnn<T>, tree: &Tree) -> Vec<(String, f64)> {
    let (trials, time, n) = (3, 9, net.spec.units);
    let inputs: Vec<T> = expected(tree, "x").into_iter().map(T::of).collect();
    let state = net.spec.state();
    let mut states = vec![T::of(0.0); trials * time * state];
    let mut outputs = vec![T::of(0.0); trials * time * net.spec.outputs];
    let drive = RunInputs {
        trials,
        time,
        inputs: &inputs,
        h0: None,
        noise: None,
        lengths: None,
    };
    let mut work = net.workspace();
    net.run(&mut work, &drive, Some(&mut states), Some(&mut outputs))
        .expect("matching sizes");
    // A state is [layer][part][unit]; PyTorch gives h of the last layer.
    let first = (net.spec.layers - 1) * state / net.spec.layers;
    let h: Vec<T> = states
        .chunks(state)
        .flat_map(|state| state[first..first + n].to_vec())
        .collect();
    let batch = Trials {
        trials,
        time,
        targets: vec![T::of(0.0); outputs.len()],
        inputs,
        mask: None,
        lengths: None,
    };
    let mut slopes = net.params.clone();
    let loss = net.loss_gradient(&mut work, &batch, None, &mut slopes.data);
    let loss = loss.expect("matching sizes");
    let mut errors = vec![
        ("states".to_string(), error(&h, &expected(tree, "h"))),
        ("outputs".to_string(), error(&outputs, &expected(tree, "o"))),
        ("loss".to_string(), error(&[loss], &expected(tree, "loss"))),
    ];
    for block in net.params.layout().blocks() {
        if let Some(expected) = gradient(tree, &block.name) {
            let found = slopes.block(&block.name).expect("a block of the layout");
            errors.push((
                format!("gradient of {}", block.name),
                error(found, &expected),
            ));
        }
    }
    errors
}

#[test]
fn networks_of_pytorch_give_its_states_loss_and_gradients() {
    for name in NAMES {
        let tree = hdf5::read(reference(&format!("torch_{name}.h5"))).expect("a reference");
        for (dtype, limit) in [(DType::F64, F64), (DType::F32, F32)] {
            let all = match network(name, dtype) {
                Network::F32(net) => errors(&net, &tree),
                Network::F64(net) => errors(&net, &tree),
                other => panic!("{name}: {other:?} is of no built-in cell"),
            };
            assert!(all.len() > 7, "{name}: {all:?}");
            for (what, error) in all {
                println!("{name} {dtype:?} {what}: {error:.1e}");
                assert!(error < limit, "{name} {dtype:?} {what}: {error}");
            }
        }
    }
}
