//! Looks at a database without changing it.

use crate::backend::{Access, Backend};
use crate::error::Error;

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
