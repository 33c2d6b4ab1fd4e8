//! Names that users of NumPy, PyTorch and Matplotlib guess: each works, or the error names the
//! alternative.

use attractor::api::context::Language;
use attractor::api::rhai_to_lua::translate;

use crate::session::{LANGUAGES, run};

/// Expressions, and the text that the message or the hint of the error contains; empty if the
/// expression works.
const GUESSES: &[(&str, &str)] = &[
    // NumPy.
    ("np.array([1.0])", "tensor"),
    ("array([1.0])", "tensor"),
    ("where(t.gt(1), t, 0)", ""),
    ("t.argwhere()", ""),
    ("t.nonzero()", "argwhere"),
    ("t.shape[0]", "`shape` is a method: write `shape()`"),
    ("zeros(t.shape)", "`shape` is a method: write `shape()`"),
    ("t.ndim", "rank"),
    ("t.T.sum()", "`T` is a method: write `T()`"),
    ("t.T()", ""),
    ("t.clip(0, 1)", "clamp"),
    ("concat([t, t])", "`cat`"),
    ("concatenate([t, t])", "`cat`"),
    ("vstack([t, t])", "`cat`"),
    ("t.astype(\"f64\")", "to_dtype"),
    ("t.reshape(-1)", ""),
    ("t.reshape(2, -1)", "reshape(shape: list of integers)"),
    ("t.ravel()", "flatten"),
    ("t.tolist()", "to_list"),
    ("linspace(0, 1, 5)", ""),
    ("arange(5)", ""),
    ("arange(0, 5, #{ dtype: \"i64\" })", ""),
    ("zeros_like(t)", ""),
    ("empty([2])", "zeros"),
    ("t.dot(t)", "matmul"),
    ("einsum(t, t)", "matmul"),
    ("t.expand_dims(0)", "unsqueeze"),
    ("t.isnan()", "is_nan"),
    ("t.len()", "length"),
    ("t.nanmean()", ""),
    ("t.ptp()", "`max`"),
    ("t.percentile(5)", "quantile"),
    ("t.arctan2(t)", "atan2"),
    ("t.arcsin()", "asin"),
    ("t.cumprod(0)", ""),
    ("t.dtype[0]", "`dtype` is a method: write `dtype()`"),
    ("random::randn([2])", "normal"),
    ("random::default_rng(0)", "`key`"),
    ("t.at(0, 1)", ""),
    ("t[[0, 1]]", ""),
    ("t[[\":\", 1]]", ""),
    // PyTorch.
    ("t.expand([2, 2, 2])", "broadcast_to"),
    ("t.repeat_elements(2)", "repeat_interleave"),
    ("t.tile([2, 1])", ""),
    ("t.trace()", ""),
    ("t.permute([1, 0])", ""),
    ("t.unsqueeze(0)", ""),
    ("t.detach()", ""),
    ("t.clone()", "copy"),
    ("t.numpy()", "to_list"),
    ("t.cpu()", "device"),
    ("t.numel()", "`size`"),
    ("t.masked_fill(t.gt(0), 0)", "where"),
    ("t.masked_select(t.gt(0))", "index"),
    ("t.backward()", "`grad`"),
    ("t.norm()", ""),
    ("net.state_dict()", "params"),
    ("net.parameters()", "params"),
    ("net.forward(zeros([1, 2, 3]))", "`run`"),
    ("net.num_params()", ""),
    ("net.units + 1", "`units`"),
    ("rnn::vanilla(#{ hidden_size: 10 })", "units"),
    ("rnn::vanilla(#{ input_size: 10 })", "inputs"),
    ("rnn::RNN()", "vanilla"),
    ("nn::GRU()", "rnn"),
    ("optim::adam(#{ learning_rate: 0.1 })", "`lr`"),
    ("optim::adam(#{ lr: 0.1 })", ""),
    ("optim::Adam()", "adam"),
    ("train(net, tasks::integrator(), #{ epochs: 3 })", "batches"),
    (
        "train(net, tasks::integrator(), #{ batch: 3 })",
        "batch_size",
    ),
    // Matplotlib.
    ("plot::imshow(t)", "image"),
    ("plot::plot(t)", "lines"),
    ("plot::hist(t)", "histogram"),
    ("plot::scatter(t[0], t[1])", ""),
    ("plot::bar(t)", "stem"),
    ("plot::subplots(2)", "grid"),
    ("plot::figure()", "grid"),
    ("plot::lines(t).axvline(0)", "vline"),
    ("plot::lines(t).axhline(0)", "hline"),
    ("plot::lines(t).ylim(0, 1)", "y_limits"),
    ("plot::lines(t).xlabel(\"x\")", "x_label"),
    ("plot::lines(t).title(\"x\")", ""),
    ("plot::lines(t).legend([\"a\", \"b\"])", ""),
    ("plot::lines(t).savefig(\"x.png\")", "save"),
    ("plot::lines(t).show()", "`view`"),
    (
        "plot::lines(t).title",
        "`title` is a method: write `title()`",
    ),
    ("plot::lines(t).colorbar()", "colour_label"),
    ("plot::lines(t).fill_between(t, t, t)", "band"),
    ("plot::lines(t).text(0, 0, \"a\")", "annotate"),
];

const SETUP: &str = "let t = tensor([[1, 2], [3, 4]]);\n\
                     let net = rnn::vanilla(#{ units: 3, inputs: 3 });\n";

/// The response to an expression: `works`, or the error and its hint.
fn response(guess: &str, language: Language) -> String {
    let mut text = translate(&format!("{SETUP}{guess}"), language);
    if language == Language::Lua {
        let start = text.rfind('\n').map_or(0, |at| at + 1);
        // A method without a call is a value in Lua: the error appears where it is used.
        text.insert_str(start, "return tostring(");
        text.push(')');
    }
    match run(&text, language).outcome {
        Ok(_) => "works".into(),
        Err(error) => match &error.hint {
            Some(hint) => format!("{error}; hint: {hint}"),
            None => error.to_string(),
        },
    }
}

#[test]
fn a_guessed_name_works_or_the_error_names_the_alternative() {
    let mut failures = Vec::new();
    println!("| guess | Rhai | Lua |\n| --- | --- | --- |");
    for (guess, expected) in GUESSES {
        let responses = LANGUAGES.map(|language| response(guess, language));
        println!("| `{guess}` | {} | {} |", responses[0], responses[1]);
        for (response, language) in responses.iter().zip(LANGUAGES) {
            let fits = match expected.is_empty() {
                true => response == "works",
                false => response != "works" && response.contains(expected),
            };
            if !fits {
                failures.push(format!("{guess} ({language:?}), `{expected}`: {response}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn an_assignment_to_a_method_or_an_unknown_name_is_an_error_with_a_hint() {
    let table = [
        (
            "t.shape = 3",
            "`shape` is a method of a tensor",
            "read it with `shape()`",
        ),
        (
            "t.T = 3",
            "`T` is a method of a tensor",
            "read it with `T()`",
        ),
        (
            "net.units = 3",
            "`units` is a method of a network",
            "read it with `units()`",
        ),
        (
            "t.foo = 3",
            "a tensor has no entry `foo` that can be set",
            "t[0] = 1.0",
        ),
        (
            "net.foo = 3",
            "a network has no entry `foo` that can be set",
            "`set`",
        ),
    ];
    for (statement, message, hint) in table {
        for language in LANGUAGES {
            let text = translate(&format!("{SETUP}{statement};"), language);
            let error = run(&text, language).outcome.expect_err(statement);
            let found = error.hint.clone().unwrap_or_default();
            assert!(
                error.to_string().starts_with(message),
                "{statement}: {error}"
            );
            assert!(found.contains(hint), "{statement}: {found}");
        }
    }
}

#[test]
fn a_part_of_a_tensor_in_lua_is_not_assigned_silently() {
    let text = "local t = zeros({2, 2})\nt[0][1] = 5";
    let error = run(text, Language::Lua).outcome.expect_err(text);
    assert_eq!(
        error.message,
        "a part of a tensor cannot be assigned: it is a copy"
    );
    let text = "local t = zeros({2, 2})\nlocal row = t[0]:copy()\nrow[1] = 5\n\
                return row[1] + t[{0, 1}]";
    let value = run(text, Language::Lua).outcome.expect(text);
    assert_eq!(format!("{value:?}"), "5.0");
    let text = "let t = zeros([2, 2]); t[0][1] = 5; t[[0, 1]]";
    let value = run(text, Language::Rhai).outcome.expect(text);
    assert_eq!(format!("{value:?}"), "5.0");
}
