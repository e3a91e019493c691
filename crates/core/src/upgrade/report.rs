//! Reports what an upgrade did.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;

use crate::data::afterwards::{is_note, note_of};
use crate::error::Loss;
use crate::event::Omission;
use crate::history::catalogue::Catalogue;
use crate::history::revision::Revision;
use crate::plan::{Plan, TableChange};

/// The result of an upgrade.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UpgradeReport {
    /// The revision before; `None` is the base schema, or an empty database.
    pub from: Option<String>,
    /// Whether the database was empty.
    pub created: bool,
    /// The revision now.
    pub to: Option<String>,
    /// The revisions that were applied or undone.
    pub revisions: Vec<String>,
    /// The number of tables created.
    pub tables_created: usize,
    /// The number of tables changed.
    pub tables_changed: usize,
    /// The number of tables dropped.
    #[serde(skip)]
    pub tables_dropped: usize,
    /// The rows and values that a downgrade has lost, as the user has accepted.
    #[serde(skip)]
    pub losses: Vec<Loss>,
    /// The number of rows that the data migrations wrote.
    pub rows_migrated: u64,
    /// The rows that the data migrations left out, as the user has asked.
    pub omissions: Vec<Omission>,
    /// The path of the backup that was made before the first change, if any.
    pub backup: Option<PathBuf>,
    /// The duration in seconds.
    pub seconds: f64,
    /// The steps done, in order.
    pub steps: Vec<StepReport>,
    /// The MLflow releases that expect the revision.
    pub releases: Vec<String>,
    /// The revisions whose rows wait for a [`cleanup`](mod@crate::cleanup), which MLflow does not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pending_cleanup: Vec<String>,
}

/// The result of one step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepReport {
    /// A short description of the step.
    pub title: String,
    /// The revisions that the step served.
    pub revisions: Vec<String>,
    /// The number of rows written or copied, where the step counts rows.
    pub rows: Option<u64>,
    /// The duration in seconds.
    pub seconds: f64,
    /// Whether the step was a data migration.
    #[serde(skip)]
    pub is_migration: bool,
    /// The rows that the step left out.
    #[serde(skip)]
    pub omissions: Vec<Omission>,
}

impl UpgradeReport {
    /// Merges the reports of two consecutive upgrades.
    pub(super) fn followed_by(self, next: Self) -> Self {
        Self {
            from: self.from,
            created: self.created,
            revisions: [self.revisions, next.revisions].concat(),
            steps: [self.steps, next.steps].concat(),
            tables_created: self.tables_created + next.tables_created,
            tables_changed: self.tables_changed + next.tables_changed,
            tables_dropped: self.tables_dropped + next.tables_dropped,
            losses: [self.losses, next.losses].concat(),
            rows_migrated: self.rows_migrated + next.rows_migrated,
            omissions: [self.omissions, next.omissions].concat(),
            ..next
        }
    }
}

/// Returns the report of an executed plan.
pub(super) fn report(
    plan: &Plan,
    catalogue: &Catalogue,
    steps: Vec<StepReport>,
    started: Instant,
) -> UpgradeReport {
    let of_mlflow = |change: &&TableChange| !is_note(&change.after.name);
    let changes = || plan.changes().filter(of_mlflow);
    let created = changes().filter(|change| change.before.is_none()).count();
    let names: BTreeSet<&str> = changes().map(|change| change.after.name.as_str()).collect();
    let is_pending = |revision: &&Revision| plan.result.table(&note_of(&revision.id)).is_some();
    let pending = catalogue.graph.revisions().iter().filter(is_pending);
    let migrations = steps.iter().filter(|step| step.is_migration);
    UpgradeReport {
        from: plan.from.revision.clone(),
        created: plan.from.empty,
        to: plan.to.clone(),
        revisions: plan.revisions.clone(),
        tables_created: created,
        tables_changed: names.len() - created,
        tables_dropped: plan.dropped_tables().count(),
        losses: Vec::new(),
        rows_migrated: migrations.filter_map(|step| step.rows).sum(),
        omissions: steps.iter().flat_map(|step| step.omissions.clone()).collect(),
        backup: None,
        seconds: started.elapsed().as_secs_f64(),
        steps,
        releases: catalogue.releases.expecting(plan.to.as_deref()),
        pending_cleanup: pending.map(|revision| revision.id.clone()).collect(),
    }
}
