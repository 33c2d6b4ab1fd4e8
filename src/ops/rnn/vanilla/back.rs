//! One slice of trials from the last time back to the first, and the gradients.

use std::ops::Range;

use pulp::Simd;

use super::slice::{Pass, Workspace};
use super::slices::blocks_mut;
use crate::ops::rnn::nonlinearity::chain;
use crate::ops::simd::dots::{Frames, dots};
use crate::ops::simd::product::product;
use crate::ops::simd::trials::{At, add, load, store};
use crate::ops::simd::{Cell, Lanes};

impl<T: Lanes> Pass<'_, T> {
    /// The sum of squared errors; leaves the derivatives by the outputs in place of the outputs.
    pub(super) fn errors(&mut self) -> f64 {
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
    pub(super) fn take_arriving_outputs(&mut self) {
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
    pub(super) fn backward<S: Simd>(&mut self, simd: S, d_h0: &mut [T]) {
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

    /// The gradients by the parameters, each as one sum over all times and trials.
    pub(super) fn gradients<S: Simd>(&mut self, simd: S, into: &mut [T]) {
        let s = self.task.sizes;
        let into = blocks_mut(s, into);
        let learned = self.task.given.h0.is_none();
        for (h0, cell) in into.h0.iter_mut().zip(&self.buffers.arrived) {
            *h0 = if learned { sum(cell) } else { T::of(0.0) };
        }
        // An update saw the state before it and the inputs of its own time, a readout the state
        // after it: the same frames, one further.
        let (first, width) = (s.outputs, 1 + s.units + s.inputs);
        let update = self.matrix(simd, 0, first..first + s.units, width);
        for (r, row) in update.chunks_exact(width).enumerate() {
            into.b_rec[r] = row[0];
            into.w_rec[r * s.units..][..s.units].copy_from_slice(&row[1..1 + s.units]);
            into.w_in[r * s.inputs..][..s.inputs].copy_from_slice(&row[1 + s.units..]);
        }
        let width = 1 + s.units;
        let readout = self.matrix(simd, 1, 0..s.outputs, width);
        for (r, row) in readout.chunks_exact(width).enumerate() {
            into.b_out[r] = row[0];
            into.w_out[r * s.units..][..s.units].copy_from_slice(&row[1..]);
        }
    }

    /// The sums over all times, from frame `start` on, of `rows` of the deltas times the first
    /// `width` cells of the states.
    fn matrix<S: Simd>(&mut self, simd: S, start: usize, rows: Range<usize>, width: usize) -> &[T] {
        let Workspace {
            states,
            deltas,
            matrix,
            ..
        } = &mut *self.buffers;
        let (sf, df) = (self.frames.states, self.frames.deltas);
        let left = Frames {
            cells: &deltas[start * df..],
            frame: df,
            first: rows.start,
            count: rows.len(),
        };
        let right = Frames {
            cells: &states[start * sf..],
            frame: sf,
            first: 0,
            count: width,
        };
        matrix.resize(rows.len() * width, T::of(0.0));
        dots(simd, left, right, self.task.sizes.time, matrix);
        matrix
    }

    /// The derivatives by the inputs of every time.
    pub(super) fn input_gradients<S: Simd>(&mut self, simd: S, into: &mut [T]) {
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
