//! Synchronisation of the threads of one run.
//!
//! Every thread always works on the same rows and strips, which stay in its cache. A time step has
//! two phases, each followed by a barrier: first every thread computes its part of h, then, from
//! the whole of h, its part of z and the products of its strips of P. The rest of a step is short
//! and is repeated by every thread.
//!
//! A phase takes microseconds, so a thread first spins at the barrier, for at most as long as it
//! worked. Then it parks, which leaves its core to a thread that still works. It never calls
//! `yield_now` in between: beside a busy process each call hands over a whole time slice.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::ops::Lanes;

/// Shortest time for which a thread spins: parking and waking a thread takes about as long.
const SPIN: Duration = Duration::from_micros(20);
/// Time for which a thread spins at the first barrier: starting another one takes longer than a
/// phase.
const FIRST_SPIN: Duration = Duration::from_micros(200);
/// Attempts between two readings of the clock.
const ATTEMPTS: usize = 32;
/// A thread is late if another one has waited longer than this at recent barriers (in seconds)
const LATE: f64 = 300e-6;
/// and longer than this fraction of its working time between them. From 1 on, one thread alone
/// would be faster than two.
const WAITING: f64 = 0.5;
/// Factor by which each barrier discounts the earlier times.
const DECAY: f64 = 1.0 - 1.0 / 64.0;
/// State of a barrier after a worker panicked.
const BROKEN: usize = usize::MAX;

/// A barrier that also detects threads that are denied a core.
pub struct Barrier {
    threads: usize,
    arrived: AtomicUsize,
    /// Twice the number of completed phases; plus one if a thread was late before the last one.
    phase: AtomicUsize,
    late: AtomicBool,
    parked: AtomicUsize,
    lock: Mutex<()>,
    completed: Condvar,
}

/// Working and waiting times of one worker.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    /// Time at which it left the last barrier.
    left: Option<Instant>,
    /// Number of barriers, and seconds that it worked and waited, with old ones discounted.
    barriers: f64,
    worked: f64,
    waited: f64,
}

impl Pace {
    /// Adds the times of one phase. Returns whether another thread is late.
    fn add(&mut self, worked: Duration, waited: Duration) -> bool {
        self.worked = DECAY * self.worked + worked.as_secs_f64();
        self.waited = DECAY * self.waited + waited.as_secs_f64();
        // In the first phases caches are cold: waits then have to exceed the work of a full window.
        self.barriers = DECAY * self.barriers + 1.0;
        let worked = self.worked / (self.barriers * (1.0 - DECAY));
        self.waited > LATE.max(WAITING * worked)
    }
}

/// Marks the barrier as broken if the worker that owns it panics, so that no other thread waits
/// for that worker.
pub struct PanicGuard<'a>(pub &'a Barrier);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.phase.store(BROKEN, Ordering::SeqCst);
            self.0.wake();
        }
    }
}

impl Barrier {
    pub fn new(threads: usize) -> Barrier {
        Barrier {
            threads,
            arrived: AtomicUsize::new(0),
            phase: AtomicUsize::new(0),
            late: AtomicBool::new(false),
            parked: AtomicUsize::new(0),
            lock: Mutex::new(()),
            completed: Condvar::new(),
        }
    }

    /// Waits for all threads. Returns whether one was late earlier, with the same value in all
    /// threads.
    ///
    /// Panics if another worker has panicked.
    pub fn wait(&self, pace: &mut Pace) -> bool {
        if self.threads == 1 {
            return false;
        }
        let arrival = Instant::now();
        let worked = pace.left.map(|left| arrival - left);
        let before = self.phase.load(Ordering::Acquire);
        assert!(before != BROKEN, "another thread of this run panicked");
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.arrived.store(0, Ordering::Relaxed);
            let next = (before | 1) + 1 + usize::from(self.late.load(Ordering::Relaxed));
            // This fails if the phase has become BROKEN, which has to remain.
            let _ = (self.phase).compare_exchange(before, next, Ordering::SeqCst, Ordering::SeqCst);
            self.wake();
        } else {
            let spin = worked.map_or(FIRST_SPIN, |worked| worked.max(SPIN));
            self.wait_while(before, arrival, spin);
        }
        let now = self.phase.load(Ordering::Acquire);
        assert!(now != BROKEN, "another thread of this run panicked");
        let left = Instant::now();
        pace.left = Some(left);
        if worked.is_some_and(|worked| pace.add(worked, left - arrival)) {
            self.late.store(true, Ordering::Relaxed);
        }
        now & 1 == 1
    }

    fn wait_while(&self, phase: usize, arrival: Instant, spin: Duration) {
        while arrival.elapsed() < spin {
            for _ in 0..ATTEMPTS {
                if self.phase.load(Ordering::Acquire) != phase {
                    return;
                }
                std::hint::spin_loop();
            }
        }
        self.parked.fetch_add(1, Ordering::SeqCst);
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while self.phase.load(Ordering::SeqCst) == phase {
            guard = self
                .completed
                .wait(guard)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(guard);
        self.parked.fetch_sub(1, Ordering::SeqCst);
    }

    fn wake(&self) {
        if self.parked.load(Ordering::SeqCst) > 0 {
            drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
            self.completed.notify_all();
        }
    }
}

/// Values that one thread writes in one phase and all threads read in the next.
pub struct Shared<T>(RwLock<Vec<T>>);

impl<T: Lanes> Shared<T> {
    pub fn new(count: usize) -> Shared<T> {
        Shared(RwLock::new(vec![T::of(0.0); count]))
    }

    /// Lets `write` change the values.
    pub fn write(&self, write: impl FnOnce(&mut [T])) {
        write(&mut self.0.write().expect("no worker panics while it writes"));
    }

    /// Lets `read` read the values.
    pub fn read<R>(&self, read: impl FnOnce(&[T]) -> R) -> R {
        read(&self.0.read().expect("no worker panics while it writes"))
    }
}

/// Part `k` of `0..count`, of as many parts as there are threads, in whole multiples of `step`.
pub fn share(k: usize, threads: usize, count: usize, step: usize) -> std::ops::Range<usize> {
    let blocks = count.div_ceil(step);
    let edge = |k: usize| (blocks * k / threads * step).min(count);
    edge(k)..edge(k + 1)
}
