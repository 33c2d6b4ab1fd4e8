//! Labels of trials: they stay with their trials in batches and splits, and training ignores them.

use attractor::api::context::Language;
use attractor::api::rhai_to_lua::translate;
use attractor::api::value::Value;

use crate::session::{LANGUAGES, run};

/// The value of trial k is k in all arrays. Returns the number of mismatches.
const DATASET: [&str; 2] = [
    r#"
let k = arange(0, 20);
let x = k.reshape([20, 1, 1]) * ones([20, 3, 1]);
let names = [];
for n in 0..20 { names.push(`trial ${n}`); }
let task = tasks::dataset(#{
    inputs: x, targets: x, coh: k, index: k.to_dtype("i64"), condition: names,
    pairs: x.squeeze(2),
});
let sets = task.split(0.3, random::key(3));
let mismatches = 0;
for set in [task, sets.train, sets.validation] {
    let n = set.count() + 3;
    let batch = set.batch(n, random::key(1));
    for j in 0..n {
        let trial = batch.inputs.at([j, 0, 0]);
        if batch.coh.at(j) != trial { mismatches += 1; }
        if batch.index.at(j) != trial { mismatches += 1; }
        if batch.pairs.at([j, 2]) != trial { mismatches += 1; }
        if batch.condition[j] != `trial ${trial.to_int()}` { mismatches += 1; }
    }
    if batch.coh.shape() != [n] || batch.index.dtype() != "i64" { mismatches += 1; }
}
mismatches
"#,
    r#"
local k = arange(0, 20)
local x = k:reshape({20, 1, 1}) * ones({20, 3, 1})
local names = {}
for n = 0, 19 do names[n + 1] = "trial " .. n end
local task = tasks.dataset({
    inputs = x, targets = x, coh = k, index = k:to_dtype("i64"), condition = names,
    pairs = x:squeeze(2),
})
local sets = task:split(0.3, random.key(3))
local mismatches = 0
for _, set in ipairs({ task, sets.train, sets.validation }) do
    local n = set:count() + 3
    local batch = set:batch(n, random.key(1))
    for j = 0, n - 1 do
        local trial = batch.inputs:at({j, 0, 0})
        if batch.coh:at(j) ~= trial then mismatches = mismatches + 1 end
        if batch.index:at(j) ~= trial then mismatches = mismatches + 1 end
        if batch.pairs:at({j, 2}) ~= trial then mismatches = mismatches + 1 end
        if batch.condition[j + 1] ~= "trial " .. math.tointeger(trial) then
            mismatches = mismatches + 1
        end
    end
    if batch.index:dtype() ~= "i64" then mismatches = mismatches + 1 end
end
return mismatches
"#,
];

fn integer(text: &str, language: Language) -> i64 {
    match run(text, language).outcome {
        Ok(Value::Int(n)) => n,
        Ok(other) => panic!("{language:?}: the script returned {}", other.kind()),
        Err(error) => panic!("{language:?}: {} {:?}", error.message, error.location),
    }
}

#[test]
fn labels_stay_with_their_trials_in_batches_and_splits() {
    for (language, text) in LANGUAGES.into_iter().zip(DATASET) {
        assert_eq!(integer(text, language), 0, "{language:?}");
    }
}

#[test]
fn training_and_losses_ignore_labels() {
    let text = r#"
let x = random::normal(random::key(0), [12, 5, 1]);
let side = ["l", "r", "l", "l", "r", "l", "r", "l", "l", "r", "r", "r"];
let plain = tasks::dataset(#{ inputs: x, targets: x });
let labelled = tasks::dataset(#{ inputs: x, targets: x, side: side, coh: x.slice(1, 0, 2) });
let closure = tasks::custom(#{ steps: 5 }, |key, n| {
    let x = random::normal(key, [n, 5, 1]);
    #{ inputs: x, targets: x, coh: x.mean([1, 2]) }
});
let nets = [];
let mismatches = 0;
// The checkpoint of the data set without labels continues with labels.
for task in [plain, labelled] {
    let net = rnn::vanilla(#{ units: 4 });
    let options = #{ batches: 6, batch_size: 4, checkpoint: "run.h5", validation: task };
    let fit = train(net, task, options);
    nets.push(net);
}
let a = nets[0].params();
let b = nets[1].params();
for name in a.keys() { if (a[name] - b[name]).abs().max().item() != 0.0 { mismatches += 1; } }
let batch = labelled.batch(5, random::key(2));
if nets[0].loss(batch) != nets[0].loss(plain.batch(5, random::key(2))) { mismatches += 1; }
train(nets[0], closure, #{ batches: 2, validation: batch });
let batch = closure.batch(6, random::key(5));
if (batch.coh - batch.inputs.mean([1, 2])).abs().max().item() != 0.0 { mismatches += 1; }
mismatches
"#;
    assert_eq!(integer(text, Language::Rhai), 0);
}

/// Entries besides `inputs: x, targets: x` of 4 trials, and parts of the error message.
const ERRORS: [(&str, &[&str]); 8] = [
    (
        "lenghts: [1, 2, 3, 3]",
        &["`lenghts`", "did you mean `lengths`?"],
    ),
    (
        "length: [1, 2, 3, 3]",
        &["`length`", "did you mean `lengths`?"],
    ),
    ("masks: ones([4, 3])", &["`masks`", "did you mean `mask`?"]),
    ("target: x", &["`target`", "did you mean `targets`?"]),
    ("coh: [1.0, 2.0]", &["label `coh`", "[4, ..]", "found [2]"]),
    ("coh: 1.0", &["label `coh`"]),
    ("side: [\"l\", \"r\"]", &["label `side`", "found [2]"]),
    (
        "labels: #{ side: [1.0] }",
        &["label `labels`", "found a map"],
    ),
];

#[test]
fn misspelled_entries_and_invalid_labels_are_errors() {
    let calls = [
        "tasks::dataset(#{ inputs: x, targets: x, ENTRY });",
        "rnn::vanilla(#{ units: 2 }).loss(#{ inputs: x, targets: x, ENTRY });",
        "tasks::custom(#{ steps: 3 }, |key, n| #{ inputs: x, targets: x, ENTRY })\
         .batch(4, random::key(0));",
    ];
    for (entry, parts) in ERRORS {
        for (call, language) in calls.iter().flat_map(|call| LANGUAGES.map(|l| (call, l))) {
            let call = call.replace("ENTRY", entry);
            let text = format!("let x = zeros([4, 3, 1]);\nlet r = {call}");
            let error = run(&translate(&text, language), language).outcome;
            let error = error.map(|_| ()).expect_err(&text);
            let message = format!("{} {}", error.message, error.hint.unwrap_or_default());
            for part in parts {
                assert!(message.contains(part), "{language:?}: {call}: {message}");
            }
        }
    }
}
