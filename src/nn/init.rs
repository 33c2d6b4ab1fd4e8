//! Options shared by all networks and the initialization of the parameters.

use std::ops::Range;

use super::{Rnn, Spec};
use crate::base::Result;
use crate::base::options::{Options, Span};
use crate::ops::Lanes;
use crate::ops::rnn::cells::{Initializer, WeightKind};
use crate::ops::rnn::{Cell, suffix};
use crate::options;
use crate::random::{Key, Seed};
use crate::tensor::Precision;

/// The standard deviation of the initial states at initialization.
pub(super) const H0_SCALE: f64 = 0.1;

options! {
    /// Options shared by all cell types.
    pub struct NetworkOptions for "rnn" {
        /// Number of inputs per time step; 0 for a network without inputs (autonomous dynamics).
        inputs: usize = 1;
        /// Number of units per layer.
        units: usize = 100, in Span::at_least(1.0);
        /// Number of outputs per time step.
        outputs: usize = 1, in Span::at_least(1.0);
        /// Number of layers. The input of each layer is the output of the previous one, and the
        /// readout reads the last layer.
        layers: usize = 1, in Span::at_least(1.0);
        /// Whether each layer also processes the time steps in reverse order, with separate
        /// parameters. The next layer and the readout receive both directions.
        bidirectional: bool = false;
        /// Scale of the recurrent weights at initialization: their standard deviation times the
        /// square root of the number of units.
        gain: f64 = 1.0, in Span::at_least(0.0);
        /// Standard deviation of the noise that training adds to each state.
        noise: f64 = 0.0, in Span::at_least(0.0);
        /// Dropout probability: the probability that training sets a value to zero between two
        /// layers. It has no effect in a network of one layer.
        dropout: f64 = 0.0, in Span::between(0.0, 0.999);
        /// Precision of all values.
        dtype: Precision = Precision::F32;
        /// Seed of the parameter initialization.
        seed: Seed = Seed::default();
    }
}

impl NetworkOptions {
    /// The cell and the sizes.
    pub fn spec(&self, cell: Cell) -> Spec {
        Spec {
            layers: self.layers,
            directions: if self.bidirectional { 2 } else { 1 },
            ..Spec::new(cell, [self.inputs, self.units, self.outputs])
        }
    }

    /// A new network. Initial states are drawn from 0.1 N(0, 1). Weights are drawn from N(0, 1)
    /// divided by the square root of the number of columns, recurrent weights times the gain. All
    /// other parameters are 0. A sublayer is one direction of a layer. The blocks of a sublayer are
    /// drawn in order from the children 1, 2, ... of a key: of the base key for the first sublayer,
    /// and of the base key with the index folded in for the others. The readout weights are drawn
    /// from the last child of the base key.
    ///
    /// Errors: `Range` if an option is out of range
    /// Source: the initialization of the tutorials (Sussillo 2019)
    pub fn build<T: Lanes>(&self, cell: Cell) -> Result<Rnn<T>> {
        self.clone().check()?;
        let spec = self.spec(cell);
        let sizes = spec.sizes(1, 1);
        let mut net = Rnn::zeros(spec);
        net.noise = self.noise;
        net.dropout = self.dropout;
        let base = self.base_key();
        for sublayer in 0..sizes.sublayers() {
            let key = match sublayer {
                0 => base,
                _ => base.fold_in(sublayer as u32),
            };
            let features = sizes.features(sublayer / sizes.directions);
            let initializers = cell.initializers(features, self.units);
            let keys = initializers.len() + 2;
            for (k, initializer) in initializers.iter().enumerate() {
                let name = format!("{}{}", initializer.block, suffix(sizes, sublayer));
                let scale = self.initial_scale(initializer);
                let key = key.split_nth(k + 1, keys);
                initialize(&mut net, &name, initializer.columns.clone(), scale, &key)?;
            }
            if sublayer == 0 {
                let (width, key) = (sizes.layer_width(), base.split_nth(keys - 1, keys));
                initialize(&mut net, "wO", 0..width, 1.0 / (width as f64).sqrt(), &key)?;
            }
        }
        Ok(net)
    }

    /// The standard deviation of the initial values of a block.
    fn initial_scale(&self, initializer: &Initializer) -> f64 {
        let columns = initializer.columns.len() as f64;
        match initializer.kind {
            WeightKind::InitialState => H0_SCALE,
            WeightKind::Input => 1.0 / columns.sqrt(),
            WeightKind::Recurrent => self.gain / columns.sqrt(),
        }
    }

    fn base_key(&self) -> Key {
        self.seed.key()
    }
}

/// Draws `columns` of the block `name` from N(0, 1) and multiplies them by `scale`.
fn initialize<T: Lanes>(
    net: &mut Rnn<T>,
    name: &str,
    columns: Range<usize>,
    scale: f64,
    key: &Key,
) -> Result<()> {
    if columns.is_empty() {
        return Ok(());
    }
    let block = net.params.layout().block(name)?.clone();
    let width = match block.shape[..] {
        [_, width] => width,
        _ => 1,
    };
    let rows = block.range.len() / width.max(1);
    let mut samples = vec![T::of(0.0); rows * columns.len()];
    key.fill_normal(&mut samples);
    let rows = net.params.data[block.range].chunks_exact_mut(width);
    for (row, samples) in rows.zip(samples.chunks_exact(columns.len())) {
        for (x, z) in row[columns.clone()].iter_mut().zip(samples) {
            *x = *z * T::of(scale);
        }
    }
    Ok(())
}
