//! What one thread of a run does.

use std::ops::Range;

use pulp::Arch;

use super::barrier::{Barrier, Pace, PanicGuard, Shared, share};
use super::changes::{Changes, WAITING};
use super::contention::Pause;
use super::inverse::Strip;
use super::pending::{Fate, Waiting};
use super::rows::{Dense, Matrix, add_outer, add_product, padded, take_changes};
use super::{End, Leak, Learning, ROWS, Sizes, rates};
use crate::ops::Lanes;

/// What the threads of a run know of each other.
pub struct Posts<T> {
    /// Each thread's part of h, and of z.
    h: Vec<Shared<T>>,
    z: Vec<Shared<T>>,
    /// What each strip gives of P h.
    q: Vec<Shared<T>>,
}

/// One thread: the parts of the network that are its own, and what it reads of the rest.
pub struct Worker<'a, T> {
    /// Which thread of how many this is.
    pub crew: (usize, usize),
    pub sizes: Sizes,
    pub rate: T,
    pub barrier: &'a Barrier,
    pub pace: Pace,
    /// Whether a thread was denied a core.
    pub late: bool,
    /// Present if this is the only worker because others were late.
    pub pause: Option<Pause>,
    pub posts: &'a Posts<T>,
    pub input: &'a Dense<T>,
    pub recurrent: Recurrent<'a, T>,
    pub feedback: &'a Dense<T>,
    pub units: Range<usize>,
    pub a: &'a mut [T],
    pub outputs: Range<usize>,
    /// Its rows of wO.
    pub lines: &'a mut [T],
    pub strips: Vec<Strip<'a, T>>,
    /// Whether the strips are those of a half of P.
    pub has_half: bool,
    pub learning: Option<(Learning<T>, Waiting<T>)>,
    /// The sequence, as far as it is read.
    pub inputs: &'a [T],
    pub targets: &'a [T],
    /// What is fed back after each step in place of z.
    pub fed: Option<&'a [T]>,
    pub steps: Range<usize>,
    pub z: Vec<T>,
    /// Where z and h are written to, by one of the threads.
    pub results: Option<(&'a mut [T], Option<&'a mut [T]>)>,
}

/// wR, as one thread has it.
pub enum Recurrent<'a, T> {
    /// The whole, which stands still.
    Fixed(&'a Matrix<T>),
    /// The rows of the thread's own units, which learn that the currents wR h + wF z be `goals`
    /// [t, n].
    Learns {
        lines: &'a mut [T],
        goals: &'a [T],
        /// The error of each unit's current at each pending update.
        errors: &'a mut [[T; WAITING]],
        /// wR h of the thread's own units, between runs.
        arriving: &'a mut [T],
    },
}

/// What a thread knows at the end; all know the same.
pub struct Done<T> {
    pub end: End,
    /// The step after the last one that was made.
    pub at: usize,
    pub z: Vec<T>,
    pub waiting: Option<Waiting<T>>,
    /// Whether a thread was denied a core.
    pub late: bool,
}

/// What a thread needs in each step.
struct Room<T> {
    /// Padded, as are all but the last three.
    h: Vec<T>,
    q: Vec<T>,
    x: Vec<T>,
    fed: Vec<T>,
    /// wR h of its own units.
    arriving: Vec<T>,
    own: Vec<T>,
    changes: Vec<T>,
    /// a, z and `arriving` before the current step, restored if it fails.
    before: [Vec<T>; 3],
}

impl<T: Lanes> Posts<T> {
    pub fn new(sizes: Sizes, crew: usize, strips: usize) -> Posts<T> {
        let part = |count: usize, step: usize| {
            let post = |k| Shared::new(share(k, crew, count, step).len());
            (0..crew).map(post).collect()
        };
        Posts {
            h: part(sizes.units, ROWS),
            z: part(sizes.outputs, 1),
            q: (0..strips)
                .map(|_| Shared::new(padded(sizes.units)))
                .collect(),
        }
    }
}

impl<T: Lanes> Worker<'_, T> {
    pub fn work(mut self) -> Done<T> {
        let _guard = PanicGuard(self.barrier);
        let zeros = |count: usize| vec![T::of(0.0); count];
        let mut room = Room {
            h: zeros(padded(self.sizes.units)),
            q: zeros(padded(self.sizes.units)),
            x: zeros(padded(self.sizes.inputs)),
            fed: zeros(padded(self.sizes.outputs)),
            arriving: zeros(self.units.len()),
            own: zeros(self.units.len()),
            changes: zeros(self.outputs.len()),
            before: [
                zeros(self.units.len()),
                zeros(self.sizes.outputs),
                zeros(self.units.len()),
            ],
        };
        rates(self.a, &mut room.own);
        self.posts.h[self.crew.0].write(|post| post.copy_from_slice(&room.own));
        self.barrier.wait(&mut self.pace);
        self.gather(&mut room.h);
        match &self.recurrent {
            Recurrent::Learns { arriving, .. } => room.arriving.copy_from_slice(arriving),
            Recurrent::Fixed(_) => self.arrive(&mut room),
        }
        // Nobody writes into a post that another still reads.
        self.barrier.wait(&mut self.pace);
        let (mut end, mut next) = (End::Done, self.steps.start);
        for at in self.steps.clone() {
            let (how, stop) = self.step(at, &mut room);
            (end, next) = (how, at + 1);
            if stop || self.late || end != End::Done || self.is_pause_over() {
                break;
            }
        }
        if let Recurrent::Learns { arriving, .. } = &mut self.recurrent {
            arriving.copy_from_slice(&room.arriving);
        }
        Done {
            end,
            at: next,
            z: self.z,
            waiting: self.learning.map(|(_, waiting)| waiting),
            late: self.late,
        }
    }

    /// One step. Gives how it ended, and whether the run has to be left for a half of P.
    fn step(&mut self, at: usize, room: &mut Room<T>) -> (End, bool) {
        let learns = self.learns();
        room.before[0].copy_from_slice(self.a);
        room.before[1].copy_from_slice(&self.z);
        room.before[2].copy_from_slice(&room.arriving);
        self.advance(at, room);
        self.barrier.wait(&mut self.pace);
        self.gather(&mut room.h);
        self.posts.z[self.crew.0].write(|post| {
            post.fill(T::of(0.0));
            add_product(self.lines, &room.h, post);
        });
        if learns {
            for strip in &self.strips {
                self.posts.q[strip.place()].write(|post| strip.product(&room.h, post));
            }
        }
        self.arrive(room);
        self.late = self.barrier.wait(&mut self.pace);
        let (crew, m) = (self.crew.1, self.sizes.outputs);
        for (k, post) in self.posts.z.iter().enumerate() {
            post.read(|z| self.z[share(k, crew, m, 1)].copy_from_slice(z));
        }
        self.tell(at, room);
        let (end, stop) = match self.z.iter().all(|z| z.is_finite()) {
            false => (End::Diverged { at }, true),
            true if learns => self.learn(at, room),
            true => {
                self.catch_up(room);
                (End::Done, false)
            }
        };
        if end != End::Done {
            self.a.copy_from_slice(&room.before[0]);
            self.z.copy_from_slice(&room.before[1]);
            room.arriving.copy_from_slice(&room.before[2]);
            return (end, stop);
        }
        if let Some((_, waiting)) = &mut self.learning {
            waiting.count_step(learns);
        }
        if let Some(fed) = self.fed {
            self.z.copy_from_slice(&fed[at * m..][..m]);
        }
        (end, stop)
    }

    fn is_pause_over(&self) -> bool {
        self.pause.is_some_and(|pause| pause.is_over())
    }

    fn learns(&self) -> bool {
        let learning = self.learning.as_ref();
        learning.is_some_and(|(how, waiting)| waiting.is_due(how.every))
    }

    /// wR h of this thread's units, before the changes of wR that are pending.
    fn arrive(&self, room: &mut Room<T>) {
        room.arriving.fill(T::of(0.0));
        match &self.recurrent {
            Recurrent::Fixed(matrix) => {
                matrix.add_product(self.units.start, &room.h, &mut room.arriving);
            }
            Recurrent::Learns { lines, .. } => add_product(lines, &room.h, &mut room.arriving),
        }
    }

    /// This thread's part of h one step later.
    fn advance(&mut self, at: usize, room: &mut Room<T>) {
        let i = self.sizes.inputs;
        room.x[..i].copy_from_slice(&self.inputs[at * i..][..i]);
        let first = self.units.start;
        room.own.copy_from_slice(&room.arriving);
        self.input.add_product(first, &room.x, &mut room.own);
        room.fed[..self.z.len()].copy_from_slice(&self.z);
        self.feedback.add_product(first, &room.fed, &mut room.own);
        let (a, h, rate) = (&mut *self.a, &mut room.own, self.rate);
        Arch::new().dispatch(Leak { a, h, rate });
        if !self.a.iter().all(|a| a.is_finite()) {
            // tanh hides an infinite current; NaN reaches z, and with it every thread.
            room.own.fill(T::of(f64::NAN));
        }
        self.posts.h[self.crew.0].write(|post| post.copy_from_slice(&room.own));
    }

    /// The whole h from what all threads have posted.
    fn gather(&self, h: &mut [T]) {
        for (k, post) in self.posts.h.iter().enumerate() {
            let units = share(k, self.crew.1, self.sizes.units, ROWS);
            post.read(|part| h[units].copy_from_slice(part));
        }
    }

    fn tell(&mut self, at: usize, room: &Room<T>) {
        let Sizes {
            units: n,
            outputs: m,
            ..
        } = self.sizes;
        if let Some((outputs, states)) = &mut self.results {
            outputs[at * m..][..m].copy_from_slice(&self.z);
            if let Some(states) = states {
                states[at * n..][..n].copy_from_slice(&room.h[..n]);
            }
        }
    }

    /// Changes P, this thread's rows of wO, and those of wR if they learn.
    fn learn(&mut self, at: usize, room: &mut Room<T>) -> (End, bool) {
        let (how, waiting) = self
            .learning
            .as_mut()
            .expect("only asked where there is learning");
        room.q.fill(T::of(0.0));
        for post in &self.posts.q {
            post.read(|part| {
                room.q
                    .iter_mut()
                    .zip(part)
                    .for_each(|(q, part)| *q += *part)
            });
        }
        let (along, each) = waiting.finish(&room.h, &mut room.q);
        if !along.is_finite() || along < T::of(0.0) {
            return (End::Lost { at }, true);
        }
        let pending = waiting.changes().count();
        let s = waiting.update(&room.q, along, how.forgetting);
        let targets = &self.targets[at * self.sizes.outputs..];
        for (change, o) in room.changes.iter_mut().zip(self.outputs.clone()) {
            *change = -(s * (self.z[o] - targets[o]));
        }
        add_outer(self.lines, &room.changes, &room.q);
        let fate = waiting.fate(self.has_half);
        if matches!(self.recurrent, Recurrent::Learns { .. }) {
            self.learn_recurrent(at, room, (pending, s * along), &each);
        }
        let (_, waiting) = self.learning.as_mut().expect("as above");
        let Some(fate) = fate else {
            return (End::Done, false);
        };
        self.recurrent.settle(waiting.changes());
        if fate == Fate::WantHalf {
            return (End::Done, true);
        }
        self.strips
            .iter_mut()
            .for_each(|strip| strip.take(waiting, fate));
        waiting.clear(fate);
        (End::Done, false)
    }

    /// Corrects wR h for the changes of wR that are pending, where nothing new is learned.
    fn catch_up(&self, room: &mut Room<T>) {
        let Recurrent::Learns { errors, .. } = &self.recurrent else {
            return;
        };
        if let Some((_, waiting)) = &self.learning {
            let each = waiting.changes().add_product(&room.h, &mut room.q);
            correct(&mut room.arriving, errors, &each);
        }
    }

    /// Puts down how wrong the currents of this thread's units are, as change `pending` of wR, and
    /// corrects wR h for all that are: those before by s_j q_j . h, this one by s q . h.
    fn learn_recurrent(
        &mut self,
        at: usize,
        room: &mut Room<T>,
        (pending, along): (usize, T),
        each: &[T; WAITING],
    ) {
        let Recurrent::Learns { errors, goals, .. } = &mut self.recurrent else {
            return;
        };
        correct(&mut room.arriving, errors, each);
        room.own.copy_from_slice(&room.arriving);
        room.fed[..self.z.len()].copy_from_slice(&self.z);
        let feedback = self.feedback;
        feedback.add_product(self.units.start, &room.fed, &mut room.own);
        let goals = &goals[at * self.sizes.units..][self.units.clone()];
        let rows = room.arriving.iter_mut().zip(&room.own).zip(goals);
        for (errors, ((arriving, own), goal)) in errors.iter_mut().zip(rows) {
            let error = *own - *goal;
            errors[pending] = error;
            *arriving -= error * along;
        }
    }
}

/// Takes from wR h what changes that are pending would take, by s_j q_j . h of each.
fn correct<T: Lanes>(arriving: &mut [T], errors: &[[T; WAITING]], each: &[T; WAITING]) {
    for (arriving, errors) in arriving.iter_mut().zip(errors) {
        for (error, along) in errors.iter().zip(each) {
            *arriving -= *error * *along;
        }
    }
}

impl<T: Lanes> Recurrent<'_, T> {
    /// Makes the changes that are pending, if wR learns.
    fn settle(&mut self, changes: &Changes<T>) {
        if let Recurrent::Learns { lines, errors, .. } = self {
            take_changes(lines, errors, changes);
            errors.fill([T::of(0.0); WAITING]);
        }
    }
}
