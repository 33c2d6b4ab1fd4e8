//! Weights in files of PyTorch and safetensors: reading and writing (tests/references/torch.md
//! describes the reference files).

mod interop;
mod invalid_files;
mod pytorch_files;
mod reference_values;

use std::path::{Path, PathBuf};

use attractor::base::Error;
use attractor::io::{NamedTensors, hdf5, safetensors, torch, weights};
use attractor::tensor::{DType, Device, Tensor, convert};

fn reference(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/references")
        .join(name)
}

fn read_tensors(name: &str) -> NamedTensors {
    weights::read(reference(name)).unwrap_or_else(|error| panic!("{error}"))
}

fn tensor<'a>(tensors: &'a NamedTensors, name: &str) -> &'a Tensor {
    let entry = tensors.iter().find(|(tensor_name, _)| tensor_name == name);
    &entry.unwrap_or_else(|| panic!("no `{name}`")).1
}

/// Text form of a tensor: dtype, shape and values.
fn format_tensor(tensor: &Tensor) -> String {
    let numbers = convert::to_f64(tensor).unwrap();
    format!("{}{:?}{numbers:?}", tensor.dtype().as_str(), tensor.dims())
}

fn message(error: Error) -> String {
    match error.hint() {
        Some(hint) => format!("{error}; hint: {hint}"),
        None => error.to_string(),
    }
}

/// The tensors as text, sorted by name.
fn format_tensors(tensors: &NamedTensors) -> Vec<(String, String)> {
    let mut format_tensors: Vec<_> = tensors
        .iter()
        .map(|(name, tensor)| (name.clone(), format_tensor(tensor)))
        .collect();
    format_tensors.sort();
    format_tensors
}

#[test]
fn a_state_dict_of_pytorch_contains_the_saved_values() {
    for name in ["rnn1", "rnn2", "gru1", "gru2", "lstm1", "lstm2"] {
        let actual = read_tensors(&format!("torch_{name}.pt"));
        let file = hdf5::read_entry(reference(&format!("torch_{name}.h5")), "param").unwrap();
        let expected = file.paths().into_iter().map(|path| {
            let tensor = file.tensor(&path).expect("parameters are arrays").clone();
            (path, tensor)
        });
        assert_eq!(
            format_tensors(&actual),
            format_tensors(&expected.collect()),
            "{name}"
        );
    }
}

#[test]
fn tensors_are_in_the_order_of_the_state_dict() {
    let names: Vec<String> = read_tensors("torch_rnn1.pt")
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
fn all_dtypes_and_strides_are_read() {
    let tensors = read_tensors("torch_kinds.pt");
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
        assert_eq!(format_tensor(tensor(&tensors, name)), text, "{name}");
    }
    assert_eq!(tensors.len(), expected.len() + 1, "and `single`");
    let expanded_text = format_tensor(tensor(&read_tensors("torch_spread.pt"), "spread"));
    assert!(
        expanded_text.starts_with("f32[1000][1.0, 1.0, "),
        "{expanded_text}"
    );
}

#[test]
fn pickles_of_every_protocol_are_read() {
    for protocol in [3, 4, 5] {
        let tensors = read_tensors(&format!("torch_protocol{protocol}.pt"));
        assert_eq!(
            format_tensor(tensor(&tensors, "x")),
            "f32[2][1.0, 2.0]",
            "{protocol}"
        );
    }
}

#[test]
fn the_state_dict_inside_a_checkpoint_is_found() {
    let actual = read_tensors("torch_checkpoint.pt");
    assert_eq!(actual.len(), 18);
    assert_eq!(
        format_tensors(&actual),
        format_tensors(&read_tensors("torch_bidirectional.safetensors"))
    );
}

#[test]
fn safetensors_are_unchanged_after_a_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let cpu = &Device::Cpu;
    let ramp = Tensor::arange(0f64, 12.0, cpu)
        .unwrap()
        .reshape((3, 4))
        .unwrap();
    let tensors: NamedTensors = vec![
        ("turned".into(), ramp.t().unwrap()),
        ("single".into(), ramp.to_dtype(DType::F32).unwrap()),
        ("whole".into(), ramp.to_dtype(DType::I64).unwrap()),
        ("scalar".into(), Tensor::new(0.1, cpu).unwrap()),
        (
            "empty".into(),
            Tensor::zeros((0, 3), DType::F32, cpu).unwrap(),
        ),
    ];
    safetensors::write(&path, &tensors, safetensors::PYTORCH_FORMAT).unwrap();
    assert_eq!(
        format_tensors(&safetensors::read(&path).unwrap()),
        format_tensors(&tensors)
    );
    let first_bytes = std::fs::read(&path).unwrap();
    safetensors::write(&path, &tensors, safetensors::PYTORCH_FORMAT).unwrap();
    assert_eq!(
        std::fs::read(&path).unwrap(),
        first_bytes,
        "the same tensors, the same bytes"
    );
    let file_count = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(file_count, 1, "only the file remains");
}

#[test]
fn the_file_format_is_detected_from_the_content() {
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
