//! The interface of the script languages.

use crate::api::context::Script;
use crate::api::diagnostic::Diagnostic;
use crate::api::value::Value;

/// The file name in errors of interactive inputs.
pub const REPL_FILE: &str = "input";

/// A session of a script language. Definitions and variables persist for the session.
pub trait Host {
    /// Runs a script and returns the value of its last expression (Lua: its return value).
    fn run(&mut self, script: &Script) -> Result<Value, Diagnostic>;
    /// Checks a script for syntax errors and unknown names, without running it.
    fn check(&mut self, script: &Script) -> Result<(), Diagnostic>;
    /// Expressions of a valid script whose meaning users may not expect.
    fn warnings(&mut self, script: &Script) -> Vec<Diagnostic>;
    /// Runs one interactive input, which can use the definitions of earlier inputs.
    fn eval(&mut self, input: &str) -> Result<Value, Diagnostic>;
    /// Whether `input` is an incomplete statement that needs more lines.
    fn is_incomplete(&self, input: &str) -> bool;
    /// The names and values of the variables of the session, for completion.
    fn variables(&self) -> Vec<(String, Value)>;
}
