//! Statements through the text protocol.
//!
//! DDL, `SHOW` and `SET` cannot all be prepared on every server, and what `SHOW` and
//! `information_schema` call a text is one column of bytes on this server and one of characters on
//! the next; read as text they are all alike.
//!
//! sqlx lets the server take several statements at once, and offers no way to turn that off. So what is more
//! than one statement is not sent, and what holds texts of the database's goes by [`run_alone`].

use std::time::Duration;

use mlflow_migrate_backend_server::statement_text::WithoutValues;
use mlflow_migrate_core::schema::is_one_statement;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, Decode, MySql, Row, ValueRef};

use crate::connection::Connection;
use crate::error::server_error;

/// One row, each value as the server writes it; `None` is NULL.
pub(crate) type TextRow = Vec<Option<String>>;

/// A value of a row; nothing where it is NULL.
pub(crate) fn cell(row: &[Option<String>], at: usize) -> &str {
    row.get(at).and_then(Option::as_deref).unwrap_or_default()
}

/// How many statements a connection keeps prepared. More than an upgrade has, but for ranges of rows:
/// to give one back is a packet without an answer, and the next packet waits for its
/// acknowledgement, some 40 ms, where sqlx opens the connection: it leaves Nagle's algorithm on.
pub(crate) const PREPARED_STATEMENTS: usize = 1024;

/// `ER_UNSUPPORTED_PS`, `ER_MAX_PREPARED_STMT_COUNT_REACHED`
const NOT_PREPARED: [u16; 2] = [1295, 1461];

/// Runs a statement, and tells how many rows it changed.
pub(crate) async fn run(
    connection: &mut Connection,
    sql: impl Into<String>,
) -> Result<u64, sqlx::Error> {
    run_program(connection, one(sql.into())?).await
}

/// Runs a statement by the protocol that takes no second one, where the server can prepare it.
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

/// Runs a statement of the catalogue's that holds others, as a trigger does.
pub(crate) async fn run_program(
    connection: &mut Connection,
    sql: String,
) -> Result<u64, sqlx::Error> {
    let statement = sqlx::raw_sql(AssertSqlSafe(sql));
    let done = connection.line.long(statement.execute(&mut connection.driver)).await?;
    Ok(done.rows_affected())
}

/// Runs a statement that is soon done, and waits for no lock but that of a table.
pub(crate) async fn run_soon(
    connection: &mut Connection,
    sql: impl Into<String>,
) -> Result<u64, sqlx::Error> {
    run_soon_after(connection, Duration::ZERO, sql).await
}

/// Runs a statement that is soon done once it has a lock that takes so long at most.
pub(crate) async fn run_soon_after(
    connection: &mut Connection,
    wait: Duration,
    sql: impl Into<String>,
) -> Result<u64, sqlx::Error> {
    let statement = sqlx::raw_sql(AssertSqlSafe(one(sql.into())?));
    let done = connection.line.brief_after(wait, statement.execute(&mut connection.driver));
    Ok(done.await?.rows_affected())
}

/// Lets nothing but one statement through.
fn one(sql: String) -> Result<String, sqlx::Error> {
    if is_one_statement(&sql) {
        tracing::debug!(sql = %WithoutValues(&sql), "statement");
        return Ok(sql);
    }
    Err(sqlx::Error::Configuration("this is not one statement, so it is not sent".into()))
}

/// Runs a query about the catalogue, or the tool's own tables.
pub(crate) async fn rows(
    connection: &mut Connection,
    sql: impl Into<String>,
) -> Result<Vec<TextRow>, sqlx::Error> {
    let query = sqlx::raw_sql(AssertSqlSafe(one(sql.into())?));
    let found = connection.line.rows(query.fetch(&mut connection.driver)).await?;
    found.iter().map(texts).collect()
}

/// Runs a `SHOW` of names and their values; the names in lower case.
pub(crate) async fn pairs(
    connection: &mut Connection,
    sql: impl Into<String>,
) -> Result<Vec<(String, String)>, sqlx::Error> {
    let rows = rows(connection, sql).await?;
    let pair = |row: &TextRow| (cell(row, 0).to_ascii_lowercase(), cell(row, 1).to_owned());
    Ok(rows.iter().map(pair).collect())
}

/// The first value of the first row.
pub(crate) async fn value(
    connection: &mut Connection,
    sql: impl Into<String>,
) -> Result<Option<String>, sqlx::Error> {
    Ok(first(rows(connection, sql).await?))
}

/// The first value of the first row of a query that waits so long for a lock.
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

/// Runs a query that reads rows of MLflow's, however many there are; its result is small.
pub(crate) async fn rows_of_tables(
    connection: &mut Connection,
    sql: impl Into<String>,
) -> Result<Vec<TextRow>, sqlx::Error> {
    let query = sqlx::raw_sql(AssertSqlSafe(one(sql.into())?));
    let found = connection.line.long(query.fetch_all(&mut connection.driver)).await?;
    found.iter().map(texts).collect()
}

/// The first value of the first row of such a query.
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
