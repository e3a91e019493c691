//! Shows the progress of one step: a bar on a terminal, lines elsewhere.
//!
//! Most steps finish quickly and get only the line that reports their end. Only a step that takes
//! longer is shown while it runs.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::visible;
use super::words::number;

/// The delay before a bar appears.
const BAR_DELAY: Duration = Duration::from_millis(500);

/// How often a bar moves without progress.
const BAR_TICK: Duration = Duration::from_millis(200);

/// The delay before a step is announced, without a terminal.
const LINE_DELAY: Duration = Duration::from_secs(2);

/// The least time between two lines of a step, without a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

const UNKNOWN_TOTAL: &str = "{spinner} {prefix} {msg}{human_pos} rows, {elapsed}";
const KNOWN_TOTAL: &str = "{spinner} {prefix} {bar:30} {human_pos} of {human_len} rows, {eta} left";
const NO_ROWS: &str = "{spinner} {prefix} {elapsed}";

/// The display of a running step.
pub(super) enum StepDisplay {
    /// A bar on a terminal.
    Bar { bar: ProgressBar, _appearance: Delayed },
    /// Lines in a log.
    Lines { heading: String, last: Instant, _announcement: Delayed },
}

impl StepDisplay {
    /// Returns a bar that appears if the step takes long.
    pub(super) fn bar(heading: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_prefix(visible::one_line(heading));
        set_template(&bar, NO_ROWS);
        let shown = bar.clone();
        let appearance = after(BAR_DELAY, move || {
            shown.set_draw_target(ProgressDrawTarget::stderr());
            shown.enable_steady_tick(BAR_TICK);
        });
        Self::Bar { bar, _appearance: appearance }
    }

    /// Returns a display that writes lines if the step takes long.
    pub(super) fn lines(heading: &str) -> Self {
        let announced = format!("{heading} …");
        let announcement = after(LINE_DELAY, move || write_line(&announced));
        let heading = heading.to_owned();
        Self::Lines { heading, last: Instant::now(), _announcement: announcement }
    }

    /// Shows the step's progress.
    pub(super) fn progress(&mut self, done: u64, total: Option<u64>) {
        match self {
            Self::Bar { bar, .. } => {
                if bar.length() != total || bar.position() == 0 {
                    set_template(bar, if total.is_some() { KNOWN_TOTAL } else { UNKNOWN_TOTAL });
                    total.into_iter().for_each(|total| bar.set_length(total));
                }
                bar.set_position(done);
            }
            Self::Lines { heading, last, .. } => {
                if last.elapsed() >= LINE_INTERVAL {
                    *last = Instant::now();
                    let total = total.map_or(String::new(), |all| format!(" of {}", number(all)));
                    write_line(&format!("{heading} … {}{total} rows", number(done)));
                }
            }
        }
    }

    /// Writes a line while the step runs.
    pub(super) fn interrupt(&self, line: &str) {
        match self {
            Self::Bar { bar, .. } => bar.suspend(|| write_line(line)),
            Self::Lines { .. } => write_line(line),
        }
    }
}

impl Drop for StepDisplay {
    fn drop(&mut self) {
        if let Self::Bar { bar, .. } = self {
            bar.finish_and_clear();
        }
    }
}

/// Writes a line to stderr.
pub(crate) fn write_line(line: &str) {
    use std::io::Write;
    // A closed stderr stops nothing.
    let _ = writeln!(anstream::stderr().lock(), "{}", visible::one_line(line));
}

fn set_template(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
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
