//! Error messages of invalid calls, and networks that overflow.

use attractor::api::context::Language;
use attractor::api::display;
use attractor::base::{NoProgress, Outcome};
use attractor::models::force::TrainingOptions;

use super::small_options;

#[test]
fn training_stops_at_values_that_are_not_finite() {
    let mut network = small_options(30, 1.0).build::<f32>().expect("a network");
    let targets = vec![f32::MAX; 20];
    let options = TrainingOptions::default();
    let fit = network.train([&[0.0; 10], &targets], &options, &mut NoProgress);
    assert!(matches!(fit.outcome, Outcome::Diverged { .. }));
}

#[test]
fn errors_of_invalid_calls_state_the_expected_arguments() {
    let table = [
        (
            "force::train(net, zeros([10, 1]), zeros([10, 3]))",
            "force::train: expected targets of shape [t, 2] with at least one time step, found \
             [10, 3]",
        ),
        (
            "force::train(net, zeros([9, 1]), zeros([10, 2]))",
            "force::train: expected inputs of shape [10, 1], found [9, 1]",
        ),
        (
            "force::train(net, zeros([10, 1]), zeros([10, 2]) / 0.0)",
            "force::train: a value of `targets` is not finite (found NaN at index 0)",
        ),
        (
            "force::train(net, zeros([10, 1]), zeros([10, 2]), #{ alpha: 0.0 })",
            "force::train: expected `alpha` above 0, found 0",
        ),
        (
            "force::train(net, zeros([9, 1]), ones([9, 2]) * 1e38)",
            "force::train: the activity is not finite at step",
        ),
        (
            "force::train(net, (), zeros([300, 2]), #{ forgetting: 0.5 })",
            "force::train: P is no longer positive and finite at step",
        ),
        (
            "net.run(zeros([3, 2]))",
            "force network.run: expected inputs of shape [t, 1] with at least one time step, found \
             [3, 2]",
        ),
        (
            "net.run(9, #{ teacher_forcing: zeros([8, 2]) })",
            "force network.run: expected teacher_forcing of shape [9, 2], found [8, 2]",
        ),
        (
            "force::train([net, 3], (), ones([9, 2]))",
            "force::train: argument `net`: expected a force network or a list of them, found a \
             list",
        ),
        (
            "force::train([net, net], zeros([9, 1]), ones([9, 2]))",
            "force network: the call contains the network twice, or it is already running",
        ),
        (
            "let f = zeros([3, 9, 2]); force::train([net, net.copy()], zeros([9, 1]), f)",
            "force::train: expected targets of shape [t, 2] or [2, t, 2], found [3, 9, 2]",
        ),
        (
            "let two = force::network(#{ units: 50, outputs: 2, dtype: \"f64\" }); \
             force::train([net, two], zeros([9, 1]), ones([9, 2]))",
            "force::train: expected networks of one dtype, found f32 and f64",
        ),
        (
            "force::full_force(net, net, zeros([9, 1]), ones([9, 2]))",
            "force::full_force: the teacher is the network itself",
        ),
        (
            "force::full_force(net, force::network(#{ units: 40, outputs: 2 }), (), ones([9, 2]))",
            "force::full_force: expected networks with equal numbers of units, found 50 and 40",
        ),
        (
            "net.set(\"wO\", zeros([50, 2]))",
            "network: expected parameter `wO` of shape [2, 50], found [50, 2]",
        ),
        (
            "net.set(\"wR\", zeros([50, 50]) / 0.0)",
            "force network: a value of `wR` is not finite (found NaN at index 0)",
        ),
        (
            "signals::lorenz(9, #{ start: [1.0] })",
            "signals::lorenz: expected `start` 3 values: x, y and z, found 1 values",
        ),
        (
            "net.inverse()",
            "force network.inverse: there is no P before the first training",
        ),
    ];
    for (call, expected) in table {
        let text = format!("let net = force::network(#{{ units: 50, outputs: 2 }}); {call}");
        match crate::session::run(&text, Language::Rhai).outcome {
            Err(error) => assert!(error.message.starts_with(expected), "{}", error.message),
            Ok(value) => panic!("{call}: returned {}", display::value_text(&value)),
        }
    }
}
