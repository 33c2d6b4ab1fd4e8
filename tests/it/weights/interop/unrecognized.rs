//! Tensors that form no network, several networks, or an unsupported network.

use attractor::io::NamedTensors;
use attractor::nn::interop::ExportNames;

use super::super::{message, read_tensors};
use super::{distinct_tensors, recognize, try_recognize};

/// An RNN with 2 inputs and 3 units.
const RNN: [(&str, &[usize]); 4] = [
    ("rnn.weight_ih_l0", &[3, 2]),
    ("rnn.weight_hh_l0", &[3, 3]),
    ("rnn.bias_ih_l0", &[3]),
    ("rnn.bias_hh_l0", &[3]),
];

fn rnn_with(additional: &[(&str, &[usize])]) -> NamedTensors {
    distinct_tensors(&[&RNN, additional].concat())
}

fn rnn_without(name: &str, replacement: &[(&str, &[usize])]) -> NamedTensors {
    let mut tensors = rnn_with(replacement);
    tensors.remove(
        tensors
            .iter()
            .position(|(tensor_name, _)| tensor_name == name)
            .expect("a tensor with this name"),
    );
    tensors
}

#[test]
fn the_error_lists_the_tensors_and_the_expected_names() {
    let cases: Vec<(NamedTensors, &[&str])> = vec![
        (
            distinct_tensors(&[("fc.weight", &[2, 3]), ("fc.bias", &[2])]),
            &[
                "weight_ih_l0 and weight_hh_l0",
                "found fc.weight [2, 3], fc.bias [2]",
            ],
        ),
        (vec![], &["found none"]),
        (
            rnn_with(&[("embed.weight", &[40, 2]), ("norm.weight", &[3])]),
            &[
                "expected only a recurrent network with a linear readout",
                "found also embed.weight [40, 2], norm.weight [3]",
                "`prefix`",
            ],
        ),
        (
            rnn_with(&[("a.weight", &[7, 3]), ("b.weight", &[2, 3])]),
            &[
                "one linear readout, found a.weight [7, 3], b.weight [2, 3]",
                "option `readout`",
            ],
        ),
        (
            distinct_tensors(&[
                ("lstm.weight_ih_l0", &[12, 2]),
                ("lstm.weight_hh_l0", &[12, 2]),
                ("lstm.weight_hr_l0", &[2, 3]),
            ]),
            &["found lstm.weight_hr_l0 [2, 3]", "without `proj_size`"],
        ),
        (
            rnn_with(&[("wR", &[2, 2]), ("dec.weight_hh_l0", &[3, 3])]),
            &[
                "found one at `rnn.`, one at `dec.`, one at ``",
                "option `prefix`",
            ],
        ),
        (
            rnn_without("rnn.weight_ih_l0", &[]),
            &["expected an entry `rnn.weight_ih_l0`, found rnn.bias_ih_l0 [3], rnn.bias_hh_l0 [3]"],
        ),
        (
            rnn_without("rnn.bias_hh_l0", &[]),
            &["expected an entry `rnn.bias_hh_l0`"],
        ),
        (
            rnn_without("rnn.weight_hh_l0", &[("rnn.weight_hh_l0", &[6, 3])]),
            &[
                "entry `rnn.weight_hh_l0`: expected shape [n, n] of an RNN, ",
                "found [6, 3]",
            ],
        ),
        (
            rnn_without("rnn.weight_hh_l0", &[("rnn.weight_hh_l0", &[0, 0])]),
            &["found [0, 0]"],
        ),
        (
            rnn_with(&[("rnn.weight_ih_l1", &[3, 2])]),
            &["entry `rnn.weight_ih_l1`: expected shape [3, 3], found [3, 2]"],
        ),
        (
            rnn_with(&[("rnn.weight_ih_l2", &[3, 3])]),
            &["found also rnn.weight_ih_l2 [3, 3]"],
        ),
        (
            distinct_tensors(&[("wR", &[5, 3]), ("wI", &[5, 1])]),
            &["entry `wR`: expected shape [n, n], [2n, n], [3n, n] or [4n, n], found [5, 3]"],
        ),
        (
            distinct_tensors(&[("wRUHX", &[6, 2]), ("wCHX", &[3, 2])]),
            &["entry `wCHX`: expected shape [n, n + i], found [3, 2]"],
        ),
    ];
    for (tensors, texts) in cases {
        let error = message(try_recognize(&tensors, "", "").unwrap_err());
        for text in texts {
            assert!(error.contains(text), "{text}\nis not in\n{error}");
        }
    }
}

#[test]
fn a_long_list_of_tensors_is_truncated() {
    let names: Vec<String> = (0..100).map(|at| format!("block{at}.weight")).collect();
    let shapes: Vec<(&str, &[usize])> =
        names.iter().map(|name| (name.as_str(), &[1][..])).collect();
    let error = try_recognize(&distinct_tensors(&shapes), "", "")
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("block23.weight [1], and 76 more"),
        "{error}"
    );
}

#[test]
fn a_prefix_without_tensors_is_an_error() {
    let error = message(try_recognize(&rnn_with(&[]), "encoder.", "").unwrap_err());
    let expected = "names start with `encoder.`, found `rnn.`; hint: set the option `prefix`";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_readout_with_a_different_name_is_an_error() {
    let tensors = rnn_with(&[("fc.weight", &[2, 3])]);
    let error = message(try_recognize(&tensors, "", "out").unwrap_err());
    assert!(
        error.contains("expected an entry `out.weight`, found fc.weight [2, 3]"),
        "{error}"
    );
}

#[test]
fn the_gru_of_the_notebooks_cannot_be_exported_to_pytorch() {
    let network = recognize(&read_tensors("decision_gru.h5"));
    let error = network
        .to_state_dict(&ExportNames::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("found a GRU with the reset gate before the matrix"),
        "{error}"
    );
}
