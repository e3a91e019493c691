//! Sessions: one transaction holds a whole upgrade.
//!
//! `BEGIN IMMEDIATE` locks other writers out from the start, so two upgrades cannot run at the same
//! time. If the upgrade fails before the COMMIT, by a killed process or a full disk, the file stays
//! unchanged.

use std::sync::Arc;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::SessionMode;
use rusqlite::Connection;

use crate::database::Sqlite;
use crate::error::Context;
use crate::lock;
use crate::rows::deferred_update;

/// Reads from the file, which makes SQLite recover the file first.
const READ: &str = "SELECT count(*) FROM sqlite_schema";

/// Begins a session's transaction.
pub(crate) async fn begin(database: &mut Sqlite, access: SessionMode) -> Result<(), Error> {
    database.violations = None;
    database.asked = Arc::default();
    let is_unchanged = database.unchanged.is_some();
    if access == SessionMode::Read {
        let begin = move |connection: &mut Connection, context: Context<'_>| {
            lock::begin(connection, access, is_unchanged, context)
        };
        return database.call(begin).await;
    }
    let (observer, timeout) = (Arc::clone(&database.observer), database.busy_timeout);
    let begin = move |connection: &mut Connection, context: Context<'_>| {
        lock::begin_upgrade(connection, is_unchanged, timeout, &*observer, context)
    };
    database.call(begin).await
}

/// Writes deferred values, and commits.
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

/// Rolls back the session's changes.
pub(crate) async fn rollback(database: &mut Sqlite) -> Result<(), Error> {
    database
        .call(|connection, context| {
            // After some errors, such as a full disk, SQLite has already rolled back.
            let rollback = if connection.is_autocommit() { "" } else { "ROLLBACK; " };
            connection
                .execute_batch(&format!("{rollback}PRAGMA legacy_alter_table = OFF"))
                .map_err(|source| context.error("rolling back", source))?;
            // After a failed write, this read rolls the journal back, so that later readers need
            // not.
            let _ = connection.query_row(READ, [], |_| Ok(()));
            Ok(())
        })
        .await?;
    remove_created(database)
}

/// Removes a file that was created for an upgrade which then failed.
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
