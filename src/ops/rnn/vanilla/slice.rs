//! One slice of trials through all times and back, in one thread.
//!
//! Two sets of cells, in frames of one time each. `states`: frame t holds [1, h_{t-1}, x_t], so
//! that an update is one product with [bR wR wI], and the last frame holds the last state.
//! `deltas`: frame t holds [d loss / d o_{t-1}, d loss / d sums of step t], so that going back one
//! step is one product with [wO' wR']. On the way forward the first part holds the outputs and the
//! second the slopes f'.

use pulp::{Arch, Simd, WithSimd};

use super::slices::{Packed, Results, Task, blocks, blocks_mut};
use crate::ops::rnn::nonlinearity::chain;
use crate::ops::simd::dots::{Frames, dots};
use crate::ops::simd::product::product;
use crate::ops::simd::trials::{At, add, clear, load, store};
use crate::ops::simd::{Cell, Lanes, TRIALS};

/// The buffers of one thread.
#[derive(Debug, Default)]
pub struct Workspace<T> {
    states: Vec<Cell<T>>,
    deltas: Vec<Cell<T>>,
    /// What arrives at the units of one time.
    arrived: Vec<Cell<T>>,
    /// Gradients before they go to their blocks.
    matrix: Vec<T>,
}

impl<T: Lanes> Workspace<T> {
    /// Does the task on one slice.
    pub fn pass(
        &mut self,
        task: &Task<'_, T>,
        packed: &Packed<T>,
        slice: usize,
        results: Results<'_, T>,
    ) {
        let pass = Pass {
            buffers: self,
            task,
            packed,
            slice,
            frames: FrameSizes::of(task),
        };
        Arch::new().dispatch(Whole { pass, results });
    }
}

/// Cells a frame. Odd, so that a power of two never lets all times meet in the same cache lines.
#[derive(Clone, Copy)]
struct FrameSizes {
    states: usize,
    deltas: usize,
}

impl FrameSizes {
    fn of<T>(task: &Task<'_, T>) -> FrameSizes {
        let s = task.sizes;
        let units = if task.backward { s.units } else { 0 };
        FrameSizes {
            states: (1 + s.units + s.inputs) | 1,
            deltas: (s.outputs + units) | 1,
        }
    }
}

struct Pass<'a, T> {
    buffers: &'a mut Workspace<T>,
    task: &'a Task<'a, T>,
    packed: &'a Packed<T>,
    slice: usize,
    frames: FrameSizes,
}

struct Whole<'a, T> {
    pass: Pass<'a, T>,
    results: Results<'a, T>,
}

impl<T: Lanes> WithSimd for Whole<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Whole { mut pass, results } = self;
        pass.begin();
        pass.forward(simd);
        pass.store_states(results.states);
        if pass.task.aim.is_some() || !results.outputs.is_empty() {
            pass.read_out(simd, results.outputs);
        }
        if let Some(loss) = results.losses.first_mut() {
            *loss = pass.errors();
        }
        if pass.task.backward {
            pass.take_arriving_outputs();
            pass.backward(simd, results.d_h0);
            pass.gradients(simd, results.d_params);
            pass.input_gradients(simd, results.d_inputs);
        }
    }
}

impl<T: Lanes> Pass<'_, T> {
    /// Trials of this slice.
    fn trials(&self) -> usize {
        (self.task.sizes.batch - self.slice * TRIALS).min(TRIALS)
    }

    /// Brings ones, inputs and first states into place.
    fn begin(&mut self) {
        let s = self.task.sizes;
        let zero = Cell::splat(T::of(0.0));
        self.buffers
            .states
            .resize((s.time + 1) * self.frames.states, zero);
        self.buffers
            .deltas
            .resize((s.time + 1) * self.frames.deltas, zero);
        self.buffers.arrived.resize(s.units.max(s.inputs), zero);
        let inputs = self
            .task
            .part(self.slice, self.task.given.inputs, s.time * s.inputs);
        let frames = self.buffers.states.chunks_exact_mut(self.frames.states);
        for (time, frame) in frames.enumerate() {
            frame[0] = Cell::splat(T::of(1.0));
            if time < s.time {
                let at = At {
                    time,
                    times: s.time,
                };
                load(inputs, at, &mut frame[1 + s.units..][..s.inputs]);
            }
        }
        let first = &mut self.buffers.states[1..1 + s.units];
        match self.task.given.h0 {
            Some(h0) => load(self.task.part(self.slice, h0, s.units), At::ONLY, first),
            None => {
                for (cell, h) in first.iter_mut().zip(blocks(s, self.task.given.params).h0) {
                    *cell = Cell::splat(*h);
                }
            }
        }
    }

    /// All updates.
    fn forward<S: Simd>(&mut self, simd: S) {
        let s = self.task.sizes;
        let trials = self.trials();
        let noise = self
            .task
            .given
            .noise
            .map(|noise| self.task.part(self.slice, noise, s.time * s.units));
        let units = if self.task.backward { s.units } else { 0 };
        for time in 0..s.time {
            let (before, after) =
                self.buffers.states[time * self.frames.states..].split_at_mut(self.frames.states);
            let h = &mut after[1..1 + s.units];
            product(
                simd,
                &self.packed.update,
                &before[..1 + s.units + s.inputs],
                h,
            );
            let slopes = &mut self.buffers.deltas[time * self.frames.deltas..];
            let slopes = &mut slopes[s.outputs..s.outputs + units];
            self.task.nonlinearity.apply(simd, h, slopes);
            if let Some(noise) = noise {
                add(
                    noise,
                    At {
                        time,
                        times: s.time,
                    },
                    h,
                );
            }
            // Trials that the slice lacks stay at zero: they could overflow, and 0 * inf is NaN.
            if trials < TRIALS {
                clear(trials, h);
                clear(trials, slopes);
            }
        }
    }

    fn store_states(&self, into: &mut [T]) {
        let s = self.task.sizes;
        if into.is_empty() {
            return;
        }
        let frames = self.buffers.states.chunks_exact(self.frames.states).skip(1);
        for (time, frame) in frames.enumerate() {
            store(
                &frame[1..1 + s.units],
                into,
                At {
                    time,
                    times: s.time,
                },
            );
        }
    }

    /// All outputs, left in `deltas` and copied to `into` where that is asked for.
    fn read_out<S: Simd>(&mut self, simd: S, into: &mut [T]) {
        let s = self.task.sizes;
        let states = self.buffers.states.chunks_exact(self.frames.states).skip(1);
        let deltas = self
            .buffers
            .deltas
            .chunks_exact_mut(self.frames.deltas)
            .skip(1);
        for (time, (from, to)) in states.zip(deltas).enumerate() {
            let outputs = &mut to[..s.outputs];
            product(simd, &self.packed.readout, &from[..1 + s.units], outputs);
            store(
                outputs,
                into,
                At {
                    time,
                    times: s.time,
                },
            );
        }
    }

    /// The sum of squared errors; leaves the derivatives by the outputs in place of the outputs.
    fn errors(&mut self) -> f64 {
        let Some(aim) = self.task.aim else { return 0.0 };
        let s = self.task.sizes;
        let trials = self.trials();
        let targets = self.task.part(self.slice, aim.targets, s.time * s.outputs);
        let mask = aim
            .mask
            .map(|mask| self.task.part(self.slice, mask, s.time));
        let mut sum = 0.0;
        let frames = self
            .buffers
            .deltas
            .chunks_exact_mut(self.frames.deltas)
            .skip(1);
        for (time, frame) in frames.enumerate() {
            for (j, cell) in frame[..s.outputs].iter_mut().enumerate() {
                for (b, x) in cell.0[..trials].iter_mut().enumerate() {
                    let at = b * s.time + time;
                    let weight = mask.map_or(T::of(1.0), |mask| mask[at]);
                    if weight == T::of(0.0) {
                        *x = T::of(0.0);
                        continue;
                    }
                    let error = *x - targets[at * s.outputs + j];
                    sum += weight.double() * error.double() * error.double();
                    *x = self.task.slope * weight * error;
                }
                cell.0[trials..].fill(T::of(0.0));
            }
        }
        sum
    }

    /// Without an aim, the derivatives by the outputs come from outside.
    fn take_arriving_outputs(&mut self) {
        if self.task.aim.is_some() {
            return;
        }
        let s = self.task.sizes;
        let arriving = self.task.arriving.outputs;
        let arriving = arriving.map_or(&[][..], |d| {
            self.task.part(self.slice, d, s.time * s.outputs)
        });
        let frames = self
            .buffers
            .deltas
            .chunks_exact_mut(self.frames.deltas)
            .skip(1);
        for (time, frame) in frames.enumerate() {
            load(
                arriving,
                At {
                    time,
                    times: s.time,
                },
                &mut frame[..s.outputs],
            );
        }
    }

    /// From the last time to the first; leaves the derivatives by the sums in place of the slopes
    /// and those by the first state in `arrived`.
    fn backward<S: Simd>(&mut self, simd: S, d_h0: &mut [T]) {
        let s = self.task.sizes;
        let (o, d) = (s.outputs, self.frames.deltas);
        let arriving = self.task.arriving.states;
        let arriving = arriving.map(|x| self.task.part(self.slice, x, s.time * s.units));
        let Workspace {
            deltas, arrived, ..
        } = &mut *self.buffers;
        let arrived = &mut arrived[..s.units];
        deltas[..o].fill(Cell::splat(T::of(0.0)));
        for time in (0..=s.time).rev() {
            let (before, from) = deltas.split_at_mut(time * d);
            // Nothing comes back through an update after the last one.
            let width = if time == s.time { o } else { o + s.units };
            product(simd, &self.packed.back, &from[..width], arrived);
            if time == 0 {
                break;
            }
            if let Some(arriving) = arriving {
                add(
                    arriving,
                    At {
                        time: time - 1,
                        times: s.time,
                    },
                    arrived,
                );
            }
            chain(simd, &mut before[(time - 1) * d + o..][..s.units], arrived);
        }
        store(arrived, d_h0, At::ONLY);
    }

    fn gradients<S: Simd>(&mut self, simd: S, into: &mut [T]) {
        let s = self.task.sizes;
        let (n, o) = (s.units, s.outputs);
        let Workspace {
            states,
            deltas,
            arrived,
            matrix,
        } = &mut *self.buffers;
        let into = blocks_mut(s, into);
        for (h0, cell) in into.h0.iter_mut().zip(&*arrived) {
            let learned = self.task.given.h0.is_none();
            *h0 = if learned { sum(cell) } else { T::of(0.0) };
        }
        let (sf, df) = (self.frames.states, self.frames.deltas);
        let left = Frames {
            cells: &*deltas,
            frame: df,
            first: o,
            count: n,
        };
        let right = Frames {
            cells: &*states,
            frame: sf,
            first: 0,
            count: 1 + n + s.inputs,
        };
        matrix.resize(n * right.count, T::of(0.0));
        dots(simd, left, right, s.time, matrix);
        for (r, row) in matrix.chunks_exact(right.count).enumerate() {
            into.b_rec[r] = row[0];
            into.w_rec[r * n..][..n].copy_from_slice(&row[1..1 + n]);
            into.w_in[r * s.inputs..][..s.inputs].copy_from_slice(&row[1 + n..]);
        }
        let left = Frames {
            cells: &deltas[df..],
            frame: df,
            first: 0,
            count: o,
        };
        let right = Frames {
            cells: &states[sf..],
            frame: sf,
            first: 0,
            count: 1 + n,
        };
        matrix.resize(o * right.count, T::of(0.0));
        dots(simd, left, right, s.time, matrix);
        for (r, row) in matrix.chunks_exact(right.count).enumerate() {
            into.b_out[r] = row[0];
            into.w_out[r * n..][..n].copy_from_slice(&row[1..]);
        }
    }

    fn input_gradients<S: Simd>(&mut self, simd: S, into: &mut [T]) {
        let s = self.task.sizes;
        if into.is_empty() {
            return;
        }
        let frames = self
            .buffers
            .deltas
            .chunks_exact(self.frames.deltas)
            .take(s.time);
        let cells = &mut self.buffers.arrived[..s.inputs];
        for (time, frame) in frames.enumerate() {
            let from = &frame[s.outputs..s.outputs + s.units];
            product(simd, &self.packed.inputs, from, cells);
            store(
                cells,
                into,
                At {
                    time,
                    times: s.time,
                },
            );
        }
    }
}

/// The sum over trials.
fn sum<T: Lanes>(cell: &Cell<T>) -> T {
    let mut sum = T::of(0.0);
    for x in cell.0 {
        sum += x;
    }
    sum
}
