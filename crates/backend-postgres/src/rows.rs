//! Runs the statements of data migrations.

pub(crate) mod truncate;
mod value;

use std::collections::HashMap;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::rows::{KeyedUpdate, Row, build};
use sea_query::{PostgresQueryBuilder, QueryStatement, SelectStatement, Value, Values};
use sqlx::postgres::{PgArguments, PgRow, PgStatement};
use sqlx::{Arguments as _, AssertSqlSafe, Either, Executor, Row as _, SqlSafeStr, Statement};

use self::value::Parameter;
use crate::database::Postgres;
use crate::error::ServerMessage;
use crate::render::{column_list, quote_identifier, quote_literal};
use crate::statements;

/// The bytes of values after which a statement takes no more rows, to fit into one TLS record.
///
/// A record holds 16 KB, and sqlx 0.9.0 leaves Nagle's algorithm on (transact-rs/sqlx#4335). So a
/// second record would wait up to 40 ms for the server's acknowledgement of the first. A few more
/// round trips cost less.
const ONE_PIECE: usize = 14_000;

/// The bytes that each value takes in an array besides its text.
const ARRAY_ITEM: usize = 4;

/// Runs a statement, and returns the number of rows that it changed.
pub(crate) async fn execute(
    database: &mut Postgres,
    statement: &QueryStatement,
) -> Result<u64, Error> {
    let action = "changing rows";
    let (sql, values) = build(statement, PostgresQueryBuilder);
    let (statement, arguments) = prepare(database, sql, values, action).await?;
    let query = statement.query_with(arguments);
    match database.line.long(query.execute(&mut database.connection)).await {
        Ok(done) => Ok(done.rows_affected()),
        Err(source) => Err(statements::failed(database, action, source).await),
    }
}

/// Runs a query.
pub(crate) async fn query(
    database: &mut Postgres,
    select: &SelectStatement,
) -> Result<Vec<Row>, Error> {
    let action = "reading rows";
    let (sql, values) = select.build(PostgresQueryBuilder);
    let (statement, arguments) = prepare(database, sql, values, action).await?;
    let query = statement.query_with(arguments);
    let rows = match database.line.long(query.fetch_all(&mut database.connection)).await {
        Ok(rows) => rows,
        Err(source) => return Err(statements::failed(database, action, source).await),
    };
    let decoded: Result<Vec<Row>, _> = rows.iter().map(decode_row).collect();
    decoded.map_err(|source| database.context().error(action, source))
}

/// Prepares a statement, and encodes each value in the type that the server expects.
async fn prepare(
    database: &mut Postgres,
    sql: String,
    values: Values,
    action: &str,
) -> Result<(PgStatement, PgArguments), Error> {
    tracing::debug!(sql, "statement");
    let statement = match database.connection.prepare(AssertSqlSafe(sql).into_sql_str()).await {
        Ok(statement) => statement,
        Err(source) => return Err(statements::failed(database, action, source).await),
    };
    let types = match statement.parameters() {
        Some(Either::Left(types)) => types.to_vec(),
        Some(Either::Right(_)) | None => Vec::new(),
    };
    let mut arguments = PgArguments::default();
    for (value, type_info) in values.into_iter().zip(types) {
        let added = arguments.add(Parameter { value, type_info });
        added.map_err(|error| database.context().error(action, sqlx::Error::Encode(error)))?;
    }
    Ok((statement, arguments))
}

/// Updates rows by their keys, many rows with each statement.
pub(crate) async fn update(
    database: &mut Postgres,
    update: &KeyedUpdate,
    rows: Vec<Row>,
) -> Result<u64, Error> {
    let action = format!("updating {}", update.table);
    let columns: Vec<&str> = update.columns.iter().chain(update.key).copied().collect();
    let types = types_of(database, update.table, &columns, &action).await?;
    let source = |place: usize| {
        let type_name = types.get(place).map_or("", String::as_str);
        format!("v.c{place}::{type_name}")
    };
    let assignments: Vec<String> = update
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| format!("{} = {}", quote_identifier(column), source(place)))
        .collect();
    let conditions: Vec<String> = update
        .key
        .iter()
        .zip(update.columns.len()..)
        .map(|(column, place)| format!("t.{} = {}", quote_identifier(column), source(place)))
        .collect();
    let sql = format!(
        "UPDATE {} AS t SET {} FROM {} WHERE {}",
        quote_identifier(update.table),
        assignments.join(", "),
        arrays(columns.len()),
        conditions.join(" AND ")
    );
    run_with_arrays(database, sql, columns.len(), rows, &action).await
}

/// Inserts rows, many with each statement.
pub(crate) async fn insert(
    database: &mut Postgres,
    table: &str,
    columns: &[&str],
    rows: Vec<Row>,
) -> Result<u64, Error> {
    let action = format!("filling {table}");
    let types = types_of(database, table, columns, &action).await?;
    let values: Vec<String> = types
        .iter()
        .enumerate()
        .map(|(place, type_name)| format!("v.c{place}::{type_name}"))
        .collect();
    let sql = format!(
        "INSERT INTO {} ({}) SELECT {} FROM {}",
        quote_identifier(table),
        column_list(columns),
        values.join(", "),
        arrays(columns.len())
    );
    run_with_arrays(database, sql, columns.len(), rows, &action).await
}

/// Runs a statement for all rows, sending each column as one array of texts.
///
/// The server reads every type exactly from its text, and one statement serves any number of rows.
async fn run_with_arrays(
    database: &mut Postgres,
    sql: String,
    width: usize,
    rows: Vec<Row>,
    action: &str,
) -> Result<u64, Error> {
    let sql = AssertSqlSafe(sql).into_sql_str();
    let mut rows = rows.into_iter().peekable();
    let mut changed = 0;
    while rows.peek().is_some() {
        let mut arrays: Vec<Vec<Option<String>>> = vec![Vec::new(); width];
        let mut bytes = 0;
        while let Some(row) = rows.next_if(|_| bytes < ONE_PIECE) {
            for (array, value) in arrays.iter_mut().zip(&row) {
                let text = value::to_text(value);
                bytes += text.as_ref().map_or(0, String::len) + ARRAY_ITEM;
                array.push(text);
            }
        }
        let query = arrays.into_iter().fold(sqlx::query(sql.clone()), sqlx::query::Query::bind);
        match database.line.long(query.execute(&mut database.connection)).await {
            Ok(done) => changed += done.rows_affected(),
            Err(source) => return Err(statements::failed(database, action, source).await),
        }
    }
    Ok(changed)
}

/// Returns the types of columns, without their lengths.
///
/// A cast to a length would truncate a value, where storing the value reports an error.
async fn types_of(
    database: &mut Postgres,
    table: &str,
    columns: &[&str],
    action: &str,
) -> Result<Vec<String>, Error> {
    if !database.column_types.contains_key(table) {
        let types = read_types(database, table, action).await?;
        database.column_types.insert(table.to_owned(), types);
    }
    let known = database.column_types.get(table);
    columns
        .iter()
        .map(|column| {
            let found = known.and_then(|types| types.get(*column));
            found.cloned().ok_or_else(|| Error::Database {
                action: action.to_owned(),
                source: Box::new(ServerMessage::new(format!("{table} has no {column}"))),
            })
        })
        .collect()
}

async fn read_types(
    database: &mut Postgres,
    table: &str,
    action: &str,
) -> Result<HashMap<String, String>, Error> {
    let sql = format!(
        "SELECT a.attname::text, quote_ident(n.nspname) || '.' || quote_ident(t.typname) \
         FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
         JOIN pg_namespace n ON n.oid = t.typnamespace \
         WHERE a.attrelid = {}::regclass AND a.attnum > 0 AND NOT a.attisdropped",
        quote_literal(&quote_identifier(table))
    );
    let query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    let rows = match database.line.rows(query.fetch(&mut database.connection)).await {
        Ok(rows) => rows,
        Err(source) => return Err(statements::failed(database, action, source).await),
    };
    let pairs = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    let types: sqlx::Result<HashMap<String, String>> = pairs.collect();
    types.map_err(|source| database.context().error(action, source))
}

/// Renders `unnest($1::text[], …) AS v (c0, …)`.
fn arrays(width: usize) -> String {
    let parameters: Vec<String> = (1..=width).map(|number| format!("${number}::text[]")).collect();
    let names: Vec<String> = (0..width).map(|place| format!("c{place}")).collect();
    format!("unnest({}) AS v ({})", parameters.join(", "), names.join(", "))
}

/// Returns the values of a row.
pub(crate) fn decode_row(row: &PgRow) -> sqlx::Result<Row> {
    (0..row.len())
        .map(|at| {
            let decoded = value::decode(&row.try_get_raw(at)?);
            decoded.map_err(|source| sqlx::Error::ColumnDecode { index: at.to_string(), source })
        })
        .collect::<sqlx::Result<Vec<Value>>>()
}
