//! Principal components: comparison with NumPy, and their mathematical properties.

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

fn random_data(shape: &[usize]) -> Tensor {
    let mut values = vec![0.0; shape.iter().product()];
    Key::new(3, Layout::default()).fill_normal(&mut values);
    // Correlated features of different scales.
    let width = shape[shape.len() - 1];
    for row in values.chunks_mut(width) {
        for k in 1..width {
            row[k] = 0.5 * row[k - 1] + row[k] / (k + 1) as f64 + 1.0;
        }
    }
    Tensor::from_vec(values, shape, &Device::Cpu).expect("matching sizes")
}

fn to_f64(tensor: &Tensor) -> Vec<f64> {
    convert::to_f64(tensor).expect("values")
}

fn difference(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.dims(), b.dims());
    let pairs = to_f64(a).into_iter().zip(to_f64(b));
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn components_equal_those_of_numpy() {
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
    for (actual, expected) in to_f64(&pca.variance).iter().zip(VARIANCE) {
        assert!((actual - expected).abs() < 1e-14, "{actual} {expected}");
    }
    for (actual, expected) in to_f64(&pca.components).iter().zip(COMPONENTS.concat()) {
        assert!((actual - expected).abs() < 1e-13, "{actual} {expected}");
    }
}

#[test]
fn all_components_reconstruct_the_data() {
    for shape in [[40, 5], [4, 9]] {
        let x = random_data(&shape);
        let pca = Pca::fit(&x, None).expect("samples");
        let reconstruction = pca
            .inverse_transform(&pca.transform(&x).expect("matching sizes"))
            .expect("matching sizes");
        assert!(difference(&reconstruction, &x) < 1e-12, "{shape:?}");
    }
}

#[test]
fn projections_are_uncorrelated_with_the_reported_variances() {
    for shape in [[40, 5], [4, 9]] {
        let x = random_data(&shape);
        let pca = Pca::fit(&x, Some(3)).expect("samples");
        let projections = pca.transform(&x).expect("matching sizes");
        let products = projections.t().and_then(|t| t.matmul(&projections));
        let products = (products.expect("matrices") / (shape[0] - 1) as f64).expect("values");
        let mut expected = vec![0.0; 9];
        for (k, variance) in to_f64(&pca.variance).into_iter().enumerate() {
            expected[k * 3 + k] = variance;
        }
        let expected = Tensor::from_vec(expected, (3, 3), &Device::Cpu).expect("9");
        assert!(difference(&products, &expected) < 1e-12, "{shape:?}");
    }
}

#[test]
fn leading_axes_are_treated_as_samples() {
    let x = random_data(&[4, 10, 6]);
    let flat = x.reshape((40, 6)).expect("matching sizes");
    let (a, b) = (Pca::fit(&x, Some(2)), Pca::fit(&flat, Some(2)));
    let (a, b) = (a.expect("samples"), b.expect("samples"));
    assert!(difference(&a.components, &b.components) == 0.0);
    assert_eq!(a.transform(&x).expect("matching sizes").dims(), [4, 10, 2]);
}

#[test]
fn a_direction_with_a_small_variance_is_accurate() {
    // The standard deviations of the data along two orthogonal directions are 1 and 1e-9: the
    // square of the second is below the rounding of the first. This many samples are processed in
    // blocks.
    let count = 10_000;
    let mut values = vec![0.0; 2 * count];
    Key::new(5, Layout::default()).fill_normal(&mut values);
    let pairs = values.as_chunks::<2>().0.iter();
    let rows = pairs.flat_map(|[a, b]| {
        let (along, across) = (a, 1e-9 * b);
        [0.6 * along - 0.8 * across, 0.8 * along + 0.6 * across]
    });
    let x = Tensor::from_vec(rows.collect::<Vec<_>>(), (count, 2), &Device::Cpu).expect("values");
    let pca = Pca::fit(&x, None).expect("samples");
    // The residual variance of b given a: var(b) - cov(a, b)^2 / var(a).
    let mean = |k: usize| values.iter().skip(k).step_by(2).sum::<f64>() / count as f64;
    let means = [mean(0), mean(1)];
    let product = |j: usize, k: usize| -> f64 {
        let pairs = values.as_chunks::<2>().0.iter();
        pairs
            .map(|pair| (pair[j] - means[j]) * (pair[k] - means[k]))
            .sum()
    };
    let residual = product(1, 1) - product(0, 1).powi(2) / product(0, 0);
    let expected = 1e-18 * residual / (count - 1) as f64;
    let actual = to_f64(&pca.variance)[1];
    // Rounding rotates about 1e-16 of the first direction into the second.
    assert!(
        (actual / expected - 1.0).abs() < 1e-5,
        "{actual:e} instead of {expected:e}"
    );
}

#[test]
fn gradients_pass_through_transform_but_not_through_fit() {
    let x = candle_core::Var::from_tensor(&random_data(&[6, 3])).expect("a variable");
    let pca = Pca::fit(&x, None).expect("samples");
    assert!(
        pca.components
            .sum_all()
            .and_then(|sum| sum.backward())
            .is_err()
    );
    let y = random_data(&[2, 3]);
    let pca = Pca::fit(&y, None).expect("samples");
    let projections = pca.transform(&x).expect("matching sizes");
    let grads = projections
        .sum_all()
        .and_then(|sum| sum.backward())
        .expect("a gradient");
    let grad = grads.get(&x).expect("the gradient of the data");
    let sums = pca.components.sum(0).expect("columns");
    assert!(difference(&grad.get(0).expect("a row"), &sums) < 1e-15);
}

#[test]
fn invalid_data_are_rejected() {
    let x = random_data(&[10, 3]);
    let single_sample = random_data(&[1, 3]);
    let constant = Tensor::full(0.1, (7, 3), &Device::Cpu).expect("values");
    assert!(matches!(
        Pca::fit(&constant, None),
        Err(Error::Algebra { .. })
    ));
    assert!(matches!(
        Pca::fit(&single_sample, None),
        Err(Error::Shape { .. })
    ));
    assert!(matches!(Pca::fit(&x, Some(4)), Err(Error::Range { .. })));
    let pca = Pca::fit(&x, Some(2)).expect("samples");
    assert!(matches!(
        pca.transform(&random_data(&[2, 4])),
        Err(Error::Shape { .. })
    ));
    assert!(matches!(
        pca.inverse_transform(&x),
        Err(Error::Shape { .. })
    ));
    let infinite = (x / 0.0)
        .and_then(|x| x.to_dtype(DType::F64))
        .expect("values");
    assert!(matches!(
        Pca::fit(&infinite, None),
        Err(Error::NotFinite { .. })
    ));
}
