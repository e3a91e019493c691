//! Shows the progress of one step: a line on a terminal, lines with a time elsewhere.
//!
//! Most steps finish quickly and get only the line that reports their end. Only a step that takes
//! longer is shown while it runs.

mod line;
mod pace;
mod running;
mod terminal;

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use mlflow_migrate_core::event::{Amount, Phase, Wait};

use self::running::RunningStep;
use self::terminal::OneLine;
use super::visible;
use crate::clock;

pub(super) use self::line::waiting;

/// The delay before a line appears on a terminal.
const BAR_DELAY: Duration = Duration::from_millis(500);

/// How often the line on a terminal is drawn.
const BAR_TICK: Duration = Duration::from_millis(200);

/// The delay before a step is announced, without a terminal.
const LINE_DELAY: Duration = Duration::from_secs(2);

/// The least time between two lines about the rows of a step, without a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// The display of a running step, or of a wait.
pub(super) struct StepDisplay {
    step: Arc<Mutex<RunningStep>>,
    way: Way,
}

enum Way {
    /// A line on a terminal.
    Bar { bar: ProgressBar, _appearance: Option<Delayed> },
    /// Lines in a log.
    Lines { began: Instant, last: Instant, _announcement: Option<Delayed> },
}

impl StepDisplay {
    /// Returns a line on a terminal that appears if the step takes long.
    pub(super) fn bar(number: &str, title: &str) -> Self {
        let step = Arc::new(Mutex::new(RunningStep::new(number, &visible::one_line(title))));
        let bar = hidden_bar(&step);
        let shown = bar.clone();
        let appearance = after(BAR_DELAY, move || show(&shown));
        Self { step, way: Way::Bar { bar, _appearance: Some(appearance) } }
    }

    /// Returns a line on a terminal about a wait, which appears at once.
    pub(super) fn bar_of_wait() -> Self {
        let step = Arc::new(Mutex::new(RunningStep::new("", "")));
        let bar = hidden_bar(&step);
        show(&bar);
        Self { step, way: Way::Bar { bar, _appearance: None } }
    }

    /// Returns a display that writes lines if the step takes long, the first after `before`.
    pub(super) fn lines(number: &str, title: &str, before: impl FnOnce() + Send + 'static) -> Self {
        let announced = format!("{number} {title} …");
        let announcement = after(LINE_DELAY, move || {
            before();
            write_timed(&announced);
        });
        let step = Arc::new(Mutex::new(RunningStep::new(number, title)));
        let began = Instant::now();
        Self { step, way: Way::Lines { began, last: began, _announcement: Some(announcement) } }
    }

    fn step(&self) -> MutexGuard<'_, RunningStep> {
        self.step.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows that a phase of the step begins.
    pub(super) fn phase(&mut self, phase: &Phase) {
        let is_new = self.step().enter(phase.clone());
        if let Way::Lines { began, last, .. } = &mut self.way
            && is_new
            && began.elapsed() >= LINE_DELAY
        {
            *last = Instant::now();
            write_timed(&self.step().log_line());
        }
    }

    /// Shows the step's progress.
    pub(super) fn progress(&mut self, amount: Amount) {
        self.step().take(amount);
        if let Way::Lines { last, .. } = &mut self.way
            && last.elapsed() >= LINE_INTERVAL
        {
            *last = Instant::now();
            write_timed(&self.step().log_line());
        }
    }

    /// Shows what the step waits for; `None` once the wait is over.
    pub(super) fn wait(&mut self, wait: Option<&Wait>) {
        self.step().wait(wait.cloned());
        if let (Way::Lines { .. }, Some(wait)) = (&self.way, wait) {
            write_timed(&log_of_wait(&self.step().heading(), wait));
        }
    }

    /// Writes a line while the step runs.
    pub(super) fn interrupt(&self, line: &str) {
        match &self.way {
            Way::Bar { bar, .. } => bar.suspend(|| write_line(line)),
            Way::Lines { .. } => write_line(line),
        }
    }
}

impl Drop for StepDisplay {
    fn drop(&mut self) {
        if let Way::Bar { bar, .. } = &self.way {
            bar.finish_and_clear();
        }
    }
}

/// Returns the line of a log about a wait.
pub(super) fn log_of_wait(heading: &str, wait: &Wait) -> String {
    let limit = wait.limit_seconds.map_or(String::new(), |limit| format!(", up to {limit} s"));
    let colon = if heading.is_empty() { "" } else { ": " };
    format!("{heading}{colon}{}{limit}", waiting(wait))
}

/// Writes a line to stderr.
pub(crate) fn write_line(line: &str) {
    use std::io::Write;
    // A closed stderr stops nothing.
    let _ = writeln!(anstream::stderr().lock(), "{}", visible::one_line(line));
}

/// Writes a line to stderr that begins with the time.
pub(super) fn write_timed(line: &str) {
    write_line(&format!("{} {line}", clock::now()));
}

fn hidden_bar(step: &Arc<Mutex<RunningStep>>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    let step = Arc::clone(step);
    let text = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
        let step = step.lock().unwrap_or_else(PoisonError::into_inner);
        // The spinner and a space stand before the text.
        let _ = out.write_str(&step.line(terminal::room().saturating_sub(2)));
    };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {text}") {
        bar.set_style(style.with_key("text", text));
    }
    bar
}

fn show(bar: &ProgressBar) {
    bar.set_draw_target(ProgressDrawTarget::term_like_with_hz(Box::new(OneLine::stderr()), 10));
    bar.enable_steady_tick(BAR_TICK);
}

/// An action that runs after a delay, unless this value is dropped before.
pub(super) struct Delayed {
    _cancel: Sender<()>,
}

fn after(delay: Duration, action: impl FnOnce() + Send + 'static) -> Delayed {
    let (cancel, cancelled) = mpsc::channel();
    // Without a thread the action does not run, which only hides progress.
    let _ = std::thread::Builder::new().spawn(move || {
        if cancelled.recv_timeout(delay) == Err(RecvTimeoutError::Timeout) {
            action();
        }
    });
    Delayed { _cancel: cancel }
}
