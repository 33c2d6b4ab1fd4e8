//! What the cutting into slices, the masks and the kept buffers must not change.

use attractor::base::Error;
use attractor::nn::{Cell, Spec};
use attractor::ops::rnn::Nonlinearity;
use attractor::ops::rnn::vanilla::Vanilla;
use attractor::tensor::Real;

use super::case::{Case, case, cells, many_sizes, numbers};

fn tanh() -> Cell {
    Cell::Vanilla(Vanilla::default())
}

/// Everything a case gives, in bits: loss, gradient, states, outputs, gradients.
type Bits = (u64, Vec<f32>, Vec<f32>, Vec<f32>, [Vec<f32>; 3]);

fn bits(case: &Case<f32>) -> Bits {
    let (loss, gradient) = case.loss_gradient();
    let (states, outputs) = case.run();
    let arriving = numbers(8, states.len());
    let back = case.backward(Some(&arriving), Some(&outputs));
    (loss.to_bits(), gradient, states, outputs, back)
}

#[test]
fn threads_and_slices_of_any_size_give_the_same_bits() {
    for cell in cells() {
        for (sizes, ragged) in [
            ([150, 18, 2, 20, 3, 1, 1], false),
            ([70, 3, 2, 9, 1, 2, 2], false),
            ([70, 3, 2, 9, 1, 2, 2], true),
        ] {
            let chosen = case::<f32>(cell, sizes);
            let chosen = if ragged { chosen.ragged() } else { chosen };
            let on = |threads, slice| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                let case = Case {
                    slice,
                    ..chosen.clone()
                };
                pool.expect("threads can be started")
                    .install(|| bits(&case))
            };
            let first = on(1, None);
            for threads in [1, 2, 3] {
                for slice in [None, Some(1), Some(2), Some(3), Some(4)] {
                    let same = on(threads, slice) == first;
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
fn products_that_threads_share_give_the_same_bits() {
    // One group of trials and large matrices: several threads have nothing else to divide.
    let sizes = [16, 2, 3, 400, 2, 1, 1];
    for cell in [tanh(), Cell::Gru(Default::default())] {
        let case = case::<f32>(cell, sizes);
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads can be started")
                .install(|| bits(&case))
        };
        assert!(on(1) == on(2), "{cell:?}");
    }
}

#[test]
fn a_workspace_that_served_other_sizes_gives_the_same_bits_as_a_new_one() {
    for cell in cells() {
        let mut net = cell.operation::<f32>();
        for sizes in many_sizes()
            .into_iter()
            .chain(many_sizes().into_iter().rev())
        {
            let case = case::<f32>(cell, sizes);
            if case.spec.outputs == 0 {
                continue;
            }
            let mut gradient = vec![0.0; case.params.len()];
            let loss = net
                .loss_gradient(case.sizes(), case.op_inputs(), case.aim(), &mut gradient)
                .expect("matching sizes");
            assert_eq!((loss.double(), gradient), case.loss_gradient(), "{sizes:?}");
        }
    }
}

#[test]
fn targets_where_the_mask_is_zero_are_not_read() {
    let case = case::<f64>(tanh(), [5, 4, 1, 6, 2, 1, 1]);
    let mask = case.mask.clone().expect("present in the case");
    let mut holes = case.clone();
    for (k, target) in holes.targets.iter_mut().enumerate() {
        if mask[k / 2] == 0.0 {
            *target = f64::NAN;
        }
    }
    assert!(holes.targets.iter().any(|x| x.is_nan()));
    assert_eq!(holes.loss_gradient(), case.loss_gradient());
}

#[test]
fn a_mask_of_zeros_is_a_fault() {
    let mut case = case::<f64>(tanh(), [2, 3, 1, 4, 1, 1, 1]);
    case.mask = Some(vec![0.0; 6]);
    let fault = case.net().loss(case.sizes(), case.op_inputs(), case.aim());
    assert!(matches!(fault, Err(Error::Range { .. })));
    let words = fault.expect_err("an error").to_string();
    assert_eq!(
        words,
        "vanilla: expected `mask` that selects at least one time step, found zeros only"
    );
}

#[test]
fn trials_that_fill_up_a_slice_cannot_spoil_the_gradient() {
    // With zero input the weights 1e30 overflow at the third step; the real trial stays at zero.
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
        lengths: None,
        slice: None,
    };
    let (loss, gradient) = case.loss_gradient();
    assert_eq!(loss, 1.0);
    assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
}
