//! The lowest layer: errors as values, options as documented structs, and the handle through which
//! long computations report progress and are stopped.

pub mod error;
mod file_error;
pub mod options;
pub mod progress;
pub mod synonyms;

pub use error::{Error, Result};
pub use progress::{NoProgress, Outcome, Progress, Report, Status};
