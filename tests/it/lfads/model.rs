//! LFADS models: inference, generation, files, resumed training, and errors of invalid calls.

use attractor::api::context::Language;
use attractor::api::display;
use attractor::base::{NoProgress, Outcome};
use attractor::io::hdf5;
use attractor::models::lfads::{
    InferenceOptions, Model, ModelOptions, Observations, TrainingOptions, WarmUp,
};
use attractor::nn::{Dynamics, RunArgs};
use attractor::ops::Lanes;
use attractor::random::{Key, Layout};
use attractor::signal::spikes;
use attractor::tasks::dataset::{Dataset, RawArray, RawData};
use attractor::tensor::{Device, Tensor, convert};
use attractor::train::{Fit, L2, Options, Source, run};

fn key(seed: u64) -> Key {
    Key::new(seed, Layout::default())
}

fn small_options() -> ModelOptions {
    ModelOptions {
        channels: 6,
        encoder: 7,
        controller: 5,
        generator: 8,
        factors: 3,
        inferred_inputs: 2,
        seed: 4.into(),
        ..ModelOptions::default()
    }
}

/// Spike counts of trials with sinusoidal rates, [n, 12, 6].
fn counts(trials: usize) -> Tensor {
    let mean = |at: usize| {
        let (trial, time, channel) = (at / 72, at / 6 % 12, at % 6);
        1.0 + ((trial % 5 + time + 2 * channel) as f64 * 0.4).sin()
    };
    let means = (0..trials * 72).map(mean).collect();
    let means = Tensor::from_vec(means, (trials, 12, 6), &Device::Cpu).expect("matching sizes");
    spikes::poisson(&means, &key(9)).expect("counts")
}

fn dataset(trials: usize) -> Dataset {
    let data = RawData {
        inputs: RawArray::Stacked(counts(trials)),
        targets: None,
        mask: None,
        lengths: None,
    };
    Dataset::new(data).expect("a data set")
}

fn train_model<T: Lanes>(model: &mut Model<T>, training: &TrainingOptions) -> Fit {
    let (data, held_out) = (dataset(50), dataset(20).all::<T>());
    let source = Source {
        task: &data,
        validation: Some(&held_out),
    };
    *model = model.clone().with_warm_up(training.warm_up.clone());
    let mut on_log = |_: &_, _: &_| Ok(std::ops::ControlFlow::Continue(()));
    run(model, &source, &training.run, &mut NoProgress, &mut on_log).expect("a run")
}

#[test]
fn training_resumes_bit_identically_from_a_checkpoint() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let training = |batches, file: Option<&str>| TrainingOptions {
        warm_up: WarmUp {
            kl_ramp_start: 5,
            kl_ramp_end: 20,
            ..WarmUp::default()
        },
        run: Options {
            batches,
            batch_size: 16,
            log_every: 5,
            checkpoint: file.map(|file| folder.path().join(file)),
            ..TrainingOptions::default().run
        },
    };
    let mut uninterrupted = small_options().build::<f32>().expect("a model");
    let expected = train_model(&mut uninterrupted, &training(40, None));
    assert_eq!(expected.outcome, Outcome::MaxSteps);
    assert!(expected.log.iter().all(|line| line.terms.is_some()));
    let mut resumed = small_options().build::<f32>().expect("a model");
    train_model(&mut resumed, &training(17, Some("run.h5")));
    let mut resumed = small_options().build::<f32>().expect("a model");
    let fit = train_model(&mut resumed, &training(40, Some("run.h5")));
    assert_eq!(fit.resumed_batches, 17);
    assert_eq!(fit.log, expected.log);
    assert_eq!(resumed.params.data, uninterrupted.params.data);
}

#[test]
fn training_lowers_the_loss_of_held_out_trials() {
    for observations in [Observations::Poisson, Observations::Gaussian] {
        for inferred in [0, 1] {
            let config = ModelOptions {
                observations,
                inferred_inputs: inferred,
                ..small_options()
            };
            let mut model = config.build::<f64>().expect("a model");
            let training = TrainingOptions {
                warm_up: WarmUp {
                    kl_ramp_start: 0,
                    kl_ramp_end: 50,
                    ..WarmUp::default()
                },
                run: Options {
                    batches: 300,
                    batch_size: 16,
                    ..TrainingOptions::default().run
                },
            };
            let fit = train_model(&mut model, &training);
            let log = &fit.log;
            let nll = |at: usize| {
                log[at]
                    .validation_terms
                    .and_then(|terms| terms.get("nll"))
                    .expect("terms")
            };
            assert!(nll(log.len() - 1) < nll(0) - 1.0, "{inferred}: {log:?}");
        }
    }
}

#[test]
fn a_model_is_unchanged_after_save_and_load() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("model.h5");
    let config = ModelOptions {
        observations: Observations::Gaussian,
        keep_prob: 0.9,
        dt: 0.02,
        ..small_options()
    };
    let model = config.build::<f64>().expect("a model");
    let (tree, metadata) = model.to_tree().expect("a tree");
    let options = hdf5::WriteOptions {
        compress: 0,
        attributes: hdf5::Attributes::of_file(metadata),
    };
    hdf5::write(&path, &tree, &options).expect("a file");
    let content = hdf5::read_with_attributes(&path).expect("a file");
    let loaded = Model::<f64>::from_content(&path, &content).expect("a model");
    assert_eq!(loaded.sizes, model.sizes);
    assert_eq!(loaded.params.data, model.params.data);
    assert_eq!(
        [loaded.keep_prob, loaded.var_min, loaded.dt],
        [model.keep_prob, model.var_min, model.dt]
    );
}

#[test]
fn samples_of_a_trial_do_not_depend_on_the_other_trials() {
    let model = small_options().build::<f64>().expect("a model");
    let infer = |trials: usize, samples: usize| {
        let x = counts(40).narrow(0, 0, trials).expect("matching sizes");
        let observed = model.observed_trials("test", &x).expect("counts");
        let options = InferenceOptions {
            samples,
            quantiles: vec![0.0, 0.5, 1.0],
            ..InferenceOptions::default()
        };
        model.infer(&observed, &options, &mut NoProgress)
    };
    let (first_trial, all_trials) = (infer(1, 20), infer(40, 20));
    for (first_trial, all_trials) in [
        (&first_trial.rates, &all_trials.rates),
        (&first_trial.factors, &all_trials.factors),
        (&first_trial.inferred, &all_trials.inferred),
        (&first_trial.initial, &all_trials.initial),
    ] {
        assert_eq!(first_trial.mean, all_trials.mean[..first_trial.mean.len()]);
        assert_eq!(first_trial.std, all_trials.std[..first_trial.mean.len()]);
        let width = first_trial.mean.len();
        for at in 0..width {
            let [low, middle, high] = [0, 1, 2].map(|q| first_trial.quantiles[q * width + at]);
            assert!(low <= middle && middle <= high);
            assert!(low <= first_trial.mean[at] && first_trial.mean[at] <= high);
        }
    }
    // Without samples the posterior means are used, and there is no standard deviation.
    let plain = infer(3, 0);
    assert!(plain.rates.std.is_empty());
    let differences = plain.initial.mean.iter().zip(&all_trials.initial.mean);
    assert!(differences.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) < 1.0);
}

#[test]
fn generated_trials_follow_the_priors_and_the_generator() {
    let mut model = small_options().build::<f64>().expect("a model");
    let fill_block = |model: &mut Model<f64>, name: &str, x: f64| {
        model.params.block_mut(name).expect("a block").fill(x);
    };
    fill_block(&mut model, "initial_prior_mean", 0.3);
    fill_block(&mut model, "initial_prior_logvar", 0.5);
    fill_block(&mut model, "inferred_prior_mean", 0.2);
    fill_block(&mut model, "inferred_prior_logtau", 1.0);
    let (n, t) = (3000, 12);
    let generated = model.generate(n, t, &key(2));
    let moments = |x: &[f64]| {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let squares = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        [mean, squares / x.len() as f64]
    };
    let [mean, variance] = moments(&generated.initial);
    assert!((mean - 0.3).abs() < 0.03, "{mean}");
    assert!(
        (variance / (0.5_f64.exp() + 1e-3) - 1.0).abs() < 0.05,
        "{variance}"
    );
    // u_t = mean + phi u_(t-1) + noise, so the residual u_t - phi u_(t-1) is mean + noise.
    let phi = (-(-1.0_f64).exp()).exp();
    let rows = generated.inferred.chunks(2 * t);
    let residuals: Vec<f64> = rows
        .flat_map(|row| {
            (2..2 * t)
                .map(|k| row[k] - phi * row[k - 2])
                .collect::<Vec<_>>()
        })
        .collect();
    let [mean, variance] = moments(&residuals);
    assert!((mean - 0.2).abs() < 0.01, "{mean}");
    let expected = (0.1_f64.ln() + 1e-3).exp();
    assert!((variance / expected - 1.0).abs() < 0.03, "{variance}");

    // The generator as a separate network computes the same log-rates.
    let net = model.generator_network().expect("a network");
    let tensor = |x: &[f64], shape: &[usize]| convert::from_slice(x, shape).expect("a tensor");
    let [inputs, h0] = [
        tensor(&generated.inferred, &[n, t, 2]),
        tensor(&generated.initial, &[n, net.spec.units]),
    ];
    let args = RunArgs {
        h0: Some(&h0),
        ..RunArgs::new(&inputs)
    };
    let [_, outputs] = net.run(&args).expect("a run");
    let outputs = convert::to_f64(&outputs).expect("values");
    for (log, rate) in outputs.iter().zip(&generated.rates) {
        assert!((log.exp() - rate).abs() < 1e-9 * rate, "{log} {rate}");
    }
}

#[test]
fn poisson_counts_have_the_expected_means_and_variances() {
    for mean in [0.05, 1.6, 40.0, 600.0] {
        let means = Tensor::full(mean, 40_000, &Device::Cpu).expect("a tensor");
        let counts = convert::to_f64(&spikes::poisson(&means, &key(3)).expect("counts"));
        let counts = counts.expect("values");
        let sample_mean = counts.iter().sum::<f64>() / 4e4;
        let variance = counts
            .iter()
            .map(|x| (x - sample_mean).powi(2))
            .sum::<f64>()
            / 4e4;
        // Five standard errors.
        assert!(
            (sample_mean - mean).abs() < 5.0 * (mean / 4e4).sqrt(),
            "{sample_mean}"
        );
        assert!((variance / mean - 1.0).abs() < 5.0 * ((2.0 + 1.0 / mean) / 4e4).sqrt());
    }
}

#[test]
fn a_list_of_trials_is_equivalent_to_a_tensor() {
    let text = "let model = lfads::model(#{ channels: 3 });
        let trials = [ones([5, 3]), ones([5, 3]) * 3.0];
        let both = ones([2, 5, 3]) * [[[1.0]], [[3.0]]];
        let found = model.evaluate(trials);
        [found.loss == model.evaluate(both).loss, found.log_factorials]";
    let actual = crate::session::run(text, Language::Rhai).outcome;
    // ln 3! for each of the 15 values of one of two trials.
    let expected = format!("[true, {}]", 7.5 * 6.0_f64.ln());
    let actual = display::value_text(&actual.expect("no error"));
    assert!(actual.starts_with(&expected[..18]), "{actual} {expected}");
}

#[test]
fn errors_of_invalid_calls_state_the_expected_arguments() {
    let table = [
        (
            "lfads::train(model, zeros([20, 5, 3]) - 1.0)",
            "lfads::train: expected `observation at trial 0, time 0, channel 0` a \
             non-negative integer (the observations of the model are \"poisson\"), found -1",
        ),
        (
            "let x = ones([20, 5, 3]); model.infer(x * 0.5)",
            "lfads model.infer: expected `observation at trial 0, time 0, channel 0` a \
             non-negative integer",
        ),
        (
            "model.evaluate(zeros([20, 5, 3]) / 0.0)",
            "lfads model.evaluate: the observation at trial 0, time 0, channel 0, is not finite \
             (found NaN at index 0)",
        ),
        (
            "model.infer(ones([20, 5, 4]))",
            "lfads model.infer: expected observations of shape [n, t, 3] with at least one \
             trial and one time step, found [20, 5, 4]",
        ),
        (
            "lfads::train(model, ones([20, 5, 3]), #{ validation: ones([20, 5, 2]) })",
            "lfads::train: expected observations of shape [n, t, 3]",
        ),
        (
            "lfads::train(model, [ones([5, 3]), ones([5, 3]), ones([6, 3])])",
            "lfads::train: trial 0 is [5, 3], trial 2 is [6, 3]: expected trials of equal shape \
             [t, channels]",
        ),
        (
            "model.infer([ones([5, 3]), \"two\"])",
            "expected a tensor or list of tensors, found a list",
        ),
        (
            "lfads::train(model, ones([20, 5, 3]), #{ patience: 3 })",
            "lfads::train: option `patience` has no effect without `validation`",
        ),
        (
            "lfads::model(#{ channels: 3, keep_prob: 1.5 })",
            "lfads::model: expected `keep_prob` from 0.05 to 1, found 1.5",
        ),
        (
            "lfads::model(#{ channels: 3, observations: \"spikes\" })",
            "lfads::model: option `observations`: choice `spikes` is not known",
        ),
        (
            "model.load_params(#{ rates_w: zeros([2, 2]) })",
            "network: expected parameter `rates_w` of shape [3, 32], found [2, 2]",
        ),
        (
            "rnn::vanilla().save(\"net.h5\"); lfads::load(\"net.h5\")",
            "net.h5: expected a model that `save` of an lfads model wrote",
        ),
        (
            "spikes::poisson([1.0, -2.0], random::key(1))",
            "spikes::poisson: expected `means, at index 1` from 0 to 700, found -2",
        ),
    ];
    for (call, expected) in table {
        let text = format!("let model = lfads::model(#{{ channels: 3 }}); {call}");
        match crate::session::run(&text, Language::Rhai).outcome {
            Err(error) => assert!(error.message.contains(expected), "{}", error.message),
            Ok(value) => panic!("{call}: returned {}", display::value_text(&value)),
        }
    }
}

#[test]
fn documented_defaults_equal_the_actual_defaults() {
    use attractor::base::options::Options as _;
    let training = TrainingOptions::default().run;
    let documented_default = |name: &str| {
        let fields = TrainingOptions::fields();
        let field = fields.into_iter().find(|field| field.name == name);
        field.expect("an option").default
    };
    assert_eq!(documented_default("batches").parse(), Ok(training.batches));
    assert_eq!(
        documented_default("clip_norm").parse().ok(),
        training.clip_norm
    );
    assert_eq!(
        training.l2,
        L2::Uniform(documented_default("l2").parse().expect("a number"))
    );
    let actual = training.optimizer.to_string();
    assert!(actual.contains("lr 0.05, decay 0.9999") && actual.contains("epsilon 0.1"));
    assert_eq!(
        documented_default("optimizer"),
        "optim::adam(lr: 0.05 * 0.9999^k, epsilon: 0.1)"
    );
}
