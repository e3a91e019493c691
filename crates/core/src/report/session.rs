//! Runs read-only work in a session of its own.

use crate::backend::{Backend, SessionMode, session};
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::locate::wrong_stamp;
use crate::upgrade::inspection::inspect;

/// Begins a session that only reads.
///
/// # Errors
/// If the session cannot begin.
pub(super) async fn begin_reading(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
) -> Result<(), Error> {
    session::begin(backend, catalogue, SessionMode::Read).await
}

/// Ends a session that has only read, and returns its result.
pub(super) async fn end_reading<T>(
    backend: &mut dyn Backend,
    result: Result<T, Error>,
) -> Result<T, Error> {
    // Nothing needs a rollback; a session that cannot end has ended with its connection.
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
    begin_reading(backend, catalogue).await?;
    let result = find_wrong_stamp_in_session(backend, catalogue).await;
    end_reading(backend, result).await
}

async fn find_wrong_stamp_in_session(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
) -> Result<Option<Error>, Error> {
    let (location, live) = inspect(backend, catalogue, None).await?;
    wrong_stamp(catalogue, backend.platform(), &live, &location)
}
