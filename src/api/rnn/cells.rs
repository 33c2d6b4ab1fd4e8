//! The script functions that create networks, one row per constructor of the table of cells.

use std::cell::RefCell;
use std::fmt::Write;

use super::net::Net;
use crate::api::context::Context;
use crate::api::convert::New;
use crate::api::diagnostic::Diagnostic;
use crate::api::native::{Args, Body, FromArgs, Module, Native, Signature};
use crate::api::options::CallOptions;
use crate::api::value::{IntoValue, Value};
use crate::nn::{Network, NetworkOptions, ParameterRow, parameter_table};
use crate::ops::rnn::Cell;
use crate::ops::rnn::cells::{Constructor, ConstructorVisitor, visit_constructors};

/// Largest number of gate matrices of a cell.
const MAX_GATES: usize = 4;

/// The name of the script module.
const MODULE: &str = "rnn";

/// The parameters of networks with several layers or directions.
const LAYER_PARAMETERS: &str = "
Layers above the first have parameters of the same kinds, with `_l1`, `_l2`, ... after the name and
the number of values per time step from the layer below in place of inputs; those of the backward
direction end in `_reverse`. The columns of `wO` are the units of the last layer, of both directions
if `bidirectional` is true.
";

/// The options of a constructor, then those of all networks.
type Arguments<C> = CallOptions<(C, NetworkOptions)>;

/// The functions that create networks.
pub fn module() -> Module {
    let mut rows = Rows(Vec::new());
    visit_constructors(&mut rows);
    Module {
        name: MODULE,
        doc: "Recurrent neural networks.\n".into(),
        natives: rows.0,
    }
}

/// The rows collected so far.
struct Rows(Vec<Native>);

impl ConstructorVisitor for Rows {
    fn visit<C: Constructor + 'static>(&mut self)
    where
        Cell: From<C::Cell>,
    {
        self.0.push(Native {
            module: MODULE,
            name: C::FUNCTION,
            args: Arguments::<C>::arg("options").into_iter().collect(),
            returns: New::<Net>::kind(),
            doc: documentation::<C>(),
            body: Body::Engine(construct::<C>),
        });
    }
}

/// The documentation of a constructor, with the parameters of its cells before the example.
fn documentation<C: Constructor>() -> String
where
    Cell: From<C::Cell>,
{
    let (text, example) = C::DOC.split_once("\n> ").unwrap_or((C::DOC, ""));
    let mut doc = text.to_string();
    for (choice, cell) in C::variants() {
        let space = if choice.is_empty() { "" } else { " " };
        let _ = writeln!(doc, "\nParameters{space}{choice}, with initial values:");
        for ParameterRow {
            name,
            shape,
            initial,
        } in parameter_table(&cell.into())
        {
            let _ = writeln!(doc, "- `{name}` {shape}: {initial}");
        }
    }
    doc.push_str(LAYER_PARAMETERS);
    format!("{doc}\n> {example}")
}

/// A new network of the cell that the options describe.
fn construct<C: Constructor>(cx: &Context, values: Vec<Value>) -> Result<Value, Diagnostic>
where
    Cell: From<C::Cell>,
{
    let signature = Signature::new(C::OF, vec![Arguments::<C>::arg("options")]);
    let mut args = Args::new(cx, &signature, values)?;
    let (cell, network) = Arguments::<C>::take(&mut args, "options")?.into_inner();
    let network = build_network(cx, C::OF, cell.cell()?.into(), &network)?;
    Ok(network.into_value())
}

/// Creates the network after a memory check.
fn build_network(
    cx: &Context,
    of: &'static str,
    cell: Cell,
    options: &NetworkOptions,
) -> Result<New<Net>, Diagnostic> {
    let NetworkOptions {
        inputs,
        units,
        outputs,
        layers,
        ..
    } = *options;
    let width = units
        .saturating_mul(2)
        .saturating_add(inputs)
        .saturating_add(outputs);
    let sublayers = layers.saturating_mul(if options.bidirectional { 2 } else { 1 });
    let rows = units.saturating_mul(MAX_GATES).saturating_mul(sublayers);
    let sizes = [
        ("inputs", inputs),
        ("units", units),
        ("outputs", outputs),
        ("layers", layers),
    ];
    cx.check_option_memory(of, &sizes, &[rows, width], options.dtype.dtype())?;
    Ok(New(Net(RefCell::new(Network::new(cell, options)?))))
}
