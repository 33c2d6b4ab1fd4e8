//! Argument values for generated calls: mostly of the expected type and small, sometimes extreme,
//! sometimes of a wrong type.

use attractor::base::options::Field;
use fastrand::Rng;

use crate::expression::Expression;

/// Definitions at the start of every generated Rhai script. The Lua form is derived from them.
pub const PRELUDE: &str = r#"let seed_key = random::key(1);
let f32s = random::normal(seed_key, [3, 4]);
let f64s = random::normal(seed_key, [4, 4], #{ dtype: "f64" });
let vector = linspace(0.0, 1.0, 4);
let cube = random::uniform(seed_key, [2, 4, 3]);
let integers = tensor([3, 1, 2, 2]);
let indices = tensor([0, 2]);
let nothing_in = zeros([0, 3]);
let scalar = full([], 2.5);
let nans = zeros([3, 4]) / 0.0;
let counts = (cube * 3.0).floor();
let net = rnn::vanilla(#{ inputs: 3, units: 4, outputs: 3, seed: 1 });
let gru = rnn::gru(#{ inputs: 3, units: 4, outputs: 1, seed: 1, dtype: "f64" });
let lstm = rnn::lstm(#{ inputs: 3, units: 4, outputs: 1, seed: 1 });
let student = force::network(#{ units: 10, outputs: 2, seed: 1 });
let sizes = #{ channels: 3, encoder: 3, controller: 3, generator: 3, factors: 2 };
let model = lfads::model(sizes);
let batches = tasks::flip_flop(#{ steps: 5, bits: 3 });
let data = tasks::dataset(#{ inputs: cube, targets: cube });
let points = fixed_points::find(net, #{ candidates: f32s });
let components = pca::fit(f64s);
let picture = plot::lines(vector);
let space = scene::trajectories(cube);
let descent = optim::adam(#{});
let schedule = optim::constant(0.1);
let graph = #{ a: 1, b: [1, 2.5], c: "text" };"#;

/// Names from [`PRELUDE`] by type.
const NAMES: [(&str, &[&str]); 10] = [
    (
        "tensor",
        &[
            "f32s",
            "f64s",
            "vector",
            "cube",
            "integers",
            "indices",
            "nothing_in",
            "scalar",
            "nans",
            "counts",
        ],
    ),
    ("network", &["net", "gru", "lstm"]),
    ("force network", &["student"]),
    ("lfads model", &["model"]),
    ("task", &["batches", "data"]),
    ("fixed points", &["points"]),
    ("principal components", &["components"]),
    ("figure", &["picture", "space"]),
    ("optimizer", &["descent"]),
    ("schedule", &["schedule"]),
];

const INTEGERS: [&str; 22] = [
    "-1",
    "-2",
    "5",
    "16",
    "17",
    "100",
    "1000",
    "65535",
    "65536",
    "1000000",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "10000000000",
    "1000000000000",
    "1000000000000000000",
    "4611686018427387904",
    "9223372036854775806",
    "9223372036854775807",
    "(-9223372036854775807 - 1)",
];

const FLOATS: [&str; 18] = [
    "0.0",
    "(-0.0)",
    "0.5",
    "1.0",
    "(-1.0)",
    "0.1",
    "1e-9",
    "1e-38",
    "1e-300",
    "5e-324",
    "1e9",
    "3.4e38",
    "1e39",
    "1.7e308",
    "(-1e300)",
    "(1.0 / 0.0)",
    "(-1.0 / 0.0)",
    "(0.0 / 0.0)",
];

const TEXTS: [&str; 20] = [
    "",
    "a",
    "h",
    "tanh",
    "relu",
    "f32",
    "f64",
    "i64",
    "cpu",
    "best",
    "viridis",
    "inputs",
    "a/b/c",
    "../x",
    "%s%n%p",
    "{}",
    "[1, 2",
    "\u{1F9E0}\u{0301}",
    "line\nline",
    "null",
];

/// Files that the calls write and read; relative, so that they stay below `--out`.
const PATHS: [&str; 12] = [
    "one.h5",
    "two.h5",
    "one.safetensors",
    "one.json",
    "one.txt",
    "one.png",
    "one.svg",
    "one.html",
    "one.gif",
    "one.pt",
    "missing/one.h5",
    "one",
];

const CLOSURES: [(&str, &str); 8] = [
    ("|x| x", "function(x) return x end"),
    ("|x, y| x", "function(x, y) return x end"),
    ("|x, y, z| y", "function(x, y, z) return y end"),
    ("|x| x.sum()", "function(x) return x:sum() end"),
    ("|x| [x, x]", "function(x) return {x, x} end"),
    ("|x| ()", "function(x) return nil end"),
    ("|x| { throw \"no\" }", "function(x) error(\"no\") end"),
    ("|| 1.5", "function() return 1.5 end"),
];

/// Probabilities in percent.
const WRONG_TYPE: u8 = 8;
const EXTREME: u8 = 25;
const OMITTED: u8 = 40;

fn chance(rng: &mut Rng, percent: u8) -> bool {
    rng.u8(0..100) < percent
}

fn pick<'a, T>(rng: &mut Rng, list: &'a [T]) -> &'a T {
    &list[rng.usize(0..list.len())]
}

fn literal(text: impl Into<String>) -> Expression {
    Expression::Plain(text.into())
}

/// Decides whether an optional argument is omitted.
pub fn omit(rng: &mut Rng) -> bool {
    chance(rng, OMITTED)
}

/// A value for an argument documented as `kind`; `options` if it is a map of options.
pub fn value(rng: &mut Rng, kind: &str, options: &[Field]) -> Expression {
    if chance(rng, WRONG_TYPE) {
        return any(rng);
    }
    if !options.is_empty() {
        return option_map(rng, options);
    }
    if let Some((_, names)) = NAMES.iter().find(|(name, _)| *name == kind) {
        return literal(*pick(rng, names));
    }
    if kind.contains("\"") {
        return choice(rng, kind);
    }
    value_of_kind(rng, kind)
}

fn value_of_kind(rng: &mut Rng, kind: &str) -> Expression {
    match kind {
        "path" => path(rng),
        "string" if rng.bool() => path(rng),
        "string" => text(rng),
        "boolean" => literal(*pick(rng, &["true", "false"])),
        "key" => literal("seed_key"),
        "function" => closure(rng),
        "map" => literal("graph"),
        "value" => any(rng),
        _ if kind.starts_with("list of integer") => list(rng, integer),
        _ if kind.starts_with("list of number") => list(rng, number),
        _ if kind.starts_with("list of string") => list(rng, text),
        _ if kind.starts_with("list of tensor") => list(rng, tensor),
        _ if kind.contains("tensor") && rng.bool() => tensor(rng),
        _ if kind.contains("task") => literal(*pick(rng, &["batches", "data"])),
        _ if kind.contains("force network") => literal("student"),
        _ if kind.contains("integer") => integer(rng),
        _ if kind.contains("schedule") && rng.bool() => literal("schedule"),
        _ if kind.contains("number") => number(rng),
        _ => any(rng),
    }
}

/// One of the choices that `kind` lists in quotes.
fn choice(rng: &mut Rng, kind: &str) -> Expression {
    let choices: Vec<&str> = kind.split('"').skip(1).step_by(2).collect();
    Expression::Text((*pick(rng, &choices)).into())
}

fn integer(rng: &mut Rng) -> Expression {
    if chance(rng, EXTREME) {
        return literal(*pick(rng, &INTEGERS));
    }
    literal(rng.i64(0..5).to_string())
}

fn number(rng: &mut Rng) -> Expression {
    match rng.u8(0..100) {
        0..25 => integer(rng),
        25..60 => literal(*pick(rng, &FLOATS)),
        _ => literal(format!("{:.3}", rng.f64())),
    }
}

fn text(rng: &mut Rng) -> Expression {
    Expression::Text((*pick(rng, &TEXTS)).into())
}

fn path(rng: &mut Rng) -> Expression {
    Expression::Text((*pick(rng, &PATHS)).into())
}

fn tensor(rng: &mut Rng) -> Expression {
    let names = NAMES[0].1;
    match rng.u8(0..10) {
        0 => list(rng, number),
        1 => Expression::Call {
            module: String::new(),
            name: (*pick(rng, &["zeros", "ones"])).into(),
            arguments: vec![list(rng, integer)],
        },
        _ => literal(*pick(rng, names)),
    }
}

fn closure(rng: &mut Rng) -> Expression {
    let (rhai, lua) = *pick(rng, &CLOSURES);
    Expression::Either { rhai, lua }
}

fn list(rng: &mut Rng, element: fn(&mut Rng) -> Expression) -> Expression {
    let length = rng.usize(0..5);
    Expression::List((0..length).map(|_| element(rng)).collect())
}

fn any(rng: &mut Rng) -> Expression {
    match rng.u8(0..10) {
        0 => Expression::Either {
            rhai: "()",
            lua: "nil",
        },
        1 => literal("true"),
        2 => integer(rng),
        3 => number(rng),
        4 => text(rng),
        5 => list(rng, any),
        6 => literal("graph"),
        7 => closure(rng),
        8 => tensor(rng),
        _ => {
            let (_, names) = *pick(rng, &NAMES);
            literal(*pick(rng, names))
        }
    }
}

fn option_map(rng: &mut Rng, options: &[Field]) -> Expression {
    let count = rng.usize(0..=options.len().min(4));
    let mut entries = Vec::new();
    for _ in 0..count {
        let field = pick(rng, options);
        if entries.iter().all(|(name, _)| name != field.name) {
            let value = value(rng, field.kind, &[]);
            entries.push((field.name.to_string(), value));
        }
    }
    bound_budgets(rng, options, &mut entries);
    Expression::Map(entries)
}

/// Sets the options that determine the run time of a call to small values in most calls; otherwise
/// a few legitimate long calls would take most of the time.
fn bound_budgets(rng: &mut Rng, options: &[Field], entries: &mut Vec<(String, Expression)>) {
    const BUDGETS: [&str; 6] = [
        "batches",
        "samples",
        "draws",
        "frames",
        "steps",
        "max_iters",
    ];
    const UNBOUNDED: u8 = 2;
    for field in options.iter().filter(|field| BUDGETS.contains(&field.name)) {
        if entries.iter().all(|(name, _)| name != field.name) && !chance(rng, UNBOUNDED) {
            entries.push((field.name.into(), literal(rng.usize(1..4).to_string())));
        }
    }
}
