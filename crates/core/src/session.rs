//! Looks at a database.

use crate::backend::{Access, Backend};
use crate::catalogue::Catalogue;
use crate::error::Error;
use crate::journal;
use crate::locate::{Assumption, Location, locate};
use crate::schema::Schema;

/// Begins a session that only reads, does something in it, and ends it.
///
/// # Errors
/// If the session cannot begin, or what is done in it fails.
pub async fn reading<T>(
    backend: &mut dyn Backend,
    work: impl AsyncFnOnce(&mut dyn Backend) -> Result<T, Error>,
) -> Result<T, Error> {
    backend.begin(Access::Read).await?;
    let result = work(backend).await;
    // There is nothing to take back; a session that cannot end has ended with its connection.
    let _ = backend.rollback().await;
    result
}

/// Reads a database's schema, and finds out at which revision it is. A session must have begun.
///
/// # Errors
/// If the database is not MLflow's, or does not tell.
pub async fn inspect(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    assume: Option<&Assumption>,
) -> Result<(Location, Schema), Error> {
    journal::refuse_unfinished(backend).await?;
    let live = backend.inspect().await?;
    let versions = backend.versions().await?;
    let location = locate(catalogue, backend.platform(), &live, versions.as_deref(), assume)?;
    Ok((location, live))
}
