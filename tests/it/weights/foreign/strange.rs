//! Tensors that make no network, more than one, or one that does not exist here.

use attractor::io::NamedTensors;
use attractor::nn::interop::ExportNames;

use super::super::{message, read};
use super::{named_tensors, recognise, recognised};

/// An RNN of 2 inputs and 3 units.
const RNN: [(&str, &[usize]); 4] = [
    ("rnn.weight_ih_l0", &[3, 2]),
    ("rnn.weight_hh_l0", &[3, 3]),
    ("rnn.bias_ih_l0", &[3]),
    ("rnn.bias_hh_l0", &[3]),
];

fn with(more: &[(&str, &[usize])]) -> NamedTensors {
    named_tensors(&[&RNN, more].concat())
}

fn without(name: &str, instead: &[(&str, &[usize])]) -> NamedTensors {
    let mut named = with(instead);
    named.remove(
        named
            .iter()
            .position(|(known, _)| known == name)
            .expect("a part"),
    );
    named
}

#[test]
fn tensors_that_make_no_network_are_listed_with_what_was_looked_for() {
    let cases: Vec<(NamedTensors, &[&str])> = vec![
        (
            named_tensors(&[("fc.weight", &[2, 3]), ("fc.bias", &[2])]),
            &[
                "weight_ih_l0 and weight_hh_l0",
                "found fc.weight [2, 3], fc.bias [2]",
            ],
        ),
        (vec![], &["found none"]),
        (
            with(&[("embed.weight", &[40, 2]), ("norm.weight", &[3])]),
            &[
                "expected only a recurrent network with a linear readout",
                "found also embed.weight [40, 2], norm.weight [3]",
                "`prefix`",
            ],
        ),
        (
            with(&[("a.weight", &[7, 3]), ("b.weight", &[2, 3])]),
            &[
                "one linear readout, found a.weight [7, 3], b.weight [2, 3]",
                "option `readout`",
            ],
        ),
        (
            named_tensors(&[
                ("lstm.weight_ih_l0", &[12, 2]),
                ("lstm.weight_hh_l0", &[12, 2]),
                ("lstm.weight_hr_l0", &[2, 3]),
            ]),
            &["found lstm.weight_hr_l0 [2, 3]", "without `proj_size`"],
        ),
        (
            with(&[("wR", &[2, 2]), ("dec.weight_hh_l0", &[3, 3])]),
            &[
                "found one at `rnn.`, one at `dec.`, one at ``",
                "option `prefix`",
            ],
        ),
        (
            without("rnn.weight_ih_l0", &[]),
            &["expected an entry `rnn.weight_ih_l0`, found rnn.bias_ih_l0 [3], rnn.bias_hh_l0 [3]"],
        ),
        (
            without("rnn.bias_hh_l0", &[]),
            &["expected an entry `rnn.bias_hh_l0`"],
        ),
        (
            without("rnn.weight_hh_l0", &[("rnn.weight_hh_l0", &[6, 3])]),
            &[
                "entry `rnn.weight_hh_l0`: expected shape [n, n] of an RNN, ",
                "found [6, 3]",
            ],
        ),
        (
            without("rnn.weight_hh_l0", &[("rnn.weight_hh_l0", &[0, 0])]),
            &["found [0, 0]"],
        ),
        (
            with(&[("rnn.weight_ih_l1", &[3, 2])]),
            &["entry `rnn.weight_ih_l1`: expected shape [3, 3], found [3, 2]"],
        ),
        (
            with(&[("rnn.weight_ih_l2", &[3, 3])]),
            &["found also rnn.weight_ih_l2 [3, 3]"],
        ),
        (
            named_tensors(&[("wR", &[5, 3]), ("wI", &[5, 1])]),
            &["entry `wR`: expected shape [n, n], [3n, n] or [4n, n], found [5, 3]"],
        ),
        (
            named_tensors(&[("wRUHX", &[6, 2]), ("wCHX", &[3, 2])]),
            &["entry `wCHX`: expected shape [n, n + i], found [3, 2]"],
        ),
    ];
    for (named, texts) in cases {
        let fault = message(recognise(&named, "", "").unwrap_err());
        for text in texts {
            assert!(fault.contains(text), "{text}\nis not in\n{fault}");
        }
    }
}

#[test]
fn a_long_list_of_tensors_is_cut() {
    let names: Vec<String> = (0..100).map(|at| format!("block{at}.weight")).collect();
    let shapes: Vec<(&str, &[usize])> =
        names.iter().map(|name| (name.as_str(), &[1][..])).collect();
    let fault = recognise(&named_tensors(&shapes), "", "")
        .unwrap_err()
        .to_string();
    assert!(
        fault.ends_with("block23.weight [1], and 76 more"),
        "{fault}"
    );
}

#[test]
fn a_prefix_that_nothing_has_is_told() {
    let fault = message(recognise(&with(&[]), "encoder.", "").unwrap_err());
    let words = "names start with `encoder.`, found `rnn.`; hint: set the option `prefix`";
    assert!(fault.contains(words), "{fault}");
}

#[test]
fn a_readout_of_another_name_is_told() {
    let named = with(&[("fc.weight", &[2, 3])]);
    let fault = message(recognise(&named, "", "out").unwrap_err());
    assert!(
        fault.contains("expected an entry `out.weight`, found fc.weight [2, 3]"),
        "{fault}"
    );
}

#[test]
fn the_gru_of_the_notebooks_cannot_become_one_of_pytorch() {
    let foreign = recognised(&read("decision_gru.h5"));
    let fault = foreign
        .to_state_dict(&ExportNames::default())
        .unwrap_err()
        .to_string();
    assert!(
        fault.contains("found a GRU with the reset gate before the matrix"),
        "{fault}"
    );
}
