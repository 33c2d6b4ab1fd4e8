//! What a run has used of its limits: one counter of operations and one account of memory.
//!
//! Both languages, the functions that the engine calls back, pattern matching and the reading of
//! files report to the same meter. A limit that was exceeded stays exceeded: every later check
//! fails too, so a script that catches the error does not get past it.
//!
//! Memory is counted where it is allocated, by the allocator of the program: tensors, the state of
//! Lua, lists of Rhai and files being read alike. It is compared with the limit between
//! operations; large arrays are checked before they are made ([`Meter::room`]).

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::context::Settings;
use super::fault::{Cause, Fault};

/// Memory that an input of a session may always take, even if variables fill the limit: enough to
/// give them up again.
const SPARE: u64 = 1 << 20;

/// Garbage is collected early once less than this part of the memory is left.
const LOW: u64 = 8;

/// The counters of one run.
pub struct Meter {
    operations: Cell<u64>,
    max_operations: u64,
    /// Operations after which to stop; 0 once any limit was exceeded.
    stop_at: Cell<u64>,
    max_memory: u64,
    /// Bytes in use by the process, if the program counts them.
    allocated: Option<fn() -> u64>,
    /// Bytes in use when the run began.
    base: Cell<Option<u64>>,
    /// Bytes in use above which the run ends.
    ceiling: Cell<u64>,
    /// Bytes in use after the last collection of garbage.
    collected: Cell<u64>,
    collect: RefCell<Option<Box<dyn Fn()>>>,
    exceeded: RefCell<Option<Fault>>,
    interrupt: Arc<AtomicBool>,
}

impl Meter {
    /// A meter with the limits of `settings`, which `interrupt` (Ctrl-C) stops too.
    pub fn new(settings: &Settings, interrupt: Arc<AtomicBool>) -> Meter {
        Meter {
            operations: Cell::new(0),
            max_operations: settings.max_operations,
            stop_at: Cell::new(u64::MAX),
            max_memory: settings.max_memory,
            allocated: settings.allocated,
            base: Cell::new(None),
            ceiling: Cell::new(u64::MAX),
            collected: Cell::new(0),
            collect: RefCell::new(None),
            exceeded: RefCell::new(None),
            interrupt,
        }
    }

    /// Starts counting for a script, or for one input of a session.
    pub fn begin(&self) {
        self.operations.set(0);
        self.stop_at.set(match self.max_operations {
            0 => u64::MAX,
            limit => limit,
        });
        *self.exceeded.borrow_mut() = None;
        let now = self.in_use();
        let base = self.base.get().unwrap_or(now);
        self.base.set(Some(base));
        let limit = base.saturating_add(self.max_memory);
        self.ceiling.set(limit.max(now.saturating_add(SPARE)));
    }

    /// Bytes in use when the run began.
    pub fn base(&self) -> Option<u64> {
        self.base.get()
    }

    /// Starts counting for a part of a run that began with `base` bytes in use.
    pub fn begin_from(&self, base: Option<u64>) {
        self.base.set(base);
        self.begin();
    }

    /// Registers how the host's language frees values that a script no longer reaches.
    pub fn collect_with(&self, collect: impl Fn() + 'static) {
        *self.collect.borrow_mut() = Some(Box::new(collect));
    }

    /// Counts operations.
    ///
    /// Errors: `Limit` once there are too many or too much memory is in use; `Interrupt` on Ctrl-C
    pub fn count(&self, operations: u64) -> Result<(), Fault> {
        let total = self.operations.get().saturating_add(operations);
        self.operations.set(total);
        match total > self.stop_at.get() || self.interrupted() || self.is_full() {
            true => self.judge(),
            false => Ok(()),
        }
    }

    /// Counts one operation. Memory is looked at now and then only: this runs for every operation
    /// of Rhai.
    ///
    /// Errors: as [`Meter::count`]
    #[inline]
    pub fn step(&self) -> Option<Fault> {
        const PULSE: u64 = 16;
        let total = self.operations.get() + 1;
        self.operations.set(total);
        let is_over = total > self.stop_at.get()
            || self.interrupted()
            || (total.is_multiple_of(PULSE) && self.is_full());
        match is_over {
            true => self.judge().err(),
            false => None,
        }
    }

    /// Errors: as [`Meter::count`], without counting anything
    pub fn check(&self) -> Result<(), Fault> {
        self.count(0)
    }

    /// Errors: `Limit` if too much memory is in use. Ctrl-C does not count here: a function that it
    /// cut short has done its part.
    pub fn check_memory(&self) -> Result<(), Fault> {
        if !self.is_full() {
            return Ok(());
        }
        self.collect_garbage();
        match self.is_full() {
            true => Err(self.end(self.out_of_memory(self.used()))),
            false => Ok(()),
        }
    }

    /// Errors: `bytes` more are more than the limit leaves; the error is what the run has in use
    pub fn room(&self, bytes: u64) -> Result<(), u64> {
        if bytes <= self.left() {
            return Ok(());
        }
        self.collect_garbage();
        match bytes <= self.left() {
            true => Ok(()),
            false => Err(self.used()),
        }
    }

    /// Errors: as [`Meter::room`], as a limit of the run
    pub fn reserve(&self, bytes: u64) -> Result<(), Fault> {
        let refused = |used: u64| self.end(self.out_of_memory(used.saturating_add(bytes)));
        self.room(bytes).map_err(refused)
    }

    /// Bytes that the limit leaves. When few are left, garbage is collected first.
    pub fn left(&self) -> u64 {
        let now = self.in_use();
        let left = self.ceiling.get().saturating_sub(now);
        let grown = now.saturating_sub(self.collected.get()) > self.max_memory / LOW / 2;
        if self.allocated.is_none() || left > self.max_memory / LOW || !grown {
            return left;
        }
        self.collect_garbage();
        self.ceiling.get().saturating_sub(self.in_use())
    }

    /// Ends the run: this fault is that of every later check.
    pub fn end(&self, fault: Fault) -> Fault {
        let first = self.exceeded.borrow_mut().get_or_insert(fault).clone();
        self.stop_at.set(0);
        // A run that ended takes no operations; this makes every later check fail.
        self.operations.set(self.operations.get().max(1));
        first
    }

    #[cold]
    fn judge(&self) -> Result<(), Fault> {
        if self.interrupted() {
            return Err(Fault::interrupted());
        }
        if let Some(fault) = &*self.exceeded.borrow() {
            return Err(fault.clone());
        }
        if self.operations.get() > self.stop_at.get() {
            return Err(self.end(Fault::too_many_operations()));
        }
        self.check_memory()
    }

    fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    fn in_use(&self) -> u64 {
        self.allocated.map_or(0, |allocated| allocated())
    }

    /// Bytes that the run itself has in use.
    fn used(&self) -> u64 {
        self.in_use().saturating_sub(self.base.get().unwrap_or(0))
    }

    fn is_full(&self) -> bool {
        self.in_use() > self.ceiling.get()
    }

    fn collect_garbage(&self) {
        // Taken out meanwhile: values that are freed may ask the meter again.
        let collect = self.collect.borrow_mut().take();
        if let Some(collect) = collect {
            collect();
            *self.collect.borrow_mut() = Some(collect);
        }
        self.collected.set(self.in_use());
    }

    fn out_of_memory(&self, needed: u64) -> Fault {
        let [needed, limit] = [needed, self.max_memory].map(megabytes);
        let message = format!("not enough memory: the run needs {needed}, the limit is {limit}");
        let hint = "free values that are no longer needed, use tensors in place of lists, or raise \
                    the limit with --max-memory";
        Fault {
            cause: Cause::Limit,
            ..Fault::new(message).hint(hint)
        }
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / f64::from(1 << 20))
}
