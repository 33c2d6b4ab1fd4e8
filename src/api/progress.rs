//! Progress display of long computations, which Ctrl-C stops early.

use std::sync::atomic::Ordering;

use super::context::Context;
use super::lua_texts;
use crate::base::{Error, Progress, Report};

/// Progress display of the terminal that also requests a stop on Ctrl-C.
pub struct ProgressDisplay<'a> {
    inner: Box<dyn Progress>,
    cx: &'a Context,
}

impl Progress for ProgressDisplay<'_> {
    fn report(&mut self, report: Report) {
        self.inner.report(report);
    }
    fn stop_requested(&self) -> bool {
        self.cx.is_interrupted() || self.inner.stop_requested()
    }
    fn warn(&mut self, error: &Error) {
        self.inner.warn(error);
    }
}

impl Context {
    /// The result of `compute`, which reports its progress under this label and returns early after
    /// Ctrl-C. The interrupt applies to this computation only: if it returns a result, the script
    /// continues.
    ///
    /// Errors: those of `compute`
    pub fn run_stoppable<T, E>(
        &self,
        label: &str,
        compute: impl FnOnce(&mut ProgressDisplay<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let label = lua_texts::translate_names(label, self.language);
        let inner = self.terminal.progress(&label);
        let mut progress = ProgressDisplay { inner, cx: self };
        let result = compute(&mut progress);
        if result.is_ok() {
            self.interrupt.store(false, Ordering::Relaxed);
        }
        result
    }
}
