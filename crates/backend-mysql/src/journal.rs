//! The journal, in which an upgrade records its progress.
//!
//! Its name begins with `alembic_`: MLflow's own check for an empty database leaves such tables
//! out.

use std::collections::BTreeMap;

use mlflow_migrate_core::Error;
use sqlx::AssertSqlSafe;

use crate::connection::Connection;
use crate::error::{Context, is_missing_table, is_view};
use crate::tables::{self, NO_VIEW};
use crate::text_protocol;

/// The table's name.
pub(crate) const TABLE: &str = "alembic_mlflow_migrate";

/// The row of the number of steps done, and the row of the plan. Rows of ranges follow.
///
/// A row with the negative number of a step holds the number of rows that the step has overwritten
/// or deleted.
const STEPS: u32 = 0;
const PLAN: u32 = 1;

/// The row of the lock's owner where several nodes take writes: after the rows of all ranges.
pub(crate) const OWNER: u32 = 2_147_483_647;

const COLUMNS: &str = "(id INT NOT NULL, note LONGTEXT NOT NULL, PRIMARY KEY (id)) \
                       ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4";

/// Returns the note and the number of steps done; `None` if there is no note.
pub(crate) async fn read(
    connection: &mut Connection,
    context: &Context,
) -> Result<Option<(String, usize)>, Error> {
    let sql =
        format!("SELECT id, note FROM {TABLE}{NO_VIEW} WHERE id IN ({STEPS}, {PLAN}) ORDER BY id");
    let rows = match text_protocol::rows(connection, sql).await {
        Ok(rows) => rows,
        Err(source) if is_missing_table(&source) => return Ok(None),
        Err(source) if is_view(&source) => return Err(not_ours(context)),
        Err(source) => return Err(context.error("reading the journal", source)),
    };
    let mut notes = rows.into_iter().filter_map(|row| row.into_iter().nth(1).flatten());
    let (Some(steps), note) = (notes.next(), notes.next()) else { return Ok(None) };
    match (note, steps.parse()) {
        (Some(note), Ok(steps)) => Ok(Some((note, steps))),
        _ => Err(not_ours(context)),
    }
}

fn not_ours(context: &Context) -> Error {
    Error::Journal {
        name: context.name.clone(),
        problem: format!("{TABLE} is not the table, or does not hold what mlflow-migrate writes there"),
        remedy: "the database is unchanged; find out who may write to that table, and restore a backup of the \
               database"
            .into(),
    }
}

/// Returns whether the table exists, and holds no row.
pub(crate) async fn is_empty(
    connection: &mut Connection,
    context: &Context,
) -> Result<bool, Error> {
    let sql = format!("SELECT 1 FROM {TABLE}{NO_VIEW} LIMIT 1");
    match text_protocol::rows(connection, sql).await {
        Ok(rows) => Ok(rows.is_empty()),
        Err(source) if is_missing_table(&source) => Ok(false),
        Err(source) if is_view(&source) => Err(not_ours(context)),
        Err(source) => Err(context.error("reading the journal", source)),
    }
}

/// Writes a new note, with no steps done.
pub(crate) async fn begin(
    connection: &mut Connection,
    note: &str,
    context: &Context,
) -> Result<(), Error> {
    ensure(connection, context).await?;
    let sql = format!("REPLACE INTO {TABLE} (id, note) VALUES ({STEPS}, '0'), ({PLAN}, ?)");
    let query = sqlx::query(AssertSqlSafe(sql)).bind(note);
    let written = connection.line.brief(query.execute(&mut connection.driver)).await;
    written.map(|_| ()).map_err(|source| context.error("writing the journal", source))
}

/// Records how many steps are done, within the open transaction if there is one.
pub(crate) async fn note_steps(
    connection: &mut Connection,
    done: usize,
    context: &Context,
) -> Result<(), Error> {
    // Losses of later steps belong to an upgrade that was rolled back.
    for sql in [
        format!("UPDATE {TABLE} SET note = '{done}' WHERE id = {STEPS}"),
        format!("DELETE FROM {TABLE} WHERE id < -{done}"),
    ] {
        let written = text_protocol::run(connection, sql).await;
        written.map_err(|source| context.error("writing the journal", source))?;
    }
    Ok(())
}

/// Records how many rows a step has overwritten or deleted.
///
/// The record is part of the open transaction, if there is one.
pub(crate) async fn note_losses(
    connection: &mut Connection,
    step: usize,
    rows: u64,
    context: &Context,
) -> Result<(), Error> {
    let sql = format!("REPLACE INTO {TABLE} (id, note) VALUES (-{step}, '{rows}')");
    let written = text_protocol::run(connection, sql).await;
    written.map(|_| ()).map_err(|source| context.error("writing the journal", source))
}

/// Returns the number of rows lost in each step that has lost any.
pub(crate) async fn losses(
    connection: &mut Connection,
    context: &Context,
) -> Result<BTreeMap<usize, u64>, Error> {
    let sql = format!("SELECT -id, note FROM {TABLE}{NO_VIEW} WHERE id < 0");
    let rows = match text_protocol::rows(connection, sql).await {
        Err(source) if is_missing_table(&source) => Vec::new(),
        rows => rows.map_err(|source| context.error("reading the journal", source))?,
    };
    let pair = |row: Vec<Option<String>>| {
        let mut cells = row.into_iter().flatten();
        Some((cells.next()?.parse().ok()?, cells.next()?.parse().ok()?))
    };
    Ok(rows.into_iter().filter_map(pair).collect())
}

/// Returns the statement that adds rows to the current step's losses.
///
/// Only the last step with recorded losses can be the current one.
pub(crate) fn note_more_losses(rows: u64) -> String {
    format!("UPDATE {TABLE} SET note = note + {rows} WHERE id < 0 ORDER BY id LIMIT 1")
}

/// Removes the journal's table.
pub(crate) async fn end(connection: &mut Connection, context: &Context) -> Result<(), Error> {
    let removed = text_protocol::run(connection, format!("DROP TABLE IF EXISTS {TABLE}")).await;
    removed.map(|_| ()).map_err(|source| context.error("removing the journal", source))
}

/// Removes all rows but the row of the lock's owner, if the table exists.
pub(crate) async fn clear(connection: &mut Connection, context: &Context) -> Result<(), Error> {
    let sql = format!("DELETE FROM {TABLE} WHERE id <> {OWNER}");
    match text_protocol::run(connection, sql).await {
        Err(source) if is_missing_table(&source) => Ok(()),
        removed => {
            removed.map(|_| ()).map_err(|source| context.error("removing the journal", source))
        }
    }
}

/// Creates the table, unless it exists.
pub(crate) async fn ensure(connection: &mut Connection, context: &Context) -> Result<(), Error> {
    let created = ensure_table(connection).await;
    created.map_err(|source| context.error("creating the journal", source))
}

/// Creates the table, unless it exists, and returns the driver's error.
pub(crate) async fn ensure_table(connection: &mut Connection) -> Result<(), sqlx::Error> {
    if tables::is_there(connection, TABLE).await? {
        return Ok(());
    }
    tables::create(connection, TABLE, &format!("CREATE TABLE {TABLE} {COLUMNS}")).await
}

/// Creates the table, unless it exists, where other members of a group may create it at the same
/// time.
///
/// Each member repeats the statements of all the others, so the statement has to succeed in any
/// order.
pub(crate) async fn ensure_table_among_members(
    connection: &mut Connection,
) -> Result<(), sqlx::Error> {
    if tables::is_there(connection, TABLE).await? {
        return Ok(());
    }
    let sql = format!("CREATE TABLE IF NOT EXISTS {TABLE} {COLUMNS}");
    text_protocol::run_alone(connection, sql).await.map(|_| ())
}
