//! The attractor worker for the call rows: a persistent process, so that start-up is not timed. It
//! reads one command per line and answers each with one line of JSON, like `jax_worker.py`:
//!
//!   prepare gradient CELL N B T I   a network and a batch
//!   prepare jacobians N B           a GRU and B states
//!   prepare force N                 FORCE learning, 300 steps, 20 outputs
//!   bandwidth                       read bandwidth of all threads in GB/s, by data size
//!   time SECONDS                    call each part repeatedly for this time, at least once; the
//!                                   answer is the median time in ms by name of the part

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

/// The calls to time, by name.
type Parts = Vec<(&'static str, Box<dyn FnMut() -> Result<()>>)>;

fn main() -> Result<()> {
    let mut parts = Parts::new();
    for line in stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match words[..] {
            ["prepare", "gradient", cell, ref sizes @ ..] => {
                parts = gradient(cell, parse_sizes(sizes)?)?;
                "{}".to_string()
            }
            ["prepare", "jacobians", ref sizes @ ..] => {
                parts = jacobians(parse_sizes(sizes)?)?;
                "{}".to_string()
            }
            ["prepare", "force", units] => {
                parts = force(units.parse()?)?;
                "{}".to_string()
            }
            ["bandwidth"] => bandwidth(),
            ["time", seconds] => {
                measure(&mut parts, Duration::try_from_secs_f64(seconds.parse()?)?)?
            }
            _ => return Err(format!("unknown command: {line}").into()),
        };
        println!("{answer}");
        stdout().flush()?;
    }
    Ok(())
}

/// Errors: if the number of words is not `N`, or a word is not an integer
fn parse_sizes<const N: usize>(words: &[&str]) -> Result<[usize; N]> {
    let values: std::result::Result<Vec<usize>, _> = words.iter().map(|w| w.parse()).collect();
    values?
        .try_into()
        .map_err(|values| format!("expected {N} numbers, found {values:?}").into())
}

/// The loss and its gradient for one batch.
fn gradient(cell: &str, [n, b, t, i]: [usize; 4]) -> Result<Parts> {
    let cell = match cell {
        "gru" => Cell::Gru(Default::default()),
        "ugrnn" => Cell::Ugrnn(Default::default()),
        "lstm" => Cell::Lstm(Default::default()),
        _ => return Err(format!("unknown cell: {cell}").into()),
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
    let mut run = move || {
        net.loss_gradient(&mut work, &trials, None, &mut gradient)?;
        Ok(())
    };
    run()?;
    Ok(vec![("gradient", Box::new(run))])
}

/// The Jacobians of a GRU step with respect to the state, and their spectra.
fn jacobians([n, b]: [usize; 2]) -> Result<Parts> {
    let net = network(Cell::Gru(Default::default()), [1, n, 1]);
    let (mut h, x) = (vec![0.0; b * n], vec![0.0; b]);
    key(1).fill_normal(&mut h);
    h.iter_mut().for_each(|h| *h *= 0.5);
    let mut work = net.workspace();
    let mut by_state = vec![0.0; b * n * n];
    net.jacobians(&mut work, [&h, &x], Some(&mut by_state), None)?;
    let stack = Tensor::from_vec(by_state.clone(), (b, n, n), &Device::Cpu)?;
    let stack_copy = stack.clone();
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
            Box::new(move || Ok(linear::eigen(&stack_copy).map(drop)?)),
        ),
    ])
}

/// FORCE learning of an untrained network, and of a network whose P is stored as a matrix.
fn force(units: usize) -> Result<Parts> {
    let (steps, outputs) = (300, 20);
    let network_options = NetworkOptions {
        units,
        outputs,
        ..NetworkOptions::default()
    };
    let mut untrained = network_options.build::<f32>()?;
    let mut trained = network_options.build::<f32>()?;
    let inputs = vec![0.0; steps];
    let mut targets = vec![0.0; steps * outputs];
    key(2).fill_normal(&mut targets);
    targets.iter_mut().for_each(|f: &mut f32| *f = f.tanh());
    let (x, f) = (inputs.clone(), targets.clone());
    let options = TrainingOptions::default();
    let reset = TrainingOptions {
        reset_p: true,
        ..options.clone()
    };
    let passes = units / steps + 1;
    let warm_up = TrainingOptions {
        epochs: passes,
        ..options.clone()
    };
    trained.train([&x, &f], &warm_up, &mut NoProgress);
    Ok(vec![
        (
            "first",
            Box::new(move || {
                untrained.train([&inputs, &targets], &reset, &mut NoProgress);
                Ok(())
            }),
        ),
        (
            "later",
            Box::new(move || {
                trained.train([&x, &f], &options, &mut NoProgress);
                Ok(())
            }),
        ),
    ])
}

/// Read bandwidth by data size: each thread repeatedly multiplies its own matrix by a vector, which
/// is limited by reading.
fn bandwidth() -> String {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let results = [4, 8, 16, 64, 256].map(|megabytes: usize| {
        let (columns, rows) = (1024, megabytes * 256 / threads);
        let matrices = vec![Dense::new(&vec![1.0_f32; rows * columns], rows, columns); threads];
        let rounds = 1024 / megabytes;
        let rate = || {
            let start = Instant::now();
            std::thread::scope(|scope| {
                for matrix in &matrices {
                    scope.spawn(move || {
                        let (x, mut out) = (vec![1.0; columns], vec![0.0; rows]);
                        (0..rounds).for_each(|_| matrix.add_product(0, &x, &mut out));
                        std::hint::black_box(out);
                    });
                }
            });
            (rounds * (megabytes << 20)) as f64 / start.elapsed().as_secs_f64() / 1e9
        };
        let mut rates: Vec<f64> = (0..15).map(|_| rate()).collect();
        rates.sort_by(f64::total_cmp);
        let rate = rates[7];
        format!("\"{megabytes} MB\": {rate:.1}")
    });
    format!("{{{}}}", results.join(", "))
}

/// A network with random parameters that are small enough for bounded states.
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

/// The median times of the parts as JSON.
fn measure(parts: &mut Parts, budget: Duration) -> Result<String> {
    let mut medians = Vec::new();
    for (name, run) in parts {
        let end = Instant::now() + budget;
        let mut times = Vec::new();
        while times.is_empty() || Instant::now() < end {
            let start = Instant::now();
            run()?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        medians.push(format!("\"{name}\": {}", times[times.len() / 2]));
    }
    Ok(format!("{{\"ms\": {{{}}}}}", medians.join(", ")))
}
