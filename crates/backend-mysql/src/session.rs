//! Begins and ends sessions, and the transactions in them.

use std::time::Instant;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::SessionMode;

use crate::cluster::Claimant;
use crate::database::Mysql;
use crate::lock;
use crate::quoting::literal;
use crate::text_protocol::{self, cell};

const SNAPSHOT: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// Variables that make a server read-only, the most informative first.
const READ_ONLY: [&str; 5] =
    ["innodb_read_only", "super_read_only", "read_only", "tx_read_only", "transaction_read_only"];

/// Begins a session.
pub(crate) async fn begin(database: &mut Mysql, access: SessionMode) -> Result<(), Error> {
    match access {
        SessionMode::Read => {
            // For this transaction only: a snapshot needs this level (see `login::settings`).
            let level = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ";
            database.run_soon("beginning to read", level).await?;
            database.run_soon("beginning to read", SNAPSHOT).await?;
        }
        SessionMode::Upgrade => return begin_upgrade(database).await,
    }
    database.in_transaction = true;
    Ok(())
}

async fn begin_upgrade(database: &mut Mysql) -> Result<(), Error> {
    refuse_read_only(database).await?;
    database.cluster.refuse_partitioned(&database.context)?;
    lock::watch(database);
    let until = Instant::now() + database.lock_wait;
    lock::take(database).await?;
    take_claim(database, until).await?;
    let waited = lock::wait_for_mlflow(database).await;
    if waited.is_err() {
        // Report the first error.
        let _ = release_claim(database).await;
    }
    waited
}

/// Commits the session's changes, and ends the session.
pub(crate) async fn commit(database: &mut Mysql) -> Result<(), Error> {
    end(database, "COMMIT").await
}

/// Rolls back what the session has not committed, and ends the session.
pub(crate) async fn rollback(database: &mut Mysql) -> Result<(), Error> {
    end(database, "ROLLBACK").await
}

/// Ends the session and the tasks beside it, whatever fails.
async fn end(database: &mut Mysql, statement: &str) -> Result<(), Error> {
    if let Some(watch) = database.watch.take() {
        watch.end().await;
        if let Some(observer) = &database.observer {
            database.watched.end_wait(&**observer);
        }
    }
    let ended = end_transaction(database, statement).await;
    let released = release_claim(database).await;
    ended?;
    released?;
    lock::release(database).await
}

/// Begins a transaction.
pub(crate) async fn begin_transaction(database: &mut Mysql) -> Result<(), Error> {
    database.run_soon("beginning a transaction", "START TRANSACTION").await?;
    database.in_transaction = true;
    Ok(())
}

/// Ends the open transaction, if there is one.
pub(crate) async fn end_transaction(database: &mut Mysql, statement: &str) -> Result<(), Error> {
    if database.in_transaction {
        database.in_transaction = false;
        database.run("ending a transaction", statement).await?;
    }
    Ok(())
}

/// Fails on a read-only server.
///
/// An administrator may write to such a server, but a replica must not get a schema of its own.
async fn refuse_read_only(database: &mut Mysql) -> Result<(), Error> {
    let names = READ_ONLY.map(literal).join(", ");
    let sql = format!("SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})");
    let found = text_protocol::rows(&mut database.connection, sql).await;
    let found = found.map_err(|source| database.context.error("looking for read_only", source))?;
    let is_set = |name: &&&str| {
        let mut rows = found.iter();
        // MariaDB 12 also has the values ON, NO_LOCK and NO_LOCK_NO_ADMIN.
        rows.any(|row| cell(row, 0) == **name && !matches!(cell(row, 1), "OFF" | "0" | ""))
    };
    match READ_ONLY.iter().find(is_set) {
        Some(name) => Err(database.context.read_only(&format!("the server is set to {name}"))),
        None => Ok(()),
    }
}

/// Claims the lock that other nodes see, if other nodes take writes.
async fn take_claim(database: &mut Mysql, until: Instant) -> Result<(), Error> {
    let mut claimant = Claimant {
        connection: &mut database.connection,
        connector: &database.connector,
        cluster: &database.cluster,
        context: &database.context,
        has_lock: database.lock.is_some(),
    };
    if let Some((claim, lease)) = claimant.take(until).await? {
        database.claim = Some(claim);
        database.lease = Some(lease);
    }
    Ok(())
}

async fn release_claim(database: &mut Mysql) -> Result<(), Error> {
    database.lease = None;
    match database.claim.take() {
        Some(claim) => claim.release(&mut database.connection, &database.context).await,
        None => Ok(()),
    }
}
