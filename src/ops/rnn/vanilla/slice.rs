//! One slice of trials through all times, in one thread; the way back is in `back.rs`.
//!
//! Two sets of cells, in frames of one time each. `states`: frame t holds [1, h_{t-1}, x_t], so
//! that an update is one product with [bR wR wI], and the last frame holds the last state.
//! `deltas`: frame t holds [d loss / d o_{t-1}, d loss / d sums of step t], so that going back one
//! step is one product with [wO' wR']. On the way forward the first part holds the outputs and the
//! second the slopes f'.

use pulp::{Arch, Simd, WithSimd};

use super::slices::{Packed, Results, Task, blocks};
use crate::ops::simd::product::product;
use crate::ops::simd::trials::{At, add, clear, load, store};
use crate::ops::simd::{Cell, Lanes, TRIALS};

/// The buffers of one thread.
#[derive(Debug, Default)]
pub struct Workspace<T> {
    pub(super) states: Vec<Cell<T>>,
    pub(super) deltas: Vec<Cell<T>>,
    /// What arrives at the units of one time.
    pub(super) arrived: Vec<Cell<T>>,
    /// Gradients before they go to their blocks.
    pub(super) matrix: Vec<T>,
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
pub(super) struct FrameSizes {
    pub(super) states: usize,
    pub(super) deltas: usize,
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

/// One slice of a task, with the buffers to do it in.
pub(super) struct Pass<'a, T> {
    pub(super) buffers: &'a mut Workspace<T>,
    pub(super) task: &'a Task<'a, T>,
    pub(super) packed: &'a Packed<T>,
    pub(super) slice: usize,
    pub(super) frames: FrameSizes,
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
    pub(super) fn trials(&self) -> usize {
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
}
