//! How a batch is divided. Trials come in groups; a run is some groups whose gradients are added
//! up in one array; a slice is some groups of a run that go through all times together.
//!
//! Runs follow from the sizes alone, and the sums of a run are formed group by group: neither the
//! slices nor the number of threads change a bit of any result.

use super::task::Way;
use crate::ops::rnn::Sizes;
use crate::ops::simd::TRIALS;
use crate::ops::simd::product::Form;

/// Bytes of parameters that the second cache of one core holds beside the states. One group reads
/// each weight once a step, 4 bytes for 16 multiplications: that cache keeps up with it. Larger
/// matrices come from further away, and several groups share each weight.
const NEAR: usize = 1 << 19;
/// Groups of a slice where the parameters are larger.
const FAR_GROUPS: usize = 2;
/// Runs that there are at most: enough for the threads of today's machines, few enough that adding
/// them up costs nothing.
const RUNS: usize = 16;
/// Bytes that the sums of all runs may take together.
const ROOM: usize = 1 << 28;

/// The division of one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Division {
    /// Trials of a run.
    pub run: usize,
    /// Trials of a slice.
    pub slice: usize,
    pub form: Form,
}

impl Division {
    /// For a network of so many bytes of parameters, on so many threads; `slice` says how many
    /// groups a slice has, if that is not to be chosen.
    pub fn of(sizes: Sizes, way: Way, bytes: usize, threads: usize, slice: Option<usize>) -> Self {
        let groups = sizes.batch.div_ceil(TRIALS);
        let far = bytes > NEAR && groups >= 2 * FAR_GROUPS;
        let together = if far { FAR_GROUPS } else { 1 };
        let run = match way {
            Way::Back => {
                let runs = (ROOM / bytes.max(1)).clamp(2, RUNS);
                groups.div_ceil(runs).next_multiple_of(together)
            }
            Way::Forward | Way::Jacobians => slice.unwrap_or(together),
        };
        let slice = match way {
            Way::Jacobians => 1,
            Way::Forward | Way::Back => slice.unwrap_or(together),
        };
        Division {
            run: run * TRIALS,
            slice: slice * TRIALS,
            form: Form {
                groups: slice,
                shared: groups.div_ceil(run) < threads,
            },
        }
    }

    /// How many runs a batch makes.
    pub fn runs(&self, batch: usize) -> usize {
        batch.div_ceil(self.run)
    }
}
