//! Runs read-only work in a session of its own.

use crate::backend::{Backend, SessionMode};
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::locate::wrong_stamp;
use crate::upgrade::inspection::inspect;

/// Begins a read-only session, runs the work in it, and ends it.
///
/// # Errors
/// If the session cannot begin, or the work fails.
pub async fn reading<T>(
    backend: &mut dyn Backend,
    work: impl AsyncFnOnce(&mut dyn Backend) -> Result<T, Error>,
) -> Result<T, Error> {
    backend.begin(SessionMode::Read).await?;
    let result = work(backend).await;
    // Nothing was written. A session that cannot end has lost its connection, which ends it.
    let _ = backend.rollback().await;
    result
}

/// Checks the integrity of a database that is a file.
///
/// # Errors
/// [`Error::Corrupt`]
pub(crate) async fn check_integrity(backend: &mut dyn Backend) -> Result<(), Error> {
    match backend.file() {
        Some(file) => file.check_integrity().await,
        None => Ok(()),
    }
}

/// Returns an error if `alembic_version` names another revision than the schema shows.
///
/// Only differences in MLflow's own tables count as evidence.
///
/// # Errors
/// If the database is not MLflow's, or cannot be read.
pub async fn find_wrong_stamp(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
) -> Result<Option<Error>, Error> {
    reading(backend, async |backend| {
        let (location, live) = inspect(backend, catalogue, None).await?;
        wrong_stamp(catalogue, backend.platform(), &live, &location)
    })
    .await
}
