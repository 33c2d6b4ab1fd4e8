//! Serialization of a model: one HDF5 data set per parameter block, and the settings as attributes.

use std::path::Path;

use super::Model;
use crate::base::{Error, Result};
use crate::io::hdf5::Content;
use crate::io::{Lookup, Map, Tree};
use crate::ops::Lanes;
use crate::ops::lfads::Sizes;
use crate::tensor::Precision;

/// The value of the attribute `what`, which identifies the file.
pub const KIND: &str = "lfads model";

/// Exceeds every size in a file written by this program.
const MAX_SIZE: i64 = 1 << 20;

impl<T: Lanes> Model<T> {
    /// The entries and the attributes of a file.
    pub fn to_tree(&self) -> Result<(Tree, Map)> {
        let blocks = self.params.layout().blocks().iter();
        let entries = blocks.map(|block| {
            let tensor = self.params.tensor(&block.name)?;
            Ok((block.name.clone(), Tree::Tensor(tensor)))
        });
        let s = self.sizes;
        let mut attributes = Map::from([
            ("what".into(), KIND.into()),
            ("gaussian".into(), s.gaussian.into()),
            ("keep".into(), self.keep_prob.into()),
            ("var_min".into(), self.var_min.into()),
            ("dt".into(), self.dt.into()),
        ]);
        for (name, count) in size_fields(&mut s.clone()) {
            attributes.insert(name.into(), Tree::Int(*count as i64));
        }
        Ok((Tree::Map(entries.collect::<Result<Map>>()?), attributes))
    }

    /// The model in a file.
    ///
    /// Errors: `File` if a block is missing or has the wrong shape; `Kind` if an attribute is
    /// missing or invalid
    pub fn from_content(path: &Path, content: &Content) -> Result<Model<T>> {
        let attributes = Attributes {
            path,
            map: content.attributes.get(""),
        };
        let sizes = attributes.sizes()?;
        let square = sizes.generator.saturating_mul(sizes.generator);
        let bytes = content.tree.bytes() as usize;
        if square > bytes {
            return Err(attributes.error(
                "generator",
                "a size consistent with the parameters in the file",
            ));
        }
        let file = Lookup {
            path,
            tree: &content.tree,
        };
        let mut model = Model::zeros(sizes);
        model.keep_prob = attributes.number("keep")?;
        model.var_min = attributes.number("var_min")?;
        model.dt = attributes.number("dt")?;
        for block in model.params.layout().clone().blocks() {
            let tensor = file.tensor_of_shape(&block.name, &block.shape)?;
            model.params.set(&block.name, tensor)?;
        }
        Ok(model)
    }
}

/// The attributes of a file.
struct Attributes<'a> {
    path: &'a Path,
    map: Option<&'a Map>,
}

impl Attributes<'_> {
    /// The sizes of the model.
    ///
    /// Errors: `Kind` if a size is missing or invalid
    fn sizes(&self) -> Result<Sizes> {
        let mut sizes = Sizes {
            batch: 1,
            time: 1,
            ..Sizes::default()
        };
        for (name, into) in size_fields(&mut sizes) {
            *into = match self.value(name) {
                Some(Tree::Int(n)) if (0..=MAX_SIZE).contains(n) => *n as usize,
                _ => return Err(self.error(name, "a non-negative integer")),
            };
        }
        sizes.gaussian = matches!(self.value("gaussian"), Some(Tree::Bool(true)));
        Ok(sizes)
    }

    /// Errors: `Kind` unless the attribute is a finite number above 0
    fn number(&self, name: &str) -> Result<f64> {
        match self.value(name) {
            Some(Tree::Float(x)) if x.is_finite() && *x > 0.0 => Ok(*x),
            _ => Err(self.error(name, "a number above 0")),
        }
    }

    fn value(&self, name: &str) -> Option<&Tree> {
        self.map.and_then(|map| map.get(name))
    }

    fn error(&self, name: &str, expected: &str) -> Error {
        Error::Kind {
            of: format!("{}: attribute `{name}`", self.path.display()),
            expected: expected.into(),
            found: self.value(name).map_or("no entry", Tree::kind).into(),
        }
    }
}

fn size_fields(sizes: &mut Sizes) -> [(&'static str, &mut usize); 6] {
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

/// The precision of the model in a file; `None` if the file does not contain a model.
pub fn precision(content: &Content) -> Option<Precision> {
    match content.attributes.get("")?.get("what") {
        Some(Tree::Text(what)) if what == KIND => {
            Precision::from_dtype(content.tree.tensor("rates_w")?.dtype())
        }
        _ => None,
    }
}
