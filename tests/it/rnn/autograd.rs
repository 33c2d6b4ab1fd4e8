//! Networks in candle's autograd, and invalid arguments.

use attractor::base::{Error, Result};
use attractor::nn::Cell;
use attractor::ops::rnn::{Cotangents, Gradients, Inputs, Loss, Targets, states};
use attractor::tensor::{DType, Device, Tensor};
use candle_core::Var;

use super::case::{Case, F64, all_cells, case, error};
use super::reference_loop::reference_loop;

fn tanh_cell() -> Cell {
    Cell::Vanilla(Default::default())
}

fn message<V>(result: Result<V>) -> String {
    result.err().expect("an error").to_string()
}

#[test]
fn arrays_with_wrong_lengths_are_rejected() {
    let case = case::<f32>(tanh_cell(), [2, 3, 1, 4, 1, 2, 1]);
    let (sizes, inputs_of_op, op_targets) = (case.sizes(), case.op_inputs(), case.op_targets());
    let short_array = &case.inputs[1..];
    let some_short = Some(short_array);
    let mut gradient = vec![0.0; case.params.len()];
    let invalid_cases = [
        (
            "parameters",
            Inputs {
                params: short_array,
                ..inputs_of_op
            },
        ),
        (
            "inputs",
            Inputs {
                inputs: short_array,
                ..inputs_of_op
            },
        ),
        (
            "h0",
            Inputs {
                h0: some_short,
                ..inputs_of_op
            },
        ),
        (
            "noise",
            Inputs {
                noise: some_short,
                ..inputs_of_op
            },
        ),
        (
            "dropout",
            Inputs {
                dropout: some_short,
                ..inputs_of_op
            },
        ),
    ];
    for (name, inputs_of_op) in invalid_cases {
        let err =
            message(
                case.operation()
                    .loss_gradient(sizes, inputs_of_op, op_targets, &mut gradient),
            );
        let expected = format!("expected {name} of shape");
        assert!(err.contains(&expected), "{err}");
    }
    let op_targets = Targets {
        values: short_array,
        mask: None,
        loss: Loss::Mse,
    };
    let err = message(case.operation().loss(sizes, inputs_of_op, op_targets));
    assert_eq!(
        err,
        "vanilla: expected targets of shape [b, t, o] (6 elements), found [5]"
    );
    let err = message(
        case.operation()
            .run(sizes, inputs_of_op, Some(&mut [0.0]), None),
    );
    assert!(err.contains("states"), "{err}");
    let cotangents = Cotangents {
        states: Some(short_array),
        outputs: None,
    };
    let gradients =
        case.operation()
            .backward(sizes, inputs_of_op, cotangents, Gradients::default());
    assert!(gradients.is_err());
    let no_time = attractor::ops::rnn::Sizes { time: 0, ..sizes };
    let err = message(case.operation().run(no_time, inputs_of_op, None, None));
    assert_eq!(err, "vanilla: expected `time` of 1 or more, found 0");
}

#[test]
fn bidirectional_layers_reject_single_steps() {
    let case = case::<f64>(tanh_cell(), [2, 1, 1, 4, 1, 1, 2]);
    let mut next = vec![0.0; 16];
    let h = case.h0.as_ref().expect("present in the case");
    let err =
        message(
            case.operation()
                .step(case.sizes(), &case.params, h, &case.inputs, &mut next),
        );
    assert!(err.contains("`directions` of 1 for single steps"), "{err}");
}

/// Inputs, parameters and initial states.
fn tensors(case: &Case<f64>) -> [Tensor; 3] {
    let [b, t] = case.size;
    let tensor = |data: &[f64], shape: &[usize]| {
        Tensor::from_slice(data, shape, &Device::Cpu).expect("matching sizes")
    };
    [
        tensor(&case.inputs, &[b, t, case.spec.inputs]),
        tensor(&case.params, &[case.params.len()]),
        tensor(
            case.h0.as_ref().expect("present in the case"),
            &[b, case.spec.state()],
        ),
    ]
}

#[test]
fn gradients_of_a_tensor_loss_reach_inputs_parameters_and_initial_states() -> Result<()> {
    for cell in all_cells() {
        let case = case::<f64>(cell, [3, 4, 2, 5, 1, 2, 2]).ragged();
        let [inputs, params, h0] = tensors(&case);
        let [inputs, params, h0] = [
            Var::from_tensor(&inputs)?,
            Var::from_tensor(&params)?,
            Var::from_tensor(&h0)?,
        ];
        let aux = |all: &Option<Vec<f64>>| {
            let all = all.as_ref().expect("present in the case");
            Tensor::from_slice(all, (3, 4, all.len() / 12), &Device::Cpu)
        };
        let (noise, dropout) = (aux(&case.noise)?, aux(&case.dropout)?);
        // The input has non-contiguous strides.
        let transposed = inputs.as_tensor().transpose(0, 1)?.contiguous()?;
        let transposed = transposed.transpose(0, 1)?;
        let op_inputs = Inputs {
            params: params.as_tensor(),
            inputs: &transposed,
            h0: Some(&h0),
            noise: Some(&noise),
            dropout: Some(&dropout),
            lengths: case.lengths.as_deref(),
        };
        let states = states(cell.operation::<f64>(), case.sizes(), op_inputs)?;
        let actual = states.flatten_all()?.to_vec1::<f64>()?;
        assert!(error(&actual, &reference_loop(&case).0) < F64);
        let grads = states.sqr()?.sum_all()?.backward()?;
        let cotangents: Vec<f64> = actual.iter().map(|h| 2.0 * h).collect();
        let expected = case.backward(Some(&cotangents), None);
        for (var, expected) in [&params, &inputs, &h0].into_iter().zip(expected) {
            let grad = grads.get(var).expect("a gradient");
            let grad = grad.flatten_all()?.to_vec1::<f64>()?;
            assert!(error(&grad, &expected) < F64);
        }
    }
    Ok(())
}

#[test]
fn tensors_with_wrong_shapes_are_rejected() -> Result<()> {
    let case = case::<f64>(tanh_cell(), [2, 3, 1, 4, 1, 1, 1]);
    let [inputs, params, h0] = tensors(&case);
    let run = |x: &Tensor, p: &Tensor, h: &Tensor, noise: Option<&Tensor>| {
        let op_inputs = Inputs {
            h0: Some(h),
            noise,
            ..Inputs::new(p, x)
        };
        states(tanh_cell().operation::<f64>(), case.sizes(), op_inputs)
    };
    let err = message(run(&inputs.squeeze(2)?, &params, &h0, None));
    assert_eq!(
        err,
        "network.run: expected inputs of shape [2, 3, 1], found [2, 3]"
    );
    assert!(run(&inputs, &params, &h0.narrow(0, 0, 1)?, None).is_err());
    assert!(run(&inputs, &params.narrow(0, 0, 31)?, &h0, None).is_err());
    let single = inputs.to_dtype(DType::F32)?;
    assert!(matches!(
        run(&single, &params, &h0, None),
        Err(Error::Kind { .. })
    ));
    assert!(run(&inputs, &params, &h0, Some(&inputs)).is_err());
    let no_h0 = Inputs::new(&params, &inputs);
    assert!(matches!(
        states(tanh_cell().operation::<f64>(), case.sizes(), no_h0),
        Err(Error::Missing { .. })
    ));
    Ok(())
}
