//! The description of a cell: everything that scripts, files, initialization and other programs
//! need to know about it, besides its kernels.

use std::fmt::Debug;
use std::ops::Range;

use crate::base::Result;
use crate::base::options::Options;
use crate::ops::rnn::Nonlinearity;

/// Name and shape of a block of parameters.
pub type BlockShape = (&'static str, Vec<usize>);

/// A cell. Its options are the hyperparameters that the equation contains; files store them under
/// the same names.
pub trait CellDescriptor: Options + Copy + PartialEq + Debug + Send + Sync + 'static {
    /// The name in messages.
    const NAME: &'static str;
    /// The name in files.
    const FILE_NAME: &'static str = Self::NAME;
    /// One step and the readout as text, for the metadata of files.
    const EQUATION: &'static str;
    /// Names of the initial states of the parts of the state, n elements each; y is computed from
    /// the first part.
    const INITIAL_STATES: &'static [&'static str] = &["h0"];
    /// Number of parts of the state (2 for LSTM: h and c).
    const STATE_PARTS: usize = Self::INITIAL_STATES.len();
    /// Number of gates: blocks of n rows of the weights.
    const GATES: usize;

    /// Names and shapes of the parameters of a layer with i inputs and n units; the initial states
    /// come first, [n] each.
    fn blocks(i: usize, n: usize) -> Vec<BlockShape>;

    /// The blocks that are initialized with random values, in the order in which they are drawn.
    /// All others are 0.
    fn initializers(i: usize, n: usize) -> Vec<Initializer> {
        vec![
            Initializer::state("h0"),
            Initializer::input("wI", 0..i),
            Initializer::recurrent("wR", 0..n),
        ]
    }

    /// Errors: `Range` if an option is out of range or contradicts another
    fn validate(mut self) -> Result<()> {
        self.check()
    }

    /// The nonlinearity f, for cells with a choice of nonlinearity.
    fn nonlinearity(&self) -> Option<Nonlinearity> {
        None
    }

    /// The largest modulus of a unit at any fixed point, if the cell bounds it.
    fn fixed_point_bound(&self) -> Option<f64> {
        None
    }

    /// Whether the cell maps a ball of states into itself, for bounded inputs.
    fn is_bounded(&self) -> bool {
        self.fixed_point_bound().is_some()
    }

    /// The function f for a readout of f(h) instead of the first part h of the state.
    fn readout_nonlinearity(&self) -> Option<Nonlinearity> {
        None
    }

    /// The parameters in PyTorch; `None` if PyTorch does not have the cell.
    fn torch(&self) -> Option<TorchLayout> {
        None
    }
}

/// A random block of parameters, or some of its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initializer {
    pub block: &'static str,
    pub columns: Range<usize>,
    pub kind: WeightKind,
}

/// What a block of parameters is multiplied with; determines the scale of its initial values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightKind {
    /// An initial state.
    InitialState,
    /// Weights of the inputs.
    Input,
    /// Weights of the recurrent state, scaled by the gain.
    Recurrent,
}

impl Initializer {
    pub fn state(block: &'static str) -> Initializer {
        Initializer {
            block,
            columns: 0..1,
            kind: WeightKind::InitialState,
        }
    }

    pub fn input(block: &'static str, columns: Range<usize>) -> Initializer {
        Initializer {
            block,
            columns,
            kind: WeightKind::Input,
        }
    }

    pub fn recurrent(block: &'static str, columns: Range<usize>) -> Initializer {
        Initializer {
            block,
            columns,
            kind: WeightKind::Recurrent,
        }
    }
}

/// The parameters of a cell in PyTorch. The matrices are wI and wR, with one block of n rows per
/// gate in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TorchLayout {
    /// Number of gates, which identifies the cell.
    pub gates: usize,
    /// Whether both biases are parameters, bI and bR; otherwise bR is their sum.
    pub separate_biases: bool,
}

/// The script function that creates networks of a cell; its options precede those of all networks.
pub trait Constructor: Options {
    /// The cell, or an enum of the cells among which the options choose.
    type Cell;
    /// The name in the script module `rnn`.
    const FUNCTION: &'static str;
    /// The documentation, with an example; see the table of the script functions.
    const DOC: &'static str;

    /// Errors: `Range` if an option is out of range or contradicts another
    fn cell(&self) -> Result<Self::Cell>;

    /// The cells among which the options choose, with the choice as text; a single one without a
    /// text by default. `help` lists the parameters of each.
    fn variants() -> Vec<(&'static str, Self::Cell)> {
        let cell = Self::default().cell();
        cell.into_iter().map(|cell| ("", cell)).collect()
    }
}
