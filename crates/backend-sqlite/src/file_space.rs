//! Measures a database file, and the file system that holds it.

use std::path::Path;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::FileSpace;

use crate::database::Sqlite;

/// Measures the file of a database.
pub(crate) fn of(database: &Sqlite) -> Result<FileSpace, Error> {
    let metadata = std::fs::metadata(&database.path).map_err(|source| Error::Database {
        action: format!("measuring {}", database.path.display()),
        source: Box::new(source),
    })?;
    Ok(FileSpace { size: metadata.len(), free: free(&database.path) })
}

/// Returns the bytes that an ordinary user can still write.
#[cfg(unix)]
fn free(path: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(path).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Returns `None`: only the system calls of Unix are used.
#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}
