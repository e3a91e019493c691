//! What a connection may do, and when it stops.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use crate::error::Context;

/// After how many of SQLite's virtual machine's operations it is looked whether to interrupt: well
/// below a millisecond, and too seldom to cost anything.
const OPERATIONS_A_LOOK: i32 = 10_000;

/// Keeps a hostile schema and a damaged page from doing harm.
pub(super) fn secured(mut connection: Connection) -> rusqlite::Result<Connection> {
    // What stands in a view, a trigger or an index calls no function that reaches beyond the database.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // A page whose cells are not all within it is damage as soon as it is read.
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

/// Lets this connection change the stored text of its schema, or no more.
pub(crate) fn set_schema_writable(
    connection: &Connection,
    is_writable: bool,
) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, !is_writable)?;
    connection.pragma_update(None, "writable_schema", is_writable)
}

/// Interrupts whatever statement runs, soon after it is asked for.
pub(crate) fn interrupt_when(
    connection: &mut Connection,
    stop: CancellationToken,
    context: Context<'_>,
) -> Result<(), Error> {
    connection
        .progress_handler(OPERATIONS_A_LOOK, Some(move || stop.is_requested()))
        .map_err(|source| context.error("preparing the connection", source))
}
