//! The network in candle's autograd, and what is not accepted.

use attractor::base::{Error, Result};
use attractor::ops::rnn::vanilla;
use attractor::ops::rnn::{Aim, Arriving, Given, Gradients, Nonlinearity, Sizes};
use attractor::tensor::{Device, Tensor};
use candle_core::Var;

use super::case::{Case, F64, error};
use super::plain::plain;

fn message<V>(result: Result<V>) -> String {
    result.err().expect("a fault").to_string()
}

#[test]
fn arrays_of_other_lengths_are_faults() {
    let sizes = Sizes {
        batch: 2,
        time: 3,
        inputs: 1,
        units: 4,
        outputs: 1,
    };
    let case = Case::<f32>::random(sizes, Nonlinearity::Tanh);
    let (given, aim) = (case.given(), case.aim());
    let short = &case.inputs[1..];
    let mut gradient = vec![0.0; case.params.len()];
    let faulty = [
        (
            "parameters",
            Given {
                params: short,
                ..given
            },
        ),
        (
            "inputs",
            Given {
                inputs: short,
                ..given
            },
        ),
        (
            "h0",
            Given {
                h0: Some(short),
                ..given
            },
        ),
        (
            "noise",
            Given {
                noise: Some(short),
                ..given
            },
        ),
    ];
    for (what, given) in faulty {
        let fault = message(case.net().loss_gradient(sizes, given, aim, &mut gradient));
        assert!(
            fault.contains(&format!("expected {what} of shape")),
            "{fault}"
        );
    }
    let aim = Aim {
        targets: short,
        mask: None,
    };
    let fault = message(case.net().loss(sizes, given, aim));
    assert_eq!(
        fault,
        "vanilla: expected targets of shape [b, t, o] (6 numbers), found [5]"
    );
    let fault = message(case.net().run(sizes, given, Some(&mut [0.0]), None));
    assert!(fault.contains("states"), "{fault}");
    let arriving = Arriving {
        states: Some(short),
        outputs: None,
    };
    assert!(
        case.net()
            .backward(sizes, given, arriving, Gradients::default())
            .is_err()
    );
    let none = Sizes { time: 0, ..sizes };
    let fault = message(case.net().run(none, given, None, None));
    assert_eq!(fault, "vanilla: expected `time` of 1 or more, found 0");
}

fn tensors(case: &Case<f64>) -> [Tensor; 3] {
    let Sizes {
        batch,
        time,
        inputs,
        units,
        ..
    } = case.sizes;
    let device = &Device::Cpu;
    let make =
        |data: &[f64], shape: &[usize]| Tensor::from_slice(data, shape, device).expect("fits");
    [
        make(&case.inputs, &[batch, time, inputs]),
        make(&case.params, &[case.params.len()]),
        make(case.h0.as_ref().expect("given"), &[batch, units]),
    ]
}

#[test]
fn a_loss_in_tensors_reaches_inputs_parameters_and_first_state() -> Result<()> {
    let sizes = Sizes {
        batch: 3,
        time: 4,
        inputs: 2,
        units: 5,
        outputs: 1,
    };
    let case = Case::<f64>::random(sizes, Nonlinearity::Softplus);
    let [inputs, params, h0] = tensors(&case);
    let [inputs, params, h0] = [
        Var::from_tensor(&inputs)?,
        Var::from_tensor(&params)?,
        Var::from_tensor(&h0)?,
    ];
    let noise = case.noise.as_ref().expect("given");
    let noise = Tensor::from_slice(noise, (3, 4, 5), &Device::Cpu)?;
    // Strides other than the plain ones on the way in must not matter.
    let turned = inputs
        .as_tensor()
        .transpose(0, 1)?
        .contiguous()?
        .transpose(0, 1)?;
    let states = vanilla::states(case.nonlinearity, &turned, &params, &h0, Some(&noise))?;
    let found = states.flatten_all()?.to_vec1::<f64>()?;
    assert!(error(&found, &plain(&case).0) < F64);
    let grads = states.sqr()?.sum_all()?.backward()?;
    let arriving: Vec<f64> = found.iter().map(|h| 2.0 * h).collect();
    let expected = case.backward(Some(&arriving), None);
    for (var, expected) in [&params, &inputs, &h0].into_iter().zip(expected) {
        let grad = grads
            .get(var)
            .expect("a gradient")
            .flatten_all()?
            .to_vec1::<f64>()?;
        assert!(error(&grad, &expected) < F64);
    }
    Ok(())
}

#[test]
fn tensors_of_other_shapes_are_faults() -> Result<()> {
    let sizes = Sizes {
        batch: 2,
        time: 3,
        inputs: 1,
        units: 4,
        outputs: 1,
    };
    let [inputs, params, h0] = tensors(&Case::random(sizes, Nonlinearity::Tanh));
    let run =
        |x: &Tensor, p: &Tensor, h: &Tensor| vanilla::states(Nonlinearity::Tanh, x, p, h, None);
    let fault = message(run(&inputs.squeeze(2)?, &params, &h0));
    assert_eq!(
        fault,
        "vanilla: expected inputs of shape [b, t, i], found [2, 3]"
    );
    let fault = message(run(&inputs, &params, &h0.narrow(0, 0, 1)?));
    assert_eq!(fault, "vanilla: expected h0 of shape [2, n], found [1, 4]");
    let fault = message(run(&inputs, &params.narrow(0, 0, 31)?, &h0));
    assert!(fault.contains("[28 + 5 for each output]"), "{fault}");
    let single = inputs.to_dtype(attractor::tensor::DType::F32)?;
    assert!(matches!(
        run(&single, &params, &h0),
        Err(Error::Kind { .. })
    ));
    let noise = Some(&inputs);
    assert!(vanilla::states(Nonlinearity::Tanh, &inputs, &params, &h0, noise).is_err());
    Ok(())
}
