//! One thread of a run.

use std::ops::Range;

use pulp::Arch;

use super::args::{RlsOptions, RunOutcome};
use super::barrier::{Pace, PanicGuard, share};
use super::leaky_tanh::{LeakyTanh, apply_tanh};
use super::matrix::{add_outer, add_product};
use super::network::Sizes;
use super::pending::{FlushPolicy, Pending};
use super::rank1_updates::CAPACITY;
use super::recurrent_weights::{RecurrentWeights, subtract_pending};
use super::rls::Strip;
use super::segment::{Segment, UNITS_PER_BLOCK};
use super::vector::padded_len;
use crate::ops::Lanes;

/// State of one thread: its part of the network and the shared values that it reads.
pub struct Worker<'a, T> {
    pub segment: Segment<'a, T>,
    /// Index of this thread.
    pub thread: usize,
    pub pace: Pace,
    /// Whether any thread was denied a core.
    pub late: bool,
    pub recurrent: RecurrentWeights<'a, T>,
    pub units: Range<usize>,
    pub a: &'a mut [T],
    pub outputs: Range<usize>,
    /// This thread's rows of wO.
    pub output_rows: &'a mut [T],
    pub strips: Vec<Strip<'a, T>>,
    pub rls: Option<(RlsOptions<T>, Pending<T>)>,
    pub z: Vec<T>,
    /// Buffers for z and h; one thread writes them.
    pub results: Option<(&'a mut [T], Option<&'a mut [T]>)>,
}

/// Result of a run, the same in all threads.
pub struct WorkerResult<T> {
    pub outcome: RunOutcome,
    /// Step after the last one that ran.
    pub next_step: usize,
    pub z: Vec<T>,
    pub pending: Option<Pending<T>>,
    /// Whether any thread was denied a core.
    pub late: bool,
}

/// Scratch buffers of a thread.
struct Scratch<T> {
    /// All of h; the first four buffers are padded.
    h: Vec<T>,
    q: Vec<T>,
    x: Vec<T>,
    feedback_input: Vec<T>,
    /// wR h of this thread's units.
    recurrent_input: Vec<T>,
    local: Vec<T>,
    output_scales: Vec<T>,
    /// a, z and `recurrent_input` before the current step, restored if the step fails.
    before: [Vec<T>; 3],
}

impl<T: Lanes> Scratch<T> {
    /// Buffers of a thread with this number of units and outputs.
    fn new(sizes: Sizes, units: usize, outputs: usize) -> Scratch<T> {
        let zeros = |count: usize| vec![T::of(0.0); count];
        Scratch {
            h: zeros(padded_len(sizes.units)),
            q: zeros(padded_len(sizes.units)),
            x: zeros(padded_len(sizes.inputs)),
            feedback_input: zeros(padded_len(sizes.outputs)),
            recurrent_input: zeros(units),
            local: zeros(units),
            output_scales: zeros(outputs),
            before: [zeros(units), zeros(sizes.outputs), zeros(units)],
        }
    }
}

impl<T: Lanes> Worker<'_, T> {
    pub fn run(mut self) -> WorkerResult<T> {
        let _guard = PanicGuard(self.segment.barrier);
        let mut scratch = Scratch::new(self.segment.sizes, self.units.len(), self.outputs.len());
        apply_tanh(self.a, &mut scratch.local);
        self.segment.shared.h[self.thread].write(|slot| slot.copy_from_slice(&scratch.local));
        self.segment.barrier.wait(&mut self.pace);
        self.gather(&mut scratch.h);
        match &self.recurrent {
            RecurrentWeights::Trained {
                recurrent_input, ..
            } => scratch.recurrent_input.copy_from_slice(recurrent_input),
            RecurrentWeights::Fixed(_) => self.compute_recurrent_input(&mut scratch),
        }
        // No thread may write a shared value that another thread still reads.
        self.segment.barrier.wait(&mut self.pace);
        let (mut outcome, mut next) = (RunOutcome::Completed, self.segment.steps.start);
        for at in self.segment.steps.clone() {
            let stop;
            (outcome, stop) = self.step(at, &mut scratch);
            next = at + 1;
            if stop || self.late || outcome != RunOutcome::Completed || self.is_pause_over() {
                break;
            }
        }
        if let RecurrentWeights::Trained {
            recurrent_input, ..
        } = &mut self.recurrent
        {
            recurrent_input.copy_from_slice(&scratch.recurrent_input);
        }
        WorkerResult {
            outcome,
            next_step: next,
            z: self.z,
            pending: self.rls.map(|(_, pending)| pending),
            late: self.late,
        }
    }

    /// Runs one step. Returns its outcome and whether the run must stop: P needs its matrix, or the
    /// step failed.
    fn step(&mut self, at: usize, scratch: &mut Scratch<T>) -> (RunOutcome, bool) {
        let is_due = self.is_update_due();
        self.save_state(scratch);
        self.advance(at, scratch);
        self.segment.barrier.wait(&mut self.pace);
        self.gather(&mut scratch.h);
        self.share_products(is_due, &scratch.h);
        self.compute_recurrent_input(scratch);
        self.late = self.segment.barrier.wait(&mut self.pace);
        let (threads, m) = (self.segment.threads, self.segment.sizes.outputs);
        for (k, slot) in self.segment.shared.z.iter().enumerate() {
            slot.read(|z| self.z[share(k, threads, m, 1)].copy_from_slice(z));
        }
        self.record(at, scratch);
        let (outcome, stop) = match self.z.iter().all(|z| z.is_finite()) {
            false => (RunOutcome::Diverged { at }, true),
            true if is_due => self.update_weights(at, scratch),
            true => {
                self.correct_recurrent_input(scratch);
                (RunOutcome::Completed, false)
            }
        };
        if outcome != RunOutcome::Completed {
            self.restore_state(scratch);
            return (outcome, stop);
        }
        if let Some((_, pending)) = &mut self.rls {
            pending.count_step(is_due);
        }
        if let Some(forced) = self.segment.teacher_forcing {
            self.z.copy_from_slice(&forced[at * m..][..m]);
        }
        (outcome, stop)
    }

    /// Saves the state before a step.
    fn save_state(&self, scratch: &mut Scratch<T>) {
        scratch.before[0].copy_from_slice(self.a);
        scratch.before[1].copy_from_slice(&self.z);
        scratch.before[2].copy_from_slice(&scratch.recurrent_input);
    }

    /// Restores the state before a step that failed.
    fn restore_state(&mut self, scratch: &mut Scratch<T>) {
        self.a.copy_from_slice(&scratch.before[0]);
        self.z.copy_from_slice(&scratch.before[1]);
        scratch.recurrent_input.copy_from_slice(&scratch.before[2]);
    }

    /// Writes this thread's part of z and, if an update is due, the contributions of its strips to
    /// P h.
    fn share_products(&self, is_due: bool, h: &[T]) {
        self.segment.shared.z[self.thread].write(|slot| {
            slot.fill(T::of(0.0));
            add_product(self.output_rows, h, slot);
        });
        if is_due {
            for strip in &self.strips {
                self.segment.shared.q[strip.index()].write(|slot| strip.multiply(h, slot));
            }
        }
    }

    fn is_pause_over(&self) -> bool {
        self.segment.pause.is_some_and(|pause| pause.is_over())
    }

    fn is_update_due(&self) -> bool {
        let rls = self.rls.as_ref();
        rls.is_some_and(|(options, pending)| pending.is_due(options.every))
    }

    /// Computes wR h of this thread's units, without the pending updates of wR.
    fn compute_recurrent_input(&self, scratch: &mut Scratch<T>) {
        scratch.recurrent_input.fill(T::of(0.0));
        match &self.recurrent {
            RecurrentWeights::Fixed(matrix) => {
                matrix.add_product(self.units.start, &scratch.h, &mut scratch.recurrent_input);
            }
            RecurrentWeights::Trained { rows, .. } => {
                add_product(rows, &scratch.h, &mut scratch.recurrent_input)
            }
        }
    }

    /// Advances this thread's units by one step.
    fn advance(&mut self, at: usize, scratch: &mut Scratch<T>) {
        let i = self.segment.sizes.inputs;
        scratch.x[..i].copy_from_slice(&self.segment.inputs[at * i..][..i]);
        let first = self.units.start;
        scratch.local.copy_from_slice(&scratch.recurrent_input);
        self.segment
            .input
            .add_product(first, &scratch.x, &mut scratch.local);
        scratch.feedback_input[..self.z.len()].copy_from_slice(&self.z);
        self.segment
            .feedback
            .add_product(first, &scratch.feedback_input, &mut scratch.local);
        let (a, h, leak) = (&mut *self.a, &mut scratch.local, self.segment.leak);
        Arch::new().dispatch(LeakyTanh { a, h, leak });
        if !self.a.iter().all(|a| a.is_finite()) {
            // tanh of an infinite value is finite. NaN reaches z and thereby every thread.
            scratch.local.fill(T::of(f64::NAN));
        }
        self.segment.shared.h[self.thread].write(|slot| slot.copy_from_slice(&scratch.local));
    }

    /// Copies all of h from the slices of the threads.
    fn gather(&self, h: &mut [T]) {
        for (k, slot) in self.segment.shared.h.iter().enumerate() {
            let units = share(
                k,
                self.segment.threads,
                self.segment.sizes.units,
                UNITS_PER_BLOCK,
            );
            slot.read(|part| h[units].copy_from_slice(part));
        }
    }

    fn record(&mut self, at: usize, scratch: &Scratch<T>) {
        let Sizes {
            units: n,
            outputs: m,
            ..
        } = self.segment.sizes;
        if let Some((outputs, states)) = &mut self.results {
            outputs[at * m..][..m].copy_from_slice(&self.z);
            if let Some(states) = states {
                states[at * n..][..n].copy_from_slice(&scratch.h[..n]);
            }
        }
    }

    /// Updates P, this thread's rows of wO and, if wR is trained, its rows of wR.
    fn update_weights(&mut self, at: usize, scratch: &mut Scratch<T>) -> (RunOutcome, bool) {
        self.sum_contributions(&mut scratch.q);
        let (options, pending) = self.rls.as_mut().expect("called only while training");
        let (h_dot_q, projections) = pending.finish_product(&scratch.h, &mut scratch.q);
        if !h_dot_q.is_finite() || h_dot_q < T::of(0.0) {
            return (RunOutcome::NotPositive { at }, true);
        }
        let slot = pending.updates().count();
        let s = pending.push_update(&scratch.q, h_dot_q, options.forgetting);
        let targets = &self.segment.targets[at * self.segment.sizes.outputs..];
        for (scale, o) in scratch.output_scales.iter_mut().zip(self.outputs.clone()) {
            *scale = -(s * (self.z[o] - targets[o]));
        }
        add_outer(self.output_rows, &scratch.output_scales, &scratch.q);
        let policy = pending.flush_policy(self.segment.has_matrix);
        if matches!(self.recurrent, RecurrentWeights::Trained { .. }) {
            self.update_recurrent(at, scratch, (slot, s * h_dot_q), &projections);
        }
        let (_, pending) = self.rls.as_mut().expect("as above");
        let Some(policy) = policy else {
            return (RunOutcome::Completed, false);
        };
        self.recurrent.flush(pending.updates());
        if policy == FlushPolicy::AllocateMatrix {
            return (RunOutcome::Completed, true);
        }
        self.strips
            .iter_mut()
            .for_each(|strip| strip.flush(pending, policy));
        pending.clear(policy);
        (RunOutcome::Completed, false)
    }

    /// Sums the contributions of all strips to P h.
    fn sum_contributions(&self, q: &mut [T]) {
        q.fill(T::of(0.0));
        for slot in &self.segment.shared.q {
            slot.read(|part| q.iter_mut().zip(part).for_each(|(q, part)| *q += *part));
        }
    }

    /// Subtracts the pending updates of wR from wR h on steps without an update.
    fn correct_recurrent_input(&self, scratch: &mut Scratch<T>) {
        let RecurrentWeights::Trained { errors, .. } = &self.recurrent else {
            return;
        };
        if let Some((_, pending)) = &self.rls {
            let projections = pending.updates().add_product(&scratch.h, &mut scratch.q);
            subtract_pending(&mut scratch.recurrent_input, errors, &projections);
        }
    }

    /// Stores the errors of this thread's units as pending update `slot` of wR, and subtracts all
    /// pending updates from wR h: s_j q_j . h for the earlier ones, s q . h for this one.
    fn update_recurrent(
        &mut self,
        at: usize,
        scratch: &mut Scratch<T>,
        (slot, scaled_hq): (usize, T),
        projections: &[T; CAPACITY],
    ) {
        let RecurrentWeights::Trained {
            errors, targets, ..
        } = &mut self.recurrent
        else {
            return;
        };
        subtract_pending(&mut scratch.recurrent_input, errors, projections);
        scratch.local.copy_from_slice(&scratch.recurrent_input);
        scratch.feedback_input[..self.z.len()].copy_from_slice(&self.z);
        let feedback = self.segment.feedback;
        feedback.add_product(
            self.units.start,
            &scratch.feedback_input,
            &mut scratch.local,
        );
        let targets = &targets[at * self.segment.sizes.units..][self.units.clone()];
        let rows = scratch
            .recurrent_input
            .iter_mut()
            .zip(&scratch.local)
            .zip(targets);
        for (errors, ((recurrent_input, local), target)) in errors.iter_mut().zip(rows) {
            let error = *local - *target;
            errors[slot] = error;
            *recurrent_input -= error * scaled_hq;
        }
    }
}
