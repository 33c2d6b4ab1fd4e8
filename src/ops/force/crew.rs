//! The threads of one run. Each always works on the same rows and strips, which stay in the cache
//! next to it; what the others need of it, it posts.
//!
//! A step has two parts, after each of which all wait for all: first every thread finds its part
//! of h, then from the whole h its part of z and what its strips of P give. Everything else is
//! short, and done by each thread for itself, so that nobody waits for it.

use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::ops::Lanes;

/// Looks at a gate before a thread lets others run: so long that on a machine of its own it never
/// does.
const LOOKS: usize = 1 << 14;

/// Where all threads of a crew wait for each other.
pub struct Gate {
    crew: usize,
    here: AtomicUsize,
    turn: AtomicUsize,
}

impl Gate {
    pub fn new(crew: usize) -> Gate {
        Gate {
            crew,
            here: AtomicUsize::new(0),
            turn: AtomicUsize::new(0),
        }
    }

    /// Returns once all threads have called it.
    pub fn pass(&self) {
        if self.crew == 1 {
            return;
        }
        let turn = self.turn.load(Ordering::Acquire);
        if self.here.fetch_add(1, Ordering::AcqRel) + 1 == self.crew {
            self.here.store(0, Ordering::Relaxed);
            self.turn.store(turn.wrapping_add(1), Ordering::Release);
            return;
        }
        let mut looks = 0;
        while self.turn.load(Ordering::Acquire) == turn {
            looks += 1;
            match looks < LOOKS {
                true => std::hint::spin_loop(),
                false => std::thread::yield_now(),
            }
        }
    }
}

/// What one thread has posted for the others.
pub struct Post<T>(RwLock<Vec<T>>);

impl<T: Lanes> Post<T> {
    pub fn new(count: usize) -> Post<T> {
        Post(RwLock::new(vec![T::of(0.0); count]))
    }

    /// Lets `fill` write what is posted.
    pub fn put(&self, fill: impl FnOnce(&mut [T])) {
        fill(
            &mut self
                .0
                .write()
                .expect("no thread of a crew panics with a post in hand"),
        );
    }

    /// Lets `look` read it.
    pub fn read<R>(&self, look: impl FnOnce(&[T]) -> R) -> R {
        look(
            &self
                .0
                .read()
                .expect("no thread of a crew panics with a post in hand"),
        )
    }
}

/// Part `k` of `0..count`, of as many parts as there are threads, in whole multiples of `step`.
pub fn share(k: usize, crew: usize, count: usize, step: usize) -> std::ops::Range<usize> {
    let blocks = count.div_ceil(step);
    let edge = |k: usize| (blocks * k / crew * step).min(count);
    edge(k)..edge(k + 1)
}
