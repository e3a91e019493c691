//! Estimates how long an upgrade takes, how much room it needs, and what it locks.
//!
//! Counts come from the database, and sizes from its catalogue. Seconds come from a short
//! calibration: the very work of each step on samples of the very tables, in temporary tables.

mod calibrate;
mod disk;
mod kind;
mod metrics;
mod samples;
mod seconds;
mod work;

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::backend::{Backend, DiskFacts};
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::plan::{Plan, TableLock};
use crate::report::session::{begin_reading, end_reading};
use crate::schema::Schema;
use crate::upgrade::inspection::inspect_and_plan;
use crate::upgrade::options::UpgradeOptions;
use crate::upgrade::verification::of_latest_metrics;

pub use disk::Disk;
pub use kind::Amount;
pub use metrics::Metrics;
pub use seconds::Seconds;

use calibrate::calibrate;
use metrics::count_metrics;
use work::StepWork;

/// The cost of an upgrade.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The revision before; `None` is the base schema, or an empty database.
    pub from: Option<String>,
    /// The target revision.
    pub to: Option<String>,
    /// The size of `metrics`; `None` unless 89d4b8295536 computes from it.
    pub metrics: Option<Metrics>,
    /// The number of all steps.
    pub step_count: usize,
    /// The steps that read or write existing rows, in order.
    pub costs: Vec<StepCost>,
    /// Whether every lock is held until the upgrade commits.
    pub locks_until_commit: bool,
    /// The time before and after the steps, for checks; `None` without a calibration.
    #[serde(rename = "predicted_check_seconds")]
    pub checks: Option<Seconds>,
    /// The time of all steps that read and write no existing rows; `None` without a calibration.
    #[serde(rename = "predicted_small_step_seconds")]
    pub small_steps: Option<Seconds>,
    /// What one wait for the disk takes; `None` without a calibration, or where only the end waits.
    pub flush: Option<Flush>,
    /// The time of the whole upgrade; `None` without a calibration.
    #[serde(rename = "predicted_seconds")]
    pub seconds: Option<Seconds>,
    /// The disk space that the upgrade is likely to need besides the database's own.
    pub disk: Disk,
    /// The disk space if every row is written that may be written.
    pub disk_at_most: Disk,
    /// Where the seconds come from.
    pub calibration: CalibrationOutcome,
}

/// How long a server waits until its disk has one change.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Flush {
    /// The time of one wait.
    #[serde(rename = "predicted_seconds")]
    pub seconds: Seconds,
    /// Whether the server has measured the time; else the time is assumed.
    pub is_measured: bool,
}

/// Where the seconds of an estimate come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CalibrationOutcome {
    /// Samples were measured.
    Measured {
        /// The number of sampled rows.
        rows: u64,
        /// The seconds that the calibration took.
        seconds: f64,
    },
    /// The user asked for no calibration.
    LeftOut,
    /// The database allows no calibration.
    Impossible {
        /// The reason.
        reason: String,
    },
}

/// The cost of one step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepCost {
    /// The number of the step, from 1.
    pub step: usize,
    /// A short description of the step.
    pub title: String,
    /// The revisions that the step serves.
    pub revisions: Vec<String>,
    /// What the step reads.
    pub read: Amount,
    /// What the step writes, at most.
    pub written: Amount,
    /// The number of indexes that are built over existing rows.
    pub index_builds: usize,
    /// The strongest lock on each table that exists before the upgrade, by table.
    pub locks: Vec<TableLock>,
    /// The predicted time; `None` without a calibration.
    #[serde(rename = "predicted_seconds")]
    pub seconds: Option<Seconds>,
    /// The disk space that the step is likely to need.
    pub disk: Disk,
    /// The disk space if the step writes every row that it may write.
    pub disk_at_most: Disk,
}

/// What to estimate.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EstimateOptions {
    /// Whether to measure samples in temporary tables.
    pub calibrates: bool,
}

impl Default for EstimateOptions {
    fn default() -> Self {
        Self { calibrates: true }
    }
}

/// Measures the work of an upgrade, and changes nothing.
///
/// # Errors
/// If the database is not MLflow's, or cannot be upgraded to the target.
pub async fn estimate(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
    options: EstimateOptions,
) -> Result<Estimate, Error> {
    begin_reading(backend, catalogue).await?;
    let result = count_in_session(backend, catalogue, request).await;
    let mut counted = end_reading(backend, result).await?;
    let calibrated = match options.calibrates {
        true => calibrate(backend, &mut counted).await?,
        false => CalibrationOutcome::LeftOut,
    };
    let Counted { mut estimate, sizes, facts, .. } = counted;
    let bytes = sizes.values().filter_map(|(_, size)| size.bytes).sum();
    estimate.calibration = calibrated;
    let sum = |of: fn(&StepCost) -> Disk| Disk::of_all(estimate.costs.iter().map(of));
    let (disk, at_most) = (sum(|cost| cost.disk), sum(|cost| cost.disk_at_most));
    (estimate.disk, estimate.disk_at_most) =
        (disk.likely(&facts, bytes), at_most.at_most(&facts, bytes));
    Ok(estimate)
}

/// Predicts the disk space of an upgrade, without a calibration.
///
/// Pairs of run and metric are counted in files only, where that is quick. On servers, each entry of
/// `metrics` counts as a pair.
///
/// # Errors
/// If a table cannot be measured.
pub(super) async fn needed_disk(
    backend: &mut dyn Backend,
    plan: &Plan,
    live: &Schema,
) -> Result<Disk, Error> {
    let sizes = work::measure_tables(backend, plan, live).await?;
    let is_counted = backend.file().is_some() && of_latest_metrics(plan).is_some();
    let metrics = if is_counted { count_metrics(backend, live).await? } else { None };
    let pairs = metrics.map_or(0, |metrics| metrics.pairs);
    let works = work::of(backend, plan, live, &sizes, pairs)?;
    let facts = backend.calibration().disk_facts().await?;
    let costs = works.iter().filter_map(|work| work.cost(&facts));
    let bytes = sizes.values().filter_map(|(_, size)| size.bytes).sum();
    Ok(Disk::of_all(costs.map(|cost| cost.disk_at_most)).at_most(&facts, bytes))
}

/// What is known without a calibration.
struct Counted {
    estimate: Estimate,
    works: Vec<StepWork>,
    sizes: work::Sizes,
    facts: DiskFacts,
    /// The time of reading the schema, and of planning.
    inspection: Duration,
}

async fn count_in_session(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
) -> Result<Counted, Error> {
    let begin = Instant::now();
    let (plan, live) = inspect_and_plan(backend, catalogue, request).await?;
    let inspection = begin.elapsed();
    let metrics = match of_latest_metrics(&plan) {
        Some(_) => count_metrics(backend, &live).await?,
        None => None,
    };
    let sizes = work::measure_tables(backend, &plan, &live).await?;
    let pairs = metrics.map_or(0, |metrics| metrics.pairs);
    let works = work::of(backend, &plan, &live, &sizes, pairs)?;
    let facts = backend.calibration().disk_facts().await?;
    let costs: Vec<StepCost> = works.iter().filter_map(|work| work.cost(&facts)).collect();
    let estimate = Estimate {
        from: plan.from.revision.clone(),
        to: plan.to.clone(),
        metrics,
        step_count: plan.steps.len(),
        disk: Disk::default(),
        disk_at_most: Disk::default(),
        costs,
        locks_until_commit: backend.platform().transactional_ddl,
        checks: None,
        small_steps: None,
        flush: None,
        seconds: None,
        calibration: CalibrationOutcome::LeftOut,
    };
    Ok(Counted { estimate, works, sizes, facts, inspection })
}
