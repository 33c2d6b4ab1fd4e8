//! The table of names from other programs.

use std::collections::HashSet;

use attractor::api;
use attractor::api::context::Language;
use attractor::base::options::Choice as _;
use attractor::base::synonyms::{SYNONYMS, lookup};
use attractor::ops::rnn::Loss;

use crate::session;

#[test]
fn a_foreign_name_maps_to_the_valid_name_of_its_context() {
    let valid = ["pinv", "inverse", "flip", "clamp"];
    assert_eq!(lookup("inv", &valid), Some("inverse"));
    assert_eq!(lookup("clip", &valid), Some("clamp"));
    assert_eq!(lookup("clip", &["flip", "clip_norm"]), Some("clip_norm"));
    assert_eq!(
        lookup("random::PRNGKey", &["random::key"]),
        Some("random::key")
    );
    assert_eq!(lookup("unknown", &valid), None);
}

#[test]
fn every_table_entry_maps_to_an_existing_name() {
    let natives = api::natives();
    let mut names: HashSet<&str> = natives.iter().map(|native| native.name).collect();
    for native in &natives {
        names.insert(native.module);
        names.extend(native.args.iter().map(|argument| argument.name));
        names.extend(native.options().iter().map(|option| option.name));
    }
    names.extend(Loss::default().names());
    // Entries of returned maps.
    names.extend(["kind", "initial_conditions", "inferred_inputs"]);
    let unknown: Vec<&str> = SYNONYMS.iter().map(|(ours, _)| *ours).collect();
    let unknown: Vec<&&str> = unknown
        .iter()
        .filter(|ours| !names.contains(**ours))
        .collect();
    assert!(unknown.is_empty(), "names that do not exist: {unknown:?}");
}

#[test]
fn errors_suggest_the_name_for_a_name_of_another_program() {
    let table = [
        ("zeros(3).inv()", "inverse"),
        ("zeros(3).var(0)", "variance"),
        ("zeros(3).repeat(2)", "repeat_interleave"),
        ("rnn::vanilla().count()", "num_params"),
        ("choose(1, 2, 3)", "where"),
        ("np.array([1.0])", "tensor"),
        ("plot::imshow(zeros([2, 2]))", "image"),
        ("optim::adam(#{ learning_rate: 0.1 })", "lr"),
        ("rnn::vanilla(#{ hidden_size: 10 })", "units"),
        ("npy::load(\"x.npy\")", "read"),
        ("npz::savez(\"x.npz\", #{})", "write"),
    ];
    for (text, expected) in table {
        let outcome = session::run(text, Language::Rhai).outcome;
        let hint = outcome.expect_err(text).hint.expect(text);
        let start = format!("did you mean `{expected}`?");
        assert!(hint.starts_with(&start), "{text}: {hint}");
    }
}
