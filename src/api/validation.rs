//! Validation data as an argument of script functions.

use std::rc::Rc;

use super::any_task::AnyTask;
use super::value::{FromValue, Map, Value};

/// Validation data from a script.
#[derive(Clone)]
pub enum Validation {
    Task(Rc<AnyTask>),
    Batch(Map),
}

impl FromValue for Validation {
    fn kind() -> String {
        "task or batch".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        match value {
            Value::Map(batch) => Ok(Validation::Batch(batch)),
            other => Rc::<AnyTask>::from_value(other).map(Validation::Task),
        }
    }
}
