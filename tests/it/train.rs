//! The training loop: against six reference steps (tests/references/train.h5, made with JAX in
//! f64 from the equations), against a published notebook.

mod checkpoint;
mod ends;
mod resume;
mod validation;

use std::cell::Cell as Counter;
use std::ops::ControlFlow;

use attractor::base::{Error, NoProgress, Outcome, Progress, Report, Result, Status};
use attractor::nn::{Cell, NetworkOptions, Rnn};
use attractor::ops::Lanes;
use attractor::optim::{Adam, Optimizer, Schedule};
use attractor::random::{Key, Layout};
use attractor::tasks::{Integrator, integrator};
use attractor::tensor::{DType, Device, Real, Tensor};
use attractor::train::{self, Fit, LogEntry, Options, Shape, Source, Task, Trials};

fn reference(name: &str) -> (Vec<usize>, Vec<f64>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/references/train.h5");
    let file = hdf5::File::open(path).expect("the reference file");
    let data = file.dataset(name).expect("a known name");
    (data.shape(), data.read_raw().expect("values"))
}

/// Batches that were made beforehand, one after another.
struct Recorded<T> {
    shape: Shape,
    inputs: Vec<T>,
    targets: Vec<T>,
    next: Counter<usize>,
}

impl<T: Real> Task<T> for Recorded<T> {
    fn shape(&self) -> Shape {
        self.shape
    }
    fn fill(&self, _: &Key, trials: &mut Trials<T>) -> Result<()> {
        let at = self.next.replace(self.next.get() + 1);
        let part = |from: &[T], len: usize| from[at * len..][..len].to_vec();
        trials.inputs = part(&self.inputs, trials.inputs.len());
        trials.targets = part(&self.targets, trials.targets.len());
        Ok(())
    }
}

/// The notebook's task, with this many time steps.
fn integrate(steps: usize) -> Integrator {
    let options = integrator::Options {
        steps,
        ..Default::default()
    };
    Integrator::new(options).expect("options in range")
}

const NAMES: [&str; 6] = ["h0", "wI", "wR", "wO", "bR", "bO"];

fn tutorial(batches: usize) -> Options {
    let rate = Schedule::Exponential {
        rate: 0.025,
        decay: 0.99975,
    };
    Options {
        batches,
        clip: Some(10.0),
        l2: 2e-4,
        optimizer: Optimizer::Adam(Adam {
            rate,
            epsilon: 0.1,
            ..Adam::default()
        }),
        ..Options::default()
    }
}

fn small<T: Lanes>(seed: usize) -> Rnn<T> {
    let options = NetworkOptions {
        units: 20,
        gain: 0.85,
        seed,
        ..NetworkOptions::default()
    };
    options.build(Cell::default()).expect("options in range")
}

/// Trains without watching.
fn quietly<T: Lanes>(net: &mut Rnn<T>, task: &dyn Task<T>, options: &Options) -> Result<Fit> {
    train::run(
        net,
        &Source::new(task),
        options,
        &mut NoProgress,
        &mut |_, _| Ok(ControlFlow::Continue(())),
    )
}

/// The largest errors of losses, gradient norms and parameters over the six reference steps.
fn six_steps<T: Lanes>() -> [f64; 3] {
    let numbers = |name| reference(name).1.into_iter().map(T::of).collect::<Vec<T>>();
    let (shape, _) = reference("x");
    let [steps, batch, time, inputs] = shape[..] else {
        panic!("{shape:?}")
    };
    let task = Recorded {
        shape: Shape {
            time,
            inputs,
            outputs: 1,
        },
        inputs: numbers("x"),
        targets: numbers("y"),
        next: Counter::new(0),
    };
    let mut net: Rnn<T> = NetworkOptions {
        units: 11,
        ..NetworkOptions::default()
    }
    .build(Cell::default())
    .expect("sizes");
    for name in NAMES {
        let (shape, values) = reference(&format!("step0/{name}"));
        let value = Tensor::from_vec(values, shape, &Device::Cpu).expect("a tensor");
        net.params.set(name, &value).expect("a parameter");
    }
    let mut params: f64 = 0.0;
    let mut compare = |log: &LogEntry, net: &Rnn<T>| {
        for name in NAMES {
            let (_, expected) = reference(&format!("step{}/{name}", log.batch + 1));
            for (found, expected) in net.params.block(name)?.iter().zip(expected) {
                params = params.max((found.double() - expected).abs());
            }
        }
        Ok(ControlFlow::Continue(()))
    };
    let options = Options {
        batch,
        clip: Some(0.5),
        log_every: 1,
        ..tutorial(steps)
    };
    let mut losses = Losses::default();
    let fit = train::run(
        &mut net,
        &Source::new(&task),
        &options,
        &mut losses,
        &mut compare,
    )
    .expect("a run");
    assert_eq!(fit.log.len(), 6);
    let largest = |found: Vec<f64>, name| {
        let pairs = found.into_iter().zip(reference(name).1);
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let norms = fit.log.iter().map(|line| line.grad_norm).collect();
    [
        largest(losses.0, "loss"),
        largest(norms, "grad_norm"),
        params,
    ]
}

/// Keeps the loss of every batch, which is the one before the update.
#[derive(Default)]
struct Losses(Vec<f64>);

impl Progress for Losses {
    fn report(&mut self, report: Report) {
        if let Status::Loss { loss, .. } = report.status {
            self.0.push(loss);
        }
    }
    fn stop_requested(&self) -> bool {
        false
    }
}

fn tell(errors: [f64; 3]) -> [String; 3] {
    errors.map(|error| format!("{error:.1e}"))
}

#[test]
fn six_training_steps_agree_with_the_reference() {
    let double = six_steps::<f64>();
    let single = six_steps::<f32>();
    println!(
        "largest errors of loss, gradient norm, parameters: f64 {:?}",
        tell(double)
    );
    println!(
        "largest errors of loss, gradient norm, parameters: f32 {:?}",
        tell(single)
    );
    // Rounding of numbers up to one, over six steps of sums of some hundred terms.
    assert!(
        double.iter().all(|error| *error < 1e-13),
        "{:?}",
        tell(double)
    );
    assert!(
        single.iter().all(|error| *error < 1e-6),
        "{:?}",
        tell(single)
    );
}

#[test]
fn the_published_integrator_run_repeats_its_losses_to_the_printed_digits() {
    let [key, _] = Key::new(695940, Layout::Original).split_array();
    let [key, first] = key.split_array();
    let options = NetworkOptions {
        gain: 0.85,
        key: Some(first),
        ..NetworkOptions::default()
    };
    let mut net: Rnn<f32> = options.build(Cell::default()).expect("options in range");
    let options = Options {
        key: Some(key),
        ..tutorial(401)
    };
    let fit = quietly(&mut net, &integrate(25), &options).expect("a run");
    let printed: Vec<String> = fit
        .log
        .iter()
        .map(|line| format!("{:.4}", line.loss))
        .collect();
    println!("losses at batches 0, 100, ...: {printed:?}");
    assert_eq!(printed[..4], ["0.2227", "0.0475", "0.0370", "0.0384"]);
    // From here on rounding parts the runs: 0.0348 in the notebook, 0.0350 with today's JAX.
    assert!((fit.log[4].loss - 0.035).abs() < 5e-4, "{:?}", fit.log[4]);
}

#[test]
fn the_first_parameters_have_the_spread_that_their_sizes_and_the_gain_ask_for() {
    let options = NetworkOptions {
        inputs: 50,
        units: 200,
        outputs: 40,
        gain: 0.7,
        ..NetworkOptions::default()
    };
    let net: Rnn<f64> = options.build(Cell::default()).expect("options in range");
    let rows = [
        ("h0", 0.1, 0.2),
        ("wI", 1.0 / 50f64.sqrt(), 0.05),
        ("wR", 0.7 / 200f64.sqrt(), 0.03),
        ("wO", 1.0 / 200f64.sqrt(), 0.05),
        ("bR", 0.0, 0.0),
        ("bO", 0.0, 0.0),
    ];
    for (name, expected, part) in rows {
        let block = net.params.block(name).expect("a parameter");
        let squares: f64 = block.iter().map(|x| x * x).sum();
        let spread = (squares / block.len() as f64).sqrt();
        assert!(
            (spread - expected).abs() <= part * expected,
            "{name}: {spread}, not {expected}"
        );
    }
}

#[test]
fn a_log_tells_the_loss_after_the_update_with_and_without_the_penalty() {
    let mut net = small::<f64>(3);
    let task = integrate(10);
    let options = Options {
        batch: 16,
        log_every: 3,
        ..tutorial(8)
    };
    let mut seen = Vec::new();
    let key = Key::new(options.seed as u64, Layout::default());
    let mut look = |line: &LogEntry, net: &Rnn<f64>| {
        let batch = (0..line.batch)
            .fold(key, |key, _| key.split_nth(0, 2))
            .split_nth(1, 2);
        let mut trials = Trials::new(Task::<f64>::shape(&task), 16);
        task.fill(&batch, &mut trials)?;
        let mse = net.loss(&mut net.workspace(), &trials, None)?;
        let squares: f64 = net.params.data.iter().map(|p| p * p).sum();
        assert!((line.mse - mse).abs() < 1e-15, "{line:?}, not {mse}");
        assert!((line.loss - mse - 2e-4 * squares).abs() < 1e-15, "{line:?}");
        assert!((line.rate - 0.025 * 0.99975f64.powi(line.batch as i32)).abs() < 1e-15);
        seen.push(line.batch);
        Ok(ControlFlow::Continue(()))
    };
    let fit = train::run(
        &mut net,
        &Source::new(&task),
        &options,
        &mut NoProgress,
        &mut look,
    )
    .expect("a run");
    assert_eq!(seen, [0, 3, 6, 7]);
    assert_eq!((fit.outcome, fit.batches), (Outcome::MaxSteps, 8));
}

#[test]
fn the_same_key_gives_the_same_bits_on_one_thread_and_on_two() {
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        pool.install(|| {
            let mut net = Rnn::<f32> {
                noise: 0.01,
                ..small(0)
            };
            let fit = quietly(&mut net, &integrate(25), &tutorial(20)).expect("a run");
            (net.params.data, fit)
        })
    };
    assert_eq!(with(1), with(2));
}

#[test]
fn parameters_are_read_and_written_by_name() {
    let mut net = attractor::nn::Network::new(Cell::default(), &NetworkOptions::default())
        .expect("a network");
    let value = Tensor::full(0.5, (100, 100), &Device::Cpu).expect("a tensor");
    net.set("wR", &value).expect("a parameter");
    let read = net.parameter("wR").expect("a parameter");
    assert_eq!((read.dims(), read.dtype()), (&[100, 100][..], DType::F32));
    assert_eq!(
        read.sum_all()
            .expect("a sum")
            .to_scalar::<f32>()
            .expect("a number"),
        5000.0
    );
    assert!(matches!(
        net.set("wI", &value),
        Err(Error::Parameter { .. })
    ));
    assert!(matches!(net.parameter("wX"), Err(Error::Unknown { .. })));
    assert_eq!(net.layout().len(), 100 + 100 + 10_000 + 100 + 100 + 1);
}

#[test]
fn training_lowers_the_loss_on_new_trials() {
    let task = integrate(25);
    let mut net = small::<f32>(5);
    let mut trials = Trials::new(Task::<f32>::shape(&task), 256);
    task.fill(&Key::new(99, Layout::default()), &mut trials)
        .expect("trials");
    let loss = |net: &Rnn<f32>| {
        net.loss(&mut net.workspace(), &trials, None)
            .expect("a loss")
    };
    let before = loss(&net);
    quietly(&mut net, &task, &tutorial(300)).expect("a run");
    let after = loss(&net);
    assert!(after < before / 20.0, "{before} to {after}");
}
