//! Where runs from fixed points end.

use attractor::analysis::fixed_points::transitions::{Transitions, edges};
use attractor::base::NoProgress;
use attractor::random::{Key, Layout};

use super::{find_points, flip_flop, normal, tanh};

#[test]
fn runs_from_saddles_end_at_other_points() {
    let network = flip_flop("flipflop_tanh_1");
    let (points, linear) = find_points(&network, normal(2, 4096 * 16, 1.0));
    let gap = points.min_distance();
    let how = Transitions {
        distance: 0.05 * gap,
        arrival: 0.05 * gap,
        max_steps: 5000,
        samples: 10,
        marginal: Some(1e-9),
    };
    let key = Key::new(0, Layout::default());
    let mut flow = network.step_map().expect("a step");
    let runs = how.trajectories(&mut *flow, (&points, &linear), &key, &mut NoProgress);
    let runs = runs.expect("runs");
    // Two runs along each of 12 + 2 * 6 + 3 unstable directions, and 10 from each of 27 balls.
    assert_eq!(runs.len(), 2 * 27 + 270);
    let stable = |at: usize| linear[at].growing(1e-9).is_empty();
    for run in &runs {
        let to = run.to.unwrap_or_else(|| panic!("undecided: {run:?}"));
        assert!(run.mode.is_none() || to != run.from, "{run:?}");
        // From a ball, what is not on the stable manifold goes on to a point without ways out.
        assert!(run.mode.is_some() || stable(to), "{run:?}");
    }
    for from in (0..27).filter(|at| linear[*at].growing(1e-9).len() == 1) {
        let ends: Vec<usize> = runs
            .iter()
            .filter(|run| run.from == from && run.mode.is_some())
            .filter_map(|run| run.to)
            .collect();
        assert!(ends.len() == 2 && ends[0] != ends[1], "{ends:?}");
    }
    for from in 0..27 {
        let some: Vec<_> = edges(&runs)
            .into_iter()
            .filter(|e| e.from == from)
            .collect();
        let sum: f64 = some.iter().map(|edge| edge.probability).sum();
        assert!((sum - 1.0).abs() < 1e-12);
        let within = |p: f64, [low, high]: [f64; 2]| low <= p && p <= high;
        assert!(some.iter().all(|e| within(e.probability, e.interval)));
    }
}

#[test]
fn a_run_near_its_start_has_not_arrived_there() {
    // A saddle whose stable direction draws every start nearer first.
    let network = tanh(2, vec![1.5, 0.0, 0.0, 0.1]);
    let (points, linear) = find_points(&network, normal(1, 100, 1.0));
    assert_eq!(points.points.len(), 3);
    let how = Transitions {
        distance: 0.01,
        arrival: 0.05,
        max_steps: 1000,
        samples: 20,
        marginal: Some(1e-9),
    };
    let key = Key::new(1, Layout::default());
    let mut flow = network.step_map().expect("a step");
    let runs = how.trajectories(&mut *flow, (&points, &linear), &key, &mut NoProgress);
    let saddle = (0..3).find(|at| !linear[*at].growing(1e-9).is_empty());
    for run in runs.expect("runs") {
        if Some(run.from) == saddle {
            assert!(run.to.is_some_and(|to| Some(to) != saddle), "{run:?}");
        }
    }
}
