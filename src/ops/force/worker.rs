//! What one thread of a run does.

use std::ops::Range;

use pulp::Arch;

use super::crew::{Gate, Post, share};
use super::inverse::{Strip, Waiting};
use super::rows::{Dense, Matrix, add_outer, add_product, padded};
use super::{End, Leak, Learning, ROWS, Sizes, rates};
use crate::ops::Lanes;

/// What the threads of a run know of each other.
pub struct Posts<T> {
    /// Each thread's part of h, and of z.
    h: Vec<Post<T>>,
    z: Vec<Post<T>>,
    /// What each strip gives of P h.
    q: Vec<Post<T>>,
}

/// One thread: the parts of the network that are its own, and what it reads of the rest.
pub struct Worker<'a, T> {
    /// Which thread of how many this is.
    pub crew: (usize, usize),
    pub sizes: Sizes,
    pub rate: T,
    pub gate: &'a Gate,
    pub posts: &'a Posts<T>,
    pub input: &'a Dense<T>,
    pub recurrent: &'a Matrix<T>,
    pub feedback: &'a Dense<T>,
    pub units: Range<usize>,
    pub a: &'a mut [T],
    pub outputs: Range<usize>,
    /// Its rows of wO.
    pub lines: &'a mut [T],
    pub strips: Vec<(usize, Strip<'a, T>)>,
    pub learning: Option<(Learning<T>, Waiting<T>)>,
    pub steps: usize,
    pub inputs: &'a [T],
    pub targets: &'a [T],
    pub z: Vec<T>,
    /// Where z and h are written to, by one of the threads.
    pub results: Option<(&'a mut [T], Option<&'a mut [T]>)>,
}

/// What a thread knows at the end; all know the same.
pub struct Done<T> {
    pub end: End,
    pub z: Vec<T>,
    pub waiting: Option<Waiting<T>>,
}

/// What a thread needs in each step.
struct Room<T> {
    /// Padded, as are all but the last two.
    h: Vec<T>,
    q: Vec<T>,
    x: Vec<T>,
    fed: Vec<T>,
    own: Vec<T>,
    changes: Vec<T>,
}

impl<T: Lanes> Posts<T> {
    pub fn new(sizes: Sizes, crew: usize, strips: usize) -> Posts<T> {
        let part = |count: usize, step: usize| {
            let post = |k| Post::new(share(k, crew, count, step).len());
            (0..crew).map(post).collect()
        };
        Posts {
            h: part(sizes.units, ROWS),
            z: part(sizes.outputs, 1),
            q: (0..strips)
                .map(|_| Post::new(padded(sizes.units)))
                .collect(),
        }
    }
}

impl<T: Lanes> Worker<'_, T> {
    pub fn work(mut self) -> Done<T> {
        let zeros = |count: usize| vec![T::of(0.0); count];
        let mut room = Room {
            h: zeros(padded(self.sizes.units)),
            q: zeros(padded(self.sizes.units)),
            x: zeros(padded(self.sizes.inputs)),
            fed: zeros(padded(self.sizes.outputs)),
            own: zeros(self.units.len()),
            changes: zeros(self.outputs.len()),
        };
        rates(self.a, &mut room.own);
        self.posts.h[self.crew.0].put(|post| post.copy_from_slice(&room.own));
        self.gate.pass();
        self.gather(&mut room.h);
        // Nobody writes into a post that another still reads.
        self.gate.pass();
        let mut end = End::Done;
        for at in 0..self.steps {
            end = self.step(at, &mut room);
            if end != End::Done {
                break;
            }
        }
        Done {
            end,
            z: self.z,
            waiting: self.learning.map(|(_, waiting)| waiting),
        }
    }

    fn step(&mut self, at: usize, room: &mut Room<T>) -> End {
        let learns = self.learns(at);
        self.advance(at, room);
        self.gate.pass();
        self.gather(&mut room.h);
        self.posts.z[self.crew.0].put(|post| {
            post.fill(T::of(0.0));
            add_product(self.lines, &room.h, post);
        });
        if learns {
            for (place, strip) in &self.strips {
                self.posts.q[*place].put(|post| strip.product(&room.h, post));
            }
        }
        self.gate.pass();
        let (crew, m) = (self.crew.1, self.sizes.outputs);
        for (k, post) in self.posts.z.iter().enumerate() {
            post.read(|z| self.z[share(k, crew, m, 1)].copy_from_slice(z));
        }
        self.tell(at, room);
        match self.z.iter().all(|z| z.is_finite()) {
            false => End::Diverged { at },
            true if learns => self.learn(at, room),
            true => End::Done,
        }
    }

    fn learns(&self, at: usize) -> bool {
        let learning = self.learning.as_ref();
        learning.is_some_and(|(how, _)| (how.first + at + 1).is_multiple_of(how.every))
    }

    /// This thread's part of h one step later.
    fn advance(&mut self, at: usize, room: &mut Room<T>) {
        let Sizes {
            inputs: i,
            outputs: m,
            ..
        } = self.sizes;
        room.x[..i].copy_from_slice(&self.inputs[at * i..][..i]);
        room.fed[..m].copy_from_slice(&self.z);
        let (first, own) = (self.units.start, &mut room.own);
        own.fill(T::of(0.0));
        self.input.add_product(first, &room.x, own);
        self.recurrent.add_product(first, &room.h, own);
        self.feedback.add_product(first, &room.fed, own);
        let (a, rate) = (&mut *self.a, self.rate);
        Arch::new().dispatch(Leak { a, h: own, rate });
        self.posts.h[self.crew.0].put(|post| post.copy_from_slice(&room.own));
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

    /// Changes P and this thread's rows of wO.
    fn learn(&mut self, at: usize, room: &mut Room<T>) -> End {
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
        let along = waiting.finish(&room.h, &mut room.q);
        if !along.is_finite() {
            return End::Diverged { at };
        }
        if along < T::of(0.0) {
            return End::Lost { at };
        }
        let s = waiting.update(&room.q, along, how.forgetting);
        let targets = &self.targets[at * self.sizes.outputs..];
        for (change, o) in room.changes.iter_mut().zip(self.outputs.clone()) {
            *change = -(s * (self.z[o] - targets[o]));
        }
        add_outer(self.lines, &room.changes, &room.q);
        if waiting.is_full() {
            for (_, strip) in &mut self.strips {
                strip.settle(waiting, room.q.len());
            }
            waiting.clear();
        }
        End::Done
    }
}
