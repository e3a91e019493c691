//! How large a table is.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::TableSize;
use sea_query::Value;

use crate::connection::Connection;
use crate::error::Context;
use crate::rows;

/// InnoDB's estimate of the rows of a table, and what it and its indexes take. Counting a table
/// exactly means reading all of it.
const MEASURE: &str = "SELECT TABLE_ROWS, DATA_LENGTH + INDEX_LENGTH \
                       FROM information_schema.TABLES \
                       WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?";

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
    Ok(TableSize { rows: number(0).unwrap_or_default(), bytes: number(1) })
}
