//! Restricts what a connection may do, and interrupts it.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use crate::error::Context;

/// The number of SQLite's virtual machine operations between two checks for an interrupt.
///
/// They take well below a millisecond, and the checks are too rare to cost anything.
const OPERATIONS_A_LOOK: i32 = 10_000;

/// The page cache's size; negative means KiB. SQLite's sorter uses as much again.
pub(crate) const CACHE_SIZE: i32 = -16_000;

/// Protects the program from a hostile schema and from damaged pages.
pub(super) fn secured(mut connection: Connection) -> rusqlite::Result<Connection> {
    // Views, triggers and indexes may not call functions that reach outside the database.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // Reports a page as damaged, when it is read, if one of its cells lies outside the page.
    connection.pragma_update(None, "cell_size_check", true)?;
    log_statements(&mut connection)?;
    Ok(connection)
}

/// Reports each statement, with `?` in place of its values, if the program that uses this library logs
/// statements.
fn log_statements(connection: &mut Connection) -> rusqlite::Result<()> {
    if tracing::enabled!(tracing::Level::DEBUG) {
        let report = |event: TraceEvent<'_>| {
            if let TraceEvent::Stmt(_, sql) = event {
                tracing::debug!(sql, "statement");
            }
        };
        connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(report))?;
    }
    Ok(())
}

/// Allows or forbids this connection to change the stored text of its schema.
pub(crate) fn set_schema_writable(
    connection: &Connection,
    is_writable: bool,
) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, !is_writable)?;
    connection.pragma_update(None, "writable_schema", is_writable)
}

/// Interrupts the running statement soon after the user asks to stop.
pub(crate) fn interrupt_when(
    connection: &mut Connection,
    stop: CancellationToken,
    context: Context<'_>,
) -> Result<(), Error> {
    connection
        .progress_handler(OPERATIONS_A_LOOK, Some(move || stop.is_requested()))
        .map_err(|source| context.error("preparing the connection", source))
}
