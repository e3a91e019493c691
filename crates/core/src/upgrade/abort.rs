//! Rolls an unfinished upgrade or downgrade back to its starting revision.
//!
//! Only a database without transactional DDL needs this. The inverse of a step restores the table
//! as it was. A step has no inverse if it dropped a column with values, or if its data migration
//! overwrote existing rows (`losses`).

use crate::error::{Error, Operation, Remedy, VerificationError, label};
use std::sync::Arc;

use serde::Serialize;

use crate::backend::{Backend, SessionMode, session};
use crate::event::cancellation::CancellationToken;
use crate::event::{Event, Observer, Progress};
use crate::history::catalogue::Catalogue;
use crate::history::location::{LEFTOVER_PREFIX, Location, revision_of};
use crate::plan::{DroppedTable, Plan, Step, TableChange};
use crate::schema::{ForeignKey, Index, Schema, Table, differences};
use crate::upgrade::journal::{Journal, resumable};
use crate::upgrade::losses::{dropped, has_inverse};
use crate::upgrade::note_check::{Direction, trusted_plan};

/// What an abort rolled back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AbortReport {
    /// Whether an upgrade or a repair was rolled back.
    pub operation: Operation,
    /// The revision at which the upgrade began, and where the database is again.
    #[serde(serialize_with = "revision_of")]
    pub from: Location,
    /// The revision that the upgrade would have reached; `None` is the base schema.
    pub to: Option<String>,
    /// The number of steps rolled back.
    #[serde(rename = "rolled_back_steps")]
    pub steps: usize,
}

/// Returns the first step, counted from 1, that may make an abort impossible.
///
/// After that step, an upgrade can only be finished if the step overwrote rows or dropped values.
/// `None` if every step has an inverse.
#[must_use]
pub(crate) fn point_of_no_return(plan: &Plan, live: &Schema) -> Option<usize> {
    plan.steps.iter().position(|step| !has_inverse(step, live)).map(|at| at + 1)
}

/// Returns the first begun step, counted from 1, whose lost rows no inverse restores.
async fn lossy_step(
    backend: &mut dyn Backend,
    plan: &Plan,
    journal: &Journal,
) -> Result<Option<usize>, Error> {
    let losses = resumable(backend)?.losses().await?;
    let begun = (1..).zip(&plan.steps).take(journal.done + 1);
    for (number, step) in begun.filter(|(_, step)| !has_inverse(step, &journal.live)) {
        // A step notes its losses before it writes, so a pending step without a note has not begun.
        let is_lossy = losses.get(&number).map_or(number <= journal.done, |rows| *rows > 0);
        if is_lossy && (number <= journal.done || !is_still_to_come(backend, step, journal).await?)
        {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// Returns whether everything that a step drops still exists.
async fn is_still_to_come(
    backend: &mut dyn Backend,
    step: &Step,
    journal: &Journal,
) -> Result<bool, Error> {
    let now = backend.inspect().await?;
    let change = match step {
        Step::Change(change) => change,
        Step::DropTable(dropped) => return Ok(now.table(&dropped.table.name).is_some()),
        Step::RemoveLeftovers(_) | Step::Migrate { .. } => return Ok(false),
    };
    let table = now.table(&change.after.name);
    Ok(dropped(change, &journal.live)
        .iter()
        .all(|column| table.is_some_and(|table| table.find_column(&column.name).is_some())))
}

/// Rolls an unfinished upgrade back.
///
/// # Errors
/// If no upgrade is in progress, or a step without an inverse has begun. [`Error::Interrupted`] if
/// the abort itself stopped halfway; the same command resumes it.
pub async fn abort(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    observer: &Arc<dyn Observer>,
    stop: &CancellationToken,
) -> Result<AbortReport, Error> {
    session::begin(backend, catalogue, SessionMode::Upgrade).await?;
    let result = match roll_back(backend, catalogue, observer, stop).await {
        Ok(aborted) => backend.commit().await.map(|()| aborted),
        Err(error) => Err(error),
    };
    if result.is_err() {
        let _ = backend.rollback().await;
    }
    result
}

async fn roll_back(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    observer: &Arc<dyn Observer>,
    stop: &CancellationToken,
) -> Result<AbortReport, Error> {
    let refuse = |name: String, problem: String, remedy: Remedy| {
        Err(Error::Journal { name, problem, remedy })
    };
    let Some(journal) = Journal::read(backend).await? else {
        let problem = "no upgrade is in progress".to_owned();
        return refuse(backend.name(), problem, "the database is unchanged".into());
    };
    let plan = trusted_plan(backend, catalogue, &journal, Direction::RollBack).await?;
    let begun = match journal.operation() {
        // Every table is created before the first one is filled.
        Operation::Copy => plan.steps.len(),
        Operation::Upgrade | Operation::Downgrade | Operation::Repair => {
            (journal.done + 1).min(plan.steps.len())
        }
    };
    if let Some(step) = lossy_step(backend, &plan, &journal).await? {
        let title = plan.steps.get(step - 1).map(Step::title).unwrap_or_default();
        let problem = format!(
            "step {step} ({title}) has written over rows or dropped values, which cannot be brought back"
        );
        return refuse(backend.name(), problem, how_to_finish(&journal));
    }
    stop.check()?;
    stop.begin_work();
    resumable(backend)?.resume().await?;
    resumable(backend)?.discard_copies().await?;
    for (number, step) in plan.steps.iter().enumerate().take(begun).rev() {
        let title = format!("roll back: {}", step.title());
        tracing::info!(step = number + 1, title, "step is inverted");
        observer.notify(&Event::Notice { message: title.clone() });
        let work = async {
            stop.check()?;
            invert(backend, step, observer).await?;
            // If this abort is interrupted, the unfinished upgrade counts only the steps that
            // remain.
            resumable(backend)?.note_steps(number).await
        };
        work.await.map_err(|source| Error::Interrupted {
            operation: journal.operation(),
            step: number + 1,
            steps: plan.steps.len(),
            title,
            source: Box::new(source),
        })?;
    }
    verify(backend, &journal.live).await?;
    resumable(backend)?.discard_copies().await?;
    let from = &journal.from;
    backend.stamp(from.version()).await?;
    resumable(backend)?.end_journal().await?;
    let (operation, from) = (journal.operation(), from.clone());
    Ok(AbortReport { operation, from, to: journal.to, steps: begun })
}

fn how_to_finish(journal: &Journal) -> Remedy {
    match journal.operation() {
        Operation::Downgrade => {
            Remedy::ResumeDowngrade { to: label(journal.to.as_deref()).to_owned() }
        }
        Operation::Upgrade | Operation::Repair | Operation::Copy => Remedy::Resume { to: None },
    }
}

async fn invert(
    backend: &mut dyn Backend,
    step: &Step,
    observer: &Arc<dyn Observer>,
) -> Result<(), Error> {
    let now = backend.inspect().await?;
    let change = match step {
        Step::Change(change) => change,
        Step::DropTable(dropped) => return create_again(backend, dropped, &now, observer).await,
        Step::RemoveLeftovers(_) | Step::Migrate { .. } => return Ok(()),
    };
    let Some(table) = now.table(&change.after.name) else { return Ok(()) };
    let Some(before) = &change.before else {
        return backend.drop_tables(std::slice::from_ref(&table.name)).await;
    };
    let mut target = renamed_back(before, &change.after, table);
    let progress = Progress::new(Arc::clone(observer), 0, CancellationToken::default());
    let change = |before: Table, after: &Table| TableChange {
        before: Some(before),
        after: after.clone(),
        revisions: change.revisions.clone(),
    };
    let Some(without) = without_what_the_server_makes(&target, table) else {
        return backend.apply_change(&change(table.clone(), &target), &progress).await.map(|_| ());
    };
    backend.apply_change(&change(table.clone(), &without), &progress).await?;
    target.settle();
    let now = backend.inspect().await?;
    let Some(table) = now.table(&target.name) else { return Ok(()) };
    backend.apply_change(&change(table.clone(), &target), &progress).await.map(|_| ())
}

/// Creates a table again that a downgrade has dropped, and that had no rows.
async fn create_again(
    backend: &mut dyn Backend,
    dropped: &DroppedTable,
    now: &Schema,
    observer: &Arc<dyn Observer>,
) -> Result<(), Error> {
    if now.table(&dropped.table.name).is_some() {
        return Ok(());
    }
    let (after, revisions) = (dropped.table.clone(), dropped.revisions.clone());
    let change = TableChange { before: None, after, revisions };
    let progress = Progress::new(Arc::clone(observer), 0, CancellationToken::default());
    backend.apply_change(&change, &progress).await.map(|_| ())
}

/// Returns the target without an index that only InnoDB can restore, and without its foreign key.
///
/// InnoDB made the index for the foreign key, and dropped it when another index covered the key.
/// The index is InnoDB's own again only if InnoDB makes it together with the foreign key.
fn without_what_the_server_makes(target: &Table, now: &Table) -> Option<Table> {
    let is_gone = |index: &&Index| {
        index.automatic && now.indexes.iter().all(|known| known.name != index.name)
    };
    let made: Vec<&Index> = target.indexes.iter().filter(is_gone).collect();
    if made.is_empty() {
        return None;
    }
    let mut without = target.clone();
    without.indexes.retain(|index| made.iter().all(|made| made.name != index.name));
    let needs = |key: &ForeignKey, made: &Index| made.column_names().eq(key.columns.iter());
    without.foreign_keys.retain(|key| !made.iter().any(|made| needs(key, made)));
    Some(without)
}

/// Returns the table as it was, with each renamed column taken from its present name.
fn renamed_back(before: &Table, after: &Table, now: &Table) -> Table {
    let mut target = before.clone();
    for column in &mut target.columns {
        let became = after.columns.iter().find(|it| it.live_name() == column.name);
        let other = became.map(|it| it.name.clone()).filter(|name| *name != column.name);
        column.renamed_from = other.filter(|name| now.find_column(name).is_some());
    }
    target
}

async fn verify(backend: &mut dyn Backend, expected: &Schema) -> Result<(), Error> {
    let now = backend.inspect().await?;
    let mut differences = differences(expected, &now, backend.platform());
    differences.retain(|difference| !difference.table.starts_with(LEFTOVER_PREFIX));
    if differences.is_empty() {
        Ok(())
    } else {
        Err(Error::Verification(VerificationError::Unverified { differences }))
    }
}
