//! The index of an axis, and its text form as in NumPy: `":"`, `"1:"`, `"-2:"`, `"::2"`, `"..."`.

use crate::tensor::Tensor;

/// The index of one axis, or of several axes.
#[derive(Debug, Clone)]
pub enum AxisIndex {
    /// One index; removes the axis.
    At(i64),
    /// The indices from `from` (included) to `to` (excluded); `None` is the first or last element
    /// in the direction of `step`.
    Slice {
        from: Option<i64>,
        to: Option<i64>,
        step: i64,
    },
    /// Indices (i64) of any shape.
    Indices(Tensor),
    /// A mask (u8): selects its nonzero elements, along as many axes as it has.
    Mask(Tensor),
    /// All axes that the other indices leave.
    Rest,
}

impl AxisIndex {
    /// All indices of an axis.
    pub const ALL: AxisIndex = AxisIndex::Slice {
        from: None,
        to: None,
        step: 1,
    };

    /// The index that a text describes: a slice `from:to` or `from:to:step`, in which each number
    /// can be missing, or `...`.
    pub fn parse(text: &str) -> Option<AxisIndex> {
        let text = text.trim();
        if text == "..." {
            return Some(AxisIndex::Rest);
        }
        let parts: Vec<&str> = text.split(':').map(str::trim).collect();
        let number = |part: &str| match part {
            "" => Some(None),
            part => part.parse::<i64>().ok().map(Some),
        };
        let (from, to, step) = match parts[..] {
            [from, to] => (from, to, ""),
            [from, to, step] => (from, to, step),
            _ => return None,
        };
        Some(AxisIndex::Slice {
            from: number(from)?,
            to: number(to)?,
            step: number(step)?.unwrap_or(1),
        })
    }

    /// Number of axes that the index takes.
    pub fn axes(&self) -> usize {
        match self {
            AxisIndex::Rest => 0,
            AxisIndex::Mask(mask) => mask.rank(),
            _ => 1,
        }
    }
}
