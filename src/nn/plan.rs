//! What a network is, apart from its parameters.

use super::Cell;
use crate::base::Result;
use crate::ops::rnn::Sizes;
use crate::tensor::{Layout, Tensor};

/// The cell and the sizes of a network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// The equation of one step.
    pub cell: Cell,
    /// i
    pub inputs: usize,
    /// n, of one layer in one direction.
    pub units: usize,
    /// o
    pub outputs: usize,
    /// Layers, each fed by the one below.
    pub layers: usize,
    /// 2 if each layer runs from both ends of time, else 1.
    pub directions: usize,
}

impl Plan {
    /// One layer, from the first time to the last.
    pub fn new(cell: Cell, [inputs, units, outputs]: [usize; 3]) -> Plan {
        Plan {
            cell,
            inputs,
            units,
            outputs,
            layers: 1,
            directions: 1,
        }
    }

    /// The sizes of a call with this many trials and times.
    pub fn sizes(&self, batch: usize, time: usize) -> Sizes {
        Sizes {
            batch,
            time,
            inputs: self.inputs,
            units: self.units,
            outputs: self.outputs,
            layers: self.layers,
            directions: self.directions,
        }
    }

    /// s, the numbers of a state: all that one step needs to know of the steps before. Layer by
    /// layer, direction by direction; in each the h of all units, then the c of an LSTM.
    pub fn state(&self) -> usize {
        self.cell.state(self.sizes(1, 1))
    }

    /// The names and shapes of the parameters, in their order.
    pub fn layout(&self) -> Layout {
        self.cell.layout(self.sizes(1, 1))
    }

    /// What the readout reads of states: h of the last layer (f(a) for a continuous-time network),
    /// forward then backward in time.
    ///
    /// Shapes: [.., s] -> [.., d n]
    pub fn rates(&self, states: &Tensor) -> Result<Tensor> {
        let strands = self.layers * self.directions;
        let each = self.state() / strands;
        let axis = states.rank() - 1;
        let parts: candle_core::Result<Vec<Tensor>> = (strands - self.directions..strands)
            .map(|strand| states.narrow(axis, strand * each, self.units))
            .collect();
        self.cell.read(&Tensor::cat(&parts?, axis)?)
    }
}
