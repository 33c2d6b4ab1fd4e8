//! Files of PyTorch 1.x and 2.x, Lightning and safetensors (tests/references/torch_kit.py): scripts
//! load them and compare outputs and states with those of PyTorch.

use std::path::Path;

use attractor::api::context::{Language, RunConfig};
use attractor::api::value::Value;

use super::reference;
use crate::session::{Run, run_in};

/// Rounding in f32 over 6 steps; PyTorch computed in f64.
const TOLERANCE: f64 = 2e-6;
/// Part of the note that is printed when tanh is assumed.
const NOTE: &str = "does not state whether the units are tanh or relu";

/// Loads torch_kit/NAME and compares the results; NAME and OPTIONS are placeholders.
const SCRIPT: &str = r#"
let net = rnn::load("KIT/NAME", #{OPTIONS});
let all = h5::read("KIT.h5");
let run = net.run(all.x);
let expected = all["NAME"];
let max_error = |a, b| {
    if a.shape() != b.shape() { fail(`shapes ${a.shape()} and ${b.shape()}`); }
    (a.f64() - b.f64()).abs().max().item()
};
let distance = 0.0;
if net.outputs() > 0 { distance = max_error.call(run.outputs, expected.outputs); }
if "states" in expected { distance = max(distance, max_error.call(run.states, expected.states)); }
distance
"#;

fn run_load(name: &str, options: &str) -> Run {
    let kit = reference("torch_kit").display().to_string();
    let script = SCRIPT
        .replace("KIT", &kit)
        .replace("NAME", name)
        .replace("OPTIONS", options);
    run_in(&script, Language::Rhai, RunConfig::default())
}

/// Files, options, and whether a note about tanh is expected.
const VALID_FILES: [(&str, &str, bool); 53] = [
    ("rnn.pt", "", true),
    ("rnn.pt", "nonlinearity: \"tanh\"", false),
    ("gru.pt", "", false),
    ("lstm.pt", "", false),
    ("lstm_2layers.pt", "", false),
    ("gru_bidirectional.pt", "", false),
    ("rnn_nobias.pt", "", true),
    ("rnn_bare.pt", "", true),
    ("gru_f64.pt", "", false),
    ("rnn_f64.pt", "", true),
    ("rnn_f64.pt", "dtype: \"f32\"", true),
    ("rnn.pt", "dtype: \"f64\"", true),
    ("lstm_half.pt", "", false),
    ("rnn_brain.pt", "", true),
    ("rnn_parallel.pt", "", true),
    ("gru_compiled.pt", "", false),
    ("lstm_protocol5.pt", "", false),
    ("lstm_alone.pt", "", false),
    ("gru_cell.pt", "", false),
    ("old_rnn.pt", "", true),
    ("old_gru_2layers.pt", "", false),
    ("old_lstm_f64.pt", "", false),
    ("old_half.pt", "", true),
    ("old_protocol4.pt", "", true),
    ("old_checkpoint.pt", "", false),
    ("checkpoint.pt", "", false),
    ("checkpoint_model.pt", "", true),
    ("checkpoint_facts.pt", "", true),
    ("old_checkpoint_facts.pt", "", true),
    ("checkpoint_args.pt", "", false),
    ("lightning_relu.ckpt", "", false),
    ("lightning_tanh.ckpt", "", false),
    ("lightning_attributes.ckpt", "", false),
    ("lightning_gru.ckpt", "", false),
    ("old_lightning.ckpt", "", false),
    ("odd.pt", "", false),
    ("odd.pt", "prefix: \"rnn.\", readout: \"readout\"", false),
    ("old_odd.pt", "", true),
    ("odd.safetensors", "", false),
    (
        "embedding_before.pt",
        "prefix: \"rnn.\", readout: \"last\"",
        false,
    ),
    (
        "encoder_before.pt",
        "prefix: \"rnn.\", readout: \"last\"",
        false,
    ),
    ("fc_before.pt", "prefix: \"rnn.\", readout: \"last\"", false),
    ("readout_first.pt", "", false),
    ("start.pt", "h0: \"start\"", false),
    ("start_lstm.pt", "h0: \"h_init\", c0: \"c_init\"", false),
    ("h0_c0.pt", "", false),
    ("two_heads.pt", "readout: \"two\"", true),
    ("deflated.pt", "", true),
    ("no_crc.pt", "", false),
    ("gru.safetensors", "", false),
    ("lstm_bidirectional.safetensors", "", false),
    ("rnn_half.safetensors", "", true),
    ("embedding_alone.pt", "prefix: \"rnn.\"", false),
];

#[test]
fn loaded_networks_compute_the_results_of_pytorch() {
    for (name, options, expects_note) in VALID_FILES {
        let Run { outcome, printed } = run_load(name, options);
        let Ok(Value::Float(distance)) = outcome else {
            panic!("{name} #{{{options}}}: {outcome:?}");
        };
        println!("{name:32} {options:45} {distance:.1e}");
        let exact = match options {
            "" => name.contains("f64"),
            _ => options.contains("f64"),
        };
        let tolerance = if exact { 1e-14 } else { TOLERANCE };
        assert!(distance <= tolerance, "{name} #{{{options}}}: {distance}");
        assert_eq!(printed.contains(NOTE), expects_note, "{name}: {printed}");
    }
}

/// Rejected files, options, and text of the error.
const REJECTED_FILES: [(&str, &str, &str); 21] = [
    (
        "embedding_before.pt",
        "",
        "found also embedding.weight [9, 5]",
    ),
    ("encoder_before.pt", "", "found also encoder.weight [5, 5]"),
    ("fc_before.pt", "", "found also fc.weight [5, 5]"),
    (
        "embedding_alone.pt",
        "",
        "one linear readout, found embedding.weight [9, 5]",
    ),
    (
        "encoder_alone.pt",
        "",
        "one linear readout, found encoder.weight [5, 5]",
    ),
    (
        "fc_alone.pt",
        "",
        "one linear readout, found fc.weight [5, 5]",
    ),
    (
        "embedding_alone.safetensors",
        "",
        "one linear readout, found embedding.weight [9, 5]",
    ),
    (
        "encoder_alone.safetensors",
        "",
        "one linear readout, found encoder.weight [5, 5]",
    ),
    (
        "two_heads.pt",
        "",
        "found one.weight [2, 5], two.weight [4, 5]",
    ),
    ("start.pt", "", "found also start [1, 1, 5]"),
    ("start.pt", "h0: \"begin\"", "expected an entry `begin`"),
    (
        "start_lstm.pt",
        "h0: \"h_init\"",
        "found also c_init [2, 1, 5]",
    ),
    (
        "start.pt",
        "h0: \"readout.bias\"",
        "entry `readout.bias`: expected shape [1, 1, 5], found [2]",
    ),
    (
        "lzma.pt",
        "",
        "a PyTorch archive with stored or deflated records",
    ),
    ("whole.pt", "", "a pickled object of class `nets.Net`"),
    (
        "whole_inside.pt",
        "",
        "`model` is a pickled object of class `nets.Net`",
    ),
    ("old_whole.pt", "", "a pickled object of class `nets.Net`"),
    ("script.pt", "", "a program (TorchScript)"),
    (
        "eight_bits.pt",
        "",
        "entry `rnn.weight_hh_l0` has an unsupported type: torch.float8_e4m3fn",
    ),
    (
        "eight_bits.safetensors",
        "",
        "entry `rnn.weight_hh_l0` has an unsupported type: F8_E4M3",
    ),
    (
        "eight_bits_readout.pt",
        "",
        "entry `readout.weight` has an unsupported type",
    ),
];

#[test]
fn errors_of_rejected_files_name_the_problem() {
    for (name, options, expected) in REJECTED_FILES {
        let error = run_load(name, options).outcome.expect_err(name);
        let text = format!("{error}");
        assert!(text.contains(expected), "{name} #{{{options}}}: {text}");
        assert!(text.len() < 400, "{name}: {text}");
    }
}

/// Each file that torch_kit.py generates is in one of the tables.
#[test]
fn every_reference_file_is_tested() {
    let is_in_table = |name: &str| {
        VALID_FILES.iter().any(|row| row.0 == name)
            || REJECTED_FILES.iter().any(|row| row.0 == name)
    };
    for entry in std::fs::read_dir(reference("torch_kit")).expect("a folder") {
        let name = entry.expect("an entry").file_name();
        let name = Path::new(&name).display().to_string();
        // A safetensors file does not preserve the order, and `fc` is a common name of a readout.
        assert!(
            is_in_table(&name) || name == "fc_alone.safetensors",
            "{name}"
        );
    }
}
