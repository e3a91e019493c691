//! Statements through the text protocol.
//!
//! DDL, `SHOW` and `SET` cannot all be prepared on every server, and what `SHOW` and
//! `information_schema` call a text is one column of bytes on this server and one of characters on
//! the next; read as text they are all alike.
//!
//! sqlx lets the server take several statements at once, and offers no way to turn that off. So what is more
//! than one statement is not sent, and what holds texts of the database's goes by [`run_alone`].

use mlflow_migrate_core::schema::is_one_statement;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, Decode, MySql, MySqlConnection, Row, ValueRef};

use crate::error::server_error;

/// One row, each value as the server writes it; `None` is NULL.
pub(crate) type TextRow = Vec<Option<String>>;

/// A name, quoted for use in a statement.
pub(crate) fn quote(identifier: &str) -> String {
    format!("`{}`", identifier.replace('`', "``"))
}

/// A string literal. The session's `sql_mode` has no `NO_BACKSLASH_ESCAPES`.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// How many statements a connection keeps prepared. More than an upgrade has, but for ranges of rows:
/// to give one back is a packet without an answer, and the next packet waits for its
/// acknowledgement, some 40 ms, where sqlx opens the connection: it leaves Nagle's algorithm on.
pub(crate) const PREPARED_STATEMENTS: usize = 1024;

/// `ER_UNSUPPORTED_PS`, `ER_MAX_PREPARED_STMT_COUNT_REACHED`
const NOT_PREPARED: [u16; 2] = [1295, 1461];

/// Runs a statement, and tells how many rows it changed.
pub(crate) async fn run(
    connection: &mut MySqlConnection,
    sql: impl Into<String>,
) -> Result<u64, sqlx::Error> {
    run_program(connection, one(sql.into())?).await
}

/// Runs a statement by the protocol that takes no second one, where the server can prepare it.
pub(crate) async fn run_alone(
    connection: &mut MySqlConnection,
    sql: impl Into<String>,
) -> Result<u64, sqlx::Error> {
    let sql = one(sql.into())?;
    let query = sqlx::query(AssertSqlSafe(sql.clone()));
    match query.execute(&mut *connection).await {
        Err(source) if server_error(&source).is_some_and(|it| NOT_PREPARED.contains(&it.0)) => {
            run_program(connection, sql).await
        }
        done => Ok(done?.rows_affected()),
    }
}

/// Runs a statement of the catalogue's that holds others, as a trigger does.
pub(crate) async fn run_program(
    connection: &mut MySqlConnection,
    sql: String,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(done.rows_affected())
}

/// Lets nothing but one statement through.
fn one(sql: String) -> Result<String, sqlx::Error> {
    if is_one_statement(&sql) {
        return Ok(sql);
    }
    Err(sqlx::Error::Configuration("this is not one statement, so it is not sent".into()))
}

/// Runs a query whose result is small.
pub(crate) async fn rows(
    connection: &mut MySqlConnection,
    sql: impl Into<String>,
) -> Result<Vec<TextRow>, sqlx::Error> {
    let found = sqlx::raw_sql(AssertSqlSafe(one(sql.into())?)).fetch_all(connection).await?;
    found.iter().map(texts).collect()
}

/// The first value of the first row.
pub(crate) async fn value(
    connection: &mut MySqlConnection,
    sql: impl Into<String>,
) -> Result<Option<String>, sqlx::Error> {
    let found = rows(connection, sql).await?;
    Ok(found.into_iter().next().and_then(|row| row.into_iter().next().flatten()))
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

#[cfg(test)]
mod tests {
    use super::{literal, quote};

    #[test]
    fn what_is_quoted_stays_one_word() {
        assert_eq!(quote("a`b"), "`a``b`");
        assert_eq!(literal(r"it's \ here"), r"'it''s \\ here'");
    }
}
