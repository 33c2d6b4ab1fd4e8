//! The kernels of the fused operations, for each available instruction set.

use attractor::ops::Lanes;
use attractor::ops::simd::gemm::{Block, GemmConfig, Panels, gemm};
use attractor::ops::simd::gemm_tn::{Frames, Transposed, gemm_tn_add, padded_len};
use attractor::ops::simd::{Lane16, TRIALS, math};
use attractor::tensor::Real;
use pulp::{Simd, WithSimd};

/// Integers between -8 and 8: sums of their products are exact in any order.
fn integer_value<T: Real>(seed: usize, k: usize) -> T {
    T::of(((k * 7919 + seed * 104_729) % 17) as f64 - 8.0)
}

fn lanes<T: Real>(seed: usize, count: usize) -> Vec<Lane16<T>> {
    let lane = |c| Lane16(std::array::from_fn(|b| integer_value(seed, c * TRIALS + b)));
    (0..count).map(lane).collect()
}

/// Sizes around those of tiles, panels and blocks of time steps.
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

struct GemmTest;

impl WithSimd for GemmTest {
    type Output = ();

    fn with_simd<S: Simd>(self, simd: S) {
        check_products::<S, f32>(simd);
        check_products::<S, f64>(simd);
    }
}

fn configs() -> Vec<GemmConfig> {
    let config = |groups, parallel| GemmConfig { groups, parallel };
    vec![config(1, false), config(2, false), config(3, true)]
}

fn check_products<S: Simd, T: Lanes>(simd: S) {
    for config in configs() {
        for (rows, columns) in SIZES {
            check_product::<S, T>(simd, config, rows, columns);
        }
    }
}

fn check_product<S: Simd, T: Lanes>(simd: S, config: GemmConfig, rows: usize, columns: usize) {
    let groups = config.groups;
    let matrix: Vec<T> = (0..rows * columns).map(|k| integer_value(1, k)).collect();
    let from = lanes::<T>(2, columns * groups);
    let mut panels = Panels::default();
    panels.pack(config, rows, &[Block::row_major(&matrix, columns)]);
    let mut into = lanes(3, (rows + 1) * groups);
    gemm(simd, &panels, &from, &mut into);
    for (at, lane) in into[..rows * groups].iter().enumerate() {
        let (r, group) = (at / groups, at % groups);
        for b in 0..TRIALS {
            let term = |k: usize| matrix[r * columns + k] * from[k * groups + group].0[b];
            let expected = (0..columns).map(term).fold(T::of(0.0), |sum, x| sum + x);
            assert_eq!(
                lane.0[b].double(),
                expected.double(),
                "{config:?} {rows} x {columns}, row {r} trial {b}"
            );
        }
    }
    let first_unused = rows * groups;
    let unchanged = into[first_unused].0 == lanes::<T>(3, first_unused + 1)[first_unused].0;
    assert!(unchanged, "values beyond the last row changed");
}

struct GemmTnTest;

impl WithSimd for GemmTnTest {
    type Output = ();

    fn with_simd<S: Simd>(self, simd: S) {
        for (rows, columns) in SIZES {
            for config in configs() {
                for steps in [1, 16, 37] {
                    check_sums::<S, f32>(simd, config, [rows, columns], steps);
                    check_sums::<S, f64>(simd, config, [rows, columns], steps);
                }
            }
        }
    }
}

fn check_sums<S: Simd, T: Lanes>(
    simd: S,
    config: GemmConfig,
    [rows, columns]: [usize; 2],
    steps: usize,
) {
    let groups = config.groups;
    let (left_frame, right_frame) = ((rows + 2) * groups, (columns + 1) * groups);
    let a = lanes::<T>(1, left_frame * steps);
    let b = lanes::<T>(2, right_frame * steps);
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
        steps,
        &mut Transposed::default(),
        &mut into,
    );
    for r in 0..rows {
        for c in 0..columns {
            let mut expected = T::of(1.0);
            for at in 0..steps * groups {
                let (t, group) = (at / groups, at % groups);
                let a = &a[t * left_frame + (r + 1) * groups + group];
                let b = &b[t * right_frame + c * groups + group];
                for (a, b) in a.0.iter().zip(b.0) {
                    expected += *a * b;
                }
            }
            let actual = into[r * width + c].double();
            assert_eq!(
                actual,
                expected.double(),
                "{config:?} {rows} x {columns} x {steps}"
            );
        }
    }
}

struct MathTest;

impl WithSimd for MathTest {
    type Output = ();

    fn with_simd<S: Simd>(self, _: S) {
        for k in -400..=400 {
            let x = f64::from(k) / 20.0;
            for (name, actual, exact) in [
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
                let error = (actual - exact).abs();
                assert!(
                    error <= 4.0 * f64::EPSILON * exact.abs(),
                    "{name} of {x}: {error:e}"
                );
            }
        }
    }
}

/// Runs the work with the native instruction set, with AVX2 and without vector instructions.
fn run_on_all_targets<W: WithSimd<Output = ()>>(work: impl Fn() -> W) {
    pulp::Arch::new().dispatch(work());
    work().with_simd(pulp::Scalar);
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = pulp::x86::V3::try_new() {
        Simd::vectorize(avx2, work());
    }
}

#[test]
fn gemm_equals_a_simple_loop_for_every_instruction_set() {
    run_on_all_targets(|| GemmTest);
}

#[test]
fn gemm_tn_equals_a_simple_loop_for_every_instruction_set() {
    run_on_all_targets(|| GemmTnTest);
}

#[test]
fn math_functions_agree_with_the_standard_library_for_every_instruction_set() {
    run_on_all_targets(|| MathTest);
}
