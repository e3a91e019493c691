//! What happens during an upgrade, as typed events.
//!
//! Core and the backends never print; they tell an [`Observer`]. The command line renders the
//! events as text or as JSON Lines.

pub mod cancellation;

use std::sync::Arc;

use serde::Serialize;

use crate::error::Error;
use crate::event::cancellation::CancellationToken;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The database was read, and an upgrade is due.
    Planned {
        /// The revision so far; `None` is the base schema, or an empty database.
        from: Option<String>,
        /// The revision to come.
        to: Option<String>,
        /// How many revisions are due.
        revisions: usize,
        /// How many steps they take.
        steps: usize,
    },
    /// Something that the user should know of, and that does not stop the upgrade.
    Notice {
        /// What it is.
        message: String,
    },
    /// Something failed for a reason that passes by itself, and is tried again after a while.
    Retrying {
        /// What failed.
        problem: String,
        /// How long that while is, in seconds.
        wait_seconds: f64,
    },
    /// A step begins.
    StepStarted {
        /// Its number, from 1.
        step: usize,
        /// How many there are.
        steps: usize,
        /// What it does.
        title: String,
    },
    /// A step goes on.
    Progress {
        /// Its number.
        step: usize,
        /// Rows done.
        done: u64,
        /// Rows to do, where that is known.
        total: Option<u64>,
    },
    /// A step is done.
    StepFinished {
        /// Its number.
        step: usize,
        /// What it did.
        title: String,
        /// The rows that it wrote or copied, where it counts any.
        rows: Option<u64>,
        /// How long it took.
        seconds: f64,
    },
    /// The result was compared with the plan.
    Verified {
        /// How long that took.
        seconds: f64,
    },
}

/// Somebody to tell.
pub trait Observer: Send + Sync {
    /// Takes note of an event. Called from the thread that does the work, so it must be quick.
    fn notify(&self, event: &Event);
}

/// An observer that forgets everything.
#[derive(Clone, Copy, Debug)]
pub struct NoopObserver;

impl Observer for NoopObserver {
    fn notify(&self, _: &Event) {}
}

/// Reports how far one step is, and tells whether it is to end.
#[derive(Clone)]
pub struct Progress {
    observer: Arc<dyn Observer>,
    step: usize,
    stop: CancellationToken,
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress").field("step", &self.step).finish_non_exhaustive()
    }
}

impl Progress {
    /// A handle for the step of that number.
    #[must_use]
    pub fn new(observer: Arc<dyn Observer>, step: usize, stop: CancellationToken) -> Self {
        Self { observer, step, stop }
    }

    /// A handle that reports to nobody.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(Arc::new(NoopObserver), 0, CancellationToken::default())
    }

    /// Reports rows done, of the rows to do.
    pub fn report(&self, done: u64, total: Option<u64>) {
        self.observer.notify(&Event::Progress { step: self.step, done, total });
    }

    /// Goes on, unless the upgrade is to end here.
    ///
    /// # Errors
    /// [`Error::Stopped`] if it is.
    pub fn check(&self) -> Result<(), Error> {
        self.stop.check()
    }

    /// Reports something that the user should know of.
    pub fn notice(&self, message: String) {
        self.observer.notify(&Event::Notice { message });
    }
}
