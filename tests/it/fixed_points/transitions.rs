//! Transitions between fixed points: trajectories that start near them.

use attractor::analysis::fixed_points::transitions::{Transitions, edges};
use attractor::base::NoProgress;
use attractor::random::{Key, Layout};

use super::{find_points, flip_flop, normal, tanh};

#[test]
fn trajectories_from_saddles_end_at_other_points() {
    let network = flip_flop("flipflop_tanh_1");
    let (points, linear) = find_points(&network, normal(2, 4096 * 16, 1.0));
    let min_distance = points.min_distance();
    let transitions = Transitions {
        distance: 0.05 * min_distance,
        arrival: 0.05 * min_distance,
        max_steps: 5000,
        samples: 10,
        marginal: Some(1e-9),
    };
    let key = Key::new(0, Layout::default());
    let mut step_map = network.step_map().expect("a step");
    let runs = transitions.trajectories(&mut *step_map, (&points, &linear), &key, &mut NoProgress);
    let runs = runs.expect("runs");
    // Two runs along each of 12 + 2 * 6 + 3 unstable directions, and 10 from a ball around each
    // point.
    assert_eq!(runs.len(), 2 * 27 + 270);
    let is_stable = |at: usize| linear[at].growing(1e-9).is_empty();
    for run in &runs {
        let to = run.to.unwrap_or_else(|| panic!("no final point: {run:?}"));
        assert!(run.mode.is_none() || to != run.from, "{run:?}");
        // A random start near a point is not on its stable manifold, so it ends at a stable point.
        assert!(run.mode.is_some() || is_stable(to), "{run:?}");
    }
    for from in (0..27).filter(|at| linear[*at].growing(1e-9).len() == 1) {
        let targets: Vec<usize> = runs
            .iter()
            .filter(|run| run.from == from && run.mode.is_some())
            .filter_map(|run| run.to)
            .collect();
        assert!(
            targets.len() == 2 && targets[0] != targets[1],
            "{targets:?}"
        );
    }
    for from in 0..27 {
        let outgoing: Vec<_> = edges(&runs)
            .into_iter()
            .filter(|e| e.from == from)
            .collect();
        let sum: f64 = outgoing.iter().map(|edge| edge.probability).sum();
        assert!((sum - 1.0).abs() < 1e-12);
        let contains = |p: f64, [low, high]: [f64; 2]| low <= p && p <= high;
        assert!(outgoing.iter().all(|e| contains(e.probability, e.interval)));
    }
}

#[test]
fn a_trajectory_near_its_start_does_not_count_as_arrived() {
    // A saddle whose stable direction first attracts every start.
    let network = tanh(2, vec![1.5, 0.0, 0.0, 0.1]);
    let (points, linear) = find_points(&network, normal(1, 100, 1.0));
    assert_eq!(points.points.len(), 3);
    let transitions = Transitions {
        distance: 0.01,
        arrival: 0.05,
        max_steps: 1000,
        samples: 20,
        marginal: Some(1e-9),
    };
    let key = Key::new(1, Layout::default());
    let mut step_map = network.step_map().expect("a step");
    let runs = transitions.trajectories(&mut *step_map, (&points, &linear), &key, &mut NoProgress);
    let saddle = (0..3).find(|at| !linear[*at].growing(1e-9).is_empty());
    for run in runs.expect("runs") {
        if Some(run.from) == saddle {
            assert!(run.to.is_some_and(|to| Some(to) != saddle), "{run:?}");
        }
    }
}
