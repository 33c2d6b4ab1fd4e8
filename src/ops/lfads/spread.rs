//! The spreading of runs over threads, and one slice of trials from front to back.

use std::ops::Range;
use std::sync::Mutex;

use pulp::{Arch, Simd, WithSimd};

use super::frames::{Recurrent, Rows};
use super::packed::Packed;
use super::places::SumPlaces;
use super::{Given, Losses, Operation, Results, Sizes, Way};
use crate::ops::Lanes;
use crate::ops::simd::division::{Division, cut, on_threads};
use crate::ops::simd::sums::Turned;
use crate::ops::simd::{Cell, TRIALS};

/// One call, the same for all slices.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a, T> {
    pub sizes: Sizes,
    pub given: Given<'a, T>,
    pub way: Way,
    /// Rows of the batch that share the observations of one trial, if more than 1.
    pub copies: usize,
    pub division: Division,
    /// What a trial weighs in the loss.
    pub slope: T,
    /// The logarithm of the least variance.
    pub ln_min: T,
}

/// The buffers of one thread.
#[derive(Debug, Default)]
pub struct Workspace<T: Lanes> {
    /// The trial whose copies the encoders have seen.
    pub encoded: Option<usize>,
    pub encoders: [Recurrent<T>; 2],
    pub controller: Recurrent<T>,
    pub generator: Recurrent<T>,
    /// The last states of the encoders, that of the one from the back first, and a 1.
    pub ends: Rows<T>,
    /// Means and log-variances of g_0, their derivatives, and the normals of the sample.
    pub initial: Rows<T>,
    pub d_initial: Rows<T>,
    pub initial_normals: Rows<T>,
    /// The same of u; the normals are those of the sample and those of the second one.
    pub inferred: Rows<T>,
    pub d_inferred: Rows<T>,
    pub normals: Rows<T>,
    /// Factors and a 1.
    pub factors: Rows<T>,
    pub d_factors: Rows<T>,
    /// Log-rates, then the derivatives by them.
    pub rates: Rows<T>,
    pub d_encoded: Rows<T>,
    /// What was observed at one time, then its part of the loss.
    pub observed: Rows<T>,
    /// What is carried from step to step on the way back, by the controller and the generator.
    pub carried: [Vec<Cell<T>>; 2],
    /// What lives within one step.
    pub passing: Vec<Cell<T>>,
    pub d_inputs: Vec<Cell<T>>,
    pub turned: Turned<T>,
}

/// One slice of a task, with all that is needed to do it.
pub struct Pass<'a, T: Lanes> {
    pub task: &'a Task<'a, T>,
    pub packed: &'a Packed<T>,
    /// The trials of the slice.
    pub trials: Range<usize>,
    pub buffers: &'a mut Workspace<T>,
}

/// What has not been begun.
struct Rest<'a, T> {
    /// The first trial.
    first: usize,
    results: Results<'a, T>,
    losses: &'a mut [Losses],
    sums: &'a mut [T],
}

/// One call, seen by all threads.
struct Call<'a, T: Lanes> {
    task: &'a Task<'a, T>,
    packed: &'a Packed<T>,
    /// Numbers that the sums of a run take.
    sums: usize,
    rest: Mutex<Rest<'a, T>>,
}

/// One run, taken by a thread.
struct Run<'a, T> {
    trials: Range<usize>,
    results: Results<'a, T>,
    losses: &'a mut [Losses],
    sums: &'a mut [T],
}

impl<T: Lanes> Operation<T> {
    /// Does the task on all trials; what the gradients are made of is left in `self.sums`.
    pub(super) fn spread<'a>(&'a mut self, task: Task<'_, T>, results: Results<'a, T>) {
        let batch = task.sizes.batch;
        let runs = task.division.runs(batch);
        let threads = rayon::current_num_threads().min(runs);
        if self.workspaces.len() < threads {
            self.workspaces.resize_with(threads, Workspace::default);
        }
        for workspace in &mut self.workspaces {
            workspace.encoded = None;
        }
        self.packed.pack(&task);
        self.losses.clear();
        self.losses
            .resize(batch.div_ceil(TRIALS), Losses::default());
        let sums = match task.way {
            Way::Learn => SumPlaces::of(task.sizes).count(),
            Way::Infer | Way::Judge | Way::Generate => 0,
        };
        self.sums.resize(runs * sums, T::of(0.0));
        let call = Call {
            task: &task,
            packed: &self.packed,
            sums,
            rest: Mutex::new(Rest {
                first: 0,
                results,
                losses: &mut self.losses,
                sums: &mut self.sums,
            }),
        };
        on_threads(&mut self.workspaces[..threads], &|workspace| {
            while let Some(run) = call.next_run() {
                call.slices(run, workspace);
            }
        });
    }
}

impl<T: Lanes> Call<'_, T> {
    fn next_run(&self) -> Option<Run<'_, T>> {
        let rest = self.rest.lock();
        let mut rest = rest.expect("a thread that holds this cannot panic");
        let (first, batch) = (rest.first, self.task.sizes.batch);
        let left = batch.checked_sub(first).filter(|left| *left > 0)?;
        let trials = left.min(self.task.division.run);
        rest.first += trials;
        Some(Run {
            trials: first..first + trials,
            results: rest.results.take(self.task.sizes, trials),
            losses: cut(&mut rest.losses, trials.div_ceil(TRIALS)),
            sums: cut(&mut rest.sums, self.sums),
        })
    }

    fn slices(&self, run: Run<'_, T>, workspace: &mut Workspace<T>) {
        let Run {
            trials,
            mut results,
            mut losses,
            sums,
        } = run;
        sums.fill(T::of(0.0));
        for first in trials.clone().step_by(self.task.division.slice) {
            let trials = first..trials.end.min(first + self.task.division.slice);
            let count = trials.len();
            let pass = Pass {
                task: self.task,
                packed: self.packed,
                trials,
                buffers: workspace,
            };
            Arch::new().dispatch(Whole {
                pass,
                results: results.take(self.task.sizes, count),
                losses: cut(&mut losses, count.div_ceil(TRIALS)),
                sums: &mut *sums,
            });
        }
    }
}

impl<'a, T> Results<'a, T> {
    /// Takes the results of the first trials off the front.
    fn take(&mut self, s: Sizes, trials: usize) -> Results<'a, T> {
        let steps = trials * s.time;
        Results {
            log_rates: cut(&mut self.log_rates, steps * s.channels),
            factors: cut(&mut self.factors, steps * s.factors),
            generator: cut(&mut self.generator, steps * s.generator),
            controller: cut(&mut self.controller, steps * s.controller),
            inferred: cut(&mut self.inferred, steps * s.inferred),
            inferred_posterior: cut(&mut self.inferred_posterior, steps * 2 * s.inferred),
            initial: cut(&mut self.initial, trials * s.generator),
            initial_posterior: cut(&mut self.initial_posterior, trials * 2 * s.generator),
        }
    }
}

/// A pass, its results, and where what makes its gradients is added up.
struct Whole<'a, T: Lanes> {
    pass: Pass<'a, T>,
    results: Results<'a, T>,
    losses: &'a mut [Losses],
    sums: &'a mut [T],
}

impl<T: Lanes> WithSimd for Whole<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Whole {
            mut pass,
            mut results,
            losses,
            sums,
        } = self;
        pass.begin();
        if pass.task.way != Way::Generate {
            pass.encode(simd);
        }
        pass.begin_generator(simd);
        pass.generate(simd);
        pass.store(&mut results);
        match pass.task.way {
            Way::Infer | Way::Generate => {}
            Way::Judge | Way::Learn => pass.losses(simd, losses, sums),
        }
        if pass.task.way == Way::Learn {
            pass.back(simd, sums);
        }
    }
}

impl<'a, T: Lanes> Pass<'a, T> {
    pub fn groups(&self) -> usize {
        self.task.division.form.groups
    }

    /// The part of an array of `width` numbers a trial that belongs to this slice.
    pub fn part<X>(&self, source: Option<&'a [X]>, width: usize) -> Option<&'a [X]> {
        source.map(|source| &source[self.trials.start * width..self.trials.end * width])
    }

    /// Makes room, and brings ones into place.
    fn begin(&mut self) {
        let (s, g) = (self.task.sizes, self.groups());
        let b = &mut *self.buffers;
        for encoder in &mut b.encoders {
            encoder.fit(s.encoder_strand(), g, s.time);
        }
        b.controller.fit(s.controller_strand(), g, s.time);
        b.generator.fit(s.generator_strand(), g, s.time);
        b.ends.fit(1, (2 * s.encoder + 1) * g);
        b.initial.fit(1, 2 * s.generator * g);
        b.d_initial.fit(1, 2 * s.generator * g);
        b.initial_normals.fit(1, s.generator * g);
        b.inferred.fit(s.time, 2 * s.inferred * g);
        b.d_inferred.fit(s.time, 2 * s.inferred * g);
        b.normals.fit(s.time, 2 * s.inferred * g);
        b.factors.fit(s.time, (s.factors + 1) * g);
        b.d_factors.fit(s.time, s.factors * g);
        b.rates.fit(s.time, s.channels * g);
        b.d_encoded.fit(s.time, 2 * s.encoder * g);
        b.observed.fit(2, s.channels.max(s.generator) * g);
        let zero = Cell::splat(T::of(0.0));
        let widest = s.encoder.max(s.controller).max(s.generator) * g;
        for carried in &mut b.carried {
            carried.resize(widest, zero);
        }
        b.passing.resize(widest, zero);
        let inputs = (2 * s.encoder + s.factors).max(s.inferred) * g;
        b.d_inputs.resize(inputs, zero);
        let one = Cell::splat(T::of(1.0));
        b.ends.at_mut(0)[2 * s.encoder * g..][..g].fill(one);
        for time in 0..s.time {
            b.factors.at_mut(time)[s.factors * g..][..g].fill(one);
        }
    }
}
