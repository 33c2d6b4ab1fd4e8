//! The words for tasks: built-in ones, and those a script makes of a closure.

use std::rc::Rc;

use super::context::Context;
use super::convert::{ExactTensor, New};
use super::diagnostic::Diagnostic;
use super::native::FromValue;
use super::options::CallOptions;
use super::random::DrawOptions;
use super::rnn::{PARTS, lengths_of};
use super::value::{Function, Map, Object, ScriptObject, Value};
use crate::base::options::Span;
use crate::base::{Error, Result};
use crate::nn::Precision;
use crate::ops::Lanes;
use crate::random::Key;
use crate::tasks::{Dataset, Decision, FlipFlop, Integrator, decision, flip_flop, integrator};
use crate::tensor::{Device, Real, Tensor, convert};
use crate::train::task::{Shape, Task, Trials};

crate::options! {
    /// The sizes of a task that a script makes.
    pub struct Sizes for "tasks::custom" {
        /// Inputs at each time step.
        inputs: usize = 1, in Span::at_least(1.0);
        /// Outputs at each time step.
        outputs: usize = 1, in Span::at_least(1.0);
        /// Time steps of a trial.
        steps: Option<usize> = None, in Span::at_least(1.0);
    }
}

crate::natives! {
    /// Tasks that networks are trained on; each draws its trials from a key.
    module "tasks";

    /// White noise to integrate: one input, and as target its running sum.
    ///
    /// > tasks::integrator(#{ steps: 25, bias: 0.01, noise: 0.025 })
    /// = task integrator: 25 steps, 1 inputs, 1 outputs
    fn integrator(options: CallOptions<integrator::Options>) -> New<AnyTask> {
        Ok(New(AnyTask::new("integrator", Integrator::new(options.into_inner())?)))
    }

    /// The same noise to decide about: at the last time, and there alone, the target is 1 where the
    /// sum of the input is above 0, else -1. The mask of its batches is 1 at the last time.
    ///
    /// > let batch = tasks::decision(#{ steps: 3 }).batch(2, random::key(0));
    /// > let sums = tasks::integrator(#{ steps: 3 }).batch(2, random::key(0)).targets;
    /// > [batch.mask.to_list(), (batch.targets - sums.sign()).slice(1, 2).abs().max().item()]
    /// = [[[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]], 0.0]
    fn decision(options: CallOptions<decision::Options>) -> New<AnyTask> {
        Ok(New(AnyTask::new("decision", Decision::new(options.into_inner())?)))
    }

    /// Bits to remember: each channel has an input that is 0 but for pulses of 1 and -1, and a
    /// target, the last of these. At the first time every channel has a pulse.
    ///
    /// > let task = tasks::flip_flop(#{ bits: 2, steps: 50, pulses: 0.0 });
    /// > let batch = task.batch(3, random::key(0));
    /// > (batch.targets - batch.inputs.slice(1, 0, 1)).abs().max().item()
    /// = 0.0
    fn flip_flop(options: CallOptions<flip_flop::Options>) -> New<AnyTask> {
        Ok(New(AnyTask::new("flip_flop", FlipFlop::new(options.into_inner())?)))
    }

    /// A task from a closure that is given a key and a number of trials and gives a map of
    /// `inputs` [b, t, i], `targets` [b, t, o] and, if the loss counts at some times only,
    /// `mask` [b, t] of ones and zeros, or, if some trials end before others, `lengths` [b]. Option
    /// `steps` is needed.
    ///
    /// > let noise = |key, n| random::normal(key, [n, 10, 2]);
    /// > let copy = |key, n| { let x = noise.call(key, n); #{ inputs: x, targets: x } };
    /// > tasks::custom(#{ inputs: 2, outputs: 2, steps: 10 }, copy)
    /// = task custom: 10 steps, 2 inputs, 2 outputs
    fn custom(sizes: CallOptions<Sizes>, trials: Function) -> New<AnyTask> {
        let doc = "time steps of a trial".into();
        let missing = Error::Missing { of: "tasks::custom", name: "steps", doc };
        let time = sizes.steps.ok_or(missing)?;
        let (inputs, outputs) = (sizes.inputs, sizes.outputs);
        Ok(New(AnyTask::new("custom", Custom { time, inputs, outputs, trials })))
    }

    /// A map of `n` trials drawn from a key: `inputs` [n, t, i], `targets` [n, t, o], `mask` [n, t]
    /// if the loss counts at some times only, and `lengths` [n] if some trials end before others.
    ///
    /// > kind_of(tasks::integrator().batch(3, random::key(0)).inputs)
    /// = a tensor
    fn batch(
        cx: &Context, this: Rc<AnyTask>, n: usize, key: Key, options: CallOptions<DrawOptions>,
    ) -> Map {
        let Shape { time, inputs, outputs } = this.shape();
        cx.check_memory("task.batch", &[n, time, inputs.max(outputs)], options.dtype.dtype())?;
        match options.dtype {
            Precision::F32 => batch(this.single.as_ref(), n, &key),
            Precision::F64 => batch(this.double.as_ref(), n, &key),
        }
    }

    /// The number of time steps of a trial.
    ///
    /// > tasks::integrator().steps()
    /// = 25
    fn steps(this: Rc<AnyTask>) -> usize { Ok(this.shape().time) }
}

/// A task in both kinds of number, as scripts hold it.
pub struct AnyTask {
    name: &'static str,
    /// For networks that compute in f32.
    pub single: Rc<dyn Task<f32>>,
    /// For networks that compute in f64.
    pub double: Rc<dyn Task<f64>>,
    /// If it is one.
    pub dataset: Option<Rc<Dataset>>,
}

/// A kind of number that tasks come in.
pub trait Kind: Lanes {
    /// The task for networks that compute in it.
    fn of_task(task: &AnyTask) -> &dyn Task<Self>;
}

impl Kind for f32 {
    fn of_task(task: &AnyTask) -> &dyn Task<f32> {
        task.single.as_ref()
    }
}

impl Kind for f64 {
    fn of_task(task: &AnyTask) -> &dyn Task<f64> {
        task.double.as_ref()
    }
}

impl AnyTask {
    /// The task under a name that `print` shows.
    pub fn new<K: Task<f32> + Task<f64> + 'static>(name: &'static str, task: K) -> AnyTask {
        let task = Rc::new(task);
        AnyTask {
            name,
            single: task.clone(),
            double: task,
            dataset: None,
        }
    }

    /// A data set.
    pub fn of_data(dataset: Dataset) -> AnyTask {
        let dataset = Rc::new(dataset);
        AnyTask {
            name: "dataset",
            single: dataset.clone(),
            double: dataset.clone(),
            dataset: Some(dataset),
        }
    }

    /// The data set that this task is.
    ///
    /// Errors: `Kind` if it is another task
    pub fn data(&self, of: &str) -> Result<&Dataset> {
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

fn batch<T: Real>(task: &dyn Task<T>, n: usize, key: &Key) -> Result<Map, Diagnostic> {
    let mut trials = Trials {
        trials: n,
        time: 0,
        inputs: Vec::new(),
        targets: Vec::new(),
        mask: None,
        lengths: None,
    };
    task.fill(key, &mut trials)?;
    let (time, sizes) = (trials.time, task.shape());
    let tensor = |data: Vec<T>, shape: &[usize]| -> Result<Value, Diagnostic> {
        Ok(Value::Tensor(Tensor::from_vec(data, shape, &Device::Cpu)?))
    };
    let mut map = Map::new();
    map.insert(
        "inputs".into(),
        tensor(trials.inputs, &[n, time, sizes.inputs])?,
    );
    map.insert(
        "targets".into(),
        tensor(trials.targets, &[n, time, sizes.outputs])?,
    );
    if let Some(mask) = trials.mask {
        map.insert("mask".into(), tensor(mask, &[n, time])?);
    }
    if let Some(lengths) = trials.lengths {
        let lengths = lengths.into_iter().map(|length| T::of(length as f64));
        map.insert("lengths".into(), tensor(lengths.collect(), &[n])?);
    }
    Ok(map)
}

/// A task whose trials a closure of a script makes.
struct Custom {
    time: usize,
    inputs: usize,
    outputs: usize,
    trials: Function,
}

impl<T: Real> Task<T> for Custom {
    fn shape(&self) -> Shape {
        Shape {
            time: self.time,
            inputs: self.inputs,
            outputs: self.outputs,
        }
    }

    fn fill(&self, key: &Key, trials: &mut Trials<T>) -> Result<()> {
        let (n, t) = (trials.trials, self.time);
        let args = vec![Value::Object(Object::new(*key)), Value::Int(n as i64)];
        let given = self.trials.call(args)?;
        trials.time = t;
        self.read(given, trials)
            .map_err(|error| Diagnostic::from(error).at(self.trials.location()).into())
    }
}

impl Custom {
    /// Takes the trials from what the closure gave.
    fn read<T: Real>(&self, given: Value, trials: &mut Trials<T>) -> Result<()> {
        let (n, t) = (trials.trials, self.time);
        let mut parts = parts(given)?;
        trials.inputs = numbers(parts.remove("inputs"), "inputs", &[n, t, self.inputs])?;
        trials.targets = numbers(parts.remove("targets"), "targets", &[n, t, self.outputs])?;
        trials.mask = match parts.remove("mask") {
            None | Some(Value::Nil) => None,
            mask => Some(numbers(mask, "mask", &[n, t])?),
        };
        trials.lengths = match parts.remove("lengths") {
            None | Some(Value::Nil) => None,
            lengths => Some(lengths_of(
                "tasks::custom",
                &tensor(lengths, "lengths", &[n])?,
                [n, t],
            )?),
        };
        trials.mask_padding();
        Ok(())
    }
}

/// Errors: `Kind` if the closure gave no map, `Unknown` if a part has another name.
fn parts(value: Value) -> Result<Map> {
    let of = || "tasks::custom".to_string();
    let map = Map::from_value(value).map_err(|value| Error::Kind {
        of: of(),
        expected: "a map of inputs and targets from the closure".into(),
        found: value.kind(),
    })?;
    let known = || PARTS.map(String::from).to_vec();
    match map.keys().find(|name| !PARTS.contains(&name.as_str())) {
        None => Ok(map),
        Some(name) => Err(Error::Unknown {
            of: of(),
            category: "part of a batch",
            name: name.clone(),
            known: known(),
        }),
    }
}

/// The numbers of one part, row after row.
///
/// Errors: `Kind` if the part is no tensor or missing, `Shape` if its shape is another one.
fn numbers<T: Real>(value: Option<Value>, part: &'static str, shape: &[usize]) -> Result<Vec<T>> {
    convert::to_vec(&tensor(value, part, shape)?)
}

fn tensor(value: Option<Value>, part: &'static str, shape: &[usize]) -> Result<Tensor> {
    let tensor =
        ExactTensor::from_value(value.unwrap_or(Value::Nil)).map_err(|value| Error::Kind {
            of: format!("tasks::custom: part `{part}`"),
            expected: format!("a tensor of shape {shape:?}"),
            found: value.kind(),
        })?;
    if tensor.dims() != shape {
        return Err(Error::Shape {
            op: "tasks::custom",
            what: part,
            expected: format!("{shape:?}"),
            found: tensor.dims().to_vec(),
        });
    }
    Ok(tensor.0)
}
