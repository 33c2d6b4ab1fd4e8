//! What networks are made from: options that all of them have, those of each cell, and the first
//! parameters.

use std::ops::Range;

use super::{Cell, Plan, Precision, Rnn};
use crate::base::Result;
use crate::base::options::{Options, Span};
use crate::ops::Lanes;
use crate::ops::rnn::suffix;
use crate::options;
use crate::random::{Key, Layout};

/// The spread of the first state at the start.
pub(super) const H0_SCALE: f64 = 0.1;

options! {
    /// What every network has, whichever its cell.
    pub struct Recipe for "rnn" {
        /// Numbers that come in at each time.
        inputs: usize = 1, in Span::from(1.0);
        /// Units of a layer, the numbers that make a state.
        units: usize = 100, in Span::from(1.0);
        /// Numbers that go out at each time.
        outputs: usize = 1, in Span::from(1.0);
        /// Layers, each fed by the one below; the readout reads the last.
        layers: usize = 1, in Span::from(1.0);
        /// Whether each layer also runs from the last time to the first, with parameters of its
        /// own; the next layer and the readout see both.
        bidirectional: bool = false;
        /// Spread of the recurrent weights at the start, times the root of the units: from about 1
        /// on the activity of a vanilla network goes on by itself.
        gain: f64 = 1.0, in Span::from(0.0);
        /// Standard deviation of the noise that training adds to each state.
        noise: f64 = 0.0, in Span::from(0.0);
        /// Probability that training makes a number zero on its way from a layer to the next; it
        /// does nothing with one layer.
        dropout: f64 = 0.0, in Span::between(0.0, 0.999);
        /// Kind of number.
        dtype: Precision = Precision::F32;
        /// Seed of the first parameters.
        seed: usize = 0;
        /// Key of the first parameters, in place of a seed.
        key: Option<Key> = None;
    }
}

/// The numbers of one block, or of some of its columns, at the start: N(0, 1) times `scale`.
struct Draw {
    name: &'static str,
    columns: Range<usize>,
    scale: f64,
}

impl Recipe {
    /// The cell and the sizes.
    pub fn plan(&self, cell: Cell) -> Plan {
        Plan {
            layers: self.layers,
            directions: if self.bidirectional { 2 } else { 1 },
            ..Plan::new(cell, [self.inputs, self.units, self.outputs])
        }
    }

    /// A new network. First states are drawn from 0.1 N(0, 1), weights from N(0, 1) over the root
    /// of their columns (recurrent ones times the gain), all else is 0. The arrays of a strand
    /// are drawn in their order, with the children 1, 2, ... of a key (the given one; for strands
    /// behind the first, with the strand's number folded in), the readout's weights last, with the
    /// last child of the given key.
    ///
    /// Errors: `Range` if an option is outside its span
    /// Source: the initialisation of the tutorials (Sussillo 2019)
    pub fn build<T: Lanes>(&self, cell: Cell) -> Result<Rnn<T>> {
        self.clone().check()?;
        let plan = self.plan(cell);
        let sizes = plan.sizes(1, 1);
        let mut net = Rnn::zeros(plan);
        net.noise = self.noise;
        net.dropout = self.dropout;
        let base = self.first_key();
        for strand in 0..sizes.strands() {
            let key = match strand {
                0 => base,
                _ => base.fold_in(strand as u32),
            };
            let draws = self.draws(cell, sizes.features(strand / sizes.directions));
            let end = suffix(sizes, strand);
            for (k, draw) in draws.iter().enumerate() {
                let key = key.child(k + 1, draws.len() + 2);
                fill(&mut net, &format!("{}{end}", draw.name), draw, &key)?;
            }
            if strand == 0 {
                let key = base.child(draws.len() + 1, draws.len() + 2);
                fill(&mut net, "wO", &whole("wO", sizes.read(), 1.0), &key)?;
            }
        }
        Ok(net)
    }

    /// What is drawn for a strand with so many inputs, in this order.
    fn draws(&self, cell: Cell, i: usize) -> Vec<Draw> {
        let n = self.units;
        let h0 = Draw {
            name: "h0",
            columns: 0..1,
            scale: H0_SCALE,
        };
        let by_state = |name, first: usize| Draw {
            columns: first..first + n,
            ..whole(name, n, self.gain)
        };
        let by_input = |name, first: usize| Draw {
            columns: first..first + i,
            ..whole(name, i, 1.0)
        };
        match cell {
            Cell::Gru(_) => vec![
                h0,
                by_state("wRUHX", 0),
                by_input("wRUHX", n),
                by_state("wCHX", 0),
                by_input("wCHX", n),
            ],
            Cell::Vanilla(_) | Cell::Ctrnn(_) | Cell::GruTorch(_) | Cell::Lstm(_) => {
                vec![h0, by_input("wI", 0), by_state("wR", 0)]
            }
        }
    }

    fn first_key(&self) -> Key {
        self.key
            .unwrap_or_else(|| Key::new(self.seed as u64, Layout::default()))
    }
}

/// All columns of a matrix.
fn whole(name: &'static str, columns: usize, gain: f64) -> Draw {
    Draw {
        name,
        columns: 0..columns,
        scale: gain / (columns as f64).sqrt(),
    }
}

fn fill<T: Lanes>(net: &mut Rnn<T>, name: &str, draw: &Draw, key: &Key) -> Result<()> {
    let block = net.params.layout().block(name)?.clone();
    let width = if block.shape.len() == 2 {
        block.shape[1]
    } else {
        1
    };
    let columns = draw.columns.len();
    if columns == 0 {
        return Ok(());
    }
    let mut drawn = vec![T::of(0.0); block.range.len() / width.max(1) * columns];
    key.fill_normal(&mut drawn);
    let rows = net.params.data[block.range].chunks_exact_mut(width);
    for (row, drawn) in rows.zip(drawn.chunks_exact(columns)) {
        for (x, z) in row[draw.columns.clone()].iter_mut().zip(drawn) {
            *x = *z * T::of(draw.scale);
        }
    }
    Ok(())
}
