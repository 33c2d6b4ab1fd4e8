//! The script object for a task.

use std::rc::Rc;

use super::value::ScriptObject;
use crate::base::{Error, Result};
use crate::random::Key;
use crate::tasks::Dataset;
use crate::tensor::Real;
use crate::train::{BatchRequest, Shape, Task, Trials};

/// A task that generates trials in both precisions.
trait DualTask: Task<f32> + Task<f64> {}

impl<K: Task<f32> + Task<f64>> DualTask for K {}

/// The script object for a task, for networks of both precisions.
pub struct AnyTask {
    name: &'static str,
    task: Rc<dyn DualTask>,
    /// The data set, if the task is one.
    pub dataset: Option<Rc<Dataset>>,
}

impl<T: Real> Task<T> for AnyTask
where
    dyn DualTask: Task<T>,
{
    fn shape(&self) -> Shape {
        self.task.shape()
    }

    fn fill(&self, key: &Key, trials: &mut Trials<T>) -> Result<()> {
        self.task.fill(key, trials)
    }

    fn fill_batch(&self, request: &BatchRequest, trials: &mut Trials<T>) -> Result<()> {
        self.task.fill_batch(request, trials)
    }

    fn values(&self) -> Option<Box<dyn Iterator<Item = f64> + '_>> {
        self.task.values()
    }
}

impl AnyTask {
    /// The task with the name that `print` shows.
    pub fn new<K: Task<f32> + Task<f64> + 'static>(name: &'static str, task: K) -> AnyTask {
        AnyTask {
            name,
            task: Rc::new(task),
            dataset: None,
        }
    }

    /// The task that samples from a data set.
    pub fn from_dataset(dataset: Dataset) -> AnyTask {
        let dataset = Rc::new(dataset);
        AnyTask {
            name: "dataset",
            task: dataset.clone(),
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
        Task::<f32>::shape(&*self.task)
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
