//! Script module `lfads`: models in HDF5 files.

use std::cell::RefCell;
use std::rc::Rc;

use super::Lfads;
use crate::api::context::Context;
use crate::api::convert::New;
use crate::api::file_kind::{print_not_finite, unexpected_content};
use crate::api::h5;
use crate::models::lfads::{Model, serialize};
use crate::tensor::precision::{build_precision, match_precision};

crate::natives! {
    /// LFADS: inference of the latent dynamics, initial conditions and inputs of observed trials.
    module "lfads";

    /// Writes the model to an HDF5 file: one data set per parameter, with weights as [out, in], and
    /// sizes and constants as attributes. A relative path starts in the folder of `--out`.
    ///
    /// > lfads::model(#{ channels: 5, factors: 3 }).save("model.h5");
    /// > h5::read("model.h5").rates_w.shape()
    /// = [5, 3]
    fn save(cx: &Context, this: Rc<Lfads>, path: String) -> () {
        let (tree, attributes) = match_precision!(&*this.0.borrow(), model => model.to_tree()?);
        h5::save(cx, &path, &tree, attributes, 0)
    }

    /// Loads a model that `save` wrote.
    ///
    /// > lfads::model(#{ channels: 5, factors: 3 }).save("model.h5");
    /// > lfads::load("model.h5")
    /// = lfads model: 5 poisson channels, 3 factors, 1 inferred input, generator of 128 units, f32
    fn load(cx: &Context, path: String) -> New<Lfads> {
        let content = h5::load(cx, &path)?;
        let path = cx.input_path(&path)?;
        let Some(precision) = serialize::precision(&content) else {
            let expected = "a model that `save` of an lfads model wrote";
            let hint = "networks are read by `rnn::load` and `force::load`, arrays by `h5::read`";
            return Err(unexpected_content(&path, &content, expected, hint).into());
        };
        let model = build_precision!(precision => Model::from_content(&path, &content)?);
        print_not_finite(cx, "lfads::load", &path, &content.tree)?;
        Ok(New(Lfads(RefCell::new(model))))
    }
}
