//! Weights in files of other programs: what PyTorch and the safetensors package write, read here
//! (tests/references/torch.md says what made the files), and what is written here.

mod broken;
mod foreign;
mod golden;
mod kit;

use std::path::{Path, PathBuf};

use attractor::base::Error;
use attractor::io::{NamedTensors, hdf5, safetensors, torch, weights};
use attractor::tensor::{DType, Device, Tensor, convert};

fn reference(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/references")
        .join(name)
}

fn read(name: &str) -> NamedTensors {
    weights::read(reference(name)).unwrap_or_else(|fault| panic!("{fault}"))
}

fn tensor<'a>(named: &'a NamedTensors, name: &str) -> &'a Tensor {
    let found = named.iter().find(|(known, _)| known == name);
    &found.unwrap_or_else(|| panic!("no `{name}`")).1
}

/// A tensor as text, with all that makes it.
fn shown(tensor: &Tensor) -> String {
    let numbers = convert::to_f64(tensor).unwrap();
    format!("{}{:?}{numbers:?}", tensor.dtype().as_str(), tensor.dims())
}

fn message(fault: Error) -> String {
    match fault.hint() {
        Some(hint) => format!("{fault}; hint: {hint}"),
        None => fault.to_string(),
    }
}

/// The tensors as text, by the alphabet.
fn all(named: &NamedTensors) -> Vec<(String, String)> {
    let mut all: Vec<_> = named
        .iter()
        .map(|(name, tensor)| (name.clone(), shown(tensor)))
        .collect();
    all.sort();
    all
}

#[test]
fn a_state_dict_of_pytorch_holds_the_numbers_that_were_saved() {
    for name in ["rnn1", "rnn2", "gru1", "gru2", "lstm1", "lstm2"] {
        let found = read(&format!("torch_{name}.pt"));
        let file = hdf5::read_entry(reference(&format!("torch_{name}.h5")), "param").unwrap();
        let expected = file.paths().into_iter().map(|path| {
            let tensor = file.tensor(&path).expect("parameters are arrays").clone();
            (path, tensor)
        });
        assert_eq!(all(&found), all(&expected.collect()), "{name}");
    }
}

#[test]
fn tensors_come_in_the_order_of_the_state_dict() {
    let names: Vec<String> = read("torch_rnn1.pt")
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let expected = [
        "rnn.weight_ih_l0",
        "rnn.weight_hh_l0",
        "rnn.bias_ih_l0",
        "rnn.bias_hh_l0",
        "readout.weight",
        "readout.bias",
    ];
    assert_eq!(names, expected);
}

#[test]
fn every_kind_of_number_and_of_stride_is_read() {
    let named = read("torch_kinds.pt");
    let expected = [
        ("half", "f32[3][0.5, -2.0, 65504.0]"),
        ("brain", "f32[3][0.5, -2.0, 1.0002555517425873e30]"),
        ("long", "i64[2][-1.0, 1099511627776.0]"),
        ("int", "i64[2][-5.0, 6.0]"),
        ("short", "i64[1][-300.0]"),
        ("byte", "u8[1][255.0]"),
        ("bool", "u8[2][1.0, 0.0]"),
        ("double", "f64[1][0.1]"),
        ("scalar", "f32[][2.5]"),
        ("empty", "f32[0, 3][]"),
        (
            "turned",
            "f32[4, 3][0.0, 4.0, 8.0, 1.0, 5.0, 9.0, 2.0, 6.0, 10.0, 3.0, 7.0, 11.0]",
        ),
        ("strided", "f32[2, 2][4.0, 6.0, 8.0, 10.0]"),
        ("behind", "f32[7][5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]"),
        ("parameter", "f32[1][1.5]"),
    ];
    for (name, text) in expected {
        assert_eq!(shown(tensor(&named, name)), text, "{name}");
    }
    assert_eq!(named.len(), expected.len() + 1, "and `single`");
    let spread = shown(tensor(&read("torch_spread.pt"), "spread"));
    assert!(spread.starts_with("f32[1000][1.0, 1.0, "), "{spread}");
}

#[test]
fn pickles_of_every_protocol_are_read() {
    for protocol in [3, 4, 5] {
        let named = read(&format!("torch_protocol{protocol}.pt"));
        assert_eq!(shown(tensor(&named, "x")), "f32[2][1.0, 2.0]", "{protocol}");
    }
}

#[test]
fn the_state_dict_in_a_checkpoint_is_found() {
    let found = read("torch_checkpoint.pt");
    assert_eq!(found.len(), 18);
    assert_eq!(all(&found), all(&read("torch_bidirectional.safetensors")));
}

#[test]
fn safetensors_read_back_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let cpu = &Device::Cpu;
    let ramp = Tensor::arange(0f64, 12.0, cpu)
        .unwrap()
        .reshape((3, 4))
        .unwrap();
    let named: NamedTensors = vec![
        ("turned".into(), ramp.t().unwrap()),
        ("single".into(), ramp.to_dtype(DType::F32).unwrap()),
        ("whole".into(), ramp.to_dtype(DType::I64).unwrap()),
        ("scalar".into(), Tensor::new(0.1, cpu).unwrap()),
        (
            "empty".into(),
            Tensor::zeros((0, 3), DType::F32, cpu).unwrap(),
        ),
    ];
    safetensors::write(&path, &named, safetensors::PYTORCH_FORMAT).unwrap();
    assert_eq!(all(&safetensors::read(&path).unwrap()), all(&named));
    let first = std::fs::read(&path).unwrap();
    safetensors::write(&path, &named, safetensors::PYTORCH_FORMAT).unwrap();
    assert_eq!(
        std::fs::read(&path).unwrap(),
        first,
        "the same tensors, the same bytes"
    );
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1, "nothing is left beside the file");
}

#[test]
fn what_a_file_is_follows_from_its_bytes_and_not_from_its_name() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "torch_gru1.pt",
        "torch_bidirectional.safetensors",
        "torch_gru1.h5",
    ] {
        let path = folder.path().join("weights.bin");
        std::fs::copy(reference(name), &path).unwrap();
        assert!(!weights::read(&path).unwrap().is_empty(), "{name}");
    }
    let bytes = std::fs::read(reference("torch_gru1.pt")).unwrap();
    assert_eq!(torch::parse(Path::new("x"), &bytes).unwrap().len(), 6);
}
