//! What is seen of a long run: a bar on a terminal, a line now and then elsewhere.
//!
//! Reports come once a step, and steps may take a millisecond: a report costs one look at the
//! clock, drawing happens seven times a second at most.

use std::io::{IsTerminal, Write, stderr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::screen::{Run, Screen, complain};
use crate::base::{Error, Progress, Report, Standing};

/// Time between two drawings of the bar.
const FRAME: Duration = Duration::from_millis(150);

/// Lines come no closer than this, and no further apart than [`LULL`].
const PAUSE: Duration = Duration::from_secs(1);
const LULL: Duration = Duration::from_secs(10);

/// Between [`PAUSE`] and [`LULL`], a line comes when this part of the run is done since the last.
const PART: f64 = 0.1;

/// Characters of the bar: a usual line fits into 80 columns, with room for the `^C` of a terminal.
const WIDTH: usize = 12;

/// Listens to one run and shows where it stands.
pub struct Watch {
    label: String,
    /// None for a run inside a run that is shown already.
    view: Option<View>,
    screen: Arc<Screen>,
    started: Instant,
    shown: Instant,
    /// Steps that were done when the run began: it may go on from a checkpoint.
    first: usize,
    /// Steps done at the last line.
    line: usize,
    last: Option<Report>,
}

enum View {
    Bar(ProgressBar),
    Lines(Box<dyn Write>),
}

impl Watch {
    /// Shows the run on standard error: as a bar on a terminal, else as lines.
    pub fn new(label: &str, screen: Arc<Screen>) -> Watch {
        if !stderr().is_terminal() {
            return Watch::lines(label, screen, Box::new(stderr()));
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg}").expect("the template is correct");
        bar.set_style(style);
        let free = screen.take(Run::Bar(bar.clone()));
        Watch::with(label, screen, free.then_some(View::Bar(bar)))
    }

    /// Shows the run as lines.
    pub fn lines(label: &str, screen: Arc<Screen>, to: Box<dyn Write>) -> Watch {
        let free = screen.take(Run::Lines);
        Watch::with(label, screen, free.then_some(View::Lines(to)))
    }

    fn with(label: &str, screen: Arc<Screen>, view: Option<View>) -> Watch {
        let now = Instant::now();
        Watch {
            label: label.into(),
            view,
            screen,
            started: now,
            shown: now,
            first: 0,
            line: 0,
            last: None,
        }
    }

    fn show(&mut self, report: Report, now: Instant) {
        let since = now - self.shown;
        // The last line is written once, when the run is over.
        let more = report.done < report.total;
        match &mut self.view {
            Some(View::Bar(bar)) if since >= FRAME => {
                let pace = pace(report, self.first, now - self.started);
                bar.set_message(format!(
                    "{} {} {}  {pace}",
                    self.label,
                    gauge(report),
                    standing(report)
                ));
            }
            Some(View::Lines(to))
                if more && (since >= LULL || (since >= PAUSE && part(report, self.line))) =>
            {
                let pace = pace(report, self.first, now - self.started);
                // A log that cannot be written is no reason to end a training run.
                let _ = writeln!(to, "{}: {}  {pace}", self.label, standing(report));
                self.line = report.done;
            }
            _ => return,
        }
        self.shown = now;
    }
}

impl Progress for Watch {
    fn report(&mut self, report: Report) {
        if self.last.is_none() {
            self.first = report.done.saturating_sub(1);
            self.line = self.first;
        }
        self.last = Some(report);
        self.show(report, Instant::now());
    }

    fn stopped(&self) -> bool {
        self.screen.stop.load(Ordering::Relaxed)
    }

    fn trouble(&mut self, fault: &Error) {
        let words = format!("{}: {fault}; the run goes on", self.label);
        match &mut self.view {
            Some(View::Lines(to)) => drop(writeln!(to, "{words}")),
            _ => self.screen.beside(|| complain(&words)),
        }
    }
}

impl Drop for Watch {
    /// Leaves one line that says how far the run came.
    fn drop(&mut self) {
        let Some(view) = &mut self.view else { return };
        if let View::Bar(bar) = view {
            bar.finish_and_clear();
        }
        self.screen.leave();
        let Some(report) = self.last else { return };
        let time = duration(self.started.elapsed());
        let words = format!("{}: {}  in {time}", self.label, standing(report));
        match view {
            View::Bar(_) => complain(&words),
            View::Lines(to) => drop(writeln!(to, "{words}")),
        }
    }
}

/// Whether enough was done since `line` for another line.
fn part(report: Report, line: usize) -> bool {
    report.done.saturating_sub(line) as f64 >= PART * report.total as f64
}

/// The bar itself, in half characters.
fn gauge(report: Report) -> String {
    let share = report.done as f64 / report.total.max(1) as f64;
    let halves = (share.min(1.0) * 2.0 * WIDTH as f64) as usize;
    let half = if halves % 2 == 1 { "╸" } else { "" };
    let rest = WIDTH - halves.div_ceil(2);
    format!("{}{half}{}", "━".repeat(halves / 2), "─".repeat(rest))
}

fn standing(report: Report) -> String {
    let Report { done, total, .. } = report;
    let words = match report.standing {
        Standing::Descent { loss, rate } => format!("loss {}  rate {}", short(loss), short(rate)),
        Standing::Error { error } => format!("error {}", short(error)),
        Standing::Search { converged } => format!("{converged} converged"),
        Standing::Count { of } => of.into(),
    };
    format!("{done}/{total}  {words}")
}

/// Steps each second and the time that is left.
fn pace(report: Report, first: usize, elapsed: Duration) -> String {
    let speed = (report.done - first) as f64 / elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
    let left = report.total.saturating_sub(report.done) as f64 / speed;
    let left = Duration::try_from_secs_f64(left).map_or("?".into(), duration);
    format!("{}/s  {left} left", short(speed))
}

/// A number in four digits.
fn short(x: f64) -> String {
    /// Numbers between these are readable without an exponent.
    const PLAIN: std::ops::Range<f64> = 1e-3..1e5;
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    if !PLAIN.contains(&x.abs()) {
        return format!("{x:.3e}");
    }
    let whole = x.abs().log10().floor() as i32;
    format!("{x:.*}", usize::try_from(3 - whole).unwrap_or(0))
}

/// A time as one would say it: `8.2 s`, `3 min 20 s`, `1 h 05 min`.
fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}
