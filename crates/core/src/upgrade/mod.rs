//! Upgrades or downgrades a database: the one driver, from a connected backend to the target.

pub mod abort;
pub(crate) mod clashes;
pub(crate) mod corrections;
pub(crate) mod creation;
pub(crate) mod discards;
pub(crate) mod execution;
mod forged_note;
pub mod inspection;
pub(crate) mod invariants;
pub(crate) mod journal;
pub(crate) mod losses;
pub(crate) mod note_check;
mod omissions;
pub mod options;
pub mod preflight;
pub mod repair;
pub(crate) mod repair_plan;
pub mod report;
pub mod retry;
pub mod stamp;
pub(crate) mod verification;

pub use journal::began_ms;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tracing::Instrument as _;

use crate::backend::{Backend, SessionMode, session};
use crate::error::{DowngradeError, Error, Operation, Remedy, label};
use crate::event::{Event, Observer};
use crate::history::catalogue::Catalogue;
use crate::history::target::Target;
use crate::locate::drift::Drift;
use crate::plan::Plan;
use crate::upgrade::execution::Execution;
use crate::upgrade::journal::Journal;
use crate::upgrade::note_check::{Direction, trusted_plan};
use crate::{Course, StepReport, UpgradeOptions, UpgradeReport, inspect_and_plan};

/// Upgrades a database, or downgrades it if the request says so.
///
/// Where the database has transactional DDL, a failed upgrade leaves it unchanged. Elsewhere a
/// failed upgrade can be resumed or aborted.
///
/// # Errors
/// Any obstacle to the upgrade; [`Error::kind`] classifies it.
pub async fn upgrade(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<UpgradeReport, Error> {
    let span = tracing::info_span!("upgrade", database = backend.name());
    in_session(backend, catalogue, request, observer).instrument(span).await
}

async fn in_session(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<UpgradeReport, Error> {
    backend.cancel_on(&request.stop).await?;
    backend.report_to(observer);
    session::begin(backend, catalogue, SessionMode::Upgrade).await?;
    tracing::info!("the lock is acquired");
    let result = match run(backend, catalogue, request, observer).await {
        Ok(report) => backend.commit().await.map(|()| report).map_err(in_doubt),
        Err(error) => Err(error),
    };
    match result {
        Ok(report) => Ok(report),
        Err(error) => {
            // The first error is the one to report. A database that cannot roll back has already
            // done so.
            let _ = backend.rollback().await;
            Err(error)
        }
    }
}

/// Marks a COMMIT that was sent but not answered: the server may have executed it.
pub(crate) fn in_doubt(error: Error) -> Error {
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
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<UpgradeReport, Error> {
    let started = Instant::now();
    let journal = Journal::read(backend).await?;
    let is_upgrade =
        journal.as_ref().is_some_and(|journal| journal.operation() == Operation::Upgrade);
    let is_other = |journal: &Journal| match journal.operation() {
        Operation::Copy => true,
        Operation::Downgrade => !request.is_downgrade(),
        Operation::Upgrade | Operation::Repair => request.is_downgrade(),
    };
    let finished = match journal {
        Some(journal) if is_other(&journal) => {
            let unfinished = Box::new(inspection::unfinished(backend, catalogue, &journal)?);
            return Err(Error::Unfinished { name: backend.name(), unfinished });
        }
        Some(journal) => Some(finish(backend, catalogue, journal, request, observer).await?),
        None => None,
    };
    match finished {
        // A relative target is reached: a repeated command must not go one step further.
        Some(report) if is_upgrade && matches!(request.target, Target::Relative(_)) => Ok(report),
        Some(first) => {
            let then = begin(backend, catalogue, request, observer, started).await?;
            Ok(first.followed_by(then))
        }
        None => begin(backend, catalogue, request, observer, started).await,
    }
}

/// Resumes an interrupted upgrade.
pub(crate) async fn finish(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    journal: Journal,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<UpgradeReport, Error> {
    let started = Instant::now();
    let target = request.target.resolve(catalogue, journal.to.as_deref())?;
    if request.is_downgrade() {
        if !catalogue.graph.is_ancestor(target.as_deref(), journal.to.as_deref()) {
            let unfinished = Box::new(inspection::unfinished(backend, catalogue, &journal)?);
            return Err(Error::Unfinished { name: backend.name(), unfinished });
        }
    } else if catalogue.graph.path(journal.to.as_deref(), target.as_deref()).is_none() {
        return Err(Error::Journal {
            name: backend.name(),
            problem: format!(
                "{} is unfinished, and goes beyond {}",
                journal.describe(),
                label(target.as_deref())
            ),
            remedy: Remedy::Resume { to: Some(label(journal.to.as_deref()).to_owned()) },
        });
    }
    let plan = trusted_plan(backend, catalogue, &journal, Direction::Resume).await?;
    let message = format!("resuming {}", journal.describe());
    observer.notify(&Event::Notice { message });
    let earlier = omissions::of_done_steps(backend, &plan, &journal).await?;
    let execution = Execution::resume(&plan, journal, request, observer);
    let steps = execution.run(backend).await?;
    let report = report::report(&plan, catalogue, steps, started);
    Ok(UpgradeReport { omissions: [earlier, report.omissions].concat(), ..report })
}

/// Plans and executes an upgrade in the session that has begun.
pub(crate) async fn begin(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
    started: Instant,
) -> Result<UpgradeReport, Error> {
    refuse_late_cleanup(backend, request)?;
    let (plan, live) = inspect_and_plan(backend, catalogue, request).await?;
    let (mut steps, mut lost, mut backup) = (Vec::new(), Vec::new(), None);
    let is_stamp_due = !plan.from.stamped && plan.to.is_some();
    if !request.skip_check && (!plan.is_empty() || is_stamp_due) {
        // Values read from a damaged page would be written to intact pages, and the damage could no
        // longer be detected.
        if let Some(file) = backend.file() {
            file.check_integrity().await?;
        }
    }
    if !plan.is_empty() {
        let to = plan.to.as_deref();
        let from = (!plan.from.empty).then_some(plan.from.revision.as_deref());
        observer.notify(&Event::Planned {
            from: plan.from.revision.clone(),
            to: plan.to.clone(),
            is_downgrade: request.is_downgrade(),
            revision_count: plan.revisions.len(),
            step_count: plan.steps.len(),
            releases: catalogue.releases.expecting(to),
            outdated: from.map_or_else(Vec::new, |from| catalogue.releases.outdated(from, to)),
        });
        let found = Drift::of(catalogue, backend.platform(), &live, &plan.from, to)?;
        found.tell(&plan.from, to, &**observer);
        for message in plan.lost_with_columns(backend.platform()) {
            observer.notify(&Event::Notice { message });
        }
        preflight::preflight(backend, catalogue, &plan, &live, request).await?;
        lost = discards::losses(backend, &plan).await?;
        if request.course == (Course::Downgrade { discard: false }) && !lost.is_empty() {
            return Err(Error::Downgrade(DowngradeError::Losses { losses: lost }));
        }
        backup = back_up(backend, request, observer).await?;
        // Leaves out sequences of the user's own tables.
        let expected = catalogue.state(to, backend.platform())?;
        let mut own = live.clone();
        own.tables.retain(|name, _| expected.table(name).is_some());
        if let Some(sequences) = backend.sequences() {
            for message in sequences.advance_sequences(&own).await? {
                observer.notify(&Event::Notice { message });
            }
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
    Ok(UpgradeReport { backup, losses: lost, ..report::report(&plan, catalogue, steps, started) })
}

/// Refuses to leave rows where no cleanup can run while MLflow does.
fn refuse_late_cleanup(backend: &mut dyn Backend, request: &UpgradeOptions) -> Result<(), Error> {
    if !request.data.defers_cleanup || backend.online().is_some() {
        return Ok(());
    }
    Err(Error::Unsupported {
        url: backend.name(),
        problem:
            "SQLite lets nobody write to the file while it changes, so a cleanup while MLflow \
                  runs is not possible"
                .to_owned(),
        remedy: "let the upgrade remove the rows itself".into(),
    })
}

/// Copies the database to a file.
///
/// The session's lock keeps all other writers out from the copy to the first change.
async fn back_up(
    backend: &mut dyn Backend,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<Option<PathBuf>, Error> {
    let Some(destination) = &request.backup else { return Ok(None) };
    let name = backend.name();
    let Some(file) = backend.file() else {
        return Err(Error::Unsupported {
            url: name,
            problem: "only a file can be copied".to_owned(),
            remedy: "make a backup by the server's own means first".into(),
        });
    };
    file.back_up(destination).await?;
    observer.notify(&Event::Notice { message: format!("backup: {}", destination.display()) });
    Ok(Some(destination.clone()))
}

/// Executes the revisions of a plan one by one, and plans each from the schema as it then is.
async fn one_by_one(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    plan: &Plan,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<Vec<StepReport>, Error> {
    let mut steps = Vec::new();
    for revision in &plan.revisions {
        let target = Target::Named(revision.clone());
        let (part, live) =
            inspect_and_plan(backend, catalogue, &UpgradeOptions { target, ..request.clone() })
                .await?;
        steps.extend(Execution::new(&part, live, request, observer).run(backend).await?);
    }
    Ok(steps)
}
