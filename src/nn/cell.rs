//! The cells: how a state follows from the one before. What runs and files need to
//! know of a cell is asked here; `recipe.rs` says what is drawn of it, `kept.rs` how it is kept.

use crate::base::Result;
use crate::ops::Lanes;
use crate::ops::rnn::ctrnn::Ctrnn;
use crate::ops::rnn::gru::Gru;
use crate::ops::rnn::gru_torch::GruTorch;
use crate::ops::rnn::lstm::Lstm;
use crate::ops::rnn::vanilla::Vanilla;
use crate::ops::rnn::{Layers, Nonlinearity, Operation, Sizes, Update, layout, state};
use crate::tensor::{Layout, Tensor};

/// How a state follows from the one before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell {
    /// h' = f(wI x + wR h + bR)
    Vanilla(Vanilla),
    /// Reset before the matrix, as in the tutorials.
    Gru(Gru),
    /// Reset after the matrix, as in PyTorch.
    GruTorch(GruTorch),
    Lstm(Lstm),
    /// a' = a + dt/tau (-a + wR f(a) + wI x + bR)
    Ctrnn(Ctrnn),
}

/// Does the same with whichever cell it is.
macro_rules! any {
    ($cell:expr, $update:ident => $value:expr) => {
        match $cell {
            Cell::Vanilla($update) => $value,
            Cell::Gru($update) => $value,
            Cell::GruTorch($update) => $value,
            Cell::Lstm($update) => $value,
            Cell::Ctrnn($update) => $value,
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
    /// The words for the kind of cell.
    pub fn word(&self) -> &'static str {
        fn word<U: Update<f32>>(_: &U) -> &'static str {
            U::WORD
        }
        any!(self, update => word(update))
    }

    /// The word that a file keeps.
    pub fn kept(&self) -> &'static str {
        match self {
            Cell::GruTorch(_) => "gru_torch",
            _ => self.word(),
        }
    }

    /// What each unit makes of its sum, where the cell leaves that open.
    pub fn nonlinearity(&self) -> Option<Nonlinearity> {
        match self {
            Cell::Vanilla(vanilla) => Some(vanilla.nonlinearity),
            Cell::Ctrnn(ctrnn) => Some(ctrnn.nonlinearity),
            Cell::Gru(_) | Cell::GruTorch(_) | Cell::Lstm(_) => None,
        }
    }

    /// One step and the readout, in words that a file can keep.
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

    /// The blocks of the parameters.
    pub(super) fn layout(&self, sizes: Sizes) -> Layout {
        fn of<U: Update<f32>>(_: &U, sizes: Sizes) -> Layout {
            layout::<f32, U>(sizes)
        }
        any!(self, update => of(update, sizes))
    }

    /// Numbers of a state, all layers together.
    pub(super) fn state(&self, sizes: Sizes) -> usize {
        fn of<U: Update<f32>>(_: &U, sizes: Sizes) -> usize {
            state::<f32, U>(sizes)
        }
        any!(self, update => of(update, sizes))
    }

    /// The fused operation over layers of the cell, with its buffers.
    pub fn operation<T: Lanes>(&self) -> Box<dyn Operation<T> + Send> {
        any!(self, update => Box::new(Layers::new(*update)))
    }

    /// [`Cell::operation`], with slices of so many groups of 16 trials.
    pub fn operation_in_slices<T: Lanes>(&self, groups: usize) -> Box<dyn Operation<T> + Send> {
        any!(self, update => Box::new(Layers::with_slices(*update, groups)))
    }

    /// Of the first part of a state, what the readout reads.
    pub(super) fn read(&self, state: &Tensor) -> Result<Tensor> {
        match self {
            Cell::Ctrnn(ctrnn) => ctrnn.nonlinearity.of(state),
            _ => Ok(state.clone()),
        }
    }
}
