//! The network in the engine, its rules written in Rust: gradients by finite differences, long
//! sequences, a run that is stopped and resumed, a rule that fails in the middle of a run.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::rc::Rc;

use attractor::base::{Error, NoProgress, Outcome, Progress, Report, Result};
use attractor::nn::{Custom, CustomOptions, ParamMap, UserFn, UserFns};
use attractor::optim::{Adam, Optimizer, constant};
use attractor::random::{Key, Layout};
use attractor::tasks::{Integrator, integrator};
use attractor::tensor::{Device, Real, Tensor};
use attractor::train::{self, Fit, Model, Options, Source, Trials};
use tempfile::TempDir;

type Given = fn(&[Tensor], &ParamMap) -> Result<Tensor>;

fn rule(
    of: &'static str,
    given: impl Fn(&[Tensor], &ParamMap) -> Result<Tensor> + 'static,
) -> UserFn {
    UserFn {
        name: of,
        output: "rows",
        function: Box::new(given),
        locate: Box::new(|fault| fault),
    }
}

/// h + 0.1 (w tanh(h) - a h^2) + x b, and outputs exp(-h^2) c.
fn odd(args: &[Tensor], p: &ParamMap) -> Result<Tensor> {
    let [h, x] = args else {
        unreachable!("a state and an input")
    };
    let pull = (h.tanh()?.matmul(&p["w"])? - h.sqr()?.broadcast_mul(&p["a"])?)?;
    Ok(((h + (pull * 0.1)?)? + x.matmul(&p["b"])?)?)
}

fn bumps(args: &[Tensor], p: &ParamMap) -> Result<Tensor> {
    Ok(args[0].sqr()?.neg()?.exp()?.matmul(&p["c"])?)
}

fn drawn<T: Real>(seed: u64, shape: &[usize]) -> Tensor {
    let mut numbers = vec![T::of(0.0); shape.iter().product()];
    Key::new(seed, Layout::default()).fill_normal(&mut numbers);
    for x in &mut numbers {
        *x *= T::of(0.5);
    }
    Tensor::from_vec(numbers, shape, &Device::Cpu).expect("a tensor")
}

fn network<T: Real>(step: UserFn, readout: Option<Given>) -> Custom<T> {
    let mut given = ParamMap::from([
        ("w".into(), drawn::<T>(1, &[3, 3])),
        ("a".into(), drawn::<T>(2, &[])),
        ("b".into(), drawn::<T>(3, &[1, 3])),
        ("unused".into(), drawn::<T>(4, &[2])),
    ]);
    if readout.is_some() {
        given.insert("c".into(), drawn::<T>(5, &[3, 1]));
    }
    let readout = readout.map(|given| rule("readout", given));
    let recipe = CustomOptions {
        units: Some(3),
        noise: 0.02,
        ..CustomOptions::default()
    };
    let rules = Rc::new(UserFns { step, readout });
    recipe
        .build(rules, &given)
        .expect("functions with valid outputs")
}

fn trials<T: Real>(b: usize, t: usize, masked: bool) -> Trials<T> {
    let numbers = |seed| {
        let drawn = drawn::<T>(seed, &[b * t]).to_vec1();
        drawn.expect("values")
    };
    let count = |at: usize| T::of([0.0, 1.0, 0.5][at % 3]);
    Trials {
        trials: b,
        time: t,
        inputs: numbers(7),
        targets: numbers(8),
        mask: masked.then(|| (0..b * t).map(count).collect()),
        lengths: None,
    }
}

#[test]
fn the_gradient_of_an_odd_network_is_that_of_finite_differences() {
    const STEP: f64 = 1e-5;
    const NEAR: f64 = 1e-9;
    let all = [
        (None, false, None),
        (None, true, None),
        (Some(bumps as Given), true, None),
        (None, false, Some(vec![7, 2, 4, 7])),
    ];
    for (readout, masked, lengths) in all {
        let mut net = network::<f64>(rule("step", odd), readout);
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
        assert_eq!(at(0, 0.0), loss, "the loss beside the gradient");
        let mut worst: f64 = 0.0;
        for (index, slope) in gradient.iter().enumerate() {
            let expected = (at(index, STEP) - at(index, -STEP)) / (2.0 * STEP);
            worst = worst.max((slope - expected).abs());
        }
        println!("{worst:.1e} from finite differences");
        assert!(worst < NEAR, "{worst:e}");
        let unused = net.params.layout().block("unused").expect("a block");
        assert_eq!(&gradient[unused.range.clone()], [0.0, 0.0]);
    }
}

/// Ends a run after so many batches of its own.
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
    let options = integrator::Options {
        steps: 12,
        ..Default::default()
    };
    Integrator::new(options).expect("options in range")
}

fn options() -> Options {
    let adam = Adam {
        rate: constant(0.01),
        ..Adam::default()
    };
    Options {
        batches: 31,
        batch: 8,
        clip: Some(1.0),
        l2: 1e-4,
        log_every: 4,
        checkpoint_every: 7,
        optimizer: Optimizer::Adam(adam),
        ..Options::default()
    }
}

fn trained<T: Real>(
    net: &mut Custom<T>,
    options: &Options,
    progress: &mut dyn Progress,
    held: Option<&Trials<T>>,
) -> Result<Fit>
where
    Integrator: train::Task<T>,
{
    let task = task();
    let source = Source {
        task: &task,
        validation: held,
    };
    train::run(net, &source, options, progress, &mut |_, _| {
        Ok(ControlFlow::Continue(()))
    })
}

fn bits<T: Real>(net: &Custom<T>) -> Vec<u64> {
    let params = net.params.data.iter();
    params.map(|p| p.double().to_bits()).collect()
}

fn resumes<T: Real>()
where
    Integrator: train::Task<T>,
{
    let folder = TempDir::new().expect("a folder");
    let held = trials::<T>(5, 9, true);
    let fresh = || network::<T>(rule("step", odd), Some(bumps));
    let mut whole = fresh();
    let expected = trained(&mut whole, &options(), &mut NoProgress, Some(&held)).expect("a run");
    let kept = Options {
        checkpoint: Some(folder.path().join("run.h5")),
        ..options()
    };
    let mut net = fresh();
    for (batches, resumed) in [(3, 0), (9, 3), (10, 12), (usize::MAX, 22)] {
        net = fresh();
        let fit = trained(&mut net, &kept, &mut StopAfter(batches), Some(&held))
            .expect("part of the run");
        assert_eq!(fit.resumed_batches, resumed);
        if resumed == 22 {
            let started = Fit {
                resumed_batches: 0,
                ..fit
            };
            assert_eq!(started, expected);
        }
    }
    assert_eq!(bits(&net), bits(&whole));
}

#[test]
fn a_stopped_run_of_a_custom_network_goes_on_to_the_same_bits() {
    resumes::<f32>();
    resumes::<f64>();
}

#[test]
fn a_checkpoint_of_another_step_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let kept = Options {
        checkpoint: Some(folder.path().join("run.h5")),
        ..options()
    };
    let mut net = network::<f32>(rule("step", odd), None);
    trained(&mut net, &kept, &mut StopAfter(3), None).expect("part of the run");
    let other = rule("step", |args, p| Ok((odd(args, p)? * 0.5)?));
    let mut net = network::<f32>(other, None);
    let fault = trained(&mut net, &kept, &mut NoProgress, None)
        .expect_err("a checkpoint of a different run");
    assert!(
        fault.to_string().contains("step of the network is"),
        "{fault}"
    );
}

/// A step that fails from its call numbered `after` on.
fn failing(after: usize) -> UserFn {
    let calls = Cell::new(0);
    rule("step", move |args, p| {
        calls.set(calls.get() + 1);
        match calls.get() > after {
            true => Err(Error::Algebra {
                op: "step",
                fact: "no more",
            }),
            false => odd(args, p),
        }
    })
}

#[test]
fn a_step_that_fails_leaves_the_network_as_the_last_finished_batch_did() {
    // Trying it out takes one call; a batch 12 forward and 12 back; the line of batch 0 takes 12.
    for (after, batches) in [(1 + 5, 0), (1 + 24 + 12 + 24 + 20, 2), (1 + 24 + 3, 1)] {
        let mut net = network::<f64>(failing(after), None);
        let fault = trained(&mut net, &options(), &mut NoProgress, None).expect_err("an error");
        assert_eq!(fault.to_string(), "step: no more");
        let mut whole = network::<f64>(rule("step", odd), None);
        if batches > 0 {
            let short = Options {
                batches,
                ..options()
            };
            trained(&mut whole, &short, &mut NoProgress, None).expect("a run");
        }
        assert_eq!(bits(&net), bits(&whole), "{after} calls");
    }
}

/// Ends a run after so many calls of a step, as Ctrl-C does: the step then fails too.
struct Cut(Rc<Cell<usize>>);

impl Progress for Cut {
    fn report(&mut self, _: Report) {}
    fn stop_requested(&self) -> bool {
        self.0.get() == 0
    }
}

#[test]
fn a_run_that_is_stopped_inside_its_step_ends_as_one_between_batches() {
    let folder = TempDir::new().expect("a folder");
    let mut whole = network::<f64>(rule("step", odd), None);
    let expected = trained(&mut whole, &options(), &mut NoProgress, None).expect("a run");
    for (calls, done) in [(24 + 12 + 24 + 20, 2), (24 + 3, 1)] {
        let kept = Options {
            checkpoint: Some(folder.path().join(format!("run{done}.h5"))),
            ..options()
        };
        let left = Rc::new(Cell::new(usize::MAX));
        let counted = left.clone();
        let step = rule("step", move |args, p| {
            if counted.get() == 0 {
                let (op, fact) = ("step", "cut short");
                return Err(Error::Algebra { op, fact });
            }
            counted.set(counted.get() - 1);
            odd(args, p)
        });
        let mut net = network::<f64>(step, None);
        // One call is for the checkpoint, which tells the step by what it gives.
        left.set(calls + 2);
        let fit = trained(&mut net, &kept, &mut Cut(left.clone()), None).expect("a run");
        assert_eq!(
            fit.outcome,
            Outcome::Interrupted { at: done },
            "{calls} calls"
        );
        let mut net = network::<f64>(rule("step", odd), None);
        let fit = trained(&mut net, &kept, &mut NoProgress, None).expect("the rest of the run");
        assert_eq!(fit.log, expected.log);
        assert_eq!(bits(&net), bits(&whole));
    }
}

#[test]
fn the_gradient_over_five_thousand_steps_needs_no_deep_stack() {
    let tame = rule("step", |args, p| {
        let pull = (args[0].tanh()?.matmul(&p["w"])?.broadcast_mul(&p["a"])? - &args[0])?;
        Ok(((&args[0] + (pull * 0.1)?)? + args[1].matmul(&p["b"])?)?)
    });
    let net = network::<f32>(tame, Some(bumps));
    let trials = trials::<f32>(2, 5_000, false);
    // A tape over all steps, some 40,000 operations, would not pass through this stack.
    let mut gradient = vec![0.0; net.params.data.len()];
    let loss = net
        .loss_gradient(&mut (), &trials, None, &mut gradient)
        .expect("a gradient");
    assert!(loss.is_finite() && gradient.iter().all(|slope| slope.is_finite()));
    let blocks = ["w", "a", "b", "c"].map(|name| net.params.layout().block(name));
    for block in blocks {
        let block = block.expect("a block");
        let moves = gradient[block.range.clone()]
            .iter()
            .any(|slope| *slope != 0.0);
        assert!(moves, "{}", block.name);
    }
}
