//! Tensors: comparison with NumPy, shape errors and printing.

mod function_gradients;
mod gradients;
mod linear;
mod reductions;
mod searches;
mod sigmoid_values;
mod small_arithmetic;

use attractor::base::Result;
use attractor::tensor::reduce::Reduction;
use attractor::tensor::{
    DType, Device, Tensor, arith, convert, indexing, reduce, shape, sort, summary, tanh,
};

fn array(numbers: &[f64], shape: &[usize]) -> Tensor {
    convert::from_f64(numbers.to_vec(), shape, DType::F64).unwrap()
}

fn values(t: &Tensor) -> Vec<f64> {
    convert::to_f64(t).unwrap()
}

fn assert_near(actual: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(actual.len(), expected.len());
    for (i, (f, e)) in actual.iter().zip(expected).enumerate() {
        assert!(
            (f - e).abs() <= tolerance,
            "at {i}: found {f}, expected {e}"
        );
    }
}

#[test]
fn quantiles_histograms_and_sorting_agree_with_numpy() {
    let x = array(&[3.0, -1.5, 2.0, 7.0, 0.25, 2.0, 9.0], &[7]);
    for (q, expected) in [
        (0.0, -1.5),
        (0.1, -0.45),
        (0.5, 2.0),
        (0.9, 7.8),
        (1.0, 9.0),
    ] {
        let actual = sort::quantile(&x, q, None).unwrap();
        assert_near(&values(&actual), &[expected], 1e-14);
    }
    let (counts, edges) = sort::histogram(&x, 4, [None, None]).unwrap();
    assert_eq!(values(&counts), [2.0, 3.0, 0.0, 2.0]);
    assert_eq!(values(&edges), [-1.5, 1.125, 3.75, 6.375, 9.0]);
    let variance = reduce::var(&x, &Reduction::default(), 0).unwrap();
    assert_near(&values(&variance), &[11.676020408163266], 1e-13);
    let indices = sort::argsort(&x, 0, false).unwrap();
    assert_eq!(values(&indices), [1.0, 4.0, 2.0, 5.0, 0.0, 3.0, 6.0]);
}

#[test]
fn errors_of_incompatible_shapes_contain_the_shapes() {
    let (a, b) = (array(&[0.0; 6], &[2, 3]), array(&[0.0; 4], &[2, 2]));
    let table: [(Result<Tensor>, &str); 6] = [
        (
            arith::add(&a, &b),
            "add: shapes [2, 3] and [2, 2] are incompatible",
        ),
        (
            arith::matmul(&a, &b),
            "matmul: shapes [2, 3] and [2, 2] are incompatible",
        ),
        (
            indexing::cat(&[a.clone(), b.clone()], 0),
            "cat: shapes [2, 3] and [2, 2] are incompatible",
        ),
        (
            reduce::cumsum(&a, 2),
            "cumsum: expected an axis below 2, found 2",
        ),
        (
            indexing::at(&a, &[-3]),
            "at: expected an index in -2..2, found -3",
        ),
        (
            indexing::take(&a, 1, &[3]),
            "take: expected an index in -3..3, found 3",
        ),
    ];
    for (actual, expected) in table {
        assert_eq!(actual.unwrap_err().to_string(), expected);
    }
    assert_eq!(
        shape::broadcast("add", &[4, 1, 3], &[2, 1]).unwrap(),
        [4, 2, 3]
    );
    assert_eq!(
        shape::size_in_bytes(&[usize::MAX, usize::MAX], DType::F64),
        u128::MAX
    );
}

#[test]
fn small_tensors_are_printed_in_full_and_large_ones_with_statistics() {
    let text = |t: &Tensor| summary::format_tensor(t).unwrap();
    let table = [
        (array(&[1.0, 2.5], &[2]), "tensor [2] f64 [1, 2.5]"),
        (
            array(&[1e-7, 123456789.0], &[1, 2]),
            "tensor [1, 2] f64 [[1e-7, 1.23457e8]]",
        ),
        (array(&[f64::NAN], &[]), "tensor [] f64 nan"),
        (
            array(&[1.0; 40], &[40]),
            "tensor [40] f64 [1, 1, 1, 1, ...] min 1, mean 1, max 1, std 0",
        ),
    ];
    for (t, expected) in table {
        assert_eq!(text(&t), expected);
    }
}

#[test]
fn sums_of_u8_masks_do_not_overflow() {
    let mask = Tensor::ones(300, DType::U8, &Device::Cpu).unwrap();
    assert_eq!(
        values(&reduce::sum(&mask, &Reduction::default()).unwrap()),
        [300.0]
    );
}

#[test]
fn tanh_in_single_precision_is_rounded_correctly() {
    /// Half a unit in the last place, which is at most epsilon times the value, and the error of
    /// the series.
    const TOLERANCE: f64 = 0.5001 * f32::EPSILON as f64;
    let bits = (0..=0x41_30_00_00u32).step_by(4099);
    let x: Vec<f32> = bits.map(f32::from_bits).flat_map(|x| [x, -x]).collect();
    let t = Tensor::from_slice(&x, x.len(), &Device::Cpu).expect("a tensor");
    let y: Vec<f32> = tanh::tanh(&t)
        .and_then(|t| Ok(t.to_vec1()?))
        .expect("values");
    for (x, y) in x.iter().zip(y) {
        let expected = f64::from(*x).tanh();
        let spacing = f64::from(y.abs().max(f32::MIN_POSITIVE));
        let error = (f64::from(y) - expected).abs() / spacing;
        assert!(error <= TOLERANCE, "tanh({x:e}) is {y:e}: {error:e}");
        assert_eq!(y.is_sign_negative(), x.is_sign_negative(), "{x:e}");
    }
    let special = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, 20.0, -1e30];
    let t = Tensor::from_slice(&special, special.len(), &Device::Cpu).expect("a tensor");
    let y: Vec<f32> = tanh::tanh(&t)
        .and_then(|t| Ok(t.to_vec1()?))
        .expect("values");
    assert!(y[0].is_nan());
    assert_eq!(y[1..], [1.0, -1.0, 0.0, 1.0, -1.0]);
}
