//! Provenance of a file. All values are passed in by higher layers: this module reads neither the
//! clock nor the system.

use super::tree::{Map, Tree};

/// Provenance of a file, stored as attributes of its root.
#[derive(Debug, Clone, Default)]
pub struct Provenance {
    /// Name of the script.
    pub script: Option<String>,
    /// Source text of the script.
    pub text: Option<String>,
    pub seed: Option<i64>,
    /// Version of the program.
    pub version: Option<String>,
    /// Date, formatted by the caller.
    pub date: Option<String>,
    /// The options of the computation; each becomes an attribute `options.name`.
    pub options: Map,
}

impl Provenance {
    /// The attributes, without those that are unknown.
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
