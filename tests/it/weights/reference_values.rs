//! Networks from `.pt` files of PyTorch: states, outputs, loss and gradients compared with those
//! that PyTorch computes with the same parameters (tests/references/torch.md).

use std::path::Path;

use attractor::nn::interop::{CellSettings, PortableNetwork, Selection};
use attractor::nn::{Dynamics, Network, Rnn, RunArgs};
use attractor::ops::Lanes;
use attractor::tensor::{AnyPrecision, DType, convert};
use attractor::train::Trials;

use super::{read_tensors, reference};
use crate::rnn::case::error;
use attractor::io::{Tree, hdf5};

/// Rounding of some hundred sums, relative to the largest value.
const F64: f64 = 1e-13;
const F32: f64 = 2e-6;
const NAMES: [&str; 6] = ["rnn1", "rnn2", "gru1", "gru2", "lstm1", "lstm2"];

fn load_network(name: &str, dtype: DType) -> Network {
    let file = format!("torch_{name}.pt");
    let selection = Selection {
        dtype: Some(dtype),
        ..Selection::default()
    };
    let imported =
        PortableNetwork::from_tensors(Path::new(&file), &read_tensors(&file), &selection);
    let result = imported.expect("a network").build(CellSettings::default());
    result.expect("parameters with matching shapes")
}

fn read_expected(tree: &Tree, name: &str) -> Vec<f64> {
    match tree.at(name) {
        Some(Tree::Float(x)) => vec![*x],
        _ => convert::to_f64(tree.tensor(name).unwrap_or_else(|| panic!("no {name}")))
            .expect("values"),
    }
}

/// The gradient that PyTorch computed for a block of the layout.
fn expected_gradient(tree: &Tree, block: &str) -> Option<Vec<f64>> {
    let (name, layer) = block.split_once("_l").unwrap_or((block, "0"));
    let part = match name {
        "wI" => "weight_ih",
        "wR" => "weight_hh",
        // The gradient with respect to a sum equals that with respect to each term.
        "bR" => "bias_hh",
        "bI" => "bias_ih",
        "wO" => return Some(read_expected(tree, "grad/readout.weight")),
        "bO" => return Some(read_expected(tree, "grad/readout.bias")),
        _ => return None,
    };
    Some(read_expected(tree, &format!("grad/rnn.{part}_l{layer}")))
}

fn errors<T: Lanes>(net: &Rnn<T>, tree: &Tree) -> Vec<(String, f64)> {
    let (trials, time, n) = (3, 9, net.spec.units);
    let inputs: Vec<T> = read_expected(tree, "x").into_iter().map(T::of).collect();
    let state = net.spec.state();
    let x = convert::from_slice(&inputs, &[trials, time, net.spec.inputs]);
    let run = net.run(&RunArgs::new(&x.expect("matching sizes")));
    let [states, outputs] = run
        .expect("matching sizes")
        .map(|x| convert::to_vec::<T>(&x).expect("values"));
    let mut work = net.workspace();
    // A state is [layer][part][unit]; PyTorch returns h of the last layer.
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
    let mut gradients = net.params.clone();
    let loss = net.loss_gradient(&mut work, &batch, None, &mut gradients.data);
    let loss = loss.expect("matching sizes");
    let mut errors = vec![
        ("states".to_string(), error(&h, &read_expected(tree, "h"))),
        (
            "outputs".to_string(),
            error(&outputs, &read_expected(tree, "o")),
        ),
        (
            "loss".to_string(),
            error(&[loss], &read_expected(tree, "loss")),
        ),
    ];
    for block in net.params.layout().blocks() {
        if let Some(values) = expected_gradient(tree, &block.name) {
            let actual = gradients.block(&block.name).expect("a block of the layout");
            errors.push((
                format!("gradient of {}", block.name),
                error(actual, &values),
            ));
        }
    }
    errors
}

#[test]
fn states_loss_and_gradients_agree_with_pytorch() {
    for name in NAMES {
        let tree = hdf5::read(reference(&format!("torch_{name}.h5"))).expect("a reference");
        for (dtype, limit) in [(DType::F64, F64), (DType::F32, F32)] {
            let all = match load_network(name, dtype) {
                Network::BuiltIn(AnyPrecision::F32(net)) => errors(&net, &tree),
                Network::BuiltIn(AnyPrecision::F64(net)) => errors(&net, &tree),
                other => panic!("{name}: {other:?} is not a built-in cell"),
            };
            assert!(all.len() > 7, "{name}: {all:?}");
            for (quantity, error) in all {
                println!("{name} {dtype:?} {quantity}: {error:.1e}");
                assert!(error < limit, "{name} {dtype:?} {quantity}: {error}");
            }
        }
    }
}
