//! The parameters of a cell as text, for `help`: names, shapes and initial values, derived from the
//! descriptor of the cell.

use super::init::H0_SCALE;
use crate::ops::rnn::cells::{Initializer, WeightKind};
use crate::ops::rnn::{Cell, Sizes};

/// Sizes whose multiples identify the terms of a shape.
const UNITS: usize = 1_000;
const INPUTS: usize = 1;
const OUTPUTS: usize = 1_000_000;

/// Terms of the size of an axis, with their sizes.
const TERMS: [(usize, &str); 3] = [(OUTPUTS, "outputs"), (UNITS, "units"), (INPUTS, "inputs")];

/// A parameter of a network of one layer and one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterRow {
    pub name: String,
    /// The shape in terms of the sizes: `[2 units, inputs]`.
    pub shape: String,
    /// The distribution of the initial values.
    pub initial: String,
}

/// The parameters of a network of this cell, in the order of the arena.
pub fn parameter_table(cell: &Cell) -> Vec<ParameterRow> {
    let sizes = Sizes {
        batch: 1,
        time: 1,
        inputs: INPUTS,
        units: UNITS,
        outputs: OUTPUTS,
        layers: 1,
        directions: 1,
    };
    let initializers = cell.initializers(INPUTS, UNITS);
    let layout = cell.layout(sizes);
    let rows = layout.blocks().iter().map(|block| {
        let axes: Vec<String> = block.shape.iter().map(|size| axis_text(*size)).collect();
        ParameterRow {
            name: block.name.clone(),
            shape: format!("[{}]", axes.join(", ")),
            initial: initial_text(&block.name, &initializers),
        }
    });
    rows.collect()
}

/// The size of an axis as a sum of multiples of the sizes of the network.
fn axis_text(size: usize) -> String {
    let mut rest = size;
    let mut terms = Vec::new();
    for (unit, name) in TERMS {
        match rest / unit {
            0 => {}
            1 => terms.push(name.to_string()),
            n => terms.push(format!("{n} {name}")),
        }
        rest %= unit;
    }
    terms.join(" + ")
}

/// The distribution of the initial values of a block.
fn initial_text(name: &str, initializers: &[Initializer]) -> String {
    if name == "wO" {
        return "N(0, 1) / sqrt(units)".into();
    }
    let parts: Vec<&Initializer> = initializers.iter().filter(|i| i.block == name).collect();
    let text = |initializer: &Initializer| match initializer.kind {
        WeightKind::InitialState => format!("{H0_SCALE} N(0, 1)"),
        WeightKind::Input => "N(0, 1) / sqrt(inputs)".into(),
        WeightKind::Recurrent => "gain N(0, 1) / sqrt(units)".into(),
    };
    match parts.as_slice() {
        [] => "0".into(),
        [one] => text(one),
        several => {
            let columns = several.iter().map(|part| {
                let axis = match part.kind {
                    WeightKind::Input => "x",
                    WeightKind::Recurrent | WeightKind::InitialState => "h",
                };
                format!("{} in the columns of {axis}", text(part))
            });
            columns.collect::<Vec<_>>().join(", ")
        }
    }
}
