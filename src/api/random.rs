//! The script module `random`: keys and samples from distributions.

use super::context::Context;
use super::diagnostic::Diagnostic;
use super::options::CallOptions;
use super::value::FromValue;
use super::value::{Object, ScriptObject, Value};
use crate::api::convert::New;
use crate::base::Error;
use crate::random::{Key, Layout, Seed};
use crate::tensor::precision::with_precision;
use crate::tensor::{DType, Device, Precision, Real, Tensor};

crate::options! {
    /// Options of `random::key`.
    pub struct KeyOptions for "random::key" {
        /// Generator layout: `partitionable` (the JAX default) or `original` (for seeds published
        /// with older versions of JAX).
        layout: Layout = Layout::Partitionable;
    }
}

crate::options! {
    /// Options of the sampling functions.
    pub struct SampleOptions for "random::normal" {
        /// The dtype; `f64` uses different random bits than `f32`.
        dtype: Precision = Precision::F32;
    }
}

crate::options! {
    /// Options of `random::uniform`.
    pub struct UniformOptions for "random::uniform" {
        /// Lower bound, included.
        low: f64 = 0.0;
        /// Upper bound, excluded.
        high: f64 = 1.0;
        /// The dtype; `f64` uses different random bits than `f32`.
        dtype: Precision = Precision::F32;
    }
}

crate::options! {
    /// Options of `random::choice`.
    pub struct ChoiceOptions for "random::choice" {
        /// Whether to sample with replacement.
        replace: bool = true;
    }
}

crate::natives! {
    /// Random numbers as in JAX: a key determines the result, and the same key returns the same
    /// numbers.
    module "random";

    /// The random key of a seed.
    ///
    /// > random::key(42)
    /// = key [0, 42]
    fn key(seed: u64, options: CallOptions<KeyOptions>) -> New<Key> {
        Ok(New(Key::new(seed, options.layout)))
    }

    /// A list of `n` new, independent keys derived from this key.
    ///
    /// Use each key once, and do not use this key again after the split.
    ///
    /// > random::key(0).split(2)
    /// = [key [1797259609, 2579123966], key [928981903, 3453687069]]
    fn split(cx: &Context, this: Key, n: usize) -> Vec<Value> {
        cx.check_list_memory("key.split", n)?;
        Ok(this.split(n).into_iter().map(|key| Value::Object(Object::new(key))).collect())
    }

    /// A new key derived from this key and an integer, such as a trial index.
    ///
    /// > random::key(0).fold_in(7)
    /// = key [2716826189, 292468403]
    fn fold_in(this: Key, number: u32) -> New<Key> { Ok(New(this.fold_in(number))) }

    /// The two 32-bit integers that represent the key.
    ///
    /// > random::key(42).words()
    /// = [0, 42]
    fn words(this: Key) -> Vec<usize> {
        Ok(this.words().iter().map(|&word| word as usize).collect())
    }

    /// A tensor of samples from the standard normal distribution.
    ///
    /// The samples agree with those of JAX within 3 units in the last place.
    ///
    /// > kind_of(random::normal(random::key(0), [64, 2]))
    /// = a tensor
    fn normal(
        cx: &Context, key: Key, shape: Vec<usize>, options: CallOptions<SampleOptions>,
    ) -> Tensor {
        sample(cx, "random::normal", &key, shape, options.dtype, &Normal)
    }

    /// A tensor of samples from the uniform distribution on [low, high), by default [0, 1).
    ///
    /// > kind_of(random::uniform(random::key(0), [3], #{ low: -1.0, dtype: "f64" }))
    /// = a tensor
    fn uniform(
        cx: &Context, key: Key, shape: Vec<usize>, options: CallOptions<UniformOptions>,
    ) -> Tensor {
        let (low, high) = (options.low, options.high);
        check_order("random::uniform", low, high)?;
        check_uniform_range(options.dtype, low, high)?;
        sample(cx, "random::uniform", &key, shape, options.dtype, &Uniform { low, high })
    }

    /// A tensor of samples that are 1 with the given probability and 0 otherwise.
    ///
    /// The probability must be from 0 to 1.
    ///
    /// > kind_of(random::bernoulli(random::key(0), 0.3, [5]))
    /// = a tensor
    fn bernoulli(
        cx: &Context, key: Key, probability: f64, shape: Vec<usize>,
        options: CallOptions<SampleOptions>,
    ) -> Tensor {
        let of = "random::bernoulli";
        if !(0.0..=1.0).contains(&probability) {
            return Err(range_error(of, "probability", "from 0 to 1", probability));
        }
        sample(cx, of, &key, shape, options.dtype, &Bernoulli(probability))
    }

    /// A tensor of random integers from `low` (included) to `high` (excluded), as i64.
    ///
    /// Both bounds must fit in 32 bits.
    ///
    /// > kind_of(random::randint(random::key(0), 0, 10, [4]))
    /// = a tensor
    fn randint(cx: &Context, key: Key, low: i64, high: i64, shape: Vec<usize>) -> Tensor {
        let of = "random::randint";
        let fits = |name, n: i64| {
            i32::try_from(n).map_err(|_| range_error(of, name, "from -2^31 to 2^31 - 1", n as f64))
        };
        let (low, high) = (fits("low", low)?, fits("high", high)?);
        check_order(of, low.into(), high.into())?;
        cx.check_memory(of, &shape, DType::I64)?;
        let mut values = vec![0; shape.iter().product()];
        key.fill_integers(low, high, &mut values);
        let values: Vec<i64> = values.into_iter().map(i64::from).collect();
        Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
    }

    /// A random permutation of the integers 0 to n - 1, as an i64 tensor.
    ///
    /// > kind_of(random::permutation(random::key(0), 5))
    /// = a tensor
    fn permutation(cx: &Context, key: Key, n: usize) -> Tensor {
        cx.check_memory("random::permutation", &[n], DType::I64)?;
        let order: Vec<i64> = key.permutation(n).into_iter().map(|i| i as i64).collect();
        Ok(Tensor::from_vec(order, n, &Device::Cpu)?)
    }

    /// A list of `n` random items of a list, with replacement by default.
    ///
    /// Without replacement, `n` must not exceed the length of the list.
    ///
    /// > random::choice(random::key(0), ["a"], 2)
    /// = ["a", "a"]
    fn choice(
        cx: &Context, key: Key, items: Vec<Value>, n: usize, options: CallOptions<ChoiceOptions>,
    ) -> Vec<Value> {
        cx.check_list_memory("random::choice", n)?;
        let unlimited = options.replace && !items.is_empty();
        let max = if unlimited { i32::MAX as usize } else { items.len() };
        if n > max {
            let expected = format!("of {max} or less");
            return Err(range_error("random::choice", "n", &expected, n as f64));
        }
        Ok(sample_indices(&key, items.len(), n, options.replace)
            .into_iter()
            .map(|i| items[i].clone())
            .collect())
    }
}

impl ScriptObject for Key {
    const KIND: &'static str = "key";
    fn display(&self) -> String {
        let layout = match self.layout() {
            Layout::Partitionable => "",
            Layout::Original => " original",
        };
        format!("key {:?}{layout}", self.words())
    }
}

impl FromValue for Key {
    fn kind() -> String {
        Key::KIND.into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Object(object) => match object.get::<Key>() {
                Some(key) => Ok(*key),
                None => Err(Value::Object(object)),
            },
            other => Err(other),
        }
    }
}

impl FromValue for Seed {
    fn kind() -> String {
        <Seed as crate::base::options::OptionType>::KIND.into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        match Key::from_value(value) {
            Ok(key) => Ok(key.into()),
            Err(value) => usize::from_value(value).map(Seed::from),
        }
    }
}

/// A probability distribution.
trait Distribution {
    fn fill<T: Real>(&self, key: &Key, out: &mut [T]);
}

struct Normal;

impl Distribution for Normal {
    fn fill<T: Real>(&self, key: &Key, out: &mut [T]) {
        key.fill_normal(out);
    }
}

struct Uniform {
    low: f64,
    high: f64,
}

impl Distribution for Uniform {
    fn fill<T: Real>(&self, key: &Key, out: &mut [T]) {
        key.fill_uniform(T::of(self.low), T::of(self.high), out);
    }
}

struct Bernoulli(f64);

impl Distribution for Bernoulli {
    fn fill<T: Real>(&self, key: &Key, out: &mut [T]) {
        let mut flags = vec![false; out.len()];
        key.fill_bernoulli(T::of(self.0), &mut flags);
        for (x, flag) in out.iter_mut().zip(flags) {
            *x = T::of(f64::from(u8::from(flag)));
        }
    }
}

/// A tensor of samples from a distribution.
///
/// Errors: `Memory` if it exceeds the memory limit of the run
fn sample(
    cx: &Context,
    op: &str,
    key: &Key,
    shape: Vec<usize>,
    precision: Precision,
    distribution: &impl Distribution,
) -> Result<Tensor, Diagnostic> {
    cx.check_memory(op, &shape, precision.dtype())?;
    with_precision!(precision, T => sample_dtype::<T>(key, shape, distribution))
}

fn sample_dtype<T: Real>(
    key: &Key,
    shape: Vec<usize>,
    distribution: &impl Distribution,
) -> Result<Tensor, Diagnostic> {
    let mut out = vec![T::default(); shape.iter().product()];
    distribution.fill(key, &mut out);
    Ok(Tensor::from_vec(out, shape, &Device::Cpu)?)
}

/// Random indices below `size`, selected as in `jax.random.choice`.
fn sample_indices(key: &Key, size: usize, n: usize, replace: bool) -> Vec<usize> {
    if !replace {
        return key.permutation(size).into_iter().take(n).collect();
    }
    let mut indices = vec![0; n];
    key.fill_integers(0, i32::try_from(size).unwrap_or(i32::MAX), &mut indices);
    indices.into_iter().map(|i| i as usize).collect()
}

/// Errors: `Range` unless `high` is above `low`
fn check_order(of: &str, low: f64, high: f64) -> Result<(), Diagnostic> {
    if high > low {
        return Ok(());
    }
    Err(range_error(of, "high", &format!("above {low}"), high))
}

/// Checks the bounds of a uniform distribution.
///
/// Errors: `Range` if the bounds are equal or reversed in this dtype, or if their difference
/// overflows
fn check_uniform_range(dtype: Precision, low: f64, high: f64) -> Result<(), Diagnostic> {
    let (of, expected) = (
        "random::uniform",
        format!("above {low} as {}", dtype.dtype().as_str()),
    );
    let [low_rounded, high_rounded, max_difference] =
        with_precision!(dtype, T => [T::of(low), T::of(high), T::MAX].map(T::double));
    if low_rounded >= high_rounded {
        return Err(range_error(of, "high", &expected, high));
    }
    if high_rounded - low_rounded > max_difference {
        let expected = format!("at most {max_difference} above `low`, {low}");
        return Err(range_error(of, "high", &expected, high));
    }
    Ok(())
}

/// The error for an argument outside its range.
fn range_error(of: &str, name: &str, expected: &str, found: f64) -> Diagnostic {
    let (of, name, expected) = (of.into(), name.into(), expected.into());
    Error::Range {
        of,
        name,
        expected,
        found: found.to_string(),
    }
    .into()
}
