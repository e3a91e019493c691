//! Looks at a database.

use crate::backend::{Backend, SessionMode};
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::locate::wrong_stamp;
use crate::upgrade::inspection::inspect;

/// Begins a session that only reads, does something in it, and ends it.
///
/// # Errors
/// If the session cannot begin, or what is done in it fails.
pub async fn reading<T>(
    backend: &mut dyn Backend,
    work: impl AsyncFnOnce(&mut dyn Backend) -> Result<T, Error>,
) -> Result<T, Error> {
    backend.begin(SessionMode::Read).await?;
    let result = work(backend).await;
    // There is nothing to take back; a session that cannot end has ended with its connection.
    let _ = backend.rollback().await;
    result
}

/// Makes sure that a database that is a file is whole.
///
/// # Errors
/// [`Error::Corrupt`]
pub(crate) async fn check_integrity(backend: &mut dyn Backend) -> Result<(), Error> {
    match backend.file() {
        Some(file) => file.check_integrity().await,
        None => Ok(()),
    }
}

/// Whether `alembic_version` names another revision than the one whose schema is there: the error that
/// says so. Only what MLflow's tables lack or have besides can tell.
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
