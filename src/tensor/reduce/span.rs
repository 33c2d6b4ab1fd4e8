//! The position of the reduced axes in an array.

/// A contiguous array of shape [outer, n, inner], of which the axis of length n is reduced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    pub outer: usize,
    pub n: usize,
    pub inner: usize,
}

impl Span {
    /// Number of results.
    pub fn results(self) -> usize {
        self.outer * self.inner
    }

    /// Number of elements.
    pub fn elements(self) -> usize {
        self.outer * self.n * self.inner
    }
}
