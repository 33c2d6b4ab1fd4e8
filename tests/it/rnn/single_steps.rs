//! Single steps and their elementary functions.

use attractor::nn::{Cell, Spec};
use attractor::ops::Lanes;
use attractor::ops::rnn::cells::Vanilla;
use attractor::ops::rnn::{Inputs, Nonlinearity};

use super::case::{Case, all_cells, case};
use super::reference_loop::apply_nonlinearity;

#[test]
fn a_nan_input_results_in_a_nan_loss() {
    for cell in all_cells() {
        let mut case = case::<f32>(cell, [2, 3, 1, 4, 1, 1, 1]);
        case.mask = None;
        case.inputs[0] = f32::NAN;
        assert!(case.loss().is_nan(), "{cell:?}");
    }
}

/// The nonlinearity of each value, computed as the states of a network with one unit.
fn network_nonlinearity<T: Lanes>(nonlinearity: Nonlinearity, x: &[T]) -> Vec<T> {
    let spec = Spec::new(Cell::Vanilla(Vanilla { nonlinearity }), [1, 1, 0]);
    let params = [0.0, 1.0, 0.0, 0.0].map(T::of);
    let mut h = vec![T::of(0.0); x.len()];
    let inputs = Inputs::new(&params[..], x);
    let mut operation = spec.cell.operation();
    operation
        .run(spec.sizes(x.len(), 1), inputs, Some(&mut h), None)
        .expect("matching sizes");
    h
}

#[test]
fn nonlinearities_saturate_for_large_pre_activations() {
    for (nonlinearity, x, expected) in [
        (Nonlinearity::Tanh, 1e6, 1.0),
        (Nonlinearity::Tanh, -f64::INFINITY, -1.0),
        (Nonlinearity::Tanh, 0.0, 0.0),
        (Nonlinearity::Softplus, 1e6, 1e6),
        (Nonlinearity::Relu, -1e6, 0.0),
    ] {
        let actual = network_nonlinearity(nonlinearity, &[x]);
        assert_eq!(actual, [expected], "{nonlinearity:?} of {x}");
    }
}

/// The largest error of the nonlinearity over a range, in ulps.
fn max_ulps<T: Lanes>(nonlinearity: Nonlinearity, unit: f64) -> f64 {
    let x: Vec<T> = (0..20_000)
        .map(|k| T::of((f64::from(k) / 1000.0 - 10.0).powi(3) / 50.0))
        .collect();
    let errors = x
        .iter()
        .zip(network_nonlinearity(nonlinearity, &x))
        .map(|(x, h)| {
            let exact = apply_nonlinearity(nonlinearity, x.double());
            if exact == 0.0 {
                0.0
            } else {
                (h.double() - exact).abs() / (unit * exact.abs())
            }
        });
    errors.fold(0.0, f64::max)
}

#[test]
fn nonlinearities_are_accurate_to_a_few_ulps() {
    for nonlinearity in [Nonlinearity::Tanh, Nonlinearity::Softplus] {
        let single = max_ulps::<f32>(nonlinearity, f64::from(f32::EPSILON));
        let double = max_ulps::<f64>(nonlinearity, f64::EPSILON);
        println!("{nonlinearity:?}: f32 {single:.2} ulp, f64 {double:.2} ulp");
        assert!(
            single < 4.0 && double < 4.0,
            "{nonlinearity:?}: {single} {double}"
        );
    }
}

#[test]
fn step_equals_a_run_of_one_time_step() {
    for cell in all_cells() {
        for layers in [1, 3] {
            let case = Case {
                noise: None,
                dropout: None,
                ..case::<f64>(cell, [40, 1, 2, 9, 1, layers, 1])
            };
            let h = case.h0.as_ref().expect("present in the case");
            let mut actual = vec![0.0; h.len()];
            case.operation()
                .step(case.sizes(), &case.params, h, &case.inputs, &mut actual)
                .expect("matching sizes");
            assert_eq!(actual, case.run().0, "{cell:?}");
        }
    }
}
