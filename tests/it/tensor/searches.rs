//! `argmax`, `argmin`, `all` and `any`, compared with a sequential search, at the sizes at which
//! the search divides rows into blocks and columns into parts.

use attractor::tensor::reduce::{self, Reduction};
use attractor::tensor::{DType, Tensor, convert, mask};

/// Rows, columns: shorter and longer than a block, and with few and many columns.
const SHAPES: [[usize; 2]; 8] = [
    [1, 1],
    [3, 31],
    [2, 16_384],
    [1, 50_001],
    [700, 3],
    [70_000, 5],
    [90, 700],
    [300_000, 1],
];

fn indices(t: &Tensor, axis: i64, minimum: bool) -> Vec<f64> {
    let along = Reduction {
        axes: Some(vec![axis]),
        keepdims: false,
    };
    let indices = reduce::arg_extremum("argmax", t, &along, minimum).unwrap();
    convert::to_f64(&indices).unwrap()
}

/// The first index of the best element; NaN is better than any other element.
fn first_best(row: impl Iterator<Item = f64>, minimum: bool) -> f64 {
    let mut first = (0, f64::NAN);
    for (index, x) in row.enumerate() {
        let is_better = if minimum { x < first.1 } else { x > first.1 };
        if index == 0 || (is_better || x.is_nan()) && !first.1.is_nan() {
            first = (index, x);
        }
    }
    first.0 as f64
}

/// Compares the indices along both axes with a sequential search.
fn check(elements: &[f64], [rows, columns]: [usize; 2], dtype: DType) {
    let t = convert::from_f64(elements.to_vec(), &[rows, columns], dtype).unwrap();
    for minimum in [false, true] {
        let row = |r: usize| elements[r * columns..(r + 1) * columns].iter().copied();
        let expected: Vec<f64> = (0..rows).map(|r| first_best(row(r), minimum)).collect();
        assert_eq!(
            indices(&t, 1, minimum),
            expected,
            "{rows} {columns} {dtype:?}"
        );
        let column = |c: usize| elements[c..].iter().step_by(columns).copied();
        let expected: Vec<f64> = (0..columns)
            .map(|c| first_best(column(c), minimum))
            .collect();
        assert_eq!(
            indices(&t, 0, minimum),
            expected,
            "{rows} {columns} {dtype:?}"
        );
    }
}

#[test]
fn the_first_of_equal_elements_is_found_in_every_dtype_and_shape() {
    for shape in SHAPES {
        // Multiplicative hashing: the elements 0 to 12 in no order, each many times.
        let element = |i: usize| ((i as u32).wrapping_mul(2_654_435_761) >> 16) % 13;
        let elements: Vec<f64> = (0..shape[0] * shape[1])
            .map(|i| f64::from(element(i)))
            .collect();
        for dtype in [DType::F32, DType::F64, DType::I64, DType::U8] {
            check(&elements, shape, dtype);
        }
    }
}

#[test]
fn the_first_nan_is_found_wherever_it_is() {
    for shape in SHAPES {
        let count = shape[0] * shape[1];
        for nans in [
            vec![count - 1],
            vec![count / 2, count - 1],
            vec![0, count / 3],
        ] {
            let mut elements: Vec<f64> = (0..count).map(|i| (i % 97) as f64).collect();
            nans.iter().for_each(|at| elements[*at] = f64::NAN);
            check(&elements, shape, DType::F32);
        }
    }
}

#[test]
fn zeros_of_both_signs_are_equal() {
    for shape in SHAPES {
        let count = shape[0] * shape[1];
        let elements: Vec<f64> = (0..count)
            .map(|i| if i % 3 == 0 { -0.0 } else { 0.0 })
            .collect();
        check(&elements, shape, DType::F32);
    }
}

#[test]
fn all_and_any_find_one_element_at_any_position() {
    for count in [1, 127, 128, 1000, 65_537, 200_000] {
        for dtype in [DType::F32, DType::F64, DType::I64, DType::U8, DType::U32] {
            for at in [0, count / 2, count - 1] {
                let array = |usual: f64, other: f64| {
                    let mut elements = vec![usual; count];
                    elements[at] = other;
                    let t = convert::from_f64(elements, &[count], DType::F64).unwrap();
                    t.to_dtype(dtype).unwrap()
                };
                assert!(
                    mask::any(&array(0.0, 2.0)).unwrap(),
                    "{count} {dtype:?} {at}"
                );
                assert!(!mask::any(&array(0.0, 0.0)).unwrap(), "{count} {dtype:?}");
                assert!(
                    !mask::all(&array(1.0, 0.0)).unwrap(),
                    "{count} {dtype:?} {at}"
                );
                assert!(mask::all(&array(1.0, 3.0)).unwrap(), "{count} {dtype:?}");
            }
        }
    }
}

#[test]
fn all_and_any_use_the_elements_of_a_view_only() {
    let t = convert::from_f64(vec![0.0, 1.0, 1.0, 0.0, 1.0, 1.0], &[2, 3], DType::F32).unwrap();
    let part = t.narrow(1, 1, 2).unwrap();
    assert!(mask::all(&part).unwrap() && !mask::all(&t).unwrap());
    let column = t.narrow(1, 0, 1).unwrap();
    assert!(!mask::any(&column).unwrap() && mask::any(&t.t().unwrap()).unwrap());
}

#[test]
fn nan_and_negative_zero_have_the_truth_values_of_numpy() {
    let nan = convert::from_f64(vec![f64::NAN], &[1], DType::F32).unwrap();
    assert!(mask::all(&nan).unwrap() && mask::any(&nan).unwrap());
    let zero = convert::from_f64(vec![-0.0], &[1], DType::F32).unwrap();
    assert!(!mask::all(&zero).unwrap() && !mask::any(&zero).unwrap());
    let empty = convert::from_f64(Vec::new(), &[0, 3], DType::F32).unwrap();
    assert!(mask::all(&empty).unwrap() && !mask::any(&empty).unwrap());
}
