//! Learning-rate schedules: functions of the step, and for the plateau schedule of the losses.

use crate::base::Result;
use crate::base::options::{Options, Span};
use crate::options;

options! {
    /// A learning rate that decreases by a factor at given steps.
    pub struct MultiStep for "optim::multi_step" {
        /// Learning rate before the first milestone.
        lr: f64 = 0.001, in Span::at_least(0.0);
        /// Batches, counted from 0, from which on the learning rate is multiplied by `factor`; once
        /// per milestone.
        milestones: Vec<f64> = Vec::new(), in Span::at_least(0.0);
        /// Factor of each decrease of the learning rate.
        factor: f64 = 0.1, in Span::between(0.0, 1.0);
    }
}

options! {
    /// Cosine annealing from `lr` to `min`; constant afterwards.
    pub struct Cosine for "optim::cosine" {
        /// Learning rate of the first batch.
        lr: f64 = 0.001, in Span::at_least(0.0);
        /// Number of batches until the learning rate reaches `min`.
        total: usize = 1000, in Span::at_least(1.0);
        /// Final learning rate.
        min: f64 = 0.0, in Span::at_least(0.0);
    }
}

options! {
    /// A learning rate that decreases by a factor when the loss stops decreasing.
    pub struct Plateau for "optim::plateau" {
        /// Learning rate of the first batch.
        lr: f64 = 0.001, in Span::at_least(0.0);
        /// Factor of each decrease of the learning rate.
        factor: f64 = 0.1, in Span::between(0.0, 1.0);
        /// Number of batches without improvement before the learning rate decreases.
        patience: usize = 100;
        /// Relative decrease below the best loss that counts as an improvement.
        threshold: f64 = 1e-4, in Span::between(0.0, 1.0);
        /// Lower bound of the learning rate.
        min: f64 = 0.0, in Span::at_least(0.0);
    }
}

/// The learning rate at step k, counted from 0.
///
/// | schedule | lr |
/// |---|---|
/// | constant | r |
/// | exponential | r decay^k |
/// | multi-step | r factor^(milestones m with m <= k) |
/// | cosine | min + (r - min) (1 + cos(pi k / total)) / 2; min for k >= total |
/// | plateau | r factor^(number of plateaus), at least min; see [`PlateauState::observe`] |
#[derive(Clone)]
pub enum Schedule {
    Constant { lr: f64 },
    Exponential { lr: f64, decay: f64 },
    MultiStep(MultiStep),
    Cosine(Cosine),
    Plateau(Plateau),
}

/// A constant learning rate.
pub fn constant(lr: f64) -> Schedule {
    Schedule::Constant { lr }
}

impl Schedule {
    /// The learning rate of step `k`; only the plateau schedule uses `state`.
    pub fn lr(&self, k: usize, state: &PlateauState) -> f64 {
        match self {
            Schedule::Constant { lr } => *lr,
            Schedule::Exponential { lr, decay } => lr * decay.powf(k as f64),
            Schedule::MultiStep(steps) => {
                let passed = steps.milestones.iter().filter(|m| **m <= k as f64).count();
                steps.lr * steps.factor.powf(passed as f64)
            }
            Schedule::Cosine(cosine) => {
                let progress = (k as f64 / cosine.total as f64).min(1.0);
                let fraction = 0.5 * (1.0 + (std::f64::consts::PI * progress).cos());
                cosine.min + (cosine.lr - cosine.min) * fraction
            }
            Schedule::Plateau(plateau) => {
                let min = plateau.min.min(plateau.lr);
                (plateau.lr * plateau.factor.powf(state.drops as f64)).max(min)
            }
        }
    }

    /// Errors: `Range` if a value is out of range.
    pub fn check(&mut self) -> Result<()> {
        match self {
            Schedule::Constant { lr } => {
                check_range("optim::constant", "lr", *lr, Span::at_least(0.0))
            }
            Schedule::Exponential { lr, decay } => {
                check_range("optim::exponential", "lr", *lr, Span::at_least(0.0))?;
                check_range("optim::exponential", "decay", *decay, Span::above(0.0))
            }
            Schedule::MultiStep(options) => options.check(),
            Schedule::Cosine(options) => options.check(),
            Schedule::Plateau(options) => options.check(),
        }
    }
}

fn check_range(of: &str, name: &str, value: f64, span: Span) -> Result<()> {
    if span.contains(value) && value.is_finite() {
        return Ok(());
    }
    Err(crate::base::Error::Range {
        of: of.into(),
        name: name.into(),
        expected: span.to_string(),
        found: value.to_string(),
    })
}

/// The state of a plateau schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct PlateauState {
    /// The lowest loss so far.
    pub best: f64,
    /// Number of steps since the best loss, or since the last decrease of the rate.
    pub bad_steps: usize,
    /// Number of decreases of the rate.
    pub drops: usize,
}

impl Default for PlateauState {
    fn default() -> PlateauState {
        PlateauState {
            best: f64::INFINITY,
            bad_steps: 0,
            drops: 0,
        }
    }
}

impl PlateauState {
    /// Updates the state with the loss of one step; has no effect for other schedules.
    pub fn observe(&mut self, loss: f64, schedule: &Schedule) {
        let Schedule::Plateau(plateau) = schedule else {
            return;
        };
        if loss < self.best * (1.0 - plateau.threshold) {
            self.best = loss;
            self.bad_steps = 0;
            return;
        }
        self.bad_steps += 1;
        if self.bad_steps > plateau.patience {
            self.bad_steps = 0;
            self.drops += 1;
        }
    }
}
