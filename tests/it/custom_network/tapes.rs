//! Gradients of custom networks whose tapes exceed the memory for them.

use std::rc::Rc;

use attractor::base::Result;
use attractor::nn::{Custom, CustomOptions, ParamMap, UserFns};
use attractor::tensor::Tensor;
use attractor::train::Model;

use super::training::{random_tensor, trials, user_fn};

/// h + 0.1 (tanh(h u) v - h) + x b, with a large intermediate result.
fn wide_step(args: &[Tensor], p: &ParamMap) -> Result<Tensor> {
    let drift = (args[0].matmul(&p["u"])?.tanh()?.matmul(&p["v"])? - &args[0])?;
    Ok(((&args[0] + (drift * 0.1)?)? + args[1].matmul(&p["b"])?)?)
}

/// The tapes of all time steps take 0.25 GB, of which the forward pass stores a half.
#[test]
fn the_gradient_is_the_same_if_the_tapes_of_some_time_steps_are_not_stored() {
    const WIDTH: usize = 4000;
    const STEP: f64 = 1e-4;
    const TOLERANCE: f64 = 1e-8;
    let params = ParamMap::from([
        ("u".into(), random_tensor::<f64>(1, &[3, WIDTH])),
        (
            "v".into(),
            (random_tensor::<f64>(2, &[WIDTH, 3]) / 60.0).expect("a tensor"),
        ),
        ("b".into(), random_tensor::<f64>(3, &[1, 3])),
    ]);
    let config = CustomOptions {
        units: Some(3),
        ..CustomOptions::default()
    };
    let step = user_fn("step", wide_step);
    let functions = Rc::new(UserFns {
        step,
        readout: None,
    });
    let mut net: Custom<f64> = config.build(functions, &params).expect("a network");
    let trials = trials::<f64>(64, 40, true);
    let mut gradient = vec![0.0; net.params.data.len()];
    net.loss_gradient(&mut (), &trials, None, &mut gradient)
        .expect("a gradient");
    for name in ["h0", "u", "v", "b", "wO", "bO"] {
        let index = net
            .params
            .layout()
            .block(name)
            .expect("a block")
            .range
            .start;
        let mut at = |by: f64| {
            let before = net.params.data[index];
            net.params.data[index] = before + by;
            let loss = net.loss(&mut (), &trials, None).expect("a loss");
            net.params.data[index] = before;
            loss
        };
        let expected = (at(STEP) - at(-STEP)) / (2.0 * STEP);
        let error = (gradient[index] - expected).abs();
        println!("{name}: {expected:e}, error {error:e}");
        assert!(expected != 0.0 && error < TOLERANCE, "{name}: {error:e}");
    }
}
