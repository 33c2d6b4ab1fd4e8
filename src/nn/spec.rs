//! The specification of a network apart from its parameters.

use std::ops::Range;

use crate::base::Result;
use crate::ops::rnn::{Cell, Sizes};
use crate::tensor::{Layout, Tensor};

/// The cell and the sizes of a network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spec {
    /// The cell type, which defines the equation of one step.
    pub cell: Cell,
    /// i
    pub inputs: usize,
    /// n, the number of units of one layer in one direction.
    pub units: usize,
    /// o
    pub outputs: usize,
    /// The number of layers. The input of each layer is the output of the previous one.
    pub layers: usize,
    /// 1, or 2 if each layer also processes the time steps in reverse order.
    pub directions: usize,
}

impl Spec {
    /// One layer that processes the time steps in forward order.
    pub fn new(cell: Cell, [inputs, units, outputs]: [usize; 3]) -> Spec {
        Spec {
            cell,
            inputs,
            units,
            outputs,
            layers: 1,
            directions: 1,
        }
    }

    /// The sizes of a call with `batch` trials of `time` time steps.
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

    /// s, the number of state variables that one step requires: layer by layer and direction by
    /// direction, h of all units, followed by c for an LSTM.
    pub fn state(&self) -> usize {
        self.cell.state_size(self.sizes(1, 1))
    }

    /// The names and shapes of the parameters, in order.
    pub fn layout(&self) -> Layout {
        self.cell.layout(self.sizes(1, 1))
    }

    /// The readout's input at the given states: h of the last layer (f(a) for a continuous-time
    /// network), forward direction first.
    ///
    /// Shapes: [.., s] -> [.., d n]
    pub fn rates(&self, states: &Tensor) -> Result<Tensor> {
        let axis = states.rank() - 1;
        let parts = self.readout_ranges().into_iter();
        let parts = parts.map(|range| states.narrow(axis, range.start, self.units));
        let parts: candle_core::Result<Vec<Tensor>> = parts.collect();
        self.cell.readout_input(&Tensor::cat(&parts?, axis)?)
    }

    /// The state variables from which the readout's input is computed: h of the last layer.
    pub fn readout_ranges(&self) -> Vec<Range<usize>> {
        let sublayers = self.layers * self.directions;
        let width = self.state() / sublayers;
        let last_layer = sublayers - self.directions..sublayers;
        let starts = last_layer.map(|sublayer| sublayer * width);
        starts.map(|start| start..start + self.units).collect()
    }
}
