//! Reads and writes the rows of whole tables.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{Batch, Filling, Reading, RowReceiver, RowSender};
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::rows::Row;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Statement};
use sea_query::Value;

use crate::connection::CACHE_SIZE;
use crate::ddl::quote_identifier;
use crate::error::Context;
use crate::render::column_list;
use crate::rows;

/// The page cache's size while a table is scanned, which uses no page twice; negative means KiB.
const SCANNING_CACHE_SIZE: i32 = -2_000;

/// Sends all rows of a table.
pub(crate) fn read(
    connection: &Connection,
    reading: &Reading,
    to: &RowSender,
    context: Context<'_>,
) -> Result<(), Error> {
    let send = || {
        connection.pragma_update(None, "cache_size", SCANNING_CACHE_SIZE)?;
        send_rows(&mut connection.prepare(&select(reading))?, to)?;
        connection.execute_batch("PRAGMA shrink_memory")?;
        connection.pragma_update(None, "cache_size", CACHE_SIZE)
    };
    send().map_err(|source| context.error(&format!("reading {}", reading.table), source))
}

fn select(reading: &Reading) -> String {
    let distinct = if reading.is_distinct { "DISTINCT " } else { "" };
    let order = match reading.order_by.as_slice() {
        [] => String::new(),
        columns => format!(" ORDER BY {}", column_list(columns)),
    };
    format!(
        "SELECT {distinct}{} FROM {}{order}",
        column_list(&reading.columns),
        quote_identifier(&reading.table)
    )
}

fn send_rows(statement: &mut Statement<'_>, to: &RowSender) -> rusqlite::Result<()> {
    let columns = statement.column_count();
    let mut found = statement.query([])?;
    let mut batch = Batch::default();
    while let Some(row) = found.next()? {
        let values: rusqlite::Result<Row> =
            (0..columns).map(|at| row.get_ref(at).map(value)).collect();
        if let Some(full) = batch.add(values?)
            && to.blocking_send(full).is_err()
        {
            return Ok(());
        }
    }
    if let Some(rest) = batch.rest() {
        // Nobody receives the rows any more, and nobody misses them.
        let _ = to.blocking_send(rest);
    }
    Ok(())
}

/// Returns a value as it is stored; a text that is not UTF-8 as its bytes.
fn value(stored: ValueRef<'_>) -> Value {
    match stored {
        ValueRef::Null => Value::String(None),
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(bytes) => match str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => bytes.to_vec().into(),
        },
        ValueRef::Blob(bytes) => bytes.to_vec().into(),
    }
}

/// Adds all rows that arrive.
pub(crate) fn write(
    connection: &Connection,
    filling: &Filling,
    mut rows: RowReceiver,
    progress: &Progress,
    context: Context<'_>,
) -> Result<u64, Error> {
    let columns: Vec<&str> = filling.columns.iter().map(String::as_str).collect();
    let mut added = 0;
    while let Some(batch) = rows.blocking_recv() {
        progress.check()?;
        added += rows::insert(connection, &filling.table.name, &columns, batch, context)?;
    }
    Ok(added)
}
