//! Sessions: one transaction holds a whole upgrade.
//!
//! If anything fails before the COMMIT, the server rolls everything back. The lock that keeps a
//! second upgrader out is released when the transaction ends.

use std::sync::Arc;
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::SessionMode;
use sqlx::AssertSqlSafe;

use crate::cancel::Canceller;
use crate::database::Postgres;
use crate::login::pooling;
use crate::preflight::{code_of_others, read_only};
use crate::render::quote_identifier;
use crate::search_path::ONLY_THE_SERVERS;
use crate::watch::Watch;
use crate::{commit, lock, statements};

pub(crate) use crate::statements::rollback;

/// Settings that this crate's statements rely on, whatever the server, database or role sets.
///
/// With `row_security` off, a policy that hides rows causes an error instead of a partial result. A
/// statement that runs once gains nothing from JIT. A statement that runs for each batch gains
/// nothing from a plan for other values.
const SETTINGS: &str = "SET LOCAL client_encoding = 'UTF8'; \
    SET LOCAL standard_conforming_strings = on; \
    SET LOCAL DateStyle = 'ISO, YMD'; \
    SET LOCAL TimeZone = 'UTC'; \
    SET LOCAL extra_float_digits = 3; \
    SET LOCAL bytea_output = 'hex'; \
    SET LOCAL row_security = off; \
    SET LOCAL quote_all_identifiers = off; \
    SET LOCAL statement_timeout = 0; \
    SET LOCAL idle_in_transaction_session_timeout = 0; \
    SET LOCAL jit = off; \
    SET LOCAL plan_cache_mode = force_custom_plan";

const BEGINNING: &str = "beginning a transaction";

const PROCESS: &str = "SELECT pg_backend_pid()::int8";

/// Settings that only some servers have, and memory limits where the server's own are smaller.
///
/// Each is set only if it exists. The server ends a statement whose client is gone. Keep-alive
/// probes stop firewalls from dropping a connection that is silent for minutes. A table that became
/// a view a moment ago is not read, since a view may call anything.
const OPTIONAL_SETTINGS: &str = "SELECT set_config(s.name, w.value, true) FROM (VALUES \
    ('transaction_timeout', '0', NULL), \
    ('client_connection_check_interval', '5s', NULL), \
    ('tcp_keepalives_idle', '60', NULL), \
    ('restrict_nonsystem_relation_kind', 'view, foreign-table', NULL), \
    ('work_mem', '64MB', 64 * 1024), \
    ('maintenance_work_mem', '256MB', 256 * 1024)) AS w (name, value, at_least) \
    JOIN pg_settings AS s ON s.name = w.name \
    WHERE w.at_least IS NULL OR s.setting::int8 < w.at_least";

/// Begins a session. After an error, no transaction is left open.
pub(crate) async fn begin(database: &mut Postgres, access: SessionMode) -> Result<(), Error> {
    let result = open(database, access).await;
    or_rolled_back(database, result).await
}

/// Begins a session that keeps other upgraders out, and nobody else. After an error, no transaction is
/// left open.
///
/// Its transaction writes nothing, and each statement has a snapshot of its own. So neither a vacuum
/// nor an index that is built online waits for it.
pub(crate) async fn begin_online(database: &mut Postgres) -> Result<(), Error> {
    let result = open_online(database).await;
    or_rolled_back(database, result).await
}

/// Begins a transaction for one change beside an online session, which keeps other upgraders out.
///
/// After an error, no transaction is left open.
pub(crate) async fn begin_change(database: &mut Postgres, wait: Duration) -> Result<(), Error> {
    let result = open_change(database, SessionMode::Upgrade, wait).await;
    or_rolled_back(database, result).await
}

/// Begins a transaction that writes some rows beside an online session.
///
/// Functions and operators of other roles are looked for again, but not locked out.
pub(crate) async fn begin_rows(database: &mut Postgres, wait: Duration) -> Result<(), Error> {
    let result = open_change(database, SessionMode::Read, wait).await;
    or_rolled_back(database, result).await
}

/// Begins a transaction that sees temporary tables only, and is rolled back in the end.
pub(crate) async fn begin_calibration(database: &mut Postgres) -> Result<(), Error> {
    let result = open_calibration(database).await;
    or_rolled_back(database, result).await
}

async fn or_rolled_back(database: &mut Postgres, result: Result<(), Error>) -> Result<(), Error> {
    if result.is_err() {
        // The first error is the one to report.
        let _ = rollback(database).await;
    }
    result
}

async fn open(database: &mut Postgres, access: SessionMode) -> Result<(), Error> {
    let begin = match access {
        SessionMode::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        SessionMode::Upgrade => "BEGIN ISOLATION LEVEL READ COMMITTED",
    };
    open_transaction(database, begin, access).await?;
    if access == SessionMode::Upgrade {
        cancel_when_stopped(database).await?;
        read_only::refuse(database).await?;
        lock::lock_out_others(database).await?;
    }
    code_of_others::refuse_in_schema(database).await?;
    show_schema(database).await?;
    if access == SessionMode::Upgrade {
        lock::lock_version_table(database).await?;
    }
    lock::set_timeout(database, database.lock_timeout).await
}

async fn open_online(database: &mut Postgres) -> Result<(), Error> {
    let begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY";
    open_transaction(database, begin, SessionMode::Read).await?;
    if let Some(error) = read_only::unwritable(database).await? {
        return Err(error);
    }
    lock::lock_out_others(database).await?;
    code_of_others::refuse_in_schema(database).await?;
    show_schema(database).await?;
    lock::set_timeout(database, database.lock_timeout).await?;
    statements::run_soon(database, "SAVEPOINT reading".to_owned(), BEGINNING).await
}

/// Gives up the locks of what an online session has read, so that it is not in its own way.
pub(crate) async fn end_reading(database: &mut Postgres) -> Result<(), Error> {
    let sql = "ROLLBACK TO SAVEPOINT reading".to_owned();
    statements::run_soon(database, sql, "ending to read").await
}

async fn open_change(
    database: &mut Postgres,
    access: SessionMode,
    wait: Duration,
) -> Result<(), Error> {
    let begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
    open_transaction(database, begin, access).await?;
    database.process = statements::number(database, PROCESS.to_owned(), BEGINNING).await?;
    code_of_others::refuse_in_schema(database).await?;
    show_schema(database).await?;
    lock::set_timeout(database, wait).await
}

async fn open_calibration(database: &mut Postgres) -> Result<(), Error> {
    let begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
    open_transaction(database, begin, SessionMode::Read).await?;
    code_of_others::refuse_in_schema(database).await?;
    let search_path = "SET LOCAL search_path = pg_temp".to_owned();
    statements::run_soon(database, search_path, "beginning a calibration").await?;
    lock::set_timeout(database, database.lock_timeout).await
}

/// Begins a transaction with known settings, which sees the server's own schema only.
async fn open_transaction(
    database: &mut Postgres,
    begin: &str,
    access: SessionMode,
) -> Result<(), Error> {
    let sql = format!("{begin}; {ONLY_THE_SERVERS}; {SETTINGS}");
    begin_transaction(database, sql, BEGINNING).await?;
    statements::run_soon(database, OPTIONAL_SETTINGS.to_owned(), BEGINNING).await?;
    database.access = Some(access);
    Ok(())
}

/// Lets unqualified names mean the objects of the schema that is upgraded.
async fn show_schema(database: &mut Postgres) -> Result<(), Error> {
    let schema = quote_identifier(&database.schema);
    let sql = format!("SET LOCAL search_path = {schema}, pg_temp");
    statements::run_soon(database, sql, BEGINNING).await
}

/// Begins a transaction, or explains that a pooler does not allow transactions.
async fn begin_transaction(
    database: &mut Postgres,
    sql: String,
    action: &str,
) -> Result<(), Error> {
    let begun = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut database.connection);
    match database.line.brief(begun).await {
        Ok(_) => Ok(()),
        Err(source)
            if pooling::is_of_pooler(&source)
                && pooling::is_without_transactions(&database.connector).await =>
        {
            Err(Error::Unreachable {
                name: database.name.clone(),
                problem: "a pooler stands before the server, and allows no transactions \
                          (pool_mode = statement)"
                    .to_owned(),
                remedy:
                    "the database is unchanged; give the URL of the server itself, or let the pooler use \
                       pool_mode = transaction or session for this database"
                        .into(),
            })
        }
        Err(source) => Err(statements::failed(database, action, source).await),
    }
}

/// Cancels this session's statements from the moment when the user stops the upgrade.
async fn cancel_when_stopped(database: &mut Postgres) -> Result<(), Error> {
    let process = statements::number(database, PROCESS.to_owned(), BEGINNING).await?;
    database.process = process;
    database.watch = Some(Watch::start(
        database.connector.clone(),
        process,
        Arc::clone(&database.observer),
        database.lock_timeout,
    ));
    let Some(stop) = database.stop.clone() else { return Ok(()) };
    database.canceller = Some(Canceller::start(stop, database.connector.clone(), process));
    Ok(())
}

/// Commits the upgrade.
pub(crate) async fn commit(database: &mut Postgres) -> Result<(), Error> {
    statements::leave(database, "committing the upgrade").await?;
    commit::send(database).await
}
