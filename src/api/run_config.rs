//! The configuration of a run, from the command line.

use std::path::PathBuf;

use super::sandbox::Sandbox;

/// Configuration of a run, from the command line.
#[derive(Debug, Clone)]
pub struct RunConfig {
    /// Divides the budgets of training and data by [`QUICK_DIVISOR`].
    pub quick: bool,
    /// Overrides the seeds that scripts request with `seed(default)`.
    pub seed: Option<u64>,
    /// The folder to which the relative paths of output files refer.
    pub out: PathBuf,
    /// The command-line arguments after `--`.
    pub args: Vec<String>,
    /// Memory limit of the run in bytes, for the sum of tensors, strings, lists, maps and files
    /// that are being read.
    pub max_memory: u64,
    /// Limit on the operations (Rhai) or instructions (Lua) of a script; 0 means no limit.
    pub max_operations: u64,
    /// The bytes that the process has allocated, if the program counts them. Without this function,
    /// `max_memory` limits each tensor, text and list separately.
    pub allocated: Option<fn() -> u64>,
    /// The files that the script may access; `None` allows all files that its user may access.
    pub sandbox: Option<Sandbox>,
}

/// Divisor that `--quick` applies to budgets.
pub const QUICK_DIVISOR: usize = 50;

impl Default for RunConfig {
    fn default() -> RunConfig {
        RunConfig {
            quick: false,
            seed: None,
            out: PathBuf::from("."),
            args: Vec::new(),
            max_memory: 8 << 30,
            max_operations: 0,
            allocated: None,
            sandbox: None,
        }
    }
}
