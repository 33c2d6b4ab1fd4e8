//! The sigmoid in single precision, compared with double precision.

use attractor::tensor::{DType, Device, Tensor, sigmoid};

/// The relative error of a value that is rounded once: half a unit in the last place, which is at
/// most half of epsilon times the value, and the error of the series.
const TOLERANCE: f64 = 0.5001 * f32::EPSILON as f64;

/// The elements of the sigmoid of `x`, and the derivatives.
fn sigmoid_of(x: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let variable = candle_core::Var::from_slice(x, x.len(), &Device::Cpu).unwrap();
    let y = sigmoid::sigmoid(variable.as_tensor()).unwrap();
    let gradients = y.sum_all().unwrap().backward().unwrap();
    let derivatives = gradients.get(&variable).unwrap().to_vec1().unwrap();
    (y.to_vec1().unwrap(), derivatives)
}

#[test]
fn the_sigmoid_in_single_precision_is_rounded_correctly_with_its_derivative() {
    // Up to 104, where the values are subnormal; both signs.
    let bits = (0..=0x42_d0_00_00u32).step_by(4099);
    let x: Vec<f32> = bits.map(f32::from_bits).flat_map(|x| [x, -x]).collect();
    let (values, derivatives) = sigmoid_of(&x);
    for ((x, y), dy) in x.iter().zip(values).zip(derivatives) {
        let a = f64::from(*x);
        // Without cancellation for either sign.
        let tail = (-a.abs()).exp();
        let expected = if a < 0.0 { tail } else { 1.0 } / (1.0 + tail);
        let slope = tail / (1.0 + tail).powi(2);
        for (name, found, expected) in [("value", y, expected), ("derivative", dy, slope)] {
            let scale = expected.max(f64::from(f32::MIN_POSITIVE));
            let error = (f64::from(found) - expected).abs() / scale;
            assert!(
                error <= TOLERANCE,
                "{name} at {x:e} is {found:e}: {error:e}"
            );
        }
    }
}

#[test]
fn the_sigmoid_of_special_values_has_its_limits() {
    let special = [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        0.0,
        -0.0,
        1e30,
        -1e30,
    ];
    let (values, derivatives) = sigmoid_of(&special);
    assert!(values[0].is_nan() && derivatives[0].is_nan());
    assert_eq!(values[1..], [1.0, 0.0, 0.5, 0.5, 1.0, 0.0]);
    assert_eq!(derivatives[1..], [0.0, 0.0, 0.25, 0.25, 0.0, 0.0]);
}

#[test]
fn the_sigmoid_of_integers_and_of_transposed_tensors_is_that_of_the_elements() {
    let t = Tensor::new(&[[0i64, 1], [-2, 3]], &Device::Cpu).unwrap();
    let y = sigmoid::sigmoid(&t.t().unwrap()).unwrap();
    assert_eq!(y.dtype(), DType::F32);
    let y: Vec<f32> = y.flatten_all().unwrap().to_vec1().unwrap();
    let expected = [0.0f64, -2.0, 1.0, 3.0].map(|x| (1.0 / (1.0 + (-x).exp())) as f32);
    assert_eq!(y, expected);
}
