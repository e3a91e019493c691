//! Records which ranges of a table are filled, beside the journal of the upgrade.
//!
//! A range is recorded before the fill, and marked as done in the transaction that fills it. So the
//! recorded ranges have no gap, and a range that is not done has no rows.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::Remedy;
use serde::{Deserialize, Serialize};

use super::range::Range;
use crate::connection::Connection;
use crate::error::{Context, is_missing_table};
use crate::journal::{OWNER, TABLE};
use crate::quoting::literal;
use crate::tables::NO_VIEW;
use crate::text_protocol;

/// The number of the first note of a range; the journal's own rows come before it.
const FIRST: u32 = 2;

/// The table name of a note that cancels all notes before it.
const CLEARED: &str = "";

/// The most notes to delete; deleting more would not be a small transaction.
const MOST_DELETED: u64 = 64;

/// The state of one range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// The table that is filled or swapped.
    pub(crate) table: String,
    /// `None` records that the new table has its columns.
    pub(crate) range: Option<Range>,
    /// Whether the range is filled.
    pub(crate) done: bool,
}

/// Reads the notes of a table in their order, with their numbers.
pub(crate) async fn read(
    connection: &mut Connection,
    table: &str,
    context: &Context,
) -> Result<Vec<(u32, Note)>, Error> {
    let mut notes = read_all(connection, context).await?;
    notes.retain(|(_, note)| note.table == table);
    Ok(notes)
}

/// Reads the notes of the table that is filled last.
pub(crate) async fn of_latest(
    connection: &mut Connection,
    context: &Context,
) -> Result<Vec<Note>, Error> {
    let notes = read_all(connection, context).await?;
    let mut notes: Vec<Note> = notes.into_iter().map(|(_, note)| note).collect();
    if let Some(table) = notes.last().map(|note| note.table.clone()) {
        notes.retain(|note| note.table == table);
    }
    Ok(notes)
}

async fn read_all(
    connection: &mut Connection,
    context: &Context,
) -> Result<Vec<(u32, Note)>, Error> {
    let sql = format!(
        "SELECT id, note FROM {TABLE}{NO_VIEW} WHERE id >= {FIRST} AND id < {OWNER} ORDER BY id"
    );
    let rows = match text_protocol::rows(connection, sql).await {
        Err(source) if is_missing_table(&source) => return Ok(Vec::new()),
        rows => {
            rows.map_err(|source| context.error("reading how far a table is filled", source))?
        }
    };
    let mut notes = Vec::new();
    for row in rows {
        let mut cells = row.into_iter().flatten();
        let number = cells.next().and_then(|number| number.parse().ok()).unwrap_or(FIRST);
        let note: Note = serde_json::from_str(&cells.next().unwrap_or_default()).map_err(|_| {
            Error::Journal {
                name: context.name.clone(),
                problem: "the note of a range cannot be read".to_owned(),
                remedy: Remedy::OtherVersion { version: None },
            }
        })?;
        if note.table == CLEARED {
            notes.clear();
        } else {
            notes.push((number, note));
        }
    }
    Ok(notes)
}

/// Returns the number of the next note.
pub(crate) async fn next_number(
    connection: &mut Connection,
    context: &Context,
) -> Result<u32, Error> {
    let last = text_protocol::value(
        connection,
        format!("SELECT MAX(id) FROM {TABLE}{NO_VIEW} WHERE id < {OWNER}"),
    )
    .await;
    let last = last.map_err(|source| context.error("reading how far a table is filled", source))?;
    let last: u32 = last.and_then(|last| last.parse().ok()).unwrap_or(0);
    Ok(last.saturating_add(1).max(FIRST))
}

/// Writes a note, or overwrites the note with that number.
pub(crate) async fn write(
    connection: &mut Connection,
    number: u32,
    note: &Note,
) -> Result<(), sqlx::Error> {
    let text =
        serde_json::to_string(note).map_err(|source| sqlx::Error::Encode(Box::new(source)))?;
    let sql = format!("REPLACE INTO {TABLE} (id, note) VALUES ({number}, {})", literal(&text));
    text_protocol::run_soon(connection, sql).await.map(|_| ())
}

/// Removes the notes of all tables, since only one table is filled at a time.
pub(crate) async fn clear(connection: &mut Connection, context: &Context) -> Result<(), Error> {
    let failed = |source| context.error("removing the notes of ranges", source);
    let noted =
        format!("SELECT COUNT(*) FROM {TABLE}{NO_VIEW} WHERE id >= {FIRST} AND id < {OWNER}");
    let noted = text_protocol::value(connection, noted).await.map_err(failed)?;
    if noted.and_then(|count| count.parse().ok()).is_some_and(|count: u64| count > MOST_DELETED) {
        let number = next_number(connection, context).await?;
        let note = Note { table: CLEARED.to_owned(), range: None, done: true };
        return write(connection, number, &note).await.map_err(failed);
    }
    let sql = format!("DELETE FROM {TABLE} WHERE id >= {FIRST} AND id < {OWNER}");
    text_protocol::run(connection, sql).await.map(|_| ()).map_err(failed)
}
