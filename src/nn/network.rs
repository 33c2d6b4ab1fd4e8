//! A network whose kind of number, and whose kind of cell, is chosen while the program runs.

use super::{Call, Cell, Custom, Dynamics, Plan, Recipe, Rnn};
use crate::base::{Error, Result};
use crate::choices;
use crate::tensor::{Arena, DType, Layout, Real, Tensor};
use crate::train::Model;

choices! {
    /// The kind of number that a network computes in.
    pub enum Precision {
        #[default]
        F32 = "f32",
        F64 = "f64",
    }
}

impl Precision {
    /// The kind of number, as tensors name it.
    pub fn dtype(self) -> DType {
        match self {
            Precision::F32 => DType::F32,
            Precision::F64 => DType::F64,
        }
    }
}

/// A recurrent network in one of two kinds of number: of a built-in cell, or of a user's own.
#[derive(Debug, Clone)]
pub enum Network {
    F32(Rnn<f32>),
    F64(Rnn<f64>),
    CustomF32(Custom<f32>),
    CustomF64(Custom<f64>),
}

/// Does the same with whichever network it is; all of them have [`Dynamics`].
macro_rules! whichever {
    ($network:expr, $net:ident => $value:expr) => {
        match $network {
            $crate::nn::Network::F32($net) => $value,
            $crate::nn::Network::F64($net) => $value,
            $crate::nn::Network::CustomF32($net) => $value,
            $crate::nn::Network::CustomF64($net) => $value,
        }
    };
}

pub(crate) use whichever;

macro_rules! wrapped {
    ($($kind:ident($net:ty);)*) => { $(
        impl From<$net> for Network {
            fn from(net: $net) -> Network {
                Network::$kind(net)
            }
        }
    )* };
}

wrapped! {
    F32(Rnn<f32>);
    F64(Rnn<f64>);
    CustomF32(Custom<f32>);
    CustomF64(Custom<f64>);
}

impl Network {
    /// A new network of a built-in cell.
    ///
    /// Errors: `Range` if an option is outside its span.
    pub fn new(cell: Cell, recipe: &Recipe) -> Result<Network> {
        Ok(match recipe.dtype {
            Precision::F32 => Network::F32(recipe.build(cell)?),
            Precision::F64 => Network::F64(recipe.build(cell)?),
        })
    }

    /// The cell and the sizes, if the cell is a built-in one.
    pub fn plan(&self) -> Option<&Plan> {
        match self {
            Network::F32(net) => Some(&net.plan),
            Network::F64(net) => Some(&net.plan),
            Network::CustomF32(_) | Network::CustomF64(_) => None,
        }
    }

    /// i
    pub fn inputs(&self) -> usize {
        whichever!(self, net => net.ports()[0])
    }

    /// n, of a layer in one direction.
    pub fn units(&self) -> usize {
        whichever!(self, net => net.units())
    }

    /// o
    pub fn outputs(&self) -> usize {
        whichever!(self, net => net.ports()[1])
    }

    /// s, the numbers of a state.
    pub fn state(&self) -> usize {
        whichever!(self, net => net.state())
    }

    /// The kind of number it computes in.
    pub fn dtype(&self) -> DType {
        match self {
            Network::F32(_) | Network::CustomF32(_) => DType::F32,
            Network::F64(_) | Network::CustomF64(_) => DType::F64,
        }
    }

    /// The names and shapes of the parameters, in their order.
    pub fn layout(&self) -> &Layout {
        whichever!(self, net => net.params.layout())
    }

    /// A copy of the parameter called `name`.
    ///
    /// Errors: `Unknown` if there is none.
    pub fn parameter(&self, name: &str) -> Result<Tensor> {
        whichever!(self, net => net.params.tensor(name))
    }

    /// Overwrites one parameter, converted to the network's kind of number.
    ///
    /// Errors: `Unknown` if there is none; `Shape` if it has another shape.
    pub fn set(&mut self, name: &str, value: &Tensor) -> Result<()> {
        whichever!(self, net => net.params.set(name, value))
    }

    /// [`Dynamics::response`]
    pub fn response(&self, call: &Call<'_>) -> Result<[Tensor; 2]> {
        whichever!(self, net => net.response(call))
    }

    /// [`Dynamics::next`]
    ///
    /// Errors: `Shape` if h and x do not fit
    pub fn next(&self, h: &Tensor, x: &Tensor) -> Result<Tensor> {
        self.fits(h, x)?;
        whichever!(self, net => net.next(h, x))
    }

    /// [`Dynamics::slopes`]
    ///
    /// Errors: `Shape` if h and x do not fit
    pub fn slopes(&self, h: &Tensor, x: &Tensor) -> Result<[Tensor; 2]> {
        self.fits(h, x)?;
        whichever!(self, net => net.slopes(h, x))
    }

    /// The outputs of states.
    ///
    /// Shapes: [.., s] -> [.., o]
    /// Errors: `Shape` if the last axis is not a state
    pub fn readout(&self, states: &Tensor) -> Result<Tensor> {
        let state = self.state();
        if states.dims().last() != Some(&state) {
            return Err(misfit("states", format!("[.., {state}]"), states));
        }
        let states = states.to_dtype(self.dtype())?;
        whichever!(self, net => net.readout(&states))
    }

    fn fits(&self, h: &Tensor, x: &Tensor) -> Result<()> {
        let trials = h.dims().first().copied().unwrap_or_default();
        let (state, inputs) = (self.state(), self.inputs());
        if h.dims() != [trials, state] {
            return Err(misfit("h", format!("[b, {state}]"), h));
        }
        if x.dims() != [trials, inputs] {
            return Err(misfit("x", format!("[{trials}, {inputs}]"), x));
        }
        Ok(())
    }

    /// Whether all parameters have the same bits as those of a network of the same sizes and kind
    /// of number.
    pub fn same_parameters(&self, other: &Network) -> bool {
        fn bits<T: Real>(params: &Arena<T>) -> Vec<u64> {
            params.data.iter().map(|x| x.double().to_bits()).collect()
        }
        let all = |of: &Network| whichever!(of, net => bits(&net.params));
        self.dtype() == other.dtype() && all(self) == all(other)
    }

    /// Takes all parameters over from a network of the same sizes and kind of number.
    pub fn take_parameters(&mut self, other: &Network) {
        fn copy<T: Copy>(into: &mut Arena<T>, from: &Arena<T>) {
            into.data.copy_from_slice(&from.data);
        }
        match (self, other) {
            (Network::F32(into), Network::F32(from)) => copy(&mut into.params, &from.params),
            (Network::F64(into), Network::F64(from)) => copy(&mut into.params, &from.params),
            (Network::CustomF32(into), Network::CustomF32(from)) => {
                copy(&mut into.params, &from.params);
            }
            (Network::CustomF64(into), Network::CustomF64(from)) => {
                copy(&mut into.params, &from.params);
            }
            _ => unreachable!("a network keeps its kind"),
        }
    }
}

fn misfit(what: &'static str, expected: String, found: &Tensor) -> Error {
    Error::Shape {
        op: "network",
        what,
        expected,
        found: found.dims().to_vec(),
    }
}
