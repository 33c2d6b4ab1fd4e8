//! Optimizers against step-by-step references (tests/references/optim.py), schedules against
//! their formulas, the clip, and what happens to numbers that are not finite.

use attractor::base::Error;
use attractor::optim::{
    Adam, Cosine, MultiStep, Optimizer, OptimizerState, Plateau, PlateauState, Schedule, Sgd,
    StepScale, adam, clip_scale, constant, norms,
};
use attractor::tensor::Real;

fn reference(name: &str) -> Vec<f64> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/references/optim.h5");
    let file = hdf5::File::open(path).expect("the reference file");
    let data = file.dataset(name).expect("a known name");
    data.read_raw().expect("values")
}

/// The largest distance from the reference over all steps, relative to numbers of about one.
fn distance<T: Real>(optimizer: Optimizer, l2: f64, clip: Option<f64>, name: &str) -> f64 {
    let numbers = |name| reference(name).into_iter().map(T::of).collect::<Vec<T>>();
    let (mut params, gradients) = (numbers("start"), numbers("gradients"));
    let mut descent = OptimizerState::new(optimizer, params.len());
    let expected = reference(name);
    let count = params.len();
    let mut largest: f64 = 0.0;
    for (gradient, expected) in gradients.chunks(count).zip(expected.chunks(count)) {
        let scale = clip_scale(norms(&params, gradient, l2).gradient_norm, clip);
        let rate = descent.rate();
        assert!(descent.step(&mut params, gradient, &StepScale { rate, l2, scale }));
        for (p, e) in params.iter().zip(expected) {
            largest = largest.max((p.double() - e).abs());
        }
    }
    largest
}

#[test]
fn every_optimizer_takes_the_steps_of_its_paper() {
    let slow = |amsgrad, b2| Adam {
        rate: constant(0.05),
        b2,
        amsgrad,
        ..Adam::default()
    };
    let falling = Schedule::Exponential {
        rate: 0.025,
        decay: 0.99,
    };
    let sgd = |momentum, nesterov| Sgd {
        rate: constant(0.05),
        momentum,
        nesterov,
    };
    let rows = [
        ("adam", Optimizer::Adam(slow(false, 0.999)), 0.0, None),
        ("adam_amsgrad", Optimizer::Adam(slow(true, 0.9)), 0.0, None),
        (
            "adam_no_amsgrad",
            Optimizer::Adam(slow(false, 0.9)),
            0.0,
            None,
        ),
        (
            "adam_decay",
            Optimizer::Adam(Adam {
                decay: 0.3,
                ..slow(false, 0.999)
            }),
            0.0,
            None,
        ),
        (
            "adam_tutorial",
            Optimizer::Adam(Adam {
                rate: falling,
                epsilon: 0.1,
                ..Adam::default()
            }),
            0.02,
            Some(5.0),
        ),
        ("sgd", Optimizer::Sgd(sgd(0.0, false)), 0.0, None),
        (
            "sgd_momentum",
            Optimizer::Sgd(sgd(0.8, false)),
            0.01,
            Some(2.0),
        ),
        ("sgd_nesterov", Optimizer::Sgd(sgd(0.8, true)), 0.0, None),
    ];
    // Thirty steps of rounding, each a few units in the last place of numbers up to about ten.
    const DOUBLE: f64 = 1e-13;
    const SINGLE: f64 = 1e-5;
    for (name, optimizer, l2, clip) in rows {
        let double = distance::<f64>(optimizer.clone(), l2, clip, name);
        let single = distance::<f32>(optimizer, l2, clip, name);
        println!("{name}: largest error f64 {double:.1e}, f32 {single:.1e}");
        assert!(double < DOUBLE, "{name} in f64: {double:e}");
        assert!(single < SINGLE, "{name} in f32: {single:e}");
    }
}

#[test]
fn schedules_give_the_rates_of_their_formulas() {
    let milestones = Schedule::MultiStep(MultiStep {
        rate: 0.8,
        milestones: vec![10.0, 20.0],
        factor: 0.5,
    });
    let cosine = Schedule::Cosine(Cosine {
        rate: 0.5,
        total: 100,
        min: 0.1,
    });
    let rows = [
        ("constant", constant(0.3), 7, 0.3),
        (
            "exponential",
            Schedule::Exponential {
                rate: 0.025,
                decay: 0.99975,
            },
            0,
            0.025,
        ),
        (
            "exponential",
            Schedule::Exponential {
                rate: 0.5,
                decay: 0.5,
            },
            3,
            0.0625,
        ),
        ("multi_step", milestones.clone(), 9, 0.8),
        ("multi_step", milestones.clone(), 10, 0.4),
        ("multi_step", milestones, 25, 0.2),
        ("cosine", cosine.clone(), 0, 0.5),
        ("cosine", cosine.clone(), 50, 0.3),
        (
            "cosine",
            cosine.clone(),
            25,
            0.1 + 0.2 * (1.0 + 0.5f64.sqrt()),
        ),
        ("cosine", cosine.clone(), 100, 0.1),
        ("cosine", cosine, 500, 0.1),
    ];
    for (name, schedule, k, expected) in rows {
        let found = schedule.rate(k, &PlateauState::default());
        assert!(
            (found - expected).abs() < 1e-15,
            "{name} at {k}: {found}, not {expected}"
        );
    }
}

#[test]
fn a_plateau_lowers_the_rate_once_the_loss_has_not_fallen_for_longer_than_its_patience() {
    let schedule = Schedule::Plateau(Plateau {
        rate: 1.0,
        factor: 0.5,
        patience: 2,
        threshold: 0.1,
        min: 0.2,
    });
    let mut watch = PlateauState::default();
    // 0.95 is lower than 1 by less than the threshold.
    let losses = [
        1.0, 0.95, 0.95, 0.95, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8,
    ];
    let rates = [
        1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2, 0.2,
    ];
    for (step, (loss, rate)) in losses.into_iter().zip(rates).enumerate() {
        watch.observe(loss, &schedule);
        assert_eq!(schedule.rate(step, &watch), rate, "after step {step}");
    }
}

#[test]
fn a_clipped_step_never_exceeds_the_limit() {
    let sgd = Sgd {
        rate: constant(1.0),
        ..Sgd::default()
    };
    for size in [1e-3, 1.0, 30.0, 1e6] {
        for l2 in [0.0, 0.5] {
            let before: Vec<f64> = (0..103).map(|k| (k as f64).sin()).collect();
            let gradient: Vec<f64> = (0..103).map(|k| size * (k as f64).cos()).collect();
            let norm = norms(&before, &gradient, l2).gradient_norm;
            let scale = clip_scale(norm, Some(10.0));
            let mut params = before.clone();
            let mut descent = OptimizerState::new(Optimizer::Sgd(sgd.clone()), params.len());
            assert!(descent.step(
                &mut params,
                &gradient,
                &StepScale {
                    rate: 1.0,
                    l2,
                    scale
                }
            ));
            let moved = before.iter().zip(&params).map(|(a, b)| (a - b).powi(2));
            let moved = moved.sum::<f64>().sqrt();
            let expected = norm.min(10.0);
            assert!(
                (moved - expected).abs() < 1e-9 * expected,
                "size {size}, l2 {l2}: {moved}"
            );
        }
    }
}

#[test]
fn the_measure_is_the_sum_of_squares_and_the_norm_of_the_joined_gradient() {
    for count in [0, 1, 15, 16, 17, 250] {
        let params: Vec<f64> = (0..count).map(|k| (k as f64).sin()).collect();
        let gradient: Vec<f64> = (0..count).map(|k| (k as f64).cos()).collect();
        let found = norms(&params, &gradient, 0.3);
        let squares: f64 = params.iter().map(|p| p * p).sum();
        let joined = params
            .iter()
            .zip(&gradient)
            .map(|(p, g)| (g + 0.6 * p).powi(2));
        let norm = joined.sum::<f64>().sqrt();
        assert!(
            (found.param_squares - squares).abs() < 1e-12,
            "{count}: {found:?}"
        );
        assert!(
            (found.gradient_norm - norm).abs() < 1e-12,
            "{count}: {found:?}"
        );
    }
}

#[test]
fn a_step_that_overflows_leaves_the_parameters_as_they_were() {
    let sgd = Optimizer::Sgd(Sgd::default());
    // 1e30 squared is beyond f32: Adam's mean square would be infinite and every later step zero.
    for (name, optimizer, gradient, rate) in [("sgd", sgd, 1e30, 1e30), ("adam", adam(), 1e30, 0.1)]
    {
        let mut params = vec![1.0f32, 2.0, 3.0];
        let mut descent = OptimizerState::new(optimizer, 3);
        let pull = StepScale {
            rate,
            l2: 0.0,
            scale: 1.0,
        };
        assert!(
            !descent.step(&mut params, &[0.0, gradient, 0.0], &pull),
            "{name}"
        );
        assert_eq!(params, [1.0, 2.0, 3.0], "{name}");
    }
}

#[test]
fn undoing_a_step_brings_the_parameters_back() {
    let mut params = vec![1.0, 2.0];
    let mut descent = OptimizerState::new(adam(), 2);
    let pull = StepScale {
        rate: 0.1,
        l2: 0.0,
        scale: 1.0,
    };
    assert!(descent.step(&mut params, &[1.0, -1.0], &pull));
    let first = params.clone();
    assert!(descent.step(&mut params, &[1.0, -1.0], &pull));
    assert_ne!(params, first);
    descent.undo(&mut params);
    assert_eq!(params, first);
}

#[test]
fn a_rate_or_a_mean_out_of_range_is_a_fault_that_names_the_option() {
    let with = |rate| {
        Optimizer::Sgd(Sgd {
            rate,
            ..Sgd::default()
        })
    };
    let forgetful = Adam {
        b1: 1.0,
        ..Adam::default()
    };
    let plateau = Plateau {
        factor: 2.0,
        ..Plateau::default()
    };
    let rows = [
        ("b1", Optimizer::Adam(forgetful)),
        ("rate", with(constant(-0.1))),
        ("rate", with(constant(f64::INFINITY))),
        (
            "decay",
            with(Schedule::Exponential {
                rate: 0.1,
                decay: 0.0,
            }),
        ),
        ("factor", with(Schedule::Plateau(plateau))),
    ];
    for (option, mut optimizer) in rows {
        match optimizer.check() {
            Err(Error::Range { name, .. }) => assert_eq!(name, option),
            other => panic!("{option}: {other:?}"),
        }
    }
}
