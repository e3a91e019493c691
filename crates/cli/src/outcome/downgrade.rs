//! The results of `downgrade`.

use mlflow_migrate_core::error::Loss;
use mlflow_migrate_core::report::downgrade::DowngradePreview;
use mlflow_migrate_core::report::preview::{Preview, PreviewStep};
use mlflow_migrate_core::{StepReport, UpgradeReport};
use serde::Serialize;

use super::Problem;

/// What a downgrade did.
#[derive(Debug, Serialize)]
pub(crate) struct Downgraded {
    /// The revision before.
    pub(crate) from: Option<String>,
    /// The revision now; `None` is the base schema.
    pub(crate) to: Option<String>,
    /// The revisions that were undone, the newest first.
    pub(crate) revisions: Vec<String>,
    /// The number of tables dropped.
    pub(crate) tables_dropped: usize,
    /// The number of tables changed.
    pub(crate) tables_changed: usize,
    /// The rows and values that were lost.
    pub(crate) losses: Vec<Loss>,
    /// The duration in seconds.
    pub(crate) seconds: f64,
    /// The steps done, in order.
    pub(crate) steps: Vec<StepReport>,
    /// The MLflow releases that expect the revision.
    pub(crate) releases: Vec<String>,
}

impl From<UpgradeReport> for Downgraded {
    fn from(report: UpgradeReport) -> Self {
        Self {
            from: report.from,
            to: report.to,
            revisions: report.revisions,
            tables_dropped: report.tables_dropped,
            tables_changed: report.tables_changed,
            losses: report.losses,
            seconds: report.seconds,
            steps: report.steps,
            releases: report.releases,
        }
    }
}

/// What a downgrade would do.
#[derive(Debug, Serialize)]
pub(crate) struct DowngradePreviewed {
    /// The revision before.
    pub(crate) from: Option<String>,
    /// The target revision; `None` is the base schema.
    pub(crate) to: Option<String>,
    /// The revisions to undo, the newest first.
    pub(crate) revisions: Vec<String>,
    /// The MLflow releases that expect the target revision.
    pub(crate) releases: Vec<String>,
    /// The MLflow releases that fit the database now, and no longer fit it afterwards.
    pub(crate) outdated: Vec<String>,
    /// The steps, in order.
    pub(crate) planned_steps: Vec<PreviewStep>,
    /// The rows and values that the downgrade loses.
    pub(crate) losses: Vec<Loss>,
    /// The obstacles to the downgrade.
    pub(crate) problems: Vec<Problem>,
    /// Core's preview, for the text.
    #[serde(skip)]
    pub(crate) preview: Preview,
    /// Whether the user accepts the losses.
    #[serde(skip)]
    pub(crate) discards: bool,
}

impl DowngradePreviewed {
    pub(crate) fn of(found: &DowngradePreview, discards: bool) -> Self {
        let preview = found.preview.clone();
        Self {
            from: preview.from.clone(),
            to: preview.to.clone(),
            revisions: preview.revisions.clone(),
            releases: preview.releases.clone(),
            outdated: preview.outdated.clone(),
            planned_steps: preview.steps.clone(),
            losses: preview.losses.clone(),
            problems: found.problems.iter().map(Problem::of).collect(),
            preview,
            discards,
        }
    }
}
