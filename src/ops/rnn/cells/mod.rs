//! The built-in cells. The folder of a cell contains its descriptor (`mod.rs`: equation, parameter
//! blocks, initialization, options, documentation) and its kernels (`cpu.rs`). Networks, files,
//! import, export and the script module `rnn` iterate over the tables in this file, so that a new
//! cell requires its folder and one line in each of the two tables.

mod affine;
mod ctrnn;
mod descriptor;
mod gru;
mod gru_torch;
mod lstm;
mod ugrnn;
mod vanilla;

pub use ctrnn::Ctrnn;
pub use descriptor::{
    BlockShape, CellDescriptor, Constructor, Initializer, TorchLayout, WeightKind,
};
pub use gru::{AnyGru, Gru, GruOptions, Reset};
pub use gru_torch::GruTorch;
pub use lstm::Lstm;
pub use ugrnn::Ugrnn;
pub use vanilla::Vanilla;

use super::layers::{Layers, Operation, layout};
use super::{Nonlinearity, Sizes};
use crate::base::Result;
use crate::base::options::{Field, Options, Slot};
use crate::ops::Lanes;
use crate::tensor::{Layout, Tensor};

/// Declares the enum of the cells, the list of all cells, and a macro that evaluates the same
/// expression for each of them. `$d` is a dollar sign, for the inner macro.
macro_rules! cells {
    (($d:tt) $( $(#[$doc:meta])* $cell:ident, )*) => {
        /// A recurrent cell: the equation that computes a state from the previous one.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub enum Cell { $( $(#[$doc])* $cell($cell), )* }

        impl Cell {
            /// Every cell with its default options.
            pub fn all() -> Vec<Cell> {
                vec![ $( Cell::$cell($cell::default()), )* ]
            }
        }

        $( impl From<$cell> for Cell {
            fn from(cell: $cell) -> Cell { Cell::$cell(cell) }
        } )*

        macro_rules! dispatch_cell {
            ($d cell:expr, $d kernel:ident => $d value:expr) => {
                match $d cell { $( Cell::$cell($d kernel) => $d value, )* }
            };
        }
    };
}

cells! {
    ($)
    /// h' = f(wI x + wR h + bR)
    Vanilla,
    /// Update-gate RNN: one gate and the candidate state.
    Ugrnn,
    /// GRU with the reset gate before the matrix, as in the tutorials.
    Gru,
    /// GRU with the reset gate after the matrix, as in PyTorch.
    GruTorch,
    /// Long short-term memory.
    Lstm,
    /// a' = a + dt/tau (-a + wR f(a) + wI x + bR)
    Ctrnn,
}

/// A function of the type of a script constructor.
pub trait ConstructorVisitor {
    fn visit<C: Constructor + 'static>(&mut self)
    where
        Cell: From<C::Cell>;
}

/// Visits the script constructors of all cells, in the order of the documentation.
pub fn visit_constructors(visitor: &mut impl ConstructorVisitor) {
    visitor.visit::<Vanilla>();
    visitor.visit::<Ugrnn>();
    visitor.visit::<GruOptions>();
    visitor.visit::<Lstm>();
    visitor.visit::<Ctrnn>();
}

impl From<AnyGru> for Cell {
    fn from(gru: AnyGru) -> Cell {
        match gru {
            AnyGru::Before(gru) => gru.into(),
            AnyGru::After(gru) => gru.into(),
        }
    }
}

impl Default for Cell {
    /// The vanilla cell with tanh.
    fn default() -> Cell {
        Vanilla::default().into()
    }
}

/// The parts of a descriptor that depend on the type of the cell only.
struct Description {
    name: &'static str,
    file_name: &'static str,
    equation: &'static str,
    initial_states: &'static [&'static str],
    fields: fn() -> Vec<Field>,
    blocks: fn(usize, usize) -> Vec<BlockShape>,
    initializers: fn(usize, usize) -> Vec<Initializer>,
    gates: usize,
}

impl Description {
    fn of<C: CellDescriptor>(_: &C) -> Description {
        Description {
            name: C::NAME,
            file_name: C::FILE_NAME,
            equation: C::EQUATION,
            initial_states: C::INITIAL_STATES,
            fields: C::fields,
            blocks: C::blocks,
            initializers: C::initializers,
            gates: C::GATES,
        }
    }
}

impl Cell {
    fn description(&self) -> Description {
        dispatch_cell!(self, cell => Description::of(cell))
    }

    /// The name in messages.
    pub fn name(&self) -> &'static str {
        self.description().name
    }

    /// The name in files.
    pub fn file_name(&self) -> &'static str {
        self.description().file_name
    }

    /// One step and the readout as text.
    pub fn equation(&self) -> &'static str {
        self.description().equation
    }

    /// Names of the initial states.
    pub fn initial_states(&self) -> &'static [&'static str] {
        self.description().initial_states
    }

    /// Number of gates.
    pub fn gates(&self) -> usize {
        self.description().gates
    }

    /// Names and shapes of the parameters of a layer with i inputs and n units.
    pub fn blocks(&self, i: usize, n: usize) -> Vec<BlockShape> {
        (self.description().blocks)(i, n)
    }

    /// The random blocks of a layer with i inputs and n units, in the order in which they are
    /// drawn.
    pub fn initializers(&self, i: usize, n: usize) -> Vec<Initializer> {
        (self.description().initializers)(i, n)
    }

    /// The hyperparameters with their descriptions.
    pub fn hyperparameters(&mut self) -> Vec<(Field, Slot<'_>)> {
        let fields = (self.description().fields)();
        let slots = dispatch_cell!(self, cell => cell.slots());
        fields.into_iter().zip(slots).collect()
    }

    /// Errors: `Range` if a hyperparameter is out of range or contradicts another
    pub fn validate(&self) -> Result<()> {
        dispatch_cell!(self, cell => cell.validate())
    }

    /// The nonlinearity f, for cells with a choice of nonlinearity.
    pub fn nonlinearity(&self) -> Option<Nonlinearity> {
        dispatch_cell!(self, cell => cell.nonlinearity())
    }

    /// The largest modulus of a unit at any fixed point, if the cell bounds it.
    pub fn fixed_point_bound(&self) -> Option<f64> {
        dispatch_cell!(self, cell => cell.fixed_point_bound())
    }

    /// Whether the cell maps a ball of states into itself, for bounded inputs.
    pub fn is_bounded(&self) -> bool {
        dispatch_cell!(self, cell => cell.is_bounded())
    }

    /// The parameters in PyTorch; `None` if PyTorch does not have the cell.
    pub fn torch(&self) -> Option<TorchLayout> {
        dispatch_cell!(self, cell => cell.torch())
    }

    /// The function f for a readout of f(h) instead of the first part h of the state.
    pub fn readout_nonlinearity(&self) -> Option<Nonlinearity> {
        dispatch_cell!(self, cell => cell.readout_nonlinearity())
    }

    /// y, which the readout reads, computed from the first part of the state.
    pub fn readout_input(&self, state: &Tensor) -> Result<Tensor> {
        match self.readout_nonlinearity() {
            Some(f) => f.of(state),
            None => Ok(state.clone()),
        }
    }

    /// The parameter blocks of all layers and the readout.
    pub fn layout(&self, sizes: Sizes) -> Layout {
        layout(|i| self.blocks(i, sizes.units), sizes)
    }

    /// The number of state variables of all layers.
    pub fn state_size(&self, sizes: Sizes) -> usize {
        self.initial_states().len() * sizes.total_units()
    }

    /// The fused operation over the layers of the cell, with its buffers.
    pub fn operation<T: Lanes>(&self) -> Box<dyn Operation<T> + Send> {
        dispatch_cell!(self, kernel => Box::new(Layers::new(*kernel)))
    }

    /// [`Cell::operation`] with slices of `groups` groups of 16 trials.
    pub fn operation_in_slices<T: Lanes>(&self, groups: usize) -> Box<dyn Operation<T> + Send> {
        dispatch_cell!(self, kernel => Box::new(Layers::with_slice_groups(*kernel, groups)))
    }
}
