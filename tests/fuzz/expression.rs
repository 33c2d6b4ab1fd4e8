//! Script expressions as data, so that one generated call can be written in both languages.

use attractor::api::context::Language;

/// A value or a call of a generated script.
#[derive(Debug, Clone)]
pub enum Expression {
    /// Text that both languages share: a number, a name, `true`.
    Plain(String),
    /// Text that differs between the languages: the empty value and closures.
    Either {
        rhai: &'static str,
        lua: &'static str,
    },
    Text(String),
    List(Vec<Expression>),
    Map(Vec<(String, Expression)>),
    /// A function of a module (empty for functions that are always in scope).
    Call {
        module: String,
        name: String,
        arguments: Vec<Expression>,
    },
    Method {
        object: Box<Expression>,
        name: String,
        arguments: Vec<Expression>,
    },
}

impl Expression {
    /// The source text in `language`.
    pub fn source(&self, language: Language) -> String {
        let rhai = language == Language::Rhai;
        let join = |list: &[Expression]| {
            let parts: Vec<String> = list.iter().map(|part| part.source(language)).collect();
            parts.join(", ")
        };
        match self {
            Expression::Plain(text) => text.clone(),
            Expression::Either { rhai: text, .. } if rhai => (*text).into(),
            Expression::Either { lua, .. } => (*lua).into(),
            Expression::Text(text) => quote(text),
            Expression::List(list) if rhai => format!("[{}]", join(list)),
            Expression::List(list) => format!("{{{}}}", join(list)),
            Expression::Map(map) => {
                let (open, sign) = if rhai { ("#{", ":") } else { ("{", "=") };
                let entries = map.iter();
                let entries =
                    entries.map(|(name, value)| format!("{name}{sign} {}", value.source(language)));
                format!("{open}{}}}", entries.collect::<Vec<_>>().join(", "))
            }
            Expression::Call {
                module,
                name,
                arguments,
            } => {
                let separator = match (module.is_empty(), rhai) {
                    (true, _) => "",
                    (false, true) => "::",
                    (false, false) => ".",
                };
                format!("{module}{separator}{name}({})", join(arguments))
            }
            Expression::Method {
                object,
                name,
                arguments,
            } => {
                let object = object.source(language);
                let dot = if rhai { "." } else { ":" };
                format!("({object}){dot}{name}({})", join(arguments))
            }
        }
    }
}

/// A string literal that is valid in both languages.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            _ => quoted.push(c),
        }
    }
    quoted + "\""
}
