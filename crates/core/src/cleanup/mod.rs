//! Removes rows that an upgrade has left, while MLflow serves.
//!
//! Some revisions move values into columns, and then remove the rows from which these came. MLflow
//! no longer reads those rows. So an upgrade can leave them, and MLflow can start the sooner. The
//! upgrade then leaves a note: a table of our own, which goes after the last of the rows.

mod report;

use std::sync::Arc;
use std::time::Instant;

pub use report::{CleanedRevision, CleanupReport};

use crate::backend::Backend;
use crate::data::afterwards::note_of;
use crate::error::Error;
use crate::event::Observer;
use crate::history::catalogue::Catalogue;
use crate::locate::wrong_stamp;
use crate::online::{PacedRows, Steps, begin, end, online};
use crate::plan::{PendingCleanup, pending_cleanups};
use crate::upgrade::inspection::inspect;
use crate::upgrade::options::UpgradeOptions;

/// Removes what an upgrade has left, in short transactions, and then the note of it.
///
/// Does nothing where no upgrade has left anything. After an error, the same call continues.
///
/// # Errors
/// If the database cannot change tables online, another upgrade is at work or unfinished, or the
/// schema is not that of the version in `alembic_version`.
pub async fn cleanup(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<CleanupReport, Error> {
    begin(backend, request, observer).await?;
    let result = clean(backend, catalogue, request, observer).await;
    end(backend, result).await
}

async fn clean(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<CleanupReport, Error> {
    let started = Instant::now();
    let (location, live) = inspect(backend, catalogue, request.assume.as_ref()).await?;
    let pending = pending_cleanups(catalogue, backend.platform(), &location, &live);
    if !pending.is_empty() {
        // An older revision than the stamped one would still need the rows.
        if let Some(wrong) = wrong_stamp(catalogue, backend.platform(), &live, &location)? {
            return Err(wrong);
        }
    }
    let mut steps = Steps { request, observer, step_count: pending.len(), done: 0 };
    let mut cleaned = Vec::new();
    for one in pending {
        cleaned.push(remove(backend, one, &mut steps).await?);
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok(CleanupReport { revision: location.revision, cleaned, seconds })
}

async fn remove(
    backend: &mut dyn Backend,
    pending: PendingCleanup,
    steps: &mut Steps<'_>,
) -> Result<CleanedRevision, Error> {
    let PendingCleanup { revision, migration } = pending;
    let title = migration.title().to_owned();
    let step = steps.begin(backend, title.clone()).await?;
    let mut rows = 0;
    if let Some(afterwards) = migration.afterwards() {
        let (server, pace) = (online(backend)?, steps.request.pace);
        let mut session = PacedRows::open(server, pace, &step.progress).await?;
        rows = afterwards.run(&mut session, &step.progress).await?;
    }
    online(backend)?.drop_table(&note_of(&revision), &step.progress).await?;
    Ok(CleanedRevision { revision, title, rows, seconds: step.end() })
}
