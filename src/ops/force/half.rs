//! A symmetric matrix of which one half is kept, in tiles: read once, it is multiplied from both
//! sides of its diagonal, and it cannot lose its symmetry.

use pulp::Simd;

use super::changes::{Changes, WAITING};
use crate::ops::Lanes;

/// Side of a tile.
pub const SIDE: usize = 8;
pub const TILE: usize = SIDE * SIDE;

/// The numbers of one side of a tile.
pub type Row<T> = [T; SIDE];

/// Where the tiles of a row of tiles begin; those of row g are g + 1, the last on the diagonal.
pub fn start(row: usize) -> usize {
    TILE * row * (row + 1) / 2
}

/// Rows of tiles of a matrix of `n`.
pub fn rows(n: usize) -> usize {
    n.div_ceil(SIDE)
}

/// The half of `scale` times the matrix of ones on the diagonal, [n, n].
pub fn diagonal<T: Lanes>(n: usize, scale: T) -> Vec<T> {
    let mut half = vec![T::of(0.0); start(rows(n))];
    for k in 0..n {
        half[start(k / SIDE) + k / SIDE * TILE + k % SIDE * (SIDE + 1)] = scale;
    }
    half
}

/// The half of a whole symmetric matrix [n, n], of which the lower triangle counts.
pub fn of_whole<T: Lanes>(whole: &[T], n: usize) -> Vec<T> {
    let mut half = vec![T::of(0.0); start(rows(n))];
    for i in 0..n {
        for j in 0..=i {
            half[place(i, j)] = whole[i * n + j];
            if i / SIDE == j / SIDE {
                half[place(j, i)] = whole[i * n + j];
            }
        }
    }
    half
}

/// The whole matrix [n, n], row-major.
pub fn whole<T: Lanes>(half: &[T], n: usize) -> Vec<T> {
    let at = |i: usize, j: usize| match i / SIDE < j / SIDE {
        true => half[place(j, i)],
        false => half[place(i, j)],
    };
    (0..n * n).map(|k| at(k / n, k % n)).collect()
}

/// Where an entry stands; its row of tiles is not above its column of tiles.
fn place(i: usize, j: usize) -> usize {
    start(i / SIDE) + j / SIDE * TILE + i % SIDE * SIDE + j % SIDE
}

/// Adds to `into` what some rows of tiles (and the columns that mirror them) give when multiplied
/// with `x`; all of them padded to whole tiles.
#[inline(always)]
pub fn product<S: Simd, T: Lanes>(
    _: S,
    half: &[T],
    rows: std::ops::Range<usize>,
    x: &[T],
    into: &mut [T],
) {
    let (x, _) = x.as_chunks::<SIDE>();
    let (into, _) = into.as_chunks_mut::<SIDE>();
    let first = start(rows.start);
    for row in rows {
        let (tiles, _) = half[start(row) - first..start(row + 1) - first].as_chunks::<TILE>();
        let (diagonal, before) = tiles
            .split_last()
            .expect("a row of tiles ends on the diagonal");
        let own = x[row];
        let mut sums = [[T::of(0.0); SIDE]; SIDE];
        for k in 0..before.len() {
            let k = abreast(k, before.len());
            let (lines, _) = before[k].as_chunks::<SIDE>();
            let (x, mut across) = (&x[k], into[k]);
            for r in 0..SIDE {
                for c in 0..SIDE {
                    sums[r][c] = fused::<S, T>(lines[r][c], x[c], sums[r][c]);
                    across[c] = fused::<S, T>(lines[r][c], own[r], across[c]);
                }
            }
            into[k] = across;
        }
        let (lines, _) = diagonal.as_chunks::<SIDE>();
        for r in 0..SIDE {
            for c in 0..SIDE {
                sums[r][c] = fused::<S, T>(lines[r][c], own[c], sums[r][c]);
            }
            into[row][r] += total(&sums[r]);
        }
    }
}

/// Makes some changes in some rows of tiles.
#[inline(always)]
pub fn settle<S: Simd, T: Lanes>(
    _: S,
    half: &mut [T],
    rows: std::ops::Range<usize>,
    changes: &Changes<T>,
) {
    let first = start(rows.start);
    for row in rows {
        let mut scaled = [[T::of(0.0); SIDE]; WAITING];
        let lines = changes.lines(row);
        for ((scaled, line), scale) in scaled.iter_mut().zip(lines).zip(changes.scales()) {
            *scaled = line.map(|v| -(*scale * v));
        }
        let tiles = &mut half[start(row) - first..start(row + 1) - first];
        let (tiles, _) = tiles.as_chunks_mut::<TILE>();
        for (column, tile) in tiles.iter_mut().enumerate() {
            let (tile, _) = tile.as_chunks_mut::<SIDE>();
            let lines = changes.lines(column);
            // As many numbers as registers hold: a whole tile of f32, a half of f64.
            if size_of::<T>() == 4 {
                change::<SIDE, S, T>(tile, 0, &scaled, &lines);
            } else {
                change::<{ SIDE / 2 }, S, T>(tile, 0, &scaled, &lines);
                change::<{ SIDE / 2 }, S, T>(tile, SIDE / 2, &scaled, &lines);
            }
        }
        let (_, diagonal) = tiles.split_at_mut(row);
        mirror(&mut diagonal[0]);
    }
}

/// Makes all changes in `R` lines of a tile, the first of which is line `from`.
#[inline(always)]
fn change<const R: usize, S: Simd, T: Lanes>(
    tile: &mut [Row<T>],
    from: usize,
    scaled: &[Row<T>; WAITING],
    lines: &[&Row<T>; WAITING],
) {
    let mut sums = [[T::of(0.0); SIDE]; R];
    sums.copy_from_slice(&tile[from..from + R]);
    for (scaled, v) in scaled.iter().zip(lines) {
        for r in 0..R {
            for c in 0..SIDE {
                sums[r][c] = fused::<S, T>(scaled[from + r], v[c], sums[r][c]);
            }
        }
    }
    tile[from..from + R].copy_from_slice(&sums);
}

/// Makes a tile on the diagonal symmetric: its two sides are rounded differently.
fn mirror<T: Lanes>(tile: &mut [T; TILE]) {
    for r in 0..SIDE {
        for c in 0..r {
            tile[c * SIDE + r] = tile[r * SIDE + c];
        }
    }
}

/// The order in which `count` neighbours are read fastest: from four places side by side, each of
/// which a processor fetches ahead by itself.
#[inline(always)]
pub fn abreast(at: usize, count: usize) -> usize {
    let quarter = count / 4;
    match at < 4 * quarter {
        true => at % 4 * quarter + at / 4,
        false => at,
    }
}

/// The product of two vectors of whole lines, summed in a fixed order.
#[inline(always)]
pub fn dot<S: Simd, T: Lanes>(_: S, a: &[T], b: &[T]) -> T {
    let (a, b) = (a.as_chunks::<SIDE>().0, b.as_chunks::<SIDE>().0);
    let mut sums = [T::of(0.0); SIDE];
    for (a, b) in a.iter().zip(b) {
        for k in 0..SIDE {
            sums[k] = fused::<S, T>(a[k], b[k], sums[k]);
        }
    }
    total(&sums)
}

/// The sum of some numbers, in pairs.
#[inline(always)]
pub fn total<T: Lanes>(row: &Row<T>) -> T {
    let pair = |a: usize| row[a] + row[a + 4];
    (pair(0) + pair(2)) + (pair(1) + pair(3))
}

/// a b + c; in two roundings where the processor lacks the instruction for one.
#[inline(always)]
pub fn fused<S: Simd, T: Lanes>(a: T, b: T, c: T) -> T {
    if S::IS_SCALAR {
        a * b + c
    } else {
        a.fused(b, c)
    }
}
