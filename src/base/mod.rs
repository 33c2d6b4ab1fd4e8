//! What every floor stands on: faults as values, options as documented structs, and the one
//! handle through which long work reports and is stopped.

pub mod error;
pub mod options;
pub mod progress;

pub use error::{Error, Result};
pub use progress::{Outcome, Progress, Report, Silent, Standing};
