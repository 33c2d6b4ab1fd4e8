//! Data sets: whole and ragged, in turns, in parts, and what is refused.

use std::collections::BTreeSet;

use attractor::nn::{Cell, NetworkOptions, Rnn};
use attractor::random::{Key, Layout};
use attractor::tasks::Dataset;
use attractor::tasks::dataset::{RawArray, RawData};
use attractor::tensor::{Device, Tensor};
use attractor::train::{BatchRequest, Task, Trials};

fn tensor(numbers: Vec<f64>, shape: &[usize]) -> Tensor {
    Tensor::from_vec(numbers, shape, &Device::Cpu).expect("a tensor")
}

/// `trials` trials of `time` times, whose numbers say which trial and time they are of.
fn counted(trials: usize, time: usize) -> Tensor {
    let number = |k: usize| (k / time * 100 + k % time) as f64;
    tensor((0..trials * time).map(number).collect(), &[trials, time, 1])
}

fn whole(trials: usize, time: usize) -> RawData {
    let inputs = RawArray::Stacked(counted(trials, time));
    RawData {
        targets: Some(inputs.clone()),
        inputs,
        mask: None,
        lengths: None,
    }
}

fn set(parts: RawData) -> Dataset {
    Dataset::new(parts).expect("a data set")
}

fn key(seed: u64) -> Key {
    Key::new(seed, Layout::default())
}

/// The trials of some batches of a run, by their first numbers.
fn turns(set: &Dataset, batch: usize, batches: std::ops::Range<usize>) -> Vec<usize> {
    let mut trials: Trials<f32> = Trials::new(Task::<f32>::shape(set), batch);
    let mut found = Vec::new();
    for batch in batches {
        let turn = BatchRequest {
            run: key(3),
            batch,
            key: key(batch as u64),
        };
        set.fill_batch(&turn, &mut trials).expect("a batch");
        let firsts = trials.inputs.chunks(trials.time);
        found.extend(firsts.map(|trial| trial[0] as usize / 100));
    }
    found
}

#[test]
fn every_trial_comes_once_an_epoch_and_epochs_follow_without_a_gap() {
    let set = set(whole(10, 4));
    // Ten epochs, in batches that do not divide them.
    let order = turns(&set, 4, 0..25);
    let epochs: Vec<&[usize]> = order.chunks(10).collect();
    for epoch in &epochs {
        let all: BTreeSet<usize> = epoch.iter().copied().collect();
        assert_eq!(all.len(), 10, "{epoch:?}");
    }
    let orders: BTreeSet<&&[usize]> = epochs.iter().collect();
    assert_eq!(orders.len(), 10, "{epochs:?}");
    // What a batch holds is a function of its number.
    assert_eq!(turns(&set, 4, 7..12), order[28..48]);
    assert_eq!(turns(&set, 40, 0..1), order[..40]);
}

#[test]
fn every_order_of_a_few_trials_comes_about_as_often_as_any_other() {
    let mut counts = std::collections::BTreeMap::new();
    for seed in 0..6000 {
        let order: Vec<usize> = (0..4).map(|i| key(seed).permutation_at(i, 4)).collect();
        *counts.entry(order).or_insert(0) += 1;
    }
    // 24 orders, 250 each; five standard deviations of a count are 77.
    assert_eq!(counts.len(), 24);
    let far = counts
        .iter()
        .find(|(_, count)| (**count - 250i32).abs() > 77);
    assert_eq!(far, None);
}

#[test]
fn a_random_order_has_every_number_once() {
    for n in (1..80).chain([127, 128, 129, 1000, 4097]) {
        let order: BTreeSet<usize> = (0..n).map(|i| key(7).permutation_at(i, n)).collect();
        assert!(order.into_iter().eq(0..n), "{n}");
    }
}

#[test]
fn padding_is_zero_and_does_not_count() {
    let one = |time: usize, value: f64| tensor(vec![value; time], &[time, 1]);
    let ragged = || RawArray::PerTrial(vec![one(2, 5.0), one(4, 6.0), one(1, 7.0)]);
    let lists = RawData {
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
    for parts in [lists, lengths] {
        let trials: Trials<f64> = set(parts).all();
        let expected = [[5.0, 5.0, 0.0, 0.0], [6.0; 4], [7.0, 0.0, 0.0, 0.0]];
        let mask = [[1.0, 1.0, 0.0, 0.0], [1.0; 4], [1.0, 0.0, 0.0, 0.0]];
        assert_eq!(trials.inputs, expected.concat());
        assert_eq!(trials.targets, expected.concat());
        assert_eq!(trials.mask, Some(mask.concat()));
    }
}

#[test]
fn the_loss_of_padded_trials_is_that_of_each_by_itself() {
    let lengths = [3, 7, 5];
    let walk = |time: usize, seed| {
        let mut numbers = vec![0.0; time];
        key(seed).fill_normal(&mut numbers);
        tensor(numbers, &[time, 1])
    };
    let (inputs, targets): (Vec<Tensor>, Vec<Tensor>) = lengths
        .iter()
        .map(|time| (walk(*time, 1), walk(*time, 2)))
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
    let found = loss(&set(parts(&inputs, &targets)).all());
    let alone = |k: usize| {
        let trials: Trials<f64> = set(parts(&inputs[k..=k], &targets[k..=k])).all();
        assert_eq!((trials.time, &trials.mask), (lengths[k], &None));
        loss(&trials) * lengths[k] as f64
    };
    let expected = (alone(0) + alone(1) + alone(2)) / 15.0;
    assert!((found - expected).abs() < 1e-14, "{found}, not {expected}");
}

#[test]
fn targets_without_times_are_those_of_the_last_time_of_each_trial() {
    let parts = RawData {
        targets: Some(RawArray::Stacked(tensor(vec![1.0, 2.0, 3.0, 4.0], &[2, 2]))),
        lengths: Some(vec![3, 2]),
        ..whole(2, 3)
    };
    let trials: Trials<f32> = set(parts).all();
    let targets = [
        [0.0, 0.0, 0.0, 0.0, 1.0, 2.0],
        [0.0, 0.0, 3.0, 4.0, 0.0, 0.0],
    ];
    assert_eq!(trials.targets, targets.concat());
    assert_eq!(trials.mask, Some(vec![0.0, 0.0, 1.0, 0.0, 1.0, 0.0]));
}

#[test]
fn a_set_falls_into_two_without_a_trial_in_common() {
    let all = set(whole(30, 2));
    let [rest, held] = all.split(0.25, &key(2)).expect("two sets");
    assert_eq!((rest.count(), held.count()), (22, 8));
    let first = |set: &Dataset| -> BTreeSet<usize> {
        let trials: Trials<f64> = set.all();
        trials
            .inputs
            .chunks(2)
            .map(|x| x[0] as usize / 100)
            .collect()
    };
    let (rest, held) = (first(&rest), first(&held));
    assert!(rest.is_disjoint(&held));
    assert_eq!(rest.union(&held).count(), 30);
    for part in [0.0, 0.001, 1.0, -1.0, f64::NAN] {
        assert!(all.split(part, &key(2)).is_err(), "{part}");
    }
}

#[test]
fn the_batches_of_a_data_set_share_their_memory() {
    let parts = RawData {
        lengths: Some(vec![2; 10]),
        ..whole(10, 4)
    };
    let set = set(parts);
    let mut trials: Trials<f32> = Trials::new(Task::<f32>::shape(&set), 6);
    let mut places = BTreeSet::new();
    for batch in 0..5 {
        let (run, key) = (key(0), key(1));
        set.fill_batch(&BatchRequest { run, batch, key }, &mut trials)
            .expect("a batch");
        let mask = trials.mask.as_ref().expect("a mask");
        places.insert([&trials.inputs, &trials.targets, mask].map(|x| x.as_ptr()));
    }
    assert_eq!(places.len(), 1);
}

#[test]
fn data_that_do_not_fit_are_refused_with_their_place() {
    let with = |numbers: Vec<f64>, shape: &[usize]| RawArray::Stacked(tensor(numbers, shape));
    let mut broken = vec![0.0; 12];
    broken[7] = f64::NAN;
    let mut weights = vec![1.0; 12];
    weights[7] = f64::NAN;
    let ragged = |lengths: &[usize]| {
        let one = |time: &usize| tensor(vec![1.0; *time], &[*time, 1]);
        RawArray::PerTrial(lengths.iter().map(one).collect())
    };
    let base = || whole(3, 4);
    let rows = [
        (
            RawData {
                inputs: with(broken.clone(), &[3, 4, 1]),
                ..base()
            },
            "a value of `inputs`, trial 1, time 3, is not finite (found NaN at index 0)",
        ),
        (
            RawData {
                targets: Some(with(broken.clone(), &[3, 2, 2])),
                ..whole(3, 2)
            },
            "a value of `targets`, trial 1, time 1, is not finite (found NaN at index 1)",
        ),
        (
            RawData {
                inputs: with(vec![0.0; 12], &[12]),
                ..base()
            },
            "expected inputs of shape [n, t, i], found [12]",
        ),
        (
            RawData {
                inputs: with(vec![], &[0, 4, 1]),
                ..base()
            },
            "expected `trials` of 1 or more, found 0",
        ),
        (
            RawData {
                inputs: RawArray::PerTrial(vec![]),
                ..base()
            },
            "expected `trials` of 1 or more, found 0",
        ),
        (
            RawData {
                targets: Some(with(vec![0.0; 8], &[2, 4, 1])),
                ..base()
            },
            "expected targets of shape [3, 4, o], found [2, 4, 1]",
        ),
        (
            RawData {
                targets: Some(with(vec![0.0; 2], &[2, 1])),
                ..base()
            },
            "expected targets of shape [3, o], found [2, 1]",
        ),
        (
            RawData {
                lengths: Some(vec![4, 5, 1]),
                ..base()
            },
            "expected `lengths[1]` from 1 to 4, found 5",
        ),
        (
            RawData {
                lengths: Some(vec![4, 0, 1]),
                ..base()
            },
            "expected `lengths[1]` from 1 to 4, found 0",
        ),
        (
            RawData {
                lengths: Some(vec![4]),
                ..base()
            },
            "expected lengths of shape [3], found [1]",
        ),
        (
            RawData {
                mask: Some(with(vec![1.0; 9], &[3, 3])),
                ..base()
            },
            "expected mask of shape [3, 4], found [3, 3]",
        ),
        (
            RawData {
                mask: Some(with(weights, &[3, 4])),
                ..base()
            },
            "expected `mask[1, 3]` of 0 or more, found NaN",
        ),
        (
            RawData {
                mask: Some(with(vec![1.0, 0.0, 1.0, 0.0], &[4, 1])),
                ..whole(4, 1)
            },
            "expected `mask[1]` at least one positive weight, found zeros only",
        ),
        (
            RawData {
                inputs: ragged(&[4, 2]),
                targets: Some(ragged(&[4, 1])),
                ..base()
            },
            "expected targets of shape [2, ..] for trial 1, as for its inputs, found [1, 1]",
        ),
        (
            RawData {
                inputs: RawArray::PerTrial(vec![counted(1, 4), counted(1, 4)]),
                ..base()
            },
            "expected inputs of shape [t, 4] for trial 0, found [1, 4, 1]",
        ),
    ];
    for (parts, words) in rows {
        let fault = Dataset::new(parts).map(|_| ()).expect_err(words);
        assert_eq!(fault.to_string(), format!("tasks::dataset: {words}"));
    }
}
