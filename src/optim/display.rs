//! Optimizers and schedules as text: with all options, or in the syntax of scripts with the options
//! that differ from their defaults.

use std::fmt::{Display, Formatter, Result};

use super::{Optimizer, Schedule};
use crate::base::options::{OptionType, Options, Slot};

impl Display for Schedule {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.clone() {
            Schedule::Constant { lr } => write!(f, "constant: lr {lr:?}"),
            Schedule::Exponential { lr, decay } => {
                write!(f, "exponential: lr {lr:?}, decay {decay:?}")
            }
            Schedule::MultiStep(mut options) => write_options(f, "multi_step", &mut options),
            Schedule::Cosine(mut options) => write_options(f, "cosine", &mut options),
            Schedule::Plateau(mut options) => write_options(f, "plateau", &mut options),
        }
    }
}

impl Display for Optimizer {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.clone() {
            Optimizer::Adam(mut options) => write_options(f, "adam", &mut options),
            Optimizer::Sgd(mut options) => write_options(f, "sgd", &mut options),
        }
    }
}

fn write_options<O: Options>(f: &mut Formatter<'_>, name: &str, options: &mut O) -> Result {
    let fields = O::fields();
    let values = options.slots().into_iter().map(format_value);
    let items = fields
        .iter()
        .zip(values)
        .map(|(field, value)| format!("{} {value}", field.name));
    write!(f, "{name}: {}", items.collect::<Vec<_>>().join(", "))
}

fn format_value(slot: Slot<'_>) -> String {
    match slot {
        Slot::Flag(x) => x.to_string(),
        Slot::Count(n) => n.to_string(),
        Slot::Real(x) => format!("{x:?}"),
        Slot::Reals(xs) => format!("{xs:?}"),
        Slot::Other(x) => x
            .downcast_ref::<Schedule>()
            .map_or(String::new(), |schedule| format!("({schedule})")),
        _ => String::new(),
    }
}

impl OptionType for Schedule {
    const KIND: &'static str = "number or schedule";
    fn slot(&mut self) -> Slot<'_> {
        Slot::Other(self)
    }
    fn script_syntax(&self) -> String {
        match self.clone() {
            Schedule::Constant { lr } => format!("{lr:?}"),
            Schedule::Exponential { lr, decay } => format!("{lr:?} * {decay:?}^k"),
            Schedule::MultiStep(mut options) => call_syntax(&mut options),
            Schedule::Cosine(mut options) => call_syntax(&mut options),
            Schedule::Plateau(mut options) => call_syntax(&mut options),
        }
    }
}

impl OptionType for Optimizer {
    const KIND: &'static str = "optimizer";
    fn slot(&mut self) -> Slot<'_> {
        Slot::Other(self)
    }
    fn script_syntax(&self) -> String {
        match self.clone() {
            Optimizer::Adam(mut options) => call_syntax(&mut options),
            Optimizer::Sgd(mut options) => call_syntax(&mut options),
        }
    }
}

/// A call with the options that differ from their defaults: `optim::adam(epsilon: 0.1)`. In a
/// schedule, k is the step.
fn call_syntax<O: Options>(options: &mut O) -> String {
    let values = options.slots().into_iter().map(|slot| match slot {
        Slot::Other(x) => x
            .downcast_ref::<Schedule>()
            .map_or(String::new(), OptionType::script_syntax),
        other => format_value(other),
    });
    let changed = O::fields()
        .into_iter()
        .zip(values)
        .filter(|(field, value)| field.default != *value)
        .map(|(field, value)| format!("{}: {value}", field.name));
    format!("{}({})", O::OF, changed.collect::<Vec<_>>().join(", "))
}
