//! Matrices that stand still or are changed by whole rows: products with a vector, row by row.

use pulp::{Arch, Simd, WithSimd};

use super::changes::{Changes, WAITING};
use super::half::{Row, SIDE, fused};
use crate::ops::Lanes;

/// Rows that are read side by side: a processor fetches several streams from its cache twice as
/// fast as one.
const ABREAST: usize = 8;
/// Rows are padded to so many numbers: whole vectors on every processor.
pub const LINE: usize = 16;

/// A matrix [rows, columns] by rows, each padded with zeros.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense<T> {
    pub rows: usize,
    pub columns: usize,
    /// [rows, padded(columns)]
    pub data: Vec<T>,
}

/// A matrix of which only the entries that are not zero are kept, by rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Sparse<T> {
    pub columns: usize,
    /// Where each row ends in the other two.
    ends: Vec<usize>,
    places: Vec<u32>,
    data: Vec<T>,
}

/// Either kind: the one with fewer bytes to read.
#[derive(Debug, Clone, PartialEq)]
pub enum Matrix<T> {
    Dense(Dense<T>),
    Sparse(Sparse<T>),
}

/// Numbers from row to row.
pub fn padded(columns: usize) -> usize {
    columns.next_multiple_of(LINE)
}

impl<T: Lanes> Dense<T> {
    /// Shapes: whole [rows, columns] row-major
    pub fn new(whole: &[T], rows: usize, columns: usize) -> Dense<T> {
        let mut data = vec![T::of(0.0); rows * padded(columns)];
        if columns > 0 {
            let lines = data.chunks_exact_mut(padded(columns));
            for (line, row) in lines.zip(whole.chunks_exact(columns)) {
                line[..columns].copy_from_slice(row);
            }
        }
        Dense {
            rows,
            columns,
            data,
        }
    }

    /// [rows, columns] row-major, as it was given.
    pub fn whole(&self) -> Vec<T> {
        let lines = self.data.chunks_exact(padded(self.columns).max(1));
        lines
            .flat_map(|line| line[..self.columns].iter().copied())
            .collect()
    }

    /// Adds the products of some rows with x to `into`.
    ///
    /// Shapes: x [padded(columns)], into [rows from `first` on]
    pub fn add_product(&self, first: usize, x: &[T], into: &mut [T]) {
        let width = padded(self.columns);
        add_product(&self.data[first * width..][..into.len() * width], x, into);
    }
}

/// Adds the products of some padded rows with x to `into`.
pub fn add_product<T: Lanes>(lines: &[T], x: &[T], into: &mut [T]) {
    if !x.is_empty() {
        Arch::new().dispatch(Lines { lines, x, into });
    }
}

/// Row r += scales[r] * v, for some padded rows.
pub fn add_outer<T: Lanes>(lines: &mut [T], scales: &[T], v: &[T]) {
    Arch::new().dispatch(Outer { lines, scales, v });
}

/// Row r -= sum over j of s_j errors[r][j] v_j, for some padded rows.
pub fn take_changes<T: Lanes>(lines: &mut [T], errors: &[[T; WAITING]], changes: &Changes<T>) {
    Arch::new().dispatch(Taken {
        lines,
        errors,
        changes,
    });
}

impl<T: Lanes> Sparse<T> {
    fn new(whole: &[T], columns: usize) -> Sparse<T> {
        let mut sparse = Sparse {
            columns,
            ends: Vec::new(),
            places: Vec::new(),
            data: Vec::new(),
        };
        for row in whole.chunks_exact(columns.max(1)) {
            for (at, x) in row.iter().enumerate().filter(|(_, x)| **x != T::of(0.0)) {
                sparse.places.push(at as u32);
                sparse.data.push(*x);
            }
            sparse.ends.push(sparse.data.len());
        }
        sparse
    }

    fn whole(&self) -> Vec<T> {
        let mut whole = vec![T::of(0.0); self.ends.len() * self.columns];
        let mut start = 0;
        for (row, end) in whole.chunks_exact_mut(self.columns.max(1)).zip(&self.ends) {
            for k in start..*end {
                row[self.places[k] as usize] = self.data[k];
            }
            start = *end;
        }
        whole
    }

    fn add_product(&self, first: usize, x: &[T], into: &mut [T]) {
        let mut start = if first == 0 { 0 } else { self.ends[first - 1] };
        for (to, end) in into.iter_mut().zip(&self.ends[first..]) {
            let pairs = self.places[start..*end].iter().zip(&self.data[start..*end]);
            // Four sums: one alone would wait for itself.
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
    /// The kind that suits a matrix [rows, columns], row-major.
    pub fn new(whole: &[T], rows: usize, columns: usize) -> Matrix<T> {
        let filled = whole.iter().filter(|x| **x != T::of(0.0)).count();
        let sparse = filled * (size_of::<T>() + size_of::<u32>());
        // Scattered reads are about twice as slow as those in a row.
        if 2 * sparse < size_of_val(whole) {
            return Matrix::Sparse(Sparse::new(whole, columns));
        }
        Matrix::Dense(Dense::new(whole, rows, columns))
    }

    /// Adds the products of the rows from `first` on with x to `into`.
    pub fn add_product(&self, first: usize, x: &[T], into: &mut [T]) {
        match self {
            Matrix::Dense(dense) => dense.add_product(first, x, into),
            Matrix::Sparse(sparse) => sparse.add_product(first, x, into),
        }
    }

    /// [rows, columns] row-major, as it was given.
    pub fn whole(&self) -> Vec<T> {
        match self {
            Matrix::Dense(dense) => dense.whole(),
            Matrix::Sparse(sparse) => sparse.whole(),
        }
    }

    /// Keeps the zeros too, for weights that are to change.
    pub fn make_dense(&mut self) {
        if let Matrix::Sparse(sparse) = self {
            let (rows, columns) = (sparse.ends.len(), sparse.columns);
            *self = Matrix::Dense(Dense::new(&sparse.whole(), rows, columns));
        }
    }
}

struct Lines<'a, T> {
    lines: &'a [T],
    x: &'a [T],
    into: &'a mut [T],
}

impl<T: Lanes> WithSimd for Lines<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.x.len();
        let (eights, rest) = self.into.as_chunks_mut::<ABREAST>();
        let (first, last) = self.lines.split_at(eights.len() * ABREAST * width);
        for (lines, into) in first.chunks_exact(ABREAST * width).zip(eights) {
            side_by_side(simd, lines, self.x, into);
        }
        let (fours, rest) = rest.as_chunks_mut::<{ ABREAST / 2 }>();
        let (first, last) = last.split_at(fours.len() * ABREAST / 2 * width);
        for (lines, into) in first.chunks_exact(ABREAST / 2 * width).zip(fours) {
            side_by_side(simd, lines, self.x, into);
        }
        for (line, into) in last.chunks_exact(width).zip(rest) {
            side_by_side::<1, S, T>(simd, line, self.x, std::array::from_mut(into));
        }
    }
}

/// Adds the products of `R` rows with x to `into`. The sum of a row is the same for every `R`.
#[inline(always)]
fn side_by_side<const R: usize, S: Simd, T: Lanes>(
    simd: S,
    lines: &[T],
    x: &[T],
    into: &mut [T; R],
) {
    let width = x.len();
    let x = T::vectors::<S>(x);
    let lines: [_; R] =
        std::array::from_fn(|r| &T::vectors::<S>(&lines[r * width..][..width])[..x.len()]);
    let mut sums = [T::splat(simd, T::of(0.0)); R];
    for (k, x) in x.iter().enumerate() {
        for (sum, line) in sums.iter_mut().zip(lines) {
            *sum = T::mul_add(simd, line[k], *x, *sum);
        }
    }
    for (into, sum) in into.iter_mut().zip(sums) {
        *into += lanes_sum::<S, T>(sum);
    }
}

/// All lanes of a vector together.
#[inline(always)]
pub fn lanes_sum<S: Simd, T: Lanes>(sum: T::Vector<S>) -> T {
    let mut lanes = [T::of(0.0); LINE];
    T::vectors_mut::<S>(&mut lanes)[0] = sum;
    let mut all = T::of(0.0);
    for x in lanes {
        all += x;
    }
    all
}

struct Outer<'a, T> {
    lines: &'a mut [T],
    scales: &'a [T],
    v: &'a [T],
}

impl<T: Lanes> WithSimd for Outer<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (line, scale) in self
            .lines
            .chunks_exact_mut(self.v.len().max(1))
            .zip(self.scales)
        {
            for (to, v) in line.iter_mut().zip(self.v) {
                *to = fused::<S, T>(*scale, *v, *to);
            }
        }
    }
}

struct Taken<'a, T> {
    lines: &'a mut [T],
    errors: &'a [[T; WAITING]],
    changes: &'a Changes<T>,
}

impl<T: Lanes> WithSimd for Taken<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let (eights, rest) = self.errors.as_chunks::<SIDE>();
        let width = self.lines.len() / self.errors.len().max(1);
        let (blocks, after) = self.lines.split_at_mut(eights.len() * SIDE * width);
        for (block, errors) in blocks.chunks_exact_mut(SIDE * width).zip(eights) {
            // As many numbers as registers hold: eight rows of f32, four of f64.
            if size_of::<T>() == 4 {
                taken::<SIDE, S, T>(block, errors, self.changes);
            } else {
                let (one, two) = block.split_at_mut(SIDE / 2 * width);
                taken::<{ SIDE / 2 }, S, T>(one, &errors[..SIDE / 2], self.changes);
                taken::<{ SIDE / 2 }, S, T>(two, &errors[SIDE / 2..], self.changes);
            }
        }
        for (line, errors) in after.chunks_exact_mut(width).zip(rest) {
            taken::<1, S, T>(line, std::slice::from_ref(errors), self.changes);
        }
    }
}

/// The same for `R` rows.
#[inline(always)]
fn taken<const R: usize, S: Simd, T: Lanes>(
    block: &mut [T],
    errors: &[[T; WAITING]],
    changes: &Changes<T>,
) {
    let width = block.len() / R;
    let mut back = [[T::of(0.0); R]; WAITING];
    for (j, (back, scale)) in back.iter_mut().zip(changes.scales()).enumerate() {
        *back = std::array::from_fn(|r| -(*scale * errors[r][j]));
    }
    for at in (0..width).step_by(SIDE) {
        let mut sums: [Row<T>; R] = [[T::of(0.0); SIDE]; R];
        for (sum, line) in sums.iter_mut().zip(block.chunks_exact(width)) {
            sum.copy_from_slice(&line[at..at + SIDE]);
        }
        let lines = changes.lines(at / SIDE);
        for (back, v) in back.iter().zip(lines) {
            for r in 0..R {
                for c in 0..SIDE {
                    sums[r][c] = fused::<S, T>(back[r], v[c], sums[r][c]);
                }
            }
        }
        for (sum, line) in sums.iter().zip(block.chunks_exact_mut(width)) {
            line[at..at + SIDE].copy_from_slice(sum);
        }
    }
}
