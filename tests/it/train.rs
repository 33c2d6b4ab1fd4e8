//! The training loop, compared with six reference steps (tests/references/train.h5, computed with
//! JAX in f64 from the equations) and with a published notebook.

mod checkpoint;
mod early_end;
mod resume;
mod validation;

use std::cell::Cell as Counter;
use std::ops::ControlFlow;

use attractor::base::{Error, NoProgress, Outcome, Progress, Report, Result, Status};
use attractor::nn::{Cell, NetworkOptions, Rnn};
use attractor::ops::Lanes;
use attractor::optim::{Adam, Optimizer, Schedule};
use attractor::random::{Key, Layout};
use attractor::tasks::{Integrator, NoiseOptions, integrator};
use attractor::tensor::{DType, Device, Real, Tensor};
use attractor::train::{self, Fit, L2, LogEntry, Options, Shape, Source, Task, Trials};

fn reference(name: &str) -> (Vec<usize>, Vec<f64>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/references/train.h5");
    let file = hdf5::File::open(path).expect("the reference file");
    let data = file.dataset(name).expect("a known name");
    (data.shape(), data.read_raw().expect("values"))
}

/// A task that returns stored batches one after another.
struct StoredBatches<T> {
    shape: Shape,
    inputs: Vec<T>,
    targets: Vec<T>,
    next: Counter<usize>,
}

impl<T: Real> Task<T> for StoredBatches<T> {
    fn shape(&self) -> Shape {
        self.shape
    }
    fn fill(&self, _: &Key, trials: &mut Trials<T>) -> Result<()> {
        let at = self.next.replace(self.next.get() + 1);
        let slice = |from: &[T], len: usize| from[at * len..][..len].to_vec();
        trials.inputs = slice(&self.inputs, trials.inputs.len());
        trials.targets = slice(&self.targets, trials.targets.len());
        Ok(())
    }
}

/// The task of the notebook with this number of time steps.
fn integrator_task(steps: usize) -> Integrator {
    let options = integrator::Options(NoiseOptions {
        steps,
        ..Default::default()
    });
    Integrator::new(options).expect("options in range")
}

const NAMES: [&str; 6] = ["h0", "wI", "wR", "wO", "bR", "bO"];

fn tutorial_options(batches: usize) -> Options {
    let rate = Schedule::Exponential {
        lr: 0.025,
        decay: 0.99975,
    };
    Options {
        batches,
        clip_norm: Some(10.0),
        l2: L2::Uniform(2e-4),
        optimizer: Optimizer::Adam(Adam {
            lr: rate,
            epsilon: 0.1,
            ..Adam::default()
        }),
        ..Options::default()
    }
}

fn small_network<T: Lanes>(seed: usize) -> Rnn<T> {
    let options = NetworkOptions {
        units: 20,
        gain: 0.85,
        seed: seed.into(),
        ..NetworkOptions::default()
    };
    options.build(Cell::default()).expect("options in range")
}

/// Trains without progress reports.
fn train_silently<T: Lanes>(
    net: &mut Rnn<T>,
    task: &dyn Task<T>,
    options: &Options,
) -> Result<Fit> {
    train::run(
        net,
        &Source::new(task),
        options,
        &mut NoProgress,
        &mut |_, _| Ok(ControlFlow::Continue(())),
    )
}

/// The largest errors of losses, gradient norms and parameters over the six reference steps.
fn errors_of_six_steps<T: Lanes>() -> [f64; 3] {
    let numbers = |name| reference(name).1.into_iter().map(T::of).collect::<Vec<T>>();
    let (shape, _) = reference("x");
    let [steps, batch, time, inputs] = shape[..] else {
        panic!("{shape:?}")
    };
    let task = StoredBatches {
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
            for (actual, expected) in net.params.block(name)?.iter().zip(expected) {
                params = params.max((actual.double() - expected).abs());
            }
        }
        Ok(ControlFlow::Continue(()))
    };
    let options = Options {
        batch_size: batch,
        clip_norm: Some(0.5),
        log_every: 1,
        ..tutorial_options(steps)
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
    let max_error = |values: Vec<f64>, name| {
        let pairs = values.into_iter().zip(reference(name).1);
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let norms = fit.log.iter().map(|line| line.grad_norm).collect();
    [
        max_error(losses.0, "loss"),
        max_error(norms, "grad_norm"),
        params,
    ]
}

/// Records the loss of every batch before the update.
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

fn format_errors(errors: [f64; 3]) -> [String; 3] {
    errors.map(|error| format!("{error:.1e}"))
}

#[test]
fn six_training_steps_agree_with_the_reference() {
    let double = errors_of_six_steps::<f64>();
    let single = errors_of_six_steps::<f32>();
    println!(
        "largest errors of loss, gradient norm, parameters: f64 {:?}",
        format_errors(double)
    );
    println!(
        "largest errors of loss, gradient norm, parameters: f32 {:?}",
        format_errors(single)
    );
    // Rounding of values up to one, over six steps with sums of some hundred terms.
    assert!(
        double.iter().all(|error| *error < 1e-13),
        "{:?}",
        format_errors(double)
    );
    assert!(
        single.iter().all(|error| *error < 1e-6),
        "{:?}",
        format_errors(single)
    );
}

#[test]
fn the_published_integrator_run_reproduces_the_printed_losses() {
    let [key, _] = Key::new(695940, Layout::Original).split_array();
    let [key, init_key] = key.split_array();
    let options = NetworkOptions {
        gain: 0.85,
        seed: init_key.into(),
        ..NetworkOptions::default()
    };
    let mut net: Rnn<f32> = options.build(Cell::default()).expect("options in range");
    let options = Options {
        seed: key.into(),
        ..tutorial_options(401)
    };
    let fit = train_silently(&mut net, &integrator_task(25), &options).expect("a run");
    let losses_text: Vec<String> = fit
        .log
        .iter()
        .map(|line| format!("{:.4}", line.loss))
        .collect();
    println!("losses at batches 0, 100, ...: {losses_text:?}");
    assert_eq!(losses_text[..4], ["0.2227", "0.0475", "0.0370", "0.0384"]);
    // From here on the runs differ by rounding: 0.0348 in the notebook, 0.0350 with the current
    // JAX.
    assert!((fit.log[4].loss - 0.035).abs() < 5e-4, "{:?}", fit.log[4]);
}

#[test]
fn initial_parameters_have_the_expected_standard_deviations() {
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
    for (name, expected, tolerance) in rows {
        let block = net.params.block(name).expect("a parameter");
        let squares: f64 = block.iter().map(|x| x * x).sum();
        let std_dev = (squares / block.len() as f64).sqrt();
        assert!(
            (std_dev - expected).abs() <= tolerance * expected,
            "{name}: {std_dev}, not {expected}"
        );
    }
}

#[test]
fn log_entries_contain_the_loss_after_the_update_with_and_without_penalty() {
    let mut net = small_network::<f64>(3);
    let task = integrator_task(10);
    let options = Options {
        batch_size: 16,
        log_every: 3,
        ..tutorial_options(8)
    };
    let mut logged_batches = Vec::new();
    let key = options.seed.key();
    let mut check_entry = |line: &LogEntry, net: &Rnn<f64>| {
        let batch = (0..line.batch)
            .fold(key, |key, _| key.split_nth(0, 2))
            .split_nth(1, 2);
        let mut trials = Trials::new(Task::<f64>::shape(&task), 16);
        task.fill(&batch, &mut trials)?;
        let mse = net.loss(&mut net.workspace(), &trials, None)?;
        let squares: f64 = net.params.data.iter().map(|p| p * p).sum();
        assert!(
            (line.unpenalized - mse).abs() < 1e-15,
            "{line:?}, not {mse}"
        );
        assert!((line.loss - mse - 2e-4 * squares).abs() < 1e-15, "{line:?}");
        assert!((line.lr - 0.025 * 0.99975f64.powi(line.batch as i32)).abs() < 1e-15);
        logged_batches.push(line.batch);
        Ok(ControlFlow::Continue(()))
    };
    let fit = train::run(
        &mut net,
        &Source::new(&task),
        &options,
        &mut NoProgress,
        &mut check_entry,
    )
    .expect("a run");
    assert_eq!(logged_batches, [0, 3, 6, 7]);
    assert_eq!((fit.outcome, fit.batches), (Outcome::MaxSteps, 8));
}

#[test]
fn training_is_bit_identical_for_one_and_two_threads() {
    let train_on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        pool.install(|| {
            let mut net = Rnn::<f32> {
                noise: 0.01,
                ..small_network(0)
            };
            let fit = train_silently(&mut net, &integrator_task(25), &tutorial_options(20))
                .expect("a run");
            (net.params.data, fit)
        })
    };
    assert_eq!(train_on(1), train_on(2));
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
    let task = integrator_task(25);
    let mut net = small_network::<f32>(5);
    let mut trials = Trials::new(Task::<f32>::shape(&task), 256);
    task.fill(&Key::new(99, Layout::default()), &mut trials)
        .expect("trials");
    let loss = |net: &Rnn<f32>| {
        net.loss(&mut net.workspace(), &trials, None)
            .expect("a loss")
    };
    let before = loss(&net);
    train_silently(&mut net, &task, &tutorial_options(300)).expect("a run");
    let after = loss(&net);
    assert!(after < before / 20.0, "{before} to {after}");
}
