//! Names that users know from other programs, or from earlier versions, and the names of this
//! program for the same concept. Every "did you mean" consults this table before it searches for
//! similar spellings, which would suggest `pinv` for `inv`, and `flip` for `clip`.

mod table;

pub use table::{Row, SYNONYMS};

/// The valid name with the same meaning as `name`, if the table contains one.
pub fn lookup<'a>(name: &str, valid: &[&'a str]) -> Option<&'a str> {
    let name = normalize(last_segment(name));
    let rows = SYNONYMS
        .iter()
        .filter(|(_, others)| others.iter().any(|other| normalize(other) == name));
    rows.flat_map(|(ours, _)| valid.iter().find(|known| last_segment(known) == *ours))
        .next()
        .copied()
}

/// A name without its module or object.
fn last_segment(path: &str) -> &str {
    path.rsplit(['.', ':']).next().unwrap_or(path)
}

fn normalize(name: &str) -> String {
    name.to_lowercase().replace('_', "")
}
