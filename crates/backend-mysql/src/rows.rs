//! Runs the statements of data migrations.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{KeyedUpdate, Row};
use sea_query::{MysqlQueryBuilder, QueryStatement, SelectStatement, Value};
use sqlx::mysql::MySqlArguments;
use sqlx::{Arguments, AssertSqlSafe, MySqlConnection};

use crate::error::Context;
use crate::text::quote;
use crate::value;

/// How many places for values a prepared statement can have.
const MAX_PARAMETERS: usize = 65_535;

/// How much goes to the server at once: less than the least `max_allowed_packet` that a server has
/// by default (4 MB in MySQL 5.6), and enough for a round trip not to count.
const MAX_MESSAGE: usize = 1 << 20;

/// How many rows one UPDATE writes over. Measured: 10,000 rows take longer with 8 or 64 at a time.
const UPDATED_ROWS: usize = 24;

/// Runs a statement, and tells how many rows it changed.
pub(crate) async fn execute(
    connection: &mut MySqlConnection,
    statement: &QueryStatement,
    context: &Context,
) -> Result<u64, Error> {
    let (sql, values) = match statement {
        QueryStatement::Select(select) => select.build(MysqlQueryBuilder),
        QueryStatement::Insert(insert) => insert.build(MysqlQueryBuilder),
        QueryStatement::Update(update) => update.build(MysqlQueryBuilder),
        QueryStatement::Delete(delete) => delete.build(MysqlQueryBuilder),
    };
    let changed = run(connection, sql, values.0).await;
    changed.map_err(|source| context.error("changing rows", source))
}

/// Runs a query.
pub(crate) async fn query(
    connection: &mut MySqlConnection,
    select: &SelectStatement,
    context: &Context,
) -> Result<Vec<Row>, Error> {
    let (sql, values) = select.build(MysqlQueryBuilder);
    let found = fetch(connection, sql, values.0).await;
    found.map_err(|source| context.error("reading rows", source))
}

/// Runs a query with its values, and reads all that it gives.
pub(crate) async fn fetch(
    connection: &mut MySqlConnection,
    sql: String,
    values: Vec<Value>,
) -> Result<Vec<Row>, sqlx::Error> {
    let query = sqlx::query_with(AssertSqlSafe(sql), arguments(values)?);
    let found = query.fetch_all(connection).await?;
    found.iter().map(value::of_row).collect()
}

/// Runs a statement with its values, and tells how many rows it changed.
pub(crate) async fn run(
    connection: &mut MySqlConnection,
    sql: String,
    values: Vec<Value>,
) -> Result<u64, sqlx::Error> {
    let query = sqlx::query_with(AssertSqlSafe(sql), arguments(values)?);
    Ok(query.execute(connection).await?.rows_affected())
}

fn arguments(values: Vec<Value>) -> Result<MySqlArguments, sqlx::Error> {
    let mut arguments = MySqlArguments::default();
    for value in values {
        value::bind(&mut arguments, value).map_err(sqlx::Error::Encode)?;
    }
    debug_assert!(arguments.len() <= MAX_PARAMETERS);
    Ok(arguments)
}

/// Writes over rows that are found by their key, a few dozen with each statement.
///
/// `column = CASE WHEN key = ? THEN ? … END` compares each row with each key, so a statement for
/// many rows is slow; one for each row pays for a round trip. A join with the values as a table of
/// their own is no way: there a text has a collation of its own, which the server refuses to compare
/// with a column's.
pub(crate) async fn update(
    connection: &mut MySqlConnection,
    update: &KeyedUpdate,
    rows: &[Row],
    context: &Context,
) -> Result<u64, Error> {
    let action = format!("updating {}", update.table);
    let mut changed = 0;
    for part in rows.chunks(UPDATED_ROWS) {
        let sql = update_statement(update, part.len());
        let done = run(connection, sql, update_values(update, part)).await;
        changed += done.map_err(|source| context.error(&action, source))?;
    }
    Ok(changed)
}

fn update_statement(update: &KeyedUpdate, rows: usize) -> String {
    let agree: Vec<String> =
        update.key.iter().map(|column| format!("{} = ?", quote(column))).collect();
    let agree = agree.join(" AND ");
    let cases = format!(" WHEN {agree} THEN ?").repeat(rows);
    let assignments: Vec<String> = update
        .columns
        .iter()
        .map(|column| format!("{} = CASE{cases} END", quote(column)))
        .collect();
    format!(
        "UPDATE {} SET {} WHERE {}",
        quote(update.table),
        assignments.join(", "),
        vec![format!("({agree})"); rows].join(" OR ")
    )
}

/// The values in the order of the places in [`update_statement`].
fn update_values(update: &KeyedUpdate, rows: &[Row]) -> Vec<Value> {
    let written = update.columns.len();
    let key = |row: &Row| row.iter().skip(written).cloned().collect::<Vec<_>>();
    let mut values = Vec::new();
    for column in 0..written {
        for row in rows {
            values.extend(key(row));
            values.extend(row.get(column).cloned());
        }
    }
    rows.iter().for_each(|row| values.extend(key(row)));
    values
}

/// Adds rows, many with each statement.
pub(crate) async fn insert(
    connection: &mut MySqlConnection,
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
        while let Some(row) = rows.next_if(|_| count < most && bytes < MAX_MESSAGE) {
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
    use mlflow_migrate_core::backend::KeyedUpdate;
    use sea_query::Value;

    use super::{insert_statement, update_statement, update_values};

    #[test]
    fn rows_are_found_by_their_key() {
        let update = KeyedUpdate { table: "t", columns: &["a", "b"], key: &["k", "l"] };
        let statement = "UPDATE `t` SET `a` = CASE WHEN `k` = ? AND `l` = ? THEN ? END, \
                         `b` = CASE WHEN `k` = ? AND `l` = ? THEN ? END \
                         WHERE (`k` = ? AND `l` = ?)";
        assert_eq!(update_statement(&update, 1), statement);
        let row = vec![1_i64.into(), Value::String(None), "x".into(), 2_i64.into()];
        let key = [Value::from("x"), Value::from(2_i64)];
        let expected = [&key[..], &row[..1], &key, &row[1..2], &key].concat();
        assert_eq!(update_values(&update, &[row]), expected);
    }

    #[test]
    fn added_rows_share_a_statement() {
        let expected = "INSERT INTO `t` (`a`, `b`) VALUES (?, ?), (?, ?)";
        assert_eq!(insert_statement("t", &["a", "b"], 2), expected);
    }
}
