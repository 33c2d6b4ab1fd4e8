//! Gradients and Jacobians against finite differences of a plain loop.

use attractor::nn::Cell;

use super::case::{Case, F64, case, cells, error, many_sizes, numbers};
use super::plain::plain;

/// Small enough that no unit of `relu` comes to its corner.
const STEP: f64 = 1e-4;
/// Relative to the largest: rounding over the step, 1e-12, where gradients are of order 1e-3.
const DIFFERENCE: f64 = 1e-8;
/// Stacked and in both directions, with a readout.
const SIZES: [[usize; 7]; 3] = [
    [3, 4, 2, 5, 2, 1, 1],
    [2, 3, 2, 3, 1, 3, 1],
    [2, 3, 2, 3, 2, 2, 2],
];

/// A problem whose trials go on to the end, and one where some end before others.
fn both(cell: Cell, sizes: [usize; 7]) -> [Case<f64>; 2] {
    let whole = case::<f64>(cell, sizes);
    [whole.clone(), whole.ragged()]
}

/// The derivative at 0, by differences of fourth order.
fn difference(f: impl Fn(f64) -> f64) -> f64 {
    (8.0 * (f(STEP) - f(-STEP)) - (f(2.0 * STEP) - f(-2.0 * STEP))) / (12.0 * STEP)
}

/// The derivative of the loss by one number that `place` finds in the case.
fn slope(case: &Case<f64>, place: impl Fn(&mut Case<f64>) -> &mut f64) -> f64 {
    difference(|shift| {
        let mut moved = case.clone();
        *place(&mut moved) += shift;
        plain(&moved).2
    })
}

fn slopes(like: &[f64], slope: impl Fn(usize) -> f64) -> Vec<f64> {
    (0..like.len()).map(slope).collect()
}

#[test]
fn gradients_equal_finite_differences_for_every_cell_and_stack() {
    let mut largest = 0.0_f64;
    for cell in cells() {
        for sizes in SIZES {
            for case in both(cell, sizes) {
                let outputs = case.run().1;
                let [params, inputs, h0] = case.backward(None, Some(&case.d_outputs(&outputs)));
                let direct = case.loss_gradient().1;
                let by_param = slopes(&params, |k| slope(&case, |case| &mut case.params[k]));
                let by_input = slopes(&inputs, |k| slope(&case, |case| &mut case.inputs[k]));
                let by_h0 = slopes(&h0, |k| {
                    slope(&case, |case| {
                        &mut case.h0.as_mut().expect("present in the case")[k]
                    })
                });
                for (what, found, expected) in [
                    ("parameters", &params, &by_param),
                    ("parameters, with the loss", &direct, &by_param),
                    ("inputs", &inputs, &by_input),
                    ("h0", &h0, &by_h0),
                ] {
                    let error = error(found, expected);
                    assert!(error < DIFFERENCE, "{cell:?} {sizes:?} {what}: {error}");
                    largest = largest.max(error);
                }
            }
        }
    }
    println!("largest error: {largest:.1e}");
}

#[test]
fn learned_first_states_have_the_gradient_of_finite_differences() {
    for cell in cells() {
        for sizes in SIZES {
            for mut case in both(cell, sizes) {
                case.h0 = None;
                let found = case.loss_gradient().1;
                let expected = slopes(&found, |k| slope(&case, |case| &mut case.params[k]));
                let error = error(&found, &expected);
                assert!(error < DIFFERENCE, "{cell:?} {sizes:?}: {error}");
            }
        }
    }
}

#[test]
fn derivatives_that_arrive_at_states_equal_finite_differences() {
    for cell in cells() {
        for sizes in SIZES {
            for case in both(cell, sizes) {
                let arriving = numbers::<f64>(9, case.run().0.len());
                let found = case.backward(Some(&arriving), None);
                let along = |place: &dyn Fn(&mut Case<f64>) -> &mut f64| {
                    difference(|shift| {
                        let mut moved = case.clone();
                        *place(&mut moved) += shift;
                        let states = plain(&moved).0;
                        states.iter().zip(&arriving).map(|(h, d)| h * d).sum()
                    })
                };
                let params = slopes(&found[0], |k| along(&|case| &mut case.params[k]));
                let inputs = slopes(&found[1], |k| along(&|case| &mut case.inputs[k]));
                let h0 = slopes(&found[2], |k| {
                    along(&|case| &mut case.h0.as_mut().expect("present in the case")[k])
                });
                for (found, expected) in found.iter().zip([params, inputs, h0]) {
                    let error = error(found, &expected);
                    assert!(error < DIFFERENCE, "{cell:?} {sizes:?}: {error}");
                }
            }
        }
    }
}

#[test]
fn gradients_of_many_trials_are_the_sums_of_those_of_each() {
    for cell in cells() {
        for sizes in many_sizes() {
            let case = case::<f64>(cell, sizes);
            let arriving = numbers::<f64>(9, case.run().0.len());
            let [found, inputs, h0] = case.backward(Some(&arriving), None);
            let mut expected = vec![0.0; found.len()];
            let (mut all_inputs, mut all_h0) = (Vec::new(), Vec::new());
            for b in 0..case.size[0] {
                let [params, inputs, h0] =
                    single(&case, b).backward(Some(part(&case, &arriving, b)), None);
                expected
                    .iter_mut()
                    .zip(params)
                    .for_each(|(sum, x)| *sum += x);
                all_inputs.extend(inputs);
                all_h0.extend(h0);
            }
            for (found, expected) in [(&found, &expected), (&inputs, &all_inputs), (&h0, &all_h0)] {
                let error = error(found, expected);
                assert!(error < F64, "{cell:?} {sizes:?}: {error}");
            }
        }
    }
}

/// The share of one trial in an array.
fn part<'a>(case: &Case<f64>, all: &'a [f64], trial: usize) -> &'a [f64] {
    let width = all.len() / case.size[0];
    &all[trial * width..][..width]
}

/// One trial alone.
fn single(case: &Case<f64>, trial: usize) -> Case<f64> {
    let some = |all: &Option<Vec<f64>>| all.as_ref().map(|all| part(case, all, trial).to_vec());
    Case {
        size: [1, case.size[1]],
        inputs: part(case, &case.inputs, trial).to_vec(),
        h0: some(&case.h0),
        noise: some(&case.noise),
        dropout: some(&case.dropout),
        lengths: case.lengths.as_ref().map(|ends| vec![ends[trial]]),
        targets: part(case, &case.targets, trial).to_vec(),
        mask: some(&case.mask),
        ..case.clone()
    }
}

#[test]
fn what_comes_after_the_end_of_a_trial_reaches_nothing() {
    for cell in cells() {
        for sizes in [[19, 5, 2, 6, 2, 1, 1], [35, 6, 1, 5, 3, 2, 2]] {
            let case = case::<f64>(cell, sizes).ragged();
            let (states, outputs) = case.run();
            // Derivatives arrive within the trials only, as a mask makes it.
            let [b, t] = case.size;
            let ends = case.lengths.clone().expect("the case has lengths");
            let within = |all: &[f64]| {
                let mut all = all.to_vec();
                for (trial, numbers) in all.chunks_mut(outputs.len() / b).enumerate() {
                    numbers[ends[trial] * case.spec.outputs..].fill(0.0);
                }
                all
            };
            let arriving = within(&numbers::<f64>(9, outputs.len()));
            let [found, inputs, h0] = case.backward(None, Some(&arriving));
            let mut expected = vec![0.0; found.len()];
            for (trial, end) in ends.iter().enumerate() {
                let alone = ended(&case, trial);
                let head =
                    |all: &[f64]| part(&case, all, trial)[..all.len() / b / t * end].to_vec();
                let d_outputs = head(&arriving);
                let [params, alone_inputs, alone_h0] = alone.backward(None, Some(&d_outputs));
                expected
                    .iter_mut()
                    .zip(params)
                    .for_each(|(sum, x)| *sum += x);
                let (alone_states, alone_outputs) = alone.run();
                let same = alone_states == head(&states) && alone_outputs == head(&outputs);
                assert!(same, "{cell:?} {sizes:?} trial {trial}");
                assert_eq!(
                    alone_inputs,
                    head(&inputs),
                    "{cell:?} {sizes:?} trial {trial}"
                );
                assert_eq!(alone_h0, part(&case, &h0, trial), "{cell:?} {sizes:?}");
                let after = &part(&case, &inputs, trial)[case.spec.inputs * end..];
                assert!(after.iter().all(|x| *x == 0.0), "{cell:?} {sizes:?}");
            }
            let error = error(&found, &expected);
            assert!(error < F64, "{cell:?} {sizes:?}: {error}");
        }
    }
}

/// One trial alone, without what comes after its end.
fn ended(case: &Case<f64>, trial: usize) -> Case<f64> {
    let end = case.lengths.as_ref().expect("the case has lengths")[trial];
    let whole = single(case, trial);
    let cut = |all: &Option<Vec<f64>>| {
        let each = |all: &Vec<f64>| all[..all.len() / case.size[1] * end].to_vec();
        all.as_ref().map(each)
    };
    let given = |all: &[f64]| cut(&Some(all.to_vec())).expect("present in the case");
    Case {
        size: [1, end],
        inputs: given(&whole.inputs),
        targets: given(&whole.targets),
        noise: cut(&whole.noise),
        dropout: cut(&whole.dropout),
        mask: cut(&whole.mask),
        lengths: None,
        ..whole
    }
}

#[test]
fn jacobians_equal_finite_differences_for_every_cell_and_stack() {
    let mut largest = 0.0_f64;
    for cell in cells() {
        for sizes in [[18, 1, 2, 5, 1, 1, 1], [3, 1, 3, 4, 1, 3, 1]] {
            let mut case = case::<f64>(cell, sizes);
            (case.noise, case.dropout) = (None, None);
            let [by_state, by_input] = case.jacobians();
            let [b, s] = [case.size[0], case.spec.state()];
            let column = |place: &dyn Fn(&mut Case<f64>) -> &mut f64| -> Vec<f64> {
                let at = |shift: f64| {
                    let mut moved = case.clone();
                    *place(&mut moved) += shift;
                    plain(&moved).0
                };
                let all = [STEP, -STEP, 2.0 * STEP, -2.0 * STEP].map(at);
                let slope = |k: usize| {
                    let [a, b, far, near] = [0, 1, 2, 3].map(|way: usize| all[way][k]);
                    (8.0 * (a - b) - (far - near)) / (12.0 * STEP)
                };
                (0..all[0].len()).map(slope).collect()
            };
            let check = |found: &[f64], width: usize, input: bool| {
                let mut expected = vec![0.0; found.len()];
                for trial in 0..b {
                    for k in 0..width {
                        let slopes = column(&|case| match input {
                            true => &mut case.inputs[trial * width + k],
                            false => &mut case.h0.as_mut().expect("present in the case")
                                [trial * width + k],
                        });
                        for r in 0..s {
                            expected[(trial * s + r) * width + k] = slopes[trial * s + r];
                        }
                    }
                }
                error(found, &expected)
            };
            for error in [
                check(&by_state, s, false),
                check(&by_input, case.spec.inputs, true),
            ] {
                assert!(error < DIFFERENCE, "{cell:?} {sizes:?}: {error}");
                largest = largest.max(error);
            }
        }
    }
    println!("largest error: {largest:.1e}");
}
