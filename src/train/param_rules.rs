//! The l2 penalty, and rules for single parameters: weights of the penalty, frozen parameters and
//! masks.

use std::ops::Range;

use super::digest::digest;
use super::{L2, Options};
use crate::base::{Error, Result};
use crate::optim::norms;
use crate::tensor::{Layout, Real, Tensor, convert};

/// How a run treats its parameters.
pub(super) enum ParamTreatment {
    /// All parameters are trained with this weight of the l2 penalty.
    Uniform(f64),
    /// Single parameters have rules.
    Rules(ParamRules),
}

/// The rules of a run, resolved to ranges of the parameter array.
pub(super) struct ParamRules {
    /// Ranges with their weights of the l2 penalty.
    l2: Vec<(Range<usize>, f64)>,
    /// Whether each parameter is constant; empty if none is.
    constant: Vec<bool>,
    /// The indices at which a mask is 0.
    zeros: Vec<usize>,
}

impl ParamTreatment {
    /// The treatment that `options` define.
    ///
    /// Errors: `Unknown` for the name of a parameter that does not exist; `Range` for a weight or
    /// mask value out of range, and if both `freeze` and `trainable` are set; `Parameter` for a
    /// mask with a wrong shape
    pub fn new(options: &Options, layout: &Layout) -> Result<ParamTreatment> {
        let mut rules = ParamRules {
            l2: l2_ranges(&options.l2, layout)?,
            constant: constant_params(options, layout)?,
            zeros: Vec::new(),
        };
        for (name, mask) in &options.masks.0 {
            rules.add_mask(layout, name, mask)?;
        }
        Ok(match options.l2 {
            L2::Uniform(weight) if rules.constant.is_empty() => ParamTreatment::Uniform(weight),
            _ => ParamTreatment::Rules(rules),
        })
    }

    /// The rules for single parameters, if there are any.
    pub fn rules(&self) -> Option<&ParamRules> {
        match self {
            ParamTreatment::Uniform(_) => None,
            ParamTreatment::Rules(rules) => Some(rules),
        }
    }

    /// The l2 penalty of `params`. The gradient has the same length and is not read.
    pub fn penalty<T: Real>(&self, params: &[T], gradient: &[T]) -> f64 {
        match self {
            ParamTreatment::Uniform(weight) => weight * norms(params, gradient, 0.0).param_squares,
            ParamTreatment::Rules(rules) => rules.penalty(params),
        }
    }
}

impl ParamRules {
    fn add_mask(&mut self, layout: &Layout, name: &str, mask: &Tensor) -> Result<()> {
        let block = layout.block(name)?;
        if mask.dims() != block.shape {
            let (name, expected) = (format!("masks.{name}"), block.shape.clone());
            let found = mask.dims().to_vec();
            return Err(Error::Parameter {
                name,
                expected,
                found,
            });
        }
        self.constant.resize(layout.len(), false);
        for (k, value) in block.range.clone().zip(convert::to_f64(mask)?) {
            if value != 0.0 && value != 1.0 {
                let name = format!("masks.{name}");
                return Err(range_error(name, "0 or 1 everywhere", value.to_string()));
            }
            if value == 0.0 {
                self.constant[k] = true;
                self.zeros.push(k);
            }
        }
        Ok(())
    }

    /// Sets the masked parameters to zero.
    pub fn apply_masks<T: Real>(&self, params: &mut [T]) {
        for k in &self.zeros {
            params[*k] = T::of(0.0);
        }
    }

    /// The l2 penalty of the trained parameters.
    fn penalty<T: Real>(&self, params: &[T]) -> f64 {
        let terms = self.l2.iter().map(|(range, weight)| {
            let trained = range.clone().filter(|k| !self.is_constant(*k));
            weight * trained.map(|k| params[k].double().powi(2)).sum::<f64>()
        });
        terms.sum()
    }

    /// Adds the gradient of the penalty, and sets the gradient of constant parameters to zero.
    /// Returns the penalty.
    pub fn add_penalty_gradient<T: Real>(&self, params: &[T], gradient: &mut [T]) -> f64 {
        for (range, weight) in &self.l2 {
            let factor = T::of(2.0 * weight);
            for (g, p) in gradient[range.clone()]
                .iter_mut()
                .zip(&params[range.clone()])
            {
                *g += factor * *p;
            }
        }
        for (g, constant) in gradient.iter_mut().zip(&self.constant) {
            if *constant {
                *g = T::of(0.0);
            }
        }
        self.penalty(params)
    }

    /// Restores the constant parameters, which weight decay changes.
    pub fn restore<T: Real>(&self, params: &mut [T], previous: &[T]) {
        let values = params.iter_mut().zip(previous);
        for ((p, previous), constant) in values.zip(&self.constant) {
            if *constant {
                *p = *previous;
            }
        }
    }

    fn is_constant(&self, k: usize) -> bool {
        self.constant.get(k).copied().unwrap_or(false)
    }
}

/// The settings for the fingerprint of a run, if they differ from the defaults.
pub(super) fn fingerprint(options: &Options) -> Vec<(&'static str, String)> {
    let names = [
        ("freeze", &options.freeze),
        ("trainable", &options.trainable),
    ];
    let names = names.into_iter().filter(|(_, names)| !names.0.is_empty());
    let mut settings: Vec<_> = names
        .map(|(option, names)| (option, names.0.join(", ")))
        .collect();
    if !options.masks.0.is_empty() {
        let digest = |mask: &Tensor| convert::to_f64(mask).map(|mask| digest(mask.into_iter()));
        let masks = options
            .masks
            .0
            .iter()
            .map(|(name, mask)| format!("{name} {}", digest(mask).unwrap_or_default()));
        settings.push(("masks", masks.collect::<Vec<_>>().join(", ")));
    }
    settings
}

/// Whether each parameter is frozen; empty if none is.
fn constant_params(options: &Options, layout: &Layout) -> Result<Vec<bool>> {
    let (names, frozen) = match (&options.freeze.0[..], &options.trainable.0[..]) {
        ([], []) => return Ok(Vec::new()),
        (names, []) => (names, true),
        ([], names) => (names, false),
        _ => {
            let expected = "absent if `trainable` is set";
            return Err(range_error("freeze".into(), expected, "both".into()));
        }
    };
    let mut constant = vec![!frozen; layout.len()];
    for name in names {
        constant[layout.block(name)?.range.clone()].fill(frozen);
    }
    Ok(constant)
}

/// The ranges of the parameters with their weights of the l2 penalty.
fn l2_ranges(l2: &L2, layout: &Layout) -> Result<Vec<(Range<usize>, f64)>> {
    let check = |name: String, weight: f64| match weight.is_finite() && weight >= 0.0 {
        true => Ok(()),
        false => Err(range_error(name, "of 0 or more", weight.to_string())),
    };
    match l2 {
        L2::Uniform(weight) => {
            check("l2".into(), *weight)?;
            Ok(vec![(0..layout.len(), *weight)])
        }
        L2::PerParameter(weights) => {
            let ranges = weights.iter().map(|(name, weight)| {
                check(format!("l2.{name}"), *weight)?;
                Ok((layout.block(name)?.range.clone(), *weight))
            });
            ranges.collect()
        }
    }
}

fn range_error(name: String, expected: &str, found: String) -> Error {
    Error::Range {
        of: "train".into(),
        name,
        expected: expected.into(),
        found,
    }
}
