//! Optimizers and schedules of the learning rate.

use super::convert::{New, as_number};
use super::native::FromValue;
use super::options::CallOptions;
use super::value::{ScriptObject, Value};
use crate::optim::{Adam, Cosine, MultiStep, Optimizer, Plateau, Schedule, Sgd};

impl ScriptObject for Schedule {
    const KIND: &'static str = "schedule";
    fn display(&self) -> String {
        self.to_string()
    }
}

impl ScriptObject for Optimizer {
    const KIND: &'static str = "optimizer";
    fn display(&self) -> String {
        self.to_string()
    }
}

/// A schedule, or a number for a rate that stays.
impl FromValue for Schedule {
    fn kind() -> String {
        "number or schedule".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        if let Some(rate) = as_number(&value) {
            return Ok(Schedule::Constant { rate });
        }
        match &value {
            Value::Object(object) => object
                .get::<Schedule>()
                .map(|s| s.as_ref().clone())
                .ok_or(value),
            _ => Err(value),
        }
    }
}

impl FromValue for Optimizer {
    fn kind() -> String {
        "optimizer".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        match &value {
            Value::Object(object) => object
                .get::<Optimizer>()
                .map(|o| o.as_ref().clone())
                .ok_or(value),
            _ => Err(value),
        }
    }
}

fn checked_schedule(
    mut schedule: Schedule,
) -> Result<New<Schedule>, super::diagnostic::Diagnostic> {
    schedule.check()?;
    Ok(New(schedule))
}

fn checked_optimizer(
    mut optimizer: Optimizer,
) -> Result<New<Optimizer>, super::diagnostic::Diagnostic> {
    optimizer.check()?;
    Ok(New(optimizer))
}

crate::natives! {
    /// How parameters are moved in training: optimizers, and schedules of their learning rate.
    module "optim";

    /// Adam: p -= rate m / (sqrt(v) + epsilon), where m and v are running means of the gradient
    /// and of its square, corrected for their start at 0. Epsilon stands outside the root.
    ///
    /// Source: Kingma & Ba 2015; Reddi, Kale & Kumar 2018 (`amsgrad`); Loshchilov & Hutter 2019
    /// (`decay`).
    ///
    /// > optim::adam(#{ rate: optim::exponential(0.025, 0.99975), epsilon: 0.1 })
    fn adam(options: CallOptions<Adam>) -> New<Optimizer> {
        checked_optimizer(Optimizer::Adam(options.into_inner()))
    }

    /// Gradient descent: v = momentum v + gradient, p -= rate v.
    ///
    /// > optim::sgd(#{ rate: 0.1, momentum: 0.9 })
    /// = sgd: rate (constant: rate 0.1), momentum 0.9, nesterov false
    fn sgd(options: CallOptions<Sgd>) -> New<Optimizer> {
        checked_optimizer(Optimizer::Sgd(options.into_inner()))
    }

    /// The same rate at every batch; a plain number does as well.
    ///
    /// > optim::constant(0.01)
    /// = constant: rate 0.01
    fn constant(rate: f64) -> New<Schedule> { checked_schedule(Schedule::Constant { rate }) }

    /// rate * decay^k at batch k = 0, 1, ...
    ///
    /// > optim::exponential(0.5, 0.5).rate(3)
    /// = 0.0625
    fn exponential(rate: f64, decay: f64) -> New<Schedule> {
        checked_schedule(Schedule::Exponential { rate, decay })
    }

    /// A rate that is multiplied by `factor` at each milestone.
    ///
    /// > optim::multi_step(#{ rate: 0.5, milestones: [10, 20], factor: 0.5 }).rate(10)
    /// = 0.25
    fn multi_step(options: CallOptions<MultiStep>) -> New<Schedule> {
        checked_schedule(Schedule::MultiStep(options.into_inner()))
    }

    /// Half a cosine from `rate` at batch 0 to `min` at batch `total`.
    ///
    /// > optim::cosine(#{ rate: 0.5, total: 100 }).rate(50)
    /// = 0.25
    fn cosine(options: CallOptions<Cosine>) -> New<Schedule> {
        checked_schedule(Schedule::Cosine(options.into_inner()))
    }

    /// A rate that is multiplied by `factor` when the loss has not fallen by `threshold` (a part
    /// of the lowest one so far) for more than `patience` batches.
    ///
    /// > optim::plateau(#{ rate: 0.5, patience: 20 })
    /// = plateau: rate 0.5, factor 0.1, patience 20, threshold 0.0001, min 0.0
    fn plateau(options: CallOptions<Plateau>) -> New<Schedule> {
        checked_schedule(Schedule::Plateau(options.into_inner()))
    }

    /// The learning rate at batch `k`, counted from 0; for a plateau the one it begins with.
    ///
    /// > optim::constant(0.01).rate(1000)
    /// = 0.01
    fn rate(this: std::rc::Rc<Schedule>, k: usize) -> f64 {
        Ok(this.rate(k, &Default::default()))
    }
}
