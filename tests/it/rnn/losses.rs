//! The losses and activity penalties of networks, compared with their definitions and with finite
//! differences.

use attractor::nn::{Activity, Cell, Dynamics, LossFunction, Objective, Rnn, Spec};
use attractor::ops::Lanes;
use attractor::ops::rnn::Loss;
use attractor::train::Trials;

use super::case::{Case, F32, F64, all_cells, case, error};
use super::gradients::{TOLERANCE, difference};

const LOSSES: [Loss; 4] = [Loss::Mse, Loss::CrossEntropy, Loss::Bce, Loss::Poisson];
/// b, t, i, n, o, layers, directions; more trials than a group of lanes.
const SIZES: [usize; 7] = [18, 2, 1, 2, 3, 1, 1];

/// The sigmoid function.
fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The sum over outputs of the loss at one time step, as in the documentation of PyTorch.
fn step_loss(loss: Loss, outputs: &[f64], targets: &[f64]) -> f64 {
    let total: f64 = outputs.iter().map(|x| x.exp()).sum();
    let term = |(o, y): (&f64, &f64)| match loss {
        Loss::Mse => (o - y).powi(2),
        Loss::CrossEntropy => -y * (o.exp() / total).ln(),
        Loss::Bce => -(y * sigmoid(*o).ln() + (1.0 - y) * (1.0 - sigmoid(*o)).ln()),
        Loss::Poisson => o.exp() - y * o,
    };
    outputs.iter().zip(targets).map(term).sum()
}

/// The mean loss of outputs [b, t, o].
fn mean_loss(loss: Loss, trials: &Trials<f64>, outputs: &[f64]) -> f64 {
    let o = outputs.len() / (trials.trials * trials.time);
    let steps = outputs.chunks(o).zip(trials.targets.chunks(o));
    let ones = vec![1.0; trials.trials * trials.time];
    let weights = trials.mask.as_ref().unwrap_or(&ones);
    let used = weights
        .iter()
        .zip(steps)
        .filter(|(weight, _)| **weight > 0.0);
    let sum: f64 = used
        .map(|(weight, (o, y))| weight * step_loss(loss, o, y))
        .sum();
    let terms = if loss == Loss::CrossEntropy { 1 } else { o };
    sum / (weights.iter().sum::<f64>() * terms as f64)
}

/// Random trials whose targets are probabilities that sum to 1 over the outputs.
fn random_trials(case: &Case<f64>) -> Trials<f64> {
    let [b, t] = case.size;
    let mut targets: Vec<f64> = case.targets.iter().map(|x| x.abs() + 0.1).collect();
    for row in targets.chunks_mut(case.spec.outputs) {
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|x| *x /= sum);
    }
    // A target that is not read.
    let mut mask = case.mask.clone().expect("a mask");
    mask[1] = 0.0;
    targets[case.spec.outputs] = f64::NAN;
    Trials {
        trials: b,
        time: t,
        inputs: case.inputs.clone(),
        targets,
        mask: Some(mask),
        lengths: case.lengths.clone(),
    }
}

fn network<T: Lanes>(spec: Spec, params: &[f64]) -> Rnn<T> {
    let mut net = Rnn::zeros(spec);
    for (p, value) in net.params.data.iter_mut().zip(params) {
        *p = T::of(*value);
    }
    net
}

fn to_f32(trials: &Trials<f64>) -> Trials<f32> {
    let convert = |values: &[f64]| values.iter().map(|x| *x as f32).collect();
    Trials {
        trials: trials.trials,
        time: trials.time,
        inputs: convert(&trials.inputs),
        targets: convert(&trials.targets),
        mask: trials.mask.as_deref().map(convert),
        lengths: trials.lengths.clone(),
    }
}

/// The value of an objective and its gradient.
fn evaluate<T: Lanes>(net: &Rnn<T>, trials: &Trials<T>, objective: &Objective) -> (f64, Vec<T>) {
    let mut gradient = vec![T::of(f64::NAN); net.params.data.len()];
    let work = &mut net.workspace();
    let value = net.objective(work, (trials, None), objective, Some(&mut gradient));
    let value = value.expect("valid trials");
    let without_gradient = net.objective(work, (trials, None), objective, None);
    assert_eq!(without_gradient.expect("valid trials"), value);
    (value.data + value.activity, gradient)
}

/// The gradient of `value` with respect to all parameters, by finite differences.
fn numerical_gradient(case: &Case<f64>, value: impl Fn(&Rnn<f64>) -> f64) -> Vec<f64> {
    let derivative = |k: usize| {
        difference(|shift| {
            let mut params = case.params.clone();
            params[k] += shift;
            value(&network(case.spec, &params))
        })
    };
    (0..case.params.len()).map(derivative).collect()
}

#[test]
fn losses_equal_their_definitions_and_their_gradients_finite_differences() {
    // Losses do not depend on the cell: one with and one without several state variables per unit.
    for cell in [
        Cell::Vanilla(Default::default()),
        Cell::Lstm(Default::default()),
    ] {
        for loss in LOSSES {
            for case in [case::<f64>(cell, SIZES), case::<f64>(cell, SIZES).ragged()] {
                compare_with_definition(&case, loss);
            }
        }
    }
}

/// Compares a loss and its gradient, in double and single precision, with the definition.
fn compare_with_definition(case: &Case<f64>, loss: Loss) {
    let cell = case.spec.cell;
    let trials = random_trials(case);
    let objective = Objective::new(LossFunction::BuiltIn(loss));
    let definition = |net: &Rnn<f64>| mean_loss(loss, &trials, &outputs(net, &trials));
    let net = network::<f64>(case.spec, &case.params);
    let expected = (definition(&net), numerical_gradient(case, definition));
    let (value, gradient) = evaluate(&net, &trials, &objective);
    assert!(
        (value - expected.0).abs() < F64,
        "{cell:?} {loss:?}: {value}"
    );
    let gradient_error = error(&gradient, &expected.1);
    assert!(
        gradient_error < TOLERANCE,
        "{cell:?} {loss:?}: gradient {gradient_error}"
    );
    let single = network::<f32>(case.spec, &case.params);
    let (value, gradient) = evaluate(&single, &to_f32(&trials), &objective);
    assert!(
        (value - expected.0).abs() < F32,
        "{cell:?} {loss:?}, f32: {value}"
    );
    let gradient: Vec<f64> = gradient.into_iter().map(f64::from).collect();
    let gradient_error = error(&gradient, &expected.1);
    assert!(
        gradient_error < 10.0 * F32,
        "{cell:?} {loss:?}, f32: gradient {gradient_error}"
    );
}

/// The outputs [b, t, o] of a run without noise.
fn outputs(net: &Rnn<f64>, trials: &Trials<f64>) -> Vec<f64> {
    run(net, trials)[1].clone()
}

/// The states [b, t, s] and outputs [b, t, o] of a run without noise.
fn run(net: &Rnn<f64>, trials: &Trials<f64>) -> [Vec<f64>; 2] {
    use attractor::nn::RunArgs;
    use attractor::tensor::{Device, Tensor, convert};
    let shape = (trials.trials, trials.time, net.spec.inputs);
    let inputs = Tensor::from_slice(&trials.inputs, shape, &Device::Cpu).expect("a tensor");
    let args = RunArgs {
        lengths: trials.lengths.as_deref(),
        ..RunArgs::new(&inputs)
    };
    let results = Dynamics::run(net, &args).expect("matching shapes");
    results.map(|x| convert::to_f64(&x).expect("values"))
}

#[test]
fn losses_of_large_outputs_are_finite() {
    let spec = Spec::new(Cell::Vanilla(Default::default()), [1, 2, 2]);
    let mut net = Rnn::<f64>::zeros(spec);
    net.params
        .block_mut("bO")
        .expect("a bias")
        .copy_from_slice(&[800.0, -800.0]);
    let trials = Trials {
        trials: 1,
        time: 1,
        inputs: vec![0.0],
        targets: vec![0.0, 1.0],
        mask: None,
        lengths: None,
    };
    for (loss, expected) in [(Loss::CrossEntropy, 1600.0), (Loss::Bce, 800.0)] {
        let objective = Objective::new(LossFunction::BuiltIn(loss));
        let (value, gradient) = evaluate(&net, &trials, &objective);
        assert_eq!(value, expected, "{loss:?}");
        assert!(
            gradient.iter().all(|g| g.is_finite()),
            "{loss:?}: {gradient:?}"
        );
    }
}

#[test]
fn targets_outside_the_domain_of_a_loss_are_errors() {
    let spec = Spec::new(Cell::Vanilla(Default::default()), [1, 2, 2]);
    let net = Rnn::<f32>::zeros(spec);
    let mut trials = Trials {
        trials: 2,
        time: 3,
        inputs: vec![0.0; 6],
        targets: vec![0.5; 12],
        mask: None,
        lengths: None,
    };
    trials.targets[9] = -1.5;
    for (loss, range) in [
        (
            Loss::CrossEntropy,
            "from 0 to 1 for the loss \"cross_entropy\"",
        ),
        (Loss::Bce, "from 0 to 1 for the loss \"bce\""),
        (Loss::Poisson, "of 0 or more for the loss \"poisson\""),
    ] {
        let objective = Objective::new(LossFunction::BuiltIn(loss));
        let result = net.objective(&mut net.workspace(), (&trials, None), &objective, None);
        let message = result.expect_err("a target of -1.5").to_string();
        assert!(message.contains("targets[1, 1, 1]"), "{message}");
        assert!(message.contains(range), "{message}");
    }
    let spec = Spec::new(Cell::Vanilla(Default::default()), [1, 2, 1]);
    let net = Rnn::<f32>::zeros(spec);
    trials.targets = vec![1.0; 6];
    let objective = Objective::new(LossFunction::BuiltIn(Loss::CrossEntropy));
    let result = net.objective(&mut net.workspace(), (&trials, None), &objective, None);
    let message = result.expect_err("one output").to_string();
    assert!(message.contains("one output per class"), "{message}");
}

/// The activity penalties of states [b, t, s], from their definition.
fn penalty(net: &Rnn<f64>, trials: &Trials<f64>, objective: &Objective) -> f64 {
    use attractor::tensor::{Device, Tensor, convert};
    let states = run(net, trials)[0].clone();
    let shape = (trials.trials, trials.time, net.spec.state());
    let states = Tensor::from_vec(states, shape, &Device::Cpu).expect("a tensor");
    let values = match objective.activity {
        Activity::Rates => net.spec.rates(&states).expect("rates"),
        Activity::States => states,
    };
    let width = values.dims()[2];
    let values = convert::to_f64(&values).expect("values");
    let (mut sum, mut steps) = (0.0, 0);
    for (trial, values) in values.chunks(trials.time * width).enumerate() {
        let length = trials
            .lengths
            .as_ref()
            .map_or(trials.time, |lengths| lengths[trial]);
        steps += length;
        for r in &values[..length * width] {
            sum += objective.activity_l1 * r.abs() + objective.activity_l2 * r * r;
        }
    }
    sum / (steps * width) as f64
}

#[test]
fn gradients_of_activity_penalties_equal_finite_differences() {
    for cell in all_cells() {
        for sizes in [[2, 3, 2, 3, 3, 1, 1], [2, 2, 2, 3, 2, 2, 2]] {
            for activity in [Activity::Rates, Activity::States] {
                let case = case::<f64>(cell, sizes).ragged();
                let trials = random_trials(&case);
                let net = network::<f64>(case.spec, &case.params);
                let objective = Objective {
                    activity_l1: 0.3,
                    activity_l2: 0.7,
                    activity,
                    ..Objective::new(LossFunction::BuiltIn(Loss::Bce))
                };
                let definition = |net: &Rnn<f64>| {
                    let outputs = outputs(net, &trials);
                    mean_loss(Loss::Bce, &trials, &outputs) + penalty(net, &trials, &objective)
                };
                let (value, gradient) = evaluate(&net, &trials, &objective);
                let expected = definition(&net);
                assert!(
                    (value - expected).abs() < F64,
                    "{cell:?}: {value}, {expected}"
                );
                let error = error(&gradient, &numerical_gradient(&case, definition));
                assert!(error < TOLERANCE, "{cell:?} {activity:?}: {error}");
            }
        }
    }
}

#[test]
fn a_weak_penalty_changes_the_gradient_of_every_loss_only_slightly() {
    for loss in LOSSES {
        let case = case::<f64>(Cell::Lstm(Default::default()), SIZES).ragged();
        let trials = random_trials(&case);
        let net = network::<f64>(case.spec, &case.params);
        let fused = Objective::new(LossFunction::BuiltIn(loss));
        let separate = Objective {
            activity_l2: 1e-300,
            ..fused.clone()
        };
        let (fused, separate) = (
            evaluate(&net, &trials, &fused),
            evaluate(&net, &trials, &separate),
        );
        assert!((fused.0 - separate.0).abs() < F64, "{loss:?}");
        assert!(error(&fused.1, &separate.1) < F64, "{loss:?}");
    }
}
