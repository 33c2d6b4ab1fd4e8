//! Custom networks whose functions are written in Rust: gradients against finite differences, long
//! sequences, stopped and resumed runs, functions that fail during a run.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::rc::Rc;

use attractor::base::{Error, NoProgress, Outcome, Progress, Report, Result};
use attractor::nn::{Custom, CustomOptions, ParamMap, UserFn, UserFns};
use attractor::optim::{Adam, Optimizer, constant};
use attractor::random::{Key, Layout};
use attractor::tasks::{Integrator, NoiseOptions, integrator};
use attractor::tensor::{Device, Real, Tensor};
use attractor::train::{self, Fit, L2, Model, Options, Source, Trials};
use tempfile::TempDir;

type FunctionPointer = fn(&[Tensor], &ParamMap) -> Result<Tensor>;

pub(super) fn user_fn(
    name: &'static str,
    function: impl Fn(&[Tensor], &ParamMap) -> Result<Tensor> + 'static,
) -> UserFn {
    UserFn {
        name,
        output: "rows",
        function: Box::new(function),
        locate: Box::new(|error| error),
    }
}

/// h + 0.1 (w tanh(h) - a h^2) + x b, and outputs exp(-h^2) c.
fn quadratic_step(args: &[Tensor], p: &ParamMap) -> Result<Tensor> {
    let [h, x] = args else {
        unreachable!("a state and an input")
    };
    let drift = (h.tanh()?.matmul(&p["w"])? - h.sqr()?.broadcast_mul(&p["a"])?)?;
    Ok(((h + (drift * 0.1)?)? + x.matmul(&p["b"])?)?)
}

fn gaussian_readout(args: &[Tensor], p: &ParamMap) -> Result<Tensor> {
    Ok(args[0].sqr()?.neg()?.exp()?.matmul(&p["c"])?)
}

pub(super) fn random_tensor<T: Real>(seed: u64, shape: &[usize]) -> Tensor {
    let mut values = vec![T::of(0.0); shape.iter().product()];
    Key::new(seed, Layout::default()).fill_normal(&mut values);
    for x in &mut values {
        *x *= T::of(0.5);
    }
    Tensor::from_vec(values, shape, &Device::Cpu).expect("a tensor")
}

fn network<T: Real>(step: UserFn, readout: Option<FunctionPointer>) -> Custom<T> {
    let mut params = ParamMap::from([
        ("w".into(), random_tensor::<T>(1, &[3, 3])),
        ("a".into(), random_tensor::<T>(2, &[])),
        ("b".into(), random_tensor::<T>(3, &[1, 3])),
        ("unused".into(), random_tensor::<T>(4, &[2])),
    ]);
    if readout.is_some() {
        params.insert("c".into(), random_tensor::<T>(5, &[3, 1]));
    }
    let readout = readout.map(|function| user_fn("readout", function));
    let config = CustomOptions {
        units: Some(3),
        noise: 0.02,
        ..CustomOptions::default()
    };
    let functions = Rc::new(UserFns { step, readout });
    config
        .build(functions, &params)
        .expect("functions with valid outputs")
}

pub(super) fn trials<T: Real>(b: usize, t: usize, masked: bool) -> Trials<T> {
    let values = |seed| {
        let tensor = random_tensor::<T>(seed, &[b * t]).to_vec1();
        tensor.expect("values")
    };
    let count = |at: usize| T::of([0.0, 1.0, 0.5][at % 3]);
    Trials {
        trials: b,
        time: t,
        inputs: values(7),
        targets: values(8),
        mask: masked.then(|| (0..b * t).map(count).collect()),
        lengths: None,
    }
}

#[test]
fn the_gradient_of_a_custom_network_equals_finite_differences() {
    const STEP: f64 = 1e-5;
    const TOLERANCE: f64 = 1e-9;
    let cases = [
        (None, false, None),
        (None, true, None),
        (Some(gaussian_readout as FunctionPointer), true, None),
        (None, false, Some(vec![7, 2, 4, 7])),
    ];
    for (readout, masked, lengths) in cases {
        let mut net = network::<f64>(user_fn("step", quadratic_step), readout);
        let mut trials = trials(4, 7, masked);
        trials.lengths = lengths;
        let key = Key::new(9, Layout::default());
        let mut gradient = vec![0.0; net.params.data.len()];
        let loss = net
            .loss_gradient(&mut (), &trials, Some(&key), &mut gradient)
            .expect("a gradient");
        let mut at = |index: usize, by: f64| {
            let before = net.params.data[index];
            net.params.data[index] = before + by;
            let loss = net.loss(&mut (), &trials, Some(&key)).expect("a loss");
            net.params.data[index] = before;
            loss
        };
        assert_eq!(at(0, 0.0), loss, "the loss of `loss_gradient`");
        let mut max_error: f64 = 0.0;
        for (index, derivative) in gradient.iter().enumerate() {
            let expected = (at(index, STEP) - at(index, -STEP)) / (2.0 * STEP);
            max_error = max_error.max((derivative - expected).abs());
        }
        println!("{max_error:.1e} from finite differences");
        assert!(max_error < TOLERANCE, "{max_error:e}");
        let unused = net.params.layout().block("unused").expect("a block");
        assert_eq!(&gradient[unused.range.clone()], [0.0, 0.0]);
    }
}

/// Stops a run after this number of reports.
struct StopAfter(usize);

impl Progress for StopAfter {
    fn report(&mut self, _: Report) {
        self.0 -= 1;
    }
    fn stop_requested(&self) -> bool {
        self.0 == 0
    }
}

fn task() -> Integrator {
    let options = integrator::Options(NoiseOptions {
        steps: 12,
        ..Default::default()
    });
    Integrator::new(options).expect("options in range")
}

fn options() -> Options {
    let adam = Adam {
        lr: constant(0.01),
        ..Adam::default()
    };
    Options {
        batches: 31,
        batch_size: 8,
        clip_norm: Some(1.0),
        l2: L2::Uniform(1e-4),
        log_every: 4,
        checkpoint_every: 7,
        optimizer: Optimizer::Adam(adam),
        ..Options::default()
    }
}

fn train_network<T: Real>(
    net: &mut Custom<T>,
    options: &Options,
    progress: &mut dyn Progress,
    held_out: Option<&Trials<T>>,
) -> Result<Fit>
where
    Integrator: train::Task<T>,
{
    let task = task();
    let source = Source {
        task: &task,
        validation: held_out,
    };
    train::run(net, &source, options, progress, &mut |_, _| {
        Ok(ControlFlow::Continue(()))
    })
}

fn bits<T: Real>(net: &Custom<T>) -> Vec<u64> {
    let params = net.params.data.iter();
    params.map(|p| p.double().to_bits()).collect()
}

fn check_resume<T: Real>()
where
    Integrator: train::Task<T>,
{
    let folder = TempDir::new().expect("a folder");
    let held_out = trials::<T>(5, 9, true);
    let build = || network::<T>(user_fn("step", quadratic_step), Some(gaussian_readout));
    let mut uninterrupted = build();
    let expected = train_network(
        &mut uninterrupted,
        &options(),
        &mut NoProgress,
        Some(&held_out),
    )
    .expect("a run");
    let checkpoint_options = Options {
        checkpoint: Some(folder.path().join("run.h5")),
        ..options()
    };
    let mut net = build();
    for (batches, resumed) in [(3, 0), (9, 3), (10, 12), (usize::MAX, 22)] {
        net = build();
        let fit = train_network(
            &mut net,
            &checkpoint_options,
            &mut StopAfter(batches),
            Some(&held_out),
        )
        .expect("part of the run");
        assert_eq!(fit.resumed_batches, resumed);
        if resumed == 22 {
            let normalized = Fit {
                resumed_batches: 0,
                ..fit
            };
            assert_eq!(normalized, expected);
        }
    }
    assert_eq!(bits(&net), bits(&uninterrupted));
}

#[test]
fn a_stopped_run_of_a_custom_network_resumes_bit_identically() {
    check_resume::<f32>();
    check_resume::<f64>();
}

#[test]
fn a_checkpoint_of_a_different_step_is_rejected() {
    let folder = TempDir::new().expect("a folder");
    let checkpoint_options = Options {
        checkpoint: Some(folder.path().join("run.h5")),
        ..options()
    };
    let mut net = network::<f32>(user_fn("step", quadratic_step), None);
    train_network(&mut net, &checkpoint_options, &mut StopAfter(3), None).expect("part of the run");
    let other = user_fn("step", |args, p| Ok((quadratic_step(args, p)? * 0.5)?));
    let mut net = network::<f32>(other, None);
    let error = train_network(&mut net, &checkpoint_options, &mut NoProgress, None)
        .expect_err("a checkpoint of a different run");
    assert!(
        error.to_string().contains("step of the network is"),
        "{error}"
    );
}

/// A step that fails in every call after the first `after` calls.
fn failing_step(after: usize) -> UserFn {
    let calls = Cell::new(0);
    user_fn("step", move |args, p| {
        calls.set(calls.get() + 1);
        match calls.get() > after {
            true => Err(Error::Algebra {
                op: "step",
                fact: "no more",
            }),
            false => quadratic_step(args, p),
        }
    })
}

#[test]
fn a_failing_step_leaves_the_parameters_of_the_last_completed_batch() {
    // The shape check takes one call, a batch 12 calls, the log entry of batch 0 takes 12 calls.
    for (after, batches) in [(1 + 5, 0), (1 + 12 + 12 + 12 + 8, 2), (1 + 12 + 3, 1)] {
        let mut net = network::<f64>(failing_step(after), None);
        let error =
            train_network(&mut net, &options(), &mut NoProgress, None).expect_err("an error");
        assert_eq!(error.to_string(), "step: no more");
        let mut uninterrupted = network::<f64>(user_fn("step", quadratic_step), None);
        if batches > 0 {
            let short_options = Options {
                batches,
                ..options()
            };
            train_network(&mut uninterrupted, &short_options, &mut NoProgress, None)
                .expect("a run");
        }
        assert_eq!(bits(&net), bits(&uninterrupted), "{after} calls");
    }
}

/// Stops a run after this number of calls of the step, like Ctrl-C: the step then fails too.
struct StopAtZero(Rc<Cell<usize>>);

impl Progress for StopAtZero {
    fn report(&mut self, _: Report) {}
    fn stop_requested(&self) -> bool {
        self.0.get() == 0
    }
}

#[test]
fn a_run_that_is_stopped_inside_a_step_resumes_bit_identically() {
    let folder = TempDir::new().expect("a folder");
    let mut uninterrupted = network::<f64>(user_fn("step", quadratic_step), None);
    let expected =
        train_network(&mut uninterrupted, &options(), &mut NoProgress, None).expect("a run");
    for (calls, done) in [(12 + 12 + 12 + 8, 2), (12 + 3, 1)] {
        let checkpoint_options = Options {
            checkpoint: Some(folder.path().join(format!("run{done}.h5"))),
            ..options()
        };
        let remaining_calls = Rc::new(Cell::new(usize::MAX));
        let counter = remaining_calls.clone();
        let step = user_fn("step", move |args, p| {
            if counter.get() == 0 {
                let (op, fact) = ("step", "cut short");
                return Err(Error::Algebra { op, fact });
            }
            counter.set(counter.get() - 1);
            quadratic_step(args, p)
        });
        let mut net = network::<f64>(step, None);
        // One more call computes the fingerprint of the step for the checkpoint.
        remaining_calls.set(calls + 2);
        let fit = train_network(
            &mut net,
            &checkpoint_options,
            &mut StopAtZero(remaining_calls.clone()),
            None,
        )
        .expect("a run");
        assert_eq!(
            fit.outcome,
            Outcome::Interrupted { at: done },
            "{calls} calls"
        );
        let mut net = network::<f64>(user_fn("step", quadratic_step), None);
        let fit = train_network(&mut net, &checkpoint_options, &mut NoProgress, None)
            .expect("the rest of the run");
        assert_eq!(fit.log, expected.log);
        assert_eq!(bits(&net), bits(&uninterrupted));
    }
}

#[test]
fn the_gradient_over_five_thousand_steps_does_not_overflow_the_stack() {
    let stable_step = user_fn("step", |args, p| {
        let drift = (args[0].tanh()?.matmul(&p["w"])?.broadcast_mul(&p["a"])? - &args[0])?;
        Ok(((&args[0] + (drift * 0.1)?)? + args[1].matmul(&p["b"])?)?)
    });
    let net = network::<f32>(stable_step, Some(gaussian_readout));
    let trials = trials::<f32>(2, 5_000, false);
    // A tape over all steps, about 40,000 operations, would overflow this stack.
    let mut gradient = vec![0.0; net.params.data.len()];
    let loss = net
        .loss_gradient(&mut (), &trials, None, &mut gradient)
        .expect("a gradient");
    assert!(loss.is_finite() && gradient.iter().all(|derivative| derivative.is_finite()));
    let blocks = ["w", "a", "b", "c"].map(|name| net.params.layout().block(name));
    for block in blocks {
        let block = block.expect("a block");
        let is_nonzero = gradient[block.range.clone()]
            .iter()
            .any(|derivative| *derivative != 0.0);
        assert!(is_nonzero, "{}", block.name);
    }
}
