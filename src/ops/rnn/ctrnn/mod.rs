//! The continuous-time cell, in steps of Euler:
//!
//! ```text
//! a' = a + dt/tau (-a + wR f(a) + wI x + bR)
//! ```
//!
//! The state is a, the currents; matrices and readout see the rates f(a).
//!
//! Source: Sussillo & Barak 2013, equation 4, with a bias

use pulp::Simd;

use super::Nonlinearity;
use super::update::{
    Backward, Forward, Frame, Made, Product, Reading, Strand, Tangent, Update, Weights,
};
use super::vanilla::{self, Vanilla};
use crate::ops::simd::each::{self, each_1_0, each_1_1, each_1_2, each_2_0};
use crate::ops::simd::product::{product, product_add};
use crate::ops::simd::{Cell, Lanes};

/// The cell, with what its equation leaves open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ctrnn {
    pub nonlinearity: Nonlinearity,
    /// The length of a step, in the unit of tau.
    pub dt: f64,
    /// The time constant.
    pub tau: f64,
}

impl Default for Ctrnn {
    fn default() -> Self {
        Ctrnn {
            nonlinearity: Nonlinearity::Tanh,
            dt: 1.0,
            tau: 10.0,
        }
    }
}

impl Ctrnn {
    fn step<T: Lanes>(&self) -> T {
        T::of(self.dt / self.tau)
    }
}

/// Its matrices are those of the vanilla cell. The states' frame has [a, f'(a)] behind [f(a), 1,
/// x]; a gate holds nothing on the way forward, and the derivative by its sum on the way back.
impl<T: Lanes> Update<T> for Ctrnn {
    type Packed = vanilla::Packed<T>;
    const WORD: &'static str = "ctrnn";
    const PARTS: usize = 1;

    fn blocks(i: usize, n: usize) -> Vec<(&'static str, Vec<usize>)> {
        <Vanilla as Update<T>>::blocks(i, n)
    }

    fn count(i: usize, n: usize) -> usize {
        <Vanilla as Update<T>>::count(i, n)
    }

    fn frame(s: Strand) -> Frame {
        Frame {
            extra: 2 * s.units,
            gates: s.units,
            back: s.units,
            states: [s.units + s.one + s.inputs, 0],
        }
    }

    fn pack(&self, weights: &Weights<'_, T>, into: &mut vanilla::Packed<T>) {
        Vanilla::default().pack(weights, into);
    }

    fn read<S: Simd>(&self, simd: S, s: Strand, frame: &mut [Cell<T>]) {
        let (rates, rest) = frame.split_at_mut(s.units);
        let (a, slopes) = rest[s.one + s.inputs..].split_at_mut(s.units);
        rates.copy_from_slice(a);
        self.nonlinearity.apply(simd, rates, &mut slopes[..s.units]);
    }

    fn forward<S: Simd>(&self, simd: S, packed: &vanilla::Packed<T>, step: Forward<'_, T>) {
        let n = step.strand.units;
        let end = n + step.strand.one + step.strand.inputs;
        let part = self.step::<T>();
        product(simd, &packed.update, &step.before[..end], step.gates);
        let (before, after) = (&step.before[end..], &mut step.after[end..][..n]);
        each_1_2(
            simd,
            [after],
            [before, step.gates],
            move |[after], [a, sum]| {
                *after = a + part * (sum - a);
            },
        );
    }

    fn collect<S: Simd>(&self, simd: S, packed: &vanilla::Packed<T>, reading: Reading<'_, T>) {
        let n = reading.strand.units;
        let end = n + reading.strand.one + reading.strand.inputs;
        let slopes = &reading.frame[end + n..][..n];
        let arrived = reading.passing;
        arrived.fill(Cell::splat(T::of(0.0)));
        product_add(simd, &packed.back, reading.from, arrived);
        each::add(simd, arrived, reading.layer_above);
        each_1_2(
            simd,
            [reading.carried],
            [arrived, slopes],
            |[d], [x, slope]| *d += x * slope,
        );
    }

    fn backward<S: Simd>(&self, simd: S, _: &vanilla::Packed<T>, step: Backward<'_, T>) {
        let part = self.step::<T>();
        let kept = T::of(1.0) - part;
        each_2_0(
            simd,
            [step.gates, step.carried],
            [],
            move |[gate, d], []| {
                *gate = part * *d;
                *d *= kept;
            },
        );
    }

    fn product(s: Strand, k: usize) -> Option<Product> {
        <Vanilla as Update<T>>::product(s, k)
    }

    fn add_gradient(s: Strand, k: usize, row: usize, sums: &[T], into: &mut [T]) {
        Vanilla::add_gradient(s, k, row, sums, into);
    }

    fn inputs<S: Simd>(
        &self,
        simd: S,
        packed: &vanilla::Packed<T>,
        gates: &[Cell<T>],
        into: &mut [Cell<T>],
    ) {
        product_add(simd, &packed.inputs, gates, into);
    }

    fn tangent<S: Simd>(
        &self,
        simd: S,
        packed: &vanilla::Packed<T>,
        made: Made<'_, T>,
        along: Tangent<'_, T>,
        into: &mut [Cell<T>],
    ) {
        let Strand { units: n, one, .. } = made.strand;
        let part = self.step::<T>();
        let slopes = &made.before[2 * n + one + made.strand.inputs..][..n];
        let into = &mut into[..n];
        packed.sums_along(simd, made.strand, along, into);
        each_1_0(simd, [&mut *into], [], move |[x], []| *x *= part);
        let Tangent::State(k) = along else { return };
        let (kept, here) = (T::of(1.0) - part, k * one..(k + 1) * one);
        for cells in into.chunks_exact_mut(one) {
            each_1_1(simd, [cells], [&slopes[here.clone()]], |[x], [slope]| {
                *x *= slope
            });
        }
        each_1_0(simd, [&mut into[here]], [], move |[x], []| *x += kept);
    }

    fn read_tangent<S: Simd>(&self, simd: S, s: Strand, frame: &[Cell<T>], change: &mut [Cell<T>]) {
        let slopes = &frame[2 * s.units + s.one + s.inputs..][..s.units];
        each_1_1(simd, [change], [slopes], |[x], [slope]| *x *= slope);
    }
}
