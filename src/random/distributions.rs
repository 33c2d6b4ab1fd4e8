//! Distributions: each fills a slice from a key, in parallel if the slice is long.

use std::marker::PhantomData;

use super::Key;
use super::fill::Distribution;
use super::normal::{Float, Normal};
use super::threefry::LANES;
use crate::tensor::{DType, Real};

impl Key {
    /// Fills `out` with random bits, `jax.random.bits`.
    pub fn fill_bits(&self, out: &mut [u32]) {
        self.fill(out, &Bits);
    }

    /// Fills `out` with uniform numbers in [low, high); with `low` if `high` is not larger.
    ///
    /// Double precision uses 64 bits per number, as JAX does with `jax_enable_x64`.
    pub fn fill_uniform<T: Real>(&self, low: T, high: T, out: &mut [T]) {
        if T::DTYPE == DType::F64 {
            self.fill(out, &Uniform::<f64, T>::new(low, high));
        } else {
            self.fill(out, &Uniform::<f32, T>::new(low, high));
        }
    }

    /// Fills `out` with standard normal numbers.
    ///
    /// Double precision uses 64 bits per number, as JAX does with `jax_enable_x64`.
    pub fn fill_normal<T: Real>(&self, out: &mut [T]) {
        if T::DTYPE == DType::F64 {
            self.fill(out, &Normal::<f64, T>(PhantomData));
        } else {
            self.fill(out, &Normal::<f32, T>(PhantomData));
        }
    }

    /// Fills `out` with the standard normal numbers of this key from index `start`, so that the
    /// parts of one draw can be generated in any order.
    ///
    /// The numbers equal those of [`Key::fill_normal`] in the partitionable layout, for any layout
    /// of the key: in the original layout an element depends on the size of the draw.
    pub fn fill_normal_range<T: Real>(&self, start: u64, out: &mut [T]) {
        if T::DTYPE == DType::F64 {
            self.fill_from(start, out, &Normal::<f64, T>(PhantomData));
        } else {
            self.fill_from(start, out, &Normal::<f32, T>(PhantomData));
        }
    }

    /// Fills `out` with Bernoulli samples of probability `p`; the dtype of `p` determines the
    /// number of bits per sample.
    pub fn fill_bernoulli<T: Real>(&self, p: T, out: &mut [bool]) {
        if T::DTYPE == DType::F64 {
            self.fill(out, &Bernoulli(p.double()));
        } else {
            self.fill(out, &Bernoulli(p.double() as f32));
        }
    }

    /// Fills `out` with dropout factors: 1 / p with probability `p`, otherwise 0.
    pub fn fill_dropout<T: Real>(&self, p: f64, out: &mut [T]) {
        let distribution = Dropout {
            p: p as f32,
            scale: T::of(1.0 / p),
        };
        self.fill(out, &distribution);
    }

    /// Fills `out` with uniform integers in [low, high); with `low` if `high` is not larger.
    ///
    /// Source: `jax.random.randint` for 32-bit integers; 64 random bits modulo the span, so the
    /// bias is less than span / 2^64.
    pub fn fill_integers(&self, low: i32, high: i32, out: &mut [i32]) {
        let [upper, lower] = self.split_array();
        let span = if high > low {
            high.wrapping_sub(low) as u32
        } else {
            1
        };
        let half = (1 << 16) % span;
        upper.fill(
            out,
            &UpperBits {
                span,
                scale: half.wrapping_mul(half) % span,
            },
        );
        lower.fill(out, &LowerBits { span, low });
    }
}

struct Bits;

impl Distribution for Bits {
    type Word = u32;
    type Out = u32;
    #[inline(always)]
    fn apply(&self, words: &[u32; LANES], out: &mut [u32; LANES]) {
        *out = *words;
    }
}

/// Uniform numbers, computed in `L` and converted to `T`.
struct Uniform<L, T> {
    low: L,
    width: L,
    /// The largest number below `high`: the upper bound, because rounding could reach `high`.
    last: L,
    output: PhantomData<fn() -> T>,
}

macro_rules! uniform {
    ($($lane:ty),*) => { $(
        impl<T: Real> Uniform<$lane, T> {
            fn new(low: T, high: T) -> Self {
                let (low, high) = (low.double() as $lane, high.double() as $lane);
                let last = if high > low { high.next_down() } else { low };
                Uniform { low, width: high - low, last, output: PhantomData }
            }
        }

        impl<T: Real> Distribution for Uniform<$lane, T> {
            type Word = <$lane as Float>::Word;
            type Out = T;
            #[inline(always)]
            fn apply(&self, words: &[Self::Word; LANES], out: &mut [T; LANES]) {
                let mut value = [0.0; LANES];
                for l in 0..LANES {
                    let sample = <$lane>::unit(words[l]).mul_add(self.width, self.low);
                    value[l] = sample.min(self.last);
                }
                for l in 0..LANES {
                    out[l] = T::of(f64::from(value[l]));
                }
            }
        }

        impl Distribution for Bernoulli<$lane> {
            type Word = <$lane as Float>::Word;
            type Out = bool;
            #[inline(always)]
            fn apply(&self, words: &[Self::Word; LANES], out: &mut [bool; LANES]) {
                for l in 0..LANES {
                    out[l] = <$lane>::unit(words[l]) < self.0;
                }
            }
        }
    )* };
}

struct Bernoulli<L>(L);

struct Dropout<T> {
    p: f32,
    scale: T,
}

impl<T: Real> Distribution for Dropout<T> {
    type Word = u32;
    type Out = T;
    #[inline(always)]
    fn apply(&self, words: &[u32; LANES], out: &mut [T; LANES]) {
        let zero = T::of(0.0);
        for l in 0..LANES {
            out[l] = match f32::unit(words[l]) < self.p {
                true => self.scale,
                false => zero,
            };
        }
    }
}

uniform!(f32, f64);

/// Contribution of the upper 32 of the 64 bits of an integer.
struct UpperBits {
    span: u32,
    /// 2^32 modulo the span.
    scale: u32,
}

impl Distribution for UpperBits {
    type Word = u32;
    type Out = i32;
    #[inline(always)]
    fn apply(&self, words: &[u32; LANES], out: &mut [i32; LANES]) {
        for l in 0..LANES {
            out[l] = (words[l] % self.span).wrapping_mul(self.scale) as i32;
        }
    }
}

/// Adds the contribution of the lower 32 bits and the offset.
struct LowerBits {
    span: u32,
    low: i32,
}

impl Distribution for LowerBits {
    type Word = u32;
    type Out = i32;
    #[inline(always)]
    fn apply(&self, words: &[u32; LANES], out: &mut [i32; LANES]) {
        for l in 0..LANES {
            let sum = (out[l] as u32).wrapping_add(words[l] % self.span);
            out[l] = self.low.wrapping_add((sum % self.span) as i32);
        }
    }
}
