//! The named terms of a loss.

/// Maximum number of terms of a loss.
const MAX_TERMS: usize = 8;

/// The terms of a loss without the penalty, for example the negative log-likelihood and the KL
/// divergences of LFADS. The model declares their names; log, checkpoint and scripts use them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossTerms {
    names: &'static [&'static str],
    /// Entries beyond the number of names are 0.
    values: [f64; MAX_TERMS],
}

impl LossTerms {
    /// Terms with one value per name.
    pub fn new(names: &'static [&'static str], values: &[f64]) -> LossTerms {
        assert_eq!(names.len(), values.len(), "one value per term");
        let mut terms = LossTerms::zeros(names);
        terms.values[..values.len()].copy_from_slice(values);
        terms
    }

    pub fn zeros(names: &'static [&'static str]) -> LossTerms {
        assert!(names.len() <= MAX_TERMS, "at most {MAX_TERMS} terms");
        LossTerms {
            names,
            values: [0.0; MAX_TERMS],
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.names.iter().copied().zip(self.values)
    }

    /// The value of a term; `None` if the loss has no term of this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Adds `weight` times the values of `other`, which has the same terms.
    pub fn add_weighted(&mut self, weight: f64, other: &LossTerms) {
        for (sum, value) in self.values.iter_mut().zip(other.values) {
            *sum += weight * value;
        }
    }

    pub fn divided_by(self, divisor: f64) -> LossTerms {
        LossTerms {
            values: self.values.map(|value| value / divisor),
            ..self
        }
    }
}
