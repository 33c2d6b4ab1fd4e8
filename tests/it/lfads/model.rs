//! Models: what is inferred and made up, files, runs that go on, and mistakes.

use attractor::api::context::Language;
use attractor::api::display;
use attractor::base::{NoProgress, Outcome};
use attractor::io::hdf5;
use attractor::models::lfads::{
    InferenceOptions, Model, ModelOptions, Observations, TrainingOptions, WarmUp,
};
use attractor::ops::Lanes;
use attractor::random::{Key, Layout};
use attractor::signal::spikes;
use attractor::tasks::dataset::{Dataset, RawArray, RawData};
use attractor::tensor::{Device, Tensor, convert};
use attractor::train::{Fit, Options, Source, run};

fn key(seed: u64) -> Key {
    Key::new(seed, Layout::default())
}

fn small() -> ModelOptions {
    ModelOptions {
        channels: 6,
        encoder: 7,
        controller: 5,
        generator: 8,
        factors: 3,
        inferred: 2,
        seed: 4,
        ..ModelOptions::default()
    }
}

/// Counts of trials whose rates rise and fall, [n, 12, 6].
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
    let parts = RawData {
        inputs: RawArray::Stacked(counts(trials)),
        targets: None,
        mask: None,
        lengths: None,
    };
    Dataset::new(parts).expect("a data set")
}

fn trained<T: Lanes>(model: &mut Model<T>, training: &TrainingOptions) -> Fit {
    let (data, held) = (dataset(50), dataset(20).all::<T>());
    let source = Source {
        task: &data,
        validation: Some(&held),
    };
    *model = model.clone().with_warm_up(training.warm_up.clone());
    let mut on_log = |_: &_, _: &_| Ok(std::ops::ControlFlow::Continue(()));
    run(model, &source, &training.run, &mut NoProgress, &mut on_log).expect("a run")
}

#[test]
fn a_run_that_goes_on_from_its_checkpoint_has_the_same_bits() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let training = |batches, file: Option<&str>| TrainingOptions {
        warm_up: WarmUp {
            kl_from: 5,
            kl_until: 20,
            ..WarmUp::default()
        },
        run: Options {
            batches,
            batch: 16,
            log_every: 5,
            checkpoint: file.map(|file| folder.path().join(file)),
            ..TrainingOptions::default().run
        },
    };
    let mut whole = small().build::<f32>().expect("a model");
    let expected = trained(&mut whole, &training(40, None));
    assert_eq!(expected.outcome, Outcome::MaxSteps);
    assert!(expected.log.iter().all(|line| line.parts.is_some()));
    let mut parts = small().build::<f32>().expect("a model");
    trained(&mut parts, &training(17, Some("run.h5")));
    let mut parts = small().build::<f32>().expect("a model");
    let fit = trained(&mut parts, &training(40, Some("run.h5")));
    assert_eq!(fit.resumed_batches, 17);
    assert_eq!(fit.log, expected.log);
    assert_eq!(parts.params.data, whole.params.data);
}

#[test]
fn training_lowers_the_loss_of_trials_that_it_has_not_seen() {
    for observations in [Observations::Poisson, Observations::Gaussian] {
        for inferred in [0, 1] {
            let recipe = ModelOptions {
                observations,
                inferred,
                ..small()
            };
            let mut model = recipe.build::<f64>().expect("a model");
            let training = TrainingOptions {
                warm_up: WarmUp {
                    kl_from: 0,
                    kl_until: 50,
                    ..WarmUp::default()
                },
                run: Options {
                    batches: 300,
                    batch: 16,
                    ..TrainingOptions::default().run
                },
            };
            let fit = trained(&mut model, &training);
            let log = &fit.log;
            let nll = |at: usize| log[at].validation_parts.expect("parts")[0];
            assert!(nll(log.len() - 1) < nll(0) - 1.0, "{inferred}: {log:?}");
        }
    }
}

#[test]
fn a_model_comes_back_from_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("model.h5");
    let recipe = ModelOptions {
        observations: Observations::Gaussian,
        keep: 0.9,
        dt: 0.02,
        ..small()
    };
    let model = recipe.build::<f64>().expect("a model");
    let (tree, said) = model.to_tree().expect("a tree");
    let options = hdf5::WriteOptions {
        compress: 0,
        attributes: hdf5::Attributes::of_file(said),
    };
    hdf5::write(&path, &tree, &options).expect("a file");
    let content = hdf5::read_with_attributes(&path).expect("a file");
    let again = Model::<f64>::from_content(&path, &content).expect("a model");
    assert_eq!(again.sizes, model.sizes);
    assert_eq!(again.params.data, model.params.data);
    assert_eq!(
        [again.keep_prob, again.var_min, again.dt],
        [model.keep_prob, model.var_min, model.dt]
    );
}

#[test]
fn samples_of_a_trial_do_not_depend_on_the_others() {
    let model = small().build::<f64>().expect("a model");
    let of = |trials: usize, samples: usize| {
        let x = counts(40).narrow(0, 0, trials).expect("matching sizes");
        let observed = model.observed_trials("test", &x).expect("counts");
        let options = InferenceOptions {
            samples,
            quantiles: vec![0.0, 0.5, 1.0],
            ..InferenceOptions::default()
        };
        model.infer(&observed, &options, &mut NoProgress)
    };
    let (one, many) = (of(1, 20), of(40, 20));
    for (one, many) in [
        (&one.rates, &many.rates),
        (&one.factors, &many.factors),
        (&one.inferred, &many.inferred),
        (&one.initial, &many.initial),
    ] {
        assert_eq!(one.mean, many.mean[..one.mean.len()]);
        assert_eq!(one.std, many.std[..one.mean.len()]);
        let width = one.mean.len();
        for at in 0..width {
            let [low, middle, high] = [0, 1, 2].map(|q| one.quantiles[q * width + at]);
            assert!(low <= middle && middle <= high);
            assert!(low <= one.mean[at] && one.mean[at] <= high);
        }
    }
    // Without samples the means of the posteriors go through: no spread.
    let plain = of(3, 0);
    assert!(plain.rates.std.is_empty());
    let apart = plain.initial.mean.iter().zip(&many.initial.mean);
    assert!(apart.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) < 1.0);
}

#[test]
fn trials_that_are_made_up_follow_the_priors_and_the_generator() {
    let mut model = small().build::<f64>().expect("a model");
    let fill = |model: &mut Model<f64>, name: &str, x: f64| {
        model.params.block_mut(name).expect("a block").fill(x);
    };
    fill(&mut model, "initial_prior_mean", 0.3);
    fill(&mut model, "initial_prior_logvar", 0.5);
    fill(&mut model, "inferred_prior_mean", 0.2);
    fill(&mut model, "inferred_prior_logtau", 1.0);
    let (n, t) = (3000, 12);
    let made = model.generate(n, t, &key(2));
    let moments = |x: &[f64]| {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let squares = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        [mean, squares / x.len() as f64]
    };
    let [mean, variance] = moments(&made.initial);
    assert!((mean - 0.3).abs() < 0.03, "{mean}");
    assert!(
        (variance / (0.5_f64.exp() + 1e-3) - 1.0).abs() < 0.05,
        "{variance}"
    );
    // u_t = mean + phi u_(t-1) + noise: what is left of u_t after phi u_(t-1) is mean and noise.
    let phi = (-(-1.0_f64).exp()).exp();
    let rows = made.inferred.chunks(2 * t);
    let left: Vec<f64> = rows
        .flat_map(|row| {
            (2..2 * t)
                .map(|k| row[k] - phi * row[k - 2])
                .collect::<Vec<_>>()
        })
        .collect();
    let [mean, variance] = moments(&left);
    assert!((mean - 0.2).abs() < 0.01, "{mean}");
    let expected = (0.1_f64.ln() + 1e-3).exp();
    assert!((variance / expected - 1.0).abs() < 0.03, "{variance}");

    // The generator as a network of its own makes the same log-rates.
    let net = model.generator_network().expect("a network");
    let drive = attractor::nn::RunInputs {
        trials: n,
        time: t,
        inputs: &made.inferred,
        h0: Some(&made.initial),
        noise: None,
        lengths: None,
    };
    let mut outputs = vec![0.0; n * t * 6];
    net.run(&mut net.workspace(), &drive, None, Some(&mut outputs))
        .expect("a run");
    for (log, rate) in outputs.iter().zip(&made.rates) {
        assert!((log.exp() - rate).abs() < 1e-9 * rate, "{log} {rate}");
    }
}

#[test]
fn counts_have_their_means_and_variances() {
    for mean in [0.05, 1.6, 40.0, 600.0] {
        let means = Tensor::full(mean, 40_000, &Device::Cpu).expect("a tensor");
        let counts = convert::to_f64(&spikes::poisson(&means, &key(3)).expect("counts"));
        let counts = counts.expect("values");
        let found = counts.iter().sum::<f64>() / 4e4;
        let variance = counts.iter().map(|x| (x - found).powi(2)).sum::<f64>() / 4e4;
        // Five standard errors.
        assert!((found - mean).abs() < 5.0 * (mean / 4e4).sqrt(), "{found}");
        assert!((variance / mean - 1.0).abs() < 5.0 * ((2.0 + 1.0 / mean) / 4e4).sqrt());
    }
}

#[test]
fn a_list_of_trials_is_as_good_as_one_tensor() {
    let text = "let model = lfads::model(#{ channels: 3 });
        let trials = [ones([5, 3]), ones([5, 3]) * 3.0];
        let both = ones([2, 5, 3]) * [[[1.0]], [[3.0]]];
        let found = model.evaluate(trials);
        [found.loss == model.evaluate(both).loss, found.log_factorials]";
    let found = crate::session::run(text, Language::Rhai).outcome;
    // ln 3! for each of the 15 numbers of one trial of two.
    let expected = format!("[true, {}]", 7.5 * 6.0_f64.ln());
    let found = display::value_text(&found.expect("no error"));
    assert!(found.starts_with(&expected[..18]), "{found} {expected}");
}

#[test]
fn mistaken_calls_are_told_what_was_expected() {
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
            "lfads::train: option `patience` does nothing without `validation`",
        ),
        (
            "lfads::model(#{ channels: 3, keep: 1.5 })",
            "lfads::model: expected `keep` from 0.05 to 1, found 1.5",
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
            Err(fault) => assert!(fault.message.contains(expected), "{}", fault.message),
            Ok(value) => panic!("{call}: gave {}", display::value_text(&value)),
        }
    }
}

#[test]
fn help_says_the_defaults_that_there_are() {
    use attractor::base::options::Options as _;
    let training = TrainingOptions::default().run;
    let said = |name: &str| {
        let fields = TrainingOptions::fields();
        let field = fields.into_iter().find(|field| field.name == name);
        field.expect("an option").default
    };
    assert_eq!(
        said("batches").replace('_', ""),
        training.batches.to_string()
    );
    assert_eq!(said("clip"), format!("{:?}", training.clip));
    assert_eq!(said("l2").parse(), Ok(training.l2));
    let words = training.optimizer.to_string();
    assert!(words.contains("rate 0.05, decay 0.9999") && words.contains("epsilon 0.1"));
    assert!(said("optimizer").contains("exponential(0.05, 0.9999), epsilon: 0.1"));
}
