//! Files as PyTorch 1.x and 2.x, Lightning and safetensors write them
//! (tests/references/torch_kit.py), loaded by a script; outputs and states are those of PyTorch.

use std::path::Path;

use attractor::api::context::{Language, RunConfig};
use attractor::api::value::Value;

use super::reference;
use crate::session::{Run, run_in};

/// f32 rounds at each of 6 steps; PyTorch computed in f64.
const TOLERANCE: f64 = 2e-6;
/// What a note begins with, where tanh had to be assumed.
const NOTE: &str = "does not say whether the units are tanh or relu";

/// Loads torch_kit/NAME and compares; NAME and the options stand in for the marks.
const SCRIPT: &str = r#"
let net = rnn::load("KIT/NAME", #{OPTIONS});
let all = h5::read("KIT.h5");
let run = net.run(all.x);
let expected = all["NAME"];
let worst = |a, b| {
    if a.shape() != b.shape() { fail(`shapes ${a.shape()} and ${b.shape()}`); }
    (a.f64() - b.f64()).abs().max().item()
};
let distance = 0.0;
if net.outputs() > 0 { distance = worst.call(run.outputs, expected.outputs); }
if "states" in expected { distance = max(distance, worst.call(run.states, expected.states)); }
distance
"#;

fn load(name: &str, options: &str) -> Run {
    let kit = reference("torch_kit").display().to_string();
    let script = SCRIPT
        .replace("KIT", &kit)
        .replace("NAME", name)
        .replace("OPTIONS", options);
    run_in(&script, Language::Rhai, RunConfig::default())
}

/// Files, options, and whether a note says that tanh was assumed.
const LOADED: [(&str, &str, bool); 53] = [
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
fn networks_of_pytorch_compute_here_what_they_compute_there() {
    for (name, options, noted) in LOADED {
        let Run { outcome, printed } = load(name, options);
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
        assert_eq!(printed.contains(NOTE), noted, "{name}: {printed}");
    }
}

/// Files that are refused, options, and what the error says.
const REFUSED: [(&str, &str, &str); 21] = [
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
fn what_is_refused_is_named() {
    for (name, options, expected) in REFUSED {
        let fault = load(name, options).outcome.expect_err(name);
        let text = format!("{fault}");
        assert!(text.contains(expected), "{name} #{{{options}}}: {text}");
        assert!(text.len() < 400, "{name}: {text}");
    }
}

/// Each file that the program makes is in one of the tables.
#[test]
fn every_file_of_the_kit_is_tried() {
    let known = |name: &str| {
        LOADED.iter().any(|row| row.0 == name) || REFUSED.iter().any(|row| row.0 == name)
    };
    for entry in std::fs::read_dir(reference("torch_kit")).expect("a folder") {
        let name = entry.expect("an entry").file_name();
        let name = Path::new(&name).display().to_string();
        // The same encoder once more, in a file whose order says nothing: its name is a readout's.
        assert!(known(&name) || name == "fc_alone.safetensors", "{name}");
    }
}
