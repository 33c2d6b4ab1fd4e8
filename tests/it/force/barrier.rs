//! The barrier between threads: more threads than cores, a late thread, a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use attractor::ops::force::barrier::{Barrier, Pace, PanicGuard};

const THREADS: usize = 8;

/// Runs `worker` on several threads that share a barrier.
fn on_threads<R: Send>(worker: impl Fn(usize, &Barrier) -> R + Sync) -> Vec<R> {
    let barrier = Barrier::new(THREADS);
    thread::scope(|scope| {
        let start = |k| {
            let (worker, barrier) = (&worker, &barrier);
            scope.spawn(move || worker(k, barrier))
        };
        let threads: Vec<_> = (0..THREADS).map(start).collect();
        let results = threads.into_iter().map(|t| t.join().expect("no panic"));
        results.collect()
    })
}

#[test]
fn no_thread_passes_the_barrier_before_all_threads_reach_it() {
    const PHASES: usize = 500;
    let arrivals = AtomicUsize::new(0);
    on_threads(|_, barrier| {
        let mut pace = Pace::default();
        for phase in 1..=PHASES {
            arrivals.fetch_add(1, Ordering::SeqCst);
            barrier.wait(&mut pace);
            assert!(arrivals.load(Ordering::SeqCst) >= phase * THREADS);
            barrier.wait(&mut pace);
            assert!(arrivals.load(Ordering::SeqCst) <= (phase + 1) * THREADS);
        }
    });
}

#[test]
fn all_threads_detect_a_late_thread_at_the_same_barrier() {
    let phase_counts = on_threads(|k, barrier| {
        let mut pace = Pace::default();
        let mut phases = 0;
        loop {
            if k == 0 {
                thread::sleep(Duration::from_millis(5));
            }
            phases += 1;
            if barrier.wait(&mut pace) {
                return phases;
            }
        }
    });
    assert!(
        phase_counts.iter().all(|phase| *phase == phase_counts[0]),
        "{phase_counts:?}"
    );
}

#[test]
fn a_panic_in_a_worker_releases_the_other_threads() {
    let panics = on_threads(|k, barrier| {
        let work = || {
            let _guard = PanicGuard(barrier);
            let mut pace = Pace::default();
            barrier.wait(&mut pace);
            assert!(k != 3, "the worker that panics");
            barrier.wait(&mut pace);
        };
        catch_unwind(AssertUnwindSafe(work)).is_err()
    });
    assert_eq!(panics, [true; THREADS]);
}
