//! The table `rnn`, second part: networks in files, single steps, the readout alone.

use std::cell::RefCell;
use std::rc::Rc;

use super::context::Context;
use super::convert::New;
use super::h5;
use super::rnn::{Net, wrong_shape};
use crate::base::options::Choice;
use crate::base::{Error, Result};
use crate::io::tutorial::Parameters;
use crate::io::{self, Tree};
use crate::nn::{Cell, Network, Rnn};
use crate::ops::Lanes;
use crate::ops::rnn::Nonlinearity;
use crate::tensor::{DType, Device, Tensor, values};

crate::natives! {
    /// Recurrent networks.
    module "rnn";

    /// A network from a file: one that `network.save` wrote, or parameters h0, wI, wR, wO, bR, bO
    /// as the notebooks save them (then with tanh and without noise). It computes in the kind of
    /// number that the file holds.
    ///
    /// > rnn::vanilla(#{ units: 30, seed: 4 }).save("thirty.h5");
    /// > rnn::load("thirty.h5")
    /// = vanilla network: 1 input, 30 units (tanh), 1 output, f32
    fn load(cx: &Context, path: String) -> New<Net> {
        let content = h5::load(cx, &path)?;
        let params = Parameters::from_tree(&h5::input(cx, &path), &content.tree)?;
        let said = content.attributes.of("").cloned().unwrap_or_default();
        let mut cell = Nonlinearity::default();
        if let Some(Tree::Text(word)) = said.get("nonlinearity")
            && !cell.choose(word)
        {
            let known = cell.words().iter().map(|word| word.to_string()).collect();
            let (of, name) = (format!("rnn::load: {path}"), word.clone());
            return Err(Error::Unknown { of, sort: "nonlinearity", name, known }.into());
        }
        let noise = match said.get("noise") {
            Some(Tree::Float(noise)) => *noise,
            _ => 0.0,
        };
        Ok(New(Net(RefCell::new(network(&params, Cell::Vanilla(cell), noise)?))))
    }

    /// Writes the parameters and what the cell is to an HDF5 file; `rnn::load` reads it, and so
    /// does h5py: data sets h0, wI, wR, wO, bR, bO, weights as [out, in]. A relative path begins in
    /// the folder of `--out`.
    fn save(cx: &Context, this: Rc<Net>, path: String) -> () {
        let net = this.0.borrow();
        let blocks = net.layout().blocks().iter();
        let entry = |name: &'static str| Ok((name.to_string(), Tree::Tensor(net.parameter(name)?)));
        let tree = Tree::Map(blocks.map(|block| entry(block.name)).collect::<Result<io::Map>>()?);
        let cell = net.cell();
        let said = io::Map::from([
            ("cell".into(), Tree::Text(cell.word().into())),
            ("nonlinearity".into(), Tree::Text(cell.nonlinearity().word().into())),
            ("noise".into(), Tree::Float(net.noise())),
            ("equation".into(), Tree::Text(cell.equation().into())),
        ]);
        h5::save(cx, &path, &tree, said, 0)
    }

    /// The states one step later, for states h [b, n] and inputs x [b, i].
    ///
    /// > let net = rnn::vanilla(#{ inputs: 1, units: 3 });
    /// > let x = random::normal(random::key(1), [4, 5, 1]);
    /// > let run = net.run(x).states;
    /// > let next = net.step(run.slice(1, 3, 4).squeeze(1), x.slice(1, 4, 5).squeeze(1));
    /// > (next - run.slice(1, 4, 5).squeeze(1)).abs().max().item() < 1e-6
    /// = true
    fn step(this: Rc<Net>, h: Tensor, x: Tensor) -> Tensor {
        match &*this.0.borrow() {
            Network::F32(net) => Ok(step(net, &h, &x)?),
            Network::F64(net) => Ok(step(net, &h, &x)?),
        }
    }

    /// The outputs wO h + bO of states whose last axis is the units.
    ///
    /// > let net = rnn::vanilla(#{ inputs: 1, units: 3, outputs: 2 });
    /// > let run = net.run(random::normal(random::key(1), [4, 5, 1]));
    /// > (net.readout(run.states) - run.outputs).abs().max().item() < 1e-6
    /// = true
    fn readout(this: Rc<Net>, states: Tensor) -> Tensor {
        Ok(this.0.borrow().readout(&states)?)
    }
}

fn step<T: Lanes>(net: &Rnn<T>, h: &Tensor, x: &Tensor) -> Result<Tensor> {
    let trials = h.dims().first().copied().unwrap_or_default();
    if h.dims() != [trials, net.units] {
        return Err(wrong_shape("h", format!("[b, {}]", net.units), h));
    }
    if x.dims() != [trials, net.inputs] {
        return Err(wrong_shape("x", format!("[{trials}, {}]", net.inputs), x));
    }
    let (h, x) = (values::reals::<T>(h)?, values::reals::<T>(x)?);
    let mut next = vec![T::of(0.0); trials * net.units];
    net.step(&mut net.work(), &h, &x, &mut next)?;
    Ok(Tensor::from_vec(next, (trials, net.units), &Device::Cpu)?)
}

/// The network with these parameters, in their kind of number.
fn network(params: &Parameters, cell: Cell, noise: f64) -> Result<Network> {
    let sizes = [params.inputs(), params.units(), params.outputs()];
    let mut network = match params.w_rec.dtype() {
        DType::F64 => Network::F64(Rnn {
            noise,
            ..Rnn::zeros(cell, sizes)
        }),
        _ => Network::F32(Rnn {
            noise,
            ..Rnn::zeros(cell, sizes)
        }),
    };
    let Tree::Map(tree) = params.tree() else {
        return Ok(network);
    };
    for (name, value) in &tree {
        if let Tree::Tensor(tensor) = value {
            network.set(name, tensor)?;
        }
    }
    Ok(network)
}
