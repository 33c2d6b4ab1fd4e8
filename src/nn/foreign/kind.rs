//! The cells that networks of other programs have, and the blocks of their parameters here.

/// The cell of a network, without what its parameters do not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// h' = f(wI x + wR h + bR)
    Vanilla,
    /// The GRU of the notebooks, which resets h before the matrix.
    Gru,
    /// The GRU of PyTorch, which resets after the matrix; gates r, z, n.
    GruTorch,
    /// Gates i, f, g, o.
    Lstm,
}

impl Kind {
    /// How many matrices of a unit's own lie below each other in wR.
    pub fn gates(self) -> usize {
        match self {
            Kind::Vanilla => 1,
            Kind::Gru | Kind::GruTorch => 3,
            Kind::Lstm => 4,
        }
    }

    /// The kind with this many gates, of those whose matrices wI and wR stand apart.
    pub fn with_gates(gates: usize) -> Option<Kind> {
        let apart = [Kind::Vanilla, Kind::GruTorch, Kind::Lstm];
        apart.into_iter().find(|kind| kind.gates() == gates)
    }

    /// The blocks of one strand of i inputs and n units, with their shapes.
    pub fn blocks(self, i: usize, n: usize) -> Vec<(&'static str, Vec<usize>)> {
        let rows = self.gates() * n;
        let (w_in, w_rec) = (("wI", vec![rows, i]), ("wR", vec![rows, n]));
        let (h0, b_rec) = (("h0", vec![n]), ("bR", vec![rows]));
        match self {
            Kind::Vanilla => vec![h0, w_in, w_rec, b_rec],
            Kind::Gru => vec![
                h0,
                ("wRUHX", vec![2 * n, n + i]),
                ("wCHX", vec![n, n + i]),
                ("bRU", vec![2 * n]),
                ("bC", vec![n]),
            ],
            Kind::GruTorch => vec![h0, w_in, w_rec, ("bI", vec![rows]), b_rec],
            Kind::Lstm => vec![h0, ("c0", vec![n]), w_in, w_rec, b_rec],
        }
    }

    /// The states that a strand begins with; where a file has none, they are 0.
    pub fn first(self) -> &'static [&'static str] {
        match self {
            Kind::Lstm => &["h0", "c0"],
            _ => &["h0"],
        }
    }
}

/// A layer, from below, and a direction: 0 from the first time on, 1 from the last.
pub type Strand = (usize, usize);

/// What the names of a strand's blocks end in.
pub fn suffix((layer, way): Strand) -> String {
    let level = match layer {
        0 => String::new(),
        _ => format!("_l{layer}"),
    };
    format!("{level}{}", reverse(way))
}

/// What marks the direction that begins at the end of time.
pub fn reverse(way: usize) -> &'static str {
    ["", "_reverse"][way]
}
