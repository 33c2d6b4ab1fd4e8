//! The script object for a task.

use std::cell::RefCell;
use std::rc::Rc;

use super::diagnostic::Diagnostic;
use super::display::count_text;
use super::labels::Labels;
use super::value::{Map, ScriptObject};
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
    labels: LabelSource,
}

/// The origin of the labels of a batch.
enum LabelSource {
    None,
    /// The labels of all trials of a data set.
    All(Rc<Labels>),
    /// The labels of the last batch that a closure returned.
    Last(Rc<RefCell<Labels>>),
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
            labels: LabelSource::None,
        }
    }

    /// The task that samples from a data set, with the labels of all trials of its arrays.
    pub fn from_dataset(dataset: Dataset, labels: Rc<Labels>) -> AnyTask {
        let dataset = Rc::new(dataset);
        AnyTask {
            name: "dataset",
            task: dataset.clone(),
            dataset: Some(dataset),
            labels: LabelSource::All(labels),
        }
    }

    /// The task with labels, which `labels` contains after each batch.
    pub fn with_labels(self, labels: Rc<RefCell<Labels>>) -> AnyTask {
        let labels = LabelSource::Last(labels);
        AnyTask { labels, ..self }
    }

    /// The labels of a data set.
    pub fn dataset_labels(&self) -> Rc<Labels> {
        match &self.labels {
            LabelSource::All(labels) => labels.clone(),
            LabelSource::None | LabelSource::Last(_) => Rc::default(),
        }
    }

    /// Adds the labels of the last batch, of `n` trials sampled with `key`, to its map.
    pub fn insert_labels(&self, n: usize, key: &Key, batch: &mut Map) -> Result<(), Diagnostic> {
        match (&self.labels, &self.dataset) {
            (LabelSource::All(labels), Some(dataset)) => {
                let rows: Vec<usize> = dataset.batch_rows(key, (0, n)).collect();
                labels.insert_rows(&rows, batch)
            }
            (LabelSource::Last(labels), _) => {
                let rows: Vec<usize> = (0..n).collect();
                labels.borrow().insert_rows(&rows, batch)
            }
            _ => Ok(()),
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
        let trials = trials.map_or(String::new(), |data| {
            count_text(data.count(), "trial") + ", "
        });
        format!(
            "task {}: {trials}{}, {}, {}",
            self.name,
            count_text(time, "step"),
            count_text(inputs, "input"),
            count_text(outputs, "output")
        )
    }
}
