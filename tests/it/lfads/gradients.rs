//! Gradients against finite differences, and results on any number of threads.

use attractor::ops::lfads::{Constants, Inputs, Noise, Operation, Results, Sizes, layout};
use attractor::random::{Key, Layout};

const SIZES: Sizes = Sizes {
    batch: 19,
    time: 6,
    channels: 7,
    encoder: 5,
    controller: 4,
    inferred: 2,
    generator: 6,
    factors: 3,
    gaussian: false,
};

fn normals(seed: u64, count: usize, scale: f64) -> Vec<f64> {
    let mut all = vec![0.0; count];
    Key::new(seed, Layout::default()).fill_normal(&mut all);
    all.iter_mut().for_each(|x| *x *= scale);
    all
}

/// Everything that a run is given, drawn.
struct Case {
    params: Vec<f64>,
    observed: Vec<f64>,
    normals: [Vec<f64>; 3],
    keep: [Vec<f64>; 4],
}

impl Case {
    fn of(s: Sizes) -> Case {
        let steps = s.batch * s.time;
        let counts = |seed, count| normals(seed, count, 1.5);
        let observed = counts(2, steps * s.channels);
        let keep = |seed, count: usize| {
            let draws = normals(seed, count, 1.0);
            draws
                .iter()
                .map(|x| if *x > -1.0 { 1.25 } else { 0.0 })
                .collect()
        };
        Case {
            params: normals(1, layout::<f64>(s).len(), 0.4),
            observed: match s.gaussian {
                true => observed,
                false => observed.iter().map(|x| x.abs().floor()).collect(),
            },
            normals: [
                normals(3, s.batch * s.generator, 1.0),
                normals(4, steps * s.inferred, 1.0),
                normals(5, steps * s.inferred, 1.0),
            ],
            keep: [
                keep(6, steps * s.channels),
                keep(7, steps * 2 * s.encoder),
                keep(8, s.batch * 2 * s.encoder),
                keep(9, steps * s.generator),
            ],
        }
    }

    fn op_inputs<'a>(&'a self, params: &'a [f64]) -> Inputs<'a, f64> {
        Inputs {
            params,
            observed: &self.observed,
            noise: Noise {
                initial: Some(&self.normals[0]),
                inferred: Some(&self.normals[1]),
                kl_sample: Some(&self.normals[2]),
                dropout_observed: Some(&self.keep[0]),
                dropout_encoded: Some(&self.keep[1]),
                dropout_final: Some(&self.keep[2]),
                dropout_generator: Some(&self.keep[3]),
            },
            constants: Constants {
                var_min: 1e-2,
                kl_weight: 0.7,
            },
        }
    }

    fn loss(&self, s: Sizes, params: &[f64]) -> f64 {
        let losses = Operation::default().losses(s, self.op_inputs(params));
        losses.nll + 0.7 * (losses.kl_initial + losses.kl_inferred)
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    let alone = Sizes {
        controller: 0,
        inferred: 0,
        ..SIZES
    };
    let plain = Sizes {
        gaussian: true,
        ..SIZES
    };
    for s in [SIZES, alone, plain] {
        let case = Case::of(s);
        let mut gradient = vec![f64::NAN; case.params.len()];
        let results = Results::default();
        Operation::default().gradient(s, case.op_inputs(&case.params), results, &mut gradient);
        for block in layout::<f64>(s).blocks() {
            let largest = gradient[block.range.clone()]
                .iter()
                .fold(1e-3, |most: f64, x| most.max(x.abs()));
            for k in 0..3 {
                let at = block.range.start + (k * 7919 + 3) % block.range.len();
                let moved = |by: f64| {
                    let mut params = case.params.clone();
                    params[at] += by;
                    case.loss(s, &params)
                };
                let step = 1e-5;
                let slope = (moved(step) - moved(-step)) / (2.0 * step);
                let error = (slope - gradient[at]).abs() / largest;
                assert!(error < 1e-6, "{}: {slope} {}", block.name, gradient[at]);
            }
        }
    }
}

#[test]
fn a_gradient_has_the_same_bits_on_any_number_of_threads() {
    let s = Sizes {
        batch: 150,
        ..SIZES
    };
    let case = Case::of(s);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| {
            let mut gradient = vec![f64::NAN; case.params.len()];
            let mut operation = Operation::default();
            let given = case.op_inputs(&case.params);
            // The second call finds the buffers of the first.
            operation.gradient(s, given, Results::default(), &mut gradient);
            let losses = operation.gradient(s, given, Results::default(), &mut gradient);
            (losses, gradient)
        })
    };
    let one = on(1);
    for threads in [2, 3] {
        assert_eq!(on(threads), one, "{threads} threads");
    }
}

#[test]
fn what_is_inferred_is_generated_again() {
    let s = SIZES;
    let case = Case::of(s);
    let mut given = case.op_inputs(&case.params);
    given.noise.dropout_generator = None;
    let steps = s.batch * s.time;
    let (mut initial, mut inferred) = (
        vec![0.0; s.batch * s.generator],
        vec![0.0; steps * s.inferred],
    );
    let mut rates = vec![0.0; steps * s.channels];
    let results = Results {
        log_rates: &mut rates,
        initial: &mut initial,
        inferred: &mut inferred,
        ..Results::default()
    };
    let mut operation = Operation::default();
    operation.infer(s, given, results);
    let mut again = vec![0.0; rates.len()];
    let results = Results {
        log_rates: &mut again,
        ..Results::default()
    };
    operation.generate(s, &case.params, [&initial, &inferred], results);
    assert_eq!(again, rates);
}

#[test]
fn samples_of_one_trial_are_those_of_as_many_rows() {
    let (trials, copies) = (3, 32);
    let s = Sizes {
        batch: trials * copies,
        ..SIZES
    };
    let case = Case::of(s);
    let width = s.time * s.channels;
    let x = &case.observed[..trials * width];
    let rows = x.chunks_exact(width);
    let rows: Vec<f64> = rows.flat_map(|row| row.repeat(copies)).collect();
    let noise = Noise {
        initial: Some(&case.normals[0]),
        inferred: Some(&case.normals[1]),
        ..Noise::default()
    };
    let run = |observed: &[f64], copies: Option<usize>| {
        let given = Inputs {
            observed,
            noise,
            ..case.op_inputs(&case.params)
        };
        let (mut rates, mut initial) =
            (vec![0.0; s.batch * width], vec![0.0; s.batch * s.generator]);
        let results = Results {
            log_rates: &mut rates,
            initial: &mut initial,
            ..Results::default()
        };
        let mut operation = Operation::default();
        match copies {
            Some(copies) => operation.infer_copies(s, copies, given, results),
            None => operation.infer(s, given, results),
        }
        (rates, initial)
    };
    assert_eq!(run(x, Some(copies)), run(&rows, None));
}
