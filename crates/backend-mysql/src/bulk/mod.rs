//! Reads and writes the rows of whole tables.

mod insert;
mod write;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{Batch, Reading, RowSender};
use sqlx::AssertSqlSafe;

pub(crate) use write::write;

use crate::connection::Connection;
use crate::database::Mysql;
use crate::error::Context;
use crate::quoting::quote;
use crate::{rows, text_protocol};

/// What a message of the server's protocol takes besides a row's values.
const AROUND_A_ROW: u64 = 16 << 10;

/// Sends all rows of a table.
pub(crate) async fn read(
    database: &mut Mysql,
    reading: &Reading,
    to: RowSender,
) -> Result<(), Error> {
    let sent = send_rows(&mut database.connection, select(reading), &to).await;
    sent.map_err(|source| database.context.error(&format!("reading {}", reading.table), source))
}

fn select(reading: &Reading) -> String {
    let names = |columns: &[String]| {
        columns.iter().map(|column| quote(column)).collect::<Vec<_>>().join(", ")
    };
    let table = quote(&reading.table);
    if reading.is_distinct {
        // Equal are only texts of equal bytes, whatever the collation.
        let value = |column: &String| format!("CONVERT({} USING utf8mb4)", quote(column));
        let values: Vec<String> = reading.columns.iter().map(value).collect();
        let bytes: Vec<String> =
            values.iter().map(|value| format!("CAST({value} AS BINARY)")).collect();
        return format!("SELECT {} FROM {table} GROUP BY {}", values.join(", "), bytes.join(", "));
    }
    let order = match reading.order_by.as_slice() {
        [] => String::new(),
        columns => format!(" ORDER BY {}", names(columns)),
    };
    format!("SELECT {} FROM {table}{order}", names(&reading.columns))
}

async fn send_rows(
    connection: &mut Connection,
    sql: String,
    to: &RowSender,
) -> Result<(), sqlx::Error> {
    tracing::debug!(sql, "statement");
    let query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    let mut rows = query.fetch(&mut connection.driver);
    let mut batch = Batch::default();
    while let Some(row) = connection.line.next(&mut rows).await? {
        if let Some(full) = batch.add(rows::of_row(&row)?)
            && to.send(full).await.is_err()
        {
            return Ok(());
        }
    }
    if let Some(rest) = batch.rest() {
        // Nobody receives the rows any more, and nobody misses them.
        let _ = to.send(rest).await;
    }
    Ok(())
}

/// Returns the server's sort keys of texts in a collation.
pub(crate) async fn sort_keys(
    connection: &mut Connection,
    collation: &str,
    texts: &[String],
    context: &Context,
) -> Result<Vec<String>, Error> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let charset = collation.split('_').next().unwrap_or(collation);
    let key = |text: &String| {
        let text = if pads(collation) { text.trim_end_matches(' ') } else { text };
        let text = rows::literal(&text.into());
        format!("HEX(WEIGHT_STRING(CONVERT({text} USING {charset}) COLLATE {collation}))")
    };
    let keys: Vec<String> = texts.iter().map(key).collect();
    let sql = format!("SELECT {}", keys.join(", "));
    let found = text_protocol::rows_of_tables(connection, sql).await;
    let found = found.map_err(|source| context.error("comparing keys", source))?;
    Ok(found.into_iter().flatten().map(Option::unwrap_or_default).collect())
}

/// Returns whether a collation ignores spaces at the end.
fn pads(collation: &str) -> bool {
    let is_binary = collation == "binary";
    !is_binary && !collation.contains("_0900_") && !collation.contains("nopad")
}

/// Returns the most bytes of a row that fits into one message to the server.
pub(crate) async fn most_row_bytes(database: &mut Mysql) -> Result<Option<u64>, Error> {
    let packet = max_packet(&mut database.connection, &database.context).await?;
    Ok(Some(packet.saturating_sub(AROUND_A_ROW)))
}

/// Returns the length of the longest message that the server takes.
async fn max_packet(connection: &mut Connection, context: &Context) -> Result<u64, Error> {
    let found = text_protocol::value(connection, "SELECT @@SESSION.max_allowed_packet").await;
    let found = found.map_err(|source| context.error("reading settings", source))?;
    Ok(found.and_then(|text| text.parse().ok()).unwrap_or(1 << 20))
}
