//! Eigenvalues and eigenvectors at fixed points, and their names.

use attractor::analysis::fixed_points::linearization::{self, Growth, ModeKind};

use super::{EIGEN, find_points, flip_flop, normal, tanh};

#[test]
fn eigenvectors_belong_to_their_values_and_to_each_other() {
    let network = flip_flop("flipflop_gru_0");
    let (points, linear) = find_points(&network, normal(3, 512 * 16, 0.5));
    let s = points.state;
    for linear in &linear {
        assert!(!linear.defective);
        let j = &linear.jacobian;
        for (k, [a, b]) in linear.eigenvalues.iter().enumerate() {
            let (right, left) = (&linear.right[k * s..][..s], &linear.left[k * s..][..s]);
            for r in 0..s {
                let along =
                    |part: usize| -> f64 { (0..s).map(|c| j[r * s + c] * right[c][part]).sum() };
                let [x, y] = right[r];
                let error = (along(0) - (a * x - b * y)).hypot(along(1) - (a * y + b * x));
                assert!(error < EIGEN, "J r: {error}");
                let along =
                    |part: usize| -> f64 { (0..s).map(|c| left[c][part] * j[c * s + r]).sum() };
                let [x, y] = left[r];
                let error = (along(0) - (a * x - b * y)).hypot(along(1) - (a * y + b * x));
                assert!(error < EIGEN * linear.condition, "l J: {error}");
            }
            for other in 0..s {
                let pairs = left.iter().zip(&linear.right[other * s..][..s]);
                let (re, im) = pairs.fold((0.0, 0.0), |(re, im), ([a, b], [c, d])| {
                    (re + a * c - b * d, im + a * d + b * c)
                });
                let error = (re - f64::from(u8::from(k == other))).hypot(im);
                assert!(error < EIGEN, "l_{k} r_{other}: {error}");
            }
        }
    }
}

#[test]
fn a_repeated_eigenvalue_without_its_eigenvectors_is_told() {
    // J at 0 is wR.
    let (_, linear) = find_points(&tanh(2, vec![0.5, 1.0, 0.0, 0.5]), vec![0.0, 0.0]);
    assert!(linear[0].defective, "{:?}", linear[0]);
    let (_, linear) = find_points(&tanh(2, vec![0.5, 0.0, 0.0, 0.5]), vec![0.0, 0.0]);
    assert!(!linear[0].defective, "{:?}", linear[0]);
    assert!(linear[0].repeated, "{:?}", linear[0]);
    assert_eq!(linear[0].eigenvalues, [[0.5, 0.0], [0.5, 0.0]]);
}

/// A product of matrices [n, n], row-major.
fn times(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let entry = |i: usize, j: usize| (0..n).map(|k| a[i * n + k] * b[k * n + j]).sum();
    (0..n * n).map(|at| entry(at / n, at % n)).collect()
}

/// An orthogonal matrix [n, n] that leaves no axis where it is.
fn turn(n: usize) -> Vec<f64> {
    let v: Vec<f64> = (0..n).map(|i| 1.0 + i as f64 * 0.7).collect();
    let size: f64 = v.iter().map(|x| x * x).sum();
    let entry = |i: usize, j: usize| f64::from(u8::from(i == j)) - 2.0 * v[i] * v[j] / size;
    (0..n * n).map(|at| entry(at / n, at % n)).collect()
}

#[test]
fn eigenvectors_that_coincide_are_told_however_the_matrix_is_turned() {
    // Upper triangles, and whether an eigenvector is missing, and whether eigenvalues repeat.
    let table: [(&str, [f64; 9], bool, bool); 6] = [
        (
            "a block of two",
            [0.5, 1.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.2],
            true,
            true,
        ),
        (
            "a block of three",
            [0.5, 1.0, 0.0, 0.0, 0.5, 1.0, 0.0, 0.0, 0.5],
            true,
            true,
        ),
        (
            "a weak block",
            [0.5, 1e-5, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.2],
            true,
            true,
        ),
        (
            "a repeated value",
            [0.5, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.2],
            false,
            true,
        ),
        (
            "far from normal",
            [0.5, 100.0, 0.0, 0.0, 0.4, 100.0, 0.0, 0.0, 0.2],
            false,
            false,
        ),
        (
            "near values",
            [0.5, 0.01, 0.0, 0.0, 0.5001, 0.0, 0.0, 0.0, 0.2],
            false,
            false,
        ),
    ];
    let q = turn(3);
    for (name, upper, defective, repeated) in table {
        let turned = times(&times(&q, &upper, 3), &q, 3);
        let (_, linear) = find_points(&tanh(3, turned), vec![0.0; 3]);
        let one = &linear[0];
        assert_eq!(one.defective, defective, "{name}: {one:?}");
        assert_eq!(one.repeated, repeated, "{name}: {one:?}");
    }
}

#[test]
fn pairs_stay_together_and_their_vectors_are_conjugates_to_the_bit() {
    // Two equal pairs, 0.3 +- 0.4 i, and a real mode of the same modulus between them.
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
    for one in &linear {
        for at in 0..s - 1 {
            if one.eigenvalues[at][1] > 0.0 {
                pairs += 1;
                for vectors in [&one.right, &one.left] {
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
fn modes_are_named_for_what_they_do() {
    let rows = [
        ([1.1, 0.0], Growth::Growing, ModeKind::Straight),
        ([-1.1, 0.0], Growth::Growing, ModeKind::Flipping),
        ([0.9, 0.0], Growth::Decaying, ModeKind::Straight),
        ([0.6, 0.8], Growth::Marginal, ModeKind::Spiralling),
        ([-0.5, 0.1], Growth::Decaying, ModeKind::Spiralling),
    ];
    for (value, growth, manner) in rows {
        assert_eq!(linearization::growth(value, 1e-9), growth, "{value:?}");
        assert_eq!(linearization::mode_kind(value), manner, "{value:?}");
    }
    let e = std::f64::consts::E;
    assert!((linearization::time_constant([1.0 / e, 0.0], 0.5) - 0.5).abs() < 1e-15);
    assert!((linearization::period([0.0, 0.7], 0.5) - 2.0).abs() < 1e-15);
    assert_eq!(linearization::period([0.7, 0.0], 1.0), f64::INFINITY);
}
