//! What the cutting into slices, the masks and the kept buffers must not change.

use attractor::ops::rnn::vanilla::{Vanilla, layout};
use attractor::ops::rnn::{Nonlinearity, Sizes};
use attractor::tensor::Real;

use super::case::{Case, many_sizes, numbers};

#[test]
fn one_and_two_threads_give_the_same_bits() {
    let sizes = Sizes {
        batch: 150,
        time: 6,
        inputs: 2,
        units: 20,
        outputs: 3,
    };
    let case = Case::<f32>::random(sizes, Nonlinearity::Tanh);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads can be started").install(|| {
            let (loss, gradient) = case.loss_gradient();
            let (states, outputs) = case.run();
            (
                loss.to_bits(),
                gradient,
                states,
                outputs.clone(),
                case.backward(Some(&states_like(&case)), Some(&outputs)),
            )
        })
    };
    let (one, two, three) = (on(1), on(2), on(3));
    assert!(one == two && one == three);
}

fn states_like(case: &Case<f32>) -> Vec<f32> {
    numbers(8, case.sizes.batch * case.sizes.time * case.sizes.units)
}

#[test]
fn a_workspace_that_served_other_sizes_gives_the_same_bits_as_a_new_one() {
    let mut net = Vanilla::<f32>::new(Nonlinearity::Tanh);
    for sizes in many_sizes()
        .into_iter()
        .chain(many_sizes().into_iter().rev())
    {
        let case = Case::<f32>::random(sizes, Nonlinearity::Tanh);
        let mut gradient = vec![0.0; case.params.len()];
        let loss = net
            .loss_gradient(sizes, case.given(), case.aim(), &mut gradient)
            .expect("fits");
        assert_eq!((loss.double(), gradient), case.loss_gradient(), "{sizes:?}");
    }
}

#[test]
fn targets_where_the_mask_is_zero_are_not_read() {
    let sizes = Sizes {
        batch: 5,
        time: 4,
        inputs: 1,
        units: 6,
        outputs: 2,
    };
    let case = Case::<f64>::random(sizes, Nonlinearity::Tanh);
    let mask = case.mask.clone().expect("given");
    let mut holes = case.clone();
    for (k, target) in holes.targets.iter_mut().enumerate() {
        if mask[k / sizes.outputs] == 0.0 {
            *target = f64::NAN;
        }
    }
    assert!(holes.targets.iter().any(|x| x.is_nan()));
    assert_eq!(holes.loss_gradient(), case.loss_gradient());
}

#[test]
fn a_mask_of_zeros_gives_a_loss_of_zero() {
    let sizes = Sizes {
        batch: 2,
        time: 3,
        inputs: 1,
        units: 4,
        outputs: 1,
    };
    let random = Case::<f64>::random(sizes, Nonlinearity::Tanh);
    let case = Case {
        mask: Some(vec![0.0; 6]),
        ..random
    };
    let (loss, gradient) = case.loss_gradient();
    assert_eq!(loss, 0.0);
    assert!(gradient.iter().all(|g| *g == 0.0));
}

#[test]
fn trials_that_fill_up_a_slice_cannot_spoil_the_gradient() {
    // With zero input the weights 1e30 overflow at the third step; the real trial stays at zero.
    let sizes = Sizes {
        batch: 1,
        time: 5,
        inputs: 1,
        units: 2,
        outputs: 1,
    };
    let mut params = vec![0.0_f32; layout(1, 2, 1).len()];
    let layout = layout(1, 2, 1);
    params[layout.block("wR").expect("known").range.clone()].fill(1e30);
    params[layout.block("bR").expect("known").range.clone()].fill(1.0);
    params[layout.block("wI").expect("known").range.clone()].fill(-1.0);
    let case = Case {
        sizes,
        nonlinearity: Nonlinearity::Relu,
        params,
        inputs: vec![1.0; 5],
        h0: None,
        noise: None,
        targets: vec![1.0; 5],
        mask: None,
    };
    let (loss, gradient) = case.loss_gradient();
    assert_eq!(loss, 1.0);
    assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
}
