//! Arithmetic of small arrays has the same bits as candle's arithmetic of broadcast arrays.

use attractor::base::Result;
use attractor::tensor::{DType, Device, Tensor, arith, convert};

/// An operation of this crate and that of candle.
type Operation = (
    &'static str,
    fn(&Tensor, &Tensor) -> Result<Tensor>,
    fn(&Tensor, &Tensor) -> candle_core::Result<Tensor>,
);

const OPERATIONS: [Operation; 4] = [
    ("add", arith::add, Tensor::broadcast_add),
    ("sub", arith::sub, Tensor::broadcast_sub),
    ("mul", arith::mul, Tensor::broadcast_mul),
    ("div", arith::div, Tensor::broadcast_div),
];

/// The dtype, the shape and the bits of the elements.
fn bits(t: &Tensor) -> (DType, Vec<usize>, Vec<u64>) {
    // The conversion of f32 to f64 is exact.
    let elements = convert::to_f64(t).unwrap().into_iter();
    (
        t.dtype(),
        t.dims().to_vec(),
        elements.map(f64::to_bits).collect(),
    )
}

/// Arrays with one element and with several, contiguous and not, with and without an offset.
fn arrays(dtype: DType) -> Vec<Tensor> {
    let elements = vec![
        0.1,
        -0.0,
        0.0,
        3e38,
        -1e-40,
        1.0 / 3.0,
        f64::INFINITY,
        -7.5,
        2.0,
        1e-3,
        5.0,
        -0.7,
    ];
    let t = Tensor::from_vec(elements, (3, 4), &Device::Cpu).unwrap();
    let t = t.to_dtype(dtype).unwrap();
    vec![
        t.clone(),
        t.t().unwrap(),
        t.narrow(0, 1, 2).unwrap(),
        t.narrow(1, 1, 2).unwrap(),
        t.narrow(0, 2, 1).unwrap(),
        t.get(1).unwrap(),
        t.get(1).unwrap().get(1).unwrap(),
        t.narrow(0, 2, 1).unwrap().narrow(1, 3, 1).unwrap(),
        t.get(2).unwrap().narrow(0, 1, 1).unwrap(),
        t.narrow(0, 0, 0).unwrap(),
        Tensor::full(0.3, 5000, &Device::Cpu)
            .unwrap()
            .to_dtype(dtype)
            .unwrap(),
    ]
}

#[test]
fn small_arrays_have_the_bits_of_the_general_arithmetic() {
    let mut compared = 0;
    for dtype in [DType::F32, DType::F64] {
        for l in arrays(dtype) {
            for r in arrays(dtype) {
                for (name, ours, general) in OPERATIONS {
                    let found = ours(&l, &r);
                    let Ok(expected) = general(&l, &r) else {
                        assert!(found.is_err(), "{name} {:?} {:?}", l.dims(), r.dims());
                        continue;
                    };
                    let found = bits(&found.unwrap());
                    assert_eq!(
                        found,
                        bits(&expected),
                        "{name} {:?} {:?}",
                        l.dims(),
                        r.dims()
                    );
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn small_arrays_of_two_dtypes_are_promoted() {
    let single = Tensor::new(&[0.1f32, 2.0], &Device::Cpu).unwrap();
    let double = Tensor::new(&[0.1f64, 3.0], &Device::Cpu).unwrap();
    let sum = arith::add(&single, &double).unwrap();
    assert_eq!(sum.dtype(), DType::F64);
    let first = f64::from(0.1f32) + 0.1;
    assert_eq!(sum.to_vec1::<f64>().unwrap(), [first, 5.0]);
}

#[test]
fn a_small_tracked_array_keeps_its_gradient() {
    let x = candle_core::Var::new(&[2.0f32, 3.0], &Device::Cpu).unwrap();
    let y = arith::mul(x.as_tensor(), x.as_tensor()).unwrap();
    let gradients = y.sum_all().unwrap().backward().unwrap();
    let gradient = gradients.get(&x).unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(gradient, [4.0, 6.0]);
}
