//! The memory of passes over long sequences: the estimate that decides whether a call is refused
//! is compared with the memory that the call takes.

use crate::cli::{decode, folder, run};

/// Bytes that a call may take besides its buffers: packed parameters, threads, the script.
const SLACK: u64 = 24 << 20;

/// Calls that take 25 to 1,060 MB, each with the start of its error message.
const CALLS: [(&str, &str); 18] = [
    (
        "network.run",
        "rnn::lstm(#{ inputs: 3, units: 32 }).run(zeros([1, 20000, 3]))",
    ),
    (
        "network.run",
        "rnn::gru(#{ inputs: 3, units: 16, layers: 3, bidirectional: true }).run(20000)",
    ),
    (
        "network.run",
        "rnn::ctrnn(#{ units: 16, noise: 0.1 })
         .run(zeros([64, 2000, 1]), #{ noise: random::key(1) })",
    ),
    (
        "network.loss",
        "rnn::lstm(#{ inputs: 3, units: 32 })
         .loss(#{ inputs: zeros([1, 20000, 3]), targets: zeros([1, 20000, 1]) })",
    ),
    (
        "network.loss",
        "rnn::vanilla(#{ units: 32 })
         .loss(#{ inputs: zeros([40, 5000, 1]), targets: zeros([40, 5000, 1]) },
               #{ loss: |y, o| ((y - o) ** 2).mean() })",
    ),
    (
        "network.loss",
        "rnn::custom(#{ inputs: 1, units: 4, params: #{ w: [0.5, 0.1, 0.2, 0.3] },
                        step: |h, x, p| tanh(h * p.w + x) })
         .loss(#{ inputs: zeros([1, 40000, 1]), targets: zeros([1, 40000, 1]) })",
    ),
    (
        "train: a forward and backward pass",
        "train(rnn::lstm(#{ inputs: 3, units: 16 }),
               tasks::dataset(#{ inputs: zeros([1, 20000, 3]), targets: zeros([1, 20000, 1]) }),
               #{ batches: 1, batch_size: 1 })",
    ),
    (
        "train: a forward and backward pass",
        "train(rnn::ugrnn(#{ units: 16, layers: 2, dropout: 0.5 }),
               tasks::dataset(#{ inputs: zeros([40, 3000, 1]), targets: zeros([40, 3000, 1]) }),
               #{ batches: 1, batch_size: 40, activity_l2: 0.1 })",
    ),
    (
        "train: a forward and backward pass",
        "train(rnn::custom(#{ units: 8, params: #{ w: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8] },
                              step: |h, x, p| tanh(h * p.w + x) }),
               tasks::dataset(#{ inputs: zeros([2, 15000, 1]), targets: zeros([2, 15000, 1]) }),
               #{ batches: 1, batch_size: 2 })",
    ),
    (
        "network.run: a differentiable run",
        "let net = rnn::gru(#{ units: 32, outputs: 3 });
         let x = zeros([200, 500, 1]);
         grad(|p| (net.run(x, #{ params: p }).outputs ** 2).mean(), net.params())",
    ),
    (
        "network.run: a differentiable run",
        "let net = rnn::lstm(#{ units: 16, layers: 2 });
         grad(|h| net.run(zeros([80, 1000, 1]), #{ h0: h }).outputs.mean(),
              zeros([80, 64]))",
    ),
    (
        "network.run: a differentiable run",
        "let net = rnn::custom(#{ units: 4, params: #{ w: [0.5, 0.1, 0.2, 0.3] },
                                  step: |h, x, p| tanh(h * p.w + x) });
         let x = zeros([64, 2000, 1]);
         grad(|p| (net.run(x, #{ params: p }).outputs ** 2).mean(), net.params())",
    ),
    (
        "lfads model.infer",
        "lfads::model(#{ channels: 4, generator: 32 })
         .infer(zeros([4, 1500, 4]), #{ samples: 100 })",
    ),
    (
        "lfads model.generate",
        "lfads::model(#{ channels: 4, generator: 32 }).generate(1, #{ steps: 4000 })",
    ),
    (
        "lfads model.evaluate",
        "lfads::model(#{ channels: 4, generator: 32 }).evaluate(zeros([1, 4000, 4]))",
    ),
    (
        "lfads model.infer",
        "lfads::model(#{ channels: 4, generator: 32 })
         .infer(zeros([2, 3000, 4]), #{ samples: 20, quantiles: [0.5] })",
    ),
    (
        "lfads model.infer",
        "lfads::model(#{ channels: 4, generator: 32 })
         .infer(zeros([1, 4000, 4]), #{ samples: 0 })",
    ),
    (
        "lfads::train: a forward and backward pass",
        "lfads::train(lfads::model(#{ channels: 4, generator: 32 }), zeros([1, 4000, 4]),
                      #{ batches: 1, batch_size: 1 })",
    ),
];

/// The estimate in the message of a call that is refused.
fn estimate(message: &str, of: &str) -> u64 {
    let need = message
        .split_once(of)
        .and_then(|(_, rest)| rest.split_once("needs about "));
    let need = need.and_then(|(_, rest)| rest.split_once(" bytes"));
    let need = need.unwrap_or_else(|| panic!("{of}: expected an estimate, found {message}"));
    need.0.parse().expect("a number of bytes")
}

#[cfg(target_os = "linux")]
#[test]
fn the_estimated_memory_of_a_sequence_is_what_the_call_takes() {
    for (of, call) in CALLS {
        // `peak` is the largest memory of the process so far, in KiB.
        let script = format!(
            "fn peak() {{
                 let text = file::read(\"/proc/self/status\");
                 let line = text.sub_string(text.index_of(\"VmHWM:\") + 6);
                 parse_int(line.sub_string(0, line.index_of(\"kB\")).split()[0])
             }}
             let before = peak();
             {call};
             print(peak() - before);"
        );
        let folder = folder(&[("call.rhai", script.as_bytes())]);
        let refused = run(&folder, &["run", "call.rhai", "--max-memory", "24M"]);
        let message = decode(&refused.stderr);
        let need = estimate(&message, of);
        assert!(message.contains("hint: "), "{message}");
        let output = run(&folder, &["run", "call.rhai", "--max-memory", "2G"]);
        let (taken, stderr) = (decode(&output.stdout), decode(&output.stderr));
        let taken: u64 = taken
            .trim()
            .parse()
            .unwrap_or_else(|_| panic!("{of}: {stderr}"));
        let taken = taken * 1024;
        println!("{of}: estimate {} MB, taken {} MB", need >> 20, taken >> 20);
        assert!(
            taken <= need + SLACK,
            "{call}: estimate {need}, taken {taken}"
        );
        assert!(
            need <= 2 * taken + SLACK,
            "{call}: estimate {need}, taken {taken}"
        );
    }
}

#[test]
fn sequences_that_exceed_the_memory_are_refused_in_both_languages() {
    let files: [(&str, &[u8], &str); 4] = [
        (
            "generate.rhai",
            b"lfads::model(#{ channels: 4 }).generate(1, #{ steps: 100000 })",
            "lfads model.generate: a forward pass over 1 trial of 100000 time steps needs",
        ),
        (
            "evaluate.lua",
            b"lfads.model{ channels = 4 }:evaluate(zeros({1, 1000000, 4}))",
            "lfads model.evaluate: a forward pass over 1 trial of 1000000 time steps needs",
        ),
        (
            "loss.lua",
            b"local x = zeros({1, 1000000, 1})
              rnn.lstm{ units = 64 }:loss{ inputs = x, targets = x }",
            "network.loss: a forward pass over 1 trial of 1000000 time steps needs",
        ),
        (
            "train.rhai",
            b"let x = zeros([3, 100000, 1]);
              train(rnn::lstm(#{ units: 64 }), tasks::dataset(#{ inputs: x, targets: x }),
                    #{ batch_size: 2 });",
            "train: a forward and backward pass over 2 trials of 100000 time steps needs",
        ),
    ];
    for (name, text, expected) in files {
        let folder = folder(&[(name, text)]);
        let output = run(&folder, &["run", name, "--max-memory", "256M"]);
        let stderr = decode(&output.stderr);
        assert!(stderr.contains(expected), "{name}: {stderr}");
        assert!(
            stderr.contains("the limit is 268435456 bytes"),
            "{name}: {stderr}"
        );
        assert_eq!(output.status.code(), Some(1), "{name}");
    }
}

#[test]
fn a_run_of_no_trials_is_an_error() {
    let script = "let net = rnn::gru(#{ units: 4 });
        let empty = zeros([0, 5, 1]);
        let runs = [
            || net.run(empty), || net.run(empty, #{ params: net.params() }),
            || grad(|x| net.run(x).outputs.sum(), empty),
        ];
        for run in runs { try { run.call() } catch (error) { print(error) } }";
    let folder = folder(&[("runs.rhai", script.as_bytes())]);
    let output = run(&folder, &["run", "runs.rhai"]);
    let expected = "network.run: expected `trials` of 1 or more, found 0\n".repeat(3);
    assert_eq!(
        decode(&output.stdout),
        expected,
        "{}",
        decode(&output.stderr)
    );
}

#[test]
fn a_run_of_too_many_steps_is_refused_before_its_inputs_are_allocated() {
    let runs = [
        "run(1000000000000)",
        "run(1099511627776, #{ trials: 1099511627776 })",
    ];
    for call in runs {
        let script = format!("rnn::gru(#{{ units: 4 }}).{call}");
        let folder = folder(&[("run.rhai", script.as_bytes())]);
        let output = run(&folder, &["run", "run.rhai"]);
        let stderr = decode(&output.stderr);
        assert!(stderr.contains("network.run: shape ["), "{call}: {stderr}");
        assert!(stderr.contains(", the limit is "), "{call}: {stderr}");
    }
}

#[test]
fn a_small_custom_network_trains_with_little_memory() {
    let script = "let step = |h, x, p| tanh(h * p.w + x);
        let net = rnn::custom(#{ units: 2, params: #{ w: [0.5, 0.1] }, step: step });
        print(train(net, tasks::integrator(#{ steps: 10 }), #{ batches: 2 }).batches);";
    let folder = folder(&[("train.rhai", script.as_bytes())]);
    let output = run(&folder, &["run", "train.rhai", "--max-memory", "32M"]);
    assert_eq!(decode(&output.stdout), "2\n", "{}", decode(&output.stderr));
}
