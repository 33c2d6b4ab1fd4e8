//! How a batch is divided. Trials come in groups; a run is some groups whose gradients are added
//! up in one array; a slice is some groups of a run that go through all times together.
//!
//! Runs follow from the sizes alone, and the sums of a run are formed group by group: neither the
//! slices nor the number of threads change a bit of any result.

use super::TRIALS;
use super::product::Form;

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
    /// For a network of so many bytes of parameters, on so many threads; `adds` says whether
    /// gradients are added up, `slice` how many groups a slice has, if that is not to be chosen.
    pub fn of(
        batch: usize,
        adds: bool,
        bytes: usize,
        threads: usize,
        slice: Option<usize>,
    ) -> Self {
        let groups = batch.div_ceil(TRIALS);
        let far = bytes > NEAR && groups >= 2 * FAR_GROUPS;
        let together = if far { FAR_GROUPS } else { 1 };
        let slice = slice.unwrap_or(together);
        let run = match adds {
            true => {
                let runs = (ROOM / bytes.max(1)).clamp(2, RUNS);
                groups.div_ceil(runs).next_multiple_of(together)
            }
            false => slice,
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

    /// The same, with slices of one group.
    pub fn by_groups(mut self) -> Self {
        self.slice = TRIALS;
        self.form.groups = 1;
        self
    }

    /// How many runs a batch makes.
    pub fn runs(&self, batch: usize) -> usize {
        batch.div_ceil(self.run)
    }
}

/// One thread for each workspace, in each of which `work` is done: it takes run after run until
/// none is left, so that no thread waits while there is work.
pub fn on_threads<W: Send>(workspaces: &mut [W], work: &(impl Fn(&mut W) + Sync)) {
    match workspaces {
        [] => {}
        [workspace] => work(workspace),
        many => {
            let (left, right) = many.split_at_mut(many.len() / 2);
            rayon::join(|| on_threads(left, work), || on_threads(right, work));
        }
    }
}

/// Takes up to `count` numbers off the front.
pub fn cut<'a, T>(array: &mut &'a mut [T], count: usize) -> &'a mut [T] {
    let all = std::mem::take(array);
    let (first, rest) = all.split_at_mut(count.min(all.len()));
    *array = rest;
    first
}
