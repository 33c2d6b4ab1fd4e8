//! Attractor's side of what is timed call by call: a process that stays, so that starting it is
//! never counted. It reads lines of words and answers with lines of JSON, as `jax_worker.py` does:
//!
//!   prepare gradient CELL N B T I   a network and a batch
//!   prepare jacobians N B           a GRU and B states
//!   prepare force N                 FORCE learning, 300 steps, 20 outputs
//!   bandwidth                       what two threads read of memory, by its size, in GB/s
//!   time SECONDS                    call each part again and again, that long, at least once:
//!                                   the median in ms, by the name of the part

use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::{Duration, Instant};

use attractor::base::NoProgress;
use attractor::models::force::{NetworkOptions, TrainingOptions};
use attractor::nn::{Cell, Rnn, Spec};
use attractor::ops::force::Dense;
use attractor::random::{Key, Layout};
use attractor::tensor::{Device, Tensor, linear};
use attractor::train::{Shape, Trials};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What is timed, by name.
type Parts = Vec<(&'static str, Box<dyn FnMut() -> Result<()>>)>;

fn main() -> Result<()> {
    let mut parts = Parts::new();
    for line in stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match words[..] {
            ["prepare", "gradient", cell, ref sizes @ ..] => {
                parts = gradient(cell, numbers(sizes)?)?;
                "{}".to_string()
            }
            ["prepare", "jacobians", ref sizes @ ..] => {
                parts = jacobians(numbers(sizes)?)?;
                "{}".to_string()
            }
            ["prepare", "force", units] => {
                parts = force(units.parse()?)?;
                "{}".to_string()
            }
            ["bandwidth"] => bandwidth(),
            ["time", seconds] => timed(&mut parts, Duration::try_from_secs_f64(seconds.parse()?)?)?,
            _ => return Err(format!("no such command: {line}").into()),
        };
        println!("{answer}");
        stdout().flush()?;
    }
    Ok(())
}

/// Errors: unless there are as many words, all of them numbers
fn numbers<const N: usize>(words: &[&str]) -> Result<[usize; N]> {
    let found: std::result::Result<Vec<usize>, _> = words.iter().map(|w| w.parse()).collect();
    found?
        .try_into()
        .map_err(|found| format!("expected {N} numbers, found {found:?}").into())
}

/// The loss and its gradient on one batch.
fn gradient(cell: &str, [n, b, t, i]: [usize; 4]) -> Result<Parts> {
    let cell = match cell {
        "gru" => Cell::Gru(Default::default()),
        "lstm" => Cell::Lstm(Default::default()),
        _ => return Err(format!("no such cell: {cell}").into()),
    };
    let net = network(cell, [i, n, 1]);
    let shape = Shape {
        time: t,
        inputs: i,
        outputs: 1,
    };
    let mut trials = Trials::<f32>::new(shape, b);
    key(1).fill_normal(&mut trials.inputs);
    key(2).fill_normal(&mut trials.targets);
    let mut work = net.workspace();
    let mut gradient = vec![0.0; net.params.data.len()];
    let mut call = move || {
        net.loss_gradient(&mut work, &trials, None, &mut gradient)?;
        Ok(())
    };
    call()?;
    Ok(vec![("gradient", Box::new(call))])
}

/// The Jacobians of a GRU's step by its state, and what their spectra are.
fn jacobians([n, b]: [usize; 2]) -> Result<Parts> {
    let net = network(Cell::Gru(Default::default()), [1, n, 1]);
    let (mut h, x) = (vec![0.0; b * n], vec![0.0; b]);
    key(1).fill_normal(&mut h);
    h.iter_mut().for_each(|h| *h *= 0.5);
    let mut work = net.workspace();
    let mut by_state = vec![0.0; b * n * n];
    net.jacobians(&mut work, [&h, &x], Some(&mut by_state), None)?;
    let stack = Tensor::from_vec(by_state.clone(), (b, n, n), &Device::Cpu)?;
    let again = stack.clone();
    Ok(vec![
        (
            "Jacobians",
            Box::new(move || Ok(net.jacobians(&mut work, [&h, &x], Some(&mut by_state), None)?)),
        ),
        (
            "eigenvalues",
            Box::new(move || Ok(linear::eigenvalues(&stack).map(drop)?)),
        ),
        (
            "eigenvectors",
            Box::new(move || Ok(linear::eigen(&again).map(drop)?)),
        ),
    ])
}

/// FORCE learning of an untaught network, and of one whose P has become a matrix.
fn force(units: usize) -> Result<Parts> {
    let (steps, outputs) = (300, 20);
    let recipe = NetworkOptions {
        units,
        outputs,
        ..NetworkOptions::default()
    };
    let mut first = recipe.build::<f32>()?;
    let mut later = recipe.build::<f32>()?;
    let inputs = vec![0.0; steps];
    let mut targets = vec![0.0; steps * outputs];
    key(2).fill_normal(&mut targets);
    targets.iter_mut().for_each(|f: &mut f32| *f = f.tanh());
    let (x, f) = (inputs.clone(), targets.clone());
    let on = TrainingOptions::default();
    let anew = TrainingOptions {
        anew: true,
        ..on.clone()
    };
    let passes = units / steps + 1;
    let long = TrainingOptions {
        passes,
        ..on.clone()
    };
    later.train([&x, &f], &long, &mut NoProgress);
    Ok(vec![
        (
            "first",
            Box::new(move || {
                first.train([&inputs, &targets], &anew, &mut NoProgress);
                Ok(())
            }),
        ),
        (
            "later",
            Box::new(move || {
                later.train([&x, &f], &on, &mut NoProgress);
                Ok(())
            }),
        ),
    ])
}

/// Matrices by vectors, all threads each with a matrix of its own again and again: nothing is done
/// but reading.
fn bandwidth() -> String {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let told = [4, 8, 16, 64, 256].map(|megabytes: usize| {
        let (columns, rows) = (1024, megabytes * 256 / threads);
        let matrices = vec![Dense::new(&vec![1.0_f32; rows * columns], rows, columns); threads];
        let rounds = 1024 / megabytes;
        let rate = || {
            let began = Instant::now();
            std::thread::scope(|scope| {
                for matrix in &matrices {
                    scope.spawn(move || {
                        let (x, mut into) = (vec![1.0; columns], vec![0.0; rows]);
                        (0..rounds).for_each(|_| matrix.add_product(0, &x, &mut into));
                        std::hint::black_box(into);
                    });
                }
            });
            (rounds * (megabytes << 20)) as f64 / began.elapsed().as_secs_f64() / 1e9
        };
        let mut rates: Vec<f64> = (0..15).map(|_| rate()).collect();
        rates.sort_by(f64::total_cmp);
        let rate = rates[7];
        format!("\"{megabytes} MB\": {rate:.1}")
    });
    format!("{{{}}}", told.join(", "))
}

/// A network with numbers in it that keep its states within bounds.
fn network(cell: Cell, sizes: [usize; 3]) -> Rnn<f32> {
    let mut net = Rnn::<f32>::zeros(Spec::new(cell, sizes));
    key(0).fill_normal(&mut net.params.data);
    let scale = 1.0 / (sizes[1] as f32).sqrt();
    net.params.data.iter_mut().for_each(|w| *w *= scale);
    net
}

fn key(seed: u64) -> Key {
    Key::new(seed, Layout::default())
}

/// The medians as JSON.
fn timed(parts: &mut Parts, budget: Duration) -> Result<String> {
    let mut medians = Vec::new();
    for (name, call) in parts {
        let end = Instant::now() + budget;
        let mut times = Vec::new();
        while times.is_empty() || Instant::now() < end {
            let began = Instant::now();
            call()?;
            times.push(began.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        medians.push(format!("\"{name}\": {}", times[times.len() / 2]));
    }
    Ok(format!("{{\"ms\": {{{}}}}}", medians.join(", ")))
}
