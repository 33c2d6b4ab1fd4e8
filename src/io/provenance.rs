//! What made a file. The floors above hand everything in: nothing here asks a clock or a machine.

use super::tree::{Map, Tree};

/// What made a file, as attributes of its root.
#[derive(Debug, Clone, Default)]
pub struct Provenance {
    /// Name of the script.
    pub script: Option<String>,
    /// The script itself.
    pub text: Option<String>,
    pub seed: Option<i64>,
    /// Version of the program.
    pub version: Option<String>,
    /// When, as the caller writes dates.
    pub date: Option<String>,
    /// The options that the work was done with; each becomes an attribute `options.name`.
    pub options: Map,
}

impl Provenance {
    /// The attributes; those that are not known are left out.
    pub fn attributes(&self) -> Map {
        let texts = [
            ("script", &self.script),
            ("script_text", &self.text),
            ("version", &self.version),
            ("date", &self.date),
        ];
        let mut map: Map = texts
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_string(), Tree::Text(text.clone()?))))
            .collect();
        if let Some(seed) = self.seed {
            map.insert("seed".into(), Tree::Int(seed));
        }
        if !self.options.is_empty() {
            map.insert("options".into(), Tree::Map(self.options.clone()));
        }
        map
    }
}
