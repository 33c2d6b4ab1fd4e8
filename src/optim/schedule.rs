//! The learning rate as a function of the step, and for one schedule of the losses seen.

use crate::base::Result;
use crate::base::options::{Options, Setting, Slot, Span};
use crate::options;

options! {
    /// A rate that drops by a factor at chosen steps.
    pub struct MultiStep for "optim::multi_step" {
        /// Learning rate before the first milestone.
        rate: f64 = 0.001, in Span::from(0.0);
        /// Steps from which the rate is multiplied by `factor`, once more for each.
        milestones: Vec<f64> = Vec::new(), in Span::from(0.0);
        /// What the rate is multiplied by.
        factor: f64 = 0.1, in Span::between(0.0, 1.0);
    }
}

options! {
    /// Half a cosine from `rate` down to `min`, which it then keeps.
    pub struct Cosine for "optim::cosine" {
        /// Learning rate of the first step.
        rate: f64 = 0.001, in Span::from(0.0);
        /// Steps until `min` is reached.
        total: usize = 1000, in Span::from(1.0);
        /// Learning rate at the end.
        min: f64 = 0.0, in Span::from(0.0);
    }
}

options! {
    /// A rate that drops by a factor when the loss no longer falls.
    pub struct Plateau for "optim::plateau" {
        /// Learning rate of the first step.
        rate: f64 = 0.001, in Span::from(0.0);
        /// What the rate is multiplied by.
        factor: f64 = 0.1, in Span::between(0.0, 1.0);
        /// Steps without a better loss that are borne before the rate drops.
        patience: usize = 100;
        /// A loss counts as better when it is below the best one by this part of it.
        threshold: f64 = 1e-4, in Span::between(0.0, 1.0);
        /// The rate never drops below this.
        min: f64 = 0.0, in Span::from(0.0);
    }
}

/// The learning rate at step k, counted from 0.
///
/// | schedule | rate |
/// |---|---|
/// | constant | r |
/// | exponential | r decay^k |
/// | multi-step | r factor^(milestones m with m <= k) |
/// | cosine | min + (r - min) (1 + cos(pi k / total)) / 2, from k = total on min |
/// | plateau | r factor^(plateaus met), not below min; see [`Watch::see`] |
#[derive(Clone)]
pub enum Schedule {
    Constant { rate: f64 },
    Exponential { rate: f64, decay: f64 },
    MultiStep(MultiStep),
    Cosine(Cosine),
    Plateau(Plateau),
}

/// The same rate at every step.
pub fn constant(rate: f64) -> Schedule {
    Schedule::Constant { rate }
}

impl Schedule {
    /// The learning rate of step `k`; `watch` matters to the plateau only.
    pub fn rate(&self, k: usize, watch: &Watch) -> f64 {
        match self {
            Schedule::Constant { rate } => *rate,
            Schedule::Exponential { rate, decay } => rate * decay.powf(k as f64),
            Schedule::MultiStep(steps) => {
                let passed = steps.milestones.iter().filter(|m| **m <= k as f64).count();
                steps.rate * steps.factor.powf(passed as f64)
            }
            Schedule::Cosine(cosine) => {
                let part = (k as f64 / cosine.total as f64).min(1.0);
                let height = 0.5 * (1.0 + (std::f64::consts::PI * part).cos());
                cosine.min + (cosine.rate - cosine.min) * height
            }
            Schedule::Plateau(plateau) => {
                let floor = plateau.min.min(plateau.rate);
                (plateau.rate * plateau.factor.powf(watch.drops as f64)).max(floor)
            }
        }
    }

    /// Errors: `Range` if a number is outside its span.
    pub fn check(&mut self) -> Result<()> {
        match self {
            Schedule::Constant { rate } => {
                in_span("optim::constant", "rate", *rate, Span::from(0.0))
            }
            Schedule::Exponential { rate, decay } => {
                in_span("optim::exponential", "rate", *rate, Span::from(0.0))?;
                in_span("optim::exponential", "decay", *decay, Span::above(0.0))
            }
            Schedule::MultiStep(options) => options.check(),
            Schedule::Cosine(options) => options.check(),
            Schedule::Plateau(options) => options.check(),
        }
    }
}

fn in_span(of: &str, name: &str, found: f64, span: Span) -> Result<()> {
    if span.admits(found) && found.is_finite() {
        return Ok(());
    }
    Err(crate::base::Error::Range {
        of: of.into(),
        name: name.into(),
        expected: span.to_string(),
        found: found.to_string(),
    })
}

impl Setting for Schedule {
    const KIND: &'static str = "number or schedule";
    fn slot(&mut self) -> Slot<'_> {
        Slot::Other(self)
    }
}

/// What a plateau schedule remembers of the losses it has seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    /// The lowest loss so far.
    pub best: f64,
    /// Steps since then, or since the last drop.
    pub waited: usize,
    /// Times the rate has dropped.
    pub drops: usize,
}

impl Default for Watch {
    fn default() -> Watch {
        Watch {
            best: f64::INFINITY,
            waited: 0,
            drops: 0,
        }
    }
}

impl Watch {
    /// Takes note of the loss of one step; does nothing for schedules that do not ask for it.
    pub fn see(&mut self, loss: f64, schedule: &Schedule) {
        let Schedule::Plateau(plateau) = schedule else {
            return;
        };
        if loss < self.best * (1.0 - plateau.threshold) {
            self.best = loss;
            self.waited = 0;
            return;
        }
        self.waited += 1;
        if self.waited > plateau.patience {
            self.waited = 0;
            self.drops += 1;
        }
    }
}
