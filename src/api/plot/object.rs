//! The script object for a figure.

use crate::api::display::count_text;
use crate::api::value::{ScriptObject, Value};
use crate::figure::Figure;

/// The script object for a figure.
#[derive(Clone)]
pub struct Plot(pub Figure);

impl ScriptObject for Plot {
    const KIND: &'static str = "figure";
    fn display(&self) -> String {
        let layers: usize = self.0.panels.iter().map(|panel| panel.layers.len()).sum();
        let layers = count_text(layers, "layer");
        format!("figure [{}, {}], {layers}", self.0.rows, self.0.columns)
    }
}

/// The figure in a value, or `None` for any other value.
pub fn as_figure(value: &Value) -> Option<Figure> {
    match value {
        Value::Object(object) => object.get::<Plot>().map(|plot| plot.0.clone()),
        _ => None,
    }
}
