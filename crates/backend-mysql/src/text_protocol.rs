//! Runs statements over the text protocol.
//!
//! Not every server can prepare DDL, `SHOW` and `SET`. A text column of `SHOW` or
//! `information_schema` holds bytes on one server and characters on another. Read as text, all
//! servers agree.
//!
//! sqlx lets the server accept several statements at once, and offers no way to turn that off. So a
//! text with more than one statement is not sent. Statements that contain texts from the database
//! use [`run_alone`].

use std::time::Duration;

use mlflow_migrate_backend_server::statement_text::WithoutValues;
use mlflow_migrate_core::schema::is_one_statement;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, Decode, MySql, Row, ValueRef};

use crate::connection::Connection;
use crate::error::server_error;

/// One row, each value as the server writes it; `None` is NULL.
pub(crate) type TextRow = Vec<Option<String>>;

/// Returns a value of a row, empty where the value is NULL.
pub(crate) fn cell(row: &[Option<String>], at: usize) -> &str {
    row.get(at).and_then(Option::as_deref).unwrap_or_default()
}

/// How many prepared statements a connection keeps.
///
/// An upgrade has fewer, apart from the statements for ranges of rows. Closing a statement sends a
/// packet without an answer. The next packet waits for its acknowledgement, some 40 ms, where sqlx
/// opens the connection, since sqlx leaves Nagle's algorithm on.
pub(crate) const PREPARED_STATEMENTS: usize = 1024;

/// `ER_UNSUPPORTED_PS`, `ER_MAX_PREPARED_STMT_COUNT_REACHED`
const NOT_PREPARED: [u16; 2] = [1295, 1461];

/// Runs a statement, and returns the number of rows changed.
pub(crate) async fn run(
    connection: &mut Connection,
    sql: impl Into<String>,
) -> Result<u64, sqlx::Error> {
    run_program(connection, one(sql.into())?).await
}

/// Runs a statement over the binary protocol, which accepts no second statement.
///
/// Falls back to the text protocol where the server cannot prepare the statement.
pub(crate) async fn run_alone(
    connection: &mut Connection,
    sql: impl Into<String>,
) -> Result<u64, sqlx::Error> {
    let sql = one(sql.into())?;
    let query = sqlx::query(AssertSqlSafe(sql.clone()));
    let done = connection.line.long(query.execute(&mut connection.driver)).await;
    match done {
        Err(source) if server_error(&source).is_some_and(|it| NOT_PREPARED.contains(&it.0)) => {
            run_program(connection, sql).await
        }
        done => Ok(done?.rows_affected()),
    }
}

/// Runs a statement from the catalogue that contains others, such as a trigger.
pub(crate) async fn run_program(
    connection: &mut Connection,
    sql: String,
) -> Result<u64, sqlx::Error> {
    let statement = sqlx::raw_sql(AssertSqlSafe(sql));
    let done = connection.line.long(statement.execute(&mut connection.driver)).await?;
    Ok(done.rows_affected())
}

/// Runs a short statement, which waits for no lock but a table's.
pub(crate) async fn run_soon(
    connection: &mut Connection,
    sql: impl Into<String>,
) -> Result<u64, sqlx::Error> {
    run_soon_after(connection, Duration::ZERO, sql).await
}

/// Runs a short statement that may first wait for a lock, at most `wait`.
pub(crate) async fn run_soon_after(
    connection: &mut Connection,
    wait: Duration,
    sql: impl Into<String>,
) -> Result<u64, sqlx::Error> {
    let statement = sqlx::raw_sql(AssertSqlSafe(one(sql.into())?));
    let done = connection.line.brief_after(wait, statement.execute(&mut connection.driver));
    Ok(done.await?.rows_affected())
}

/// Returns the text, or an error if the text is not one statement.
fn one(sql: String) -> Result<String, sqlx::Error> {
    if is_one_statement(&sql) {
        tracing::debug!(sql = %WithoutValues(&sql), "statement");
        return Ok(sql);
    }
    Err(sqlx::Error::Configuration("this is not one statement, so it is not sent".into()))
}

/// Runs a query about the catalogue, or about the tables of mlflow-migrate.
pub(crate) async fn rows(
    connection: &mut Connection,
    sql: impl Into<String>,
) -> Result<Vec<TextRow>, sqlx::Error> {
    let query = sqlx::raw_sql(AssertSqlSafe(one(sql.into())?));
    let found = connection.line.rows(query.fetch(&mut connection.driver)).await?;
    found.iter().map(texts).collect()
}

/// Runs a `SHOW` of names and values, and returns the names in lower case.
pub(crate) async fn pairs(
    connection: &mut Connection,
    sql: impl Into<String>,
) -> Result<Vec<(String, String)>, sqlx::Error> {
    let rows = rows(connection, sql).await?;
    let pair = |row: &TextRow| (cell(row, 0).to_ascii_lowercase(), cell(row, 1).to_owned());
    Ok(rows.iter().map(pair).collect())
}

/// Returns the first value of the first row.
pub(crate) async fn value(
    connection: &mut Connection,
    sql: impl Into<String>,
) -> Result<Option<String>, sqlx::Error> {
    Ok(first(rows(connection, sql).await?))
}

/// Returns the first value of the first row of a query that may wait for a lock, at most `wait`.
pub(crate) async fn value_after(
    connection: &mut Connection,
    wait: Duration,
    sql: impl Into<String>,
) -> Result<Option<String>, sqlx::Error> {
    let query = sqlx::raw_sql(AssertSqlSafe(one(sql.into())?));
    let found = query.fetch_optional(&mut connection.driver);
    let found = connection.line.brief_after(wait, found).await?;
    Ok(first(found.as_ref().map(texts).transpose()?.into_iter().collect()))
}

/// Runs a query that reads any number of MLflow's rows and has a small result.
pub(crate) async fn rows_of_tables(
    connection: &mut Connection,
    sql: impl Into<String>,
) -> Result<Vec<TextRow>, sqlx::Error> {
    let query = sqlx::raw_sql(AssertSqlSafe(one(sql.into())?));
    let found = connection.line.long(query.fetch_all(&mut connection.driver)).await?;
    found.iter().map(texts).collect()
}

/// Returns the first value of the first row of a query that reads MLflow's rows.
pub(crate) async fn value_of_tables(
    connection: &mut Connection,
    sql: impl Into<String>,
) -> Result<Option<String>, sqlx::Error> {
    Ok(first(rows_of_tables(connection, sql).await?))
}

fn first(found: Vec<TextRow>) -> Option<String> {
    found.into_iter().next().and_then(|row| row.into_iter().next().flatten())
}

fn texts(row: &MySqlRow) -> Result<TextRow, sqlx::Error> {
    (0..row.len())
        .map(|at| {
            let value = row.try_get_raw(at)?;
            if value.is_null() {
                return Ok(None);
            }
            let bytes = <&[u8] as Decode<'_, MySql>>::decode(value).map_err(sqlx::Error::Decode)?;
            let text = String::from_utf8(bytes.to_vec());
            text.map(Some).map_err(|source| sqlx::Error::Decode(Box::new(source)))
        })
        .collect()
}
