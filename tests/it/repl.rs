//! Interactive sessions: inputs through a pipe, completion, hints and figures in the terminal.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::rc::Rc;

use attractor::api::context::Language::{Lua, Rhai};
use attractor::api::context::{Context, Language};
use attractor::api::native::Native;
use attractor::api::options::CallOptions;
use attractor::api::value::{Object, ScriptObject, Value};
use attractor::app::repl::{Completion, Graphics, TokenKind, tokenize};
use attractor::figure::{Camera, Figure, Layer, Panel, Paths, pixels};
use tempfile::TempDir;

use crate::cli::decode;

fn session(args: &[&str], inputs: impl AsRef<[u8]>) -> Output {
    let folder = TempDir::new().expect("a folder for the test");
    let child = Command::new(env!("CARGO_BIN_EXE_attractor"))
        .args(args)
        .current_dir(folder.path())
        .env("XDG_DATA_HOME", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.expect("the program starts");
    let mut stdin = child.stdin.take().expect("the stream is piped");
    // A session can end before it has read all inputs.
    let _ = stdin.write_all(inputs.as_ref());
    drop(stdin);
    child.wait_with_output().expect("the program ends")
}

#[test]
fn a_session_prints_values_and_keeps_definitions() {
    let cases: [(&[&str], &str, &str); 4] = [
        (
            &[],
            "let x = 20;\nx + 1.5\n()\n\"text\"\n",
            "21.5\n\"text\"\n",
        ),
        (
            &["--lua"],
            "x = 20\nx + 1.5\nnil\n\"text\"\n",
            "21.5\n\"text\"\n",
        ),
        (&[], "fn twice(x) {\n  2 * x\n}\ntwice(21)", "42\n"),
        (
            &["--lua"],
            "function twice(x)\n  return 2 * x\nend\ntwice(21)",
            "42\n",
        ),
    ];
    for (args, inputs, expected) in cases {
        let output = session(args, inputs);
        assert_eq!(decode(&output.stdout), expected, "{inputs}");
        assert_eq!(decode(&output.stderr), "", "{inputs}");
        assert_eq!(output.status.code(), Some(0), "{inputs}");
    }
}

#[test]
fn an_error_does_not_end_the_session() {
    let cases: [(&[&str], &str); 2] = [
        (&[], "let x = 1;\nprnt(x)\nfail(\"on purpose\")\nx\n"),
        (&["--lua"], "x = 1\nprnt(x)\nfail(\"on purpose\")\nx\n"),
    ];
    for (args, inputs) in cases {
        let output = session(args, inputs);
        assert_eq!(decode(&output.stdout), "1\n", "{args:?}");
        let printed = decode(&output.stderr);
        assert!(printed.contains("hint: did you mean `print`?"), "{printed}");
        assert!(printed.contains("error: on purpose"), "{printed}");
        assert_eq!(output.status.code(), Some(1), "{args:?}");
    }
}

#[test]
fn invalid_utf8_does_not_end_the_session() {
    for args in [&[][..], &["--lua"]] {
        let output = session(args, b"1 + 1\n\xff\xfe\n2 + 2\n\"a\xe9\"\n3 + 3");
        assert_eq!(decode(&output.stdout), "2\n4\n6\n", "{args:?}");
        let printed = decode(&output.stderr);
        for line in [2, 4] {
            let message = format!("line {line} of standard input: expected text in UTF-8");
            assert!(printed.contains(&message), "{printed}");
        }
        assert_eq!(output.status.code(), Some(1), "{args:?}");
    }
}

#[test]
fn an_incomplete_input_is_an_error() {
    let output = session(&[], "fn twice(x) {\n  2 * x\n");
    assert!(decode(&output.stderr).starts_with("error: "));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn help_works_without_parentheses() {
    for args in [&[][..], &["--lua"]] {
        let output = session(args, "help seed\n");
        assert!(
            decode(&output.stdout).starts_with("seed(default)"),
            "{args:?}"
        );
    }
}

#[test]
fn quit_and_exit_end_the_session() {
    for word in [":quit", "exit", "quit()"] {
        let output = session(&[], format!("1\n{word}\n2\n"));
        assert_eq!(decode(&output.stdout), "1\n", "{word}");
    }
}

#[test]
fn a_long_value_is_truncated() {
    let output = session(&[], "let x = []; x.pad(10000, 7);\nx\nx.len()\n");
    let printed = decode(&output.stdout);
    assert!(
        printed.contains("more characters; print shows all"),
        "{printed}"
    );
    assert!(
        printed.len() < 2000 && printed.ends_with("\n10000\n"),
        "{printed}"
    );
}

/// A network type for the functions below.
struct Net;

impl ScriptObject for Net {
    const KIND: &'static str = "net";
    fn display(&self) -> String {
        "net".into()
    }
}

attractor::options! {
    /// Options of `rnn::vanilla`.
    pub struct Vanilla for "rnn::vanilla" {
        /// Neurons.
        units: usize = 100;
        /// Scale of the initial weights.
        gain: f64 = 0.5;
    }
}

attractor::natives! {
    /// Networks.
    module "rnn";

    /// A network.
    fn vanilla(options: CallOptions<Vanilla>) -> f64 { Ok(options.gain) }

    /// The network run on an input.
    fn run(this: Rc<Net>, input: f64) -> f64 { let _ = this; Ok(input) }

    /// The number of parameters.
    fn size(this: Rc<Net>) -> f64 { let _ = this; Ok(1.0) }

    /// The largest of a tensor.
    fn top(this: attractor::tensor::Tensor) -> f64 { let _ = this; Ok(1.0) }
}

mod always {
    use super::*;

    attractor::natives! {
        /// Always in scope.
        module "";

        /// Trains.
        fn train(cx: &Context, net: Value, options: CallOptions<Vanilla>) -> f64 {
            let _ = (cx, net);
            Ok(options.gain)
        }
    }
}

fn natives() -> Vec<Native> {
    [module().natives, always::module().natives]
        .into_iter()
        .flatten()
        .collect()
}

fn variables() -> Vec<(String, Value)> {
    let fit = [("loss".to_string(), Value::Float(1.0))];
    vec![
        ("net".into(), Value::Object(Object::new(Net))),
        ("fit".into(), Value::Map(fit.into())),
    ]
}

fn complete(text: &str, language: Language) -> Vec<String> {
    let natives = natives();
    let completion = Completion {
        natives: &natives,
        language,
        variables: &variables,
    };
    let (start, candidates) = completion.candidates(text);
    let full_text = |typed: String| format!("{}{typed}", &text[..start]);
    candidates
        .into_iter()
        .map(|candidate| full_text(candidate.replacement))
        .collect()
}

#[test]
fn completion_offers_the_valid_names_at_the_cursor() {
    let cases: [(Language, &str, &[&str]); 24] = [
        (Rhai, "tr", &["train(", "true", "try"]),
        (Rhai, "let a = rn", &["let a = rnn::"]),
        (Lua, "a = rn", &["a = rnn."]),
        (Rhai, "rnn::v", &["rnn::vanilla("]),
        (Lua, "rnn.v", &["rnn.vanilla("]),
        (Rhai, "net.", &["net.run(", "net.size()"]),
        (Lua, "net:r", &["net:run("]),
        (Rhai, "fit.", &["fit.loss"]),
        (Rhai, "f().", &["f().run(", "f().size()", "f().top()"]),
        (Rhai, "ne", &["net"]),
        (
            Rhai,
            "rnn::vanilla(#{",
            &["rnn::vanilla(#{gain: ", "rnn::vanilla(#{units: "],
        ),
        (
            Rhai,
            "train(net, #{ units: 3, g",
            &["train(net, #{ units: 3, gain: "],
        ),
        (Rhai, "train(net, #{ gain: 3, g", &[]),
        (Rhai, "train(net, #{ gain: ne", &["train(net, #{ gain: net"]),
        (Lua, "train(net, { un", &["train(net, { units = "]),
        (Lua, "rnn.vanilla{ un", &["rnn.vanilla{ units = "]),
        (
            Lua,
            "rnn.vanilla{ units = ne",
            &["rnn.vanilla{ units = net"],
        ),
        (
            Rhai,
            "train(rnn::vanilla(#{ un",
            &["train(rnn::vanilla(#{ units: "],
        ),
        (Rhai, "#{ ne", &["#{ net"]),
        (Rhai, "\"ne", &[]),
        (Rhai, "// ne", &[]),
        (Rhai, "1.", &[]),
        (Lua, "-- ne", &[]),
        (Rhai, "\"a\" + ne", &["\"a\" + net"]),
    ];
    for (language, text, expected) in cases {
        assert_eq!(complete(text, language), expected, "{language:?}: {text}");
    }
}

#[test]
fn the_hint_shows_the_signature_of_the_call_at_the_cursor() {
    let cases = [
        (Rhai, "train(", Some("train(net, options?) -> number")),
        (Rhai, "train(net, ", Some("train(net, options?) -> number")),
        (
            Lua,
            "rnn.vanilla(",
            Some("rnn::vanilla(options?) -> number"),
        ),
        (Rhai, "net.run(", Some("net.run(input) -> number")),
        (
            Rhai,
            "train(net, #{ units: ",
            Some("units: integer; default 100"),
        ),
        (Rhai, "train(net)", None),
        (Rhai, "unknown(", None),
    ];
    let natives = natives();
    for (language, text, expected) in cases {
        let completion = Completion {
            natives: &natives,
            language,
            variables: &variables,
        };
        let expected = expected.map(|hint| match language {
            Rhai => hint.to_string(),
            Lua => hint.replace("::", "."),
        });
        assert_eq!(completion.hint(text), expected, "{text}");
    }
}

#[test]
fn an_input_is_split_into_tokens() {
    use TokenKind::{Comment, Identifier as Name, Keyword, Number, Str, Symbol};
    type Case<'a> = (Language, &'a str, &'a [(TokenKind, &'a str)]);
    let cases: [Case; 6] = [
        (Rhai, "let x", &[(Keyword, "let"), (Name, "x")]),
        (
            Rhai,
            "1_0.5e-3+2",
            &[(Number, "1_0.5e-3"), (Symbol, "+"), (Number, "2")],
        ),
        (
            Rhai,
            "\"a\\\"b\" //c",
            &[(Str, "\"a\\\"b\""), (Comment, "//c")],
        ),
        (Rhai, "a::b", &[(Name, "a"), (Symbol, "::"), (Name, "b")]),
        (
            Lua,
            "--[[x\n]] end",
            &[(Comment, "--[[x\n]]"), (Keyword, "end")],
        ),
        (Lua, "[[é]]1", &[(Str, "[[é]]"), (Number, "1")]),
    ];
    for (language, text, expected) in cases {
        let tokens = tokenize(text, language);
        let actual: Vec<_> = tokens
            .iter()
            .map(|token| (token.kind, &text[token.span.clone()]))
            .collect();
        assert_eq!(actual, expected, "{text}");
    }
}

#[test]
fn a_figure_is_drawn_in_the_terminal_or_written_to_a_file() {
    let probe = |pairs: &[(&str, &str)], answer: &str| {
        let pairs: Vec<(String, String)> = pairs
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect();
        let variable = move |name: &str| {
            let pair = pairs.iter().find(|(known, _)| known == name);
            pair.map(|(_, value)| value.clone())
        };
        Graphics::detect(&variable, &|| Some(answer.into()))
    };
    let detect = |pairs: &[(&str, &str)]| probe(pairs, "\x1b[?64;1;2;6c");
    assert_eq!(detect(&[("TERM", "xterm-kitty")]), Graphics::Kitty);
    assert_eq!(detect(&[("TERM_PROGRAM", "iTerm.app")]), Graphics::ITerm);
    assert_eq!(detect(&[("TERM", "xterm-256color")]), Graphics::File);
    let in_tmux = [("TERM", "xterm-kitty"), ("TMUX", "/tmp/1")];
    assert_eq!(detect(&in_tmux), Graphics::File);
    // Terminals with attribute 4 support sixels; a terminal of type 4 may not.
    assert_eq!(probe(&in_tmux, "\x1b[?62;4c"), Graphics::Sixel);
    assert_eq!(probe(&[], "\x1b[?64;1;4;22c"), Graphics::Sixel);
    assert_eq!(probe(&[], "\x1b[?4;14;41c"), Graphics::File);
    assert_eq!(probe(&[("TERM", "dumb")], "\x1b[?62;4c"), Graphics::File);
    assert_eq!(probe(&[], ""), Graphics::File);
    let figure = Figure::from(Panel::histogram(&[1.0, 2.0, 2.0], Some(2)));
    let kitty = Graphics::Kitty.encode(&figure, 1, None).expect("a picture");
    assert!(kitty.starts_with("\x1b_Gf=100,a=T,m=") && kitty.ends_with("\x1b\\"));
    let data: String = kitty
        .split("\x1b\\")
        .filter_map(|chunk| chunk.split_once(';'))
        .map(|(_, data)| data)
        .collect();
    // The first bytes of every PNG file in base 64.
    assert!(data.starts_with("iVBORw0KGgo"), "{}", &data[..20]);
    let max_length = kitty.split("\x1b\\").map(str::len).max();
    assert!(max_length.is_some_and(|length| length < 4096 + 30));
    let sixels = Graphics::Sixel.encode(&figure, 1, None).expect("a picture");
    let decoded = icy_sixel::SixelImage::decode(sixels.as_bytes()).expect("sixels");
    let expected = pixels(&figure, 1.0).expect("pixels");
    // A row of sixels has a height of six pixels.
    let (width, height) = (expected.width() as usize, expected.height() as usize);
    assert_eq!(decoded.dimensions(), (width, height.next_multiple_of(6)));
    let error = |(a, b): (&u8, &u8)| u64::from(a.abs_diff(*b));
    let error: u64 = decoded.pixels.iter().zip(expected.data()).map(error).sum();
    assert!(
        (error as f64) < 0.5 * expected.data().len() as f64,
        "{error}"
    );
    let curve = Paths {
        at: vec![[0.0; 3], [1.0; 3]],
        ends: vec![2],
        values: Some(vec![0.0, 1.0]),
        ..Paths::default()
    };
    let mut scene = Panel::from_layer(Layer::Paths(curve));
    scene.camera = Some(Camera::default());
    let sixels = Graphics::Sixel.encode(&Figure::from(scene), 1, None);
    let sixels = sixels.expect("a picture");
    let decoded = icy_sixel::SixelImage::decode(sixels.as_bytes()).expect("sixels");
    assert_eq!(decoded.pixels[..4], [255; 4], "white background");
    let file = Graphics::File.encode(&figure, 1, None).expect("a path");
    assert!(std::fs::read(&file).is_ok_and(|bytes| bytes.starts_with(b"\x89PNG")));
    std::fs::remove_file(&file).expect("the file exists");
    let folder = std::path::Path::new(&file).parent().expect("a folder");
    std::fs::remove_dir(folder).expect("an empty folder");
}
