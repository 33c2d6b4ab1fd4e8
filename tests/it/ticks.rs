//! Ticks: positions, number and labels.

use attractor::figure::{Ticks, ticks};

fn labels(ticks: &Ticks) -> Vec<&str> {
    ticks.major.iter().map(|tick| tick.label.as_str()).collect()
}

#[test]
fn ticks_are_round_numbers_with_the_necessary_decimals() {
    let table: [(f64, f64, usize, &[&str]); 7] = [
        (0.0, 1.0, 5, &["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-1.05, 1.05, 5, &["−1.0", "−0.5", "0.0", "0.5", "1.0"]),
        (
            0.0,
            10_000.0,
            5,
            &["0", "2000", "4000", "6000", "8000", "10000"],
        ),
        (0.0, 3e-4, 3, &["0", "1", "2", "3"]),
        (0.0, 2.4e6, 3, &["0", "1", "2"]),
        (
            99.9,
            100.1,
            4,
            &["99.90", "99.95", "100.00", "100.05", "100.10"],
        ),
        (-7.0, 103.0, 6, &["0", "20", "40", "60", "80", "100"]),
    ];
    for (low, high, max_ticks, expected) in table {
        let actual = ticks(low, high, false, max_ticks);
        assert_eq!(labels(&actual), expected, "{low} to {high}");
    }
    assert_eq!(ticks(0.0, 3e-4, false, 3).power, Some(-4));
    assert_eq!(ticks(0.0, 2.4e6, false, 3).power, Some(6));
}

#[test]
fn log_ticks_are_powers_of_ten_or_simple_multiples() {
    let table: [(f64, f64, usize, &[&str]); 4] = [
        (1e-3, 1.0, 6, &["10^{−3}", "10^{−2}", "10^{−1}", "10^{0}"]),
        (1.0, 1e6, 4, &["10^{0}", "10^{2}", "10^{4}", "10^{6}"]),
        (0.02, 0.3, 6, &["0.02", "0.05", "0.1", "0.2"]),
        (1.5, 3.1, 6, &["1.5", "2.0", "2.5", "3.0"]),
    ];
    for (low, high, max_ticks, expected) in table.into_iter() {
        assert_eq!(
            labels(&ticks(low, high, true, max_ticks)),
            expected,
            "{low} to {high}"
        );
    }
    assert_eq!(ticks(1.0, 100.0, true, 6).minor.len(), 16);
}

#[test]
fn ticks_are_inside_the_axis_and_do_not_exceed_the_requested_number() {
    for exponent in -300..300 {
        let size = 10f64.powi(exponent);
        for (low, high) in [(0.0, 1.0), (-0.37, 0.91), (3.3, 3.7), (-9.0, -2.0)] {
            for max_ticks in [2, 5, 9] {
                let actual = ticks(low * size, high * size, false, max_ticks);
                let count = actual.major.len();
                assert!(
                    (1..=max_ticks + 1).contains(&count),
                    "{low} to {high} e{exponent}: {count}"
                );
                let tolerance = (high - low) * size * 1e-5;
                let is_inside =
                    |at: f64| at >= low * size - tolerance && at <= high * size + tolerance;
                assert!(
                    actual.major.iter().all(|t| is_inside(t.at)),
                    "{low} to {high} e{exponent}"
                );
            }
        }
    }
}
