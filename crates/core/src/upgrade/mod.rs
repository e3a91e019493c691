//! The one driver: from a connected backend to an upgraded database.

pub mod abort;
pub(crate) mod execution;
pub(crate) mod journal;
pub(crate) mod losses;
pub(crate) mod note_check;
pub mod retry;
pub(crate) mod verification;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use crate::backend::{Access, Backend};
use crate::data::DataOptions;
use crate::error::{Error, Finding};
use crate::event::stop::Stop;
use crate::event::{Event, Observer};
use crate::history::catalogue::Catalogue;
use crate::history::target::Target;
use crate::locate::drift::{Drift, add_hidden_triggers, mark_automatic_indexes};
use crate::locate::repair;
use crate::locate::{Assumption, label, wrong_stamp};
use crate::plan::{Plan, plan};
use crate::report::doctor::obstacles;
use crate::report::session::inspect;
use crate::schema::{Difference, Schema};
use crate::upgrade::execution::Execution;
use crate::upgrade::journal::Journal;
use crate::upgrade::note_check::{Way, trusted_plan};

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where to go.
    pub target: Target,
    /// What the user says about a database without a version.
    pub assume: Option<Assumption>,
    /// What the data migrations are told.
    pub data: DataOptions,
    /// Whether it goes on with a schema that is not what its revision says, where that is possible.
    pub accept_drift: bool,
    /// Whether the revisions go one by one, each of them verified and stamped, as with Alembic,
    /// instead of what belongs together being done at once.
    pub step_by_step: bool,
    /// Whether the database is taken for whole without its own check, where it has one.
    pub skip_check: bool,
    /// Where the database is copied to before its first change, if it is.
    pub backup: Option<PathBuf>,
    /// With what the upgrade can be asked to end.
    pub stop: Stop,
}

impl Request {
    /// Everything to a target, at once.
    #[must_use]
    pub fn to(target: Target) -> Self {
        Self {
            target,
            assume: None,
            data: DataOptions::default(),
            accept_drift: false,
            step_by_step: false,
            skip_check: false,
            backup: None,
            stop: Stop::default(),
        }
    }
}

/// What an upgrade did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The revision before; `None` is the base schema, or an empty database.
    pub from: Option<String>,
    /// Whether the database was empty.
    pub created: bool,
    /// The revision now.
    pub to: Option<String>,
    /// The revisions that were applied.
    pub revisions: Vec<String>,
    /// How many tables were created.
    pub tables_created: usize,
    /// How many tables were changed.
    pub tables_changed: usize,
    /// How many rows the data migrations wrote.
    pub rows_migrated: u64,
    /// The copy that was made before.
    pub backup: Option<PathBuf>,
    /// How long it took.
    pub seconds: f64,
    /// What was done, in order.
    pub steps: Vec<StepReport>,
    /// The MLflow releases that expect the revision.
    pub releases: Vec<String>,
}

/// What one step did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepReport {
    /// What it was, in a few words.
    pub title: String,
    /// The revisions that it served.
    pub revisions: Vec<String>,
    /// The rows that it wrote or copied, where it counts any.
    pub rows: Option<u64>,
    /// How long it took.
    pub seconds: f64,
    /// Whether it changed rows by a data migration.
    #[serde(skip)]
    pub is_migration: bool,
}

impl Report {
    /// Two upgrades, one after the other, as one.
    fn followed_by(self, next: Self) -> Self {
        Self {
            from: self.from,
            created: self.created,
            revisions: [self.revisions, next.revisions].concat(),
            steps: [self.steps, next.steps].concat(),
            tables_created: self.tables_created + next.tables_created,
            tables_changed: self.tables_changed + next.tables_changed,
            rows_migrated: self.rows_migrated + next.rows_migrated,
            ..next
        }
    }
}

/// Reads a database and plans its upgrade. The backend's session must have begun.
///
/// # Errors
/// If the database is not MLflow's, or cannot be upgraded to the target.
pub async fn inspect_and_plan(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &Request,
) -> Result<(Plan, Schema), Error> {
    let platform = backend.platform().clone();
    let (location, mut live) = inspect(backend, catalogue, request.assume.as_ref()).await?;
    add_hidden_triggers(backend, catalogue, &location, &mut live).await?;
    mark_automatic_indexes(catalogue, &platform, &location, &mut live)?;
    let target = request.target.resolve(catalogue, location.revision.as_deref())?;
    let found = Drift::of(catalogue, &platform, &live, &location, target.as_deref())?;
    let is_due = location.revision != target;
    let expected = catalogue.state(location.revision.as_deref(), &platform)?;
    let repairs =
        |differences: &[Difference]| repair::statements(backend, &expected, &live, differences);
    let planned = found
        .refuse(&location, is_due, request.accept_drift, repairs)
        .and_then(|()| plan(catalogue, &platform, &live, &location, target.as_deref()));
    match planned {
        Ok(plan) => {
            backend.weigh(&plan).await?;
            Ok((plan, live))
        }
        Err(refused @ (Error::Drift { .. } | Error::Edit { .. })) => {
            Err(wrong_stamp(catalogue, &platform, &live, &location)?.unwrap_or(refused))
        }
        Err(error) => Err(error),
    }
}

/// Upgrades a database. Either all of it happens, or, where the database can take things back,
/// nothing.
///
/// # Errors
/// Whatever stands in the way; [`Error::kind`] tells what kind of thing it is.
pub async fn upgrade(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &Request,
    observer: &Arc<dyn Observer>,
) -> Result<Report, Error> {
    backend.heed(&request.stop).await?;
    backend.report_to(observer);
    backend.begin(Access::Upgrade).await?;
    let result = match run(backend, catalogue, request, observer).await {
        Ok(report) => backend.commit().await.map(|()| report).map_err(in_doubt),
        Err(error) => Err(error),
    };
    match result {
        Ok(report) => Ok(report),
        Err(error) => {
            // The first error is the one to tell; a database that cannot roll back any more has
            // done so by itself.
            let _ = backend.rollback().await;
            Err(error)
        }
    }
}

/// A COMMIT that is sent, and not answered, may have been carried out.
fn in_doubt(error: Error) -> Error {
    match error {
        Error::ConnectionLost { .. } | Error::Unanswered { .. } => {
            Error::InDoubt { source: Box::new(error) }
        }
        error => error,
    }
}

async fn run(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &Request,
    observer: &Arc<dyn Observer>,
) -> Result<Report, Error> {
    let started = Instant::now();
    let finished = match Journal::read(backend).await? {
        Some(journal) => Some(finish(backend, catalogue, journal, request, observer).await?),
        None => None,
    };
    match finished {
        // The same command again is not one step further.
        Some(report) if matches!(request.target, Target::Relative(_)) => Ok(report),
        Some(first) => {
            let then = begin(backend, catalogue, request, observer, started).await?;
            Ok(first.followed_by(then))
        }
        None => begin(backend, catalogue, request, observer, started).await,
    }
}

/// Goes on with an upgrade that was interrupted.
async fn finish(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    journal: Journal,
    request: &Request,
    observer: &Arc<dyn Observer>,
) -> Result<Report, Error> {
    let started = Instant::now();
    let target = request.target.resolve(catalogue, journal.to.as_deref())?;
    if catalogue.graph.path(journal.to.as_deref(), target.as_deref()).is_none() {
        let finishing = label(journal.to.as_deref());
        return Err(Error::Journal {
            name: backend.name(),
            problem: format!(
                "an upgrade {} is unfinished, and goes beyond {}",
                journal.describe(),
                label(target.as_deref())
            ),
            hint: format!("finish it with `mlflow-migrate upgrade --to {finishing}`"),
        });
    }
    let plan = trusted_plan(backend, catalogue, &journal, Way::Forth).await?;
    let message = format!("going on with an upgrade {}", journal.describe());
    observer.notify(&Event::Notice { message });
    let steps = Execution::resume(&plan, journal, observer, &request.stop).run(backend).await?;
    Ok(report(&plan, catalogue, steps, started))
}

async fn begin(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &Request,
    observer: &Arc<dyn Observer>,
    started: Instant,
) -> Result<Report, Error> {
    let (plan, live) = inspect_and_plan(backend, catalogue, request).await?;
    let (mut steps, mut backup) = (Vec::new(), None);
    let is_stamp_due = !plan.from.stamped && plan.to.is_some();
    if !request.skip_check && (!plan.is_empty() || is_stamp_due) {
        // What is read from a damaged page would be written into whole ones, and nobody could tell any
        // more that it is wrong.
        backend.check_integrity().await?;
    }
    if !plan.is_empty() {
        observer.notify(&Event::Planned {
            from: plan.from.revision.clone(),
            to: plan.to.clone(),
            revisions: plan.revisions.len(),
            steps: plan.steps.len(),
        });
        let to = plan.to.as_deref();
        let found = Drift::of(catalogue, backend.platform(), &live, &plan.from, to)?;
        found.tell(&plan.from, to, &**observer);
        for message in plan.lost_with_columns(backend.platform()) {
            observer.notify(&Event::Notice { message });
        }
        preflight(backend, catalogue, &plan, &live, request).await?;
        backup = back_up(backend, request, observer).await?;
        // A user's own sequences are the user's.
        let expected = catalogue.state(to, backend.platform())?;
        let mut own = live.clone();
        own.tables.retain(|name, _| expected.table(name).is_some());
        for message in backend.advance_sequences(&own).await? {
            observer.notify(&Event::Notice { message });
        }
        steps = if request.step_by_step && !plan.revisions.is_empty() {
            one_by_one(backend, catalogue, &plan, request, observer).await?
        } else {
            Execution::new(&plan, live, request, observer).run(backend).await?
        };
    } else {
        if request.backup.is_some() {
            let message = "no backup: there is nothing to upgrade".to_owned();
            observer.notify(&Event::Notice { message });
        }
        if is_stamp_due {
            backend.stamp(plan.to.as_deref()).await?;
        }
    }
    Ok(Report { backup, ..report(&plan, catalogue, steps, started) })
}

/// Nobody else can write to the database between the copy and the first change.
async fn back_up(
    backend: &mut dyn Backend,
    request: &Request,
    observer: &Arc<dyn Observer>,
) -> Result<Option<PathBuf>, Error> {
    let Some(destination) = &request.backup else { return Ok(None) };
    backend.back_up(destination).await?;
    observer.notify(&Event::Notice { message: format!("backup: {}", destination.display()) });
    Ok(Some(destination.clone()))
}

/// Carries out the revisions of a plan one after the other, each planned from what is then there.
async fn one_by_one(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    plan: &Plan,
    request: &Request,
    observer: &Arc<dyn Observer>,
) -> Result<Vec<StepReport>, Error> {
    let mut steps = Vec::new();
    for revision in &plan.revisions {
        let target = Target::Named(revision.clone());
        let (part, live) =
            inspect_and_plan(backend, catalogue, &Request { target, ..request.clone() }).await?;
        steps.extend(Execution::new(&part, live, request, observer).run(backend).await?);
    }
    Ok(steps)
}

/// Everything that could fail later is found before anything is changed.
async fn preflight(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    plan: &Plan,
    live: &Schema,
    request: &Request,
) -> Result<(), Error> {
    let problems = obstacles(backend, catalogue, plan, live, request).await?;
    problems.into_iter().next().map_or(Ok(()), Err)
}

/// The rows that the data migrations of a plan could not take. Reads only.
///
/// # Errors
/// If the database cannot be read.
pub async fn findings(
    backend: &mut dyn Backend,
    plan: &Plan,
    live: &Schema,
    options: &DataOptions,
) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    for (_, migration) in plan.migrations() {
        findings.extend(migration.preflight(backend, options, live).await?);
    }
    Ok(findings)
}

fn report(plan: &Plan, catalogue: &Catalogue, steps: Vec<StepReport>, started: Instant) -> Report {
    let created = plan.changes().filter(|change| change.before.is_none()).count();
    let names: BTreeSet<&str> = plan.changes().map(|change| change.after.name.as_str()).collect();
    let releases = catalogue.releases.expecting(plan.to.as_deref());
    let migrations = steps.iter().filter(|step| step.is_migration);
    Report {
        from: plan.from.revision.clone(),
        created: plan.from.empty,
        to: plan.to.clone(),
        revisions: plan.revisions.clone(),
        tables_created: created,
        tables_changed: names.len() - created,
        rows_migrated: migrations.filter_map(|step| step.rows).sum(),
        backup: None,
        seconds: started.elapsed().as_secs_f64(),
        steps,
        releases: releases.into_iter().map(ToString::to_string).collect(),
    }
}
