//! The recurrent cells. This file provides what runs and files need to know about a cell; `init.rs`
//! initializes its parameters, `metadata.rs` stores its settings.

use crate::base::Result;
use crate::ops::Lanes;
use crate::ops::rnn::ctrnn::Ctrnn;
use crate::ops::rnn::gru::Gru;
use crate::ops::rnn::gru_torch::GruTorch;
use crate::ops::rnn::lstm::Lstm;
use crate::ops::rnn::vanilla::Vanilla;
use crate::ops::rnn::{CellKernel, Layers, Nonlinearity, Operation, Sizes, layout, state_size};
use crate::tensor::{Layout, Tensor};

/// The equation that computes a state from the previous one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell {
    /// h' = f(wI x + wR h + bR)
    Vanilla(Vanilla),
    /// GRU with the reset gate before the matrix, as in the tutorials.
    Gru(Gru),
    /// GRU with the reset gate after the matrix, as in PyTorch.
    GruTorch(GruTorch),
    Lstm(Lstm),
    /// a' = a + dt/tau (-a + wR f(a) + wI x + bR)
    Ctrnn(Ctrnn),
}

/// Evaluates the same expression for each cell type.
macro_rules! dispatch_cell {
    ($cell:expr, $kernel:ident => $value:expr) => {
        match $cell {
            Cell::Vanilla($kernel) => $value,
            Cell::Gru($kernel) => $value,
            Cell::GruTorch($kernel) => $value,
            Cell::Lstm($kernel) => $value,
            Cell::Ctrnn($kernel) => $value,
        }
    };
}

impl Default for Cell {
    /// The vanilla cell with tanh.
    fn default() -> Cell {
        Cell::Vanilla(Vanilla::default())
    }
}

impl Cell {
    /// The name of the cell type in messages.
    pub fn name(&self) -> &'static str {
        fn name<U: CellKernel<f32>>(_: &U) -> &'static str {
            U::NAME
        }
        dispatch_cell!(self, kernel => name(kernel))
    }

    /// The name of the cell type in files.
    pub fn metadata_name(&self) -> &'static str {
        match self {
            Cell::GruTorch(_) => "gru_torch",
            _ => self.name(),
        }
    }

    /// The nonlinearity applied to the pre-activations, for cells with a choice of nonlinearity.
    pub fn nonlinearity(&self) -> Option<Nonlinearity> {
        match self {
            Cell::Vanilla(vanilla) => Some(vanilla.nonlinearity),
            Cell::Ctrnn(ctrnn) => Some(ctrnn.nonlinearity),
            Cell::Gru(_) | Cell::GruTorch(_) | Cell::Lstm(_) => None,
        }
    }

    /// One step and the readout as text, for the metadata of files.
    pub fn equation(&self) -> &'static str {
        match self {
            Cell::Vanilla(_) => "h' = f(wI x + wR h + bR), o = wO h' + bO",
            Cell::Gru(_) => {
                "[r; u] = sigmoid(wRUHX [h; x] + bRU + [0; update_bias]), \
                 c = tanh(wCHX [r h; x] + bC), h' = u h + (1 - u) c, o = wO h' + bO"
            }
            Cell::GruTorch(_) => {
                "[r; z] = sigmoid((wI x + bI + wR h + bR)[r, z]), \
                 n = tanh((wI x + bI)[n] + r (wR h + bR)[n]), h' = (1 - z) n + z h, \
                 o = wO h' + bO"
            }
            Cell::Lstm(_) => {
                "[i; f; g; o] = wI x + wR h + bR, c' = sigmoid(f) c + sigmoid(i) tanh(g), \
                 h' = sigmoid(o) tanh(c'), output wO h' + bO"
            }
            Cell::Ctrnn(_) => "a' = a + dt/tau (-a + wR f(a) + wI x + bR), o = wO f(a') + bO",
        }
    }

    /// The parameter blocks.
    pub(super) fn layout(&self, sizes: Sizes) -> Layout {
        fn of<U: CellKernel<f32>>(_: &U, sizes: Sizes) -> Layout {
            layout::<f32, U>(sizes)
        }
        dispatch_cell!(self, kernel => of(kernel, sizes))
    }

    /// The number of state variables of all layers.
    pub(super) fn state(&self, sizes: Sizes) -> usize {
        fn of<U: CellKernel<f32>>(_: &U, sizes: Sizes) -> usize {
            state_size::<f32, U>(sizes)
        }
        dispatch_cell!(self, kernel => of(kernel, sizes))
    }

    /// The fused operation over the layers of the cell, with its buffers.
    pub fn operation<T: Lanes>(&self) -> Box<dyn Operation<T> + Send> {
        dispatch_cell!(self, kernel => Box::new(Layers::new(*kernel)))
    }

    /// [`Cell::operation`] with slices of `groups` groups of 16 trials.
    pub fn operation_in_slices<T: Lanes>(&self, groups: usize) -> Box<dyn Operation<T> + Send> {
        dispatch_cell!(self, kernel => Box::new(Layers::with_slice_groups(*kernel, groups)))
    }

    /// The readout's input, computed from the hidden part of a state.
    pub(super) fn readout_input(&self, state: &Tensor) -> Result<Tensor> {
        match self {
            Cell::Ctrnn(ctrnn) => ctrnn.nonlinearity.of(state),
            _ => Ok(state.clone()),
        }
    }
}
