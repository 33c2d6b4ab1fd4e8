//! All fixed points that are there, by either method, and what is not one.

use attractor::analysis::fixed_points::{
    Adam, Candidates, CountEstimate, Filter, Label, Newton, Refinement, SearchResult,
    discovery_curve, linearization,
};
use attractor::base::{Error, NoProgress, Progress, Report};
use attractor::io::{hdf5, weights};
use attractor::nn::interop::{CellSettings, PortableNetwork, Selection};
use attractor::nn::{Cell, Network, Rnn, Spec};
use attractor::optim::{self, Optimizer, Schedule};
use attractor::tensor::{DType, convert};

use super::{
    KEEP, POLISHED, SAME, TRACER, candidates, filtered_points, find_points, flip_flop, linear,
    matched, normal, numbers, reference, searched, tanh,
};

#[test]
fn all_fixed_points_of_three_maps_are_found_with_their_types() {
    let tree = hdf5::read(reference("fixed_points.h5")).expect("a reference");
    for (name, n, count) in [("n2", 2, 3), ("n3", 3, 3), ("n4", 4, 9)] {
        let of = |what: &str| numbers(&tree, &format!("{name}/{what}"));
        let (points, linear) = find_points(&tanh(n, of("wR")), normal(1, 400 * n, 1.0));
        assert_eq!(points.points.len(), count, "{name}");
        let expected = matched(&points, &of("fixed_points"));
        for (row, (at, far)) in expected.into_iter().enumerate() {
            assert!(far < SAME, "{name} point {row}: {far} away");
            let mut moduli: Vec<f64> = linear[at]
                .eigenvalues
                .iter()
                .map(|x| linearization::modulus(*x))
                .collect();
            let mut theirs = of("eig_abs")[row * n..][..n].to_vec();
            moduli.sort_by(f64::total_cmp);
            theirs.sort_by(f64::total_cmp);
            let error = moduli.iter().zip(&theirs).map(|(a, b)| (a - b).abs());
            assert!(
                error.fold(0.0, f64::max) < SAME,
                "{name}: {moduli:?} {theirs:?}"
            );
            let unstable = linear[at].growing(1e-9).len() as f64;
            assert_eq!(unstable, of("n_unstable")[row], "{name} point {row}");
        }
    }
}

#[test]
fn flip_flops_have_27_points_from_their_states_and_from_anywhere() {
    for name in ["flipflop_tanh_1", "flipflop_gru_0"] {
        let network = flip_flop(name);
        let tree = hdf5::read(reference(&format!("{name}.h5"))).expect("a reference");
        let states = numbers(&tree, "states");
        // Saddles lie between the states that a network dwells at: on the lines between these.
        let pairs: Vec<f64> = states
            .chunks(16)
            .zip(states.chunks(16).rev())
            .flat_map(|(a, b)| a.iter().zip(b).map(|(a, b)| 0.5 * (a + b)))
            .collect();
        for from in [[states, pairs].concat(), normal(2, 4096 * 16, 1.0)] {
            let (points, linear) = find_points(&network, from);
            assert_eq!(points.points.len(), 27, "{name}");
            assert_eq!(CountEstimate::new(&points.hits()).estimate, 27.0, "{name}");
            let expected = matched(&points, &numbers(&tree, "fixed_points"));
            let (re, im) = (numbers(&tree, "eig_real"), numbers(&tree, "eig_imag"));
            let mut counts = [0; 4];
            for (row, (at, far)) in expected.into_iter().enumerate() {
                assert!(far < 1e-8, "{name} point {row}: {far} away");
                counts[linear[at].growing(1e-9).len()] += 1;
                for k in row * 16..(row + 1) * 16 {
                    let near = |x: &&[f64; 2]| (x[0] - re[k]).hypot(x[1] - im[k]) < 1e-7;
                    let all = &linear[at].eigenvalues;
                    assert!(
                        all.iter().any(|x| near(&x)),
                        "{name} point {row}: {}",
                        re[k]
                    );
                }
            }
            assert_eq!(counts, [8, 12, 6, 1], "{name}");
        }
    }
}

#[test]
fn adam_goes_the_way_of_the_notebooks() {
    let path = reference("decision_gru.h5");
    let tensors = weights::read(&path).expect("a file of tensors");
    let foreign =
        PortableNetwork::from_tensors(&path, &tensors, &Selection::default()).expect("a network");
    let network = foreign.build(CellSettings::default()).expect("a network");
    let tree = hdf5::read(reference("fixed_points_adam.h5")).expect("a reference");
    let from = candidates(&network, numbers(&tree, "start"));
    let adam = Adam {
        tolerance: 0.0,
        max_iters: 20,
        optimizer: Optimizer::Adam(optim::Adam {
            rate: Schedule::Exponential {
                rate: 0.2,
                decay: 0.9999,
            },
            epsilon: 1e-5,
            ..optim::Adam::default()
        }),
    };
    let mut flow = network.step_map::<f32>().expect("a step");
    let ends = adam
        .search(&mut *flow, &from, &mut NoProgress)
        .expect("a search");
    let error = |found: &[f64], name: &str| {
        let expected = numbers(&tree, name);
        let pairs = found.iter().zip(&expected);
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    println!("states {:.1e}", error(&ends.states, "end"));
    assert!(error(&ends.states, "end") < 1e-4);
    assert!(error(&ends.errors, "error") < 1e-6);
    assert!(ends.steps.iter().all(|steps| *steps == 20));
}

#[test]
fn a_line_stays_a_line_unless_it_is_polished() {
    // Nearly the identity along the first axis: tanh(1.0001 h) has its zeros at 0 and +-0.017, but
    // is slow between and around.
    let network = tanh(2, vec![1.0001, 0.0, 0.0, 0.2]);
    let states: Vec<f64> = (0..41)
        .flat_map(|k| [f64::from(k) * 0.01 - 0.2, 0.3])
        .collect();
    let from = candidates(&network, states.clone());
    let newton = Newton {
        tolerance: 1e-5,
        polish: false,
        ..POLISHED
    };
    let ends = searched(&network, &from, newton);
    assert!(ends.labels.iter().all(|label| *label == Label::Converged));
    for (end, start) in ends.states.chunks(2).zip(states.chunks(2)) {
        assert!(
            (end[0] - start[0]).abs() < 0.02,
            "{start:?} slid to {end:?}"
        );
        assert!(end[1].abs() < 0.01, "{end:?}");
    }
    let ends = searched(&network, &from, POLISHED);
    assert_eq!(filtered_points(&network, &from, &ends).points.len(), 3);
}

#[test]
fn a_minimum_that_is_no_zero_is_a_slow_point() {
    // h' = tanh(2 h + b) with b so large that one pair of zeros has just vanished near h = -0.7.
    let mut network = tanh(1, vec![2.0]);
    let bias = convert::from_f64(vec![0.54], &[1], DType::F64).expect("one number");
    network.set("bR", &bias).expect("a parameter");
    let from = candidates(&network, vec![-0.9, -0.7, 0.9]);
    let ends = searched(&network, &from, POLISHED);
    assert_eq!(ends.labels, [Label::Slow, Label::Slow, Label::Converged]);
    assert!((ends.states[0] - ends.states[1]).abs() < 1e-3);
    assert!(
        ends.errors[0] > 1e-6 && ends.errors[2] < 1e-25,
        "{:?}",
        ends.errors
    );
    assert_eq!(filtered_points(&network, &from, &ends).points.len(), 1);
}

#[test]
fn a_gate_that_is_shut_makes_no_fixed_point() {
    // Far outside of all states of this GRU its update gates are shut, and it hardly moves.
    let network = flip_flop("flipflop_gru_0");
    let from = candidates(&network, normal(4, 512 * 16, 4.0));
    let ends = searched(&network, &from, POLISHED);
    let points = filtered_points(&network, &from, &ends);
    assert!(
        points
            .points
            .iter()
            .all(|p| p.state.iter().all(|h| h.abs() <= 1.0))
    );
    assert!(points.points.len() <= 27, "{}", points.points.len());
}

#[test]
fn the_lowest_error_stands_for_points_that_are_one() {
    // h' = h: every state is a fixed point.
    let network = linear(1, vec![1.0]);
    let from = Candidates {
        state: 1,
        inputs: 1,
        states: vec![0.0, 0.01, 1.0, 50.0, 0.0],
        x: vec![0.0, 0.0, 0.0, 0.0, 1.0],
    };
    let ends = SearchResult {
        errors: vec![1e-17, 1e-19, 1e-18, 1e-18, 1e-18],
        labels: vec![Label::Converged; 5],
        ..SearchResult::new(&from)
    };
    let keep = Filter {
        unique_distance: Some(0.1),
        outlier_distance: Some(20.0),
        refine: false,
        ..KEEP
    };
    let tracer = Refinement {
        bound: None,
        ..TRACER
    };
    let mut flow = network.step_map().expect("a step");
    let points = keep.points((&mut *flow, &tracer), &from, &mut ends.clone());
    let points = points.expect("points");
    let counts = points.counts.expect("after a search");
    assert_eq!((counts.unique, counts.near_candidates), (4, 3));
    assert_eq!(points.points[0].candidate, 1);
    assert_eq!(points.points[0].hits, 2);
}

#[test]
fn equal_starts_end_alike_and_only_under_the_same_input() {
    let network = flip_flop("flipflop_gru_0");
    let state = normal(4, 16, 0.5);
    let other = normal(5, 16, 0.5);
    let mut from = candidates(
        &network,
        [state.clone(), other, state.clone(), state].concat(),
    );
    from.x[9..12].copy_from_slice(&[0.5, -0.5, 0.25]);
    let ends = searched(&network, &from, POLISHED);
    let end = |at: usize| &ends.states[at * 16..][..16];
    assert_eq!(end(0), end(2));
    assert_ne!(end(0), end(1));
    assert_ne!(end(0), end(3), "another input has other points");
    assert_eq!(ends.labels, [Label::Converged; 4]);
    assert_eq!(ends.steps[0], ends.steps[2]);
    let (alone, leaders) = from.deduplicate();
    assert_eq!((alone.count(), leaders), (3, vec![0, 1, 0, 2]));
}

#[test]
fn unseen_points_are_estimated_from_the_rare_ones() {
    let unseen = CountEstimate::new(&[5, 1, 1, 1, 2]);
    assert_eq!(
        (unseen.observed, unseen.singletons, unseen.doubletons),
        (5, 3, 1)
    );
    assert!((unseen.estimate - (5.0 + 6.0 / 4.0)).abs() < 1e-15);
    // Of 2 candidates for each of 2 points: one finds 1, two find 1 + 2/3, all find 2.
    let curve = discovery_curve(&[2, 2], &[1, 2, 4]);
    for (found, expected) in curve.iter().zip([1.0, 5.0 / 3.0, 2.0]) {
        assert!((found - expected).abs() < 1e-15, "{curve:?}");
    }
}

#[test]
fn candidates_that_cannot_be_are_refused() {
    let network = tanh(2, vec![0.5, 0.0, 0.0, 0.5]);
    let check = |states: Vec<f64>| candidates(&network, states).validate();
    assert!(matches!(check(vec![]), Err(Error::Range { .. })));
    assert!(matches!(
        check(vec![f64::NAN, 0.0]),
        Err(Error::NotFinite { .. })
    ));
    let both = Spec {
        directions: 2,
        ..Spec::new(Cell::default(), [1, 2, 1])
    };
    let both = Network::F64(Rnn::zeros(both));
    assert!(matches!(
        both.step_map::<f64>().err(),
        Some(Error::Range { .. })
    ));
}

#[test]
fn a_search_gives_the_same_bits_on_any_number_of_threads() {
    let states = normal(5, 600 * 16, 1.0);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.expect("threads can be started");
        // A network that scripts write keeps to its thread, and so do all: each makes its own.
        pool.install(|| {
            let network = flip_flop("flipflop_gru_0");
            let from = candidates(&network, states.clone());
            searched(&network, &from, POLISHED)
        })
    };
    let first = on(1);
    assert!(on(2) == first && on(3) == first);
}

/// Ends a search after so many reports.
struct StopAfter(std::cell::Cell<usize>);

impl Progress for StopAfter {
    fn report(&mut self, _: Report) {
        self.0.set(self.0.get().saturating_sub(1));
    }
    fn stop_requested(&self) -> bool {
        self.0.get() == 0
    }
}

#[test]
fn what_an_interrupted_search_has_not_shown_is_not_said() {
    let network = flip_flop("flipflop_gru_0");
    let from = candidates(&network, normal(5, 600 * 16, 1.0));
    for reports in 1..12 {
        let (mut single, mut double) = (network.step_map(), network.step_map());
        let single = &mut **single.as_mut().expect("a step");
        let double = &mut **double.as_mut().expect("a step");
        let mut progress = StopAfter(reports.into());
        let ends = POLISHED.search(single, double, &from, &mut progress);
        let ends = ends.expect("a part of a search");
        let converged = ends.labels.iter().zip(&ends.errors);
        let mut converged = converged.filter(|(label, _)| **label == Label::Converged);
        assert!(converged.all(|(_, error)| *error <= 1e-24), "{reports}");
        let failed = ends
            .labels
            .iter()
            .filter(|label| **label == Label::Failed)
            .count();
        assert!(ends.interrupted && ends.unfinished > 0, "{reports}");
        assert!(
            ends.unfinished >= failed,
            "{reports}: {} of {failed}",
            ends.unfinished
        );
    }
}
