//! Partition of a batch for threads. Trials are divided into groups. A run consists of groups whose
//! gradients are accumulated in one array. A slice consists of groups of a run that are processed
//! together at all time steps.
//!
//! The runs depend on the sizes only, and gradients are accumulated group by group, so results have
//! the same bits for any slices and any number of threads.

use super::TRIALS;
use super::gemm::GemmConfig;

/// Bytes of parameters that fit into the level-2 cache of one core beside the states. One group
/// reads each weight once per step, 4 bytes for 16 multiplications, which this cache can sustain.
/// Larger matrices come from slower memory, so several groups share each weight.
const CACHE_BYTES: usize = 1 << 19;
/// Groups of a slice if the parameters are larger.
const GROUPS_PER_LARGE_SLICE: usize = 2;
/// Maximum number of runs: enough for the threads of current machines, few enough that their final
/// sum takes negligible time.
const MAX_RUNS: usize = 16;
/// Maximum size of the accumulated gradients of all runs, in bytes.
const MAX_GRADIENT_BYTES: usize = 1 << 28;

/// The partition of one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Trials of a run.
    pub run: usize,
    /// Trials of a slice.
    pub slice: usize,
    pub config: GemmConfig,
}

impl Partition {
    /// The partition for a network with `bytes` of parameters on `threads` threads. `accumulates`:
    /// whether gradients are accumulated. `slice`: number of groups of a slice, or `None` to choose
    /// it.
    pub fn new(
        batch: usize,
        accumulates: bool,
        bytes: usize,
        threads: usize,
        slice: Option<usize>,
    ) -> Self {
        // At least 1, so that the partition of an empty batch is defined too.
        let groups = batch.div_ceil(TRIALS).max(1);
        let is_large = bytes > CACHE_BYTES && groups >= 2 * GROUPS_PER_LARGE_SLICE;
        let slice_groups = if is_large { GROUPS_PER_LARGE_SLICE } else { 1 };
        let slice = slice.unwrap_or(slice_groups);
        let run = match accumulates {
            true => {
                let runs = (MAX_GRADIENT_BYTES / bytes.max(1)).clamp(2, MAX_RUNS);
                groups.div_ceil(runs).next_multiple_of(slice_groups)
            }
            false => slice,
        };
        Partition {
            run: run * TRIALS,
            slice: slice * TRIALS,
            config: GemmConfig {
                groups: slice,
                parallel: groups.div_ceil(run) < threads,
            },
        }
    }

    /// This partition with slices of one group.
    pub fn with_single_group_slices(mut self) -> Self {
        self.slice = TRIALS;
        self.config.groups = 1;
        self
    }

    /// Number of runs of a batch.
    pub fn runs(&self, batch: usize) -> usize {
        batch.div_ceil(self.run)
    }
}
