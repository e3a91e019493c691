//! Runs statements on the connection.

mod failure;
pub(crate) mod hidden_rows;
pub(crate) mod lock_holders;
mod rollback;

use std::time::Duration;

use mlflow_migrate_backend_server::statement_text::WithoutValues;
use mlflow_migrate_core::Error;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection, Row as _};

use crate::database::Postgres;
use crate::search_path::alone;

pub(crate) use self::failure::failed;
pub(crate) use self::rollback::{leave, rollback};

/// Runs one or more statements without parameters, without a time limit.
pub(crate) async fn run(database: &mut Postgres, sql: String, action: &str) -> Result<(), Error> {
    write(database, sql, action).await.map(|_| ())
}

/// Runs a statement, and returns the number of rows that it changed.
pub(crate) async fn write(
    database: &mut Postgres,
    sql: String,
    action: &str,
) -> Result<u64, Error> {
    tracing::debug!(sql = %WithoutValues(&sql), "statement");
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut database.connection);
    match database.line.long(done).await {
        Ok(done) => Ok(done.rows_affected()),
        Err(source) => Err(failed(database, action, source).await),
    }
}

/// Runs quick statements, within the limit for quick answers.
pub(crate) async fn run_soon(
    database: &mut Postgres,
    sql: String,
    action: &str,
) -> Result<(), Error> {
    run_soon_after(database, Duration::ZERO, sql, action).await
}

/// Runs quick statements that first wait for a lock, for up to `wait`.
pub(crate) async fn run_soon_after(
    database: &mut Postgres,
    wait: Duration,
    sql: String,
    action: &str,
) -> Result<(), Error> {
    tracing::debug!(sql = %WithoutValues(&sql), "statement");
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut database.connection);
    match database.line.brief_after(wait, done).await {
        Ok(_) => Ok(()),
        Err(source) => Err(failed(database, action, source).await),
    }
}

/// Runs a statement that changes the schema.
///
/// Forgets prepared statements and column types, which may no longer match the schema.
pub(crate) async fn define(
    database: &mut Postgres,
    sql: String,
    action: &str,
) -> Result<(), Error> {
    database.column_types.clear();
    if let Err(source) = database.connection.clear_cached_statements().await {
        return Err(failed(database, action, source).await);
    }
    run(database, sql, action).await
}

/// Returns the rows of a catalog query whose only parameter is the schema's name.
pub(crate) async fn catalog(
    database: &mut Postgres,
    sql: &'static str,
    action: &str,
) -> Result<Vec<PgRow>, Error> {
    tracing::debug!(sql, "statement");
    let query = sqlx::query(sql).bind(database.schema.clone());
    match database.line.rows(query.fetch(&mut database.connection)).await {
        Ok(rows) => Ok(rows),
        Err(source) => Err(failed(database, action, source).await),
    }
}

/// Returns the rows of a query about the server, also after the session has ended.
///
/// A pooler does not know statements that are prepared outside a transaction, so none is prepared.
pub(crate) async fn look(database: &mut Postgres, sql: &str) -> sqlx::Result<Vec<PgRow>> {
    let is_alone = database.access.is_none();
    let sql = if is_alone { alone(sql) } else { sql.to_owned() };
    let query = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(&mut database.connection);
    let rows = database.line.rows(query).await;
    if is_alone && rows.is_err() {
        // The first error is the one to report.
        let _ = rollback(database).await;
    }
    rows
}

/// Returns a number from a catalog query without parameters.
pub(crate) async fn number(
    database: &mut Postgres,
    sql: String,
    action: &str,
) -> Result<i64, Error> {
    let numbers = numbers(database, sql, action).await?;
    Ok(numbers.first().copied().unwrap_or(0))
}

/// Returns the numbers in the only row of a catalog query without parameters.
pub(crate) async fn numbers(
    database: &mut Postgres,
    sql: String,
    action: &str,
) -> Result<Vec<i64>, Error> {
    tracing::debug!(sql = %WithoutValues(&sql), "statement");
    let query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    let row = database.line.brief(query.fetch_one(&mut database.connection)).await;
    numbers_of(database, row, action).await
}

/// Returns a row count from a query that reads all rows, without a time limit.
pub(crate) async fn count(
    database: &mut Postgres,
    sql: String,
    action: &str,
) -> Result<i64, Error> {
    let counts = counts(database, sql, action).await?;
    Ok(counts.first().copied().unwrap_or(0))
}

/// Returns the numbers in the only row of a query that reads all rows, without a time limit.
pub(crate) async fn counts(
    database: &mut Postgres,
    sql: String,
    action: &str,
) -> Result<Vec<i64>, Error> {
    tracing::debug!(sql = %WithoutValues(&sql), "statement");
    let query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    let row = database.line.long(query.fetch_one(&mut database.connection)).await;
    numbers_of(database, row, action).await
}

async fn numbers_of(
    database: &mut Postgres,
    row: sqlx::Result<PgRow>,
    action: &str,
) -> Result<Vec<i64>, Error> {
    let row = match row {
        Ok(row) => row,
        Err(source) => return Err(failed(database, action, source).await),
    };
    let numbers: Result<Vec<i64>, _> = (0..row.len()).map(|at| row.try_get(at)).collect();
    numbers.map_err(|source| database.context().error(action, source))
}
