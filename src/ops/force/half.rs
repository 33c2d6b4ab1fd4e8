//! A symmetric matrix of which one half is kept, in tiles: read once, it is multiplied from both
//! sides of its diagonal, and it cannot lose its symmetry.

use pulp::Simd;

use crate::ops::Lanes;

/// Side of a tile.
pub const SIDE: usize = 8;
const TILE: usize = SIDE * SIDE;

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
    let at = |i: usize, j: usize| half[place(i.max(j), i.min(j))];
    (0..n * n).map(|k| at(k / n, k % n)).collect()
}

/// Where an entry stands; its row of tiles is not above its column of tiles.
fn place(i: usize, j: usize) -> usize {
    start(i / SIDE) + j / SIDE * TILE + i % SIDE * SIDE + j % SIDE
}

/// Changes of rank 1 that are still to be made to a matrix: `- sum over j of scales[j] v_j v_j'`.
#[derive(Clone, Copy)]
pub struct Pending<'a, T> {
    /// One vector after another, each padded to whole tiles.
    pub vectors: &'a [T],
    pub scales: &'a [T],
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
        for ((tile, x), into) in before.iter().zip(x).zip(into.iter_mut()) {
            let (lines, _) = tile.as_chunks::<SIDE>();
            let mut across = *into;
            for r in 0..SIDE {
                for c in 0..SIDE {
                    sums[r][c] = fused::<S, T>(lines[r][c], x[c], sums[r][c]);
                    across[c] = fused::<S, T>(lines[r][c], own[r], across[c]);
                }
            }
            *into = across;
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

/// Makes the changes that are pending in some rows of tiles.
#[inline(always)]
pub fn settle<S: Simd, T: Lanes>(
    _: S,
    half: &mut [T],
    rows: std::ops::Range<usize>,
    pending: Pending<'_, T>,
    padded: usize,
) {
    let first = start(rows.start);
    let mut scaled: Vec<Row<T>> = vec![[T::of(0.0); SIDE]; pending.scales.len()];
    for row in rows {
        for (j, scaled) in scaled.iter_mut().enumerate() {
            let own = &pending.vectors[j * padded + row * SIDE..][..SIDE];
            for (to, v) in scaled.iter_mut().zip(own) {
                *to = -(pending.scales[j] * *v);
            }
        }
        let tiles = &mut half[start(row) - first..start(row + 1) - first];
        let (tiles, _) = tiles.as_chunks_mut::<TILE>();
        for (column, tile) in tiles.iter_mut().enumerate() {
            let (lines, _) = tile.as_chunks_mut::<SIDE>();
            let vectors = &pending.vectors[column * SIDE..];
            // As many numbers as registers hold: a whole tile of f32, a half of f64.
            if size_of::<T>() == 4 {
                change::<SIDE, S, T>(lines, &scaled, 0, vectors, padded);
            } else {
                let (above, below) = lines.split_at_mut(SIDE / 2);
                change::<{ SIDE / 2 }, S, T>(above, &scaled, 0, vectors, padded);
                change::<{ SIDE / 2 }, S, T>(below, &scaled, SIDE / 2, vectors, padded);
            }
        }
    }
}

/// Makes all changes in `R` lines of a tile, the first of which is line `from`.
#[inline(always)]
fn change<const R: usize, S: Simd, T: Lanes>(
    lines: &mut [Row<T>],
    scaled: &[Row<T>],
    from: usize,
    vectors: &[T],
    padded: usize,
) {
    let mut sums = [[T::of(0.0); SIDE]; R];
    sums.copy_from_slice(&lines[..R]);
    for (scaled, v) in scaled.iter().zip(vectors.chunks(padded)) {
        let v: &Row<T> = v[..SIDE].try_into().expect("a line of a tile");
        for r in 0..R {
            for c in 0..SIDE {
                sums[r][c] = fused::<S, T>(scaled[from + r], v[c], sums[r][c]);
            }
        }
    }
    lines[..R].copy_from_slice(&sums);
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
