//! Networks that are recognized by the names and shapes of their tensors, and export to PyTorch.

mod unrecognized;

use std::path::Path;

use attractor::base::Result;
use attractor::io::{NamedTensors, safetensors};
use attractor::nn::Cell;
use attractor::nn::interop::{ExportNames, PortableNetwork, Selection};
use attractor::tensor::{DType, Device, Tensor, arith};

use super::{format_tensor, format_tensors, read_tensors, tensor};

/// Structure of a network: cell, i, n, o, layers, directions.
type Structure = (&'static str, usize, usize, usize, usize, usize);

fn structure(network: &PortableNetwork) -> Structure {
    let PortableNetwork {
        cell,
        inputs,
        units,
        outputs,
        layers,
        directions,
        ..
    } = network;
    (
        cell.file_name(),
        *inputs,
        *units,
        *outputs,
        *layers,
        *directions,
    )
}

fn try_recognize(tensors: &NamedTensors, prefix: &str, readout: &str) -> Result<PortableNetwork> {
    let selection = Selection {
        prefix: prefix.into(),
        readout: readout.into(),
        ..Selection::default()
    };
    PortableNetwork::from_tensors(Path::new("net"), tensors, &selection)
}

fn recognize(tensors: &NamedTensors) -> PortableNetwork {
    try_recognize(tensors, "", "").unwrap_or_else(|error| panic!("{error}"))
}

fn block_names(network: &PortableNetwork) -> Vec<&str> {
    network
        .blocks
        .iter()
        .map(|(name, _)| name.as_str())
        .collect()
}

/// Tensors with distinct values and the given names and shapes.
fn distinct_tensors(tensors: &[(&str, &[usize])]) -> NamedTensors {
    let tensor = |at: usize, shape: &[usize]| {
        let count: usize = shape.iter().product();
        let start = (at * 1000) as f32;
        Tensor::arange(start, start + count as f32, &Device::Cpu)
            .unwrap()
            .reshape(shape)
            .unwrap()
    };
    let tensors = tensors.iter().enumerate();
    tensors
        .map(|(at, (name, shape))| (name.to_string(), tensor(at, shape)))
        .collect()
}

#[test]
fn networks_of_pytorch_are_recognized_by_their_shapes() {
    let expected: [(&str, Structure); 10] = [
        ("torch_rnn1.pt", ("vanilla", 4, 11, 2, 1, 1)),
        ("torch_rnn2.pt", ("vanilla", 4, 11, 2, 2, 1)),
        ("torch_gru1.pt", ("gru_torch", 4, 11, 2, 1, 1)),
        ("torch_gru2.pt", ("gru_torch", 4, 11, 2, 2, 1)),
        ("torch_lstm1.pt", ("lstm", 4, 11, 2, 1, 1)),
        ("torch_lstm2.pt", ("lstm", 4, 11, 2, 2, 1)),
        ("flipflop_tanh_1.pt", ("vanilla", 3, 16, 3, 1, 1)),
        ("flipflop_gru_0.pt", ("gru_torch", 3, 16, 3, 1, 1)),
        ("torch_checkpoint.pt", ("lstm", 2, 3, 2, 2, 2)),
        ("torch_unbiased.pt", ("gru_torch", 2, 3, 0, 2, 2)),
    ];
    for (name, expected) in expected {
        assert_eq!(
            structure(&recognize(&read_tensors(name))),
            expected,
            "{name}"
        );
    }
}

#[test]
fn parameters_equal_those_of_the_file() {
    for name in ["rnn1", "rnn2", "gru1", "gru2", "lstm1", "lstm2"] {
        let tensors = read_tensors(&format!("torch_{name}.pt"));
        let network = recognize(&tensors);
        let block =
            |name: String| format_tensor(network.block(&name).unwrap_or_else(|| panic!("{name}")));
        for layer in 0..network.layers {
            let part = |part: &str| tensor(&tensors, &format!("rnn.{part}_l{layer}"));
            let suffix = ["", "_l1"][layer];
            assert_eq!(
                block(format!("wI{suffix}")),
                format_tensor(part("weight_ih")),
                "{name}"
            );
            assert_eq!(
                block(format!("wR{suffix}")),
                format_tensor(part("weight_hh")),
                "{name}"
            );
            let (b_in, b_rec) = (part("bias_ih"), part("bias_hh"));
            let expected = match network.cell {
                Cell::GruTorch(_) => b_rec.clone(),
                _ => arith::add(b_in, b_rec).unwrap(),
            };
            assert_eq!(
                block(format!("bR{suffix}")),
                format_tensor(&expected),
                "{name}"
            );
            if matches!(network.cell, Cell::GruTorch(_)) {
                assert_eq!(block(format!("bI{suffix}")), format_tensor(b_in), "{name}");
            }
            let h0 = Tensor::zeros(network.units, DType::F32, &Device::Cpu).unwrap();
            assert_eq!(block(format!("h0{suffix}")), format_tensor(&h0), "{name}");
        }
        assert_eq!(
            block("wO".into()),
            format_tensor(tensor(&tensors, "readout.weight")),
            "{name}"
        );
        assert_eq!(
            block("bO".into()),
            format_tensor(tensor(&tensors, "readout.bias")),
            "{name}"
        );
    }
}

#[test]
fn blocks_are_in_the_order_of_layers_and_directions() {
    let expected = [
        "h0",
        "c0",
        "wI",
        "wR",
        "bR",
        "h0_reverse",
        "c0_reverse",
        "wI_reverse",
        "wR_reverse",
        "bR_reverse",
        "h0_l1",
        "c0_l1",
        "wI_l1",
        "wR_l1",
        "bR_l1",
        "h0_l1_reverse",
        "c0_l1_reverse",
        "wI_l1_reverse",
        "wR_l1_reverse",
        "bR_l1_reverse",
        "wO",
        "bO",
    ];
    let tensors = read_tensors("torch_checkpoint.pt");
    let network = recognize(&tensors);
    assert_eq!(block_names(&network), expected);
    let actual = format_tensor(network.block("wR_l1_reverse").unwrap());
    let expected = format_tensor(tensor(&tensors, "module.rnn.weight_hh_l1_reverse"));
    assert_eq!(actual, expected);
}

#[test]
fn missing_biases_are_zero() {
    let network = recognize(&read_tensors("torch_unbiased.pt"));
    for name in ["bI", "bR_l1_reverse"] {
        let zeros = Tensor::zeros(9, DType::F64, &Device::Cpu).unwrap();
        assert_eq!(
            format_tensor(network.block(name).unwrap()),
            format_tensor(&zeros),
            "{name}"
        );
    }
    assert_eq!(network.outputs, 0);
    assert!(network.block("wO").is_none());
}

#[test]
fn networks_of_the_notebooks_are_recognized_by_their_names() {
    let decision = read_tensors("decision_gru.h5");
    let network = recognize(&decision);
    assert_eq!(structure(&network), ("gru", 1, 100, 1, 1, 1));
    assert_eq!(
        block_names(&network),
        ["h0", "wRUHX", "wCHX", "bRU", "bC", "wO", "bO"]
    );
    assert_eq!(format_tensors(&network.blocks), format_tensors(&decision));
    let tutorial = recognize(&read_tensors("tutorial.h5"));
    assert_eq!(structure(&tutorial), ("vanilla", 1, 4, 2, 1, 1));
    assert_eq!(block_names(&tutorial), ["h0", "wI", "wR", "bR", "wO", "bO"]);
}

#[test]
fn a_prefix_excludes_all_other_tensors() {
    let vanilla = read_tensors("vanilla.h5");
    assert!(
        try_recognize(&vanilla, "", "").is_err(),
        "parameters and gradients"
    );
    let network = try_recognize(&vanilla, "param/", "").unwrap();
    assert_eq!(structure(&network), ("vanilla", 4, 11, 2, 1, 1));
    assert_eq!(
        format_tensor(network.block("wR").unwrap()),
        format_tensor(tensor(&vanilla, "param/wR"))
    );

    let torch = read_tensors("torch_gru2.h5");
    let network = try_recognize(&torch, "grad/rnn.", "grad/readout").unwrap();
    assert_eq!(structure(&network), ("gru_torch", 4, 11, 2, 2, 1));
    assert_eq!(
        format_tensor(network.block("bO").unwrap()),
        format_tensor(tensor(&torch, "grad/readout.bias"))
    );
    let without_readout = try_recognize(&torch, "grad/rnn.", "").unwrap();
    assert_eq!(
        without_readout.outputs, 0,
        "a readout outside of the prefix requires the option"
    );
}

#[test]
fn a_pytorch_cell_is_imported_as_a_network_with_one_layer() {
    let tensors = distinct_tensors(&[
        ("cell.weight_ih", &[12, 2]),
        ("cell.weight_hh", &[12, 3]),
        ("cell.bias_ih", &[12]),
        ("cell.bias_hh", &[12]),
        ("out.weight", &[5, 3]),
    ]);
    let network = recognize(&tensors);
    assert_eq!(structure(&network), ("lstm", 2, 3, 5, 1, 1));
    assert_eq!(
        format_tensor(network.block("bO").unwrap()),
        "f32[5][0.0, 0.0, 0.0, 0.0, 0.0]"
    );
}

#[test]
fn the_two_biases_are_added_in_f64_and_rounded_once() {
    let ones = |shape: &[usize]| Tensor::ones(shape, DType::F64, &Device::Cpu).unwrap();
    let tiny = 2f64.powi(-24);
    let tensors: NamedTensors = vec![
        ("weight_ih_l0".into(), ones(&[1, 1])),
        ("weight_hh_l0".into(), ones(&[1, 1])),
        ("bias_ih_l0".into(), (ones(&[1]) + tiny).unwrap()),
        ("bias_hh_l0".into(), (ones(&[1]) * tiny).unwrap()),
    ];
    // If each bias were rounded to f32 before the addition, the sum would be 1.
    for (dtype, expected_text) in [
        (DType::F32, "f32[1][1.0000001192092896]"),
        (DType::F64, "f64[1][1.0000001192092896]"),
    ] {
        let selection = Selection {
            dtype: Some(dtype),
            ..Selection::default()
        };
        let network =
            PortableNetwork::from_tensors(Path::new("net"), &tensors, &selection).unwrap();
        assert_eq!(format_tensor(network.block("bR").unwrap()), expected_text);
    }
}

#[test]
fn learned_initial_states_are_imported() {
    let mut tensors = read_tensors("torch_gru2.pt");
    tensors.extend(distinct_tensors(&[("model.h0", &[2, 1, 11])]));
    let network = recognize(&tensors);
    let second = network.block("h0_l1").unwrap();
    assert_eq!(
        format_tensor(second),
        format_tensor(&Tensor::arange(11f32, 22.0, &Device::Cpu).unwrap())
    );
}

#[test]
fn an_exported_state_dict_has_the_names_of_pytorch() {
    for name in ["torch_gru1.pt", "torch_gru2.pt", "flipflop_gru_0.pt"] {
        let tensors = read_tensors(name);
        let exported = recognize(&tensors)
            .to_state_dict(&ExportNames::default())
            .unwrap();
        assert_eq!(
            format_tensors(&exported),
            format_tensors(&tensors),
            "{name}"
        );
    }
    let tensors = read_tensors("torch_lstm2.pt");
    let exported = recognize(&tensors)
        .to_state_dict(&ExportNames::default())
        .unwrap();
    let tensor_names = |tensors: &NamedTensors| {
        tensors
            .iter()
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(tensor_names(&exported), tensor_names(&tensors));
    let sum = arith::add(
        tensor(&tensors, "rnn.bias_ih_l1"),
        tensor(&tensors, "rnn.bias_hh_l1"),
    );
    assert_eq!(
        format_tensor(tensor(&exported, "rnn.bias_ih_l1")),
        format_tensor(&sum.unwrap())
    );
    let zeros = Tensor::zeros(44, DType::F32, &Device::Cpu).unwrap();
    assert_eq!(
        format_tensor(tensor(&exported, "rnn.bias_hh_l1")),
        format_tensor(&zeros)
    );
}

#[test]
fn a_network_is_unchanged_after_export_and_import() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    let mut with_initial_states = recognize(&read_tensors("torch_checkpoint.pt"));
    for (name, block) in &mut with_initial_states.blocks {
        if name.starts_with("h0") || name.starts_with("c0") {
            *block = (block.ones_like().unwrap() * name.len() as f64).unwrap();
        }
    }
    let export_names = ExportNames {
        prefix: "encoder.".into(),
        readout: "".into(),
        initial_states: true,
    };
    let exported = with_initial_states.to_state_dict(&export_names).unwrap();
    safetensors::write(&path, &exported, safetensors::PYTORCH_FORMAT).unwrap();
    let imported = recognize(&safetensors::read(&path).unwrap());
    assert_eq!(structure(&imported), structure(&with_initial_states));
    assert_eq!(
        format_tensors(&imported.blocks),
        format_tensors(&with_initial_states.blocks)
    );
}

#[test]
fn a_network_is_recognized_by_its_own_block_names() {
    for name in [
        "torch_checkpoint.pt",
        "torch_unbiased.pt",
        "torch_rnn2.pt",
        "decision_gru.h5",
    ] {
        let network = recognize(&read_tensors(name));
        let imported = recognize(&network.blocks);
        assert_eq!(structure(&imported), structure(&network), "{name}");
        assert_eq!(
            format_tensors(&imported.blocks),
            format_tensors(&network.blocks),
            "{name}"
        );
    }
}

#[test]
fn an_update_gate_network_is_recognized_by_its_two_gates() {
    let network = recognize(&distinct_tensors(&[
        ("wI", &[6, 2]),
        ("wR", &[6, 3]),
        ("bR", &[6]),
    ]));
    assert_eq!(structure(&network), ("ugrnn", 2, 3, 0, 1, 1));
}
