//! Gradients compared with finite differences, and independence of the number of threads.

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

fn normal_samples(seed: u64, count: usize, scale: f64) -> Vec<f64> {
    let mut all = vec![0.0; count];
    Key::new(seed, Layout::default()).fill_normal(&mut all);
    all.iter_mut().for_each(|x| *x *= scale);
    all
}

/// Random arguments of an operation.
struct Case {
    params: Vec<f64>,
    observed: Vec<f64>,
    normal_samples: [Vec<f64>; 3],
    masks: [Vec<f64>; 4],
}

impl Case {
    fn of(s: Sizes) -> Case {
        let steps = s.batch * s.time;
        let scaled_samples = |seed, count| normal_samples(seed, count, 1.5);
        let observed = scaled_samples(2, steps * s.channels);
        let dropout_mask = |seed, count: usize| {
            let draws = normal_samples(seed, count, 1.0);
            draws
                .iter()
                .map(|x| if *x > -1.0 { 1.25 } else { 0.0 })
                .collect()
        };
        Case {
            params: normal_samples(1, layout::<f64>(s).len(), 0.4),
            observed: match s.gaussian {
                true => observed,
                false => observed.iter().map(|x| x.abs().floor()).collect(),
            },
            normal_samples: [
                normal_samples(3, s.batch * s.generator, 1.0),
                normal_samples(4, steps * s.inferred, 1.0),
                normal_samples(5, steps * s.inferred, 1.0),
            ],
            masks: [
                dropout_mask(6, steps * s.channels),
                dropout_mask(7, steps * 2 * s.encoder),
                dropout_mask(8, s.batch * 2 * s.encoder),
                dropout_mask(9, steps * s.generator),
            ],
        }
    }

    fn op_inputs<'a>(&'a self, params: &'a [f64]) -> Inputs<'a, f64> {
        Inputs {
            params,
            observed: &self.observed,
            noise: Noise {
                initial: Some(&self.normal_samples[0]),
                inferred: Some(&self.normal_samples[1]),
                kl_sample: Some(&self.normal_samples[2]),
                dropout_observed: Some(&self.masks[0]),
                dropout_encoded: Some(&self.masks[1]),
                dropout_final: Some(&self.masks[2]),
                dropout_generator: Some(&self.masks[3]),
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
    let without_controller = Sizes {
        controller: 0,
        inferred: 0,
        ..SIZES
    };
    let gaussian_sizes = Sizes {
        gaussian: true,
        ..SIZES
    };
    for s in [SIZES, without_controller, gaussian_sizes] {
        let case = Case::of(s);
        let mut gradient = vec![f64::NAN; case.params.len()];
        let results = Results::default();
        Operation::default().gradient(s, case.op_inputs(&case.params), results, &mut gradient);
        for block in layout::<f64>(s).blocks() {
            let max_gradient = gradient[block.range.clone()]
                .iter()
                .fold(1e-3, |m: f64, x| m.max(x.abs()));
            for k in 0..3 {
                let at = block.range.start + (k * 7919 + 3) % block.range.len();
                let loss_at = |by: f64| {
                    let mut params = case.params.clone();
                    params[at] += by;
                    case.loss(s, &params)
                };
                let step = 1e-5;
                let derivative = (loss_at(step) - loss_at(-step)) / (2.0 * step);
                let error = (derivative - gradient[at]).abs() / max_gradient;
                assert!(
                    error < 1e-6,
                    "{}: {derivative} {}",
                    block.name,
                    gradient[at]
                );
            }
        }
    }
}

#[test]
fn a_gradient_is_bit_identical_for_any_number_of_threads() {
    let s = Sizes {
        batch: 150,
        ..SIZES
    };
    let case = Case::of(s);
    let run_on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| {
            let mut gradient = vec![f64::NAN; case.params.len()];
            let mut operation = Operation::default();
            let inputs = case.op_inputs(&case.params);
            // The second call reuses the buffers of the first call.
            operation.gradient(s, inputs, Results::default(), &mut gradient);
            let losses = operation.gradient(s, inputs, Results::default(), &mut gradient);
            (losses, gradient)
        })
    };
    let expected = run_on(1);
    for threads in [2, 3] {
        assert_eq!(run_on(threads), expected, "{threads} threads");
    }
}

#[test]
fn generating_from_inferred_variables_returns_the_same_rates() {
    let s = SIZES;
    let case = Case::of(s);
    let mut inputs = case.op_inputs(&case.params);
    inputs.noise.dropout_generator = None;
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
    operation.infer(s, inputs, results);
    let mut generated = vec![0.0; rates.len()];
    let results = Results {
        log_rates: &mut generated,
        ..Results::default()
    };
    operation.generate(s, &case.params, [&initial, &inferred], results);
    assert_eq!(generated, rates);
}

#[test]
fn copies_of_a_trial_equal_repeated_rows() {
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
        initial: Some(&case.normal_samples[0]),
        inferred: Some(&case.normal_samples[1]),
        ..Noise::default()
    };
    let run = |observed: &[f64], copies: Option<usize>| {
        let inputs = Inputs {
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
            Some(copies) => operation.infer_copies(s, copies, inputs, results),
            None => operation.infer(s, inputs, results),
        }
        (rates, initial)
    };
    assert_eq!(run(x, Some(copies)), run(&rows, None));
}
