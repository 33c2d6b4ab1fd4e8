//! Principal components against numbers of another program, and against what they must be.

use attractor::analysis::pca::Pca;
use attractor::base::Error;
use attractor::random::{Key, Layout};
use attractor::tensor::{DType, Device, Tensor, values};

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
    Tensor::from_vec(numbers, shape, &Device::Cpu).expect("as many")
}

fn doubles(tensor: &Tensor) -> Vec<f64> {
    values::doubles(tensor).expect("numbers")
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
            .inverse(&pca.transform(&x).expect("fits"))
            .expect("fits");
        assert!(difference(&back, &x) < 1e-12, "{shape:?}");
    }
}

#[test]
fn places_along_components_vary_as_the_variances_say() {
    for shape in [[40, 5], [4, 9]] {
        let x = drawn(&shape);
        let pca = Pca::fit(&x, Some(3)).expect("samples");
        let places = pca.transform(&x).expect("fits");
        let products = places.t().and_then(|t| t.matmul(&places));
        let products = (products.expect("matrices") / (shape[0] - 1) as f64).expect("numbers");
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
    let flat = x.reshape((40, 6)).expect("as many");
    let (a, b) = (Pca::fit(&x, Some(2)), Pca::fit(&flat, Some(2)));
    let (a, b) = (a.expect("samples"), b.expect("samples"));
    assert!(difference(&a.components, &b.components) == 0.0);
    assert_eq!(a.transform(&x).expect("fits").dims(), [4, 10, 2]);
}

#[test]
fn what_cannot_be_is_a_fault() {
    let x = drawn(&[10, 3]);
    let one = drawn(&[1, 3]);
    assert!(matches!(Pca::fit(&one, None), Err(Error::Shape { .. })));
    assert!(matches!(Pca::fit(&x, Some(4)), Err(Error::Range { .. })));
    let pca = Pca::fit(&x, Some(2)).expect("samples");
    assert!(matches!(
        pca.transform(&drawn(&[2, 4])),
        Err(Error::Shape { .. })
    ));
    assert!(matches!(pca.inverse(&x), Err(Error::Shape { .. })));
    let odd = (x / 0.0)
        .and_then(|x| x.to_dtype(DType::F64))
        .expect("numbers");
    assert!(matches!(Pca::fit(&odd, None), Err(Error::NotFinite { .. })));
}
