//! A user function and the checks of its results.

use std::collections::BTreeMap;

use crate::base::{Error, Result};
use crate::tensor::{DType, Tensor};

/// Parameters by name, as passed to a user function.
pub type ParamMap = BTreeMap<String, Tensor>;

/// A function of its arguments and the parameters.
pub type Function = Box<dyn Fn(&[Tensor], &ParamMap) -> Result<Tensor>>;

/// A user function with its error context.
pub struct UserFn {
    /// The name of the function in errors.
    pub name: &'static str,
    /// The description of the result in errors.
    pub output: &'static str,
    pub function: Function,
    /// Attaches the source location of the function to an error about its result.
    pub locate: Box<dyn Fn(Error) -> Error>,
}

/// The user functions of a network.
pub struct UserFns {
    /// The next state [b, n] from h [b, n] and x [b, i].
    pub step: UserFn,
    /// The outputs [b, o] from h [b, n]. Without it the readout is linear.
    pub readout: Option<UserFn>,
}

impl UserFn {
    /// The result of the function: `features` values for each row of the arguments.
    ///
    /// Errors: `Shape` if the shape of the result is wrong; any error of the function
    pub fn evaluate(
        &self,
        args: &[Tensor],
        params: &ParamMap,
        (features, dtype): (usize, DType),
    ) -> Result<Tensor> {
        let result = (self.function)(args, params)?;
        let expected = [args[0].dims()[0], features];
        if result.dims() != expected {
            return Err((self.locate)(Error::Shape {
                op: self.name,
                what: self.output,
                expected: format!("{expected:?}"),
                found: result.dims().to_vec(),
            }));
        }
        Ok(result.to_dtype(dtype)?)
    }

    /// Errors: `Algebra` if autograd does not track the result, although it tracks all arguments.
    /// Every gradient would silently be zero.
    pub fn check_tracked(&self, output: &Tensor) -> Result<()> {
        if output.track_op() {
            return Ok(());
        }
        let fact = "the result depends on neither the arguments nor the parameters (values \
                    obtained with item or to_list carry no gradient)";
        Err((self.locate)(Error::Algebra {
            op: self.name,
            fact,
        }))
    }
}

impl std::fmt::Debug for UserFns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("user functions")
    }
}
