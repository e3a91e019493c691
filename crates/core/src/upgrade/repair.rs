//! Repairs a database: puts back what its revision has, and the rows that follow from others.
//!
//! A repair is an upgrade whose path is empty. Its plan leads from the live schema to the same
//! schema without the differences that can be removed soundly. The same driver executes the plan,
//! under the same lock and with the same journal.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use crate::StepReport;
use crate::backend::{Backend, SessionMode, session};
use crate::error::{Error, Operation, Violation};
use crate::event::cancellation::CancellationToken;
use crate::event::{Event, Observer};
use crate::history::catalogue::Catalogue;
use crate::history::location::{Assumption, Location};
use crate::history::target::Target;
use crate::locate::recognise::Comparison;
use crate::locate::wrong_stamp;
use crate::plan::Step;
use crate::schema::{Difference, Schema};
use crate::upgrade::execution::Execution;
use crate::upgrade::in_doubt;
use crate::upgrade::inspection::{add_hidden_triggers, inspect, mark_automatic_indexes};
use crate::upgrade::invariants::{latest_metrics, orphans};
use crate::upgrade::journal::{Journal, Repairing, resumable};
use crate::upgrade::note_check::{Direction, trusted_plan};
use crate::upgrade::options::UpgradeOptions;
use crate::upgrade::preflight::{obstacles, preflight};
use crate::upgrade::repair_plan::{RepairPlan, repair_plan};

/// The options of one repair.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RepairOptions {
    /// The user's statement about a database without a version.
    pub assume: Option<Assumption>,
    /// Whether to skip the database's own integrity check, where it has one.
    pub skip_check: bool,
    /// The token through which the user stops the repair.
    pub stop: CancellationToken,
}

impl RepairOptions {
    /// Returns the same options for the parts that a repair shares with an upgrade.
    fn as_upgrade(&self) -> UpgradeOptions {
        let mut options = UpgradeOptions::to(Target::Relative(0));
        options.assume.clone_from(&self.assume);
        options.stop = self.stop.clone();
        options
    }
}

/// One thing that a repair puts right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "repair", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Repair {
    /// Puts an object back, or replaces it by the one of the revision.
    Object(Box<Difference>),
    /// Computes `latest_metrics` again, or sets a sequence forward.
    Rows(Violation),
    /// Removes the tables that an interrupted run of Alembic has left behind.
    Leftovers {
        /// The tables.
        #[serde(rename = "leftovers")]
        tables: Vec<String>,
    },
    /// Removes the table of the journal, which holds no note.
    EmptyJournal,
}

impl std::fmt::Display for Repair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Object(difference) => difference.fmt(f),
            Self::Rows(violation) => violation.fmt(f),
            Self::Leftovers { tables } => write!(f, "left behind: {}", tables.join(", ")),
            Self::EmptyJournal => f.write_str("left behind: an empty journal"),
        }
    }
}

/// The result of a repair, or of its preview.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RepairReport {
    /// The revision of the database; `None` is the base schema.
    pub revision: Option<String>,
    /// What is repaired, or would be.
    pub repairs: Vec<Repair>,
    /// The drift that no repair removes.
    pub remaining: Vec<Difference>,
    /// The rows that no repair puts right.
    pub remaining_rows: Vec<Violation>,
    /// The steps done, with those of an interrupted repair; empty for a preview.
    pub steps: Vec<StepReport>,
    /// The titles of the planned steps.
    #[serde(rename = "step_titles")]
    pub planned: Vec<String>,
    /// The duration in seconds.
    pub seconds: f64,
}

impl RepairReport {
    /// Returns whether nothing is left that differs from the revision.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.remaining.is_empty() && self.remaining_rows.is_empty()
    }
}

/// What a repair would do, and what prevents it.
#[derive(Debug)]
pub struct RepairPreview {
    /// The repairs, none of them done.
    pub report: RepairReport,
    /// The obstacles to the repair.
    pub problems: Vec<Error>,
}

/// Repairs a database.
///
/// # Errors
/// If the database is not MLflow's, an upgrade of it is unfinished, or rows would violate a
/// constraint that is put back.
pub async fn repair(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    options: &RepairOptions,
    observer: &Arc<dyn Observer>,
) -> Result<RepairReport, Error> {
    backend.cancel_on(&options.stop).await?;
    backend.report_to(observer);
    session::begin(backend, catalogue, SessionMode::Upgrade).await?;
    let result = match run(backend, catalogue, options, observer).await {
        Ok(report) => backend.commit().await.map(|()| report).map_err(in_doubt),
        Err(error) => Err(error),
    };
    if result.is_err() {
        let _ = backend.rollback().await;
    }
    result
}

/// Shows what a repair would do, and changes nothing.
///
/// # Errors
/// If the database is not MLflow's, cannot be read, or an upgrade of it is unfinished.
pub async fn preview_repair(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    options: &RepairOptions,
) -> Result<RepairPreview, Error> {
    session::begin(backend, catalogue, SessionMode::Read).await?;
    let previewed = preview(backend, catalogue, options).await;
    let _ = backend.rollback().await;
    previewed
}

async fn preview(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    options: &RepairOptions,
) -> Result<RepairPreview, Error> {
    let started = Instant::now();
    let found = Found::of(backend, catalogue, options.assume.as_ref()).await?;
    let request = options.as_upgrade();
    let plan = &found.planned.plan;
    backend.measure_tables(plan).await?;
    let problems = obstacles(backend, catalogue, plan, &found.live, &request).await?;
    let rows = found.other_rows.clone();
    Ok(RepairPreview { report: found.report(rows, Vec::new(), started), problems })
}

async fn run(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    options: &RepairOptions,
    observer: &Arc<dyn Observer>,
) -> Result<RepairReport, Error> {
    let started = Instant::now();
    let mut steps = Vec::new();
    if let Some(journal) = Journal::read(backend).await?
        && journal.operation() == Operation::Repair
    {
        let plan = trusted_plan(backend, catalogue, &journal, Direction::Resume).await?;
        let message = format!("resuming {}", journal.describe());
        observer.notify(&Event::Notice { message });
        let request = options.as_upgrade();
        steps = Execution::resume(&plan, journal, &request, observer).run(backend).await?;
    }
    let found = Found::of(backend, catalogue, options.assume.as_ref()).await?;
    if found.repairs.is_empty() {
        let rows = found.other_rows.clone();
        return Ok(found.report(rows, steps, started));
    }
    if !options.skip_check
        && let Some(file) = backend.file()
    {
        file.check_integrity().await?;
    }
    observer.notify(&Event::Repairing {
        revision: found.location.revision.clone(),
        repairs: found.repairs.iter().map(ToString::to_string).collect(),
        step_count: found.planned.plan.steps.len(),
    });
    let (rows, done) = found.execute(backend, catalogue, options, observer).await?;
    steps.extend(done);
    Ok(found.report(rows, steps, started))
}

/// What differs from the revision of a database.
struct Found {
    location: Location,
    live: Schema,
    /// The live schema without the user's own tables.
    own: Schema,
    planned: RepairPlan,
    repairs: Vec<Repair>,
    repairing: Repairing,
    /// Rows that no step of the plan puts right.
    other_rows: Vec<Violation>,
    /// Sequences that lag behind the rows that they number.
    lagging: Vec<Violation>,
}

impl Found {
    async fn of(
        backend: &mut dyn Backend,
        catalogue: &Catalogue,
        assume: Option<&Assumption>,
    ) -> Result<Self, Error> {
        let platform = backend.platform().clone();
        let (location, mut live) = inspect(backend, catalogue, assume).await?;
        add_hidden_triggers(backend, catalogue, &location, &mut live).await?;
        mark_automatic_indexes(catalogue, &platform, &location, &mut live)?;
        if let Some(wrong) = wrong_stamp(catalogue, &platform, &live, &location)? {
            return Err(wrong);
        }
        let wrong = match can_compare(catalogue, backend, &live, &location)? {
            true => latest_metrics(backend, &live, true).await?,
            false => Vec::new(),
        };
        let repairing = Repairing { is_latest_wrong: !wrong.is_empty() };
        let planned =
            repair_plan(catalogue, &platform, &live, &location, repairing.is_latest_wrong)?;
        refuse_another_state(&Comparison::of(catalogue, &platform, &live)?, &location, &planned)?;
        let other_rows = orphans(backend, &live).await?;
        let state = catalogue.state(location.revision.as_deref(), &platform)?;
        let mut own = live.clone();
        own.tables.retain(|name, _| state.table(name).is_some());
        let lagging = match backend.sequences() {
            Some(sequences) => sequences.lagging_sequences(&own).await?,
            None => Vec::new(),
        };
        let mut repairs: Vec<Repair> =
            planned.repaired.iter().cloned().map(Box::new).map(Repair::Object).collect();
        repairs.extend(wrong.into_iter().chain(lagging.iter().cloned()).map(Repair::Rows));
        repairs.extend(planned.plan.steps.iter().filter_map(|step| match step {
            Step::RemoveLeftovers(tables) => Some(Repair::Leftovers { tables: tables.clone() }),
            Step::Change(_) | Step::DropTable(_) | Step::Migrate { .. } => None,
        }));
        if let Some(resumable) = backend.resumable()
            && resumable.has_empty_journal().await?
        {
            repairs.push(Repair::EmptyJournal);
        }
        Ok(Self { location, live, own, planned, repairs, repairing, other_rows, lagging })
    }

    /// Executes the plan, and returns the rows that remain wrong, and the steps.
    async fn execute(
        &self,
        backend: &mut dyn Backend,
        catalogue: &Catalogue,
        options: &RepairOptions,
        observer: &Arc<dyn Observer>,
    ) -> Result<(Vec<Violation>, Vec<StepReport>), Error> {
        let (plan, request) = (&self.planned.plan, options.as_upgrade());
        backend.measure_tables(plan).await?;
        preflight(backend, catalogue, plan, &self.live, &request).await?;
        let mut rows = self.other_rows.clone();
        if !self.lagging.is_empty()
            && let Some(sequences) = backend.sequences()
        {
            for message in sequences.advance_sequences(&self.own).await? {
                observer.notify(&Event::Notice { message });
            }
            rows.extend(sequences.lagging_sequences(&self.own).await?);
        }
        if plan.steps.is_empty() {
            if self.repairs.contains(&Repair::EmptyJournal) {
                resumable(backend)?.end_journal().await?;
            }
            return Ok((rows, Vec::new()));
        }
        let execution = Execution::new(plan, self.live.clone(), &request, observer);
        let steps = execution.repairing(self.repairing).run(backend).await?;
        Ok((rows, steps))
    }

    fn report(
        self,
        remaining_rows: Vec<Violation>,
        steps: Vec<StepReport>,
        started: Instant,
    ) -> RepairReport {
        RepairReport {
            revision: self.location.revision,
            repairs: self.repairs,
            remaining: self.planned.remaining,
            remaining_rows,
            steps,
            planned: self.planned.plan.steps.iter().map(Step::title).collect(),
            seconds: started.elapsed().as_secs_f64(),
        }
    }
}

/// Returns whether both tables of the metrics have all columns of the revision.
fn can_compare(
    catalogue: &Catalogue,
    backend: &dyn Backend,
    live: &Schema,
    location: &Location,
) -> Result<bool, Error> {
    let state = catalogue.state(location.revision.as_deref(), backend.platform())?;
    let is_complete = |name: &str| {
        let (expected, found) = (state.table(name), live.table(name));
        expected.zip(found).is_some_and(|(expected, found)| {
            expected.columns.iter().all(|column| found.find_column(&column.name).is_some())
        })
    };
    Ok(is_complete("latest_metrics") && is_complete("metrics"))
}

/// Refuses a schema of which parts are missing, and that comes closer to another state.
///
/// A repair would lead such a schema away from the state where it really is.
fn refuse_another_state(
    compared: &Comparison<'_>,
    location: &Location,
    planned: &RepairPlan,
) -> Result<(), Error> {
    let is_incomplete = planned.remaining.iter().any(Difference::is_missing_part);
    if location.empty || !is_incomplete || compared.comes_as_close(location.revision.as_ref()) {
        return Ok(());
    }
    Err(Error::Drift {
        table: compared.catalogue().version_table(),
        revision: location.label().to_owned(),
        differences: planned.remaining.clone(),
        is_acceptable: false,
        repairs: Vec::new(),
        is_repairable: false,
    })
}
