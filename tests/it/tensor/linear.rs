//! Linear algebra: comparison with NumPy, and the defining equations.

use super::{array, assert_near, values};
use attractor::base::Result;
use attractor::tensor::{DType, Device, Tensor, arith, convert, linear};

#[test]
fn eigenvalues_agree_with_numpy_and_are_sorted_by_modulus() {
    let a = array(&SQUARE, &[4, 4]);
    let (re, im) = linear::eigenvalues(&a).unwrap();
    let expected = [
        2.9716203926338256,
        2.3514316934160733,
        -1.6615260430249488,
        -1.6615260430249488,
    ];
    assert_near(&values(&re), &expected, 1e-13);
    assert_near(
        &values(&im),
        &[0.0, 0.0, 1.0911224381386089, -1.0911224381386089],
        1e-13,
    );
}

/// A matrix with eigenvalues 2.97, 2.35 and a complex pair.
const SQUARE: [f64; 16] = [
    2.0, 1.0, 0.5, -1.0, 0.0, -1.0, 3.0, 0.25, 1.5, 0.75, 0.0, 2.0, -0.5, 1.0, 1.0, 1.0,
];

#[test]
fn left_and_right_eigenvectors_satisfy_their_equations() {
    let a = array(&SQUARE, &[4, 4]);
    let e = linear::eigen(&a).unwrap();
    let product = |l: &Tensor, r: &Tensor| arith::matmul(l, r).unwrap();
    let scale_columns = |l: &Tensor, r: &Tensor| arith::mul(l, r).unwrap();
    let (vr, vi) = &e.right;
    let real = (scale_columns(vr, &e.re) - scale_columns(vi, &e.im)).unwrap();
    let imaginary = (scale_columns(vr, &e.im) + scale_columns(vi, &e.re)).unwrap();
    assert_near(&values(&product(&a, vr)), &values(&real), 1e-13);
    assert_near(&values(&product(&a, vi)), &values(&imaginary), 1e-13);
    let (lr, li) = &e.left;
    let column = |t: &Tensor| t.unsqueeze(1).unwrap();
    let real = (scale_columns(lr, &column(&e.re)) - scale_columns(li, &column(&e.im))).unwrap();
    assert_near(&values(&product(lr, &a)), &values(&real), 1e-13);
}

#[test]
fn the_product_of_the_factors_is_the_matrix() {
    let a = array(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.5], &[3, 2]);
    let (u, s, v) = linear::svd(&a).unwrap();
    assert_near(
        &values(&s),
        &[9.852920234522093, 0.41226551170948383],
        1e-13,
    );
    let product_of_factors = arith::matmul(&arith::mul(&u, &s).unwrap(), &v.t().unwrap()).unwrap();
    assert_near(&values(&product_of_factors), &values(&a), 1e-13);
    let (q, r) = linear::qr(&a).unwrap();
    assert_near(&values(&arith::matmul(&q, &r).unwrap()), &values(&a), 1e-13);
    let x = linear::least_squares(&a, &array(&[1.0, 0.0, 2.0], &[3])).unwrap();
    assert_near(
        &values(&x),
        &[-0.7727272727272732, 0.8181818181818182],
        1e-12,
    );
}

#[test]
fn solve_inverse_and_det_agree_with_numpy() {
    let a = array(&SQUARE, &[4, 4]);
    let x = linear::solve(&a, &array(&[1.0, 2.0, 3.0, 4.0], &[4])).unwrap();
    let expected = [
        -0.18336162988115456,
        1.7589134125636672,
        1.171477079796265,
        0.9779286926994907,
    ];
    assert_near(&values(&x), &expected, 1e-13);
    assert_near(
        &values(&linear::det(&a).unwrap()),
        &[27.60937499999999],
        1e-12,
    );
    let identity = arith::matmul(&a, &linear::inverse(&a).unwrap()).unwrap();
    assert_near(
        &values(&identity),
        &values(&Tensor::eye(4, DType::F64, &Device::Cpu).unwrap()),
        1e-13,
    );
}

#[test]
fn invalid_matrices_are_rejected() {
    let singular = array(&[1.0, 2.0, 2.0, 4.0], &[2, 2]);
    let defective = array(&[1.0, 1.0, 0.0, 1.0], &[2, 2]);
    let undefined = array(&[1.0, f64::NAN, 0.0, 1.0], &[2, 2]);
    let wide = array(&[1.0, 2.0], &[1, 2]);
    let table: [(&str, Result<Tensor>, &str); 6] = [
        (
            "singular",
            linear::inverse(&singular),
            "inverse: the matrix is singular",
        ),
        (
            "solve",
            linear::solve(&singular, &wide.t().unwrap()),
            "solve: the matrix is singular",
        ),
        (
            "nan",
            linear::det(&undefined),
            "det: the matrix is not finite (found NaN at index 1)",
        ),
        (
            "wide",
            linear::det(&wide),
            "det: expected a square matrix of shape [.., n, n], found [1, 2]",
        ),
        (
            "skew",
            linear::symmetric_eigen(&defective).map(|e| e.0),
            "eigh: the matrix is not symmetric",
        ),
        (
            "sides",
            linear::solve(&singular, &wide),
            "solve: shapes [2, 2] and [1, 2] are incompatible",
        ),
    ];
    for (name, actual, expected) in table {
        assert_eq!(actual.unwrap_err().to_string(), expected, "{name}");
    }
}

#[test]
fn factorizations_are_bit_identical_for_any_number_of_threads() {
    // Large enough for the library to use several threads for one matrix by default.
    let numbers: Vec<f64> = (0..300 * 300).map(|k| (f64::from(k) * 0.7).sin()).collect();
    let a = Tensor::from_vec(numbers, (300, 300), &Device::Cpu).expect("matching sizes");
    let results = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads can be started").install(|| {
            let eigen = linear::eigen(&a).expect("eigenvectors");
            let (u, s, v) = linear::svd(&a).expect("singular values");
            let components = [
                eigen.re,
                eigen.right.0,
                eigen.right.1,
                eigen.left.0,
                u,
                s,
                v,
            ];
            components.map(|x| convert::to_f64(&x).expect("values"))
        })
    };
    assert!(results(1) == results(2));
}
