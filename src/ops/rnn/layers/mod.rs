//! Layers of one cell with a linear readout, all times at once: ONE operation, forward and back.
//!
//! ```text
//! state'_l = F(state_l, x_l)      x_0 the input, x_(l+1) = y_l      o = wO y_last + bO
//! ```
//!
//! The batch is cut into slices of trials. A slice goes through all layers and times in one thread,
//! so that threads meet only at the end; `simd/division.rs` says how large slices are and why the
//! results do not depend on it.

use super::update::{Strand, Update, Weights};
use super::{Gradients, Sizes};
use crate::base::Result;
use crate::ops::rnn::{Aim, Arriving, Given, check};
use crate::ops::simd::Lanes;
use crate::ops::simd::division::Division;
use crate::ops::simd::product::{Block, Panels};
use crate::ops::simd::sums::join;
use pass::Workspace;
use places::{Places, SumPlaces};
use task::{Results, Task, Way};

pub use places::{layout, suffix};

mod back;
mod jacobians;
mod pass;
mod places;
mod spread;
mod strand;
mod sums;
mod task;

/// The operation with every buffer its runs need: nothing is allocated after the first call of
/// each kind with the same sizes.
#[derive(Default)]
pub struct Layers<T: Lanes, U: Update<T>> {
    update: U,
    packed: Packed<T, U>,
    workspaces: Vec<Workspace<T>>,
    /// Of each group of trials.
    losses: Vec<f64>,
    /// What the gradients are made of, one run after another.
    sums: Vec<T>,
    /// Groups of a slice, where they are not to be chosen.
    slice: Option<usize>,
}

/// What recurrent layers can do, whichever cell they are of.
pub trait Operation<T> {
    /// Runs all trials; fills `states` [b, t, s] (after each update, noise included) and `outputs`
    /// [b, t, o] where they are asked for.
    ///
    /// Errors: `Shape` if an array does not have the length that `sizes` asks for; `Range` if
    /// batch, time or units are 0.
    fn run(
        &mut self,
        sizes: Sizes,
        given: Given<'_, T>,
        states: Option<&mut [T]>,
        outputs: Option<&mut [T]>,
    ) -> Result<()>;

    /// One step of many states at once: `into` = the next states for h [b, s] and x [b, i].
    ///
    /// Errors: as [`Operation::run`]; `Range` if the layers run in both directions.
    fn step(&mut self, sizes: Sizes, params: &[T], h: &[T], x: &[T], into: &mut [T]) -> Result<()>;

    /// The Jacobians of a step of many states at once, analytic, `at` h and x: `by_state` [b, s, s]
    /// has d next\[r\] / d h\[c\] at \[b\]\[r\]\[c\], `by_input` [b, s, i] likewise for x.
    ///
    /// Errors: as [`Operation::step`].
    fn jacobians(
        &mut self,
        sizes: Sizes,
        params: &[T],
        at: [&[T]; 2],
        by_state: Option<&mut [T]>,
        by_input: Option<&mut [T]>,
    ) -> Result<()>;

    /// The mean squared error over batch, time (weighted by the mask) and outputs.
    ///
    /// Errors: as [`Operation::run`]; `Range` if the mask counts nothing or there are no outputs.
    fn loss(&mut self, sizes: Sizes, given: Given<'_, T>, aim: Aim<'_, T>) -> Result<T>;

    /// [`Operation::loss`], with its gradient by the parameters in `gradient` (overwritten; the
    /// order of the layout).
    ///
    /// Errors: as [`Operation::loss`].
    fn loss_gradient(
        &mut self,
        sizes: Sizes,
        given: Given<'_, T>,
        aim: Aim<'_, T>,
        gradient: &mut [T],
    ) -> Result<T>;

    /// The gradients of any loss, from its derivatives by states and outputs. Runs forward again:
    /// nothing need be kept since.
    ///
    /// Errors: as [`Operation::run`].
    fn backward(
        &mut self,
        sizes: Sizes,
        given: Given<'_, T>,
        arriving: Arriving<'_, T>,
        gradients: Gradients<'_, T>,
    ) -> Result<()>;
}

/// Numbers of a state: all parts of all strands, [strand][part][unit].
pub fn state<T: Lanes, U: Update<T>>(sizes: Sizes) -> usize {
    sizes.hidden() * U::PARTS
}

/// The sizes of one strand of a layer.
fn strand(sizes: Sizes, layer: usize) -> Strand {
    Strand {
        units: sizes.units,
        one: 1,
        inputs: sizes.features(layer),
        above: if layer + 1 == sizes.layers {
            sizes.outputs
        } else {
            0
        },
    }
}

/// All parameters in the order in which the loops read them.
#[derive(Default)]
struct Packed<T: Lanes, U: Update<T>> {
    strands: Vec<U::Packed>,
    /// One for each direction; the first has the bias behind the weights.
    readout: Vec<Panels<T>>,
}

impl<T: Lanes, U: Update<T>> Packed<T, U> {
    fn pack(&mut self, update: U, task: &Task<'_, T>) {
        let (s, form) = (task.sizes, task.division.form);
        let places = Places::of::<T, U>(s);
        let (w_out, b_out) = task.given.params[places.readout()].split_at(s.outputs * s.read());
        let parts = |direction: usize| Block {
            data: w_out.get(direction * s.units..).unwrap_or_default(),
            columns: s.units,
            by_row: s.read(),
            by_column: 1,
        };
        self.strands.resize_with(s.strands(), U::Packed::default);
        for (at, into) in self.strands.iter_mut().enumerate() {
            let strand = strand(s, at / s.directions);
            let plain = parts(at % s.directions);
            let weights = Weights {
                strand,
                params: &task.given.params[places.strand(at)][U::PARTS * s.units..],
                above: Block {
                    columns: strand.above,
                    by_row: plain.by_column,
                    by_column: plain.by_row,
                    ..plain
                },
                backward: task.way == Way::Back,
                form: task.division.form,
            };
            update.pack(&weights, into);
        }
        self.readout.resize_with(s.directions, Panels::default);
        for (direction, panels) in self.readout.iter_mut().enumerate() {
            match direction {
                0 => panels.pack(form, s.outputs, &[parts(0), Block::plain(b_out, 1)]),
                _ => panels.pack(form, s.outputs, &[parts(direction)]),
            }
        }
    }
}

impl<T: Lanes, U: Update<T>> Layers<T, U> {
    pub fn new(update: U) -> Self {
        Layers {
            update,
            ..Self::default()
        }
    }

    /// With slices of so many groups of 16 trials, however well they suit the sizes.
    pub fn with_slices(update: U, groups: usize) -> Self {
        Layers {
            slice: Some(groups),
            ..Self::new(update)
        }
    }

    fn task<'a>(&self, sizes: Sizes, given: Given<'a, T>, way: Way) -> Task<'a, T> {
        let threads = rayon::current_num_threads();
        let bytes = size_of_val(given.params);
        let division = |adds| Division::of(sizes.batch, adds, bytes, threads, self.slice);
        Task {
            sizes,
            state: state::<T, U>(sizes),
            given,
            aim: None,
            slope: T::of(0.0),
            arriving: Arriving {
                states: None,
                outputs: None,
            },
            way,
            division: match way {
                Way::Forward => division(false),
                Way::Back => division(true),
                Way::Jacobians => division(false).by_groups(),
            },
        }
    }

    /// The sums of all runs, brought into the order of the arena.
    fn gradient(&mut self, sizes: Sizes, into: &mut [T]) {
        let count = SumPlaces::of::<T, U>(sizes).count();
        join(&mut self.sums, count);
        sums::unpack::<T, U>(sizes, &self.sums[..count], into);
    }

    fn expect(sizes: Sizes) -> check::Expect {
        check::Expect {
            of: U::WORD,
            sizes,
            state: state::<T, U>(sizes),
            params: Places::of::<T, U>(sizes).count(),
        }
    }
}

impl<T: Lanes, U: Update<T>> Operation<T> for Layers<T, U> {
    fn run(
        &mut self,
        sizes: Sizes,
        given: Given<'_, T>,
        states: Option<&mut [T]>,
        outputs: Option<&mut [T]>,
    ) -> Result<()> {
        let expect = Self::expect(sizes);
        expect.given(&given)?;
        expect.results(states.as_deref(), outputs.as_deref())?;
        let results = Results {
            states: states.unwrap_or_default(),
            outputs: outputs.unwrap_or_default(),
            ..Results::default()
        };
        self.spread(self.task(sizes, given, Way::Forward), results);
        Ok(())
    }

    fn step(&mut self, sizes: Sizes, params: &[T], h: &[T], x: &[T], into: &mut [T]) -> Result<()> {
        let (sizes, given) = Self::expect(sizes).one_step(params, h, x)?;
        self.run(sizes, given, Some(into), None)
    }

    fn jacobians(
        &mut self,
        sizes: Sizes,
        params: &[T],
        [h, x]: [&[T]; 2],
        by_state: Option<&mut [T]>,
        by_input: Option<&mut [T]>,
    ) -> Result<()> {
        let (sizes, given) = Self::expect(sizes).one_step(params, h, x)?;
        let expect = Self::expect(sizes);
        expect.given(&given)?;
        expect.jacobians(by_state.as_deref(), by_input.as_deref())?;
        let task = self.task(sizes, given, Way::Jacobians);
        let results = Results {
            by_state: by_state.unwrap_or_default(),
            by_input: by_input.unwrap_or_default(),
            ..Results::default()
        };
        self.spread(task, results);
        Ok(())
    }

    fn loss(&mut self, sizes: Sizes, given: Given<'_, T>, aim: Aim<'_, T>) -> Result<T> {
        let expect = Self::expect(sizes);
        expect.given(&given)?;
        let weight = expect.aim(&aim)?;
        let task = Task {
            aim: Some(aim),
            ..self.task(sizes, given, Way::Forward)
        };
        self.spread(task, Results::default());
        Ok(T::of(self.losses.iter().sum()) * weight)
    }

    fn loss_gradient(
        &mut self,
        sizes: Sizes,
        given: Given<'_, T>,
        aim: Aim<'_, T>,
        gradient: &mut [T],
    ) -> Result<T> {
        let expect = Self::expect(sizes);
        expect.given(&given)?;
        expect.gradient(gradient)?;
        let weight = expect.aim(&aim)?;
        let task = Task {
            aim: Some(aim),
            slope: T::of(2.0) * weight,
            ..self.task(sizes, given, Way::Back)
        };
        self.spread(task, Results::default());
        self.gradient(sizes, gradient);
        Ok(T::of(self.losses.iter().sum()) * weight)
    }

    fn backward(
        &mut self,
        sizes: Sizes,
        given: Given<'_, T>,
        arriving: Arriving<'_, T>,
        gradients: Gradients<'_, T>,
    ) -> Result<()> {
        let expect = Self::expect(sizes);
        expect.given(&given)?;
        expect.arriving(&arriving)?;
        expect.gradients(&gradients)?;
        let task = Task {
            arriving,
            ..self.task(sizes, given, Way::Back)
        };
        let results = Results {
            d_inputs: gradients.inputs.unwrap_or_default(),
            d_h0: gradients.h0.unwrap_or_default(),
            ..Results::default()
        };
        self.spread(task, results);
        if let Some(params) = gradients.params {
            self.gradient(sizes, params);
        }
        Ok(())
    }
}
