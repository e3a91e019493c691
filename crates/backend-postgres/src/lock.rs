//! The locks of an upgrade.
//!
//! An advisory lock, named after the schema, keeps a second upgrader out. The server releases the
//! lock when the transaction ends, however it ends. MLflow's own upgrade takes no advisory lock.
//! But its transaction begins by reading `alembic_version`, and so holds a lock on this table until
//! it ends.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::TableUser;
use mlflow_migrate_core::event::{Event, Wait, WaitReason};
use sqlx::AssertSqlSafe;

use crate::database::Postgres;
use crate::error::is_lock_failure;
use crate::render::{column_list, quote_identifier, quote_literal};
use crate::statements::{self, lock_holders};

/// The seed that separates this tool's advisory locks from others: the bytes of `mlflow_m`.
const LOCK_SEED: i64 = 0x6d6c_666c_6f77_5f6d;

/// Limits how long a statement waits for a lock.
pub(crate) async fn set_timeout(database: &mut Postgres, timeout: Duration) -> Result<(), Error> {
    // Zero would wait without end.
    let milliseconds = timeout.as_millis().clamp(1, i32::MAX.unsigned_abs().into());
    let sql = format!("SET LOCAL lock_timeout = {milliseconds}");
    statements::run_soon(database, sql, "beginning a transaction").await
}

/// Waits for another upgrader, and acquires the advisory lock of an upgrade.
pub(crate) async fn lock_out_others(database: &mut Postgres) -> Result<(), Error> {
    set_timeout(database, database.lock_wait).await?;
    let key = lock_key(database);
    let action = "waiting for another upgrade";
    let at_once = format!("SELECT pg_try_advisory_xact_lock({key})::int4::int8");
    if statements::number(database, at_once, action).await? == 1 {
        return Ok(());
    }
    let (began, limit) = (Instant::now(), database.lock_wait);
    tell_of_wait(database).await?;
    let sql = format!("SELECT pg_advisory_xact_lock({key})");
    let locked = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut database.connection);
    match database.line.brief_after(database.lock_wait, locked).await {
        Ok(_) => {
            let waited_seconds = began.elapsed().as_secs_f64();
            database.observer.notify(&Event::WaitOver { waited_seconds });
            Ok(())
        }
        Err(source) if is_lock_failure(&source) => Err(Error::Locked {
            name: database.name.clone(),
            waited_seconds: limit.as_secs(),
            holders: lock_holders::of(database, &is_upgrade_lock(database)).await,
        }),
        Err(source) => Err(statements::failed(database, action, source).await),
    }
}

/// Reports which other upgrade holds the lock.
async fn tell_of_wait(database: &mut Postgres) -> Result<(), Error> {
    let holders = lock_holders::sessions_with(database, &is_upgrade_lock(database)).await?;
    database.observer.notify(&Event::Waiting(Wait {
        reason: WaitReason::Upgrade,
        holders,
        began_ms: None,
        waited_seconds: 0,
        limit_seconds: Some(database.lock_wait.as_secs()),
    }));
    Ok(())
}

/// Returns other sessions that upgrade this schema.
///
/// These hold the lock of an upgrade, or have changed a table's definition in a transaction that is
/// still open.
pub(crate) async fn other_upgraders(database: &mut Postgres) -> Result<Vec<String>, Error> {
    let condition = format!(
        "({} OR a.backend_type = 'client backend' AND l.locktype = 'relation' \
         AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'AccessExclusiveLock') AND {})",
        is_upgrade_lock(database),
        lock_holders::is_on_own_table(database)
    );
    lock_holders::sessions_with(database, &condition).await
}

/// Returns other sessions whose transactions hold locks on tables of the schema.
pub(crate) async fn table_users(
    database: &mut Postgres,
    tables: &[String],
) -> Result<Vec<TableUser>, Error> {
    let names: Vec<String> = tables.iter().map(|table| quote_literal(table)).collect();
    let condition = format!(
        "a.backend_type = 'client backend' AND l.locktype = 'relation' AND {} \
         AND c.relname IN ({})",
        lock_holders::is_on_own_table(database),
        names.join(", ")
    );
    let users = lock_holders::numbered_sessions_with(database, &condition).await?;
    let user =
        |(pid, session)| TableUser { session, end: format!("SELECT pg_terminate_backend({pid})") };
    Ok(users.into_iter().map(user).collect())
}

/// Waits until no other session uses the version table, then locks other writers out.
///
/// Alembic writes to the table at the end of every revision, while MLflow's servers only read it.
pub(crate) async fn lock_version_table(database: &mut Postgres) -> Result<(), Error> {
    let is_writable = format!(
        "SELECT count(*) FROM pg_class WHERE oid = to_regclass({}) AND relkind = 'r' \
         AND has_table_privilege(oid, 'UPDATE')",
        quote_literal(database.version_table().name())
    );
    let action = &format!("locking {}", database.version_table());
    if statements::number(database, is_writable, action).await? == 0 {
        return Ok(());
    }
    let table = quote_identifier(database.version_table().name());
    // Rolling back to the savepoint releases the lock that keeps readers out.
    let sql = format!(
        "SAVEPOINT waiting; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; \
         ROLLBACK TO SAVEPOINT waiting; RELEASE SAVEPOINT waiting; \
         LOCK TABLE {table} IN EXCLUSIVE MODE"
    );
    database.waits_for(Some((WaitReason::MlflowUpgrade, database.lock_wait)));
    let locked = statements::run_soon_after(database, database.lock_wait, sql, action).await;
    database.waits_for(None);
    match locked {
        Err(Error::Locked { name, holders, .. }) => {
            let waited_seconds = database.lock_wait.as_secs();
            Err(Error::Locked { name, waited_seconds, holders })
        }
        done => done,
    }
}

/// Keeps other sessions from writing to tables. Reading stays possible.
pub(crate) async fn lock_writers_out(
    database: &mut Postgres,
    tables: &BTreeSet<String>,
) -> Result<(), Error> {
    if tables.is_empty() {
        return Ok(());
    }
    let tables: Vec<&String> = tables.iter().collect();
    let sql = format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", column_list(&tables));
    statements::run_soon(database, sql, "locking the tables").await
}

/// Returns the SQL condition that a lock is the lock of an upgrade.
pub(crate) fn is_upgrade_lock(database: &Postgres) -> String {
    format!(
        "l.locktype = 'advisory' AND l.objsubid = 1 \
         AND (l.classid::int8 << 32) | l.objid::int8 = {}",
        lock_key(database)
    )
}

fn lock_key(database: &Postgres) -> String {
    format!("hashtextextended({}, {LOCK_SEED})", quote_literal(&database.schema))
}
