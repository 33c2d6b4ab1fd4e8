//! One slice of trials through all layers and times, in one thread.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::Packed;
use super::places::Places;
use super::task::{Results, Task, Way};
use crate::ops::rnn::update::{Frame, Strand, Update};
use crate::ops::simd::product::{product, product_add};
use crate::ops::simd::sums::Turned;
use crate::ops::simd::trials::{At, load, repeat, store};
use crate::ops::simd::{Cell, Lanes, TRIALS};

/// The buffers of one thread.
#[derive(Debug, Default)]
pub struct Workspace<T> {
    pub(super) strands: Vec<Frames<T>>,
    /// What is carried from step to step on the way back.
    pub(super) carried: Vec<Cell<T>>,
    /// The same before a step, where trials that are over pass it by.
    pub(super) held: Vec<Cell<T>>,
    /// What lives within one step.
    pub(super) passing: Vec<Cell<T>>,
    /// Columns of Jacobians that are not written yet.
    pub(super) tile: Vec<Cell<T>>,
    /// How the layer below changes, while the one above is differentiated.
    pub(super) below: Vec<Cell<T>>,
    /// What stood at the columns of a weight matrix, on its way to a gradient.
    pub(super) turned: Turned<T>,
}

/// All times of one strand; see [`crate::ops::rnn::update`].
#[derive(Debug, Default)]
pub(super) struct Frames<T> {
    pub(super) states: Vec<Cell<T>>,
    pub(super) gates: Vec<Cell<T>>,
    /// What comes from the layer above to y after each step, n quantities a step.
    pub(super) from_above: Vec<Cell<T>>,
}

/// One slice of a task, with all that is needed to do it.
pub(super) struct Pass<'a, T: Lanes, U: Update<T>> {
    pub(super) update: U,
    pub(super) task: &'a Task<'a, T>,
    pub(super) packed: &'a Packed<T, U>,
    /// The trials of the slice.
    pub(super) trials: Range<usize>,
    pub(super) buffers: &'a mut Workspace<T>,
}

/// The measures of a strand's frames, in cells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measures {
    pub(super) cells: Strand,
    pub(super) frame: Frame,
    /// From frame to frame. Odd, so that a power of two never lets all times meet in the same
    /// cache lines.
    pub(super) states: usize,
    pub(super) gates: usize,
}

impl Measures {
    pub(super) fn of<T: Lanes, U: Update<T>>(task: &Task<'_, T>, layer: usize) -> Measures {
        let cells = super::strand(task.sizes, layer).times(task.division.form.groups);
        let frame = U::frame(cells);
        let kept = match task.way {
            Way::Forward => 0,
            Way::Back | Way::Jacobians => frame.gates,
        };
        Measures {
            cells,
            frame,
            states: (cells.units + cells.one + cells.inputs + frame.extra) | 1,
            gates: (cells.above + kept) | 1,
        }
    }

    /// Features of one time, in an array [trials, times, width].
    pub(super) fn at(&self, time: usize, times: usize, width: usize) -> At {
        At::time(self.cells.one, time, times, width)
    }

    /// The time of a step in a direction.
    pub(super) fn time(direction: usize, step: usize, times: usize) -> usize {
        if direction == 0 {
            step
        } else {
            times - 1 - step
        }
    }
}

/// A pass, its results, and where what makes its gradients is added up.
pub(super) struct Whole<'a, T: Lanes, U: Update<T>> {
    pub(super) pass: Pass<'a, T, U>,
    pub(super) results: Results<'a, T>,
    pub(super) sums: &'a mut [T],
}

impl<T: Lanes, U: Update<T>> Whole<'_, T, U> {
    pub(super) fn run(self) {
        Arch::new().dispatch(self);
    }
}

impl<T: Lanes, U: Update<T>> WithSimd for Whole<'_, T, U> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Whole {
            mut pass,
            results,
            sums,
        } = self;
        pass.begin(simd);
        for strand in 0..pass.task.sizes.strands() {
            pass.feed(strand);
            pass.forward(simd, strand);
        }
        if pass.task.way == Way::Jacobians {
            pass.jacobians(simd, results.by_state, results.by_input);
            return;
        }
        pass.store_states(results.states);
        if pass.task.aim.is_some() || !results.outputs.is_empty() {
            pass.read_out(simd, results.outputs);
        }
        if pass.task.aim.is_some() {
            pass.errors(results.losses);
        }
        if pass.task.way == Way::Back {
            pass.back(simd, results.d_inputs, results.d_h0, sums);
        }
    }
}

impl<'a, T: Lanes, U: Update<T>> Pass<'a, T, U> {
    pub(super) fn measures(&self, strand: usize) -> Measures {
        Measures::of::<T, U>(self.task, strand / self.task.sizes.directions)
    }

    /// The part of an array of `width` numbers a trial that belongs to this slice.
    pub(super) fn part<X>(&self, source: Option<&'a [X]>, width: usize) -> Option<&'a [X]> {
        source.map(|source| Task::<T>::part(&self.trials, source, width))
    }

    /// Brings ones and first states into place.
    fn begin<S: Simd>(&mut self, simd: S) {
        let s = self.task.sizes;
        let zero = Cell::splat(T::of(0.0));
        let trials = self.trials.len();
        let h0 = self.part(self.task.given.h0, self.task.state);
        self.buffers
            .strands
            .resize_with(s.strands(), Frames::default);
        for strand in 0..s.strands() {
            let m = self.measures(strand);
            let (n, one) = (m.cells.units, m.cells.one);
            let learned = &self.task.given.params[Places::of::<T, U>(s).strand(strand)];
            let frames = &mut self.buffers.strands[strand];
            frames.states.resize((s.time + 1) * m.states, zero);
            frames.gates.resize((s.time + 1) * m.gates, zero);
            for frame in frames.states.chunks_exact_mut(m.states) {
                frame[n..n + one].fill(Cell::splat(T::of(1.0)));
            }
            let first = &mut frames.states[..m.states];
            for part in 0..U::PARTS {
                let cells = &mut first[m.frame.states[part]..][..n];
                match h0 {
                    Some(h0) => {
                        let at = At::only(one, self.task.state);
                        load(h0, at.from((strand * U::PARTS + part) * s.units), cells);
                    }
                    None => repeat(&learned[part * s.units..], one, trials, cells),
                }
            }
            self.update.read(simd, m.cells, first);
            let widest = m.frame.gates.max(m.cells.inputs).max(n * s.directions);
            let passing = self.buffers.passing.len().max(widest);
            self.buffers.passing.resize(passing, zero);
            self.buffers.carried.resize(U::PARTS * n, zero);
        }
    }

    fn store_states(&self, into: &mut [T]) {
        let s = self.task.sizes;
        if into.is_empty() {
            return;
        }
        for (strand, frames) in self.buffers.strands[..s.strands()].iter().enumerate() {
            let (m, direction) = (self.measures(strand), strand % s.directions);
            let after = frames.states.chunks_exact(m.states).skip(1).take(s.time);
            for (step, frame) in after.enumerate() {
                let time = Measures::time(direction, step, s.time);
                let at = m.at(time, s.time, self.task.state);
                for part in 0..U::PARTS {
                    let cells = &frame[m.frame.states[part]..][..m.cells.units];
                    store(cells, into, at.from((strand * U::PARTS + part) * s.units));
                }
            }
        }
    }

    /// All outputs, left in the gates' frames of the last layer's first direction and copied to
    /// `into` where that is asked for.
    fn read_out<S: Simd>(&mut self, simd: S, into: &mut [T]) {
        let s = self.task.sizes;
        let top = s.strands() - s.directions..s.strands();
        let m = self.measures(top.start);
        let n = m.cells.units;
        for time in 0..s.time {
            let [top, others @ ..] = &mut self.buffers.strands[top.clone()] else {
                unreachable!("there is a layer in one direction at least");
            };
            let outputs = &mut top.gates[(time + 1) * m.gates..][..m.cells.above];
            let from = &top.states[(time + 1) * m.states..][..n + m.cells.one];
            product(simd, &self.packed.readout[0], from, outputs);
            for (other, weights) in others.iter().zip(&self.packed.readout[1..]) {
                let from = &other.states[(s.time - time) * m.states..][..n];
                product_add(simd, weights, from, outputs);
            }
            store(outputs, into, m.at(time, s.time, s.outputs));
        }
    }

    /// The sums of squared errors of each group of trials; leaves the derivatives by the outputs
    /// in place of the outputs.
    fn errors(&mut self, losses: &mut [f64]) {
        let s = self.task.sizes;
        let Some(aim) = self.task.aim else { return };
        let targets = self
            .part(Some(aim.targets), s.time * s.outputs)
            .unwrap_or_default();
        let mask = self.part(aim.mask, s.time);
        let top = s.strands() - s.directions;
        let m = self.measures(top);
        losses.fill(0.0);
        let frames = self.buffers.strands[top].gates.chunks_exact_mut(m.gates);
        for (time, frame) in frames.skip(1).take(s.time).enumerate() {
            for (k, cell) in frame[..m.cells.above].iter_mut().enumerate() {
                let (j, group) = (k / m.cells.one, k % m.cells.one);
                let first = group * TRIALS;
                let trials = self.trials.len().saturating_sub(first).min(TRIALS);
                for (b, x) in cell.0[..trials].iter_mut().enumerate() {
                    let at = (first + b) * s.time + time;
                    let weight = mask.map_or(T::of(1.0), |mask| mask[at]);
                    if weight == T::of(0.0) {
                        *x = T::of(0.0);
                        continue;
                    }
                    let error = *x - targets[at * s.outputs + j];
                    losses[group] += weight.double() * error.double() * error.double();
                    *x = self.task.slope * weight * error;
                }
                cell.0[trials..].fill(T::of(0.0));
            }
        }
    }
}

/// The trials of a slice, counted in it, that are over at a time.
pub(super) fn over(lengths: Option<&[usize]>, time: usize) -> impl Iterator<Item = usize> {
    let lengths = lengths.unwrap_or_default();
    (0..lengths.len()).filter(move |trial| lengths[*trial] <= time)
}
