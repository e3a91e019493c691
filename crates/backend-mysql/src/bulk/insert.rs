//! Renders rows as statements.

use mlflow_migrate_core::backend::Filling;
use mlflow_migrate_core::rows::Row;

use crate::connection::Connection;
use crate::quoting::quote;
use crate::rows;
use crate::text_protocol;

/// The most bytes of a statement with several rows.
const FULL: usize = 256 << 10;

/// Adds rows, many with each statement; each statement commits.
///
/// `most` is the length of the longest statement.
pub(super) async fn insert(
    connection: &mut Connection,
    filling: &Filling,
    batch: Vec<Row>,
    most: usize,
) -> Result<u64, sqlx::Error> {
    let names: Vec<String> = filling.columns.iter().map(|column| quote(column)).collect();
    let head = format!("INSERT INTO {} ({}) VALUES ", quote(&filling.table.name), names.join(", "));
    let full = FULL.min(most / 2);
    let mut added = 0;
    let mut sql = head.clone();
    for row in batch {
        let values: Vec<String> = row.iter().map(rows::literal).collect();
        let values = format!("({})", values.join(", "));
        let is_empty = sql.len() == head.len();
        if !is_empty && sql.len() + values.len() > full {
            added +=
                text_protocol::run(connection, std::mem::replace(&mut sql, head.clone())).await?;
        } else if !is_empty {
            sql.push(',');
        }
        if head.len() + values.len() > full {
            added += insert_alone(connection, &head, row).await?;
        } else {
            sql += &values;
        }
    }
    if sql.len() > head.len() {
        added += text_protocol::run(connection, sql).await?;
    }
    Ok(added)
}

/// Adds a long row, whose values are sent as they are instead of as literals.
async fn insert_alone(
    connection: &mut Connection,
    head: &str,
    row: Row,
) -> Result<u64, sqlx::Error> {
    let places = vec!["?"; row.len()].join(", ");
    rows::run(connection, format!("{head}({places})"), row).await
}
