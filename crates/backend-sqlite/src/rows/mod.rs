//! Runs the statements of data migrations.

pub(crate) mod deferred_update;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::rows::{KeyedUpdate, Row, build};
use rusqlite::types::{Value as SqliteValue, ValueRef};
use rusqlite::{Connection, params_from_iter};
use sea_query::{QueryStatement, SelectStatement, SqliteQueryBuilder, Value};

use crate::ddl::quote_identifier;
use crate::error::Context;
use crate::render::column_list;

/// Runs a statement, and returns the number of rows that it changed.
pub(crate) fn execute(
    connection: &Connection,
    statement: &QueryStatement,
    context: Context<'_>,
) -> Result<u64, Error> {
    let (sql, values) = build(statement, SqliteQueryBuilder);
    run(connection, &sql, values).map_err(|source| context.error("changing rows", source))
}

fn run(
    connection: &Connection,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> rusqlite::Result<u64> {
    let values: Vec<SqliteValue> =
        values.into_iter().map(to_sqlite).collect::<rusqlite::Result<_>>()?;
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute(params_from_iter(values)).map(|changed| changed as u64)
}

/// Runs a query.
pub(crate) fn query(
    connection: &Connection,
    select: &SelectStatement,
    context: Context<'_>,
) -> Result<Vec<Row>, Error> {
    let (sql, values) = select.build(SqliteQueryBuilder);
    let fetch = || {
        let values: Vec<SqliteValue> =
            values.into_iter().map(to_sqlite).collect::<rusqlite::Result<_>>()?;
        let mut statement = connection.prepare_cached(&sql)?;
        let columns = statement.column_count();
        let mut found = statement.query(params_from_iter(values))?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            rows.push(
                (0..columns)
                    .map(|at| from_sqlite(row.get_ref(at)?, at))
                    .collect::<rusqlite::Result<Row>>()?,
            );
        }
        Ok(rows)
    };
    fetch().map_err(|source| context.error("reading rows", source))
}

/// Updates rows by their keys.
pub(crate) fn update(
    connection: &Connection,
    update: &KeyedUpdate,
    rows: Vec<Row>,
    context: Context<'_>,
) -> Result<u64, Error> {
    let assignments = |columns: &[&str], separator: &str| {
        let each: Vec<String> =
            columns.iter().map(|column| format!("{} = ?", quote_identifier(column))).collect();
        each.join(separator)
    };
    let sql = format!(
        "UPDATE {} SET {} WHERE {}",
        quote_identifier(update.table),
        assignments(update.columns, ", "),
        assignments(update.key, " AND ")
    );
    run_each(connection, &sql, rows)
        .map_err(|source| context.error(&format!("updating {}", update.table), source))
}

/// Inserts rows.
pub(crate) fn insert(
    connection: &Connection,
    table: &str,
    columns: &[&str],
    rows: Vec<Row>,
    context: Context<'_>,
) -> Result<u64, Error> {
    let places = vec!["?"; columns.len()].join(", ");
    let sql = format!(
        "INSERT INTO {} ({}) VALUES ({places})",
        quote_identifier(table),
        column_list(columns)
    );
    run_each(connection, &sql, rows)
        .map_err(|source| context.error(&format!("filling {table}"), source))
}

/// Runs a statement for each row.
pub(crate) fn run_each(
    connection: &Connection,
    sql: &str,
    rows: Vec<Row>,
) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut changed = 0;
    for row in rows {
        for (place, value) in (1..).zip(row) {
            statement.raw_bind_parameter(place, to_sqlite(value)?)?;
        }
        changed += statement.raw_execute()? as u64;
    }
    Ok(changed)
}

fn to_sqlite(value: Value) -> rusqlite::Result<SqliteValue> {
    let integer = |number: Option<i64>| number.map_or(SqliteValue::Null, SqliteValue::Integer);
    Ok(match value {
        Value::Bool(flag) => integer(flag.map(i64::from)),
        Value::TinyInt(number) => integer(number.map(i64::from)),
        Value::SmallInt(number) => integer(number.map(i64::from)),
        Value::Int(number) => integer(number.map(i64::from)),
        Value::BigInt(number) => integer(number),
        Value::TinyUnsigned(number) => integer(number.map(i64::from)),
        Value::SmallUnsigned(number) => integer(number.map(i64::from)),
        Value::Unsigned(number) => integer(number.map(i64::from)),
        Value::BigUnsigned(Some(number)) => SqliteValue::Integer(
            i64::try_from(number)
                .map_err(|source| rusqlite::Error::ToSqlConversionFailure(Box::new(source)))?,
        ),
        Value::Float(number) => number.map_or(SqliteValue::Null, |one| f64::from(one).into()),
        Value::Double(number) => number.map_or(SqliteValue::Null, SqliteValue::Real),
        Value::String(text) => text.map_or(SqliteValue::Null, SqliteValue::Text),
        Value::Char(one) => one.map_or(SqliteValue::Null, |one| one.to_string().into()),
        Value::Bytes(bytes) => bytes.map_or(SqliteValue::Null, SqliteValue::Blob),
        Value::BigUnsigned(None) | Value::Enum(_) => SqliteValue::Null,
    })
}

fn from_sqlite(value: ValueRef<'_>, column: usize) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::String(None),
        ValueRef::Integer(number) => Value::BigInt(Some(number)),
        ValueRef::Real(number) => Value::Double(Some(number)),
        ValueRef::Text(bytes) => {
            let text = str::from_utf8(bytes)
                .map_err(|source| rusqlite::Error::Utf8Error(column, source))?;
            Value::String(Some(text.to_owned()))
        }
        ValueRef::Blob(bytes) => Value::Bytes(Some(bytes.to_vec())),
    })
}
