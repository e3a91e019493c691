//! Reports the progress of an upgrade as typed events.
//!
//! Core and the backends never print; they notify an [`Observer`]. The command line renders the
//! events as text or as JSON Lines.

pub mod cancellation;
mod omission;
mod phase;
mod progress;
mod step_kind;
mod wait;

use serde::Serialize;

pub use omission::Omission;
pub use phase::{Amount, Phase, Unit};
pub use progress::Progress;
pub use step_kind::StepKind;
pub use wait::{Wait, WaitReason};

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
        /// Whether the target is the older revision.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_downgrade: bool,
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
        #[serde(rename = "repair_titles")]
        repairs: Vec<String>,
        /// The number of steps.
        step_count: usize,
    },
    /// Source and destination of a copy were read, and the copy begins.
    Copying {
        /// The name of the source.
        source: String,
        /// The revision of the source; `None` is the base schema.
        revision: Option<String>,
        /// The number of tables.
        table_count: usize,
        /// The number of steps.
        step_count: usize,
    },
    /// A fact that the user should know, and that does not stop the upgrade.
    Notice {
        /// The text of the notice.
        message: String,
    },
    /// A data migration left rows out, as the user has asked.
    Omitted(Omission),
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
        /// The kind of the step.
        #[serde(rename = "step_kind")]
        kind: StepKind,
    },
    /// A step enters a phase; a step without this event has one phase only.
    Phase {
        /// The number of the step.
        step: usize,
        /// The phase.
        #[serde(flatten)]
        phase: Phase,
    },
    /// Some work of a step's current phase is done.
    Progress {
        /// The number of the step.
        step: usize,
        /// How much is done, and how much there is.
        #[serde(flatten)]
        amount: Amount,
    },
    /// The upgrade waits for other sessions.
    ///
    /// Reported when the wait is noticed, and again when the sessions change.
    Waiting(Wait),
    /// The wait that [`Event::Waiting`] reported is over.
    WaitOver {
        /// How long the upgrade waited, in seconds.
        waited_seconds: f64,
    },
    /// A step is done.
    StepFinished {
        /// The number of the step.
        step: usize,
        /// A short description of the step.
        title: String,
        /// The kind of the step.
        #[serde(rename = "step_kind")]
        kind: StepKind,
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
