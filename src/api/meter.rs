//! Resource limits of a run: a counter of operations and the memory in use.
//!
//! Both languages, callbacks from the engine, pattern matching and file reading report to the same
//! meter. An exceeded limit stays exceeded: every later check fails too, so a script cannot
//! continue by catching the error.
//!
//! The allocator of the program counts the memory of tensors, the Lua state, Rhai lists and files
//! that are being read. The sum is compared with the limit between operations; large arrays are
//! checked before allocation ([`Meter::check_available`]).

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::diagnostic::{Cause, Diagnostic};
use super::run_config::RunConfig;

/// Bytes that an input of a session may always use, even if variables fill the limit: enough to
/// free them again.
const MIN_HEADROOM: u64 = 1 << 20;

/// Garbage is collected early when less than `1 / LOW_FRACTION` of the memory remains.
const LOW_FRACTION: u64 = 8;

/// A single operation of a script may allocate at most `1 / GROWTH_FRACTION` of the memory without
/// a check before its allocations: fewer bytes than the run may use, so that doubling a large text
/// or list is detected long before the memory of the machine is full.
const GROWTH_FRACTION: u64 = 4;

/// The resource usage and limits of one run.
pub struct Meter {
    operations: Cell<u64>,
    max_operations: u64,
    /// Number of operations after which the run stops; 0 once any limit was exceeded.
    operation_limit: Cell<u64>,
    max_memory: u64,
    /// The bytes that the process has allocated, if the program counts them.
    allocated: Option<fn() -> u64>,
    /// Bytes in use when the run started.
    baseline: Cell<Option<u64>>,
    /// Bytes in use above which the run stops.
    ceiling: Cell<u64>,
    /// Bytes in use above which the next operation of a script stops the run: the ceiling, or less
    /// if the previous operation left little in use.
    step_ceiling: Cell<u64>,
    /// Bytes in use after the last garbage collection.
    after_collection: Cell<u64>,
    collector: RefCell<Option<Box<dyn Fn()>>>,
    exceeded: RefCell<Option<Diagnostic>>,
    interrupt: Arc<AtomicBool>,
}

impl Meter {
    /// A meter with the limits of `config`. The flag `interrupt` (Ctrl-C) stops the run too.
    pub fn new(config: &RunConfig, interrupt: Arc<AtomicBool>) -> Meter {
        Meter {
            operations: Cell::new(0),
            max_operations: config.max_operations,
            operation_limit: Cell::new(u64::MAX),
            max_memory: config.max_memory,
            allocated: config.allocated,
            baseline: Cell::new(None),
            ceiling: Cell::new(u64::MAX),
            step_ceiling: Cell::new(u64::MAX),
            after_collection: Cell::new(0),
            collector: RefCell::new(None),
            exceeded: RefCell::new(None),
            interrupt,
        }
    }

    /// Resets the counters for a script, or for one input of a session.
    pub fn start(&self) {
        self.operations.set(0);
        self.operation_limit.set(match self.max_operations {
            0 => u64::MAX,
            limit => limit,
        });
        *self.exceeded.borrow_mut() = None;
        let now = self.in_use();
        let baseline = self.baseline.get().unwrap_or(now);
        self.baseline.set(Some(baseline));
        let limit = baseline.saturating_add(self.max_memory);
        self.ceiling
            .set(limit.max(now.saturating_add(MIN_HEADROOM)));
        self.accept_growth();
    }

    /// Whether the program counts the allocated bytes, so that the memory limit holds for all
    /// values together.
    pub fn counts_memory(&self) -> bool {
        self.allocated.is_some()
    }

    /// Accepts the memory in use. The engine calls this after its own allocations, which it checks
    /// in advance; [`Meter::step`] checks the growth since the last call.
    pub fn accept_growth(&self) {
        self.set_step_ceiling(self.in_use());
    }

    /// Accepts `bytes` more bytes, which the caller checked and is about to allocate.
    pub fn expect_growth(&self, bytes: u64) {
        self.set_step_ceiling(self.in_use().saturating_add(bytes));
    }

    fn set_step_ceiling(&self, now: u64) {
        let growth = (self.max_memory / GROWTH_FRACTION).max(MIN_HEADROOM);
        self.step_ceiling
            .set(now.saturating_add(growth).min(self.ceiling.get()));
    }

    /// Bytes in use when the run began.
    pub fn baseline(&self) -> Option<u64> {
        self.baseline.get()
    }

    /// Resets the counters for a part of a run that began with `baseline` bytes in use.
    pub fn start_from(&self, baseline: Option<u64>) {
        self.baseline.set(baseline);
        self.start();
    }

    /// Sets the garbage collector of the host language.
    pub fn set_collector(&self, collect: impl Fn() + 'static) {
        *self.collector.borrow_mut() = Some(Box::new(collect));
    }

    /// Adds operations to the counter and checks the limits.
    ///
    /// Errors: `Limit` if the operations or the memory exceed their limit; `Interrupt` on Ctrl-C
    pub fn count(&self, operations: u64) -> Result<(), Diagnostic> {
        let total = self.operations.get().saturating_add(operations);
        self.operations.set(total);
        match total > self.operation_limit.get() || self.is_interrupted() || self.is_full() {
            true => self.limit_error(),
            false => Ok(()),
        }
    }

    /// Counts one operation; returns the error if a limit is exceeded, or if the previous operation
    /// allocated a large part of the memory. Rhai calls this for every operation.
    ///
    /// Errors: as in [`Meter::count`]
    #[inline]
    pub fn step(&self) -> Option<Diagnostic> {
        let total = self.operations.get() + 1;
        self.operations.set(total);
        let now = self.in_use();
        if total > self.operation_limit.get()
            || self.is_interrupted()
            || now > self.step_ceiling.get()
        {
            return self.step_error();
        }
        self.set_step_ceiling(now);
        None
    }

    /// The error of [`Meter::step`]; `None` if a garbage collection freed enough memory.
    #[cold]
    fn step_error(&self) -> Option<Diagnostic> {
        if let Err(diagnostic) = self.limit_error() {
            return Some(diagnostic);
        }
        self.check_growth().err()
    }

    /// Checks that the last operation of a script did not allocate a large part of the memory.
    ///
    /// Errors: `Limit` if it did
    pub fn check_growth(&self) -> Result<(), Diagnostic> {
        let now = self.in_use();
        if now > self.step_ceiling.get() {
            let message = format!(
                "not enough memory: one operation allocated more than {}, a quarter of the limit",
                megabytes(self.max_memory / GROWTH_FRACTION)
            );
            return Err(self.exceed(memory_error(message)));
        }
        self.set_step_ceiling(now);
        Ok(())
    }

    /// Checks the limits without counting an operation.
    ///
    /// Errors: as in [`Meter::count`]
    pub fn check(&self) -> Result<(), Diagnostic> {
        self.count(0)
    }

    /// Checks the memory limit. Ctrl-C is not checked here: a function that it stopped has already
    /// returned a valid result.
    ///
    /// Errors: `Limit` if the memory exceeds its limit
    pub fn check_memory(&self) -> Result<(), Diagnostic> {
        if !self.is_full() {
            return Ok(());
        }
        self.collect_garbage();
        match self.is_full() {
            true => Err(self.exceed(self.out_of_memory(self.used()))),
            false => Ok(()),
        }
    }

    /// Checks that `bytes` more bytes are available.
    ///
    /// Errors: the bytes that the run has in use, if fewer than `bytes` remain
    pub fn check_available(&self, bytes: u64) -> Result<(), u64> {
        if bytes <= self.remaining() {
            return Ok(());
        }
        self.collect_garbage();
        match bytes <= self.remaining() {
            true => Ok(()),
            false => Err(self.used()),
        }
    }

    /// Checks that `bytes` more bytes are available; otherwise stops the run.
    ///
    /// Errors: `Limit` if fewer than `bytes` remain
    pub fn check_allocation(&self, bytes: u64) -> Result<(), Diagnostic> {
        let exceeded = |used: u64| self.exceed(self.out_of_memory(used.saturating_add(bytes)));
        self.check_available(bytes).map_err(exceeded)
    }

    /// The remaining bytes below the limit. If little remains, garbage is collected first.
    pub fn remaining(&self) -> u64 {
        let now = self.in_use();
        let remaining = self.ceiling.get().saturating_sub(now);
        let has_grown =
            now.saturating_sub(self.after_collection.get()) > self.max_memory / LOW_FRACTION / 2;
        if self.allocated.is_none() || remaining > self.max_memory / LOW_FRACTION || !has_grown {
            return remaining;
        }
        self.collect_garbage();
        self.ceiling.get().saturating_sub(self.in_use())
    }

    /// Stops the run: every later check returns this error.
    pub fn exceed(&self, diagnostic: Diagnostic) -> Diagnostic {
        let first = self.exceeded.borrow_mut().get_or_insert(diagnostic).clone();
        self.operation_limit.set(0);
        // With an operation limit of 0 and at least one operation, every later check fails.
        self.operations.set(self.operations.get().max(1));
        first
    }

    /// The error of the limit that is exceeded, or of an interruption.
    #[cold]
    fn limit_error(&self) -> Result<(), Diagnostic> {
        if self.is_interrupted() {
            return Err(Diagnostic::interrupted());
        }
        if let Some(diagnostic) = &*self.exceeded.borrow() {
            return Err(diagnostic.clone());
        }
        if self.operations.get() > self.operation_limit.get() {
            return Err(self.exceed(Diagnostic::too_many_operations()));
        }
        self.check_memory()
    }

    fn is_interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    fn in_use(&self) -> u64 {
        self.allocated.map_or(0, |allocated| allocated())
    }

    /// Bytes that the run uses, without those in use at its start.
    fn used(&self) -> u64 {
        self.in_use()
            .saturating_sub(self.baseline.get().unwrap_or(0))
    }

    fn is_full(&self) -> bool {
        self.in_use() > self.ceiling.get()
    }

    fn collect_garbage(&self) {
        // Removed during the call, because freed values may query the meter again.
        let collect = self.collector.borrow_mut().take();
        if let Some(collect) = collect {
            collect();
            *self.collector.borrow_mut() = Some(collect);
        }
        self.after_collection.set(self.in_use());
    }

    /// The error of a run that needs `needed` bytes.
    fn out_of_memory(&self, needed: u64) -> Diagnostic {
        let [needed, limit] = [needed, self.max_memory].map(megabytes);
        let message = format!("not enough memory: the run needs {needed}, the limit is {limit}");
        memory_error(message)
    }
}

fn memory_error(message: String) -> Diagnostic {
    let hint = "free values that are no longer needed, use tensors instead of lists, or raise the \
                limit with --max-memory";
    Diagnostic {
        cause: Cause::Limit,
        ..Diagnostic::new(message).hint(hint)
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / f64::from(1 << 20))
}
