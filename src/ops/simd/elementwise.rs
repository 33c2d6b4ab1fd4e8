//! Elementwise loops over `Lane16` slices: a closure computes one element, and the loop is
//! vectorized.
//!
//! The closure receives its targets and its sources as arrays. It must capture other values by
//! value (`move`): a captured reference is read from memory for every element, which prevents
//! vectorization.

use pulp::Simd;

use super::{Lane16, Lanes, flat, flat_mut, vectorize};

/// Each row defines a loop `each_M_N` with M targets and N sources. All slices must be at least as
/// long as the first target.
macro_rules! loops {
    ($($name:ident [$($target:ident),+; $m:literal] [$($source:ident),*; $n:literal];)*) => { $(
        #[inline(always)]
        pub fn $name<S: Simd, T: Lanes>(
            simd: S,
            [$($target),+]: [&mut [Lane16<T>]; $m],
            [$($source),*]: [&[Lane16<T>]; $n],
            formula: impl Fn([&mut T; $m], [T; $n]),
        ) {
            $(let $target = flat_mut($target);)+
            $(let $source = flat($source);)*
            vectorize(
                    simd,
                #[inline(always)]
                || {
                    let len = loops!(@first $($target),+).len();
                    $(let $target = &mut $target[..len];)+
                    $(let $source = &$source[..len];)*
                    for k in 0..len {
                        formula([$(&mut $target[k]),+], [$($source[k]),*]);
                    }
                },
            );
        }
    )* };
    (@first $first:ident $(, $rest:ident)*) => { $first };
}

loops! {
    each_1_0 [x; 1] [; 0];
    each_1_1 [x; 1] [a; 1];
    each_1_2 [x; 1] [a, b; 2];
    each_1_3 [x; 1] [a, b, c; 3];
    each_1_4 [x; 1] [a, b, c, d; 4];
    each_2_0 [x, y; 2] [; 0];
    each_2_1 [x, y; 2] [a; 1];
    each_2_2 [x, y; 2] [a, b; 2];
    each_2_3 [x, y; 2] [a, b, c; 3];
    each_3_1 [x, y, z; 3] [a; 1];
    each_4_1 [x, y, z, w; 4] [a; 1];
    each_4_2 [x, y, z, w; 4] [a, b; 2];
}

/// Adds `from` to the first elements of `into`, which must be at least as long.
#[inline(always)]
pub fn add<S: Simd, T: Lanes>(simd: S, into: &mut [Lane16<T>], from: &[Lane16<T>]) {
    let into = &mut into[..from.len()];
    each_1_1(simd, [into], [from], |[x], [d]| *x += d);
}
