//! Measures tables.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::TableSize;
use rusqlite::Connection;

use crate::ddl::quote_identifier;
use crate::error::Context;

/// Returns a table's row count, and the bytes of the pages of the table and its indexes.
pub(crate) fn of(
    connection: &Connection,
    table: &str,
    context: Context<'_>,
) -> Result<TableSize, Error> {
    let measure = || {
        let rows = rows_of(connection, &quote_identifier(table))?;
        let [bytes, index_bytes]: [Option<i64>; 2] = connection.query_row(
            "SELECT sum(pgsize), sum(CASE WHEN name = ?1 THEN 0 ELSE pgsize END) \
             FROM dbstat WHERE aggregate = TRUE AND name IN ( \
             SELECT name FROM sqlite_schema WHERE tbl_name = ?1)",
            [table],
            |row| Ok([row.get(0)?, row.get(1)?]),
        )?;
        let [bytes, index_bytes] = [bytes, index_bytes].map(|bytes| bytes.map(i64::unsigned_abs));
        Ok(TableSize { rows, bytes, index_bytes })
    };
    measure().map_err(|source| context.error(&format!("measuring {table}"), source))
}

/// Returns a table's row count.
pub(crate) fn rows_of(connection: &Connection, quoted_table: &str) -> rusqlite::Result<u64> {
    let sql = format!("SELECT count(*) FROM {quoted_table}");
    connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}
