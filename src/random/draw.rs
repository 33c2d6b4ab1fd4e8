//! The distributions: each fills a slice from a key, in parallel where it is long.

use std::marker::PhantomData;

use super::Key;
use super::fill::Rule;
use super::normal::{Lane, Normal};
use super::threefry::LANES;
use crate::tensor::{DType, Real};

impl Key {
    /// Fills `out` with random bits, `jax.random.bits`.
    pub fn fill_bits(&self, out: &mut [u32]) {
        self.fill(out, &Bits);
    }

    /// Fills `out` with numbers from `low` (included) to `high` (excluded); with `low` alone where
    /// `high` is not above it.
    ///
    /// Double precision takes 64 bits a number, as JAX with 64-bit numbers switched on.
    pub fn fill_uniform<T: Real>(&self, low: T, high: T, out: &mut [T]) {
        if T::DTYPE == DType::F64 {
            self.fill(out, &Uniform::<f64, T>::new(low, high));
        } else {
            self.fill(out, &Uniform::<f32, T>::new(low, high));
        }
    }

    /// Fills `out` with standard normals.
    ///
    /// Double precision takes 64 bits a number, as JAX with 64-bit numbers switched on.
    pub fn fill_normal<T: Real>(&self, out: &mut [T]) {
        if T::DTYPE == DType::F64 {
            self.fill(out, &Normal::<f64, T>(PhantomData));
        } else {
            self.fill(out, &Normal::<f32, T>(PhantomData));
        }
    }

    /// Fills `out` with the standard normals `start` and after of this key, so that parts of one
    /// draw can be made in any order and place.
    ///
    /// They are those of [`Key::fill_normal`] in the partitionable layout, whatever the layout
    /// of the key: in the original one an element is not known before the size of the draw is.
    pub fn fill_normal_range<T: Real>(&self, start: u64, out: &mut [T]) {
        if T::DTYPE == DType::F64 {
            self.fill_from(start, out, &Normal::<f64, T>(PhantomData));
        } else {
            self.fill_from(start, out, &Normal::<f32, T>(PhantomData));
        }
    }

    /// Fills `out` with truths that come with probability `p`; the kind of number of `p` says
    /// how many bits decide.
    pub fn fill_bernoulli<T: Real>(&self, p: T, out: &mut [bool]) {
        if T::DTYPE == DType::F64 {
            self.fill(out, &Bernoulli(p.double()));
        } else {
            self.fill(out, &Bernoulli(p.double() as f32));
        }
    }

    /// Fills `out` with 1 / p, as likely as `p` says, and zeros: what dropout multiplies by.
    pub fn fill_kept<T: Real>(&self, p: f64, out: &mut [T]) {
        let rule = Kept {
            p: p as f32,
            kept: T::of(1.0 / p),
        };
        self.fill(out, &rule);
    }

    /// Fills `out` with whole numbers from `low` to `high - 1`; with `low` alone where `high` is
    /// not above it.
    ///
    /// Source: `jax.random.randint` for 32-bit numbers; 64 random bits modulo the span, so
    /// uneven by less than span / 2^64.
    pub fn fill_integers(&self, low: i32, high: i32, out: &mut [i32]) {
        let [upper, lower] = self.children();
        let span = if high > low {
            high.wrapping_sub(low) as u32
        } else {
            1
        };
        let half = (1 << 16) % span;
        upper.fill(
            out,
            &Upper {
                span,
                scale: half.wrapping_mul(half) % span,
            },
        );
        lower.fill(out, &Lower { span, low });
    }
}

struct Bits;

impl Rule for Bits {
    type Word = u32;
    type Out = u32;
    #[inline(always)]
    fn apply(&self, words: &[u32; LANES], out: &mut [u32; LANES]) {
        *out = *words;
    }
}

/// Uniform numbers computed in `L`, written as `T`.
struct Uniform<L, T> {
    low: L,
    width: L,
    /// The greatest number below `high`, which a product may be rounded up to.
    last: L,
    written: PhantomData<fn() -> T>,
}

macro_rules! uniform {
    ($($lane:ty),*) => { $(
        impl<T: Real> Uniform<$lane, T> {
            fn new(low: T, high: T) -> Self {
                let (low, high) = (low.double() as $lane, high.double() as $lane);
                let last = if high > low { high.next_down() } else { low };
                Uniform { low, width: high - low, last, written: PhantomData }
            }
        }

        impl<T: Real> Rule for Uniform<$lane, T> {
            type Word = <$lane as Lane>::Word;
            type Out = T;
            #[inline(always)]
            fn apply(&self, words: &[Self::Word; LANES], out: &mut [T; LANES]) {
                let mut value = [0.0; LANES];
                for l in 0..LANES {
                    let drawn = <$lane>::unit(words[l]).mul_add(self.width, self.low);
                    value[l] = drawn.min(self.last);
                }
                for l in 0..LANES {
                    out[l] = T::of(f64::from(value[l]));
                }
            }
        }

        impl Rule for Bernoulli<$lane> {
            type Word = <$lane as Lane>::Word;
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

struct Kept<T> {
    p: f32,
    kept: T,
}

impl<T: Real> Rule for Kept<T> {
    type Word = u32;
    type Out = T;
    #[inline(always)]
    fn apply(&self, words: &[u32; LANES], out: &mut [T; LANES]) {
        let zero = T::of(0.0);
        for l in 0..LANES {
            out[l] = match f32::unit(words[l]) < self.p {
                true => self.kept,
                false => zero,
            };
        }
    }
}

uniform!(f32, f64);

/// The part of an integer that the upper 32 of its 64 bits make.
struct Upper {
    span: u32,
    /// 2^32 modulo the span.
    scale: u32,
}

impl Rule for Upper {
    type Word = u32;
    type Out = i32;
    #[inline(always)]
    fn apply(&self, words: &[u32; LANES], out: &mut [i32; LANES]) {
        for l in 0..LANES {
            out[l] = (words[l] % self.span).wrapping_mul(self.scale) as i32;
        }
    }
}

/// Adds the part of the lower 32 bits, and the offset.
struct Lower {
    span: u32,
    low: i32,
}

impl Rule for Lower {
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
