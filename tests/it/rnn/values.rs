//! Single steps and the elementary functions in them.

use attractor::ops::Lanes;
use attractor::ops::rnn::vanilla::{self, Vanilla};
use attractor::ops::rnn::{Given, Nonlinearity, Sizes};

use super::case::{ALL, Case};
use super::plain::f;

#[test]
fn a_number_that_is_not_finite_shows_in_the_loss() {
    let sizes = Sizes {
        batch: 2,
        time: 3,
        inputs: 1,
        units: 4,
        outputs: 1,
    };
    for nonlinearity in ALL {
        let mut case = Case::<f32>::random(sizes, nonlinearity);
        case.mask = None;
        case.inputs[0] = f32::NAN;
        assert!(case.loss().is_nan(), "{nonlinearity:?}");
    }
}

#[test]
fn large_sums_saturate() {
    let sizes = Sizes {
        batch: 1,
        time: 1,
        inputs: 1,
        units: 1,
        outputs: 0,
    };
    let state = |nonlinearity, x: f64| {
        let params = vec![0.0, 1.0, 0.0, 0.0];
        let mut h = [0.0];
        let given = Given {
            params: &params,
            inputs: &[x],
            h0: None,
            noise: None,
        };
        Vanilla::new(nonlinearity)
            .run(sizes, given, Some(&mut h), None)
            .expect("fits");
        h[0]
    };
    for (nonlinearity, x, expected) in [
        (Nonlinearity::Tanh, 1e6, 1.0),
        (Nonlinearity::Tanh, -f64::INFINITY, -1.0),
        (Nonlinearity::Tanh, 0.0, 0.0),
        (Nonlinearity::Softplus, 1e6, 1e6),
        (Nonlinearity::Relu, -1e6, 0.0),
    ] {
        assert_eq!(state(nonlinearity, x), expected, "{nonlinearity:?} of {x}");
    }
}

/// The largest error of f over a range, in units in the last place.
fn worst_place<T: Lanes>(nonlinearity: Nonlinearity, unit: f64) -> f64 {
    let points = 20_000;
    let inputs: Vec<T> = (0..points)
        .map(|k| T::of((k as f64 / 1000.0 - 10.0).powi(3) / 50.0))
        .collect();
    let sizes = Sizes {
        batch: points,
        time: 1,
        inputs: 1,
        units: 1,
        outputs: 0,
    };
    let params = [0.0, 1.0, 0.0, 0.0].map(T::of);
    let mut h = vec![T::of(0.0); points];
    let given = Given {
        params: &params,
        inputs: &inputs,
        h0: None,
        noise: None,
    };
    Vanilla::new(nonlinearity)
        .run(sizes, given, Some(&mut h), None)
        .expect("fits");
    let errors = inputs.iter().zip(&h).map(|(x, h)| {
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
    let sizes = Sizes {
        batch: 40,
        time: 1,
        inputs: 2,
        units: 9,
        outputs: 1,
    };
    let case = Case {
        noise: None,
        ..Case::<f64>::random(sizes, Nonlinearity::Tanh)
    };
    let mut stepped = vec![0.0; 40 * 9];
    let h = case.h0.as_ref().expect("given");
    case.net()
        .step(sizes, &case.params, h, &case.inputs, &mut stepped)
        .expect("fits");
    assert_eq!(stepped, case.run().0);
}

#[test]
fn the_count_of_parameters_is_that_of_their_layout() {
    for [i, n, o] in [[1, 1, 1], [3, 20, 2], [2, 7, 0]] {
        let counted = vanilla::count(i, n, o);
        assert_eq!(counted, vanilla::layout(i, n, o).len(), "{i} {n} {o}");
    }
}
