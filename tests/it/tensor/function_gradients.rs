//! Gradients of indexing, of trigonometric functions, and of statistics.

use super::array;
use super::gradients::{Unary, assert_gradients};
use attractor::tensor::convolution::{Overlap, convolve};
use attractor::tensor::interpolation::interp;
use attractor::tensor::reduce::{self, Reduction};
use attractor::tensor::select::{AxisIndex, assign, select};
use attractor::tensor::{
    DType, Tensor, convert, indexing, masked, pointwise, statistics, trigonometry,
};

fn x() -> Tensor {
    array(&[0.3, -1.2, 2.1, -0.4, 0.9, 1.6], &[2, 3])
}

fn integers(values: &[i64], shape: &[usize]) -> AxisIndex {
    AxisIndex::Indices(convert::from_i64(values.to_vec(), shape).unwrap())
}

fn mask() -> Tensor {
    array(&[1.0, 0.0, 1.0, 1.0, 1.0, 0.0], &[2, 3])
        .to_dtype(DType::U8)
        .unwrap()
}

fn along(axis: i64) -> Reduction {
    Reduction {
        axes: Some(vec![axis]),
        keepdims: false,
    }
}

#[test]
fn gradients_of_indexing_agree_with_finite_differences() {
    let table: &[(&str, Unary)] = &[
        ("integer and slice", |x| {
            select(x, &[AxisIndex::At(-1), AxisIndex::parse("1:").unwrap()])
        }),
        ("reversed slice", |x| {
            select(x, &[AxisIndex::ALL, AxisIndex::parse("::-2").unwrap()])
        }),
        ("indices", |x| {
            select(x, &[AxisIndex::ALL, integers(&[0, 2, 2, -1], &[2, 2])])
        }),
        ("two index arrays", |x| {
            select(x, &[integers(&[0, 1, 1], &[3]), integers(&[2, 0, 0], &[3])])
        }),
        ("mask", |x| select(x, &[AxisIndex::Mask(mask())])),
        ("assign into", |x| {
            assign(x, &[AxisIndex::ALL, AxisIndex::At(1)], &array(&[5.0], &[]))
        }),
        ("assigned values", |x| {
            let indices = [AxisIndex::At(0), integers(&[2, 0, 2], &[3])];
            assign(
                &array(&[1.0; 6], &[2, 3]),
                &indices,
                &indexing::at(x, &[1])?,
            )
        }),
        ("both", |x| {
            assign(x, &[AxisIndex::At(0)], &select(x, &[AxisIndex::At(1)])?)
        }),
    ];
    assert_gradients(table, &x());
}

#[test]
fn gradients_of_trigonometric_functions_agree_with_finite_differences() {
    let table: &[(&str, Unary)] = &[
        ("asin", |x| {
            pointwise::apply(trigonometry::ASIN, &(x / 3.0)?)
        }),
        ("acos", |x| {
            pointwise::apply(trigonometry::ACOS, &(x / 3.0)?)
        }),
        ("atan", |x| pointwise::apply(trigonometry::ATAN, x)),
        ("sinh", |x| pointwise::apply(trigonometry::SINH, x)),
        ("cosh", |x| pointwise::apply(trigonometry::COSH, x)),
        ("asinh", |x| pointwise::apply(trigonometry::ASINH, x)),
        ("acosh", |x| {
            pointwise::apply(trigonometry::ACOSH, &(x.sqr()? + 1.0)?)
        }),
        ("atanh", |x| {
            pointwise::apply(trigonometry::ATANH, &(x / 3.0)?)
        }),
        ("atan2, both", |x| {
            trigonometry::atan2(x, &indexing::flip(x, 1)?)
        }),
        ("atan2, y", |x| trigonometry::atan2(x, &array(&[-0.7], &[]))),
        ("atan2, x", |x| trigonometry::atan2(&array(&[-0.7], &[]), x)),
    ];
    assert_gradients(table, &x());
}

#[test]
fn gradients_of_statistics_agree_with_finite_differences() {
    let table: &[(&str, Unary)] = &[
        ("cov", |x| statistics::cov(x, 1)),
        ("cov of a vector", |x| statistics::cov(&x.flatten_all()?, 0)),
        ("corrcoef", |x| {
            // The coefficients of identical rows are limited, with the gradient 0.
            indexing::at(&statistics::corrcoef(x)?, &[0, 1])
        }),
        ("diff", |x| statistics::diff(x, 1, 0)),
        ("second diff", |x| statistics::diff(x, 2, 1)),
        ("cumprod", |x| statistics::cumprod(x, 1)),
        ("cumprod with a zero", |x| {
            let row = array(&[1.0, 0.0, 1.0], &[3]);
            statistics::cumprod(&x.broadcast_mul(&row)?, 1)
        }),
        ("interp, x", |x| {
            interp(
                x,
                &array(&[-1.0, 0.25, 2.0], &[3]),
                &array(&[3.0, -1.0, 2.0], &[3]),
            )
        }),
        ("interp, values", |x| {
            let xp = array(&[-1.0, 0.25, 2.0], &[3]);
            interp(
                &array(&[0.0, 5.0, 1.9, -3.0], &[4]),
                &xp,
                &indexing::at(x, &[0])?,
            )
        }),
        ("interp, points", |x| {
            let xp = reduce::cumsum(&indexing::at(x, &[1])?.sqr()?, 0)?;
            interp(
                &array(&[0.2, 0.3, 1.5], &[3]),
                &xp,
                &array(&[3.0, -1.0, 2.0], &[3]),
            )
        }),
        ("convolve", |x| {
            convolve(
                &indexing::at(x, &[0])?,
                &indexing::at(x, &[1])?,
                Overlap::Full,
            )
        }),
        ("convolve, same", |x| {
            convolve(&x.flatten_all()?, &array(&[1.0, -2.0], &[2]), Overlap::Same)
        }),
        ("convolve, valid", |x| {
            convolve(&array(&[1.0; 8], &[8]), &x.flatten_all()?, Overlap::Valid)
        }),
        ("masked sum", |x| masked::sum(x, &mask(), &along(0))),
        ("masked mean", |x| masked::mean(x, &mask(), &along(1))),
        ("masked var", |x| masked::var(x, &mask(), &along(1))),
        ("masked max", |x| {
            masked::extremum(x, &mask(), &along(1), false)
        }),
        ("masked min", |x| {
            masked::extremum(x, &mask(), &Reduction::default(), true)
        }),
        ("masked median", |x| masked::median(x, &mask(), Some(1))),
        ("masked median of all", |x| masked::median(x, &mask(), None)),
    ];
    assert_gradients(table, &x());
}

#[test]
fn elements_outside_a_mask_receive_no_gradient_even_if_they_are_nan() {
    let at = array(&[1.0, f64::NAN, 4.0], &[3]);
    let table: &[(&str, Unary)] = &[
        ("mean", |x| {
            masked::mean(x, &masked::not_nan(x)?, &Reduction::default())
        }),
        ("var", |x| {
            masked::var(x, &masked::not_nan(x)?, &Reduction::default())
        }),
        ("max", |x| {
            masked::extremum(x, &masked::not_nan(x)?, &Reduction::default(), false)
        }),
        ("median", |x| masked::median(x, &masked::not_nan(x)?, None)),
    ];
    for (name, f) in table {
        let mut loss = |x: &[Tensor]| f(&x[0]);
        let (_, gradients) =
            attractor::tensor::gradient(&mut loss, std::slice::from_ref(&at)).unwrap();
        let gradient = super::values(&gradients[0]);
        assert_eq!(gradient[1], 0.0, "{name}: {gradient:?}");
        assert!(
            gradient.iter().all(|g| g.is_finite()),
            "{name}: {gradient:?}"
        );
    }
}
