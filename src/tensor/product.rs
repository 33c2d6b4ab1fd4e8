//! The product of two matrices, or of two stacks of matrices, with its gradient.
//!
//! candle's product is the same function of the crate `gemm`, but it determines the number of
//! threads in each call by reading /proc/cpuinfo, which takes longer than a small product. Its
//! backward pass also computes the gradient of an array that autograd does not track.

use candle_core::{CpuStorage, CustomOp2, Layout, Shape, WithDType};
use gemm::Parallelism;

use super::{Real, Tensor};
use crate::base::Result;

/// The number of multiplications from which several threads are used: below it, waking them takes
/// as long as the product.
const PARALLEL_THRESHOLD: usize = 1 << 22;

/// The product of matrices without an axis of length 0.
///
/// Shapes: [m, k] and [k, n] -> [m, n], or [b, m, k] and [b, k, n] -> [b, m, n]; both f32 or f64
pub(super) fn product(left: &Tensor, right: &Tensor) -> Result<Tensor> {
    Ok(left.apply_op2(right, Product)?)
}

struct Product;

/// A stack of matrices in the memory of an array.
#[derive(Clone, Copy)]
struct Stack {
    start: usize,
    matrices: usize,
    rows: usize,
    columns: usize,
    /// The distances in memory between matrices, rows and columns.
    strides: [usize; 3],
}

impl Stack {
    fn new(layout: &Layout) -> candle_core::Result<Stack> {
        let (dims, strides) = (layout.dims(), layout.stride());
        let start = layout.start_offset();
        let (matrices, rows, columns, strides) = match (dims, strides) {
            (&[rows, columns], &[by_row, by_column]) => (1, rows, columns, [0, by_row, by_column]),
            (&[matrices, rows, columns], &[by_matrix, by_row, by_column]) => {
                (matrices, rows, columns, [by_matrix, by_row, by_column])
            }
            _ => candle_core::bail!("matmul: expected matrices"),
        };
        Ok(Stack {
            start,
            matrices,
            rows,
            columns,
            strides,
        })
    }

    /// One matrix of the stack.
    fn matrix(self, at: usize) -> Stack {
        Stack {
            start: self.start + at * self.strides[0],
            matrices: 1,
            ..self
        }
    }

    /// The index of the last element in memory.
    fn last(&self) -> usize {
        let last = [self.matrices, self.rows, self.columns].map(|count| count - 1);
        let offsets = last.iter().zip(self.strides).map(|(k, stride)| k * stride);
        self.start + offsets.sum::<usize>()
    }
}

impl CustomOp2 for Product {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn cpu_fwd(
        &self,
        left: &CpuStorage,
        left_layout: &Layout,
        right: &CpuStorage,
        right_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (l, r) = (Stack::new(left_layout)?, Stack::new(right_layout)?);
        let elements = match (left, right) {
            (CpuStorage::F32(left), CpuStorage::F32(right)) => {
                f32::to_cpu_storage_owned(multiply(left, l, right, r))
            }
            (CpuStorage::F64(left), CpuStorage::F64(right)) => {
                f64::to_cpu_storage_owned(multiply(left, l, right, r))
            }
            _ => candle_core::bail!("matmul: expected two arrays of f32 or of f64"),
        };
        let shape = match left_layout.dims() {
            [_, _] => Shape::from((l.rows, r.columns)),
            _ => Shape::from((l.matrices, l.rows, r.columns)),
        };
        Ok((elements, shape))
    }

    fn bwd(
        &self,
        left: &Tensor,
        right: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let transposed = |t: &Tensor| t.detach().transpose(t.rank() - 2, t.rank() - 1);
        let by_left = || grad.apply_op2_no_bwd(&transposed(right)?, &Product);
        let by_right = || transposed(left)?.apply_op2_no_bwd(grad, &Product);
        Ok((
            left.track_op().then(by_left).transpose()?,
            right.track_op().then(by_right).transpose()?,
        ))
    }
}

/// The products of the matrices of two stacks, row-major.
fn multiply<T: Real>(left: &[T], l: Stack, right: &[T], r: Stack) -> Vec<T> {
    let (m, k, n) = (l.rows, l.columns, r.columns);
    assert!(l.matrices == r.matrices && k == r.rows, "compatible shapes");
    let parallelism = match m * k * n < PARALLEL_THRESHOLD {
        true => Parallelism::None,
        false => Parallelism::Rayon(rayon::current_num_threads()),
    };
    let mut product = vec![T::of(0.0); l.matrices * m * n];
    let pairs = (0..l.matrices).map(|at| (l.matrix(at), r.matrix(at)));
    for ((l, r), product) in pairs.zip(product.chunks_exact_mut(m * n)) {
        multiply_matrices((left, l), (right, r), product, parallelism);
    }
    product
}

#[rustfmt::skip]
fn multiply_matrices<T: Real>(
    (left, l): (&[T], Stack),
    (right, r): (&[T], Stack),
    product: &mut [T],
    parallelism: Parallelism,
) {
    let (m, k, n) = (l.rows, l.columns, r.columns);
    assert!(l.last() < left.len() && r.last() < right.len(), "arrays with all elements");
    assert!(k == r.rows && product.len() == m * n, "compatible shapes");
    let [_, l_row, l_column] = l.strides.map(|stride| stride as isize);
    let [_, r_row, r_column] = r.strides.map(|stride| stride as isize);
    let (left, right) = (left[l.start..].as_ptr(), right[r.start..].as_ptr());
    let (to, row) = (product.as_mut_ptr(), n as isize);
    let (zero, one) = (T::of(0.0), T::of(1.0));
    // SAFETY: The arrays contain all elements of the matrices: the last one was compared with the
    // length. The product has m n elements.
    unsafe {
        gemm::gemm(
            m, n, k, to, 1, row, false, left, l_column, l_row, right, r_column, r_row,
            zero, one, false, false, false, parallelism,
        );
    }
}
