//! Single steps and the elementary functions in them.

use attractor::nn::{Cell, Spec};
use attractor::ops::Lanes;
use attractor::ops::rnn::vanilla::Vanilla;
use attractor::ops::rnn::{Inputs, Nonlinearity};

use super::case::{Case, case, cells};
use super::plain::f;

#[test]
fn a_number_that_is_not_finite_shows_in_the_loss() {
    for cell in cells() {
        let mut case = case::<f32>(cell, [2, 3, 1, 4, 1, 1, 1]);
        case.mask = None;
        case.inputs[0] = f32::NAN;
        assert!(case.loss().is_nan(), "{cell:?}");
    }
}

/// f of each number, as the states of a network of one unit.
fn applied<T: Lanes>(nonlinearity: Nonlinearity, x: &[T]) -> Vec<T> {
    let spec = Spec::new(Cell::Vanilla(Vanilla { nonlinearity }), [1, 1, 0]);
    let params = [0.0, 1.0, 0.0, 0.0].map(T::of);
    let mut h = vec![T::of(0.0); x.len()];
    let given = Inputs {
        params: &params,
        inputs: x,
        h0: None,
        noise: None,
        dropout: None,
        lengths: None,
    };
    let mut net = spec.cell.operation();
    net.run(spec.sizes(x.len(), 1), given, Some(&mut h), None)
        .expect("matching sizes");
    h
}

#[test]
fn large_sums_saturate() {
    for (nonlinearity, x, expected) in [
        (Nonlinearity::Tanh, 1e6, 1.0),
        (Nonlinearity::Tanh, -f64::INFINITY, -1.0),
        (Nonlinearity::Tanh, 0.0, 0.0),
        (Nonlinearity::Softplus, 1e6, 1e6),
        (Nonlinearity::Relu, -1e6, 0.0),
    ] {
        let found = applied(nonlinearity, &[x]);
        assert_eq!(found, [expected], "{nonlinearity:?} of {x}");
    }
}

/// The largest error of f over a range, in units in the last place.
fn worst_place<T: Lanes>(nonlinearity: Nonlinearity, unit: f64) -> f64 {
    let x: Vec<T> = (0..20_000)
        .map(|k| T::of((f64::from(k) / 1000.0 - 10.0).powi(3) / 50.0))
        .collect();
    let errors = x.iter().zip(applied(nonlinearity, &x)).map(|(x, h)| {
        let exact = f(nonlinearity, x.double());
        if exact == 0.0 {
            0.0
        } else {
            (h.double() - exact).abs() / (unit * exact.abs())
        }
    });
    errors.fold(0.0, f64::max)
}

#[test]
fn functions_are_exact_to_a_few_units_in_the_last_place() {
    for nonlinearity in [Nonlinearity::Tanh, Nonlinearity::Softplus] {
        let single = worst_place::<f32>(nonlinearity, f64::from(f32::EPSILON));
        let double = worst_place::<f64>(nonlinearity, f64::EPSILON);
        println!("{nonlinearity:?}: f32 {single:.2} ulp, f64 {double:.2} ulp");
        assert!(
            single < 4.0 && double < 4.0,
            "{nonlinearity:?}: {single} {double}"
        );
    }
}

#[test]
fn a_step_is_a_run_of_one_time() {
    for cell in cells() {
        for layers in [1, 3] {
            let case = Case {
                noise: None,
                dropout: None,
                ..case::<f64>(cell, [40, 1, 2, 9, 1, layers, 1])
            };
            let h = case.h0.as_ref().expect("present in the case");
            let mut stepped = vec![0.0; h.len()];
            case.net()
                .step(case.sizes(), &case.params, h, &case.inputs, &mut stepped)
                .expect("matching sizes");
            assert_eq!(stepped, case.run().0, "{cell:?}");
        }
    }
}
