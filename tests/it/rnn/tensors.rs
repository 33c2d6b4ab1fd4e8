//! Networks in candle's autograd, and what is not accepted.

use attractor::base::{Error, Result};
use attractor::nn::Cell;
use attractor::ops::rnn::{
    AuxInputs, Cotangents, DualPrecision, Gradients, Inputs, Targets, states,
};
use attractor::tensor::{DType, Device, Tensor};
use candle_core::Var;

use super::case::{Case, F64, case, cells, error};
use super::plain::plain;

fn tanh() -> Cell {
    Cell::Vanilla(Default::default())
}

fn message<V>(result: Result<V>) -> String {
    result.err().expect("an error").to_string()
}

#[test]
fn arrays_of_other_lengths_are_faults() {
    let case = case::<f32>(tanh(), [2, 3, 1, 4, 1, 2, 1]);
    let (sizes, given, aim) = (case.sizes(), case.op_inputs(), case.aim());
    let short = &case.inputs[1..];
    let some = Some(short);
    let mut gradient = vec![0.0; case.params.len()];
    let faulty = [
        (
            "parameters",
            Inputs {
                params: short,
                ..given
            },
        ),
        (
            "inputs",
            Inputs {
                inputs: short,
                ..given
            },
        ),
        ("h0", Inputs { h0: some, ..given }),
        (
            "noise",
            Inputs {
                noise: some,
                ..given
            },
        ),
        (
            "dropout",
            Inputs {
                dropout: some,
                ..given
            },
        ),
    ];
    for (what, given) in faulty {
        let fault = message(case.net().loss_gradient(sizes, given, aim, &mut gradient));
        let expected = format!("expected {what} of shape");
        assert!(fault.contains(&expected), "{fault}");
    }
    let aim = Targets {
        values: short,
        mask: None,
    };
    let fault = message(case.net().loss(sizes, given, aim));
    assert_eq!(
        fault,
        "vanilla: expected targets of shape [b, t, o] (6 elements), found [5]"
    );
    let fault = message(case.net().run(sizes, given, Some(&mut [0.0]), None));
    assert!(fault.contains("states"), "{fault}");
    let arriving = Cotangents {
        states: Some(short),
        outputs: None,
    };
    let back = case
        .net()
        .backward(sizes, given, arriving, Gradients::default());
    assert!(back.is_err());
    let none = attractor::ops::rnn::Sizes { time: 0, ..sizes };
    let fault = message(case.net().run(none, given, None, None));
    assert_eq!(fault, "vanilla: expected `time` of 1 or more, found 0");
}

#[test]
fn layers_in_both_directions_have_no_single_step() {
    let case = case::<f64>(tanh(), [2, 1, 1, 4, 1, 1, 2]);
    let mut next = vec![0.0; 16];
    let h = case.h0.as_ref().expect("present in the case");
    let fault = message(
        case.net()
            .step(case.sizes(), &case.params, h, &case.inputs, &mut next),
    );
    assert!(
        fault.contains("`directions` of 1 for single steps"),
        "{fault}"
    );
}

/// Inputs, parameters and first states.
fn tensors(case: &Case<f64>) -> [Tensor; 3] {
    let [b, t] = case.size;
    let make = |data: &[f64], shape: &[usize]| {
        Tensor::from_slice(data, shape, &Device::Cpu).expect("matching sizes")
    };
    [
        make(&case.inputs, &[b, t, case.spec.inputs]),
        make(&case.params, &[case.params.len()]),
        make(
            case.h0.as_ref().expect("present in the case"),
            &[b, case.spec.state()],
        ),
    ]
}

fn both(cell: Cell) -> DualPrecision {
    DualPrecision {
        single: cell.operation(),
        double: cell.operation(),
    }
}

#[test]
fn a_loss_in_tensors_reaches_inputs_parameters_and_first_state() -> Result<()> {
    for cell in cells() {
        let case = case::<f64>(cell, [3, 4, 2, 5, 1, 2, 2]).ragged();
        let [inputs, params, h0] = tensors(&case);
        let [inputs, params, h0] = [
            Var::from_tensor(&inputs)?,
            Var::from_tensor(&params)?,
            Var::from_tensor(&h0)?,
        ];
        let aside = |all: &Option<Vec<f64>>| {
            let all = all.as_ref().expect("present in the case");
            Tensor::from_slice(all, (3, 4, all.len() / 12), &Device::Cpu)
        };
        let (noise, dropout) = (aside(&case.noise)?, aside(&case.dropout)?);
        let aside = AuxInputs {
            noise: Some(&noise),
            dropout: Some(&dropout),
            lengths: case.lengths.as_deref(),
        };
        // Strides other than the plain ones on the way in must not matter.
        let turned = inputs.as_tensor().transpose(0, 1)?.contiguous()?;
        let turned = turned.transpose(0, 1)?;
        let states = states(both(cell), case.sizes(), [&turned, &params, &h0], aside)?;
        let found = states.flatten_all()?.to_vec1::<f64>()?;
        assert!(error(&found, &plain(&case).0) < F64);
        let grads = states.sqr()?.sum_all()?.backward()?;
        let arriving: Vec<f64> = found.iter().map(|h| 2.0 * h).collect();
        let expected = case.backward(Some(&arriving), None);
        for (var, expected) in [&params, &inputs, &h0].into_iter().zip(expected) {
            let grad = grads.get(var).expect("a gradient");
            let grad = grad.flatten_all()?.to_vec1::<f64>()?;
            assert!(error(&grad, &expected) < F64);
        }
    }
    Ok(())
}

#[test]
fn tensors_of_other_shapes_are_faults() -> Result<()> {
    let case = case::<f64>(tanh(), [2, 3, 1, 4, 1, 1, 1]);
    let [inputs, params, h0] = tensors(&case);
    let run = |x: &Tensor, p: &Tensor, h: &Tensor, noise: Option<&Tensor>| {
        let aside = AuxInputs {
            noise,
            dropout: None,
            lengths: None,
        };
        states(both(tanh()), case.sizes(), [x, p, h], aside)
    };
    let fault = message(run(&inputs.squeeze(2)?, &params, &h0, None));
    assert_eq!(
        fault,
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
    Ok(())
}
