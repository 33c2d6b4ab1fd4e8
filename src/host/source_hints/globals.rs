//! The global variables of a session, which the text of an interactive input does not declare.

/// The global variables of a session.
pub struct Globals<'a> {
    pub is_variable: &'a dyn Fn(&str) -> bool,
    /// The entries of the map that a path of a variable and of entries denotes.
    pub entries: &'a dyn Fn(&[&str]) -> Option<Vec<String>>,
}
