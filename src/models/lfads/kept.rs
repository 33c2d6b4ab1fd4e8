//! A model in a file: a data set for each block of parameters, and what else it is as attributes.

use std::path::Path;

use super::Model;
use crate::base::{Error, Result};
use crate::io::hdf5::Content;
use crate::io::{Entries, Map, Tree};
use crate::ops::Lanes;
use crate::ops::lfads::Sizes;
use crate::tensor::DType;

/// What a file says that it holds.
const WHAT: &str = "lfads model";

impl<T: Lanes> Model<T> {
    /// The entries of a file, and what it says of itself.
    pub fn kept(&self) -> Result<(Tree, Map)> {
        let blocks = self.params.layout().blocks().iter();
        let entries = blocks.map(|block| {
            let tensor = self.params.tensor(&block.name)?;
            Ok((block.name.clone(), Tree::Tensor(tensor)))
        });
        let s = self.sizes;
        let mut said = Map::from([
            ("what".into(), WHAT.into()),
            ("gaussian".into(), s.gaussian.into()),
            ("keep".into(), self.keep.into()),
            ("var_min".into(), self.var_min.into()),
            ("dt".into(), self.dt.into()),
        ]);
        for (name, count) in counts(&mut s.clone()) {
            said.insert(name.into(), Tree::Int(*count as i64));
        }
        Ok((Tree::Map(entries.collect::<Result<Map>>()?), said))
    }

    /// The model that a file holds.
    ///
    /// Errors: `File` if a block is missing or of another shape; `Kind` if an attribute is missing
    /// or cannot be
    pub fn of_kept(path: &Path, content: &Content) -> Result<Model<T>> {
        let said = content.attributes.of("");
        let wrong = |name: &str, expected: &str| Error::Kind {
            of: format!("{}: attribute `{name}`", path.display()),
            expected: expected.into(),
            found: said
                .and_then(|said| said.get(name))
                .map_or("nothing", Tree::kind)
                .into(),
        };
        let number = |name: &str| match said.and_then(|said| said.get(name)) {
            Some(Tree::Float(x)) if x.is_finite() && *x > 0.0 => Ok(*x),
            _ => Err(wrong(name, "a number above 0")),
        };
        let mut sizes = Sizes {
            batch: 1,
            time: 1,
            ..Sizes::default()
        };
        for (name, into) in counts(&mut sizes) {
            *into = match said.and_then(|said| said.get(name)) {
                Some(Tree::Int(n)) if (0..=MOST).contains(n) => *n as usize,
                _ => return Err(wrong(name, "a count")),
            };
        }
        sizes.gaussian = matches!(
            said.and_then(|said| said.get("gaussian")),
            Some(Tree::Bool(true))
        );
        let square = sizes.generator.saturating_mul(sizes.generator);
        let held = content.tree.bytes() as usize;
        if square > held {
            return Err(wrong(
                "generator",
                "a count that the file's parameters are enough for",
            ));
        }
        let file = Entries {
            path,
            tree: &content.tree,
        };
        let mut model = Model::zeros(sizes);
        model.keep = number("keep")?;
        model.var_min = number("var_min")?;
        model.dt = number("dt")?;
        for block in model.params.layout().clone().blocks() {
            let tensor = file.shaped(&block.name, &block.shape)?;
            model.params.set(&block.name, tensor)?;
        }
        Ok(model)
    }
}

/// No file that this program wrote holds larger sizes.
const MOST: i64 = 1 << 20;

fn counts(sizes: &mut Sizes) -> [(&'static str, &mut usize); 6] {
    let Sizes {
        channels,
        encoder,
        controller,
        inferred,
        generator,
        factors,
        ..
    } = sizes;
    [
        ("channels", channels),
        ("encoder", encoder),
        ("controller", controller),
        ("inferred", inferred),
        ("generator", generator),
        ("factors", factors),
    ]
}

/// The kind of number of the model in a file; none if it holds no model.
pub fn dtype(content: &Content) -> Option<DType> {
    match content.attributes.of("")?.get("what") {
        Some(Tree::Text(what)) if what == WHAT => Some(content.tree.tensor("rates_w")?.dtype()),
        _ => None,
    }
}
