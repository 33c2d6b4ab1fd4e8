//! The cell types of imported networks and the layout of their parameters in this program.

/// The cell type of a network, without settings that its parameters do not determine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// h' = f(wI x + wR h + bR)
    Vanilla,
    /// The GRU of the notebooks, with the reset gate before the matrix.
    Gru,
    /// The GRU of PyTorch, with the reset gate after the matrix; gates r, z, n.
    GruTorch,
    /// Gates i, f, g, o.
    Lstm,
}

impl CellKind {
    /// The number of gates, that is the number of n-row blocks stacked in wR.
    pub fn gates(self) -> usize {
        match self {
            CellKind::Vanilla => 1,
            CellKind::Gru | CellKind::GruTorch => 3,
            CellKind::Lstm => 4,
        }
    }

    /// The cell type with this number of gates, among those with separate matrices wI and wR.
    pub fn with_gates(gates: usize) -> Option<CellKind> {
        let separate = [CellKind::Vanilla, CellKind::GruTorch, CellKind::Lstm];
        separate.into_iter().find(|kind| kind.gates() == gates)
    }

    /// The names and shapes of the blocks of one sublayer with i inputs and n units.
    pub fn blocks(self, i: usize, n: usize) -> Vec<(&'static str, Vec<usize>)> {
        let rows = self.gates() * n;
        let (w_in, w_rec) = (("wI", vec![rows, i]), ("wR", vec![rows, n]));
        let (h0, b_rec) = (("h0", vec![n]), ("bR", vec![rows]));
        match self {
            CellKind::Vanilla => vec![h0, w_in, w_rec, b_rec],
            CellKind::Gru => vec![
                h0,
                ("wRUHX", vec![2 * n, n + i]),
                ("wCHX", vec![n, n + i]),
                ("bRU", vec![2 * n]),
                ("bC", vec![n]),
            ],
            CellKind::GruTorch => vec![h0, w_in, w_rec, ("bI", vec![rows]), b_rec],
            CellKind::Lstm => vec![h0, ("c0", vec![n]), w_in, w_rec, b_rec],
        }
    }

    /// The initial-state blocks of a sublayer. Those absent from a file are 0.
    pub fn initial_states(self) -> &'static [&'static str] {
        match self {
            CellKind::Lstm => &["h0", "c0"],
            _ => &["h0"],
        }
    }
}

/// A layer index from 0, and a direction: 0 forward in time, 1 reverse.
pub type Sublayer = (usize, usize);

/// The suffix of the block names of a sublayer.
pub fn suffix((layer, direction): Sublayer) -> String {
    let level = match layer {
        0 => String::new(),
        _ => format!("_l{layer}"),
    };
    format!("{level}{}", reverse(direction))
}

/// The suffix of a direction.
pub fn reverse(direction: usize) -> &'static str {
    ["", "_reverse"][direction]
}
