//! Eigenvalues and eigenvectors at fixed points, and their names.

use attractor::analysis::fixed_points::modes::{self, Growth, Manner};

use super::{EIGEN, flip_flop, found, normal, tanh};

#[test]
fn eigenvectors_belong_to_their_values_and_to_each_other() {
    let network = flip_flop("flipflop_gru_0");
    let (points, linear) = found(&network, normal(3, 512 * 16, 0.5));
    let s = points.state;
    for linear in &linear {
        assert!(!linear.defective());
        let j = &linear.by_state;
        for (k, [a, b]) in linear.values.iter().enumerate() {
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
    let (_, linear) = found(&tanh(2, vec![0.5, 1.0, 0.0, 0.5]), vec![0.0, 0.0]);
    assert!(linear[0].defective(), "{:?}", linear[0]);
    let (_, linear) = found(&tanh(2, vec![0.5, 0.0, 0.0, 0.5]), vec![0.0, 0.0]);
    assert!(!linear[0].defective(), "{:?}", linear[0]);
    assert_eq!(linear[0].values, [[0.5, 0.0], [0.5, 0.0]]);
}

#[test]
fn modes_are_named_for_what_they_do() {
    let rows = [
        ([1.1, 0.0], Growth::Growing, Manner::Straight),
        ([-1.1, 0.0], Growth::Growing, Manner::Flipping),
        ([0.9, 0.0], Growth::Decaying, Manner::Straight),
        ([0.6, 0.8], Growth::Marginal, Manner::Spiralling),
        ([-0.5, 0.1], Growth::Decaying, Manner::Spiralling),
    ];
    for (value, growth, manner) in rows {
        assert_eq!(modes::growth(value, 1e-9), growth, "{value:?}");
        assert_eq!(modes::manner(value), manner, "{value:?}");
    }
    let e = std::f64::consts::E;
    assert!((modes::time_constant([1.0 / e, 0.0], 0.5) - 0.5).abs() < 1e-15);
    assert!((modes::period([0.0, 0.7], 0.5) - 2.0).abs() < 1e-15);
    assert_eq!(modes::period([0.7, 0.0], 1.0), f64::INFINITY);
}
