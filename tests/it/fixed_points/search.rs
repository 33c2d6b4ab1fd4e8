//! The search for fixed points: completeness, both methods, slow points, merging and interrupts.

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
    FILTER, POLISHED, POSITION_TOLERANCE, REFINEMENT, candidates, filtered_points, find_points,
    flip_flop, linear, match_points, normal, reference, run_search, tanh, values,
};

#[test]
fn all_fixed_points_of_three_maps_match_the_reference() {
    let tree = hdf5::read(reference("fixed_points.h5")).expect("a reference");
    for (name, n, count) in [("n2", 2, 3), ("n3", 3, 3), ("n4", 4, 9)] {
        let reference_values = |entry: &str| values(&tree, &format!("{name}/{entry}"));
        let (points, linear) =
            find_points(&tanh(n, reference_values("wR")), normal(1, 400 * n, 1.0));
        assert_eq!(points.points.len(), count, "{name}");
        let expected = match_points(&points, &reference_values("fixed_points"));
        for (row, (at, distance)) in expected.into_iter().enumerate() {
            assert!(
                distance < POSITION_TOLERANCE,
                "{name} point {row}: {distance} away"
            );
            let mut moduli: Vec<f64> = linear[at]
                .eigenvalues
                .iter()
                .map(|x| linearization::modulus(*x))
                .collect();
            let mut expected_moduli = reference_values("eig_abs")[row * n..][..n].to_vec();
            moduli.sort_by(f64::total_cmp);
            expected_moduli.sort_by(f64::total_cmp);
            let error = moduli
                .iter()
                .zip(&expected_moduli)
                .map(|(a, b)| (a - b).abs());
            assert!(
                error.fold(0.0, f64::max) < POSITION_TOLERANCE,
                "{name}: {moduli:?} {expected_moduli:?}"
            );
            let unstable = linear[at].growing(1e-9).len() as f64;
            assert_eq!(
                unstable,
                reference_values("n_unstable")[row],
                "{name} point {row}"
            );
        }
    }
}

#[test]
fn flip_flop_networks_have_27_fixed_points_for_any_candidates() {
    for name in ["flipflop_tanh_1", "flipflop_gru_0"] {
        let network = flip_flop(name);
        let tree = hdf5::read(reference(&format!("{name}.h5"))).expect("a reference");
        let states = values(&tree, "states");
        // Saddles lie between the stable states, so midpoints of states are good candidates.
        let pairs: Vec<f64> = states
            .chunks(16)
            .zip(states.chunks(16).rev())
            .flat_map(|(a, b)| a.iter().zip(b).map(|(a, b)| 0.5 * (a + b)))
            .collect();
        for start_candidates in [[states, pairs].concat(), normal(2, 4096 * 16, 1.0)] {
            let (points, linear) = find_points(&network, start_candidates);
            assert_eq!(points.points.len(), 27, "{name}");
            assert_eq!(CountEstimate::new(&points.hits()).estimate, 27.0, "{name}");
            let expected = match_points(&points, &values(&tree, "fixed_points"));
            let (re, im) = (values(&tree, "eig_real"), values(&tree, "eig_imag"));
            let mut counts = [0; 4];
            for (row, (at, distance)) in expected.into_iter().enumerate() {
                assert!(distance < 1e-8, "{name} point {row}: {distance} away");
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
fn adam_matches_the_search_of_the_notebook() {
    let path = reference("decision_gru.h5");
    let tensors = weights::read(&path).expect("a file with tensors");
    let imported =
        PortableNetwork::from_tensors(&path, &tensors, &Selection::default()).expect("a network");
    let network = imported.build(CellSettings::default()).expect("a network");
    let tree = hdf5::read(reference("fixed_points_adam.h5")).expect("a reference");
    let start_candidates = candidates(&network, values(&tree, "start"));
    let adam = Adam {
        tolerance: 0.0,
        max_iters: 20,
        optimizer: Optimizer::Adam(optim::Adam {
            lr: Schedule::Exponential {
                lr: 0.2,
                decay: 0.9999,
            },
            epsilon: 1e-5,
            ..optim::Adam::default()
        }),
    };
    let mut step_map = network.step_map::<f32>().expect("a step");
    let result = adam
        .search(&mut *step_map, &start_candidates, &mut NoProgress)
        .expect("a search");
    let error = |actual: &[f64], name: &str| {
        let expected = values(&tree, name);
        let pairs = actual.iter().zip(&expected);
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    println!("states {:.1e}", error(&result.states, "end"));
    assert!(error(&result.states, "end") < 1e-4);
    assert!(error(&result.errors, "error") < 1e-6);
    assert!(result.steps.iter().all(|steps| *steps == 20));
}

#[test]
fn a_line_of_slow_points_remains_unless_the_search_polishes() {
    // Nearly the identity along the first axis: the fixed points of tanh(1.0001 h) are 0 and
    // +-0.017, but h hardly moves between and around them.
    let network = tanh(2, vec![1.0001, 0.0, 0.0, 0.2]);
    let states: Vec<f64> = (0..41)
        .flat_map(|k| [f64::from(k) * 0.01 - 0.2, 0.3])
        .collect();
    let start_candidates = candidates(&network, states.clone());
    let newton = Newton {
        tolerance: 1e-5,
        polish: false,
        ..POLISHED
    };
    let result = run_search(&network, &start_candidates, newton);
    assert!(result.labels.iter().all(|label| *label == Label::Converged));
    for (end, start) in result.states.chunks(2).zip(states.chunks(2)) {
        assert!(
            (end[0] - start[0]).abs() < 0.02,
            "{start:?} moved to {end:?}"
        );
        assert!(end[1].abs() < 0.01, "{end:?}");
    }
    let result = run_search(&network, &start_candidates, POLISHED);
    assert_eq!(
        filtered_points(&network, &start_candidates, &result)
            .points
            .len(),
        3
    );
}

#[test]
fn a_local_minimum_that_is_not_a_zero_is_a_slow_point() {
    // h' = tanh(2 h + b), where b is slightly above the bifurcation that removes two points near h
    // = -0.7.
    let mut network = tanh(1, vec![2.0]);
    let bias = convert::from_f64(vec![0.54], &[1], DType::F64).expect("one number");
    network.set("bR", &bias).expect("a parameter");
    let start_candidates = candidates(&network, vec![-0.9, -0.7, 0.9]);
    let result = run_search(&network, &start_candidates, POLISHED);
    assert_eq!(result.labels, [Label::Slow, Label::Slow, Label::Converged]);
    assert!((result.states[0] - result.states[1]).abs() < 1e-3);
    assert!(
        result.errors[0] > 1e-6 && result.errors[2] < 1e-25,
        "{:?}",
        result.errors
    );
    assert_eq!(
        filtered_points(&network, &start_candidates, &result)
            .points
            .len(),
        1
    );
}

#[test]
fn saturated_update_gates_do_not_produce_fixed_points() {
    // Far outside the range of the states of this GRU the update gates saturate, and h hardly
    // moves.
    let network = flip_flop("flipflop_gru_0");
    let start_candidates = candidates(&network, normal(4, 512 * 16, 4.0));
    let result = run_search(&network, &start_candidates, POLISHED);
    let points = filtered_points(&network, &start_candidates, &result);
    assert!(
        points
            .points
            .iter()
            .all(|p| p.state.iter().all(|h| h.abs() <= 1.0))
    );
    assert!(points.points.len() <= 27, "{}", points.points.len());
}

#[test]
fn merged_points_are_represented_by_the_lowest_error() {
    // h' = h: every state is a fixed point.
    let network = linear(1, vec![1.0]);
    let start_candidates = Candidates {
        state: 1,
        inputs: 1,
        states: vec![0.0, 0.01, 1.0, 50.0, 0.0],
        x: vec![0.0, 0.0, 0.0, 0.0, 1.0],
    };
    let result = SearchResult {
        errors: vec![1e-17, 1e-19, 1e-18, 1e-18, 1e-18],
        labels: vec![Label::Converged; 5],
        ..SearchResult::new(&start_candidates)
    };
    let filter = Filter {
        unique_distance: Some(0.1),
        outlier_distance: Some(20.0),
        refine: false,
        ..FILTER
    };
    let refinement = Refinement {
        bound: None,
        ..REFINEMENT
    };
    let mut step_map = network.step_map().expect("a step");
    let points = filter.points(
        (&mut *step_map, &refinement),
        &start_candidates,
        &mut result.clone(),
    );
    let points = points.expect("points");
    let counts = points.counts.expect("after a search");
    assert_eq!((counts.unique, counts.near_candidates), (4, 3));
    assert_eq!(points.points[0].candidate, 1);
    assert_eq!(points.points[0].hits, 2);
}

#[test]
fn equal_candidates_converge_equally_only_for_the_same_input() {
    let network = flip_flop("flipflop_gru_0");
    let state = normal(4, 16, 0.5);
    let other = normal(5, 16, 0.5);
    let mut start_candidates = candidates(
        &network,
        [state.clone(), other, state.clone(), state].concat(),
    );
    start_candidates.x[9..12].copy_from_slice(&[0.5, -0.5, 0.25]);
    let result = run_search(&network, &start_candidates, POLISHED);
    let end = |at: usize| &result.states[at * 16..][..16];
    assert_eq!(end(0), end(2));
    assert_ne!(end(0), end(1));
    assert_ne!(
        end(0),
        end(3),
        "a different input has different fixed points"
    );
    assert_eq!(result.labels, [Label::Converged; 4]);
    assert_eq!(result.steps[0], result.steps[2]);
    let (distinct, leaders) = start_candidates.deduplicate();
    assert_eq!((distinct.count(), leaders), (3, vec![0, 1, 0, 2]));
}

#[test]
fn the_number_of_points_is_estimated_from_singletons_and_doubletons() {
    let count_estimate = CountEstimate::new(&[5, 1, 1, 1, 2]);
    assert_eq!(
        (
            count_estimate.observed,
            count_estimate.singletons,
            count_estimate.doubletons
        ),
        (5, 3, 1)
    );
    assert!((count_estimate.estimate - (5.0 + 6.0 / 4.0)).abs() < 1e-15);
    // 2 candidates for each of 2 points: 1 candidate finds 1 point, 2 find 1 + 2/3 on average, 4
    // find 2.
    let curve = discovery_curve(&[2, 2], &[1, 2, 4]);
    for (actual, expected) in curve.iter().zip([1.0, 5.0 / 3.0, 2.0]) {
        assert!((actual - expected).abs() < 1e-15, "{curve:?}");
    }
}

#[test]
fn invalid_candidates_are_rejected() {
    let network = tanh(2, vec![0.5, 0.0, 0.0, 0.5]);
    let validate = |states: Vec<f64>| candidates(&network, states).validate();
    assert!(matches!(validate(vec![]), Err(Error::Range { .. })));
    assert!(matches!(
        validate(vec![f64::NAN, 0.0]),
        Err(Error::NotFinite { .. })
    ));
    let bidirectional = Spec {
        directions: 2,
        ..Spec::new(Cell::default(), [1, 2, 1])
    };
    let bidirectional = Network::from(Rnn::<f64>::zeros(bidirectional));
    assert!(matches!(
        bidirectional.step_map::<f64>().err(),
        Some(Error::Range { .. })
    ));
}

#[test]
fn a_search_is_bit_identical_for_any_number_of_threads() {
    let states = normal(5, 600 * 16, 1.0);
    let run_on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.expect("threads can be started");
        // A network cannot be sent to another thread, so each thread builds its own.
        pool.install(|| {
            let network = flip_flop("flipflop_gru_0");
            let start_candidates = candidates(&network, states.clone());
            run_search(&network, &start_candidates, POLISHED)
        })
    };
    let single_thread = run_on(1);
    assert!(run_on(2) == single_thread && run_on(3) == single_thread);
}

/// Stops a search after this number of reports.
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
fn an_interrupted_search_reports_only_verified_convergence() {
    let network = flip_flop("flipflop_gru_0");
    let start_candidates = candidates(&network, normal(5, 600 * 16, 1.0));
    for reports in 1..12 {
        let (mut single, mut double) = (network.step_map(), network.step_map());
        let single = &mut **single.as_mut().expect("a step");
        let double = &mut **double.as_mut().expect("a step");
        let mut progress = StopAfter(reports.into());
        let result = POLISHED.search(single, double, &start_candidates, &mut progress);
        let result = result.expect("part of a search");
        let converged = result.labels.iter().zip(&result.errors);
        let mut converged = converged.filter(|(label, _)| **label == Label::Converged);
        assert!(converged.all(|(_, error)| *error <= 1e-24), "{reports}");
        let failed = result
            .labels
            .iter()
            .filter(|label| **label == Label::Failed)
            .count();
        assert!(result.interrupted && result.unfinished > 0, "{reports}");
        assert!(
            result.unfinished >= failed,
            "{reports}: {} of {failed}",
            result.unfinished
        );
    }
}
