//! Networks told by the names and shapes of their tensors, and written for PyTorch.

mod strange;

use std::path::Path;

use attractor::base::Result;
use attractor::io::{NamedTensors, safetensors};
use attractor::nn::interop::{CellKind, ExportNames, PortableNetwork, Selection};
use attractor::tensor::{DType, Device, Tensor, arith};

use super::{all, read, shown, tensor};

/// What a network is: kind, i, n, o, layers, directions.
type Plan = (CellKind, usize, usize, usize, usize, usize);

fn plan(foreign: &PortableNetwork) -> Plan {
    let PortableNetwork {
        kind,
        inputs,
        units,
        outputs,
        layers,
        directions,
        ..
    } = foreign;
    (*kind, *inputs, *units, *outputs, *layers, *directions)
}

fn recognise(named: &NamedTensors, prefix: &str, readout: &str) -> Result<PortableNetwork> {
    let choice = Selection {
        prefix: prefix.into(),
        readout: readout.into(),
        ..Selection::default()
    };
    PortableNetwork::from_tensors(Path::new("net"), named, &choice)
}

fn recognised(named: &NamedTensors) -> PortableNetwork {
    recognise(named, "", "").unwrap_or_else(|fault| panic!("{fault}"))
}

fn names(foreign: &PortableNetwork) -> Vec<&str> {
    foreign
        .blocks
        .iter()
        .map(|(name, _)| name.as_str())
        .collect()
}

/// Tensors that differ from each other in each number, by name and shape.
fn named_tensors(tensors: &[(&str, &[usize])]) -> NamedTensors {
    let tensor = |at: usize, shape: &[usize]| {
        let count: usize = shape.iter().product();
        let start = (at * 1000) as f32;
        Tensor::arange(start, start + count as f32, &Device::Cpu)
            .unwrap()
            .reshape(shape)
            .unwrap()
    };
    let named = tensors.iter().enumerate();
    named
        .map(|(at, (name, shape))| (name.to_string(), tensor(at, shape)))
        .collect()
}

#[test]
fn networks_of_pytorch_are_told_by_their_shapes() {
    let expected: [(&str, Plan); 10] = [
        ("torch_rnn1.pt", (CellKind::Vanilla, 4, 11, 2, 1, 1)),
        ("torch_rnn2.pt", (CellKind::Vanilla, 4, 11, 2, 2, 1)),
        ("torch_gru1.pt", (CellKind::GruTorch, 4, 11, 2, 1, 1)),
        ("torch_gru2.pt", (CellKind::GruTorch, 4, 11, 2, 2, 1)),
        ("torch_lstm1.pt", (CellKind::Lstm, 4, 11, 2, 1, 1)),
        ("torch_lstm2.pt", (CellKind::Lstm, 4, 11, 2, 2, 1)),
        ("flipflop_tanh_1.pt", (CellKind::Vanilla, 3, 16, 3, 1, 1)),
        ("flipflop_gru_0.pt", (CellKind::GruTorch, 3, 16, 3, 1, 1)),
        ("torch_checkpoint.pt", (CellKind::Lstm, 2, 3, 2, 2, 2)),
        ("torch_unbiased.pt", (CellKind::GruTorch, 2, 3, 0, 2, 2)),
    ];
    for (name, expected) in expected {
        assert_eq!(plan(&recognised(&read(name))), expected, "{name}");
    }
}

#[test]
fn parameters_are_those_of_the_file() {
    for name in ["rnn1", "rnn2", "gru1", "gru2", "lstm1", "lstm2"] {
        let named = read(&format!("torch_{name}.pt"));
        let foreign = recognised(&named);
        let block = |name: String| shown(foreign.block(&name).unwrap_or_else(|| panic!("{name}")));
        for layer in 0..foreign.layers {
            let part = |part: &str| tensor(&named, &format!("rnn.{part}_l{layer}"));
            let end = ["", "_l1"][layer];
            assert_eq!(
                block(format!("wI{end}")),
                shown(part("weight_ih")),
                "{name}"
            );
            assert_eq!(
                block(format!("wR{end}")),
                shown(part("weight_hh")),
                "{name}"
            );
            let (b_in, b_rec) = (part("bias_ih"), part("bias_hh"));
            let expected = match foreign.kind {
                CellKind::GruTorch => b_rec.clone(),
                _ => arith::add(b_in, b_rec).unwrap(),
            };
            assert_eq!(block(format!("bR{end}")), shown(&expected), "{name}");
            if foreign.kind == CellKind::GruTorch {
                assert_eq!(block(format!("bI{end}")), shown(b_in), "{name}");
            }
            let h0 = Tensor::zeros(foreign.units, DType::F32, &Device::Cpu).unwrap();
            assert_eq!(block(format!("h0{end}")), shown(&h0), "{name}");
        }
        assert_eq!(
            block("wO".into()),
            shown(tensor(&named, "readout.weight")),
            "{name}"
        );
        assert_eq!(
            block("bO".into()),
            shown(tensor(&named, "readout.bias")),
            "{name}"
        );
    }
}

#[test]
fn blocks_come_strand_by_strand_and_the_readout_last() {
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
    let named = read("torch_checkpoint.pt");
    let foreign = recognised(&named);
    assert_eq!(names(&foreign), expected);
    let found = shown(foreign.block("wR_l1_reverse").unwrap());
    let expected = shown(tensor(&named, "module.rnn.weight_hh_l1_reverse"));
    assert_eq!(found, expected);
}

#[test]
fn biases_that_a_file_does_not_have_are_zero() {
    let foreign = recognised(&read("torch_unbiased.pt"));
    for name in ["bI", "bR_l1_reverse"] {
        let zeros = Tensor::zeros(9, DType::F64, &Device::Cpu).unwrap();
        assert_eq!(shown(foreign.block(name).unwrap()), shown(&zeros), "{name}");
    }
    assert_eq!(foreign.outputs, 0);
    assert!(foreign.block("wO").is_none());
}

#[test]
fn a_network_of_the_notebooks_is_told_by_its_names() {
    let decision = read("decision_gru.h5");
    let foreign = recognised(&decision);
    assert_eq!(plan(&foreign), (CellKind::Gru, 1, 100, 1, 1, 1));
    assert_eq!(
        names(&foreign),
        ["h0", "wRUHX", "wCHX", "bRU", "bC", "wO", "bO"]
    );
    assert_eq!(all(&foreign.blocks), all(&decision));
    let tutorial = recognised(&read("tutorial.h5"));
    assert_eq!(plan(&tutorial), (CellKind::Vanilla, 1, 4, 2, 1, 1));
    assert_eq!(names(&tutorial), ["h0", "wI", "wR", "bR", "wO", "bO"]);
}

#[test]
fn a_prefix_leaves_out_all_other_tensors() {
    let vanilla = read("vanilla.h5");
    assert!(
        recognise(&vanilla, "", "").is_err(),
        "parameters and gradients"
    );
    let foreign = recognise(&vanilla, "param/", "").unwrap();
    assert_eq!(plan(&foreign), (CellKind::Vanilla, 4, 11, 2, 1, 1));
    assert_eq!(
        shown(foreign.block("wR").unwrap()),
        shown(tensor(&vanilla, "param/wR"))
    );

    let torch = read("torch_gru2.h5");
    let foreign = recognise(&torch, "grad/rnn.", "grad/readout").unwrap();
    assert_eq!(plan(&foreign), (CellKind::GruTorch, 4, 11, 2, 2, 1));
    assert_eq!(
        shown(foreign.block("bO").unwrap()),
        shown(tensor(&torch, "grad/readout.bias"))
    );
    let bare = recognise(&torch, "grad/rnn.", "").unwrap();
    assert_eq!(
        bare.outputs, 0,
        "a readout outside of the prefix has to be named"
    );
}

#[test]
fn a_cell_of_pytorch_is_a_network_of_one_layer() {
    let named = named_tensors(&[
        ("cell.weight_ih", &[12, 2]),
        ("cell.weight_hh", &[12, 3]),
        ("cell.bias_ih", &[12]),
        ("cell.bias_hh", &[12]),
        ("out.weight", &[5, 3]),
    ]);
    let foreign = recognised(&named);
    assert_eq!(plan(&foreign), (CellKind::Lstm, 2, 3, 5, 1, 1));
    assert_eq!(
        shown(foreign.block("bO").unwrap()),
        "f32[5][0.0, 0.0, 0.0, 0.0, 0.0]"
    );
}

#[test]
fn the_two_biases_are_added_in_f64_and_rounded_once() {
    let ones = |shape: &[usize]| Tensor::ones(shape, DType::F64, &Device::Cpu).unwrap();
    let tiny = 2f64.powi(-24);
    let named: NamedTensors = vec![
        ("weight_ih_l0".into(), ones(&[1, 1])),
        ("weight_hh_l0".into(), ones(&[1, 1])),
        ("bias_ih_l0".into(), (ones(&[1]) + tiny).unwrap()),
        ("bias_hh_l0".into(), (ones(&[1]) * tiny).unwrap()),
    ];
    // Each rounded to f32 before they are added, they would give 1.
    for (dtype, text) in [
        (DType::F32, "f32[1][1.0000001192092896]"),
        (DType::F64, "f64[1][1.0000001192092896]"),
    ] {
        let choice = Selection {
            dtype: Some(dtype),
            ..Selection::default()
        };
        let foreign = PortableNetwork::from_tensors(Path::new("net"), &named, &choice).unwrap();
        assert_eq!(shown(foreign.block("bR").unwrap()), text);
    }
}

#[test]
fn first_states_that_were_learned_are_taken() {
    let mut named = read("torch_gru2.pt");
    named.extend(named_tensors(&[("model.h0", &[2, 1, 11])]));
    let foreign = recognised(&named);
    let second = foreign.block("h0_l1").unwrap();
    assert_eq!(
        shown(second),
        shown(&Tensor::arange(11f32, 22.0, &Device::Cpu).unwrap())
    );
}

#[test]
fn what_was_written_for_pytorch_has_the_names_of_its_modules() {
    for name in ["torch_gru1.pt", "torch_gru2.pt", "flipflop_gru_0.pt"] {
        let named = read(name);
        let written = recognised(&named)
            .to_state_dict(&ExportNames::default())
            .unwrap();
        assert_eq!(all(&written), all(&named), "{name}");
    }
    let named = read("torch_lstm2.pt");
    let written = recognised(&named)
        .to_state_dict(&ExportNames::default())
        .unwrap();
    let order = |named: &NamedTensors| {
        named
            .iter()
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(order(&written), order(&named));
    let sum = arith::add(
        tensor(&named, "rnn.bias_ih_l1"),
        tensor(&named, "rnn.bias_hh_l1"),
    );
    assert_eq!(
        shown(tensor(&written, "rnn.bias_ih_l1")),
        shown(&sum.unwrap())
    );
    let zeros = Tensor::zeros(44, DType::F32, &Device::Cpu).unwrap();
    assert_eq!(shown(tensor(&written, "rnn.bias_hh_l1")), shown(&zeros));
}

#[test]
fn a_network_comes_back_from_the_file_that_was_written_for_pytorch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    let mut learned = recognised(&read("torch_checkpoint.pt"));
    for (name, block) in &mut learned.blocks {
        if name.starts_with("h0") || name.starts_with("c0") {
            *block = (block.ones_like().unwrap() * name.len() as f64).unwrap();
        }
    }
    let names = ExportNames {
        prefix: "encoder.".into(),
        readout: "".into(),
        initial_states: true,
    };
    let written = learned.to_state_dict(&names).unwrap();
    safetensors::write(&path, &written, safetensors::PYTORCH_FORMAT).unwrap();
    let back = recognised(&safetensors::read(&path).unwrap());
    assert_eq!(plan(&back), plan(&learned));
    assert_eq!(all(&back.blocks), all(&learned.blocks));
}

#[test]
fn a_network_comes_back_under_the_names_that_it_has_here() {
    for name in [
        "torch_checkpoint.pt",
        "torch_unbiased.pt",
        "torch_rnn2.pt",
        "decision_gru.h5",
    ] {
        let foreign = recognised(&read(name));
        let back = recognised(&foreign.blocks);
        assert_eq!(plan(&back), plan(&foreign), "{name}");
        assert_eq!(all(&back.blocks), all(&foreign.blocks), "{name}");
    }
}
