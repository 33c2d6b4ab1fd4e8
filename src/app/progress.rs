//! Progress of long computations: a progress bar on a terminal, periodic lines otherwise.
//!
//! Reports arrive once per iteration, which can take as little as a millisecond. A report costs one
//! clock read; the bar is redrawn at most seven times per second.

use std::io::{IsTerminal, Write, stderr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::error_output::print_error_line;
use super::terminal::{ProgressDisplay, TerminalState};
use crate::base::{Error, Progress, Report, Status};

/// Minimum time between two redraws of the bar.
const BAR_INTERVAL: Duration = Duration::from_millis(150);

/// Minimum time between two lines. After [`MAX_LINE_INTERVAL`], a line is always due.
const MIN_LINE_INTERVAL: Duration = Duration::from_secs(1);
const MAX_LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Between these two intervals, a line is due after this fraction of the computation.
const LINE_FRACTION: f64 = 0.1;

/// Width of the bar in characters: a typical line fits into 80 columns, including the `^C` of a
/// terminal.
const BAR_WIDTH: usize = 12;

/// Displays the progress of one computation.
pub struct ProgressReporter {
    label: String,
    /// `None` for a computation inside another one that is already displayed.
    output: Option<Output>,
    terminal: Arc<TerminalState>,
    started: Instant,
    last_shown: Instant,
    /// Number of steps that were complete at the start, if the computation resumes from a
    /// checkpoint.
    initial_steps: usize,
    /// Number of complete steps at the last line.
    last_line_steps: usize,
    last_report: Option<Report>,
}

enum Output {
    Bar(ProgressBar),
    Lines(Box<dyn Write>),
}

impl ProgressReporter {
    /// Displays progress on standard error: as a bar on a terminal, else as lines.
    pub fn new(label: &str, terminal: Arc<TerminalState>) -> ProgressReporter {
        if !stderr().is_terminal() {
            return ProgressReporter::lines(label, terminal, Box::new(stderr()));
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg}").expect("the template is correct");
        bar.set_style(style);
        let free = terminal.start_display(ProgressDisplay::Bar(bar.clone()));
        ProgressReporter::with(label, terminal, free.then_some(Output::Bar(bar)))
    }

    /// Displays progress as lines.
    pub fn lines(
        label: &str,
        terminal: Arc<TerminalState>,
        to: Box<dyn Write>,
    ) -> ProgressReporter {
        let free = terminal.start_display(ProgressDisplay::Lines);
        ProgressReporter::with(label, terminal, free.then_some(Output::Lines(to)))
    }

    fn with(label: &str, terminal: Arc<TerminalState>, output: Option<Output>) -> ProgressReporter {
        let now = Instant::now();
        ProgressReporter {
            label: label.into(),
            output,
            terminal,
            started: now,
            last_shown: now,
            initial_steps: 0,
            last_line_steps: 0,
            last_report: None,
        }
    }

    fn show(&mut self, report: Report, now: Instant) {
        let elapsed = now - self.last_shown;
        // The final line is written when the computation ends.
        let more = report.done < report.total;
        match &mut self.output {
            Some(Output::Bar(bar)) if elapsed >= BAR_INTERVAL => {
                let speed = speed(report, self.initial_steps, now - self.started);
                bar.set_message(format!(
                    "{} {} {}  {speed}",
                    self.label,
                    bar_text(report),
                    status(report)
                ));
            }
            Some(Output::Lines(to))
                if more
                    && (elapsed >= MAX_LINE_INTERVAL
                        || (elapsed >= MIN_LINE_INTERVAL
                            && line_due(report, self.last_line_steps))) =>
            {
                let speed = speed(report, self.initial_steps, now - self.started);
                // A log that cannot be written must not stop a training run.
                let _ = writeln!(to, "{}: {}  {speed}", self.label, status(report));
                self.last_line_steps = report.done;
            }
            _ => return,
        }
        self.last_shown = now;
    }
}

impl Progress for ProgressReporter {
    fn report(&mut self, report: Report) {
        if self.last_report.is_none() {
            self.initial_steps = report.done.saturating_sub(1);
            self.last_line_steps = self.initial_steps;
        }
        self.last_report = Some(report);
        self.show(report, Instant::now());
    }

    fn stop_requested(&self) -> bool {
        self.terminal.stop.load(Ordering::Relaxed)
    }

    fn warn(&mut self, error: &Error) {
        let text = format!("{}: {error}; the run continues", self.label);
        match &mut self.output {
            Some(Output::Lines(to)) => drop(writeln!(to, "{text}")),
            _ => self.terminal.suspend_bar(|| print_error_line(&text)),
        }
    }
}

impl Drop for ProgressReporter {
    /// Writes a final line with the number of completed steps.
    fn drop(&mut self) {
        let Some(output) = &mut self.output else {
            return;
        };
        if let Output::Bar(bar) = output {
            bar.finish_and_clear();
        }
        self.terminal.end_display();
        let Some(report) = self.last_report else {
            return;
        };
        let time = format_duration(self.started.elapsed());
        let text = format!("{}: {}  in {time}", self.label, status(report));
        match output {
            Output::Bar(_) => print_error_line(&text),
            Output::Lines(to) => drop(writeln!(to, "{text}")),
        }
    }
}

/// Whether enough steps are complete since the last line for another one.
fn line_due(report: Report, line: usize) -> bool {
    report.done.saturating_sub(line) as f64 >= LINE_FRACTION * report.total as f64
}

/// The bar, drawn in half characters.
fn bar_text(report: Report) -> String {
    let share = report.done as f64 / report.total.max(1) as f64;
    let halves = (share.min(1.0) * 2.0 * BAR_WIDTH as f64) as usize;
    let half = if halves % 2 == 1 { "╸" } else { "" };
    let rest = BAR_WIDTH - halves.div_ceil(2);
    format!("{}{half}{}", "━".repeat(halves / 2), "─".repeat(rest))
}

fn status(report: Report) -> String {
    let Report { done, total, .. } = report;
    let text = match report.status {
        Status::Loss { loss, lr } => {
            format!("loss {}  lr {}", format_number(loss), format_number(lr))
        }
        Status::Error { error } => format!("error {}", format_number(error)),
        Status::Search { converged } => format!("{converged} converged"),
        Status::Count { of } => of.into(),
    };
    format!("{done}/{total}  {text}")
}

/// Steps per second and the remaining time.
fn speed(report: Report, first: usize, elapsed: Duration) -> String {
    let rate = (report.done - first) as f64 / elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
    let left = report.total.saturating_sub(report.done) as f64 / rate;
    let left = Duration::try_from_secs_f64(left).map_or("?".into(), format_duration);
    format!("{}/s  {left} left", format_number(rate))
}

/// A number with four significant digits.
fn format_number(x: f64) -> String {
    /// Numbers in this range are printed without an exponent.
    const DECIMAL_RANGE: std::ops::Range<f64> = 1e-3..1e5;
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    if !DECIMAL_RANGE.contains(&x.abs()) {
        return format!("{x:.3e}");
    }
    let exponent = x.abs().log10().floor() as i32;
    format!("{x:.*}", usize::try_from(3 - exponent).unwrap_or(0))
}

/// A duration in readable units: `8.2 s`, `3 min 20 s`, `1 h 05 min`.
fn format_duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}
