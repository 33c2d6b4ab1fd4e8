//! Packed symmetric matrices: the lower triangle in tiles. A product reads each tile once for both
//! sides of the diagonal, and the matrix remains symmetric under rounding.

use pulp::Simd;

use super::rank1_updates::{CAPACITY, Rank1Updates};
use super::vector::{Row, SIDE, fma, interleave, pairwise_sum};
use crate::ops::Lanes;

/// Elements of a tile.
pub const TILE: usize = SIDE * SIDE;

/// Offset of a row of tiles. Row g has g + 1 tiles; the last one is on the diagonal.
pub fn tile_row_start(row: usize) -> usize {
    TILE * row * (row + 1) / 2
}

/// Number of rows of tiles of a matrix [n, n].
pub fn tile_row_count(n: usize) -> usize {
    n.div_ceil(SIDE)
}

/// The packed matrix `scale` times the identity, [n, n].
pub fn scaled_identity<T: Lanes>(n: usize, scale: T) -> Vec<T> {
    let mut packed = vec![T::of(0.0); tile_row_start(tile_row_count(n))];
    for k in 0..n {
        packed[tile_row_start(k / SIDE) + k / SIDE * TILE + k % SIDE * (SIDE + 1)] = scale;
    }
    packed
}

/// Packs a symmetric matrix [n, n]; reads its lower triangle only.
pub fn pack<T: Lanes>(matrix: &[T], n: usize) -> Vec<T> {
    let mut packed = vec![T::of(0.0); tile_row_start(tile_row_count(n))];
    for i in 0..n {
        for j in 0..=i {
            packed[index(i, j)] = matrix[i * n + j];
            if i / SIDE == j / SIDE {
                packed[index(j, i)] = matrix[i * n + j];
            }
        }
    }
    packed
}

/// The full matrix [n, n], row-major.
pub fn unpack<T: Lanes>(packed: &[T], n: usize) -> Vec<T> {
    let at = |i: usize, j: usize| match i / SIDE < j / SIDE {
        true => packed[index(j, i)],
        false => packed[index(i, j)],
    };
    (0..n * n).map(|k| at(k / n, k % n)).collect()
}

/// Index of an element whose tile is on or below the diagonal.
fn index(i: usize, j: usize) -> usize {
    tile_row_start(i / SIDE) + j / SIDE * TILE + i % SIDE * SIDE + j % SIDE
}

/// Adds the product with `x` of some rows of tiles, and of their mirror images above the diagonal,
/// to `into`. Both vectors are padded to whole tiles.
#[inline(always)]
pub fn add_product<S: Simd, T: Lanes>(
    _: S,
    packed: &[T],
    rows: std::ops::Range<usize>,
    x: &[T],
    into: &mut [T],
) {
    let (x, _) = x.as_chunks::<SIDE>();
    let (into, _) = into.as_chunks_mut::<SIDE>();
    let first = tile_row_start(rows.start);
    for row in rows {
        let (tiles, _) = packed[tile_row_start(row) - first..tile_row_start(row + 1) - first]
            .as_chunks::<TILE>();
        let (diagonal, before) = tiles
            .split_last()
            .expect("a row of tiles ends on the diagonal");
        let own = x[row];
        let mut sums = [[T::of(0.0); SIDE]; SIDE];
        for k in 0..before.len() {
            let k = interleave(k, before.len());
            let (lines, _) = before[k].as_chunks::<SIDE>();
            let (x, mut mirrored) = (&x[k], into[k]);
            for r in 0..SIDE {
                for c in 0..SIDE {
                    sums[r][c] = fma::<S, T>(lines[r][c], x[c], sums[r][c]);
                    mirrored[c] = fma::<S, T>(lines[r][c], own[r], mirrored[c]);
                }
            }
            into[k] = mirrored;
        }
        let (lines, _) = diagonal.as_chunks::<SIDE>();
        for r in 0..SIDE {
            for c in 0..SIDE {
                sums[r][c] = fma::<S, T>(lines[r][c], own[c], sums[r][c]);
            }
            into[row][r] += pairwise_sum(&sums[r]);
        }
    }
}

/// Subtracts a batch of updates from some rows of tiles.
#[inline(always)]
pub fn subtract_updates<S: Simd, T: Lanes>(
    _: S,
    packed: &mut [T],
    rows: std::ops::Range<usize>,
    updates: &Rank1Updates<T>,
) {
    let first = tile_row_start(rows.start);
    for row in rows {
        let mut scaled = [[T::of(0.0); SIDE]; CAPACITY];
        let lines = updates.chunks_at(row);
        for ((scaled, line), scale) in scaled.iter_mut().zip(lines).zip(updates.scales()) {
            *scaled = line.map(|v| -(*scale * v));
        }
        let tiles = &mut packed[tile_row_start(row) - first..tile_row_start(row + 1) - first];
        let (tiles, _) = tiles.as_chunks_mut::<TILE>();
        for (column, tile) in tiles.iter_mut().enumerate() {
            let (tile, _) = tile.as_chunks_mut::<SIDE>();
            let lines = updates.chunks_at(column);
            // The registers hold a whole tile of f32, half a tile of f64.
            if size_of::<T>() == 4 {
                subtract_from_tile::<SIDE, S, T>(tile, 0, &scaled, &lines);
            } else {
                subtract_from_tile::<{ SIDE / 2 }, S, T>(tile, 0, &scaled, &lines);
                subtract_from_tile::<{ SIDE / 2 }, S, T>(tile, SIDE / 2, &scaled, &lines);
            }
        }
        let (_, diagonal) = tiles.split_at_mut(row);
        symmetrize(&mut diagonal[0]);
    }
}

/// Subtracts the updates from `R` rows of a tile, beginning at row `from`.
#[inline(always)]
fn subtract_from_tile<const R: usize, S: Simd, T: Lanes>(
    tile: &mut [Row<T>],
    from: usize,
    scaled: &[Row<T>; CAPACITY],
    lines: &[&Row<T>; CAPACITY],
) {
    let mut sums = [[T::of(0.0); SIDE]; R];
    sums.copy_from_slice(&tile[from..from + R]);
    for (scaled, v) in scaled.iter().zip(lines) {
        for r in 0..R {
            for c in 0..SIDE {
                sums[r][c] = fma::<S, T>(scaled[from + r], v[c], sums[r][c]);
            }
        }
    }
    tile[from..from + R].copy_from_slice(&sums);
}

/// Copies the lower triangle of a diagonal tile to the upper one, whose rounding errors differ.
fn symmetrize<T: Lanes>(tile: &mut [T; TILE]) {
    for r in 0..SIDE {
        for c in 0..r {
            tile[c * SIDE + r] = tile[r * SIDE + c];
        }
    }
}
