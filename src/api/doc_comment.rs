//! Doc comments of functions: text, example and documented output.

use super::native::Native;

/// The parsed doc comment of a native function.
pub struct Doc {
    /// The text without the example.
    pub text: String,
    /// The example in Rhai; empty if the doc comment has no example.
    pub example: String,
    /// The printed value of the last expression of the example.
    pub output: Option<String>,
}

/// Splits a doc comment into text, example (`> `) and output (`= `). The lines of a paragraph or of
/// an item of a list (`- `) are joined.
pub fn parse_doc(native: &Native) -> Doc {
    let (mut lines, mut example, mut output) = (Vec::new(), Vec::new(), Vec::new());
    for line in native.doc.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        if let Some(code) = line.strip_prefix("> ") {
            example.push(code);
        } else if let Some(shown) = line.strip_prefix("= ") {
            output.push(shown);
        } else {
            lines.push(line);
        }
    }
    let output = (!output.is_empty()).then(|| output.join("\n"));
    Doc {
        text: join_lines(&lines),
        example: example.join("\n"),
        output,
    }
}

/// The first sentence of a doc comment.
pub fn summary(doc: &str) -> String {
    let joined = doc
        .trim()
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty());
    let joined = joined.collect::<Vec<_>>().join(" ");
    joined
        .split_once(". ")
        .map_or(joined.clone(), |(first, _)| format!("{first}."))
}

/// The text with the lines of each paragraph and of each item of a list joined.
pub fn join_lines(lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines.iter().map(|line| line.trim()) {
        let separator = match () {
            () if line.is_empty() => "\n\n",
            () if line.starts_with("- ") && !text.ends_with('\n') => "\n",
            () if text.is_empty() || text.ends_with('\n') => "",
            () => " ",
        };
        text.push_str(separator);
        text.push_str(line);
    }
    text.trim().into()
}
