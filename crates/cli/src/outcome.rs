//! The results of the commands, as values that can be rendered.

mod downgrade;

use mlflow_migrate_core::backend::RunningStep;
use mlflow_migrate_core::cleanup::CleanupReport;
use mlflow_migrate_core::copy::{CopyComparison, CopyReport, TableRows};
use mlflow_migrate_core::error::{CopyFinding, ErrorKind, Unfinished};
use mlflow_migrate_core::graphs::GraphName;
use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::prepare::PrepareReport;
use mlflow_migrate_core::report::check::{CheckReport, Position};
use mlflow_migrate_core::report::diff::DiffReport;
use mlflow_migrate_core::report::doctor::DiskUse;
use mlflow_migrate_core::report::estimate::Estimate;
use mlflow_migrate_core::report::preview::Preview;
use mlflow_migrate_core::report::show::ShownRevision;
use mlflow_migrate_core::report::status::Status;
use mlflow_migrate_core::report::verify::VerifyReport;
use mlflow_migrate_core::upgrade::abort::AbortReport;
use mlflow_migrate_core::upgrade::repair::RepairReport;
use mlflow_migrate_core::upgrade::stamp::StampReport;
use mlflow_migrate_core::{Error, UpgradeReport};
use serde::Serialize;

pub(crate) use downgrade::{DowngradePreviewed, Downgraded};

/// The result of a command.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The result of `upgrade`.
    Finished(OfDatabase<Finished>),
    /// The result of `current`.
    Current(OfDatabase<Current>),
    /// The result of `history`.
    History(History),
    /// The result of `plan`.
    Plan(OfDatabase<Planned>),
    /// The result of `prepare`.
    Prepare(OfDatabase<PrepareReport>),
    /// The result of `cleanup`.
    Cleanup(OfDatabase<CleanupReport>),
    /// The result of `sql`.
    Sql(Scripted),
    /// The result of `show`.
    Show(ShownRevision),
    /// The result of `check`.
    Check(OfDatabase<Checked>),
    /// The result of `estimate`.
    Estimate(OfDatabase<Estimate>),
    /// The result of `doctor`.
    Doctor(OfDatabase<Diagnosed>),
    /// The result of `verify`.
    Verify(OfDatabase<VerifyReport>),
    /// The result of `status`.
    Status(OfDatabase<Activity>),
    /// The result of `diff`.
    Diff(OfDatabase<DiffReport>),
    /// The result of `repair`.
    Repair(OfDatabase<Repaired>),
    /// The result of `stamp`.
    Stamp(OfDatabase<StampReport>),
    /// The result of `downgrade`.
    Downgrade(OfDatabase<Downgraded>),
    /// The result of `downgrade --dry-run`.
    DowngradePreview(OfDatabase<DowngradePreviewed>),
    /// The result of `abort`.
    Abort(OfDatabase<AbortReport>),
    /// The result of `restore`.
    Restore(OfDatabase<Restored>),
    /// The result of `copy`.
    Copy(OfCopy<CopyReport>),
    /// The result of `copy --dry-run`.
    CopyPreview(OfCopy<CopyPreviewed>),
    /// The result of `copy --verify-only`.
    CopyComparison(OfCopy<CopyComparison>),
    /// The result of `completions`.
    Completions(Generated),
    /// The result of `man`.
    Man(Generated),
    /// The results about several graphs, or about the auth app's; each becomes a line of its own.
    #[serde(skip)]
    Graphs(Vec<(GraphName, Outcome)>),
}

/// A text that the program generates from its own command line.
#[derive(Debug, Serialize)]
pub(crate) struct Generated {
    /// The text.
    pub(crate) text: String,
}

/// A result about a database.
#[derive(Debug, Serialize)]
pub(crate) struct OfDatabase<T> {
    /// The database's name.
    pub(crate) database: String,
    /// What the command found, or did.
    #[serde(flatten)]
    pub(crate) result: T,
}

/// What an upgrade did.
#[derive(Debug, Serialize)]
pub(crate) struct Finished {
    /// The upgrade's report.
    #[serde(flatten)]
    pub(crate) report: UpgradeReport,
    /// The database that was copied and left unchanged, with `--into`.
    pub(crate) source: Option<String>,
    /// Whether the text shows how long each step took.
    #[serde(skip)]
    pub(crate) show_timings: bool,
}

/// The revision of a database.
#[derive(Debug, Serialize)]
pub(crate) struct Current {
    /// The revision's title.
    pub(crate) title: Option<String>,
    /// The revision's day.
    pub(crate) date: Option<String>,
    /// Whether the revision is the newest.
    pub(crate) is_head: bool,
    /// The database's position; `None` while an upgrade is unfinished.
    #[serde(flatten)]
    pub(crate) position: Option<Position>,
    /// The unfinished upgrade.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unfinished: Option<Unfinished>,
    /// Set if the schema belongs to another revision than the stamped one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wrong_stamp: Option<Problem>,
}

/// Returns the day of a revision; `None` where MLflow's source has none.
pub(crate) fn date(revision: &Revision) -> Option<String> {
    Some(revision.created.clone()).filter(|date| !date.is_empty())
}

/// All revisions.
#[derive(Debug, Serialize)]
pub(crate) struct History {
    /// The database, if one is marked.
    pub(crate) database: Option<String>,
    /// The unfinished upgrade of the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unfinished: Option<Unfinished>,
    /// The revisions, newest first.
    pub(crate) history: Vec<HistoryEntry>,
    /// The state before the first revision.
    pub(crate) base: HistoryBase,
}

/// One revision.
#[derive(Debug, Serialize)]
pub(crate) struct HistoryEntry {
    /// The revision's id.
    pub(crate) revision: String,
    /// The revisions that it follows.
    pub(crate) parents: Vec<String>,
    /// The revision's day.
    pub(crate) date: Option<String>,
    /// The revision's title.
    pub(crate) title: String,
    /// The first MLflow release that has the revision.
    pub(crate) release: Option<String>,
    /// Whether the database is at this revision.
    pub(crate) is_current: bool,
}

/// The state before the first revision.
#[derive(Debug, Serialize)]
pub(crate) struct HistoryBase {
    /// The MLflow release that has this state.
    pub(crate) release: Option<String>,
    /// Whether the database is in this state.
    pub(crate) is_current: bool,
}

/// What an upgrade would do.
#[derive(Debug, Serialize)]
pub(crate) struct Planned {
    /// Core's preview of the upgrade.
    #[serde(flatten)]
    pub(crate) preview: Preview,
    /// The upgrade as a script, with `--sql`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sql: Option<Scripted>,
}

/// One part of an upgrade as scripts.
#[derive(Debug, Serialize)]
pub(crate) struct Scripted {
    /// The dialect's name.
    pub(crate) dialect: String,
    /// The revision before all parts; `None` is the base schema, or an empty database.
    pub(crate) from: Option<String>,
    /// The target revision of all parts.
    pub(crate) to: Option<String>,
    /// The number of the part, from 1.
    pub(crate) part: usize,
    /// The number of parts.
    pub(crate) parts: usize,
    /// The revision before the part.
    pub(crate) part_from: Option<String>,
    /// The revision after the part.
    pub(crate) part_to: Option<String>,
    /// The revision to which the program upgrades before the part.
    pub(crate) program_before: Option<String>,
    /// The revision to which the program upgrades after the part.
    pub(crate) program_after: Option<String>,
    /// The text for the database's own client.
    pub(crate) script: String,
}

/// What a check found.
#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    /// Core's report.
    #[serde(flatten)]
    pub(crate) checked: CheckReport,
    /// Set if the schema belongs to another revision than the stamped one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wrong_stamp: Option<Problem>,
}

/// The obstacles to an upgrade.
#[derive(Debug, Serialize)]
pub(crate) struct Diagnosed {
    /// Whether an upgrade can be planned.
    pub(crate) is_plannable: bool,
    /// The database's revision; `None` is the base schema, or an empty database.
    pub(crate) from: Option<String>,
    /// The database's revision in words, if an upgrade can be planned.
    #[serde(skip)]
    pub(crate) position: Option<String>,
    /// The target of the upgrade.
    pub(crate) to: Option<String>,
    /// The number of revisions up to the target.
    pub(crate) revision_count: usize,
    /// The obstacles.
    pub(crate) problems: Vec<Problem>,
    /// What does not stop an upgrade.
    pub(crate) warnings: Vec<Advice>,
    /// The disk space that the upgrade needs; `None` if the upgrade cannot begin.
    pub(crate) disk_use: Option<DiskUse>,
}

/// A finding that does not stop an upgrade, and what to do about it.
#[derive(Debug, Serialize)]
pub(crate) struct Advice {
    /// The kind of the finding.
    #[serde(rename = "warning")]
    pub(crate) kind: &'static str,
    /// What was found.
    pub(crate) message: String,
    /// Why it matters.
    pub(crate) reason: String,
    /// The statements or the commands that remove it.
    pub(crate) remedies: Vec<String>,
}

/// One obstacle to an upgrade.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    /// The kind of the error.
    pub(crate) kind: ErrorKind,
    /// The error's message.
    pub(crate) message: String,
    /// Queries that find all rows which the problem concerns.
    pub(crate) queries: Vec<String>,
    /// The error's hint.
    pub(crate) hint: Option<String>,
}

impl Problem {
    pub(crate) fn of(error: &Error) -> Self {
        let queries = error.queries().into_iter().map(ToOwned::to_owned).collect();
        Self {
            kind: error.kind(),
            message: error.to_string(),
            queries,
            hint: mlflow_migrate::hint(error),
        }
    }
}

/// What becomes of a database at the moment.
#[derive(Debug, Serialize)]
pub(crate) struct Activity {
    /// The database's position, or its unfinished upgrade; `None` if a running upgrade hides it.
    #[serde(flatten)]
    pub(crate) status: Option<Status>,
    /// The sessions that are upgrading the database.
    pub(crate) upgraders: Vec<String>,
    /// The step that one of them executes, as far as the database shows it.
    #[serde(rename = "running_step")]
    pub(crate) running: Option<RunningStep>,
}

/// What a repair did, or would do.
#[derive(Debug, Serialize)]
pub(crate) struct Repaired {
    /// Core's report.
    #[serde(flatten)]
    pub(crate) report: RepairReport,
    /// Whether nothing was changed, with `--dry-run`.
    pub(crate) is_dry_run: bool,
    /// The obstacles to the repair, which a preview finds.
    pub(crate) problems: Vec<Problem>,
}

/// A database that was restored from a backup.
#[derive(Debug, Serialize)]
pub(crate) struct Restored {
    /// The backup's name.
    pub(crate) backup: String,
    /// The file that keeps the database's former content.
    pub(crate) kept: Option<String>,
    /// The database's position now.
    #[serde(flatten)]
    pub(crate) position: Position,
}

/// A result about two databases.
#[derive(Debug, Serialize)]
pub(crate) struct OfCopy<T> {
    /// The name of the source.
    pub(crate) source: String,
    /// The name of the destination.
    pub(crate) database: String,
    /// What the command found, or did.
    #[serde(flatten)]
    pub(crate) result: T,
}

/// What a copy would do.
#[derive(Debug, Serialize)]
pub(crate) struct CopyPreviewed {
    /// The revision of the source; `None` is the base schema.
    pub(crate) revision: Option<String>,
    /// The tables of the source.
    #[serde(rename = "source_tables")]
    pub(crate) tables: Vec<TableRows>,
    /// What is not MLflow's, and would not be copied.
    pub(crate) left_out: Vec<String>,
    /// The rows that cannot be copied as they are.
    #[serde(rename = "copy_findings")]
    pub(crate) findings: Vec<CopyFinding>,
    /// The obstacles at the destination.
    pub(crate) problems: Vec<Problem>,
    /// Whether such rows would be left out.
    #[serde(skip)]
    pub(crate) skips_invalid: bool,
}

impl CopyPreviewed {
    /// Returns whether nothing prevents the copy.
    pub(crate) fn is_possible(&self) -> bool {
        let is_left_out = |finding: &CopyFinding| self.skips_invalid && finding.is_skippable;
        self.problems.is_empty() && self.findings.iter().all(is_left_out)
    }
}
