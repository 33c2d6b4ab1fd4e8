//! The cells of all times.

use pulp::Simd;

use super::CELL;
use crate::ops::Lanes;
use crate::ops::rnn::gru::Gru;
use crate::ops::rnn::update::{Backward, Forward, Frame, Reading, Strand, Update};
use crate::ops::simd::Cell;
use crate::ops::simd::sums::Frames;

/// Some quantities at all times.
#[derive(Debug, Default)]
pub struct Rows<T> {
    cells: Vec<Cell<T>>,
    width: usize,
}

impl<T: Lanes> Rows<T> {
    /// Room for `width` cells at so many times.
    pub fn fit(&mut self, times: usize, width: usize) {
        // Odd, so that a power of two never lets all times meet in the same cache lines.
        self.width = width | 1;
        self.cells
            .resize(times * self.width, Cell::splat(T::of(0.0)));
    }

    /// The cells from one time on.
    pub fn at(&self, time: usize) -> &[Cell<T>] {
        &self.cells[time * self.width..][..self.width]
    }

    pub fn at_mut(&mut self, time: usize) -> &mut [Cell<T>] {
        &mut self.cells[time * self.width..][..self.width]
    }

    /// The cells of the first two times.
    pub fn two(&mut self) -> [&mut [Cell<T>]; 2] {
        let (first, second) = self.cells.split_at_mut(self.width);
        [first, second]
    }

    /// The first quantities of all times, for sums.
    pub fn frames(&self, count: usize) -> Frames<'_, T> {
        Frames {
            cells: &self.cells,
            frame: self.width,
            first: 0,
            count,
        }
    }
}

/// A GRU at all times; see [`crate::ops::rnn::update`].
#[derive(Debug)]
pub struct Recurrent<T> {
    /// In cells.
    strand: Strand,
    frame: Frame,
    states: Rows<T>,
    gates: Rows<T>,
}

impl<T: Lanes> Default for Recurrent<T> {
    fn default() -> Self {
        let strand = super::strand(0, 0).times(0);
        Recurrent {
            strand,
            frame: <Gru as Update<T>>::frame(strand),
            states: Rows::default(),
            gates: Rows::default(),
        }
    }
}

impl<T: Lanes> Recurrent<T> {
    pub fn fit(&mut self, strand: Strand, groups: usize, time: usize) {
        let strand = strand.times(groups);
        let Strand {
            units: n,
            one,
            inputs,
            ..
        } = strand;
        self.strand = strand;
        self.frame = <Gru as Update<T>>::frame(strand);
        self.states
            .fit(time + 1, n + one + inputs + self.frame.extra);
        self.gates.fit(time, self.frame.gates);
        for at in 0..=time {
            self.states.at_mut(at)[n..n + one].fill(Cell::splat(T::of(1.0)));
        }
    }

    /// The state before step `at`.
    pub fn state(&self, at: usize) -> &[Cell<T>] {
        &self.states.at(at)[..self.strand.units]
    }

    pub fn state_mut(&mut self, at: usize) -> &mut [Cell<T>] {
        &mut self.states.at_mut(at)[..self.strand.units]
    }

    /// The state before step `at`, and a 1 behind it.
    pub fn state_and_one(&self, at: usize) -> &[Cell<T>] {
        &self.states.at(at)[..self.strand.units + self.strand.one]
    }

    /// The input of step `at`.
    pub fn input_mut(&mut self, at: usize) -> &mut [Cell<T>] {
        let first = self.strand.units + self.strand.one;
        &mut self.states.at_mut(at)[first..first + self.strand.inputs]
    }

    /// Step `at`.
    pub fn forward<S: Simd>(&mut self, simd: S, packed: &<Gru as Update<T>>::Packed, at: usize) {
        let width = self.states.width;
        let (before, after) = self.states.cells[at * width..].split_at_mut(width);
        let step = Forward {
            strand: self.strand,
            before,
            after,
            gates: &mut self.gates.at_mut(at)[..self.frame.gates],
        };
        CELL.forward(simd, packed, step);
    }

    /// Step `at` back: `carried` is the derivative by the state after it, and becomes that by the
    /// state before it. The gates become the derivatives by the sums.
    pub fn backward<S: Simd>(
        &mut self,
        simd: S,
        packed: &<Gru as Update<T>>::Packed,
        at: usize,
        [carried, passing]: [&mut [Cell<T>]; 2],
    ) {
        let n = self.strand.units;
        let (carried, passing) = (&mut carried[..n], &mut passing[..n]);
        let gates = &mut self.gates.at_mut(at)[..self.frame.gates];
        let step = Backward {
            strand: self.strand,
            before: self.states.at(at),
            after: self.states.at(at + 1),
            gates: &mut *gates,
            carried: &mut *carried,
            passing: &mut *passing,
        };
        CELL.backward(simd, packed, step);
        let reading = Reading {
            strand: self.strand,
            frame: self.states.at(at),
            from: &gates[..self.frame.back],
            layer_above: &[],
            carried,
            passing,
        };
        CELL.collect(simd, packed, reading);
    }

    /// The derivatives by the input of step `at`, after [`Recurrent::backward`].
    pub fn input_back<S: Simd>(
        &self,
        simd: S,
        packed: &<Gru as Update<T>>::Packed,
        at: usize,
        into: &mut [Cell<T>],
    ) {
        let into = &mut into[..self.strand.inputs];
        into.fill(Cell::splat(T::of(0.0)));
        let gates = &self.gates.at(at)[..self.frame.gates];
        CELL.inputs(simd, packed, gates, into);
    }

    /// The gates and the states of all steps, for sums; the states after the steps if `after`.
    pub fn frames(&self, after: bool) -> [Frames<'_, T>; 2] {
        let skip = usize::from(after) * self.states.width;
        [
            self.gates.frames(0),
            Frames {
                cells: &self.states.cells[skip..],
                ..self.states.frames(0)
            },
        ]
    }
}
