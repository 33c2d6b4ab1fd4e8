//! The script object for a task.

use std::rc::Rc;

use super::value::ScriptObject;
use crate::base::{Error, Result};
use crate::ops::Lanes;
use crate::tasks::Dataset;
use crate::train::{Shape, Task};

/// The script object for a task, in both dtypes.
pub struct AnyTask {
    name: &'static str,
    /// For f32 networks.
    pub single: Rc<dyn Task<f32>>,
    /// For f64 networks.
    pub double: Rc<dyn Task<f64>>,
    /// The data set, if the task is one.
    pub dataset: Option<Rc<Dataset>>,
}

/// A dtype in which tasks generate trials.
pub trait TaskDtype: Lanes {
    /// The task for networks of this dtype.
    fn select_task(task: &AnyTask) -> &dyn Task<Self>;
}

impl TaskDtype for f32 {
    fn select_task(task: &AnyTask) -> &dyn Task<f32> {
        task.single.as_ref()
    }
}

impl TaskDtype for f64 {
    fn select_task(task: &AnyTask) -> &dyn Task<f64> {
        task.double.as_ref()
    }
}

impl AnyTask {
    /// The task with the name that `print` shows.
    pub fn new<K: Task<f32> + Task<f64> + 'static>(name: &'static str, task: K) -> AnyTask {
        let task = Rc::new(task);
        AnyTask {
            name,
            single: task.clone(),
            double: task,
            dataset: None,
        }
    }

    /// The task that samples from a data set.
    pub fn from_dataset(dataset: Dataset) -> AnyTask {
        let dataset = Rc::new(dataset);
        AnyTask {
            name: "dataset",
            single: dataset.clone(),
            double: dataset.clone(),
            dataset: Some(dataset),
        }
    }

    /// The underlying data set.
    ///
    /// Errors: `Kind` if the task is not a data set
    pub fn as_dataset(&self, of: &str) -> Result<&Dataset> {
        self.dataset.as_deref().ok_or_else(|| Error::Kind {
            of: of.into(),
            expected: "a data set".into(),
            found: format!("the task {}", self.name),
        })
    }

    /// The sizes of one trial.
    pub fn shape(&self) -> Shape {
        self.single.shape()
    }
}

impl ScriptObject for AnyTask {
    const KIND: &'static str = "task";
    fn display(&self) -> String {
        let Shape {
            time,
            inputs,
            outputs,
        } = self.shape();
        let trials = self.dataset.as_ref();
        let trials = trials.map_or(String::new(), |data| format!("{} trials, ", data.count()));
        format!(
            "task {}: {trials}{time} steps, {inputs} inputs, {outputs} outputs",
            self.name
        )
    }
}
