//! Finds out how far the step of another session's upgrade is.
//!
//! Core reads the step itself from the journal. The server's list of connections shows what the
//! upgrade's first connection does, and the notes of ranges show how many rows are copied.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::RunningStep;
use mlflow_migrate_core::event::Amount;

use crate::database::Mysql;
use crate::quoting::literal;
use crate::ranged::notes;
use crate::{lock, text_protocol};

/// Returns how far the step is.
pub(crate) async fn read(database: &mut Mysql) -> Result<Option<RunningStep>, Error> {
    let phase = phase(database).await.ok().flatten().filter(|phase| !phase.is_empty());
    let notes = notes::of_latest(&mut database.connection, &database.context).await?;
    let filled = notes.iter().filter(|note| note.done && note.range.is_some()).count() as u64;
    let amount = match notes.last() {
        Some(note) if filled > 0 => {
            let about = filled.saturating_mul(database.range_rows.into());
            let total = estimate(database, &note.table).await.ok().flatten().unwrap_or_default();
            Some(Amount { is_estimate: true, ..Amount::rows_of_about(about, total) })
        }
        _ => None,
    };
    Ok(Some(RunningStep { phase, amount, ..RunningStep::default() }))
}

/// Returns what the connection that holds the upgrade's lock does, in the server's words.
///
/// The server may be unable to list its connections at this moment.
async fn phase(database: &mut Mysql) -> Result<Option<String>, sqlx::Error> {
    let name = lock::lock_name(&mut database.connection).await?;
    let sql = format!(
        "SELECT STATE FROM information_schema.PROCESSLIST \
         WHERE COMMAND IN ('Query', 'Execute') AND ID = IS_USED_LOCK({})",
        literal(&name)
    );
    text_protocol::value(&mut database.connection, sql).await
}

/// Returns the server's own estimate of a table's row count.
async fn estimate(database: &mut Mysql, table: &str) -> Result<Option<u64>, sqlx::Error> {
    let sql = format!(
        "SELECT TABLE_ROWS FROM information_schema.TABLES \
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {}",
        literal(table)
    );
    let rows = text_protocol::value(&mut database.connection, sql).await?;
    Ok(rows.and_then(|rows| rows.parse().ok()))
}
