//! A network whose kind of number is chosen while the program runs.

use super::{Cell, Plan, Recipe, Rnn};
use crate::base::Result;
use crate::choices;
use crate::tensor::{Arena, DType, Layout, Tensor};

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

/// A recurrent network in one of two kinds of number.
#[derive(Debug, Clone)]
pub enum Network {
    F32(Rnn<f32>),
    F64(Rnn<f64>),
}

/// Does the same with either kind.
macro_rules! either {
    ($network:expr, $net:ident => $value:expr) => {
        match $network {
            Network::F32($net) => $value,
            Network::F64($net) => $value,
        }
    };
}

pub(super) use either;

impl Network {
    /// A new network of a cell.
    ///
    /// Errors: `Range` if an option is outside its span.
    pub fn new(cell: Cell, recipe: &Recipe) -> Result<Network> {
        Ok(match recipe.dtype {
            Precision::F32 => Network::F32(recipe.build(cell)?),
            Precision::F64 => Network::F64(recipe.build(cell)?),
        })
    }

    /// The cell and the sizes.
    pub fn plan(&self) -> &Plan {
        either!(self, net => &net.plan)
    }

    /// Standard deviation of the state noise, and the dropout between layers.
    pub fn noise(&self) -> (f64, f64) {
        either!(self, net => (net.noise, net.dropout))
    }

    /// The kind of number it computes in.
    pub fn dtype(&self) -> DType {
        match self {
            Network::F32(_) => DType::F32,
            Network::F64(_) => DType::F64,
        }
    }

    /// The names and shapes of the parameters, in their order.
    pub fn layout(&self) -> &Layout {
        either!(self, net => net.params.layout())
    }

    /// A copy of the parameter called `name`.
    ///
    /// Errors: `Unknown` if there is none.
    pub fn parameter(&self, name: &str) -> Result<Tensor> {
        either!(self, net => net.params.tensor(name))
    }

    /// Overwrites one parameter, converted to the network's kind of number.
    ///
    /// Errors: `Unknown` if there is none; `Shape` if it has another shape.
    pub fn set(&mut self, name: &str, value: &Tensor) -> Result<()> {
        either!(self, net => net.params.set(name, value))
    }

    /// Whether all parameters have the same bits as those of a network of the same sizes and kind
    /// of number.
    pub fn same_parameters(&self, other: &Network) -> bool {
        fn same<T: Copy + Into<f64>>(one: &Arena<T>, other: &Arena<T>) -> bool {
            let bits = |x: &T| -> u64 { (*x).into().to_bits() };
            one.data.iter().map(bits).eq(other.data.iter().map(bits))
        }
        match (self, other) {
            (Network::F32(one), Network::F32(other)) => same(&one.params, &other.params),
            (Network::F64(one), Network::F64(other)) => same(&one.params, &other.params),
            _ => false,
        }
    }

    /// Takes all parameters over from a network of the same sizes and kind of number.
    pub fn take_parameters(&mut self, other: &Network) {
        fn copy<T: Copy>(into: &mut Arena<T>, from: &Arena<T>) {
            into.data.copy_from_slice(&from.data);
        }
        match (self, other) {
            (Network::F32(into), Network::F32(from)) => copy(&mut into.params, &from.params),
            (Network::F64(into), Network::F64(from)) => copy(&mut into.params, &from.params),
            _ => unreachable!("a network keeps its kind of number"),
        }
    }
}
