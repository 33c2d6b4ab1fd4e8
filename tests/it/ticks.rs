//! Ticks: round numbers, as many as there is room for, written as a reader expects.

use attractor::figure::{Ticks, ticks};

fn labels(ticks: &Ticks) -> Vec<&str> {
    ticks.major.iter().map(|tick| tick.label.as_str()).collect()
}

#[test]
fn ticks_are_round_numbers_with_just_the_decimals_they_need() {
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
    for (low, high, most, expected) in table {
        let found = ticks(low, high, false, most);
        assert_eq!(labels(&found), expected, "{low} to {high}");
    }
    assert_eq!(ticks(0.0, 3e-4, false, 3).power, Some(-4));
    assert_eq!(ticks(0.0, 2.4e6, false, 3).power, Some(6));
}

#[test]
fn ticks_of_a_log_axis_are_powers_of_ten_or_their_simple_multiples() {
    let table: [(f64, f64, usize, &[&str]); 4] = [
        (1e-3, 1.0, 6, &["10^{−3}", "10^{−2}", "10^{−1}", "10^{0}"]),
        (1.0, 1e6, 4, &["10^{0}", "10^{2}", "10^{4}", "10^{6}"]),
        (0.02, 0.3, 6, &["0.02", "0.05", "0.1", "0.2"]),
        (1.5, 3.1, 6, &["1.5", "2.0", "2.5", "3.0"]),
    ];
    for (low, high, most, expected) in table.into_iter() {
        assert_eq!(
            labels(&ticks(low, high, true, most)),
            expected,
            "{low} to {high}"
        );
    }
    assert_eq!(ticks(1.0, 100.0, true, 6).minor.len(), 16);
}

#[test]
fn ticks_stay_inside_the_axis_and_below_the_count_asked_for() {
    for exponent in -300..300 {
        let size = 10f64.powi(exponent);
        for (low, high) in [(0.0, 1.0), (-0.37, 0.91), (3.3, 3.7), (-9.0, -2.0)] {
            for most in [2, 5, 9] {
                let found = ticks(low * size, high * size, false, most);
                let count = found.major.len();
                assert!(
                    (1..=most + 1).contains(&count),
                    "{low} to {high} e{exponent}: {count}"
                );
                let slack = (high - low) * size * 1e-5;
                let inside = |at: f64| at >= low * size - slack && at <= high * size + slack;
                assert!(
                    found.major.iter().all(|t| inside(t.at)),
                    "{low} to {high} e{exponent}"
                );
            }
        }
    }
}
