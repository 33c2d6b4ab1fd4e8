//! Script module `optim`: optimizers and learning rate schedules.

pub mod step;

use super::convert::{New, as_number};
use super::diagnostic::Diagnostic;
use super::options::CallOptions;
use super::value::{FromValue, ScriptObject, Value};
use crate::base::options::Options;
use crate::optim::{Adam, Cosine, MultiStep, Optimizer, Plateau, Schedule, Sgd};

use step::OptimizerObject;

impl ScriptObject for Schedule {
    const KIND: &'static str = "schedule";
    fn display(&self) -> String {
        self.to_string()
    }
}

/// Accepts a schedule, or a number as a constant learning rate.
impl FromValue for Schedule {
    fn kind() -> String {
        "number or schedule".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        if let Some(lr) = as_number(&value) {
            return Ok(Schedule::Constant { lr });
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

/// The schedule, if its options are valid.
fn check_schedule(mut schedule: Schedule) -> Result<New<Schedule>, Diagnostic> {
    schedule.check()?;
    Ok(New(schedule))
}

/// The optimizer with these options. A learning rate passed as the first argument is the option
/// `lr`.
///
/// Errors: the learning rate is passed twice; an option is out of range
fn build_optimizer<O: Options>(
    lr: Option<Schedule>,
    options: CallOptions<O>,
    build: fn(O, Option<Schedule>) -> Optimizer,
) -> Result<New<OptimizerObject>, Diagnostic> {
    if lr.is_some() && options.is_set("lr") {
        let message = format!("{}: the learning rate is passed twice", O::OF);
        let hint = "pass it as the first argument, or as the option `lr`";
        return Err(Diagnostic::new(message).hint(hint));
    }
    Ok(New(OptimizerObject::new(build(options.into_inner(), lr))?))
}

crate::natives! {
    /// Optimizers and learning rate schedules for training.
    module "optim";

    /// Creates an Adam optimizer: p -= lr m / (sqrt(v) + epsilon), where m and v are
    /// bias-corrected moving averages of the gradient and of its square. Epsilon is added outside
    /// the square root.
    ///
    /// The learning rate, a number or a schedule, is the first argument or the option `lr`.
    ///
    /// Source: Kingma & Ba 2015; Reddi, Kale & Kumar 2018 (`amsgrad`); Loshchilov & Hutter 2019
    /// (`weight_decay`, decoupled).
    ///
    /// > optim::adam(#{ lr: optim::exponential(0.025, 0.99975), epsilon: 0.1 });
    /// > optim::adam(0.001);
    /// > optim::adam(optim::exponential(0.025, 0.99975), #{ epsilon: 0.1 })
    fn adam(lr: Option<Schedule>, options: CallOptions<Adam>) -> New<OptimizerObject> {
        build_optimizer(lr, options, |options, lr| {
            Optimizer::Adam(Adam { lr: lr.unwrap_or(options.lr), ..options })
        })
    }

    /// Creates a gradient descent optimizer with momentum: v = momentum v + gradient, p -= lr v.
    ///
    /// The learning rate, a number or a schedule, is the first argument or the option `lr`.
    ///
    /// > optim::sgd(0.1, #{ momentum: 0.9 })
    /// = sgd: lr (constant: lr 0.1), momentum 0.9, nesterov false
    fn sgd(lr: Option<Schedule>, options: CallOptions<Sgd>) -> New<OptimizerObject> {
        build_optimizer(lr, options, |options, lr| {
            Optimizer::Sgd(Sgd { lr: lr.unwrap_or(options.lr), ..options })
        })
    }

    /// Creates a schedule with a constant learning rate. Options also accept a plain number
    /// instead.
    ///
    /// > optim::constant(0.01)
    /// = constant: lr 0.01
    fn constant(lr: f64) -> New<Schedule> { check_schedule(Schedule::Constant { lr }) }

    /// Creates an exponential schedule: the learning rate at batch k is lr * decay^k, k = 0, 1,
    /// ...
    ///
    /// > optim::exponential(0.5, 0.5).lr(3)
    /// = 0.0625
    fn exponential(lr: f64, decay: f64) -> New<Schedule> {
        check_schedule(Schedule::Exponential { lr, decay })
    }

    /// Creates a schedule that multiplies the learning rate by `factor` at each milestone.
    ///
    /// > optim::multi_step(#{ lr: 0.5, milestones: [10, 20], factor: 0.5 }).lr(10)
    /// = 0.25
    fn multi_step(options: CallOptions<MultiStep>) -> New<Schedule> {
        check_schedule(Schedule::MultiStep(options.into_inner()))
    }

    /// Creates a cosine schedule: half a cosine from `lr` at batch 0 to `min` at batch `total`.
    ///
    /// > optim::cosine(#{ lr: 0.5, total: 100 }).lr(50)
    /// = 0.25
    fn cosine(options: CallOptions<Cosine>) -> New<Schedule> {
        check_schedule(Schedule::Cosine(options.into_inner()))
    }

    /// Creates a schedule that multiplies the learning rate by `factor` on a plateau: when the loss
    /// has not improved for more than `patience` batches. An improvement is a decrease below the
    /// lowest loss so far by at least the fraction `threshold`.
    ///
    /// > optim::plateau(#{ lr: 0.5, patience: 20 })
    /// = plateau: lr 0.5, factor 0.1, patience 20, threshold 0.0001, min 0.0
    fn plateau(options: CallOptions<Plateau>) -> New<Schedule> {
        check_schedule(Schedule::Plateau(options.into_inner()))
    }

    /// Returns the learning rate at batch `k`, counted from 0; for a plateau schedule, the initial
    /// learning rate.
    ///
    /// > optim::constant(0.01).lr(1000)
    /// = 0.01
    fn lr(this: std::rc::Rc<Schedule>, k: usize) -> f64 {
        Ok(this.lr(k, &Default::default()))
    }
}
