//! Gradients and Jacobians compared with finite differences of the reference loop.

use attractor::nn::Cell;

use super::case::{Case, F64, all_cells, all_sizes, case, error, random_values};
use super::reference_loop::reference_loop;

/// Small enough that no unit of `relu` changes its sign.
const STEP: f64 = 1e-4;
/// Relative tolerance: the rounding error divided by the step, 1e-12, for gradients of order 1e-3.
pub const TOLERANCE: f64 = 1e-8;
/// A single layer, a stack, and a bidirectional stack, with a readout.
const SIZES: [[usize; 7]; 3] = [
    [3, 4, 2, 5, 2, 1, 1],
    [2, 3, 2, 3, 1, 3, 1],
    [2, 3, 2, 3, 2, 2, 2],
];

/// A case with trials of equal length, and a case with trials of different lengths.
fn full_and_ragged(cell: Cell, sizes: [usize; 7]) -> [Case<f64>; 2] {
    let full_trial = case::<f64>(cell, sizes);
    [full_trial.clone(), full_trial.ragged()]
}

/// The derivative at 0 by finite differences of fourth order.
pub fn difference(f: impl Fn(f64) -> f64) -> f64 {
    (8.0 * (f(STEP) - f(-STEP)) - (f(2.0 * STEP) - f(-2.0 * STEP))) / (12.0 * STEP)
}

/// The derivative of the loss with respect to the value that `select` returns.
fn derivative(case: &Case<f64>, select: impl Fn(&mut Case<f64>) -> &mut f64) -> f64 {
    difference(|shift| {
        let mut shifted = case.clone();
        *select(&mut shifted) += shift;
        reference_loop(&shifted).2
    })
}

fn derivatives(like: &[f64], derivative: impl Fn(usize) -> f64) -> Vec<f64> {
    (0..like.len()).map(derivative).collect()
}

#[test]
fn gradients_equal_finite_differences_for_every_cell_and_stack() {
    let mut max_error = 0.0_f64;
    for cell in all_cells() {
        for sizes in SIZES {
            for case in full_and_ragged(cell, sizes) {
                let outputs = case.run().1;
                let [params, inputs, h0] = case.backward(None, Some(&case.d_outputs(&outputs)));
                let direct = case.loss_gradient().1;
                let by_param =
                    derivatives(&params, |k| derivative(&case, |case| &mut case.params[k]));
                let by_input =
                    derivatives(&inputs, |k| derivative(&case, |case| &mut case.inputs[k]));
                let by_h0 = derivatives(&h0, |k| {
                    derivative(&case, |case| {
                        &mut case.h0.as_mut().expect("present in the case")[k]
                    })
                });
                for (quantity, actual, expected) in [
                    ("parameters", &params, &by_param),
                    ("parameters, with the loss", &direct, &by_param),
                    ("inputs", &inputs, &by_input),
                    ("h0", &h0, &by_h0),
                ] {
                    let error = error(actual, expected);
                    assert!(error < TOLERANCE, "{cell:?} {sizes:?} {quantity}: {error}");
                    max_error = max_error.max(error);
                }
            }
        }
    }
    println!("largest error: {max_error:.1e}");
}

#[test]
fn gradients_of_learned_initial_states_equal_finite_differences() {
    for cell in all_cells() {
        for sizes in SIZES {
            for mut case in full_and_ragged(cell, sizes) {
                case.h0 = None;
                let actual = case.loss_gradient().1;
                let expected =
                    derivatives(&actual, |k| derivative(&case, |case| &mut case.params[k]));
                let error = error(&actual, &expected);
                assert!(error < TOLERANCE, "{cell:?} {sizes:?}: {error}");
            }
        }
    }
}

#[test]
fn gradients_for_state_cotangents_equal_finite_differences() {
    for cell in all_cells() {
        for sizes in SIZES {
            for case in full_and_ragged(cell, sizes) {
                let cotangents = random_values::<f64>(9, case.run().0.len());
                let actual = case.backward(Some(&cotangents), None);
                let projected_derivative = |select: &dyn Fn(&mut Case<f64>) -> &mut f64| {
                    difference(|shift| {
                        let mut shifted = case.clone();
                        *select(&mut shifted) += shift;
                        let states = reference_loop(&shifted).0;
                        states.iter().zip(&cotangents).map(|(h, d)| h * d).sum()
                    })
                };
                let params = derivatives(&actual[0], |k| {
                    projected_derivative(&|case| &mut case.params[k])
                });
                let inputs = derivatives(&actual[1], |k| {
                    projected_derivative(&|case| &mut case.inputs[k])
                });
                let h0 = derivatives(&actual[2], |k| {
                    projected_derivative(&|case| {
                        &mut case.h0.as_mut().expect("present in the case")[k]
                    })
                });
                for (actual, expected) in actual.iter().zip([params, inputs, h0]) {
                    let error = error(actual, &expected);
                    assert!(error < TOLERANCE, "{cell:?} {sizes:?}: {error}");
                }
            }
        }
    }
}

#[test]
fn gradients_of_a_batch_are_the_sums_over_its_trials() {
    for cell in all_cells() {
        for sizes in all_sizes() {
            let case = case::<f64>(cell, sizes);
            let cotangents = random_values::<f64>(9, case.run().0.len());
            let [actual, inputs, h0] = case.backward(Some(&cotangents), None);
            let mut expected = vec![0.0; actual.len()];
            let (mut all_inputs, mut all_h0) = (Vec::new(), Vec::new());
            for b in 0..case.size[0] {
                let [params, inputs, h0] =
                    single_trial(&case, b).backward(Some(trial_slice(&case, &cotangents, b)), None);
                expected
                    .iter_mut()
                    .zip(params)
                    .for_each(|(sum, x)| *sum += x);
                all_inputs.extend(inputs);
                all_h0.extend(h0);
            }
            for (actual, expected) in [(&actual, &expected), (&inputs, &all_inputs), (&h0, &all_h0)]
            {
                let error = error(actual, expected);
                assert!(error < F64, "{cell:?} {sizes:?}: {error}");
            }
        }
    }
}

/// The slice of one trial in an array.
fn trial_slice<'a>(case: &Case<f64>, all: &'a [f64], trial: usize) -> &'a [f64] {
    let width = all.len() / case.size[0];
    &all[trial * width..][..width]
}

/// A case with a single trial.
fn single_trial(case: &Case<f64>, trial: usize) -> Case<f64> {
    let slice_option = |all: &Option<Vec<f64>>| {
        all.as_ref()
            .map(|all| trial_slice(case, all, trial).to_vec())
    };
    Case {
        size: [1, case.size[1]],
        inputs: trial_slice(case, &case.inputs, trial).to_vec(),
        h0: slice_option(&case.h0),
        noise: slice_option(&case.noise),
        dropout: slice_option(&case.dropout),
        lengths: case.lengths.as_ref().map(|lengths| vec![lengths[trial]]),
        targets: trial_slice(case, &case.targets, trial).to_vec(),
        mask: slice_option(&case.mask),
        ..case.clone()
    }
}

#[test]
fn time_steps_beyond_the_end_of_a_trial_have_no_effect() {
    for cell in all_cells() {
        for sizes in [[19, 5, 2, 6, 2, 1, 1], [35, 6, 1, 5, 3, 2, 2]] {
            let case = case::<f64>(cell, sizes).ragged();
            let (states, outputs) = case.run();
            // The cotangents are zero beyond the ends of the trials, as with a mask.
            let [b, t] = case.size;
            let lengths = case.lengths.clone().expect("the case has lengths");
            let zero_beyond_end = |all: &[f64]| {
                let mut all = all.to_vec();
                for (trial, random_values) in all.chunks_mut(outputs.len() / b).enumerate() {
                    random_values[lengths[trial] * case.spec.outputs..].fill(0.0);
                }
                all
            };
            let cotangents = zero_beyond_end(&random_values::<f64>(9, outputs.len()));
            let [actual, inputs, h0] = case.backward(None, Some(&cotangents));
            let mut expected = vec![0.0; actual.len()];
            for (trial, length) in lengths.iter().enumerate() {
                let single = truncated_trial(&case, trial);
                let before_end = |all: &[f64]| {
                    trial_slice(&case, all, trial)[..all.len() / b / t * length].to_vec()
                };
                let d_outputs = before_end(&cotangents);
                let [params, alone_inputs, alone_h0] = single.backward(None, Some(&d_outputs));
                expected
                    .iter_mut()
                    .zip(params)
                    .for_each(|(sum, x)| *sum += x);
                let (alone_states, alone_outputs) = single.run();
                let same =
                    alone_states == before_end(&states) && alone_outputs == before_end(&outputs);
                assert!(same, "{cell:?} {sizes:?} trial {trial}");
                assert_eq!(
                    alone_inputs,
                    before_end(&inputs),
                    "{cell:?} {sizes:?} trial {trial}"
                );
                assert_eq!(
                    alone_h0,
                    trial_slice(&case, &h0, trial),
                    "{cell:?} {sizes:?}"
                );
                let after = &trial_slice(&case, &inputs, trial)[case.spec.inputs * length..];
                assert!(after.iter().all(|x| *x == 0.0), "{cell:?} {sizes:?}");
            }
            let error = error(&actual, &expected);
            assert!(error < F64, "{cell:?} {sizes:?}: {error}");
        }
    }
}

/// A case with a single trial without the time steps beyond its end.
fn truncated_trial(case: &Case<f64>, trial: usize) -> Case<f64> {
    let length = case.lengths.as_ref().expect("the case has lengths")[trial];
    let full_trial = single_trial(case, trial);
    let cut = |all: &Option<Vec<f64>>| {
        let each = |all: &Vec<f64>| all[..all.len() / case.size[1] * length].to_vec();
        all.as_ref().map(each)
    };
    let cut_values = |all: &[f64]| cut(&Some(all.to_vec())).expect("present in the case");
    Case {
        size: [1, length],
        inputs: cut_values(&full_trial.inputs),
        targets: cut_values(&full_trial.targets),
        noise: cut(&full_trial.noise),
        dropout: cut(&full_trial.dropout),
        mask: cut(&full_trial.mask),
        lengths: None,
        ..full_trial
    }
}

#[test]
fn jacobians_equal_finite_differences_for_every_cell_and_stack() {
    let mut max_error = 0.0_f64;
    for cell in all_cells() {
        for sizes in [[18, 1, 2, 5, 1, 1, 1], [3, 1, 3, 4, 1, 3, 1]] {
            let mut case = case::<f64>(cell, sizes);
            (case.noise, case.dropout) = (None, None);
            let [by_state, by_input] = case.jacobians();
            let [b, s] = [case.size[0], case.spec.state()];
            let column = |select: &dyn Fn(&mut Case<f64>) -> &mut f64| -> Vec<f64> {
                let at = |shift: f64| {
                    let mut shifted = case.clone();
                    *select(&mut shifted) += shift;
                    reference_loop(&shifted).0
                };
                let all = [STEP, -STEP, 2.0 * STEP, -2.0 * STEP].map(at);
                let derivative = |k: usize| {
                    let [a, b, far, near] = [0, 1, 2, 3].map(|shift: usize| all[shift][k]);
                    (8.0 * (a - b) - (far - near)) / (12.0 * STEP)
                };
                (0..all[0].len()).map(derivative).collect()
            };
            let check = |actual: &[f64], width: usize, input: bool| {
                let mut expected = vec![0.0; actual.len()];
                for trial in 0..b {
                    for k in 0..width {
                        let derivatives = column(&|case| match input {
                            true => &mut case.inputs[trial * width + k],
                            false => &mut case.h0.as_mut().expect("present in the case")
                                [trial * width + k],
                        });
                        for r in 0..s {
                            expected[(trial * s + r) * width + k] = derivatives[trial * s + r];
                        }
                    }
                }
                error(actual, &expected)
            };
            for error in [
                check(&by_state, s, false),
                check(&by_input, case.spec.inputs, true),
            ] {
                assert!(error < TOLERANCE, "{cell:?} {sizes:?}: {error}");
                max_error = max_error.max(error);
            }
        }
    }
    println!("largest error: {max_error:.1e}");
}
