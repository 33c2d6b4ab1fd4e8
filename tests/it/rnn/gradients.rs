//! Gradients against finite differences and against a textbook.

use attractor::ops::rnn::vanilla::layout;
use attractor::ops::rnn::{Nonlinearity, Sizes};

use super::case::{ALL, Case, F64, error, many_sizes, numbers};
use super::plain::{plain, plain_backward};

/// The derivative of the loss by one number that `place` finds in the case.
fn slope(case: &Case<f64>, place: impl Fn(&mut Case<f64>) -> &mut f64) -> f64 {
    // Cube root of the rounding unit: where cutting off the series costs as much as rounding.
    const STEP: f64 = 6e-6;
    let at = |shift: f64| {
        let mut moved = case.clone();
        *place(&mut moved) += shift;
        plain(&moved).2
    };
    (at(STEP) - at(-STEP)) / (2.0 * STEP)
}

/// Relative to the largest: the step's square times third derivatives of order one, and the
/// rounding of the loss over the step.
const DIFFERENCE: f64 = 1e-8;

#[test]
fn gradients_equal_finite_differences_for_every_nonlinearity() {
    let sizes = Sizes {
        batch: 3,
        time: 4,
        inputs: 2,
        units: 5,
        outputs: 2,
    };
    for nonlinearity in ALL {
        let case = Case::<f64>::random(sizes, nonlinearity);
        let outputs = case.run().1;
        let [params, inputs, h0] = case.backward(None, Some(&case.d_outputs(&outputs)));
        let direct = case.loss_gradient().1;
        let by_param = slopes(&params, |k| slope(&case, |case| &mut case.params[k]));
        let by_input = slopes(&inputs, |k| slope(&case, |case| &mut case.inputs[k]));
        let by_h0 = slopes(&h0, |k| {
            slope(&case, |case| &mut case.h0.as_mut().expect("given")[k])
        });
        for (what, found, expected) in [
            ("parameters", &params, &by_param),
            ("parameters, with the loss", &direct, &by_param),
            ("inputs", &inputs, &by_input),
            ("h0", &h0, &by_h0),
        ] {
            let error = error(found, expected);
            println!("{nonlinearity:?} {what}: {error:.1e}");
            assert!(error < DIFFERENCE, "{nonlinearity:?} {what}: {error}");
        }
    }
}

fn slopes(like: &[f64], slope: impl Fn(usize) -> f64) -> Vec<f64> {
    (0..like.len()).map(slope).collect()
}

#[test]
fn the_learned_first_state_has_the_gradient_of_finite_differences() {
    let sizes = Sizes {
        batch: 35,
        time: 3,
        inputs: 1,
        units: 4,
        outputs: 1,
    };
    let case = Case {
        h0: None,
        ..Case::<f64>::random(sizes, Nonlinearity::Tanh)
    };
    let (_, gradient) = case.loss_gradient();
    for (k, found) in gradient[..sizes.units].iter().enumerate() {
        let expected = slope(&case, |case| &mut case.params[k]);
        assert!((found - expected).abs() < DIFFERENCE, "h0 {k}");
    }
}

#[test]
fn derivatives_that_arrive_at_states_reach_every_gradient() {
    for sizes in many_sizes() {
        let case = Case::<f64>::random(sizes, Nonlinearity::Tanh);
        let Sizes {
            batch: b,
            time: t,
            inputs: i,
            units: n,
            outputs: o,
        } = sizes;
        let arriving = numbers::<f64>(9, b * t * n);
        let found = case.backward(Some(&arriving), None);
        let expected = plain_backward(&case, &arriving);
        for (what, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert!(
                expected.is_empty() || error(found, expected) < F64,
                "{sizes:?} gradient {what}"
            );
        }
        assert_eq!(expected[0].len(), layout(i, n, o).len());
    }
}
