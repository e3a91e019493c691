//! Builds indexes beforehand, or drops them again.

use std::sync::Arc;
use std::time::Instant;

use super::indexes::{Preparable, PreparableIndex, preparable, prepared};
use super::report::{LeftOut, PrepareReport, PreparedIndex};
use crate::backend::{Backend, OnlineChanges};
use crate::error::{Error, VerificationError};
use crate::event::{Event, Observer, Progress, StepKind};
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::locate::wrong_stamp;
use crate::schema::{Difference, DifferenceKind, Object, Schema};
use crate::upgrade::inspection::{inspect_and_plan, read};
use crate::upgrade::options::UpgradeOptions;

/// Builds what an upgrade needs and an older MLflow does not notice, while MLflow runs.
///
/// The revision of the database stays. What was built stays, also after an error. PostgreSQL may also
/// keep an index that it has begun and does not use; whoever comes next replaces it.
///
/// # Errors
/// If the database cannot change tables online, cannot be upgraded to the target, or another upgrade
/// is at work.
pub async fn prepare(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<PrepareReport, Error> {
    begin(backend, request, observer).await?;
    let result = build(backend, catalogue, request, observer).await;
    end(backend, result).await
}

/// Drops the indexes that belong to later revisions only, while MLflow runs.
///
/// # Errors
/// As [`prepare`], and if the schema is not that of the version in `alembic_version`.
pub async fn undo(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<PrepareReport, Error> {
    begin(backend, request, observer).await?;
    let result = take_back(backend, catalogue, request, observer).await;
    end(backend, result).await
}

async fn begin(
    backend: &mut dyn Backend,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<(), Error> {
    online(backend)?;
    backend.cancel_on(&request.stop).await?;
    backend.report_to(observer);
    online(backend)?.begin_online().await
}

async fn end(
    backend: &mut dyn Backend,
    result: Result<PrepareReport, Error>,
) -> Result<PrepareReport, Error> {
    let ended = backend.rollback().await;
    let report = result?;
    ended.map(|()| report)
}

fn online(backend: &mut dyn Backend) -> Result<&mut dyn OnlineChanges, Error> {
    let name = backend.name();
    backend.online().ok_or_else(|| Error::Unsupported {
        url: name,
        problem: "SQLite lets nobody write to the file while an index is built, so nothing can be \
                  prepared while MLflow runs"
            .to_owned(),
        remedy: "stop MLflow, and run `mlflow-migrate upgrade`".into(),
    })
}

async fn build(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<PrepareReport, Error> {
    let started = Instant::now();
    let (plan, live) = inspect_and_plan(backend, catalogue, request).await?;
    let mut due = preparable(backend, &plan, &live)?;
    leave_out_tables(backend, &mut due).await?;
    let earlier = prepared(&live, &plan.states[0], &plan.result);
    let mut built = Vec::new();
    for (place, index) in due.indexes.iter().enumerate() {
        let step = Step::begin(place, due.indexes.len(), "build", index, request, observer)?;
        if index.replaces_unused {
            let (table, name) = (&index.table, &index.index.name);
            online(backend)?.drop_index(table, name, &step.progress).await?;
        }
        online(backend)?.create_index(&index.table, &index.index, &step.progress).await?;
        built.push(step.end(index));
    }
    verify(backend, &due.indexes).await?;
    let is_earlier = |index: &&PreparableIndex| index.index.inactive.is_none();
    Ok(PrepareReport {
        from: plan.from.revision,
        to: plan.to,
        is_undone: false,
        indexes: built,
        earlier_indexes: earlier.iter().filter(is_earlier).map(PreparableIndex::named).collect(),
        left_to_upgrade: due.left_out,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// Leaves out the indexes of tables that the server cannot index online.
async fn leave_out_tables(backend: &mut dyn Backend, due: &mut Preparable) -> Result<(), Error> {
    let mut tables: Vec<String> = due.indexes.iter().map(|index| index.table.clone()).collect();
    tables.dedup();
    for (table, reason) in online(backend)?.tables_left_out(&tables).await? {
        let (left, kept) =
            std::mem::take(&mut due.indexes).into_iter().partition(|index| index.table == table);
        due.indexes = kept;
        let left_out = |index: PreparableIndex| LeftOut {
            table: index.table,
            index: index.index.name,
            reason: reason.clone(),
        };
        let left: Vec<PreparableIndex> = left;
        due.left_out.extend(left.into_iter().map(left_out));
    }
    Ok(())
}

/// Reads the schema again, and asserts that each index is there, and used.
async fn verify(backend: &mut dyn Backend, built: &[PreparableIndex]) -> Result<(), Error> {
    let live = backend.inspect().await?;
    let is_there = |built: &&PreparableIndex| {
        let table = live.table(&built.table);
        table.is_some_and(|table| {
            table.indexes.iter().any(|index| {
                index.name == built.index.name && index.describe() == built.index.describe()
            })
        })
    };
    let missing = built.iter().filter(|index| !is_there(index)).map(|missing| Difference {
        table: missing.table.clone(),
        object: Object::Index(missing.index.clone()),
        kind: DifferenceKind::Missing,
        detail: None,
    });
    let differences: Vec<Difference> = missing.collect();
    match differences.is_empty() {
        true => Ok(()),
        false => Err(Error::Verification(VerificationError::Unverified { differences })),
    }
}

async fn take_back(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<PrepareReport, Error> {
    let started = Instant::now();
    let (location, live) = read(backend, catalogue, request).await?;
    let platform = backend.platform().clone();
    // By a wrong version, indexes of the database's true revision would count as prepared.
    if let Some(wrong) = wrong_stamp(catalogue, &platform, &live, &location)? {
        return Err(wrong);
    }
    let to = request.target.resolve(catalogue, location.revision.as_deref())?;
    let earlier = catalogue.state(location.revision.as_deref(), &platform)?;
    let later = catalogue.state(to.as_deref(), &platform)?;
    refuse_later_tables(&location, &live, &earlier, &later)?;
    let due = prepared(&live, &earlier, &later);
    let mut dropped = Vec::new();
    for (place, index) in due.iter().enumerate() {
        let step = Step::begin(place, due.len(), "drop", index, request, observer)?;
        let (table, name) = (&index.table, &index.index.name);
        online(backend)?.drop_index(table, name, &step.progress).await?;
        dropped.push(step.end(index));
    }
    Ok(PrepareReport {
        from: location.revision,
        to,
        is_undone: true,
        indexes: dropped,
        earlier_indexes: Vec::new(),
        left_to_upgrade: Vec::new(),
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// Refuses a database with tables of later revisions: its indexes may be of those revisions, too.
fn refuse_later_tables(
    location: &Location,
    live: &Schema,
    earlier: &Schema,
    later: &Schema,
) -> Result<(), Error> {
    let is_later = |name: &&String| later.table(name).is_some() && earlier.table(name).is_none();
    let extra = live.tables.keys().filter(is_later).map(|name| Difference {
        table: name.clone(),
        object: Object::Table,
        kind: DifferenceKind::Extra,
        detail: None,
    });
    let differences: Vec<Difference> = extra.collect();
    if differences.is_empty() {
        return Ok(());
    }
    Err(Error::Drift {
        revision: location.label().to_owned(),
        differences,
        is_acceptable: false,
        repairs: Vec::new(),
        is_repairable: false,
    })
}

/// A step in progress.
struct Step<'a> {
    number: usize,
    title: String,
    progress: Progress,
    observer: &'a Arc<dyn Observer>,
    started: Instant,
}

impl<'a> Step<'a> {
    fn begin(
        place: usize,
        step_count: usize,
        verb: &str,
        index: &PreparableIndex,
        request: &UpgradeOptions,
        observer: &'a Arc<dyn Observer>,
    ) -> Result<Self, Error> {
        request.stop.check()?;
        request.stop.begin_work();
        let step = place + 1;
        let title = format!("{verb} {} of {}", index.index.name, index.table);
        let kind = StepKind::OnlineChange;
        observer.notify(&Event::StepStarted { step, step_count, title: title.clone(), kind });
        let progress = Progress::new(Arc::clone(observer), step, request.stop.clone());
        Ok(Self { number: step, title, progress, observer, started: Instant::now() })
    }

    fn end(self, index: &PreparableIndex) -> PreparedIndex {
        let seconds = self.started.elapsed().as_secs_f64();
        tracing::info!(step = self.number, title = self.title, seconds, "step is done");
        self.observer.notify(&Event::StepFinished {
            step: self.number,
            title: self.title,
            kind: StepKind::OnlineChange,
            rows: None,
            seconds,
        });
        PreparedIndex { seconds, ..index.named() }
    }
}
