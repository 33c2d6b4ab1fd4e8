//! Matrices that stand still or are changed by whole rows: products with a vector, row by row.

use pulp::{Arch, Simd, WithSimd};

use super::half::{Row, SIDE, fused, total};
use crate::ops::Lanes;

/// Rows that are multiplied side by side.
const ABREAST: usize = 4;

/// A matrix [rows, columns] by rows, each padded with zeros to whole lines.
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
    columns.next_multiple_of(SIDE)
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
        if width == 0 {
            return;
        }
        let lines = &self.data[first * width..][..into.len() * width];
        Arch::new().dispatch(Lines { lines, x, into });
    }

    /// row r += scales[r] * v, for all rows.
    pub fn add_outer(&mut self, scales: &[T], v: &[T]) {
        let width = padded(self.columns);
        let lines = &mut self.data;
        Arch::new().dispatch(Outer {
            lines,
            width,
            scales,
            v,
        });
    }
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

    /// Bytes that one product reads.
    pub fn bytes(&self) -> usize {
        match self {
            Matrix::Dense(dense) => size_of_val(&*dense.data),
            Matrix::Sparse(sparse) => size_of_val(&*sparse.data) + size_of_val(&*sparse.places),
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
    fn with_simd<S: Simd>(self, _: S) {
        let width = self.x.len();
        let (x, _) = self.x.as_chunks::<SIDE>();
        let mut lines = self.lines.chunks_exact(ABREAST * width);
        let mut into = self.into.chunks_exact_mut(ABREAST);
        for (lines, into) in (&mut lines).zip(&mut into) {
            let rows: [&[Row<T>]; ABREAST] =
                std::array::from_fn(|r| lines[r * width..][..width].as_chunks::<SIDE>().0);
            let mut sums = [[T::of(0.0); SIDE]; ABREAST];
            for (at, x) in x.iter().enumerate() {
                for r in 0..ABREAST {
                    for c in 0..SIDE {
                        sums[r][c] = fused::<S, T>(rows[r][at][c], x[c], sums[r][c]);
                    }
                }
            }
            for (to, sums) in into.iter_mut().zip(&sums) {
                *to += total(sums);
            }
        }
        let rest = lines.remainder().chunks_exact(width);
        for (line, to) in rest.zip(into.into_remainder()) {
            let (line, _) = line.as_chunks::<SIDE>();
            let mut sums = [T::of(0.0); SIDE];
            for (line, x) in line.iter().zip(x) {
                for c in 0..SIDE {
                    sums[c] = fused::<S, T>(line[c], x[c], sums[c]);
                }
            }
            *to += total(&sums);
        }
    }
}

struct Outer<'a, T> {
    lines: &'a mut [T],
    width: usize,
    scales: &'a [T],
    v: &'a [T],
}

impl<T: Lanes> WithSimd for Outer<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (line, scale) in self
            .lines
            .chunks_exact_mut(self.width.max(1))
            .zip(self.scales)
        {
            for (to, v) in line.iter_mut().zip(self.v) {
                *to = fused::<S, T>(*scale, *v, *to);
            }
        }
    }
}
