//! The vanilla network, all times at once:
//!
//! ```text
//! h_t = f(wI x_t + wR h_{t-1} + bR) + noise_t        o_t = wO h_t + bO
//! ```
//!
//! Source: numerics of the tutorials (Sussillo 2019), with learned h0 and state noise.

use crate::base::{Error, Result};
use crate::ops::simd::{Lanes, TRIALS};
use crate::tensor::Layout;

use super::{Aim, Arriving, Given, Gradients, Nonlinearity, Sizes};
use slices::{Packed, Results, Task, Workspace};

mod back;
mod check;
mod slice;
mod slices;
mod tensor;

pub use tensor::states;

/// The blocks of the parameters in the flat arena, in this order:
/// h0 [n], wI [n, i], wR [n, n], wO [o, n], bR [n], bO [o].
pub fn layout(inputs: usize, units: usize, outputs: usize) -> Layout {
    Layout::new(&[
        ("h0", &[units]),
        ("wI", &[units, inputs]),
        ("wR", &[units, units]),
        ("wO", &[outputs, units]),
        ("bR", &[units]),
        ("bO", &[outputs]),
    ])
}

/// How many numbers [`layout`] holds. It is asked in every step, where nothing may be allocated.
pub fn count(inputs: usize, units: usize, outputs: usize) -> usize {
    units * (inputs + units + outputs + 2) + outputs
}

/// The network with every buffer its runs need: nothing is allocated after the first call of each
/// kind with the same sizes.
///
/// The batch is cut into slices of [`TRIALS`] trials, whole slices go to threads (those of the
/// current rayon pool), and their sums are joined in the order of the slices: the same bits on any
/// number of threads.
#[derive(Debug, Default)]
pub struct Vanilla<T> {
    nonlinearity: Nonlinearity,
    packed: Packed<T>,
    workspaces: Vec<Workspace<T>>,
    losses: Vec<f64>,
    gradients: Vec<T>,
}

impl<T: Lanes> Vanilla<T> {
    pub fn new(nonlinearity: Nonlinearity) -> Self {
        Vanilla {
            nonlinearity,
            ..Self::default()
        }
    }

    /// Runs all trials; fills `states` [b, t, n] (after each update, noise included) and `outputs`
    /// [b, t, o] where they are asked for.
    ///
    /// Errors: `Shape` if an array does not have the length that `sizes` asks for; `Range` if
    /// batch, time or units are 0.
    pub fn run(
        &mut self,
        sizes: Sizes,
        given: Given<'_, T>,
        states: Option<&mut [T]>,
        outputs: Option<&mut [T]>,
    ) -> Result<()> {
        check::given(sizes, &given)?;
        check::array(
            "states",
            "[b, t, n]",
            states.as_deref(),
            check::states(sizes),
        )?;
        check::array(
            "outputs",
            "[b, t, o]",
            outputs.as_deref(),
            check::outputs(sizes),
        )?;
        let results = Results {
            states: states.unwrap_or_default(),
            outputs: outputs.unwrap_or_default(),
            ..Results::default()
        };
        self.spread(Task::new(sizes, self.nonlinearity, given), results);
        Ok(())
    }

    /// One step of many states at once: `into` = h' for h [b, n] and x [b, i].
    ///
    /// Errors: as [`Vanilla::run`].
    pub fn step(
        &mut self,
        sizes: Sizes,
        params: &[T],
        h: &[T],
        x: &[T],
        into: &mut [T],
    ) -> Result<()> {
        let given = Given {
            params,
            inputs: x,
            h0: Some(h),
            noise: None,
        };
        self.run(Sizes { time: 1, ..sizes }, given, Some(into), None)
    }

    /// The mean squared error over batch, time (weighted by the mask) and outputs; 0 if the mask
    /// is zero everywhere.
    ///
    /// Errors: as [`Vanilla::run`].
    pub fn loss(&mut self, sizes: Sizes, given: Given<'_, T>, aim: Aim<'_, T>) -> Result<T> {
        check::given(sizes, &given)?;
        check::aim(sizes, &aim)?;
        let task = Task {
            aim: Some(aim),
            ..Task::new(sizes, self.nonlinearity, given)
        };
        Ok(self.sum_of_squares(task, Results::default()) * weight_of_one(sizes, &aim))
    }

    /// [`Vanilla::loss`], with its gradient by the parameters in `gradient` (overwritten; the
    /// order of [`layout`]).
    ///
    /// Errors: as [`Vanilla::run`].
    pub fn loss_gradient(
        &mut self,
        sizes: Sizes,
        given: Given<'_, T>,
        aim: Aim<'_, T>,
        gradient: &mut [T],
    ) -> Result<T> {
        check::given(sizes, &given)?;
        check::aim(sizes, &aim)?;
        check::array(
            "gradient",
            "the parameters",
            Some(gradient),
            given.params.len(),
        )?;
        let weight = weight_of_one(sizes, &aim);
        let task = Task {
            aim: Some(aim),
            slope: T::of(2.0) * weight,
            backward: true,
            ..Task::new(sizes, self.nonlinearity, given)
        };
        let loss = self.sum_of_squares(task, Results::default()) * weight;
        self.join(gradient);
        Ok(loss)
    }

    /// The gradients of any loss, from its derivatives by states and outputs. Runs forward again:
    /// nothing need be kept since.
    ///
    /// Errors: as [`Vanilla::run`].
    pub fn backward(
        &mut self,
        sizes: Sizes,
        given: Given<'_, T>,
        arriving: Arriving<'_, T>,
        gradients: Gradients<'_, T>,
    ) -> Result<()> {
        check::given(sizes, &given)?;
        check::arriving(sizes, &arriving)?;
        check::gradients(sizes, &given, &gradients)?;
        let task = Task {
            arriving,
            backward: true,
            ..Task::new(sizes, self.nonlinearity, given)
        };
        let results = Results {
            d_inputs: gradients.inputs.unwrap_or_default(),
            d_h0: gradients.h0.unwrap_or_default(),
            ..Results::default()
        };
        self.spread(task, results);
        if let Some(params) = gradients.params {
            self.join(params);
        }
        Ok(())
    }

    fn sum_of_squares(&mut self, task: Task<'_, T>, results: Results<'_, T>) -> T {
        self.spread(task, results);
        T::of(self.losses.iter().sum())
    }

    /// Does the task on all slices.
    fn spread<'a>(&'a mut self, task: Task<'_, T>, results: Results<'a, T>) {
        let slices = task.sizes.batch.div_ceil(TRIALS);
        let threads = rayon::current_num_threads().min(slices);
        if self.workspaces.len() < threads {
            self.workspaces.resize_with(threads, Workspace::default);
        }
        self.packed.pack(&task, !results.d_inputs.is_empty());
        self.losses.resize(slices, 0.0);
        let params = if task.backward {
            task.given.params.len()
        } else {
            0
        };
        self.gradients.resize(slices * params, T::of(0.0));
        let results = Results {
            losses: &mut self.losses,
            d_params: &mut self.gradients,
            ..results
        };
        slices::spread(
            &task,
            &self.packed,
            0..slices,
            &mut self.workspaces[..threads],
            results,
        );
    }

    /// Adds up the gradients of the slices.
    fn join(&self, into: &mut [T]) {
        let (first, rest) = self.gradients.split_at(into.len());
        into.copy_from_slice(first);
        for slice in rest.chunks_exact(into.len()) {
            for (sum, x) in into.iter_mut().zip(slice) {
                *sum += *x;
            }
        }
    }
}

/// The weight of one squared error in the mean.
fn weight_of_one<T: Lanes>(sizes: Sizes, aim: &Aim<'_, T>) -> T {
    let times = match aim.mask {
        Some(mask) => mask.iter().map(|m| m.double()).sum(),
        None => (sizes.batch * sizes.time) as f64,
    };
    let count = times * sizes.outputs as f64;
    if count == 0.0 {
        T::of(0.0)
    } else {
        T::of(1.0 / count)
    }
}

/// A fault of an array's shape.
fn fault(what: &'static str, expected: String, found: Vec<usize>) -> Error {
    Error::Shape {
        op: "vanilla",
        what,
        expected,
        found,
    }
}
