//! Runs the statements of data migrations.

mod truncate;
mod value;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::rows::{KeyedUpdate, Row, build};
use sea_query::{MysqlQueryBuilder, QueryStatement, SelectStatement, Value};
use sqlx::mysql::MySqlArguments;
use sqlx::{Arguments, AssertSqlSafe};

use crate::cancel::{self, Canceller};
use crate::connection::Connection;
use crate::error::Context;
use crate::quoting::quote;
use crate::text_protocol;

pub(crate) use truncate::truncate;
pub(crate) use value::{literal, of_row};

/// The most parameters of a prepared statement.
const MAX_PARAMETERS: usize = 65_535;

/// About how many bytes of values fit into a statement that is sent in one piece.
///
/// A TLS record holds 16 KB, and sqlx 0.9.0 leaves Nagle's algorithm on (transact-rs/sqlx#4335).
/// The next record waits until the server has acknowledged the record before, up to 40 ms later. A
/// few more round trips cost less.
const ONE_PIECE: usize = 14_000;

/// Runs a statement, and returns the number of rows changed.
pub(crate) async fn execute(
    connection: &mut Connection,
    canceller: Option<&Canceller>,
    statement: &QueryStatement,
    context: &Context,
) -> Result<u64, Error> {
    let (sql, values) = build(statement, MysqlQueryBuilder);
    cancel::run(canceller, "changing rows", context, run(connection, sql, values.0)).await
}

/// Runs a query.
pub(crate) async fn query(
    connection: &mut Connection,
    select: &SelectStatement,
    context: &Context,
) -> Result<Vec<Row>, Error> {
    let (sql, values) = select.build(MysqlQueryBuilder);
    let found = fetch(connection, sql, values.0).await;
    found.map_err(|source| context.error("reading rows", source))
}

/// Runs a query with its values, and reads the whole result.
pub(crate) async fn fetch(
    connection: &mut Connection,
    sql: String,
    values: Vec<Value>,
) -> Result<Vec<Row>, sqlx::Error> {
    tracing::debug!(sql, "statement");
    let query = sqlx::query_with(AssertSqlSafe(sql), arguments(values)?);
    let found = connection.line.long(query.fetch_all(&mut connection.driver)).await?;
    found.iter().map(value::of_row).collect()
}

/// Runs a query about the catalogue, with its values.
pub(crate) async fn fetch_soon(
    connection: &mut Connection,
    sql: &'static str,
    values: Vec<Value>,
) -> Result<Vec<Row>, sqlx::Error> {
    tracing::debug!(sql, "statement");
    let query = sqlx::query_with(sql, arguments(values)?);
    let found = connection.line.rows(query.fetch(&mut connection.driver)).await?;
    found.iter().map(value::of_row).collect()
}

/// Runs a statement with its values, and returns the number of rows changed.
pub(crate) async fn run(
    connection: &mut Connection,
    sql: String,
    values: Vec<Value>,
) -> Result<u64, sqlx::Error> {
    tracing::debug!(sql, "statement");
    let query = sqlx::query_with(AssertSqlSafe(sql), arguments(values)?);
    let done = connection.line.long(query.execute(&mut connection.driver)).await?;
    Ok(done.rows_affected())
}

fn arguments(values: Vec<Value>) -> Result<MySqlArguments, sqlx::Error> {
    let mut arguments = MySqlArguments::default();
    for value in values {
        value::bind(&mut arguments, value).map_err(sqlx::Error::Encode)?;
    }
    debug_assert!(arguments.len() <= MAX_PARAMETERS);
    Ok(arguments)
}

/// Overwrites rows that are found by their key, many with each statement.
///
/// The values are a derived table, joined with the real one. The derived table begins with an empty
/// selection from the real table. So its keys get the columns' types, character sets and
/// collations. Otherwise the server would refuse the comparison, or use no index. A derived table
/// needs neither the privilege nor the replication settings of a temporary table. `STRAIGHT_JOIN`
/// looks each key up, whatever the server estimates of the sizes.
pub(crate) async fn update(
    connection: &mut Connection,
    update: &KeyedUpdate,
    rows: &[Row],
    context: &Context,
) -> Result<u64, Error> {
    let action = format!("updating {}", update.table);
    let (mut changed, mut rest) = (0, rows);
    while !rest.is_empty() {
        let (sql, count) = update_statement(update, rest);
        let done = text_protocol::run(connection, sql).await;
        changed += done.map_err(|source| context.error(&action, source))?;
        rest = rest.get(count..).unwrap_or_default();
    }
    Ok(changed)
}

/// Returns the statement for as many rows as fit, and their number.
fn update_statement(update: &KeyedUpdate, rows: &[Row]) -> (String, usize) {
    let table = quote(update.table);
    let empty: Vec<String> = (0..update.columns.len())
        .map(|place| format!("NULL AS c{place}"))
        .chain(update.key.iter().map(|column| quote(column)))
        .collect();
    let mut sql = format!("UPDATE (SELECT {} FROM {table} WHERE FALSE", empty.join(", "));
    let mut count = 0;
    for row in rows {
        let values: Vec<String> = row.iter().map(value::literal).collect();
        sql += &format!(" UNION ALL SELECT {}", values.join(", "));
        count += 1;
        if sql.len() > ONE_PIECE {
            break;
        }
    }
    let agree: Vec<String> = update
        .key
        .iter()
        .map(|column| format!("t.{name} = v.{name}", name = quote(column)))
        .collect();
    let assignments: Vec<String> = (0..)
        .zip(update.columns)
        .map(|(place, column): (usize, _)| format!("t.{} = v.c{place}", quote(column)))
        .collect();
    sql += &format!(
        ") AS v STRAIGHT_JOIN {table} AS t ON {} SET {}",
        agree.join(" AND "),
        assignments.join(", ")
    );
    (sql, count)
}

/// Inserts rows, many with each statement.
pub(crate) async fn insert(
    connection: &mut Connection,
    table: &str,
    columns: &[&str],
    rows: Vec<Row>,
    context: &Context,
) -> Result<u64, Error> {
    let action = format!("filling {table}");
    let most = (MAX_PARAMETERS / columns.len().max(1)).max(1);
    let mut added = 0;
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut values = Vec::new();
        let (mut count, mut bytes) = (0, 0);
        while let Some(row) = rows.next_if(|_| count < most && bytes < ONE_PIECE) {
            bytes += row.iter().map(value::size).sum::<usize>();
            count += 1;
            values.extend(row);
        }
        let done = run(connection, insert_statement(table, columns, count), values).await;
        added += done.map_err(|source| context.error(&action, source))?;
    }
    Ok(added)
}

fn insert_statement(table: &str, columns: &[&str], rows: usize) -> String {
    let names: Vec<String> = columns.iter().map(|column| quote(column)).collect();
    let places = format!("({})", vec!["?"; columns.len()].join(", "));
    format!(
        "INSERT INTO {} ({}) VALUES {}",
        quote(table),
        names.join(", "),
        vec![places; rows].join(", ")
    )
}

#[cfg(test)]
mod tests {
    use mlflow_migrate_core::rows::KeyedUpdate;
    use sea_query::Value;

    use super::{insert_statement, update_statement};

    #[test]
    fn rows_are_found_by_their_key() {
        let update = KeyedUpdate { table: "t", columns: &["a", "b"], key: &["k", "l"] };
        let row = |key: &str| vec![1_i64.into(), Value::String(None), key.into(), 2_i64.into()];
        let expected = "UPDATE (SELECT NULL AS c0, NULL AS c1, `k`, `l` FROM `t` WHERE FALSE \
                        UNION ALL SELECT 1, NULL, 'x', 2 UNION ALL SELECT 1, NULL, 'y', 2) AS v \
                        STRAIGHT_JOIN `t` AS t ON t.`k` = v.`k` AND t.`l` = v.`l` \
                        SET t.`a` = v.c0, t.`b` = v.c1";
        let rows = [row("x"), row("y")];
        assert_eq!(update_statement(&update, &rows), (expected.to_owned(), 2));
    }

    #[test]
    fn added_rows_share_a_statement() {
        let expected = "INSERT INTO `t` (`a`, `b`) VALUES (?, ?), (?, ?)";
        assert_eq!(insert_statement("t", &["a", "b"], 2), expected);
    }
}
