//! Loops over cells, number by number: what a formula says of one trial, done for all.
//!
//! A formula is given its targets and its sources as arrays. It must capture what it needs by
//! value (`move`): a captured reference would be read from memory again for every number, and the
//! loop would not become vector code.

use pulp::Simd;

use super::{Cell, Lanes, flat, flat_mut, vectorize};

/// One row makes a loop with so many targets and sources. All have as many cells as the first
/// target, or more.
macro_rules! loops {
    ($($name:ident [$($target:ident),+; $m:literal] [$($source:ident),*; $n:literal];)*) => { $(
        #[inline(always)]
        pub fn $name<S: Simd, T: Lanes>(
            simd: S,
            [$($target),+]: [&mut [Cell<T>]; $m],
            [$($source),*]: [&[Cell<T>]; $n],
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

/// Adds `from` to the first cells of `into`, which has as many or more.
#[inline(always)]
pub fn add<S: Simd, T: Lanes>(simd: S, into: &mut [Cell<T>], from: &[Cell<T>]) {
    let into = &mut into[..from.len()];
    each_1_1(simd, [into], [from], |[x], [d]| *x += d);
}
