//! Results do not depend on slices, threads, masked targets and reused buffers.

use attractor::base::Error;
use attractor::nn::{Cell, Spec};
use attractor::ops::rnn::cells::Vanilla;
use attractor::ops::rnn::{Loss, Nonlinearity};
use attractor::tensor::Real;

use super::case::{Case, all_cells, all_sizes, case, random_values};

fn tanh_cell() -> Cell {
    Cell::Vanilla(Vanilla::default())
}

/// All results of a case: loss, gradient, states, outputs, gradients.
type Results = (u64, Vec<f32>, Vec<f32>, Vec<f32>, [Vec<f32>; 3]);

fn results(case: &Case<f32>) -> Results {
    let (loss, gradient) = case.loss_gradient();
    let (states, outputs) = case.run();
    let cotangents = random_values(8, states.len());
    let gradients = case.backward(Some(&cotangents), Some(&outputs));
    (loss.to_bits(), gradient, states, outputs, gradients)
}

#[test]
fn results_are_bit_identical_for_any_number_of_threads_and_any_slices() {
    for cell in all_cells() {
        for (sizes, ragged) in [
            ([150, 18, 2, 20, 3, 1, 1], false),
            ([70, 3, 2, 9, 1, 2, 2], false),
            ([70, 3, 2, 9, 1, 2, 2], true),
        ] {
            let base_case = case::<f32>(cell, sizes);
            let base_case = if ragged {
                base_case.ragged()
            } else {
                base_case
            };
            let run_on = |threads, slice| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                let case = Case {
                    slice,
                    ..base_case.clone()
                };
                pool.expect("threads can be started")
                    .install(|| results(&case))
            };
            let first = run_on(1, None);
            for threads in [1, 2, 3] {
                for slice in [None, Some(1), Some(2), Some(3), Some(4)] {
                    let same = run_on(threads, slice) == first;
                    assert!(
                        same,
                        "{cell:?} {sizes:?} {threads} threads, slices of {slice:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn matrix_products_shared_by_threads_are_bit_identical() {
    // One group of trials and large matrices: the threads can only share the matrix products.
    let sizes = [16, 2, 3, 400, 2, 1, 1];
    for cell in [tanh_cell(), Cell::Gru(Default::default())] {
        let case = case::<f32>(cell, sizes);
        let run_on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads can be started")
                .install(|| results(&case))
        };
        assert!(run_on(1) == run_on(2), "{cell:?}");
    }
}

#[test]
fn a_reused_workspace_returns_the_same_results_as_a_new_one() {
    for cell in all_cells() {
        let mut operation = cell.operation::<f32>();
        for sizes in all_sizes().into_iter().chain(all_sizes().into_iter().rev()) {
            let case = case::<f32>(cell, sizes);
            if case.spec.outputs == 0 {
                continue;
            }
            let mut gradient = vec![0.0; case.params.len()];
            let loss = operation
                .loss_gradient(
                    case.sizes(),
                    case.op_inputs(),
                    case.op_targets(),
                    &mut gradient,
                )
                .expect("matching sizes");
            assert_eq!((loss.double(), gradient), case.loss_gradient(), "{sizes:?}");
        }
    }
}

#[test]
fn targets_where_the_mask_is_zero_are_not_read() {
    let case = case::<f64>(tanh_cell(), [5, 4, 1, 6, 2, 1, 1]);
    let mask = case.mask.clone().expect("present in the case");
    let mut with_nan = case.clone();
    for (k, target) in with_nan.targets.iter_mut().enumerate() {
        if mask[k / 2] == 0.0 {
            *target = f64::NAN;
        }
    }
    assert!(with_nan.targets.iter().any(|x| x.is_nan()));
    assert_eq!(with_nan.loss_gradient(), case.loss_gradient());
}

#[test]
fn a_mask_of_zeros_is_an_error() {
    let mut case = case::<f64>(tanh_cell(), [2, 3, 1, 4, 1, 1, 1]);
    case.mask = Some(vec![0.0; 6]);
    let error = case
        .operation()
        .loss(case.sizes(), case.op_inputs(), case.op_targets());
    assert!(matches!(error, Err(Error::Range { .. })));
    let message = error.expect_err("an error").to_string();
    assert_eq!(
        message,
        "vanilla: expected `mask` that selects at least one time step, found zeros only"
    );
}

#[test]
fn padding_trials_do_not_affect_the_gradient() {
    // With zero input the weights 1e30 overflow at the third step; the actual trial stays at zero.
    let relu = Cell::Vanilla(Vanilla {
        nonlinearity: Nonlinearity::Relu,
    });
    let spec = Spec::new(relu, [1, 2, 1]);
    let layout = spec.layout();
    let mut params = vec![0.0_f32; layout.len()];
    params[layout.block("wR").expect("a known block").range.clone()].fill(1e30);
    params[layout.block("bR").expect("a known block").range.clone()].fill(1.0);
    params[layout.block("wI").expect("a known block").range.clone()].fill(-1.0);
    let case = Case {
        spec,
        size: [1, 5],
        params,
        inputs: vec![1.0; 5],
        h0: None,
        noise: None,
        dropout: None,
        targets: vec![1.0; 5],
        mask: None,
        loss_function: Loss::Mse,
        lengths: None,
        slice: None,
    };
    let (loss, gradient) = case.loss_gradient();
    assert_eq!(loss, 1.0);
    assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
}
