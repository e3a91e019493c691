//! Sessions: one transaction holds a whole upgrade.
//!
//! `BEGIN IMMEDIATE` keeps other writers out from the first moment, so two upgraders cannot meet,
//! and whatever happens before the COMMIT, a killed process or a full disk, leaves the file as it
//! was.

use std::sync::Arc;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::SessionMode;

use crate::database::Sqlite;
use crate::lock;
use crate::rows::deferred_update;

/// Reads a little, for which the file has to be in order.
const READ: &str = "SELECT count(*) FROM sqlite_schema";

/// Begins the transaction of a session.
pub(crate) async fn begin(database: &mut Sqlite, access: SessionMode) -> Result<(), Error> {
    database.violations = None;
    database.asked = Arc::default();
    let is_unchanged = database.unchanged.is_some();
    database
        .call(move |connection, context| lock::begin(connection, access, is_unchanged, context))
        .await
}

/// Writes what was deferred, and commits.
pub(crate) async fn commit(database: &mut Sqlite) -> Result<(), Error> {
    database
        .call(|connection, context| {
            deferred_update::write_all(connection, context)?;
            connection
                .execute_batch("COMMIT; PRAGMA legacy_alter_table = OFF")
                .map_err(|source| context.error("committing the upgrade", source))
        })
        .await?;
    database.created = false;
    Ok(())
}

/// Takes back whatever the session has changed.
pub(crate) async fn rollback(database: &mut Sqlite) -> Result<(), Error> {
    database
        .call(|connection, context| {
            // SQLite has rolled back by itself after some errors, a full disk among them.
            let rollback = if connection.is_autocommit() { "" } else { "ROLLBACK; " };
            connection
                .execute_batch(&format!("{rollback}PRAGMA legacy_alter_table = OFF"))
                .map_err(|source| context.error("rolling back", source))?;
            // After a write that failed, the journal is played back for whoever reads next.
            let _ = connection.query_row(READ, [], |_| Ok(()));
            Ok(())
        })
        .await?;
    remove_created(database)
}

/// A file that was created for an upgrade which then failed is not left behind.
fn remove_created(database: &Sqlite) -> Result<(), Error> {
    let path = &database.path;
    let is_empty = std::fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0);
    if database.created && is_empty {
        std::fs::remove_file(path).map_err(|source| Error::Database {
            action: format!("removing the empty file {}", path.display()),
            source: Box::new(source),
        })?;
    }
    Ok(())
}
