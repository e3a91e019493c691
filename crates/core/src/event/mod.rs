//! Reports the progress of an upgrade as typed events.
//!
//! Core and the backends never print; they notify an [`Observer`]. The command line renders the
//! events as text or as JSON Lines.

pub mod cancellation;

use std::sync::Arc;

use serde::Serialize;

use crate::error::Error;
use crate::event::cancellation::CancellationToken;

/// An event during an upgrade.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The database was read, and an upgrade is pending.
    Planned {
        /// The revision before; `None` is the base schema, or an empty database.
        from: Option<String>,
        /// The target revision.
        to: Option<String>,
        /// The number of pending revisions.
        revision_count: usize,
        /// The number of steps.
        step_count: usize,
        /// The MLflow releases that expect the target revision, oldest first.
        releases: Vec<String>,
        /// The MLflow releases that fit the database now, and no longer fit it afterwards.
        outdated: Vec<String>,
    },
    /// The database was read, and repairs are pending.
    Repairing {
        /// The revision of the database; `None` is the base schema.
        revision: Option<String>,
        /// What is repaired, one line each.
        repairs: Vec<String>,
        /// The number of steps.
        step_count: usize,
    },
    /// A fact that the user should know, and that does not stop the upgrade.
    Notice {
        /// The text of the notice.
        message: String,
    },
    /// The upgrade failed for a temporary reason, and is retried after a wait.
    Retrying {
        /// The failure.
        problem: String,
        /// The wait in seconds.
        wait_seconds: f64,
    },
    /// A step begins.
    StepStarted {
        /// The number of the step, from 1.
        step: usize,
        /// The number of steps.
        step_count: usize,
        /// A short description of the step.
        title: String,
    },
    /// Some rows of a step are done.
    Progress {
        /// The number of the step.
        step: usize,
        /// The number of rows done.
        done: u64,
        /// The number of rows to do, where known.
        total: Option<u64>,
    },
    /// A step is done.
    StepFinished {
        /// The number of the step.
        step: usize,
        /// A short description of the step.
        title: String,
        /// The number of rows written or copied, where the step counts rows.
        rows: Option<u64>,
        /// The duration in seconds.
        seconds: f64,
    },
    /// The result was compared with the plan.
    Verified {
        /// The duration in seconds.
        seconds: f64,
    },
}

/// A receiver of events.
pub trait Observer: Send + Sync {
    /// Receives an event.
    ///
    /// Called from the thread that executes the upgrade, so the call must be quick.
    fn notify(&self, event: &Event);
}

/// An observer that ignores all events.
#[derive(Clone, Copy, Debug)]
pub struct NoopObserver;

impl Observer for NoopObserver {
    fn notify(&self, _: &Event) {}
}

/// Reports the progress of one step, and checks whether the user has stopped the upgrade.
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
    /// Returns a handle for the step of that number.
    #[must_use]
    pub fn new(observer: Arc<dyn Observer>, step: usize, stop: CancellationToken) -> Self {
        Self { observer, step, stop }
    }

    /// Returns a handle that reports nothing.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(Arc::new(NoopObserver), 0, CancellationToken::default())
    }

    /// Reports the number of rows done, and the number to do.
    pub fn report(&self, done: u64, total: Option<u64>) {
        self.observer.notify(&Event::Progress { step: self.step, done, total });
    }

    /// Returns an error if the user has stopped the upgrade.
    ///
    /// # Errors
    /// [`Error::Stopped`] if the user has stopped the upgrade.
    pub fn check(&self) -> Result<(), Error> {
        self.stop.check()
    }

    /// Reports a fact that the user should know.
    pub fn notice(&self, message: String) {
        self.observer.notify(&Event::Notice { message });
    }
}
