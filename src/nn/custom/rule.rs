//! A function that a user wrote, and the check of what it gives.

use std::collections::BTreeMap;

use crate::base::{Error, Result};
use crate::tensor::{DType, Tensor};

/// Parameters by name, as a rule sees them.
pub type Named = BTreeMap<String, Tensor>;

/// What a rule gives for its arguments and the parameters.
pub type Given = Box<dyn Fn(&[Tensor], &Named) -> Result<Tensor>>;

/// One function that a user wrote.
pub struct Rule {
    /// What faults call it.
    pub of: &'static str,
    /// What should come of it.
    pub what: &'static str,
    pub given: Given,
    /// A fault of what it gave, sent to where the rule is written.
    pub blame: Box<dyn Fn(Error) -> Error>,
}

/// All that a user wrote of a network.
pub struct Rules {
    /// The next state [b, n] of h [b, n] and x [b, i].
    pub step: Rule,
    /// The outputs [b, o] of h [b, n]; a linear readout without it.
    pub readout: Option<Rule>,
}

impl Rule {
    /// What it gives, a row of `features` numbers for each row of the arguments.
    ///
    /// Errors: `Shape` if it has another shape; those of the rule
    pub fn rows(
        &self,
        args: &[Tensor],
        params: &Named,
        (features, dtype): (usize, DType),
    ) -> Result<Tensor> {
        let found = (self.given)(args, params)?;
        let expected = [args[0].dims()[0], features];
        if found.dims() != expected {
            return Err((self.blame)(Error::Shape {
                op: self.of,
                what: self.what,
                expected: format!("{expected:?}"),
                found: found.dims().to_vec(),
            }));
        }
        Ok(found.to_dtype(dtype)?)
    }

    /// Errors: `Algebra` if autograd cannot follow what the rule gave, although all of its
    /// arguments are followed: each gradient would silently be zero
    pub fn followed(&self, given: &Tensor) -> Result<()> {
        if given.track_op() {
            return Ok(());
        }
        let fact = "what it gives depends on neither its arguments nor the parameters (numbers \
                    taken out with item or to_list carry no gradient)";
        Err((self.blame)(Error::Algebra { op: self.of, fact }))
    }
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("rules of a user")
    }
}
