//! The length of functions.

use super::assert_empty;
use super::source::sources;

/// Maximum number of lines of a function, from its signature to its closing brace.
const MAX_LINES: usize = 40;

/// Longer functions, as file and name, with the reason.
const EXCEPTIONS: [(&str, &str, &str); 1] = [(
    "base/file_error.rs",
    "hint",
    "a table: one line per variant of the error",
)];

/// The name of the function that begins in a line, if the line begins one with a body of several
/// lines.
fn function_name(line: &str) -> Option<&str> {
    const QUALIFIERS: [&str; 8] = [
        "pub",
        "pub(crate)",
        "pub(super)",
        "const",
        "unsafe",
        "async",
        "extern",
        "\"C\"",
    ];
    let mut words = line.split_whitespace();
    let first = words.find(|word| {
        let qualifier = QUALIFIERS.contains(word) || word.starts_with("pub(in");
        !qualifier && !word.ends_with("super)")
    });
    let ends_here = line.ends_with('}') || line.ends_with(';');
    if first != Some("fn") || ends_here {
        return None;
    }
    let letter = |c: char| !c.is_alphanumeric() && c != '_';
    words.next()?.split(letter).next()
}

#[test]
fn functions_have_at_most_40_lines() {
    let mut violations = Vec::new();
    for source in sources() {
        let lines: Vec<&str> = source.text.lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let Some(name) = function_name(line) else {
                continue;
            };
            let indent = &line[..line.len() - line.trim_start().len()];
            let end = lines[start..].iter().position(|line| {
                let at_indent = line.strip_prefix(indent).unwrap_or_default();
                at_indent.starts_with('}')
                    || (at_indent.starts_with(')') && at_indent.ends_with(';'))
            });
            let count = end.map_or(0, |end| end + 1);
            let exempt = EXCEPTIONS
                .iter()
                .any(|(file, function, _)| source.path.ends_with(file) && *function == name);
            if count > MAX_LINES && !exempt {
                let message = format!("`{name}` has {count} lines, at most {MAX_LINES}");
                violations.push(source.violation(start, &message));
            }
        }
    }
    assert_empty(violations);
}
