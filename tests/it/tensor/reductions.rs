//! Reductions of large arrays: accuracy, and independence of the layout and of the threads.

use attractor::tensor::reduce::{self, Reduction};
use attractor::tensor::{DType, Tensor, convert, summary};

/// Large enough for several blocks and threads, and not a multiple of any block size.
const SHAPE: [usize; 3] = [37, 4999, 3];

fn along(axes: &[i64]) -> Reduction {
    Reduction {
        axes: Some(axes.to_vec()),
        keepdims: false,
    }
}

/// Values of different magnitudes, with a mean far from 0.
fn sample(dtype: DType) -> Tensor {
    let count = SHAPE.iter().product::<usize>();
    let value = |i: usize| 3.0 + (i as f64 * 0.731).sin() * (i % 17) as f64;
    let elements = (0..count).map(value).collect();
    convert::from_f64(elements, &SHAPE, dtype).unwrap()
}

/// The rows of the elements that are reduced together, in double precision.
fn reduced_rows(t: &Tensor, axes: &[i64]) -> Vec<Vec<f64>> {
    let remaining: Vec<usize> = (0..3).filter(|a| !axes.contains(&(*a as i64))).collect();
    let reduced = axes.iter().map(|a| *a as usize);
    let order: Vec<usize> = remaining.iter().copied().chain(reduced).collect();
    let n = axes.iter().map(|a| SHAPE[*a as usize]).product();
    let flat = convert::to_f64(&t.permute(order).unwrap().contiguous().unwrap()).unwrap();
    flat.chunks(n).map(<[f64]>::to_vec).collect()
}

const AXES: [&[i64]; 7] = [&[0], &[1], &[2], &[0, 1], &[1, 2], &[0, 2], &[0, 1, 2]];

#[test]
fn reductions_along_all_axes_agree_with_sequential_sums_in_double_precision() {
    for dtype in [DType::F32, DType::F64] {
        let t = sample(dtype);
        // The result is rounded once: half a unit in the last place, beside the rounding of double
        // precision.
        let tolerance = if dtype == DType::F32 { 6.0e-8 } else { 1e-13 };
        for axes in AXES {
            let rows = reduced_rows(&t, axes);
            let check = |name: &str, found: &Tensor, exact: &dyn Fn(&[f64]) -> f64, slack: f64| {
                let found = convert::to_f64(found).unwrap();
                assert_eq!(found.len(), rows.len(), "{name} {axes:?}");
                for (x, row) in found.iter().zip(&rows) {
                    let exact = exact(row);
                    let bound = slack * tolerance * exact.abs().max(1e-3);
                    assert!((x - exact).abs() <= bound, "{name} {axes:?}: {x}, {exact}");
                }
            };
            let mean = |row: &[f64]| row.iter().sum::<f64>() / row.len() as f64;
            let var = |row: &[f64]| {
                let centre = mean(row);
                row.iter().map(|x| (x - centre).powi(2)).sum::<f64>() / row.len() as f64
            };
            let max = |row: &[f64]| row.iter().copied().fold(f64::MIN, f64::max);
            let r = &along(axes);
            check(
                "sum",
                &reduce::sum(&t, r).unwrap(),
                &|row| row.iter().sum(),
                1.0,
            );
            check("mean", &reduce::mean(&t, r).unwrap(), &mean, 1.0);
            // The squares are rounded to the dtype, and the centre is.
            check("var", &reduce::var(&t, r, 0).unwrap(), &var, 30.0);
            check(
                "max",
                &reduce::extremum("max", &t, r, false).unwrap(),
                &max,
                0.0,
            );
        }
    }
}

#[test]
fn reductions_do_not_depend_on_the_layout_or_on_the_number_of_threads() {
    let t = sample(DType::F32);
    let layouts = [
        t.clone(),
        t.permute([2, 0, 1])
            .unwrap()
            .contiguous()
            .unwrap()
            .permute([1, 2, 0])
            .unwrap(),
    ];
    let all = |t: &Tensor| -> Vec<Vec<f64>> {
        let one = |axes: &&[i64]| {
            let r = along(axes);
            let results = [
                reduce::sum(t, &r).unwrap(),
                reduce::var(t, &r, 0).unwrap(),
                reduce::norm(t, &r).unwrap(),
                reduce::extremum("min", t, &r, true).unwrap(),
            ];
            results
                .iter()
                .flat_map(|t| convert::to_f64(t).unwrap())
                .collect()
        };
        AXES.iter().map(one).collect()
    };
    let expected = all(&t);
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        for layout in &layouts {
            assert_eq!(pool.install(|| all(layout)), expected, "{threads} threads");
        }
    }
}

#[test]
fn indices_of_extreme_values_are_the_first_along_every_axis() {
    // Few distinct values: every row contains its maximum several times.
    let count = SHAPE.iter().product::<usize>();
    let elements = (0..count).map(|i| ((i * 7919) % 11) as f64).collect();
    let t = convert::from_f64(elements, &SHAPE, DType::F32).unwrap();
    for axes in AXES {
        for minimum in [false, true] {
            let found = reduce::arg_extremum("argmax", &t, &along(axes), minimum).unwrap();
            let found = convert::to_f64(&found).unwrap();
            for (index, row) in found.iter().zip(reduced_rows(&t, axes)) {
                let sign = if minimum { -1.0 } else { 1.0 };
                let best = row.iter().map(|x| sign * x).fold(f64::MIN, f64::max);
                let first = row.iter().position(|x| sign * x == best).unwrap();
                assert_eq!(*index, first as f64, "{axes:?}");
            }
        }
    }
}

#[test]
fn a_nan_is_the_extreme_value_along_every_axis() {
    let elements = vec![1.0, f64::NAN, 3.0, 4.0, 5.0, -6.0];
    let t = convert::from_f64(elements, &[3, 2], DType::F64).unwrap();
    let columns = reduce::extremum("max", &t, &along(&[0]), false).unwrap();
    let columns = convert::to_f64(&columns).unwrap();
    assert!(columns[0] == 5.0 && columns[1].is_nan());
    let rows = reduce::arg_extremum("argmin", &t, &along(&[1]), true).unwrap();
    assert_eq!(convert::to_f64(&rows).unwrap(), [1.0, 0.0, 1.0]);
}

#[test]
fn means_and_deviations_of_constants_are_exact() {
    for (value, count) in [(3.0, 1000), (1e6, 100_003), (0.1, 65_537)] {
        for dtype in [DType::F32, DType::F64] {
            let t = convert::from_f64(vec![value; count], &[count], dtype).unwrap();
            let constant = convert::to_f64(&t.get(0).unwrap()).unwrap()[0];
            let mean = reduce::mean(&t, &Reduction::default()).unwrap();
            let var = reduce::var(&t, &Reduction::default(), 0).unwrap();
            let mean = convert::to_f64(&mean).unwrap()[0];
            if value != 0.1 || dtype == DType::F32 {
                assert_eq!(mean, constant, "{value} {dtype:?}");
                assert_eq!(convert::to_f64(&var).unwrap()[0], 0.0, "{value} {dtype:?}");
            }
        }
    }
}

#[test]
fn statistics_of_a_printed_tensor_cover_all_finite_elements() {
    let mut elements: Vec<f64> = (0..20_000).map(|i| f64::from(i % 100)).collect();
    elements[7] = f64::INFINITY;
    elements[8] = f64::NAN;
    elements[19_999] = 1000.0;
    let t = convert::from_f64(elements, &[100, 200], DType::F32).unwrap();
    let text = summary::format_tensor(&t).unwrap();
    // NumPy: min 0.0, mean 49.54934 (without the two), max 1000, std 29.6335.
    assert!(
        text.contains("min 0,") && text.contains("max 1000,"),
        "{text}"
    );
    assert!(text.ends_with("2 not finite"), "{text}");
    let turned = summary::format_tensor(&t.t().unwrap()).unwrap();
    let statistics = |text: &str| text.split_once("min").unwrap().1.to_string();
    assert_eq!(statistics(&turned), statistics(&text));
}
