//! Creates, changes and drops tables while other programs use them.
//!
//! Each change has a short transaction, over a connection of its own. The session's transaction
//! stays read-only, and holds the lock of an upgrade. A foreign key of a new table locks the table
//! that it references (PostgreSQL manual, "Explicit Locking": SHARE ROW EXCLUSIVE) until the COMMIT.

use mlflow_migrate_backend_server::short_waits::ShortWaits;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::plan::TableChange;
use sqlx::Connection as _;

use super::beside::beside;
use crate::database::Postgres;
use crate::{change, session};

/// What is done in one transaction.
#[derive(Clone, Copy)]
enum Change<'a> {
    Apply(&'a TableChange),
    Drop(&'a str),
}

/// Creates a table, or changes one without touching its rows.
pub(crate) async fn change_briefly(
    database: &mut Postgres,
    change: &TableChange,
    progress: &Progress,
) -> Result<(), Error> {
    run(database, Change::Apply(change), progress).await
}

/// Drops a table.
pub(crate) async fn drop_table(
    database: &mut Postgres,
    table: &str,
    progress: &Progress,
) -> Result<(), Error> {
    run(database, Change::Drop(table), progress).await
}

async fn run(
    database: &mut Postgres,
    change: Change<'_>,
    progress: &Progress,
) -> Result<(), Error> {
    session::end_reading(database).await?;
    let mut other = beside(database).await?;
    let waits = ShortWaits::within(database.lock_timeout);
    let done = loop {
        progress.check()?;
        match attempt(&mut other, change, &waits, progress).await {
            Err(Error::Locked { .. }) if waits.is_another_due().await => {}
            Err(Error::Locked { name, holders, .. }) => {
                let waited_seconds = database.lock_timeout.as_secs();
                break Err(Error::Locked { name, waited_seconds, holders });
            }
            done => break done,
        }
    };
    // The server also ends a session that does not say goodbye.
    let _ = other.connection.close().await;
    done
}

async fn attempt(
    database: &mut Postgres,
    change: Change<'_>,
    waits: &ShortWaits,
    progress: &Progress,
) -> Result<(), Error> {
    session::begin_change(database, waits.attempt()).await?;
    let made = match change {
        Change::Apply(change) => change::apply(database, change, progress).await,
        Change::Drop(table) => change::drop_tables(database, &[table.to_owned()]).await,
    };
    match made {
        Ok(()) => session::commit(database).await,
        Err(error) => {
            // The first error is the one to report.
            let _ = session::rollback(database).await;
            Err(error)
        }
    }
}
