//! A network whose dtype and cell type are selected at run time.

use super::{Cell, Custom, Dynamics, NetworkOptions, Rnn, RunArgs, Spec};
use crate::base::{Error, Result};
use crate::tensor::precision::{Select, build_precision, map_precision, match_precision};
use crate::tensor::{AnyPrecision, Arena, DType, Layout, Precision, Real, Tensor};
use crate::train::Model;

/// A network with a built-in cell.
pub type AnyRnn = AnyPrecision<Rnn<f32>, Rnn<f64>>;

/// A network whose step is a user function.
pub type AnyCustom = AnyPrecision<Custom<f32>, Custom<f64>>;

/// A recurrent network in single or double precision.
#[derive(Debug, Clone)]
pub enum Network {
    BuiltIn(AnyRnn),
    Custom(AnyCustom),
}

/// Evaluates the same expression for each network type. All of them implement [`Dynamics`].
macro_rules! dispatch_network {
    ($network:expr, $net:ident => $value:expr) => {
        match $network {
            $crate::nn::Network::BuiltIn(net) => {
                $crate::tensor::precision::match_precision!(net, $net => $value)
            }
            $crate::nn::Network::Custom(net) => {
                $crate::tensor::precision::match_precision!(net, $net => $value)
            }
        }
    };
}

pub(crate) use dispatch_network;

impl<T> From<Rnn<T>> for Network
where
    AnyRnn: Select<T, Value = Rnn<T>>,
{
    fn from(net: Rnn<T>) -> Network {
        Network::BuiltIn(AnyRnn::wrap(net))
    }
}

impl<T> From<Custom<T>> for Network
where
    AnyCustom: Select<T, Value = Custom<T>>,
{
    fn from(net: Custom<T>) -> Network {
        Network::Custom(AnyCustom::wrap(net))
    }
}

impl Network {
    /// A new network with a built-in cell.
    ///
    /// Errors: `Range` if an option is out of range.
    pub fn new(cell: Cell, options: &NetworkOptions) -> Result<Network> {
        let net = build_precision!(options.dtype => options.build(cell)?);
        Ok(Network::BuiltIn(net))
    }

    /// The cell and the sizes, if the cell is built in.
    pub fn spec(&self) -> Option<&Spec> {
        match self {
            Network::BuiltIn(net) => Some(match_precision!(net, net => &net.spec)),
            Network::Custom(_) => None,
        }
    }

    /// i
    pub fn inputs(&self) -> usize {
        dispatch_network!(self, net => net.inputs())
    }

    /// n, the number of units of one layer in one direction.
    pub fn units(&self) -> usize {
        dispatch_network!(self, net => net.units())
    }

    /// o
    pub fn outputs(&self) -> usize {
        dispatch_network!(self, net => net.outputs())
    }

    /// s, the number of state variables.
    pub fn state(&self) -> usize {
        dispatch_network!(self, net => net.state())
    }

    /// The precision in which the network computes.
    pub fn precision(&self) -> Precision {
        match self {
            Network::BuiltIn(net) => net.precision(),
            Network::Custom(net) => net.precision(),
        }
    }

    /// The dtype in which the network computes.
    pub fn dtype(&self) -> DType {
        self.precision().dtype()
    }

    /// The names and shapes of the parameters, in order.
    pub fn layout(&self) -> &Layout {
        dispatch_network!(self, net => net.params.layout())
    }

    /// A copy of the parameter `name`.
    ///
    /// Errors: `Unknown` if there is no such parameter.
    pub fn parameter(&self, name: &str) -> Result<Tensor> {
        dispatch_network!(self, net => net.params.tensor(name))
    }

    /// Overwrites one parameter with `value`, converted to the dtype of the network.
    ///
    /// Errors: `Unknown` if there is no such parameter; `Shape` if its shape differs.
    pub fn set(&mut self, name: &str, value: &Tensor) -> Result<()> {
        dispatch_network!(self, net => net.params.set(name, value))
    }

    /// [`Dynamics::run_bytes`]
    pub fn run_bytes(&self, size: [usize; 2], differentiable: bool) -> usize {
        dispatch_network!(self, net => net.run_bytes(size, differentiable))
    }

    /// [`Dynamics::run`]
    pub fn run(&self, args: &RunArgs<'_>) -> Result<[Tensor; 2]> {
        dispatch_network!(self, net => Dynamics::run(net, args))
    }

    /// [`Dynamics::step`]
    ///
    /// Errors: `Shape` if the shape of h or x is wrong
    pub fn step(&self, h: &Tensor, x: &Tensor) -> Result<Tensor> {
        self.check_shapes(h, x)?;
        dispatch_network!(self, net => Dynamics::step(net, h, x))
    }

    /// [`Dynamics::jacobians`]
    ///
    /// Errors: `Shape` if the shape of h or x is wrong
    pub fn jacobians(&self, h: &Tensor, x: &Tensor) -> Result<[Tensor; 2]> {
        self.check_shapes(h, x)?;
        dispatch_network!(self, net => Dynamics::jacobians(net, h, x))
    }

    /// The outputs at the given states.
    ///
    /// Shapes: [.., s] -> [.., o]
    /// Errors: `Shape` if the size of the last axis is not s
    pub fn readout(&self, states: &Tensor) -> Result<Tensor> {
        let state = self.state();
        if states.dims().last() != Some(&state) {
            return Err(shape_error("states", format!("[.., {state}]"), states));
        }
        let states = states.to_dtype(self.dtype())?;
        dispatch_network!(self, net => net.readout(&states))
    }

    fn check_shapes(&self, h: &Tensor, x: &Tensor) -> Result<()> {
        let trials = h.dims().first().copied().unwrap_or_default();
        let (state, inputs) = (self.state(), self.inputs());
        if h.dims() != [trials, state] {
            return Err(shape_error("h", format!("[b, {state}]"), h));
        }
        if x.dims() != [trials, inputs] {
            return Err(shape_error("x", format!("[{trials}, {inputs}]"), x));
        }
        Ok(())
    }

    /// Whether all parameters equal those of `other` bit for bit. Both networks must have the same
    /// sizes; networks of different dtypes are not equal.
    pub fn same_parameters(&self, other: &Network) -> bool {
        fn bits<T: Real>(params: &Arena<T>) -> Vec<u64> {
            params.data.iter().map(|x| x.double().to_bits()).collect()
        }
        let all_bits = |network: &Network| dispatch_network!(network, net => bits(&net.params));
        self.dtype() == other.dtype() && all_bits(self) == all_bits(other)
    }

    /// Copies all parameters from a network with the same sizes and dtype.
    pub fn copy_parameters_from(&mut self, other: &Network) {
        fn copy<T: Copy>((into, from): (&mut Arena<T>, &Arena<T>)) {
            into.data.copy_from_slice(&from.data);
        }
        let into = match self {
            Network::BuiltIn(net) => map_precision!(net, net => &mut net.params),
            Network::Custom(net) => map_precision!(net, net => &mut net.params),
        };
        let from = match other {
            Network::BuiltIn(net) => map_precision!(net, net => &net.params),
            Network::Custom(net) => map_precision!(net, net => &net.params),
        };
        let both = into.zip(from).expect("a copy has the same dtype");
        match_precision!(both, arenas => copy(arenas));
    }
}

fn shape_error(what: &'static str, expected: String, found: &Tensor) -> Error {
    Error::Shape {
        op: "network",
        what,
        expected,
        found: found.dims().to_vec(),
    }
}
