//! Keys and samples compared with JAX: `rng.h5` (single precision) and `random.h5` (from
//! `random.py`).

use attractor::random::{Key, Layout};
use attractor::tensor::Real;

const LAYOUTS: [(&str, Layout); 2] = [
    ("partitionable", Layout::Partitionable),
    ("original", Layout::Original),
];
const SEEDS: [u64; 4] = [0, 42, 7_868_221, 2_147_483_647];

/// Normal samples use a logarithm and a polynomial that JAX evaluates in a different order.
const NORMAL_ULPS: f64 = 4.0;
/// The error of the logarithm of JAX in double precision is up to 29 ulps in the result for x near
/// 0.64.
const JAX_F64_ULPS: f64 = 30.0;

fn read<T: hdf5::H5Type>(file: &str, name: &str) -> Vec<T> {
    let path = format!("{}/tests/references/{file}.h5", env!("CARGO_MANIFEST_DIR"));
    hdf5::File::open(path)
        .and_then(|f| f.dataset(name)?.read_raw())
        .expect(name)
}

/// Calls `check` with every key of `rng.h5` and a function that returns the path of a dataset.
fn for_each_key(check: impl Fn(Key, &dyn Fn(&str) -> String)) {
    for (name, layout) in LAYOUTS {
        for seed in SEEDS {
            check(Key::new(seed, layout), &|set| {
                format!("{name}/{seed}/{set}")
            });
        }
    }
}

/// Calls `check` with key 42 in both layouts and a function that returns the path of a dataset of
/// `random.h5`.
fn for_each_layout(check: impl Fn(Key, &dyn Fn(&str) -> String)) {
    for (name, layout) in LAYOUTS {
        check(Key::new(42, layout), &|set| format!("{name}/{set}"));
    }
}

fn fill_vec<T: Default + Clone>(n: usize, fill: impl Fn(&mut [T])) -> Vec<T> {
    let mut out = vec![T::default(); n];
    fill(&mut out);
    out
}

fn key_words(keys: &[Key]) -> Vec<u32> {
    keys.iter().flat_map(|key| key.words()).collect()
}

/// The largest difference in ulps of the reference.
fn ulps<T: Real>(actual: &[T], expected: &[T], digits: i32) -> f64 {
    assert_eq!(actual.len(), expected.len());
    let distance = |(a, b): (&T, &T)| {
        let (a, b) = (a.double(), b.double());
        (a - b).abs() / 2f64.powi(b.abs().log2().floor() as i32 - digits)
    };
    actual
        .iter()
        .zip(expected)
        .map(distance)
        .fold(0.0, f64::max)
}

#[test]
fn keys_splits_and_folds_equal_those_of_jax() {
    for_each_key(|key, path| {
        assert_eq!(key.words().to_vec(), read::<u32>("rng", &path("key")));
        assert_eq!(
            key_words(&key.split(5)),
            read::<u32>("rng", &path("split5"))
        );
        assert_eq!(
            key_words(&[key.fold_in(7)]),
            read::<u32>("rng", &path("fold_in_7"))
        );
    });
    for_each_layout(|key, path| {
        let wide = Key::new((1 << 32) + 5, key.layout());
        assert_eq!(
            wide.words().to_vec(),
            read::<u32>("random", &path("key_2^32+5"))
        );
    });
}

#[test]
fn all_forms_of_split_return_the_same_keys() {
    for_each_key(|key, _| {
        let split = key.split(3);
        assert_eq!(split, key.split_array::<3>());
        assert_eq!(split[2], key.split_nth(2, 3));
    });
}

#[test]
fn bits_uniform_bernoulli_and_integer_samples_equal_those_of_jax() {
    for_each_key(|key, path| {
        let bits = fill_vec(9, |out| key.fill_bits(out));
        assert_eq!(bits, read::<u32>("rng", &path("bits_9")));
        let uniform = fill_vec(15, |out| key.fill_uniform(0f32, 1.0, out));
        assert_eq!(uniform, read::<f32>("rng", &path("uniform_3x5_f32")));
        // The probability has double precision in JAX, so that 64 bits are compared.
        let truths = fill_vec(20, |out| key.fill_bernoulli(0.3f64, out));
        let truths: Vec<u8> = truths.into_iter().map(u8::from).collect();
        assert_eq!(truths, read::<u8>("rng", &path("bernoulli_0.3_20")));
        let whole = fill_vec(20, |out| key.fill_integers(0, 10, out));
        assert_eq!(whole, read::<i32>("rng", &path("randint_0_10_20_i32")));
    });
}

#[test]
fn samples_in_double_precision_and_wide_ranges_equal_those_of_jax() {
    for_each_layout(|key, path| {
        let uniform = fill_vec(15, |out| key.fill_uniform(0f64, 1.0, out));
        assert_eq!(uniform, read::<f64>("random", &path("uniform_15_f64")));
        let uniform = fill_vec(15, |out| key.fill_uniform(-2f32, 3.0, out));
        assert_eq!(uniform, read::<f32>("random", &path("uniform_-2_3_15_f32")));
        let uniform = fill_vec(15, |out| key.fill_uniform(-2f64, 3.0, out));
        assert_eq!(uniform, read::<f64>("random", &path("uniform_-2_3_15_f64")));
        let truths = fill_vec(20, |out| key.fill_bernoulli(0.3f64, out));
        let truths: Vec<u8> = truths.into_iter().map(u8::from).collect();
        assert_eq!(truths, read::<u8>("random", &path("bernoulli_0.3_20_f64")));
        let whole = fill_vec(20, |out| key.fill_integers(i32::MIN, i32::MAX, out));
        assert_eq!(whole, read::<i32>("random", &path("randint_wide_i32")));
    });
}

#[test]
fn normal_samples_equal_those_of_jax_up_to_rounding() {
    for_each_key(|key, path| {
        for (set, n) in [("normal_1001_f32", 1001), ("normal_3x5_f32", 15)] {
            let actual = fill_vec(n, |out: &mut [f32]| key.fill_normal(out));
            let max_ulps = ulps(&actual, &read("rng", &path(set)), 23);
            println!("{}: {max_ulps} ulp", path(set));
            assert!(max_ulps <= NORMAL_ULPS, "{}: {max_ulps}", path(set));
        }
    });
    for_each_layout(|key, path| {
        let actual = fill_vec(1001, |out: &mut [f64]| key.fill_normal(out));
        for (set, limit) in [
            ("normal_1001_f64_exact", NORMAL_ULPS),
            ("normal_1001_f64", JAX_F64_ULPS),
        ] {
            let max_ulps = ulps(&actual, &read("random", &path(set)), 52);
            println!("{}: {max_ulps} ulp", path(set));
            assert!(max_ulps <= limit, "{}: {max_ulps}", path(set));
        }
    });
}

#[test]
fn a_long_array_of_bits_equals_that_of_jax_for_any_number_of_threads() {
    for_each_layout(|key, path| {
        let n = 200_001;
        let draw = || fill_vec(n, |out| key.fill_bits(out));
        let single = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .expect("a pool");
        let bits = draw();
        assert_eq!(bits, single.install(draw));
        let parts = [&bits[..9], &bits[99_996..100_005], &bits[n - 9..]].concat();
        assert_eq!(parts, read::<u32>("random", &path("bits_200001_parts")));
    });
}

#[test]
fn fill_normal_range_returns_part_of_the_full_array() {
    let key = Key::new(3, Layout::Partitionable);
    let whole = fill_vec(1000, |out: &mut [f32]| key.fill_normal(out));
    for (start, n) in [(0, 1), (1, 31), (500, 500), (37, 64)] {
        let part = fill_vec(n, |out: &mut [f32]| {
            key.fill_normal_range(start as u64, out)
        });
        assert_eq!(part, whole[start..start + n], "{start} and {n} more");
    }
}

#[test]
fn counters_carry_into_the_upper_32_bits() {
    let key = Key::new(3, Layout::Partitionable);
    let start = u64::from(u32::MAX) - 10;
    let samples = fill_vec(40, |out: &mut [f64]| key.fill_normal_range(start, out));
    for (i, x) in samples.iter().enumerate() {
        let single = fill_vec(1, |out: &mut [f64]| {
            key.fill_normal_range(start + i as u64, out)
        });
        assert_eq!(*x, single[0], "element {i}");
    }
    let first_sample = fill_vec(1, |out: &mut [f64]| key.fill_normal_range(0, out));
    assert_ne!(
        samples[11], first_sample[0],
        "counter 2^32 is not counter 0"
    );
}

#[test]
fn permutations_equal_those_of_jax() {
    for_each_layout(|key, path| {
        for n in [10, 2001] {
            let expected = read::<i64>("random", &path(&format!("permutation_{n}")));
            let actual: Vec<i64> = key.permutation(n).into_iter().map(|i| i as i64).collect();
            assert_eq!(actual, expected);
        }
    });
    assert!(Key::new(0, Layout::Original).permutation(0).is_empty());
}
