//! Data sets: equal and ragged trials, batch order, splits, and rejected data.

use std::collections::BTreeSet;

use attractor::nn::{Cell, NetworkOptions, Rnn};
use attractor::random::{Key, Layout};
use attractor::tasks::Dataset;
use attractor::tasks::dataset::{RawArray, RawData};
use attractor::tensor::{Device, Tensor};
use attractor::train::{BatchRequest, Task, Trials};

fn tensor(values: Vec<f64>, shape: &[usize]) -> Tensor {
    Tensor::from_vec(values, shape, &Device::Cpu).expect("a tensor")
}

/// Trials whose values encode the index of the trial and the time step: 100 trial + time.
fn indexed_tensor(trials: usize, time: usize) -> Tensor {
    let number = |k: usize| (k / time * 100 + k % time) as f64;
    tensor((0..trials * time).map(number).collect(), &[trials, time, 1])
}

fn indexed_data(trials: usize, time: usize) -> RawData {
    let inputs = RawArray::Stacked(indexed_tensor(trials, time));
    RawData {
        targets: Some(inputs.clone()),
        inputs,
        mask: None,
        lengths: None,
    }
}

fn dataset(parts: RawData) -> Dataset {
    Dataset::new(parts).expect("a data set")
}

fn key(seed: u64) -> Key {
    Key::new(seed, Layout::default())
}

/// Indices of the trials in some batches of a run.
fn trial_order(dataset: &Dataset, batch: usize, batches: std::ops::Range<usize>) -> Vec<usize> {
    let mut trials: Trials<f32> = Trials::new(Task::<f32>::shape(dataset), batch);
    let mut indices = Vec::new();
    for batch in batches {
        let request = BatchRequest {
            run: key(3),
            batch,
            key: key(batch as u64),
        };
        dataset.fill_batch(&request, &mut trials).expect("a batch");
        let rows = trials.inputs.chunks(trials.time);
        indices.extend(rows.map(|trial| trial[0] as usize / 100));
    }
    indices
}

#[test]
fn each_epoch_contains_every_trial_once_in_a_new_order() {
    let dataset = dataset(indexed_data(10, 4));
    // Ten epochs; the batch size does not divide the number of trials.
    let order = trial_order(&dataset, 4, 0..25);
    let epochs: Vec<&[usize]> = order.chunks(10).collect();
    for epoch in &epochs {
        let all: BTreeSet<usize> = epoch.iter().copied().collect();
        assert_eq!(all.len(), 10, "{epoch:?}");
    }
    let orders: BTreeSet<&&[usize]> = epochs.iter().collect();
    assert_eq!(orders.len(), 10, "{epochs:?}");
    // The content of a batch depends only on its index.
    assert_eq!(trial_order(&dataset, 4, 7..12), order[28..48]);
    assert_eq!(trial_order(&dataset, 40, 0..1), order[..40]);
}

#[test]
fn all_permutations_are_equally_likely() {
    let mut counts = std::collections::BTreeMap::new();
    for seed in 0..6000 {
        let order: Vec<usize> = (0..4).map(|i| key(seed).permutation_at(i, 4)).collect();
        *counts.entry(order).or_insert(0) += 1;
    }
    // 24 orders, 250 each; five standard deviations of a count are 77.
    assert_eq!(counts.len(), 24);
    let outlier = counts
        .iter()
        .find(|(_, count)| (**count - 250i32).abs() > 77);
    assert_eq!(outlier, None);
}

#[test]
fn a_permutation_contains_every_index_once() {
    for n in (1..80).chain([127, 128, 129, 1000, 4097]) {
        let order: BTreeSet<usize> = (0..n).map(|i| key(7).permutation_at(i, n)).collect();
        assert!(order.into_iter().eq(0..n), "{n}");
    }
}

#[test]
fn padding_is_zero_and_masked() {
    let constant_trial = |time: usize, value: f64| tensor(vec![value; time], &[time, 1]);
    let ragged = || {
        RawArray::PerTrial(vec![
            constant_trial(2, 5.0),
            constant_trial(4, 6.0),
            constant_trial(1, 7.0),
        ])
    };
    let from_lists = RawData {
        inputs: ragged(),
        targets: Some(ragged()),
        mask: None,
        lengths: None,
    };
    let full = [[5.0; 4], [6.0; 4], [f64::NAN; 4]].concat();
    let mut padded = full.clone();
    padded[8] = 7.0;
    let lengths = RawData {
        inputs: RawArray::Stacked(tensor(padded.clone(), &[3, 4, 1])),
        targets: Some(RawArray::Stacked(tensor(padded, &[3, 4, 1]))),
        mask: None,
        lengths: Some(vec![2, 4, 1]),
    };
    for parts in [from_lists, lengths] {
        let trials: Trials<f64> = dataset(parts).all();
        let expected = [[5.0, 5.0, 0.0, 0.0], [6.0; 4], [7.0, 0.0, 0.0, 0.0]];
        let mask = [[1.0, 1.0, 0.0, 0.0], [1.0; 4], [1.0, 0.0, 0.0, 0.0]];
        assert_eq!(trials.inputs, expected.concat());
        assert_eq!(trials.targets, expected.concat());
        assert_eq!(trials.mask, Some(mask.concat()));
    }
}

#[test]
fn the_loss_of_padded_trials_equals_the_mean_over_separate_trials() {
    let lengths = [3, 7, 5];
    let random_trial = |time: usize, seed| {
        let mut values = vec![0.0; time];
        key(seed).fill_normal(&mut values);
        tensor(values, &[time, 1])
    };
    let (inputs, targets): (Vec<Tensor>, Vec<Tensor>) = lengths
        .iter()
        .map(|time| (random_trial(*time, 1), random_trial(*time, 2)))
        .unzip();
    let net: Rnn<f64> = NetworkOptions::default()
        .build(Cell::default())
        .expect("defaults");
    let loss = |trials: &Trials<f64>| {
        net.loss(&mut net.workspace(), trials, None)
            .expect("a loss")
    };
    let parts = |inputs: &[Tensor], targets: &[Tensor]| RawData {
        inputs: RawArray::PerTrial(inputs.into()),
        targets: Some(RawArray::PerTrial(targets.into())),
        mask: None,
        lengths: None,
    };
    let actual = loss(&dataset(parts(&inputs, &targets)).all());
    let single_loss = |k: usize| {
        let trials: Trials<f64> = dataset(parts(&inputs[k..=k], &targets[k..=k])).all();
        assert_eq!((trials.time, &trials.mask), (lengths[k], &None));
        loss(&trials) * lengths[k] as f64
    };
    let expected = (single_loss(0) + single_loss(1) + single_loss(2)) / 15.0;
    assert!(
        (actual - expected).abs() < 1e-14,
        "{actual}, not {expected}"
    );
}

#[test]
fn targets_without_a_time_axis_apply_to_the_last_time_step() {
    let parts = RawData {
        targets: Some(RawArray::Stacked(tensor(vec![1.0, 2.0, 3.0, 4.0], &[2, 2]))),
        lengths: Some(vec![3, 2]),
        ..indexed_data(2, 3)
    };
    let trials: Trials<f32> = dataset(parts).all();
    let targets = [
        [0.0, 0.0, 0.0, 0.0, 1.0, 2.0],
        [0.0, 0.0, 3.0, 4.0, 0.0, 0.0],
    ];
    assert_eq!(trials.targets, targets.concat());
    assert_eq!(trials.mask, Some(vec![0.0, 0.0, 1.0, 0.0, 1.0, 0.0]));
}

#[test]
fn a_split_returns_two_disjoint_data_sets() {
    let all = dataset(indexed_data(30, 2));
    let [training, held_out] = all.split(0.25, &key(2)).expect("two sets");
    assert_eq!((training.count(), held_out.count()), (22, 8));
    let trial_indices = |dataset: &Dataset| -> BTreeSet<usize> {
        let trials: Trials<f64> = dataset.all();
        trials
            .inputs
            .chunks(2)
            .map(|x| x[0] as usize / 100)
            .collect()
    };
    let (training, held_out) = (trial_indices(&training), trial_indices(&held_out));
    assert!(training.is_disjoint(&held_out));
    assert_eq!(training.union(&held_out).count(), 30);
    for part in [0.0, 0.001, 1.0, -1.0, f64::NAN] {
        assert!(all.split(part, &key(2)).is_err(), "{part}");
    }
}

#[test]
fn batches_of_a_data_set_reuse_their_buffers() {
    let parts = RawData {
        lengths: Some(vec![2; 10]),
        ..indexed_data(10, 4)
    };
    let dataset = dataset(parts);
    let mut trials: Trials<f32> = Trials::new(Task::<f32>::shape(&dataset), 6);
    let mut pointers = BTreeSet::new();
    for batch in 0..5 {
        let (run, key) = (key(0), key(1));
        dataset
            .fill_batch(&BatchRequest { run, batch, key }, &mut trials)
            .expect("a batch");
        let mask = trials.mask.as_ref().expect("a mask");
        pointers.insert([&trials.inputs, &trials.targets, mask].map(|x| x.as_ptr()));
    }
    assert_eq!(pointers.len(), 1);
}

#[test]
fn invalid_data_are_rejected_with_their_location() {
    let stacked = |values: Vec<f64>, shape: &[usize]| RawArray::Stacked(tensor(values, shape));
    let mut with_nan = vec![0.0; 12];
    with_nan[7] = f64::NAN;
    let mut mask_with_nan = vec![1.0; 12];
    mask_with_nan[7] = f64::NAN;
    let ragged = |lengths: &[usize]| {
        let constant_trial = |time: &usize| tensor(vec![1.0; *time], &[*time, 1]);
        RawArray::PerTrial(lengths.iter().map(constant_trial).collect())
    };
    let valid = || indexed_data(3, 4);
    let rows = [
        (
            RawData {
                inputs: stacked(with_nan.clone(), &[3, 4, 1]),
                ..valid()
            },
            "a value of `inputs`, trial 1, time 3, is not finite (found NaN at index 0)",
        ),
        (
            RawData {
                targets: Some(stacked(with_nan.clone(), &[3, 2, 2])),
                ..indexed_data(3, 2)
            },
            "a value of `targets`, trial 1, time 1, is not finite (found NaN at index 1)",
        ),
        (
            RawData {
                inputs: stacked(vec![0.0; 12], &[12]),
                ..valid()
            },
            "expected inputs of shape [n, t, i], found [12]",
        ),
        (
            RawData {
                inputs: stacked(vec![], &[0, 4, 1]),
                ..valid()
            },
            "expected `trials` of 1 or more, found 0",
        ),
        (
            RawData {
                inputs: RawArray::PerTrial(vec![]),
                ..valid()
            },
            "expected `trials` of 1 or more, found 0",
        ),
        (
            RawData {
                targets: Some(stacked(vec![0.0; 8], &[2, 4, 1])),
                ..valid()
            },
            "expected targets of shape [3, 4, o], found [2, 4, 1]",
        ),
        (
            RawData {
                targets: Some(stacked(vec![0.0; 2], &[2, 1])),
                ..valid()
            },
            "expected targets of shape [3, o], found [2, 1]",
        ),
        (
            RawData {
                lengths: Some(vec![4, 5, 1]),
                ..valid()
            },
            "expected `lengths[1]` from 1 to 4, found 5",
        ),
        (
            RawData {
                lengths: Some(vec![4, 0, 1]),
                ..valid()
            },
            "expected `lengths[1]` from 1 to 4, found 0",
        ),
        (
            RawData {
                lengths: Some(vec![4]),
                ..valid()
            },
            "expected lengths of shape [3], found [1]",
        ),
        (
            RawData {
                mask: Some(stacked(vec![1.0; 9], &[3, 3])),
                ..valid()
            },
            "expected mask of shape [3, 4], found [3, 3]",
        ),
        (
            RawData {
                mask: Some(stacked(mask_with_nan, &[3, 4])),
                ..valid()
            },
            "expected `mask[1, 3]` of 0 or more, found NaN",
        ),
        (
            RawData {
                mask: Some(stacked(vec![1.0, 0.0, 1.0, 0.0], &[4, 1])),
                ..indexed_data(4, 1)
            },
            "expected `mask[1]` at least one positive weight, found zeros only",
        ),
        (
            RawData {
                inputs: ragged(&[4, 2]),
                targets: Some(ragged(&[4, 1])),
                ..valid()
            },
            "expected targets of shape [2, ..] for trial 1, as for its inputs, found [1, 1]",
        ),
        (
            RawData {
                inputs: RawArray::PerTrial(vec![indexed_tensor(1, 4), indexed_tensor(1, 4)]),
                ..valid()
            },
            "expected inputs of shape [t, 4] for trial 0, found [1, 4, 1]",
        ),
    ];
    for (parts, text) in rows {
        let error = Dataset::new(parts).map(|_| ()).expect_err(text);
        assert_eq!(error.to_string(), format!("tasks::dataset: {text}"));
    }
}
