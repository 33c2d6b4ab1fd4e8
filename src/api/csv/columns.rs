//! Conversion of script values to the columns of a table.

use crate::api::convert::{as_number, to_tensor};
use crate::api::diagnostic::Diagnostic;
use crate::api::value::{Map, Value};
use crate::base::Error;
use crate::io::csv::Cells;
use crate::tensor::{DType, Tensor};

/// The names in the option `header`.
///
/// Errors: `Kind` for an item that is not a string
pub fn names(items: &[Value]) -> Result<Vec<String>, Diagnostic> {
    let name = |item: &Value| match item {
        Value::Text(name) => Ok(name.clone()),
        other => Err(kind_error("option `header`", "a list of strings", other)),
    };
    items.iter().map(name).collect()
}

/// The columns of a map or a tensor, with their names.
///
/// Errors: values of other kinds, columns of different lengths, or an unknown name
pub fn from_value(
    data: Value,
    names: Option<Vec<String>>,
) -> Result<(Option<Vec<String>>, Vec<Cells>), Diagnostic> {
    match data {
        Value::Map(map) => from_map(&map, names),
        Value::Tensor(tensor) => Ok((names, from_tensor(&tensor)?)),
        other => match to_tensor(&other, DType::F64) {
            Some(tensor) => Ok((names, from_tensor(&tensor)?)),
            None => Err(kind_error("data", "a map of columns or a tensor", &other)),
        },
    }
}

fn from_map(
    map: &Map,
    names: Option<Vec<String>>,
) -> Result<(Option<Vec<String>>, Vec<Cells>), Diagnostic> {
    let order: Vec<String> = match &names {
        Some(names) if !names.is_empty() => names.clone(),
        _ => map.keys().cloned().collect(),
    };
    let mut columns: Vec<Cells> = Vec::new();
    for name in &order {
        let Some(value) = map.get(name) else {
            let error = Error::Unknown {
                of: "csv::write: option `header`".into(),
                category: "column",
                name: name.clone(),
                known: map.keys().cloned().collect(),
            };
            return Err(error.into());
        };
        let column = cells(name, value)?;
        if let Some(first) = columns.first()
            && first.len() != column.len()
        {
            let (left, right) = (first.len(), column.len());
            let message = format!(
                "csv::write: column `{}` has {left} values, column `{name}` has {right}",
                order[0]
            );
            return Err(Diagnostic::new(message).hint("all columns need the same length"));
        }
        columns.push(column);
    }
    Ok((names.or(Some(order)), columns))
}

fn from_tensor(tensor: &Tensor) -> Result<Vec<Cells>, Diagnostic> {
    let columns = match tensor.rank() {
        1 => vec![tensor.clone()],
        2 => {
            let column = |index| {
                tensor
                    .narrow(1, index, 1)
                    .and_then(|column| column.squeeze(1))
            };
            let columns = (0..tensor.dims()[1]).map(column);
            columns.collect::<Result<_, _>>().map_err(Error::from)?
        }
        _ => {
            let message = format!(
                "csv::write: expected a tensor [rows, columns], found shape {:?}",
                tensor.dims()
            );
            return Err(Diagnostic::new(message).hint("reshape it, or write it with npy::write"));
        }
    };
    let cells = columns.iter().map(vector_cells);
    Ok(cells.collect::<Result<_, _>>()?)
}

fn vector_cells(vector: &Tensor) -> Result<Cells, Error> {
    let vector = vector.detach();
    Ok(match vector.dtype().is_float() {
        true => Cells::Numbers(vector.to_dtype(DType::F64)?.to_vec1()?),
        false => Cells::Integers(vector.to_dtype(DType::I64)?.to_vec1()?),
    })
}

fn cells(name: &str, value: &Value) -> Result<Cells, Diagnostic> {
    let expected = "a vector or a list of numbers or of strings";
    let error = |found: &Value| kind_error(&format!("column `{name}`"), expected, found);
    let items = match value {
        Value::Tensor(tensor) if tensor.rank() == 1 => return Ok(vector_cells(tensor)?),
        Value::List(items) => items,
        other => return Err(error(other)),
    };
    if items.iter().any(|item| matches!(item, Value::Text(_))) {
        let text = |item: &Value| match item {
            Value::Text(text) => Ok(text.clone()),
            other => Err(error(other)),
        };
        return items
            .iter()
            .map(text)
            .collect::<Result<_, _>>()
            .map(Cells::Texts);
    }
    let integer = |item: &Value| match item {
        Value::Int(n) => Some(*n),
        Value::Bool(flag) => Some(i64::from(*flag)),
        _ => None,
    };
    if let Some(integers) = items.iter().map(integer).collect() {
        return Ok(Cells::Integers(integers));
    }
    let number = |item: &Value| match item {
        // A missing value.
        Value::Nil => Ok(f64::NAN),
        other => as_number(other).ok_or_else(|| error(other)),
    };
    items
        .iter()
        .map(number)
        .collect::<Result<_, _>>()
        .map(Cells::Numbers)
}

fn kind_error(name: &str, expected: &str, found: &Value) -> Diagnostic {
    Error::Kind {
        of: format!("csv::write: {name}"),
        expected: expected.into(),
        found: found.kind(),
    }
    .into()
}
