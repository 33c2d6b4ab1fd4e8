//! The tensor of a script variable. An assignment to its elements changes them in place if no other
//! tensor shares them.
//!
//! candle does not reveal whether tensors share their storage. The host therefore records whether
//! the tensor was passed on since an assignment copied its elements. Only the first of a sequence
//! of assignments copies them.

use std::cell::Cell;

use super::dispatch::Vocabulary;
use super::elements::is_name;
use crate::api;
use crate::api::diagnostic::Diagnostic;
use crate::api::value::Value;
use crate::tensor::Tensor;

/// The tensor of a script variable.
pub struct ScriptTensor {
    tensor: Tensor,
    /// Whether no other tensor shares the elements.
    is_sole_owner: Cell<bool>,
}

impl ScriptTensor {
    /// A tensor that may share its elements.
    pub fn new(tensor: Tensor) -> ScriptTensor {
        ScriptTensor {
            tensor,
            is_sole_owner: Cell::new(false),
        }
    }

    /// A tensor with the same elements, which from now on have several owners.
    pub fn share(&self) -> Tensor {
        self.is_sole_owner.set(false);
        self.tensor.clone()
    }
}

/// A copy of a variable shares the elements.
impl Clone for ScriptTensor {
    fn clone(&self) -> ScriptTensor {
        ScriptTensor::new(self.share())
    }
}

impl Vocabulary {
    /// Evaluates `tensor[index]`.
    pub fn element(&self, tensor: &ScriptTensor, index: Value) -> Result<Value, Diagnostic> {
        let result = self.index(vec![Value::Tensor(tensor.tensor.clone()), index]);
        // A plain number shares no elements.
        if !matches!(result, Ok(Value::Int(_) | Value::Float(_))) {
            tensor.is_sole_owner.set(false);
        }
        result
    }

    /// Assigns `tensor[index] = value`.
    ///
    /// Errors: those of `index_assign`; a name instead of an index
    pub fn assign_element(
        &self,
        tensor: &mut ScriptTensor,
        index: Value,
        value: Value,
    ) -> Result<(), Diagnostic> {
        let is_name = matches!(&index, Value::Text(text) if is_name(text));
        if tensor.is_sole_owner.get() && !is_name {
            self.context().meter.check()?;
            if api::assign_in_place(self.context(), &tensor.tensor, &index, &value) {
                return Ok(());
            }
        }
        let changed = self.assign(vec![Value::Tensor(tensor.share()), index, value])?;
        if let Value::Tensor(changed) = changed {
            // The gradient graph of a tracked tensor also owns the elements.
            let is_sole_owner = Cell::new(!changed.track_op());
            *tensor = ScriptTensor {
                tensor: changed,
                is_sole_owner,
            };
        }
        Ok(())
    }
}
