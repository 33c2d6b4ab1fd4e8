//! Indexing with integers, ranges, strings, index tensors and masks; assignment; operators of
//! masks.

use super::args::{Operand, Receiver, broadcast_operands};
use super::index_args::Index;
use super::lists::item_value;
use crate::api::context::Context;
use crate::api::diagnostic::Diagnostic;
use crate::api::value::{FromValue, Value};
use crate::tensor::select::{self, AxisIndex, Element, assign, selected_shape};
use crate::tensor::{DType, Tensor, mask};

crate::natives! {
    /// Indexing of tensors, and operators of masks.
    module "";

    /// The elements at an index. Written `t[i]` for the first axis, and `t[[i, j]]` in Rhai or
    /// `t[{i, j}]` in Lua for several axes.
    ///
    /// An index of an axis is an integer (negative: from the end), a range `1..3` (Rhai; `1..` and
    /// `..3` are open), a string as in NumPy (`":"`, `"1:"`, `"-2:"`, `"::2"`, `"::-1"`; `"..."`
    /// for all remaining axes), an i64 tensor or a list of indices, or a u8 mask. The rules are
    /// those of NumPy, except that a slice beyond the end is an error. A single element is returned
    /// as a plain number, unless `grad` tracks the tensor.
    ///
    /// > let t = tensor([[1, 2], [3, 4], [5, 6]]);
    /// > [t[-1], t[[0, 1]], t[[":", 0]], t[t.gt(4)]]
    /// = [tensor [2] f32 [5, 6], 2.0, tensor [3] f32 [1, 3, 5], tensor [2] f32 [5, 6]]
    fn index(cx: &Context, this: Tensor, index: Index) -> Value {
        selected(cx, &this, &index.axes()?)
    }

    /// The elements at one index for each of the first axes, with the forms of an index of `index`:
    /// `t.at(i, j)`, or the same with a list, `t.at([i, j])`.
    ///
    /// > tensor([[1, 2, 3], [4, 5, 6]]).at(":", "1:")
    /// = tensor [2, 2] f32 [[2, 3], [5, 6]]
    fn at(
        cx: &Context, this: Tensor, first: Index, second: Option<Index>, third: Option<Index>,
        fourth: Option<Index>, fifth: Option<Index>,
    ) -> Value {
        let others: Vec<Index> = [second, third, fourth, fifth].into_iter().flatten().collect();
        if others.is_empty() {
            return selected(cx, &this, &first.axes()?);
        }
        let indices = [first].into_iter().chain(others).map(Index::axis);
        selected(cx, &this, &indices.collect::<Result<Vec<_>, _>>()?)
    }

    /// A copy of the tensor in which `values` replace the elements at `index`, which has the forms
    /// of `t[index]`. The values are broadcast.
    ///
    /// `t[index] = values` assigns this copy to the variable `t`. Further assignments to `t` change
    /// its elements without a copy, until `t` is used as a whole or in parts.
    ///
    /// > zeros([2, 3]).index_assign([":", 1], [7, 8])
    /// = tensor [2, 3] f32 [[0, 7, 0], [0, 8, 0]]
    fn index_assign(cx: &Context, this: Receiver, index: Index, values: Operand) -> Tensor {
        let (this, values) = this.0.to_tensors(&values)?;
        let indices = index.axes()?;
        cx.check_memory("index_assign", this.dims(), this.dtype())?;
        check_arrays(cx, "index_assign", &this, &indices)?;
        Ok(assign(&this, &indices, &values)?)
    }

    /// 1 where both elements are nonzero, 0 elsewhere, as u8. For masks written `a & b`.
    ///
    /// > let t = tensor([1, 2, 3]);
    /// > t.gt(1).logical_and(t.lt(3))
    /// = tensor [3] u8 [0, 1, 0]
    fn logical_and(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (l, r) = broadcast_operands(cx, "logical_and", &this.0, &other)?;
        Ok(mask::combine("logical_and", &l, &r, |a, b| a && b)?)
    }

    /// 1 where either element is nonzero, 0 elsewhere, as u8. For masks written `a | b`.
    ///
    /// > let t = tensor([1, 2, 3]);
    /// > t.lt(2).logical_or(t.gt(2))
    /// = tensor [3] u8 [1, 0, 1]
    fn logical_or(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (l, r) = broadcast_operands(cx, "logical_or", &this.0, &other)?;
        Ok(mask::combine("logical_or", &l, &r, |a, b| a || b)?)
    }

    /// 1 where exactly one of the two elements is nonzero, 0 elsewhere, as u8. For masks written
    /// `a ^ b` in Rhai and `a ~ b` in Lua.
    ///
    /// > tensor([1, 2, 0]).logical_xor(tensor([1, 0, 0]))
    /// = tensor [3] u8 [0, 1, 0]
    fn logical_xor(cx: &Context, this: Receiver, other: Operand) -> Tensor {
        let (l, r) = broadcast_operands(cx, "logical_xor", &this.0, &other)?;
        Ok(mask::combine("logical_xor", &l, &r, |a, b| a != b)?)
    }

    /// 1 where the element is 0, 0 elsewhere, as u8. For masks written `!a` in Rhai and `~a` in
    /// Lua.
    ///
    /// > tensor([1, 0]).logical_not()
    /// = tensor [2] u8 [0, 1]
    fn logical_not(this: Tensor) -> Tensor { Ok(mask::negate(&this)?) }

    /// The tensor with the order of its axes reversed: the transpose of a matrix.
    ///
    /// > zeros([2, 3]).T().shape()
    /// = [3, 2]
    fn T(this: Tensor) -> Tensor {
        let axes: Vec<usize> = (0..this.rank()).rev().collect();
        if axes.is_empty() { return Ok(this); }
        Ok(this.permute(axes)?)
    }

    /// A tensor with the same elements. Assignments to its elements do not change other tensors.
    ///
    /// > tensor([1, 2]).copy()
    /// = tensor [2] f32 [1, 2]
    fn copy(this: Tensor) -> Tensor { Ok(this) }
}

/// Assigns `t[index] = values` in place, for a tensor that shares its elements with no other one.
/// Returns whether this was possible: otherwise nothing has changed, and `index_assign` returns the
/// changed tensor or the error.
pub fn assign_in_place(cx: &Context, t: &Tensor, index: &Value, values: &Value) -> bool {
    let assign = || -> Option<bool> {
        let values = Operand::from_value(values.clone()).ok()?;
        let (_, values) = Operand::from(t.clone()).to_tensors(&values).ok()?;
        let indices = Index::from_value(index.clone()).ok()?.axes().ok()?;
        check_arrays(cx, "index_assign", t, &indices).ok()?;
        select::assign_in_place(t, &indices, &values).ok()
    };
    assign().unwrap_or(false)
}

/// The selected elements: a plain number if it is one without axes and without a gradient.
fn selected(cx: &Context, t: &Tensor, indices: &[AxisIndex]) -> Result<Value, Diagnostic> {
    match select::element(t, indices) {
        Some(Element::Integer(n)) => return Ok(Value::Int(n)),
        Some(Element::Float(x)) => return Ok(Value::Float(x)),
        None => check_arrays(cx, "index", t, indices)?,
    }
    let part = select::select(t, indices)?;
    match part.rank() == 0 && !part.track_op() {
        true => item_value(&part),
        false => Ok(Value::Tensor(part)),
    }
}

/// Checks the memory of the elements that index arrays select: they can select an element several
/// times.
fn check_arrays(
    cx: &Context,
    op: &str,
    t: &Tensor,
    indices: &[AxisIndex],
) -> Result<(), Diagnostic> {
    let copies = |index: &AxisIndex| matches!(index, AxisIndex::Indices(_));
    match indices.iter().any(copies) {
        true => cx.check_memory(op, &selected_shape(t.dims(), indices)?, DType::F64),
        false => Ok(()),
    }
}
