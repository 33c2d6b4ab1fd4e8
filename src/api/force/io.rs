//! Script module `force`: networks in HDF5 files.

use std::cell::RefCell;
use std::rc::Rc;

use super::Force;
use crate::api::context::Context;
use crate::api::convert::New;
use crate::api::file_kind::{print_not_finite, unexpected_content};
use crate::api::h5;
use crate::models::force::{Network, serialize};
use crate::tensor::precision::{build_precision, match_precision};

crate::natives! {
    /// FORCE learning: a chaotic network with output feedback, whose readout is trained online by
    /// recursive least squares.
    module "force";

    /// Writes the network to an HDF5 file: weights (as [out, in]), the current state, and P.
    /// `force::load` reads it, and training continues bit for bit. A relative path starts in the
    /// folder of `--out`.
    ///
    /// > let net = force::network(#{ units: 30, seed: 4 });
    /// > force::train(net, zeros([50, 1]), ones([50, 1]));
    /// > net.save("learner.h5");
    /// > h5::read("learner.h5").wO.shape()
    /// = [1, 30]
    fn save(cx: &Context, this: Rc<Force>, path: String) -> () {
        let (tree, attributes) = match_precision!(&*this.0.borrow(), net => net.to_tree()?);
        h5::save(cx, &path, &tree, attributes, 0)
    }

    /// Loads a network that `save` wrote, with its state and P at that time.
    ///
    /// > let net = force::network(#{ units: 30, seed: 4 });
    /// > force::train(net, zeros([50, 1]), ones([50, 1]));
    /// > net.save("learner.h5");
    /// > let again = force::load("learner.h5");
    /// > (again.run(9).outputs - net.run(9).outputs).abs().max().item()
    /// = 0.0
    fn load(cx: &Context, path: String) -> New<Force> {
        let content = h5::load(cx, &path)?;
        let path = cx.input_path(&path)?;
        let Some(precision) = serialize::precision(&content) else {
            let expected = "a network that `save` of a force network wrote";
            let hint = "networks of other kinds are read by `rnn::load`, arrays by `h5::read`";
            return Err(unexpected_content(&path, &content, expected, hint).into());
        };
        let network = build_precision!(precision => Network::from_content(&path, &content)?);
        print_not_finite(cx, "force::load", &path, &content.tree)?;
        Ok(New(Force(RefCell::new(network))))
    }
}
