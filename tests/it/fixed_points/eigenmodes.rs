//! Eigenvalues and eigenvectors at fixed points, and the classification of modes.

use attractor::analysis::fixed_points::linearization::{self, Growth, ModeKind};

use super::{EIGEN_TOLERANCE, find_points, flip_flop, normal, tanh};

#[test]
fn eigenvectors_satisfy_their_equations_and_are_biorthogonal() {
    let network = flip_flop("flipflop_gru_0");
    let (points, linear) = find_points(&network, normal(3, 512 * 16, 0.5));
    let s = points.state;
    for linear in &linear {
        assert!(!linear.defective);
        let j = &linear.jacobian;
        for (k, [a, b]) in linear.eigenvalues.iter().enumerate() {
            let (right, left) = (&linear.right[k * s..][..s], &linear.left[k * s..][..s]);
            for r in 0..s {
                let component =
                    |part: usize| -> f64 { (0..s).map(|c| j[r * s + c] * right[c][part]).sum() };
                let [x, y] = right[r];
                let error = (component(0) - (a * x - b * y)).hypot(component(1) - (a * y + b * x));
                assert!(error < EIGEN_TOLERANCE, "J r: {error}");
                let component =
                    |part: usize| -> f64 { (0..s).map(|c| left[c][part] * j[c * s + r]).sum() };
                let [x, y] = left[r];
                let error = (component(0) - (a * x - b * y)).hypot(component(1) - (a * y + b * x));
                assert!(error < EIGEN_TOLERANCE * linear.condition, "l J: {error}");
            }
            for other in 0..s {
                let pairs = left.iter().zip(&linear.right[other * s..][..s]);
                let (re, im) = pairs.fold((0.0, 0.0), |(re, im), ([a, b], [c, d])| {
                    (re + a * c - b * d, im + a * d + b * c)
                });
                let error = (re - f64::from(u8::from(k == other))).hypot(im);
                assert!(error < EIGEN_TOLERANCE, "l_{k} r_{other}: {error}");
            }
        }
    }
}

#[test]
fn a_defective_jacobian_is_reported() {
    // J at 0 is wR.
    let (_, linear) = find_points(&tanh(2, vec![0.5, 1.0, 0.0, 0.5]), vec![0.0, 0.0]);
    assert!(linear[0].defective, "{:?}", linear[0]);
    let (_, linear) = find_points(&tanh(2, vec![0.5, 0.0, 0.0, 0.5]), vec![0.0, 0.0]);
    assert!(!linear[0].defective, "{:?}", linear[0]);
    assert!(linear[0].repeated, "{:?}", linear[0]);
    assert_eq!(linear[0].eigenvalues, [[0.5, 0.0], [0.5, 0.0]]);
}

/// A product of matrices [n, n], row-major.
fn matrix_product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let entry = |i: usize, j: usize| (0..n).map(|k| a[i * n + k] * b[k * n + j]).sum();
    (0..n * n).map(|at| entry(at / n, at % n)).collect()
}

/// A Householder reflection [n, n] that maps no axis to itself.
fn reflection(n: usize) -> Vec<f64> {
    let v: Vec<f64> = (0..n).map(|i| 1.0 + i as f64 * 0.7).collect();
    let squared_norm: f64 = v.iter().map(|x| x * x).sum();
    let entry = |i: usize, j: usize| f64::from(u8::from(i == j)) - 2.0 * v[i] * v[j] / squared_norm;
    (0..n * n).map(|at| entry(at / n, at % n)).collect()
}

#[test]
fn defective_matrices_are_detected_in_any_basis() {
    // Upper triangular matrices, whether they are defective, and whether eigenvalues repeat.
    let table: [(&str, [f64; 9], bool, bool); 6] = [
        (
            "a Jordan block of size 2",
            [0.5, 1.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.2],
            true,
            true,
        ),
        (
            "a Jordan block of size 3",
            [0.5, 1.0, 0.0, 0.0, 0.5, 1.0, 0.0, 0.0, 0.5],
            true,
            true,
        ),
        (
            "a weakly coupled Jordan block",
            [0.5, 1e-5, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.2],
            true,
            true,
        ),
        (
            "a repeated eigenvalue",
            [0.5, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.2],
            false,
            true,
        ),
        (
            "a non-normal matrix",
            [0.5, 100.0, 0.0, 0.0, 0.4, 100.0, 0.0, 0.0, 0.2],
            false,
            false,
        ),
        (
            "close eigenvalues",
            [0.5, 0.01, 0.0, 0.0, 0.5001, 0.0, 0.0, 0.0, 0.2],
            false,
            false,
        ),
    ];
    let q = reflection(3);
    for (name, triangular, defective, repeated) in table {
        let rotated = matrix_product(&matrix_product(&q, &triangular, 3), &q, 3);
        let (_, linear) = find_points(&tanh(3, rotated), vec![0.0; 3]);
        let mode = &linear[0];
        assert_eq!(mode.defective, defective, "{name}: {mode:?}");
        assert_eq!(mode.repeated, repeated, "{name}: {mode:?}");
    }
}

#[test]
fn complex_pairs_are_adjacent_and_exactly_conjugate() {
    // Two equal pairs, 0.3 +- 0.4 i, and a real eigenvalue of the same modulus between them.
    let mut j = vec![0.0; 25];
    for at in [0, 3] {
        (j[at * 6], j[at * 6 + 1], j[at * 6 + 5], j[at * 6 + 6]) = (0.3, -0.4, 0.4, 0.3);
    }
    j[12] = 0.5;
    let (_, linear) = find_points(&tanh(5, j), vec![0.0; 5]);
    let values = &linear[0].eigenvalues;
    assert_eq!(values[0], [0.5, 0.0], "{values:?}");
    for at in [1, 3] {
        assert!(values[at][1] > 0.0, "{values:?}");
        assert_eq!(
            values[at + 1],
            [values[at][0], -values[at][1]],
            "{values:?}"
        );
    }
    let network = flip_flop("flipflop_gru_0");
    let (points, linear) = find_points(&network, normal(3, 256 * 16, 0.5));
    let (s, mut pairs) = (points.state, 0);
    for mode in &linear {
        for at in 0..s - 1 {
            if mode.eigenvalues[at][1] > 0.0 {
                pairs += 1;
                for vectors in [&mode.right, &mode.left] {
                    let (first, second) = (&vectors[at * s..][..s], &vectors[(at + 1) * s..][..s]);
                    for (a, b) in first.iter().zip(second) {
                        assert_eq!(*b, [a[0], -a[1]]);
                    }
                }
            }
        }
    }
    assert!(pairs > 10, "{pairs} pairs");
}

#[test]
fn modes_are_classified_by_growth_and_kind() {
    let rows = [
        ([1.1, 0.0], Growth::Growing, ModeKind::Monotonic),
        ([-1.1, 0.0], Growth::Growing, ModeKind::Alternating),
        ([0.9, 0.0], Growth::Decaying, ModeKind::Monotonic),
        ([0.6, 0.8], Growth::Marginal, ModeKind::Oscillatory),
        ([-0.5, 0.1], Growth::Decaying, ModeKind::Oscillatory),
    ];
    for (value, growth, kind) in rows {
        assert_eq!(linearization::growth(value, 1e-9), growth, "{value:?}");
        assert_eq!(linearization::mode_kind(value), kind, "{value:?}");
    }
    let e = std::f64::consts::E;
    assert!((linearization::time_constant([1.0 / e, 0.0], 0.5) - 0.5).abs() < 1e-15);
    assert!((linearization::period([0.0, 0.7], 0.5) - 2.0).abs() < 1e-15);
    assert_eq!(linearization::period([0.7, 0.0], 1.0), f64::INFINITY);
}
