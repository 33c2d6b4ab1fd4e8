//! Optimizers compared with step-by-step references (tests/references/optim.py), schedules compared
//! with their formulas, gradient clipping, and values that are not finite.

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

/// The largest difference from the reference over all steps; the parameters are of order one.
fn max_difference<T: Real>(optimizer: Optimizer, l2: f64, clip: Option<f64>, name: &str) -> f64 {
    let values = |name| reference(name).into_iter().map(T::of).collect::<Vec<T>>();
    let (mut params, gradients) = (values("start"), values("gradients"));
    let mut state = OptimizerState::new(optimizer, params.len());
    let expected = reference(name);
    let count = params.len();
    let mut max_error: f64 = 0.0;
    for (gradient, expected) in gradients.chunks(count).zip(expected.chunks(count)) {
        let scale = clip_scale(norms(&params, gradient, l2).gradient_norm, clip);
        let rate = state.lr();
        assert!(state.step(
            &mut params,
            gradient,
            &StepScale {
                lr: rate,
                l2,
                scale
            }
        ));
        for (p, e) in params.iter().zip(expected) {
            max_error = max_error.max((p.double() - e).abs());
        }
    }
    max_error
}

#[test]
fn optimizers_agree_with_the_reference() {
    let adam_with = |amsgrad, b2| Adam {
        lr: constant(0.05),
        beta2: b2,
        amsgrad,
        ..Adam::default()
    };
    let exponential = Schedule::Exponential {
        lr: 0.025,
        decay: 0.99,
    };
    let sgd = |momentum, nesterov| Sgd {
        lr: constant(0.05),
        momentum,
        nesterov,
    };
    let rows = [
        ("adam", Optimizer::Adam(adam_with(false, 0.999)), 0.0, None),
        (
            "adam_amsgrad",
            Optimizer::Adam(adam_with(true, 0.9)),
            0.0,
            None,
        ),
        (
            "adam_no_amsgrad",
            Optimizer::Adam(adam_with(false, 0.9)),
            0.0,
            None,
        ),
        (
            "adam_decay",
            Optimizer::Adam(Adam {
                weight_decay: 0.3,
                ..adam_with(false, 0.999)
            }),
            0.0,
            None,
        ),
        (
            "adam_tutorial",
            Optimizer::Adam(Adam {
                lr: exponential,
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
    // Rounding over thirty steps, each a few ulps of values up to about ten.
    const DOUBLE: f64 = 1e-13;
    const SINGLE: f64 = 1e-5;
    for (name, optimizer, l2, clip) in rows {
        let double = max_difference::<f64>(optimizer.clone(), l2, clip, name);
        let single = max_difference::<f32>(optimizer, l2, clip, name);
        println!("{name}: largest error f64 {double:.1e}, f32 {single:.1e}");
        assert!(double < DOUBLE, "{name} in f64: {double:e}");
        assert!(single < SINGLE, "{name} in f32: {single:e}");
    }
}

#[test]
fn schedules_return_the_learning_rates_of_their_formulas() {
    let milestones = Schedule::MultiStep(MultiStep {
        lr: 0.8,
        milestones: vec![10.0, 20.0],
        factor: 0.5,
    });
    let cosine = Schedule::Cosine(Cosine {
        lr: 0.5,
        total: 100,
        min: 0.1,
    });
    let rows = [
        ("constant", constant(0.3), 7, 0.3),
        (
            "exponential",
            Schedule::Exponential {
                lr: 0.025,
                decay: 0.99975,
            },
            0,
            0.025,
        ),
        (
            "exponential",
            Schedule::Exponential {
                lr: 0.5,
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
        let actual = schedule.lr(k, &PlateauState::default());
        assert!(
            (actual - expected).abs() < 1e-15,
            "{name} at {k}: {actual}, not {expected}"
        );
    }
}

#[test]
fn a_plateau_schedule_lowers_the_learning_rate_after_its_patience() {
    let schedule = Schedule::Plateau(Plateau {
        lr: 1.0,
        factor: 0.5,
        patience: 2,
        threshold: 0.1,
        min: 0.2,
    });
    let mut plateau_state = PlateauState::default();
    // 0.95 is lower than 1 by less than the threshold.
    let losses = [
        1.0, 0.95, 0.95, 0.95, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8,
    ];
    let rates = [
        1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2, 0.2,
    ];
    for (step, (loss, rate)) in losses.into_iter().zip(rates).enumerate() {
        plateau_state.observe(loss, &schedule);
        assert_eq!(schedule.lr(step, &plateau_state), rate, "after step {step}");
    }
}

#[test]
fn a_clipped_step_never_exceeds_the_limit() {
    let sgd = Sgd {
        lr: constant(1.0),
        ..Sgd::default()
    };
    for gradient_size in [1e-3, 1.0, 30.0, 1e6] {
        for l2 in [0.0, 0.5] {
            let before: Vec<f64> = (0..103).map(|k| (k as f64).sin()).collect();
            let gradient: Vec<f64> = (0..103).map(|k| gradient_size * (k as f64).cos()).collect();
            let norm = norms(&before, &gradient, l2).gradient_norm;
            let scale = clip_scale(norm, Some(10.0));
            let mut params = before.clone();
            let mut state = OptimizerState::new(Optimizer::Sgd(sgd.clone()), params.len());
            assert!(state.step(&mut params, &gradient, &StepScale { lr: 1.0, l2, scale }));
            let step_norm = before.iter().zip(&params).map(|(a, b)| (a - b).powi(2));
            let step_norm = step_norm.sum::<f64>().sqrt();
            let expected = norm.min(10.0);
            assert!(
                (step_norm - expected).abs() < 1e-9 * expected,
                "size {gradient_size}, l2 {l2}: {step_norm}"
            );
        }
    }
}

#[test]
fn norms_are_those_of_the_parameters_and_of_the_total_gradient() {
    for count in [0, 1, 15, 16, 17, 250] {
        let params: Vec<f64> = (0..count).map(|k| (k as f64).sin()).collect();
        let gradient: Vec<f64> = (0..count).map(|k| (k as f64).cos()).collect();
        let actual = norms(&params, &gradient, 0.3);
        let squares: f64 = params.iter().map(|p| p * p).sum();
        let total_gradient = params
            .iter()
            .zip(&gradient)
            .map(|(p, g)| (g + 0.6 * p).powi(2));
        let norm = total_gradient.sum::<f64>().sqrt();
        assert!(
            (actual.param_squares - squares).abs() < 1e-12,
            "{count}: {actual:?}"
        );
        assert!(
            (actual.gradient_norm - norm).abs() < 1e-12,
            "{count}: {actual:?}"
        );
    }
}

#[test]
fn an_overflowing_step_does_not_change_the_parameters() {
    let sgd = Optimizer::Sgd(Sgd::default());
    // The square of 1e30 overflows in f32: the second moment of Adam would be infinite and every
    // later step zero.
    for (name, optimizer, gradient, rate) in [("sgd", sgd, 1e30, 1e30), ("adam", adam(), 1e30, 0.1)]
    {
        let mut params = vec![1.0f32, 2.0, 3.0];
        let mut state = OptimizerState::new(optimizer, 3);
        let step_scale = StepScale {
            lr: rate,
            l2: 0.0,
            scale: 1.0,
        };
        assert!(
            !state.step(&mut params, &[0.0, gradient, 0.0], &step_scale),
            "{name}"
        );
        assert_eq!(params, [1.0, 2.0, 3.0], "{name}");
    }
}

#[test]
fn undo_restores_the_parameters_before_the_step() {
    let mut params = vec![1.0, 2.0];
    let mut state = OptimizerState::new(adam(), 2);
    let step_scale = StepScale {
        lr: 0.1,
        l2: 0.0,
        scale: 1.0,
    };
    assert!(state.step(&mut params, &[1.0, -1.0], &step_scale));
    let first = params.clone();
    assert!(state.step(&mut params, &[1.0, -1.0], &step_scale));
    assert_ne!(params, first);
    state.undo(&mut params);
    assert_eq!(params, first);
}

#[test]
fn the_error_for_an_option_out_of_range_names_the_option() {
    let sgd_with = |rate| {
        Optimizer::Sgd(Sgd {
            lr: rate,
            ..Sgd::default()
        })
    };
    let invalid_adam = Adam {
        beta1: 1.0,
        ..Adam::default()
    };
    let plateau = Plateau {
        factor: 2.0,
        ..Plateau::default()
    };
    let rows = [
        ("beta1", Optimizer::Adam(invalid_adam)),
        ("lr", sgd_with(constant(-0.1))),
        ("lr", sgd_with(constant(f64::INFINITY))),
        (
            "decay",
            sgd_with(Schedule::Exponential {
                lr: 0.1,
                decay: 0.0,
            }),
        ),
        ("factor", sgd_with(Schedule::Plateau(plateau))),
    ];
    for (option, mut optimizer) in rows {
        match optimizer.check() {
            Err(Error::Range { name, .. }) => assert_eq!(name, option),
            other => panic!("{option}: {other:?}"),
        }
    }
}
