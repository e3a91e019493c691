//! What the commands have to say in the end, as values that can be rendered.

use mlflow_migrate_core::error::{ErrorKind, Unfinished};
use mlflow_migrate_core::report::check::{CheckReport, Position};
use mlflow_migrate_core::report::estimate::Estimate;
use mlflow_migrate_core::report::preview::Preview;
use mlflow_migrate_core::report::status::Status;
use mlflow_migrate_core::report::verify::VerifyReport;
use mlflow_migrate_core::upgrade::abort::AbortReport;
use mlflow_migrate_core::{Error, UpgradeReport};
use serde::Serialize;

/// The result of a command.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Of `upgrade`.
    Finished(OfDatabase<Finished>),
    /// Of `current`.
    Current(OfDatabase<Current>),
    /// Of `history`.
    History(History),
    /// Of `plan`.
    Plan(OfDatabase<Planned>),
    /// Of `check`.
    Check(OfDatabase<Checked>),
    /// Of `estimate`.
    Estimate(OfDatabase<Estimate>),
    /// Of `doctor`.
    Doctor(OfDatabase<Diagnosed>),
    /// Of `verify`.
    Verify(OfDatabase<VerifyReport>),
    /// Of `status`.
    Status(OfDatabase<Status>),
    /// Of `abort`.
    Abort(OfDatabase<AbortReport>),
    /// Of `restore`.
    Restore(OfDatabase<Restored>),
}

/// What there is to say of a database.
#[derive(Debug, Serialize)]
pub(crate) struct OfDatabase<T> {
    /// The database.
    pub(crate) database: String,
    /// What the command found, or did.
    #[serde(flatten)]
    pub(crate) result: T,
}

/// What an upgrade did.
#[derive(Debug, Serialize)]
pub(crate) struct Finished {
    /// What was done to it.
    #[serde(flatten)]
    pub(crate) report: UpgradeReport,
    /// The database that it was made from and that was left as it is.
    pub(crate) source: Option<String>,
    /// Whether a person wants to know how long each step took.
    #[serde(skip)]
    pub(crate) show_timings: bool,
}

/// Where a database is.
#[derive(Debug, Serialize)]
pub(crate) struct Current {
    /// What its revision does.
    pub(crate) title: Option<String>,
    /// The day of its revision.
    pub(crate) created: Option<String>,
    /// Whether its revision is the newest.
    pub(crate) is_head: bool,
    /// Where it is; `None` while an upgrade is unfinished.
    #[serde(flatten)]
    pub(crate) position: Option<Position>,
    /// The upgrade that is unfinished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unfinished: Option<Unfinished>,
    /// What is known if the schema is not that of the revision, but of another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wrong_stamp: Option<Problem>,
}

/// All revisions.
#[derive(Debug, Serialize)]
pub(crate) struct History {
    /// The database, if one is marked.
    pub(crate) database: Option<String>,
    /// The upgrade of it that is unfinished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unfinished: Option<Unfinished>,
    /// The revisions, newest first.
    pub(crate) revisions: Vec<HistoryEntry>,
    /// What comes before them.
    pub(crate) base: HistoryBase,
}

/// One revision.
#[derive(Debug, Serialize)]
pub(crate) struct HistoryEntry {
    /// Its id.
    pub(crate) revision: String,
    /// The revisions that it follows.
    pub(crate) parents: Vec<String>,
    /// Its day.
    pub(crate) created: String,
    /// What it does.
    pub(crate) title: String,
    /// The first MLflow release that has it.
    pub(crate) release: Option<String>,
    /// Whether the database is here.
    pub(crate) is_current: bool,
}

/// The state before the first revision.
#[derive(Debug, Serialize)]
pub(crate) struct HistoryBase {
    /// The MLflow release that has it.
    pub(crate) release: Option<String>,
    /// Whether the database is here.
    pub(crate) is_current: bool,
}

/// What an upgrade would do.
#[derive(Debug, Serialize)]
pub(crate) struct Planned {
    /// What core planned.
    #[serde(flatten)]
    pub(crate) preview: Preview,
    /// Whether the statements are to be shown to a person too.
    #[serde(skip)]
    pub(crate) show_statements: bool,
}

/// What a check found.
#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    /// What was found.
    #[serde(flatten)]
    pub(crate) checked: CheckReport,
    /// What is known if the schema is not that of the revision, but of another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wrong_stamp: Option<Problem>,
}

/// What stands in the way of an upgrade.
#[derive(Debug, Serialize)]
pub(crate) struct Diagnosed {
    /// Where it is, if an upgrade can be planned.
    pub(crate) from: Option<String>,
    /// Where the upgrade would go.
    pub(crate) to: Option<String>,
    /// How many revisions are on the way.
    pub(crate) revisions: usize,
    /// What stands in the way.
    pub(crate) problems: Vec<Problem>,
}

/// One thing that stands in the way.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    /// What kind of thing.
    pub(crate) kind: ErrorKind,
    /// What it is.
    pub(crate) message: String,
    /// Queries that find all rows that it is about.
    pub(crate) queries: Vec<String>,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

impl Problem {
    pub(crate) fn of(error: &Error) -> Self {
        let queries = error.queries().into_iter().map(ToOwned::to_owned).collect();
        Self { kind: error.kind(), message: error.to_string(), queries, hint: error.hint() }
    }
}

/// A database that is what its backup was.
#[derive(Debug, Serialize)]
pub(crate) struct Restored {
    /// The backup.
    pub(crate) backup: String,
    /// Where that is which the database held before.
    pub(crate) kept: Option<String>,
    /// Where it is now.
    #[serde(flatten)]
    pub(crate) position: Position,
}
