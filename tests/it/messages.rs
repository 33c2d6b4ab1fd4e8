//! Messages of functions that read files, and hints for frequent mistakes: each names what was
//! found and how to continue.

use std::path::Path;

use attractor::api::context::Language;

use crate::session::{Run, check_texts, run};

const KIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/references");

/// What a script prints, and its error with the hint. KIT is the folder of the reference files.
fn text_of(text: &str, language: Language) -> String {
    let Run { outcome, printed } = run(&text.replace("KIT", KIT), language);
    match outcome {
        Ok(_) => printed,
        Err(error) => {
            let hint = error.hint.clone().unwrap_or_default();
            format!("{printed}\n{error}; hint: {hint}")
        }
    }
}

/// Checks that each script ends with a text that contains the words.
fn check(language: Language, rows: &[(&str, &str)]) {
    check_texts(rows, |text| text_of(text, language));
}

#[test]
fn a_file_of_another_kind_is_reported_with_the_function_that_reads_it() {
    const FORCE: &str = "let n = force::network(#{ units: 9 }); n.save(\"n.h5\");";
    const LFADS: &str = "lfads::model(#{ channels: 2 }).save(\"n.h5\");";
    const FIGURE: &str = "plot::lines([1, 2]).save(\"n.h5\");";
    const NET: &str = "rnn::vanilla(#{ units: 3 }).save(\"n.h5\");";
    const POINTS: &str = "fixed_points::find(rnn::vanilla(#{ units: 3, gain: 0.5 }), \
                          #{ candidates: zeros([2, 3]) }).save(\"n.h5\");";
    let rows = [
        (
            FORCE,
            "rnn::load",
            "a force network; hint: load it with force::load(path); its method",
        ),
        (FORCE, "lfads::load", "load it with force::load(path)"),
        (LFADS, "rnn::load", "load it with lfads::load(path)"),
        (LFADS, "force::load", "load it with lfads::load(path)"),
        (FIGURE, "rnn::load", "load it with plot::load(path)"),
        (
            POINTS,
            "rnn::load",
            "load them with fixed_points::load(path)",
        ),
        (NET, "force::load", "load it with rnn::load(path)"),
        (NET, "plot::load", "load it with rnn::load(path)"),
        (NET, "fixed_points::load", "load it with rnn::load(path)"),
    ];
    for (save, load, expected) in rows {
        let found = text_of(&format!("{save} {load}(\"n.h5\");"), Language::Rhai);
        assert!(found.contains(expected), "{load}: {found}");
    }
}

#[test]
fn an_option_that_does_not_apply_to_the_network_in_a_file_is_refused() {
    check(
        Language::Rhai,
        &[
            (
                r#"rnn::load("KIT/torch_kit/gru.pt", #{ nonlinearity: "relu" })"#,
                "option `nonlinearity`: expected a vanilla network (nn.RNN), found the cell \
                 `gru (PyTorch)`",
            ),
            (
                r#"rnn::load("KIT/torch_kit/rnn.pt", #{ update_bias: 2.0 })"#,
                "option `update_bias`: expected a GRU of the notebooks or an update-gate \
                 network, found the cell `vanilla`",
            ),
            (
                r#"rnn::load("KIT/torch_kit/gru.pt", #{ c0: "x" })"#,
                "option `c0`: expected an LSTM of PyTorch, found the cell `gru (PyTorch)`",
            ),
            (
                r#"rnn::load("KIT/tutorial.h5", #{ h0: "wI" })"#,
                "option `h0`: expected a network of PyTorch",
            ),
            (
                r#"rnn::load("KIT/tutorial.h5", #{ readout: "x" })"#,
                "option `readout`: expected a network of PyTorch",
            ),
            (
                r#"rnn::gru(#{ units: 3 }).save("n.h5"); rnn::load("n.h5", #{ dtype: "f64" })"#,
                "option `dtype` is for files of other programs",
            ),
        ],
    );
}

#[test]
fn a_prefix_that_matches_nothing_is_reported_with_the_prefixes_of_the_file() {
    let text = r#"rnn::load("KIT/torch_kit/gru.pt", #{ prefix: "net." })"#;
    let expected = "names start with `net.`, found `readout.`, `rnn.`";
    check(Language::Rhai, &[(text, expected)]);
}

#[test]
fn parameters_that_are_not_finite_are_reported_with_the_first_position() {
    let save = r#"let n = rnn::vanilla(#{ units: 3 }); let w = n.params().wR;
        n.set("wR", w.slice_assign(0, 1, full([1, 3], 0.0/0.0)));"#;
    let expected = "parameter `wR` has 3 values that are not finite, the first is NaN at [1, 0]";
    let own = format!("{save} n.save(\"n.h5\"); rnn::load(\"n.h5\");");
    check(Language::Rhai, &[(&own, expected)]);
    let torch = format!(
        "{save} n.save(\"n.safetensors\", #{{ first_states: \"drop\" }}); \
         rnn::load(\"n.safetensors\");"
    );
    let expected = "parameter `rnn.weight_hh_l0` has 3 values that are not finite";
    check(Language::Rhai, &[(&torch, expected)]);
    let force = "let n = force::network(#{ units: 3 }); n.save(\"n.h5\"); force::load(\"n.h5\");";
    assert!(!text_of(force, Language::Rhai).contains("not finite"));
}

#[test]
fn messages_of_libraries_are_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let torch = std::fs::read(Path::new(KIT).join("torch_kit/gru.pt")).expect("a file");
    let files: [(&str, &[u8]); 3] = [
        ("cut.pt", &torch[..2000]),
        ("bad.safetensors", b"\x10\0\0\0\0\0\0\0{\"a\":{\"dtype\":1}"),
        ("bad.json", b"{\"a\": 1,}"),
    ];
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).expect("a file");
    }
    let rows = [
        (
            r#"rnn::load("DIR/cut.pt")"#,
            "the index at the end of the zip archive is missing",
        ),
        (
            r#"rnn::load("DIR/bad.safetensors")"#,
            "the header is not valid JSON at byte",
        ),
        (
            r#"json::read("DIR/bad.json")"#,
            "found a comma before a closing bracket at `}` in line 1, column 9",
        ),
        (
            r#"json::value("{\"a\": 1 2}")"#,
            "found a missing `,` or `}` at `2` in line 1, column 9",
        ),
        (r#"json::value("")"#, "expected JSON, found an empty text"),
        (
            r#"json::value("[1, 1e999]")"#,
            "found a number that is too large",
        ),
        (
            r#"json::value("[1")"#,
            "found a text that ends inside a value, at line 1, column 2",
        ),
    ];
    for (text, expected) in rows {
        let text = text.replace("DIR", &folder.path().display().to_string());
        check(Language::Rhai, &[(&text, expected)]);
    }
}

#[cfg(unix)]
#[test]
fn special_files_are_reported_by_their_kind() {
    check(
        Language::Rhai,
        &[
            (
                r#"rnn::load("/dev/null")"#,
                "expected a regular file, found a device",
            ),
            (
                r#"h5::read("/dev/null")"#,
                "expected a regular file, found a device",
            ),
            (
                r#"json::read("/dev/null")"#,
                "expected JSON, found an empty text, from a device",
            ),
            (r#"file::read("/tmp")"#, "this is a folder, expected a file"),
        ],
    );
}

#[test]
fn a_size_that_exceeds_the_memory_is_reported_with_its_option() {
    check(
        Language::Rhai,
        &[
            (
                "force::network(#{ inputs: 2147483648 })",
                "option `inputs` of 2147483648: shape [500,",
            ),
            (
                "force::network(#{ units: 2147483648 })",
                "hint: reduce `units`",
            ),
            (
                "rnn::gru(#{ outputs: 2147483648 })",
                "rnn::gru: option `outputs` of 2147483648",
            ),
            (
                "lfads::model(#{ factors: 2147483648 })",
                "option `factors` of 2147483648",
            ),
            (
                "signals::patterns(9, #{ channels: 2147483648 })",
                "option `channels`",
            ),
            (
                "train(rnn::vanilla(), tasks::integrator(), #{ batch_size: 2147483648 })",
                "train: option `batch_size` of 2147483648",
            ),
        ],
    );
}

#[test]
fn a_function_is_named_in_the_errors_of_functions_that_it_uses() {
    let text = "tsne::fit(full([40, 3], 0.0/0.0), #{ perplexity: 5.0 })";
    check(
        Language::Rhai,
        &[(text, "tsne::fit: the data is not finite")],
    );
    let text = "tsne::fit(full([40, 3], 1.0), #{ perplexity: 5.0 })";
    check(
        Language::Rhai,
        &[(text, "tsne::fit: the variance of the data is zero")],
    );
    check(
        Language::Rhai,
        &[
            ("zeros(3).std(7)", "std: expected an axis below 1"),
            ("zeros(3).variance(7)", "variance: expected an axis below 1"),
            ("zeros(3).median(7)", "median: expected an axis below 1"),
            ("zeros(3).sort(7)", "sort: expected an axis below 1"),
            ("zeros(3).rows(9)", "rows: expected an index in -3..3"),
            (
                "zeros([0, 3]).lstsq(zeros([0, 3]))",
                "lstsq: the matrix is empty",
            ),
            (
                "plot::image(zeros([0, 3]))",
                "plot::image: expected values of shape",
            ),
        ],
    );
}

#[test]
fn hints_in_rhai_show_how_to_call_functions_and_closures() {
    check(
        Language::Rhai,
        &[
            (
                "print(args)",
                "hint: `args` is a function: call it with args(..)",
            ),
            (
                "print(rnn.vanilla)",
                "hint: `rnn` is a module: write rnn::vanilla",
            ),
            (
                "let n = rnn.gru(#{})",
                "hint: `rnn` is a module: write rnn::gru",
            ),
            (
                "let n = rnn.nothing(#{})",
                "hint: `rnn` is a module: its functions are called as in",
            ),
            (
                "tasks::custom(#{ steps: 5 }, |key| key).batch(3, random::key(0))",
                "expected a closure with 2 parameters, found one with 1; \
                 hint: the closure is called with a key, an integer",
            ),
            (
                "let n = rnn::custom(#{ units: 2, step: |h| h }); n.run(zeros([1, 3, 1]))",
                "expected a closure with 3 parameters, found one with 1",
            ),
        ],
    );
}

#[test]
fn hints_in_lua_show_how_to_call_functions_and_methods() {
    const NET: &str = "local n = rnn.vanilla{inputs=2, units=3}";
    let call = |call: &str| format!("{NET} print({call})");
    check(
        Language::Lua,
        &[
            (
                "print(args[1])",
                "`args` is a function, which has no entries; hint: call it with",
            ),
            (
                &call("n.run(zeros({1, 2, 2}))"),
                "hint: call a method with a colon: n:run(..)",
            ),
            (
                &call("n.units()"),
                "hint: call a method with a colon: n:units(..)",
            ),
            (
                "local x = zeros(3) print(x.sum())",
                "hint: call a method with a colon: x:sum(..)",
            ),
        ],
    );
}
