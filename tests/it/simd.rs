//! The loops that fused operations are made of, on each kind of processor that can be had here.

use attractor::ops::Lanes;
use attractor::ops::simd::gemm::{Block, GemmConfig, Panels, gemm};
use attractor::ops::simd::gemm_tn::{Frames, Transposed, gemm_tn_add, padded_len};
use attractor::ops::simd::{Lane16, TRIALS, math};
use attractor::tensor::Real;
use pulp::{Simd, WithSimd};

/// Integers between -8 and 8: their products add up without rounding, in any order.
fn whole<T: Real>(seed: usize, k: usize) -> T {
    T::of(((k * 7919 + seed * 104_729) % 17) as f64 - 8.0)
}

fn cells<T: Real>(seed: usize, count: usize) -> Vec<Lane16<T>> {
    let cell = |c| Lane16(std::array::from_fn(|b| whole(seed, c * TRIALS + b)));
    (0..count).map(cell).collect()
}

/// Sizes around those of tiles, panels and stretches of time.
const SIZES: [(usize, usize); 8] = [
    (1, 1),
    (2, 3),
    (4, 5),
    (5, 13),
    (7, 2),
    (12, 12),
    (13, 6),
    (35, 11),
];

struct Products;

impl WithSimd for Products {
    type Output = ();

    fn with_simd<S: Simd>(self, simd: S) {
        products::<S, f32>(simd);
        products::<S, f64>(simd);
    }
}

fn configs() -> Vec<GemmConfig> {
    let config = |groups, parallel| GemmConfig { groups, parallel };
    vec![config(1, false), config(2, false), config(3, true)]
}

fn products<S: Simd, T: Lanes>(simd: S) {
    for config in configs() {
        for (rows, columns) in SIZES {
            one_product::<S, T>(simd, config, rows, columns);
        }
    }
}

fn one_product<S: Simd, T: Lanes>(simd: S, config: GemmConfig, rows: usize, columns: usize) {
    let groups = config.groups;
    let matrix: Vec<T> = (0..rows * columns).map(|k| whole(1, k)).collect();
    let from = cells::<T>(2, columns * groups);
    let mut panels = Panels::default();
    panels.pack(config, rows, &[Block::row_major(&matrix, columns)]);
    let mut into = cells(3, (rows + 1) * groups);
    gemm(simd, &panels, &from, &mut into);
    for (at, cell) in into[..rows * groups].iter().enumerate() {
        let (r, group) = (at / groups, at % groups);
        for b in 0..TRIALS {
            let term = |k: usize| matrix[r * columns + k] * from[k * groups + group].0[b];
            let expected = (0..columns).map(term).fold(T::of(0.0), |sum, x| sum + x);
            assert_eq!(
                cell.0[b].double(),
                expected.double(),
                "{config:?} {rows} x {columns}, row {r} trial {b}"
            );
        }
    }
    let last = rows * groups;
    let kept = into[last].0 == cells::<T>(3, last + 1)[last].0;
    assert!(kept, "beyond the last row");
}

struct Sums;

impl WithSimd for Sums {
    type Output = ();

    fn with_simd<S: Simd>(self, simd: S) {
        for (rows, columns) in SIZES {
            for config in configs() {
                for times in [1, 16, 37] {
                    sums::<S, f32>(simd, config, [rows, columns], times);
                    sums::<S, f64>(simd, config, [rows, columns], times);
                }
            }
        }
    }
}

fn sums<S: Simd, T: Lanes>(simd: S, config: GemmConfig, [rows, columns]: [usize; 2], times: usize) {
    let groups = config.groups;
    let (left_frame, right_frame) = ((rows + 2) * groups, (columns + 1) * groups);
    let a = cells::<T>(1, left_frame * times);
    let b = cells::<T>(2, right_frame * times);
    let left = Frames {
        lanes: &a,
        stride: left_frame,
        first: 1,
        count: rows,
    };
    let right = Frames {
        lanes: &b,
        stride: right_frame,
        first: 0,
        count: columns,
    };
    let width = padded_len(columns);
    let mut into = vec![T::of(1.0); rows * width];
    gemm_tn_add(
        simd,
        config,
        [left, right],
        times,
        &mut Transposed::default(),
        &mut into,
    );
    for r in 0..rows {
        for c in 0..columns {
            let mut expected = T::of(1.0);
            for at in 0..times * groups {
                let (t, group) = (at / groups, at % groups);
                let a = &a[t * left_frame + (r + 1) * groups + group];
                let b = &b[t * right_frame + c * groups + group];
                for (a, b) in a.0.iter().zip(b.0) {
                    expected += *a * b;
                }
            }
            let found = into[r * width + c].double();
            assert_eq!(
                found,
                expected.double(),
                "{config:?} {rows} x {columns} x {times}"
            );
        }
    }
}

struct Functions;

impl WithSimd for Functions {
    type Output = ();

    fn with_simd<S: Simd>(self, _: S) {
        for k in -400..=400 {
            let x = f64::from(k) / 20.0;
            for (name, found, exact) in [
                ("tanh", math::tanh::<S, f64>(x), x.tanh()),
                ("exp", math::exp::<S, f64>(x), x.exp()),
                (
                    "sigmoid",
                    math::sigmoid::<S, f64>(x),
                    1.0 / (1.0 + (-x).exp()),
                ),
                (
                    "softplus",
                    math::softplus::<S, f64>(x),
                    x.max(0.0) + (-x.abs()).exp().ln_1p(),
                ),
            ] {
                let error = (found - exact).abs();
                assert!(
                    error <= 4.0 * f64::EPSILON * exact.abs(),
                    "{name} of {x}: {error:e}"
                );
            }
        }
    }
}

/// Does the work on the processor as it is, on a narrower one and on one without vectors.
fn everywhere<W: WithSimd<Output = ()>>(work: impl Fn() -> W) {
    pulp::Arch::new().dispatch(work());
    work().with_simd(pulp::Scalar);
    #[cfg(target_arch = "x86_64")]
    if let Some(narrower) = pulp::x86::V3::try_new() {
        Simd::vectorize(narrower, work());
    }
}

#[test]
fn products_equal_those_of_a_plain_loop_on_every_processor() {
    everywhere(|| Products);
}

#[test]
fn sums_over_times_and_trials_equal_those_of_a_plain_loop_on_every_processor() {
    everywhere(|| Sums);
}

#[test]
fn functions_agree_with_the_standard_library_on_every_processor() {
    everywhere(|| Functions);
}
