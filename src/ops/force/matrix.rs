//! Dense and sparse matrices: matrix-vector products and low-rank updates, row by row.

use pulp::{Arch, Simd, WithSimd};

use super::rank1_updates::{CAPACITY, Rank1Updates};
use super::vector::{Row, SIDE, fma, padded_len, sum_lanes};
use crate::ops::Lanes;

/// Rows that are read together: a processor reads several streams from its cache twice as fast as
/// one.
const ROWS_PER_PASS: usize = 8;
/// A dense row-major matrix [rows, columns]; each row is padded with zeros.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense<T> {
    pub rows: usize,
    pub columns: usize,
    /// [rows, padded(columns)]
    pub data: Vec<T>,
}

/// A sparse matrix in compressed row storage.
#[derive(Debug, Clone, PartialEq)]
pub struct Sparse<T> {
    pub columns: usize,
    /// End of each row in the other two arrays.
    row_ends: Vec<usize>,
    column_indices: Vec<u32>,
    data: Vec<T>,
}

/// A dense or a sparse matrix.
#[derive(Debug, Clone, PartialEq)]
pub enum Matrix<T> {
    Dense(Dense<T>),
    Sparse(Sparse<T>),
}

impl<T: Lanes> Dense<T> {
    /// A matrix from its values.
    ///
    /// Shapes: values [rows, columns] row-major
    pub fn new(values: &[T], rows: usize, columns: usize) -> Dense<T> {
        let mut data = vec![T::of(0.0); rows * padded_len(columns)];
        if columns > 0 {
            let lines = data.chunks_exact_mut(padded_len(columns));
            for (line, row) in lines.zip(values.chunks_exact(columns)) {
                line[..columns].copy_from_slice(row);
            }
        }
        Dense {
            rows,
            columns,
            data,
        }
    }

    /// The values without padding, [rows, columns] row-major.
    pub fn to_row_major(&self) -> Vec<T> {
        let lines = self.data.chunks_exact(padded_len(self.columns).max(1));
        lines
            .flat_map(|line| line[..self.columns].iter().copied())
            .collect()
    }

    /// Adds the product of the rows from `first` on with x to `into`, one row per element.
    ///
    /// Shapes: x [padded_len(columns)]
    pub fn add_product(&self, first: usize, x: &[T], into: &mut [T]) {
        let width = padded_len(self.columns);
        add_product(&self.data[first * width..][..into.len() * width], x, into);
    }
}

/// Adds the product of some padded rows with x to `into`.
pub fn add_product<T: Lanes>(rows: &[T], x: &[T], into: &mut [T]) {
    if !x.is_empty() {
        Arch::new().dispatch(RowProducts { rows, x, into });
    }
}

/// Adds scales[r] v to each padded row r.
pub fn add_outer<T: Lanes>(rows: &mut [T], scales: &[T], v: &[T]) {
    Arch::new().dispatch(OuterUpdate { rows, scales, v });
}

/// Subtracts the sum over j of s_j errors[r][j] v_j from each padded row r.
pub fn subtract_updates<T: Lanes>(
    rows: &mut [T],
    errors: &[[T; CAPACITY]],
    updates: &Rank1Updates<T>,
) {
    Arch::new().dispatch(SubtractUpdates {
        rows,
        errors,
        updates,
    });
}

impl<T: Lanes> Sparse<T> {
    fn new(values: &[T], columns: usize) -> Sparse<T> {
        let mut sparse = Sparse {
            columns,
            row_ends: Vec::new(),
            column_indices: Vec::new(),
            data: Vec::new(),
        };
        for row in values.chunks_exact(columns.max(1)) {
            for (at, x) in row.iter().enumerate().filter(|(_, x)| **x != T::of(0.0)) {
                sparse.column_indices.push(at as u32);
                sparse.data.push(*x);
            }
            sparse.row_ends.push(sparse.data.len());
        }
        sparse
    }

    fn to_row_major(&self) -> Vec<T> {
        let mut values = vec![T::of(0.0); self.row_ends.len() * self.columns];
        let mut start = 0;
        for (row, end) in values
            .chunks_exact_mut(self.columns.max(1))
            .zip(&self.row_ends)
        {
            for k in start..*end {
                row[self.column_indices[k] as usize] = self.data[k];
            }
            start = *end;
        }
        values
    }

    fn add_product(&self, first: usize, x: &[T], into: &mut [T]) {
        let mut start = if first == 0 {
            0
        } else {
            self.row_ends[first - 1]
        };
        for (to, end) in into.iter_mut().zip(&self.row_ends[first..]) {
            let pairs = self.column_indices[start..*end]
                .iter()
                .zip(&self.data[start..*end]);
            // Four partial sums hide the latency of the additions.
            let mut sums = [T::of(0.0); 4];
            for (k, (at, w)) in pairs.enumerate() {
                sums[k % 4] += *w * x[*at as usize];
            }
            *to += (sums[0] + sums[2]) + (sums[1] + sums[3]);
            start = *end;
        }
    }
}

impl<T: Lanes> Matrix<T> {
    /// A matrix from its values, in the format with fewer bytes to read.
    ///
    /// Shapes: values [rows, columns] row-major
    pub fn new(values: &[T], rows: usize, columns: usize) -> Matrix<T> {
        let filled = values.iter().filter(|x| **x != T::of(0.0)).count();
        let sparse = filled * (size_of::<T>() + size_of::<u32>());
        // Scattered reads are about twice as slow as contiguous ones.
        if 2 * sparse < size_of_val(values) {
            return Matrix::Sparse(Sparse::new(values, columns));
        }
        Matrix::Dense(Dense::new(values, rows, columns))
    }

    /// Adds the product of the rows from `first` on with x to `into`, one row per element.
    pub fn add_product(&self, first: usize, x: &[T], into: &mut [T]) {
        match self {
            Matrix::Dense(dense) => dense.add_product(first, x, into),
            Matrix::Sparse(sparse) => sparse.add_product(first, x, into),
        }
    }

    /// The values without padding, [rows, columns] row-major.
    pub fn to_row_major(&self) -> Vec<T> {
        match self {
            Matrix::Dense(dense) => dense.to_row_major(),
            Matrix::Sparse(sparse) => sparse.to_row_major(),
        }
    }

    /// Converts to dense storage, for weights that are trained.
    pub fn make_dense(&mut self) {
        if let Matrix::Sparse(sparse) = self {
            let (rows, columns) = (sparse.row_ends.len(), sparse.columns);
            *self = Matrix::Dense(Dense::new(&sparse.to_row_major(), rows, columns));
        }
    }
}

struct RowProducts<'a, T> {
    rows: &'a [T],
    x: &'a [T],
    into: &'a mut [T],
}

impl<T: Lanes> WithSimd for RowProducts<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.x.len();
        let (blocks, rest) = self.into.as_chunks_mut::<ROWS_PER_PASS>();
        let (first, last) = self.rows.split_at(blocks.len() * ROWS_PER_PASS * width);
        for (rows, into) in first.chunks_exact(ROWS_PER_PASS * width).zip(blocks) {
            multiply_rows(simd, rows, self.x, into);
        }
        let (half_blocks, rest) = rest.as_chunks_mut::<{ ROWS_PER_PASS / 2 }>();
        let (first, last) = last.split_at(half_blocks.len() * ROWS_PER_PASS / 2 * width);
        for (rows, into) in first
            .chunks_exact(ROWS_PER_PASS / 2 * width)
            .zip(half_blocks)
        {
            multiply_rows(simd, rows, self.x, into);
        }
        for (row, into) in last.chunks_exact(width).zip(rest) {
            multiply_rows::<1, S, T>(simd, row, self.x, std::array::from_mut(into));
        }
    }
}

/// Adds the product of `R` rows with x to `into`. The sum of a row has the same bits for every `R`.
#[inline(always)]
fn multiply_rows<const R: usize, S: Simd, T: Lanes>(
    simd: S,
    rows: &[T],
    x: &[T],
    into: &mut [T; R],
) {
    let width = x.len();
    let x = T::vectors::<S>(x);
    let rows: [_; R] =
        std::array::from_fn(|r| &T::vectors::<S>(&rows[r * width..][..width])[..x.len()]);
    let mut sums = [T::splat(simd, T::of(0.0)); R];
    for (k, x) in x.iter().enumerate() {
        for (sum, row) in sums.iter_mut().zip(rows) {
            *sum = T::mul_add(simd, row[k], *x, *sum);
        }
    }
    for (into, sum) in into.iter_mut().zip(sums) {
        *into += sum_lanes::<S, T>(sum);
    }
}

struct OuterUpdate<'a, T> {
    rows: &'a mut [T],
    scales: &'a [T],
    v: &'a [T],
}

impl<T: Lanes> WithSimd for OuterUpdate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (row, scale) in self
            .rows
            .chunks_exact_mut(self.v.len().max(1))
            .zip(self.scales)
        {
            for (to, v) in row.iter_mut().zip(self.v) {
                *to = fma::<S, T>(*scale, *v, *to);
            }
        }
    }
}

struct SubtractUpdates<'a, T> {
    rows: &'a mut [T],
    errors: &'a [[T; CAPACITY]],
    updates: &'a Rank1Updates<T>,
}

impl<T: Lanes> WithSimd for SubtractUpdates<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let (error_blocks, rest) = self.errors.as_chunks::<SIDE>();
        let width = self.rows.len() / self.errors.len().max(1);
        let (blocks, after) = self.rows.split_at_mut(error_blocks.len() * SIDE * width);
        for (block, errors) in blocks.chunks_exact_mut(SIDE * width).zip(error_blocks) {
            // The registers hold eight rows of f32, four of f64.
            if size_of::<T>() == 4 {
                subtract_from_rows::<SIDE, S, T>(block, errors, self.updates);
            } else {
                let (one, two) = block.split_at_mut(SIDE / 2 * width);
                subtract_from_rows::<{ SIDE / 2 }, S, T>(one, &errors[..SIDE / 2], self.updates);
                subtract_from_rows::<{ SIDE / 2 }, S, T>(two, &errors[SIDE / 2..], self.updates);
            }
        }
        for (row, errors) in after.chunks_exact_mut(width).zip(rest) {
            subtract_from_rows::<1, S, T>(row, std::slice::from_ref(errors), self.updates);
        }
    }
}

/// [`subtract_updates`] for `R` rows.
#[inline(always)]
fn subtract_from_rows<const R: usize, S: Simd, T: Lanes>(
    block: &mut [T],
    errors: &[[T; CAPACITY]],
    updates: &Rank1Updates<T>,
) {
    let width = block.len() / R;
    let mut negated = [[T::of(0.0); R]; CAPACITY];
    for (j, (negated, scale)) in negated.iter_mut().zip(updates.scales()).enumerate() {
        *negated = std::array::from_fn(|r| -(*scale * errors[r][j]));
    }
    for at in (0..width).step_by(SIDE) {
        let mut sums: [Row<T>; R] = [[T::of(0.0); SIDE]; R];
        for (sum, row) in sums.iter_mut().zip(block.chunks_exact(width)) {
            sum.copy_from_slice(&row[at..at + SIDE]);
        }
        let chunks = updates.chunks_at(at / SIDE);
        for (negated, v) in negated.iter().zip(chunks) {
            for r in 0..R {
                for c in 0..SIDE {
                    sums[r][c] = fma::<S, T>(negated[r], v[c], sums[r][c]);
                }
            }
        }
        for (sum, row) in sums.iter().zip(block.chunks_exact_mut(width)) {
            row[at..at + SIDE].copy_from_slice(sum);
        }
    }
}
