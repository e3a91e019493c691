//! The size of a table and of its rows.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::TableSize;
use sea_query::Value;

use crate::connection::Connection;
use crate::error::Context;
use crate::quoting::{literal, quote};
use crate::{rows, text_protocol};

/// InnoDB's estimate of a table's row count, and the bytes of the table and its indexes.
const MEASURE: &str = "SELECT TABLE_ROWS, DATA_LENGTH + INDEX_LENGTH, INDEX_LENGTH \
                       FROM information_schema.TABLES \
                       WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?";

/// The most rows of a table whose rows are counted.
///
/// The server's estimate of a small number of rows can be hours old.
const COUNTED_ROWS: u64 = 1_000_000;

/// Returns the row count and bytes of a table.
///
/// The bytes, and the row count of a large table, are estimates of the server.
pub(crate) async fn of(
    connection: &mut Connection,
    table: &str,
    context: &Context,
) -> Result<TableSize, Error> {
    let found = rows::fetch_soon(connection, MEASURE, vec![table.into()]).await;
    let found = found.map_err(|source| context.error(&format!("measuring {table}"), source))?;
    let number = |at: usize| match found.first().and_then(|row| row.get(at)) {
        Some(Value::BigInt(Some(number))) => Some(number.unsigned_abs()),
        _ => None,
    };
    let mut rows = number(0).unwrap_or_default();
    if rows < COUNTED_ROWS {
        let counted = format!("SELECT COUNT(*) FROM {}", quote(table));
        let counted = text_protocol::value_of_tables(connection, counted).await;
        let counted =
            counted.map_err(|source| context.error(&format!("counting {table}"), source))?;
        rows = counted.and_then(|count| count.parse().ok()).unwrap_or(rows);
    }
    Ok(TableSize { rows, bytes: number(1), index_bytes: number(2) })
}

/// Returns the average length of a table's rows in bytes, as the server estimates it.
pub(crate) async fn row_bytes(
    connection: &mut Connection,
    table: &str,
    context: &Context,
) -> Result<u64, Error> {
    let sql = format!(
        "SELECT AVG_ROW_LENGTH FROM information_schema.TABLES \
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {}",
        literal(table)
    );
    let found = text_protocol::value(connection, sql).await;
    let found = found.map_err(|source| context.error("reading sizes", source))?;
    Ok(found.and_then(|length| length.parse().ok()).unwrap_or(0))
}
