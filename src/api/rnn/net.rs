//! The script object for a network.

use std::cell::{RefCell, RefMut};

use crate::api::diagnostic::Diagnostic;
use crate::api::display::count_text;
use crate::api::value::ScriptObject;
use crate::base::options::Choice;
use crate::nn::{Network, Spec};

/// The script object for a network, shared by reference.
pub struct Net(pub RefCell<Network>);

impl ScriptObject for Net {
    const KIND: &'static str = "network";
    fn display(&self) -> String {
        let net = self.0.borrow();
        let Some(spec) = net.spec() else {
            return custom_text(&net);
        };
        let Spec {
            cell,
            inputs,
            units,
            outputs,
            layers,
            directions,
        } = *spec;
        let layers = match layers {
            1 => String::new(),
            _ => format!("{layers} layers of "),
        };
        let f = cell
            .nonlinearity()
            .map_or(String::new(), |f| format!(" ({})", f.name()));
        let direction = ["", " in both directions"][directions - 1];
        format!(
            "{} network: {}, {layers}{}{f}{direction}, {}, {}",
            cell.name(),
            count_text(inputs, "input"),
            count_text(units, "unit"),
            count_text(outputs, "output"),
            net.dtype().as_str(),
        )
    }
}

impl Net {
    /// A mutable borrow of the network.
    ///
    /// Errors: the network is running and its own step or readout modifies it
    pub fn borrow_mut_checked(&self) -> Result<RefMut<'_, Network>, Diagnostic> {
        self.0.try_borrow_mut().map_err(|_| {
            Diagnostic::new("network: its own step or readout cannot modify it while it runs")
        })
    }
}

/// The text of a custom network.
fn custom_text(net: &Network) -> String {
    format!(
        "custom network: {}, {}, {}, {}",
        count_text(net.inputs(), "input"),
        count_text(net.units(), "unit"),
        count_text(net.outputs(), "output"),
        net.dtype().as_str(),
    )
}
