//! The fused vanilla network against numbers from elsewhere, against a loop written for reading,
//! and against finite differences.

use attractor::base::{Error, Result};
use attractor::ops::Lanes;
use attractor::ops::rnn::vanilla::{self, Aim, Arriving, Given, Gradients, Vanilla, layout};
use attractor::ops::rnn::{Nonlinearity, Sizes};
use attractor::tensor::{Device, Real, Tensor};
use candle_core::Var;

const ALL: [Nonlinearity; 4] = [
    Nonlinearity::Tanh,
    Nonlinearity::Relu,
    Nonlinearity::Softplus,
    Nonlinearity::Linear,
];

/// Sums of a few hundred products in another order than the reference's.
const F64: f64 = 1e-12;
/// The same in single precision: some 2^-24 times the number of steps and of terms.
const F32: f64 = 2e-5;

/// Numbers between -1 and 1 that look random (a linear congruential generator).
fn numbers<T: Real>(seed: u64, count: usize) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        T::of((state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0)
    };
    (0..count).map(|_| next()).collect()
}

/// One problem with everything a network can be given.
#[derive(Clone)]
struct Case<T> {
    sizes: Sizes,
    nonlinearity: Nonlinearity,
    params: Vec<T>,
    inputs: Vec<T>,
    h0: Option<Vec<T>>,
    noise: Option<Vec<T>>,
    targets: Vec<T>,
    mask: Option<Vec<T>>,
}

impl<T: Lanes> Case<T> {
    fn random(sizes: Sizes, nonlinearity: Nonlinearity) -> Case<T> {
        let Sizes {
            batch: b,
            time: t,
            inputs: i,
            units: n,
            outputs: o,
        } = sizes;
        let scale = T::of(1.0 / (n as f64).sqrt());
        let mut params = numbers::<T>(1, layout(i, n, o).len());
        params.iter_mut().for_each(|w| *w *= scale);
        let mut noise = numbers::<T>(5, b * t * n);
        noise.iter_mut().for_each(|x| *x *= T::of(0.1));
        let mask = numbers::<T>(6, b * t);
        Case {
            sizes,
            nonlinearity,
            params,
            inputs: numbers(2, b * t * i),
            h0: Some(numbers(3, b * n)),
            noise: Some(noise),
            targets: numbers(4, b * t * o),
            mask: Some(
                mask.iter()
                    .map(|m| T::of(f64::from(m.double() > -0.3)))
                    .collect(),
            ),
        }
    }

    fn given(&self) -> Given<'_, T> {
        Given {
            params: &self.params,
            inputs: &self.inputs,
            h0: self.h0.as_deref(),
            noise: self.noise.as_deref(),
        }
    }

    fn aim(&self) -> Aim<'_, T> {
        Aim {
            targets: &self.targets,
            mask: self.mask.as_deref(),
        }
    }

    fn net(&self) -> Vanilla<T> {
        Vanilla::new(self.nonlinearity)
    }

    fn loss(&self) -> f64 {
        let loss = self.net().loss(self.sizes, self.given(), self.aim());
        loss.expect("sizes fit").double()
    }

    fn loss_gradient(&self) -> (f64, Vec<T>) {
        let mut gradient = vec![T::of(f64::NAN); self.params.len()];
        let loss = self
            .net()
            .loss_gradient(self.sizes, self.given(), self.aim(), &mut gradient);
        (loss.expect("sizes fit").double(), gradient)
    }

    fn run(&self) -> (Vec<T>, Vec<T>) {
        let Sizes {
            batch,
            time,
            units,
            outputs,
            ..
        } = self.sizes;
        let mut h = vec![T::of(f64::NAN); batch * time * units];
        let mut o = vec![T::of(f64::NAN); batch * time * outputs];
        self.net()
            .run(self.sizes, self.given(), Some(&mut h), Some(&mut o))
            .expect("sizes fit");
        (h, o)
    }

    /// Gradients by parameters, inputs and h0 when `d_states` and `d_outputs` arrive.
    fn backward(&self, d_states: Option<&[T]>, d_outputs: Option<&[T]>) -> [Vec<T>; 3] {
        let Sizes {
            batch,
            time,
            inputs,
            units,
            ..
        } = self.sizes;
        let lengths = [self.params.len(), batch * time * inputs, batch * units];
        let [mut params, mut x, mut h0] = lengths.map(|len| vec![T::of(f64::NAN); len]);
        let into = Gradients {
            params: Some(&mut params),
            inputs: Some(&mut x),
            h0: Some(&mut h0),
        };
        let arriving = Arriving {
            states: d_states,
            outputs: d_outputs,
        };
        self.net()
            .backward(self.sizes, self.given(), arriving, into)
            .expect("sizes fit");
        [params, x, h0]
    }

    /// The derivatives of the loss by the outputs.
    fn d_outputs(&self, outputs: &[T]) -> Vec<T> {
        let o = self.sizes.outputs;
        let weight = |at: usize| self.mask.as_ref().map_or(1.0, |mask| mask[at / o].double());
        let count: f64 = (0..outputs.len()).map(weight).sum();
        let error = |at: usize| outputs[at].double() - self.targets[at].double();
        (0..outputs.len())
            .map(|at| T::of(2.0 * weight(at) * error(at) / count))
            .collect()
    }
}

fn f(nonlinearity: Nonlinearity, x: f64) -> f64 {
    match nonlinearity {
        Nonlinearity::Tanh => x.tanh(),
        Nonlinearity::Relu => x.max(0.0),
        Nonlinearity::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        Nonlinearity::Linear => x,
    }
}

/// States, outputs and loss, written as the equations stand.
fn plain<T: Lanes>(case: &Case<T>) -> (Vec<f64>, Vec<f64>, f64) {
    let Sizes {
        batch,
        time,
        inputs: i,
        units: n,
        outputs: o,
    } = case.sizes;
    let layout = layout(i, n, o);
    let block = |name| -> Vec<f64> {
        let range = layout
            .block(name)
            .expect("a block of the layout")
            .range
            .clone();
        case.params[range].iter().map(|x| x.double()).collect()
    };
    let [w_in, w_rec, w_out] = ["wI", "wR", "wO"].map(block);
    let [first, b_rec, b_out] = ["h0", "bR", "bO"].map(block);
    let dot = |w: &[f64], x: &[f64]| w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
    let (mut states, mut outputs, mut loss, mut count) = (vec![], vec![], 0.0, 0.0);
    for b in 0..batch {
        let mut h = first.clone();
        if let Some(h0) = &case.h0 {
            h = h0[b * n..][..n].iter().map(|x| x.double()).collect();
        }
        for at in b * time..(b + 1) * time {
            let x: Vec<f64> = case.inputs[at * i..][..i]
                .iter()
                .map(|x| x.double())
                .collect();
            let sum = |r: usize| dot(&w_in[r * i..][..i], &x) + dot(&w_rec[r * n..][..n], &h) + b_rec[r];
            let noise = |r: usize| {
                case.noise
                    .as_ref()
                    .map_or(0.0, |noise| noise[at * n + r].double())
            };
            h = (0..n)
                .map(|r| f(case.nonlinearity, sum(r)) + noise(r))
                .collect();
            states.extend(&h);
            let weight = case.mask.as_ref().map_or(1.0, |mask| mask[at].double());
            for r in 0..o {
                let output = dot(&w_out[r * n..][..n], &h) + b_out[r];
                loss += weight * (output - case.targets[at * o + r].double()).powi(2);
                count += weight;
                outputs.push(output);
            }
        }
    }
    let mean = if count == 0.0 { 0.0 } else { loss / count };
    (states, outputs, mean)
}

/// The largest error, relative to the largest number.
fn error<T: Real>(found: &[T], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let size = expected.iter().fold(1e-300_f64, |m, x| m.max(x.abs()));
    let errors = found
        .iter()
        .zip(expected)
        .map(|(f, e)| (f.double() - e).abs() / size);
    errors.fold(0.0, |m, e| if e <= m { m } else { e })
}

/// `golden`: h' = tanh(wI x + wR h + bR), loss = mean((o - y)^2); made with JAX in double
/// precision, the gradients by its `grad`.
fn golden(name: &str) -> Vec<f64> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/references/vanilla.h5");
    let file = hdf5::File::open(path).expect("the reference file is part of the project");
    let data = file.dataset(name).expect("an entry of the reference file");
    data.read_raw::<f64>().expect("f64 numbers")
}

fn golden_case<T: Lanes>() -> Case<T> {
    let read = |name: &str| golden(name).into_iter().map(T::of).collect::<Vec<T>>();
    let mut params = vec![T::of(0.0); 11];
    for name in ["param/wI", "param/wR", "param/wO", "param/bR", "param/bO"] {
        params.extend(read(name));
    }
    Case {
        sizes: Sizes {
            batch: 3,
            time: 9,
            inputs: 4,
            units: 11,
            outputs: 2,
        },
        nonlinearity: Nonlinearity::Tanh,
        params,
        inputs: read("x"),
        h0: Some(read("h0")),
        noise: None,
        targets: read("y"),
        mask: None,
    }
}

fn golden_errors<T: Lanes>() -> Vec<(&'static str, f64)> {
    let case = golden_case::<T>();
    let (states, outputs) = case.run();
    let (loss, direct) = case.loss_gradient();
    let [params, inputs, h0] = case.backward(None, Some(&case.d_outputs(&outputs)));
    let mut expected = vec![0.0; 11];
    for name in ["grad/wI", "grad/wR", "grad/wO", "grad/bR", "grad/bO"] {
        expected.extend(golden(name));
    }
    vec![
        ("states", error(&states, &golden("h"))),
        ("outputs", error(&outputs, &golden("o"))),
        ("loss", error(&[loss], &golden("loss"))),
        ("gradient of loss", error(&direct, &expected)),
        ("gradient of parameters", error(&params, &expected)),
        ("gradient of inputs", error(&inputs, &golden("grad/x"))),
        ("gradient of h0", error(&h0, &golden("grad/h0"))),
    ]
}

#[test]
fn states_loss_and_gradients_equal_those_of_jax() {
    for (what, error) in golden_errors::<f64>() {
        println!("f64 {what}: {error:.1e}");
        assert!(error < 1e-14, "f64 {what}: {error}");
    }
    for (what, error) in golden_errors::<f32>() {
        println!("f32 {what}: {error:.1e}");
        assert!(error < 2e-6, "f32 {what}: {error}");
    }
}

/// Sizes that fill vectors, tiles and slices, and sizes that just do not.
fn many_sizes() -> Vec<Sizes> {
    let row = |(batch, time, inputs, units, outputs)| Sizes {
        batch,
        time,
        inputs,
        units,
        outputs,
    };
    [
        (1, 1, 1, 1, 1),
        (31, 1, 2, 7, 3),
        (32, 4, 0, 5, 1),
        (33, 3, 1, 7, 1),
        (33, 40, 6, 3, 6),
        (100, 2, 3, 100, 2),
        (64, 5, 5, 24, 5),
        (2, 70, 1, 11, 0),
        (3, 3, 13, 130, 4),
    ]
    .map(row)
    .to_vec()
}

fn compare_with_plain<T: Lanes>(tolerance: f64) {
    for sizes in many_sizes() {
        for nonlinearity in ALL {
            let case = Case::<T>::random(sizes, nonlinearity);
            let (states, outputs, loss) = plain(&case);
            let found = case.run();
            assert!(
                error(&found.0, &states) < tolerance,
                "{sizes:?} {nonlinearity:?} states"
            );
            if sizes.outputs > 0 {
                assert!(
                    error(&found.1, &outputs) < tolerance,
                    "{sizes:?} {nonlinearity:?} outputs"
                );
                assert!(
                    error(&[case.loss()], &[loss]) < tolerance,
                    "{sizes:?} {nonlinearity:?} loss"
                );
                assert_eq!(case.loss(), case.loss_gradient().0);
            }
        }
    }
}

#[test]
fn all_sizes_give_what_a_plain_loop_gives() {
    compare_with_plain::<f64>(F64);
    compare_with_plain::<f32>(F32);
}

/// The derivative of the loss by one number that `place` finds in the case.
fn slope(case: &Case<f64>, place: impl Fn(&mut Case<f64>) -> &mut f64) -> f64 {
    // Cube root of the rounding unit: where cutting off the series costs as much as rounding.
    const STEP: f64 = 6e-6;
    let at = |shift: f64| {
        let mut moved = case.clone();
        *place(&mut moved) += shift;
        plain(&moved).2
    };
    (at(STEP) - at(-STEP)) / (2.0 * STEP)
}

/// Half the step's square times third derivatives of order one, and rounding over the step.
const DIFFERENCE: f64 = 1e-8;

#[test]
fn gradients_equal_finite_differences_for_every_nonlinearity() {
    let sizes = Sizes {
        batch: 3,
        time: 4,
        inputs: 2,
        units: 5,
        outputs: 2,
    };
    for nonlinearity in ALL {
        let case = Case::<f64>::random(sizes, nonlinearity);
        let outputs = case.run().1;
        let [params, inputs, h0] = case.backward(None, Some(&case.d_outputs(&outputs)));
        let direct = case.loss_gradient().1;
        for (k, found) in params.iter().enumerate() {
            let expected = slope(&case, |case| &mut case.params[k]);
            assert!(
                (found - expected).abs() < DIFFERENCE,
                "{nonlinearity:?} parameter {k}"
            );
            assert!(
                (direct[k] - expected).abs() < DIFFERENCE,
                "{nonlinearity:?} direct {k}"
            );
        }
        for (k, found) in inputs.iter().enumerate() {
            let expected = slope(&case, |case| &mut case.inputs[k]);
            assert!(
                (found - expected).abs() < DIFFERENCE,
                "{nonlinearity:?} input {k}"
            );
        }
        for (k, found) in h0.iter().enumerate() {
            let expected = slope(&case, |case| &mut case.h0.as_mut().expect("given")[k]);
            assert!(
                (found - expected).abs() < DIFFERENCE,
                "{nonlinearity:?} h0 {k}"
            );
        }
    }
}

#[test]
fn the_learned_first_state_has_the_gradient_of_finite_differences() {
    let sizes = Sizes {
        batch: 35,
        time: 3,
        inputs: 1,
        units: 4,
        outputs: 1,
    };
    let case = Case {
        h0: None,
        ..Case::<f64>::random(sizes, Nonlinearity::Tanh)
    };
    let (_, gradient) = case.loss_gradient();
    for k in 0..sizes.units {
        let expected = slope(&case, |case| &mut case.params[k]);
        assert!((gradient[k] - expected).abs() < DIFFERENCE, "h0 {k}");
    }
}

#[test]
fn derivatives_that_arrive_at_states_reach_every_gradient() {
    for sizes in many_sizes() {
        let case = Case::<f64>::random(sizes, Nonlinearity::Tanh);
        let Sizes {
            batch: b,
            time: t,
            inputs: i,
            units: n,
            outputs: o,
        } = sizes;
        let arriving = numbers::<f64>(9, b * t * n);
        let found = case.backward(Some(&arriving), None);
        let expected = plain_backward(&case, &arriving);
        for (what, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert!(
                expected.is_empty() || error(found, expected) < F64,
                "{sizes:?} gradient {what}"
            );
        }
        assert_eq!(expected[0].len(), layout(i, n, o).len());
    }
}

/// Back through time as it stands in a textbook, for tanh: parameters, inputs, h0.
fn plain_backward(case: &Case<f64>, arriving: &[f64]) -> [Vec<f64>; 3] {
    let Sizes {
        batch,
        time,
        inputs: i,
        units: n,
        outputs: o,
    } = case.sizes;
    let states = plain(case).0;
    let (w_in, w_rec, b_rec) = (n, n + n * i, n + n * i + n * n + o * n);
    let mut params = vec![0.0; case.params.len()];
    let (mut d_inputs, mut d_h0) = (vec![0.0; batch * time * i], vec![0.0; batch * n]);
    let (h0, noise) = (
        case.h0.as_ref().expect("given"),
        case.noise.as_ref().expect("given"),
    );
    for b in 0..batch {
        let mut arrived = vec![0.0; n];
        for at in (b * time..(b + 1) * time).rev() {
            let before = if at == b * time {
                &h0[b * n..][..n]
            } else {
                &states[(at - 1) * n..][..n]
            };
            let mut next = vec![0.0; n];
            for r in 0..n {
                let y = states[at * n + r] - noise[at * n + r];
                let delta = (arrived[r] + arriving[at * n + r]) * (1.0 - y * y);
                params[b_rec + r] += delta;
                for k in 0..n {
                    params[w_rec + r * n + k] += delta * before[k];
                    next[k] += delta * case.params[w_rec + r * n + k];
                }
                for k in 0..i {
                    params[w_in + r * i + k] += delta * case.inputs[at * i + k];
                    d_inputs[at * i + k] += delta * case.params[w_in + r * i + k];
                }
            }
            arrived = next;
        }
        d_h0[b * n..][..n].copy_from_slice(&arrived);
    }
    [params, d_inputs, d_h0]
}

#[test]
fn one_and_two_threads_give_the_same_bits() {
    let sizes = Sizes {
        batch: 150,
        time: 6,
        inputs: 2,
        units: 20,
        outputs: 3,
    };
    let case = Case::<f32>::random(sizes, Nonlinearity::Tanh);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads can be started").install(|| {
            let (loss, gradient) = case.loss_gradient();
            let (states, outputs) = case.run();
            (
                loss.to_bits(),
                gradient,
                states,
                outputs.clone(),
                case.backward(Some(&states_like(&case)), Some(&outputs)),
            )
        })
    };
    let (one, two, three) = (on(1), on(2), on(3));
    assert!(one == two && one == three);
}

fn states_like(case: &Case<f32>) -> Vec<f32> {
    numbers(8, case.sizes.batch * case.sizes.time * case.sizes.units)
}

#[test]
fn a_workspace_that_served_other_sizes_gives_the_same_bits_as_a_new_one() {
    let mut net = Vanilla::<f32>::new(Nonlinearity::Tanh);
    for sizes in many_sizes()
        .into_iter()
        .chain(many_sizes().into_iter().rev())
    {
        let case = Case::<f32>::random(sizes, Nonlinearity::Tanh);
        let mut gradient = vec![0.0; case.params.len()];
        let loss = net
            .loss_gradient(sizes, case.given(), case.aim(), &mut gradient)
            .expect("fits");
        assert_eq!((loss.double(), gradient), case.loss_gradient(), "{sizes:?}");
    }
}

#[test]
fn targets_where_the_mask_is_zero_are_not_read() {
    let sizes = Sizes {
        batch: 5,
        time: 4,
        inputs: 1,
        units: 6,
        outputs: 2,
    };
    let case = Case::<f64>::random(sizes, Nonlinearity::Tanh);
    let mask = case.mask.clone().expect("given");
    let mut holes = case.clone();
    for (k, target) in holes.targets.iter_mut().enumerate() {
        if mask[k / sizes.outputs] == 0.0 {
            *target = f64::NAN;
        }
    }
    assert!(holes.targets.iter().any(|x| x.is_nan()));
    assert_eq!(holes.loss_gradient(), case.loss_gradient());
}

#[test]
fn a_mask_of_zeros_gives_a_loss_of_zero() {
    let sizes = Sizes {
        batch: 2,
        time: 3,
        inputs: 1,
        units: 4,
        outputs: 1,
    };
    let random = Case::<f64>::random(sizes, Nonlinearity::Tanh);
    let case = Case {
        mask: Some(vec![0.0; 6]),
        ..random
    };
    let (loss, gradient) = case.loss_gradient();
    assert_eq!(loss, 0.0);
    assert!(gradient.iter().all(|g| *g == 0.0));
}

#[test]
fn trials_that_fill_up_a_slice_cannot_spoil_the_gradient() {
    // With zero input the weights 1e30 overflow at the third step; the real trial stays at zero.
    let sizes = Sizes {
        batch: 1,
        time: 5,
        inputs: 1,
        units: 2,
        outputs: 1,
    };
    let mut params = vec![0.0_f32; layout(1, 2, 1).len()];
    let layout = layout(1, 2, 1);
    params[layout.block("wR").expect("known").range.clone()].fill(1e30);
    params[layout.block("bR").expect("known").range.clone()].fill(1.0);
    params[layout.block("wI").expect("known").range.clone()].fill(-1.0);
    let case = Case {
        sizes,
        nonlinearity: Nonlinearity::Relu,
        params,
        inputs: vec![1.0; 5],
        h0: None,
        noise: None,
        targets: vec![1.0; 5],
        mask: None,
    };
    let (loss, gradient) = case.loss_gradient();
    assert_eq!(loss, 1.0);
    assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
}

#[test]
fn a_number_that_is_not_finite_shows_in_the_loss() {
    let sizes = Sizes {
        batch: 2,
        time: 3,
        inputs: 1,
        units: 4,
        outputs: 1,
    };
    for nonlinearity in ALL {
        let mut case = Case::<f32>::random(sizes, nonlinearity);
        case.mask = None;
        case.inputs[0] = f32::NAN;
        assert!(case.loss().is_nan(), "{nonlinearity:?}");
    }
}

#[test]
fn large_sums_saturate() {
    let sizes = Sizes {
        batch: 1,
        time: 1,
        inputs: 1,
        units: 1,
        outputs: 0,
    };
    let state = |nonlinearity, x: f64| {
        let params = vec![0.0, 1.0, 0.0, 0.0];
        let mut h = [0.0];
        let given = Given {
            params: &params,
            inputs: &[x],
            h0: None,
            noise: None,
        };
        Vanilla::new(nonlinearity)
            .run(sizes, given, Some(&mut h), None)
            .expect("fits");
        h[0]
    };
    for (nonlinearity, x, expected) in [
        (Nonlinearity::Tanh, 1e6, 1.0),
        (Nonlinearity::Tanh, -f64::INFINITY, -1.0),
        (Nonlinearity::Tanh, 0.0, 0.0),
        (Nonlinearity::Softplus, 1e6, 1e6),
        (Nonlinearity::Relu, -1e6, 0.0),
    ] {
        assert_eq!(state(nonlinearity, x), expected, "{nonlinearity:?} of {x}");
    }
}

/// The largest error of f over a range, in units in the last place.
fn worst_place<T: Lanes>(nonlinearity: Nonlinearity, unit: f64) -> f64 {
    let points = 20_000;
    let inputs: Vec<T> = (0..points)
        .map(|k| T::of((k as f64 / 1000.0 - 10.0).powi(3) / 50.0))
        .collect();
    let sizes = Sizes {
        batch: points,
        time: 1,
        inputs: 1,
        units: 1,
        outputs: 0,
    };
    let params = [0.0, 1.0, 0.0, 0.0].map(T::of);
    let mut h = vec![T::of(0.0); points];
    let given = Given {
        params: &params,
        inputs: &inputs,
        h0: None,
        noise: None,
    };
    Vanilla::new(nonlinearity)
        .run(sizes, given, Some(&mut h), None)
        .expect("fits");
    let errors = inputs.iter().zip(&h).map(|(x, h)| {
        let exact = f(nonlinearity, x.double());
        if exact == 0.0 {
            0.0
        } else {
            (h.double() - exact).abs() / (unit * exact.abs())
        }
    });
    errors.fold(0.0, f64::max)
}

#[test]
fn functions_are_exact_to_a_few_units_in_the_last_place() {
    for nonlinearity in [Nonlinearity::Tanh, Nonlinearity::Softplus] {
        let single = worst_place::<f32>(nonlinearity, f64::from(f32::EPSILON));
        let double = worst_place::<f64>(nonlinearity, f64::EPSILON);
        println!("{nonlinearity:?}: f32 {single:.2} ulp, f64 {double:.2} ulp");
        assert!(
            single < 4.0 && double < 4.0,
            "{nonlinearity:?}: {single} {double}"
        );
    }
}

#[test]
fn a_step_is_a_run_of_one_time() {
    let sizes = Sizes {
        batch: 40,
        time: 1,
        inputs: 2,
        units: 9,
        outputs: 1,
    };
    let case = Case {
        noise: None,
        ..Case::<f64>::random(sizes, Nonlinearity::Tanh)
    };
    let mut stepped = vec![0.0; 40 * 9];
    let h = case.h0.as_ref().expect("given");
    case.net()
        .step(sizes, &case.params, h, &case.inputs, &mut stepped)
        .expect("fits");
    assert_eq!(stepped, case.run().0);
}

fn message<V>(result: Result<V>) -> String {
    result.err().expect("a fault").to_string()
}

#[test]
fn arrays_of_other_lengths_are_faults() {
    let sizes = Sizes {
        batch: 2,
        time: 3,
        inputs: 1,
        units: 4,
        outputs: 1,
    };
    let case = Case::<f32>::random(sizes, Nonlinearity::Tanh);
    let (given, aim) = (case.given(), case.aim());
    let short = &case.inputs[1..];
    let mut gradient = vec![0.0; case.params.len()];
    let faulty = [
        (
            "parameters",
            Given {
                params: short,
                ..given
            },
        ),
        (
            "inputs",
            Given {
                inputs: short,
                ..given
            },
        ),
        (
            "h0",
            Given {
                h0: Some(short),
                ..given
            },
        ),
        (
            "noise",
            Given {
                noise: Some(short),
                ..given
            },
        ),
    ];
    for (what, given) in faulty {
        let fault = message(case.net().loss_gradient(sizes, given, aim, &mut gradient));
        assert!(
            fault.contains(&format!("expected {what} of shape")),
            "{fault}"
        );
    }
    let aim = Aim {
        targets: short,
        mask: None,
    };
    let fault = message(case.net().loss(sizes, given, aim));
    assert_eq!(
        fault,
        "vanilla: expected targets of shape [b, t, o] (6 numbers), found [5]"
    );
    let fault = message(case.net().run(sizes, given, Some(&mut [0.0]), None));
    assert!(fault.contains("states"), "{fault}");
    let arriving = Arriving {
        states: Some(short),
        outputs: None,
    };
    assert!(
        case.net()
            .backward(sizes, given, arriving, Gradients::default())
            .is_err()
    );
    let none = Sizes { time: 0, ..sizes };
    let fault = message(case.net().run(none, given, None, None));
    assert_eq!(fault, "vanilla: expected `time` of 1 or more, found 0");
}

fn tensors(case: &Case<f64>) -> [Tensor; 3] {
    let Sizes {
        batch,
        time,
        inputs,
        units,
        ..
    } = case.sizes;
    let device = &Device::Cpu;
    let make =
        |data: &[f64], shape: &[usize]| Tensor::from_slice(data, shape, device).expect("fits");
    [
        make(&case.inputs, &[batch, time, inputs]),
        make(&case.params, &[case.params.len()]),
        make(case.h0.as_ref().expect("given"), &[batch, units]),
    ]
}

#[test]
fn a_loss_in_tensors_reaches_inputs_parameters_and_first_state() -> Result<()> {
    let sizes = Sizes {
        batch: 3,
        time: 4,
        inputs: 2,
        units: 5,
        outputs: 1,
    };
    let case = Case::<f64>::random(sizes, Nonlinearity::Softplus);
    let [inputs, params, h0] = tensors(&case);
    let [inputs, params, h0] = [
        Var::from_tensor(&inputs)?,
        Var::from_tensor(&params)?,
        Var::from_tensor(&h0)?,
    ];
    let noise = case.noise.as_ref().expect("given");
    let noise = Tensor::from_slice(noise, (3, 4, 5), &Device::Cpu)?;
    // Strides other than the plain ones on the way in must not matter.
    let turned = inputs
        .as_tensor()
        .transpose(0, 1)?
        .contiguous()?
        .transpose(0, 1)?;
    let states = vanilla::states(case.nonlinearity, &turned, &params, &h0, Some(&noise))?;
    let found = states.flatten_all()?.to_vec1::<f64>()?;
    assert!(error(&found, &plain(&case).0) < F64);
    let grads = states.sqr()?.sum_all()?.backward()?;
    let arriving: Vec<f64> = found.iter().map(|h| 2.0 * h).collect();
    let expected = case.backward(Some(&arriving), None);
    for (var, expected) in [&params, &inputs, &h0].into_iter().zip(expected) {
        let grad = grads
            .get(var)
            .expect("a gradient")
            .flatten_all()?
            .to_vec1::<f64>()?;
        assert!(error(&grad, &expected) < F64);
    }
    Ok(())
}

#[test]
fn tensors_of_other_shapes_are_faults() -> Result<()> {
    let sizes = Sizes {
        batch: 2,
        time: 3,
        inputs: 1,
        units: 4,
        outputs: 1,
    };
    let [inputs, params, h0] = tensors(&Case::random(sizes, Nonlinearity::Tanh));
    let run =
        |x: &Tensor, p: &Tensor, h: &Tensor| vanilla::states(Nonlinearity::Tanh, x, p, h, None);
    let fault = message(run(&inputs.squeeze(2)?, &params, &h0));
    assert_eq!(
        fault,
        "vanilla: expected inputs of shape [b, t, i], found [2, 3]"
    );
    let fault = message(run(&inputs, &params, &h0.narrow(0, 0, 1)?));
    assert_eq!(fault, "vanilla: expected h0 of shape [2, n], found [1, 4]");
    let fault = message(run(&inputs, &params.narrow(0, 0, 31)?, &h0));
    assert!(fault.contains("[28 + 5 for each output]"), "{fault}");
    let single = inputs.to_dtype(attractor::tensor::DType::F32)?;
    assert!(matches!(
        run(&single, &params, &h0),
        Err(Error::Kind { .. })
    ));
    let noise = Some(&inputs);
    assert!(vanilla::states(Nonlinearity::Tanh, &inputs, &params, &h0, noise).is_err());
    Ok(())
}
