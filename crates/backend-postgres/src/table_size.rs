//! Measures tables.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::TableSize;

use crate::database::Postgres;
use crate::render::{quote_identifier, quote_literal};
use crate::statements;

/// The most bytes of a table whose rows are counted.
///
/// Above this limit, the server's own estimate is good enough, and counting would read the whole
/// table.
const COUNTED_BYTES: i64 = 64 * 1024 * 1024;

/// Measures a table: its rows, and its bytes with its indexes.
pub(crate) async fn measure(database: &mut Postgres, table: &str) -> Result<TableSize, Error> {
    let action = format!("measuring {table}");
    let quoted = quote_identifier(table);
    let sql = format!(
        "SELECT pg_total_relation_size(c.oid), pg_indexes_size(c.oid), pg_relation_size(c.oid), \
         c.reltuples::int8 \
         FROM pg_class c WHERE c.oid = {}::regclass",
        quote_literal(&quoted)
    );
    let measured = statements::numbers(database, sql, &action).await?;
    let [total, indexes, own, estimate] = measured.as_slice() else {
        return Ok(TableSize::default());
    };
    // Zero, or before PostgreSQL 14 also -1, means that the table was never analyzed.
    let rows = if *own <= COUNTED_BYTES || *estimate <= 0 {
        statements::count(database, format!("SELECT count(*) FROM {quoted}"), &action).await?
    } else {
        *estimate
    };
    Ok(TableSize {
        rows: rows.unsigned_abs(),
        bytes: Some(total.unsigned_abs()),
        index_bytes: Some(indexes.unsigned_abs()),
    })
}
