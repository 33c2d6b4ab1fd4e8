//! Principal components against numbers of another program, and against what they must be.

use attractor::analysis::pca::Pca;
use attractor::base::Error;
use attractor::random::{Key, Layout};
use attractor::tensor::{DType, Device, Tensor, convert};

const VARIANCE: [f64; 3] = [
    1.7700946046333834,
    0.24812545787434767,
    0.004779937492268455,
];
const COMPONENTS: [[f64; 3]; 3] = [
    [0.7227841511856171, 0.67564117496753, 0.14523110370503528],
    [
        0.21251183338279636,
        -0.41726943893428614,
        0.8835864055109433,
    ],
    [0.657587858363557, -0.6077789219938133, -0.4451774820370731],
];

fn drawn(shape: &[usize]) -> Tensor {
    let mut numbers = vec![0.0; shape.iter().product()];
    Key::new(3, Layout::default()).fill_normal(&mut numbers);
    // Features of different sizes, that mix.
    let width = shape[shape.len() - 1];
    for row in numbers.chunks_mut(width) {
        for k in 1..width {
            row[k] = 0.5 * row[k - 1] + row[k] / (k + 1) as f64 + 1.0;
        }
    }
    Tensor::from_vec(numbers, shape, &Device::Cpu).expect("matching sizes")
}

fn doubles(tensor: &Tensor) -> Vec<f64> {
    convert::to_f64(tensor).expect("values")
}

fn difference(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.dims(), b.dims());
    let pairs = doubles(a).into_iter().zip(doubles(b));
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn components_are_those_of_numpy() {
    // numpy 2: x = array of these rows; numpy.linalg.svd(x - x.mean(0)), s^2 / (n - 1).
    let rows = [
        [2.5, 2.4, 0.5],
        [0.5, 0.7, 0.1],
        [2.2, 2.9, -0.4],
        [1.9, 2.2, 0.3],
        [3.1, 3.0, 0.9],
    ];
    let x = Tensor::from_vec(rows.concat(), (5, 3), &Device::Cpu).expect("15");
    let pca = Pca::fit(&x, None).expect("5 samples");
    for (found, expected) in doubles(&pca.variance).iter().zip(VARIANCE) {
        assert!((found - expected).abs() < 1e-14, "{found} {expected}");
    }
    for (found, expected) in doubles(&pca.components).iter().zip(COMPONENTS.concat()) {
        assert!((found - expected).abs() < 1e-13, "{found} {expected}");
    }
}

#[test]
fn data_come_back_from_all_components() {
    for shape in [[40, 5], [4, 9]] {
        let x = drawn(&shape);
        let pca = Pca::fit(&x, None).expect("samples");
        let back = pca
            .inverse_transform(&pca.transform(&x).expect("matching sizes"))
            .expect("matching sizes");
        assert!(difference(&back, &x) < 1e-12, "{shape:?}");
    }
}

#[test]
fn places_along_components_vary_as_the_variances_say() {
    for shape in [[40, 5], [4, 9]] {
        let x = drawn(&shape);
        let pca = Pca::fit(&x, Some(3)).expect("samples");
        let places = pca.transform(&x).expect("matching sizes");
        let products = places.t().and_then(|t| t.matmul(&places));
        let products = (products.expect("matrices") / (shape[0] - 1) as f64).expect("values");
        let mut expected = vec![0.0; 9];
        for (k, variance) in doubles(&pca.variance).into_iter().enumerate() {
            expected[k * 3 + k] = variance;
        }
        let expected = Tensor::from_vec(expected, (3, 3), &Device::Cpu).expect("9");
        assert!(difference(&products, &expected) < 1e-12, "{shape:?}");
    }
}

#[test]
fn leading_axes_are_samples() {
    let x = drawn(&[4, 10, 6]);
    let flat = x.reshape((40, 6)).expect("matching sizes");
    let (a, b) = (Pca::fit(&x, Some(2)), Pca::fit(&flat, Some(2)));
    let (a, b) = (a.expect("samples"), b.expect("samples"));
    assert!(difference(&a.components, &b.components) == 0.0);
    assert_eq!(a.transform(&x).expect("matching sizes").dims(), [4, 10, 2]);
}

#[test]
fn a_direction_that_hardly_varies_keeps_its_digits() {
    // Along 3 x + 4 y the data vary by 1, across by 1e-9: squared, this is below what rounding
    // leaves of 1. So many samples are taken in parts.
    let count = 10_000;
    let mut numbers = vec![0.0; 2 * count];
    Key::new(5, Layout::default()).fill_normal(&mut numbers);
    let places = numbers.as_chunks::<2>().0.iter();
    let rows = places.flat_map(|[a, b]| {
        let (along, across) = (a, 1e-9 * b);
        [0.6 * along - 0.8 * across, 0.8 * along + 0.6 * across]
    });
    let x = Tensor::from_vec(rows.collect::<Vec<_>>(), (count, 2), &Device::Cpu).expect("values");
    let pca = Pca::fit(&x, None).expect("samples");
    // What of b is not along a: var(b) - cov(a, b)^2 / var(a).
    let mean = |k: usize| numbers.iter().skip(k).step_by(2).sum::<f64>() / count as f64;
    let means = [mean(0), mean(1)];
    let product = |j: usize, k: usize| -> f64 {
        let pairs = numbers.as_chunks::<2>().0.iter();
        pairs
            .map(|pair| (pair[j] - means[j]) * (pair[k] - means[k]))
            .sum()
    };
    let left = product(1, 1) - product(0, 1).powi(2) / product(0, 0);
    let expected = 1e-18 * left / (count - 1) as f64;
    let found = doubles(&pca.variance)[1];
    // Rounding turns 1e-16 of the first direction into the second.
    assert!(
        (found / expected - 1.0).abs() < 1e-5,
        "{found:e} instead of {expected:e}"
    );
}

#[test]
fn a_gradient_through_components_is_refused() {
    let x = candle_core::Var::from_tensor(&drawn(&[6, 3])).expect("a variable");
    let pca = Pca::fit(&x, None).expect("samples");
    assert!(
        pca.components
            .sum_all()
            .and_then(|sum| sum.backward())
            .is_err()
    );
    let y = drawn(&[2, 3]);
    let pca = Pca::fit(&y, None).expect("samples");
    let places = pca.transform(&x).expect("matching sizes");
    let grads = places
        .sum_all()
        .and_then(|sum| sum.backward())
        .expect("a gradient");
    let grad = grads.get(&x).expect("the gradient of the data");
    let sums = pca.components.sum(0).expect("columns");
    assert!(difference(&grad.get(0).expect("a row"), &sums) < 1e-15);
}

#[test]
fn what_cannot_be_is_a_fault() {
    let x = drawn(&[10, 3]);
    let one = drawn(&[1, 3]);
    let same = Tensor::full(0.1, (7, 3), &Device::Cpu).expect("values");
    assert!(matches!(Pca::fit(&same, None), Err(Error::Algebra { .. })));
    assert!(matches!(Pca::fit(&one, None), Err(Error::Shape { .. })));
    assert!(matches!(Pca::fit(&x, Some(4)), Err(Error::Range { .. })));
    let pca = Pca::fit(&x, Some(2)).expect("samples");
    assert!(matches!(
        pca.transform(&drawn(&[2, 4])),
        Err(Error::Shape { .. })
    ));
    assert!(matches!(
        pca.inverse_transform(&x),
        Err(Error::Shape { .. })
    ));
    let odd = (x / 0.0)
        .and_then(|x| x.to_dtype(DType::F64))
        .expect("values");
    assert!(matches!(Pca::fit(&odd, None), Err(Error::NotFinite { .. })));
}
