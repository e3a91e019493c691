//! Reads and writes the rows of whole tables.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{Batch, Filling, Reading, RowReceiver, RowSender};
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::rows::Row;
use sea_query::Value;
use sqlx::AssertSqlSafe;

use crate::database::Postgres;
use crate::render::{column_list, quote_identifier};
use crate::rows::decode_row;
use crate::statements;

/// Sends all rows of a table.
pub(crate) async fn read(
    database: &mut Postgres,
    reading: &Reading,
    to: RowSender,
) -> Result<(), Error> {
    match send_rows(database, select(reading), &to).await {
        Ok(()) => Ok(()),
        Err(source) => {
            let action = format!("reading {}", reading.table);
            Err(statements::failed(database, &action, source).await)
        }
    }
}

fn select(reading: &Reading) -> String {
    let distinct = if reading.is_distinct { "DISTINCT " } else { "" };
    let order = match reading.order_by.as_slice() {
        [] => String::new(),
        columns => format!(" ORDER BY {}", names(columns)),
    };
    let table = quote_identifier(&reading.table);
    format!("SELECT {distinct}{} FROM {table}{order}", names(&reading.columns))
}

fn names(columns: &[String]) -> String {
    column_list(&columns.iter().map(String::as_str).collect::<Vec<_>>())
}

async fn send_rows(database: &mut Postgres, sql: String, to: &RowSender) -> sqlx::Result<()> {
    tracing::debug!(sql, "statement");
    let query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    let mut rows = query.fetch(&mut database.connection);
    let mut batch = Batch::default();
    while let Some(row) = database.line.next(&mut rows).await? {
        if let Some(full) = batch.add(decode_row(&row)?)
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

/// Adds all rows that arrive, by one `COPY`.
pub(crate) async fn write(
    database: &mut Postgres,
    filling: &Filling,
    mut rows: RowReceiver,
    progress: &Progress,
) -> Result<u64, Error> {
    let Some(first) = rows.recv().await else { return Ok(0) };
    let table = quote_identifier(&filling.table.name);
    // The transaction has created the table, so nobody else sees it before its rows are visible to
    // everybody. Frozen rows are not written again when they are first read, nor by a vacuum.
    let sql = format!("COPY {table} ({}) FROM STDIN WITH (FREEZE)", names(&filling.columns));
    match copy_in(database, &sql, first, rows, progress).await {
        Ok(added) => added,
        Err(source) => {
            let action = format!("filling {}", filling.table.name);
            Err(statements::failed(database, &action, source).await)
        }
    }
}

/// Sends the rows, and returns the server's count; the inner error is that of a stop.
async fn copy_in(
    database: &mut Postgres,
    sql: &str,
    first: Vec<Row>,
    mut rows: RowReceiver,
    progress: &Progress,
) -> sqlx::Result<Result<u64, Error>> {
    tracing::debug!(sql, "statement");
    let line = database.line.clone();
    let mut copy = line.long(database.connection.copy_in_raw(sql)).await?;
    let mut text = Vec::new();
    let mut next = Some(first);
    while let Some(batch) = next {
        if let Err(stopped) = progress.check() {
            copy.abort("the user has stopped the copy").await?;
            return Ok(Err(stopped));
        }
        text.clear();
        batch.iter().for_each(|row| write_row(row, &mut text));
        copy.send(text.as_slice()).await?;
        next = rows.recv().await;
    }
    line.long(copy.finish()).await.map(Ok)
}

/// Appends a row in the text format of `COPY` (PostgreSQL manual, "COPY", "Text Format").
fn write_row(row: &[Value], to: &mut Vec<u8>) {
    for (place, value) in row.iter().enumerate() {
        if place > 0 {
            to.push(b'\t');
        }
        write_value(value, to);
    }
    to.push(b'\n');
}

fn write_value(value: &Value, to: &mut Vec<u8>) {
    match value {
        Value::Bool(Some(flag)) => to.push(if *flag { b't' } else { b'f' }),
        Value::BigInt(Some(number)) => to.extend(number.to_string().bytes()),
        Value::Double(Some(number)) if number.is_infinite() => {
            to.extend(if *number > 0.0 { &b"Infinity"[..] } else { b"-Infinity" });
        }
        // Rust writes the fewest digits that identify the number.
        Value::Double(Some(number)) => to.extend(format!("{number:e}").bytes()),
        Value::String(Some(text)) => write_escaped(text, to),
        Value::Bytes(Some(bytes)) => {
            to.extend(b"\\\\x");
            for byte in bytes {
                to.extend(format!("{byte:02x}").bytes());
            }
        }
        _ => to.extend(b"\\N"),
    }
}

fn write_escaped(text: &str, to: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'\\' => to.extend(b"\\\\"),
            b'\n' => to.extend(b"\\n"),
            b'\r' => to.extend(b"\\r"),
            b'\t' => to.extend(b"\\t"),
            byte => to.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_query::Value;

    use super::write_row;

    #[test]
    fn every_value_has_a_text() {
        let row = [
            true.into(),
            i64::MIN.into(),
            (-1.5e300).into(),
            f64::NAN.into(),
            f64::NEG_INFINITY.into(),
            "a\tb\\N\n\r".into(),
            "".into(),
            vec![0_u8, 255].into(),
            Value::String(None),
        ];
        let mut text = Vec::new();
        write_row(&row, &mut text);
        let expected = "t\t-9223372036854775808\t-1.5e300\tNaN\t-Infinity\ta\\tb\\\\N\\n\\r\t\t\\\\x00ff\t\\N\n";
        assert_eq!(str::from_utf8(&text), Ok(expected));
    }
}
