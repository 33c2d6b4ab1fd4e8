//! A network under the names that PyTorch knows, for `load_state_dict`.

use super::kind::{Kind, Strand, reverse, suffix};
use super::{Foreign, OF_SAVE};
use crate::base::{Error, Result};
use crate::io::Named;
use crate::tensor::Tensor;

/// How the parts of a network are to be called.
#[derive(Debug, Clone)]
pub struct Names {
    /// What stands before the names of the recurrent layers.
    pub prefix: String,
    /// What stands before `weight` and `bias` of the readout.
    pub readout: String,
    /// Whether the first states are written too, as `h0` [layers * directions, 1, n] (and `c0`):
    /// PyTorch's layers have none, so that `load_state_dict` would find them unexpected.
    pub first_states: bool,
}

impl Default for Names {
    fn default() -> Names {
        Names {
            prefix: "rnn.".into(),
            readout: "readout.".into(),
            first_states: false,
        }
    }
}

impl Foreign {
    /// The tensors of the network as PyTorch calls them.
    ///
    /// Errors: `Kind` for the notebooks' GRU, which PyTorch does not have
    pub fn for_torch(&self, names: &Names) -> Result<Named> {
        if self.kind == Kind::Gru {
            return Err(Error::Kind {
                of: OF_SAVE.into(),
                expected: "a cell that PyTorch has (RNN, LSTM, or GRU with the reset behind the \
                           matrix)"
                    .into(),
                found: "a GRU with the reset before the matrix".into(),
            });
        }
        let mut named = Named::new();
        for strand in self.strands() {
            named.extend(self.strand(strand, &names.prefix)?);
        }
        if self.outputs > 0 {
            for (part, block) in [("weight", "wO"), ("bias", "bO")] {
                named.push((format!("{}{part}", names.readout), self.part(block)?));
            }
        }
        if names.first_states {
            for name in self.kind.first() {
                named.push(((*name).into(), self.first_states(name)?));
            }
        }
        Ok(named)
    }

    fn strand(&self, strand: Strand, prefix: &str) -> Result<Named> {
        let part = |name: &str| self.part(&format!("{name}{}", suffix(strand)));
        let b_rec = part("bR")?;
        // Those of an RNN and an LSTM only ever occur as a sum: the second one stays 0.
        let (b_in, b_rec) = match self.kind {
            Kind::GruTorch => (part("bI")?, b_rec),
            _ => (b_rec.clone(), b_rec.zeros_like()?),
        };
        let end = format!("_l{}{}", strand.0, reverse(strand.1));
        let parts = [
            ("weight_ih", part("wI")?),
            ("weight_hh", part("wR")?),
            ("bias_ih", b_in),
            ("bias_hh", b_rec),
        ];
        Ok(parts
            .map(|(name, tensor)| (format!("{prefix}{name}{end}"), tensor))
            .into())
    }

    fn first_states(&self, name: &str) -> Result<Tensor> {
        let rows: Result<Vec<Tensor>> = self
            .strands()
            .map(|strand| self.part(&format!("{name}{}", suffix(strand))))
            .collect();
        Ok(Tensor::stack(&rows?, 0)?.unsqueeze(1)?)
    }

    /// Errors: `Unknown` if a network was put together without one of its blocks
    fn part(&self, name: &str) -> Result<Tensor> {
        let known = || self.blocks.iter().map(|(name, _)| name.clone()).collect();
        self.block(name).cloned().ok_or_else(|| Error::Unknown {
            of: OF_SAVE.into(),
            sort: "parameter",
            name: name.into(),
            known: known(),
        })
    }
}
