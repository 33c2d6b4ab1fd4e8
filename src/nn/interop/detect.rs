//! Detection of the cell of a network from the names and shapes of its parameters.

use std::fmt::{Display, Formatter, Result};

use crate::nn::Cell;
use crate::ops::rnn::cells::WeightKind;

/// The shape of a matrix of a cell for any sizes: [rows n, columns n + input_columns i].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatrixShape {
    pub name: &'static str,
    rows: usize,
    columns: usize,
    input_columns: usize,
}

/// The cell of PyTorch with this number of gates.
pub fn cell_with_gates(gates: usize) -> Option<Cell> {
    let has_gates = |cell: &Cell| cell.torch().is_some_and(|layout| layout.gates == gates);
    Cell::all().into_iter().find(has_gates)
}

/// Whether `name` is the first recurrent matrix of a cell, which identifies a network.
pub fn is_recurrent_matrix(name: &str) -> bool {
    let all = Cell::all();
    all.iter().any(|cell| recurrent_matrix(cell) == Some(name))
}

/// The cells whose first recurrent matrix is present, with the shape of the last one.
pub fn candidates(is_present: impl Fn(&str) -> bool) -> Vec<(Cell, MatrixShape)> {
    let present = |cell: &Cell| recurrent_matrix(cell).is_some_and(&is_present);
    let cells = Cell::all().into_iter().filter(present);
    cells
        .filter_map(|cell| Some((cell, MatrixShape::last(&cell, WeightKind::Recurrent)?)))
        .collect()
}

/// The first recurrent matrix of a cell.
fn recurrent_matrix(cell: &Cell) -> Option<&'static str> {
    let mut matrices = cell.initializers(1, 1).into_iter();
    let first = matrices.find(|matrix| matrix.kind == WeightKind::Recurrent);
    first.map(|matrix| matrix.block)
}

impl MatrixShape {
    /// The shape of the last matrix of this kind.
    pub fn last(cell: &Cell, kind: WeightKind) -> Option<MatrixShape> {
        let mut matrices = cell.initializers(1, 1).into_iter().rev();
        let name = matrices.find(|matrix| matrix.kind == kind)?.block;
        let dims = |inputs, units| {
            let mut blocks = cell.blocks(inputs, units).into_iter();
            blocks.find(|(known, _)| *known == name)
        };
        // Shapes are linear in n and i.
        let ((_, per_unit), (_, per_input)) = (dims(0, 1)?, dims(1, 0)?);
        Some(MatrixShape {
            name,
            rows: per_unit[0],
            columns: per_unit[1],
            input_columns: per_input[1],
        })
    }

    /// n for a matrix of these dimensions; None if they do not fit.
    pub fn units(&self, [rows, columns]: [usize; 2]) -> Option<usize> {
        let units = rows / self.rows;
        let recurrent = self.columns * units;
        let has_columns = match self.input_columns {
            0 => columns == recurrent,
            _ => columns >= recurrent,
        };
        (units > 0 && rows.is_multiple_of(self.rows) && has_columns).then_some(units)
    }

    /// The number of rows with n units.
    pub fn row_count(&self, units: usize) -> usize {
        self.rows * units
    }

    /// i for a matrix of n units with this number of columns.
    pub fn inputs(&self, units: usize, columns: usize) -> usize {
        columns.saturating_sub(self.columns * units)
    }
}

impl Display for MatrixShape {
    /// The axes, as in `[2n, n + i]`.
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let term = |factor: usize, size: &str| match factor {
            0 => None,
            1 => Some(size.to_string()),
            _ => Some(format!("{factor}{size}")),
        };
        let rows = term(self.rows, "n").unwrap_or_default();
        let columns = [term(self.columns, "n"), term(self.input_columns, "i")];
        let columns: Vec<String> = columns.into_iter().flatten().collect();
        write!(f, "[{rows}, {}]", columns.join(" + "))
    }
}
