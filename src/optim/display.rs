//! Optimizers and schedules as text: the name, and all options with their values.

use std::fmt::{Display, Formatter, Result};

use super::{Optimizer, Schedule};
use crate::base::options::{Options, Slot};

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
